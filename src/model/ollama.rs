//! The wire of Ollama's own chat, the only one of its protocols that lets the context window be set: by default it
//! keeps 4,096 tokens and drops the beginning of a longer prompt without a word.

use std::sync::Arc;

use futures::{
    StreamExt,
    stream::{self, BoxStream},
};
use http::header::AUTHORIZATION;
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use super::{
    Error, Finish, Form, Model, Piece, Request,
    http::{self as shared, Endpoint, lines},
    provider::Rung,
};
use crate::{tokens, usage::Usage};

/// The window that is asked for, unless the model has a smaller one. It is the same for every call of a run: another
/// one makes the server load the model anew and forget its cache. Memory grows with it.
const WINDOW: u64 = 32_768;
/// Room for the answer that has to be left in the window, in tokens.
const ANSWER: u64 = 4_096;

/// How much is read of a model's description, in bytes; it holds licences and templates.
const LONGEST_DESCRIPTION: usize = 16 * 1024 * 1024;

/// An Ollama server.
pub struct Ollama {
    model: String,
    client: reqwest::Client,
    endpoint: Endpoint,
    rungs: Vec<Rung>,
    window: Arc<OnceCell<u64>>,
}

impl Ollama {
    /// Prepares a client; nothing is sent yet.
    ///
    /// # Errors
    /// If the address is no URL.
    pub fn new(base_url: &str, key: &SecretString, model: &str, rungs: Vec<Rung>) -> anyhow::Result<Ollama> {
        let endpoint = Endpoint::new(base_url, key, AUTHORIZATION, "Bearer ")?;
        Ok(Ollama {
            model: model.to_owned(),
            client: shared::client(&endpoint)?,
            endpoint,
            rungs,
            window: Arc::default(),
        })
    }
}

impl Model for Ollama {
    fn id(&self) -> &str {
        &self.model
    }

    fn rungs(&self) -> &[Rung] {
        &self.rungs
    }

    fn reply(&self, request: &Request) -> BoxStream<'static, Result<Piece, Error>> {
        let (client, endpoint, window) = (self.client.clone(), self.endpoint.clone(), self.window.clone());
        let (model, request) = (self.model.clone(), request.clone());
        let opening = async move {
            let window = *window.get_or_init(|| find_window(&client, &endpoint, &model)).await;
            let needed = request.messages.iter().map(|message| tokens::estimate(&message.text)).sum::<u64>() + ANSWER;
            if needed > window {
                return stream::iter([Err(Error::TooLong { needed, window })]).boxed();
            }
            let post = client.post(format!("{}/api/chat", endpoint.base_url)).json(&body(&model, &request, window));
            let pieces = lines(post, endpoint.clone()).flat_map(move |line| {
                stream::iter(match line {
                    Ok(line) => pieces(&line, &endpoint),
                    Err(error) => vec![Err(error)],
                })
            });
            pieces.boxed()
        };
        stream::once(opening).flatten().boxed()
    }
}

/// The model's own window, as far as it can be asked for; never more than [`WINDOW`].
async fn find_window(client: &reqwest::Client, endpoint: &Endpoint, model: &str) -> u64 {
    let asked = client.post(format!("{}/api/show", endpoint.base_url)).json(&json!({ "model": model })).send().await;
    let told: Option<Value> = match asked {
        Ok(response) => serde_json::from_slice(&shared::read_at_most(response, LONGEST_DESCRIPTION).await).ok(),
        Err(_) => None,
    };
    let info = told.as_ref().and_then(|told| told.get("model_info")?.as_object());
    let length = info.and_then(|info| info.iter().find(|(key, _)| key.ends_with(".context_length"))?.1.as_u64());
    length.unwrap_or(WINDOW).min(WINDOW)
}

fn body(model: &str, request: &Request, window: u64) -> Value {
    let message = |message: &super::Message| json!({ "role": message.role, "content": &*message.text });
    let mut body = json!({
        "model": model,
        "messages": request.messages.iter().map(message).collect::<Vec<_>>(),
        "stream": true,
        "options": { "num_ctx": window },
    });
    match &request.form {
        Form::Text => {}
        Form::Schema(function) | Form::Named(function) | Form::Required(function) => {
            body["format"] = function.parameters.clone();
        }
    }
    body
}

/// What one line of the stream says.
fn pieces(line: &Value, endpoint: &Endpoint) -> Vec<Result<Piece, Error>> {
    if let Some(error) = line.get("error").and_then(Value::as_str) {
        return vec![Err(Error::Broken {
            why: format!("{} sent an error: {}", endpoint.host, endpoint.redact(error)),
        })];
    }
    let text = |pointer: &str| line.pointer(pointer).and_then(Value::as_str).filter(|text| !text.is_empty());
    let count = |name: &str| line.get(name).and_then(Value::as_u64).unwrap_or(0);
    let mut pieces: Vec<Result<Piece, Error>> = Vec::new();
    pieces.extend(text("/message/thinking").map(|text| Ok(Piece::Thinking(text.to_owned()))));
    pieces.extend(text("/message/content").map(|text| Ok(Piece::Text(text.to_owned()))));
    if line.get("done").and_then(Value::as_bool) == Some(true) {
        // A model that a local server only passes on to somebody else's machine is paid for, so the cost is not known.
        let (input, output) = (count("prompt_eval_count"), count("eval_count"));
        let usage = Usage { input, output, cost: None, ..Usage::NONE };
        let finish = if text("/done_reason") == Some("length") { Finish::Length } else { Finish::Stop };
        pieces.extend([Ok(Piece::Usage(usage)), Ok(Piece::End(finish))]);
    }
    pieces
}
