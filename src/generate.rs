//! The pipeline: the plan, then the file list and every file at the same time, each landing when it is done; in the end
//! they are checked against each other.

mod arrivals;
mod ends;
mod listing;
mod mending;
mod tree;

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use anyhow::{Context, Result, anyhow};
use futures::future::join_all;
use tokio::sync::watch;

pub use self::mending::check_again;
use self::{
    arrivals::{Arrivals, Place},
    ends::Ends,
};
use crate::{
    engine::Engine,
    event::{Chosen, Event, Question},
    file::{self, GeneratedFile, Surroundings},
    file_list::FileList,
    landing,
    leader::Leader,
    lineage::{Ground, Reason},
    model::{self, Request, window},
    modules::{self, First, Shape},
    path::RelPath,
    plan::{self, Plan, Trunk},
    questions::{self, Shelf},
    repair::Repair,
    rerun::{Made, Past, Planning, RULES, WORDS},
    sequence::Sequence,
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

/// How it is to be made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Manner {
    pub repair: Repair,
    pub sequence: Sequence,
    pub shape: Shape,
}

/// What is to be made, what has been made before, and what this run has made of it until now.
pub struct Task {
    pub spec: Spec,
    pub past: Past,
    pub manner: Manner,
    made: Mutex<Made>,
}

impl Task {
    pub fn new(spec: Spec, past: Past, manner: Manner) -> Task {
        Task { spec, past, manner, made: Mutex::default() }
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
        Scope::Everything | Scope::PlanOnly => match plan_for(engine, workspace, task).await? {
            First::Plan(plan) => plan,
            First::Trunk(modules) => return tree::grow(engine, workspace, task, &modules, &scope).await,
        },
        Scope::FromPlan | Scope::Files(_) => saved_plan(engine, workspace).await?,
    };
    let trunk = Trunk::new(&engine.prompts, spec, &plan)?;
    let leader = Leader::of(trunk.tokens());
    let (material, ends) = (OnceLock::new(), &Mutex::default());
    let prompts = engine.prompts.fingerprint(&WORDS);
    let ground = Ground { plan: &plan, prompts, model: engine.model.id() };
    let files = match &scope {
        Scope::Files(paths) => paths.clone(),
        Scope::Everything | Scope::FromPlan | Scope::PlanOnly => {
            plan.listed().map_or_else(Vec::new, |list| list.files().to_vec())
        }
    };
    let arrivals = Arrivals::new(task.manner.sequence, plan.contract.as_ref().ok(), &files);
    let run = Run { engine, workspace, task, ground, trunk: &trunk, material, leader, ends, arrivals };
    match &scope {
        Scope::Everything | Scope::FromPlan => run.write_all(&plan).await?,
        Scope::PlanOnly => return run.list(&plan).await.map(drop),
        Scope::Files(paths) => run.write_again(paths).await?,
    }
    run.reached()?;
    run.fit(&scope).await;
    run.reached()
}

/// The plan on disk, if it holds; else a new one, which changes the old one as little as the spec has changed. Of a large
/// project it may be the trunk alone.
async fn plan_for(engine: &Engine, workspace: &Arc<Workspace>, task: &Task) -> Result<First> {
    let saved = {
        let workspace = workspace.clone();
        tokio::task::spawn_blocking(move || workspace.read(&Plan::path())).await??.map(Plan::new)
    };
    let Task { spec, past, .. } = task;
    let answer = match (past.planning(spec, &engine.prompts, saved.is_some()), saved) {
        (Planning::Saved, Some(saved)) => {
            announce(engine, &saved);
            return Ok(First::Plan(saved));
        }
        (Planning::Again { old }, Some(saved)) => {
            let request = plan::ask_again(&engine.prompts, &old, &saved, spec)?;
            engine.answer(&Question::Plan, request, || (), |reply| plan::read_again(&saved, reply)).await
        }
        (Planning::New | Planning::Again { .. } | Planning::Saved, _) => {
            match first_answer(engine, spec, task.manner.shape).await.context("could not get a plan")? {
                First::Plan(plan) => Ok(plan),
                First::Trunk(modules) => return Ok(First::Trunk(modules)),
            }
        }
    };
    let plan = answer.context("could not get a plan")?;
    let file = GeneratedFile { path: Plan::path(), text: plan.text.clone(), note: None };
    land(engine, workspace, file).await;
    let rules = engine.prompts.fingerprint(&RULES);
    task.note(|made| made.plan = Some((spec.text.clone(), rules)));
    announce(engine, &plan);
    Ok(First::Plan(plan))
}

