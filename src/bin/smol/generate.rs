//! `smol gen`: what follows from what was typed, and the run that comes of it.

use std::{
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::{Context, Result, anyhow};
use smol_dev::{
    generate::{Scope, known_questions},
    path::RelPath,
    prompts::Prompts,
    proposal::Diffs,
    report::Outcome,
    settings::{Settings, Typed},
    spec::{Spec, SpecSource},
    workspace,
};

use crate::{
    Failure,
    cli::{GenArgs, Local},
    dry_run, ending,
    face::{Face, say},
    run::{Connection, GRACE, Run, Task, interrupted, runtime},
    surroundings,
    words::quoted,
};

/// The spec that is meant when none is named.
const DEFAULT_PROMPT: &str = "prompt.md";

pub fn run(args: GenArgs, face: &Face) -> Result<Outcome, Failure> {
    let started = Instant::now();
    let scope = scope(&args).map_err(Failure::Usage)?;
    if args.dry_run {
        return dry_run(args, &scope, face).map(|()| Outcome::Complete).map_err(Failure::Usage);
    }
    once(&args, scope, started, face)
}

fn once(args: &GenArgs, scope: Scope, started: Instant, face: &Face) -> Result<Outcome, Failure> {
    let runtime = runtime().map_err(|error| Failure::Usage(error.into()))?;
    let begin = async {
        let Decided { spec, settings, prompts } = decide(args)?;
        let out = PathBuf::from(&settings.out);
        let connection = Connection::open(settings, prompts, &spec).await?;
        let run = Run::begin(&connection, task(args, spec, scope, out, started), face)?;
        anyhow::Ok((connection, run))
    };
    let (connection, run) = runtime.block_on(begin).map_err(Failure::Usage)?;
    let worked = runtime.block_on(run.work(interrupted()));
    runtime.shutdown_timeout(GRACE);
    let ended = run.end(worked);
    ending::show(face, &ended.report, &command(args));
    if connection.is_demo && face.is_for_people() {
        say("      for a prompt of your own: set OPENAI_API_KEY, or name a server: --base-url URL --model NAME");
    }
    ended.result()
}

/// What is to be done, of what was typed.
fn task(args: &GenArgs, spec: Spec, scope: Scope, out: PathBuf, started: Instant) -> Task {
    Task {
        spec,
        scope,
        out,
        is_fresh: args.fresh,
        record: args.record.clone(),
        is_consent_given: args.yes,
        diffs: if args.diff { Diffs::Whole } else { Diffs::Counted },
        notices: Vec::new(),
        started,
    }
}

fn scope(args: &GenArgs) -> Result<Scope> {
    Ok(match (args.plan_only, args.from_plan) {
        (true, _) => Scope::PlanOnly,
        (_, true) => Scope::FromPlan,
        _ if !args.file.is_empty() => Scope::Files(files(&args.file)?),
        _ => Scope::Everything,
    })
}

/// The paths of `--file`.
fn files(typed: &[String]) -> Result<Vec<RelPath>> {
    typed.iter().map(|file| RelPath::parse(file).with_context(|| format!("--file cannot be '{file}'"))).collect()
}

/// The command as it was typed, for the next one: the spec, the output directory and the model.
fn command(args: &GenArgs) -> String {
    let mut words = vec!["smol gen".to_owned()];
    let prompt = args.prompt.as_ref().or(args.prompt_flag.as_ref()).filter(|prompt| *prompt != DEFAULT_PROMPT);
    words.extend(prompt.map(|prompt| quoted(prompt)));
    let flags = [("-o", &args.out), ("-m", &args.model), ("--base-url", &args.base_url), ("--replay", &args.replay)];
    words.extend(flags.into_iter().filter_map(|(flag, value)| {
        Some(format!("{flag} {}", quoted(value.as_ref().filter(|value| !value.is_empty())?)))
    }));
    words.join(" ")
}

/// What would be asked, of whom, for how much.
fn dry_run(args: GenArgs, scope: &Scope, face: &Face) -> Result<()> {
    let Decided { spec, settings, prompts } = decide(&args)?;
    let asked = dry_run::Asked::of(&settings);
    let read = |path: &RelPath| workspace::read_below(Path::new(&settings.out), path);
    let questions = known_questions(&prompts, &asked.rungs, &read, &spec, scope)?;
    settings.notices.iter().for_each(|notice| face.note(notice));
    dry_run::show(&asked, &questions, face)
}

/// What follows from what was typed and found, before anything is opened.
struct Decided {
    spec: Spec,
    settings: Settings,
    prompts: Prompts,
}

fn decide(args: &GenArgs) -> Result<Decided> {
    let spec = read_spec(args.prompt.as_ref().or(args.prompt_flag.as_ref()).map_or(DEFAULT_PROMPT, String::as_str))?;
    let typed = Typed {
        model: args.model.clone(),
        base_url: args.base_url.clone(),
        out: args.out.clone(),
        jobs: args.jobs,
        replay: args.replay.clone(),
        retries: args.retries,
        retry_wait: args.retry_wait,
        first_token_timeout: args.first_token_timeout,
        silence_timeout: args.silence_timeout,
        connect_timeout: args.connect_timeout,
        effort: args.effort,
        max_cost: args.max_cost,
        is_local_wanted: args.local == Local::Auto,
    };
    let settings = Settings::decide(typed, &surroundings::look()?)?;
    let prompts = match &args.prompts {
        Some(directory) => workspace::read_prompts(directory)
            .with_context(|| format!("could not read the prompts in '{}'", directory.display()))?,
        None => Default::default(),
    };
    Ok(Decided { spec, settings, prompts: Prompts::with(prompts)? })
}

fn read_spec(argument: &str) -> Result<Spec> {
    let text = match SpecSource::of(argument) {
        SpecSource::Stdin => std::io::read_to_string(std::io::stdin()).context("could not read the spec from stdin")?,
        SpecSource::File(path) => {
            workspace::read_named(Path::new(&path)).with_context(|| format!("could not read the spec '{path}'"))?
        }
        SpecSource::Text(text) if workspace::is_file(Path::new(&text)) => {
            return Err(anyhow!(
                "'{text}' is a file, but only a path that ends in .md is read; the rest is taken as the spec itself"
            ));
        }
        SpecSource::Text(text) => text,
    };
    Spec::new(&text)
}
