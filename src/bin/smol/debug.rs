//! `smol debug`: reads the codebase, asks what is wrong with it, and changes what the person agrees to.

use std::{path::Path, time::Instant};

use anyhow::{Context, Result, anyhow};
use smol_dev::{
    debug::{self, Case, diagnose},
    fixes::{Change, Fitted},
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
    run::{GRACE, runtime},
    words::{clean, counted, quoted},
};

pub fn run(args: DebugArgs, face: &Face) -> Result<Outcome, Failure> {
    let started = Instant::now();
    let decided = asking::decide(&args.tree, &args.ask).map_err(Failure::Usage)?;
    let error = error(&args, &decided).map_err(Failure::Usage)?;
    if args.tree.dry_run {
        return dry_run(&args, &decided, &error, face).map(|()| Outcome::Complete).map_err(Failure::Usage);
    }
    decided.look().map_err(Failure::Usage)?;
    let runtime = runtime().map_err(|error| Failure::Usage(error.into()))?;
    let opened = runtime.block_on(decided.open(&args.ask, "debug", face)).map_err(Failure::Usage)?;
    if args.apply && opened.workspace.is_none() {
        return Err(Failure::Usage(anyhow!("nothing can be applied: {}", opened.notices.join("; "))));
    }
    let tree = decided.read().map_err(Failure::Usage)?;
    let (selection, request) =
        runtime.block_on(question(&args, &decided, &tree, &error, opened.window)).map_err(Failure::Usage)?;
    opened.start(&decided.directory, &tree, &selection);
    let ended = runtime.block_on(work(&opened, &tree, request));
    runtime.shutdown_timeout(GRACE);
    let events = &opened.engine.events;
    let ended = ended.and_then(|fitted| match fitted {
        Some(fitted) => settle(&args, &decided, &tree, &fitted, face, &opened).map(|()| events.report().verdict()),
        None => Ok(Outcome::Interrupted),
    });
    let (outcome, error) = match ended {
        Ok(outcome) => (outcome, None),
        Err(error) => (ending::outcome_of(&error), Some(error)),
    };
    let words = error.as_ref().map(|error| format!("{error:#}"));
    let report = events.finish(outcome, words, started.elapsed().as_secs_f64());
    ending::totals_only(face, &report);
    asking::remember(&opened, face);
    error.map_or(Ok(outcome), |error| Err(Failure::Run(error)))
}

/// The error as it may be sent: without what steers a terminal, without credentials, and not longer than is of use.
fn error(args: &DebugArgs, decided: &Decided) -> Result<String> {
    let text = match args.error.as_str() {
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
    let case = Case { tree, error, leads, counter: *decided.counter() };
    debug::fitting(&decided.prompts, &case, budget, window)
}

fn dry_run(args: &DebugArgs, decided: &Decided, error: &str, face: &Face) -> Result<()> {
    let tree = decided.read_for_show()?;
    let (selection, _) = runtime()?.block_on(question(args, decided, &tree, error, decided.window()))?;
    asking::show(decided, &tree, &selection, face)
}

/// The fixes that fit and those that do not; `None` if the person has interrupted.
async fn work(opened: &Opened, tree: &Tree, request: Request) -> Result<Option<Fitted>> {
    tokio::select! {
        done = diagnose(&opened.engine, tree, request) => done.map(|(_, fitted)| Some(fitted)),
        stopped = tokio::signal::ctrl_c() => stopped.map(|()| None).context("could not listen for Ctrl-C"),
    }
}

/// Shows what the fixes change, and changes it if the person agrees.
fn settle(
    args: &DebugArgs,
    decided: &Decided,
    tree: &Tree,
    fitted: &Fitted,
    face: &Face,
    opened: &Opened,
) -> Result<()> {
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
    let workspace = opened.workspace.as_ref().context("nothing can be applied without a memory to take it back by")?;
    for change in fitted.changes.iter().filter(|_| face.is_for_people()) {
        show_diff(change);
    }
    let count = counted(fitted.changes.len(), "file");
    if !args.yes && !asking::is_agreed(&format!("change {count}?"))? {
        events.notice("nothing was changed");
        return Ok(());
    }
    landing::amend(events, workspace, tree, &fitted.changes)?;
    if face.is_for_people() && !events.report().written.is_empty() {
        say(&format!("{BOLD}next:{BOLD:#} smol undo --out {} takes it back", quoted(&decided.directory)));
    }
    Ok(())
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
