//! How many files are asked for at a moment: grows and shrinks with what the service bears.
//!
//! A place is held until the answer has ended, not only until its headers came. Overload halves the places, every
//! answer that ends well brings a part of one back, and what a service says of the room that is left is believed. Where
//! nobody says how much a server answers at the same time, what it was seen to do counts.

use std::{
    cell::Cell,
    num::NonZeroUsize,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::Notify, time::Instant};

/// How much of a limit has to be used up before the rate at which it fills is read off it.
const ENOUGH_MISSING: f64 = 3.0;

/// How many tokens of a service one is, as they are estimated, at most: far from it somebody counts something else.
const HEAVIEST: f64 = 2.0;

/// Files asked for at the same time when nobody says otherwise.
const DEFAULT_JOBS: NonZeroUsize = NonZeroUsize::new(16).expect("16 is not zero");

/// How many files are wanted at the same time, at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Jobs(Option<NonZeroUsize>);

impl Jobs {
    /// As many as somebody said, if somebody did.
    pub fn said(jobs: Option<NonZeroUsize>) -> Jobs {
        Jobs(jobs)
    }

    pub fn most(self) -> NonZeroUsize {
        self.0.unwrap_or(DEFAULT_JOBS)
    }

    /// How much a server takes at the same time: where it does not tell, somebody who says how many files to ask for at
    /// once is believed.
    pub fn capacity(self, found: Capacity) -> Capacity {
        match (found, self.0) {
            (Capacity::Untold, Some(_)) => Capacity::Elastic,
            (found, _) => found,
        }
    }
}

/// What is known of how much a service answers at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Capacity {
    /// As much as it is asked for; it refuses what goes over its limits.
    Elastic,
    /// So many questions; the others wait in its queue.
    Slots(NonZeroUsize),
    /// It may well be one question, and a queue whose end comes after the limit on the first token: a server that
    /// somebody runs at home.
    Untold,
}

impl Capacity {
    /// What a person should know of it who wants `most` at the same time.
    pub fn notice(self, most: NonZeroUsize) -> Option<String> {
        match self {
            Capacity::Slots(slots) if slots < most => {
                let what = if slots.get() == 1 { "one question" } else { &format!("{slots} questions") };
                Some(format!(
                    "the server answers {what} at the same time, so no more files than that are asked for at once"
                ))
            }
            Capacity::Slots(_) | Capacity::Elastic | Capacity::Untold => None,
        }
    }
}

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
    /// Half of what the service did not bear any more after it had borne something: so many come back one by one.
    easy: f64,
    /// Answers that ended well: all, and those at the last sign of overload.
    answers: u64,
    answers_before: u64,
    in_flight: usize,
    /// Calls that have no shared place.
    beside: usize,
    /// How many answers were seen to stream at the same time, where that bounds the calls.
    proven: Option<usize>,
    /// How many answers have streamed since the last one began or ended, and the number of that change.
    streaming: usize,
    change: u64,
    /// Nothing starts before this moment.
    resume: Option<Instant>,
    requests: Bucket,
    tokens: Bucket,
    /// How many tokens of the service one is, as they are estimated: never less than one.
    weight: f64,
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
    /// The last change among the streams that it was heard after.
    heard: Cell<Option<u64>>,
}

impl Pace {
    /// A gate for at most `most` at the same time. It starts wide open, unless nobody tells how much the server bears:
    /// then so that no more than one call waits in its queue.
    pub fn new(most: NonZeroUsize, capacity: Capacity) -> Pace {
        let (most, proven) = match capacity {
            Capacity::Elastic => (most, None),
            Capacity::Slots(slots) => (most.min(slots), None),
            Capacity::Untold => (most, Some(1)),
        };
        let most = most.get() as f64;
        let state = State {
            places: most,
            easy: most / 2.0,
            answers: 0,
            answers_before: 0,
            in_flight: 0,
            beside: 0,
            proven,
            streaming: 0,
            change: 0,
            resume: None,
            requests: Bucket::default(),
            tokens: Bucket::default(),
            weight: 1.0,
        };
        Pace { state: Mutex::new(state), changed: Notify::new(), most }
    }

