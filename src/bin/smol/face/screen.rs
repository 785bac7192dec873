//! A terminal: the plan as it comes, one moving line per file in flight, one line for the whole.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use console::Term;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use smol_dev::{
    event::{Event, Question},
    plan::PLAN_FILE,
    tokens,
    usage::Usage,
};

use super::{DIM, print};
use crate::words::{clean, counts, money, thousands};

/// Redraws a second, whatever the stream's speed.
const FRAMES: u8 = 15;
/// How often a line moves by itself, so that one sees that it waits.
const TICK: Duration = Duration::from_millis(200);
/// Lines of the terminal that are not for files in flight: the total, and what was said above.
const RESERVED_ROWS: u16 = 6;

pub struct Screen {
    bars: MultiProgress,
    /// The last line of what goes to stdout, as far as it came.
    begun: Mutex<String>,
    state: Mutex<State>,
}

struct State {
    total: ProgressBar,
    answers: BTreeMap<Question, Arriving>,
    /// The last line of the plan, as far as it came.
    plan_line: String,
    files: usize,
    done: usize,
    usage: Usage,
    is_over: bool,
}

/// An answer under way. Those that the terminal has no room for have a hidden line.
struct Arriving {
    line: ProgressBar,
    is_shown: bool,
    since: Option<Instant>,
    tokens: u64,
    thinking: u64,
}

impl Screen {
    pub fn new() -> Screen {
        let bars = MultiProgress::with_draw_target(ProgressDrawTarget::stderr_with_hz(FRAMES));
        Screen { bars, begun: Mutex::default(), state: Mutex::new(State::new()) }
    }

