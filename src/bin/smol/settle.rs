//! `smol undo` and `smol gen --resolve`: what is done without a model, to what runs have left.

use std::{path::Path, time::Instant};

use anyhow::{Context, Result, anyhow, bail};
use smol_dev::{
    event::Events,
    landing,
    path::RelPath,
    report::Outcome,
    settings::Settings,
    workspace::{Resolution, Rest, Undone, Workspace},
};

use crate::{
    Failure,
    cli::{GenArgs, UndoArgs},
    ending,
    face::Face,
    run::run_id,
    surroundings,
    words::quoted,
};

/// Takes back the last run.
pub fn undo(args: UndoArgs, face: &Face) -> Result<Outcome, Failure> {
    let rest = if args.rest { Rest::TakenBack } else { Rest::Stays };
    act(args.out, face, |events, workspace| match landing::undo(events, workspace, rest)? {
        Undone::TakenBack { .. } => Ok(()),
        Undone::Nothing => bail!("there is no run to take back in '{}'", workspace.name()),
        Undone::Refused(changed) => {
            let files: Vec<String> = changed.iter().map(|path| format!("'{path}'")).collect();
            bail!("nothing was taken back: changed since the run: {}; --rest takes back all others", files.join(", "))
        }
    })
}

/// Settles files whose new text waits.
pub fn resolve(args: GenArgs, face: &Face) -> Result<Outcome, Failure> {
    let [how, files @ ..] = args.resolve.as_slice() else {
        return Err(Failure::Usage(anyhow!("--resolve needs to know how, and which files")));
    };
    let resolution: Resolution = how.parse().map_err(Failure::Usage)?;
    let files: Result<Vec<RelPath>, _> = files.iter().map(|file| RelPath::parse(file)).collect();
    let files = files.map_err(|error| Failure::Usage(error.into()))?;
    act(args.out, face, |events, workspace| landing::resolve(events, workspace, resolution, &files))
}

fn act(
    out: Option<String>,
    face: &Face,
    work: impl FnOnce(&Events, &Workspace) -> Result<()>,
) -> Result<Outcome, Failure> {
    let started = Instant::now();
    let run = run_id();
    let workspace = open(out, &run).map_err(Failure::Usage)?;
    let events = {
        let face = face.clone();
        Events::to(move |event| face.show(event))
    };
    events.start(&run, "", workspace.name());
    landing::tell_finished(&events, &workspace);
    let error = work(&events, &workspace).err();
    let outcome = if error.is_some() { Outcome::Failed } else { events.report().verdict() };
    let report =
        events.finish(outcome, error.as_ref().map(|error| format!("{error:#}")), started.elapsed().as_secs_f64());
    ending::brief(face, &report);
    error.map_or(Ok(outcome), |error| Err(Failure::Run(error)))
}

fn open(out: Option<String>, run: &str) -> Result<Workspace> {
    let is_named = out.is_some();
    let mut out = Settings::out(out, &surroundings::look()?)?;
    // Where `debug` works when there is no output directory.
    if !is_named && !Workspace::exists(Path::new(&out)) && Workspace::exists(Path::new(".")) {
        out = ".".to_owned();
    }
    if !Workspace::exists(Path::new(&out)) {
        bail!("smol has written nothing into {}", quoted(&out));
    }
    Workspace::open(Path::new(&out), run).context("could not begin")
}
