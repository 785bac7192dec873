//! The wire of OpenAI's chat completions, as OpenAI and everybody who imitates it speak it. Streams always.
//!
//! The client is async-openai with our own request and chunk types: its typed answers refuse most of what
//! other servers send. Its own retry is replaced, because it loses status and body of odd error answers.

mod chunk;

use async_openai::{Client, config::Config, error::OpenAIError, middleware::HttpRequestFactory};
use futures::{
    StreamExt,
    stream::{self, BoxStream},
};
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use secrecy::SecretString;
use serde::Serialize;
use serde_json::{Map, Value, json};

use self::chunk::Chunk;
use super::{
    Error, Finish, Form, Function, Message, Model, Piece, Price, Request,
    http::{self as shared, Endpoint},
    provider::Rung,
};
use crate::usage::Usage;

/// How much is read of an answer that comes in one piece.
const LONGEST_BODY: usize = 16 * 1024 * 1024;

/// A server that speaks OpenAI's chat completions.
pub struct OpenAi {
    model: String,
    client: Client<Endpoint>,
    endpoint: Endpoint,
    price: Option<Price>,
    rungs: Vec<Rung>,
}

impl OpenAi {
    /// Prepares a client; nothing is sent yet. An empty key sends no key at all.
    ///
    /// # Errors
    /// If the address is no URL, or the key holds characters that no header can carry.
    pub fn new(base_url: &str, key: &SecretString, model: &str, rungs: Vec<Rung>) -> anyhow::Result<OpenAi> {
        let (client, endpoint) = connect(base_url, key)?;
        Ok(OpenAi { model: model.to_owned(), client, price: Price::of(model), endpoint, rungs })
    }
}

/// The client of everything that speaks OpenAI's protocols, and where it asks.
pub(super) fn connect(base_url: &str, key: &SecretString) -> anyhow::Result<(Client<Endpoint>, Endpoint)> {
    let endpoint = Endpoint::new(base_url, key, AUTHORIZATION, "Bearer ")?;
    let http = shared::client(&endpoint)?;
    let service = {
        let (http, endpoint) = (http.clone(), endpoint.clone());
        tower::service_fn(move |factory| send(http.clone(), endpoint.clone(), factory))
    };
    Ok((Client::build(http, endpoint.clone()).with_http_service(service), endpoint))
}

impl Model for OpenAi {
    fn id(&self) -> &str {
        &self.model
    }

    fn rungs(&self) -> &[Rung] {
        &self.rungs
    }

    fn reply(&self, request: &Request) -> BoxStream<'static, Result<Piece, Error>> {
        let (client, endpoint, price) = (self.client.clone(), self.endpoint.clone(), self.price);
        let request = request.clone();
        let model = self.model.clone();
        let opening = async move {
            let body = Body::new(&model, &request);
            let chunks = client.chat().create_stream_byot::<_, Chunk>(&body).await;
            match chunks {
                Ok(chunks) => {
                    let room = endpoint.take_room().map(|room| Ok(Piece::Room(room)));
                    stream::iter(room).chain(pieces(chunks, endpoint, price)).boxed()
                }
                Err(error) => stream::once(async move { Err(read_error(error, &endpoint)) }).boxed(),
            }
        };
        stream::once(opening).flatten().boxed()
    }
}

/// The request as it goes over the wire. The messages stand first and what varies stands behind them,
/// so that the bytes of two branches part as late as possible.
#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    messages: Vec<WireMessage<'a>>,
    stream: bool,
    stream_options: StreamOptions,
    #[serde(flatten)]
    form: Map<String, Value>,
}

#[derive(Serialize)]
struct WireMessage<'a> {
    role: super::Role,
    content: &'a str,
}

#[derive(Serialize)]
struct StreamOptions {
    include_usage: bool,
}

impl<'a> Body<'a> {
    fn new(model: &'a str, request: &'a Request) -> Body<'a> {
        let wire = |message: &'a Message| WireMessage { role: message.role, content: &message.text };
        Body {
            model,
            messages: request.messages.iter().map(wire).collect(),
            stream: true,
            stream_options: StreamOptions { include_usage: true },
            form: form(&request.form),
        }
    }
}

