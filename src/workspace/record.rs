//! What the last run changed, and the files as they were before: what `smol undo` goes by.

use anyhow::Result;
use cap_std::fs::Dir;
use serde::{Deserialize, Serialize};

use super::{
    disk::explained,
    manifest::{Standing, read_json, write_json},
};
use crate::path::RelPath;

const UNDO: &str = "undo";
const RECORD: &str = "undo/record.json";

#[derive(Serialize, Deserialize)]
pub(super) struct Record {
    pub run: String,
    pub entries: Vec<Entry>,
}

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Entry {
    pub path: RelPath,
    /// What was known of the path before.
    pub was: Standing,
    /// Hash of the file before the run; `None` if there was none.
    pub before: Option<String>,
    /// Hash of the file that the run left; `None` if it left none.
    pub after: Option<String>,
    /// Where the file from before is, below smol's memory; empty if there was none.
    pub saved: String,
}

impl Entry {
    /// A path of which something became known, while its file stayed as it was.
    pub(super) fn note(path: &RelPath, was: Standing) -> Entry {
        Entry { path: path.clone(), was, before: None, after: None, saved: String::new() }
    }

    /// A file where none was.
    pub(super) fn new_file(path: &RelPath, was: Standing, after: String) -> Entry {
        Entry { after: Some(after), ..Entry::note(path, was) }
    }
}

impl Record {
    pub(super) fn open(memory: &Dir) -> Result<Option<Record>> {
        read_json(memory, RECORD)
    }

    /// Adds what happened to a file after all that is in it.
    pub(super) fn add(&mut self, entry: Entry) {
        match self.entries.iter_mut().find(|earlier| earlier.path == entry.path) {
            Some(earlier) if entry.before != entry.after => earlier.after = entry.after,
            // What only became known changes no file.
            Some(_) => {}
            None => self.entries.push(entry),
        }
    }

    /// Takes the place of the record of an earlier run; one that has nothing left to take back goes.
    pub(super) fn save(&self, memory: &Dir) -> Result<()> {
        match self.entries.is_empty() {
            true => memory.remove_file(RECORD).map_err(explained),
            false => write_json(memory, RECORD, self),
        }
    }

    /// Where the files are that a run replaces.
    pub(super) fn saved(run: &str, index: usize) -> String {
        format!("{UNDO}/{run}/{index}")
    }

    /// The hashes of all texts that taking it back needs.
    pub(super) fn hashes(&self) -> impl Iterator<Item = &String> {
        self.entries.iter().flat_map(|entry| entry.was.written.iter().chain(&entry.was.waits))
    }

    /// Lets go of the files of earlier runs.
    pub(super) fn tidy(memory: &Dir, record: Option<&Record>) {
        let Ok(entries) = memory.read_dir(UNDO) else { return };
        for entry in entries.flatten().filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())) {
            let name = entry.file_name();
            if record.is_none_or(|record| name.to_str() != Some(&record.run)) {
                let _ = memory.remove_dir_all(std::path::Path::new(UNDO).join(name));
            }
        }
    }
}
