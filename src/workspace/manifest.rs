//! What smol has written into an output directory: every path with the hash of its text, as smol wrote it.
//!
//! A hash is promised in the journal before its file appears, so that after a kill at any moment a file is known as
//! smol's; the journal is folded into the manifest when the directory is opened the next time.

use std::{
    collections::BTreeMap,
    io::{self, ErrorKind, Write},
};

use anyhow::{Context, Result};
use cap_std::fs::{Dir, File, OpenOptions};
use serde::{Deserialize, Serialize};

use crate::path::RelPath;

const MANIFEST: &str = "manifest.json";
const JOURNAL: &str = "journal";

pub(super) struct Manifest {
    written: Written,
    journal: File,
}

/// By path, the hashes of texts that smol wrote there. More than one: a kill in the middle of a replacement leaves
/// the file with the old text or the new.
type Written = BTreeMap<RelPath, Vec<String>>;

#[derive(Serialize, Deserialize)]
struct Entry {
    path: RelPath,
    hash: String,
}

impl Manifest {
    /// Reads what is known, and starts a fresh journal.
    pub(super) fn open(memory: Dir) -> Result<Manifest> {
        let mut written: Written = match read(&memory, MANIFEST)? {
            Some(text) => {
                serde_json::from_str(&text).with_context(|| {
                format!("'{MANIFEST}' is not what smol wrote; without it every file there counts as yours: remove it to go on")
            })?
            }
            None => Written::new(),
        };
        if let Some(journal) = read(&memory, JOURNAL)? {
            // A line may be cut, or the disk may have lost it: then its file counts as a person's, which is safe.
            for Entry { path, hash } in journal.lines().filter_map(|line| serde_json::from_str(line).ok()) {
                add(&mut written, path, hash);
            }
            super::whole(&memory, MANIFEST, &serde_json::to_string_pretty(&written)?)?;
        }
        let mut options = OpenOptions::new();
        let journal = memory.open_with(JOURNAL, options.write(true).create(true).truncate(true))?;
        Ok(Manifest { written, journal })
    }

    /// Notes, before it is done, that smol writes this text there.
    pub(super) fn promise(&mut self, path: &RelPath, text: &str) -> Result<()> {
        let entry = Entry { path: path.clone(), hash: hash(text.as_bytes()) };
        let mut line = serde_json::to_string(&entry)?;
        line.push('\n');
        self.journal.write_all(line.as_bytes())?;
        add(&mut self.written, entry.path, entry.hash);
        Ok(())
    }

    /// Hashes of the texts that smol wrote there; `None` if it never wrote there.
    pub(super) fn written(&self, path: &RelPath) -> Option<&[String]> {
        self.written.get(path).map(Vec::as_slice)
    }
}

/// The hash that the manifest knows a text by: BLAKE3, in hex.
pub(super) fn hash(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}

/// Keeps the last few: the text before a replacement, the one after, and those that wait to be taken.
fn add(written: &mut Written, path: RelPath, hash: String) {
    let hashes = written.entry(path).or_default();
    hashes.retain(|known| *known != hash);
    hashes.push(hash);
    if hashes.len() > 4 {
        hashes.remove(0);
    }
}

fn read(memory: &Dir, name: &str) -> io::Result<Option<String>> {
    match memory.read(name) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        bytes => bytes.map(|bytes| Some(String::from_utf8_lossy(&bytes).into_owned())),
    }
}
