//! Puts a question to the model, sees the answer whole, has it read, and asks once more if it cannot be read.

use std::sync::Arc;

use anyhow::{Result, anyhow, bail};
use futures::StreamExt;

use crate::{
    event::{Event, Events, Question},
    model::{Finish, Message, Model, Piece, Reply, Request, Role},
    prompts::Prompts,
};

/// Longest answer that is taken, in bytes: no file that a person would read comes near it.
const LONGEST_ANSWER: usize = 4 * 1024 * 1024;

/// What a stage needs to ask: the model, the words, and somebody to tell.
pub struct Engine {
    pub model: Arc<dyn Model>,
    pub prompts: Prompts,
    pub events: Events,
}

impl Engine {
    /// Asks, and reads the answer with `read`; `started` is called with each arrival, so also with the first.
    ///
    /// An answer that `read` complains about is asked for once more, with the complaint.
    ///
    /// # Errors
    /// A [`crate::model::Error`] if the call failed; else why there is no whole, readable answer.
    pub async fn answer<T>(
        &self,
        question: &Question,
        request: Request,
        started: impl Fn(),
        read: impl Fn(&Reply) -> Result<T, String>,
    ) -> Result<T> {
        let reply = self.whole_reply(question, &request, &started).await?;
        let complaint = match read(&reply) {
            Ok(value) => return Ok(value),
            Err(complaint) => complaint,
        };
        self.events.emit(Event::AskedAgain { question: question.clone(), complaint: complaint.clone() });
        let again = self.complain(request, &reply, &complaint)?;
        let reply = self.whole_reply(question, &again, &started).await?;
        read(&reply).map_err(|complaint| anyhow!("{complaint}, also when asked again"))
    }

    async fn whole_reply(&self, question: &Question, request: &Request, started: &impl Fn()) -> Result<Reply> {
        self.events.emit(Event::Asked { question: question.clone() });
        let mut pieces = self.model.reply(request);
        let mut reply = Reply::default();
        while let Some(piece) = pieces.next().await {
            let piece = piece?;
            started();
            if let Piece::Text(text) | Piece::Call(text) = &piece {
                self.events.emit(Event::Piece { question: question.clone(), text: text.clone() });
            }
            reply.take(&piece);
            if reply.said().len() > LONGEST_ANSWER {
                bail!("the answer was stopped at {LONGEST_ANSWER} bytes, more than any file needs");
            }
        }
        let usage = reply.usage.unwrap_or_else(|| reply.estimated_usage(request));
        self.events.emit(Event::Answered { question: question.clone(), usage });
        match (reply.finish, &reply.refusal) {
            (_, Some(words)) => bail!("the model declined: {}", words.trim()),
            (Some(Finish::Refused), None) => bail!("the model's service held the answer back (content filter)"),
            (Some(Finish::Length), None) => bail!("the answer was cut at the model's limit on length"),
            (None, None) => bail!("the answer broke off: the stream ended without its end mark"),
            (Some(Finish::Stop), None) => Ok(reply),
        }
    }

    /// The same question with the complaint behind it; after an empty answer, which no service takes back, just again.
    fn complain(&self, mut request: Request, reply: &Reply, complaint: &str) -> Result<Request> {
        if !reply.said().trim().is_empty() {
            let words = self.prompts.render("complaint", serde_json::json!({ "complaint": complaint }))?;
            request.messages.push(Message { role: Role::Assistant, text: reply.said().into() });
            request.messages.push(Message { role: Role::User, text: words.into() });
        }
        Ok(request)
    }
}
