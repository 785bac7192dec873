//! A model behind a network: writes the question in its protocol, sends it, and reads what comes back.

use std::{
    collections::BTreeSet,
    num::NonZeroUsize,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures::{
    StreamExt,
    stream::{self, BoxStream},
};
use http::header::{AUTHORIZATION, HeaderName, HeaderValue};
use serde_json::Value;

use super::{
    Error, Model, Piece, Price, Request, anthropic, chat,
    http::{self as shared, Endpoint},
    lines::{Line, Lines},
    models::{self, Loaded, nearest},
    ollama, openai, parameters,
    provider::{Rung, Wire},
    responses,
    service::Service,
    window,
};
use crate::pace::Capacity;

/// How long the names of the models may take that stand in a message for somebody who mistyped one.
const NAMES_LIMIT: Duration = Duration::from_secs(5);

/// How many events are taken at once of those that have come.
const MOST_AT_ONCE: usize = 64;

/// What comes back, one after the other.
pub(super) type Events<E> = BoxStream<'static, Result<E, Error>>;
type Pieces = BoxStream<'static, Result<Piece, Error>>;

/// A model of a provider that is asked over the network. A copy asks the same one.
#[derive(Clone)]
pub struct Server(Arc<Connection>);

struct Connection {
    service: Service,
    rungs: Vec<Rung>,
    endpoint: Endpoint,
    lines: Lines,
    /// How many questions it answers at the same time, where it tells.
    slots: Option<NonZeroUsize>,
    /// Parameters that it refuses.
    refused: Mutex<BTreeSet<String>>,
}

impl Server {
    /// Prepares a client; nothing is sent yet. An empty key sends no key at all.
    ///
    /// # Errors
    /// If the address is no URL, or the key holds characters that no header can carry.
    pub fn new(service: Service) -> anyhow::Result<Server> {
        let endpoint = endpoint(&service)?;
        let lines = Lines::to(&endpoint)?;
        let refused = service.habits.refused.iter().chain(&service.provider.without).cloned().collect();
        Ok(Server(Arc::new(Connection {
            rungs: service.rungs(),
            service,
            endpoint,
            lines,
            slots: None,
            refused: Mutex::new(refused),
        })))
    }

    /// It with the window and the slots that its model really has, where only asking tells.
    #[must_use]
    pub async fn with_window(mut self) -> Server {
        let Connection { service, endpoint, lines, .. } = &*self.0;
        let found = window::find(&lines.free().http, endpoint, service).await;
        let connection = Arc::get_mut(&mut self.0).expect("nobody has a copy yet");
        // A person may have said in their catalog that less of it is to be used.
        let known = &mut connection.service.facts.window;
        *known = [*known, found.tokens].into_iter().flatten().min();
        connection.slots = found.slots;
        self
    }

    /// Its model that is known to be in memory, so that a question starts no long loading; for a server that loads
    /// models when they are asked, which others do not.
    pub async fn loaded(&self, limit: Duration) -> Loaded {
        models::loaded(&self.0.lines.free().http, &self.0.endpoint, &self.0.service.provider, limit).await
    }

    pub fn service(&self) -> &Service {
        &self.0.service
    }

    /// How much it takes at the same time.
    pub fn capacity(&self) -> Capacity {
        let Connection { service: Service { provider, .. }, endpoint, slots, .. } = &*self.0;
        let is_unnamed = provider.name.is_empty();
        match slots {
            Some(slots) => Capacity::Slots(*slots),
            None if provider.is_at_home() || (is_unnamed && endpoint.is_local()) => Capacity::Untold,
            None => Capacity::Elastic,
        }
    }

    /// What it says of its models.
    ///
    /// # Errors
    /// If it cannot be reached, refuses the key, or lists none within `limit`.
    pub async fn models(&self, limit: Duration) -> Result<Vec<models::Listed>, Error> {
        models::list(&self.0.lines.free().http, &self.0.endpoint, self.0.service.provider.wire, limit).await
    }
}

/// Where the service answers, with the key in the header that it wants it in.
fn endpoint(service: &Service) -> anyhow::Result<Endpoint> {
    let provider = &service.provider;
    let (name, scheme) = match (&provider.key_header, provider.wire) {
        (Some(name), _) => (HeaderName::from_bytes(name.as_bytes())?, ""),
        (None, Wire::Anthropic) => (HeaderName::from_static("x-api-key"), ""),
        (None, Wire::Chat | Wire::Responses | Wire::Ollama) => (AUTHORIZATION, "Bearer "),
    };
    let mut endpoint = Endpoint::new(&provider.base_url, &service.key, name, scheme)?;
    endpoint.connect = service.manner.connect;
    endpoint.key_name = provider.keys.first().map_or("", String::as_str).into();
    if provider.wire == Wire::Anthropic {
        endpoint.headers.insert("anthropic-version", HeaderValue::from_static(anthropic::VERSION));
    }
    Ok(endpoint)
}

impl Model for Server {
    fn id(&self) -> &str {
        &self.0.service.model
    }

    fn rungs(&self) -> &[Rung] {
        &self.0.rungs
    }

    fn price(&self) -> Option<Price> {
        self.0.service.facts.price
    }

    fn longest_answer(&self) -> Option<u64> {
        self.0.service.facts.answer
    }

    fn window(&self) -> Option<u64> {
        self.0.service.facts.window
    }

    fn reply(&self, request: &Request, most: Option<u64>) -> BoxStream<'static, Result<Piece, Error>> {
        let (connection, request) = (self.0.clone(), request.clone());
        stream::once(async move { connection.open(&request, most).await }).flatten().boxed()
    }
}

