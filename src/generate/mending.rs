//! The last part of a run: the check of its files, and one more question for each that does not fit. What is taken of
//! the answers is decided in [`crate::repair`].

use std::{collections::BTreeMap, sync::Arc};

use anyhow::Result;
use futures::future::join_all;

use super::{Asked, Run, Scope, Task};
use crate::{
    check::Misfit,
    engine::Engine,
    event::{Event, Question},
    file::GeneratedFile,
    lineage::Sources,
    model,
    path::RelPath,
    repair::{self, Case, Repair, State},
    workspace::{Prospect, Workspace},
};

impl Run<'_> {
    /// Checks the project as it will stand, and has the files of this run that do not fit written once more.
    pub(super) async fn fit(&self, scope: &Scope) {
        let events = &self.engine.events;
        let looked = {
            let workspace = self.workspace.clone();
            tokio::task::spawn_blocking(move || look(&workspace)).await.map_err(anyhow::Error::from).flatten()
        };
        let (state, prospect) = match looked {
            Ok(looked) => looked,
            Err(error) => return events.notice(format!("whether the files fit together was not checked: {error:#}")),
        };
        self.tell(&state);
        let contract = self.ground.plan.contract.as_ref().ok();
        let cases = repair::cases(&state, contract, &prospect.own, &self.expected(scope));
        if self.task.manner.repair == Repair::Once && !cases.is_empty() {
            self.mend(state, cases).await;
        }
    }

    /// The files that there are to be, as far as anybody knows.
    fn expected(&self, scope: &Scope) -> Vec<RelPath> {
        let plan = self.ground.plan;
        let listed = match scope {
            Scope::Files(_) => None,
            Scope::Everything | Scope::FromPlan | Scope::PlanOnly => self.task.made().list.map(|(_, list)| list),
        };
        let of_plan = || self.task.past.list(plan).or_else(|| plan.listed()).map(|list| list.files().to_vec());
        listed.or_else(of_plan).unwrap_or_default()
    }

    fn tell(&self, state: &State) {
        self.engine.events.emit(Event::Checked { files: state.files, misfits: state.misfits.clone() });
    }

    /// Asks for all of them at once; afterwards what is better is taken.
    async fn mend(&self, state: State, cases: Vec<Case>) {
        // Cut short in here, the run leaves them to be asked for again: the next one finds the answers in its record.
        let held = self.task.hold(&cases);
        let answers = join_all(cases.iter().map(|case| self.mended(&state, case))).await;
        let (mut versions, mut notes) = (Vec::new(), BTreeMap::new());
        for (case, answer) in cases.iter().zip(answers) {
            match answer {
                Ok(GeneratedFile { path, text, note }) => {
                    notes.extend(note.map(|note| (path.clone(), note)));
                    versions.push((path, text));
                }
                Err(error) if matches!(error.downcast_ref(), Some(model::Error::OverBudget { .. })) => {
                    return self.note_end(Some(error.downcast_ref()));
                }
                Err(error) => self.leave(&case.path, format!("{error:#}")),
            }
        }
        let (versions, contract) = (Arc::new(versions), self.ground.plan.contract.as_ref().ok().cloned());
        let chosen = {
            let versions = versions.clone();
            tokio::task::spawn_blocking(move || repair::choose(state, &versions, contract.as_ref())).await
        };
        self.task.release(held);
        let Ok((state, verdicts)) = chosen else {
            return self.engine.events.notice("the new versions could not be checked, so the first ones stay");
        };
        let is_other = verdicts.iter().any(|(_, verdict)| verdict.is_ok());
        for (path, verdict) in verdicts {
            match verdict {
                Ok(misfits) => {
                    if let Some(note) = notes.remove(&path) {
                        self.engine.events.notice(format!("'{path}': {note}"));
                    }
                    let text = versions.iter().find(|(version, _)| *version == path).map(|(_, text)| text.clone());
                    self.workspace.restage(&path, text.unwrap_or_default());
                    self.engine.events.emit(Event::Mended { path, misfits });
                }
                Err(why) => self.leave(&path, why),
            }
        }
        if is_other {
            self.tell(&state);
        }
    }

    async fn mended(&self, state: &State, case: &Case) -> Result<GeneratedFile> {
        let request = repair::ask(&self.engine.prompts, self.trunk, state, case);
        let asked =
            request.map(|request| Asked { request, present: state.text(case.path.as_str()).map(str::to_owned) });
        self.answer(Question::Repair(case.path.clone()), &case.path, asked).await
    }

    fn leave(&self, path: &RelPath, why: String) {
        self.engine.events.emit(Event::NotMended { path: path.clone(), why });
    }
}

impl Task {
    /// Takes back that these files are made.
    fn hold(&self, cases: &[Case]) -> BTreeMap<RelPath, Sources> {
        self.note(|made| cases.iter().filter_map(|case| made.files.remove_entry(&case.path)).collect())
    }

    fn release(&self, held: BTreeMap<RelPath, Sources>) {
        self.note(|made| made.files.extend(held));
    }
}

/// Checks the project once more as it stands, where it was changed after its check.
///
/// # Errors
/// If it cannot be read.
pub async fn check_again(engine: &Engine, workspace: &Arc<Workspace>) -> Result<()> {
    let told = engine.events.report().misfits;
    let workspace = workspace.clone();
    let looked =
        tokio::task::spawn_blocking(move || anyhow::Ok((State::of(workspace.on_disk()?), workspace.prospect()?.known)));
    let (mut state, known) = looked.await??;
    state.misfits.retain(|misfit| {
        let is_it = |old: &Misfit| (&old.path, old.rule, &old.name) == (&misfit.path, misfit.rule, &misfit.name);
        told.iter().any(is_it) || RelPath::parse(&misfit.path).is_ok_and(|path| known.contains(&path))
    });
    engine.events.emit(Event::Checked { files: state.files, misfits: state.misfits });
    Ok(())
}

/// The project as it will stand, and what in it does not fit and is the run's business: not what has stood before in
/// files that smol never wrote.
fn look(workspace: &Workspace) -> Result<(State, Prospect)> {
    let mut prospect = workspace.prospect()?;
    let mut state = State::of(std::mem::take(&mut prospect.tree));
    let is_known = |misfit: &Misfit| {
        RelPath::parse(&misfit.path).is_ok_and(|path| prospect.known.contains(&path) || prospect.own.contains(&path))
    };
    if !state.misfits.iter().all(is_known) {
        let before = State::of(workspace.on_disk()?).misfits;
        let stood = |misfit: &Misfit| {
            let is_it = |old: &Misfit| (&old.path, old.rule, &old.name) == (&misfit.path, misfit.rule, &misfit.name);
            before.iter().any(is_it)
        };
        state.misfits.retain(|misfit| is_known(misfit) || !stood(misfit));
    }
    Ok((state, prospect))
}
