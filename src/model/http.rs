//! What all wires share: where to ask and with which key, one client, and errors in our own words.

use std::{
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Result, anyhow, bail};
use eventsource_stream::{EventStreamError, Eventsource};
use futures::{Stream, StreamExt, TryStreamExt};
use http::header::{DATE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tokio::{io::AsyncBufReadExt, sync::mpsc};
use tokio_stream::wrappers::{LinesStream, ReceiverStream};
use tokio_util::io::StreamReader;

use super::{Error, lines::Unseen, server::Events};
use crate::{
    pace::{Left, Room},
    patience::Patience,
};

/// How much of an error's body is read: enough for every message, too little for a flood.
const LONGEST_ERROR_BODY: usize = 64 * 1024;
/// How many events are read before anybody has looked at them.
const MOST_AHEAD: usize = 1024;
/// Connections that are kept for the next question.
const MOST_IDLE: usize = 16;
/// How much of a message from a server is shown.
const LONGEST_MESSAGE: usize = 500;

/// Where to ask, and with which key. Read from nowhere but its arguments, so that no key goes to another host.
#[derive(Clone, Debug)]
pub(super) struct Endpoint {
    pub(super) base_url: Arc<str>,
    pub(super) host: Arc<str>,
    pub(super) key: SecretString,
    /// The variable that the key comes from.
    pub(super) key_name: Arc<str>,
    /// With the key in them, if there is one.
    pub(super) headers: HeaderMap,
    /// Longest wait for a connection. How long an answer may be silent is the engine's business.
    pub(super) connect: Duration,
    /// What the last answer said of the service's limits.
    room: Arc<Mutex<Option<Room>>>,
}

impl Endpoint {
    /// An address, and a key for the header `name` behind `scheme`. An empty key sends no key at all.
    ///
    /// # Errors
    /// If the address is no URL, or the key holds characters that no header can carry.
    pub(super) fn new(base_url: &str, key: &SecretString, name: HeaderName, scheme: &str) -> Result<Endpoint> {
        let base_url = base_url.trim().trim_end_matches('/');
        let url = reqwest::Url::parse(base_url).ok();
        let url = url.filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
        let Some(url) = url else {
            bail!("the base URL '{base_url}' is not a web address such as http://localhost:11434/v1");
        };
        if !url.username().is_empty() || url.password().is_some() || url.query().is_some() {
            bail!(
                "the base URL for {} holds a password or a query; a key belongs into its variable",
                url.host_str().unwrap_or_default()
            );
        }
        let host = match (url.host_str().unwrap_or_default(), url.port()) {
            (host, Some(port)) => format!("{host}:{port}"),
            (host, None) => host.to_owned(),
        };
        let mut headers = HeaderMap::new();
        let trimmed = key.expose_secret().trim();
        if !trimmed.is_empty() {
            let mut value = HeaderValue::from_str(&format!("{scheme}{trimmed}"))
                .map_err(|_| anyhow!("the key for {host} holds characters that no key has"))?;
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        Ok(Endpoint {
            base_url: base_url.into(),
            host: host.into(),
            key: trimmed.to_owned().into(),
            key_name: "".into(),
            headers,
            connect: Patience::HOSTED.connect,
            room: Arc::default(),
        })
    }

    /// Takes the key out of a server's words, and cuts them to what a person reads.
    pub(super) fn redact(&self, words: &str) -> String {
        let key = self.key.expose_secret();
        let safe = if key.is_empty() { words.to_owned() } else { words.replace(key, "[key]") };
        let line = safe.split_whitespace().collect::<Vec<_>>().join(" ");
        match line.char_indices().nth(LONGEST_MESSAGE) {
            Some((end, _)) => format!("{}…", &line[..end]),
            None => line,
        }
    }

    /// Whether it is this machine, where a server that refuses the connection is not there at all.
    pub(super) fn is_local(&self) -> bool {
        ["localhost", "127.", "[::1]"].iter().any(|local| self.host.starts_with(local))
    }

    /// What an answer said of the service's limits since this was asked the last time.
    pub(super) fn take_room(&self) -> Option<Room> {
        self.room.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// The response, or the error that its status is.
    pub(super) async fn checked(&self, response: reqwest::Response) -> Result<reqwest::Response, Error> {
        if let Some(room) = room(response.headers()) {
            *self.room.lock().unwrap_or_else(PoisonError::into_inner) = Some(room);
        }
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let retry_after = retry_after(response.headers());
        let body = String::from_utf8_lossy(&read_at_most(response, LONGEST_ERROR_BODY).await).into_owned();
        let message = self.redact(&error_message(&body));
        let (host, status) = (self.host.to_string(), status.as_u16());
        if let Some((needed, window)) = too_long(&body) {
            return Err(Error::TooLong { needed, window });
        }
        // LiteLLM's proxy says so of a key that it does not know when it has no database to look it up in.
        let is_refused_key = body.contains("no_db_connection");
        let is_out_of_credit = status == 402 || (status == 429 && body.contains("insufficient_quota"));
        let key_name = self.key_name.to_string();
        Err(match status {
            _ if is_out_of_credit => Error::OutOfCredit { host, message },
            _ if is_refused_key => Error::Unauthorized { host, status, message, key_name },
            401 | 403 => Error::Unauthorized { host, status, message, key_name },
            _ => Error::Status { host, status, message, parameter: parameter(&body), retry_after },
        })
    }

    /// An error of the client in our words.
    pub(super) fn failed(&self, error: &reqwest::Error) -> Error {
        let host = self.host.to_string();
        if error.is_timeout() && error.is_connect() {
            let why = format!("no connection within {} s", self.connect.as_secs_f64());
            return Error::Unreachable { host, why, is_passing: true };
        }
        let why = self.redact(&deepest(error));
        if error.is_connect() && is_about_tls(&why) {
            return Error::Insecure { host, why };
        }
        match (error.is_connect(), error.is_request()) {
            (true, _) => Error::Unreachable { host, why, is_passing: !self.is_local() },
            (false, true) => Error::Unreachable { host, why, is_passing: true },
            (false, false) => Error::Broken { why },
        }
    }
}

/// Sends, and yields the events of the stream that comes back as JSON.
pub(super) async fn events(
    request: reqwest::RequestBuilder,
    endpoint: &Endpoint,
    unseen: &Arc<Unseen>,
) -> Result<Events<Value>, Error> {
    let (body, endpoint) = (unseen.clone().parts(sent(request, endpoint).await?).boxed(), endpoint.clone());
    let events = body.eventsource().map(move |event| match event {
        Ok(event) => Ok(value(&event.data)),
        Err(EventStreamError::Transport(error)) => Err(endpoint.failed(&error)),
        Err(other) => Err(Error::Broken { why: other.to_string() }),
    });
    Ok(ahead(events))
}

/// Sends, and yields the lines of the body that comes back as JSON.
pub(super) async fn lines(
    request: reqwest::RequestBuilder,
    endpoint: &Endpoint,
    unseen: &Arc<Unseen>,
) -> Result<Events<Value>, Error> {
    let (body, endpoint) = (unseen.clone().parts(sent(request, endpoint).await?).boxed(), endpoint.clone());
    let lines = StreamReader::new(body.map_err(std::io::Error::other)).lines();
    let events = LinesStream::new(lines).filter_map(move |line| {
        let line = match line {
            Ok(line) if line.trim().is_empty() => None,
            Ok(line) => Some(Ok(value(&line))),
            Err(error) => Some(Err(Error::Broken { why: endpoint.redact(&deepest(&error)) })),
        };
        std::future::ready(line)
    });
    Ok(ahead(events))
}

/// The same, read by a task of its own: what has come is there when it is looked at, and not only the first of it.
fn ahead(events: impl Stream<Item = Result<Value, Error>> + Send + 'static) -> Events<Value> {
    let (sender, receiver) = mpsc::channel(MOST_AHEAD);
    tokio::spawn(async move {
        let mut events = pin!(events);
        let forward = async {
            while let Some(event) = events.next().await {
                if sender.send(event).await.is_err() {
                    return;
                }
            }
        };
        tokio::select! {
            () = sender.closed() => {}
            () = forward => {}
        }
    });
    ReceiverStream::new(receiver).boxed()
}

/// The JSON, or `null` for what is none.
fn value(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_default()
}

async fn sent(request: reqwest::RequestBuilder, endpoint: &Endpoint) -> Result<reqwest::Response, Error> {
    let sent = request.headers(endpoint.headers.clone()).send().await;
    endpoint.checked(sent.map_err(|error| endpoint.failed(&error))?).await
}

/// A client with a pool of connections; no redirect (it could carry the key to another host).
pub(super) fn client(endpoint: &Endpoint) -> Result<reqwest::Client> {
    let builder = || {
        let builder = reqwest::Client::builder();
        // A proxy has no business between this machine and itself.
        let builder = if endpoint.is_local() { builder.no_proxy() } else { builder };
        builder
            .connect_timeout(endpoint.connect)
            // All answers come over one connection where that is HTTP/2. One that is lost without a word would be asked
            // again and again.
            .http2_keep_alive_interval(endpoint.connect)
            .http2_keep_alive_timeout(endpoint.connect)
            // Each keeps its buffers, and when many files end nobody needs as many again.
            .pool_max_idle_per_host(MOST_IDLE)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("smol/", env!("CARGO_PKG_VERSION")))
    };
    // Nothing is encrypted on the way, and to read a system's two hundred certificates takes longer than all that comes
    // before the first question.
    if endpoint.is_local() && endpoint.base_url.starts_with("http:") {
        return Ok(builder().tls_certs_only([]).build()?);
    }
    // A bare container has no certificates of its own, and building the client fails there.
    let shipped = || webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().map(|der| reqwest::Certificate::from_der(der));
    match builder().build() {
        Ok(client) => Ok(client),
        Err(_) => Ok(builder().tls_certs_only(shipped().collect::<Result<Vec<_>, _>>()?).build()?),
    }
}

/// How long the server asks to wait: `retry-after-ms`, or `retry-after` in seconds, whole or not, or as a date, which
/// counts from the server's own clock.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    let number = |name: &str| text(name)?.parse::<f64>().ok().filter(|number| *number >= 0.0);
    let of = |seconds: f64| Duration::try_from_secs_f64(seconds).ok();
    if let Some(milliseconds) = number("retry-after-ms") {
        return of(milliseconds / 1e3);
    }
    if let Some(seconds) = number(RETRY_AFTER.as_str()) {
        return of(seconds);
    }
    let date = |name: &str| httpdate::parse_http_date(text(name)?).ok();
    date(RETRY_AFTER.as_str())?.duration_since(date(DATE.as_str())?).ok()
}

/// What the headers say of the service's limits, in OpenAI's spelling or in Anthropic's.
pub(super) fn room(headers: &HeaderMap) -> Option<Room> {
    let text = |name: String| headers.get(name)?.to_str().ok().map(str::trim);
    let now = text(DATE.to_string()).and_then(|date| httpdate::parse_http_date(date).ok());
    let of = |what: &str| {
        let spellings = [["x-ratelimit-", "-", what], ["anthropic-ratelimit-", what, "-"]];
        spellings.into_iter().find_map(|[prefix, first, second]| {
            let field = |field: &str| match first {
                "-" => text(format!("{prefix}{field}-{second}")),
                what => text(format!("{prefix}{what}-{field}")),
            };
            // Some gateways send -1 or a limit of 0 for "unknown".
            let number = |name: &str| field(name)?.parse::<f64>().ok().filter(|number| *number >= 0.0);
            let limit = number("limit").filter(|limit| *limit > 0.0)?;
            let reset = field("reset")?;
            let moment = || humantime::parse_rfc3339(reset).ok()?.duration_since(now?).ok();
            let seconds = || Duration::try_from_secs_f64(reset.parse().ok()?).ok();
            let reset = seconds().or_else(|| humantime::parse_duration(&spaced(reset)).ok()).or_else(moment)?;
            Some(Left { limit, remaining: number("remaining")?.min(limit), reset })
        })
    };
    let room = Room { requests: of("requests"), tokens: of("tokens").or_else(|| of("input-tokens")) };
    (room != Room::default()).then_some(room)
}

/// `6m0.5s` as `6m 0s 500ms`: whole numbers only, as the reader of durations wants them.
fn spaced(duration: &str) -> String {
    match duration
        .strip_suffix('s')
        .and_then(|rest| rest.rsplit_once('.'))
        .filter(|(_, part)| part.parse::<u32>().is_ok())
    {
        Some((whole, part)) => format!("{whole}s {}ms", &format!("{part}000")[..3]),
        None => duration.to_owned(),
    }
}

pub(super) async fn read_at_most(mut response: reqwest::Response, limit: usize) -> Vec<u8> {
    let mut body = Vec::new();
    while let Ok(Some(bytes)) = response.chunk().await {
        body.extend_from_slice(&bytes[..bytes.len().min(limit - body.len())]);
        if body.len() == limit {
            break;
        }
    }
    body
}

/// The innermost cause, which names the thing; the outer ones only say that a request failed.
fn deepest(error: &dyn std::error::Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

/// Tokens of the prompt and of the window, where llama.cpp's server says that the one does not fit into the other.
fn too_long(body: &str) -> Option<(u64, u64)> {
    let json: Value = serde_json::from_str(body).ok()?;
    let error = json.get("error")?;
    Some((error.get("n_prompt_tokens")?.as_u64()?, error.get("n_ctx")?.as_u64()?))
}

/// The parameter that a service complains of, in OpenAI's spelling.
fn parameter(body: &str) -> Option<String> {
    let json: Value = serde_json::from_str(body).ok()?;
    Some(json.pointer("/error/param")?.as_str()?.to_owned())
}

/// Whether the two sides could not agree on a secure connection, in the words of rustls.
fn is_about_tls(why: &str) -> bool {
    ["certificate", "tls", "handshake", "InvalidContentType", "corrupt message"].iter().any(|word| why.contains(word))
}

/// The words in an error's body: JSON in any of the usual shapes, a page, or plain text.
pub(super) fn error_message(body: &str) -> String {
    let Ok(json) = serde_json::from_str::<Value>(body) else {
        let is_page = body.trim_start().starts_with('<');
        return match body.trim() {
            "" => "no reason given".to_owned(),
            _ if is_page => "a web page instead of an answer; is there a proxy in between?".to_owned(),
            text => text.to_owned(),
        };
    };
    // Google's service puts its error into an array.
    let json = json.get(0).unwrap_or(&json);
    let places =
        [json.pointer("/error/message"), json.get("error"), json.get("message"), json.get("detail"), Some(json)];
    let says_nothing = |value: &Value| matches!(value.to_string().as_str(), "null" | "{}" | "[]" | "\"\"");
    let found = places.into_iter().flatten().find(|value| !says_nothing(value));
    match found {
        Some(Value::String(words)) => words.clone(),
        Some(other) => other.to_string(),
        None => "no reason given".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_errors() {
        for (body, words) in [
            (r#"{"error":{"message":"no","code":429}}"#, "no"),
            (r#"{"error":"no"}"#, "no"),
            (r#"{"detail":"no"}"#, "no"),
            (r#"{"message":"no"}"#, "no"),
            (r#"[{"error":{"message":"no"}}]"#, "no"),
            (r#"{"error":{"message":"","code":"no"}}"#, r#"{"message":"","code":"no"}"#),
            ("{}", "no reason given"),
            ("no", "no"),
            ("", "no reason given"),
            ("<html>x</html>", "a web page instead of an answer; is there a proxy in between?"),
        ] {
            assert_eq!(error_message(body), words);
        }
    }

    #[test]
    fn how_long_to_wait_in_every_spelling() {
        let date = "Wed, 21 Oct 2026 07:28:00 GMT";
        for (pairs, seconds) in [
            (vec![("retry-after", "2")], Some(2.0)),
            (vec![("retry-after", "1.5")], Some(1.5)),
            (vec![("retry-after", "9"), ("retry-after-ms", "250")], Some(0.25)),
            (vec![("retry-after", "Wed, 21 Oct 2026 07:28:30 GMT"), ("date", date)], Some(30.0)),
            (vec![("retry-after", date), ("date", "Wed, 21 Oct 2026 07:28:30 GMT")], None),
            (vec![("retry-after", "soon")], None),
            (vec![("retry-after", "-1")], None),
            (vec![("retry-after", "1e300")], None),
            (vec![], None),
        ] {
            let mut headers = HeaderMap::new();
            for (name, value) in &pairs {
                headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
            }
            assert_eq!(retry_after(&headers), seconds.map(Duration::from_secs_f64), "{pairs:?}");
        }
    }

    #[test]
    fn a_prompt_that_is_too_long_for_llama_cpp() {
        let body = r#"{"error":{"code":400,"type":"exceed_context_size_error","n_prompt_tokens":9000,"n_ctx":4096}}"#;
        assert_eq!(too_long(body), Some((9000, 4096)));
        assert_eq!(too_long(r#"{"error":{"message":"no"}}"#), None);
        assert_eq!(too_long("no"), None);
    }

    #[test]
    fn limits_in_both_spellings() {
        let left = |limit, remaining, seconds| Some(Left { limit, remaining, reset: Duration::from_secs_f64(seconds) });
        for (pairs, expected) in [
            (
                vec![
                    ("x-ratelimit-limit-requests", "60"),
                    ("x-ratelimit-remaining-requests", "59"),
                    ("x-ratelimit-reset-requests", "1s"),
                    ("x-ratelimit-limit-tokens", "150000"),
                    ("x-ratelimit-remaining-tokens", "149984"),
                    ("x-ratelimit-reset-tokens", "6m0.25s"),
                ],
                Some(Room { requests: left(60.0, 59.0, 1.0), tokens: left(150_000.0, 149_984.0, 360.25) }),
            ),
            (
                vec![
                    ("date", "Wed, 21 Oct 2026 07:28:00 GMT"),
                    ("anthropic-ratelimit-requests-limit", "50"),
                    ("anthropic-ratelimit-requests-remaining", "0"),
                    ("anthropic-ratelimit-requests-reset", "2026-10-21T07:28:30Z"),
                ],
                Some(Room { requests: left(50.0, 0.0, 30.0), tokens: None }),
            ),
            (vec![("x-ratelimit-limit-requests", "-1"), ("x-ratelimit-remaining-requests", "-1")], None),
            (vec![("x-ratelimit-remaining-requests", "5")], None),
            (vec![], None),
        ] {
            let headers =
                pairs.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
            assert_eq!(room(&headers.collect()), expected, "{pairs:?}");
        }
        assert_eq!(spaced("120ms"), "120ms");
    }

    #[test]
    fn addresses_that_are_refused() {
        for address in ["localhost:1234", "ftp://x/v1", "http://", "http://me:secret@x/v1", "https://x/v1?key=secret"] {
            let refused = Endpoint::new(address, &"k".to_owned().into(), http::header::AUTHORIZATION, "Bearer ");
            let words = refused.expect_err(address).to_string();
            assert!(!words.contains("secret"), "{words}");
        }
    }
}