impl Connection {
    /// Asks, and asks once more without each parameter that the service names as one it does not take.
    async fn open(self: Arc<Connection>, request: &Request, most: Option<u64>) -> Pieces {
        let fits = self.service.facts.window.map_or(Ok(()), |window| window::check(request, window));
        if let Err(error) = fits {
            return stream::iter([Err(error)]).boxed();
        }
        let line = self.lines.free();
        let mut pieces = Vec::new();
        loop {
            let without = self.refused.lock().unwrap_or_else(PoisonError::into_inner).clone();
            // It holds the whole conversation, so nobody keeps it while the answer is waited for.
            let error = match self.send(line.clone(), self.body(request, most, &without)).await {
                Ok(answer) => {
                    pieces.extend(self.endpoint.take_room().map(|room| Ok(Piece::Room(room))));
                    return stream::iter(pieces).chain(answer).boxed();
                }
                Err(error) => self.about_images(error, request),
            };
            let Some(parameter) = parameters::refused(&error, &self.body(request, most, &without)) else {
                pieces.push(Err(self.explained(error).await));
                return stream::iter(pieces).boxed();
            };
            self.refused.lock().unwrap_or_else(PoisonError::into_inner).insert(parameter.clone());
            pieces.push(Ok(Piece::Dropped { parameter, why: error.to_string() }));
        }
    }

    fn body(&self, request: &Request, most: Option<u64>, without: &BTreeSet<String>) -> Value {
        let service = &self.service;
        let mut body = match service.provider.wire {
            Wire::Chat => chat::body(service, request),
            Wire::Responses => responses::body(service, request),
            Wire::Anthropic => anthropic::body(service, request),
            Wire::Ollama => ollama::body(service, request),
        };
        let limit = service.provider.limit.as_deref().unwrap_or(match service.provider.wire {
            Wire::Chat => "max_tokens",
            Wire::Responses => "max_output_tokens",
            Wire::Anthropic => anthropic::LIMIT,
            Wire::Ollama => "options.num_predict",
        });
        if let Some(most) = most {
            parameters::set(&mut body, limit, most.into());
        }
        if let Some((field, value)) = service.effort() {
            parameters::set(&mut body, field, value);
        }
        if let Some(field) = &service.provider.cache_key {
            parameters::set(&mut body, field, cache_key(request).into());
        }
        without.iter().for_each(|parameter| parameters::drop_from(&mut body, parameter));
        body
    }

