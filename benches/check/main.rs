//! Breaks small projects in one place each and counts how many of the breaks `smol check` finds.
//!
//! `cargo bench --bench check` prints the table of `docs/check.md`; with directories behind `--` it measures speed
//! and memory on these instead. The mutator works on plain text and knows nothing of what the check knows.

#![allow(clippy::print_stdout, reason = "a bench is there to print")]

mod mutants;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::Instant,
};

use smol_dev::{
    check::{Findings, Misfit, Rule, Selection, Severity, check, parse_only},
    plan::PLAN_FILE,
    workspace::tree::{Tree, read_tree},
};

use crate::mutants::{Mutant, mutants};

fn main() {
    let directories: Vec<PathBuf> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).map(PathBuf::from).collect();
    if directories.is_empty() { mutation() } else { directories.iter().for_each(|directory| speed(directory)) }
}

/// What came of the mutants of one kind.
#[derive(Default)]
struct Tally {
    breaking: usize,
    found: usize,
    hinted: usize,
    beside: usize,
    harmless: usize,
    alarms: usize,
    rules: BTreeMap<Rule, usize>,
}

fn mutation() {
    let mut tallies: BTreeMap<&str, Tally> = BTreeMap::new();
    let mut by_project = Vec::new();
    for directory in projects() {
        let mut tree = read_tree(&directory).expect("the projects are there");
        // The plan knows every name: without it the code has to speak for itself.
        tree.files.retain(|file| !file.path.ends_with(PLAN_FILE));
        let whole = check(&tree, &Selection::default());
        let name = directory.strip_prefix(root()).expect("below the root").display().to_string();
        let mut of_project = (0, 0);
        for mutant in mutants(&tree) {
            let after = check(&mutant.tree, &Selection::default());
            let new = new_misfits(&whole, &after);
            count(&mutant, &new, tallies.entry(mutant.kind).or_default());
            let is_found = new.iter().any(|misfit| misfit.severity == Severity::Error);
            of_project.0 += usize::from(mutant.is_breaking);
            of_project.1 += usize::from(mutant.is_breaking && is_found);
            tell(&name, &mutant, &new, is_found);
        }
        by_project.push((name, errors(&whole), of_project));
    }
    print_tables(&tallies, &by_project);
}

fn errors(findings: &Findings) -> usize {
    findings.misfits.iter().filter(|misfit| misfit.severity == Severity::Error).count()
}

/// With `SMOL_BENCH_TELL` set: every break that was not found, and every alarm about nothing.
fn tell(project: &str, mutant: &Mutant, new: &[Misfit], is_found: bool) {
    if std::env::var_os("SMOL_BENCH_TELL").is_none() {
        return;
    }
    if mutant.is_breaking && !is_found {
        println!("not found: {project}: {}: {}", mutant.kind, mutant.what);
    }
    for misfit in new.iter().filter(|misfit| !mutant.is_breaking && misfit.severity == Severity::Error) {
        println!("alarm: {project}: {}: {}: {misfit}", mutant.kind, mutant.what);
    }
}

fn new_misfits(before: &Findings, after: &Findings) -> Vec<Misfit> {
    let key = |misfit: &Misfit| (misfit.path.clone(), misfit.rule, misfit.name.clone());
    let old: Vec<_> = before.misfits.iter().map(key).collect();
    after.misfits.iter().filter(|misfit| !old.contains(&key(misfit))).cloned().collect()
}

fn count(mutant: &Mutant, new: &[Misfit], tally: &mut Tally) {
    let errors: Vec<&Misfit> = new.iter().filter(|misfit| misfit.severity == Severity::Error).collect();
    if !mutant.is_breaking {
        tally.harmless += 1;
        tally.alarms += usize::from(!errors.is_empty());
        return;
    }
    tally.breaking += 1;
    tally.found += usize::from(!errors.is_empty());
    tally.hinted += usize::from(errors.is_empty() && !new.is_empty());
    tally.beside += errors.len().saturating_sub(1);
    let mut rules: Vec<Rule> = errors.iter().map(|misfit| misfit.rule).collect();
    rules.sort_unstable();
    rules.dedup();
    for rule in rules {
        *tally.rules.entry(rule).or_default() += 1;
    }
}

