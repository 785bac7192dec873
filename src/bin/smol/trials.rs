//! Runs of the project's own command: what is needed for one, and how they are shown.

use std::{num::NonZeroU64, path::Path, time::Duration};

use anyhow::{Context, Result, bail};
use smol_dev::{
    heal::{Fate, Tried},
    report::Report,
    sandbox::{Ground, Network},
    trial::{Attempt, Limits},
    verdict::Problem,
    workspace,
};

use crate::{
    cli::RunArgs,
    face::{BAD, DIM, GOOD, ODD},
    words::clean,
};

/// A build from nothing may take this long; a test that takes longer hangs.
const TIME: Duration = Duration::from_secs(300);
/// MiB of memory for each process.
const MEMORY: u64 = 4096;
/// Rounds, where nobody says how many.
const ROUNDS: usize = 2;
/// Problems that are shown of a red run.
const MOST_PROBLEMS: usize = 5;

/// A command that was asked for, and how often it may be healed.
#[derive(Clone)]
pub struct Wanted {
    pub command: String,
    pub rounds: usize,
    network: Network,
    limits: Limits,
}

impl Wanted {
    /// # Errors
    /// If something was typed about a command and no command. In the environment it may wait for one.
    pub fn of(args: &RunArgs) -> Result<Option<Wanted>> {
        let Some(command) = args.run.clone() else {
            let about = [
                (args.heal.is_some(), "heal", "SMOL_HEAL"),
                (args.run_network, "run-network", "SMOL_RUN_NETWORK"),
                (args.run_timeout.is_some(), "run-timeout", "SMOL_RUN_TIMEOUT"),
                (args.run_memory.is_some(), "run-memory", "SMOL_RUN_MEMORY"),
            ];
            let typed = about.iter().find(|(is_set, _, variable)| *is_set && std::env::var_os(variable).is_none());
            if let Some((_, flag, _)) = typed {
                bail!("--{flag} is about a command, and there is none: name it with --run CMD");
            }
            return Ok(None);
        };
        Ok(Some(Wanted {
            command,
            rounds: args.heal.unwrap_or(ROUNDS),
            network: if args.run_network { Network::Shared } else { Network::None },
            limits: Limits {
                time: args.run_timeout.unwrap_or(TIME),
                memory: args.run_memory.map_or(MEMORY, NonZeroU64::get),
            },
        }))
    }

    /// The command in this directory, which is there.
    pub fn attempt(&self, directory: &Path) -> Result<Attempt> {
        let working = std::env::current_dir().context("the working directory is gone")?;
        let environment = std::env::vars_os();
        let environment: std::collections::BTreeMap<String, String> = environment
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        let home = environment.get("HOME").and_then(|home| workspace::real_path(Path::new(home)).ok());
        let ground = Ground {
            directory: workspace::real_path(directory)?,
            working: workspace::real_path(&working)?,
            home,
            environment,
        };
        let Wanted { command, network, limits, .. } = self.clone();
        Ok(Attempt { command, ground, network, limits })
    }
}

/// One run: its verdict, what is wrong, and the end of what it said.
pub fn lines(tried: &Tried) -> Vec<String> {
    let Tried { ending, verdict, tail, changed, fate, .. } = tried;
    let mut lines = Vec::new();
    if !changed.is_empty() {
        let paths: Vec<&str> = changed.iter().map(|path| path.as_str()).collect();
        lines.push(format!("{ODD}mended{ODD:#} {}", clean(&paths.join(", "))));
    }
    if verdict.is_green {
        lines.push(format!("{GOOD}green{GOOD:#}  {}", green(tried)));
        return lines;
    }
    let how = verdict.to_string().strip_prefix("red: ").map(|how| format!(": {how}")).unwrap_or_default();
    lines.push(format!("{BAD}red{BAD:#}    {}{how}", clean(ending)));
    // What nothing could be read of is its own last line, which stands below.
    let problems = verdict.problems.iter().filter(|problem| problem.place.is_some());
    for problem in problems.take(MOST_PROBLEMS).map(Problem::to_string) {
        lines.push(format!("       {}", clean(problem.lines().next().unwrap_or_default())));
    }
    lines.extend(tail.lines().map(|line| format!("{DIM}     | {}{DIM:#}", clean(line))));
    if *fate == Fate::TakenBack {
        lines.push(format!("{ODD}back{ODD:#}   this made things worse, and is taken back"));
    }
    lines
}

fn green(tried: &Tried) -> String {
    match tried.verdict.tests() {
        0 => tried.ending.clone(),
        _ => format!("{}: {} passed", tried.ending, tried.verdict.passed),
    }
}

/// Why no other round follows, and which state stands.
pub fn end(round: usize, why: &str) -> String {
    let state = match round {
        0 => "as it was before any fix".to_owned(),
        round => format!("as round {round} left it"),
    };
    format!("{ODD}note{ODD:#}   {}; the project stands {state}", clean(why))
}

/// What a person has to know even if they asked for silence.
pub fn problem(report: &Report) -> Option<Vec<String>> {
    report.standing_trial().filter(|trial| !trial.verdict.is_green).map(lines)
}
