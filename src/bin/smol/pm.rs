//! `smol pm`: reads the codebase, has it described, and puts the spec where the person wants it.

use std::{
    io::Write,
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::{Context, Result, bail};
use smol_dev::{
    comparison::{Comparison, Shared, compare},
    pm::{Codebase, describe},
    report::Outcome,
    selection::{Leads, Selection, choose},
    tree::Tree,
    workspace::{self, Cache},
};

use crate::{
    Failure,
    asking::{self, Decided, Opened},
    cli::PmArgs,
    ending,
    face::{BOLD, DIM, Face},
    runtime::Runtime,
    words::clean,
};

pub fn run(args: PmArgs, face: &Face) -> Result<Outcome, Failure> {
    let started = Instant::now();
    let decided = asking::decide(&args.tree, &args.ask).map_err(Failure::Usage)?;
    if let [first, second] = args.compare.as_slice() {
        return show_comparison(&decided, first, second, face).map(|()| Outcome::Complete).map_err(Failure::Usage);
    }
    if args.tree.dry_run {
        let show = || {
            let tree = decided.read_for_show()?;
            asking::show(&decided, &tree, &sent(&args, &decided, &tree, decided.window()), face)
        };
        return show().map(|()| Outcome::Complete).map_err(Failure::Usage);
    }
    let target = args.out.as_deref().map(|path| Target::decide(path, args.yes)).transpose().map_err(Failure::Usage)?;
    if target.as_ref().is_some_and(|target| target.is_declined) {
        face.note("nothing was written");
        return Ok(Outcome::Complete);
    }
    decided.look().map_err(Failure::Usage)?;
    let runtime = Runtime::new().map_err(|error| Failure::Usage(error.into()))?;
    let opened = runtime.block_on(decided.open(&args.ask, "pm", face)).map_err(Failure::Usage)?;
    let tree = decided.read().map_err(Failure::Usage)?;
    let selection = sent(&args, &decided, &tree, opened.window);
    opened.begin(&decided.directory);
    opened.select(&tree, &selection);
    let ended = runtime.block_on(work(&args, &opened, &decided, &tree));
    runtime.shutdown();
    let ended = ended.and_then(|text| match (text, &target) {
        (None, _) => Ok(Outcome::Interrupted),
        (Some(text), None) => {
            face.data(&text);
            Ok(Outcome::Complete)
        }
        (Some(text), Some(target)) => {
            // What was paid for is not lost with a disk that is full.
            target.write(&text).inspect_err(|_| face.data(&text))?;
            face.note(&format!("the spec is in '{}'", target.path.display()));
            Ok(Outcome::Complete)
        }
    });
    let (outcome, error) = match ended {
        Ok(outcome) => (outcome, None),
        Err(error) => (ending::outcome_of(&error), Some(error)),
    };
    let words = error.as_ref().map(|error| format!("{error:#}"));
    let report = opened.engine.events.finish(outcome, words, started.elapsed().as_secs_f64());
    ending::totals_only(face, &report);
    asking::remember(&opened, face);
    error.map_or(Ok(outcome), |error| Err(Failure::Run(error)))
}

/// Everything goes in, in as many questions as it takes.
fn sent(args: &PmArgs, decided: &Decided, tree: &Tree, window: Option<u64>) -> Selection {
    let all = choose(tree, &Leads::default(), u64::MAX, decided.counter());
    Selection { budget: decided.budget(args.tree.budget, window, 0), ..all }
}

async fn work(args: &PmArgs, opened: &Opened, decided: &Decided, tree: &Tree) -> Result<Option<String>> {
    let codebase = Codebase {
        tree,
        emphasis: args.prompt.as_deref(),
        counter: *decided.counter(),
        budget: decided.budget(args.tree.budget, opened.window, 0),
    };
    let cache = opened.workspace.as_ref().map(|_| Cache::open(Path::new(&decided.directory))).transpose()?;
    tokio::select! {
        done = describe(&opened.engine, &codebase, cache.as_ref()) => done.map(Some),
        stopped = tokio::signal::ctrl_c() => stopped.map(|()| None).context("could not listen for Ctrl-C"),
    }
}

/// A file for the spec, and what stood in it when the person agreed.
struct Target {
    path: PathBuf,
    hash: Option<String>,
    is_declined: bool,
}

impl Target {
    /// Asks before anything is paid for.
    fn decide(path: &Path, is_agreed: bool) -> Result<Target> {
        let target = |hash, is_declined| Target { path: path.to_owned(), hash, is_declined };
        if !workspace::is_file(path) {
            return Ok(target(None, false));
        }
        let hash = Some(workspace::hash_of(path).with_context(|| format!("could not read '{}'", path.display()))?);
        let is_agreed = is_agreed || asking::is_agreed(&format!("overwrite '{}'?", path.display()))?;
        Ok(target(hash, !is_agreed))
    }

    fn write(&self, text: &str) -> Result<()> {
        let name = self.path.file_name().and_then(|name| name.to_str());
        let Some(name) = name else { bail!("'{}' is no name for a file", self.path.display()) };
        let parent = self.path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        workspace::amend(parent, &smol_dev::path::RelPath::parse(name)?, self.hash.as_deref(), text.as_bytes())
    }
}

fn show_comparison(decided: &Decided, first: &str, second: &str, face: &Face) -> Result<()> {
    let compared = compare(&decided.read_at(first)?, &decided.read_at(second)?);
    let mut out = anstream::stdout().lock();
    if face.is_json() {
        let line = serde_json::json!({ "comparison": compared, "likeness": compared.likeness() });
        return Ok(writeln!(out, "{line}")?);
    }
    let Comparison { files, names, signatures } = &compared;
    writeln!(out, "{BOLD}{:<12}{:>8}{:>8}{:>8}{:>8}{BOLD:#}", "", "first", "second", "both", "alike")?;
    for (what, shared) in [("files", files), ("names", names), ("signatures", signatures)] {
        let (one, other, both, alike) = (shared.first(), shared.second(), shared.both, 100.0 * shared.likeness());
        writeln!(out, "{what:<12}{one:>8}{other:>8}{both:>8}{alike:>7.1}%")?;
    }
    for (what, shared) in [("file", files), ("name", names)] {
        differences(&mut out, what, shared)?;
    }
    writeln!(out, "alike: {:.1}%", 100.0 * compared.likeness())?;
    Ok(())
}

fn differences(out: &mut impl Write, what: &str, shared: &Shared) -> Result<()> {
    for (where_, names) in [("first", &shared.only_first), ("second", &shared.only_second)] {
        for name in names {
            writeln!(out, "{DIM}only in the {where_}: {what}{DIM:#} {}", clean(name))?;
        }
    }
    Ok(())
}
