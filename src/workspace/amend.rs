//! Changes files of a codebase that smol has read, and nothing that somebody has changed since: several as one act that
//! can be taken back, or a single one outside of any output directory.

use std::{
    io::{ErrorKind, Write},
    path::Path,
};

use anyhow::{Context, Result, bail};
use cap_std::{ambient_authority, fs::Dir};
use cap_tempfile::TempFile;

use super::{
    Landing, Workspace, base,
    commit::Draft,
    disk::{self, explained},
    manifest::Standing,
    memory,
    transaction::{self, Outcome, Purpose, STAGE, Step},
};
use crate::path::RelPath;

/// What somebody has agreed to have done to a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Amendment {
    pub path: RelPath,
    /// Hash of the bytes that were read; `None` if there was no such file.
    pub old: Option<String>,
    /// What is to stand there; `None` if nothing is.
    pub new: Option<Vec<u8>>,
}

impl Workspace {
    /// Changes files as one act, each only if it is as it was read, and tells what became of them.
    ///
    /// A file that is smol's own stays that, a person's stays theirs; a new one is smol's if the file list has it.
    ///
    /// # Errors
    /// If the disk refuses: before the journal stands nothing has changed; afterwards the next command finishes it.
    pub fn amend(&self, amendments: &[Amendment]) -> Result<Vec<(RelPath, Landing)>> {
        let mut draft = Draft::default();
        for amendment in amendments {
            let step = self.step(amendment, &draft).context("nothing was changed");
            if step.is_err() {
                transaction::tidy(&self.memory, &self.state().manifest)?;
            }
            draft.steps.push(step?);
        }
        let outcomes = self.transact(draft, Purpose::Amend)?;
        let landing = |amendment: &Amendment, outcome| match (outcome, &amendment.new) {
            (Outcome::Done, None) => Landing::Removed,
            (Outcome::Done, Some(new)) => Landing::Written { lines: String::from_utf8_lossy(new).lines().count() },
            (Outcome::Changed, _) if amendment.old.is_none() => {
                Landing::Failed { why: "a file appeared there since the codebase was read".to_owned() }
            }
            (Outcome::Changed, _) => {
                Landing::Failed { why: "it was changed since it was read; nothing was written to it".to_owned() }
            }
            (Outcome::Failed(why), _) => Landing::Failed { why: format!("could not write it: {why}") },
        };
        let landings = amendments.iter().zip(outcomes);
        Ok(landings.map(|(amendment, outcome)| (amendment.path.clone(), landing(amendment, outcome))).collect())
    }

    /// The bytes of a file; `None` if there is none.
    ///
    /// # Errors
    /// If it cannot be read, or is no ordinary file.
    pub fn bytes(&self, path: &RelPath) -> Result<Option<Vec<u8>>> {
        match disk::look(&self.dir, path.as_str()).with_context(|| format!("could not read '{path}'"))? {
            disk::Present::Nothing => Ok(None),
            disk::Present::File(bytes) => Ok(Some(bytes)),
            disk::Present::Odd(what) => bail!("could not read '{path}': {what}"),
        }
    }

    /// Whether smol wrote what stands there, by its hash.
    pub fn is_own(&self, path: &RelPath, hash: &str) -> bool {
        let standing = self.state().manifest.standing(path);
        standing.written.as_deref() == Some(hash) || standing.waits.as_deref() == Some(hash)
    }

    /// Whether the file list of the last run has this file.
    pub fn is_listed(&self, path: &RelPath) -> bool {
        memory::read(&self.memory).is_ok_and(|lineage| lineage.list.contains(path))
    }

    fn step(&self, amendment: &Amendment, draft: &Draft) -> Result<Step> {
        let Amendment { path, old, new } = amendment;
        let was = self.state().manifest.standing(path);
        let is_smols = old.as_ref().map_or_else(|| self.is_listed(path), |old| self.is_own(path, old));
        let source = format!("{STAGE}/{}", draft.steps.len());
        let staged = new.as_deref().map(|new| transaction::stage(&self.memory, &source, new)).transpose();
        let done = match new.as_deref().map(std::str::from_utf8) {
            Some(Ok(text)) if is_smols => Standing { written: Some(base::keep(&self.memory, text)?), waits: None },
            None if is_smols => Standing::default(),
            _ => was.clone(),
        };
        Ok(Step {
            path: path.clone(),
            old: old.clone(),
            new: staged.with_context(|| format!("could not stage '{path}'"))?,
            source,
            saved: draft.saved(self),
            done,
            not_done: was,
        })
    }
}

