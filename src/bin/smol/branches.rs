//! `smol gen --branch NAME`, also with `--variants N`: runs that write into git worktrees and commit there.

use std::{
    collections::BTreeMap,
    io::Write,
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::{Context, Error, Result, anyhow};
use futures::future::join_all;
use serde_json::json;
use smol_dev::{
    generate::{Scope, Task},
    proposal::Consent,
    report::{Outcome, Report},
    rerun::Past,
    usage::Usage,
    workspace,
    worktree::{NOBODY, Repository, Worktree},
};
use tokio::sync::Mutex;

use crate::{
    Failure,
    cli::GenArgs,
    decided::{Decided, decide, prompt},
    ending::landed,
    face::{BOLD, Face, say},
    generate::{manner, order},
    run::{Connection, Ended, Order, Run, interrupted},
    runtime::Runtime,
    surroundings,
    words::{cost, counted, quoted},
};

/// What became of one branch.
struct Variant {
    branch: String,
    report: Report,
    error: Option<Error>,
    commit: Option<String>,
    /// The worktree, where it was not removed.
    kept: Option<PathBuf>,
}

/// What all variants share.
struct Shared<'a> {
    args: &'a GenArgs,
    connection: &'a Connection,
    decided: &'a Ground,
    face: &'a Face,
    /// Two gits at once in one repository get in each other's way.
    git: Mutex<()>,
}

/// What is decided for all of them.
struct Ground {
    spec: smol_dev::spec::Spec,
    past: Past,
    out: PathBuf,
    scope: Scope,
    started: Instant,
}

pub fn run(args: &GenArgs, branch: &str, scope: Scope, face: &Face, started: Instant) -> Result<Outcome, Failure> {
    let Decided { spec, settings, prompts, past, .. } = decide(args, face).map_err(Failure::Usage)?;
    let ground = Ground { spec, past, out: PathBuf::from(&settings.out), scope, started };
    let names = match args.variants {
        None => vec![branch.to_owned()],
        Some(count) => (1..=count.get()).map(|number| format!("{branch}-{number}")).collect(),
    };
    let runtime = Runtime::new().map_err(|error| Failure::Usage(error.into()))?;
    let variants = runtime.block_on(async {
        let connection = Connection::open(settings, prompts, &ground.spec).await?;
        let worktrees = worktrees(&ground.out, &names).await?;
        let shared = Shared { args, connection: &connection, decided: &ground, face, git: Mutex::default() };
        anyhow::Ok(join_all(worktrees.iter().map(|worktree| shared.variant(worktree))).await)
    });
    runtime.shutdown();
    let mut variants = variants.map_err(Failure::Usage)?;
    show(face, &variants, &total(&variants, started));
    let outcome = total(&variants, started).outcome;
    // Where nothing at all went well, the reason decides the exit code and gives the hint.
    match variants.iter().all(|variant| variant.error.is_some()) {
        true => {
            Err(Failure::Run(variants.remove(0).error.context("every one has an error").unwrap_or_else(|error| error)))
        }
        false => Ok(outcome),
    }
}

/// Makes the worktrees, all or none: the names are looked at before the first one is made.
async fn worktrees(out: &Path, names: &[String]) -> Result<Vec<Worktree>> {
    let environment: BTreeMap<String, String> = surroundings::look()?.environment.into_iter().collect();
    let (existing, rest) = workspace::nearest(out)?;
    let repository = Repository::find(&existing, &rest, &environment).await?;
    let mut base = Err(anyhow!("there is no place for a worktree outside of the repository"));
    for home in surroundings::worktrees() {
        let (existing, rest) = workspace::nearest(&home)?;
        // Below the person's own files it would be one of them.
        if !existing.join(&rest).starts_with(repository.root()) {
            base = Ok(repository.home(&existing.join(rest)));
            break;
        }
    }
    let base = base?;
    let places: Vec<PathBuf> = names.iter().map(|name| base.join(name)).collect();
    for (name, place) in names.iter().zip(&places) {
        repository.check(name, place, workspace::is_taken(place)).await?;
    }
    let mut worktrees = Vec::new();
    for (name, place) in names.iter().zip(&places) {
        worktrees.push(repository.worktree(name, place, workspace::is_taken(place)).await?);
    }
    Ok(worktrees)
}

