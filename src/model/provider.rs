//! Who can be asked, as data: addresses, keys, protocols, and how each is asked for a list.

use std::sync::LazyLock;

use serde::Deserialize;

/// One provider of models.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Provider {
    pub name: String,
    pub wire: Wire,
    pub base_url: String,
    /// The variable that may hold another address for it.
    pub address: Option<String>,
    /// Variables that may hold its key; none for a server at home.
    pub keys: Vec<String>,
    /// How to ask for the file list, best first.
    pub rungs: Vec<Rung>,
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rung {
    /// A forced call of the function, by its name.
    Named,
    /// A forced call of whatever function there is.
    Required,
    /// JSON that follows the function's schema.
    Schema,
    /// Words.
    Text,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    provider: Vec<Provider>,
}

static TABLE: LazyLock<Vec<Provider>> = LazyLock::new(|| {
    let table: Table =
        toml::from_str(include_str!("providers.toml")).expect("providers.toml ships with smol and is tested");
    table.provider
});

impl Provider {
    /// All of them, in the order in which their keys are looked for.
    pub fn all() -> &'static [Provider] {
        &TABLE
    }

    pub fn named(name: &str) -> Option<&'static Provider> {
        TABLE.iter().find(|provider| provider.name == name)
    }

    /// The servers that may run on this machine, each at its usual address or at the one that is set for it.
    pub fn local(set: impl Fn(&str) -> Option<String>) -> Vec<Provider> {
        let at_home = TABLE.iter().filter(|provider| provider.keys.is_empty());
        let addressed = at_home.map(|provider| {
            let address = provider.address.as_ref().and_then(|name| set(name));
            Provider { base_url: address.map_or(provider.base_url.clone(), with_scheme), ..provider.clone() }
        });
        addressed.collect()
    }

    /// Whoever answers at this address: a known provider, or somebody who speaks chat completions as most do.
    pub fn at(base_url: &str) -> Provider {
        let base_url = base_url.trim().trim_end_matches('/');
        let known = TABLE.iter().find(|provider| provider.base_url == base_url);
        known.cloned().unwrap_or_else(|| Provider {
            name: String::new(),
            wire: Wire::Chat,
            base_url: base_url.to_owned(),
            address: None,
            keys: vec!["OPENAI_API_KEY".to_owned()],
            rungs: vec![Rung::Named, Rung::Required, Rung::Schema, Rung::Text],
            model: None,
        })
    }
}

/// A whole address: Ollama's own tools take a host without a scheme, and without a port mean their own.
pub(crate) fn with_scheme(address: String) -> String {
    let is_bare = !address.contains("://");
    match is_bare && !address.contains(':') {
        true => format!("http://{address}:11434"),
        false if is_bare => format!("http://{address}"),
        false => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_provider_ends_on_words_and_has_a_name_of_its_own() {
        for provider in Provider::all() {
            assert_eq!(provider.rungs.last(), Some(&Rung::Text), "{}", provider.name);
            assert_eq!(Provider::named(&provider.name), Some(provider));
            assert_eq!(&Provider::at(&format!("{}/", provider.base_url)), provider);
        }
    }

    #[test]
    fn a_host_as_ollama_takes_it() {
        for (set, address) in [
            ("0.0.0.0", "http://0.0.0.0:11434"),
            ("box:99", "http://box:99"),
            ("https://box/ollama", "https://box/ollama"),
        ] {
            assert_eq!(with_scheme(set.to_owned()), address);
        }
    }

    #[test]
    fn anybody_else_speaks_chat_completions() {
        let provider = Provider::at("http://10.0.0.1:9/v1/");
        assert_eq!((provider.wire, provider.base_url.as_str()), (Wire::Chat, "http://10.0.0.1:9/v1"));
    }
}
