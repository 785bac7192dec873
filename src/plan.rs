//! The plan: what the files agree on before any of them is written. Asked for with the trunk that all branches share.

use anyhow::Result;
use serde::{Deserialize, Serialize};
use serde_json::json;
use similar::TextDiff;

use crate::{
    contract::Contract,
    file_list::FileList,
    model::{Form, Message, Reply, Request, Role},
    path::RelPath,
    prompts::Prompts,
    spec::Spec,
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
pub struct Trunk(Vec<Message>);

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
        Message { role: Role::System, text: rules.into() },
        Message { role: Role::User, text: spec.text.as_str().into() },
    ];
    Ok(Request { messages, form: Form::Text })
}

/// Asks for the plan again after its spec has changed: the old conversation, and what is different.
pub fn ask_again(prompts: &Prompts, old: &Spec, plan: &Plan, new: &Spec) -> Result<Request> {
    let difference = TextDiff::from_lines(&old.text, &new.text).unified_diff().context_radius(CONTEXT).to_string();
    let last = prompts.render("plan_again", json!({ "difference": difference }))?;
    Ok(Trunk::new(prompts, old, plan)?.branch(last, Form::Text))
}

/// Reads the plan: the whole answer, out of the fence that some models put around a document.
pub fn read(reply: &Reply) -> Result<Plan, String> {
    let extracted = crate::extract::extract(&Plan::path(), &reply.text)?;
    Ok(Plan::new(extracted.text))
}

impl Trunk {
    pub fn new(prompts: &Prompts, spec: &Spec, plan: &Plan) -> Result<Trunk> {
        let mut messages = ask(prompts, spec)?.messages;
        messages.push(Message { role: Role::Assistant, text: plan.text.as_str().into() });
        Ok(Trunk(messages))
    }

    /// A branch: the trunk and one last message. The texts of the trunk are shared, not copied.
    pub fn branch(&self, last: String, form: Form) -> Request {
        let mut messages = self.0.clone();
        messages.push(Message { role: Role::User, text: last.into() });
        Request { messages, form }
    }

    /// Estimated length.
    pub fn tokens(&self) -> u64 {
        self.0.iter().map(|message| tokens::estimate(&message.text)).sum()
    }
}
