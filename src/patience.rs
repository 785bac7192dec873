//! How long to wait for a service, and how often to try again. Numbers only: nothing here waits.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};

/// What a run bears from a service.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Patience {
    /// How often a call is tried again after a passing failure.
    pub retries: usize,
    /// The first wait between two tries; it doubles from one to the next, with jitter.
    pub first_wait: Duration,
    /// Longest wait for a connection.
    pub connect: Duration,
    /// Longest wait for the first token: models that think, and prompts on small machines, take minutes.
    pub first_token: Duration,
    /// Longest silence between tokens.
    pub silence: Duration,
}

/// Longest wait between two tries that smol chooses itself.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// Longest wait that a service may ask for; past it the call fails instead.
const LONGEST_ASKED_WAIT: Duration = Duration::from_secs(300);

impl Patience {
    /// With a service somewhere else.
    pub const HOSTED: Patience = Patience {
        retries: 5,
        first_wait: Duration::from_secs(1),
        connect: Duration::from_secs(15),
        first_token: Duration::from_secs(300),
        silence: Duration::from_secs(60),
    };
    /// With a server on this machine, which may read the prompt at a few tokens a second.
    pub const LOCAL: Patience =
        Patience { first_token: Duration::from_secs(900), silence: Duration::from_secs(180), ..Patience::HOSTED };

    /// The waits between the tries of one call, one after the other.
    pub(crate) fn waits(&self) -> impl Iterator<Item = Duration> + use<> {
        ExponentialBuilder::default()
            .with_min_delay(self.first_wait)
            .with_max_delay(LONGEST_WAIT.max(self.first_wait))
            .with_max_times(self.retries)
            .with_jitter()
            .build()
    }

    /// The wait before the next try: our own, or the one that the service asked for, unless that is no wait any more.
    pub(crate) fn wait(own: Option<Duration>, asked: Option<Duration>) -> Option<Duration> {
        let own = own?;
        match asked {
            Some(asked) if asked > LONGEST_ASKED_WAIT => None,
            Some(asked) => Some(asked.max(own.min(Duration::from_millis(100)))),
            None => Some(own),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_end() {
        let patience = Patience { retries: 4, first_wait: Duration::from_secs(1), ..Patience::HOSTED };
        let waits: Vec<_> = patience.waits().collect();
        assert_eq!(waits.len(), 4);
        for (index, wait) in waits.iter().enumerate() {
            let least = Duration::from_secs(1 << index);
            assert!(*wait >= least && *wait <= 2 * least + Duration::from_secs(1), "{waits:?}");
        }
    }

    #[test]
    fn what_the_service_asks_for_counts_unless_it_is_absurd() {
        let (own, seconds) = (Some(Duration::from_secs(4)), Duration::from_secs);
        assert_eq!(Patience::wait(own, None), own);
        assert_eq!(Patience::wait(own, Some(seconds(20))), Some(seconds(20)));
        assert_eq!(Patience::wait(own, Some(seconds(1))), Some(seconds(1)));
        assert_eq!(Patience::wait(own, Some(Duration::ZERO)), Some(Duration::from_millis(100)));
        assert_eq!(Patience::wait(own, Some(seconds(3600))), None);
        assert_eq!(Patience::wait(None, Some(seconds(1))), None);
    }
}
