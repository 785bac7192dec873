//! `smol gen`: puts the pieces together and watches over the run.

use std::{
    io::IsTerminal,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};

use anyhow::{Context, Result, anyhow, bail};
use smol_dev::{
    budget::Budget,
    engine::Engine,
    event::{Event, Events},
    generate::{Scope, generate, known_questions},
    model::{
        self, Model,
        cassette::{Line, Tape, Tempo, recorded},
        resumed::{Unfinished, resumed},
    },
    pace::Pace,
    path::RelPath,
    prompts::Prompts,
    report::Outcome,
    settings::{Settings, Typed, parse_files},
    spec::{Spec, SpecSource},
    workspace::{self, RunLog, Workspace},
};

use crate::{
    Failure,
    cli::{GenArgs, Local},
    dry_run, ending,
    face::{Face, say},
    surroundings,
    words::{counted, quoted},
};

/// The spec that is meant when none is named.
const DEFAULT_PROMPT: &str = "prompt.md";
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
    spec: Spec,
    scope: Scope,
    run: String,
    /// What a person should know of how this was decided.
    notices: Vec<String>,
    /// The name that what the model takes is remembered by.
    name: Option<String>,
    is_demo: bool,
}

pub fn run(args: GenArgs, face: &Face) -> Result<Outcome, Failure> {
    let started = Instant::now();
    let scope = scope(&args).map_err(Failure::Usage)?;
    if args.dry_run {
        return dry_run(args, &scope, face).map(|()| Outcome::Complete).map_err(Failure::Usage);
    }
    let again = command(&args);
    let runtime = runtime().map_err(|error| Failure::Usage(error.into()))?;
    let prepared = runtime.block_on(prepare(args, scope, face)).map_err(Failure::Usage)?;
    let ended = runtime.block_on(work(&prepared));
    runtime.shutdown_timeout(GRACE);
    let (outcome, error) = match ended {
        Ok(outcome) => (outcome, None),
        Err(error) if matches!(error.downcast_ref(), Some(model::Error::OverBudget { .. })) => {
            (Outcome::OverBudget, Some(error))
        }
        Err(error) => (Outcome::Failed, Some(error)),
    };
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

async fn work(prepared: &Prepared) -> Result<Outcome> {
    let Prepared { engine, workspace, spec, scope, run, notices, .. } = prepared;
    engine.events.start(run, engine.model.id(), workspace.name());
    for notice in notices {
        engine.events.notice(notice);
    }
    tokio::select! {
        done = generate(engine, workspace, spec, scope.clone()) => done.map(|()| engine.events.report().verdict()),
        stopped = tokio::signal::ctrl_c() => stopped.map(|()| Outcome::Interrupted).context("could not listen for Ctrl-C"),
    }
}

fn scope(args: &GenArgs) -> Result<Scope> {
    Ok(match (args.plan_only, args.from_plan) {
        (true, _) => Scope::PlanOnly,
        (_, true) => Scope::FromPlan,
        _ if !args.file.is_empty() => Scope::Files(parse_files(&args.file)?),
        _ => Scope::Everything,
    })
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

async fn prepare(args: GenArgs, scope: Scope, face: &Face) -> Result<Prepared> {
    let Decided { spec, settings, prompts } = decide(&args)?;
    let tempo = if std::io::stderr().is_terminal() { DEMO } else { Tempo::Instant };
    let opened = settings.source.open(&spec, tempo, &surroundings::remembered()).await?;
    let workspace = Arc::new(Workspace::open(Path::new(&settings.out))?);
    let budget = budget(settings.max_cost, opened.model.as_ref())?;
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
    let run = run_id();
    let tape = tape([Some(workspace.run_log(&run)?), record].into_iter().flatten().collect(), face.clone());
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
    let capacity = settings.capacity(opened.capacity);
    let engine = Engine {
        model: recorded(model, tape),
        prompts,
        patience: settings.patience,
        pace: Pace::new(settings.jobs, capacity),
        budget,
        events,
    };
    let of_capacity = capacity.notice(settings.jobs);
    let notices = opened.notice.into_iter().chain(settings.notices).chain(of_capacity).chain(going_on).collect();
    Ok(Prepared { engine, workspace, spec, scope, run, notices, name: opened.name, is_demo: opened.is_demo })
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

/// The moment it began, and the process: sorts by time, and no two are alike.
pub fn run_id() -> String {
    let now = humantime::format_rfc3339_seconds(SystemTime::now()).to_string();
    format!("{}-{}", now.replace(':', "-").trim_end_matches('Z'), std::process::id())
}
