//! How a run looks: lines for pipes, moving lines for terminals, JSON for programs, nothing for `-q`.

mod screen;

use std::{
    io::{IsTerminal, Write},
    path::Path,
    sync::Arc,
};

use anstyle::{AnsiColor, Style};
use smol_dev::{
    check::Misfit,
    event::{Event, Question},
    report::{Outcome, Report},
    selection::{Selection, Share},
};

use self::screen::Screen;
use crate::{
    check,
    cli::{Color, ShowArgs},
    dry_run, summary, trials,
    words::{clean, cost, counted, counts, thousands},
};

/// Where events are shown. A copy shows on the same screen.
#[derive(Clone)]
pub struct Face {
    kind: Kind,
    is_verbose: bool,
    /// Whose events these are, where several runs are shown at once.
    variant: Option<Arc<str>>,
}

#[derive(Clone)]
enum Kind {
    Quiet,
    Json,
    Lines,
    Screen(Arc<Screen>),
}

pub const BOLD: Style = Style::new().bold();
pub const DIM: Style = Style::new().dimmed();
pub const GOOD: Style = AnsiColor::Green.on_default();
pub const ODD: Style = AnsiColor::Yellow.on_default();
pub const BAD: Style = AnsiColor::Red.on_default().bold();

impl Face {
    pub fn new(args: &ShowArgs) -> Face {
        match args.color {
            Color::Auto => {}
            Color::Always => anstream::ColorChoice::Always.write_global(),
            Color::Never => anstream::ColorChoice::Never.write_global(),
        }
        let kind = match args {
            ShowArgs { json: true, .. } => Kind::Json,
            ShowArgs { quiet: true, .. } => Kind::Quiet,
            _ if can_move(&std::io::stderr()) => Kind::Screen(Arc::new(Screen::new())),
            _ => Kind::Lines,
        };
        Face { kind, is_verbose: args.verbose, variant: None }
    }

    /// Shows one of several runs at once. Moving lines of all of them would be too many: a line stays where it was
    /// printed, and says whose it is.
    pub fn of_variant(&self, name: &str) -> Face {
        let kind = match &self.kind {
            Kind::Screen(_) => Kind::Lines,
            kind => kind.clone(),
        };
        Face { kind, is_verbose: false, variant: Some(name.into()) }
    }

    pub fn show(&self, event: &Event) {
        if let Event::Piece { question: Question::Diagnosis, text } = event {
            self.data(text);
        }
        match &self.kind {
            Kind::Quiet => {}
            Kind::Json => json(event, self.variant.as_deref()),
            Kind::Lines => {
                for line in lines(event, self.is_verbose) {
                    match &self.variant {
                        Some(variant) => say(&format!("{DIM}{variant}{DIM:#}  {line}")),
                        None => say(&line),
                    }
                }
                if let (true, Event::Piece { question: Question::Plan, text }) = (self.is_verbose, event) {
                    let _ = write!(anstream::stderr(), "{}", clean(text));
                }
            }
            Kind::Screen(screen) => screen.show(event, lines(event, self.is_verbose)),
        }
        if let (true, Event::Proposed { changes }) = (self.is_for_people(), event) {
            let _ = write!(anstream::stdout(), "{}", summary::diffs(changes));
        }
    }

    /// A person's answer to a question, in lower case; `None` if nobody is there to give one.
    pub fn ask(&self, question: &str) -> Option<String> {
        if !self.is_for_people() || !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
            return None;
        }
        let _ = write!(anstream::stderr(), "{question} ");
        let mut answer = String::new();
        let read = std::io::stdin().read_line(&mut answer).ok()?;
        // The end of the input is no consent.
        Some(if read == 0 { "n".to_owned() } else { answer.trim().to_lowercase() })
    }

    /// A part of what was asked for, as it comes; whoever reads JSON finds it in the events.
    pub fn data(&self, text: &str) {
        match &self.kind {
            Kind::Json => {}
            Kind::Lines | Kind::Quiet => print(text),
            Kind::Screen(screen) => screen.data(text),
        }
    }

    /// Whether a person reads along, so that there is something to say to them at the end.
    pub fn is_for_people(&self) -> bool {
        matches!(self.kind, Kind::Lines | Kind::Screen(_))
    }

    /// Whether every line stays where it was printed.
    pub fn is_lines(&self) -> bool {
        matches!(self.kind, Kind::Lines)
    }

    pub fn is_quiet(&self) -> bool {
        matches!(self.kind, Kind::Quiet)
    }

    pub fn is_json(&self) -> bool {
        matches!(self.kind, Kind::Json)
    }

    /// Nothing began. Whoever reads JSON gets a report all the same, as the last line always is one.
    pub fn ended_early(&self, outcome: Outcome, error: Option<&anyhow::Error>) {
        let report = Report { outcome, error: error.map(|error| format!("{error:#}")), ..Report::default() };
        if self.is_json() {
            self.show(&Event::Finished { report: Box::new(report) });
        }
    }

    /// Something to know beside the run.
    pub fn note(&self, words: &str) {
        if self.is_for_people() {
            say(&format!("{ODD}note{ODD:#}   {}", clean(words)));
        }
    }

    /// Something went wrong beside the run.
    pub fn warn(&self, words: &str) {
        say(&format!("{ODD}warning:{ODD:#} {words}"));
    }

    /// The command could not do its work. Advice is not the error.
    pub fn error(&self, error: &anyhow::Error, hint: Option<&str>) {
        say(&format!("{BAD}error:{BAD:#} {}", clean(&format!("{error:#}"))));
        if let Some(hint) = hint {
            say(&format!("{BOLD}hint:{BOLD:#} {hint}"));
        }
    }
}

