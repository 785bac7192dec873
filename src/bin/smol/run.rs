//! One run of `smol gen`, or one of several that share a connection: its beginning, its work, its end.
//! What was typed is decided before it comes here.

use std::{
    io::{IsTerminal, Write},
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Instant, SystemTime},
};

use anyhow::{Context, Error, Result, bail};
use smol_dev::{
    budget::Budget,
    engine::Engine,
    event::{Event, Events},
    generate::{Scope, Task, check_again, generate},
    heal::{Healing, Means, Reach},
    landing,
    model::{
        self, Model,
        cassette::{Line, Tape, Tempo, recorded},
        resumed::{Unfinished, resumed},
    },
    pace::Pace,
    patience::Patience,
    prompts::Prompts,
    proposal::{Consent, Diffs, Proposal},
    report::{Outcome, Report},
    rerun::Made,
    settings::Settings,
    spec::Spec,
    tokens::Counter,
    tree::{Credentials, Reading},
    workspace::{RunLog, Workspace},
};

use crate::{Failure, decided::about, face::Face, runtime, summary, surroundings, trials::Wanted, words::counted};

/// A recorded run is given so fast on a terminal: a model at full speed, and a person can still follow.
const DEMO: Tempo = Tempo::TokensPerSecond(600);
/// What runs share: whom they ask, in which words, how patiently, how much at once and for how much.
pub struct Connection {
    model: Arc<dyn Model>,
    prompts: Prompts,
    patience: Patience,
    pace: Arc<Pace>,
    budget: Arc<Budget>,
    /// What a person should know of how this was decided.
    notices: Vec<String>,
    /// The name that what the model takes is remembered by.
    name: Option<String>,
    pub is_demo: bool,
}

/// What one run is to do.
#[derive(Clone)]
pub struct Order {
    pub scope: Scope,
    pub out: PathBuf,
    /// Whether what a cut run has paid for is asked for anew.
    pub is_fresh: bool,
    /// A second record, in a file that must be new.
    pub record: Option<PathBuf>,
    /// What a person says to what would be done; `None` if they are asked.
    pub consent: Option<Consent>,
    pub diffs: Diffs,
    /// The project's own command, to be run when everything is written.
    pub trial: Option<Wanted>,
    /// What a person should know of how it came to this run.
    pub notices: Vec<String>,
    /// Somebody else who is told every event, after it was shown.
    pub told: Option<Told>,
    pub started: Instant,
}

pub type Told = Arc<dyn Fn(&Event) + Send + Sync>;

/// A run with everything that has to be right before its first request goes out.
pub struct Run {
    engine: Engine,
    workspace: Arc<Workspace>,
    task: Task,
    order: Order,
    id: String,
    face: Face,
    name: Option<String>,
}

/// What became of a run.
pub struct Ended {
    pub report: Report,
    /// Why it could not go on, if it could not.
    pub error: Option<Error>,
}

impl Connection {
    pub async fn open(settings: Settings, prompts: Prompts, spec: &Spec) -> Result<Connection> {
        let tempo = if std::io::stderr().is_terminal() { DEMO } else { Tempo::Instant };
        let opened = settings.source.open(spec, tempo, &surroundings::remembered()).await?;
        let budget = budget(settings.max_cost, opened.model.as_ref())?;
        let capacity = settings.jobs.capacity(opened.capacity);
        let of_capacity = capacity.notice(settings.jobs.most());
        Ok(Connection {
            model: opened.model,
            prompts,
            patience: settings.patience,
            pace: Arc::new(Pace::new(settings.jobs.most(), capacity)),
            budget: Arc::new(budget),
            notices: opened.notice.into_iter().chain(settings.notices).chain(about(spec)).chain(of_capacity).collect(),
            name: opened.name,
            is_demo: opened.is_demo,
        })
    }
}

impl Run {
    /// Opens the output directory and the records.
    pub fn begin(connection: &Connection, task: Task, mut order: Order, face: &Face) -> Result<Run> {
        let id = run_id();
        let workspace = Arc::new(Workspace::open(&order.out, &id)?);
        let unfinished = match order.scope {
            Scope::Everything if !order.is_fresh => workspace.last_record()?,
            _ => None,
        };
        let unfinished = unfinished.and_then(|record| Unfinished::read(&record, connection.model.id()));
        let going_on = unfinished.as_ref().map(|unfinished| {
            let answers = counted(unfinished.answers(), "answer");
            format!("the last run was cut: it goes on, and takes {answers} from its record; --fresh asks for all anew")
        });
        let model = match unfinished {
            Some(unfinished) => resumed(connection.model.clone(), unfinished),
            None => connection.model.clone(),
        };
        let record = order.record.as_deref().map(RunLog::create).transpose()?;
        let tape = tape([Some(workspace.run_log()?), record].into_iter().flatten().collect(), face.clone());
        let engine = Engine {
            model: recorded(model, tape.clone()),
            prompts: connection.prompts.clone(),
            patience: connection.patience,
            pace: connection.pace.clone(),
            budget: connection.budget.clone(),
            events: events(face.clone(), tape, order.told.clone()),
        };
        order.notices = connection.notices.iter().cloned().chain(order.notices).chain(going_on).collect();
        Ok(Run { engine, workspace, task, order, id, face: face.clone(), name: connection.name.clone() })
    }

