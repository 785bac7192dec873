//! The pipeline: the plan, then the file list and every file at the same time, each landing when it is done; in the end
//! they are checked against each other.

mod ends;
mod mending;

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use anyhow::{Context, Result, anyhow};
use futures::future::join_all;
use tokio::sync::watch;

use self::ends::Ends;
pub use self::mending::check_again;
use crate::{
    contract::Contract,
    engine::Engine,
    event::{Chosen, Event, Question},
    file::{self, GeneratedFile},
    file_list::{self, FileList},
    landing,
    leader::Leader,
    lineage::{Ground, Reason},
    model::{self, Request, window},
    path::RelPath,
    plan::{self, Plan, Trunk},
    questions::{self, Shelf},
    repair::Repair,
    report::Refused,
    rerun::{Made, Past, Planning, RULES, WORDS},
    slice::{LeftOut, Material},
    spec::Spec,
    workspace::{Landing, Workspace},
};

/// How much of the pipeline runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    Everything,
    /// Stop when plan and list stand.
    PlanOnly,
    /// Take the plan from the output directory, edited or not.
    FromPlan,
    /// Ask for these files again, from the plan in the output directory; touch nothing else.
    Files(Vec<RelPath>),
}

/// What is to be made, what has been made before, and what this run has made of it until now.
pub struct Task {
    pub spec: Spec,
    pub past: Past,
    pub repair: Repair,
    made: Mutex<Made>,
}

impl Task {
    pub fn new(spec: Spec, past: Past, repair: Repair) -> Task {
        Task { spec, past, repair, made: Mutex::default() }
    }

    /// What was made, whether or not it has landed.
    pub fn made(&self) -> Made {
        self.note(|made| made.clone())
    }

