//! What was decided, from what was typed, set and found. Pure: files and the environment come in as values.

use std::{collections::BTreeMap, num::NonZeroUsize, time::Duration};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use crate::{
    model::{
        catalog::{Catalog, Tables},
        provider::{Effort, Provider},
        service::{Manner, Service},
    },
    pace::Jobs,
    path::RelPath,
    patience::Patience,
    source::Source,
};

/// The output directory when nobody says otherwise.
pub const DEFAULT_OUT: &str = "generated";

/// What a person typed, or set in the environment as `SMOL_…`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Typed {
    pub model: Option<String>,
    pub base_url: Option<String>,
    pub out: Option<String>,
    pub jobs: Option<NonZeroUsize>,
    pub replay: Option<String>,
    /// Whether to look for servers on this machine when nothing else is set.
    pub is_local_wanted: bool,
    pub retries: Option<usize>,
    pub retry_wait: Option<Duration>,
    pub first_token_timeout: Option<Duration>,
    pub silence_timeout: Option<Duration>,
    pub connect_timeout: Option<Duration>,
    pub effort: Option<Effort>,
    /// US dollars.
    pub max_cost: Option<f64>,
}

/// What lies around, nearest first: the environment, `.env` and `smol.toml` in the working directory, the user's file.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    pub environment: BTreeMap<String, String>,
    pub dotenv: BTreeMap<String, String>,
    pub project: ConfigFile,
    pub user: ConfigFile,
}

/// `smol.toml`, in the working directory or in the user's configuration.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ConfigFile {
    pub model: Option<String>,
    pub base_url: Option<String>,
    pub out: Option<String>,
    pub jobs: Option<NonZeroUsize>,
    pub effort: Option<Effort>,
    pub max_cost: Option<f64>,
    /// Providers and models of one's own; see the shipped `catalog.toml` for what can stand there.
    #[serde(default)]
    pub providers: toml::Table,
    #[serde(default)]
    pub models: toml::Table,
}

/// Everything that a run needs to know; nothing in it is left open.
#[derive(Clone, Debug)]
pub struct Settings {
    pub source: Source,
    pub out: String,
    pub jobs: Jobs,
    pub patience: Patience,
    /// What the run may cost, in US dollars; `None` is no limit.
    pub max_cost: Option<f64>,
    /// What a person should know of how this was decided.
    pub notices: Vec<String>,
}

