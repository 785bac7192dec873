//! The only code that touches a disk: the output directory, what smol remembers in it, and files a person names.
//!
//! Everything in the output directory goes through one directory handle, so no symlink and no `..` leads out of it.
//! smol owns a file only while its bytes are those that smol wrote; every other file is a person's and stays.

mod amend;
mod cache;
mod codebase;
mod manifest;
mod run_log;

use std::{
    io::{self, ErrorKind, Read, Write},
    path::Path,
    sync::{Mutex, PoisonError},
};

use anyhow::{Context, Result, bail};
use cap_std::{ambient_authority, fs::Dir};
use cap_tempfile::TempFile;

use self::manifest::Manifest;
pub use self::{
    amend::{amend, hash_of},
    cache::Cache,
    codebase::read_tree,
    run_log::RunLog,
};
use crate::path::RelPath;

/// smol's own directory in the output directory.
const MEMORY: &str = ".smol";
/// Where new texts wait whose place is taken by a person's file, below [`MEMORY`].
const KEPT: &str = "kept";
/// No text that smol reads is longer, in bytes.
const LONGEST_TEXT: u64 = 16 * 1024 * 1024;

/// No recorded run that smol reads is longer, in bytes.
const LONGEST_RECORD: u64 = 1024 * 1024 * 1024;

/// An output directory, held by one process at a time.
pub struct Workspace {
    name: String,
    dir: Dir,
    manifest: Mutex<Manifest>,
    /// Locked as long as the workspace lives; the system lets go of it however the process ends.
    _lock: std::fs::File,
}

/// What became of a text that was to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Landing {
    Written,
    /// The file holds this text already.
    Unchanged,
    /// A person's file is in its place and stays; the text is at `kept_at`, below the output directory.
    Kept {
        kept_at: String,
        why: &'static str,
    },
}

impl Workspace {
    /// Opens the output directory, and makes it if it is not there.
    ///
    /// # Errors
    /// If it cannot be made or written, or another process works in it.
    pub fn open(out: &Path) -> Result<Workspace> {
        let name = out.display().to_string();
        std::fs::create_dir_all(out).with_context(|| format!("could not make the output directory '{name}'"))?;
        let dir = Dir::open_ambient_dir(out, ambient_authority())
            .with_context(|| format!("could not open the output directory '{name}'"))?;
        let memory = || format!("could not keep smol's memory in '{name}/{MEMORY}'");
        dir.create_dir_all(MEMORY).with_context(memory)?;
        let memory_dir = dir.open_dir(MEMORY).with_context(memory)?;
        if !memory_dir.exists(".gitignore") {
            memory_dir.write(".gitignore", "*\n").with_context(memory)?;
        }
        let lock = memory_dir.create("lock").with_context(memory)?.into_std();
        match lock.try_lock() {
            Ok(()) => {}
            Err(std::fs::TryLockError::WouldBlock) => bail!("another smol is at work in '{name}'"),
            Err(std::fs::TryLockError::Error(error)) => return Err(error).with_context(memory),
        }
        let manifest = Manifest::open(memory_dir).with_context(memory)?;
        Ok(Workspace { name, dir, manifest: Mutex::new(manifest), _lock: lock })
    }

    /// The output directory as it was given.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The text of a file; `None` if there is no such file.
    ///
    /// # Errors
    /// If it cannot be read, or is no text.
    pub fn read(&self, path: &RelPath) -> Result<Option<String>> {
        read(&self.dir, path)
    }

