//! What `debug` and `pm` share: a codebase that is read, a model that is opened, and what of the one goes to the other.

use std::{
    io::{IsTerminal, Write},
    path::Path,
};

use anyhow::{Context, Result, bail};
use smol_dev::{
    engine::Engine,
    event::{Event, Events},
    landing,
    model::cassette::{Line, Tempo, recorded},
    pace::Pace,
    prompts::Prompts,
    selection::{Selection, room},
    settings::{Settings, Typed},
    source::Source,
    spec::Spec,
    tokens::Counter,
    tree::{Credentials, Reading, Tree, draw},
    workspace::{self, RunLog, Workspace},
};

use crate::{
    cli::{AskArgs, Local, TreeArgs},
    face::{BOLD, DIM, Face, SHARES, say},
    run::{budget, run_id, tape},
    surroundings,
    words::{clean, counted, thousands},
};

/// What was decided before anything is asked.
pub struct Decided {
    pub settings: Settings,
    pub prompts: Prompts,
    /// The codebase.
    pub directory: String,
    pub reading: Reading,
}

/// Everything to ask with.
pub struct Opened {
    pub engine: Engine,
    /// What the model's window holds, if that is known.
    pub window: Option<u64>,
    pub run: String,
    pub notices: Vec<String>,
    /// The name that what the model takes is remembered by.
    pub name: Option<String>,
    /// Held as long as this lasts, so that no other smol works here; `None` where nothing can be kept.
    pub workspace: Option<Workspace>,
}

pub fn decide(tree: &TreeArgs, ask: &AskArgs) -> Result<Decided> {
    let typed = Typed {
        model: ask.model.clone(),
        base_url: ask.base_url.clone(),
        out: None,
        jobs: ask.jobs,
        replay: ask.replay.clone(),
        retries: ask.retries,
        retry_wait: ask.retry_wait,
        first_token_timeout: ask.first_token_timeout,
        silence_timeout: ask.silence_timeout,
        connect_timeout: ask.connect_timeout,
        effort: ask.effort,
        max_cost: ask.max_cost,
        is_local_wanted: ask.local == Local::Auto,
    };
    let settings = Settings::decide(typed, &surroundings::look()?)?;
    let prompts = ask.prompts.as_deref().map(workspace::read_prompts).transpose()?.unwrap_or_default();
    let out = || if workspace::is_directory(Path::new(&settings.out)) { settings.out.clone() } else { ".".to_owned() };
    let directory = tree.dir.clone().unwrap_or_else(out);
    let reading = Reading {
        include: tree.include.clone(),
        exclude: tree.exclude.clone(),
        credentials: if tree.allow_secrets { Credentials::Send } else { Credentials::Mask },
        counter: Counter::of(model(&settings)),
    };
    Ok(Decided { prompts: Prompts::with(prompts)?, directory, reading, settings })
}

/// The model's name, as far as it is known without looking.
fn model(settings: &Settings) -> &str {
    match &settings.source {
        Source::Server(service) => &service.model,
        Source::Local { model, .. } => model.as_deref().unwrap_or_default(),
        Source::Replay(_) | Source::Nothing => "",
    }
}

impl Decided {
    /// Whether there is a codebase: opening its memory would make the directory.
    pub fn look(&self) -> Result<()> {
        if !workspace::is_directory(Path::new(&self.directory)) {
            bail!("could not read '{}': there is no such directory", self.directory);
        }
        Ok(())
    }

    /// Reads the codebase.
    pub fn read(&self) -> Result<Tree> {
        let tree = workspace::read_tree(Path::new(&self.directory), &self.reading)?;
        if tree.files.is_empty() {
            bail!("there is nothing to read in '{}'; --dry-run says what was left out", self.directory);
        }
        Ok(tree)
    }

    /// Reads another codebase by the same rules.
    pub fn read_at(&self, directory: &str) -> Result<Tree> {
        workspace::read_tree(Path::new(directory), &self.reading)
    }

    /// Reads it for a dry run, in which nothing to send is an answer, too.
    pub fn read_for_show(&self) -> Result<Tree> {
        workspace::read_tree(Path::new(&self.directory), &self.reading)
    }

    pub fn credentials(&self) -> Credentials {
        self.reading.credentials
    }

    pub fn counter(&self) -> &Counter {
        &self.reading.counter
    }

    /// Tokens of the codebase that may go into a question.
    pub fn budget(&self, typed: Option<u64>, window: Option<u64>, rest: u64) -> u64 {
        typed.unwrap_or_else(|| room(window, rest, self.counter().is_exact))
    }

    /// The window of the model, as far as it is known without asking.
    pub fn window(&self) -> Option<u64> {
        match &self.settings.source {
            Source::Server(service) => service.facts.window,
            Source::Local { .. } | Source::Replay(_) | Source::Nothing => None,
        }
    }