/// A value and how near it stood.
struct Found {
    value: String,
    layer: Layer,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layer {
    /// The command line or the environment: the person said it.
    Person,
    /// A file in the working directory: anybody's clone may hold one.
    WorkingDirectory(&'static str),
    /// The user's own configuration.
    User,
}

/// Everybody who could be asked from here.
#[derive(Clone, Debug)]
pub struct Candidates {
    /// Providers whose key is set, with the variable that holds it. Their model is their own choice, or none.
    pub keyed: Vec<(String, Service)>,
    /// Servers that may run on this machine, with no model.
    pub local: Vec<Service>,
    pub notices: Vec<String>,
}

impl Candidates {
    /// Looks who could be asked, whoever is asked first.
    ///
    /// # Errors
    /// If a value cannot be what it should be.
    pub fn find(found: &Surroundings) -> Result<Candidates> {
        let catalog = catalog(found)?;
        let manner = Manner { effort: None, connect: Patience::HOSTED.connect };
        let asked = Asked { catalog: &catalog, manner, found };
        let (mut keyed, mut notices) = (Vec::<(String, Service)>::new(), Vec::new());
        for provider in catalog.providers() {
            let Some(name) = provider.keys.iter().find(|name| found.set(name).is_some()) else { continue };
            let (provider, key) = match asked.addressed(provider, &mut notices) {
                Ok(addressed) => addressed,
                Err(error) => {
                    notices.push(format!("{name} is set, but {error:#}"));
                    continue;
                }
            };
            // One address, one key, one entry, though it may be spoken to in two protocols.
            if let Some(key) = key
                && keyed.iter().all(|(_, known)| known.provider.base_url != provider.base_url)
            {
                let model = provider.model.clone().unwrap_or_default();
                keyed.push((name.clone(), Service::new(&catalog, provider, key.value.into(), &model, manner)));
            }
        }
        let named = |provider| Service::new(&catalog, provider, String::new().into(), "", manner);
        let local = locals(&catalog, found).into_iter().map(named).collect();
        Ok(Candidates { keyed, local, notices })
    }
}

impl Settings {
    /// Decides; nearest wins.
    ///
    /// # Errors
    /// If a value cannot be what it should be, or one that is needed is missing.
    pub fn decide(typed: Typed, found: &Surroundings) -> Result<Settings> {
        let catalog = catalog(found)?;
        let mut notices = Vec::new();
        let manner = Manner {
            effort: effort(&typed, found)?,
            connect: typed.connect_timeout.unwrap_or(Patience::HOSTED.connect),
        };
        let asked = Asked { catalog: &catalog, manner, found };
        let source = match typed.replay.clone() {
            Some(file) => Source::Replay(file),
            None => asked.server(typed.model.clone(), typed.base_url.clone(), &mut notices)?,
        };
        let source = match source {
            Source::Nothing if typed.is_local_wanted => {
                let model = typed.model.clone().or_else(|| found.set("SMOL_MODEL"));
                Source::Local { providers: locals(&catalog, found), model, manner, catalog }
            }
            source => source,
        };
        if let (Source::Server(service), Some(effort)) = (&source, manner.effort)
            && service.effort().is_none()
        {
            let name = &service.provider.name;
            notices
                .push(format!("the effort '{}' is not sent: no way is known to tell {name} about it", effort.word()));
        }
        let patience = patience(&typed, &source, manner.connect);
        let max_cost = max_cost(&typed, found)?;
        let out = Settings::out(typed.out, found)?;
        let parsed = |Found { value, .. }: Found| {
            value.parse().with_context(|| format!("SMOL_JOBS is '{value}', not a number from 1 up"))
        };
        let set = found.value(&["SMOL_JOBS"], |file| file.jobs.map(|jobs| jobs.to_string()));
        let jobs = typed.jobs.map_or_else(|| set.map(parsed).transpose(), |jobs| Ok(Some(jobs)))?;
        Ok(Settings { source, out, jobs: Jobs::said(jobs), patience, max_cost, notices })
    }

    /// The output directory, for commands that need no more than that.
    ///
    /// # Errors
    /// If a file of the working directory names one that is not below it.
    pub fn out(typed: Option<String>, found: &Surroundings) -> Result<String> {
        Ok(match (typed.filter(|out| !out.is_empty()), found.value(&["SMOL_OUT"], |file| file.out.clone())) {
            (Some(out), _) => out,
            (None, Some(Found { value, layer: Layer::WorkingDirectory(file) })) => {
                // Anybody's clone may hold that file, so it must not send the output elsewhere.
                let inside = RelPath::parse(value.trim_end_matches('/'))
                    .with_context(|| format!("'{file}' may only name an output directory below its own"))?;
                inside.into()
            }
            (None, Some(out)) => out.value,
            (None, None) => DEFAULT_OUT.to_owned(),
        })
    }
}

/// How long to bear with a service: longer with one on a person's own machine, which has to read the prompt slowly.
fn patience(typed: &Typed, source: &Source, connect: Duration) -> Patience {
    let is_local = match source {
        Source::Server(service) => {
            let address = &service.provider.base_url;
            ["://localhost", "://127.", "://[::1]"].iter().any(|local| address.contains(local))
        }
        Source::Local { .. } => true,
        Source::Replay(_) | Source::Nothing => false,
    };
    let usual = if is_local { Patience::LOCAL } else { Patience::HOSTED };
    Patience {
        retries: typed.retries.unwrap_or(usual.retries),
        first_wait: typed.retry_wait.unwrap_or(usual.first_wait),
        connect,
        first_token: typed.first_token_timeout.unwrap_or(usual.first_token),
        silence: typed.silence_timeout.unwrap_or(usual.silence),
    }
}

/// The catalog with the user's own entries in it.
fn catalog(found: &Surroundings) -> Result<Catalog> {
    let ConfigFile { providers, models, .. } = &found.project;
    if !providers.is_empty() || !models.is_empty() {
        // Anybody's clone may hold that file, and a provider in it could send a key elsewhere.
        bail!("'smol.toml' may define no providers and no models; they belong into your own configuration");
    }
    let ConfigFile { providers, models, .. } = &found.user;
    Catalog::with(&Tables { providers: providers.clone(), models: models.clone() }).context("in your configuration")
}

fn effort(typed: &Typed, found: &Surroundings) -> Result<Option<Effort>> {
    let said = |file: &ConfigFile| file.effort.map(|effort| effort.word().to_owned());
    let Some(word) = found.value(&["SMOL_EFFORT"], said) else { return Ok(typed.effort) };
    let known = || Effort::ALL.map(Effort::word).join(", ");
    let set =
        Effort::parse(&word.value).with_context(|| format!("SMOL_EFFORT is '{}', not one of {}", word.value, known()));
    typed.effort.map_or_else(|| set.map(Some), |effort| Ok(Some(effort)))
}

fn max_cost(typed: &Typed, found: &Surroundings) -> Result<Option<f64>> {
    let said = |file: &ConfigFile| file.max_cost.map(|cost| cost.to_string());
    let cost = match (typed.max_cost, found.value(&["SMOL_MAX_COST"], said)) {
        (Some(cost), _) => cost,
        (None, Some(set)) => {
            set.value.parse().with_context(|| format!("SMOL_MAX_COST is '{}', not a number of dollars", set.value))?
        }
        (None, None) => return Ok(None),
    };
    if !(cost.is_finite() && cost > 0.0) {
        bail!("the most that a run may cost is {cost}, which is no amount of dollars above 0");
    }
    Ok(Some(cost))
}

/// The servers that may run on this machine, each at its usual address or at the one that is set for it.
fn locals(catalog: &Catalog, found: &Surroundings) -> Vec<Provider> {
    let at_home = catalog.providers().iter().filter(|provider| provider.is_at_home());
    let addressed = at_home.map(|provider| {
        let address = provider.address.as_ref().and_then(|name| found.set(name));
        address.map_or_else(|| provider.clone(), |address| provider.at(&address))
    });
    addressed.collect()
}

/// What decides who is asked.
struct Asked<'a> {
    catalog: &'a Catalog,
    manner: Manner,
    found: &'a Surroundings,
}

impl Asked<'_> {
    /// The server to ask, if anything says that there is one: an address, a provider, or a key.
    fn server(&self, model: Option<String>, base_url: Option<String>, notices: &mut Vec<String>) -> Result<Source> {
        let Asked { catalog, manner, found } = *self;
        let typed = |value: Option<String>| {
            value.filter(|value| !value.trim().is_empty()).map(|value| Found { value, layer: Layer::Person })
        };
        let base_url = typed(base_url)
            .or_else(|| found.value(&["SMOL_BASE_URL", "OPENAI_BASE_URL"], |file| file.base_url.clone()));
        if base_url.as_ref().is_some_and(|address| address.value.contains('@')) {
            bail!("the base URL holds a name or a password; a key belongs into its own variable");
        }
        let model =
            typed(model).or_else(|| found.value(&["SMOL_MODEL"], |file| file.model.clone())).map(|model| model.value);
        let (provider, model, key) = match (base_url, model) {
            (Some(address), model) => {
                let provider = catalog.at(&address.value);
                let key = key_for_address(&address, &provider, found, notices);
                let model = model.or(provider.model.clone());
                let Some(model) = model else {
                    bail!("no model is named for {}; --model names one", provider.base_url)
                };
                (provider, model, key)
            }
            (None, Some(model)) if self.with_provider(&model).is_some() => {
                let (provider, model) = self.with_provider(&model).expect("it was just seen");
                let (provider, key) = self.addressed(provider, notices)?;
                if key.is_none() && !provider.is_at_home() {
                    bail!("'{}' needs a key, and {} is not set", provider.name, provider.keys.join(" or "));
                }
                (provider, model.to_owned(), key)
            }
            (None, model) => {
                let key_of = |provider: &Provider| provider.keys.iter().find(|name| found.set(name).is_some()).cloned();
                let first = catalog.providers().iter().find_map(|provider| Some((provider, key_of(provider)?)));
                let Some((provider, key_name)) = first else { return Ok(Source::Nothing) };
                let (provider, key) = self.addressed(provider, notices)?;
                let is_named = model.is_some();
                let Some(model) = model.or(provider.model.clone()) else {
                    bail!("{key_name} is set, but no model is named; for example --model {}/NAME", provider.name);
                };
                if !is_named {
                    let name = &provider.name;
                    notices.push(format!("{key_name} is set, so {name}'s {model} is asked; --model names another one"));
                }
                (provider, model, key)
            }
        };
        let key = key.map(|key| key.value).unwrap_or_default().into();
        Ok(Source::Server(Box::new(Service::new(catalog, provider, key, &model, manner))))
    }

