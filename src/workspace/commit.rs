//! The commit of a run over an existing project: from what was agreed to, to one transaction.

use anyhow::{Context, Result};

use super::{
    Landing, Workspace, base,
    disk::hash,
    landing_log,
    manifest::{Manifest, Standing},
    record::Record,
    transaction::{self, Outcome, Purpose, STAGE, Step, Transaction},
    waiting,
};
use crate::{
    path::RelPath,
    proposal::{Change, Consent, Proposal, What},
};

/// What was not asked about, as nobody was there to answer.
const UNDECIDED: &str = "it needs your word: --yes gives it";
const DECLINED: &str = "you did not want it written";
/// What is found to have changed when the new file is about to take its place.
const CHANGED: &str = "it was changed while smol was about to write it";

/// A transaction in the making.
#[derive(Default)]
pub(super) struct Draft {
    pub steps: Vec<Step>,
    pub notes: Vec<(RelPath, Standing)>,
}

impl Draft {
    /// Adds a step that writes `after` where the file with the hash `old` stands. `text` is known as smol's afterwards.
    pub(super) fn write(
        &mut self,
        workspace: &Workspace,
        path: &RelPath,
        old: Option<String>,
        after: &str,
        text: &str,
        was: Standing,
    ) -> Result<()> {
        let source = format!("{STAGE}/{}", self.steps.len());
        let known = base::keep(&workspace.memory, text)?;
        let new = transaction::stage(&workspace.memory, &source, after.as_bytes())
            .with_context(|| format!("could not stage '{path}'"))?;
        self.steps.push(Step {
            path: path.clone(),
            old,
            new: Some(new),
            source,
            saved: self.saved(workspace),
            done: Standing { written: Some(known.clone()), waits: None },
            not_done: Standing { waits: Some(known), ..was },
        });
        Ok(())
    }

    /// Where the old file of the next step goes: beside those of the same run that were replaced before.
    pub(super) fn saved(&self, workspace: &Workspace) -> String {
        let first = Record::free_index(&workspace.memory, &workspace.run);
        Record::saved(&workspace.run, first + self.steps.len())
    }

    fn remove(&mut self, workspace: &Workspace, path: &RelPath, old: String, was: Standing) {
        self.steps.push(Step {
            path: path.clone(),
            old: Some(old),
            new: None,
            source: String::new(),
            saved: self.saved(workspace),
            done: Standing::default(),
            not_done: was,
        });
    }
}

impl Workspace {
    /// Does what was agreed to, as one act, and tells what became of each file.
    ///
    /// # Errors
    /// If the disk refuses: before the journal stands nothing has changed; afterwards the next command finishes it.
    pub fn commit(&self, proposal: &Proposal, consent: Consent) -> Result<Vec<(RelPath, Landing)>> {
        if self.is_fresh {
            landing_log::fold(&self.memory, &mut self.state().manifest)?;
        }
        let mut draft = Draft::default();
        for change in &proposal.changes {
            let drafted = self.draft(change, consent, &mut draft).context("nothing was changed");
            if drafted.is_err() {
                // What was staged is in nobody's way, and the next command clears it away.
                transaction::tidy(&self.memory, &self.state().manifest)?;
            }
            drafted?;
        }
        let steps = draft.steps.clone();
        let outcomes = self.transact(draft, Purpose::Write)?;
        let outcome = |path: &RelPath| {
            steps.iter().zip(&outcomes).find(|(step, _)| step.path == *path).map(|(_, outcome)| outcome)
        };
        let landings = proposal
            .changes
            .iter()
            .map(|change| (change.path.clone(), landing(change, consent, outcome(&change.path))));
        Ok(landings.collect())
    }

