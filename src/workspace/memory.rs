//! What the files were made from, kept in smol's memory beside the manifest: it changes with a commit, and goes back
//! with it.

use std::io::ErrorKind;

use anyhow::{Context, Result};
use cap_std::fs::Dir;

use super::{
    Workspace,
    disk::explained,
    manifest::{read_json, write_json},
};
use crate::lineage::Lineage;

pub(super) const NAME: &str = "lineage.json";
/// As it will be when the commit under way is done.
const NEXT: &str = "lineage.next.json";
/// As it was before the last run.
const BEFORE: &str = "lineage.before.json";

impl Workspace {
    /// Keeps what the files will have been made from once the commit is done, however it is cut short.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn foresee(&self, lineage: Lineage) -> Result<()> {
        write_json(&self.memory, NEXT, &Lineage { run: self.run.clone(), ..lineage }).context("nothing was changed")
    }

    /// Keeps what the files were made from, for the next run.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn remember(&self, lineage: Lineage) -> Result<()> {
        let _ = self.memory.remove_file(NEXT);
        write_json(&self.memory, NEXT, &Lineage { run: self.run.clone(), ..lineage })?;
        adopt(&self.memory).context("could not keep what the files were made from")
    }
}

/// What is known.
///
/// # Errors
/// If it cannot be read: guessing would ask, and pay, for everything again.
pub(super) fn read(memory: &Dir) -> Result<Lineage> {
    Ok(read_json(memory, NAME)?.unwrap_or_default())
}

/// The commit is done: what was foreseen is so. Done twice it changes nothing.
pub(super) fn adopt(memory: &Dir) -> Result<()> {
    let Some(next) = read_json::<Lineage>(memory, NEXT)? else { return Ok(()) };
    let known = read(memory)?;
    if known.run != next.run {
        write_json(memory, BEFORE, &known)?;
    }
    memory.rename(NEXT, memory, NAME).map_err(explained)
}

/// This run is taken back, and with it what was made in it. What is known of another one is forgotten: then everything
/// is asked for anew, which is dear and right.
pub(super) fn go_back(memory: &Dir, run: Option<&str>) -> Result<()> {
    let is_known = read(memory)?.run == run.unwrap_or_default() && memory.exists(BEFORE);
    let done = match is_known {
        true => memory.rename(BEFORE, memory, NAME),
        false => memory.remove_file(NAME),
    };
    match done {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(explained(error)),
        _ => Ok(()),
    }
}