/// The fields that ask for the form of the answer.
fn form(form: &Form) -> Map<String, Value> {
    let Some(Function { name, description, parameters }) = form.function() else { return Map::new() };
    let tools = json!([{
        "type": "function",
        "function": { "name": name, "description": description, "strict": true, "parameters": parameters },
    }]);
    let schema =
        json!({ "type": "json_schema", "json_schema": { "name": name, "strict": true, "schema": parameters } });
    let fields = match form {
        Form::Text => vec![],
        Form::Named(_) => {
            vec![("tools", tools), ("tool_choice", json!({ "type": "function", "function": { "name": name } }))]
        }
        Form::Required(_) => vec![("tools", tools), ("tool_choice", json!("required"))],
        Form::Schema(_) => vec![("response_format", schema)],
    };
    fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

impl Config for Endpoint {
    fn headers(&self) -> HeaderMap {
        self.headers.clone()
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base_url)
    }

    fn query(&self) -> Vec<(&str, &str)> {
        Vec::new()
    }

    fn api_base(&self) -> &str {
        &self.base_url
    }

    fn api_key(&self) -> &SecretString {
        &self.key
    }
}

/// Executes one request and turns whatever is no event stream into an error of ours, or into a stream of one event.
async fn send(
    client: reqwest::Client,
    endpoint: Endpoint,
    factory: HttpRequestFactory,
) -> Result<reqwest::Response, OpenAIError> {
    let response = client.execute(factory.build().await?).await.map_err(OpenAIError::Reqwest)?;
    let response = endpoint.checked(response).await.map_err(|error| OpenAIError::Boxed(Box::new(error)))?;
    let is_json = |value: &HeaderValue| value.to_str().is_ok_and(|kind| kind.starts_with("application/json"));
    if !response.headers().get(CONTENT_TYPE).is_some_and(is_json) {
        return Ok(response);
    }
    // Asked for a stream, some servers answer in one piece all the same.
    let body = shared::read_at_most(response, LONGEST_BODY).await;
    let whole: Value = serde_json::from_slice(&body)
        .map_err(|error| OpenAIError::JSONDeserialize(error, String::from_utf8_lossy(&body).into_owned()))?;
    Ok(http::Response::new(reqwest::Body::from(format!("data: {whole}\n\n"))).into())
}

/// The chunks of one answer as pieces, up to and including the first error.
fn pieces(
    chunks: impl futures::Stream<Item = Result<Chunk, OpenAIError>> + Send + 'static,
    endpoint: Endpoint,
    price: Option<Price>,
) -> impl futures::Stream<Item = Result<Piece, Error>> + Send {
    // The end mark comes before the usage, so it is held back until the stream is over.
    let mut finish: Option<Finish> = None;
    let price_of = move |usage: Usage| Usage { cost: usage.cost.or(price.map(|price| price.cost(&usage))), ..usage };
    let chunks = chunks.map(Some).chain(stream::once(async { None }));
    let mut failed = false;
    chunks
        .flat_map(move |chunk| {
            let chunk = match chunk {
                Some(Ok(chunk)) => chunk,
                Some(Err(error)) => return stream::iter(vec![Err(read_error(error, &endpoint))]),
                None => {
                    return stream::iter(finish.map(|finish| Ok(Piece::End(finish))).into_iter().collect::<Vec<_>>());
                }
            };
            if let Some(message) = chunk.error_message() {
                let why = format!("{} sent an error: {}", endpoint.host, endpoint.redact(&message));
                return stream::iter(vec![Err(Error::Broken { why })]);
            }
            finish = chunk.finish().or(finish);
            let mut pieces = chunk.pieces();
            pieces.extend(chunk.usage().map(|usage| Piece::Usage(price_of(usage))));
            stream::iter(pieces.into_iter().map(Ok).collect::<Vec<_>>())
        })
        .take_while(move |piece| {
            let go_on = !failed;
            failed |= piece.is_err();
            std::future::ready(go_on)
        })
}

/// An error of the client in our words. Its own `Display` may hold whole bodies, so it is never shown raw.
pub(super) fn read_error(error: OpenAIError, endpoint: &Endpoint) -> Error {
    let host = &endpoint.host;
    match error {
        OpenAIError::Boxed(inner) => match inner.downcast::<Error>() {
            Ok(ours) => *ours,
            Err(other) => Error::Broken { why: endpoint.redact(&other.to_string()) },
        },
        OpenAIError::Reqwest(error) => endpoint.failed(&error),
        OpenAIError::StreamError(error) => Error::Broken {
            why: format!("the connection to {host} ended early ({})", endpoint.redact(&error.to_string())),
        },
        OpenAIError::JSONDeserialize(_, content) => {
            let start: String = content.chars().take(80).collect();
            Error::Broken { why: format!("{host} sent what is no chunk of an answer: '{}'", endpoint.redact(&start)) }
        }
        other => Error::Broken { why: endpoint.redact(&other.to_string()) },
    }
}
