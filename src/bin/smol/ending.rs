//! The last words of a run: what was written, what was not, what it cost, what to do next.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Write,
    path::Path,
};

use smol_dev::{
    check::Misfit,
    model,
    path::RelPath,
    plan::PLAN_FILE,
    report::{Conflict, Outcome, Report},
    settings::DEFAULT_OUT,
};

use crate::{
    check,
    face::{BAD, BOLD, DIM, Face, ODD, say},
    summary::coloured,
    trials,
    words::{clean, cost, counted, counts, quoted, thousands},
};

/// So many lines of a conflict are shown; a file that is another one altogether would fill the screen.
const MOST_LINES: usize = 60;

/// Says how the run ended; the tree of files goes to stdout, the story to stderr.
pub fn show(face: &Face, report: &Report, again: &str) {
    if !face.is_for_people() {
        return problems(report, face);
    }
    if landed(report).next().is_some() {
        let _ = write!(anstream::stdout(), "{}", tree(report));
    }
    problems(report, face);
    say(&totals(report));
    if let Some(next) = next(report, again) {
        say(&format!("{BOLD}next:{BOLD:#} {next}"));
    }
}

/// The same for what writes no project: what was not done, and what it cost.
pub fn totals_only(face: &Face, report: &Report) {
    problems(report, face);
    if face.is_for_people() {
        say(&totals(report));
    }
}

/// How a run ends that such an error ends.
pub fn outcome_of(error: &anyhow::Error) -> Outcome {
    match error.downcast_ref() {
        Some(model::Error::OverBudget { .. }) => Outcome::OverBudget,
        _ => Outcome::Failed,
    }
}

/// What a person has to know even if they asked for silence; JSON has it in the report.
fn problems(report: &Report, face: &Face) {
    if face.is_json() {
        return;
    }
    // Through a pipe they stand a few lines above.
    if !face.is_lines() {
        for failed in &report.failed {
            say(&format!("{BAD}failed:{BAD:#} {}: {}", failed.path, clean(&failed.why)));
        }
        for failed in &report.failed_modules {
            say(&format!("{BAD}failed:{BAD:#} the module '{}': {}", clean(&failed.module), clean(&failed.why)));
        }
        for refused in &report.refused {
            say(&format!("{BAD}refused:{BAD:#} '{}' {}", clean(&refused.path), clean(&refused.why)));
        }
    }
    // Through a pipe, too, and on a terminal it stands above.
    if !face.is_for_people() {
        trials::problem(report).into_iter().flatten().for_each(|line| say(&line));
    }
    for misfit in &report.misfits {
        say(&format!("{BAD}misfit:{BAD:#} {}", check::line(misfit, Path::new(&report.out))));
    }
    for Conflict { path, waits_at, why, hunks } in &report.conflicts {
        say(&format!("{BAD}conflict:{BAD:#} {path}: {}, so it stays as it is", clean(why)));
        if face.is_for_people() {
            let mut lines = hunks.iter().flat_map(|hunk| hunk.lines());
            for line in lines.by_ref().take(MOST_LINES) {
                say(&format!("      {}", coloured(line)));
            }
            match lines.count() {
                0 => {}
                more => say(&format!("      {DIM}and {more} more{DIM:#}")),
            }
            ways_out(report, path, waits_at);
        }
    }
    for kept in &report.left {
        say(&format!("{ODD}left:{ODD:#} {}: {}", kept.path, kept.why));
        if let (true, Some(_)) = (face.is_for_people(), &kept.waits_at) {
            say(&format!("      merge it now: {} markers {}", resolve(report), quoted(kept.path.as_str())));
        }
    }
    for kept in report.kept.iter().filter(|_| face.is_for_people()) {
        say(&format!("{ODD}kept:{ODD:#} {}: {}, so it stays as it is", kept.path, kept.why));
        if let Some(waits_at) = &kept.waits_at {
            ways_out(report, &kept.path, waits_at);
        }
    }
}

