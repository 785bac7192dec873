//! The port to a model: a request goes out, pieces of an answer come back. What speaks to a network lives below here.

mod anthropic;
pub mod cassette;
pub mod catalog;
mod chat;
mod http;
mod lines;
pub mod local;
pub mod models;
mod ollama;
mod openai;
mod parameters;
mod price;
pub mod probe;
pub mod provider;
mod responses;
pub mod resumed;
mod server;
pub mod service;
pub(crate) mod window;

use std::{borrow::Cow, sync::Arc, time::Duration};

use futures::stream::BoxStream;
use serde::{Deserialize, Serialize};

use self::provider::Rung;
pub use self::{price::Price, server::Server};

use crate::{image::Image, pace::Room, tokens, usage::Usage};

/// Whatever can answer a request: a server, a recorded run.
pub trait Model: Send + Sync {
    /// The name to show.
    fn id(&self) -> &str;

    /// How it is asked for a structured answer, best first.
    fn rungs(&self) -> &[Rung];

    /// What its tokens cost, if that is known.
    fn price(&self) -> Option<Price>;

    /// The most tokens that one answer of it can have, if that is known.
    fn longest_answer(&self) -> Option<u64>;

    /// How many tokens of question and answer together it takes, if that is known.
    fn window(&self) -> Option<u64>;

    /// The answer to this request was of no use. Who keeps answers must not give it again.
    fn reject(&self, _request: &Request) {}

    /// Sends the request and yields the answer as it arrives; dropping the stream cancels the call.
    ///
    /// With `most` the model is told to stop after so many tokens, thinking included. An answer is whole only if [`Piece::End`] came; every other end is an [`Error`] or a cut.
    fn reply(&self, request: &Request, most: Option<u64>) -> BoxStream<'static, Result<Piece, Error>>;
}

/// Everything a model is told for one answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Request {
    pub messages: Vec<Message>,
    pub form: Form,
}

impl Request {
    /// About how many tokens its messages are.
    pub fn estimate(&self) -> u64 {
        self.messages.iter().map(|message| tokens::estimate(&message.text)).sum()
    }
}

/// One turn of the conversation. The text is shared, so that a thousand branches carry one trunk.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Message {
    pub role: Role,
    pub text: Arc<str>,
    /// What the text shows, in the order in which it names it; shared like the text.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<Arc<Image>>,
}

impl Message {
    pub fn new(role: Role, text: impl Into<Arc<str>>) -> Message {
        Message { role, text: text.into(), images: Vec::new() }
    }
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
    Named(Function),
    /// The same, for services that force some call, but not which.
    Required(Function),
    /// JSON text that follows the function's schema.
    Schema(Function),
    /// JSON text that is an object.
    Object,
}

impl Form {
    /// The function that gives the answer its shape, if it has to have one.
    pub fn function(&self) -> Option<&Function> {
        match self {
            Form::Text | Form::Object => None,
            Form::Named(function) | Form::Required(function) | Form::Schema(function) => Some(function),
        }
    }
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
    /// What the model says to itself; no part of the answer.
    Thinking(String),
    /// More of the arguments of the function call, as JSON text.
    Call(String),
    /// The model declines, in these words.
    Refusal(String),
    Usage(Usage),
    /// The service refused this parameter, in these words, and was asked without it.
    Dropped {
        parameter: String,
        why: String,
    },
    /// What the service says of its limits.
    Room(Room),
    End(Finish),
}

