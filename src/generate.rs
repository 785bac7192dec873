//! The pipeline: the plan, then the file list and every file at the same time, each landing when it is done.

use std::{
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, Result, anyhow};
use futures::future::join_all;
use tokio::sync::watch;

use crate::{
    contract::Contract,
    engine::Engine,
    event::{Event, Question},
    file::{self, GeneratedFile, Neighbour, Surroundings},
    file_list::{self, FileList},
    model::{self, Request, provider::Rung, window},
    path::RelPath,
    plan::{self, Plan, Trunk},
    prompts::Prompts,
    report::Refused,
    signatures::signatures,
    slice::{LeftOut, Material},
    spec::Spec,
    workspace::{Landing, Workspace},
};

/// Shorter trunks are cached by no hosted service (1,024 tokens is the least that any documents),
/// so nobody has to go ahead to warm the cache.
const SHORTEST_CACHED_TRUNK: u64 = 1024;

/// A leader that is silent for so long holds nobody up any more: a warm cache is worth seconds, not minutes.
const LONGEST_LEAD: Duration = Duration::from_secs(8);

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

/// Turns `spec` into files in `workspace`.
///
/// What could not be written is an event and stands in the report.
///
/// # Errors
/// If there is no plan or no file list to go by, so that nothing can be written.
pub async fn generate(engine: &Engine, workspace: &Arc<Workspace>, spec: &Spec, scope: Scope) -> Result<()> {
    let plan = match scope {
        Scope::Everything | Scope::PlanOnly => new_plan(engine, workspace, spec).await?,
        Scope::FromPlan | Scope::Files(_) => saved_plan(engine, workspace).await?,
    };
    let trunk = Trunk::new(&engine.prompts, spec, &plan)?;
    let leader = Leader::new(trunk.tokens() >= SHORTEST_CACHED_TRUNK);
    let (material, ends) = (OnceLock::new(), Mutex::default());
    let run = Run { engine, workspace, spec, plan: &plan, trunk: &trunk, material, leader, ends };
    match scope {
        Scope::Everything | Scope::FromPlan => run.write_all(&plan).await?,
        Scope::PlanOnly => drop(run.list(&plan).await?),
        Scope::Files(paths) => run.write_again(&plan, paths).await?,
    }
    run.reached()
}

/// Reads a file of the output directory; `None` if there is none.
pub type Read<'a> = &'a dyn Fn(&RelPath) -> Result<Option<String>>;

/// Every question that `scope` puts and that is known without an answer; nothing is asked.
///
/// # Errors
/// If a plan is needed and there is none.
pub fn known_questions(
    prompts: &Prompts,
    rungs: &[Rung],
    read: Read<'_>,
    spec: &Spec,
    scope: &Scope,
) -> Result<Vec<(Question, Request)>> {
    let plan = match scope {
        Scope::Everything | Scope::PlanOnly => return Ok(vec![(Question::Plan, plan::ask(prompts, spec)?)]),
        Scope::FromPlan | Scope::Files(_) => read_plan(read)?,
    };
    let trunk = Trunk::new(prompts, spec, &plan)?;
    let of_file = |path: &RelPath, request: Result<Request>| Ok((Question::File(path.clone()), request?));
    if let Scope::Files(paths) = scope {
        let again = |path: &RelPath| {
            let around = surroundings(read, &plan, path)?;
            of_file(path, file::ask_again(prompts, &trunk, path, &around))
        };
        return paths.iter().map(again).collect();
    }
    let rung = rungs.first().copied().unwrap_or(Rung::Text);
    let list = (Question::FileList, file_list::ask(prompts, &trunk, rung)?);
    let files = plan.contract.as_ref().ok().and_then(|contract| listed(contract).ok());
    let files = files.as_ref().map_or(&[][..], FileList::files);
    let files = files.iter().map(|path| of_file(path, file::ask(prompts, &trunk, path)));
    [Ok(list)].into_iter().chain(files).collect()
}

async fn new_plan(engine: &Engine, workspace: &Arc<Workspace>, spec: &Spec) -> Result<Plan> {
    let request = plan::ask(&engine.prompts, spec)?;
    let plan = engine.answer(&Question::Plan, request, || (), plan::read).await.context("could not get a plan")?;
    let file = GeneratedFile { path: Plan::path(), text: plan.text.clone(), note: None };
    land(engine, workspace, file).await;
    announce(engine, &plan);
    Ok(plan)
}

async fn saved_plan(engine: &Engine, workspace: &Arc<Workspace>) -> Result<Plan> {
    let workspace = workspace.clone();
    let plan = tokio::task::spawn_blocking(move || read_plan(&|path| workspace.read(path))).await??;
    announce(engine, &plan);
    Ok(plan)
}

