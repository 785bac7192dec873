//! What a server says of the models it has. Nothing but lists and descriptions is asked for.

use std::time::Duration;

use serde_json::Value;

use super::{
    http::{self as shared, Endpoint},
    provider::Wire,
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

/// The models that a server lists, in its order; `None` if it lists none within `limit`.
pub(super) async fn list(
    http: &reqwest::Client,
    endpoint: &Endpoint,
    wire: Wire,
    limit: Duration,
) -> Option<Vec<Listed>> {
    let list = match wire {
        Wire::Ollama => "api/tags",
        Wire::Anthropic => "v1/models",
        Wire::Chat | Wire::Responses => "models",
    };
    let get = http.get(format!("{}/{list}", endpoint.base_url)).headers(endpoint.headers.clone()).timeout(limit);
    let response = get.send().await.ok()?;
    if !response.status().is_success() {
        return None;
    }
    let body: Value = serde_json::from_slice(&shared::read_at_most(response, LONGEST_LIST).await).ok()?;
    let models = body.get("data").or(body.get("models"))?.as_array()?;
    Some(models.iter().filter_map(listed).collect())
}

fn listed(description: &Value) -> Option<Listed> {
    let name = ["id", "model", "name"].iter().find_map(|key| description.get(key)?.as_str())?;
    // Gemini lists "models/gemini-…", and takes the name without that.
    let name = name.strip_prefix("models/").unwrap_or(name).to_owned();
    Some(Listed { name, description: description.clone() })
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
