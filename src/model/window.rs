//! How much a model reads at once: what its server says of that, and whether a question fits with room for its answer.

use std::{num::NonZeroUsize, time::Duration};

use serde_json::{Value, json};

use super::{
    Error, Request,
    http::{self as shared, Endpoint},
    ollama,
    provider::Wire,
    service::Service,
};

/// A server that does not tell its window within this time has none that is known.
const LIMIT: Duration = Duration::from_secs(3);
/// How much is read of what a server says of itself, in bytes; it holds templates and licences.
const LONGEST_DESCRIPTION: usize = 16 * 1024 * 1024;

/// Room for the answer, in tokens: enough for a file of several hundred lines.
const ANSWER: u64 = 4_096;
/// Smaller windows leave a quarter of themselves: less, and even short files are cut; more, and there is no room for
/// what they have to fit to.
const PART_FOR_ANSWER: u64 = 4;

/// Bytes to a token, on the safe side. English has about four, code on the tokenizers of small models three to three
/// and a half. Text in other scripts may have fewer still: then the server says so, and the question is cut to that.
const BYTES_PER_TOKEN: u64 = 3;
/// What a chat template puts around each message, in tokens.
const AROUND_MESSAGE: u64 = 8;

/// What a server says of the room it has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Window {
    /// Tokens of question and answer together.
    pub(super) tokens: Option<u64>,
    /// How many questions it answers at the same time.
    pub(super) slots: Option<NonZeroUsize>,
}

/// Tokens that have to be left for the answer.
pub(crate) fn room_for_answer(window: u64) -> u64 {
    (window / PART_FOR_ANSWER).min(ANSWER)
}

/// The most tokens that `text` is likely to be.
pub(crate) fn cautious_tokens(text: &str) -> u64 {
    (text.len() as u64).div_ceil(BYTES_PER_TOKEN)
}

/// The most tokens that a question is likely to be, its form included.
pub(crate) fn tokens_of(request: &Request) -> u64 {
    let messages: u64 = request.messages.iter().map(|message| cautious_tokens(&message.text) + AROUND_MESSAGE).sum();
    let form = request.form.function().map_or(0, |function| {
        cautious_tokens(&function.description) + cautious_tokens(&function.parameters.to_string())
    });
    messages + form
}

/// Whether the question fits, with room for its answer.
///
/// # Errors
/// [`Error::TooLong`] if it does not.
pub(crate) fn check(request: &Request, window: u64) -> Result<(), Error> {
    let needed = tokens_of(request) + room_for_answer(window);
    if needed > window { Err(Error::TooLong { needed, window }) } else { Ok(()) }
}

/// A window in estimated tokens, where a question that was estimated at `estimated` tokens needed so many.
pub(crate) fn as_estimated(window: u64, estimated: u64, needed: u64) -> u64 {
    let scaled = u128::from(window) * u128::from(estimated) / u128::from(needed.max(1));
    window.min(u64::try_from(scaled).unwrap_or(u64::MAX))
}

/// What the server says, if it is one that people run themselves: hosted ones do not tell, and are in the catalog.
pub(super) async fn find(http: &reqwest::Client, endpoint: &Endpoint, service: &Service) -> Window {
    let (provider, model) = (&service.provider, service.model.as_str());
    let is_named_by_address = provider.name.is_empty();
    match provider.wire {
        Wire::Ollama => {
            let show = http.post(format!("{}/api/show", endpoint.base_url)).json(&json!({ "model": model }));
            let told = told(show, endpoint).await.and_then(|told| of_ollama(&told));
            Window { tokens: Some(told.map_or(ollama::WINDOW, |told| told.min(ollama::WINDOW))), slots: None }
        }
        Wire::Chat if provider.is_at_home() || is_named_by_address || endpoint.is_local() => {
            ask(http, endpoint, model).await
        }
        Wire::Chat | Wire::Responses | Wire::Anthropic => Window::default(),
    }
}