/// Whether lines can move there: a terminal, and not one that says it is dumb.
fn can_move(stream: &impl IsTerminal) -> bool {
    stream.is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// A line on stderr. Nobody is left to tell when that fails.
pub fn say(line: &str) {
    let _ = writeln!(anstream::stderr(), "{line}");
}

/// To stdout, at once. A reader that has gone does not stop the work.
fn print(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = write!(out, "{}", clean(text)).and_then(|()| out.flush());
}

fn json(event: &Event, variant: Option<&str>) {
    let mut line = serde_json::to_value(event).expect("events are plain data");
    if let Some(variant) = variant {
        line["variant"] = variant.into();
    }
    // A reader that has gone does not stop the work.
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

/// The lines that stay on the screen for this event.
fn lines(event: &Event, is_verbose: bool) -> Vec<String> {
    let line = match event {
        Event::Proposed { changes } => return summary::table(changes),
        Event::Started { model, out, .. } if model.is_empty() => format!("{BOLD}smol{BOLD:#} → {out}/"),
        Event::Started { model, out, .. } => format!("{BOLD}smol{BOLD:#} · {model} → {out}/"),
        Event::Notice { text } => format!("{ODD}note{ODD:#}   {}", clean(text)),
        Event::Sliced { question, window, left_out } => {
            let (window, left_out) = (thousands(*window), left_out.to_string());
            let left_out = clean(&left_out);
            format!(
                "{ODD}note{ODD:#}   {question}: its question does not fit into {window} tokens; left out: {left_out}"
            )
        }
        Event::AskedAgain { question, complaint, .. } => format!("{ODD}again{ODD:#}  {question}: {}", clean(complaint)),
        Event::PlanReady { unreadable: None, files } => {
            format!("{GOOD}plan{GOOD:#}   the contract names {}", counted(*files, "file"))
        }
        Event::PlanReady { unreadable: Some(why), .. } => {
            format!("{ODD}plan{ODD:#}   without a contract that can be read ({}), so the file list leads", clean(why))
        }
        Event::ListReady { files } => format!("{GOOD}list{GOOD:#}   {} to write", counted(files.len(), "file")),
        Event::Checked { misfits, .. } if !misfits.is_empty() => return misfits.iter().map(misfit).collect(),
        Event::Checked { files, .. } => format!("{GOOD}check{GOOD:#}  no misfits in {}", counted(*files, "file")),
        Event::Mended { path, misfits } => format!("{GOOD}mended{GOOD:#} {path}: {}", counted(*misfits, "misfit")),
        Event::NotMended { path, why } => {
            format!("{ODD}kept{ODD:#}   {path}: its first version stays: {}", clean(why))
        }
        Event::Selected { selection, left_out } => return selected(selection, *left_out),
        Event::Running { command, sandbox } => {
            format!("{GOOD}run{GOOD:#}    {}, {}", clean(command), clean(&sandbox.to_string()))
        }
        Event::Tried(tried) => return trials::lines(tried),
        Event::Healed { round, why } => trials::end(*round, why),
        Event::Refused { path, why } => format!("{BAD}refused{BAD:#} '{}' {why}", clean(path)),
        Event::Dropped { path } => format!("{DIM}drop{DIM:#}   {path} is not in the file list"),
        Event::Written { path, lines } => {
            format!("{GOOD}wrote{GOOD:#}  {path}  {DIM}{}{DIM:#}", counted(*lines, "line"))
        }
        Event::Staged { path, lines } => {
            format!("{GOOD}ready{GOOD:#}  {path}  {DIM}{}{DIM:#}", counted(*lines, "line"))
        }
        Event::Merged { path, marked: 0, .. } => format!("{GOOD}merged{GOOD:#} {path}: your changes and the new text"),
        Event::Merged { path, marked, .. } => {
            format!("{ODD}merged{ODD:#} {path}: {} between conflict markers", counted(*marked, "place"))
        }
        Event::Conflict { path, why, .. } => format!("{BAD}clash{BAD:#}  {path}: {why}"),
        Event::Removed { path } => format!("{GOOD}removed{GOOD:#} {path}"),
        Event::Restored { path } => format!("{GOOD}back{GOOD:#}   {path}"),
        Event::Left { path, why, .. } => format!("{ODD}left{ODD:#}   {path}: {why}"),
        Event::Unchanged { path, .. } => format!("{DIM}same{DIM:#}   {path}"),
        Event::Kept { path, why, .. } => format!("{ODD}kept{ODD:#}   {path}: {why}"),
        Event::ModuleFailed { module, why } => {
            format!("{BAD}failed{BAD:#} the module '{}': {}", clean(module), clean(why))
        }
        Event::Failed { path, why } => format!("{BAD}failed{BAD:#} {path}: {}", clean(why)),
        Event::Cut { question, why, kept, .. } => {
            let what = if *kept { "going on from what arrived" } else { "nothing of it can be used" };
            format!("{ODD}cut{ODD:#}    {question}: {}; {what}", clean(why))
        }
        Event::ParameterDropped { parameter, why } => {
            format!("{ODD}drop{ODD:#}   the parameter '{parameter}' is left out: {}", clean(why))
        }
        Event::Chosen(chosen) if is_verbose => dry_run::choice(chosen),
        Event::Retrying { question, why, seconds } => {
            format!("{ODD}retry{ODD:#}  {question} in {seconds:.1} s: {}", clean(why))
        }
        Event::Answered { question, usage } if is_verbose => {
            format!("{DIM}call   {question}: {}, {}{DIM:#}", counts(usage), cost(usage))
        }
        Event::Asked { .. }
        | Event::Diagnosed { .. }
        | Event::Described { .. }
        | Event::Piece { .. }
        | Event::Thinking { .. }
        | Event::Retracted { .. }
        | Event::GaveUp { .. }
        | Event::Answered { .. }
        | Event::Stepped { .. }
        | Event::Chosen(_)
        | Event::Finished { .. } => {
            return Vec::new();
        }
    };
    vec![line]
}

fn misfit(misfit: &Misfit) -> String {
    format!("{ODD}misfit{ODD:#} {}", check::line(misfit, Path::new(".")))
}

/// What goes into a question, and how much of it.
fn selected(selection: &Selection, left_out: usize) -> Vec<String> {
    let room = format!("{} of {} tokens", thousands(selection.tokens), thousands(selection.budget));
    let mut lines = Vec::new();
    for (share, words) in SHARES {
        let paths: Vec<&str> = selection.of(share).map(|chosen| chosen.path.as_str()).collect();
        if paths.is_empty() {
            continue;
        }
        let count = counted(paths.len(), "file");
        // With every file whole there is nothing to wonder about.
        if paths.len() == selection.chosen.len() {
            lines.push(format!("{GOOD}in{GOOD:#}     {count} {words}, {room}"));
            continue;
        }
        let named = paths.iter().take(MOST_NAMED).copied().collect::<Vec<_>>().join(" ");
        let more = match paths.len().checked_sub(MOST_NAMED) {
            None | Some(0) => String::new(),
            Some(more) => format!(" and {more} more (--dry-run lists them)"),
        };
        lines.push(format!("{GOOD}in{GOOD:#}     {count} {words}: {}{more}", clean(&named)));
    }
    if lines.len() > 1 {
        lines.push(format!("{GOOD}in{GOOD:#}     {room}"));
    }
    if left_out > 0 {
        lines.push(format!(
            "{DIM}out    {} left out (--dry-run says why){DIM:#}",
            counted(left_out, "entry").replace("entrys", "entries")
        ));
    }
    lines
}

/// How much of a file goes in, in words.
pub const SHARES: [(Share, &str); 5] = [
    (Share::Whole, "whole"),
    (Share::Lines, "by the lines that the error names"),
    (Share::Signatures, "by signatures"),
    (Share::Name, "by name"),
    (Share::Nothing, "not at all"),
];
/// Files of one kind that are named in a line.
const MOST_NAMED: usize = 20;
