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
    /// Whether it has only changed files that were there, so that what all files were made from stays true.
    #[serde(default)]
    pub only_amends: bool,
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

    fn is_note(&self) -> bool {
        self.before.is_none() && self.after.is_none() && self.saved.is_empty()
    }
}

impl Record {
    pub(super) fn open(memory: &Dir) -> Result<Option<Record>> {
        read_json(memory, RECORD)
    }

    /// Takes the place of the record of an earlier run; one that has nothing left to take back goes.
    pub(super) fn save(&self, memory: &Dir) -> Result<()> {
        match self.entries.is_empty() {
            true => memory.remove_file(RECORD).map_err(explained),
            false => write_json(memory, RECORD, self),
        }
    }

    /// The same with what came before it in the same run, if this is not the first that the run does: files are taken
    /// back to what they were before all of it. Joined twice it is the same.
    pub(super) fn after(mut self, earlier: Option<Record>) -> Record {
        let Some(earlier) = earlier.filter(|earlier| earlier.run == self.run) else { return self };
        let mut entries = earlier.entries;
        for entry in self.entries.drain(..) {
            match entries.iter_mut().find(|earlier| earlier.path == entry.path) {
                None => entries.push(entry),
                Some(_) if entry.is_note() => {}
                Some(earlier) if earlier.is_note() => *earlier = Entry { was: earlier.was.clone(), ..entry },
                Some(earlier) => earlier.after = entry.after,
            }
        }
        Record { run: self.run, entries, only_amends: earlier.only_amends && self.only_amends }
    }

    /// Where the files are that a run replaces.
    pub(super) fn saved(run: &str, index: usize) -> String {
        format!("{UNDO}/{run}/{index}")
    }

    /// The first index that nothing of this run is saved at yet.
    pub(super) fn free_index(memory: &Dir, run: &str) -> usize {
        let Ok(entries) = memory.read_dir(format!("{UNDO}/{run}")) else { return 0 };
        let taken = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<usize>().ok());
        taken.max().map_or(0, |last| last + 1)
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
