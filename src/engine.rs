//! Puts a question to the model and sees the answer whole: waits, tries again, goes on where it was cut, has it read,
//! and asks once more if it cannot be read.

use std::{sync::Arc, time::Duration};

use anyhow::{Error, Result, anyhow, bail};
use futures::StreamExt;
use tokio::time::timeout;

use crate::{
    budget::{Allowance, Budget},
    continuation,
    event::{Event, Events, Question},
    model::{self, Finish, Form, Message, Model, Piece, Reply, Request, Role},
    pace::{Pace, Place, Seat},
    patience::{Patience, Tries},
    prompts::Prompts,
    repetition::repeats,
    thinking::{Part, Splitter},
    tokens,
    usage::Usage,
};

/// Longest answer that is taken, in bytes: no file that a person would read comes near it.
const LONGEST_ANSWER: usize = 4 * 1024 * 1024;
/// How often an answer is gone on with after the limit on length cut it.
const MOST_PARTS: usize = 12;

/// What a stage needs to ask: the model, the words, how long to wait and how much at once, and somebody to tell.
pub struct Engine {
    pub model: Arc<dyn Model>,
    pub prompts: Prompts,
    pub patience: Patience,
    pub pace: Arc<Pace>,
    pub budget: Arc<Budget>,
    pub events: Events,
}

impl Engine {
    /// Asks, and reads the answer with `read`; `started` is called with each arrival, so also with the first.
    ///
    /// An answer that `read` complains about is asked for once more, with the complaint.
    ///
    /// # Errors
    /// A [`crate::model::Error`] if the call failed for good; else why there is no whole, readable answer.
    pub async fn answer<T>(
        &self,
        question: &Question,
        request: Request,
        started: impl Fn(),
        read: impl Fn(&Reply) -> Result<T, String>,
    ) -> Result<T> {
        let reply = self.whole_reply(question, &request, &started).await?;
        let complaint = match judge(&reply, &read) {
            Ok(value) => return Ok(value),
            Err(complaint) => complaint,
        };
        let wasted = used(&reply, &request).output;
        self.events.emit(Event::AskedAgain { question: question.clone(), complaint: complaint.clone(), wasted });
        let again = self.complain(&request, &reply, &complaint)?;
        let reply = self.whole_reply(question, &again, &started).await?;
        judge(&reply, &read).map_err(|complaint| {
            self.model.reject(&request);
            self.model.reject(&again);
            let wasted = used(&reply, &again).output;
            self.events.emit(Event::GaveUp { question: question.clone(), complaint: complaint.clone(), wasted });
            anyhow!("{complaint}, also when asked again")
        })
    }

    /// Asks until the answer has come to its end: tries again after what passes, and goes on from what arrived.
    ///
    /// Only a text is gone on with: half a call or half a JSON object leads nowhere, as a model that is held to the form
    /// begins it anew. So a list may be returned as the limit on length cut it, for its reader to find that out.
    async fn whole_reply(&self, question: &Question, request: &Request, started: &impl Fn()) -> Result<Reply> {
        let mut tries = self.patience.tries();
        let (mut part, mut parts) = (String::new(), 1);
        loop {
            let asked = match part.is_empty() {
                true => request.clone(),
                false => continuation::ask(&self.prompts, request, &part)?,
            };
            let Attempt { mut reply, error } = self.attempt(question, &asked, started).await;
            let is_text = reply.call.is_none() && request.form == Form::Text;
            let joined = if is_text { continuation::join(&part, &reply.text) } else { reply.text.clone() };
            let kept = if is_text { continuation::worth_keeping(&joined) } else { "" };
            let is_going_on = kept.len() > part.len();
            let (why, wait) = match (error, reply.finish) {
                (None, Some(Finish::Length)) if is_going_on && parts < MOST_PARTS => {
                    parts += 1;
                    ("the limit on length cut it".to_owned(), None)
                }
                (None, Some(Finish::Length)) if *question != Question::FileList => {
                    self.cut(question, &asked, &reply, "the limit on length", false);
                    bail!("the answer was cut at the model's limit on length");
                }
                (None, Some(finish)) => {
                    self.count(question, &asked, &reply);
                    reply.text = joined;
                    if finish == Finish::Stop {
                        self.pace.ease();
                    }
                    return Ok(reply);
                }
                (error, _) => {
                    let error = error.unwrap_or_else(|| anyhow!(model::Error::Broken { why: NO_END.to_owned() }));
                    let Some(wait) = self.wait_after(&error, &mut tries) else {
                        self.cut(question, &asked, &reply, &error.to_string(), false);
                        return Err(error);
                    };
                    (error.to_string(), Some(wait))
                }
            };
            self.cut(question, &asked, &reply, &why, is_going_on);
            part = kept.to_owned();
            if let Some(wait) = wait {
                let seconds = wait.as_secs_f64();
                self.events.emit(Event::Retrying { question: question.clone(), why, seconds });
                tokio::time::sleep(wait).await;
            }
        }
    }

    /// How long to wait before the next try; `None` when there is none.
    fn wait_after(&self, error: &Error, tries: &mut Tries) -> Option<Duration> {
        let error = error.downcast_ref::<model::Error>().filter(|error| error.is_passing())?;
        let asked = error.retry_after();
        if !error.is_about_load() {
            return tries.next(asked);
        }
        let wait = tries.next_in_turn(asked, self.pace.answers())?;
        // What the service asks for holds for all. Our own wait grows with the tries of this one question.
        self.pace.strain(if asked.is_some() { wait } else { wait.min(self.patience.first_wait) });
        Some(wait)
    }

