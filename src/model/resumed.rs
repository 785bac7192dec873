//! Goes on where a run was cut: what it has paid for comes from its record, the rest from the model.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use futures::{
    StreamExt,
    stream::{self, BoxStream},
};

use super::{
    Error, Finish, Model, Piece, Price, Reply, Request,
    cassette::{Line, RecordedRequest, record},
    provider::Rung,
};
use crate::{
    continuation,
    event::Event,
    report::{Outcome, Report},
    usage::Usage,
};

/// What a run that did not come to a good end has paid for.
pub struct Unfinished {
    replies: HashMap<RecordedRequest, Reply>,
}

impl Unfinished {
    /// Reads the record of the last run of `model`; `None` if that run was complete, asked another model, or left
    /// nothing to go on with.
    pub fn read(record: &str, model: &str) -> Option<Unfinished> {
        let mut replies = HashMap::<RecordedRequest, Reply>::new();
        let is_whole = |reply: &Reply| reply.finish == Some(Finish::Stop);
        // A kill may have cut the last line.
        for line in record.lines().filter_map(|line| serde_json::from_str(line).ok()) {
            match line {
                Line::Event(Event::Started { model: asked, .. }) if asked != model => return None,
                // What does not fit was asked for all the same.
                Line::Event(Event::Finished { report }) if is_over(&report) => return None,
                Line::Call { request, reply } if is_of_use(&reply) => {
                    if is_whole(&reply) || !replies.get(&request).is_some_and(is_whole) {
                        replies.insert(request, reply);
                    }
                }
                Line::Rejected { request } => drop(replies.remove(&request)),
                Line::Call { .. } | Line::Text { .. } | Line::Image { .. } | Line::Note(_) | Line::Event(_) => {}
            }
        }
        (!replies.is_empty()).then_some(Unfinished { replies })
    }

    /// Answers that came to their end, and all that were begun.
    pub fn answers(&self) -> usize {
        self.replies.values().filter(|reply| reply.finish == Some(Finish::Stop)).count()
    }
}

/// Whether a run has asked for everything that it was to ask for.
fn is_over(report: &Report) -> bool {
    match report.outcome {
        Outcome::Complete => true,
        Outcome::Partial => report.has_every_file(),
        Outcome::Failed | Outcome::Interrupted | Outcome::OverBudget => false,
    }
}

/// Whether there is something to go on with: a whole answer, or a part that is long enough to be gone on from.
fn is_of_use(reply: &Reply) -> bool {
    match reply.finish {
        _ if reply.refusal.is_some() || reply.said().trim().is_empty() => false,
        Some(Finish::Stop) => true,
        Some(Finish::Refused) => false,
        Some(Finish::Length) | None => reply.call.is_none() && !continuation::worth_keeping(&reply.text).is_empty(),
    }
}

/// Answers from what the cut run has paid for, as long as the question is the same, byte for byte.
pub fn resumed(model: Arc<dyn Model>, unfinished: Unfinished) -> Arc<dyn Model> {
    Arc::new(Resumed { model, replies: Mutex::new(unfinished.replies) })
}

struct Resumed {
    model: Arc<dyn Model>,
    /// Each is given once: whoever asks the same again wants another answer.
    replies: Mutex<HashMap<RecordedRequest, Reply>>,
}

impl Model for Resumed {
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

    fn window(&self) -> Option<u64> {
        self.model.window()
    }

    fn reply(&self, request: &Request, most: Option<u64>) -> BoxStream<'static, Result<Piece, Error>> {
        let reply = self.replies.lock().unwrap_or_else(PoisonError::into_inner).remove(&record(request));
        let Some(reply) = reply else { return self.model.reply(request, most) };
        let counted = reply.usage.unwrap_or_else(|| reply.estimated_usage(request));
        let said = match &reply.call {
            Some(call) => Piece::Call(call.clone()),
            None => Piece::Text(reply.text.clone()),
        };
        let usage = Piece::Usage(Usage { cost: Some(0.0), saved: Some(0.0), ..counted });
        let end = match reply.finish {
            Some(finish) => Ok(Piece::End(finish)),
            // Whatever goes on with a broken answer goes on with this one.
            None => Err(Error::Broken { why: "the run before was cut here".to_owned() }),
        };
        stream::iter([Ok(said), Ok(usage), end]).boxed()
    }
}
