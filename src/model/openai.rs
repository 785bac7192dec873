//! The wire of OpenAI's chat completions, as OpenAI and everybody who imitates it speak it. Streams always.
//!
//! The client is async-openai with our own request and chunk types: its typed answers refuse most of what
//! other servers send. Its own retry is replaced, because it loses status and body of odd error answers.

mod chunk;

use std::{sync::Arc, time::Duration};

use async_openai::{Client, config::Config, error::OpenAIError, middleware::HttpRequestFactory};
use futures::{
    StreamExt,
    stream::{self, BoxStream},
};
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;

use self::chunk::Chunk;
use super::{Error, Finish, Form, Function, Message, Model, Piece, Price, Request};
use crate::usage::Usage;

/// The address that is meant when none is given.
pub const DEFAULT_BASE_URL: &str = "https://api.openai.com/v1";
/// The model that is meant when none is given and the address is OpenAI's.
pub const DEFAULT_MODEL: &str = "gpt-6.1-sol";

/// Longest wait for a connection.
const CONNECT_LIMIT: Duration = Duration::from_secs(15);
/// Longest silence within an answer. Models that think may say nothing for minutes.
const SILENCE_LIMIT: Duration = Duration::from_secs(600);
/// How much of an error's body is read: enough for every message, too little for a flood.
const LONGEST_ERROR_BODY: usize = 64 * 1024;
/// How much of a message from a server is shown.
const LONGEST_MESSAGE: usize = 500;

/// A server that speaks OpenAI's chat completions.
pub struct OpenAi {
    model: String,
    client: Client<Endpoint>,
    endpoint: Endpoint,
    price: Option<Price>,
}

/// Where to ask, and with which key. Read from nowhere but its arguments, so that no key goes to another host.
#[derive(Clone, Debug)]
struct Endpoint {
    base_url: Arc<str>,
    host: Arc<str>,
    key: SecretString,
    headers: HeaderMap,
}

impl OpenAi {
    /// Prepares a client; nothing is sent yet. An empty key sends no key at all.
    ///
    /// # Errors
    /// If the address is no URL, or the key holds characters that no header can carry.
    pub fn new(base_url: &str, key: SecretString, model: &str) -> anyhow::Result<OpenAi> {
        let base_url = base_url.trim().trim_end_matches('/');
        let url = reqwest::Url::parse(base_url)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
            .ok_or_else(|| {
                anyhow::anyhow!("the base URL '{base_url}' is not a web address such as {DEFAULT_BASE_URL}")
            })?;
        let host = match (url.host_str().unwrap_or_default(), url.port()) {
            (host, Some(port)) => format!("{host}:{port}"),
            (host, None) => host.to_owned(),
        };
        let mut headers = HeaderMap::new();
        let trimmed = key.expose_secret().trim();
        if !trimmed.is_empty() {
            let mut value = HeaderValue::from_str(&format!("Bearer {trimmed}"))
                .map_err(|_| anyhow::anyhow!("the key for {host} holds characters that no key has"))?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        let endpoint =
            Endpoint { base_url: base_url.into(), host: host.into(), key: trimmed.to_owned().into(), headers };
        let http = http_client()?;
        let service = {
            let (http, endpoint) = (http.clone(), endpoint.clone());
            tower::service_fn(move |factory| send(http.clone(), endpoint.clone(), factory))
        };
        let client = Client::build(http, endpoint.clone()).with_http_service(service);
        Ok(OpenAi { model: model.to_owned(), client, price: Price::of(model), endpoint })
    }
}

impl Model for OpenAi {
    fn id(&self) -> &str {
        &self.model
    }