    pub fn show(&self, event: &Event, lines: Vec<String>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::Started { .. } => {
                *state = State::new();
                state.total = self.bars.add(spinner("{elapsed} {wide_msg}"));
                state.total.enable_steady_tick(TICK);
            }
            Event::Asked { question } => self.open(&mut state, question),
            Event::Piece { question, text } => self.advance(&mut state, question, text),
            Event::Thinking { question, tokens } => {
                if let Some(arriving) = state.answers.get_mut(question) {
                    arriving.thinking += tokens;
                    let thinking = thousands(arriving.thinking);
                    arriving.line.set_message(format!("{}  {DIM}thinking, {thinking} tokens{DIM:#}", name(question)));
                }
            }
            Event::Retracted { question } => {
                if let Some(arriving) = state.answers.get_mut(question) {
                    arriving.tokens = 0;
                }
            }
            Event::Answered { question, usage } => {
                state.usage += *usage;
                self.close(&mut state, question);
            }
            Event::Cut { question, usage, .. } => {
                state.usage += *usage;
                self.close(&mut state, question);
            }
            Event::ListReady { files } => state.files = files.len(),
            Event::Staged { path, .. }
            | Event::Written { path, .. }
            | Event::Unchanged { path, .. }
            | Event::Kept { path, .. }
            | Event::Failed { path, .. } => {
                // The plan is not one of the list's files, of which some may be done before it stands.
                state.done += usize::from(path.as_str() != PLAN_FILE);
                self.close(&mut state, &Question::File(path.clone()));
            }
            Event::ModuleFailed { module, .. } => self.close(&mut state, &Question::Module(module.clone())),
            Event::Dropped { path } => self.close(&mut state, &Question::File(path.clone())),
            // Nothing moves any more: a question may follow, or the end.
            Event::Proposed { .. } | Event::Finished { .. } => {
                state.is_over = true;
                for (_, arriving) in std::mem::take(&mut state.answers) {
                    arriving.line.finish_and_clear();
                }
                state.total.finish_and_clear();
                let _ = self.bars.clear();
            }
            Event::Notice { .. }
            | Event::Sliced { .. }
            | Event::Selected { .. }
            | Event::Diagnosed { .. }
            | Event::Running { .. }
            | Event::Tried(_)
            | Event::Healed { .. }
            | Event::Described { .. }
            | Event::ParameterDropped { .. }
            | Event::Stepped { .. }
            | Event::Chosen(_)
            | Event::Retrying { .. }
            | Event::AskedAgain { .. }
            | Event::GaveUp { .. }
            | Event::PlanReady { .. }
            | Event::Merged { .. }
            | Event::Conflict { .. }
            | Event::Removed { .. }
            | Event::Restored { .. }
            | Event::Left { .. }
            | Event::Checked { .. }
            | Event::Mended { .. }
            | Event::NotMended { .. }
            | Event::Refused { .. } => {}
        }
        if !state.is_over {
            state.total.set_message(state.total_line());
        }
        for line in lines {
            self.print(&line);
        }
    }

    /// Prints to stdout, with the moving lines out of the way: by whole lines, since those are drawn below them.
    pub fn data(&self, text: &str) {
        let mut begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        begun.push_str(text);
        let whole = begun.rfind('\n').map_or(0, |newline| newline + 1);
        if whole > 0 {
            let lines: String = begun.drain(..whole).collect();
            self.bars.suspend(|| print(&lines));
        }
    }

    /// Prints above the moving lines.
    fn print(&self, line: &str) {
        let styled = match anstream::stderr().current_choice() {
            anstream::ColorChoice::Never => anstream::adapter::strip_str(line).to_string(),
            _ => line.to_owned(),
        };
        let _ = self.bars.println(styled);
    }

    fn open(&self, state: &mut State, question: &Question) {
        let (rows, _) = Term::stderr().size();
        let is_shown = state.answers.values().filter(|arriving| arriving.is_shown).count()
            < usize::from(rows.saturating_sub(RESERVED_ROWS));
        let line = match is_shown {
            true => self.bars.insert_before(&state.total, spinner("{spinner} {wide_msg}")),
            false => ProgressBar::hidden(),
        };
        line.enable_steady_tick(TICK);
        line.set_message(format!("{question}  waiting"));
        state.answers.insert(question.clone(), Arriving { line, is_shown, since: None, tokens: 0, thinking: 0 });
    }

    fn advance(&self, state: &mut State, question: &Question, text: &str) {
        if *question == Question::Plan {
            state.plan_line.push_str(text);
            while let Some(end) = state.plan_line.find('\n') {
                let line: String = state.plan_line.drain(..=end).collect();
                self.print(&format!("{DIM}  {}{DIM:#}", clean(line.trim_end())));
            }
        }
        let Some(arriving) = state.answers.get_mut(question) else { return };
        arriving.tokens += tokens::estimate(text);
        let seconds = arriving.since.get_or_insert_with(Instant::now).elapsed().as_secs_f64();
        let speed =
            if seconds > 0.5 { format!("  {:.0} tokens/s", arriving.tokens as f64 / seconds) } else { String::new() };
        arriving.line.set_message(format!("{}  {} tokens{speed}", name(question), thousands(arriving.tokens)));
    }

    fn close(&self, state: &mut State, question: &Question) {
        if let Some(arriving) = state.answers.remove(question) {
            arriving.line.finish_and_clear();
            self.bars.remove(&arriving.line);
        }
        if *question == Question::Plan && !state.plan_line.is_empty() {
            let line = std::mem::take(&mut state.plan_line);
            self.print(&format!("{DIM}  {}{DIM:#}", clean(&line)));
        }
    }
}

impl State {
    fn new() -> State {
        let total = ProgressBar::hidden();
        let (answers, plan_line, usage) = (BTreeMap::new(), String::new(), Usage::NONE);
        State { total, answers, plan_line, files: 0, done: 0, usage, is_over: false }
    }

    fn total_line(&self) -> String {
        let arriving: u64 = self.answers.values().map(|arriving| arriving.tokens).sum();
        let hidden = self.answers.values().filter(|arriving| !arriving.is_shown).count();
        let mut parts = Vec::new();
        if self.files > 0 {
            parts.push(format!("{} of {} files", self.done.min(self.files), self.files));
        }
        if hidden > 0 {
            parts.push(format!("{hidden} more in flight"));
        }
        parts.push(counts(&Usage { output: self.usage.output + arriving, ..self.usage }));
        parts.extend(self.usage.cost.filter(|cost| *cost > 0.0).map(money));
        format!("· {}", parts.join(" · "))
    }
}

fn name(question: &Question) -> String {
    match question {
        Question::File(path) | Question::Repair(path) => path.to_string(),
        Question::Plan
        | Question::FileList
        | Question::Module(_)
        | Question::Clash(_)
        | Question::Diagnosis
        | Question::Fixes
        | Question::Healing
        | Question::Part(_)
        | Question::Description => question.to_string(),
    }
}

fn spinner(template: &str) -> ProgressBar {
    let style = ProgressStyle::with_template(template).expect("the templates are written here");
    ProgressBar::new_spinner().with_style(style)
}
