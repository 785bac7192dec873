//! How long to wait for a service, and how often to try again. Numbers only: nothing here waits.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};

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

    /// The tries of one call.
    pub(crate) fn tries(&self) -> Tries {
        let waits = ExponentialBuilder::default()
            .with_min_delay(self.first_wait)
            .with_max_delay(LONGEST_WAIT.max(self.first_wait))
            .with_max_times(self.retries)
            .with_jitter()
            .build();
        Tries { waits, wait: None, answers: 0 }
    }
}

/// How often a call may still be tried, and after which wait.
pub(crate) struct Tries {
    waits: ExponentialBackoff,
    /// The last one.
    wait: Option<Duration>,
    /// How many answers the service had given, to whatever question, when this call failed last.
    answers: u64,
}

impl Tries {
    /// The wait before the next try: our own, or the one that the service `asked` for, unless that is no wait any more.
    pub(crate) fn next(&mut self, asked: Option<Duration>) -> Option<Duration> {
        self.wait = self.waits.next();
        until(self.wait?, asked)
    }

    /// The same where the service is asked for too much at once. Then it is bad luck who is refused: this uses up a try
    /// only if the service has given no answer since the last one.
    pub(crate) fn next_in_turn(&mut self, asked: Option<Duration>, answers: u64) -> Option<Duration> {
        let others = std::mem::replace(&mut self.answers, answers) != answers;
        match self.wait.filter(|_| others) {
            Some(wait) => until(wait, asked),
            None => self.next(asked),
        }
    }
}

fn until(own: Duration, asked: Option<Duration>) -> Option<Duration> {
    match asked {
        Some(asked) if asked > LONGEST_ASKED_WAIT => None,
        Some(asked) => Some(asked.max(own.min(Duration::from_millis(100)))),
        None => Some(own),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patience(retries: usize) -> Patience {
        Patience { retries, first_wait: Duration::from_secs(1), ..Patience::HOSTED }
    }

    #[test]
    fn waits_grow_and_end() {
        let mut tries = patience(4).tries();
        for index in 0..4 {
            let (wait, least) = (tries.next(None).expect("is a wait"), Duration::from_secs(1 << index));
            assert!(wait >= least && wait <= 2 * least + Duration::from_secs(1), "{index}: {wait:?}");
        }
        assert_eq!(tries.next(None), None);
    }

    #[test]
    fn what_the_service_asks_for_counts_unless_it_is_absurd() {
        let (own, seconds) = (Duration::from_secs(4), Duration::from_secs);
        assert_eq!(until(own, None), Some(own));
        assert_eq!(until(own, Some(seconds(20))), Some(seconds(20)));
        assert_eq!(until(own, Some(seconds(1))), Some(seconds(1)));
        assert_eq!(until(own, Some(Duration::ZERO)), Some(Duration::from_millis(100)));
        assert_eq!(until(own, Some(seconds(3600))), None);
        assert_eq!(patience(0).tries().next(Some(seconds(1))), None);
    }

    #[test]
    fn who_is_refused_while_others_are_answered_loses_no_try() {
        let mut tries = patience(2).tries();
        for answers in 0..50 {
            assert!(tries.next_in_turn(None, answers).is_some());
        }
        assert!(tries.next_in_turn(None, 49).is_some(), "the second of two");
        assert_eq!(tries.next_in_turn(None, 49), None, "nobody is answered any more");
    }
}
