//! What a run would do to an existing project, as it is shown before anything is written.

use anstyle::{AnsiColor, Style};
use smol_dev::proposal::{Foreseen, What};

use crate::{
    face::{BAD, BOLD, DIM, GOOD, ODD},
    words::{clean, counted},
};

const PLACE: Style = AnsiColor::Cyan.on_default();

/// A line per file that would change or that stays in the way; the rest is counted.
pub fn table(changes: &[Foreseen]) -> Vec<String> {
    let width = changes.iter().map(|change| console::measure_text_width(change.path.as_str())).max().unwrap_or(0);
    let told = changes.iter().filter(|change| change.what != What::Unchanged);
    let same = changes.len() - told.clone().count();
    let rest = if same == 0 { String::new() } else { format!(", {} the same", counted(same, "file")) };
    let head = format!("{BOLD}before anything is written:{BOLD:#} {}{rest}", counted(changes.len() - same, "file"));
    std::iter::once(head).chain(told.map(|change| line(change, width))).collect()
}

fn line(change: &Foreseen, width: usize) -> String {
    let (style, word, why) = match &change.what {
        What::New => (GOOD, "new", ""),
        What::Changed => (GOOD, "changed", ""),
        What::Merged => (ODD, "merged", "with what you changed"),
        What::Conflict { why, .. } => (BAD, "conflict", why.as_str()),
        What::Removed => (ODD, "removed", "no longer in the file list"),
        What::Kept { why } => (ODD, "kept", why.as_str()),
        What::Failed { why } => (BAD, "failed", why.as_str()),
        What::Unchanged => (DIM, "same", ""),
    };
    let path = &change.path;
    let gap = " ".repeat(width - console::measure_text_width(path.as_str()));
    let counts = match &change.what {
        What::Kept { .. } | What::Failed { .. } | What::Unchanged => String::new(),
        What::New | What::Changed | What::Merged | What::Conflict { .. } | What::Removed => {
            format!("+{} \u{2212}{}", change.added, change.removed)
        }
    };
    let start = format!("  {style}{word:<9}{style:#} {path}{gap}");
    match (counts.is_empty(), why.is_empty()) {
        (true, true) => start,
        (false, true) => format!("{start}  {counts}"),
        (_, false) => format!("{start}  {counts:<10} {DIM}{}{DIM:#}", clean(why)),
    }
}

/// The differences, where they were asked for.
pub fn diffs(changes: &[Foreseen]) -> String {
    let lines = changes.iter().filter_map(|change| change.diff.as_deref()).flat_map(str::lines);
    lines.map(|line| coloured(line) + "\n").collect()
}

/// A line of a difference.
pub fn coloured(line: &str) -> String {
    let style = match line.as_bytes().first() {
        _ if line.starts_with("+++") || line.starts_with("---") => BOLD,
        Some(b'+') => GOOD,
        Some(b'-') => AnsiColor::Red.on_default(),
        Some(b'@') => PLACE,
        _ => Style::new(),
    };
    format!("{style}{}{style:#}", clean(line))
}