fn read_plan(read: Read<'_>) -> Result<Plan> {
    let missing = || anyhow!("there is no plan '{}' in the output directory", plan::PLAN_FILE);
    Ok(Plan::new(read(&Plan::path())?.ok_or_else(missing)?))
}

fn announce(engine: &Engine, plan: &Plan) {
    let files = plan.contract.as_ref().map_or(0, |contract| contract.files.len());
    engine.events.emit(Event::PlanReady { files, unreadable: plan.contract.as_ref().err().cloned() });
}

/// What all branches of one run share.
struct Run<'a> {
    engine: &'a Engine,
    workspace: &'a Arc<Workspace>,
    spec: &'a Spec,
    plan: &'a Plan,
    trunk: &'a Trunk,
    /// What questions are made of that do not fit; most runs need it not.
    material: OnceLock<Material<'a>>,
    leader: Leader,
    ends: Mutex<Ends>,
}

/// What became of the files' calls, as far as it decides how the run ends.
#[derive(Default)]
struct Ends {
    answered: usize,
    /// Why the service takes no question at all.
    turned_away: Option<model::Error>,
    /// Why no more may be asked.
    over_budget: Option<model::Error>,
}

/// The files that the list confirms; `None` until it stands.
type Verdict = watch::Receiver<Option<Arc<FileList>>>;

impl Run<'_> {
    /// The files of the contract start at once, beside the list; what only the list names starts with it.
    async fn write_all(&self, plan: &Plan) -> Result<()> {
        let (decide, verdict) = watch::channel(None);
        let early = plan.contract.as_ref().ok().and_then(|contract| listed(contract).ok());
        let early = early.map_or_else(Vec::new, |list| list.files().to_vec());
        let first = join_all(early.iter().map(|path| self.branch(path.clone(), verdict.clone())));
        let second = async {
            let list = Arc::new(self.list(plan).await?);
            decide.send_replace(Some(list.clone()));
            let late = list.files().iter().filter(|path| !early.contains(path));
            join_all(late.map(|path| self.branch(path.clone(), verdict.clone()))).await;
            anyhow::Ok(())
        };
        // An error of the list ends everything: without it nobody knows what may be written.
        futures::future::try_join(async { anyhow::Ok(first.await) }, second).await.map(drop)
    }

    /// Asks for the list; a model that can give none leaves it to the contract.
    async fn list(&self, plan: &Plan) -> Result<FileList> {
        let asked = self.ask_for_list().await;
        let list = match (asked, &plan.contract) {
            (Ok(list), _) => list,
            (Err(error), Ok(contract)) => {
                let Ok(list) = listed(contract) else { return Err(error.context("could not get the list of files")) };
                let notice = format!("the model gave no file list ({error:#}); the plan's own is taken");
                self.engine.events.notice(notice);
                list
            }
            (Err(error), Err(_)) => return Err(error.context("could not get the list of files")),
        };
        self.announce_list(&list);
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

    /// Writes one file, unless the list does not have it: then the call ends as soon as that is known.
    async fn branch(&self, path: RelPath, mut verdict: Verdict) {
        let request = file::ask(&self.engine.prompts, self.trunk, &path);
        let answer = {
            let mut denied = verdict.clone();
            tokio::select! {
                answer = self.answer(&path, request) => Some(answer),
                () = wait_for_denial(&path, &mut denied) => None,
            }
        };
        let Ok(list) = verdict.wait_for(Option::is_some).await.map(|list| list.clone()) else { return };
        let is_confirmed = list.is_some_and(|list| list.files().contains(&path));
        match answer.filter(|_| is_confirmed) {
            Some(answer) => self.settle(path, answer).await,
            None => self.engine.events.emit(Event::Dropped { path }),
        }
    }

    /// Asks for each of `paths` as it stands on disk.
    async fn write_again(&self, plan: &Plan, paths: Vec<RelPath>) -> Result<()> {
        let list =
            FileList::new(paths.into_iter().map(String::from)).map_err(|why| anyhow!("no file to write: {why}"))?;
        self.announce_list(&list);
        join_all(list.files().iter().map(|path| self.branch_again(plan, path.clone()))).await;
        Ok(())
    }

    async fn branch_again(&self, plan: &Plan, path: RelPath) {
        let looked = {
            let (workspace, plan, path) = (self.workspace.clone(), plan.clone(), path.clone());
            tokio::task::spawn_blocking(move || surroundings(&|path| workspace.read(path), &plan, &path)).await
        };
        let request = match looked.map_err(anyhow::Error::from).flatten() {
            Ok(surroundings) => file::ask_again(&self.engine.prompts, self.trunk, &path, &surroundings),
            Err(error) => Err(error),
        };
        let answer = self.answer(&path, request).await;
        self.settle(path, answer).await;
    }

    async fn answer(&self, path: &RelPath, request: Result<Request>) -> Result<GeneratedFile> {
        let (whole, question) = (request?, Question::File(path.clone()));
        let known = self.engine.model.window();
        let (request, left_out) = self.fitted(&question, whole.clone(), known)?;
        self.say(&question, known, left_out);
        let _turn = self.leader.turn().await;
        let ask =
            |request| self.engine.answer(&question, request, || self.leader.arrive(), |reply| file::read(path, reply));
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
        let material = self.material.get_or_init(|| Material::new(&self.engine.prompts, self.spec, self.plan));
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
            Ok(file) => land(self.engine, self.workspace, file).await,
            Err(error) => self.engine.events.emit(Event::Failed { path, why: format!("{error:#}") }),
        }
    }

    fn note_end(&self, error: Option<Option<&model::Error>>) {
        let mut ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner);
        match error {
            None => ends.answered += 1,
            Some(Some(error @ model::Error::OverBudget { .. })) => ends.over_budget = Some(error.clone()),
            Some(Some(error)) if error.is_about_access() => ends.turned_away = Some(error.clone()),
            Some(_) => {}
        }
    }

    /// An error if no more could be asked for the money, or if no file got an answer, because the service could not be
    /// reached or took no question.
    fn reached(&self) -> Result<()> {
        let ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner);
        match (&ends.over_budget, &ends.turned_away, ends.answered) {
            (Some(error), _, _) | (None, Some(error), 0) => Err(error.clone().into()),
            _ => Ok(()),
        }
    }
}

