//! `smol gen`: what follows from what was typed, and the run that comes of it.

use std::{
    path::{Path, PathBuf},
    pin::pin,
    time::Instant,
};

use anyhow::{Context, Result, anyhow};
use smol_dev::{
    generate::{Scope, known_questions},
    path::RelPath,
    prompts::Prompts,
    proposal::{Consent, Diffs},
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
    run::{Connection, GRACE, Run, Task, Told, interrupted, runtime},
    surroundings, watch,
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
    if args.watch {
        return watch::run(&args, scope, face);
    }
    let decided = decide(&args).map_err(Failure::Usage)?;
    once(&args, Turn { decided, scope, notices: Vec::new(), told: None, started }, face, interrupted())
}

/// What one run is to be.
pub struct Turn {
    pub decided: Decided,
    pub scope: Scope,
    /// What a person should know of how it came to this run.
    pub notices: Vec<String>,
    /// Who is told every event, beside the face and the record.
    pub told: Option<Told>,
    pub started: Instant,
}

/// One run with a connection of its own, until it is done or `stop` comes.
pub fn once(
    args: &GenArgs,
    turn: Turn,
    face: &Face,
    stop: impl Future<Output = Result<()>>,
) -> Result<Outcome, Failure> {
    let runtime = runtime().map_err(|error| Failure::Usage(error.into()))?;
    let Turn { decided: Decided { spec, settings, prompts }, scope, notices, told, started } = turn;
    let out = PathBuf::from(&settings.out);
    let worked = runtime.block_on(async {
        let mut stop = pin!(stop);
        let connection = tokio::select! {
            connection = Connection::open(settings, prompts, &spec) => connection.map_err(Failure::Usage)?,
            stopped = &mut stop => {
                return stopped.map_err(Failure::Usage).map(|()| None);
            }
        };
        let task = Task { notices, told, ..task(args, spec, scope, out, started) };
        let run = Run::begin(&connection, task, face).map_err(Failure::Usage)?;
        let worked = run.work(stop).await;
        Ok(Some((connection.is_demo, run, worked)))
    });
    runtime.shutdown_timeout(GRACE);
    let Some((is_demo, run, worked)) = worked? else {
        face.ended_early(Outcome::Interrupted, None);
        return Ok(Outcome::Interrupted);
    };
    let ended = run.end(worked);
    ending::show(face, &ended.report, &command(args));
    if is_demo && face.is_for_people() {
        say("      for a prompt of your own: set OPENAI_API_KEY, or name a server: --base-url URL --model NAME");
    }
    ended.result()
}

/// What is said to everything without asking. While smol watches nobody is asked: a change would come in between.
fn consent(args: &GenArgs) -> Option<Consent> {
    match (args.yes, args.watch) {
        (true, _) => Some(Consent::Everything),
        (false, true) => Some(Consent::Undisputed),
        (false, false) => None,
    }
}

/// What is to be done, of what was typed.
fn task(args: &GenArgs, spec: Spec, scope: Scope, out: PathBuf, started: Instant) -> Task {
    Task {
        spec,
        scope,
        out,
        is_fresh: args.fresh,
        record: args.record.clone(),
        consent: consent(args),
        diffs: if args.diff { Diffs::Whole } else { Diffs::Counted },
        notices: Vec::new(),
        told: None,
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
pub struct Decided {
    spec: Spec,
    pub settings: Settings,
    prompts: Prompts,
}

/// The prompt as it was named.
pub fn prompt(args: &GenArgs) -> &str {
    args.prompt.as_ref().or(args.prompt_flag.as_ref()).map_or(DEFAULT_PROMPT, String::as_str)
}

pub fn decide(args: &GenArgs) -> Result<Decided> {
    let spec = read_spec(prompt(args))?;
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