    /// A provider at the address that is set for it, with the key for it.
    fn addressed(&self, provider: &Provider, notices: &mut Vec<String>) -> Result<(Provider, Option<Found>)> {
        let set = provider.address.as_ref().and_then(|name| self.found.value(&[name], |_| None));
        let Some(address) = set else {
            if provider.base_url.is_empty() {
                let name = provider.address.as_deref().unwrap_or("its base-url");
                bail!("'{}' has a different address for everybody, and {name} is not set", provider.name);
            }
            let key = provider.keys.iter().find_map(|name| self.found.value(&[name], |_| None));
            return Ok((provider.clone(), key));
        };
        if address.value.contains('@') {
            bail!("the base URL holds a name or a password; a key belongs into its own variable");
        }
        let provider = provider.at(&address.value);
        let address = Found { value: provider.base_url.clone(), ..address };
        let key = key_for_address(&address, &provider, self.found, notices);
        Ok((provider, key))
    }

    /// `provider/model`, if the first part is a provider that is known.
    fn with_provider<'a>(&'a self, model: &'a str) -> Option<(&'a Provider, &'a str)> {
        let (name, model) = model.split_once('/')?;
        Some((self.catalog.provider(name)?, model))
    }
}

/// The key for an address: any that is set, unless the address stands in a file of the working directory. Then only one
/// that stands there too, because anybody's clone may hold such a file.
fn key_for_address(
    address: &Found,
    provider: &Provider,
    found: &Surroundings,
    notices: &mut Vec<String>,
) -> Option<Found> {
    let set = provider.keys.iter().find_map(|name| Some((name, found.value(&[name], |_| None)?)));
    let Layer::WorkingDirectory(file) = address.layer else { return set.map(|(_, key)| key) };
    let of_the_directory = Surroundings { dotenv: found.dotenv.clone(), ..Surroundings::default() };
    let own = provider.keys.iter().find_map(|name| of_the_directory.value(&[name], |_| None));
    if let (None, Some((name, _))) = (&own, set) {
        let address = &address.value;
        notices.push(format!(
            "{name} is not sent to {address}: that address stands in '{file}', the key does not. \
             If you trust it, name it with --base-url"
        ));
    }
    own
}