/// Asks for all that such servers tell, at the same time: whoever answers at the usual port of one may be another.
async fn ask(http: &reqwest::Client, endpoint: &Endpoint, model: &str) -> Window {
    let base = &*endpoint.base_url;
    let root = base.strip_suffix("/v1").unwrap_or(base);
    let get = |address: String| told(http.get(address), endpoint);
    let (props, models, lm_studio) = futures::join!(
        get(format!("{root}/props")),
        get(format!("{base}/models")),
        get(format!("{root}/api/v0/models"))
    );
    let tokens = props.as_ref().and_then(of_llama_cpp);
    let tokens =
        tokens.or_else(|| of_list(lm_studio.as_ref()?, model, &["loaded_context_length", "max_context_length"]));
    let fields = ["max_model_len", "loaded_context_length", "context_length", "context_window", "max_context_length"];
    Window {
        tokens: tokens.or_else(|| of_list(models.as_ref()?, model, &fields)),
        slots: props.and_then(|props| usize::try_from(props.get("total_slots")?.as_u64()?).ok()?.try_into().ok()),
    }
}

async fn told(request: reqwest::RequestBuilder, endpoint: &Endpoint) -> Option<Value> {
    let response = request.headers(endpoint.headers.clone()).timeout(LIMIT).send().await.ok()?;
    if !response.status().is_success() {
        return None;
    }
    serde_json::from_slice(&shared::read_at_most(response, LONGEST_DESCRIPTION).await).ok()
}

/// The length that the model was made for; which part of it is used is said with every question.
fn of_ollama(told: &Value) -> Option<u64> {
    let info = told.get("model_info")?.as_object()?;
    let length = info.iter().find(|(key, _)| key.ends_with(".context_length"))?.1;
    length.as_u64().filter(|tokens| *tokens > 0)
}

/// The window of one slot. (Its list of models has `n_ctx_train` too, which is not the window in use.)
fn of_llama_cpp(told: &Value) -> Option<u64> {
    told.pointer("/default_generation_settings/n_ctx")?.as_u64().filter(|tokens| *tokens > 0)
}

/// The first of these fields that the model has in the list; a list of one is about that one, whatever its name.
fn of_list(told: &Value, model: &str, fields: &[&str]) -> Option<u64> {
    let models = told.get("data").or(told.get("models"))?.as_array()?;
    let is_it = |entry: &&Value| ["id", "model", "name"].iter().any(|key| entry.get(key) == Some(&json!(model)));
    let only = models.first().filter(|_| models.len() == 1);
    let entry = models.iter().find(is_it).or(only)?;
    fields.iter().find_map(|field| entry.get(field)?.as_u64().filter(|tokens| *tokens > 0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Form, Message, Role};

    #[test]
    fn the_words_of_each_server() {
        let lm_studio = ["loaded_context_length", "max_context_length"];
        let two = json!({ "data": [{ "id": "a", "max_model_len": 1 }, { "id": "b", "max_model_len": 4096 }] });
        let loaded = json!({ "data": [{ "id": "m", "max_context_length": 32768, "loaded_context_length": 4096 }] });
        let asleep = json!({ "data": [{ "id": "m", "max_context_length": 32768 }] });
        let trained = json!({ "data": [{ "id": "m", "meta": { "n_ctx_train": 32768 } }] });
        for (told, expected) in [
            (of_list(&two, "b", &["max_model_len"]), Some(4096)),
            (of_list(&two, "c", &["max_model_len"]), None),
            (of_list(&loaded, "m", &lm_studio), Some(4096)),
            (of_list(&loaded, "another name", &lm_studio), Some(4096)),
            (of_list(&asleep, "m", &lm_studio), Some(32768)),
            (of_list(&trained, "m", &["context_length"]), None),
            (of_list(&json!({ "data": 5 }), "m", &lm_studio), None),
            (of_llama_cpp(&json!({ "default_generation_settings": { "n_ctx": 8192 } })), Some(8192)),
            (of_llama_cpp(&json!({ "default_generation_settings": { "n_ctx": 0 } })), None),
            (of_ollama(&json!({ "model_info": { "general.x": 1, "llama.context_length": 8192 } })), Some(8192)),
            (of_ollama(&json!({ "error": "no" })), None),
        ] {
            assert_eq!(told, expected);
        }
    }

    #[test]
    fn a_quarter_is_left_for_the_answer_and_not_more_than_is_needed() {
        for (window, room) in [(4096, 1024), (8192, 2048), (16_384, 4096), (1_000_000, 4096)] {
            assert_eq!(room_for_answer(window), room);
        }
        let request =
            |bytes: usize| Request { messages: vec![Message::new(Role::User, "x".repeat(bytes))], form: Form::Text };
        assert_eq!(check(&request(3 * 3000), 4096), Ok(()));
        assert_eq!(check(&request(3 * 3100), 4096), Err(Error::TooLong { needed: 3100 + 8 + 1024, window: 4096 }));
    }
}
