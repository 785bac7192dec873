//! The protocol of OpenAI's Responses, which its newest models want for function calls.

use serde_json::{Value, json};

use super::{Error, Finish, Form, Function, Message, Piece, Price, Request, http::Endpoint, service::Service};
use crate::usage::Usage;

/// The request; what varies stands behind the messages.
pub(super) fn body(service: &Service, request: &Request) -> Value {
    let message = |message: &Message| json!({ "role": message.role, "content": content(message) });
    let mut body = json!({
        "model": service.model,
        "input": request.messages.iter().map(message).collect::<Vec<_>>(),
        "stream": true,
        "store": false,
    });
    match &request.form {
        Form::Text => {}
        Form::Object => body["text"] = json!({ "format": { "type": "json_object" } }),
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

/// Plain text, or parts where there are pictures.
fn content(Message { text, images, .. }: &Message) -> Value {
    if images.is_empty() {
        return json!(&**text);
    }
    let images = images.iter().map(|image| json!({ "type": "input_image", "image_url": image.data_url() }));
    images.chain([json!({ "type": "input_text", "text": &**text })]).collect()
}

/// Reads the events of one answer.
pub(super) fn reader(
    endpoint: Endpoint,
    price: Option<Price>,
) -> impl FnMut(Option<Value>) -> Vec<Result<Piece, Error>> {
    move |event| event.map_or_else(Vec::new, |event| pieces(&event, &endpoint, price))
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
        written: count("input_tokens_details/cache_write_tokens"),
        output: count("output_tokens"),
        thinking: count("output_tokens_details/reasoning_tokens"),
        ..Usage::NONE
    };
    Price::of(price, usage)
}
