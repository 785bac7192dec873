//! The protocol of Ollama's own chat, the only one of its protocols that lets the context window be set: by default it
//! keeps 4,096 tokens and drops the beginning of a longer prompt without a word.

use serde_json::{Value, json};

use super::{Error, Finish, Form, Piece, Price, Request, http::Endpoint, service::Service};
use crate::usage::Usage;

/// The window that is asked for, unless the model has a smaller one. It is the same for every call of a run: another
/// one makes the server load the model anew and forget its cache. Memory grows with it.
pub(super) const WINDOW: u64 = 32_768;

/// The request. It forbids the server to drop what does not fit: the beginning of the prompt, or that of the
/// conversation while it answers (`truncate` and `shift`; servers from before the end of 2025 leave both aside). How many
/// tokens it says to have read would not tell of it: some versions count only what was not in the prefix cache, and all
/// branches share their trunk.
pub(super) fn body(service: &Service, request: &Request) -> Value {
    let message = |message: &super::Message| {
        let mut turn = json!({ "role": message.role, "content": &*message.text });
        if !message.images.is_empty() {
            turn["images"] = message.images.iter().map(|image| json!(image.base64)).collect();
        }
        turn
    };
    let mut body = json!({
        "model": service.model,
        "messages": request.messages.iter().map(message).collect::<Vec<_>>(),
        "stream": true,
        "truncate": false,
        "shift": false,
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
) -> impl FnMut(Option<Value>) -> Vec<Result<Piece, Error>> {
    move |line| line.map_or_else(Vec::new, |line| pieces(&line, &endpoint, price))
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
        let usage = Price::of(price, usage);
        let finish = if text("/done_reason") == Some("length") { Finish::Length } else { Finish::Stop };
        pieces.extend([Ok(Piece::Usage(usage)), Ok(Piece::End(finish))]);
    }
    pieces
}
