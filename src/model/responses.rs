//! The wire of OpenAI's Responses API, which its newest models want for function calls.

use async_openai::{Client, types::stream::StreamResponse};
use futures::{
    StreamExt,
    stream::{self, BoxStream},
};
use secrecy::SecretString;
use serde_json::{Value, json};

use super::{
    Error, Finish, Form, Function, Model, Piece, Price, Request,
    http::Endpoint,
    openai::{connect, read_error},
    provider::Rung,
};
use crate::usage::Usage;

/// A server that speaks the Responses API.
pub struct Responses {
    model: String,
    client: Client<Endpoint>,
    endpoint: Endpoint,
    price: Option<Price>,
    rungs: Vec<Rung>,
}

impl Responses {
    /// Prepares a client; nothing is sent yet.
    ///
    /// # Errors
    /// If the address is no URL, or the key holds characters that no header can carry.
    pub fn new(base_url: &str, key: &SecretString, model: &str, rungs: Vec<Rung>) -> anyhow::Result<Responses> {
        let (client, endpoint) = connect(base_url, key)?;
        Ok(Responses { model: model.to_owned(), client, endpoint, price: Price::of(model), rungs })
    }
}

impl Model for Responses {
    fn id(&self) -> &str {
        &self.model
    }

    fn rungs(&self) -> &[Rung] {
        &self.rungs
    }

    fn reply(&self, request: &Request) -> BoxStream<'static, Result<Piece, Error>> {
        let (client, endpoint, price) = (self.client.clone(), self.endpoint.clone(), self.price);
        let body = body(&self.model, request);
        let opening = async move {
            let events: Result<StreamResponse<Value>, _> = client.responses().create_stream_byot(&body).await;
            match events {
                Ok(events) => {
                    let room = endpoint.take_room().map(|room| Ok(Piece::Room(room)));
                    let pieces = events.flat_map(move |event| {
                        stream::iter(match event {
                            Ok(event) => pieces(&event, &endpoint, price),
                            Err(error) => vec![Err(read_error(error, &endpoint))],
                        })
                    });
                    stream::iter(room).chain(pieces).boxed()
                }
                Err(error) => stream::once(async move { Err(read_error(error, &endpoint)) }).boxed(),
            }
        };
        stream::once(opening).flatten().boxed()
    }
}

/// The request; what varies stands behind the messages.
fn body(model: &str, request: &Request) -> Value {
    let message = |message: &super::Message| json!({ "role": message.role, "content": &*message.text });
    let mut body = json!({
        "model": model,
        "input": request.messages.iter().map(message).collect::<Vec<_>>(),
        "stream": true,
        "store": false,
    });
    match &request.form {
        Form::Text => {}
        Form::Schema(Function { name, parameters, .. }) => {
            body["text"] =
                json!({ "format": { "type": "json_schema", "name": name, "strict": true, "schema": parameters } });
        }
        Form::Named(function) | Form::Required(function) => {
            let Function { name, description, parameters } = function;
            body["tools"] = json!([{
                "type": "function", "name": name, "description": description, "strict": true, "parameters": parameters,
            }]);
            body["tool_choice"] = match &request.form {
                Form::Named(_) => json!({ "type": "function", "name": name }),
                _ => json!("required"),
            };
        }
    }
    body
}

/// What one event of the stream says.
fn pieces(event: &Value, endpoint: &Endpoint, price: Option<Price>) -> Vec<Result<Piece, Error>> {
    let text = |pointer: &str| event.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let failed = |pointer: &str| {
        let why = format!("{} sent an error: {}", endpoint.host, endpoint.redact(&text(pointer)));
        vec![Err(Error::Broken { why })]
    };
    match text("/type").as_str() {
        "response.output_text.delta" => vec![Ok(Piece::Text(text("/delta")))],
        "response.function_call_arguments.delta" => vec![Ok(Piece::Call(text("/delta")))],
        "response.refusal.delta" => vec![Ok(Piece::Refusal(text("/delta")))],
        "response.reasoning_text.delta" | "response.reasoning_summary_text.delta" => {
            vec![Ok(Piece::Thinking(text("/delta")))]
        }
        "response.completed" => vec![Ok(Piece::Usage(usage(event, price))), Ok(Piece::End(Finish::Stop))],
        "response.incomplete" => {
            let finish = match text("/response/incomplete_details/reason").as_str() {
                "content_filter" => Finish::Refused,
                _ => Finish::Length,
            };
            vec![Ok(Piece::Usage(usage(event, price))), Ok(Piece::End(finish))]
        }
        "response.failed" => failed("/response/error/message"),
        "error" => failed("/message"),
        _ => Vec::new(),
    }
}

fn usage(event: &Value, price: Option<Price>) -> Usage {
    let count =
        |pointer: &str| event.pointer(&format!("/response/usage/{pointer}")).and_then(Value::as_u64).unwrap_or(0);
    let usage = Usage {
        input: count("input_tokens"),
        cached: count("input_tokens_details/cached_tokens"),
        output: count("output_tokens"),
        cost: None,
        is_estimated: false,
    };
    Usage { cost: price.map(|price| price.cost(&usage)), ..usage }
}