    /// Does the work, until it is done or `stop` comes.
    pub async fn work(&self, stop: impl Future<Output = Result<()>>) -> Result<Outcome> {
        let Run { engine, workspace, task, order, .. } = self;
        engine.events.start(&self.id, engine.model.id(), workspace.name());
        landing::tell_finished(&engine.events, workspace);
        for notice in &order.notices {
            engine.events.notice(notice);
        }
        let ask = async {
            generate(engine, workspace, task, order.scope.clone()).await?;
            let proposal = Arc::new(landing::propose(&engine.events, workspace, order.diffs));
            let consent = match order.consent {
                Some(consent) => consent,
                // Into an empty directory files land without asking, and so do their second versions.
                None if !proposal.touches_files() || workspace.is_fresh() => Consent::Everything,
                None => {
                    let (face, proposal) = (self.face.clone(), proposal.clone());
                    tokio::task::spawn_blocking(move || consent(&face, &proposal)).await?
                }
            };
            anyhow::Ok((proposal, consent))
        };
        let mut stop = std::pin::pin!(stop);
        let (proposal, consent) = tokio::select! {
            // What is done is told before it is looked whether to stop: a file that the run has just written is no reason.
            biased;
            agreed = ask => agreed?,
            stopped = &mut stop => return stopped.map(|()| Outcome::Interrupted),
        };
        // From here on Ctrl-C waits: this is short, and stopped half way it would only be finished by the next command.
        if !proposal.is_empty() {
            let lineage = task.past.lineage.clone();
            workspace.foresee(task.made().after(lineage, |_| consent == Consent::Everything))?;
        }
        landing::commit(&engine.events, workspace, &proposal, consent)?;
        if let Some(trial) = &order.trial
            && !self.try_out(trial, stop).await?
        {
            return Ok(Outcome::Interrupted);
        }
        Ok(engine.events.report().verdict())
    }

    /// Runs the project's own command, and has what is red mended; whether it came to its end before `stop`.
    async fn try_out(&self, trial: &Wanted, stop: impl Future<Output = Result<()>>) -> Result<bool> {
        let Run { engine, workspace, order, .. } = self;
        let report = engine.events.report();
        if !report.failed.is_empty() {
            engine.events.notice("the command is not run: files are missing");
            return Ok(true);
        }
        let attempt = trial.attempt(&order.out)?;
        let counter = Counter::of(engine.model.id());
        let (include, exclude, credentials) = (Vec::new(), Vec::new(), Credentials::Mask);
        let reading = Reading { include, exclude, credentials, counter };
        let healing = Healing::new(Means {
            engine,
            workspace,
            attempt: &attempt,
            reading: &reading,
            rounds: trial.rounds,
            reach: Reach::Own,
            budget: None,
        });
        let healed = tokio::select! {
            biased;
            healed = healing.heal() => healed.map(|()| true),
            stopped = stop => stopped.map(|()| false),
        };
        healing.settle()?;
        // Nobody waits for what was interrupted, and what stands as before fits as before.
        if healed.as_ref().is_ok_and(|is_over| *is_over)
            && engine.events.report().standing_trial().is_some_and(|trial| trial.round > 0)
        {
            check_again(engine, workspace).await?;
        }
        healed
    }

    /// Tells how it ended, remembers what was learned of the model, and lets go of the output directory.
    pub fn end(self, worked: Result<Outcome>) -> Ended {
        let (outcome, error) = match worked {
            Ok(outcome) => (outcome, None),
            Err(error) if matches!(error.downcast_ref(), Some(model::Error::OverBudget { .. })) => {
                (Outcome::OverBudget, Some(error))
            }
            Err(error) => (Outcome::Failed, Some(error)),
        };
        if let Err(error) = self.remember() {
            self.face.warn(&format!("{error:#}; the next run will ask for these files again"));
        }
        let words = error.as_ref().map(|error| format!("{error:#}"));
        let report = self.engine.events.finish(outcome, words, self.order.started.elapsed().as_secs_f64());
        if let Some(name) = &self.name
            && let Err(error) = surroundings::remember(name, &report.habits)
        {
            self.face.warn(&format!("{error:#}"));
        }
        Ended { report, error }
    }

    /// Keeps what the files that have landed were made from, so that the next run asks for what has changed since.
    fn remember(&self) -> Result<()> {
        let report = self.engine.events.report();
        let made = self.task.made();
        if made == Made::default() {
            return Ok(());
        }
        let lineage = made.after(self.task.past.lineage.clone(), |path| report.has_landed(path));
        self.workspace.remember(lineage)
    }
}

impl Ended {
    pub fn result(self) -> Result<Outcome, Failure> {
        self.error.map_or(Ok(self.report.outcome), |error| Err(Failure::Run(error)))
    }
}

/// Comes when the person presses Ctrl-C.
pub async fn interrupted() -> Result<()> {
    tokio::signal::ctrl_c().await.context("could not listen for Ctrl-C")
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

/// Every event is shown and recorded.
fn events(face: Face, tape: Tape, told: Option<Told>) -> Events {
    Events::to(move |event| {
        runtime::hear(event);
        face.show(event);
        if let Some(told) = &told {
            told(event);
        }
        // What comes with every token stands in the record once, as a whole, with its call.
        if !matches!(event, Event::Piece { .. } | Event::Thinking { .. }) {
            tape(&Line::Event(event.clone()));
        }
    })
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

/// The moment it began, and the process: sorts by time, and no two in one directory are alike.
pub fn run_id() -> String {
    let now = humantime::format_rfc3339_millis(SystemTime::now()).to_string();
    format!("{}-{}", now.replace(':', "-").trim_end_matches('Z'), std::process::id())
}
