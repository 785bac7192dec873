//! New texts whose place a person's file has: laid out in smol's memory where a person finds them.

use cap_std::fs::Dir;

use super::{base, disk, manifest::Manifest};
use crate::path::RelPath;

const CONFLICTS: &str = "conflicts";

/// Where the text for `path` waits, below the output directory.
pub(super) fn place(path: &RelPath) -> String {
    format!("{}/{CONFLICTS}/{path}", super::MEMORY)
}

/// Makes the directory hold what waits, and nothing that does not; what a person has edited there stays.
///
/// What the disk refuses is no loss: the texts are in the base store.
pub(super) fn lay_out(memory: &Dir, manifest: &Manifest) {
    for path in laid_out(memory) {
        let name = format!("{CONFLICTS}/{path}");
        let waits = RelPath::parse(&path).ok().and_then(|path| manifest.waiting.get(&path).cloned());
        let Some(hash) = disk::hash_at(memory, &name).filter(|hash| waits.as_ref() != Some(hash)) else { continue };
        if base::knows(memory, &hash) {
            let _ = memory.remove_file(&name);
            disk::remove_empty_parents(memory, &name);
        } else if waits.is_some() {
            let mut names = (1..).map(|number| format!("{name}.edited-{number}"));
            let free = names.find(|name| !disk::is_taken(memory, name)).expect("there is always another number");
            let _ = memory.rename(&name, memory, free);
        }
    }
    for (path, hash) in &manifest.waiting {
        let name = format!("{CONFLICTS}/{path}");
        if !disk::is_taken(memory, &name)
            && let Some(text) = base::find(memory, hash)
        {
            let _ = disk::whole(memory, &name, text.as_bytes());
        }
    }
}

/// The files that are laid out.
fn laid_out(memory: &Dir) -> Vec<String> {
    let (mut files, mut directories) = (Vec::new(), vec![String::new()]);
    while let Some(directory) = directories.pop() {
        let Ok(entries) = memory.read_dir(format!("{CONFLICTS}/{directory}")) else { continue };
        for entry in entries.flatten() {
            let name = format!("{directory}{}", entry.file_name().to_string_lossy());
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => directories.push(format!("{name}/")),
                Ok(kind) if kind.is_file() => files.push(name),
                Ok(_) | Err(_) => {}
            }
        }
    }
    files
}
