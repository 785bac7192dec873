//! The client of everything that speaks OpenAI's protocols.
//!
//! It is async-openai with our own requests and events as plain JSON: its typed answers refuse most of what other
//! servers send. Its own retry is replaced, because it loses status and body of odd error answers.

use std::sync::Arc;

use async_openai::{
    Client, config::Config, error::OpenAIError, middleware::HttpRequestFactory, types::stream::StreamResponse,
};
use futures::StreamExt;
use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use secrecy::SecretString;
use serde_json::Value;

use super::{
    Error,
    chat::error_in_list,
    http::{self as shared, Endpoint},
    lines::Unseen,
    server::Events,
};

/// How much is read of an answer that comes in one piece.
const LONGEST_BODY: usize = 16 * 1024 * 1024;

pub(super) fn client(http: &reqwest::Client, endpoint: &Endpoint, unseen: &Arc<Unseen>) -> Client<Endpoint> {
    let service = {
        let (http, endpoint, unseen) = (http.clone(), endpoint.clone(), unseen.clone());
        tower::service_fn(move |factory| send(http.clone(), endpoint.clone(), unseen.clone(), factory))
    };
    Client::build(http.clone(), endpoint.clone()).with_http_service(service)
}

/// The events of an answer, or why there is none.
pub(super) fn events<E: Send + 'static>(
    answer: Result<StreamResponse<E>, OpenAIError>,
    endpoint: &Endpoint,
) -> Result<Events<E>, Error> {
    let events = answer.map_err(|error| read_error(error, endpoint))?;
    let endpoint = endpoint.clone();
    let read = move |event| {
        std::future::ready(match event {
            // An empty data line says nothing, and harms nothing; nor does what does not even begin as JSON: the time,
            // in a ping.
            Err(OpenAIError::JSONDeserialize(_, content)) if !content.trim_start().starts_with(['{', '[']) => None,
            event => Some(event.map_err(|error| read_error(error, &endpoint))),
        })
    };
    Ok(events.filter_map(read).boxed())
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
    unseen: Arc<Unseen>,
    factory: HttpRequestFactory,
) -> Result<reqwest::Response, OpenAIError> {
    let response = client.execute(factory.build().await?).await.map_err(OpenAIError::Reqwest)?;
    let response = endpoint.checked(response).await.map_err(|error| OpenAIError::Boxed(Box::new(error)))?;
    let is_json = |value: &HeaderValue| value.to_str().is_ok_and(|kind| kind.starts_with("application/json"));
    if !response.headers().get(CONTENT_TYPE).is_some_and(is_json) {
        // The client reads ahead of whoever looks at it, without an end.
        return Ok(http::Response::new(reqwest::Body::wrap_stream(unseen.parts(response))).into());
    }
    // Asked for a stream, some servers answer in one piece all the same.
    let body = shared::read_at_most(response, LONGEST_BODY).await;
    let whole: Value = serde_json::from_slice(&body)
        .map_err(|error| OpenAIError::JSONDeserialize(error, String::from_utf8_lossy(&body).into_owned()))?;
    Ok(http::Response::new(reqwest::Body::from(format!("data: {whole}\n\n"))).into())
}

/// An error of the client in our words. Its own `Display` may hold whole bodies, so it is never shown raw.
fn read_error(error: OpenAIError, endpoint: &Endpoint) -> Error {
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
            if let Some(message) = error_in_list(&content) {
                return Error::Broken { why: format!("{host} sent an error: {}", endpoint.redact(&message)) };
            }
            let start: String = content.chars().take(80).collect();
            Error::Broken { why: format!("{host} sent what is no chunk of an answer: '{}'", endpoint.redact(&start)) }
        }
        other => Error::Broken { why: endpoint.redact(&other.to_string()) },
    }
}
