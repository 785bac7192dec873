//! What is wrong with a codebase and how to mend it: the question, the answer, and the blocks that did not fit.

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    engine::Engine,
    event::{Event, Question},
    fixes::{self, Fitted, Unfit},
    model::{Error, Form, Message, Reply, Request, Role, window},
    patch::{self, Block, Blocks},
    prompts::Prompts,
    selection::{Leads, Selection, choose},
    tokens::Counter,
    tree::Tree,
};

/// What a model says is wrong, and how it would mend it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnosis {
    /// The whole answer.
    pub text: String,
    pub fixes: Vec<Block>,
    /// Why something that begins like a fix is none.
    pub faults: Vec<String>,
}

/// What is asked about.
pub struct Case<'a> {
    pub tree: &'a Tree,
    pub error: &'a str,
    /// What there is to know beside it; may be empty.
    pub remarks: &'a str,
    pub leads: Leads,
    pub counter: Counter,
}

/// Asks what is wrong. The files stand before the error, so that a second question about them finds them in the cache.
pub fn ask(prompts: &Prompts, selection: &Selection, error: &str, remarks: &str) -> Result<Request> {
    let codebase = prompts.render("codebase", selection.values())?;
    let rules = prompts.render("debug_rules", json!({}))?;
    let question = prompts.render("debug", json!({ "codebase": codebase, "error": error, "remarks": remarks }))?;
    let messages = vec![Message::new(Role::System, rules), Message::new(Role::User, question)];
    Ok(Request { messages, form: Form::Text })
}

/// The question with as much of the codebase as `budget` holds, and as the model's window does where that is known.
pub fn fitting(
    prompts: &Prompts,
    case: &Case<'_>,
    mut budget: u64,
    window: Option<u64>,
) -> Result<(Selection, Request)> {
    loop {
        let selection = choose(case.tree, &case.leads, budget, &case.counter);
        let request = ask(prompts, &selection, case.error, case.remarks)?;
        let Some(Err(Error::TooLong { needed, window })) = window.map(|window| window::check(&request, window)) else {
            return Ok((selection, request));
        };
        // The window is kept to by a more cautious count than the one that the choice goes by.
        let smaller = selection.tokens.min(budget) * window / needed * 19 / 20;
        if smaller == 0 || smaller >= budget {
            return Err(Error::TooLong { needed, window }.into());
        }
        budget = smaller;
    }
}

/// Reads the diagnosis.
pub fn read(reply: &Reply) -> Result<Diagnosis, String> {
    if reply.text.trim().is_empty() {
        return Err("it is empty".to_owned());
    }
    let Blocks { blocks, faults, .. } = patch::read(&reply.text);
    Ok(Diagnosis { text: reply.text.trim().to_owned(), fixes: blocks, faults })
}

/// Asks once more for the blocks that did not fit, with the lines that are most like what they look for.
pub fn ask_again(prompts: &Prompts, request: &Request, diagnosis: &Diagnosis, unfit: &[Unfit]) -> Result<Request> {
    let described = |unfit: &Unfit| json!({ "path": unfit.block.path, "search": unfit.block.search, "why": unfit.why, "nearest": unfit.nearest });
    let unfit: Vec<_> = unfit.iter().map(described).collect();
    let words = prompts.render("debug_again", json!({ "unfit": unfit, "faults": diagnosis.faults }))?;
    let mut request = request.clone();
    request.messages.push(Message::new(Role::Assistant, diagnosis.text.as_str()));
    request.messages.push(Message::new(Role::User, words));
    Ok(request)
}

/// Asks, puts the fixes into the files, and asks once more for those that do not fit.
///
/// # Errors
/// If there is no diagnosis. Fixes that do not fit in the end stand in the result.
pub async fn diagnose(
    engine: &Engine,
    question: &Question,
    tree: &Tree,
    request: Request,
) -> Result<(Diagnosis, Fitted)> {
    let answer = engine.answer(question, request.clone(), || (), read).await;
    let diagnosis = answer.context("could not get a diagnosis")?;
    engine.events.emit(Event::Diagnosed { text: diagnosis.text.clone(), fixes: diagnosis.fixes.clone() });
    let first = fixes::fit(tree, &diagnosis.fixes);
    if first.unfit.is_empty() && diagnosis.faults.is_empty() {
        return Ok((diagnosis, first));
    }
    for unfit in &first.unfit {
        engine
            .events
            .notice(format!("a fix for '{}' does not fit, and is asked for again: {}", unfit.block.path, unfit.why));
    }
    diagnosis.faults.iter().for_each(|fault| engine.events.notice(format!("asked for again: {fault}")));
    let again = ask_again(&engine.prompts, &request, &diagnosis, &first.unfit)?;
    let mended = match engine.answer(&Question::Fixes, again, || (), read).await {
        Ok(mended) => mended,
        Err(error) => {
            engine.events.notice(format!("the fixes that do not fit could not be asked for again: {error:#}"));
            return Ok((diagnosis, first));
        }
    };
    let is_unfit = |block: &Block| first.unfit.iter().any(|unfit| unfit.block == *block);
    let fitting = diagnosis.fixes.iter().filter(|block| !is_unfit(block)).chain(&mended.fixes);
    let fitted = fixes::fit(tree, &fitting.cloned().collect::<Vec<_>>());
    Ok((diagnosis, fitted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_blocks_of_an_answer_are_its_fixes() {
        let text = "It is this.\n\na.py\n<<<<<<< SEARCH\na\n=======\nb\n>>>>>>> REPLACE\n";
        let read = |text: &str| read(&Reply { text: text.to_owned(), ..Reply::default() });
        let diagnosis = read(text).expect("reads");
        assert_eq!((diagnosis.fixes.len(), diagnosis.text.as_str()), (1, text.trim()));
        assert_eq!(read("Nothing is wrong here.").expect("reads").fixes, []);
        assert!(read(" \n").is_err());
    }
}