impl Piece {
    /// The words in it, whoever they are for.
    pub fn text(&self) -> &str {
        match self {
            Piece::Text(text) | Piece::Thinking(text) | Piece::Call(text) | Piece::Refusal(text) => text,
            Piece::Usage(_) | Piece::Dropped { .. } | Piece::Room(_) | Piece::End(_) => "",
        }
    }
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
            Piece::Room(_) | Piece::Thinking(_) | Piece::Dropped { .. } => {}
            Piece::End(finish) => self.finish = Some(*finish),
        }
    }

    /// What was used when nobody counted: roughly, and at a cost that is not known.
    pub fn estimated_usage(&self, request: &Request) -> Usage {
        let output = tokens::estimate(self.said());
        Usage { input: request.estimate(), output, cost: None, is_estimated: true, ..Usage::NONE }
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
    Unreachable { host: String, why: String, is_passing: bool },
    #[error("no secure connection to {host}: {why}")]
    Insecure { host: String, why: String },
    #[error("{host} refused the key ({status}): {message}")]
    Unauthorized {
        host: String,
        status: u16,
        message: String,
        /// The variable that the key comes from.
        key_name: String,
    },
    #[error("no credit is left at {host}: {message}")]
    OutOfCredit { host: String, message: String },
    #[error("{host} answered with status {status}: {message}")]
    Status {
        host: String,
        status: u16,
        message: String,
        /// The parameter that it complains of, if it names one.
        parameter: Option<String>,
        /// How long the service asks to wait.
        retry_after: Option<Duration>,
    },
    #[error("{host} has no model '{model}': {message}")]
    UnknownModel {
        host: String,
        model: String,
        message: String,
        /// What it has, and what comes nearest.
        nearest: Vec<String>,
    },
    #[error("{host} does not take the images of this spec for '{model}': {message}")]
    NoImages { host: String, model: String, message: String },
    #[error("the answer broke off: {why}")]
    Broken { why: String },
    #[error("no {what} for {seconds} s")]
    Stalled { what: &'static str, seconds: f64 },
    #[error("the question needs about {needed} tokens, with room for the answer, and the model's window has {window}: {} too many", .needed.saturating_sub(*.window))]
    TooLong { needed: u64, window: u64 },
    #[error("{} of the {} that this run may cost are spent, and the next call could cost {}", dollars(*.spent), dollars(*.most), dollars(*.needed))]
    OverBudget {
        /// US dollars, all three.
        most: f64,
        spent: f64,
        needed: f64,
    },
    #[error("the recorded run has no such question: {why}")]
    NotRecorded { why: String },
    #[error("there is no model to ask: no key, no address, and this prompt has no recorded run")]
    NoModel,
}

impl Error {
    /// Whether the service refuses the form of the request rather than the person or the moment.
    pub fn is_about_the_form(&self) -> bool {
        // A recorded run of a model that was asked in another form has only that one.
        matches!(self, Error::Status { status: 400 | 404 | 405 | 415 | 422 | 501, .. } | Error::NotRecorded { .. })
    }

    /// Whether the same request may well succeed a moment later.
    pub fn is_passing(&self) -> bool {
        match self {
            Error::Unreachable { is_passing, .. } => *is_passing,
            Error::Status { status, .. } => matches!(status, 408 | 409 | 425 | 429 | 500 | 502..=504 | 520..=529),
            Error::Broken { .. } | Error::Stalled { .. } => true,
            Error::Insecure { .. }
            | Error::Unauthorized { .. }
            | Error::OutOfCredit { .. }
            | Error::UnknownModel { .. }
            | Error::NoImages { .. }
            | Error::TooLong { .. }
            | Error::OverBudget { .. }
            | Error::NotRecorded { .. }
            | Error::NoModel => false,
        }
    }

    /// Whether the service cannot be reached or takes no question from this person at all.
    pub fn is_about_access(&self) -> bool {
        matches!(
            self,
            Error::Unreachable { .. }
                | Error::Insecure { .. }
                | Error::Unauthorized { .. }
                | Error::OutOfCredit { .. }
                | Error::UnknownModel { .. }
                | Error::NoImages { .. }
        )
    }

    /// How long the service asks to wait, if it does.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Error::Status { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// Whether the service is asked for more than it bears.
    pub fn is_about_load(&self) -> bool {
        match self {
            Error::Status { status: 429 | 503 | 529, .. } => true,
            // llama.cpp's server, when calls that share one window fill it together.
            Error::Status { message: words, .. } | Error::Broken { why: words } => {
                words.contains("Context size has been exceeded")
            }
            _ => false,
        }
    }

    /// Whether a service complains of the model's name, in the words of OpenAI, Anthropic, Ollama, vLLM or LiteLLM.
    pub(crate) fn is_about_the_model(&self) -> bool {
        let Error::Status { status: 400 | 404, message, .. } = self else { return false };
        let message = message.to_lowercase();
        let complaints =
            ["not found", "does not exist", "model name", "unknown model", "invalid model", "no such model", "model:"];
        message.contains("model") && complaints.iter().any(|complaint| message.contains(complaint))
    }

    /// Whether a service that was sent pictures complains of them, in the words of OpenAI, Anthropic, Mistral, DeepSeek,
    /// Ollama, llama.cpp or vLLM. Some of them say so with a status that passes elsewhere.
    pub(crate) fn is_about_images(&self) -> bool {
        let Error::Status { status: 400 | 404 | 415 | 422 | 500 | 501, message, .. } = self else { return false };
        let message = message.to_lowercase();
        ["image", "vision", "multimodal", "multi-modal", "modalit", "mmproj"].iter().any(|word| message.contains(word))
    }

    /// What to do about it, if there is something.
    pub fn hint(&self) -> Option<Cow<'static, str>> {
        let words = match self {
            Error::Unreachable { .. } => "is the server running, and is the address right? --base-url sets it",
            Error::Insecure { why, .. } if why.contains("certificate") => {
                "a server of your own may have its own authority: SSL_CERT_FILE names the file with its certificate"
            }
            Error::Insecure { .. } => "does the server speak plain http:// there, or is a proxy in between?",
            Error::Unauthorized { key_name, .. } if key_name.is_empty() => {
                "this server wants a key; name it as a provider of your own, with the variable that holds the key"
            }
            Error::Unauthorized { key_name, .. } => {
                return Some(format!("set {key_name} to a key that belongs to this server").into());
            }
            Error::OutOfCredit { .. } => "add credit to the account of this key, or name another model or server",
            Error::UnknownModel { nearest, .. } if nearest.is_empty() => {
                "is the model's name right? --model sets it, and `smol models` lists what can be reached from here"
            }
            Error::UnknownModel { nearest, .. } => {
                let names: Vec<_> = nearest.iter().map(|name| format!("'{name}'")).collect();
                return Some(format!("it has {}; --model names one", names.join(", ")).into());
            }
            Error::NoImages { .. } => {
                "name a model that can see, --model, or take the link to the image out of the spec"
            }
            Error::Status { status: 404, .. } => "are the address and the model's name right? --base-url, --model",
            Error::Status { status: 429, .. } => "the service asks for patience; --jobs 4 asks it for less at once",
            Error::Stalled { .. } => "a slow server may need more time: --first-token-timeout and --silence-timeout",
            Error::TooLong { .. } => "a shorter spec, or a model with a larger window",
            Error::Status { .. } | Error::Broken { .. } => return None,
            Error::NoModel => {
                "set OPENAI_API_KEY, here or in .env; or name a server that runs on your machine, \
                 --base-url http://localhost:11434/v1 --model NAME; or answer from a recorded run, --replay FILE"
            }
            Error::OverBudget { .. } => {
                "what is paid for stays; the same command with a higher --max-cost goes on from there"
            }
            Error::NotRecorded { .. } => "a recorded run answers only what was asked when it was recorded",
        };
        Some(words.into())
    }
}

fn dollars(amount: f64) -> String {
    format!("${amount:.4}")
}