    /// Puts `text` under its final name, whole or not at all, unless a person's file is there.
    ///
    /// # Errors
    /// If the disk refuses; then nothing has changed.
    pub fn land(&self, path: &RelPath, text: &str) -> Result<Landing> {
        let mut manifest = self.manifest.lock().unwrap_or_else(PoisonError::into_inner);
        match self.owner(path, text, &manifest).with_context(|| format!("could not look at '{path}'"))? {
            Owner::Nobody => {
                manifest.promise(path, text).with_context(|| format!("could not note down '{path}'"))?;
                match self.appear(path, text).with_context(|| format!("could not write '{path}'"))? {
                    Appearance::New => Ok(Landing::Written),
                    Appearance::TooLate => {
                        let kept_at = self.keep(path, text)?;
                        Ok(Landing::Kept { kept_at, why: "it appeared while smol was about to write it" })
                    }
                }
            }
            Owner::Smol => {
                manifest.promise(path, text).with_context(|| format!("could not note down '{path}'"))?;
                self.place(path.as_str(), text).with_context(|| format!("could not write '{path}'"))?;
                Ok(Landing::Written)
            }
            Owner::SameText => Ok(Landing::Unchanged),
            Owner::Person(why) => {
                // Taken by the person as advised, the text is smol's own again.
                manifest.promise(path, text).with_context(|| format!("could not note down '{path}'"))?;
                let kept_at = self.keep(path, text)?;
                Ok(Landing::Kept { kept_at, why })
            }
        }
    }

