//! The texts that smol has written, each under its own hash: the common ancestors for merging, and what waits.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use cap_std::fs::Dir;

use super::disk::{self, hash};

const BASE: &str = "base";

/// Keeps a text, and gives the hash that it is known by.
pub(super) fn keep(memory: &Dir, text: &str) -> Result<String> {
    let hash = hash(text.as_bytes());
    let name = format!("{BASE}/{hash}");
    if !memory.exists(&name) {
        disk::whole(memory, &name, text.as_bytes()).with_context(|| format!("could not keep a text in '{name}'"))?;
    }
    Ok(hash)
}

/// The text with this hash; `None` if it is not there any more, or not what it was.
pub(super) fn find(memory: &Dir, wanted: &str) -> Option<String> {
    let text = memory.read_to_string(format!("{BASE}/{wanted}")).ok()?;
    (hash(text.as_bytes()) == wanted).then_some(text)
}

/// Whether smol has written this text.
pub(super) fn knows(memory: &Dir, hash: &str) -> bool {
    memory.exists(format!("{BASE}/{hash}"))
}

/// Lets go of the texts that nobody speaks of. What cannot be removed is in nobody's way.
pub(super) fn retain(memory: &Dir, hashes: &BTreeSet<&str>) {
    let Ok(entries) = memory.read_dir(BASE) else { return };
    for name in entries.flatten().map(|entry| entry.file_name()) {
        if name.to_str().is_some_and(|name| !hashes.contains(name)) {
            let _ = memory.remove_file(format!("{BASE}/{}", name.to_string_lossy()));
        }
    }
}
