//! How a run looks: lines for pipes, moving lines for terminals, JSON for programs, nothing for `-q`.

mod screen;

use std::{
    io::{IsTerminal, Write},
    sync::Arc,
};

use anstyle::{AnsiColor, Style};
use smol_dev::{
    event::{Event, Question},
    report::{Outcome, Report},
};

use self::screen::Screen;
use crate::{
    cli::{Color, ShowArgs},
    words::{clean, counted},
};

/// Where events are shown. A copy shows on the same screen.
#[derive(Clone)]
pub struct Face {
    kind: Kind,
    is_verbose: bool,
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
        Face { kind, is_verbose: args.verbose }
    }

    pub fn show(&self, event: &Event) {
        match &self.kind {
            Kind::Quiet => {}
            Kind::Json => json(event),
            Kind::Lines => {
                for line in lines(event, self.is_verbose) {
                    say(&line);
                }
                if let (true, Event::Piece { question: Question::Plan, text }) = (self.is_verbose, event) {
                    let _ = write!(anstream::stderr(), "{}", clean(text));
                }
            }
            Kind::Screen(screen) => screen.show(event, lines(event, self.is_verbose)),
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
    pub fn ended_early(&self, error: &anyhow::Error) {
        let report = Report { outcome: Outcome::Failed, error: Some(format!("{error:#}")), ..Report::default() };
        if self.is_json() {
            self.show(&Event::Finished { report: Box::new(report) });
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

fn json(event: &Event) {
    let line = serde_json::to_string(event).expect("events are plain data");
    // A reader that has gone does not stop the work.
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

/// The lines that stay on the screen for this event.
fn lines(event: &Event, is_verbose: bool) -> Vec<String> {
    let line = match event {
        Event::Started { model, out, .. } => format!("{BOLD}smol{BOLD:#} · {model} → {out}/"),
        Event::Notice { text } => format!("{ODD}note{ODD:#}   {}", clean(text)),
        Event::AskedAgain { question, complaint } => format!("{ODD}again{ODD:#}  {question}: {}", clean(complaint)),
        Event::PlanReady { unreadable: None, files } => {
            format!("{GOOD}plan{GOOD:#}   the contract names {}", counted(*files, "file"))
        }
        Event::PlanReady { unreadable: Some(why), .. } => {
            format!("{ODD}plan{ODD:#}   without a contract that can be read ({}), so the file list leads", clean(why))
        }
        Event::ListReady { files } => format!("{GOOD}list{GOOD:#}   {} to write", counted(files.len(), "file")),
        Event::Refused { path, why } => format!("{BAD}refused{BAD:#} '{}' {why}", clean(path)),
        Event::Dropped { path } => format!("{DIM}drop{DIM:#}   {path} is not in the file list"),
        Event::Written { path, lines } => {
            format!("{GOOD}wrote{GOOD:#}  {path}  {DIM}{}{DIM:#}", counted(*lines, "line"))
        }
        Event::Unchanged { path, .. } => format!("{DIM}same{DIM:#}   {path}"),
        Event::Kept { path, why, .. } => format!("{ODD}kept{ODD:#}   {path}: {why}"),
        Event::Failed { path, why } => format!("{BAD}failed{BAD:#} {path}: {}", clean(why)),
        Event::Cut { question, why, kept, .. } => {
            let what = if *kept { "going on from what arrived" } else { "nothing of it can be used" };
            format!("{ODD}cut{ODD:#}    {question}: {}; {what}", clean(why))
        }
        Event::Retrying { question, why, seconds } => {
            format!("{ODD}retry{ODD:#}  {question} in {seconds:.1} s: {}", clean(why))
        }
        Event::Answered { question, usage } if is_verbose => {
            format!(
                "{DIM}call   {question}: {} tokens in, {} cached, {} out{DIM:#}",
                usage.input, usage.cached, usage.output
            )
        }
        Event::Asked { .. }
        | Event::Piece { .. }
        | Event::Thinking { .. }
        | Event::Retracted { .. }
        | Event::Answered { .. }
        | Event::Finished { .. } => {
            return Vec::new();
        }
    };
    vec![line]
}
