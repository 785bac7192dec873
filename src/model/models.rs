//! What a server says of the models it has. Nothing but lists and descriptions is asked for.

use std::time::Duration;

use serde_json::Value;

use super::{
    Error,
    http::{self as shared, Endpoint},
    provider::{Provider, Wire},
};

/// How much of a list is read, in bytes.
const LONGEST_LIST: usize = 8 * 1024 * 1024;
/// How like two names have to be for the one to be meant by the other: 1 is the same.
const LIKE: f64 = 0.4;
/// So many names are worth a look.
const MOST_NAMES: usize = 3;

/// A model, as its server lists it.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed {
    pub name: String,
    /// Whatever else the server says of it.
    pub description: Value,
}

/// The models that a server lists, in its order.
pub(super) async fn list(
    http: &reqwest::Client,
    endpoint: &Endpoint,
    wire: Wire,
    limit: Duration,
) -> Result<Vec<Listed>, Error> {
    let list = match wire {
        Wire::Ollama => "api/tags",
        Wire::Anthropic => "v1/models",
        Wire::Chat | Wire::Responses => "models",
    };
    let get = http.get(format!("{}/{list}", endpoint.base_url)).headers(endpoint.headers.clone()).timeout(limit);
    let response = endpoint.checked(get.send().await.map_err(|error| endpoint.failed(&error))?).await?;
    let body = serde_json::from_slice(&shared::read_at_most(response, LONGEST_LIST).await).unwrap_or(Value::Null);
    let models = body.get("data").or(body.get("models")).and_then(Value::as_array);
    let models = models.ok_or_else(|| Error::Broken { why: format!("{} lists no models", endpoint.host) })?;
    Ok(models.iter().filter_map(listed).collect())
}

fn listed(description: &Value) -> Option<Listed> {
    let name = ["id", "model", "name"].iter().find_map(|key| description.get(key)?.as_str())?;
    // Gemini lists "models/gemini-…", and takes the name without that.
    let name = name.strip_prefix("models/").unwrap_or(name).to_owned();
    Some(Listed { name, description: description.clone() })
}

/// Which models a server has in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Loaded {
    /// It has all that it lists.
    All,
    /// It loads others when they are asked for, which may take minutes.
    These(Vec<String>),
}

/// Asks which models are in memory.
pub(super) async fn loaded(
    http: &reqwest::Client,
    endpoint: &Endpoint,
    provider: &Provider,
    limit: Duration,
) -> Loaded {
    let root = endpoint.base_url.trim_end_matches("/v1");
    let (list, field) = match (provider.wire, provider.name.as_str()) {
        (Wire::Ollama, _) => ("api/ps", "models"),
        (_, "lmstudio") => ("api/v0/models", "data"),
        _ => return Loaded::All,
    };
    let asked = http.get(format!("{root}/{list}")).timeout(limit).send().await;
    let body = match asked {
        Ok(response) => shared::read_at_most(response, LONGEST_LIST).await,
        Err(_) => Vec::new(),
    };
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let is_loaded = |model: &&Value| model.get("state").is_none_or(|state| state == "loaded");
    let models = body.get(field).and_then(Value::as_array).into_iter().flatten().filter(is_loaded);
    Loaded::These(models.filter_map(listed).map(|model| model.name).collect())
}

/// The names that come nearest to a mistyped one, the best first.
pub(super) fn nearest(model: &str, names: &[String]) -> Vec<String> {
    let likeness = |name: &String| strsim::normalized_damerau_levenshtein(&model.to_lowercase(), &name.to_lowercase());
    let mut near: Vec<(f64, &String)> =
        names.iter().map(|name| (likeness(name), name)).filter(|(likeness, _)| *likeness >= LIKE).collect();
    near.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    near.into_iter().take(MOST_NAMES).map(|(_, name)| name.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_names_come_first_and_strangers_not_at_all() {
        let names = ["gpt-6-astra", "gpt-6-luna", "gpt-6.1-sol", "whisper"].map(str::to_owned);
        assert_eq!(nearest("gpt-6-lunar", &names)[0], "gpt-6-luna");
        assert!(!nearest("gpt-6-lunar", &names).contains(&"whisper".to_owned()));
        assert_eq!(nearest("zzzzzzzzzzzzzzzzzzz", &names), Vec::<String>::new());
    }
}
