//! What can be asked from here: whose keys are set and taken, which servers run on this machine, what their models can
//! do. Nothing in it is assumed; what was not found out is not said.

use std::time::Duration;

use futures::future::join_all;
use serde::Serialize;
use serde_json::json;

use crate::{
    model::{
        Server, local,
        models::{Listed, Loaded},
        probe::{Abilities, probe},
        service::Service,
    },
    prompts::Prompts,
    settings::Candidates,
};

/// How long a provider may take to list its models.
const LIST_LIMIT: Duration = Duration::from_secs(10);
/// How long a model that is in memory may take for a question of a few tokens.
const PROBE_LIMIT: Duration = Duration::from_secs(30);
/// How long one may take that has to be loaded first.
const LOAD_LIMIT: Duration = Duration::from_secs(300);

/// Everything that answers.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Reachable {
    pub keys: Vec<Keyed>,
    pub servers: Vec<FoundServer>,
    /// Servers on this machine that did not answer: their names and addresses.
    pub silent: Vec<(String, String)>,
}

/// A provider whose key is set. The key itself is not in it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Keyed {
    pub variable: String,
    pub provider: String,
    pub base_url: String,
    /// Models that it lists; or why it lists none.
    pub models: Result<usize, String>,
    /// What is asked there when nobody names a model.
    pub model: Option<KnownModel>,
}

/// A server on this machine.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FoundServer {
    pub provider: String,
    pub base_url: String,
    pub models: Vec<KnownModel>,
}

/// A model, as far as it is known.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct KnownModel {
    pub name: String,
    /// In tokens.
    pub window: Option<u64>,
    /// US dollars per million tokens, in and out.
    pub price: Option<(f64, f64)>,
    /// `None` if it was not asked.
    pub abilities: Option<Abilities>,
}

/// Which models are asked what they can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Probe {
    /// Those on this machine that are in memory.
    Loaded,
    /// All on this machine, one after the other; each that is not in memory is loaded.
    All,
}

/// Looks.
///
/// # Errors
/// If the words of the question cannot be filled in.
pub async fn look(prompts: &Prompts, candidates: &Candidates, which: Probe) -> anyhow::Result<Reachable> {
    let question = prompts.render("probe", json!({}))?;
    let (keys, found) = tokio::join!(
        join_all(candidates.keyed.iter().map(|(variable, service)| keyed(variable, service))),
        local::look(candidates.local.iter().cloned())
    );
    let mut servers = Vec::new();
    for local::LocalServer { service, models } in &found {
        servers.push(server(service, models, &question, which).await);
    }
    let is_silent = |service: &&Service| servers.iter().all(|server| server.base_url != service.provider.base_url);
    let silent = candidates.local.iter().filter(is_silent);
    let silent = silent.map(|service| (service.provider.name.clone(), service.provider.base_url.clone())).collect();
    Ok(Reachable { keys, servers, silent })
}

async fn keyed(variable: &str, service: &Service) -> Keyed {
    let listed = match Server::new(service.clone()) {
        Ok(server) => server.models(LIST_LIMIT).await.map_err(|error| error.to_string()),
        Err(error) => Err(format!("{error:#}")),
    };
    Keyed {
        variable: variable.to_owned(),
        provider: service.provider.name.clone(),
        base_url: service.provider.base_url.clone(),
        models: listed.map(|models| models.len()),
        model: (!service.model.is_empty()).then(|| model(service, None)),
    }
}

async fn server(service: &Service, listed: &[Listed], question: &str, which: Probe) -> FoundServer {
    let loaded = match Server::new(service.clone()) {
        Ok(server) => server.loaded(LIST_LIMIT).await,
        Err(_) => Loaded::These(Vec::new()),
    };
    let mut models = Vec::new();
    for Listed { name, .. } in listed {
        let Ok(server) = Server::new(Service { model: name.clone(), ..service.clone() }) else { continue };
        let server = server.with_window().await;
        let is_loaded = match &loaded {
            Loaded::All => true,
            Loaded::These(names) => names.contains(name),
        };
        let abilities = match (is_loaded, which) {
            (true, _) => Some(probe(&server, question, PROBE_LIMIT).await),
            (false, Probe::All) => Some(probe(&server, question, LOAD_LIMIT).await),
            (false, Probe::Loaded) => None,
        };
        models.push(model(server.service(), abilities));
    }
    FoundServer { provider: service.provider.name.clone(), base_url: service.provider.base_url.clone(), models }
}

fn model(service: &Service, abilities: Option<Abilities>) -> KnownModel {
    let price = service.facts.price.map(|price| (price.input, price.output));
    KnownModel { name: service.model.clone(), window: service.facts.window, price, abilities }
}
