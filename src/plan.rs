//! The plan: what the files agree on before any of them is written. Asked for with the trunk that all branches share.

use std::{collections::BTreeMap, sync::Arc};

use anyhow::Result;
use serde::{Deserialize, Serialize};
use serde_json::json;
use similar::TextDiff;

use crate::{
    amendment::{self, Amendment},
    contract::Contract,
    file_list::FileList,
    image::Image,
    model::{Form, Message, Reply, Request, Role},
    path::RelPath,
    prompts::Prompts,
    spec::{FileSpec, Spec},
    tokens,
};

/// Where the plan lies in the output directory.
pub const PLAN_FILE: &str = "shared_dependencies.md";

/// Lines around a change of the spec that the model is shown with it.
const CONTEXT: usize = 3;

/// The text that a person may edit, and the contract in it that a program can read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    pub text: String,
    /// Or why there is none that can be read.
    pub contract: Result<Contract, String>,
}

/// The conversation that every branch continues: rules, spec, plan. Byte for byte the same in all of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Trunk {
    messages: Vec<Message>,
    /// What single branches bring along in their last message.
    own: BTreeMap<RelPath, FileSpec>,
}

impl Plan {
    pub fn new(text: String) -> Plan {
        let contract = Contract::read(&text);
        Plan { text, contract }
    }

    /// The files that its contract names, as far as they can be written; `None` if it has none.
    pub fn listed(&self) -> Option<FileList> {
        FileList::new(self.contract.as_ref().ok()?.paths().map(str::to_owned)).ok()
    }

    /// The path of the plan itself.
    pub fn path() -> RelPath {
        RelPath::parse(PLAN_FILE).expect("a plain name is a path")
    }
}

/// Asks for the plan of `spec`.
pub fn ask(prompts: &Prompts, spec: &Spec) -> Result<Request> {
    let rules = prompts.render("rules", json!({}))?;
    let messages = vec![
        Message::new(Role::System, rules),
        Message { images: spec.images.clone(), ..Message::new(Role::User, spec.text.as_str()) },
    ];
    Ok(Request { messages, form: Form::Text })
}

/// Asks for the plan again after its spec has changed: the old conversation, and what is different.
pub fn ask_again(prompts: &Prompts, old: &Spec, plan: &Plan, new: &Spec) -> Result<Request> {
    let difference = TextDiff::from_lines(&old.text, &new.text).unified_diff().context_radius(CONTEXT).to_string();
    let last = prompts.render("plan_again", json!({ "difference": difference }))?;
    let images = if old.images == new.images { Vec::new() } else { new.images.clone() };
    Ok(Trunk::new(prompts, old, plan)?.branch_with(last, images, Form::Text))
}

/// Reads the plan: the whole answer, out of the fence that some models put around a document.
pub fn read(reply: &Reply) -> Result<Plan, String> {
    let extracted = crate::extract::extract(&Plan::path(), &reply.text)?;
    Ok(Plan::new(extracted.text))
}

/// Reads the plan that was asked for again: what is different from the old one, or a whole new one.
///
/// # Errors
/// If a change has no one place in the old plan, or nothing can be read where there was a contract before.
pub fn read_again(old: &Plan, reply: &Reply) -> Result<Plan, String> {
    let plan = match amendment::read(PLAN_FILE, &old.text, &reply.text)? {
        Amendment::Changed(text) => Plan::new(text),
        Amendment::Unchanged => old.clone(),
        Amendment::Anew => read(reply)?,
    };
    match (&old.contract, &plan.contract) {
        (Ok(_), Err(why)) => Err(format!("the contract of the plan that it makes cannot be read: {why}")),
        _ => Ok(plan),
    }
}

impl Trunk {
    pub fn new(prompts: &Prompts, spec: &Spec, plan: &Plan) -> Result<Trunk> {
        let mut messages = ask(prompts, spec)?.messages;
        messages.push(Message::new(Role::Assistant, plan.text.as_str()));
        Ok(Trunk { messages, own: spec.files.clone() })
    }

    /// The spec that belongs to this file alone, if it has one.
    pub fn own_spec(&self, path: &RelPath) -> Option<&FileSpec> {
        self.own.get(path)
    }

    /// The files that have one.
    pub fn own_specs(&self) -> impl Iterator<Item = &RelPath> {
        self.own.keys()
    }

    /// A branch: the trunk and one last message. The texts of the trunk are shared, not copied.
    pub fn branch(&self, last: String, form: Form) -> Request {
        self.branch_with(last, Vec::new(), form)
    }

    /// A branch whose last message has pictures with it.
    pub fn branch_with(&self, last: String, images: Vec<Arc<Image>>, form: Form) -> Request {
        let mut messages = self.messages.clone();
        messages.push(Message { images, ..Message::new(Role::User, last) });
        Request { messages, form }
    }

    /// Estimated length, without the pictures.
    pub fn tokens(&self) -> u64 {
        self.messages.iter().map(|message| tokens::estimate(&message.text)).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_plan_keeps_a_contract_that_can_be_read() {
        let plan =
            |purpose: &str| format!("# P\n\n```yaml contract\nfiles:\n  - path: a.js\n    purpose: {purpose}\n```\n");
        let block =
            |search: &str, replace: &str| format!("<<<<<<< SEARCH\n{search}\n=======\n{replace}\n>>>>>>> REPLACE\n");
        let again = |old: &str, answer: &str| {
            read_again(&Plan::new(old.to_owned()), &Reply { text: answer.to_owned(), ..Reply::default() })
        };
        let text = |answer: &str| again(&plan("one"), answer).map(|plan| plan.text);
        assert_eq!(text(&block("    purpose: one", "    purpose: two")), Ok(plan("two")));
        assert_eq!(text("unchanged"), Ok(plan("one")));
        assert_eq!(text(&plan("two")), Ok(plan("two")));
        for answer in [block("```yaml contract", ""), "The plan is fine as it is, I think.".to_owned()] {
            let refused = text(&answer).expect_err(&answer);
            assert!(refused.contains("cannot be read"), "{refused}");
        }
        assert_eq!(again("# P\n", "# Other\n").map(|plan| plan.text), Ok("# Other\n".to_owned()), "it had none before");
    }

    #[test]
    fn a_plan_is_asked_for_again_with_the_pictures_that_it_has_not_seen() {
        let prompts = Prompts::with(BTreeMap::new()).expect("are built in");
        let image = |bytes: &[u8]| Arc::new(Image::new("a", bytes).expect("is one"));
        let spec = |images: &[&Arc<Image>]| Spec {
            images: images.iter().map(|image| (*image).clone()).collect(),
            ..Spec::new("a spec").expect("is one")
        };
        let (one, two) = (image(b"GIF89a1"), image(b"GIF89a2"));
        let asked = |old: &Spec, new: &Spec| {
            let request = ask_again(&prompts, old, &Plan::new("# P".to_owned()), new).expect("renders");
            request.messages.iter().map(|message| message.images.len()).collect::<Vec<_>>()
        };
        assert_eq!(asked(&spec(&[]), &spec(&[])), [0, 0, 0, 0]);
        assert_eq!(asked(&spec(&[]), &spec(&[&one, &two])), [0, 0, 0, 2]);
        assert_eq!(asked(&spec(&[&one]), &spec(&[&two])), [0, 1, 0, 1]);
        assert_eq!(asked(&spec(&[&one]), &spec(&[&one])), [0, 1, 0, 0]);
    }
}
