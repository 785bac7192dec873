//! Files that are named, wherever they are: read, or written where nothing is.

use std::{
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use cap_std::{ambient_authority, fs::Dir};

use super::{
    MEMORY,
    disk::{self, LONGEST_TEXT, explained, text_of},
    memory,
    transaction::JOURNAL,
};
use crate::{lineage::Lineage, path::RelPath, sandbox::There};

/// No recorded run that smol reads is longer, in bytes.
pub(super) const LONGEST_RECORD: u64 = 1024 * 1024 * 1024;

/// The text of a file that a person named.
pub fn read_named(path: &Path) -> Result<String> {
    text_of(std::fs::File::open(path)?, LONGEST_TEXT)
}

/// What stands under a name, links followed.
pub fn what_is(path: &Path) -> There {
    match std::fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => There::Directory,
        Ok(_) => There::File,
        Err(_) => There::Nothing,
    }
}

/// The path without links on the way.
///
/// # Errors
/// If there is nothing.
pub fn real_path(path: &Path) -> Result<PathBuf> {
    std::fs::canonicalize(path).with_context(|| format!("could not find '{}'", path.display()))
}

/// The text of a recorded run that a person named; those of large projects are long.
pub fn read_record(path: &Path) -> Result<String> {
    text_of(std::fs::File::open(path)?, LONGEST_RECORD)
}

/// The text of a file of an output directory that nothing is done to; `None` if there is no such file or directory.
///
/// # Errors
/// If it cannot be read, or is no text.
pub fn read_below(out: &Path, path: &RelPath) -> Result<Option<String>> {
    match Dir::open_ambient_dir(out, ambient_authority()) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        dir => read(&dir.with_context(|| format!("could not open '{}'", out.display()))?, path),
    }
}

/// What the files of an output directory were made from, as far as it is remembered there.
///
/// # Errors
/// If it cannot be read: guessing would ask, and pay, for everything again.
pub fn read_lineage(out: &Path) -> Result<Lineage> {
    match Dir::open_ambient_dir(out.join(MEMORY), ambient_authority()) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Lineage::default()),
        memory => memory::read(&memory?).with_context(|| format!("in '{}'", out.display())),
    }
}

/// Whether the last command in an output directory was ended while it wrote; opening it finishes what it began.
pub fn is_cut_short(out: &Path) -> bool {
    out.join(MEMORY).join(JOURNAL).exists()
}

pub(super) fn read(dir: &Dir, path: &RelPath) -> Result<Option<String>> {
    let file = match dir.metadata(path.as_str()) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        // Opening a pipe would wait for somebody to write into it.
        Ok(metadata) if !metadata.is_file() => Err(anyhow::anyhow!("it is no ordinary file")),
        found => found.and_then(|_| dir.open(path.as_str())).map_err(explained),
    };
    file.and_then(|file| text_of(file.into_std(), LONGEST_TEXT))
        .map(Some)
        .with_context(|| format!("could not read '{path}'"))
}

/// Who may read a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    Everybody,
    Owner,
}

/// Writes a file that a person asked for, unless there is one already; whether it did.
pub fn write_new(path: &Path, text: &str, access: Access) -> io::Result<bool> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    if access == Access::Owner {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    match options.open(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
        file => file?.write_all(text.as_bytes()).map(|()| true),
    }
}

/// Writes a file of smol's own outside of any output directory, whole or not at all.
pub fn write_own(path: &Path, text: &str) -> Result<()> {
    let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
        bail!("'{}' is no file", path.display())
    };
    std::fs::create_dir_all(parent)?;
    let parent = Dir::open_ambient_dir(parent, ambient_authority())?;
    disk::whole(&parent, &name.to_string_lossy(), text.as_bytes())
}

/// Whether a person's word is the name of a file.
pub fn is_file(path: &Path) -> bool {
    path.is_file()
}

/// Whether there is such a directory.
pub fn is_directory(path: &Path) -> bool {
    path.is_dir()
}

/// The texts of the `.md` files right in a directory, by their names without the ending.
pub fn read_prompts(directory: &Path) -> Result<std::collections::BTreeMap<String, String>> {
    let mut prompts = std::collections::BTreeMap::new();
    for entry in walkdir::WalkDir::new(directory).min_depth(1).max_depth(1) {
        let path = entry?.into_path();
        if path.extension().is_some_and(|extension| extension == "md") {
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let text = read_named(&path).with_context(|| format!("could not read the prompt '{}'", path.display()))?;
            prompts.insert(name, text);
        }
    }
    Ok(prompts)
}
