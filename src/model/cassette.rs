//! Recorded runs: what was asked and what came back, one JSON object a line, and a model that answers from them.
//!
//! A text is written once and named by its hash afterwards, so that a hundred branches do not repeat their trunk.
//! A request is found by what it says, never by its place.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use futures::{
    Stream, StreamExt,
    stream::{self, BoxStream},
};
use serde::{Deserialize, Serialize};

use super::{Error, Finish, Message, Model, Piece, Price, Reply, Request, Role, provider::Rung};
use crate::{
    event::Event,
    image::{Image, Kind},
    usage::Usage,
};

/// One line of a recorded run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Line {
    /// Words for people.
    Note(String),
    /// A text that requests name by its hash.
    Text {
        id: String,
        text: Arc<str>,
    },
    /// A picture that requests name by its hash. Its bytes stay where they are, in the person's own file.
    Image {
        id: String,
        name: String,
        kind: Kind,
        bytes: usize,
    },
    Call {
        request: RecordedRequest,
        reply: Reply,
    },
    /// The answer to this request could not be read, also when it was asked for again: nobody should go on with it.
    Rejected {
        request: RecordedRequest,
    },
    Event(Event),
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RecordedRequest {
    pub messages: Vec<RecordedMessage>,
    /// The name of the function that was to be called, if one was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub function: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RecordedMessage {
    pub role: Role,
    pub text: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<String>,
}

/// Where lines go, one after the other.
pub type Tape = Arc<dyn Fn(&Line) + Send + Sync>;

/// Answers as `model` does, and writes every call onto `tape`, cut ones too: they were paid for.
pub fn recorded(model: Arc<dyn Model>, tape: Tape) -> Arc<dyn Model> {
    Arc::new(Recorder { model, tape, known: Arc::default() })
}

struct Recorder {
    model: Arc<dyn Model>,
    tape: Tape,
    known: Arc<Mutex<HashSet<String>>>,
}

impl Model for Recorder {
    fn id(&self) -> &str {
        self.model.id()
    }

    fn rungs(&self) -> &[Rung] {
        self.model.rungs()
    }

    fn price(&self) -> Option<Price> {
        self.model.price()
    }

    fn longest_answer(&self) -> Option<u64> {
        self.model.longest_answer()
    }

    fn reject(&self, request: &Request) {
        (self.tape)(&Line::Rejected { request: record(request) });
    }

    fn window(&self) -> Option<u64> {
        self.model.window()
    }

    fn reply(&self, request: &Request, most: Option<u64>) -> BoxStream<'static, Result<Piece, Error>> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        for Message { text, images, .. } in &request.messages {
            let id = text_id(text);
            if known.insert(id.clone()) {
                (self.tape)(&Line::Text { id, text: text.clone() });
            }
            for image in images {
                let Image { id, name, kind, .. } = &**image;
                if known.insert(id.clone()) {
                    let (id, name, kind, bytes) = (id.clone(), name.clone(), *kind, image.bytes());
                    (self.tape)(&Line::Image { id, name, kind, bytes });
                }
            }
        }
        let call = OpenCall { request: record(request), reply: Reply::default(), tape: self.tape.clone() };
        let pieces = self.model.reply(request, most);
        stream::unfold((pieces, call), |(mut pieces, mut call)| async move {
            let piece = pieces.next().await?;
            if let Ok(piece) = &piece {
                call.reply.take(piece);
            }
            Some((piece, (pieces, call)))
        })
        .boxed()
    }
}

/// A call under way; it is written down when it ends, whichever way.
struct OpenCall {
    request: RecordedRequest,
    reply: Reply,
    tape: Tape,
}

impl Drop for OpenCall {
    fn drop(&mut self) {
        if self.reply != Reply::default() {
            (self.tape)(&Line::Call { request: self.request.clone(), reply: std::mem::take(&mut self.reply) });
        }
    }
}

/// How fast a recorded answer is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tempo {
    Instant,
    /// So fast that a person can watch.
    TokensPerSecond(u32),
}

/// A recorded run as a model.
pub struct Cassette {
    name: String,
    texts: BTreeMap<String, Arc<str>>,
    replies: HashMap<RecordedRequest, Reply>,
    tempo: Tempo,
}

impl Cassette {
    /// Reads a recorded run; `name` is for messages.
    ///
    /// # Errors
    /// If a line is not one of a recorded run, with its number, or if no call is in it.
    pub fn parse(name: &str, lines: &str, tempo: Tempo) -> Result<Cassette> {
        let mut cassette = Cassette { name: name.to_owned(), texts: BTreeMap::new(), replies: HashMap::new(), tempo };
        let last = lines.lines().count();
        for (number, line) in (1..).zip(lines.lines()).filter(|(_, line)| !line.trim().is_empty()) {
            let line = match serde_json::from_str(line) {
                Ok(line) => line,
                // A full disk or a kill may have cut it.
                Err(_) if number == last && number > 1 => break,
                Err(error) => {
                    return Err(error)
                        .with_context(|| format!("line {number} of '{name}' is not one of a recorded run"));
                }
            };
            match line {
                Line::Text { id, text } => drop(cassette.texts.insert(id, text)),
                Line::Call { request, reply } => cassette.keep(request, reply),
                Line::Image { .. } | Line::Rejected { .. } | Line::Note(_) | Line::Event(_) => {}
            }
        }
        if cassette.replies.is_empty() {
            bail!("'{name}' is not a recorded run: no call is in it");
        }
        Ok(cassette)
    }

