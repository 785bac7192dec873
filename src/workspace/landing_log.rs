//! The log of files that land one by one in a directory that was empty: each is noted before it appears, so that after
//! a kill at any moment it is known as smol's. The log is folded into the manifest when the run ends, or by the next.

use std::io::Write;

use anyhow::Result;
use cap_std::fs::{Dir, OpenOptions};
use serde::{Deserialize, Serialize};

use super::{
    disk::explained,
    manifest::{Manifest, Standing},
    record::{Entry, Record},
    waiting,
};

const LOG: &str = "landing";

#[derive(Serialize, Deserialize)]
pub(super) struct Line {
    pub run: String,
    pub entry: Entry,
    /// What is known of the path from here on.
    pub standing: Standing,
}

/// Notes what is about to happen.
pub(super) fn note(memory: &Dir, line: &Line) -> Result<()> {
    let mut text = serde_json::to_string(line)?;
    text.push('\n');
    let mut log = memory.open_with(LOG, OpenOptions::new().append(true).create(true)).map_err(explained)?;
    log.write_all(text.as_bytes()).map_err(explained)
}

/// Brings what is noted into the manifest and the record.
pub(super) fn fold(memory: &Dir, manifest: &mut Manifest) -> Result<()> {
    let Ok(log) = memory.read(LOG) else { return Ok(()) };
    let mut record = Record { run: String::new(), entries: Vec::new(), only_amends: false };
    // A line may be cut: its file never appeared.
    for Line { run, entry, standing } in
        String::from_utf8_lossy(&log).lines().filter_map(|line| serde_json::from_str(line).ok())
    {
        manifest.set(&entry.path, standing);
        record.run = run;
        record.entries.retain(|earlier: &Entry| earlier.path != entry.path);
        record.entries.push(entry);
    }
    manifest.save(memory)?;
    if record.entries.iter().any(|entry| entry.after.is_some()) {
        record.save(memory)?;
    }
    waiting::lay_out(memory, manifest);
    memory.remove_file(LOG).map_err(explained)
}
