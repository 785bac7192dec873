//! `smol debug`: reads the codebase, asks what is wrong with it, and changes what the person agrees to.

use std::{path::Path, time::Instant};

use anyhow::{Context, Result, anyhow};
use smol_dev::{
    debug::{self, Case, diagnose},
    event::Question,
    fixes::{Change, Fitted},
    heal::{Healing, Means, Reach},
    landing, mentions,
    model::Request,
    recent::recently_committed,
    report::Outcome,
    secrets,
    selection::{Leads, Selection, shortened},
    tree::{Credentials, Tree},
};

use crate::{
    Failure,
    asking::{self, Decided, Opened},
    cli::DebugArgs,
    ending,
    face::{BAD, BOLD, Face, GOOD, say},
    runtime::Runtime,
    trials::Wanted,
    words::{clean, counted, quoted},
};

pub fn run(args: DebugArgs, face: &Face) -> Result<Outcome, Failure> {
    let started = Instant::now();
    let decided = asking::decide(&args.tree, &args.ask).map_err(Failure::Usage)?;
    let typed = args.error.as_deref().map(|typed| error(typed, &decided)).transpose().map_err(Failure::Usage)?;
    if args.tree.dry_run {
        let Some(error) = typed else {
            return Err(Failure::Usage(anyhow!(
                "--dry-run runs nothing, so it needs an error to show what would be sent"
            )));
        };
        return dry_run(&args, &decided, &error, face).map(|()| Outcome::Complete).map_err(Failure::Usage);
    }
    decided.look().map_err(Failure::Usage)?;
    let directory = Path::new(&decided.directory);
    let wanted = Wanted::of(&args.trial).map_err(Failure::Usage)?;
    let attempt = wanted.as_ref().map(|wanted| wanted.attempt(directory)).transpose().map_err(Failure::Usage)?;
    let runtime = Runtime::new().map_err(|error| Failure::Usage(error.into()))?;
    let opened = runtime.block_on(decided.open(&args.ask, "debug", face)).map_err(Failure::Usage)?;
    if (args.apply || attempt.is_some()) && opened.workspace.is_none() {
        return Err(Failure::Usage(anyhow!("nothing can be applied or run: {}", opened.notices.join("; "))));
    }
    // Nothing to read is said before anything is asked or run.
    drop(decided.read().map_err(Failure::Usage)?);
    let session = Session { args: &args, decided: &decided, opened: &opened, face };
    let agreed = |changes: &[Change]| {
        face.data("\n");
        session.is_agreed(changes)
    };
    let healing = opened.workspace.as_ref().zip(attempt.as_ref()).map(|(workspace, attempt)| {
        Healing::new(Means {
            engine: &opened.engine,
            workspace,
            attempt,
            reading: &decided.reading,
            rounds: wanted.as_ref().map_or(0, |wanted| wanted.rounds),
            reach: Reach::Agreed(&agreed),
            budget: args.tree.budget,
        })
    });
    opened.begin(&decided.directory);
    let events = &opened.engine.events;
    let ended = runtime.block_on(async {
        tokio::select! {
            done = session.work(typed, healing.as_ref()) => done.map(|()| events.report().verdict()),
            stopped = tokio::signal::ctrl_c() => {
                stopped.map(|()| Outcome::Interrupted).context("could not listen for Ctrl-C")
            }
        }
    });
    runtime.shutdown();
    let settled = healing.as_ref().map_or(Ok(()), Healing::settle);
    let (outcome, error) = match ended.and_then(|outcome| settled.map(|()| outcome)) {
        Ok(outcome) => (outcome, None),
        Err(error) => (ending::outcome_of(&error), Some(error)),
    };
    let words = error.as_ref().map(|error| format!("{error:#}"));
    let report = events.finish(outcome, words, started.elapsed().as_secs_f64());
    ending::totals_only(face, &report);
    if face.is_for_people() && !report.written.is_empty() {
        say(&format!("{BOLD}next:{BOLD:#} smol undo --out {} takes it back", quoted(&decided.directory)));
    }
    asking::remember(&opened, face);
    error.map_or(Ok(outcome), |error| Err(Failure::Run(error)))
}

/// The error as it may be sent: without what steers a terminal, without credentials, and not longer than is of use.
fn error(typed: &str, decided: &Decided) -> Result<String> {
    let text = match typed {
        "-" => {
            let mut bytes = Vec::new();
            std::io::Read::read_to_end(&mut std::io::stdin().lock(), &mut bytes)
                .context("could not read the error from stdin")?;
            String::from_utf8_lossy(&bytes).into_owned()
        }
        text => text.to_owned(),
    };
    let text = console::strip_ansi_codes(&text).replace('\r', "");
    if text.trim().is_empty() {
        return Err(anyhow!("the error is empty"));
    }
    let text = match decided.credentials() {
        Credentials::Mask => secrets::mask(&text).map_or(text, |masked| masked.text),
        Credentials::Send => text,
    };
    Ok(shortened(&text, decided.counter()))
}

