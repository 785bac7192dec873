//! How many files are asked for at a moment: grows and shrinks with what the service bears.
//!
//! A place is held until the answer has ended, not only until its headers came. Overload halves the places, every
//! answer that ends well brings a part of one back, and what a service says of the room that is left is believed.

use std::{
    num::NonZeroUsize,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::Notify, time::Instant};

/// What a service says of its limits, in the headers of an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Room {
    pub requests: Option<Left>,
    pub tokens: Option<Left>,
}

/// What is left of one limit, and when it is whole again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Left {
    pub remaining: f64,
    pub reset: Duration,
}

/// The gate that calls go through.
pub struct Pace {
    state: Mutex<State>,
    changed: Notify,
    most: f64,
}

struct State {
    /// Places, a part of one included: between 1 and `most`.
    places: f64,
    in_flight: usize,
    /// Nothing starts before this moment.
    resume: Option<Instant>,
    requests: Option<(f64, Instant)>,
    tokens: Option<(f64, Instant)>,
}

/// A place in flight; it is free again when this is dropped.
pub(crate) struct Place<'a>(&'a Pace);

impl Pace {
    /// A gate for at most `most` at the same time; it starts wide open.
    pub fn new(most: NonZeroUsize) -> Pace {
        let state = State { places: most.get() as f64, in_flight: 0, resume: None, requests: None, tokens: None };
        Pace { state: Mutex::new(state), changed: Notify::new(), most: most.get() as f64 }
    }

    /// Waits for a place, for a pause to end, and for room for a request of so many tokens.
    pub(crate) async fn enter(&self, tokens: u64) -> Place<'_> {
        loop {
            let changed = self.changed.notified();
            let wait = match self.state().try_enter(tokens, Instant::now()) {
                Ok(()) => return Place(self),
                Err(wait) => wait,
            };
            match wait {
                Some(until) => drop(tokio::time::timeout_at(until, changed).await),
                None => changed.await,
            }
        }
    }

    /// Waits only for a pause to end: for the calls that everything else waits for.
    pub(crate) async fn pass(&self) {
        let resume = self.state().resume;
        if let Some(resume) = resume {
            tokio::time::sleep_until(resume).await;
        }
    }

    /// The service was asked for too much: half the places, and a pause for all.
    pub(crate) fn strain(&self, pause: Duration) {
        let mut state = self.state();
        let until = Instant::now() + pause;
        // Calls that were in flight together fail together, and are one sign, not many.
        if state.resume.is_none_or(|resume| resume < Instant::now()) {
            state.places = (state.places / 2.0).max(1.0);
        }
        state.resume = Some(state.resume.map_or(until, |resume| resume.max(until)));
    }

    /// An answer ended well: a part of a place more, so that a round of them brings one.
    pub(crate) fn ease(&self) {
        let mut state = self.state();
        state.places = (state.places + 1.0 / state.places).min(self.most);
        drop(state);
        self.changed.notify_one();
    }

    /// Believes what the service said.
    pub(crate) fn learn(&self, room: &Room) {
        let mut state = self.state();
        let until = |left: Left| (left.remaining, Instant::now() + left.reset);
        state.requests = room.requests.map(until).or(state.requests);
        state.tokens = room.tokens.map(until).or(state.tokens);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Takes a place, or says until when there is none; `None` until something changes.
    fn try_enter(&mut self, tokens: u64, now: Instant) -> Result<(), Option<Instant>> {
        if let Some(resume) = self.resume.filter(|resume| *resume > now) {
            return Err(Some(resume));
        }
        if self.in_flight + 1 > self.places as usize {
            return Err(None);
        }
        // With nothing in flight one has to go: only an answer tells that there is room again.
        let alone = self.in_flight == 0;
        for (left, need) in [(&self.requests, 1.0), (&self.tokens, tokens as f64)] {
            if let Some((remaining, reset)) = left
                && *reset > now
                && *remaining < need
                && !(alone && *remaining >= need.min(1.0))
            {
                return Err(Some(*reset));
            }
        }
        for (left, need) in [(&mut self.requests, 1.0), (&mut self.tokens, tokens as f64)] {
            if let Some((remaining, _)) = left {
                *remaining -= need;
            }
        }
        self.in_flight += 1;
        Ok(())
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.state().in_flight -= 1;
        self.0.changed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pace(most: usize) -> Pace {
        Pace::new(NonZeroUsize::new(most).expect("is not zero"))
    }

    fn enters(pace: &Pace) -> bool {
        pace.state().try_enter(100, Instant::now()).is_ok()
    }

    #[tokio::test(start_paused = true)]
    async fn places_are_bounded_and_come_back() {
        let pace = pace(2);
        let first = pace.enter(1).await;
        let _second = pace.enter(1).await;
        assert!(!enters(&pace));
        drop(first);
        assert!(enters(&pace));
    }

    #[tokio::test(start_paused = true)]
    async fn overload_halves_once_pauses_all_and_success_brings_it_back() {
        let pace = pace(8);
        for _ in 0..3 {
            pace.strain(Duration::from_secs(5));
        }
        assert_eq!(pace.state().places, 4.0);
        assert!(!enters(&pace), "a pause is for all");
        tokio::time::advance(Duration::from_secs(6)).await;
        assert!(enters(&pace));
        for _ in 0..60 {
            pace.ease();
        }
        assert_eq!(pace.state().places, 8.0);
    }

    #[tokio::test(start_paused = true)]
    async fn no_call_starts_that_the_service_has_no_room_for() {
        let pace = pace(8);
        let left = |remaining| Some(Left { remaining, reset: Duration::from_secs(30) });
        pace.learn(&Room { requests: left(2.0), tokens: None });
        assert!(enters(&pace) && enters(&pace) && !enters(&pace));
        tokio::time::advance(Duration::from_secs(31)).await;
        assert!(enters(&pace), "the limit is whole again");
        pace.learn(&Room { requests: left(100.0), tokens: left(150.0) });
        assert!(enters(&pace) && !enters(&pace), "100 tokens each do not fit twice into 150");
    }
}
