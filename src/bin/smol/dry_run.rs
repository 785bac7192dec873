//! `smol gen --dry-run` and `--explain`: shows what would be asked, why, and what it could cost. Sends and writes nothing.

use std::io::Write;

use anyhow::Result;
use serde::Serialize;
use serde_json::json;
use smol_dev::{
    event::{Chosen, Question},
    lineage::Reason,
    model::{Price, Request, provider::Rung, service::Service},
    rerun::Planning,
    settings::Settings,
    source::Source,
    tokens::Counter,
    usage::Usage,
};

use crate::{
    face::{BOLD, DIM, Face, ODD, say},
    words::{clean, counted, money, thousands},
};

/// The ways to ask for a list of a model that is not decided before it is looked for.
const UNDECIDED: [Rung; 2] = [Rung::Schema, Rung::Text];

/// Whom the questions would go to, as far as that is known without looking.
pub struct Asked {
    pub model: String,
    pub rungs: Vec<Rung>,
    price: Option<Price>,
    /// The longest answer, in tokens.
    longest: Option<u64>,
}

impl Asked {
    /// `last` is the model that the last run asked: with nothing set, nothing has changed.
    pub fn of(settings: &Settings, last: Option<&str>) -> Asked {
        let asked =
            |model: &str| Asked { model: model.to_owned(), rungs: UNDECIDED.to_vec(), price: None, longest: None };
        match &settings.source {
            Source::Server(service) => of_service(service, settings.max_cost.is_some()),
            Source::Replay(file) => Asked { price: Some(Price::NOTHING), ..asked(file) },
            Source::Local { model, .. } => asked(model.as_deref().or(last).unwrap_or("whatever runs on this machine")),
            Source::Nothing => asked(last.unwrap_or("nobody: neither a key nor a server is set")),
        }
    }
}

fn of_service(service: &Service, is_limited: bool) -> Asked {
    let Service { model, facts, .. } = service;
    let bound = is_limited.then_some(smol_dev::budget::LONGEST_ANSWER);
    let longest = [facts.answer, bound].into_iter().flatten().min();
    Asked { model: model.clone(), rungs: service.rungs(), price: facts.price, longest }
}

/// Prints the questions, one after the other.
pub fn show(asked: &Asked, questions: &[(Question, Request)], face: &Face) -> Result<()> {
    let counter = Counter::of(&asked.model);
    let mut out = anstream::stdout().lock();
    let (mut tokens, mut total) = (0, Some(Range { least: 0.0, most: Some(0.0) }));
    for (question, request) in questions {
        let input: u64 = request.messages.iter().map(|message| counter.count(&message.text)).sum();
        let cost = asked.cost(input);
        tokens += input;
        total = total.zip(cost).map(|(total, cost)| Range {
            least: total.least + cost.least,
            most: total.most.zip(cost.most).map(|(a, b)| a + b),
        });
        if face.is_json() {
            let line = json!({
                "question": question, "tokens": input, "is_exact": counter.is_exact, "cost": cost, "request": request,
            });
            writeln!(out, "{line}")?;
            continue;
        }
        writeln!(out, "{BOLD}{question}{BOLD:#} · {}", words(&counter, input, cost))?;
        for message in &request.messages {
            writeln!(out, "{DIM}{:?}{DIM:#}\n{}", message.role, clean(message.text.trim_end()))?;
            for image in &message.images {
                let size = thousands(image.bytes() as u64);
                writeln!(out, "{DIM}image{DIM:#}\n{}, {}, {size} bytes", clean(&image.name), image.kind.media_type())?;
            }
        }
        if let Some(function) = request.form.function() {
            writeln!(out, "{DIM}function{DIM:#}\n{}", serde_json::to_string_pretty(function)?)?;
        }
        writeln!(out)?;
    }
    if !face.is_json() {
        let all = counted(questions.len(), "request");
        say(&format!("{BOLD}not sent:{BOLD:#} {all} to {} · {}", asked.model, words(&counter, tokens, total)));
        if questions.iter().any(|(question, _)| *question == Question::Plan) {
            say(
                "the questions for the list and the files follow from the plan: with one in place, --from-plan shows them",
            );
        }
    }
    Ok(())
}

/// Says of each file whether it would be asked for, and why.
pub fn explain(planning: &Planning, chosen: &[Chosen], face: &Face) -> Result<()> {
    let mut out = anstream::stdout().lock();
    let plan = match planning {
        Planning::New => "the plan is asked for: there is none that was made from this spec",
        Planning::Again { .. } => "the plan is asked for again: the spec changed; that may touch more files than these",
        Planning::Saved => "the plan holds: the spec is the one that it was made from",
    };
    if !face.is_json() {
        writeln!(out, "{BOLD}plan{BOLD:#}   {plan}")?;
    }
    for chosen in chosen {
        if face.is_json() {
            writeln!(out, "{}", serde_json::to_string(chosen)?)?;
            continue;
        }
        writeln!(out, "{}", choice(chosen))?;
    }
    Ok(())
}

/// A line on why a file is asked for, or is not.
pub fn choice(chosen: &Chosen) -> String {
    let words = |reasons: &[Reason]| reasons.iter().map(Reason::to_string).collect::<Vec<_>>().join(", ");
    let Chosen { path, reasons, kept_despite } = chosen;
    match (reasons.is_empty(), kept_despite.is_empty()) {
        (false, _) => format!("{ODD}ask{ODD:#}    {path}: {}", words(reasons)),
        (true, true) => format!("{DIM}keep{DIM:#}   {path}: nothing that it was made from changed"),
        (true, false) => format!("{DIM}keep{DIM:#}   {path}: {}; --yes has it written anew", words(kept_despite)),
    }
}

/// US dollars: at least for a prompt that is cached and an answer of nothing, at most for the longest answer.
#[derive(Clone, Copy, Serialize)]
struct Range {
    least: f64,
    /// `None` if it is not known how long an answer can be.
    most: Option<f64>,
}

impl Asked {
    fn cost(&self, input: u64) -> Option<Range> {
        let price = self.price?;
        let least = price.cost(&Usage { input, cached: input, ..Usage::NONE })?;
        let most = match self.longest {
            _ if price == Price::NOTHING => Some(0.0),
            longest => longest.and_then(|longest| price.most(input, longest)),
        };
        Some(Range { least, most })
    }
}

fn words(counter: &Counter, tokens: u64, cost: Option<Range>) -> String {
    let about = if counter.is_exact { "" } else { "about " };
    let cost = match cost {
        None => "cost unknown".to_owned(),
        Some(Range { least: 0.0, most: Some(0.0) }) => "nothing to pay".to_owned(),
        Some(Range { least, most: Some(most) }) => format!("{} to {}", money(least), money(most)),
        Some(Range { least, most: None }) => format!("{} and the answer", money(least)),
    };
    format!("{about}{} tokens · {cost}", thousands(tokens))
}
