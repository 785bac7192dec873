//! The last words of a run: what was written, what was not, what it cost, what to do next.

use std::{collections::BTreeMap, io::Write};

use smol_dev::report::{Outcome, Report};

use crate::face::{BAD, BOLD, DIM, Face, ODD, counted, say};

/// Says how the run ended; the tree of files goes to stdout, the story to stderr.
pub fn show(face: &Face, report: &Report) {
    if !face.is_for_people() {
        return problems(report, face);
    }
    if !report.written.is_empty() || !report.unchanged.is_empty() {
        let _ = write!(anstream::stdout(), "{}", tree(report));
    }
    problems(report, face);
    say(&totals(report));
    if let Some(next) = next(report) {
        say(&format!("{BOLD}next:{BOLD:#} {next}"));
    }
}

/// What a person has to know even if they asked for silence; JSON has it in the report.
fn problems(report: &Report, face: &Face) {
    if face.is_json() {
        return;
    }
    for failed in &report.failed {
        say(&format!("{BAD}failed:{BAD:#} {}: {}", failed.path, failed.why));
    }
    for refused in &report.refused {
        say(&format!("{BAD}refused:{BAD:#} '{}' {}", refused.path, refused.why));
    }
    for kept in report.kept.iter().filter(|_| face.is_for_people()) {
        let (out, path, new) = (&report.out, &kept.path, &kept.kept_at);
        say(&format!("{ODD}kept:{ODD:#} {path}: {}, so it stays as it is", kept.why));
        say(&format!("      compare: diff '{out}/{path}' '{out}/{new}'"));
        say(&format!("      take the new text: mv '{out}/{new}' '{out}/{path}'"));
    }
}

fn totals(report: &Report) -> String {
    let usage = &report.usage;
    let how = match report.outcome {
        Outcome::Complete => format!("{BOLD}done{BOLD:#}"),
        Outcome::Partial => format!("{BAD}not complete{BAD:#}"),
        Outcome::Failed => format!("{BAD}stopped{BAD:#}"),
        Outcome::Interrupted => format!("{ODD}interrupted{ODD:#}: whole files only were written"),
    };
    let mut parts = vec![
        format!("{how}: {} written", counted(report.written.len(), "file")),
        format!("{:.1} s", report.seconds),
        counted(report.calls, "call"),
        format!(
            "{} tokens in ({} cached), {} out",
            thousands(usage.input),
            thousands(usage.cached),
            thousands(usage.output)
        ),
    ];
    if report.calls > 0 {
        parts.push(usage.cost.map_or_else(|| "cost unknown".to_owned(), money));
    }
    parts.join(" · ")
}

fn next(report: &Report) -> Option<String> {
    let out = &report.out;
    let readme = report.written.iter().chain(&report.unchanged).find(|file| file.path.as_str() == "README.md");
    match report.outcome {
        Outcome::Complete if report.files.is_empty() => None,
        Outcome::Complete if report.written.len() + report.unchanged.len() + report.kept.len() <= 1 => {
            Some(format!("read and edit {out}/shared_dependencies.md, then: smol gen --from-plan"))
        }
        Outcome::Complete => Some(match readme {
            Some(_) => format!("read {out}/README.md; write one file again: smol gen --file PATH"),
            None => format!("look into {out}/; write one file again: smol gen --file PATH"),
        }),
        Outcome::Partial if !report.failed.is_empty() => {
            let files: Vec<_> = report.failed.iter().map(|failed| format!("--file '{}'", failed.path)).collect();
            Some(format!("ask again for what failed: smol gen {}", files.join(" ")))
        }
        Outcome::Interrupted if report.files.len() > report.written.len() => {
            Some("go on from the plan: smol gen --from-plan".to_owned())
        }
        Outcome::Partial | Outcome::Failed | Outcome::Interrupted => None,
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

/// `12,345`.
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().map(|group| std::str::from_utf8(group).unwrap_or_default()).collect();
    groups.join(",")
}

/// `$0.0312`: four digits, since most calls cost less than a cent.
pub fn money(dollars: f64) -> String {
    if dollars < 1.0 { format!("${dollars:.4}") } else { format!("${dollars:.2}") }
}
