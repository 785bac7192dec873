//! The shell around the library: argv, environment, terminal, clock, exit code. It decides nothing else.

mod asking;
mod branches;
mod check;
mod cli;
mod debug;
mod decided;
mod dry_run;
mod ending;
mod face;
mod generate;
mod init;
mod models;
mod pm;
mod run;
mod runtime;
mod settle;
mod summary;
mod surroundings;
mod trials;
mod watch;
mod words;

use std::process::ExitCode;

use clap::{CommandFactory, Parser};
use smol_dev::{model, report::Outcome};

use crate::{
    cli::{Cli, Command},
    face::Face,
};

/// Exit codes that scripts rely on; `clap` itself exits with 2.
const PARTIAL: u8 = 1;
const USAGE: u8 = 2;
const NO_MODEL: u8 = 3;
const OVER_BUDGET: u8 = 4;
const INTERRUPTED: u8 = 130;

/// Why a command could not do its work.
enum Failure {
    /// Before it began: what was typed, set or found cannot be.
    Usage(anyhow::Error),
    /// In the middle; what was done stays.
    Run(anyhow::Error),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let face = Face::new(&cli.show);
    let done = match cli.command {
        Command::Gen(args) if !args.resolve.is_empty() => settle::resolve(*args, &face),
        Command::Gen(args) => generate::run(*args, &face),
        Command::Debug(args) => debug::run(*args, &face),
        Command::Pm(args) => pm::run(*args, &face),
        Command::Check(args) => check::run(args, &face),
        Command::Undo(args) => settle::undo(args, &face),
        Command::Models(args) => done(models::run(&args, &face)),
        Command::Init(args) => done(init::run(args)),
        Command::Completions(args) => {
            clap_complete::generate(args.shell, &mut Cli::command(), "smol", &mut std::io::stdout());
            Ok(Outcome::Complete)
        }
    };
    ExitCode::from(match done {
        Ok(Outcome::Complete) => 0,
        Ok(Outcome::Partial | Outcome::Failed) => PARTIAL,
        Ok(Outcome::OverBudget) => OVER_BUDGET,
        Ok(Outcome::Interrupted) => INTERRUPTED,
        Err(failure) => failed(failure, &face),
    })
}

/// Says why, and gives the exit code.
fn failed(failure: Failure, face: &Face) -> u8 {
    let (error, otherwise) = match failure {
        Failure::Usage(error) => {
            face.ended_early(Outcome::Failed, Some(&error));
            (error, USAGE)
        }
        Failure::Run(error) => (error, PARTIAL),
    };
    let of_model = error.downcast_ref::<model::Error>();
    face.error(&error, of_model.and_then(model::Error::hint).as_deref());
    match of_model {
        Some(model::Error::OverBudget { .. }) => OVER_BUDGET,
        Some(_) => NO_MODEL,
        None => otherwise,
    }
}

/// A command that does its whole work at once or not at all.
fn done(result: anyhow::Result<()>) -> Result<Outcome, Failure> {
    result.map(|()| Outcome::Complete).map_err(Failure::Usage)
}
