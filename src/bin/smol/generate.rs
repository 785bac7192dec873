//! `smol gen`: puts the pieces together and watches over the run.

use std::{
    io::{IsTerminal, Write},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};

use anyhow::{Context, Result, bail};
use smol_dev::{
    budget::Budget,
    engine::Engine,
    event::{Event, Events},
    generate::{Scope, Task, generate},
    landing,
    model::{
        self, Model,
        cassette::{Line, Tape, Tempo, recorded},
        resumed::{Unfinished, resumed},
    },
    pace::Pace,
    path::RelPath,
    proposal::{Consent, Diffs, Proposal},
    questions::{self, Addressee},
    report::Outcome,
    rerun::Made,
    workspace::{RunLog, Workspace},
};

use crate::{
    Failure,
    cli::GenArgs,
    decided::{DEFAULT_PROMPT, Decided, decide},
    dry_run, ending,
    face::{Face, say},
    summary, surroundings,
    words::{counted, quoted},
};

/// A recorded run is given so fast on a terminal: a model at full speed, and a person can still follow.
const DEMO: Tempo = Tempo::TokensPerSecond(600);
/// How long a file that is being written has to get done after Ctrl-C.
pub const GRACE: Duration = Duration::from_millis(500);
/// Threads that may wait for the disk at the same time.
const DISK_THREADS: usize = 4;

/// Everything that has to be right before the first request goes out.
struct Prepared {
    engine: Engine,
    workspace: Arc<Workspace>,
    task: Task,
    scope: Scope,
    run: String,
    /// What a person should know of how this was decided.
    notices: Vec<String>,
    /// The name that what the model takes is remembered by.
    name: Option<String>,
    is_demo: bool,
    is_consent_given: bool,
    diffs: Diffs,
}

pub fn run(args: GenArgs, face: &Face) -> Result<Outcome, Failure> {
    let started = Instant::now();
    let scope = scope(&args).map_err(Failure::Usage)?;
    let again = command(&args);
    let decided = decide(&args, face).map_err(Failure::Usage)?;
    if args.dry_run || args.explain {
        return foresee(&args, &decided, &scope, face).map(|()| Outcome::Complete).map_err(Failure::Usage);
    }
    if decided.is_up_to_date(&scope).map_err(Failure::Usage)? {
        return Ok(nothing_to_do(&decided, face, started));
    }
    let runtime = runtime().map_err(|error| Failure::Usage(error.into()))?;
    let prepared = runtime.block_on(prepare(args, decided, scope, face)).map_err(Failure::Usage)?;
    let ended = runtime.block_on(work(&prepared, face));
    runtime.shutdown_timeout(GRACE);
    let (outcome, error) = match ended {
        Ok(outcome) => (outcome, None),
        Err(error) if matches!(error.downcast_ref(), Some(model::Error::OverBudget { .. })) => {
            (Outcome::OverBudget, Some(error))
        }
        Err(error) => (Outcome::Failed, Some(error)),
    };
    if let Err(error) = remember(&prepared) {
        face.warn(&format!("{error:#}; the next run will ask for these files again"));
    }
    let words = error.as_ref().map(|error| format!("{error:#}"));
    let report = prepared.engine.events.finish(outcome, words, started.elapsed().as_secs_f64());
    ending::show(face, &report, &again);
    if let Some(name) = &prepared.name
        && let Err(error) = surroundings::remember(name, &report.habits)
    {
        face.warn(&format!("{error:#}"));
    }
    if prepared.is_demo && face.is_for_people() {
        say("      for a prompt of your own: set OPENAI_API_KEY, or name a server: --base-url URL --model NAME");
    }
    error.map_or(Ok(outcome), |error| Err(Failure::Run(error)))
}

/// One thread for all streams: they wait far more than they work, and waking threads costs more than what they carry.
/// A few more for the disk.
pub fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().max_blocking_threads(DISK_THREADS).build()
}

async fn work(prepared: &Prepared, face: &Face) -> Result<Outcome> {
    let Prepared { engine, workspace, task, scope, run, notices, .. } = prepared;
    engine.events.start(run, engine.model.id(), workspace.name());
    landing::tell_finished(&engine.events, workspace);
    for notice in notices {
        engine.events.notice(notice);
    }
    let interrupted = async { tokio::signal::ctrl_c().await.context("could not listen for Ctrl-C") };
    let ask = async {
        generate(engine, workspace, task, scope.clone()).await?;
        let proposal = Arc::new(landing::propose(&engine.events, workspace, prepared.diffs));
        let consent = match prepared.is_consent_given || !proposal.touches_files() {
            true => Consent::Everything,
            false => {
                let (face, proposal) = (face.clone(), proposal.clone());
                tokio::task::spawn_blocking(move || consent(&face, &proposal)).await?
            }
        };
        anyhow::Ok((proposal, consent))
    };
    let (proposal, consent) = tokio::select! {
        agreed = ask => agreed?,
        stopped = interrupted => return stopped.map(|()| Outcome::Interrupted),
    };
    // From here on Ctrl-C waits: this is short, and stopped half way it would only be finished by the next command.
    if !proposal.is_empty() {
        workspace.foresee(task.made().after(task.past.lineage.clone(), |_| consent == Consent::Everything))?;
    }
    landing::commit(&engine.events, workspace, &proposal, consent)?;
    Ok(engine.events.report().verdict())
}

