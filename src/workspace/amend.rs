//! Changes files of a codebase that smol has read, and nothing that somebody has changed since.

use std::{
    io::{ErrorKind, Write},
    path::Path,
};

use anyhow::{Context, Result, bail};
use cap_std::{ambient_authority, fs::Dir};
use cap_tempfile::TempFile;

use super::disk::{self, explained};
use crate::path::RelPath;

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
