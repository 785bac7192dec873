//! The sum of a run's events: what was written, what was not and why, what it cost. Half a success is a value.

use serde::{Deserialize, Serialize};

use crate::{
    check::Misfit,
    event::{Chosen, Event, Question},
    heal::Tried,
    model::service::Habits,
    path::RelPath,
    slice::LeftOut,
    usage::Usage,
};

/// What a run has done.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Report {
    pub run: String,
    pub model: String,
    pub out: String,
    pub outcome: Outcome,
    /// Why it could not go on, if it could not.
    pub error: Option<String>,
    /// Files that the list names; empty until it stands.
    pub files: Vec<RelPath>,
    /// Why each of them was asked for, or was not.
    #[serde(default)]
    pub chosen: Vec<Chosen>,
    pub written: Vec<Written>,
    pub unchanged: Vec<Written>,
    pub merged: Vec<Merged>,
    pub conflicts: Vec<Conflict>,
    pub removed: Vec<RelPath>,
    pub restored: Vec<RelPath>,
    pub left: Vec<Kept>,
    pub kept: Vec<Kept>,
    pub failed: Vec<Failed>,
    /// Modules of the plan without a contract, so that none of their files was written.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failed_modules: Vec<FailedModule>,
    pub refused: Vec<Refused>,
    pub dropped: Vec<RelPath>,
    /// How the project's own command fared, round by round; the first is without any fix.
    #[serde(default)]
    pub trials: Vec<Tried>,
    /// Whose state stands, and why no other round followed; `None` if nothing was to be healed.
    #[serde(default)]
    pub healed: Option<Healed>,
    /// What does not fit across the files, as they stand in the end.
    #[serde(default)]
    pub misfits: Vec<Misfit>,
    /// Files that were written once more since they did not fit.
    #[serde(default)]
    pub mended: Vec<Mended>,
    /// Files of which that came to nothing, and why.
    #[serde(default)]
    pub not_mended: Vec<Failed>,
    pub notices: Vec<String>,
    /// Questions that did not fit into the model's window as a whole.
    #[serde(default)]
    pub sliced: Vec<Sliced>,
    /// Parameters that the service refused, and how it was asked for the list where a better way was refused.
    #[serde(default)]
    pub habits: Habits,
    /// Calls whose answer came to its end.
    pub calls: usize,
    /// Answers that were cut after a part of them had arrived.
    pub cut: usize,
    /// Calls that were tried again.
    pub retries: usize,
    /// Answers that could not be used, so that the question was put once more.
    #[serde(default)]
    pub asked_again: usize,
    /// Tokens of answers that were thrown away.
    pub wasted: u64,
    pub usage: Usage,
    /// Wall time of the run, in seconds.
    pub seconds: f64,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Every file that was asked for has its text, or is a person's and was left alone.
    #[default]
    Complete,
    /// It came to its end, but some files are missing, do not fit, or wait for a person's word.
    Partial,
    /// Nothing could be done, or not to the end; the reason was said.
    Failed,
    Interrupted,
    /// The next call could have passed what the run may cost.
    OverBudget,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    pub path: RelPath,
    pub lines: usize,
}

/// A file in which a person's changes and the new text are together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Merged {
    pub path: RelPath,
    pub lines: usize,
    /// Places that have both between conflict markers.
    pub marked: usize,
}

/// A person's file that the new text does not go together with, where, and where that text is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conflict {
    pub path: RelPath,
    pub waits_at: String,
    pub why: String,
    pub hunks: Vec<String>,
}

/// A file that was left alone, and where the new text for it is, if there is one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    pub path: RelPath,
    pub waits_at: Option<String>,
    pub why: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failed {
    pub path: RelPath,
    pub why: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Healed {
    pub round: usize,
    pub why: String,
}

/// A file that fits better in its second version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mended {
    pub path: RelPath,
    /// How many misfits are gone with the first one.
    pub misfits: usize,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedModule {
    pub module: String,
    pub why: String,
}

/// A question that was put without parts of spec and plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sliced {
    pub question: Question,
    /// Tokens that the model takes.
    pub window: u64,
    pub left_out: LeftOut,
}

/// A path as the model wrote it, which nothing is written to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    pub path: String,
    pub why: String,
}

