//! Servers on this machine: which of the usual ones answer, and with which models. Nothing but a list is asked for.

use std::time::Duration;

use futures::future::join_all;
use http::header::AUTHORIZATION;
use serde_json::Value;

use super::{
    http::{self as shared, Endpoint},
    provider::{Provider, Wire},
};

/// A server that runs on this machine answers sooner, or is not there.
const LIMIT: Duration = Duration::from_millis(500);

/// A server that answers, and the models it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalServer {
    pub provider: Provider,
    pub models: Vec<String>,
}

/// Asks all of `providers` at the same time; those that do not answer are left out.
pub async fn look(providers: &[Provider]) -> Vec<LocalServer> {
    join_all(providers.iter().map(ask)).await.into_iter().flatten().collect()
}

async fn ask(provider: &Provider) -> Option<LocalServer> {
    let endpoint = Endpoint::new(&provider.base_url, &String::new().into(), AUTHORIZATION, "").ok()?;
    let list = match provider.wire {
        Wire::Ollama => "api/tags",
        Wire::Chat | Wire::Responses | Wire::Anthropic => "models",
    };
    let get = shared::client(&endpoint).ok()?.get(format!("{}/{list}", endpoint.base_url)).timeout(LIMIT);
    let response = get.send().await.ok()?;
    if !response.status().is_success() {
        return None;
    }
    let body: Value = serde_json::from_slice(&shared::read_at_most(response, 1024 * 1024).await).ok()?;
    let models = body.get("data").or(body.get("models"))?.as_array()?;
    let name =
        |model: &Value| ["id", "model", "name"].iter().find_map(|key| Some(model.get(key)?.as_str()?.to_owned()));
    Some(LocalServer { provider: provider.clone(), models: models.iter().filter_map(name).collect() })
}
