//! What smol has written into an output directory: every path with the hash of its text, as smol wrote it, and the
//! texts that wait because a person's file has their place.

use std::{collections::BTreeMap, io::ErrorKind};

use anyhow::{Context, Result};
use cap_std::fs::Dir;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::disk;
use crate::path::RelPath;

const MANIFEST: &str = "manifest.json";

/// What smol knows of the files in the output directory. The texts behind the hashes are in the base store.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Manifest {
    /// The text that smol wrote there last: the common ancestor of what a person makes of it and what comes next.
    pub files: BTreeMap<RelPath, String>,
    /// The text that was to be written there.
    pub waiting: BTreeMap<RelPath, String>,
}

/// What smol knows of one path.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Standing {
    pub written: Option<String>,
    pub waits: Option<String>,
}

impl Manifest {
    pub(super) fn open(memory: &Dir) -> Result<Manifest> {
        let manifest =
            read_json(memory, MANIFEST).context("without it every file there counts as yours: remove it to go on")?;
        Ok(manifest.unwrap_or_default())
    }

    pub(super) fn save(&self, memory: &Dir) -> Result<()> {
        write_json(memory, MANIFEST, self)
    }

    pub(super) fn standing(&self, path: &RelPath) -> Standing {
        Standing { written: self.files.get(path).cloned(), waits: self.waiting.get(path).cloned() }
    }

    pub(super) fn set(&mut self, path: &RelPath, standing: Standing) {
        put(&mut self.files, path, standing.written);
        put(&mut self.waiting, path, standing.waits);
    }

    /// The hashes of all texts that it speaks of.
    pub(super) fn hashes(&self) -> impl Iterator<Item = &String> {
        self.files.values().chain(self.waiting.values())
    }
}

fn put(map: &mut BTreeMap<RelPath, String>, path: &RelPath, hash: Option<String>) {
    match hash {
        Some(hash) => drop(map.insert(path.clone(), hash)),
        None => drop(map.remove(path)),
    }
}

/// Reads one of smol's own files; `None` if it is not there.
pub(super) fn read_json<T: DeserializeOwned>(memory: &Dir, name: &str) -> Result<Option<T>> {
    match memory.read(name) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(disk::explained(error)).with_context(|| format!("could not read '{name}'")),
        Ok(bytes) => {
            serde_json::from_slice(&bytes).map(Some).with_context(|| format!("'{name}' is not what smol wrote"))
        }
    }
}

pub(super) fn write_json(memory: &Dir, name: &str, value: &impl Serialize) -> Result<()> {
    disk::durable(memory, name, serde_json::to_string_pretty(value)?.as_bytes())
        .with_context(|| format!("could not write '{name}'"))
}
