//! Everything that happens in a run, as data. The library prints nothing: terminal, JSON lines and reports read this.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use serde::{Deserialize, Serialize};

use crate::{
    check::Misfit,
    heal::Tried,
    lineage::Reason,
    model::provider::Rung,
    patch::Block,
    path::RelPath,
    proposal::Foreseen,
    report::{Outcome, Report},
    sandbox::Sandbox,
    selection::Selection,
    slice::LeftOut,
    tree::Tree,
    usage::Usage,
};

/// What is asked of the model.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Question {
    Plan,
    FileList,
    /// The contract of one module of a plan.
    Module(String),
    /// What of it clashes with the others, once more.
    Clash(String),
    File(RelPath),
    /// A file that does not fit the others, once more.
    Repair(RelPath),
    /// What is wrong with a codebase.
    Diagnosis,
    /// The fixes that did not fit, once more.
    Fixes,
    /// What makes the project's own command fail.
    Healing,
    /// What a part of a codebase does.
    Part(String),
    /// The spec that would make a codebase.
    Description,
}

/// Whether a file is asked for: it is, if there is a reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chosen {
    pub path: RelPath,
    pub reasons: Vec<Reason>,
    /// What has changed and was not taken for a reason, because nobody said so.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kept_despite: Vec<Reason>,
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// The run begins. `out` is the output directory as it was given.
    Started {
        run: String,
        model: String,
        out: String,
    },
    /// Something that a person should know and that is no failure.
    Notice {
        text: String,
    },
    Asked {
        question: Question,
    },
    /// More of an answer arrived.
    Piece {
        question: Question,
        text: String,
    },
    /// The model said so much to itself.
    Thinking {
        question: Question,
        tokens: u64,
    },
    /// What came of the answer until now was thinking: it does not count.
    Retracted {
        question: Question,
    },
    /// The answer could not be used, for this reason; the question is put once more. `wasted` is its length in tokens.
    AskedAgain {
        question: Question,
        complaint: String,
        #[serde(default)]
        wasted: u64,
    },
    /// Nor could the answer that came then.
    GaveUp {
        question: Question,
        complaint: String,
        wasted: u64,
    },
    Answered {
        question: Question,
        usage: Usage,
    },
    /// An answer was cut after a part of it had arrived. `usage` is what it has used all the same; `kept` says whether that
    /// part is gone on from.
    Cut {
        question: Question,
        why: String,
        usage: Usage,
        kept: bool,
    },
    /// The call failed for this reason and is tried again after a wait of so many seconds.
    Retrying {
        question: Question,
        why: String,
        seconds: f64,
    },
    /// The service refused this parameter, in these words; it is left out from here on.
    ParameterDropped {
        parameter: String,
        why: String,
    },
    /// The list was asked for in this way with success, after a better one was refused.
    Stepped {
        rung: Rung,
    },
    /// The question does not fit into the model's window, of so many tokens, so it is put without these parts.
    Sliced {
        question: Question,
        window: u64,
        left_out: LeftOut,
    },
    /// The plan stands. Without a contract in it the file list leads; `unreadable` says why.
    PlanReady {
        files: usize,
        unreadable: Option<String>,
    },
    /// The list stands: these files are written, and no other.
    ListReady {
        files: Vec<RelPath>,
    },
    /// Whether a file is asked for, and why.
    Chosen(Chosen),
    /// A path that the model named and that is not written.
    Refused {
        path: String,
        why: String,
    },
    /// A module of the plan has no contract, so none of its files is written.
    ModuleFailed {
        module: String,
        why: String,
    },
    /// A file of the plan that the list did not confirm.
    Dropped {
        path: RelPath,
    },
    /// The file is done and waits for the others: over an existing project they are written as one.
    Staged {
        path: RelPath,
        lines: usize,
    },
    /// What would be done to an existing project. Nothing of it is done yet.
    Proposed {
        changes: Vec<Foreseen>,
    },
    Written {
        path: RelPath,
        lines: usize,
    },
    /// A person's changes and the new text together; so many places have both between conflict markers.
    Merged {
        path: RelPath,
        lines: usize,
        marked: usize,
    },
    /// A person changed the same lines as the new text, which is at `waits_at`, below the output directory. The hunks
    /// have the person's lines after `-` and the new ones after `+`.
    Conflict {
        path: RelPath,
        waits_at: String,
        why: String,
        hunks: Vec<String>,
    },
    /// A file of smol's that the file list no longer has.
    Removed {
        path: RelPath,
    },
    /// A file is again what it was before the run that was taken back.
    Restored {
        path: RelPath,
    },
    /// Not done, because it needs a person's consent. The new text, if there is one, is at `waits_at`.
    Left {
        path: RelPath,
        waits_at: Option<String>,
        why: String,
    },
    /// The file already held this very text.
    Unchanged {
        path: RelPath,
        lines: usize,
    },
    /// The file on disk is a person's and stays; the new text, if there is one, is at `waits_at`, below the output
    /// directory.
    Kept {
        path: RelPath,
        waits_at: Option<String>,
        why: String,
    },
    Failed {
        path: RelPath,
        why: String,
    },
    /// So many files were checked against each other as they will stand, and this certainly does not fit. Told again when
    /// files were mended, with what remains.
    Checked {
        files: usize,
        misfits: Vec<Misfit>,
    },
    /// A new version of the file is taken, with which so many misfits are gone.
    Mended {
        path: RelPath,
        misfits: usize,
    },
    /// The first version stays, for this reason.
    NotMended {
        path: RelPath,
        why: String,
    },
    /// This is what goes into the question of a codebase; `left_out` counts what does not belong to it.
    Selected {
        selection: Box<Selection>,
        left_out: usize,
    },
    /// What is wrong, and how to mend it.
    Diagnosed {
        text: String,
        fixes: Vec<Block>,
    },
    /// The project's own command is run, in this sandbox.
    Running {
        command: String,
        sandbox: Sandbox,
    },
    /// It was run, and this came of it.
    Tried(Box<Tried>),
    /// No other round follows, for this reason; the state of this one stands.
    Healed {
        round: usize,
        why: String,
    },
    /// The spec that would make the codebase.
    Described {
        text: String,
    },
    /// The run ends; nothing comes after this.
    Finished {
        report: Box<Report>,
    },
}

