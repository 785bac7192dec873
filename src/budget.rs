//! What a run may cost, held for parallel calls too: no call starts whose worst case would pass the limit.
//! Numbers and waiting only; nothing here asks a model.

use std::{
    cell::Cell,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify;

use crate::{
    model::{Error, Price, Request},
    usage::Usage,
};

/// Longest answer that one call may give while a limit holds, in tokens; a longer one is gone on with. Without such a
/// bound the worst case of a call is the model's longest answer, and hardly two of them could run at a time.
pub const LONGEST_ANSWER: u64 = 16_384;
/// An answer that has to be shorter is not worth its prompt, in tokens.
const SHORTEST_ANSWER: u64 = 2_048;
/// A token of a prompt has at least so many bytes. English and code have three to five; this is the bound for the worst.
const FEWEST_BYTES_PER_TOKEN: u64 = 2;
/// The most tokens that a picture can take. The most that anyone documents is gpt-4o-mini's 2,833 and 5,667 for each of
/// at most eight squares; most models take a tenth of it.
const MOST_TOKENS_PER_IMAGE: u64 = 50_000;

/// The limit of a run in US dollars, and how much of it is used.
pub struct Budget(Option<Limit>);

struct Limit {
    most: f64,
    price: Price,
    longest_answer: u64,
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Default)]
struct State {
    spent: f64,
    /// The worst cases of the calls in flight.
    reserved: f64,
}

/// What one call may use; given back when this is dropped.
pub(crate) struct Allowance<'a> {
    limit: Option<&'a Limit>,
    reserved: f64,
    /// The most tokens that its answer may have.
    pub(crate) most: Option<u64>,
    spent: Cell<f64>,
}

impl Budget {
    pub fn unlimited() -> Budget {
        Budget(None)
    }

    /// At most `most` US dollars at these prices; `longest_answer` is the model's own bound, in tokens.
    pub fn of(most: f64, price: Price, longest_answer: Option<u64>) -> Budget {
        let longest_answer = longest_answer.map_or(LONGEST_ANSWER, |longest| longest.min(LONGEST_ANSWER));
        Budget(Some(Limit { most, price, longest_answer, state: Mutex::default(), changed: Notify::new() }))
    }

    /// Waits until what is left pays for the worst case of this call.
    ///
    /// # Errors
    /// [`Error::OverBudget`] if it never will.
    pub(crate) async fn enter(&self, request: &Request) -> Result<Allowance<'_>, Error> {
        let Some(limit) = &self.0 else {
            return Ok(Allowance { limit: None, reserved: 0.0, most: None, spent: Cell::new(0.0) });
        };
        let bytes: usize = request.messages.iter().map(|message| message.text.len()).sum();
        let images: usize = request.messages.iter().map(|message| message.images.len()).sum();
        let input = (bytes as u64).div_ceil(FEWEST_BYTES_PER_TOKEN) + images as u64 * MOST_TOKENS_PER_IMAGE;
        loop {
            let changed = limit.changed.notified();
            match limit.reserve(input)? {
                Some((reserved, most)) => {
                    return Ok(Allowance { limit: Some(limit), reserved, most: Some(most), spent: Cell::new(0.0) });
                }
                None => changed.await,
            }
        }
    }
}