    fn note<T>(&self, note: impl FnOnce(&mut Made) -> T) -> T {
        note(&mut self.made.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Turns `task.spec` into files in `workspace`.
///
/// What could not be written is an event and stands in the report.
///
/// # Errors
/// If there is no plan or no file list to go by, so that nothing can be written.
pub async fn generate(engine: &Engine, workspace: &Arc<Workspace>, task: &Task, scope: Scope) -> Result<()> {
    let spec = &task.spec;
    let plan = match scope {
        Scope::Everything | Scope::PlanOnly => plan_for(engine, workspace, task).await?,
        Scope::FromPlan | Scope::Files(_) => saved_plan(engine, workspace).await?,
    };
    let trunk = Trunk::new(&engine.prompts, spec, &plan)?;
    let leader = Leader::of(trunk.tokens());
    let (material, ends) = (OnceLock::new(), Mutex::default());
    let prompts = engine.prompts.fingerprint(&WORDS);
    let ground = Ground { plan: &plan, prompts, model: engine.model.id() };
    let run = Run { engine, workspace, task, ground, trunk: &trunk, material, leader, ends };
    match &scope {
        Scope::Everything | Scope::FromPlan => run.write_all(&plan).await?,
        Scope::PlanOnly => return run.list(&plan).await.map(drop),
        Scope::Files(paths) => run.write_again(&plan, paths).await?,
    }
    run.reached()?;
    run.fit(&scope).await;
    run.reached()
}

/// The plan on disk, if it holds; else a new one, which changes the old one as little as the spec has changed.
async fn plan_for(engine: &Engine, workspace: &Arc<Workspace>, task: &Task) -> Result<Plan> {
    let saved = {
        let workspace = workspace.clone();
        tokio::task::spawn_blocking(move || workspace.read(&Plan::path())).await??.map(Plan::new)
    };
    let Task { spec, past, .. } = task;
    let answer = match (past.planning(spec, &engine.prompts, saved.is_some()), saved) {
        (Planning::Saved, Some(saved)) => {
            announce(engine, &saved);
            return Ok(saved);
        }
        (Planning::Again { old }, Some(saved)) => {
            let request = plan::ask_again(&engine.prompts, &old, &saved, spec)?;
            engine.answer(&Question::Plan, request, || (), |reply| plan::read_again(&saved, reply)).await
        }
        (Planning::New | Planning::Again { .. } | Planning::Saved, _) => {
            engine.answer(&Question::Plan, plan::ask(&engine.prompts, spec)?, || (), plan::read).await
        }
    };
    let plan = answer.context("could not get a plan")?;
    let file = GeneratedFile { path: Plan::path(), text: plan.text.clone(), note: None };
    land(engine, workspace, file).await;
    let rules = engine.prompts.fingerprint(&RULES);
    task.note(|made| made.plan = Some((spec.text.clone(), rules)));
    announce(engine, &plan);
    Ok(plan)
}

fn shelf(workspace: &Workspace) -> Shelf<'_> {
    Shelf { directory: workspace.name(), read: Box::new(|path| workspace.read(path)) }
}

async fn saved_plan(engine: &Engine, workspace: &Arc<Workspace>) -> Result<Plan> {
    let workspace = workspace.clone();
    let plan = tokio::task::spawn_blocking(move || questions::plan(&shelf(&workspace))).await??;
    announce(engine, &plan);
    Ok(plan)
}

fn announce(engine: &Engine, plan: &Plan) {
    let files = plan.contract.as_ref().map_or(0, |contract| contract.files.len());
    engine.events.emit(Event::PlanReady { files, unreadable: plan.contract.as_ref().err().cloned() });
}

/// What all branches of one run share.
struct Run<'a> {
    engine: &'a Engine,
    workspace: &'a Arc<Workspace>,
    task: &'a Task,
    ground: Ground<'a>,
    trunk: &'a Trunk,
    /// What questions are made of that do not fit; most runs need it not.
    material: OnceLock<Material<'a>>,
    leader: Leader,
    ends: Mutex<Ends>,
}

/// The question for a file, and the text on disk that it shows.
struct Asked {
    request: Request,
    present: Option<String>,
}

/// The files that the list confirms; `None` until it stands.
type Verdict = watch::Receiver<Option<Arc<FileList>>>;

impl Run<'_> {
    /// The files of the contract start at once, beside the list; what only the list names starts with it.
    async fn write_all(&self, plan: &Plan) -> Result<()> {
        let (decide, verdict) = watch::channel(None);
        let early = plan.listed().map_or_else(Vec::new, |list| list.files().to_vec());
        let first = join_all(early.iter().map(|path| self.branch(path.clone(), verdict.clone())));
        let second = async {
            let list = Arc::new(self.list(plan).await?);
            self.workspace.retain(list.files().iter().cloned().chain([Plan::path()]));
            decide.send_replace(Some(list.clone()));
            let late = list.files().iter().filter(|path| !early.contains(path));
            join_all(late.map(|path| self.branch(path.clone(), verdict.clone()))).await;
            anyhow::Ok(())
        };
        // An error of the list ends everything: without it nobody knows what may be written.
        futures::future::try_join(async { anyhow::Ok(first.await) }, second).await.map(drop)
    }

    /// The list that still holds, or a new one; a model that can give none leaves it to the contract.
    async fn list(&self, plan: &Plan) -> Result<FileList> {
        let list = match self.task.past.list(plan) {
            Some(list) => list,
            None => match (self.ask_for_list().await, plan.listed()) {
                (Ok(list), _) => list,
                (Err(error), Some(list)) => {
                    let notice = format!("the model gave no file list ({error:#}); the plan's own is taken");
                    self.engine.events.notice(notice);
                    // It stands in for the list in this run; the next one asks again.
                    self.announce_list(&list);
                    return Ok(list);
                }
                (Err(error), None) => return Err(error.context("could not get the list of files")),
            },
        };
        let paths = |contract: &Contract| contract.paths().map(str::to_owned).collect();
        let paths = plan.contract.as_ref().map_or_else(|_| Vec::new(), paths);
        self.task.note(|made| made.list = Some((paths, list.files().to_vec())));
        self.announce_list(&list);
        for path in self.trunk.own_specs().filter(|path| !list.files().contains(path)) {
            self.engine.events.notice(format!("'{path}' has a spec of its own, but no file of this name is written"));
        }
        Ok(list)
    }