/// A plan or its trunk. Of a model whose trunk cannot be read, as of a small one, the plan is asked for at once.
async fn first_answer(engine: &Engine, spec: &Spec, shape: Shape) -> Result<First> {
    let request = modules::ask(&engine.prompts, spec, shape)?;
    let flat = plan::ask(&engine.prompts, spec)?;
    if request != flat {
        match engine.answer(&Question::Plan, request, || (), modules::read).await {
            Err(error) if error.downcast_ref::<model::Error>().is_none() => {
                let notice = format!("the project could not be planned in modules ({error:#}); it is planned at once");
                engine.events.notice(notice);
            }
            answer => return answer,
        }
    }
    engine.answer(&Question::Plan, flat, || (), plan::read).await.map(First::Plan)
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
    ends: &'a Mutex<Ends>,
    arrivals: Arrivals,
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

    /// Writes one file if it has to be, unless the list does not have it: then the call ends as soon as that is known.
    async fn branch(&self, path: RelPath, mut verdict: Verdict) {
        let place = self.arrivals.place(&path);
        let chosen = self.choose(&path).await;
        if chosen.reasons.is_empty() {
            return self.engine.events.emit(Event::Chosen(chosen));
        }
        let answer = {
            let mut denied = verdict.clone();
            tokio::select! {
                answer = self.written(&path, &chosen.reasons, &place) => Some(answer),
                () = wait_for_denial(&path, &mut denied) => None,
            }
        };
        let Ok(list) = verdict.wait_for(Option::is_some).await.map(|list| list.clone()) else { return };
        let is_confirmed = list.is_some_and(|list| list.files().contains(&path));
        match answer.filter(|_| is_confirmed) {
            Some(answer) => {
                self.engine.events.emit(Event::Chosen(chosen));
                self.settle(path.clone(), answer).await;
            }
            None => self.engine.events.emit(Event::Dropped { path: path.clone() }),
        }
    }

    /// The file, asked for when its turn has come; with that those may go on that wait for it.
    async fn written(&self, path: &RelPath, reasons: &[Reason], place: &Place<'_>) -> Result<GeneratedFile> {
        place.turn().await;
        let asked = self.request(path, reasons).await;
        let file = self.answer(Question::File(path.clone()), path, asked).await?;
        place.arrive(&file);
        Ok(file)
    }

    /// Asks for each of `paths` as it stands on disk.
    async fn write_again(&self, paths: &[RelPath]) -> Result<()> {
        let list =
            FileList::new(paths.iter().map(RelPath::to_string)).map_err(|why| anyhow!("no file to write: {why}"))?;
        self.announce_list(&list);
        join_all(list.files().iter().map(|path| self.branch_again(path.clone()))).await;
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
            let (prompts, trunk) = (&self.engine.prompts, self.trunk);
            let neighbours = match self.task.manner.sequence {
                Sequence::Together => Vec::new(),
                Sequence::AfterUses => self.surroundings(path).await?.neighbours,
            };
            let request = match neighbours.is_empty() {
                true => file::ask(prompts, trunk, path)?,
                false => file::ask_after(prompts, trunk, path, &neighbours)?,
            };
            return Ok(Asked { request, present: None });
        }
        self.request_again(path).await
    }

    async fn request_again(&self, path: &RelPath) -> Result<Asked> {
        let surroundings = self.surroundings(path).await?;
        let request = file::ask_again(&self.engine.prompts, self.trunk, path, &surroundings)?;
        Ok(Asked { request, present: surroundings.present })
    }

    /// What is on disk of the file and of those that it uses, and of these what this run has written, if it waited.
    async fn surroundings(&self, path: &RelPath) -> Result<Surroundings> {
        let mut surroundings = {
            let (workspace, plan, path) = (self.workspace.clone(), self.ground.plan.clone(), path.clone());
            tokio::task::spawn_blocking(move || questions::surroundings(&shelf(&workspace), &plan, &path)).await??
        };
        self.arrivals.amend(&mut surroundings.neighbours, &questions::used(self.ground.plan, path));
        Ok(surroundings)
    }

    async fn branch_again(&self, path: RelPath) {
        let place = self.arrivals.place(&path);
        place.turn().await;
        let asked = self.request_again(&path).await;
        let answer = self.answer(Question::File(path.clone()), &path, asked).await;
        answer.iter().for_each(|file| place.arrive(file));
        self.settle(path.clone(), answer).await;
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
