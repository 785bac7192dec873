//! What smol remembers of one output directory, taken along to another that holds the same project.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use cap_std::{ambient_authority, fs::Dir};

use super::{MEMORY, disk, memory::NAME as LINEAGE};

/// Not the records, nor what is under way there.
const FILES: [&str; 3] = ["manifest.json", "landing", LINEAGE];
const TEXTS: &str = "base";

/// Copies what smol knows of the files in `from` to `to`, unless `to` has a memory of its own. Without it every file
/// there would count as a person's. Nothing is done where one of the two is no directory.
///
/// # Errors
/// If the disk refuses.
pub fn carry_memory(from: &Path, to: &Path) -> Result<()> {
    if !from.join(MEMORY).is_dir() || !to.is_dir() || to.join(MEMORY).exists() {
        return Ok(());
    }
    let copy = || {
        let from = Dir::open_ambient_dir(from.join(MEMORY), ambient_authority())?;
        let to = Dir::open_ambient_dir(to, ambient_authority())?;
        to.create_dir_all(format!("{MEMORY}/{TEXTS}"))?;
        let to = to.open_dir(MEMORY)?;
        let texts = from.read_dir(TEXTS).into_iter().flatten().flatten();
        let texts = texts.filter_map(|entry| Some(format!("{TEXTS}/{}", entry.file_name().into_string().ok()?)));
        for name in FILES.into_iter().map(str::to_owned).chain(texts).filter(|name| from.is_file(name)) {
            disk::whole(&to, &name, &from.read(&name)?)?;
        }
        anyhow::Ok(())
    };
    copy().with_context(|| format!("could not take smol's memory along from '{}'", from.display()))
}

/// The nearest directory above `path`, or itself, that is there, by its real name; and the rest of the path.
///
/// # Errors
/// If there is none.
pub fn nearest(path: &Path) -> Result<(PathBuf, PathBuf)> {
    let path = std::path::absolute(path).with_context(|| format!("'{}' is no path", path.display()))?;
    let existing = path.ancestors().find(|path| path.is_dir()).unwrap_or(&path);
    let real = existing.canonicalize().with_context(|| format!("could not look at '{}'", existing.display()))?;
    let rest = path.strip_prefix(existing).unwrap_or(Path::new("")).to_owned();
    Ok((real, rest))
}

/// Whether something is there, be it only an empty file.
pub fn is_taken(path: &Path) -> bool {
    std::fs::read_dir(path).map_or(path.exists(), |mut entries| entries.next().is_some())
}