/// What goes into the question, and the question.
async fn question(
    args: &DebugArgs,
    decided: &Decided,
    tree: &Tree,
    error: &str,
    window: Option<u64>,
) -> Result<(Selection, Request)> {
    let budget = decided.budget(args.tree.budget, window, decided.counter().count(error));
    let search_path = std::env::var("PATH").unwrap_or_default();
    let recent = recently_committed(Path::new(&decided.directory), &search_path).await;
    let leads = Leads { mentions: mentions::read(error), recent };
    let case = Case { tree, error, remarks: "", leads, counter: *decided.counter() };
    debug::fitting(&decided.prompts, &case, budget, window)
}

fn dry_run(args: &DebugArgs, decided: &Decided, error: &str, face: &Face) -> Result<()> {
    let tree = decided.read_for_show()?;
    let (selection, _) = Runtime::new()?.block_on(question(args, decided, &tree, error, decided.window()))?;
    asking::show(decided, &tree, &selection, face)
}

/// What one command has to do with.
struct Session<'a> {
    args: &'a DebugArgs,
    decided: &'a Decided,
    opened: &'a Opened,
    face: &'a Face,
}

impl Session<'_> {
    /// Finds out what is wrong, by the error that was typed or by what the command says; mends it where that is wanted.
    async fn work(&self, typed: Option<String>, healing: Option<&Healing<'_>>) -> Result<()> {
        let Session { args, opened, .. } = self;
        match (typed, healing) {
            (Some(error), healing) => {
                self.debug(&error).await?;
                match healing {
                    Some(healing) if !opened.engine.events.report().written.is_empty() => healing.heal().await,
                    Some(_) => {
                        opened.engine.events.notice("nothing was changed, so the command is not run");
                        Ok(())
                    }
                    None => Ok(()),
                }
            }
            (None, Some(healing)) if args.apply => healing.heal().await,
            (None, Some(healing)) => {
                let (_, trial) = healing.first().await?;
                if trial.verdict.is_green {
                    opened.engine.events.notice("the command is green: there is nothing to find out");
                    return Ok(());
                }
                self.debug(&healing.error(&trial)?).await
            }
            (None, None) => Err(anyhow!("there is neither an error nor a command")),
        }
    }

    async fn debug(&self, error: &str) -> Result<()> {
        let Session { args, decided, opened, .. } = self;
        let tree = decided.read()?;
        let (selection, request) = question(args, decided, &tree, error, opened.window).await?;
        opened.select(&tree, &selection);
        let (_, fitted) = diagnose(&opened.engine, &Question::Diagnosis, &tree, request).await?;
        self.settle(&tree, &fitted)
    }

    /// Shows what the fixes change, and changes it if the person agrees.
    fn settle(&self, tree: &Tree, fitted: &Fitted) -> Result<()> {
        let Session { args, decided, opened, face } = self;
        let events = &opened.engine.events;
        face.data("\n");
        for unfit in &fitted.unfit {
            events.refuse(&unfit.block.path, &unfit.why);
        }
        if !args.apply {
            if !fitted.changes.is_empty() && face.is_for_people() {
                let again = format!("smol debug --apply --dir {}", quoted(&decided.directory));
                say(&format!(
                    "{BOLD}next:{BOLD:#} {} would change; to change them: {again} …",
                    counted(fitted.changes.len(), "file")
                ));
            }
            return Ok(());
        }
        if fitted.changes.is_empty() {
            events.notice("there is nothing to apply");
            return Ok(());
        }
        let workspace = opened.workspace.as_ref().context("nothing is applied that cannot be taken back")?;
        if !self.is_agreed(&fitted.changes)? {
            events.notice("nothing was changed");
            return Ok(());
        }
        landing::amend(events, workspace, tree, &fitted.changes)
    }

    fn is_agreed(&self, changes: &[Change]) -> Result<bool> {
        changes.iter().filter(|_| self.face.is_for_people()).for_each(show_diff);
        Ok(self.args.yes || asking::is_agreed(&format!("change {}?", counted(changes.len(), "file")))?)
    }
}

fn show_diff(change: &Change) {
    for line in change.diff().lines() {
        let style = match line.as_bytes().first() {
            Some(b'+') => GOOD,
            Some(b'-') => BAD,
            _ => anstyle::Style::new(),
        };
        say(&format!("{style}{}{style:#}", clean(line)));
    }
}
