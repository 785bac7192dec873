//! The file list of a run: the one that still holds, or what the model answers in the best way that it has.

use anyhow::{Result, anyhow};

use super::Run;
use crate::{
    contract::Contract,
    engine::Engine,
    event::{Event, Question},
    file_list::{self, FileList},
    model,
    plan::Plan,
    report::Refused,
};

impl Run<'_> {
    /// The list that still holds, or a new one; a model that can give none leaves it to the contract.
    pub(super) async fn list(&self, plan: &Plan) -> Result<FileList> {
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

    pub(super) fn announce_list(&self, list: &FileList) {
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
}
