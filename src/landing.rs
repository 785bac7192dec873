//! What becomes of files, told as events: of those that land, of a commit, and of what is taken back or settled.

use anyhow::Result;

use crate::{
    event::{Event, Events},
    fixes,
    path::RelPath,
    proposal::{Consent, Diffs, Proposal},
    tree::Tree,
    workspace::{Amendment, Landing, Resolution, Rest, Undone, Workspace},
};

/// What is said of a commit that the next command has finished.
pub const FINISHED: &str = "the last command was cut short while it wrote; what it began is finished";

/// Weighs what was staged, and shows it before anything is written. What a run has begun in an empty directory is no
/// change of anything.
pub fn propose(events: &Events, workspace: &Workspace, diffs: Diffs) -> Proposal {
    let proposal = workspace.propose();
    if !proposal.is_empty() && !workspace.is_fresh() {
        events.emit(Event::Proposed { changes: proposal.summary(diffs) });
    }
    proposal
}

/// Does what was agreed to.
///
/// # Errors
/// If the disk refuses.
pub fn commit(events: &Events, workspace: &Workspace, proposal: &Proposal, consent: Consent) -> Result<()> {
    tell_all(events, workspace.commit(proposal, consent)?);
    Ok(())
}

/// Puts fixes that were agreed to into the files that they are for, as one act.
///
/// # Errors
/// If the disk refuses.
pub fn amend(events: &Events, workspace: &Workspace, tree: &Tree, changes: &[fixes::Change]) -> Result<()> {
    let mut amendments = Vec::new();
    for change in changes {
        match change.bytes(tree) {
            Ok(bytes) => amendments.push(Amendment {
                path: change.path.clone(),
                old: tree.file(&change.path).map(|file| file.hash.clone()),
                new: Some(bytes),
            }),
            Err(why) => events.failed(&change.path, &why),
        }
    }
    tell_all(events, workspace.amend(&amendments)?);
    Ok(())
}

/// Settles what waits for these files.
///
/// # Errors
/// If nothing waits for one of them, or the disk refuses.
pub fn resolve(events: &Events, workspace: &Workspace, resolution: Resolution, paths: &[RelPath]) -> Result<()> {
    tell_all(events, workspace.resolve(resolution, paths)?);
    Ok(())
}

/// Takes back the last run; nothing is told if nothing was.
///
/// # Errors
/// If the disk refuses.
pub fn undo(events: &Events, workspace: &Workspace, rest: Rest) -> Result<Undone> {
    let undone = workspace.undo(rest)?;
    if let Undone::TakenBack { files, .. } = &undone {
        tell_all(events, files.clone());
    }
    Ok(undone)
}

/// Tells of a commit that was cut short and is finished now, if there was one.
pub fn tell_finished(events: &Events, workspace: &Workspace) {
    if workspace.was_finished() {
        events.notice(FINISHED);
    }
}

fn tell_all(events: &Events, landings: Vec<(RelPath, Landing)>) {
    for (path, landing) in landings {
        tell(events, path, landing);
    }
}

pub(crate) fn tell(events: &Events, path: RelPath, landing: Landing) {
    events.emit(match landing {
        Landing::Written { lines } => Event::Written { path, lines },
        Landing::Staged { lines } => Event::Staged { path, lines },
        Landing::Unchanged { lines } => Event::Unchanged { path, lines },
        Landing::Merged { lines, marked } => Event::Merged { path, lines, marked },
        Landing::Conflict { waits_at, why, hunks } => Event::Conflict { path, waits_at, why, hunks },
        Landing::Kept { waits_at, why } => Event::Kept { path, waits_at, why },
        Landing::Removed => Event::Removed { path },
        Landing::Restored => Event::Restored { path },
        Landing::Left { waits_at, why } => Event::Left { path, waits_at, why },
        Landing::Failed { why } => Event::Failed { path, why },
    });
}
