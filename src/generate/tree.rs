//! A plan in modules, at work: every module's contract at the same time, then its files as soon as it stands, whatever
//! the other modules are at. What is agreed between them is decided in [`crate::agreement`].

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use anyhow::{Result, anyhow};
use futures::future::join_all;
use tokio::sync::watch;

use super::{
    Run, Scope, Task, announce,
    arrivals::Arrivals,
    ends::{Ends, note_end, reached},
    land,
};
use crate::{
    agreement::Agreement,
    engine::Engine,
    event::{Event, Question},
    file::GeneratedFile,
    file_list::FileList,
    leader::Leader,
    lineage::{Ground, Sources},
    modules::{self, Module, ModuleContract, Modules},
    path::RelPath,
    plan::{Plan, Trunk},
    report::Refused,
    rerun::{RULES, WORDS},
    workspace::Workspace,
};

/// What all modules of one run share.
struct Tree<'a> {
    engine: &'a Engine,
    workspace: &'a Arc<Workspace>,
    task: &'a Task,
    modules: &'a Modules,
    /// What the questions for the contracts have in common.
    trunk: Trunk,
    leader: Leader,
    agreement: Mutex<Agreement<'a>>,
    ends: Mutex<Ends>,
}

/// Has every module planned and written, and the whole plan landed once its last contract is there.
///
/// A module without a contract fails alone. The run's plan counts as made only when it came through with every contract:
/// until then the next run begins with the same trunk again, and takes what was answered from the record.
///
/// # Errors
/// If no module has a contract, or no more could be asked.
pub(super) async fn grow(
    engine: &Engine,
    workspace: &Arc<Workspace>,
    task: &Task,
    modules: &Modules,
    scope: &Scope,
) -> Result<()> {
    let (count, files) = (modules.modules.len(), modules.files());
    engine.events.notice(format!("planned in {count} modules, with about {files} files"));
    let trunk = Trunk::new(&engine.prompts, &task.spec, &modules.as_plan())?;
    let (leader, agreement) = (Leader::of(trunk.tokens()), Mutex::new(Agreement::new(modules)));
    let tree = Tree { engine, workspace, task, modules, trunk, leader, agreement, ends: Mutex::default() };
    let grown = join_all((0..count).map(|index| tree.branch(index, scope))).await;
    reached(&tree.ends)?;
    if grown.iter().all(Result::is_err) {
        let why = grown.into_iter().find_map(Result::err).unwrap_or_else(|| anyhow!("there are no modules"));
        return Err(why.context("no module has a contract, so there is no plan"));
    }
    let plan = {
        let agreement = tree.agreed();
        agreement.is_whole().then(|| agreement.joined())
    };
    // Without all of them nobody can say what does not fit.
    let Some((plan, list)) = plan.and_then(|plan| plan.listed().map(|list| (plan, list))) else { return Ok(()) };
    if *scope == Scope::Everything {
        let trunk = Trunk::new(&engine.prompts, &task.spec, &plan)?;
        tree.run(&plan, &trunk, &list).fit(scope).await;
        reached(&tree.ends)?;
    }
    tree.conclude(&plan, &list, grown.into_iter().flatten().flatten().collect());
    Ok(())
}

/// A file, with what it was made from as its module knows it.
type Made = (RelPath, Sources);

impl<'a> Tree<'a> {
    /// One module from its contract to its files. What its files were made from comes back.
    async fn branch(&self, index: usize, scope: &Scope) -> Result<Vec<Made>> {
        let module = &self.modules.modules[index];
        let failed = self.settle(index, module).await.err();
        if let Some(error) = &failed {
            note_end(&self.ends, Some(error.downcast_ref()));
            self.agreed().give_up(index);
            let (module, why) = (module.name.clone(), format!("{error:#}"));
            self.engine.events.emit(Event::ModuleFailed { module, why });
        }
        let (is_over, plan) = {
            let agreement = self.agreed();
            (agreement.is_over(), agreement.plan_of(index))
        };
        if is_over {
            self.land_plan().await;
        }
        match (failed, plan) {
            (None, Some(plan)) if *scope == Scope::Everything => self.write(&plan).await,
            (None, _) => Ok(Vec::new()),
            (Some(error), _) => Err(error),
        }
    }

