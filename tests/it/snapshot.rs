//! What stands in an output directory, to the byte: to compare what was with what is.

use std::{collections::BTreeMap, fs, os::unix::fs::PermissionsExt, path::Path};

/// By path: the file's rights and its bytes.
pub type Snapshot = BTreeMap<String, (u32, Vec<u8>)>;

/// A person's project: all files but smol's memory.
pub fn project(dir: &Path) -> Snapshot {
    files(&dir.join("generated"))
}

/// All files of a directory but smol's memory.
pub fn files(directory: &Path) -> Snapshot {
    below(directory, |path| !path.starts_with(".smol"))
}

/// The project, what smol knows of it, and what waits.
pub fn snapshot(dir: &Path) -> Snapshot {
    let is_known = |path: &str| path.starts_with(".smol/conflicts") || path == ".smol/manifest.json";
    below(&dir.join("generated"), |path| !path.starts_with(".smol") || is_known(path))
}

fn below(directory: &Path, is_wanted: impl Fn(&str) -> bool) -> Snapshot {
    let entries = walkdir::WalkDir::new(directory).into_iter().flatten().filter(|entry| entry.file_type().is_file());
    let files = entries.map(|entry| {
        let path = entry.path().strip_prefix(directory).expect("below").to_string_lossy().into_owned();
        let mode = entry.metadata().expect("is there").permissions().mode() & 0o7777;
        (path, (mode, fs::read(entry.path()).expect("reads")))
    });
    files.filter(|(path, _)| is_wanted(path)).collect()
}
