//! How the files' calls ended, as far as it decides how the run does.

use std::sync::{Mutex, PoisonError};

use anyhow::Result;

use super::Run;
use crate::model;

/// What became of the files' calls, as far as it decides how the run ends.
#[derive(Default)]
pub(super) struct Ends {
    answered: usize,
    /// Why the service takes no question at all.
    turned_away: Option<model::Error>,
    /// Why no more may be asked.
    over_budget: Option<model::Error>,
}

impl Run<'_> {
    pub(super) fn note_end(&self, error: Option<Option<&model::Error>>) {
        note_end(self.ends, error);
    }

    pub(super) fn reached(&self) -> Result<()> {
        reached(self.ends)
    }
}

/// Notes how a call ended: well, or with this error, if it is one of the model's.
pub(super) fn note_end(ends: &Mutex<Ends>, error: Option<Option<&model::Error>>) {
    let mut ends = ends.lock().unwrap_or_else(PoisonError::into_inner);
    match error {
        None => ends.answered += 1,
        Some(Some(error @ model::Error::OverBudget { .. })) => ends.over_budget = Some(error.clone()),
        Some(Some(error)) if error.is_about_access() => ends.turned_away = Some(error.clone()),
        Some(_) => {}
    }
}

/// An error if no more could be asked for the money, or if no file got an answer, because the service could not be
/// reached or took no question.
pub(super) fn reached(ends: &Mutex<Ends>) -> Result<()> {
    let ends = ends.lock().unwrap_or_else(PoisonError::into_inner);
    match (&ends.over_budget, &ends.turned_away, ends.answered) {
        (Some(error), _, _) | (None, Some(error), 0) => Err(error.clone().into()),
        _ => Ok(()),
    }
}
