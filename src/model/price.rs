//! What tokens cost.

use serde::Deserialize;

use crate::usage::Usage;

/// List prices in US dollars per million tokens.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Price {
    pub input: f64,
    /// Input that was served from the prefix cache.
    cached: Option<f64>,
    /// Input that was put into the prefix cache.
    written: Option<f64>,
    pub output: f64,
    /// The longest prompt that these prices hold for, in tokens.
    up_to: Option<u64>,
}

impl Price {
    /// What answers cost that were paid for before.
    pub const NOTHING: Price = Price { input: 0.0, cached: None, written: None, output: 0.0, up_to: None };

    /// The usage with its cost, and with what the prefix cache saved.
    pub(super) fn of(price: Option<Price>, usage: Usage) -> Usage {
        let cost = price.and_then(|price| price.cost(&usage));
        let uncached = price.and_then(|price| price.cost(&Usage { cached: 0, written: 0, ..usage }));
        Usage { cost, saved: uncached.zip(cost).map(|(uncached, cost)| uncached - cost), ..usage }
    }

    /// US dollars for this many tokens; `None` when these prices do not hold for so many.
    pub fn cost(&self, usage: &Usage) -> Option<f64> {
        if self.up_to.is_some_and(|most| usage.input > most) {
            return None;
        }
        let fresh = usage.input.saturating_sub(usage.cached).saturating_sub(usage.written);
        let parts = [
            (fresh, self.input),
            (usage.cached, self.cached.unwrap_or(self.input)),
            (usage.written, self.written.unwrap_or(self.input)),
            (usage.output, self.output),
        ];
        Some(parts.iter().map(|(tokens, price)| *tokens as f64 * price).sum::<f64>() / 1e6)
    }

    /// US dollars that an answer of `output` tokens to a prompt of `input` tokens costs at most.
    pub fn most(&self, input: u64, output: u64) -> Option<f64> {
        let of = |usage: Usage| self.cost(&Usage { input, output, ..usage });
        let [fresh, written] = [of(Usage::NONE), of(Usage { written: input, ..Usage::NONE })];
        Some(fresh?.max(written?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MILLION: u64 = 1_000_000;

    #[test]
    fn each_kind_of_token_has_its_price() {
        let price: Price =
            toml::from_str("input = 4.0\ncached = 0.2\nwritten = 5.0\noutput = 20.0").expect("is a price");
        let fresh = Usage { input: MILLION, ..Usage::NONE };
        for (usage, cost) in [
            (fresh, 4.0),
            (Usage { cached: MILLION, ..fresh }, 0.2),
            (Usage { written: MILLION, ..fresh }, 5.0),
            (Usage { cached: MILLION / 2, written: MILLION / 2, ..fresh }, 2.6),
            (Usage { output: MILLION, ..Usage::NONE }, 20.0),
        ] {
            assert_eq!(price.cost(&usage), Some(cost));
        }
        assert_eq!(price.most(MILLION, MILLION), Some(25.0));
    }

    #[test]
    fn what_the_cache_saves_is_what_the_same_tokens_cost_without_it() {
        let price: Option<Price> =
            toml::from_str("input = 4.0\ncached = 0.25\nwritten = 5.0\noutput = 20.0").expect("is a price");
        let saved = |usage| Price::of(price, usage).saved;
        let usage = Usage { input: MILLION, output: 7, ..Usage::NONE };
        assert_eq!(saved(usage), Some(0.0));
        assert_eq!(saved(Usage { cached: MILLION, ..usage }), Some(3.75));
        assert_eq!(saved(Usage { written: MILLION, ..usage }), Some(-1.0));
        assert_eq!((Price::of(None, usage).cost, Price::of(None, usage).saved), (None, None));
    }

    #[test]
    fn past_its_range_a_price_says_nothing() {
        let price: Price = toml::from_str("input = 1.0\noutput = 2.0\nup-to = 100").expect("is a price");
        assert!(price.cost(&Usage { input: 100, ..Usage::NONE }).is_some());
        assert_eq!(price.cost(&Usage { input: 101, ..Usage::NONE }), None);
        assert_eq!(price.most(101, 0), None);
    }
}