    fn announce_list(&self, list: &FileList) {
        for Refused { path, why } in &list.refused {
            self.engine.events.emit(Event::Refused { path: path.clone(), why: why.clone() });
        }
        self.engine.events.emit(Event::ListReady { files: list.files().to_vec() });
    }

    /// Asks by the best way that the model has, and by the next one when it refuses that.
    async fn ask_for_list(&self) -> Result<FileList> {
        let Engine { model, prompts, events, .. } = self.engine;
        let mut refused = anyhow!("the model has no way to be asked for a list");
        for (index, rung) in model.rungs().iter().enumerate() {
            let request = file_list::ask(prompts, self.trunk, *rung)?;
            let (request, left_out) = self.fitted(&Question::FileList, request, model.window())?;
            if index == 0 {
                self.say(&Question::FileList, model.window(), left_out);
            }
            match self.engine.answer(&Question::FileList, request, || (), file_list::read).await {
                Err(error) if error.downcast_ref().is_some_and(model::Error::is_about_the_form) => {
                    if !matches!(error.downcast_ref(), Some(model::Error::NotRecorded { .. })) {
                        events.notice(format!("this model does not list files so ({error}); asking in another way"));
                    }
                    refused = error;
                }
                answer => {
                    if index > 0 && answer.is_ok() {
                        events.emit(Event::Stepped { rung: *rung });
                    }
                    return answer;
                }
            }
        }
        Err(refused)
    }

    /// Writes one file if it has to be, unless the list does not have it: then the call ends as soon as that is known.
    async fn branch(&self, path: RelPath, mut verdict: Verdict) {
        let chosen = self.choose(&path).await;
        if chosen.reasons.is_empty() {
            return self.engine.events.emit(Event::Chosen(chosen));
        }
        let asked = self.request(&path, &chosen.reasons).await;
        let answer = {
            let mut denied = verdict.clone();
            tokio::select! {
                answer = self.answer(Question::File(path.clone()), &path, asked) => Some(answer),
                () = wait_for_denial(&path, &mut denied) => None,
            }
        };
        let Ok(list) = verdict.wait_for(Option::is_some).await.map(|list| list.clone()) else { return };
        let is_confirmed = list.is_some_and(|list| list.files().contains(&path));
        match answer.filter(|_| is_confirmed) {
            Some(answer) => {
                self.engine.events.emit(Event::Chosen(chosen));
                self.settle(path, answer).await;
            }
            None => self.engine.events.emit(Event::Dropped { path }),
        }
    }

    /// Asks for each of `paths` as it stands on disk.
    async fn write_again(&self, plan: &Plan, paths: &[RelPath]) -> Result<()> {
        let list =
            FileList::new(paths.iter().map(RelPath::to_string)).map_err(|why| anyhow!("no file to write: {why}"))?;
        self.announce_list(&list);
        join_all(list.files().iter().map(|path| self.branch_again(plan, path.clone()))).await;
        Ok(())
    }

    async fn choose(&self, path: &RelPath) -> Chosen {
        let is_there = {
            let (workspace, path) = (self.workspace.clone(), path.clone());
            // A file that cannot be read is there all the same.
            tokio::task::spawn_blocking(move || !matches!(workspace.read(&path), Ok(None))).await.unwrap_or(true)
        };
        self.task.past.choose(path, &self.ground.sources(path, self.task.spec.own(path)), is_there)
    }

    /// The question for a file: as for a new one, or as it stands on disk where it was made before.
    async fn request(&self, path: &RelPath, reasons: &[Reason]) -> Result<Asked> {
        if reasons.iter().any(|reason| matches!(reason, Reason::New | Reason::Missing)) {
            return Ok(Asked { request: file::ask(&self.engine.prompts, self.trunk, path)?, present: None });
        }
        self.request_again(self.ground.plan, path).await
    }

