//! `smol gen --watch`: runs again when what it was made from changes, and stops the run that is overtaken.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::Instant,
};

use anyhow::{Context, Result, anyhow};
use smol_dev::{
    event::Event,
    generate::Scope,
    plan::{PLAN_FILE, Plan},
    report::Outcome,
    spec::SpecSource,
    workspace::{Inputs, Stirs, Watch},
};
use tokio::sync::oneshot;

use crate::{
    Failure,
    cli::GenArgs,
    decided::{Decided, decide, prompt},
    face::{BOLD, Face, say},
    failed,
    generate::{Turn, once},
    run::{Told, interrupted},
    runtime::Runtime,
};

/// Where the specs of single files are, beside the prompt.
const SPECS: &str = "specs";

/// Why the present state, a run or a rest, ends.
enum Cause {
    Interrupted,
    Changed(Vec<PathBuf>),
}

/// What ends a state.
struct Causes {
    interrupt: oneshot::Receiver<Result<()>>,
    stirs: Stirs,
    watch: Arc<Mutex<Watch>>,
}

/// Runs now and after every change; comes back with Ctrl-C, or when not even the first run could begin.
pub fn run(args: &GenArgs, scope: Scope, face: &Face) -> Result<Outcome, Failure> {
    let SpecSource::File(prompt) = SpecSource::of(prompt(args)) else {
        return Err(Failure::Usage(anyhow!("--watch needs a prompt in a file, so that there is something to watch")));
    };
    let mut decided = decide(args, face).map_err(Failure::Usage)?;
    let plan = Path::new(&decided.settings.out).join(PLAN_FILE);
    let (watch, stirs) = Watch::begin(inputs(&prompt, &plan, &scope, &decided)).map_err(Failure::Usage)?;
    let watch = Arc::new(Mutex::new(watch));
    let mut causes = Causes { interrupt: listen().map_err(Failure::Usage)?, stirs, watch: watch.clone() };
    let (mut scope_now, mut notices) = (scope.clone(), Vec::new());
    let mut is_first = true;
    loop {
        let started = Instant::now();
        let mut cause = None;
        let stop = async { causes.next().await.map(|next| cause = Some(next)) };
        let told = Some(told(&watch, &plan));
        let ended = once(args, Turn { decided, scope: scope_now, notices, told, started }, face, stop);
        match ended {
            Err(failure @ Failure::Usage(_)) if is_first => return Err(failure),
            Err(failure) => drop(failed(failure, face)),
            Ok(_) => {}
        }
        is_first = false;
        // What is typed in between may be no prompt at all, and is said; then the next change is waited for.
        decided = loop {
            let next = match cause.take() {
                Some(cause) => cause,
                None => {
                    status(face, &prompt, &plan);
                    rest(&mut causes).map_err(Failure::Run)?
                }
            };
            let Cause::Changed(paths) = next else { return Ok(Outcome::Interrupted) };
            scope_now = if paths == [plan.clone()] { of_plan(&scope) } else { scope.clone() };
            notices = vec![format!("{} changed, so it runs again", names(&paths))];
            match decide(args, face) {
                Ok(decided) => {
                    let inputs = inputs(&prompt, &plan, &scope, &decided);
                    lock(&watch).follow(inputs).map_err(Failure::Run)?;
                    break decided;
                }
                Err(error) => drop(failed(Failure::Usage(error), face)),
            }
        };
    }
}

impl Causes {
    async fn next(&mut self) -> Result<Cause> {
        loop {
            tokio::select! {
                interrupted = &mut self.interrupt => {
                    return interrupted.context("could not listen for Ctrl-C")?.map(|()| Cause::Interrupted);
                }
                () = self.stirs.settle() => {}
            }
            let changed = lock(&self.watch).changed()?;
            if !changed.is_empty() {
                return Ok(Cause::Changed(changed));
            }
        }
    }
}

/// Listens all the time, since every run has a runtime of its own, and between two of them there is none.
fn listen() -> Result<oneshot::Receiver<Result<()>>> {
    let (tell, told) = oneshot::channel();
    let runtime = Runtime::new().context("could not listen for Ctrl-C")?;
    thread::spawn(move || {
        let _ = tell.send(runtime.block_on(interrupted()));
    });
    Ok(told)
}

fn rest(causes: &mut Causes) -> Result<Cause> {
    Runtime::new().context("could not wait for a change")?.block_on(causes.next())
}

fn inputs(prompt: &str, plan: &Path, scope: &Scope, decided: &Decided) -> Inputs {
    let prompt = PathBuf::from(prompt);
    let specs = prompt.with_file_name(SPECS);
    // Where the plan is all that is wanted, it is not what the run is made from.
    let plan = (*scope != Scope::PlanOnly).then(|| plan.to_owned());
    Inputs {
        files: [prompt].into_iter().chain(plan).chain(decided.included.iter().cloned()).collect(),
        folders: [specs].into(),
    }
}

/// The plan that smol itself wrote is no change.
fn told(watch: &Arc<Mutex<Watch>>, plan: &Path) -> Told {
    let (watch, plan) = (watch.clone(), plan.to_owned());
    Arc::new(move |event| {
        if let Event::Written { path, .. } | Event::Merged { path, .. } | Event::Unchanged { path, .. } = event
            && *path == Plan::path()
        {
            // If it cannot be watched any more, whoever waits for the next change hears of it.
            let _ = lock(&watch).accept(&plan);
        }
    })
}

/// What a change of the plan alone asks for: a new plan would take the person's away.
fn of_plan(scope: &Scope) -> Scope {
    match scope {
        Scope::Everything | Scope::FromPlan => Scope::FromPlan,
        Scope::PlanOnly | Scope::Files(_) => scope.clone(),
    }
}

fn status(face: &Face, prompt: &str, plan: &Path) {
    if face.is_for_people() {
        let plan = plan.display();
        say(&format!("{BOLD}watch{BOLD:#}  waiting for a change of {prompt}, {SPECS}/ or {plan}; Ctrl-C ends it"));
    }
}

fn names(paths: &[PathBuf]) -> String {
    let names: Vec<String> = paths.iter().map(|path| format!("'{}'", path.display())).collect();
    names.join(", ")
}

fn lock(watch: &Mutex<Watch>) -> MutexGuard<'_, Watch> {
    watch.lock().unwrap_or_else(PoisonError::into_inner)
}
