//! Runs the project's own command, has what is red mended, and runs it again: until it is green or nothing more comes of
//! it. The best state that was seen stands at the end, and nothing changes that is not to be changed for it.

mod limits;
mod stand;

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use serde_json::json;

use self::stand::Stand;
use crate::{
    debug::{self, Case, diagnose},
    engine::Engine,
    event::{Event, Question},
    fixes::Change,
    mentions, model,
    path::RelPath,
    sandbox::Sandbox,
    secrets,
    selection::{Leads, room, shortened},
    tree::{Credentials, Reading, Tree},
    trial::{Attempt, Trial},
    verdict::Verdict,
    workspace::{self, Workspace},
};

/// Problems that are named before the output.
const MOST_NAMED: usize = 20;
/// Lines of the output that an event carries.
const TAIL: usize = 30;

/// What is run, and how it may be healed.
pub struct Means<'a> {
    pub engine: &'a Engine,
    pub workspace: &'a Workspace,
    pub attempt: &'a Attempt,
    pub reading: &'a Reading,
    /// How often fixes are asked for.
    pub rounds: usize,
    pub reach: Reach<'a>,
    /// Tokens of the codebase that may go into a question; `None` for what the window holds.
    pub budget: Option<u64>,
}

/// A project under way to green.
pub struct Healing<'a> {
    means: Means<'a>,
    stand: Stand,
}

/// Whose files may be changed. Tests never are.
pub enum Reach<'a> {
    /// Those that smol wrote and nobody has changed.
    Own,
    /// Those of changes that somebody agrees to when they see them.
    Agreed(&'a (dyn Fn(&[Change]) -> Result<bool> + Sync)),
}

/// One run of the command, as it is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tried {
    /// 0 before anything was mended.
    pub round: usize,
    pub ending: String,
    pub verdict: Verdict,
    /// The last lines of the output.
    pub tail: String,
    /// Files that were changed before it.
    pub changed: Vec<RelPath>,
    pub fate: Fate,
}

/// What becomes of a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// The best so far.
    Best,
    /// Not better and not worse than the best: it is gone on from.
    Base,
    /// Worse than the best, which is gone back to.
    TakenBack,
}

/// A fix that made things worse.
#[derive(Serialize)]
struct Failed {
    verdict: String,
    diff: String,
}

impl<'a> Healing<'a> {
    pub fn new(means: Means<'a>) -> Healing<'a> {
        Healing { means, stand: Stand::default() }
    }

    /// Runs the command once, and tells of it.
    ///
    /// # Errors
    /// If it cannot be started.
    pub async fn first(&self) -> Result<(Sandbox, Trial)> {
        let sandbox = self.means.attempt.sandbox().await;
        let command = self.means.attempt.command.clone();
        self.means.engine.events.emit(Event::Running { command, sandbox: sandbox.clone() });
        let trial = self.means.attempt.run(&sandbox).await?;
        self.tell(0, &trial, Vec::new(), Fate::Best);
        Ok((sandbox, trial))
    }

    /// Runs the command, and mends and runs again as often as it may. Dropped before its end it leaves [`Self::settle`]
    /// to be done.
    ///
    /// # Errors
    /// If the command cannot be started, the disk refuses, or the money has run out.
    pub async fn heal(&self) -> Result<()> {
        let (sandbox, trial) = self.first().await?;
        if trial.verdict.is_green || self.means.rounds == 0 {
            return Ok(());
        }
        if trial.is_missing() {
            let why = "the shell did not find the command, which no fix would help".to_owned();
            self.means.engine.events.emit(Event::Healed { round: 0, why });
            return Ok(());
        }
        let (best, why) = self.rounds(&sandbox, trial).await?;
        self.means.engine.events.emit(Event::Healed { round: best, why });
        Ok(())
    }

    /// Puts the best state back, if something else stands there.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn settle(&self) -> Result<()> {
        self.stand.settle(&self.means.engine.events, self.means.workspace)
    }

    /// The number of the best round, and why no other follows.
    async fn rounds(&self, sandbox: &Sandbox, first: Trial) -> Result<(usize, String)> {
        let tests = first.verdict.tests();
        let (mut best, mut best_verdict, mut best_trial) = (0, first.verdict.clone(), first.clone());
        let mut seen_errors = BTreeSet::from([first.verdict.signature()]);
        let mut seen_states = BTreeSet::from([self.stand.fingerprint()]);
        let (mut base, mut attempts) = (first, Vec::new());
        for round in 1..=self.means.rounds {
            let (tree, changes) = match self.fix(&base, &attempts).await? {
                Ok(fixed) => fixed,
                Err(why) => return Ok((best, why)),
            };
            let changed: Vec<RelPath> = changes.iter().map(|change| change.path.clone()).collect();
            let diff: String = changes.iter().map(Change::diff).collect();
            let is_told = matches!(self.means.reach, Reach::Agreed(_));
            if let Some(why) =
                self.stand.apply(&self.means.engine.events, self.means.workspace, &tree, &changes, is_told)?
            {
                self.settle()?;
                return Ok((best, why));
            }
            if !seen_states.insert(self.stand.fingerprint()) {
                self.settle()?;
                return Ok((best, "the fix leads back to a state that was there before".to_owned()));
            }
            let trial = limits::honest(self.means.attempt.run(sandbox).await?, tests);
            let verdict = trial.verdict.clone();
            let is_known = !seen_errors.insert(verdict.signature());
            let fate = match () {
                () if verdict.rank() > best_verdict.rank() => Fate::Best,
                () if verdict.rank() < best_verdict.rank() => Fate::TakenBack,
                () => Fate::Base,
            };
            self.tell(round, &trial, changed, fate);
            match fate {
                Fate::Best => {
                    self.stand.is_best();
                    (best, best_verdict, best_trial, base) = (round, verdict.clone(), trial.clone(), trial);
                }
                Fate::Base => base = trial,
                Fate::TakenBack => {
                    self.settle()?;
                    attempts.push(Failed { verdict: verdict.to_string(), diff });
                    base = best_trial.clone();
                }
            }
            if verdict.is_green {
                return Ok((best, "it is green".to_owned()));
            }
            if fate != Fate::Best && is_known {
                self.settle()?;
                return Ok((best, "the same error came back".to_owned()));
            }
        }
        self.settle()?;
        Ok((best, format!("it is still red after {} of mending", counted(self.means.rounds))))
    }

