//! Takes back the last run, as far as nobody has changed its files since.

use anyhow::Result;

use super::{
    Landing, Workspace,
    commit::Draft,
    disk,
    record::{Entry, Record},
    transaction::{Outcome, Purpose, STAGE, Step, hash_of},
};
use crate::path::RelPath;

/// What to do when some files of the run were changed since.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rest {
    /// Take nothing back.
    Stays,
    /// Take back all others.
    TakenBack,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Undone {
    /// There is no run to take back.
    Nothing,
    /// Nothing was taken back, because these were changed since.
    Refused(Vec<RelPath>),
    /// What became of each file of that run.
    TakenBack { run: String, files: Vec<(RelPath, Landing)> },
}

/// Why a file is not taken back.
const CHANGED: &str = "it was changed since";

impl Workspace {
    /// Takes back the last run, to the byte.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn undo(&self, rest: Rest) -> Result<Undone> {
        let Some(record) = Record::open(&self.memory)? else { return Ok(Undone::Nothing) };
        let mut draft = Draft::default();
        let mut changed = Vec::new();
        for entry in &record.entries {
            let standing = self.state().manifest.standing(&entry.path);
            match self.present(entry) {
                Found::AsBefore => draft.notes.push((entry.path.clone(), entry.was.clone())),
                Found::AsLeft => draft.steps.push(Step {
                    path: entry.path.clone(),
                    old: entry.after.clone(),
                    new: entry.before.clone(),
                    source: entry.saved.clone(),
                    saved: format!("{STAGE}/{}", draft.steps.len()),
                    done: entry.was.clone(),
                    not_done: standing,
                }),
                Found::Changed => changed.push(entry.path.clone()),
            }
        }
        if !changed.is_empty() && rest == Rest::Stays {
            return Ok(Undone::Refused(changed));
        }
        let steps = draft.steps.clone();
        let outcomes = self.transact(draft, Purpose::TakeBack)?;
        let kept = |path: RelPath| (path, Landing::Kept { waits_at: None, why: CHANGED.to_owned() });
        let taken = steps.into_iter().zip(outcomes).map(|(step, outcome)| match (outcome, step.new) {
            (Outcome::Done, Some(_)) => (step.path, Landing::Restored),
            (Outcome::Done, None) => (step.path, Landing::Removed),
            (Outcome::Changed, _) => kept(step.path),
            (Outcome::Failed(why), _) => (step.path, Landing::Failed { why }),
        });
        Ok(Undone::TakenBack { run: record.run, files: taken.chain(changed.into_iter().map(kept)).collect() })
    }

    /// Whether the file is still as the run left it.
    fn present(&self, entry: &Entry) -> Found {
        if entry.before == entry.after {
            return Found::AsBefore;
        }
        let Ok(present) = disk::look(&self.dir, entry.path.as_str()) else { return Found::Changed };
        let is_odd = matches!(present, disk::Present::Odd(_));
        let hash = hash_of(&present);
        match () {
            () if is_odd => Found::Changed,
            () if hash == entry.after => Found::AsLeft,
            () if hash == entry.before => Found::AsBefore,
            () => Found::Changed,
        }
    }
}

enum Found {
    AsBefore,
    AsLeft,
    Changed,
}