    /// Asks, over `line`, and reads what comes back.
    async fn send(&self, line: Arc<Line>, body: Value) -> Result<Pieces, Error> {
        let (endpoint, price) = (&self.endpoint, self.service.facts.price);
        let post = |path: &str, body: Value| line.http.post(format!("{}{path}", endpoint.base_url)).json(&body);
        Ok(match self.service.provider.wire {
            Wire::Chat => {
                let answer = line.openai.chat().create_stream_byot(body).await;
                read(openai::events(answer, endpoint)?, chat::reader(endpoint.clone(), price), line)
            }
            Wire::Responses => {
                let answer = line.openai.responses().create_stream_byot(body).await;
                read(openai::events(answer, endpoint)?, responses::reader(endpoint.clone(), price), line)
            }
            Wire::Anthropic => {
                let events = shared::events(post("/v1/messages", body), endpoint, &line.unseen).await?;
                read(events, anthropic::reader(endpoint.clone(), price), line)
            }
            Wire::Ollama => {
                let lines = shared::lines(post("/api/chat", body), endpoint, &line.unseen).await?;
                read(lines, ollama::reader(endpoint.clone(), price), line)
            }
        })
    }

    /// The error, or that the pictures were refused if that is what it says.
    fn about_images(&self, error: Error, request: &Request) -> Error {
        let has_images = request.messages.iter().any(|message| !message.images.is_empty());
        match &error {
            Error::Status { host, message, .. } if has_images && error.is_about_images() => {
                Error::NoImages { host: host.clone(), model: self.service.model.clone(), message: message.clone() }
            }
            _ => error,
        }
    }

    /// The error, with the names that come nearest where the model's own is not known.
    async fn explained(&self, error: Error) -> Error {
        let Error::Status { host, message, .. } = &error else { return error };
        if !error.is_about_the_model() {
            return error;
        }
        let list = models::list(&self.lines.free().http, &self.endpoint, self.service.provider.wire, NAMES_LIMIT).await;
        let names: Vec<String> = list.into_iter().flatten().map(|model| model.name).collect();
        let nearest = nearest(&self.service.model, &names);
        Error::UnknownModel { host: host.clone(), model: self.service.model.clone(), message: message.clone(), nearest }
    }
}

/// The pieces of one answer, up to and including the first error. Until then it takes room on its line.
///
/// `reader` turns an event into pieces; `None` is the end of them.
fn read<E: Send + 'static>(
    events: Events<E>,
    reader: impl FnMut(Option<E>) -> Vec<Result<Piece, Error>> + Send + 'static,
    line: Arc<Line>,
) -> Pieces {
    let arrived = Some((events.ready_chunks(MOST_AT_ONCE), reader, line));
    stream::unfold(arrived, |arrived| async move {
        let (mut events, mut reader, line) = arrived?;
        let Some(arrived) = events.next().await else { return Some((joined(reader(None)), None)) };
        line.unseen.see();
        let pieces = joined(arrived.into_iter().flat_map(|event| match event {
            Ok(event) => reader(Some(event)),
            Err(error) => vec![Err(error)],
        }));
        let has_failed = pieces.last().is_some_and(Result::is_err);
        Some((pieces, (!has_failed).then_some((events, reader, line))))
    })
    .flat_map(stream::iter)
    .boxed()
}

/// What arrived together, in as few pieces as it can be told in, up to and including the first error.
fn joined(arrived: impl IntoIterator<Item = Result<Piece, Error>>) -> Vec<Result<Piece, Error>> {
    let mut pieces = Vec::<Result<Piece, Error>>::new();
    for piece in arrived {
        let piece = match (pieces.last_mut(), piece) {
            (Some(Ok(last)), Ok(piece)) => join(last, piece).map(Ok),
            (_, piece) => Some(piece),
        };
        pieces.extend(piece);
        if pieces.last().is_some_and(Result::is_err) {
            break;
        }
    }
    pieces
}

/// Takes the next piece into the last one, or gives it back if it says something of another kind.
fn join(last: &mut Piece, next: Piece) -> Option<Piece> {
    match (last, next) {
        (Piece::Text(text), Piece::Text(more))
        | (Piece::Thinking(text), Piece::Thinking(more))
        | (Piece::Call(text), Piece::Call(more))
        | (Piece::Refusal(text), Piece::Refusal(more)) => {
            text.push_str(&more);
            None
        }
        (_, next) => Some(next),
    }
}

/// The same for all requests that begin with the same rules and the same spec. Without it services tell requests apart by
/// their first few hundred tokens, which are smol's rules in every project.
fn cache_key(request: &Request) -> String {
    let mut hasher = blake3::Hasher::new();
    request.messages.iter().take(2).for_each(|message| {
        hasher.update(message.text.as_bytes());
    });
    format!("smol-{}", &hasher.finalize().to_hex()[..16])
}