/// Where events go: to one listener, and into the report that is the sum of them.
#[derive(Clone)]
pub struct Events {
    listener: Arc<dyn Fn(&Event) + Send + Sync>,
    report: Arc<Mutex<Report>>,
}

impl Events {
    /// Sends every event to `listener`, which is called from many tasks and must not block for long.
    pub fn to(listener: impl Fn(&Event) + Send + Sync + 'static) -> Events {
        Events { listener: Arc::new(listener), report: Arc::default() }
    }

    /// The run begins.
    pub fn start(&self, run: &str, model: &str, out: &str) {
        self.emit(Event::Started { run: run.to_owned(), model: model.to_owned(), out: out.to_owned() });
    }

    /// The run ends in this way after this many seconds of wall time; nothing may be emitted afterwards.
    pub fn finish(&self, outcome: Outcome, error: Option<String>, seconds: f64) -> Report {
        let report = Report { outcome, error, seconds, ..self.report() };
        self.emit(Event::Finished { report: Box::new(report.clone()) });
        report
    }

    /// Something that a person should know.
    pub fn notice(&self, text: impl Into<String>) {
        self.emit(Event::Notice { text: text.into() });
    }

    /// This goes into the question.
    pub fn select(&self, selection: &Selection, tree: &Tree) {
        self.emit(Event::Selected { selection: Box::new(selection.clone()), left_out: tree.left_out.len() });
    }

    /// A fix that has no place.
    pub fn refuse(&self, path: &str, why: &str) {
        self.emit(Event::Refused { path: path.to_owned(), why: why.to_owned() });
    }

    pub(crate) fn failed(&self, path: &RelPath, why: &str) {
        self.emit(Event::Failed { path: path.clone(), why: why.to_owned() });
    }

    pub(crate) fn emit(&self, event: Event) {
        self.report.lock().unwrap_or_else(PoisonError::into_inner).add(&event);
        (self.listener)(&event);
    }

    /// What has happened so far, summed up.
    pub fn report(&self) -> Report {
        self.report.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl fmt::Display for Question {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Question::Plan => f.write_str("the plan"),
            Question::FileList => f.write_str("the file list"),
            Question::Module(name) => write!(f, "the contract of the module '{name}'"),
            Question::Clash(name) => write!(f, "the clash of the module '{name}'"),
            Question::File(path) => write!(f, "'{path}'"),
            Question::Repair(path) => write!(f, "the repair of '{path}'"),
            Question::Diagnosis => f.write_str("the diagnosis"),
            Question::Fixes => f.write_str("the fixes"),
            Question::Healing => f.write_str("the cause of the failure"),
            Question::Part(name) => write!(f, "what '{name}' does"),
            Question::Description => f.write_str("the description"),
        }
    }
}