impl Report {
    /// Adds one event.
    pub(crate) fn add(&mut self, event: &Event) {
        match event {
            Event::Started { run, model, out } => {
                let (run, model, out) = (run.clone(), model.clone(), out.clone());
                *self = Report { run, model, out, ..Report::default() };
            }
            Event::Notice { text } => self.notices.push(text.clone()),
            Event::Sliced { question, window, left_out } => {
                let (question, left_out) = (question.clone(), left_out.clone());
                self.sliced.push(Sliced { question, window: *window, left_out });
            }
            Event::Answered { usage, .. } => {
                self.calls += 1;
                self.usage += *usage;
            }
            Event::Cut { usage, kept, .. } => {
                self.cut += 1;
                self.usage += *usage;
                self.wasted += if *kept { 0 } else { usage.output };
            }
            Event::AskedAgain { wasted, .. } => {
                self.asked_again += 1;
                self.wasted += wasted;
            }
            Event::GaveUp { wasted, .. } => self.wasted += wasted,
            Event::Retrying { .. } => self.retries += 1,
            Event::Chosen(chosen) => self.chosen.push(chosen.clone()),
            Event::ListReady { files } => self.files = files.clone(),
            Event::Refused { path, why } => self.refused.push(Refused { path: path.clone(), why: why.clone() }),
            Event::Dropped { path } => self.dropped.push(path.clone()),
            Event::Written { path, lines } => {
                // A file that was mended is written a second time.
                self.written.retain(|written| written.path != *path);
                self.written.push(Written { path: path.clone(), lines: *lines });
            }
            Event::Checked { misfits, .. } => self.misfits = misfits.clone(),
            Event::Mended { path, misfits } => {
                self.mended.push(Mended { path: path.clone(), misfits: *misfits });
            }
            Event::NotMended { path, why } => self.not_mended.push(Failed { path: path.clone(), why: why.clone() }),
            Event::Unchanged { path, lines } => self.unchanged.push(Written { path: path.clone(), lines: *lines }),
            Event::Merged { path, lines, marked } => {
                self.merged.push(Merged { path: path.clone(), lines: *lines, marked: *marked });
            }
            Event::Conflict { path, waits_at, why, hunks } => {
                let (path, waits_at, why) = (path.clone(), waits_at.clone(), why.clone());
                self.conflicts.push(Conflict { path, waits_at, why, hunks: hunks.clone() });
            }
            Event::Removed { path } => self.removed.push(path.clone()),
            Event::Restored { path } => self.restored.push(path.clone()),
            Event::Left { path, waits_at, why } => {
                self.left.push(Kept { path: path.clone(), waits_at: waits_at.clone(), why: why.clone() });
            }
            Event::Kept { path, waits_at, why } => {
                self.kept.push(Kept { path: path.clone(), waits_at: waits_at.clone(), why: why.clone() });
            }
            Event::Failed { path, why } => self.failed.push(Failed { path: path.clone(), why: why.clone() }),
            Event::Tried(tried) => self.trials.push((**tried).clone()),
            Event::Healed { round, why } => self.healed = Some(Healed { round: *round, why: why.clone() }),
            Event::ModuleFailed { module, why } => {
                self.failed_modules.push(FailedModule { module: module.clone(), why: why.clone() });
            }
            Event::ParameterDropped { parameter, .. } => drop(self.habits.refused.insert(parameter.clone())),
            Event::Stepped { rung } => self.habits.list = Some(*rung),
            Event::Asked { .. }
            | Event::Piece { .. }
            | Event::Thinking { .. }
            | Event::Retracted { .. }
            | Event::PlanReady { .. }
            | Event::Selected { .. }
            | Event::Diagnosed { .. }
            | Event::Running { .. }
            | Event::Described { .. }
            | Event::Staged { .. }
            | Event::Proposed { .. }
            | Event::Finished { .. } => {}
        }
    }

    /// Whether the command fails in the state that stands in the end.
    pub fn is_red(&self) -> bool {
        self.standing_trial().is_some_and(|trial| !trial.verdict.is_green)
    }

    /// The trial of the state that stands.
    pub fn standing_trial(&self) -> Option<&Tried> {
        let round = self.healed.as_ref().map_or(0, |healed| healed.round);
        self.trials.iter().find(|trial| trial.round == round)
    }

    /// Whether what the run made of this file stands on disk, or waits there for its person.
    pub fn has_landed(&self, path: &RelPath) -> bool {
        let stand = self.written.iter().chain(&self.unchanged).map(|file| &file.path);
        let joined = self.merged.iter().map(|file| &file.path).chain(self.conflicts.iter().map(|file| &file.path));
        stand.chain(joined).chain(self.kept.iter().map(|kept| &kept.path)).any(|landed| landed == path)
    }

    /// The outcome of a run that came to its end by itself.
    pub fn verdict(&self) -> Outcome {
        if self.has_every_file() && self.misfits.is_empty() && !self.is_red() {
            Outcome::Complete
        } else {
            Outcome::Partial
        }
    }

    /// Whether nothing is missing and nothing waits for a person's word, whether or not it fits.
    pub fn has_every_file(&self) -> bool {
        self.failed.is_empty()
            && self.failed_modules.is_empty()
            && self.refused.is_empty()
            && self.conflicts.is_empty()
            && self.left.is_empty()
            && self.merged.iter().all(|merged| merged.marked == 0)
    }
}