    /// Has the contract written, and once more if it clashes with what is agreed. What clashes then gives way.
    async fn settle(&self, index: usize, module: &Module) -> Result<()> {
        let Engine { prompts, events, .. } = self.engine;
        let request = modules::ask_contract(prompts, &self.trunk, module)?;
        let answer = {
            let _turn = self.leader.turn().await;
            let question = Question::Module(module.name.clone());
            let started = || self.leader.arrive();
            self.engine.answer(&question, request.clone(), started, modules::read_contract).await?
        };
        let Err(clashes) = self.agreed().settle(index, &answer) else { return Ok(()) };
        let again = modules::ask_to_settle(prompts, request, &answer, &clashes)?;
        let question = Question::Clash(module.name.clone());
        let read = |reply: &crate::model::Reply| modules::read_settled(&answer, reply);
        let settled: ModuleContract = match self.engine.answer(&question, again, || (), read).await {
            Ok(settled) => settled,
            Err(error) => {
                note_end(&self.ends, Some(error.downcast_ref()));
                events.notice(format!("{question} could not be settled ({error:#}); what is agreed holds"));
                answer
            }
        };
        for clash in self.agreed().settle_by_force(index, &settled) {
            events.notice(format!("the module '{}' still clashes, and what is agreed holds: {clash}", module.name));
        }
        Ok(())
    }

    /// The files of a module: those that its contract names. Nobody is asked for another list: it would hold up the
    /// files of a module for one call each, and a contract without a list of files is no contract here.
    async fn write(&self, plan: &Plan) -> Result<Vec<Made>> {
        let Some(list) = plan.listed() else { return Ok(Vec::new()) };
        let trunk = Trunk::new(&self.engine.prompts, &self.task.spec, plan)?;
        let run = self.run(plan, &trunk, &list);
        let (_decided, verdict) = watch::channel(Some(Arc::new(list.clone())));
        join_all(list.files().iter().map(|path| run.branch(path.clone(), verdict.clone()))).await;
        let sources = |path: &RelPath| (path.clone(), run.ground.sources(path, self.task.spec.own(path)));
        Ok(list.files().iter().map(sources).collect())
    }

    /// What the branches of these files share.
    fn run<'b>(&'b self, plan: &'b Plan, trunk: &'b Trunk, list: &FileList) -> Run<'b> {
        let Tree { engine, workspace, task, ends, .. } = self;
        let ground = Ground { plan, prompts: engine.prompts.fingerprint(&WORDS), model: engine.model.id() };
        let arrivals = Arrivals::new(task.manner.sequence, plan.contract.as_ref().ok(), list.files());
        let (material, leader) = (OnceLock::new(), Leader::of(trunk.tokens()));
        Run { engine, workspace, task, ground, trunk, material, leader, ends, arrivals }
    }

    /// Writes the pieces down as one plan. What smol wrote and no module names goes only if all modules were heard.
    async fn land_plan(&self) {
        let (plan, is_whole) = {
            let agreement = self.agreed();
            (agreement.joined(), agreement.is_whole())
        };
        let Some(list) = plan.listed() else { return };
        // Half a plan takes no whole one's place.
        if is_whole || self.task.past.lineage.spec.is_empty() {
            let file = GeneratedFile { path: Plan::path(), text: plan.text.clone(), note: None };
            land(self.engine, self.workspace, file).await;
        }
        announce(self.engine, &plan);
        for Refused { path, why } in &list.refused {
            self.engine.events.emit(Event::Refused { path: path.clone(), why: why.clone() });
        }
        self.engine.events.emit(Event::ListReady { files: list.files().to_vec() });
        if is_whole {
            self.workspace.retain(list.files().iter().cloned().chain([Plan::path()]));
            self.note_idle_specs(&list);
        }
    }

    fn note_idle_specs(&self, list: &FileList) {
        for path in self.trunk.own_specs().filter(|path| !list.files().contains(path)) {
            self.engine.events.notice(format!("'{path}' has a spec of its own, but no file of this name is written"));
        }
    }

    /// Remembers the whole plan, and every file as made from it: what its module was shown is a part of it.
    fn conclude(&self, plan: &Plan, list: &FileList, files: Vec<Made>) {
        let Engine { prompts, model, .. } = self.engine;
        let Ok(contract) = &plan.contract else { return };
        let ground = Ground { plan, prompts: prompts.fingerprint(&WORDS), model: model.id() };
        let past = &self.task.past;
        self.task.note(|made| {
            made.plan = Some((self.task.spec.text.clone(), prompts.fingerprint(&RULES)));
            made.list = Some((contract.paths().map(str::to_owned).collect(), list.files().to_vec()));
            for (path, then) in files {
                let now = ground.sources(&path, self.task.spec.own(&path));
                match made.files.get_mut(&path) {
                    Some(sources) => *sources = now,
                    None if past.choose(&path, &then, true).reasons.is_empty() => {
                        let known = past.lineage.files.get(&path).cloned().unwrap_or_default();
                        made.kept.insert(path, Sources { model: known.model, prompts: known.prompts, ..now });
                    }
                    None => {}
                }
            }
        });
    }

    fn agreed(&self) -> MutexGuard<'_, Agreement<'a>> {
        self.agreement.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