    /// One call, as far as it came.
    async fn attempt(&self, question: &Question, request: &Request, started: &impl Fn()) -> Attempt {
        let seat = match question {
            Question::File(_) | Question::Repair(_) | Question::Module(_) | Question::Part(_) => Seat::Shared,
            Question::Plan
            | Question::FileList
            | Question::Clash(_)
            | Question::Diagnosis
            | Question::Fixes
            | Question::Healing
            | Question::Description => Seat::Own,
        };
        let place = self.pace.enter(seat, request.estimate()).await;
        let mut reply = Reply::default();
        let allowance = match self.budget.enter(request).await {
            Ok(allowance) => allowance,
            Err(error) => return Attempt { reply, error: Some(error.into()) },
        };
        self.events.emit(Event::Asked { question: question.clone() });
        let error = self.receive(question, request, started, &place, &allowance, &mut reply).await.err();
        if reply != Reply::default() {
            allowance.used(&used(&reply, request));
        }
        Attempt { reply, error }
    }

    async fn receive(
        &self,
        question: &Question,
        request: &Request,
        started: &impl Fn(),
        place: &Place<'_>,
        allowance: &Allowance<'_>,
        reply: &mut Reply,
    ) -> Result<()> {
        let mut pieces = self.model.reply(request, allowance.most);
        let (mut limit, mut what) = (self.patience.first_token, "first token");
        let mut received = 0;
        // A list may be called for in the middle of a thought, and is read with it.
        let mut splitter = (*question != Question::FileList).then(Splitter::default);
        loop {
            let next = timeout(limit, pieces.next()).await;
            let Ok(next) = next else { bail!(model::Error::Stalled { what, seconds: limit.as_secs_f64() }) };
            let Some(piece) = next.transpose()? else { break };
            if let Piece::Room(room) = &piece {
                place.counted();
                self.pace.learn(room);
                continue;
            }
            if let Piece::Dropped { parameter, why } = piece {
                self.events.emit(Event::ParameterDropped { parameter, why });
                continue;
            }
            (limit, what) = (self.patience.silence, "token");
            place.streams();
            started();
            received += piece.text().len();
            let before = reply.said().len();
            match (&piece, &mut splitter) {
                (Piece::Text(text), Some(splitter)) => self.take_parts(question, splitter.push(text), reply),
                (Piece::Thinking(text), _) => self.thought(question, text),
                (piece, _) => self.take(question, piece, reply),
            }
            if received > LONGEST_ANSWER {
                bail!("the answer was stopped at {LONGEST_ANSWER} bytes, more than any file needs");
            }
            allowance.check(tokens::estimate_bytes(received))?;
            if repeats(reply.said(), before) {
                bail!(model::Error::Broken { why: "it said the same over and over, and was stopped".to_owned() });
            }
        }
        if let Some(splitter) = splitter {
            self.take_parts(question, splitter.finish(), reply);
        }
        Ok(())
    }

    fn take_parts(&self, question: &Question, parts: Vec<Part>, reply: &mut Reply) {
        for part in parts {
            match part {
                Part::Answer(text) => self.take(question, &Piece::Text(text), reply),
                Part::Thinking(text) => self.thought(question, &text),
                Part::Retraction => {
                    self.thought(question, &std::mem::take(&mut reply.text));
                    self.events.emit(Event::Retracted { question: question.clone() });
                }
            }
        }
    }

    fn take(&self, question: &Question, piece: &Piece, reply: &mut Reply) {
        if let Piece::Text(text) | Piece::Call(text) = piece {
            self.events.emit(Event::Piece { question: question.clone(), text: text.clone() });
        }
        reply.take(piece);
    }

    fn thought(&self, question: &Question, text: &str) {
        self.events.emit(Event::Thinking { question: question.clone(), tokens: tokens::estimate(text) });
    }

    fn count(&self, question: &Question, request: &Request, reply: &Reply) {
        let usage = used(reply, request);
        self.pace.weigh(request.estimate(), usage.input);
        self.events.emit(Event::Answered { question: question.clone(), usage });
    }

    /// Counts what a call has used that did not end well, if anything of its answer arrived.
    fn cut(&self, question: &Question, request: &Request, reply: &Reply, why: &str, kept: bool) {
        if !reply.said().is_empty() {
            let usage = used(reply, request);
            self.events.emit(Event::Cut { question: question.clone(), why: why.to_owned(), usage, kept });
        }
    }

    /// The same question with the complaint behind it; after an empty answer, which no service takes back, or one that
    /// was held back, just again.
    fn complain(&self, request: &Request, reply: &Reply, complaint: &str) -> Result<Request> {
        let mut request = request.clone();
        if !reply.said().trim().is_empty() && reply.refusal.is_none() && reply.finish != Some(Finish::Refused) {
            let words = self.prompts.render("complaint", serde_json::json!({ "complaint": complaint }))?;
            request.messages.push(Message::new(Role::Assistant, reply.said()));
            request.messages.push(Message::new(Role::User, words));
        }
        Ok(request)
    }
}

/// What the answer is read as, or a complaint about it.
fn judge<T>(reply: &Reply, read: impl Fn(&Reply) -> Result<T, String>) -> Result<T, String> {
    match (&reply.refusal, reply.finish) {
        (Some(words), _) => Err(format!("the model declined ('{}')", words.trim())),
        (None, Some(Finish::Refused)) => Err("the model's service held the answer back (content filter)".to_owned()),
        (None, Some(Finish::Stop | Finish::Length) | None) => read(reply),
    }
}

/// What a call has used: as the service counts, or else roughly.
fn used(reply: &Reply, request: &Request) -> Usage {
    reply.usage.unwrap_or_else(|| reply.estimated_usage(request))
}

/// What is said of a stream that just ends.
const NO_END: &str = "the stream ended without its end mark";

/// One call: what arrived, and what ended it if it did not end by itself.
struct Attempt {
    reply: Reply,
    error: Option<Error>,
}