fn listed(contract: &Contract) -> Result<FileList, String> {
    FileList::new(contract.paths().map(str::to_owned))
}

/// Returns when the list stands and does not have `path`; never returns when it does.
async fn wait_for_denial(path: &RelPath, verdict: &mut Verdict) {
    let denied = |list: &Option<Arc<FileList>>| list.as_ref().is_some_and(|list| !list.files().contains(path));
    if verdict.wait_for(denied).await.is_err() {
        std::future::pending().await
    }
}

/// The first branch goes ahead alone until its first token: by then its trunk is in the service's prefix cache,
/// and the others find it there. (Anthropic documents just this; the others behave so.)
struct Leader {
    is_taken: AtomicBool,
    has_arrived: watch::Sender<bool>,
}

impl Leader {
    fn new(is_needed: bool) -> Leader {
        Leader { is_taken: AtomicBool::new(!is_needed), has_arrived: watch::Sender::new(!is_needed) }
    }

    /// Waits, unless this branch is the leader. A leader that fails before its first token lets the others go.
    async fn turn(&self) -> Option<impl Drop + '_> {
        if !self.is_taken.swap(true, Ordering::Relaxed) {
            return Some(Going(self));
        }
        let mut arrival = self.has_arrived.subscribe();
        let _ = tokio::time::timeout(LONGEST_LEAD, arrival.wait_for(|has_arrived| *has_arrived)).await;
        None
    }

    fn arrive(&self) {
        self.has_arrived.send_if_modified(|has_arrived| !std::mem::replace(has_arrived, true));
    }
}

struct Going<'a>(&'a Leader);

impl Drop for Going<'_> {
    fn drop(&mut self) {
        self.0.arrive();
    }
}

/// What stands on disk of a file and of those that it uses.
fn surroundings(read: Read<'_>, plan: &Plan, path: &RelPath) -> Result<Surroundings> {
    let uses = plan.contract.as_ref().ok().and_then(|contract| contract.file(path)).map(|file| file.uses.as_slice());
    let mut neighbours = Vec::new();
    for used in uses.unwrap_or_default() {
        let Ok(path) = RelPath::parse(&used.path) else { continue };
        if let Some(text) = read(&path)? {
            neighbours.push(Neighbour { signatures: signatures(&path, &text), path });
        }
    }
    Ok(Surroundings { present: read(path)?, neighbours })
}

/// Puts a file on disk and tells how that went.
async fn land(engine: &Engine, workspace: &Arc<Workspace>, file: GeneratedFile) {
    let GeneratedFile { path, text, note } = file;
    if let Some(note) = note {
        engine.events.notice(format!("'{path}': {note}"));
    }
    let lines = text.lines().count();
    let landing = {
        let (workspace, path) = (workspace.clone(), path.clone());
        tokio::task::spawn_blocking(move || workspace.land(&path, &text)).await.map_err(anyhow::Error::from).flatten()
    };
    engine.events.emit(match landing {
        Ok(Landing::Written) => Event::Written { path, lines },
        Ok(Landing::Unchanged) => Event::Unchanged { path, lines },
        Ok(Landing::Kept { kept_at, why }) => Event::Kept { path, kept_at, why: why.to_owned() },
        Err(error) => Event::Failed { path, why: format!("{error:#}") },
    });
}