/// Puts `bytes` in the place of the file at `path` in `directory`, whole or not at all.
///
/// `hash` is that of the bytes that were read; without one the file must be new.
///
/// # Errors
/// If the file is not as it was read, or is there although it is new, or the disk refuses; then nothing has changed.
pub fn amend(directory: &Path, path: &RelPath, hash: Option<&str>, bytes: &[u8]) -> Result<()> {
    if hash.is_none() {
        std::fs::create_dir_all(directory).with_context(|| format!("could not make '{}'", directory.display()))?;
    }
    let dir = Dir::open_ambient_dir(directory, ambient_authority())
        .with_context(|| format!("could not open '{}'", directory.display()))?;
    let write = || match hash {
        Some(hash) => replace(&dir, path, hash, bytes),
        None => create(&dir, path, bytes),
    };
    write().with_context(|| format!("could not write '{path}'"))
}

/// The hash of a file's bytes as they are now, to tell later whether somebody has changed them.
pub fn hash_of(path: &Path) -> Result<String> {
    Ok(disk::hash(&std::fs::read(path)?))
}

fn replace(dir: &Dir, path: &RelPath, hash: &str, bytes: &[u8]) -> Result<()> {
    let metadata = dir.symlink_metadata(path.as_str()).map_err(explained)?;
    if !metadata.is_file() {
        bail!("it is no ordinary file");
    }
    let present = dir.read(path.as_str()).map_err(explained)?;
    if disk::hash(&present) != hash {
        bail!("it was changed since it was read; nothing was written to it");
    }
    let (parent, name) = parted(path);
    let parent = dir.open_dir(parent).map_err(explained)?;
    let mut file = TempFile::new(&parent).map_err(explained)?;
    file.write_all(bytes).map_err(explained)?;
    file.as_file().set_permissions(metadata.permissions()).map_err(explained)?;
    file.replace(name).map_err(explained)
}

fn create(dir: &Dir, path: &RelPath, bytes: &[u8]) -> Result<()> {
    let (parent, name) = parted(path);
    dir.create_dir_all(parent).map_err(explained)?;
    let parent = dir.open_dir(parent).map_err(explained)?;
    // Whole under another name first: a link takes its name only if it is free.
    let landing = format!(".{name}.smol-{}", std::process::id());
    let linked = (|| {
        parent.write(&landing, bytes)?;
        parent.hard_link(&landing, &parent, name)
    })();
    let _ = parent.remove_file(&landing);
    match linked {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            bail!("a file appeared there since the codebase was read")
        }
        linked => linked.map_err(explained),
    }
}

fn parted(path: &RelPath) -> (&str, &str) {
    path.as_str().rsplit_once('/').unwrap_or((".", path.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(bytes: &[u8]) -> String {
        blake3::hash(bytes).to_hex().to_string()
    }

    #[test]
    fn only_what_was_read_is_replaced() {
        let dir = tempfile::TempDir::new().expect("a directory");
        let at = |path: &str| dir.path().join(path);
        let path = RelPath::parse("bin/a.sh").expect("is one");
        std::fs::create_dir(at("bin")).expect("makes");
        std::fs::write(at("bin/a.sh"), "old").expect("writes");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            std::fs::set_permissions(at("bin/a.sh"), std::fs::Permissions::from_mode(0o750)).expect("sets");
        }
        amend(dir.path(), &path, Some(&hash(b"old")), b"new").expect("writes");
        assert_eq!(std::fs::read(at("bin/a.sh")).expect("reads"), b"new");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(at("bin/a.sh")).expect("is there").permissions().mode() & 0o777, 0o750);
        }
        assert!(amend(dir.path(), &path, Some(&hash(b"old")), b"newer").is_err());
        assert!(amend(dir.path(), &path, None, b"newer").is_err());
        assert_eq!(std::fs::read(at("bin/a.sh")).expect("reads"), b"new");
        let fresh = RelPath::parse("deep/er/b.txt").expect("is one");
        amend(dir.path(), &fresh, None, b"b").expect("writes");
        assert_eq!(std::fs::read(at("deep/er/b.txt")).expect("reads"), b"b");
        assert_eq!(std::fs::read_dir(at("deep/er")).expect("lists").count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn no_link_leads_out() {
        let (dir, other) = (tempfile::TempDir::new().expect("a directory"), tempfile::TempDir::new().expect("another"));
        std::fs::write(other.path().join("a"), "theirs").expect("writes");
        std::os::unix::fs::symlink(other.path(), dir.path().join("out")).expect("links");
        std::os::unix::fs::symlink(other.path().join("a"), dir.path().join("a")).expect("links");
        for path in ["out/a", "out/b", "a"] {
            let path = RelPath::parse(path).expect("is one");
            assert!(amend(dir.path(), &path, Some(&hash(b"theirs")), b"mine").is_err(), "{path}");
            assert!(amend(dir.path(), &path, None, b"mine").is_err(), "{path}");
        }
        assert_eq!(std::fs::read(other.path().join("a")).expect("reads"), b"theirs");
        assert_eq!(std::fs::read_dir(other.path()).expect("lists").count(), 1);
    }
}
