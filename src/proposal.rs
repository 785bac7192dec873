//! What a run would do to an existing project, before any of it is done: weighed file by file, shown, agreed to. Pure.

use serde::{Deserialize, Serialize};
use similar::TextDiff;

use crate::{
    merge::{Merge, merge},
    path::RelPath,
};

/// Everything that a run would do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proposal {
    pub changes: Vec<Change>,
}

/// What would become of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub path: RelPath,
    pub what: What,
    /// What stands there now.
    pub present: Option<Vec<u8>>,
    /// What would stand there; `None` if nothing would, or nothing new.
    pub after: Option<String>,
    /// The text as the model gave it.
    pub text: Option<String>,
}

/// How a file fares.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "what")]
pub enum What {
    New,
    /// Untouched since smol wrote it, so the new text takes its place.
    Changed,
    /// Changed by a person, and the new text goes together with that.
    Merged,
    /// Changed by a person, and the new text does not go together with that.
    Conflict {
        why: String,
        hunks: Vec<String>,
    },
    /// Not in the file list any more, and untouched since smol wrote it.
    Removed,
    /// A person's file, which stays as it is.
    Kept {
        why: String,
    },
    Unchanged,
    /// The disk does not let itself be read there.
    Failed {
        why: String,
    },
}

/// A line of the summary.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Foreseen {
    pub path: RelPath,
    #[serde(flatten)]
    pub what: What,
    /// Lines.
    pub added: usize,
    pub removed: usize,
    pub needs_consent: bool,
    /// In the unified format; only where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub diff: Option<String>,
}

/// What a person has agreed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consent {
    Everything,
    /// What touches nobody's work: new files, and the replacement of those that nobody has changed.
    Undisputed,
    Nothing,
}

/// What is known of a file that a new text is for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Known<'a> {
    /// Whether its bytes are those that smol wrote, or that smol had waiting for that place.
    pub is_smols: bool,
    /// Whether smol ever wrote it.
    pub was_smols: bool,
    /// The text that smol wrote last.
    pub base: Option<&'a str>,
}

impl Proposal {
    /// Whether nothing would be different afterwards.
    pub fn is_empty(&self) -> bool {
        self.changes.iter().all(|change| change.what == What::Unchanged)
    }

    /// Whether any file of the project would be another one afterwards.
    pub fn touches_files(&self) -> bool {
        let touches = |what: &What| matches!(what, What::New | What::Changed | What::Merged | What::Removed);
        self.changes.iter().any(|change| touches(&change.what))
    }

    /// Whether anything of it touches a person's work, or removes something.
    pub fn needs_consent(&self) -> bool {
        self.changes.iter().any(|change| change.what.needs_consent())
    }

    /// The summary; with the differences where `wants_diff` says so.
    pub fn summary(&self, diffs: Diffs) -> Vec<Foreseen> {
        self.changes.iter().map(|change| change.foreseen(diffs)).collect()
    }
}

/// Whether a summary has the differences in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Diffs {
    Whole,
    Counted,
}

impl What {
    pub fn needs_consent(&self) -> bool {
        matches!(self, What::Merged | What::Removed)
    }
}

impl Change {
    /// What becomes of the file at `path` when `text` is to be written there; `present` is its bytes, if there is one.
    pub fn of_text(path: RelPath, text: String, present: Option<Vec<u8>>, known: Known) -> Change {
        let (what, after) = match &present {
            None => (What::New, Some(text.clone())),
            Some(bytes) if bytes == text.as_bytes() => (What::Unchanged, None),
            Some(_) if known.is_smols => (What::Changed, Some(text.clone())),
            Some(_) if !known.was_smols => (What::Kept { why: "it was there before smol wrote it".to_owned() }, None),
            Some(bytes) => joined(bytes, &text, known.base),
        };
        Change { path, what, present, after, text: Some(text) }
    }

    /// What becomes of a file that smol once wrote and that the file list does not have any more.
    pub fn of_removal(path: RelPath, present: Vec<u8>, known: Known) -> Change {
        let what = match () {
            () if !known.is_smols => What::Kept {
                why: "it is no longer in the file list, but it was changed since smol wrote it".to_owned(),
            },
            () if path.is_binary() || text_of(&present).is_none() => {
                What::Kept { why: "it is no longer in the file list, but it is no text".to_owned() }
            }
            () => What::Removed,
        };
        Change { path, what, present: Some(present), after: None, text: None }
    }

    /// The same where something else than a file stands, which stays.
    pub fn of_removal_blocked(path: RelPath, why: &str) -> Change {
        let why = format!("it is no longer in the file list, but {why}");
        Change { path, what: What::Kept { why }, present: None, after: None, text: None }
    }

    /// A file that stays as it is, for this reason.
    pub fn kept(path: RelPath, text: String, why: &str) -> Change {
        Change { path, what: What::Kept { why: why.to_owned() }, present: None, after: None, text: Some(text) }
    }

    pub fn failed(path: RelPath, text: String, why: String) -> Change {
        Change { path, what: What::Failed { why }, present: None, after: None, text: Some(text) }
    }

    fn foreseen(&self, diffs: Diffs) -> Foreseen {
        let present = String::from_utf8_lossy(self.present.as_deref().unwrap_or_default());
        let after = match self.what {
            What::Removed => Some(""),
            // What waits is shown against what is there.
            What::Conflict { .. } => self.text.as_deref(),
            What::Kept { .. } | What::Unchanged | What::Failed { .. } => None,
            What::New | What::Changed | What::Merged => self.after.as_deref(),
        };
        let diff = TextDiff::from_lines(present.as_ref(), after.unwrap_or(&present));
        let count = |tag| diff.iter_all_changes().filter(|change| change.tag() == tag).count();
        let path = self.path.as_str();
        let whole =
            || diff.unified_diff().context_radius(3).header(&format!("a/{path}"), &format!("b/{path}")).to_string();
        Foreseen {
            path: self.path.clone(),
            what: self.what.clone(),
            added: count(similar::ChangeTag::Insert),
            removed: count(similar::ChangeTag::Delete),
            needs_consent: self.what.needs_consent(),
            diff: (diffs == Diffs::Whole && after.is_some()).then(whole),
        }
    }
}

/// A person's changes and the new text, together if they go together.
fn joined(bytes: &[u8], text: &str, base: Option<&str>) -> (What, Option<String>) {
    let conflict = |why: &str, hunks| (What::Conflict { why: why.to_owned(), hunks }, None);
    let Some(mine) = text_of(bytes) else {
        return conflict("it was changed since smol wrote it, and is no text in UTF-8 now", Vec::new());
    };
    let Some(base) = base else {
        return conflict("it was changed since smol wrote it, and what smol wrote is gone from its memory", Vec::new());
    };
    match merge(base, mine, text) {
        Merge::Clean(merged) if merged == mine => (What::Unchanged, None),
        Merge::Clean(merged) => (What::Merged, Some(merged)),
        Merge::Clash { hunks, .. } => conflict("you and the new text changed the same lines", hunks),
    }
}

/// Bytes that can be merged by lines.
pub(crate) fn text_of(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok().filter(|text| !text.contains('\0'))
}