    fn reply(&self, request: &Request) -> BoxStream<'static, Result<Piece, Error>> {
        let (client, endpoint, price) = (self.client.clone(), self.endpoint.clone(), self.price);
        let request = request.clone();
        let model = self.model.clone();
        let opening = async move {
            let body = Body::new(&model, &request);
            let chunks = client.chat().create_stream_byot::<_, Chunk>(&body).await;
            match chunks {
                Ok(chunks) => pieces(chunks, endpoint, price).boxed(),
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
    #[serde(skip_serializing_if = "Option::is_none")]
    tools: Option<[Tool<'a>; 1]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_choice: Option<ToolChoice<'a>>,
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

#[derive(Serialize)]
struct Tool<'a> {
    r#type: &'static str,
    function: StrictFunction<'a>,
}

#[derive(Serialize)]
struct StrictFunction<'a> {
    name: &'a str,
    description: &'a str,
    strict: bool,
    parameters: &'a serde_json::Value,
}

#[derive(Serialize)]
struct ToolChoice<'a> {
    r#type: &'static str,
    function: NamedFunction<'a>,
}

#[derive(Serialize)]
struct NamedFunction<'a> {
    name: &'a str,
}

impl<'a> Body<'a> {
    fn new(model: &'a str, request: &'a Request) -> Body<'a> {
        let wire = |message: &'a Message| WireMessage { role: message.role, content: &message.text };
        let function = match &request.form {
            Form::Text => None,
            Form::Call(function) => Some(function),
        };
        Body {
            model,
            messages: request.messages.iter().map(wire).collect(),
            stream: true,
            stream_options: StreamOptions { include_usage: true },
            tools: function.map(|Function { name, description, parameters }| {
                [Tool { r#type: "function", function: StrictFunction { name, description, strict: true, parameters } }]
            }),
            tool_choice: function
                .map(|Function { name, .. }| ToolChoice { r#type: "function", function: NamedFunction { name } }),
        }
    }
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

/// One client for the whole run: one pool of connections, no redirect (it could carry the key to another host).
fn http_client() -> anyhow::Result<reqwest::Client> {
    let builder = || {
        reqwest::Client::builder()
            .connect_timeout(CONNECT_LIMIT)
            .read_timeout(SILENCE_LIMIT)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("smol/", env!("CARGO_PKG_VERSION")))
    };
    // A bare container has no certificates of its own, and building the client fails there even for http://localhost.
    let shipped = || webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().map(|der| reqwest::Certificate::from_der(der));
    match builder().build() {
        Ok(client) => Ok(client),
        Err(_) => Ok(builder().tls_certs_only(shipped().collect::<Result<Vec<_>, _>>()?).build()?),
    }
}

/// Executes one request and turns whatever is no event stream into an error of ours, or into a stream of one event.
async fn send(
    http: reqwest::Client,
    endpoint: Endpoint,
    factory: HttpRequestFactory,
) -> Result<reqwest::Response, OpenAIError> {
    let response = http.execute(factory.build().await?).await.map_err(OpenAIError::Reqwest)?;
    let status = response.status();
    if !status.is_success() {
        let body = read_at_most(response, LONGEST_ERROR_BODY).await;
        let message = endpoint.redact(&chunk::error_message(&String::from_utf8_lossy(&body)));
        let (host, status) = (endpoint.host.to_string(), status.as_u16());
        let error = match status {
            401 | 403 => Error::Unauthorized { host, status, message },
            _ => Error::Status { host, status, message },
        };
        return Err(OpenAIError::Boxed(Box::new(error)));
    }
    let is_json = |value: &HeaderValue| value.to_str().is_ok_and(|kind| kind.starts_with("application/json"));
    if !response.headers().get(CONTENT_TYPE).is_some_and(is_json) {
        return Ok(response);
    }
    // Asked for a stream, some servers answer in one piece all the same.
    let whole: serde_json::Value = response.json().await.map_err(OpenAIError::Reqwest)?;
    Ok(http::Response::new(reqwest::Body::from(format!("data: {whole}\n\n"))).into())
}

async fn read_at_most(mut response: reqwest::Response, limit: usize) -> Vec<u8> {
    let mut body = Vec::new();
    while let Ok(Some(bytes)) = response.chunk().await {
        body.extend_from_slice(&bytes[..bytes.len().min(limit - body.len())]);
        if body.len() == limit {
            break;
        }
    }
    body
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
fn read_error(error: OpenAIError, endpoint: &Endpoint) -> Error {
    let host = endpoint.host.to_string();
    match error {
        OpenAIError::Boxed(inner) => match inner.downcast::<Error>() {
            Ok(ours) => *ours,
            Err(other) => Error::Broken { why: endpoint.redact(&other.to_string()) },
        },
        OpenAIError::Reqwest(error) if error.is_timeout() && error.is_connect() => {
            Error::Unreachable { host, why: format!("no connection within {} s", CONNECT_LIMIT.as_secs()) }
        }
        OpenAIError::Reqwest(error) if error.is_connect() || error.is_request() => {
            Error::Unreachable { host, why: endpoint.redact(&deepest(&error)) }
        }
        OpenAIError::Reqwest(error) => Error::Broken { why: endpoint.redact(&deepest(&error)) },
        OpenAIError::StreamError(error) => Error::Broken {
            why: format!("the connection to {host} ended early ({})", endpoint.redact(&error.to_string())),
        },
        OpenAIError::JSONDeserialize(_, content) => {
            let start: String = content.chars().take(80).collect();
            Error::Broken { why: format!("{host} sent what is no chunk of an answer: '{}'", endpoint.redact(&start)) }
        }
        OpenAIError::ApiError(error) => {
            let (status, message) = (error.status_code.as_u16(), endpoint.redact(&error.api_error.message));
            Error::Status { host, status, message }
        }
        other => Error::Broken { why: endpoint.redact(&other.to_string()) },
    }
}

/// The innermost cause, which names the thing; the outer ones only say that a request failed.
fn deepest(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

impl Endpoint {
    /// Takes the key out of a server's words, and cuts them to what a person reads.
    fn redact(&self, words: &str) -> String {
        let key = self.key.expose_secret();
        let safe = if key.is_empty() { words.to_owned() } else { words.replace(key, "[key]") };
        let line = safe.split_whitespace().collect::<Vec<_>>().join(" ");
        match line.char_indices().nth(LONGEST_MESSAGE) {
            Some((end, _)) => format!("{}…", &line[..end]),
            None => line,
        }
    }
}
