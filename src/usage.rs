//! What calls have used, in tokens and money. Nothing else.

use serde::{Deserialize, Serialize};

/// What one call or many have used, in tokens and US dollars.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens sent, the cached ones included.
    pub input: u64,
    /// Tokens of `input` that the service had in its prefix cache.
    pub cached: u64,
    /// Tokens of `input` that the service put into its prefix cache, where it says so.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub written: u64,
    /// Tokens received, thinking included.
    pub output: u64,
    /// Tokens of `output` that the model spent on thinking, where the service says so.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub thinking: u64,
    /// `None` when it is not known, which is not the same as nothing.
    pub cost: Option<f64>,
    /// How much less that is than without the prefix cache, in US dollars; below zero if filling it cost more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub saved: Option<f64>,
    /// Whether a part of it was estimated, because a server did not count.
    #[serde(default)]
    pub is_estimated: bool,
}

impl Usage {
    /// What nothing costs: the start of a sum.
    pub const NONE: Usage = Usage {
        input: 0,
        cached: 0,
        written: 0,
        output: 0,
        thinking: 0,
        cost: Some(0.0),
        saved: Some(0.0),
        is_estimated: false,
    };
}

/// `serde` wants a reference.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl Default for Usage {
    fn default() -> Usage {
        Usage::NONE
    }
}

impl std::ops::AddAssign for Usage {
    fn add_assign(&mut self, other: Usage) {
        self.input = self.input.saturating_add(other.input);
        self.cached = self.cached.saturating_add(other.cached);
        self.written = self.written.saturating_add(other.written);
        self.output = self.output.saturating_add(other.output);
        self.thinking = self.thinking.saturating_add(other.thinking);
        self.is_estimated = self.is_estimated || other.is_estimated;
        self.cost = self.cost.zip(other.cost).map(|(a, b)| a + b);
        self.saved = self.saved.zip(other.saved).map(|(a, b)| a + b);
    }
}