impl Limit {
    /// Sets aside the worst case of a call and says how long its answer may be; `None` while calls in flight may still
    /// give something back.
    fn reserve(&self, input: u64) -> Result<Option<(f64, u64)>, Error> {
        let mut state = self.state();
        let cost = |output| self.price.most(input, output).unwrap_or(f64::INFINITY);
        let left = self.most - state.spent - state.reserved;
        let affordable = match self.price.output > 0.0 {
            true => ((left - cost(0)) / (self.price.output / 1e6)).max(0.0) as u64,
            false if left >= cost(0) => u64::MAX,
            false => 0,
        };
        let most = affordable.min(self.longest_answer);
        if most >= SHORTEST_ANSWER.min(self.longest_answer) {
            let reserved = cost(most);
            state.reserved += reserved;
            return Ok(Some((reserved, most)));
        }
        if state.reserved > 0.0 {
            return Ok(None);
        }
        let (most, spent, needed) = (self.most, state.spent, cost(SHORTEST_ANSWER.min(self.longest_answer)));
        Err(Error::OverBudget { most, spent, needed })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Allowance<'_> {
    /// What the call has used in the end. Where the service does not say what it cost, its list price counts.
    pub(crate) fn used(&self, usage: &Usage) {
        let price = |limit: &Limit| usage.cost.or_else(|| limit.price.cost(usage)).unwrap_or(self.reserved);
        self.spent.set(self.limit.map_or(0.0, price));
    }

    /// Stops an answer of so many tokens, if it is longer than it may be: not every service keeps to what it is told.
    pub(crate) fn check(&self, tokens: u64) -> Result<(), Error> {
        match self.limit.filter(|_| self.most.is_some_and(|most| tokens > most)) {
            Some(limit) => {
                Err(Error::OverBudget { most: limit.most, spent: limit.state().spent, needed: self.reserved })
            }
            None => Ok(()),
        }
    }
}

impl Drop for Allowance<'_> {
    fn drop(&mut self) {
        let Some(limit) = self.limit else { return };
        let mut state = limit.state();
        state.spent += self.spent.get();
        state.reserved = (state.reserved - self.reserved).max(0.0);
        // Sums of fractions do not come back to zero by themselves.
        if state.reserved < 1e-9 {
            state.reserved = 0.0;
        }
        drop(state);
        limit.changed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        image::Image,
        model::{Form, Message, Role},
    };

    fn request(bytes: usize) -> Request {
        let message = Message::new(Role::User, "x".repeat(bytes));
        Request { messages: vec![message], form: Form::Text }
    }

    /// A dollar for a thousand tokens, in or out.
    fn budget(most: f64) -> Budget {
        let price: Price = toml::from_str("input = 1000.0\noutput = 1000.0").expect("is a price");
        Budget::of(most, price, Some(4_000))
    }

    fn output(tokens: u64) -> Usage {
        Usage { output: tokens, cost: None, ..Usage::NONE }
    }

    #[tokio::test]
    async fn a_call_that_could_pass_the_limit_waits_for_one_that_ends_cheaper() {
        let budget = budget(6.0);
        let first = budget.enter(&request(2_000)).await.expect("there is enough");
        assert_eq!(first.most, Some(4_000));
        let next = request(2_000);
        let mut second = Box::pin(budget.enter(&next));
        assert!(futures::poll!(&mut second).is_pending(), "5 of 6 dollars are set aside");
        first.used(&output(500));
        drop(first);
        assert_eq!(second.await.expect("4.5 dollars are left").most, Some(4_000));
    }

    #[tokio::test]
    async fn what_is_left_bounds_the_answer_and_then_ends_the_run() {
        let budget = budget(6.0);
        let first = budget.enter(&request(0)).await.expect("there is enough");
        first.used(&output(3_500));
        drop(first);
        let second = budget.enter(&request(0)).await.expect("2.5 dollars are left");
        assert_eq!(second.most, Some(2_500));
        assert!(second.check(2_501).is_err() && second.check(2_500).is_ok());
        second.used(&output(2_000));
        drop(second);
        let error = budget.enter(&request(0)).await.map(|allowance| allowance.most);
        assert_eq!(error, Err(Error::OverBudget { most: 6.0, spent: 5.5, needed: 2.048 }));
    }

    #[tokio::test]
    async fn the_worst_case_of_a_picture_is_set_aside() {
        let mut pictured = request(0);
        pictured.messages[0].images.push(Image::new("a", b"GIF89a").expect("is one").into());
        assert!(budget(50.0).enter(&pictured).await.is_err());
        assert!(budget(60.0).enter(&pictured).await.is_ok());
    }

    #[tokio::test]
    async fn without_a_limit_everything_goes() {
        let budget = Budget::unlimited();
        let all = budget.enter(&request(9_000_000)).await.expect("there is no limit");
        assert!(all.most.is_none() && all.check(u64::MAX).is_ok());
    }
}
