//! The protocol of OpenAI's chat completions, as OpenAI and everybody who imitates it speak it. Streams always.

mod chunk;

use serde_json::{Value, json};

pub(super) use self::chunk::Chunk;
use super::{Error, Finish, Form, Function, Message, Piece, Price, Request, http::Endpoint, service::Service};
use crate::usage::Usage;

/// The request as it goes over the wire. The messages stand first and what varies stands behind them,
/// so that the bytes of two branches part as late as possible.
pub(super) fn body(service: &Service, request: &Request) -> Value {
    let message = |message: &Message| json!({ "role": message.role, "content": content(message) });
    let mut body = json!({
        "model": service.model,
        "messages": request.messages.iter().map(message).collect::<Vec<_>>(),
        "stream": true,
        "stream_options": { "include_usage": true },
    });
    match &request.form {
        Form::Text => {}
        Form::Object => body["response_format"] = json!({ "type": "json_object" }),
        Form::Schema(Function { name, parameters, .. }) => {
            let schema = json!({ "name": name, "strict": true, "schema": parameters });
            body["response_format"] = json!({ "type": "json_schema", "json_schema": schema });
        }
        Form::Named(function) | Form::Required(function) => {
            let Function { name, description, parameters } = function;
            let offered = json!({ "name": name, "description": description, "strict": true, "parameters": parameters });
            body["tools"] = json!([{ "type": "function", "function": offered }]);
            body["tool_choice"] = match &request.form {
                Form::Named(_) => json!({ "type": "function", "function": { "name": name } }),
                _ => json!("required"),
            };
        }
    }
    body
}

/// Plain text, or parts where there are pictures: those go first, as every provider advises.
fn content(Message { text, images, .. }: &Message) -> Value {
    if images.is_empty() {
        return json!(&**text);
    }
    let images = images.iter().map(|image| json!({ "type": "image_url", "image_url": { "url": image.data_url() } }));
    images.chain([json!({ "type": "text", "text": &**text })]).collect()
}

/// Reads the chunks of one answer.
pub(super) fn reader(
    endpoint: Endpoint,
    price: Option<Price>,
) -> impl FnMut(Option<Chunk>) -> Vec<Result<Piece, Error>> {
    // The end mark comes before the usage, so it is held back until the stream is over.
    let mut finish: Option<Finish> = None;
    let mut ended_without_a_word = false;
    let price_of =
        move |usage: Usage| Usage { cost: usage.cost.or(Price::of(price, usage).cost), ..Price::of(price, usage) };
    move |chunk| {
        let Some(chunk) = chunk else {
            let finish = finish.or(ended_without_a_word.then_some(Finish::Stop));
            return finish.map(|finish| Ok(Piece::End(finish))).into_iter().collect();
        };
        let Chunk { thinking, text, refusal, call, usage, error, .. } = chunk;
        if let Some(message) = error {
            let why = format!("{} sent an error: {}", endpoint.host, endpoint.redact(&message));
            return vec![Err(Error::Broken { why })];
        }
        finish = chunk.finish.or(finish);
        let said = [Piece::Thinking(thinking), Piece::Text(text), Piece::Refusal(refusal)].into_iter();
        let said = said.filter(|piece| !piece.text().is_empty());
        let mut pieces: Vec<Piece> = said.chain(call.map(Piece::Call)).collect();
        // An end without a word is one only if nothing comes behind it.
        if !pieces.is_empty() || chunk.ends_without_a_word {
            ended_without_a_word = pieces.is_empty();
        }
        pieces.extend(usage.map(|usage| Piece::Usage(price_of(*usage))));
        pieces.into_iter().map(Ok).collect()
    }
}

/// What went wrong, where the server says so in a list, as Google's does.
pub(super) fn error_in_list(event: &str) -> Option<String> {
    serde_json::from_str::<Vec<Chunk>>(event).ok()?.into_iter().next()?.error
}
