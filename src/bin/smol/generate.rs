//! `smol gen`: the run that comes of what was decided.

use std::{path::PathBuf, pin::pin, time::Instant};

use anyhow::{Context, Result};
use smol_dev::{
    event::Events,
    generate::{Manner, Scope, Task},
    modules::Shape,
    path::RelPath,
    proposal::{Consent, Diffs},
    questions::{self, Addressee},
    repair::Repair,
    report::Outcome,
    sequence::Sequence,
};

use crate::{
    Failure, branches,
    cli::{self, GenArgs},
    decided::{DEFAULT_PROMPT, Decided, about, decide},
    dry_run, ending,
    face::{Face, say},
    run::{Connection, Order, Run, Told, interrupted},
    runtime::Runtime,
    trials::Wanted,
    watch,
    words::quoted,
};

pub fn run(args: GenArgs, face: &Face) -> Result<Outcome, Failure> {
    let started = Instant::now();
    let scope = scope(&args).map_err(Failure::Usage)?;
    if args.watch {
        return watch::run(&args, scope, face);
    }
    if let Some(branch) = &args.branch {
        return branches::run(&args, branch, scope, face, started);
    }
    let decided = decide(&args, face).map_err(Failure::Usage)?;
    if args.dry_run || args.explain {
        return foresee(&args, &decided, &scope, face).map(|()| Outcome::Complete).map_err(Failure::Usage);
    }
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
    let Turn { decided, scope, notices, told, started } = turn;
    // What is up to date may be red all the same.
    if args.trial.run.is_none() && decided.is_up_to_date(&scope).map_err(Failure::Usage)? {
        return Ok(nothing_to_do(&decided, &notices, face, started));
    }
    let runtime = Runtime::new().map_err(|error| Failure::Usage(error.into()))?;
    let Decided { spec, settings, prompts, past, .. } = decided;
    let out = PathBuf::from(&settings.out);
    let worked = runtime.block_on(async {
        let mut stop = pin!(stop);
        let connection = tokio::select! {
            connection = Connection::open(settings, prompts, &spec) => connection.map_err(Failure::Usage)?,
            stopped = &mut stop => {
                return stopped.map_err(Failure::Usage).map(|()| None);
            }
        };
        let order = Order { notices, told, ..order(args, scope, out, started).map_err(Failure::Usage)? };
        let run = Run::begin(&connection, Task::new(spec, past, manner(args)), order, face).map_err(Failure::Usage)?;
        let worked = run.work(stop).await;
        Ok(Some((connection.is_demo, run, worked)))
    });
    runtime.shutdown();
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

/// How plan and files are asked for, and how often those that do not fit.
pub fn manner(args: &GenArgs) -> Manner {
    let sequence = match args.order {
        cli::Order::Contract => Sequence::Together,
        cli::Order::Dependency => Sequence::AfterUses,
    };
    let shape = match args.plan {
        None => Shape::Decided,
        Some(cli::PlanShape::Flat) => Shape::Flat,
        Some(cli::PlanShape::Tree) => Shape::Tree,
    };
    Manner { repair: if args.no_repair { Repair::Never } else { Repair::Once }, sequence, shape }
}

/// What was typed of one run.
pub fn order(args: &GenArgs, scope: Scope, out: PathBuf, started: Instant) -> Result<Order> {
    let wanted = Wanted::of(&args.trial)?;
    Ok(Order {
        scope,
        out,
        is_fresh: args.fresh,
        record: args.record.clone(),
        consent: consent(args),
        trial: if args.plan_only { None } else { wanted },
        diffs: if args.diff { Diffs::Whole } else { Diffs::Counted },
        notices: Vec::new(),
        told: None,
        started,
    })
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
    words.extend(args.allow_outside.then(|| "--allow-outside".to_owned()));
    let flags = [("-o", &args.out), ("-m", &args.model), ("--base-url", &args.base_url), ("--replay", &args.replay)];
    words.extend(flags.into_iter().filter_map(|(flag, value)| {
        Some(format!("{flag} {}", quoted(value.as_ref().filter(|value| !value.is_empty())?)))
    }));
    words.join(" ")
}

/// Shows what would be asked: of whom, why, for how much.
fn foresee(args: &GenArgs, decided: &Decided, scope: &Scope, face: &Face) -> Result<()> {
    let Decided { spec, settings, prompts, asked, past, .. } = decided;
    settings.notices.iter().chain(&about(spec)).for_each(|notice| face.note(notice));
    if args.explain {
        return dry_run::explain(&decided.planning()?, &decided.chosen()?, face);
    }
    if args.order == cli::Order::Dependency {
        face.note("a file that uses others is also shown what they offer once they are written; that is not in here");
    }
    let to = Addressee { prompts, model: &asked.model, rungs: &asked.rungs, shape: manner(args).shape };
    dry_run::show(asked, &questions::known(to, &decided.shelf(), spec, past, scope)?, face)
}

/// Everything is as the last run has made it, from the same sources.
fn nothing_to_do(decided: &Decided, notices: &[String], face: &Face, started: Instant) -> Outcome {
    let out = &decided.settings.out;
    let events = Events::to({
        let face = face.clone();
        move |event| face.show(event)
    });
    events.start("", &decided.asked.model, out);
    decided.settings.notices.iter().chain(notices).for_each(|notice| events.notice(notice));
    events.notice("nothing to do: no file's sources have changed; --fresh asks for all anew, --explain tells more");
    events.finish(Outcome::Complete, None, started.elapsed().as_secs_f64());
    Outcome::Complete
}