fn print_tables(tallies: &BTreeMap<&str, Tally>, by_project: &[(String, usize, (usize, usize))]) {
    println!("| project | misfits unbroken | breaking mutants | found |\n| --- | ---: | ---: | ---: |");
    for (name, errors, (breaking, found)) in by_project {
        println!("| `{name}` | {errors} | {breaking} | {found} |");
    }
    println!();
    println!("| mutation | breaking | found | share | only hinted | misfits beside | harmless | alarms | by rule |");
    println!("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |");
    let mut all = Tally::default();
    for (kind, tally) in tallies {
        print_row(kind, tally);
        all.breaking += tally.breaking;
        all.found += tally.found;
        all.hinted += tally.hinted;
        all.beside += tally.beside;
        all.harmless += tally.harmless;
        all.alarms += tally.alarms;
    }
    print_row("all", &all);
    println!("\n{} mutants", all.breaking + all.harmless);
}

fn print_row(kind: &str, tally: &Tally) {
    let Tally { breaking, found, hinted, beside, harmless, alarms, rules } = tally;
    let share = 100.0 * *found as f64 / (*breaking).max(1) as f64;
    let rules: Vec<String> = rules.iter().map(|(rule, number)| format!("{rule} {number}")).collect();
    println!(
        "| {kind} | {breaking} | {found} | {share:.1} % | {hinted} | {beside} | {harmless} | {alarms} | {} |",
        rules.join(", ")
    );
}

/// Files a second, the share of parsing in it, and the peak of memory.
fn speed(directory: &Path) {
    let tree = read_tree(directory).expect("the directory is there");
    let code = parse_only(&tree);
    let bytes: usize = tree.files.iter().filter_map(|file| file.text.as_ref()).map(String::len).sum();
    let parse = best_of(5, || {
        parse_only(&tree);
    });
    let whole = best_of(5, || {
        check(&tree, &Selection::default());
    });
    println!(
        "{}: {code} files of code, {:.1} MB: parsing {:.2} s, check {:.2} s ({:.2} of parsing), {:.0} files a second, peak {} MB",
        directory.display(),
        bytes as f64 / 1e6,
        parse,
        whole,
        whole / parse,
        code as f64 / whole,
        peak_memory()
    );
}

fn best_of(times: usize, mut work: impl FnMut()) -> f64 {
    let measured = (0..times).map(|_| {
        let start = Instant::now();
        work();
        start.elapsed().as_secs_f64()
    });
    measured.fold(f64::MAX, f64::min)
}

/// In megabytes, as Linux tells it.
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap_or_default().to_owned();
    line.split_whitespace().nth(1).and_then(|number| number.parse::<u64>().ok()).unwrap_or_default() / 1024
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn projects() -> Vec<PathBuf> {
    let list = |directory: &str| -> Vec<PathBuf> {
        let entries = std::fs::read_dir(root().join(directory)).expect("is there").flatten();
        entries.map(|entry| entry.path()).collect()
    };
    let mut projects: Vec<PathBuf> =
        list("examples").into_iter().map(|path| path.join("program")).filter(|path| path.is_dir()).collect();
    projects.extend(list("tests/check/projects"));
    projects.sort();
    projects
}

/// The tree with one file changed or, without a text, gone.
pub fn with_file(tree: &Tree, path: &str, text: Option<String>) -> Tree {
    let mut tree = tree.clone();
    match text {
        Some(text) => {
            if let Some(file) = tree.files.iter_mut().find(|file| file.path == path) {
                file.text = Some(text);
            }
        }
        None => tree.files.retain(|file| file.path != path),
    }
    tree
}