impl Surroundings {
    /// The nearest value of this variable.
    fn set(&self, name: &str) -> Option<String> {
        self.value(&[name], |_| None).map(|found| found.value)
    }

    /// The nearest value of one of `names`, or of its key in the configuration files: the layer counts before the order
    /// of the names. Empty ones count as not set.
    fn value(&self, names: &[&str], key: impl Fn(&ConfigFile) -> Option<String>) -> Option<Found> {
        let in_map = |map: &BTreeMap<String, String>| {
            names.iter().filter_map(|name| map.get(*name)).find(|value| !value.trim().is_empty()).cloned()
        };
        let layers = [
            (in_map(&self.environment), Layer::Person),
            (in_map(&self.dotenv), Layer::WorkingDirectory(".env")),
            (key(&self.project), Layer::WorkingDirectory("smol.toml")),
            (key(&self.user), Layer::User),
        ];
        let set =
            layers.into_iter().filter_map(|(value, layer)| Some(Found { value: value?.trim().to_owned(), layer }));
        set.into_iter().find(|found| !found.value.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[track_caller]
    fn decides(
        typed: Typed,
        environment: &[(&str, &str)],
        dotenv: &[(&str, &str)],
        expected: Option<(&str, &str, &str)>,
    ) -> Settings {
        let found = Surroundings { environment: map(environment), dotenv: map(dotenv), ..Surroundings::default() };
        let settings = Settings::decide(typed, &found).expect("decides");
        let server = match &settings.source {
            Source::Server(service) => {
                Some((service.provider.base_url.as_str(), service.key.expose_secret(), service.model.as_str()))
            }
            Source::Replay(_) | Source::Local { .. } | Source::Nothing => None,
        };
        assert_eq!(server, expected);
        settings
    }

    const DEFAULT_BASE_URL: &str = "https://api.openai.com/v1";
    const DEFAULT_MODEL: &str = "gpt-6.1-sol";

    #[test]
    fn nothing_set_is_no_server() {
        decides(Typed::default(), &[], &[], None);
        decides(Typed { model: Some("m".to_owned()), ..Typed::default() }, &[("OPENAI_API_KEY", "  ")], &[], None);
    }

    #[test]
    fn a_key_is_enough() {
        decides(Typed::default(), &[("OPENAI_API_KEY", "k\n")], &[], Some((DEFAULT_BASE_URL, "k", DEFAULT_MODEL)));
        decides(Typed::default(), &[], &[("OPENAI_API_KEY", "k")], Some((DEFAULT_BASE_URL, "k", DEFAULT_MODEL)));
    }

    #[test]
    fn the_nearest_wins() {
        let typed = Typed { model: Some("typed".to_owned()), ..Typed::default() };
        decides(typed, &[("OPENAI_API_KEY", "k"), ("SMOL_MODEL", "set")], &[], Some((DEFAULT_BASE_URL, "k", "typed")));
        decides(
            Typed::default(),
            &[("OPENAI_API_KEY", "k"), ("SMOL_MODEL", "near")],
            &[("SMOL_MODEL", "far")],
            Some((DEFAULT_BASE_URL, "k", "near")),
        );
    }

    #[test]
    fn a_provider_by_its_name_or_by_its_key() {
        let named = |model: &str| Typed { model: Some(model.to_owned()), ..Typed::default() };
        let anthropic = "https://api.anthropic.com";
        decides(named("anthropic/claude-x"), &[("ANTHROPIC_API_KEY", "a")], &[], Some((anthropic, "a", "claude-x")));
        decides(Typed::default(), &[("ANTHROPIC_API_KEY", "a")], &[], Some((anthropic, "a", "claude-sonnet-5-5")));
        decides(named("ollama/qwen:7b"), &[], &[], Some(("http://localhost:11434", "", "qwen:7b")));
        decides(
            named("openrouter/a/b"),
            &[("OPENROUTER_API_KEY", "o")],
            &[],
            Some(("https://openrouter.ai/api/v1", "o", "a/b")),
        );
        let both = [("OPENAI_API_KEY", "k"), ("ANTHROPIC_API_KEY", "a")];
        decides(named("anthropic/claude-x"), &both, &[], Some((anthropic, "a", "claude-x")));
        decides(named("somebody/else"), &both, &[], Some((DEFAULT_BASE_URL, "k", "somebody/else")));
        assert!(Settings::decide(named("anthropic/x"), &Surroundings::default()).is_err());
    }

    #[test]
    fn the_key_of_one_provider_never_goes_to_another() {
        let typed = Typed { base_url: Some("https://api.anthropic.com".to_owned()), ..Typed::default() };
        decides(typed, &[("OPENAI_API_KEY", "k")], &[], Some(("https://api.anthropic.com", "", "claude-sonnet-5-5")));
    }

    #[test]
    fn a_base_url_needs_a_model_and_no_key() {
        decides(
            Typed { base_url: Some("http://x/v1".to_owned()), model: Some("m".to_owned()), ..Typed::default() },
            &[],
            &[],
            Some(("http://x/v1", "", "m")),
        );
        let typed = Typed { base_url: Some("http://x/v1".to_owned()), ..Typed::default() };
        assert!(Settings::decide(typed, &Surroundings::default()).is_err());
    }

    #[test]
    fn a_key_from_elsewhere_is_not_sent_to_an_address_from_a_clone() {
        let dotenv = [("OPENAI_BASE_URL", "http://evil/v1"), ("SMOL_MODEL", "m")];
        let settings =
            decides(Typed::default(), &[("OPENAI_API_KEY", "k")], &dotenv, Some(("http://evil/v1", "", "m")));
        assert!(settings.notices[0].contains("http://evil/v1"), "{:?}", settings.notices);
        let both = [("OPENAI_BASE_URL", "http://ours/v1"), ("SMOL_MODEL", "m"), ("OPENAI_API_KEY", "k2")];
        decides(Typed::default(), &[], &both, Some(("http://ours/v1", "k2", "m")));
        let others = [("OPENAI_API_KEY", "k")];
        decides(Typed::default(), &others, &both, Some(("http://ours/v1", "k2", "m")));
        let said = Typed { base_url: Some("http://evil/v1".to_owned()), ..Typed::default() };
        decides(said, &[("OPENAI_API_KEY", "k")], &dotenv, Some(("http://evil/v1", "k", "m")));
    }

    #[test]
    fn the_layer_counts_before_the_name_of_the_variable() {
        let environment = [("OPENAI_BASE_URL", "http://mine/v1"), ("SMOL_MODEL", "m")];
        decides(
            Typed::default(),
            &environment,
            &[("SMOL_BASE_URL", "http://theirs/v1")],
            Some(("http://mine/v1", "", "m")),
        );
    }

    #[test]
    fn a_cloned_configuration_gets_no_key_and_sends_no_output_elsewhere() {
        let file = |text: &str| toml::from_str::<ConfigFile>(text).expect(text);
        let address = "base-url = 'http://evil/v1'\nmodel = 'm'";
        let found = |project: ConfigFile, user: ConfigFile| Surroundings {
            environment: map(&[("OPENAI_API_KEY", "k")]),
            project,
            user,
            ..Surroundings::default()
        };
        let key_of = |found: &Surroundings| match Settings::decide(Typed::default(), found).expect("decides").source {
            Source::Server(service) => service.key.expose_secret().to_owned(),
            Source::Replay(_) | Source::Local { .. } | Source::Nothing => panic!("there is an address"),
        };
        assert_eq!(key_of(&found(file(address), ConfigFile::default())), "", "a clone's address gets no key");
        assert_eq!(key_of(&found(ConfigFile::default(), file(address))), "k", "one's own configuration is trusted");
        let both = found(file("base-url = 'http://near/v1'\nmodel = 'm'"), file(address));
        assert_eq!(key_of(&both), "", "the project's file is nearer");
        let out = |text: &str| Settings::decide(Typed::default(), &found(file(text), ConfigFile::default()));
        assert!(out("out = '/etc'").is_err() && out("out = '../x'").is_err());
        assert_eq!(out("out = 'app/'").expect("decides").out, "app");
    }

    #[test]
    fn a_password_in_an_address_is_not_repeated() {
        let typed = Typed { base_url: Some("http://bob:hunter2@x/v1".to_owned()), ..Typed::default() };
        let words = Settings::decide(typed, &Surroundings::default()).expect_err("refused").to_string();
        assert!(!words.contains("hunter2"), "{words}");
    }

    #[test]
    fn jobs_and_out_have_defaults_and_limits() {
        let settings = decides(Typed::default(), &[], &[("SMOL_JOBS", "3")], None);
        assert_eq!((settings.jobs.most().get(), settings.out.as_str()), (3, "generated"));
        for wrong in [("SMOL_JOBS", "0"), ("SMOL_OUT", "../elsewhere"), ("SMOL_OUT", "/etc")] {
            let found = Surroundings { dotenv: map(&[wrong]), ..Surroundings::default() };
            assert!(Settings::decide(Typed::default(), &found).is_err(), "{wrong:?}");
        }
    }
}
