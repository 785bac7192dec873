//! Which files of a run are there, for those that wait for them, and what they really offer.

use std::collections::{BTreeMap, BTreeSet};

use tokio::sync::watch;

use crate::{
    contract::Contract,
    file::{GeneratedFile, Neighbour},
    path::RelPath,
    sequence::{Sequence, awaited},
    signatures::signatures,
};

/// What is known of the files that somebody may wait for.
pub(super) struct Arrivals {
    awaited: BTreeMap<RelPath, BTreeSet<RelPath>>,
    /// Those that are done, with the signatures of those that were written.
    done: watch::Sender<BTreeMap<RelPath, Option<String>>>,
}

/// The place of one file among them; however it ends, nobody waits for it any longer.
pub(super) struct Place<'a> {
    arrivals: &'a Arrivals,
    path: &'a RelPath,
}

impl Arrivals {
    pub(super) fn new(sequence: Sequence, contract: Option<&Contract>, files: &[RelPath]) -> Arrivals {
        let awaited = match (sequence, contract) {
            (Sequence::AfterUses, Some(contract)) => awaited(contract, files),
            (Sequence::AfterUses, None) | (Sequence::Together, _) => BTreeMap::new(),
        };
        Arrivals { awaited, done: watch::Sender::new(BTreeMap::new()) }
    }

    pub(super) fn place<'a>(&'a self, path: &'a RelPath) -> Place<'a> {
        Place { arrivals: self, path }
    }

    /// Puts what the files offer that this run has written into the place of what was known of them, or beside it.
    pub(super) fn amend(&self, neighbours: &mut Vec<Neighbour>, used: &[RelPath]) {
        let done = self.done.borrow();
        for path in used {
            let Some(Some(signatures)) = done.get(path) else { continue };
            match neighbours.iter_mut().find(|neighbour| neighbour.path == *path) {
                Some(neighbour) => neighbour.signatures.clone_from(signatures),
                None => neighbours.push(Neighbour { path: path.clone(), signatures: signatures.clone() }),
            }
        }
    }
}

impl Place<'_> {
    /// Waits until all that the file uses are done.
    pub(super) async fn turn(&self) {
        let Some(awaited) = self.arrivals.awaited.get(self.path).filter(|awaited| !awaited.is_empty()) else { return };
        let mut done = self.arrivals.done.subscribe();
        // The sender lives as long as this.
        let _ = done.wait_for(|done| awaited.iter().all(|path| done.contains_key(path))).await;
    }

    /// The file is written, if not yet on disk.
    pub(super) fn arrive(&self, file: &GeneratedFile) {
        self.tell(|| Some(signatures(self.path, &file.text)));
    }

    fn tell(&self, offers: impl FnOnce() -> Option<String>) {
        // Without anybody who waits nothing has to be parsed.
        if self.arrivals.awaited.is_empty() {
            return;
        }
        let offers = offers();
        self.arrivals.done.send_if_modified(|done| {
            let is_new = !done.contains_key(self.path);
            done.entry(self.path.clone()).or_insert(offers);
            is_new
        });
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.tell(|| None);
    }
}