    /// Of several answers to the same request the last one counts that came to its end by itself, else the last one.
    fn keep(&mut self, request: RecordedRequest, reply: Reply) {
        let is_whole = |reply: &Reply| reply.finish == Some(Finish::Stop);
        if is_whole(&reply) || !self.replies.get(&request).is_some_and(is_whole) {
            self.replies.insert(request, reply);
        }
    }

    /// Where the request parts from the most similar recorded one, in words.
    fn difference(&self, asked: &Request) -> String {
        let text_of = |message: &RecordedMessage| self.texts.get(&message.text).map_or("", |text| text.as_ref());
        let shared = |recorded: &RecordedRequest| {
            let pairs = asked.messages.iter().zip(&recorded.messages);
            let same = |a: &str, b: &str| a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
            pairs.map(|(asked, recorded)| same(&asked.text, text_of(recorded))).sum::<usize>()
        };
        let Some(nearest) = self.replies.keys().max_by_key(|recorded| (shared(recorded), *recorded)) else {
            return format!("'{}' is empty", self.name);
        };
        for (index, message) in asked.messages.iter().enumerate() {
            let recorded = nearest.messages.get(index).map_or("", text_of);
            if recorded != message.text.as_ref() {
                let same = message.text.lines().zip(recorded.lines()).take_while(|(asked, recorded)| asked == recorded);
                let line = same.count();
                let excerpt =
                    |text: &str| text.lines().nth(line).unwrap_or_default().chars().take(100).collect::<String>();
                return format!(
                    "the nearest in '{}' parts from it in message {} of {} ({:?}), line {}: asked '{}', recorded '{}'",
                    self.name,
                    index + 1,
                    asked.messages.len(),
                    message.role,
                    line + 1,
                    excerpt(&message.text),
                    excerpt(recorded),
                );
            }
            let recorded = nearest.messages.get(index).map_or(&[][..], |message| &message.images);
            if !message.images.iter().map(|image| &image.id).eq(recorded) {
                return format!(
                    "the nearest in '{}' has other images with message {} of {}",
                    self.name,
                    index + 1,
                    asked.messages.len()
                );
            }
        }
        format!("the nearest in '{}' asks for another form of answer, or goes on longer", self.name)
    }
}

impl Model for Cassette {
    fn id(&self) -> &str {
        &self.name
    }

    fn rungs(&self) -> &[Rung] {
        &[Rung::Named, Rung::Schema, Rung::Text]
    }

    fn price(&self) -> Option<Price> {
        Some(Price::NOTHING)
    }

    fn longest_answer(&self) -> Option<u64> {
        None
    }

    fn window(&self) -> Option<u64> {
        None
    }

    fn reply(&self, request: &Request, _most: Option<u64>) -> BoxStream<'static, Result<Piece, Error>> {
        let Some(reply) = self.replies.get(&record(request)) else {
            let why = self.difference(request);
            return stream::iter([Err(Error::NotRecorded { why })]).boxed();
        };
        // Whatever it cost when it was recorded: nothing is paid now.
        let counted = reply.usage.unwrap_or_else(|| reply.estimated_usage(request));
        let usage = Some(Usage { cost: Some(0.0), saved: Some(0.0), ..counted });
        played(Reply { usage, ..reply.clone() }, self.tempo).boxed()
    }
}

/// The answer in pieces of a token's size, as a server would stream it.
fn played(reply: Reply, tempo: Tempo) -> impl Stream<Item = Result<Piece, Error>> + Send {
    let text = tokens_of(&reply.text).into_iter().map(Piece::Text);
    let call = tokens_of(reply.call.as_deref().unwrap_or_default()).into_iter().map(Piece::Call);
    let refusal = reply.refusal.into_iter().map(Piece::Refusal);
    let end = reply.usage.map(Piece::Usage).into_iter().chain(reply.finish.map(Piece::End));
    let pieces: Vec<Piece> = text.chain(call).chain(refusal).chain(end).collect();
    let ticks = match tempo {
        Tempo::Instant => None,
        Tempo::TokensPerSecond(tokens) => Some(tokio::time::interval(Duration::from_secs(1) / tokens.max(1))),
    };
    stream::unfold((pieces.into_iter(), ticks), |(mut pieces, mut ticks)| async move {
        if let Some(ticks) = &mut ticks {
            ticks.tick().await;
        }
        Some((Ok(pieces.next()?), (pieces, ticks)))
    })
}

/// Cuts a text into pieces of about four bytes, between characters.
fn tokens_of(text: &str) -> Vec<String> {
    let mut pieces = Vec::with_capacity(text.len() / 4 + 1);
    let mut rest = text;
    while !rest.is_empty() {
        let (piece, behind) = rest.split_at(rest.ceil_char_boundary(4));
        pieces.push(piece.to_owned());
        rest = behind;
    }
    pieces
}

pub(super) fn record(request: &Request) -> RecordedRequest {
    let message = |Message { role, text, images }: &Message| RecordedMessage {
        role: *role,
        text: text_id(text),
        images: images.iter().map(|image| image.id.clone()).collect(),
    };
    let function = request.form.function().map(|function| function.name.clone());
    RecordedRequest { messages: request.messages.iter().map(message).collect(), function }
}

/// 128 bits of BLAKE3, in hex.
fn text_id(text: &str) -> String {
    blake3::hash(text.as_bytes()).to_hex()[..32].to_owned()
}