    /// Opens the model. `purpose` stands for a spec, of which this has none.
    pub async fn open(&self, ask: &AskArgs, purpose: &str, face: &Face) -> Result<Opened> {
        let Decided { settings, directory, .. } = self;
        let opened = settings.source.open(&Spec::new(purpose)?, Tempo::Instant, &surroundings::remembered()).await?;
        let window = opened.model.window();
        let budget = budget(settings.max_cost, opened.model.as_ref())?;
        let run = run_id();
        let mut notices: Vec<String> = opened.notice.into_iter().chain(settings.notices.clone()).collect();
        let workspace = Workspace::open(Path::new(directory), &run);
        let workspace = workspace.and_then(|workspace| Ok((workspace.question_log()?, workspace)));
        let (log, workspace) = match workspace {
            Ok((log, workspace)) => (Some(log), Some(workspace)),
            Err(error) => {
                notices.push(format!("this run is not recorded: {error:#}"));
                (None, None)
            }
        };
        let record = ask.record.as_deref().map(RunLog::create).transpose()?;
        let tape = tape([log, record].into_iter().flatten().collect(), face.clone());
        let events = {
            let (face, tape) = (face.clone(), tape.clone());
            Events::to(move |event| {
                face.show(event);
                if !matches!(event, Event::Piece { .. } | Event::Thinking { .. }) {
                    tape(&Line::Event(event.clone()));
                }
            })
        };
        let engine = Engine {
            model: recorded(opened.model, tape),
            prompts: Prompts::with(
                ask.prompts.as_deref().map(workspace::read_prompts).transpose()?.unwrap_or_default(),
            )?,
            patience: settings.patience,
            pace: Pace::new(settings.jobs.most(), settings.jobs.capacity(opened.capacity)).into(),
            budget: budget.into(),
            events,
        };
        Ok(Opened { engine, window, run, notices, name: opened.name, workspace })
    }
}

impl Opened {
    /// Says what begins, and what to know about it.
    pub fn begin(&self, directory: &str) {
        let events = &self.engine.events;
        events.start(&self.run, self.engine.model.id(), directory);
        self.notices.iter().for_each(|notice| events.notice(notice));
        if let Some(workspace) = &self.workspace {
            landing::tell_finished(events, workspace);
        }
    }

    /// Says what goes into the question.
    pub fn select(&self, tree: &Tree, selection: &Selection) {
        let events = &self.engine.events;
        if let Some(words) = masked(tree) {
            events.notice(words);
        }
        events.select(selection, tree);
    }
}

/// What is said of credentials that stay here.
fn masked(tree: &Tree) -> Option<String> {
    let files: Vec<&str> =
        tree.files.iter().filter(|file| !file.secrets.is_empty()).map(|file| file.path.as_str()).collect();
    let (secrets, _) = tree.masked();
    (secrets > 0).then(|| {
        format!("{} masked in {}; --allow-secrets sends them", counted(secrets, "credential"), files.join(", "))
    })
}

/// Prints what would be sent, and what would not and why.
pub fn show(decided: &Decided, tree: &Tree, selection: &Selection, face: &Face) -> Result<()> {
    let mut out = anstream::stdout().lock();
    if face.is_json() {
        let line =
            serde_json::json!({ "directory": decided.directory, "selection": selection, "left_out": tree.left_out });
        return Ok(writeln!(out, "{line}")?);
    }
    let about = if decided.counter().is_exact { "" } else { "about " };
    write!(out, "{}", clean(&draw(tree, &decided.directory)))?;
    if selection.chosen.iter().any(|chosen| chosen.share != smol_dev::selection::Share::Whole) {
        for (share, words) in SHARES {
            let chosen: Vec<_> = selection.of(share).collect();
            if !chosen.is_empty() {
                writeln!(out, "\n{BOLD}{} {words}{BOLD:#}", counted(chosen.len(), "file"))?;
            }
            for chosen in chosen {
                writeln!(out, "  {}  {DIM}{}{DIM:#}", clean(chosen.path.as_str()), thousands(chosen.tokens))?;
            }
        }
    }
    if !tree.left_out.is_empty() {
        writeln!(out, "\n{BOLD}left out{BOLD:#}")?;
        for left_out in &tree.left_out {
            writeln!(out, "  {}  {DIM}{}{DIM:#}", clean(&left_out.path), clean(&left_out.why.to_string()))?;
        }
    }
    for file in &tree.files {
        for secret in &file.secrets {
            writeln!(out, "  {}:{}  {DIM}masked: {}{DIM:#}", clean(file.path.as_str()), secret.line, secret.kind)?;
        }
    }
    let (tokens, budget) = (thousands(selection.tokens), thousands(selection.budget));
    say(&format!("{BOLD}not sent:{BOLD:#} {about}{tokens} of {budget} tokens"));
    Ok(())
}

/// What is common to the end of both: the engine is shared no more, and what the model takes is remembered.
pub fn remember(opened: &Opened, face: &Face) {
    if let Some(name) = &opened.name
        && let Err(error) = surroundings::remember(name, &opened.engine.events.report().habits)
    {
        face.warn(&format!("{error:#}"));
    }
}

/// Whether the person says yes. Asks on the terminal, also when something came through stdin.
///
/// # Errors
/// If there is no terminal.
pub fn is_agreed(question: &str) -> Result<bool> {
    if !std::io::stderr().is_terminal() {
        bail!("nobody can be asked '{question}'; --yes does it without asking");
    }
    let _ = write!(anstream::stderr(), "{BOLD}{question}{BOLD:#} [y/N] ");
    let key = console::Term::stderr().read_key().context("could not read an answer from the terminal")?;
    say("");
    Ok(matches!(key, console::Key::Char('y' | 'Y')))
}