    fn tell(&self, round: usize, trial: &Trial, changed: Vec<RelPath>, fate: Fate) {
        let lines: Vec<&str> = trial.output.lines().collect();
        let tail = lines[lines.len().saturating_sub(TAIL)..].join("\n");
        let Trial { ending, verdict, .. } = trial.clone();
        self.means.engine.events.emit(Event::Tried(Box::new(Tried { round, ending, verdict, tail, changed, fate })));
    }

    /// What a trial says is wrong, as it may be sent: root causes first, no credentials, no longer than is of use.
    ///
    /// # Errors
    /// If the prompt cannot be filled in.
    pub fn error(&self, trial: &Trial) -> Result<String> {
        let problems: Vec<String> = trial.verdict.problems.iter().take(MOST_NAMED).map(ToString::to_string).collect();
        let values = json!({
            "command": self.means.attempt.command, "ending": trial.ending, "problems": problems,
            "output": shortened(&trial.output, &self.means.reading.counter),
        });
        let error = self.means.engine.prompts.render("run", values)?;
        Ok(match self.means.reading.credentials {
            Credentials::Mask => secrets::mask(&error).map_or(error, |masked| masked.text),
            Credentials::Send => error,
        })
    }

    /// Fixes that may be applied, and the codebase that they are for; or why there is none.
    async fn fix(&self, trial: &Trial, attempts: &[Failed]) -> Result<Result<(Tree, Vec<Change>), String>> {
        let (directory, reading) = (self.means.attempt.ground.directory.clone(), self.means.reading.clone());
        let tree = tokio::task::spawn_blocking(move || workspace::read_tree(&directory, &reading)).await??;
        let error = self.error(trial)?;
        let others = match self.means.reach {
            Reach::Own => limits::others(self.means.workspace, &tree),
            Reach::Agreed(_) => Vec::new(),
        };
        let remarks = self.means.engine.prompts.render("heal", json!({ "others": others, "attempts": attempts }))?;
        let counter = self.means.reading.counter;
        let window = self.means.engine.model.window();
        let rest = counter.count(&error) + counter.count(&remarks);
        let budget = self.means.budget.unwrap_or_else(|| room(window, rest, counter.is_exact));
        let leads = Leads { mentions: mentions::read(&error), recent: Vec::new() };
        let case = Case { tree: &tree, error: &error, remarks: &remarks, leads, counter };
        let question = match self.means.reach {
            Reach::Own => Question::Healing,
            Reach::Agreed(_) => Question::Diagnosis,
        };
        let asked = match debug::fitting(&self.means.engine.prompts, &case, budget, window) {
            Ok((_, request)) => diagnose(self.means.engine, &question, &tree, request).await,
            Err(error) => Err(error),
        };
        let fitted = match asked {
            Ok((_, fitted)) => fitted,
            Err(error) if matches!(error.downcast_ref(), Some(model::Error::OverBudget { .. })) => return Err(error),
            Err(error) => return Ok(Err(format!("no fix came: {error:#}"))),
        };
        for unfit in &fitted.unfit {
            self.means.engine.events.notice(format!("a fix for '{}' is not applied: {}", unfit.block.path, unfit.why));
        }
        let mut changes = Vec::new();
        for change in fitted.changes {
            match limits::refusal(self.means.workspace, &tree, &change, &self.means.reach) {
                None => changes.push(change),
                Some(why) => {
                    self.means.engine.events.notice(format!("a fix for '{}' is not applied: {why}", change.path));
                }
            }
        }
        if changes.is_empty() {
            return Ok(Err("no fix came that may be applied".to_owned()));
        }
        if let Reach::Agreed(is_agreed) = &self.means.reach
            && !is_agreed(&changes).context("the best state stands")?
        {
            return Ok(Err("you did not want the fix".to_owned()));
        }
        Ok(Ok((tree, changes)))
    }
}

fn counted(rounds: usize) -> String {
    if rounds == 1 { "1 round".to_owned() } else { format!("{rounds} rounds") }
}