/// How to settle a file whose new text waits.
fn ways_out(report: &Report, path: &RelPath, waits_at: &str) {
    let [mine, new] = [path.as_str(), waits_at].map(|file| quoted(&format!("{}/{file}", report.out)));
    let (resolve, path) = (resolve(report), quoted(path.as_str()));
    say(&format!("      compare: diff {mine} {new}"));
    say(&format!("      keep yours: {resolve} ours {path}"));
    say(&format!("      take the new text: {resolve} theirs {path}"));
    say(&format!("      both, with conflict markers: {resolve} markers {path}"));
}

fn resolve(report: &Report) -> String {
    match report.out.as_str() {
        DEFAULT_OUT => "smol gen --resolve".to_owned(),
        out => format!("smol gen -o {} --resolve", quoted(out)),
    }
}

/// Says how a command ended that asked no model.
pub fn brief(face: &Face, report: &Report) {
    problems(report, face);
    if report.outcome != Outcome::Failed && face.is_for_people() {
        let counts = [
            (report.written.len(), "written"),
            (report.merged.len(), "merged"),
            (report.restored.len(), "brought back"),
            (report.removed.len(), "removed"),
            (report.kept.len(), "kept"),
        ];
        let counts = counts.into_iter().filter(|(count, _)| *count > 0);
        let counts: Vec<String> = counts.map(|(count, what)| format!("{} {what}", counted(count, "file"))).collect();
        say(&format!(
            "{BOLD}done{BOLD:#}: {}",
            if counts.is_empty() { "nothing to do".to_owned() } else { counts.join(", ") }
        ));
    }
}

fn calls(report: &Report) -> String {
    let mut words = counted(report.calls, "call");
    if report.retries > 0 {
        words.push_str(&format!(", {} tried again", report.retries));
    }
    if report.asked_again > 0 {
        words.push_str(&format!(", {} asked again", report.asked_again));
    }
    if report.cut > 0 {
        words.push_str(&format!(", {} cut", report.cut));
    }
    if report.wasted > 0 {
        words.push_str(&format!(", {} tokens wasted", thousands(report.wasted)));
    }
    words
}

fn totals(report: &Report) -> String {
    let usage = &report.usage;
    let how = match report.outcome {
        Outcome::Complete => format!("{BOLD}done{BOLD:#}"),
        Outcome::Partial => format!("{BAD}not complete{BAD:#}"),
        Outcome::Failed => format!("{BAD}stopped{BAD:#}"),
        Outcome::OverBudget => format!("{ODD}stopped at the limit on cost{ODD:#}"),
        Outcome::Interrupted => format!("{ODD}interrupted{ODD:#}"),
    };
    let mut done = format!("{how}: {} written", counted(report.written.len(), "file"));
    for (count, what) in [(report.merged.len(), "merged"), (report.removed.len(), "removed")] {
        if count > 0 {
            done.push_str(&format!(", {count} {what}"));
        }
    }
    if let Some(trial) = report.standing_trial() {
        done.push_str(if trial.verdict.is_green { ", green" } else { ", red" });
    }
    let mended: usize = report.mended.iter().map(|mended| mended.misfits).sum();
    for (count, what) in [(mended, " mended"), (report.misfits.len(), "")] {
        if count > 0 {
            done.push_str(&format!(", {}{what}", counted(count, "misfit")));
        }
    }
    let mut parts = vec![done, format!("{:.1} s", report.seconds), calls(report), counts(usage)];
    if report.calls > 0 {
        parts.push(cost(usage));
    }
    parts.join(" · ")
}

