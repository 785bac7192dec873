//! How many files are asked for at a moment: grows and shrinks with what the service bears.
//!
//! A place is held until the answer has ended, not only until its headers came. Overload halves the places, every
//! answer that ends well brings a part of one back, and what a service says of the room that is left is believed.

use std::{
    cell::Cell,
    num::NonZeroUsize,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::Notify, time::Instant};

/// How much of a limit has to be used up before the rate at which it fills is read off it.
const ENOUGH_MISSING: f64 = 3.0;

/// What a service says of its limits, in the headers of an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Room {
    pub requests: Option<Left>,
    pub tokens: Option<Left>,
}

/// What is left of one limit, which fills up again steadily.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Left {
    /// What it is when it is full.
    pub limit: f64,
    pub remaining: f64,
    /// When it is full again.
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
    requests: Bucket,
    tokens: Bucket,
}

/// One limit of the service, as far as it is known.
#[derive(Clone, Copy, Default)]
struct Bucket {
    known: Option<Level>,
    /// What was sent since, or is on its way: the service had not counted it when it spoke.
    uncounted: f64,
}

#[derive(Clone, Copy)]
struct Level {
    limit: f64,
    remaining: f64,
    /// What comes back in a second.
    rate: f64,
    at: Instant,
}

/// Whether a call waits its turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seat {
    /// One of the places; the files share them.
    Shared,
    /// Beside them: the calls that everything else waits for.
    Own,
}

/// A place in flight; it is free again when this is dropped.
pub(crate) struct Place<'a> {
    pace: &'a Pace,
    seat: Seat,
    /// Tokens of its request, until the service has counted them.
    uncounted: Cell<Option<f64>>,
}

impl Pace {
    /// A gate for at most `most` at the same time; it starts wide open.
    pub fn new(most: NonZeroUsize) -> Pace {
        let most = most.get() as f64;
        let (requests, tokens) = (Bucket::default(), Bucket::default());
        let state = State { places: most, in_flight: 0, resume: None, requests, tokens };
        Pace { state: Mutex::new(state), changed: Notify::new(), most }
    }

    /// Waits for a place, for a pause to end, and for room for a request of so many tokens.
    pub(crate) async fn enter(&self, seat: Seat, tokens: u64) -> Place<'_> {
        loop {
            let changed = self.changed.notified();
            let wait = match self.state().try_enter(seat, tokens, Instant::now()) {
                Ok(()) => return Place { pace: self, seat, uncounted: Cell::new(Some(tokens as f64)) },
                Err(wait) => wait,
            };
            match wait {
                Some(until) => drop(tokio::time::timeout_at(until, changed).await),
                None => changed.await,
            }
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
        state.requests.learn(room.requests, Instant::now());
        state.tokens.learn(room.tokens, Instant::now());
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Takes a place, or says until when there is none; `None` until something changes.
    fn try_enter(&mut self, seat: Seat, tokens: u64, now: Instant) -> Result<(), Option<Instant>> {
        if let Some(resume) = self.resume.filter(|resume| *resume > now) {
            return Err(Some(resume));
        }
        if seat == Seat::Shared && self.in_flight + 1 > self.places as usize {
            return Err(None);
        }
        let waits = [self.requests.wait(1.0, now), self.tokens.wait(tokens as f64, now)];
        if let Some(wait) = waits.into_iter().flatten().max() {
            return Err(Some(now + wait));
        }
        self.requests.uncounted += 1.0;
        self.tokens.uncounted += tokens as f64;
        self.in_flight += usize::from(seat == Seat::Shared);
        Ok(())
    }
}

impl Bucket {
    fn learn(&mut self, left: Option<Left>, at: Instant) {
        let Some(Left { limit, remaining, reset }) = left else { return };
        let missing = limit - remaining;
        let rate = (missing - 1.0).max(missing / 2.0) / reset.as_secs_f64().max(0.001);
        // Answers overtake each other, so an older word may come later: the lower level counts. And what is left comes
        // rounded down, so the rate is read off only where that matters little, and a little low.
        let known = self.known.filter(|known| known.limit == limit);
        let remaining = known.map_or(remaining, |known| known.level(at).min(remaining));
        let rate = known.filter(|_| missing < ENOUGH_MISSING).map_or(rate, |known| known.rate);
        self.known = Some(Level { limit, remaining, rate, at });
    }

    /// How long until there is room for `need`; `None` when there is, or when nothing is known.
    fn wait(&self, need: f64, now: Instant) -> Option<Duration> {
        let level = self.known?;
        let missing = need.min(level.limit) - (level.level(now) - self.uncounted);
        if missing <= 0.0 || level.rate <= 0.0 {
            return None;
        }
        // Never so short that waiting turns into asking again and again.
        Duration::try_from_secs_f64((missing / level.rate).max(0.001)).ok()
    }
}

impl Level {
    /// What is there at this moment.
    fn level(&self, now: Instant) -> f64 {
        (self.remaining + self.rate * (now - self.at).as_secs_f64()).min(self.limit)
    }
}

impl Place<'_> {
    /// The service has answered, so this request is in what it says of its limits.
    pub(crate) fn counted(&self) {
        if let Some(tokens) = self.uncounted.take() {
            let mut state = self.pace.state();
            state.requests.uncounted -= 1.0;
            state.tokens.uncounted -= tokens;
        }
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.counted();
        self.pace.state().in_flight -= usize::from(self.seat == Seat::Shared);
        self.pace.changed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pace(most: usize) -> Pace {
        Pace::new(NonZeroUsize::new(most).expect("is not zero"))
    }

    fn enters(pace: &Pace) -> bool {
        pace.state().try_enter(Seat::Shared, 100, Instant::now()).is_ok()
    }

    #[tokio::test(start_paused = true)]
    async fn places_are_bounded_and_come_back() {
        let pace = pace(2);
        let first = pace.enter(Seat::Shared, 1).await;
        let _second = pace.enter(Seat::Shared, 1).await;
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
        let left = |limit, remaining| Some(Left { limit, remaining, reset: Duration::from_secs(10) });
        // Two are left of twelve, and nine in ten seconds come back for certain.
        pace.learn(&Room { requests: left(12.0, 2.0), tokens: None });
        assert!(enters(&pace) && enters(&pace) && !enters(&pace));
        tokio::time::advance(Duration::from_millis(1_200)).await;
        assert!(enters(&pace) && !enters(&pace), "one came back");
    }

    #[tokio::test(start_paused = true)]
    async fn what_the_service_has_counted_is_not_counted_twice() {
        let pace = pace(8);
        let left = |remaining| Some(Left { limit: 1000.0, remaining, reset: Duration::from_secs(10) });
        pace.learn(&Room { requests: None, tokens: left(250.0) });
        let (first, second) = (pace.enter(Seat::Shared, 100).await, pace.enter(Seat::Shared, 100).await);
        assert!(!enters(&pace), "50 tokens are left");
        pace.learn(&Room { requests: None, tokens: left(150.0) });
        first.counted();
        assert!(!enters(&pace), "the second one is still uncounted");
        second.counted();
        assert!(enters(&pace));
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_larger_than_the_limit_goes_when_the_limit_is_full() {
        let pace = pace(8);
        pace.learn(&Room {
            requests: None,
            tokens: Some(Left { limit: 1000.0, remaining: 0.0, reset: Duration::from_secs(10) }),
        });
        let started = Instant::now();
        let _place = pace.enter(Seat::Shared, 5_000).await;
        assert_eq!(started.elapsed().as_secs(), 10);
    }
}
