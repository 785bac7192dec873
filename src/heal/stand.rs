//! Which texts stand on disk while a project is healed, and which stood there when it was best.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use anyhow::Result;

use crate::{
    event::Events,
    fixes::Change,
    landing,
    path::RelPath,
    tree::Tree,
    workspace::{Amendment, Landing, Workspace},
};

/// Every file that was changed on the way.
#[derive(Default)]
pub(super) struct Stand(Mutex<BTreeMap<RelPath, Version>>);

/// The bytes of one file; `None` where there is none.
struct Version {
    first: Option<Vec<u8>>,
    now: Option<Vec<u8>>,
    best: Option<Vec<u8>>,
}

impl Stand {
    /// Makes changes; or why one of them could not be made.
    ///
    /// # Errors
    /// If the disk refuses.
    pub(super) fn apply(
        &self,
        events: &Events,
        workspace: &Workspace,
        tree: &Tree,
        changes: &[Change],
        is_told: bool,
    ) -> Result<Option<String>> {
        let mut versions = self.versions();
        let mut amendments = Vec::new();
        for change in changes {
            let old = tree.file(&change.path).map(|file| file.hash.clone());
            let Ok(new) = change.bytes(tree) else {
                return Ok(Some(format!("'{}' cannot hold the fix in its encoding", change.path)));
            };
            let before = workspace.bytes(&change.path)?;
            if before.as_deref().map(hash) != old {
                return Ok(Some(format!("'{}' was changed meanwhile", change.path)));
            }
            versions.entry(change.path.clone()).or_insert_with(|| Version {
                first: before.clone(),
                now: before.clone(),
                best: before,
            });
            amendments.push(Amendment { path: change.path.clone(), old, new: Some(new) });
        }
        let landings = workspace.amend(&amendments)?;
        let mut refused = None;
        for ((path, landing), amendment) in landings.into_iter().zip(amendments) {
            match (&landing, versions.get_mut(&path)) {
                (Landing::Written { .. }, Some(version)) => version.now = amendment.new,
                (Landing::Failed { why }, _) => refused = Some(format!("'{path}' could not be changed: {why}")),
                _ => {}
            }
            if is_told {
                landing::tell(events, path, landing);
            }
        }
        Ok(refused)
    }

    /// What stands there now is the best.
    pub(super) fn is_best(&self) {
        self.versions().values_mut().for_each(|version| version.best.clone_from(&version.now));
    }

    /// Puts the best back.
    ///
    /// # Errors
    /// If the disk refuses.
    pub(super) fn settle(&self, events: &Events, workspace: &Workspace) -> Result<()> {
        let mut versions = self.versions();
        let other = versions.iter().filter(|(_, version)| version.now != version.best);
        let amendments: Vec<Amendment> = other
            .map(|(path, version)| Amendment {
                path: path.clone(),
                old: version.now.as_deref().map(hash),
                new: version.best.clone(),
            })
            .collect();
        for (path, landing) in workspace.amend(&amendments)? {
            if let Some(version) = versions.get_mut(&path) {
                version.now.clone_from(&version.best);
            }
            // Somebody is at work there: theirs stays.
            if let Landing::Failed { .. } = landing {
                landing::tell(events, path, landing);
            }
        }
        Ok(())
    }

    /// By this one knows a state again. Files that are as they were at first are no part of it.
    pub(super) fn fingerprint(&self) -> BTreeMap<RelPath, Option<String>> {
        let versions = self.versions();
        let changed = versions.iter().filter(|(_, version)| version.now != version.first);
        changed.map(|(path, version)| (path.clone(), version.now.as_deref().map(hash))).collect()
    }

    fn versions(&self) -> MutexGuard<'_, BTreeMap<RelPath, Version>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn hash(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}
