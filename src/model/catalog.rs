//! Who can be asked and what their models are like, as data: shipped in `catalog.toml`, overridden by the user's own.
//! Knows nothing about networks or keys.

use std::sync::LazyLock;

use anyhow::{Context, Result};
use serde::{Deserialize, de::DeserializeOwned};
use toml::{Table, Value};

use super::{
    price::Price,
    provider::{Effort, Provider, Rung, Wire},
};

/// All providers and models that are known.
#[derive(Clone, Debug, PartialEq)]
pub struct Catalog {
    providers: Vec<Provider>,
    models: Vec<(String, Facts)>,
}

/// What is known of a model; what is not known is not guessed.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Facts {
    /// Tokens of question and answer together.
    pub window: Option<u64>,
    /// Tokens of the longest answer, thinking included.
    pub answer: Option<u64>,
    /// How much it can be told to think; empty where its provider's words hold.
    pub efforts: Vec<Effort>,
    /// How it is asked for a list, where it differs from its provider.
    pub list: Vec<Rung>,
    pub price: Option<Price>,
}

/// The tables of a catalog as they stand in a file.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tables {
    pub providers: Table,
    pub models: Table,
}

static SHIPPED: LazyLock<Tables> =
    LazyLock::new(|| toml::from_str(include_str!("catalog.toml")).expect("catalog.toml ships with smol and is tested"));

impl Catalog {
    /// The shipped one, where `own` does not say otherwise.
    ///
    /// # Errors
    /// If an entry has a field that there is not, lacks one that it needs, or holds what cannot be.
    pub fn with(own: &Tables) -> Result<Catalog> {
        let table = |kind: &str, name: &str, entry: &Value| {
            let table = entry.as_table().cloned();
            table.with_context(|| format!("the {kind} '{name}' is no table"))
        };
        let named = |(name, entry): (&String, &Value)| -> Result<Provider> {
            let mut entry = table("provider", name, entry)?;
            entry.insert("name".to_owned(), Value::String(name.clone()));
            read(entry).with_context(|| format!("the provider '{name}' cannot be understood"))
        };
        let model = |(name, entry): (&String, &Value)| -> Result<(String, Facts)> {
            let facts = read(table("model", name, entry)?);
            Ok((name.clone(), facts.with_context(|| format!("the model '{name}' cannot be understood"))?))
        };
        Ok(Catalog {
            providers: merged(&SHIPPED.providers, &own.providers).iter().map(named).collect::<Result<_>>()?,
            models: merged(&SHIPPED.models, &own.models).iter().map(model).collect::<Result<_>>()?,
        })
    }

    /// In the order in which their keys are looked for.
    pub fn providers(&self) -> &[Provider] {
        &self.providers
    }

    pub fn provider(&self, name: &str) -> Option<&Provider> {
        self.providers.iter().find(|provider| provider.name == name)
    }

    /// Whoever answers at this address: a known provider, or somebody who speaks chat completions as most do.
    pub fn at(&self, base_url: &str) -> Provider {
        let base_url = base_url.trim().trim_end_matches('/');
        // Ollama's imitation of OpenAI's protocol cannot be told the window, has 4,096 tokens of it on most machines, and
        // drops the beginning of what is longer without a word. Its own protocol is at the same address.
        let of_ollama = |provider: &&Provider| {
            provider.wire == Wire::Ollama
                && base_url.strip_suffix("/v1").is_some_and(|root| is_same(root, &provider.base_url))
        };
        let is_at = |provider: &&Provider| provider.base_url == base_url || of_ollama(provider);
        let known = self.providers.iter().find(is_at);
        known.cloned().unwrap_or_else(|| Provider {
            name: String::new(),
            wire: Wire::Chat,
            base_url: base_url.to_owned(),
            address: None,
            path: String::new(),
            keys: vec!["OPENAI_API_KEY".to_owned()],
            key_header: None,
            list: vec![Rung::Named, Rung::Required, Rung::Schema, Rung::Json, Rung::Text],
            without: Vec::new(),
            limit: None,
            effort: None,
            cache_key: None,
            model: None,
        })
    }

    /// What is known of a model by this name, or by this name with a date behind it.
    pub fn facts(&self, model: &str) -> Facts {
        let is_it = |name: &str| model == name || model.strip_prefix(name).is_some_and(is_date);
        let known = self.models.iter().find(|(name, _)| is_it(name));
        known.map(|(_, facts)| facts.clone()).unwrap_or_default()
    }

    /// Names of the models that are known.
    pub fn models(&self) -> impl Iterator<Item = &str> {
        self.models.iter().map(|(name, _)| name.as_str())
    }
}

/// Whether both addresses are the same one of this machine, in whatever spelling.
fn is_same(one: &str, other: &str) -> bool {
    one.replace("127.0.0.1", "localhost").replace("[::1]", "localhost") == other
}

