//! The protocol of Anthropic's Messages, with the trunk marked for its prefix cache.

use serde_json::{Value, json};

use super::{Error, Finish, Form, Message, Piece, Price, Request, Role, http::Endpoint, service::Service};
use crate::{image::Image, usage::Usage};

pub(super) const VERSION: &str = "2023-06-01";
/// The field that limits an answer's length, which this protocol wants named always.
pub(super) const LIMIT: &str = "max_tokens";
/// That limit, unless the model's own is lower. Longer answers are gone on with.
const LONGEST_ANSWER: u64 = 32_000;

/// The request. The system words and the last message but one end what all branches share, so the cache is told there.
pub(super) fn body(service: &Service, request: &Request) -> Value {
    let (rules, turns): (Vec<_>, Vec<_>) = request.messages.iter().partition(|message| message.role == Role::System);
    let cached = |text: &str| json!([{ "type": "text", "text": text, "cache_control": { "type": "ephemeral" } }]);
    let trunk = turns.len().checked_sub(2);
    let messages: Vec<Value> = turns
        .iter()
        .enumerate()
        .map(|(index, message)| match Some(index) == trunk {
            true => json!({ "role": message.role, "content": cached(&message.text) }),
            false => json!({ "role": message.role, "content": content(message) }),
        })
        .collect();
    let rules: String = rules.iter().map(|message| &*message.text).collect::<Vec<_>>().join("\n\n");
    let mut body = json!({
        "model": service.model,
        LIMIT: service.facts.answer.map_or(LONGEST_ANSWER, |answer| answer.min(LONGEST_ANSWER)),
        "stream": true,
        "system": cached(&rules),
        "messages": messages,
    });
    match &request.form {
        // It has no plain JSON: only schemas and words.
        Form::Text | Form::Object => {}
        Form::Schema(function) => {
            body["output_config"] = json!({ "format": { "type": "json_schema", "schema": function.parameters } });
        }
        Form::Named(function) | Form::Required(function) => {
            body["tools"] = json!([{
                "name": function.name,
                "description": function.description,
                "input_schema": function.parameters,
            }]);
            body["tool_choice"] = match &request.form {
                Form::Named(_) => json!({ "type": "tool", "name": function.name }),
                _ => json!({ "type": "any" }),
            };
        }
    }
    body
}

/// Plain text, or blocks where there are pictures. No answer has any, so the one that is marked for the cache has none.
fn content(Message { text, images, .. }: &Message) -> Value {
    if images.is_empty() {
        return json!(&**text);
    }
    let source =
        |image: &Image| json!({ "type": "base64", "media_type": image.kind.media_type(), "data": image.base64 });
    let images = images.iter().map(|image| json!({ "type": "image", "source": source(image) }));
    images.chain([json!({ "type": "text", "text": &**text })]).collect()
}

/// Reads the events of one answer.
pub(super) fn reader(
    endpoint: Endpoint,
    price: Option<Price>,
) -> impl FnMut(Option<Value>) -> Vec<Result<Piece, Error>> {
    let mut usage = Usage { cost: None, ..Usage::NONE };
    move |event| event.map_or_else(Vec::new, |event| pieces(&event, &endpoint, &mut usage, price))
}

/// What one event of the stream says.
fn pieces(event: &Value, endpoint: &Endpoint, usage: &mut Usage, price: Option<Price>) -> Vec<Result<Piece, Error>> {
    let text = |pointer: &str| event.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let count = |pointer: &str| event.pointer(pointer).and_then(Value::as_u64).unwrap_or(0);
    match text("/type").as_str() {
        "message_start" => {
            usage.cached = count("/message/usage/cache_read_input_tokens");
            usage.written = count("/message/usage/cache_creation_input_tokens");
            usage.input = count("/message/usage/input_tokens") + usage.cached + usage.written;
            Vec::new()
        }
        "content_block_delta" => match text("/delta/type").as_str() {
            "text_delta" => vec![Ok(Piece::Text(text("/delta/text")))],
            "input_json_delta" => vec![Ok(Piece::Call(text("/delta/partial_json")))],
            "thinking_delta" => vec![Ok(Piece::Thinking(text("/delta/thinking")))],
            _ => Vec::new(),
        },
        "message_delta" => {
            usage.output = count("/usage/output_tokens").max(usage.output);
            *usage = Price::of(price, *usage);
            let finish = match text("/delta/stop_reason").as_str() {
                "max_tokens" | "model_context_window_exceeded" => Finish::Length,
                "refusal" => Finish::Refused,
                _ => Finish::Stop,
            };
            vec![Ok(Piece::Usage(*usage)), Ok(Piece::End(finish))]
        }
        "error" => {
            let why = format!("{} sent an error: {}", endpoint.host, endpoint.redact(&text("/error/message")));
            vec![Err(Error::Broken { why })]
        }
        _ => Vec::new(),
    }
}