impl Shared<'_> {
    async fn variant(&self, worktree: &Worktree) -> Variant {
        let face =
            if self.args.variants.is_some() { self.face.of_variant(&worktree.branch) } else { self.face.clone() };
        let ended = match self.begin(worktree, &face) {
            Ok(run) => {
                let worked = run.work(interrupted()).await;
                run.end(worked)
            }
            Err(error) => {
                let report =
                    Report { outcome: Outcome::Failed, error: Some(format!("{error:#}")), ..Report::default() };
                Ended { report, error: Some(error) }
            }
        };
        if let (Some(error), true) = (&ended.error, self.args.variants.is_some()) {
            face.error(error, None);
        }
        let Ended { report, error } = ended;
        let branch = worktree.branch.clone();
        let mut variant = Variant { branch, report, error, commit: None, kept: Some(worktree.place.clone()) };
        let _one_at_a_time = self.git.lock().await;
        if let Err(error) = self.keep(worktree, &mut variant, &face).await {
            let error = error.context(format!("the worktree '{}' stays as it is", worktree.place.display()));
            face.error(&error, None);
            variant.report.outcome = Outcome::Failed;
        }
        variant
    }

    fn begin(&self, worktree: &Worktree, face: &Face) -> Result<Run> {
        let Ground { spec, past, out: origin, scope, started } = self.decided;
        let out = worktree.out();
        workspace::carry_memory(origin, &out)?;
        let lineage = if self.args.fresh { Default::default() } else { workspace::read_lineage(&out)? };
        let task = Task::new(spec.clone(), Past { lineage, renewal: past.renewal }, manner(self.args));
        // On a branch of its own nothing is lost, whatever is merged or removed.
        let order = Order { consent: Some(Consent::Everything), ..order(self.args, scope.clone(), out, *started)? };
        Run::begin(self.connection, task, order, face)
    }

    /// Commits what a run that came to its end has written. A worktree with nothing more to do in it is removed.
    async fn keep(&self, worktree: &Worktree, variant: &mut Variant, face: &Face) -> Result<()> {
        let Report { outcome, calls, cut, model, .. } = &variant.report;
        let is_over = matches!(outcome, Outcome::Complete | Outcome::Partial);
        if !is_over {
            // Nothing was paid and nothing came of it: the same command shall find everything as it was.
            if worktree.is_new && *calls + *cut == 0 && landed(&variant.report).next().is_none() {
                worktree.discard().await?;
                variant.kept = None;
            }
            return Ok(());
        }
        let message = format!(
            "smol gen: {} from {}\n\nModel: {model}",
            counted(landed(&variant.report).count(), "file"),
            if prompt(self.args).ends_with(".md") { prompt(self.args) } else { "a prompt" }
        );
        match worktree.commit(&message).await? {
            Some(commit) => {
                if commit.is_by_nobody {
                    face.note(&format!("git knows no user here, so the commit is by {} <{}>", NOBODY.0, NOBODY.1));
                }
                variant.commit = Some(commit.hash);
            }
            None => face.note(&format!("nothing is new on the branch '{}', so there is no commit", variant.branch)),
        }
        if *outcome == Outcome::Complete {
            let left = worktree.remove().await?;
            if left.is_empty() {
                variant.kept = None;
            } else {
                face.note(&format!("not committed, since git ignores it or it is elsewhere: {}", left.join(", ")));
            }
        }
        Ok(())
    }
}