/// The next step to take; `again` is the command as it was typed, without what it was to write.
fn next(report: &Report, again: &str) -> Option<String> {
    let out = &report.out;
    let stands = |path: &RelPath| {
        let waits = report.conflicts.iter().map(|conflict| &conflict.path);
        let left = report.kept.iter().chain(&report.left).map(|kept| &kept.path);
        landed(report).map(|(path, _)| path).chain(waits).chain(left).any(|known| known == path)
    };
    let missing: Vec<String> = report
        .files
        .iter()
        .filter(|path| !stands(path))
        .map(|path| format!(" --file={}", quoted(path.as_str())))
        .collect();
    match report.outcome {
        // What is missing is not known by name.
        _ if !report.failed_modules.is_empty() => Some(format!("the same command goes on from here: {again}")),
        _ if report.files.is_empty() => None,
        // What waits is settled without another run; what is to be removed is not.
        _ if missing.is_empty() && report.left.iter().any(|left| left.waits_at.is_none()) => {
            Some(format!("do what is left, too: {again} --yes"))
        }
        Outcome::Complete if missing.len() == report.files.len() => {
            Some(format!("read and edit {}, then: {again} --from-plan", quoted(&format!("{out}/{PLAN_FILE}"))))
        }
        Outcome::Complete => {
            let readme = report.files.iter().find(|path| path.as_str() == "README.md").filter(|path| stands(path));
            let first = readme.unwrap_or(&report.files[0]);
            Some(format!(
                "read {}; to have one file written again: {again} --file PATH",
                quoted(&format!("{out}/{first}"))
            ))
        }
        Outcome::Partial if missing.is_empty() && !report.misfits.is_empty() => Some(fit(report, again)),
        Outcome::Partial | Outcome::Failed | Outcome::Interrupted | Outcome::OverBudget if missing.is_empty() => None,
        Outcome::Interrupted | Outcome::OverBudget => Some(format!("the same command goes on from here: {again}")),
        Outcome::Partial | Outcome::Failed => Some(format!("ask for what is missing: {again}{}", missing.concat())),
    }
}

/// What to do about files that do not fit: those that are smol's are written again, the others are a person's to mend.
fn fit(report: &Report, again: &str) -> String {
    // Where the plan is not kept, it is the file that is to be another one.
    let place = |misfit: &'_ Misfit| match misfit.path.as_str() {
        PLAN_FILE => misfit.looked_in.clone(),
        _ => misfit.path.clone(),
    };
    let at: BTreeSet<String> = report.misfits.iter().map(place).collect();
    let again_of: String = landed(report)
        .filter(|(path, _)| at.contains(path.as_str()))
        .map(|(path, _)| format!(" --file={}", quoted(path.as_str())))
        .collect();
    let look = format!("smol check {}", quoted(&report.out));
    match again_of.is_empty() {
        true => format!("mend what does not fit, then: {look}"),
        false => format!("have what does not fit written again: {again}{again_of}, or mend it, then: {look}"),
    }
}

/// A directory of the drawing: its directories, and its files with their lines.
#[derive(Default)]
struct Folder<'a> {
    folders: BTreeMap<&'a str, Folder<'a>>,
    files: BTreeMap<&'a str, usize>,
}

/// The files that stand as they should, with their lines.
pub fn landed(report: &Report) -> impl Iterator<Item = (&RelPath, usize)> {
    let whole = report.written.iter().chain(&report.unchanged).map(|file| (&file.path, file.lines));
    whole.chain(report.merged.iter().map(|file| (&file.path, file.lines)))
}

fn tree(report: &Report) -> String {
    let mut root = Folder::default();
    for (path, lines) in landed(report) {
        let mut folder = &mut root;
        let mut parts = path.as_str().split('/').peekable();
        while let Some(part) = parts.next() {
            match parts.peek() {
                Some(_) => folder = folder.folders.entry(part).or_default(),
                None => drop(folder.files.insert(part, lines)),
            }
        }
    }
    let mut text = format!("{BOLD}{}/{BOLD:#}\n", report.out);
    draw(&root, "", &mut text);
    text
}

fn draw(folder: &Folder, indent: &str, text: &mut String) {
    let count = folder.folders.len() + folder.files.len();
    let branch = |index: usize| if index + 1 == count { ("└── ", "    ") } else { ("├── ", "│   ") };
    for (index, (name, inner)) in folder.folders.iter().enumerate() {
        let (corner, rest) = branch(index);
        text.push_str(&format!("{indent}{corner}{name}/\n"));
        draw(inner, &format!("{indent}{rest}"), text);
    }
    let width = folder.files.keys().map(|name| console::measure_text_width(name)).max().unwrap_or(0);
    for (index, (name, lines)) in folder.files.iter().enumerate() {
        let (corner, _) = branch(folder.folders.len() + index);
        let gap = " ".repeat(width - console::measure_text_width(name));
        text.push_str(&format!("{indent}{corner}{name}{gap}  {DIM}{}{DIM:#}\n", counted(*lines, "line")));
    }
}
