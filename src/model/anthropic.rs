//! The wire of Anthropic's Messages API, with the trunk marked for its prefix cache.

use futures::{
    StreamExt,
    stream::{self, BoxStream},
};
use http::header::{HeaderName, HeaderValue};
use secrecy::SecretString;
use serde_json::{Value, json};

use super::{
    Error, Finish, Form, Model, Piece, Price, Request, Role,
    http::{self as shared, Endpoint, events},
    provider::Rung,
};
use crate::usage::Usage;

/// The answer's limit, which this API wants named. Longer answers are gone on with.
const MAX_TOKENS: u32 = 32_000;
const VERSION: &str = "2023-06-01";

/// Anthropic, or a server that speaks as it does.
pub struct Anthropic {
    model: String,
    client: reqwest::Client,
    endpoint: Endpoint,
    price: Option<Price>,
    rungs: Vec<Rung>,
}

impl Anthropic {
    /// Prepares a client; nothing is sent yet.
    ///
    /// # Errors
    /// If the address is no URL, or the key holds characters that no header can carry.
    pub fn new(base_url: &str, key: &SecretString, model: &str, rungs: Vec<Rung>) -> anyhow::Result<Anthropic> {
        let mut endpoint = Endpoint::new(base_url, key, HeaderName::from_static("x-api-key"), "")?;
        endpoint.headers.insert("anthropic-version", HeaderValue::from_static(VERSION));
        Ok(Anthropic {
            model: model.to_owned(),
            client: shared::client(&endpoint)?,
            endpoint,
            price: Price::of(model),
            rungs,
        })
    }
}

impl Model for Anthropic {
    fn id(&self) -> &str {
        &self.model
    }

    fn rungs(&self) -> &[Rung] {
        &self.rungs
    }

    fn reply(&self, request: &Request) -> BoxStream<'static, Result<Piece, Error>> {
        let post =
            self.client.post(format!("{}/v1/messages", self.endpoint.base_url)).json(&body(&self.model, request));
        let (endpoint, price) = (self.endpoint.clone(), self.price);
        let mut usage = Usage { cost: None, ..Usage::NONE };
        events(post, endpoint.clone())
            .flat_map(move |event| {
                let pieces = match event {
                    Ok(event) => pieces(&event, &endpoint, &mut usage, price),
                    Err(error) => vec![Err(error)],
                };
                stream::iter(pieces)
            })
            .boxed()
    }
}

/// The request. The system words and the last message but one end what all branches share, so the cache is told there.
fn body(model: &str, request: &Request) -> Value {
    let (rules, turns): (Vec<_>, Vec<_>) = request.messages.iter().partition(|message| message.role == Role::System);
    let cached = |text: &str| json!([{ "type": "text", "text": text, "cache_control": { "type": "ephemeral" } }]);
    let trunk = turns.len().checked_sub(2);
    let messages: Vec<Value> = turns
        .iter()
        .enumerate()
        .map(|(index, message)| match Some(index) == trunk {
            true => json!({ "role": message.role, "content": cached(&message.text) }),
            false => json!({ "role": message.role, "content": &*message.text }),
        })
        .collect();
    let rules: String = rules.iter().map(|message| &*message.text).collect::<Vec<_>>().join("\n\n");
    let mut body = json!({
        "model": model,
        "max_tokens": MAX_TOKENS,
        "stream": true,
        "system": cached(&rules),
        "messages": messages,
    });
    match &request.form {
        Form::Text => {}
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

/// What one event of the stream says.
fn pieces(event: &Value, endpoint: &Endpoint, usage: &mut Usage, price: Option<Price>) -> Vec<Result<Piece, Error>> {
    let text = |pointer: &str| event.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let count = |pointer: &str| event.pointer(pointer).and_then(Value::as_u64).unwrap_or(0);
    match text("/type").as_str() {
        "message_start" => {
            usage.cached = count("/message/usage/cache_read_input_tokens");
            let written = count("/message/usage/cache_creation_input_tokens");
            usage.input = count("/message/usage/input_tokens") + usage.cached + written;
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
            usage.cost = price.map(|price| price.cost(usage));
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