    /// Waits for a place, for a pause to end, and for room for a request of so many tokens, as they are estimated.
    pub(crate) async fn enter(&self, seat: Seat, tokens: u64) -> Place<'_> {
        loop {
            let changed = self.changed.notified();
            let wait = match self.state().try_enter(seat, tokens, Instant::now()) {
                Ok(tokens) => {
                    let uncounted = Cell::new(Some(tokens));
                    return Place { pace: self, seat, uncounted, heard: Cell::new(None) };
                }
                Err(wait) => wait,
            };
            match wait {
                Some(until) => drop(tokio::time::timeout_at(until, changed).await),
                None => changed.await,
            }
        }
    }

    /// The service was asked for too much: a pause for all, and half the places, unless it was one call alone.
    pub(crate) fn strain(&self, pause: Duration) {
        let mut state = self.state();
        let until = Instant::now() + pause;
        // Calls that were in flight together fail together, and are one sign, not many.
        let is_new = state.resume.is_none_or(|resume| resume < Instant::now());
        if is_new && state.in_flight + state.beside > 0 {
            // A service that answers nobody is down for a while, and may bear as much as before when it is back.
            if state.answers > state.answers_before {
                state.answers_before = state.answers;
                state.easy = state.places / 2.0;
            }
            state.places = (state.places / 2.0).max(1.0);
        }
        state.resume = Some(state.resume.map_or(until, |resume| resume.max(until)));
    }

    /// An answer ended well: a place more as long as that is easy, then a part of one, so that a round of them brings one.
    pub(crate) fn ease(&self) {
        let mut state = self.state();
        state.answers += 1;
        let step = if state.places < state.easy { 1.0 } else { 1.0 / state.places };
        state.places = (state.places + step).min(self.most);
        drop(state);
        self.changed.notify_one();
    }

    /// How many answers have ended well.
    pub(crate) fn answers(&self) -> u64 {
        self.state().answers
    }

    /// Believes what the service said.
    pub(crate) fn learn(&self, room: &Room) {
        let mut state = self.state();
        state.requests.learn(room.requests, Instant::now());
        state.tokens.learn(room.tokens, Instant::now());
    }

    /// Believes how many tokens the service counted in a request, if they are more than were estimated: one that is sent
    /// too early is refused, one too late has only waited.
    pub(crate) fn weigh(&self, estimated: u64, counted: u64) {
        self.state().weight = (counted as f64 / estimated.max(1) as f64).clamp(1.0, HEAVIEST);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Takes a place for a request, of so many of the service's tokens, or says until when there is none; `None` until
    /// something changes.
    fn try_enter(&mut self, seat: Seat, tokens: u64, now: Instant) -> Result<f64, Option<Instant>> {
        if let Some(resume) = self.resume.filter(|resume| *resume > now) {
            return Err(Some(resume));
        }
        let is_queue_empty = self.proven.is_none_or(|proven| self.in_flight + self.beside <= proven);
        if seat == Seat::Shared && (self.in_flight + 1 > self.places as usize || !is_queue_empty) {
            return Err(None);
        }
        let tokens = tokens as f64 * self.weight;
        let waits = [self.requests.wait(1.0, now), self.tokens.wait(tokens, now)];
        if let Some(wait) = waits.into_iter().flatten().max() {
            return Err(Some(now + wait));
        }
        self.requests.uncounted += 1.0;
        self.tokens.uncounted += tokens;
        match seat {
            Seat::Shared => self.in_flight += 1,
            Seat::Own => self.beside += 1,
        }
        Ok(tokens)
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
    /// More of its answer arrived. Answers stream at the same time if all of them were heard since the last one began:
    /// one token after the other is no proof, because the end of an answer may be read after the beginning of the next.
    pub(crate) fn streams(&self) {
        let mut state = self.pace.state();
        let Some(proven) = state.proven else { return };
        match self.heard.get() {
            None => {
                self.heard.set(Some(state.change));
                state.change += 1;
                state.streaming = 0;
            }
            Some(change) if change != state.change => {
                self.heard.set(Some(state.change));
                state.streaming += 1;
                if state.streaming > proven {
                    state.proven = Some(state.streaming);
                    self.pace.changed.notify_one();
                }
            }
            Some(_) => {}
        }
    }

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
        let mut state = self.pace.state();
        match self.seat {
            Seat::Shared => state.in_flight -= 1,
            Seat::Own => state.beside -= 1,
        }
        if self.heard.get().is_some() {
            state.change += 1;
            state.streaming = 0;
        }
        drop(state);
        self.pace.changed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(number: usize) -> NonZeroUsize {
        NonZeroUsize::new(number).expect("is not zero")
    }

    fn pace(most: usize) -> Pace {
        Pace::new(number(most), Capacity::Elastic)
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
        let _other = pace.enter(Seat::Shared, 1).await;
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
    async fn one_call_alone_is_not_too_much_at_once() {
        let pace = pace(8);
        pace.strain(Duration::from_secs(5));
        assert_eq!(pace.state().places, 8.0);
        assert!(!enters(&pace), "a pause is for it, too");
    }

    #[tokio::test(start_paused = true)]
    async fn places_come_back_fast_after_an_outage_and_slowly_after_overload() {
        let pace = pace(8);
        let _other = pace.enter(Seat::Shared, 1).await;
        let strain = async || {
            pace.strain(Duration::from_secs(1));
            tokio::time::advance(Duration::from_secs(2)).await;
        };
        for _ in 0..4 {
            strain().await;
        }
        assert_eq!(pace.state().places, 1.0);
        for _ in 0..3 {
            pace.ease();
        }
        assert_eq!(pace.state().places, 4.0);
        pace.ease();
        assert_eq!(pace.state().places, 4.25, "it bore less than eight");
        strain().await;
        pace.ease();
        assert!(pace.state().places < 3.0, "it bore less than four");
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
    async fn a_request_takes_as_many_tokens_as_the_service_counts() {
        let pace = pace(8);
        let left = Left { limit: 1000.0, remaining: 250.0, reset: Duration::from_secs(10) };
        pace.learn(&Room { requests: None, tokens: Some(left) });
        pace.weigh(1000, 1500);
        let first = pace.enter(Seat::Shared, 100).await;
        assert!(!enters(&pace), "150 of 250 are taken");
        first.counted();
        assert!(enters(&pace), "and given back as they were taken");
        pace.weigh(1000, 10);
        assert!(enters(&pace) && !enters(&pace), "a service that counts fewer is not believed");
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

    #[tokio::test(start_paused = true)]
    async fn slots_bound_the_places() {
        let pace = Pace::new(number(8), Capacity::Slots(number(2)));
        assert!(enters(&pace) && enters(&pace) && !enters(&pace));
        assert!(Capacity::Slots(number(2)).notice(number(8)).is_some_and(|words| words.contains("2 questions")));
        assert_eq!(Capacity::Slots(number(8)).notice(number(8)), None);
    }

    /// A server that tells nothing, with so many calls in flight.
    async fn untold(pace: &Pace, calls: usize) -> Vec<Place<'_>> {
        let mut places = Vec::new();
        for _ in 0..calls {
            places.push(pace.enter(Seat::Shared, 1).await);
        }
        places
    }

    #[tokio::test(start_paused = true)]
    async fn one_call_at_most_waits_in_the_queue_of_a_server_that_does_not_tell_its_slots() {
        let pace = Pace::new(number(8), Capacity::Untold);
        let mut places = untold(&pace, 2).await;
        for _ in 0..9 {
            places[0].streams();
        }
        assert!(!enters(&pace), "only one streams");
        drop(places.remove(0));
        places[0].streams();
        assert!(enters(&pace) && !enters(&pace), "the other one streams after it, not beside it");
    }

    #[tokio::test(start_paused = true)]
    async fn answers_that_stream_at_the_same_time_make_room_for_one_more() {
        let pace = Pace::new(number(4), Capacity::Untold);
        let mut places = untold(&pace, 2).await;
        for calls in 2..=4 {
            assert!(!enters(&pace), "{calls} are in flight");
            for _ in 0..3 {
                places.iter().for_each(Place::streams);
            }
            if calls < 4 {
                places.extend(untold(&pace, 1).await);
            }
        }
        assert!(!enters(&pace), "4 were asked for at most");
    }

    #[tokio::test(start_paused = true)]
    async fn the_end_of_an_answer_that_is_read_late_proves_nothing() {
        let pace = Pace::new(number(8), Capacity::Untold);
        let mut places = untold(&pace, 2).await;
        places[0].streams();
        places[1].streams();
        places[0].streams();
        drop(places.remove(0));
        places[0].streams();
        assert_eq!(pace.state().proven, Some(1));
    }

    #[tokio::test(start_paused = true)]
    async fn the_list_takes_the_place_of_a_file_and_waits_for_none() {
        let pace = Pace::new(number(8), Capacity::Untold);
        let files = untold(&pace, 2).await;
        let list = pace.enter(Seat::Own, 1).await;
        drop(files);
        assert!(enters(&pace) && !enters(&pace));
        drop(list);
        assert!(enters(&pace));
    }
}
