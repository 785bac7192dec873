//! The last words of a run: what was written, what was not, what it cost, what to do next.

use std::{collections::BTreeMap, io::Write};

use smol_dev::{
    model,
    path::RelPath,
    plan::PLAN_FILE,
    report::{Outcome, Report},
};

use crate::{
    face::{BAD, BOLD, DIM, Face, ODD, say},
    words::{clean, cost, counted, counts, quoted, thousands},
};

/// Says how the run ended; the tree of files goes to stdout, the story to stderr.
pub fn show(face: &Face, report: &Report, again: &str) {
    if !face.is_for_people() {
        return problems(report, face);
    }
    if !report.written.is_empty() || !report.unchanged.is_empty() {
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
        for refused in &report.refused {
            say(&format!("{BAD}refused:{BAD:#} '{}' {}", clean(&refused.path), clean(&refused.why)));
        }
    }
    for kept in report.kept.iter().filter(|_| face.is_for_people()) {
        let path = &kept.path;
        let [mine, new] = [path.as_str(), &kept.kept_at].map(|file| quoted(&format!("{}/{file}", report.out)));
        say(&format!("{ODD}kept:{ODD:#} {path}: {}, so it stays as it is", kept.why));
        say(&format!("      compare: diff {mine} {new}"));
        say(&format!("      take the new text: mv {new} {mine}"));
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
        Outcome::Interrupted => format!("{ODD}interrupted{ODD:#}: whole files only were written"),
    };
    let mut parts = vec![
        format!("{how}: {} written", counted(report.written.len(), "file")),
        format!("{:.1} s", report.seconds),
        calls(report),
        counts(usage),
    ];
    if report.calls > 0 {
        parts.push(cost(usage));
    }
    parts.join(" · ")
}

/// The next step to take; `again` is the command as it was typed, without what it was to write.
fn next(report: &Report, again: &str) -> Option<String> {
    let out = &report.out;
    let stands = |path: &RelPath| {
        let mut landed = report.written.iter().chain(&report.unchanged).map(|file| &file.path);
        landed.any(|landed| landed == path) || report.kept.iter().any(|kept| kept.path == *path)
    };
    let missing: Vec<String> = report
        .files
        .iter()
        .filter(|path| !stands(path))
        .map(|path| format!(" --file={}", quoted(path.as_str())))
        .collect();
    match report.outcome {
        _ if report.files.is_empty() => None,
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
        Outcome::Partial | Outcome::Failed | Outcome::Interrupted | Outcome::OverBudget if missing.is_empty() => None,
        Outcome::Interrupted | Outcome::OverBudget => Some(format!("the same command goes on from here: {again}")),
        Outcome::Partial | Outcome::Failed => Some(format!("ask for what is missing: {again}{}", missing.concat())),
    }
}

/// A directory of the drawing: its directories, and its files with their lines.
#[derive(Default)]
struct Folder<'a> {
    folders: BTreeMap<&'a str, Folder<'a>>,
    files: BTreeMap<&'a str, usize>,
}

fn tree(report: &Report) -> String {
    let mut root = Folder::default();
    for file in report.written.iter().chain(&report.unchanged) {
        let mut folder = &mut root;
        let mut parts = file.path.as_str().split('/').peekable();
        while let Some(part) = parts.next() {
            match parts.peek() {
                Some(_) => folder = folder.folders.entry(part).or_default(),
                None => drop(folder.files.insert(part, file.lines)),
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
