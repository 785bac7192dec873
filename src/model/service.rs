//! Which model is asked, where, with which key and how: everything that a wire has to know. Sends nothing.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use super::{
    catalog::{Catalog, Facts},
    provider::{Effort, Provider, Rung},
};

/// One model of one provider.
#[derive(Clone, Debug)]
pub struct Service {
    pub provider: Provider,
    pub key: SecretString,
    pub model: String,
    pub facts: Facts,
    pub manner: Manner,
    /// What it took and refused in earlier runs.
    pub habits: Habits,
}

/// How a person wants every model to be asked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Manner {
    pub effort: Option<Effort>,
    /// Longest wait for a connection.
    pub connect: Duration,
}

/// What a model turned out to take.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Habits {
    /// How it is asked for a list with success, where a better way was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub list: Option<Rung>,
    /// Parameters that it refuses.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub refused: BTreeSet<String>,
}

/// The habits of models, from run to run, by [`Service::name`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Remembered(BTreeMap<String, Memory>);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Memory {
    /// Seconds since 1970.
    at: u64,
    #[serde(flatten)]
    habits: Habits,
}

/// Servers get better: what one refused so many seconds ago is tried again.
const FORGOTTEN_AFTER: u64 = 14 * 24 * 60 * 60;

impl Remembered {
    /// Reads what was written; what cannot be read, or is too old at `now`, is forgotten.
    pub fn read(text: &str, now: u64) -> Remembered {
        let mut all: Remembered = serde_json::from_str(text).unwrap_or_default();
        all.0.retain(|_, memory| now.saturating_sub(memory.at) < FORGOTTEN_AFTER);
        all
    }

    pub fn habits(&self, name: &str) -> Habits {
        self.0.get(name).map(|memory| memory.habits.clone()).unwrap_or_default()
    }

    /// Adds what a run has learned; the text to write if that was anything.
    pub fn learn(&mut self, name: &str, learned: &Habits, now: u64) -> Option<String> {
        if *learned == Habits::default() {
            return None;
        }
        let mut habits = self.habits(name);
        habits.list = learned.list.or(habits.list);
        habits.refused.extend(learned.refused.iter().cloned());
        self.0.insert(name.to_owned(), Memory { at: now, habits });
        serde_json::to_string_pretty(self).ok()
    }
}

impl Service {
    pub fn new(catalog: &Catalog, provider: Provider, key: SecretString, model: &str, manner: Manner) -> Service {
        let facts = catalog.facts(model);
        Service { provider, key, model: model.to_owned(), facts, manner, habits: Habits::default() }
    }

    /// How it is asked for a list, best first; what it refused before is not tried again.
    pub fn rungs(&self) -> Vec<Rung> {
        let all = if self.facts.list.is_empty() { &self.provider.list } else { &self.facts.list };
        let known = self.habits.list.and_then(|known| all.iter().position(|rung| *rung == known));
        all[known.unwrap_or(0)..].to_vec()
    }

    /// The field that tells it how much to think and its value, if it was said how much and it can be told.
    pub fn effort(&self) -> Option<(&str, serde_json::Value)> {
        let field = self.provider.effort.as_ref()?;
        let known = if self.facts.efforts.is_empty() { &field.words } else { &self.facts.efforts };
        Some((&field.field, field.value(self.manner.effort?.nearest(known))))
    }

    /// The name that its habits are remembered by.
    pub fn name(&self) -> String {
        format!("{} at {}", self.model, self.provider.base_url)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_learned_is_known_until_it_is_old() {
        let mut remembered = Remembered::default();
        assert_eq!(remembered.learn("m", &Habits::default(), 5), None);
        let refused = Habits { refused: BTreeSet::from(["store".to_owned()]), list: None };
        remembered.learn("m", &refused, 5).expect("is new");
        let text = remembered.learn("m", &Habits { list: Some(Rung::Text), ..Habits::default() }, 6).expect("is new");
        let both = Habits { list: Some(Rung::Text), ..refused };
        assert_eq!(Remembered::read(&text, 7).habits("m"), both);
        assert_eq!(Remembered::read(&text, 6 + FORGOTTEN_AFTER).habits("m"), Habits::default());
        assert_eq!(Remembered::read("no JSON", 7), Remembered::default());
    }
}
