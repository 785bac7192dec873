//! The port to a model: a request goes out, pieces of an answer come back. What speaks to a network lives below here.

pub mod cassette;
pub mod openai;
mod price;

use std::sync::Arc;

use anyhow::Context;
use futures::stream::BoxStream;
use serde::{Deserialize, Serialize};

pub use price::Price;

use self::cassette::{Cassette, Pace};
use crate::{settings::Source, shipped::shipped, spec::Spec, workspace::read_named};

/// Whatever can answer a request: a server, a recorded run.
pub trait Model: Send + Sync {
    /// The name to show.
    fn id(&self) -> &str;

    /// Sends the request and yields the answer as it arrives; dropping the stream cancels the call.
    ///
    /// An answer is whole only if [`Piece::End`] came; every other end is an [`Error`] or a cut.
    fn reply(&self, request: &Request) -> BoxStream<'static, Result<Piece, Error>>;
}

/// Opens the model that `source` names; `pace` is that of a shipped recorded run.
///
/// # Errors
/// [`Error::NoModel`] if nothing was set and the spec is not one that ships with a recorded run; or if the address,
/// the key or the recorded run cannot be used.
pub fn open(source: &Source, spec: &Spec, pace: Pace) -> anyhow::Result<Arc<dyn Model>> {
    Ok(match source {
        Source::Server { base_url, key, model } => Arc::new(openai::OpenAi::new(base_url, key.clone(), model)?),
        Source::Replay(file) => {
            let lines =
                read_named(file.as_ref()).with_context(|| format!("could not read the recorded run '{file}'"))?;
            Arc::new(Cassette::parse(file, &lines, Pace::Instant)?)
        }
        Source::Nothing => {
            let shipped = shipped(spec).ok_or(Error::NoModel)?;
            Arc::new(Cassette::parse(&format!("recorded run {}", shipped.name), shipped.run, pace)?)
        }
    })
}

/// Everything a model is told for one answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Request {
    pub messages: Vec<Message>,
    pub form: Form,
}

/// One turn of the conversation. The text is shared, so that a thousand branches carry one trunk.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Message {
    pub role: Role,
    pub text: Arc<str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    System,
    User,
    Assistant,
}

/// The form that the answer has to take.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    Text,
    /// A forced call of this function, with arguments that follow its schema.
    Call(Function),
}

/// A function offered to the model, with its parameters as a JSON schema in the strict dialect.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Function {
    pub name: String,
    pub description: String,
    pub parameters: serde_json::Value,
}

/// A part of an answer, in the order of arrival.
#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
    Text(String),
    /// More of the arguments of the function call, as JSON text.
    Call(String),
    /// The model declines, in these words.
    Refusal(String),
    Usage(Usage),
    End(Finish),
}

/// Why a model stopped, by its own word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finish {
    /// The answer is whole.
    Stop,
    /// The limit on its length cut it.
    Length,
    /// A filter or the model itself held it back.
    Refused,
}

/// What one call or many have used, in tokens and US dollars.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens sent, the cached ones included.
    pub input: u64,
    /// Tokens of `input` that the service had in its prefix cache.
    pub cached: u64,
    /// Tokens received, thinking included.
    pub output: u64,
    /// `None` when it is not known, which is not the same as nothing.
    pub cost: Option<f64>,
    /// Whether a part of it was estimated, because a server did not count.
    #[serde(default)]
    pub is_estimated: bool,
}

impl Usage {
    /// What nothing costs: the start of a sum.
    pub const NONE: Usage = Usage { input: 0, cached: 0, output: 0, cost: Some(0.0), is_estimated: false };
}

impl std::ops::AddAssign for Usage {
    fn add_assign(&mut self, other: Usage) {
        self.input += other.input;
        self.cached += other.cached;
        self.output += other.output;
        self.is_estimated |= other.is_estimated;
        self.cost = self.cost.zip(other.cost).map(|(a, b)| a + b);
    }
}

/// An answer put together from its pieces.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Reply {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// Arguments of the function call, as JSON text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<String>,
    /// `None` while it is still arriving, or when it was cut off.
    #[serde(default)]
    pub finish: Option<Finish>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
}

impl Reply {
    /// Adds the next piece.
    pub fn take(&mut self, piece: &Piece) {
        match piece {
            Piece::Text(text) => self.text.push_str(text),
            Piece::Call(arguments) => self.call.get_or_insert_default().push_str(arguments),
            Piece::Refusal(words) => self.refusal.get_or_insert_default().push_str(words),
            Piece::Usage(usage) => self.usage = Some(*usage),
            Piece::End(finish) => self.finish = Some(*finish),
        }
    }

    /// Everything the model said, whichever way it said it.
    pub fn said(&self) -> &str {
        self.call.as_deref().unwrap_or(&self.text)
    }
}

/// What can go wrong between asking and the end of the answer. Keys never stand in it.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Error {
    #[error("could not reach {host}: {why}")]
    Unreachable { host: String, why: String },
    #[error("{host} refused the key ({status}): {message}")]
    Unauthorized { host: String, status: u16, message: String },
    #[error("{host} answered with status {status}: {message}")]
    Status { host: String, status: u16, message: String },
    #[error("the answer broke off: {why}")]
    Broken { why: String },
    #[error("the recorded run has no such question: {why}")]
    NotRecorded { why: String },
    #[error("there is no model to ask: no key, no address, and this prompt has no recorded run")]
    NoModel,
}

impl Error {
    /// Whether the service refuses the form of the request rather than the person or the moment.
    pub fn is_about_the_form(&self) -> bool {
        matches!(self, Error::Status { status: 400 | 404 | 405 | 415 | 422 | 501, .. })
    }

    /// What to do about it, if there is something.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Error::Unreachable { .. } => Some("is the server running, and is the address right? --base-url sets it"),
            Error::Unauthorized { .. } => Some("set OPENAI_API_KEY to a key that belongs to this server"),
            Error::Status { status: 404, .. } => Some("is the model's name right? --model sets it"),
            Error::Status { status: 429, .. } => {
                Some("the service asks for patience or credit; --jobs 4 asks it for less at once")
            }
            Error::Status { .. } | Error::Broken { .. } => None,
            Error::NoModel => Some(
                "set OPENAI_API_KEY, here or in .env; or name a server that runs on your machine, \
                 --base-url http://localhost:11434/v1 --model NAME; or answer from a recorded run, --replay FILE",
            ),
            Error::NotRecorded { .. } => Some("a recorded run answers only what was asked when it was recorded"),
        }
    }
}
