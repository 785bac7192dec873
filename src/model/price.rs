//! What the hosted models cost, as data. A model that is not in the table costs an unknown amount, never nothing.

use std::{collections::BTreeMap, sync::LazyLock};

use serde::Deserialize;

use crate::usage::Usage;

/// List prices in US dollars per million tokens.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Price {
    pub input: f64,
    /// Input that was served from the prefix cache.
    pub cached: f64,
    pub output: f64,
}

static TABLE: LazyLock<BTreeMap<String, Price>> =
    LazyLock::new(|| toml::from_str(include_str!("prices.toml")).expect("prices.toml ships with smol and is tested"));

impl Price {
    /// The price of the model with this very name.
    pub fn of(model: &str) -> Option<Price> {
        TABLE.get(model).copied()
    }

    /// US dollars for this many tokens.
    pub fn cost(&self, usage: &Usage) -> f64 {
        let fresh = usage.input.saturating_sub(usage.cached) as f64;
        (fresh * self.input + usage.cached as f64 * self.cached + usage.output as f64 * self.output) / 1e6
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cached_tokens_cost_less() {
        let price = Price::of("gpt-6.1-sol").expect("the default model has a price");
        let fresh = Usage { input: 1_000_000, ..Usage::NONE };
        assert_eq!(price.cost(&fresh), price.input);
        assert_eq!(price.cost(&Usage { cached: 1_000_000, ..fresh }), price.cached);
        assert_eq!(price.cost(&Usage { output: 2_000_000, ..Usage::NONE }), 2.0 * price.output);
    }

    #[test]
    fn an_unknown_model_has_no_price() {
        assert_eq!(Price::of("my-own-7b"), None);
    }
}
