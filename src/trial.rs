//! A run of the project's own command: in which sandbox, under which limits, how it ended, and what its output says.

use std::{path::Path, time::Duration};

use anyhow::Result;
use serde::{Deserialize, Serialize};

use crate::{
    command::{self, Call, Ended, MOST_OUTPUT},
    sandbox::{Ground, Network, Sandbox},
    verdict::{self, Verdict},
    workspace,
};

/// What a shell ends with that does not find a program.
const NOT_FOUND: i32 = 127;
/// How long bubblewrap may take to show that it works here.
const PROBE: Duration = Duration::from_secs(20);
/// Sets the limit on what every process may hold of memory, in KiB, then becomes the command, whose words and errors
/// come in their order. A limit that the system does not know or already keeps is no reason to run nothing.
const LIMITED: &str = r#"ulimit -c 0 2>/dev/null; ulimit -d "$1" 2>/dev/null; exec sh -c "$2" 2>&1"#;

/// A command to try the project with, and its bounds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// In a shell's words.
    pub command: String,
    pub ground: Ground,
    pub network: Network,
    pub limits: Limits,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    pub time: Duration,
    /// What each process may hold, in MiB.
    pub memory: u64,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trial {
    pub ending: String,
    pub verdict: Verdict,
    /// What it said, with the middle left out where that is much.
    pub output: String,
}

impl Trial {
    /// Whether a shell says so that it found no such program.
    pub fn is_missing(&self) -> bool {
        self.ending == format!("exit code {NOT_FOUND}")
    }
}

impl Attempt {
    /// The sandbox that there is here.
    pub async fn sandbox(&self) -> Sandbox {
        let none = |why: &str| Sandbox::None { why: why.to_owned() };
        if !cfg!(target_os = "linux") {
            return none("bubblewrap is for Linux only");
        }
        let bubblewrap = Sandbox::Bubblewrap { network: self.network };
        match self.call("true", &bubblewrap, PROBE).await {
            Ok(watched) if watched.ended == Ended::Exit(Some(0)) => bubblewrap,
            Ok(watched) => {
                let said = watched.transcript.text();
                none(&format!("bubblewrap does not work here: {}", said.lines().next().unwrap_or("it says nothing")))
            }
            Err(_) => none("bubblewrap is not installed"),
        }
    }

    /// Runs the command to its end, or to one of its limits.
    ///
    /// # Errors
    /// If it cannot be started.
    pub async fn run(&self, sandbox: &Sandbox) -> Result<Trial> {
        let watched = self.call(&self.command, sandbox, self.limits.time).await?;
        let ending = match watched.ended {
            Ended::Exit(Some(code)) => format!("exit code {code}"),
            Ended::Exit(None) => "ended by a signal".to_owned(),
            Ended::Time => format!("stopped after {} s", self.limits.time.as_secs_f64()),
            Ended::Output => format!("stopped after {} MiB of output", MOST_OUTPUT >> 20),
        };
        let output = self.relative(&watched.transcript.text());
        let verdict = verdict::read(&output, watched.ended == Ended::Exit(Some(0)));
        Ok(Trial { ending, verdict, output })
    }

    /// The output with paths as the project has them: where it lies is nobody's business.
    fn relative(&self, output: &str) -> String {
        let directory = format!("{}/", self.ground.directory.display());
        if directory == "/" {
            return output.to_owned();
        }
        output.replace(&format!("file://{directory}"), "").replace(&directory, "")
    }

    async fn call(&self, command: &str, sandbox: &Sandbox, limit: Duration) -> Result<command::Watched> {
        let memory = (self.limits.memory * 1024).to_string();
        let shell = ["sh", "-c", LIMITED, "sh", &memory, command];
        let (program, mut args) = match sandbox {
            Sandbox::Bubblewrap { network } => ("bwrap", self.ground.bubblewrap(*network, workspace::what_is)),
            Sandbox::None { .. } => ("sh", Vec::new()),
        };
        let is_wrapped = usize::from(program == "sh");
        args.extend(shell[is_wrapped..].iter().map(Into::into));
        let environment = self.ground.environment(sandbox);
        let directory: &Path = &self.ground.directory;
        command::watch(Call { program, args, directory, environment: &environment, limit }).await
    }
}