/// The sum of all; its outcome is the worst.
fn total(variants: &[Variant], started: Instant) -> Report {
    let worst = [Outcome::Interrupted, Outcome::OverBudget, Outcome::Failed, Outcome::Partial];
    let has = |outcome: &Outcome| variants.iter().any(|variant| variant.report.outcome == *outcome);
    let outcome = worst.into_iter().find(has).unwrap_or(Outcome::Complete);
    // Of some that failed beside others that did not, what there is can be used.
    let is_some_use = variants.iter().any(|variant| variant.commit.is_some());
    let outcome = if outcome == Outcome::Failed && is_some_use { Outcome::Partial } else { outcome };
    let mut usage = Usage::NONE;
    variants.iter().filter(|variant| variant.report.calls > 0).for_each(|variant| usage += variant.report.usage);
    let calls = variants.iter().map(|variant| variant.report.calls).sum();
    Report { outcome, usage, calls, seconds: started.elapsed().as_secs_f64(), ..Report::default() }
}

fn show(face: &Face, variants: &[Variant], total: &Report) {
    if face.is_json() {
        let rows: Vec<_> = variants.iter().map(Variant::as_json).collect();
        let line = json!({ "event": "branches", "branches": rows, "report": total });
        let _ = writeln!(std::io::stdout().lock(), "{line}");
        return;
    }
    if !face.is_for_people() {
        return;
    }
    let head = ["branch", "commit", "files", "lines", "misfits", "result", "cost"].map(str::to_owned);
    let rows = variants.iter().map(Variant::row);
    let sum = ["together", "", "", "", "", "", &paid(total)].map(str::to_owned);
    let rows: Vec<_> = [head].into_iter().chain(rows).chain((variants.len() > 1).then_some(sum)).collect();
    let _ = write!(anstream::stdout(), "{}", aligned(&rows));
    for variant in variants {
        if let Some(place) = &variant.kept {
            say(&format!("kept:  the worktree of '{}' is {}", variant.branch, quoted(&place.display().to_string())));
        }
    }
    if let Some(variant) = variants.iter().find(|variant| variant.commit.is_some()) {
        let branch = quoted(&variant.branch);
        say(&format!("{BOLD}next:{BOLD:#} git diff HEAD...{branch}, then git merge {branch}"));
    }
}

impl Variant {
    fn files(&self) -> usize {
        landed(&self.report).count()
    }

    fn lines(&self) -> usize {
        landed(&self.report).map(|(_, lines)| lines).sum()
    }

    fn row(&self) -> [String; 7] {
        let result = match self.report.outcome {
            Outcome::Complete => "complete",
            Outcome::Partial => "not complete",
            Outcome::Failed => "failed",
            Outcome::OverBudget => "over budget",
            Outcome::Interrupted => "interrupted",
        };
        let commit = self.commit.clone().unwrap_or("none".to_owned());
        let (files, lines) = (self.files().to_string(), self.lines().to_string());
        let misfits = self.report.misfits.len().to_string();
        [self.branch.clone(), commit, files, lines, misfits, result.to_owned(), paid(&self.report)]
    }

    fn as_json(&self) -> serde_json::Value {
        let Variant { branch, report, commit, kept, .. } = self;
        json!({
            "branch": branch, "commit": commit, "worktree": kept, "outcome": report.outcome, "error": report.error,
            "files": self.files(), "lines": self.lines(), "misfits": report.misfits, "usage": report.usage,
        })
    }
}

fn paid(report: &Report) -> String {
    if report.calls > 0 { cost(&report.usage) } else { "nothing paid".to_owned() }
}

fn aligned(rows: &[[String; 7]]) -> String {
    let width = |column: usize| rows.iter().map(|row| console::measure_text_width(&row[column])).max().unwrap_or(0);
    let widths: [usize; 7] = std::array::from_fn(width);
    let line = |row: &[String; 7]| {
        let cells =
            row.iter().zip(widths).map(|(cell, width)| console::pad_str(cell, width, console::Alignment::Left, None));
        let cells: Vec<_> = cells.map(|cell| cell.into_owned()).collect();
        format!("{}\n", cells.join("  ").trim_end())
    };
    rows.iter().map(line).collect()
}
