//! A plan in modules: the trunk that names them, and the contract of each. Asks and reads; decides nothing of the order.

use anyhow::Result;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    agreement::Clash,
    amendment::{self, Amendment},
    contract::{self, Contract, FileContract, Project, Use},
    model::{Form, Message, Reply, Request, Role},
    plan::{self, Plan, Trunk},
    prompts::Prompts,
    spec::Spec,
    tokens,
};

/// What a trunk's block is marked with.
const MARK: &str = "modules";

/// The most files that are planned at once. At about 50 tokens of contract a file, 40 files take half a minute at 60
/// tokens a second, and the trunk with one contract after it takes the same.
const MOST_FILES_AT_ONCE: usize = 40;

/// A shorter spec is planned at once unasked: nobody has said enough there for more files than that, its request stays as
/// short as it can be, and a small model is not made to choose. In tokens.
const SHORTEST_LARGE_SPEC: u64 = 3_000;

/// More modules than any project of ten thousand files needs; each is a question.
const MOST_MODULES: usize = 200;

/// How a project is planned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Shape {
    /// As the model sees fit, by how many files it expects; a short spec is planned at once.
    #[default]
    Decided,
    /// At once.
    Flat,
    /// In modules.
    Tree,
}

/// What the first question was answered with.
#[derive(Clone, Debug, PartialEq)]
pub enum First {
    Plan(Plan),
    Trunk(Modules),
}

/// The trunk: what the modules of a project know of each other.
#[derive(Clone, Debug, PartialEq)]
pub struct Modules {
    pub text: String,
    pub project: Project,
    pub modules: Vec<Module>,
}

/// One part of a project that is planned by itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Module {
    pub name: String,
    pub directory: String,
    pub purpose: String,
    /// How many files it expects.
    pub files: usize,
    /// What other modules may use.
    pub interface: Vec<FileContract>,
    pub uses: Vec<Use>,
}

/// The contract of one module as it was answered.
#[derive(Clone, Debug, PartialEq)]
pub struct ModuleContract {
    /// The answer itself, without a fence around it.
    pub text: String,
    pub contract: Contract,
}

#[derive(Deserialize)]
struct Block {
    #[serde(default)]
    project: Project,
    modules: Vec<Module>,
}

impl Shape {
    fn may_be_a_tree(self, spec: &Spec) -> bool {
        match self {
            Shape::Flat => false,
            Shape::Tree => true,
            Shape::Decided => tokens::estimate(&spec.text) >= SHORTEST_LARGE_SPEC,
        }
    }
}

impl Modules {
    /// How many files it expects in all.
    pub fn files(&self) -> usize {
        self.modules.iter().map(|module| module.files).fold(0, usize::saturating_add)
    }

    /// The trunk in the place of a plan, for the questions that follow from it alone.
    pub fn as_plan(&self) -> Plan {
        Plan::new(self.text.clone())
    }

    /// What the files of one module are written from: the trunk, then the contract that was settled for it.
    ///
    /// The text begins with the trunk, to the byte, so that all modules share it.
    pub fn plan_of(&self, contract: &Contract, prose: &str) -> Plan {
        let text = format!("{}\n\n{}", self.text.trim_end(), document(prose, contract));
        Plan { text, contract: Ok(contract.clone()) }
    }

    /// What it says besides its block.
    pub(crate) fn prose(&self) -> String {
        contract::marked(&self.text, MARK).map_or_else(|| self.text.clone(), |marked| marked.around)
    }
}

impl ModuleContract {
    fn read(text: &str) -> Result<ModuleContract, String> {
        let contract = Contract::read(text)?;
        Ok(ModuleContract { text: text.to_owned(), contract })
    }

    /// What it says besides its contract.
    pub fn prose(&self) -> String {
        Contract::prose(&self.text).trim().to_owned()
    }
}

/// Prose, then a contract, as both stand in a plan.
pub(crate) fn document(prose: &str, contract: &Contract) -> String {
    let gap = if prose.is_empty() { "" } else { "\n\n" };
    format!("{prose}{gap}## Contract\n\n```yaml contract\n{}```\n", contract.yaml())
}

/// Asks for the plan of `spec`, or for its trunk where that is to be or the model thinks it better.
pub fn ask(prompts: &Prompts, spec: &Spec, shape: Shape) -> Result<Request> {
    let mut request = plan::ask(prompts, spec)?;
    if shape.may_be_a_tree(spec) {
        let last = request.messages.last_mut().expect("the spec is the last message");
        let values = json!({ "spec": spec.text, "is_wanted": shape == Shape::Tree, "files": MOST_FILES_AT_ONCE });
        last.text = prompts.render("plan_in_modules", values)?.into();
    }
    Ok(request)
}

/// Reads the first answer: a trunk if it has a block of modules and no contract, else a plan.
pub fn read(reply: &Reply) -> Result<First, String> {
    let plan = plan::read(reply)?;
    let Some(block) = contract::marked(&plan.text, MARK).filter(|_| plan.contract.is_err()) else {
        return Ok(First::Plan(plan));
    };
    let Block { project, modules } = serde_saphyr::from_str(&block.text).map_err(|error| {
        let text = error.to_string();
        format!("its block of modules is not the YAML it should be: {}", text.lines().next().unwrap_or_default())
    })?;
    if modules.is_empty() || modules.len() > MOST_MODULES {
        return Err(format!("it names {} modules; 1 to {MOST_MODULES} are possible", modules.len()));
    }
    for (index, module) in modules.iter().enumerate() {
        let is_twin = modules[..index].iter().any(|other| other.name == module.name);
        if module.name.trim().is_empty() || is_twin {
            return Err(format!("every module needs a name of its own, and one is called '{}'", module.name));
        }
    }
    Ok(First::Trunk(Modules { text: plan.text, project, modules }))
}

/// Asks for the contract of a module; `trunk` ends with the trunk of the project.
pub fn ask_contract(prompts: &Prompts, trunk: &Trunk, module: &Module) -> Result<Request> {
    let Module { name, files, .. } = module;
    let last = prompts.render("module", json!({ "name": name, "files": (*files).max(1) }))?;
    Ok(trunk.branch(last, Form::Text))
}

/// Reads the contract of a module.
pub fn read_contract(reply: &Reply) -> Result<ModuleContract, String> {
    ModuleContract::read(&crate::extract::extract(&Plan::path(), &reply.text)?.text)
}

/// Asks for a contract that does not clash with what is agreed; `asked` is the question that `answer` came to.
pub fn ask_to_settle(prompts: &Prompts, asked: Request, answer: &ModuleContract, clashes: &[Clash]) -> Result<Request> {
    let clashes: Vec<String> = clashes.iter().map(Clash::to_string).collect();
    let last = prompts.render("clash", json!({ "clashes": clashes }))?;
    let mut request = asked;
    request.messages.push(Message::new(Role::Assistant, answer.text.as_str()));
    request.messages.push(Message::new(Role::User, last));
    Ok(request)
}

/// Reads what became of the contract: changed in places, or written anew.
pub fn read_settled(old: &ModuleContract, reply: &Reply) -> Result<ModuleContract, String> {
    match amendment::read(plan::PLAN_FILE, &old.text, &reply.text)? {
        Amendment::Changed(text) => ModuleContract::read(&text),
        Amendment::Unchanged => Ok(old.clone()),
        Amendment::Anew => read_contract(reply),
    }
}