    async fn request_again(&self, plan: &Plan, path: &RelPath) -> Result<Asked> {
        let surroundings = {
            let (workspace, plan, path) = (self.workspace.clone(), plan.clone(), path.clone());
            tokio::task::spawn_blocking(move || questions::surroundings(&shelf(&workspace), &plan, &path)).await??
        };
        let request = file::ask_again(&self.engine.prompts, self.trunk, path, &surroundings)?;
        Ok(Asked { request, present: surroundings.present })
    }

    async fn branch_again(&self, plan: &Plan, path: RelPath) {
        let asked = self.request_again(plan, &path).await;
        let answer = self.answer(Question::File(path.clone()), &path, asked).await;
        self.settle(path, answer).await;
    }

    /// Puts a question that is answered by the text of a file.
    async fn answer(&self, question: Question, path: &RelPath, asked: Result<Asked>) -> Result<GeneratedFile> {
        let Asked { request: whole, present } = asked?;
        let known = self.engine.model.window();
        let (request, left_out) = self.fitted(&question, whole.clone(), known)?;
        self.say(&question, known, left_out);
        let _turn = self.leader.turn().await;
        let read = |reply: &model::Reply| file::read_again(path, present.as_deref(), reply);
        let ask = |request| self.engine.answer(&question, request, || self.leader.arrive(), read);
        let estimated = window::tokens_of(&request);
        let error = match ask(request).await {
            Ok(file) => return Ok(file),
            Err(error) => error,
        };
        // The server counts more tokens than were estimated, or so long an answer has filled the window.
        let Some(model::Error::TooLong { needed, window }) = error.downcast_ref().cloned() else { return Err(error) };
        let smaller = window::as_estimated(window, estimated, needed);
        let Ok((request, Some(left_out))) = self.fitted(&question, whole, Some(smaller)) else { return Err(error) };
        self.say(&question, Some(window), Some(left_out));
        ask(request).await
    }

    /// The question, and what was left out of it if the whole does not fit into the window.
    fn fitted(&self, question: &Question, request: Request, window: Option<u64>) -> Result<(Request, Option<LeftOut>)> {
        let Some(window) = window.filter(|window| window::check(&request, *window).is_err()) else {
            return Ok((request, None));
        };
        let material =
            self.material.get_or_init(|| Material::new(&self.engine.prompts, &self.task.spec, self.ground.plan));
        let (request, left_out) = material.slice(question, &request, window)?;
        Ok((request, Some(left_out)))
    }

    fn say(&self, question: &Question, window: Option<u64>, left_out: Option<LeftOut>) {
        if let (Some(window), Some(left_out)) = (window, left_out) {
            self.engine.events.emit(Event::Sliced { question: question.clone(), window, left_out });
        }
    }

    async fn settle(&self, path: RelPath, answer: Result<GeneratedFile>) {
        self.note_end(answer.as_ref().err().map(|error| error.downcast_ref()));
        match answer {
            Ok(file) => {
                let sources = self.ground.sources(&path, self.task.spec.own(&path));
                self.task.note(|made| made.files.insert(path, sources));
                land(self.engine, self.workspace, file).await;
            }
            Err(error) => self.engine.events.emit(Event::Failed { path, why: format!("{error:#}") }),
        }
    }
}

/// Returns when the list stands and does not have `path`; never returns when it does.
async fn wait_for_denial(path: &RelPath, verdict: &mut Verdict) {
    let denied = |list: &Option<Arc<FileList>>| list.as_ref().is_some_and(|list| !list.files().contains(path));
    if verdict.wait_for(denied).await.is_err() {
        std::future::pending().await
    }
}

/// Hands a file to the workspace and tells how that went.
async fn land(engine: &Engine, workspace: &Arc<Workspace>, file: GeneratedFile) {
    let GeneratedFile { path, text, note } = file;
    if let Some(note) = note {
        engine.events.notice(format!("'{path}': {note}"));
    }
    let landing = {
        let (workspace, path) = (workspace.clone(), path.clone());
        tokio::task::spawn_blocking(move || workspace.land(&path, text)).await.map_err(anyhow::Error::from).flatten()
    };
    landing::tell(&engine.events, path, landing.unwrap_or_else(|error| Landing::Failed { why: format!("{error:#}") }));
}
