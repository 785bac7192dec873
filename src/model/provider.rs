//! A provider of models: its address, its keys, its protocol, and how it wants to be asked.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// One provider of models.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Provider {
    pub name: String,
    pub wire: Wire,
    /// Empty where everybody has an address of their own.
    pub base_url: String,
    /// The variable that may hold another address for it.
    pub address: Option<String>,
    /// What such an address lacks at its end.
    #[serde(default)]
    pub path: String,
    /// Variables that may hold its key; none for a server at home.
    pub keys: Vec<String>,
    /// The header that carries the key, where it is not the protocol's usual one.
    pub key_header: Option<String>,
    /// How to ask for the file list, best first.
    pub list: Vec<Rung>,
    /// Parameters that it refuses.
    #[serde(default)]
    pub without: Vec<String>,
    /// The field that limits an answer's length, where it is not the protocol's usual one.
    pub limit: Option<String>,
    /// The field that says how much to think.
    pub effort: Option<EffortField>,
    /// The field that tells which requests begin alike, so that they are answered where that beginning is cached.
    pub cache_key: Option<String>,
    /// What is asked when nobody names a model.
    pub model: Option<String>,
}

/// The protocol that a provider speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Wire {
    Responses,
    Chat,
    Anthropic,
    Ollama,
}

/// One way of asking for a structured answer; a provider that refuses one is asked by the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rung {
    /// A forced call of the function, by its name.
    Named,
    /// A forced call of whatever function there is.
    Required,
    /// JSON that follows the function's schema.
    Schema,
    /// Any JSON object.
    Json,
    /// Words.
    Text,
}

/// How much a model thinks before it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effort {
    None,
    Minimal,
    Low,
    Medium,
    High,
    Xhigh,
    Max,
}

/// Where a provider is told how much to think, and in which words.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EffortField {
    /// The path of the field, with dots.
    pub field: String,
    /// The words that it takes; all of them, if none is named.
    #[serde(default)]
    pub words: Vec<Effort>,
    /// Where it is a switch: what turns thinking on, and off.
    pub on: Option<Value>,
    pub off: Option<Value>,
}

impl Effort {
    pub const ALL: [Effort; 7] =
        [Effort::None, Effort::Minimal, Effort::Low, Effort::Medium, Effort::High, Effort::Xhigh, Effort::Max];

    /// The nearest one of `known`, rather more than less; itself if none is known.
    pub fn nearest(self, known: &[Effort]) -> Effort {
        let distance = |effort: &&Effort| (2 * (**effort as i32 - self as i32).abs(), **effort < self);
        known.iter().min_by_key(distance).copied().unwrap_or(self)
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Effort> {
        serde_json::from_value(json!(word)).ok()
    }

    /// The word that services and people use for it.
    pub fn word(self) -> &'static str {
        match self {
            Effort::None => "none",
            Effort::Minimal => "minimal",
            Effort::Low => "low",
            Effort::Medium => "medium",
            Effort::High => "high",
            Effort::Xhigh => "xhigh",
            Effort::Max => "max",
        }
    }
}

impl EffortField {
    /// The value of the field for this effort.
    pub fn value(&self, effort: Effort) -> Value {
        match (&self.on, &self.off) {
            (_, Some(off)) if effort == Effort::None => off.clone(),
            (Some(on), _) => on.clone(),
            _ => json!(effort.word()),
        }
    }
}

impl Provider {
    /// Whether it is a server that people run themselves.
    pub fn is_at_home(&self) -> bool {
        self.keys.is_empty()
    }

    /// It at another address.
    pub fn at(&self, address: &str) -> Provider {
        let address = with_scheme(address.trim().trim_end_matches('/'), self.wire);
        let path = if address.ends_with(&self.path) { "" } else { &self.path };
        Provider { base_url: format!("{address}{path}"), ..self.clone() }
    }
}

/// A whole address: Ollama's own tools take a host without a scheme, and without a port mean their own.
fn with_scheme(address: &str, wire: Wire) -> String {
    match (address.contains("://"), wire) {
        (true, _) => address.to_owned(),
        (false, Wire::Ollama) if !address.contains(':') => format!("http://{address}:11434"),
        (false, Wire::Ollama) => format!("http://{address}"),
        (false, Wire::Chat | Wire::Responses | Wire::Anthropic) => format!("https://{address}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_as_ollama_takes_it() {
        for (set, address) in [
            ("0.0.0.0", "http://0.0.0.0:11434"),
            ("box:99", "http://box:99"),
            ("https://box/ollama", "https://box/ollama"),
        ] {
            assert_eq!(with_scheme(set, Wire::Ollama), address);
        }
        assert_eq!(with_scheme("box.example", Wire::Chat), "https://box.example");
    }

    #[test]
    fn the_nearest_effort_is_rather_more_than_less() {
        use Effort::{High, Low, Max, Medium, Minimal, None, Xhigh};
        for (wanted, known, nearest) in [
            (High, vec![], High),
            (High, vec![Low, High], High),
            (None, vec![Low, High], Low),
            (Max, vec![Low, High], High),
            (Medium, vec![Low, High], High),
            (Minimal, vec![None, Low], Low),
            (Xhigh, vec![None, Max], Max),
        ] {
            assert_eq!(wanted.nearest(&known), nearest, "{wanted:?} of {known:?}");
        }
        for effort in Effort::ALL {
            assert_eq!(Effort::parse(effort.word()), Some(effort));
        }
    }
}