/// `-20260922` or `-2026-09-22`.
fn is_date(end: &str) -> bool {
    let digits = end.replace('-', "");
    end.starts_with('-') && digits.len() == 8 && digits.chars().all(|c| c.is_ascii_digit())
}

/// The entries of both, field by field; those that only `own` has stand first, as a person wants theirs found first.
fn merged(shipped: &Table, own: &Table) -> Table {
    let mut all: Table = own.iter().filter(|(name, _)| !shipped.contains_key(*name)).map(cloned).collect();
    all.extend(shipped.iter().map(cloned));
    for (name, entry) in own {
        match (all.get_mut(name), entry) {
            (Some(Value::Table(known)), Value::Table(entry)) => known.extend(entry.iter().map(cloned)),
            (_, entry) => drop(all.insert(name.clone(), entry.clone())),
        }
    }
    all
}

fn cloned((name, value): (&String, &Value)) -> (String, Value) {
    (name.clone(), value.clone())
}

fn read<T: DeserializeOwned>(entry: Table) -> Result<T> {
    Ok(Value::Table(entry).try_into()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shipped() -> Catalog {
        Catalog::with(&Tables::default()).expect("ships with smol")
    }

    #[test]
    fn every_provider_ends_on_words_and_is_found_at_its_address() {
        let catalog = shipped();
        for provider in catalog.providers() {
            assert_eq!(provider.list.last(), Some(&Rung::Text), "{}", provider.name);
            assert_eq!(catalog.provider(&provider.name), Some(provider));
            if !provider.base_url.is_empty() && provider.name != "openai-chat" {
                assert_eq!(&catalog.at(&format!("{}/", provider.base_url)), provider);
            }
        }
        let default = |provider: &Provider| provider.model.clone();
        for model in catalog.providers().iter().filter_map(default) {
            assert!(catalog.facts(&model).price.is_some(), "{model}");
        }
    }

    #[test]
    fn anybody_else_speaks_chat_completions() {
        let provider = shipped().at("http://10.0.0.1:9/v1/");
        assert_eq!((provider.wire, provider.base_url.as_str()), (Wire::Chat, "http://10.0.0.1:9/v1"));
        assert_eq!(shipped().at("").wire, Wire::Chat);
    }

    #[test]
    fn ollama_is_asked_in_its_own_protocol_wherever_it_is_known_to_be() {
        for (address, wire) in [
            ("http://localhost:11434", Wire::Ollama),
            ("http://localhost:11434/v1/", Wire::Ollama),
            ("http://127.0.0.1:11434/v1", Wire::Ollama),
            ("http://localhost:1234/v1", Wire::Chat),
            ("http://localhost:114345/v1", Wire::Chat),
            ("https://box.example:11434/v1", Wire::Chat),
        ] {
            assert_eq!(shipped().at(address).wire, wire, "{address}");
        }
    }

    #[test]
    fn a_dated_model_is_that_model_and_a_longer_name_is_another_one() {
        let catalog = shipped();
        let price = |model: &str| catalog.facts(model).price;
        assert!(price("claude-opus-5-5").is_some());
        assert_eq!(price("claude-opus-5-5-20260922"), price("claude-opus-5-5"));
        assert_eq!(price("gpt-6-luna-2026-09-03"), price("gpt-6-luna"));
        for unknown in ["gpt-6-luna-mini", "gpt-6-luna-20260", "my-own-7b", ""] {
            assert_eq!(catalog.facts(unknown), Facts::default(), "{unknown}");
        }
    }

    #[test]
    fn a_persons_own_tables_count_field_by_field() {
        let own = r#"
            providers.openai.model = "house-model"
            models.gpt-6-luna.price = { input = 7.0, output = 9.0 }
            models.house-model.window = 5

            [providers.work]
            wire = "chat"
            base-url = "https://llm.work/v1"
            keys = ["WORK_KEY"]
            list = ["text"]
        "#;
        let catalog = Catalog::with(&toml::from_str(own).expect("is TOML")).expect("reads");
        assert_eq!(catalog.providers()[0].name, "work");
        let openai = catalog.provider("openai").expect("still there");
        assert_eq!((openai.model.as_deref(), openai.wire), (Some("house-model"), Wire::Responses));
        let luna = catalog.facts("gpt-6-luna");
        assert_eq!((luna.price.map(|price| price.output), luna.window), (Some(9.0), Some(1_050_000)));
        assert_eq!(catalog.facts("house-model").window, Some(5));
    }

    #[test]
    fn an_entry_that_cannot_be_is_named() {
        for (own, word) in [
            ("providers.x.wire = 'chat'", "'x'"),
            ("providers.openai.wire = 'smoke'", "'openai'"),
            ("models.m.windw = 5", "'m'"),
            ("models.m = 5", "'m'"),
        ] {
            let own: Tables = toml::from_str(own).expect("is TOML");
            let words = Catalog::with(&own).map(|_| own.models.len()).map_err(|error| format!("{error:#}"));
            assert!(words.as_ref().is_err_and(|words| words.contains(word)), "{words:?}");
        }
    }
}