    /// The record of the last run; `None` if there was none.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn last_record(&self) -> Result<Option<String>> {
        let Ok(entries) = self.dir.read_dir(format!("{MEMORY}/runs")) else { return Ok(None) };
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        // Their names begin with the moment when they began.
        let Some(last) = names.filter(|name| name.ends_with(".jsonl")).max() else { return Ok(None) };
        let file = self.dir.open(format!("{MEMORY}/runs/{last}")).map_err(explained)?;
        text_of(file.into_std(), LONGEST_RECORD).map(Some)
    }

    /// Starts the record of a run.
    pub fn run_log(&self, run: &str) -> Result<RunLog> {
        let runs = format!("{MEMORY}/runs");
        let name = format!("{runs}/{run}.jsonl");
        let create = || {
            self.dir.create_dir_all(&runs)?;
            self.dir.open_with(&name, cap_std::fs::OpenOptions::new().append(true).create_new(true))
        };
        let file = create().with_context(|| format!("could not start the record '{name}'"))?;
        Ok(RunLog::new(name, file.into_std()))
    }

    /// Whose file stands at `path`.
    fn owner(&self, path: &RelPath, text: &str, manifest: &Manifest) -> Result<Owner> {
        let metadata = match self.dir.symlink_metadata(path.as_str()) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Owner::Nobody),
            found => found.map_err(explained)?,
        };
        if metadata.is_dir() {
            bail!("a directory stands in its place");
        }
        if !metadata.is_file() {
            return Ok(Owner::Person("a link or a device stands in its place"));
        }
        if metadata.len() == text.len() as u64 && self.bytes(path)? == text.as_bytes() {
            return Ok(Owner::SameText);
        }
        let Some(written) = manifest.written(path) else {
            return Ok(Owner::Person("it was there before smol wrote it"));
        };
        match written.contains(&manifest::hash(&self.bytes(path)?)) {
            true => Ok(Owner::Smol),
            false => Ok(Owner::Person("it was changed since smol wrote it")),
        }
    }

    fn bytes(&self, path: &RelPath) -> Result<Vec<u8>> {
        self.dir.read(path.as_str()).map_err(explained)
    }

    /// Puts a text where nothing is, and leaves alone what somebody else puts there first.
    ///
    /// A link takes a name only if it is free, in one step; a rename would replace whatever has it by now.
    fn appear(&self, path: &RelPath, text: &str) -> Result<Appearance> {
        if let Some(parent) = path.parents().next() {
            self.dir.create_dir_all(parent).map_err(explained)?;
        }
        let landing = format!("{MEMORY}/landing");
        whole(&self.dir, &landing, text)?;
        let linked = self.dir.hard_link(&landing, &self.dir, path.as_str());
        self.dir.remove_file(&landing).map_err(explained)?;
        match linked {
            Ok(()) => Ok(Appearance::New),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(Appearance::TooLate),
            // Not every disk knows links.
            Err(_) => whole(&self.dir, path.as_str(), text).map(|()| Appearance::New),
        }
    }

    fn place(&self, path: &str, text: &str) -> Result<()> {
        if let Some((parent, _)) = path.rsplit_once('/') {
            self.dir.create_dir_all(parent).map_err(explained)?;
        }
        whole(&self.dir, path, text)
    }

    /// Puts the text aside, where the person finds it: under a name of its own if another one waits there.
    fn keep(&self, path: &RelPath, text: &str) -> Result<String> {
        let names = (1..).map(|number| match number {
            1 => format!("{MEMORY}/{KEPT}/{path}"),
            number => format!("{MEMORY}/{KEPT}/{path}.{number}"),
        });
        for kept_at in names {
            let waiting = self.dir.read(&kept_at).ok();
            if waiting.as_deref() == Some(text.as_bytes()) {
                return Ok(kept_at);
            }
            if waiting.is_none() {
                let kept = self.place(&kept_at, text);
                kept.with_context(|| {
                    format!("'{path}' is a person's file, and its new text could not be kept in '{kept_at}'")
                })?;
                return Ok(kept_at);
            }
        }
        unreachable!("there is always another number")
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Appearance {
    New,
    TooLate,
}

enum Owner {
    Nobody,
    Smol,
    SameText,
    Person(&'static str),
}

/// Writes a file whole or not at all: beside its place first, then under its name in one step.
fn whole(dir: &Dir, path: &str, text: &str) -> Result<()> {
    let (parent, name) = path.rsplit_once('/').map_or((".", path), |(parent, name)| (parent, name));
    let parent = dir.open_dir(parent).map_err(explained)?;
    let mut file = TempFile::new(&parent).map_err(explained)?;
    file.write_all(text.as_bytes()).map_err(explained)?;
    #[cfg(unix)]
    if text.starts_with("#!") {
        use cap_std::fs::PermissionsExt;
        file.as_file().set_permissions(cap_std::fs::Permissions::from_mode(0o755))?;
    }
    file.replace(name).map_err(explained)
}

fn text_of(file: std::fs::File, limit: u64) -> Result<String> {
    if file.metadata()?.is_dir() {
        bail!("it is a directory");
    }
    let mut bytes = Vec::new();
    file.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        bail!("it is larger than {} MiB", limit >> 20);
    }
    String::from_utf8(bytes).map_err(|_| anyhow::anyhow!("it is not text in UTF-8"))
}

/// The disk's errors in words: what the directory handle reports for an escape reads like a riddle.
fn explained(error: io::Error) -> anyhow::Error {
    match error.kind() {
        ErrorKind::PermissionDenied if error.raw_os_error().is_none() => {
            anyhow::anyhow!("a symlink on the way leads out of the output directory")
        }
        ErrorKind::NotADirectory => anyhow::anyhow!("a file stands where a directory has to be"),
        ErrorKind::AlreadyExists => anyhow::anyhow!("a file or a broken link stands where a directory has to be"),
        ErrorKind::StorageFull => anyhow::anyhow!("the disk is full"),
        _ => error.into(),
    }
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

fn read(dir: &Dir, path: &RelPath) -> Result<Option<String>> {
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

/// The text of a file that a person named, wherever it is.
pub fn read_named(path: &Path) -> Result<String> {
    text_of(std::fs::File::open(path)?, LONGEST_TEXT)
}

/// The text of a recorded run that a person named; those of large projects are long.
pub fn read_record(path: &Path) -> Result<String> {
    text_of(std::fs::File::open(path)?, LONGEST_RECORD)
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
    whole(&parent, &name.to_string_lossy(), text)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_appears_at_the_last_moment_stays() {
        let out = tempfile::TempDir::new().expect("a directory");
        let workspace = Workspace::open(out.path()).expect("opens");
        let path = RelPath::parse("src/a.js").expect("is one");
        assert_eq!(workspace.appear(&path, "smol's").expect("writes"), Appearance::New);
        std::fs::write(out.path().join("src/a.js"), "mine").expect("writes");
        assert_eq!(workspace.appear(&path, "smol's").expect("looks"), Appearance::TooLate);
        assert_eq!(workspace.read(&path).expect("reads").as_deref(), Some("mine"));
        assert!(!out.path().join(".smol/landing").exists());
    }
}
