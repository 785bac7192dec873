//! Who goes first: one branch warms the service's prefix cache for the others.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use tokio::sync::watch;

/// Shorter trunks are cached by no hosted service (1,024 tokens is the least that any documents),
/// so nobody has to go ahead to warm the cache.
const SHORTEST_CACHED_TRUNK: u64 = 1024;

/// A leader that is silent for so long holds nobody up any more: a warm cache is worth seconds, not minutes.
const LONGEST_LEAD: Duration = Duration::from_secs(8);

/// The first branch goes ahead alone until its first token: by then its trunk is in the service's prefix cache,
/// and the others find it there. (Anthropic documents just this; the others behave so.)
pub(crate) struct Leader {
    is_taken: AtomicBool,
    has_arrived: watch::Sender<bool>,
}

impl Leader {
    /// The leader of branches whose trunk has so many tokens.
    pub(crate) fn of(trunk: u64) -> Leader {
        let is_needed = trunk >= SHORTEST_CACHED_TRUNK;
        Leader { is_taken: AtomicBool::new(!is_needed), has_arrived: watch::Sender::new(!is_needed) }
    }

    /// Waits, unless this branch is the leader. A leader that fails before its first token lets the others go.
    pub(crate) async fn turn(&self) -> Option<impl Drop + '_> {
        if !self.is_taken.swap(true, Ordering::Relaxed) {
            return Some(Going(self));
        }
        let mut arrival = self.has_arrived.subscribe();
        let _ = tokio::time::timeout(LONGEST_LEAD, arrival.wait_for(|has_arrived| *has_arrived)).await;
        None
    }

    /// Its first token is there.
    pub(crate) fn arrive(&self) {
        self.has_arrived.send_if_modified(|has_arrived| !std::mem::replace(has_arrived, true));
    }
}

struct Going<'a>(&'a Leader);

impl Drop for Going<'_> {
    fn drop(&mut self) {
        self.0.arrive();
    }
}