    /// Carries a draft out.
    pub(super) fn transact(&self, draft: Draft, purpose: Purpose) -> Result<Vec<Outcome>> {
        let mut state = self.state();
        let is_new = |(path, standing): &(RelPath, Standing)| state.manifest.standing(path) != *standing;
        if draft.steps.is_empty() && !draft.notes.iter().any(is_new) {
            return Ok(Vec::new());
        }
        let Draft { steps, notes } = draft;
        let before: Manifest = state.manifest.clone();
        let transaction = Transaction { run: self.run.clone(), purpose, before, steps, notes };
        transaction.begin(&self.memory).context("nothing was changed")?;
        let unfinished = "it is begun, and the next command finishes it";
        let (manifest, outcomes) = transaction.finish(&self.dir, &self.memory).context(unfinished)?;
        state.manifest = manifest;
        transaction::tidy(&self.memory, &state.manifest)?;
        Ok(outcomes)
    }

    fn draft(&self, change: &Change, consent: Consent, draft: &mut Draft) -> Result<()> {
        let Change { path, what, present, after, text } = change;
        let was = self.state().manifest.standing(path);
        let old = present.as_deref().map(hash);
        let mut note = |written: Option<String>, waits: Option<String>| {
            draft.notes.push((path.clone(), Standing { written, waits }))
        };
        match (what, consent, text) {
            (_, Consent::Nothing, _) | (What::Failed { .. }, ..) => {}
            (What::Merged, Consent::Undisputed, Some(text))
            | (What::Conflict { .. } | What::Kept { .. }, _, Some(text)) => {
                note(was.written, Some(base::keep(&self.memory, text)?));
            }
            (What::Unchanged, _, Some(text)) => {
                // A file that was never smol's is not smol's for being the same.
                if was.written.is_some() || was.waits == old {
                    note(Some(base::keep(&self.memory, text)?), None);
                }
            }
            (What::New | What::Changed | What::Merged, _, Some(text)) => {
                draft.write(self, path, old, after.as_deref().unwrap_or(text), text, was)?;
            }
            (What::Removed, Consent::Everything, None) => draft.remove(self, path, old.unwrap_or_default(), was),
            (What::Removed | What::Kept { .. }, _, None) => {}
            (What::Removed, _, Some(_)) | (_, _, None) => {
                unreachable!("what is removed has no text, and all else has one")
            }
        }
        Ok(())
    }
}

/// What became of a change, by how its step went if there was one.
fn landing(change: &Change, consent: Consent, outcome: Option<&Outcome>) -> Landing {
    let waits_at = change.text.as_ref().map(|_| waiting::place(&change.path));
    let lines = change.after.as_ref().or(change.text.as_ref()).map_or(0, |text| text.lines().count());
    match (&change.what, outcome) {
        (What::Unchanged, _) => {
            Landing::Unchanged { lines: change.present.as_ref().map_or(lines, |bytes| lines_of(bytes)) }
        }
        (What::Failed { why }, _) => Landing::Failed { why: why.clone() },
        _ if consent == Consent::Nothing => Landing::Left { waits_at: None, why: DECLINED.to_owned() },
        (What::Conflict { why, hunks }, _) => {
            Landing::Conflict { waits_at: waiting::place(&change.path), why: why.clone(), hunks: hunks.clone() }
        }
        (What::Kept { why }, _) => Landing::Kept { waits_at, why: why.clone() },
        (_, Some(Outcome::Failed(why))) => Landing::Failed { why: format!("could not write it: {why}") },
        (What::Removed, Some(Outcome::Changed)) => Landing::Kept { waits_at: None, why: CHANGED.to_owned() },
        (_, Some(Outcome::Changed)) => {
            Landing::Conflict { waits_at: waiting::place(&change.path), why: CHANGED.to_owned(), hunks: Vec::new() }
        }
        (What::New | What::Changed, Some(Outcome::Done)) => Landing::Written { lines },
        (What::Merged, Some(Outcome::Done)) => Landing::Merged { lines, marked: 0 },
        (What::Removed, Some(Outcome::Done)) => Landing::Removed,
        (What::New | What::Changed | What::Merged | What::Removed, None) => {
            Landing::Left { waits_at, why: UNDECIDED.to_owned() }
        }
    }
}

fn lines_of(bytes: &[u8]) -> usize {
    String::from_utf8_lossy(bytes).lines().count()
}
