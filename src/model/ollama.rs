//! The protocol of Ollama's own chat, the only one of its protocols that lets the context window be set: by default it
//! keeps 4,096 tokens and drops the beginning of a longer prompt without a word.

use serde_json::{Value, json};

use super::{
    Error, Finish, Form, Piece, Price, Request,
    http::{self as shared, Endpoint},
    service::Service,
};
use crate::usage::Usage;

/// The window that is asked for, unless the model has a smaller one. It is the same for every call of a run: another
/// one makes the server load the model anew and forget its cache. Memory grows with it.
const WINDOW: u64 = 32_768;

/// How much is read of a model's description, in bytes; it holds licences and templates.
const LONGEST_DESCRIPTION: usize = 16 * 1024 * 1024;

/// The model's own window, as far as it can be asked for; never more than [`WINDOW`].
pub(super) async fn find_window(client: &reqwest::Client, endpoint: &Endpoint, model: &str) -> u64 {
    let asked = client.post(format!("{}/api/show", endpoint.base_url)).json(&json!({ "model": model })).send().await;
    let told: Option<Value> = match asked {
        Ok(response) => serde_json::from_slice(&shared::read_at_most(response, LONGEST_DESCRIPTION).await).ok(),
        Err(_) => None,
    };
    let info = told.as_ref().and_then(|told| told.get("model_info")?.as_object());
    let length = info.and_then(|info| info.iter().find(|(key, _)| key.ends_with(".context_length"))?.1.as_u64());
    length.unwrap_or(WINDOW).min(WINDOW)
}

pub(super) fn body(service: &Service, request: &Request) -> Value {
    let message = |message: &super::Message| json!({ "role": message.role, "content": &*message.text });
    let mut body = json!({
        "model": service.model,
        "messages": request.messages.iter().map(message).collect::<Vec<_>>(),
        "stream": true,
        "options": { "num_ctx": service.facts.window.unwrap_or(WINDOW) },
    });
    match &request.form {
        Form::Text => {}
        Form::Object => body["format"] = json!("json"),
        Form::Schema(function) => body["format"] = function.parameters.clone(),
        // It can be offered a function, not made to call it.
        Form::Named(function) | Form::Required(function) => {
            body["tools"] = json!([{ "type": "function", "function": function }]);
        }
    }
    body
}

/// Reads the lines of one answer.
pub(super) fn reader(
    endpoint: Endpoint,
    price: Option<Price>,
) -> impl FnMut(Option<&Value>) -> Vec<Result<Piece, Error>> {
    move |line| line.map_or_else(Vec::new, |line| pieces(line, &endpoint, price))
}

/// What one line of the stream says.
fn pieces(line: &Value, endpoint: &Endpoint, price: Option<Price>) -> Vec<Result<Piece, Error>> {
    if let Some(error) = line.get("error").and_then(Value::as_str) {
        return vec![Err(Error::Broken {
            why: format!("{} sent an error: {}", endpoint.host, endpoint.redact(error)),
        })];
    }
    let text = |pointer: &str| line.pointer(pointer).and_then(Value::as_str).filter(|text| !text.is_empty());
    let count = |name: &str| line.get(name).and_then(Value::as_u64).unwrap_or(0);
    let mut pieces: Vec<Result<Piece, Error>> = Vec::new();
    pieces.extend(text("/message/thinking").map(|text| Ok(Piece::Thinking(text.to_owned()))));
    pieces.extend(text("/message/content").map(|text| Ok(Piece::Text(text.to_owned()))));
    pieces.extend(
        line.pointer("/message/tool_calls/0/function/arguments")
            .map(|arguments| Ok(Piece::Call(arguments.to_string()))),
    );
    if line.get("done").and_then(Value::as_bool) == Some(true) {
        // A model that a local server only passes on to somebody else's machine is paid for, so the cost is not known.
        let (input, output) = (count("prompt_eval_count"), count("eval_count"));
        let usage = Usage { input, output, ..Usage::NONE };
        let usage = Usage { cost: price.and_then(|price| price.cost(&usage)), ..usage };
        let finish = if text("/done_reason") == Some("length") { Finish::Length } else { Finish::Stop };
        pieces.extend([Ok(Piece::Usage(usage)), Ok(Piece::End(finish))]);
    }
    pieces
}