/// What a person says to it, if one is there.
fn consent(face: &Face, proposal: &Proposal) -> Consent {
    let some = if proposal.needs_consent() { ", [s]ome: all but merges and removals" } else { "" };
    let mut question = format!("write this? [y]es, [n]o{some}, [d]iff:");
    loop {
        match face.ask(&question).as_deref() {
            None => return Consent::Undisputed,
            Some("y" | "yes") => return Consent::Everything,
            Some("n" | "no") => return Consent::Nothing,
            Some("s" | "some") if !some.is_empty() => return Consent::Undisputed,
            Some("d" | "diff") => {
                let _ = write!(anstream::stdout(), "{}", summary::diffs(&proposal.summary(Diffs::Whole)));
            }
            Some(_) => question = "please answer with one of the letters in brackets:".to_owned(),
        }
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

/// Keeps what the files that have landed were made from, so that the next run asks for what has changed since.
fn remember(prepared: &Prepared) -> Result<()> {
    let report = prepared.engine.events.report();
    let made = prepared.task.made();
    if made == Made::default() {
        return Ok(());
    }
    let lineage = made.after(prepared.task.past.lineage.clone(), |path| report.has_landed(path));
    prepared.workspace.remember(lineage)
}

/// Shows what would be asked: of whom, why, for how much.
fn foresee(args: &GenArgs, decided: &Decided, scope: &Scope, face: &Face) -> Result<()> {
    let Decided { spec, settings, prompts, asked, past } = decided;
    settings.notices.iter().for_each(|notice| face.note(notice));
    if args.explain {
        return dry_run::explain(&decided.planning()?, &decided.chosen()?, face);
    }
    let to = Addressee { prompts, model: &asked.model, rungs: &asked.rungs };
    dry_run::show(asked, &questions::known(to, &decided.shelf(), spec, past, scope)?, face)
}

/// Everything is as the last run has made it, from the same sources.
fn nothing_to_do(decided: &Decided, face: &Face, started: Instant) -> Outcome {
    let out = &decided.settings.out;
    let events = Events::to({
        let face = face.clone();
        move |event| face.show(event)
    });
    events.start("", &decided.asked.model, out);
    decided.settings.notices.iter().for_each(|notice| events.notice(notice));
    events.notice("nothing to do: no file's sources have changed; --fresh asks for all anew, --explain tells more");
    events.finish(Outcome::Complete, None, started.elapsed().as_secs_f64());
    Outcome::Complete
}

async fn prepare(args: GenArgs, decided: Decided, scope: Scope, face: &Face) -> Result<Prepared> {
    let Decided { spec, settings, prompts, past, .. } = decided;
    let tempo = if std::io::stderr().is_terminal() { DEMO } else { Tempo::Instant };
    let opened = settings.source.open(&spec, tempo, &surroundings::remembered()).await?;
    let budget = budget(settings.max_cost, opened.model.as_ref())?;
    let run = run_id();
    let workspace = Arc::new(Workspace::open(Path::new(&settings.out), &run)?);
    let unfinished = match scope {
        Scope::Everything if !args.fresh => workspace.last_record()?,
        _ => None,
    };
    let unfinished = unfinished.and_then(|record| Unfinished::read(&record, opened.model.id()));
    let going_on = unfinished.as_ref().map(|unfinished| {
        let answers = counted(unfinished.answers(), "answer");
        format!("the last run was cut: it goes on, and takes {answers} from its record; --fresh asks for all anew")
    });
    let model = match unfinished {
        Some(unfinished) => resumed(opened.model, unfinished),
        None => opened.model,
    };
    let record = args.record.map(|path| RunLog::create(&path)).transpose()?;
    let tape = tape([Some(workspace.run_log()?), record].into_iter().flatten().collect(), face.clone());
    let events = {
        let (face, tape) = (face.clone(), tape.clone());
        Events::to(move |event| {
            face.show(event);
            // What comes with every token stands in the record once, as a whole, with its call.
            if !matches!(event, Event::Piece { .. } | Event::Thinking { .. }) {
                tape(&Line::Event(event.clone()));
            }
        })
    };
    let capacity = settings.jobs.capacity(opened.capacity);
    let engine = Engine {
        model: recorded(model, tape),
        prompts,
        patience: settings.patience,
        pace: Pace::new(settings.jobs.most(), capacity),
        budget,
        events,
    };
    let of_capacity = capacity.notice(settings.jobs.most());
    let notices = opened.notice.into_iter().chain(settings.notices).chain(of_capacity).chain(going_on).collect();
    let (name, is_demo, is_consent_given) = (opened.name, opened.is_demo, args.yes);
    let diffs = if args.diff { Diffs::Whole } else { Diffs::Counted };
    let task = Task::new(spec, past);
    Ok(Prepared { engine, workspace, task, scope, run, notices, name, is_demo, is_consent_given, diffs })
}

/// The limit on cost, which holds only where prices are known.
pub fn budget(most: Option<f64>, model: &dyn Model) -> Result<Budget> {
    match (most, model.price()) {
        (None, _) => Ok(Budget::unlimited()),
        (Some(most), Some(price)) => Ok(Budget::of(most, price, model.longest_answer())),
        (Some(_), None) => bail!(
            "the price of '{0}' is not known, so no limit on its cost can be held; \
             say it in your configuration: [models.\"{0}\"] price = {{ input = 1.0, output = 2.0 }}, in dollars per million tokens",
            model.id()
        ),
    }
}

/// Lines go to every record; a record that cannot be written is said once and holds nothing up.
pub fn tape(logs: Vec<RunLog>, face: Face) -> Tape {
    let was_said = AtomicBool::new(false);
    Arc::new(move |line| {
        for log in &logs {
            if let Err(error) = log.write(line)
                && !was_said.swap(true, Ordering::Relaxed)
            {
                face.warn(&format!("could not go on with the record '{}': {error}", log.name()));
            }
        }
    })
}

/// The moment it began, and the process: sorts by time, and no two are alike.
pub fn run_id() -> String {
    let now = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
    format!("{}-{}", now.replace(':', "-").trim_end_matches('Z'), std::process::id())
}
