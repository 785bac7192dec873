//! The questions of a run that are known without an answer, and what of them stands on disk. Asks nobody.

use anyhow::{Result, anyhow};

use crate::{
    event::Question,
    file::{self, Neighbour, Surroundings},
    file_list,
    generate::Scope,
    lineage::{Ground, Reason},
    model::{Request, provider::Rung},
    modules::{self, Shape},
    path::RelPath,
    plan::{self, PLAN_FILE, Plan, Trunk},
    prompts::Prompts,
    rerun::{Past, Planning, WORDS},
    signatures::signatures,
    spec::Spec,
};

/// An output directory to read from.
pub struct Shelf<'a> {
    pub directory: &'a str,
    pub read: Box<Read<'a>>,
}

/// Reads the text of a file; `None` if there is none.
pub type Read<'a> = dyn Fn(&RelPath) -> Result<Option<String>> + 'a;

/// Whom the questions go to, in which words.
#[derive(Clone, Copy)]
pub struct Addressee<'a> {
    pub prompts: &'a Prompts,
    pub model: &'a str,
    pub rungs: &'a [Rung],
    /// How a new plan is asked for.
    pub shape: Shape,
}

/// Every question that `scope` puts and that is known without an answer.
///
/// # Errors
/// If a plan is needed and there is none, or a file cannot be read.
pub fn known(
    to: Addressee<'_>,
    shelf: &Shelf<'_>,
    spec: &Spec,
    past: &Past,
    scope: &Scope,
) -> Result<Vec<(Question, Request)>> {
    let prompts = to.prompts;
    let plan = match scope {
        Scope::Everything | Scope::PlanOnly => {
            let saved = (shelf.read)(&Plan::path())?.map(Plan::new);
            match (past.planning(spec, prompts, saved.is_some()), saved) {
                (Planning::Saved, Some(saved)) => saved,
                (Planning::Again { old }, Some(saved)) => {
                    return Ok(vec![(Question::Plan, plan::ask_again(prompts, &old, &saved, spec)?)]);
                }
                _ => return Ok(vec![(Question::Plan, modules::ask(prompts, spec, to.shape)?)]),
            }
        }
        Scope::FromPlan | Scope::Files(_) => self::plan(shelf)?,
    };
    let trunk = Trunk::new(prompts, spec, &plan)?;
    let again = |path: &RelPath| -> Result<(Question, Request)> {
        let request = file::ask_again(prompts, &trunk, path, &surroundings(shelf, &plan, path)?)?;
        Ok((Question::File(path.clone()), request))
    };
    if let Scope::Files(paths) = scope {
        return paths.iter().map(again).collect();
    }
    let mut questions = Vec::new();
    if past.list(&plan).is_none() {
        let rung = to.rungs.first().copied().unwrap_or(Rung::Text);
        questions.push((Question::FileList, file_list::ask(prompts, &trunk, rung)?));
    }
    if *scope == Scope::PlanOnly {
        return Ok(questions);
    }
    let ground = Ground { plan: &plan, prompts: prompts.fingerprint(&WORDS), model: to.model };
    for chosen in past.explain(&ground, spec, |path| Ok((shelf.read)(path)?.is_some()))? {
        let is_new = chosen.reasons.iter().any(|reason| matches!(reason, Reason::New | Reason::Missing));
        match chosen.reasons.as_slice() {
            [] => {}
            _ if is_new => {
                questions.push((Question::File(chosen.path.clone()), file::ask(prompts, &trunk, &chosen.path)?));
            }
            _ => questions.push(again(&chosen.path)?),
        }
    }
    Ok(questions)
}

/// The plan on disk.
pub(crate) fn plan(shelf: &Shelf<'_>) -> Result<Plan> {
    let missing = || anyhow!("there is no plan '{PLAN_FILE}' in '{}'", shelf.directory);
    Ok(Plan::new((shelf.read)(&Plan::path())?.ok_or_else(missing)?))
}

/// What stands on disk of a file and of those that it uses.
pub(crate) fn surroundings(shelf: &Shelf<'_>, plan: &Plan, path: &RelPath) -> Result<Surroundings> {
    let mut neighbours = Vec::new();
    for path in used(plan, path) {
        if let Some(text) = (shelf.read)(&path)? {
            neighbours.push(Neighbour { signatures: signatures(&path, &text), path });
        }
    }
    Ok(Surroundings { present: (shelf.read)(path)?, neighbours })
}

/// The files that a file uses, by the contract.
pub(crate) fn used(plan: &Plan, path: &RelPath) -> Vec<RelPath> {
    let file = plan.contract.as_ref().ok().and_then(|contract| contract.file(path));
    let uses = file.into_iter().flat_map(|file| &file.uses);
    uses.filter_map(|used| RelPath::parse(&used.path).ok()).collect()
}
