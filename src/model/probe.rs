//! What a model can do, found out by asking it: a call of a function, an answer that follows a schema, and whether it
//! thinks first. Two questions of a few tokens.

use std::time::Duration;

use futures::StreamExt;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::time::timeout;

use super::{Error, Form, Function, Message, Model, Piece, Reply, Request, Role};
use crate::thinking::{Part, Splitter};

/// The longest answer, in tokens: room for a thought before it.
const LONGEST_ANSWER: u64 = 512;

/// What came of it; `None` where the model gave no answer in time, or none that tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Abilities {
    /// It calls a function that it has to call.
    pub calls: Option<bool>,
    /// Its answer follows a schema.
    pub schema: Option<bool>,
    /// It thinks before it answers.
    pub thinking: Option<bool>,
}

/// Asks; no question takes longer than `limit`.
pub async fn probe(model: &dyn Model, question: &str, limit: Duration) -> Abilities {
    let parameters = json!({
        "type": "object",
        "properties": { "ok": { "type": "boolean" } },
        "required": ["ok"],
        "additionalProperties": false,
    });
    let function = Function { name: "answer".to_owned(), description: "Takes the answer.".to_owned(), parameters };
    let ask = |form: Form| async move {
        let messages = vec![Message::new(Role::User, question)];
        timeout(limit, answer(model, &Request { messages, form })).await.ok()
    };
    let schema = ask(Form::Schema(function.clone())).await;
    let mut calls = None;
    // Some take no name, others ignore it.
    for form in [Form::Named(function.clone()), Form::Required(function)] {
        if calls != Some(true)
            && let Some(answer) = ask(form).await
        {
            calls = told(&answer.reply, |reply| reply.call.is_some()).or(calls);
        }
    }
    Abilities {
        calls,
        schema: schema.as_ref().and_then(|answer| told(&answer.reply, |reply| is_ok(reply.said()))),
        thinking: schema.filter(|answer| answer.reply.is_ok()).map(|answer| answer.has_thought),
    }
}

struct Answer {
    reply: Result<Reply, Error>,
    has_thought: bool,
}

async fn answer(model: &dyn Model, request: &Request) -> Answer {
    let mut pieces = model.reply(request, Some(LONGEST_ANSWER));
    let (mut reply, mut said, mut has_thought) = (Reply::default(), Splitter::default(), false);
    let mut parts = Vec::new();
    while let Some(piece) = pieces.next().await {
        match piece {
            Ok(Piece::Text(text)) => parts.extend(said.push(&text)),
            Ok(Piece::Thinking(_)) => has_thought = true,
            Ok(piece) => reply.take(&piece),
            Err(error) => return Answer { reply: Err(error), has_thought },
        }
    }
    parts.extend(said.finish());
    for part in parts {
        match part {
            Part::Answer(text) => reply.text.push_str(&text),
            Part::Thinking(_) => has_thought = true,
            Part::Retraction => reply.text.clear(),
        }
    }
    Answer { reply: Ok(reply), has_thought }
}

/// Whether it can, as far as this answer tells: a server that is busy tells nothing.
fn told(reply: &Result<Reply, Error>, can: impl Fn(&Reply) -> bool) -> Option<bool> {
    match reply {
        Ok(reply) => Some(can(reply)),
        Err(error) if error.is_about_the_form() => Some(false),
        Err(_) => None,
    }
}

fn is_ok(text: &str) -> bool {
    serde_json::from_str::<Value>(text.trim()).is_ok_and(|answer| answer.get("ok").is_some_and(Value::is_boolean))
}
