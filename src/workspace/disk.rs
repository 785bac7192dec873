//! Single files on the disk, below a directory handle: looked at, written whole, moved without replacing anybody's.

use std::io::{self, ErrorKind, Read, Write};

use anyhow::{Result, bail};
use cap_std::fs::{Dir, File};
use cap_tempfile::TempFile;

/// The hash that a text is known by: BLAKE3, in hex.
pub(super) fn hash(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}

/// No text that smol reads is longer, in bytes.
pub(super) const LONGEST_TEXT: u64 = 16 * 1024 * 1024;

/// What stands under a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Present {
    Nothing,
    File(Vec<u8>),
    /// Something else, or more than a text: what it is.
    Odd(&'static str),
}

/// Looks at what stands at `path`, without following a link in its place.
///
/// # Errors
/// If it cannot be read, or a directory stands there.
pub(super) fn look(dir: &Dir, path: &str) -> Result<Present> {
    let metadata = match dir.symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Present::Nothing),
        found => found.map_err(explained)?,
    };
    if metadata.is_dir() {
        bail!("a directory stands in its place");
    }
    if !metadata.is_file() {
        return Ok(Present::Odd("a link or a device stands in its place"));
    }
    if metadata.len() > LONGEST_TEXT {
        return Ok(Present::Odd("a file larger than 16 MiB stands in its place"));
    }
    Ok(Present::File(dir.read(path).map_err(explained)?))
}

/// The hash of the file at `path`; `None` if there is none, or what is there is no file.
pub(super) fn hash_at(dir: &Dir, path: &str) -> Option<String> {
    match look(dir, path) {
        Ok(Present::File(bytes)) => Some(hash(&bytes)),
        Ok(Present::Nothing | Present::Odd(_)) | Err(_) => None,
    }
}

/// Whether anything at all has this name.
pub(super) fn is_taken(dir: &Dir, path: &str) -> bool {
    dir.symlink_metadata(path).is_ok()
}

/// Writes a file whole or not at all: beside its place first, then under its name in one step.
pub(super) fn whole(dir: &Dir, path: &str, bytes: &[u8]) -> Result<()> {
    put(dir, path, bytes, |_| Ok(()))
}

/// The same, and it is whole after a power cut, too. (The order of renames is kept by file systems with a journal.)
pub(super) fn durable(dir: &Dir, path: &str, bytes: &[u8]) -> Result<()> {
    put(dir, path, bytes, |file| file.sync_data())
}

fn put(dir: &Dir, path: &str, bytes: &[u8], settle: impl FnOnce(&File) -> io::Result<()>) -> Result<()> {
    let (parent, name) = split(path);
    make_parents(dir, path)?;
    let parent = dir.open_dir(parent).map_err(explained)?;
    let mut file = TempFile::new(&parent).map_err(explained)?;
    file.write_all(bytes).map_err(explained)?;
    #[cfg(unix)]
    if bytes.starts_with(b"#!") {
        use cap_std::fs::PermissionsExt;
        file.as_file().set_permissions(cap_std::fs::Permissions::from_mode(0o755))?;
    }
    settle(file.as_file()).map_err(explained)?;
    file.replace(name).map_err(explained)
}

/// Makes the directories above `path`.
pub(super) fn make_parents(dir: &Dir, path: &str) -> Result<()> {
    match path.rsplit_once('/') {
        Some((parent, _)) => dir.create_dir_all(parent).map_err(explained),
        None => Ok(()),
    }
}

/// Removes the directories above `path` that are empty, nearest first.
pub(super) fn remove_empty_parents(dir: &Dir, path: &str) {
    let mut rest = path;
    while let Some((parent, _)) = rest.rsplit_once('/') {
        if dir.remove_dir(parent).is_err() {
            return;
        }
        rest = parent;
    }
}

/// Gives the file at `to` the rights of the one at `from`, and those of a script if it has become one.
#[cfg(unix)]
pub(super) fn copy_rights(from: (&Dir, &str), to: (&Dir, &str)) -> Result<()> {
    use cap_std::fs::{Permissions, PermissionsExt};
    let starts_script = |(dir, path): (&Dir, &str)| -> io::Result<bool> {
        let mut head = [0; 2];
        let read = dir.open(path)?.read(&mut head)?;
        Ok(head[..read] == *b"#!")
    };
    let mut mode = from.0.symlink_metadata(from.1).map_err(explained)?.permissions().mode() & 0o7777;
    if starts_script(to)? && !starts_script(from)? {
        // Whoever may read it may run it.
        mode |= (mode & 0o444) >> 2;
    }
    to.0.set_permissions(to.1, Permissions::from_mode(mode)).map_err(explained)
}

#[cfg(not(unix))]
pub(super) fn copy_rights(_: (&Dir, &str), _: (&Dir, &str)) -> Result<()> {
    Ok(())
}

/// How a move went that replaces nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moved {
    Done,
    /// Something has the name already.
    Taken,
}

/// Moves a file to a name that nobody has, in one step: whatever appears there first stays.
pub(super) fn move_new(from: (&Dir, &str), to: (&Dir, &str)) -> Result<Moved> {
    match rename_with(from, to, Flag::NoReplace) {
        Some(Ok(())) => return Ok(Moved::Done),
        Some(Err(error)) if error.kind() == ErrorKind::AlreadyExists => return Ok(Moved::Taken),
        Some(Err(error)) => return Err(explained(error)),
        None => {}
    }
    // A link takes a name only if it is free, too; but not every disk knows links.
    match from.0.hard_link(from.1, to.0, to.1) {
        Ok(()) => from.0.remove_file(from.1).map_err(explained).map(|()| Moved::Done),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(Moved::Taken),
        Err(_) if is_taken(to.0, to.1) => Ok(Moved::Taken),
        Err(_) => from.0.rename(from.1, to.0, to.1).map_err(explained).map(|()| Moved::Done),
    }
}

/// Lets two files change places in one step. `None` where the system or the disk cannot.
pub(super) fn exchange(one: (&Dir, &str), other: (&Dir, &str)) -> Option<Result<()>> {
    rename_with(one, other, Flag::Exchange).map(|done| done.map_err(explained))
}

#[derive(Clone, Copy)]
enum Flag {
    NoReplace,
    Exchange,
}

#[cfg(any(target_os = "linux", target_os = "macos"))]
fn rename_with(from: (&Dir, &str), to: (&Dir, &str), flag: Flag) -> Option<io::Result<()>> {
    use rustix::{
        fs::{RenameFlags, renameat_with},
        io::Errno,
    };
    let flags = match flag {
        Flag::NoReplace => RenameFlags::NOREPLACE,
        Flag::Exchange => RenameFlags::EXCHANGE,
    };
    // The handles of the parents keep the system call inside the directory: a bare name leads nowhere.
    let parent = |(dir, path): (&Dir, &str)| dir.open_dir(split(path).0);
    let (from_parent, to_parent) = match (parent(from), parent(to)) {
        (Ok(from), Ok(to)) => (from, to),
        (Err(error), _) | (_, Err(error)) => return Some(Err(error)),
    };
    match renameat_with(&from_parent, split(from.1).1, &to_parent, split(to.1).1, flags) {
        Err(Errno::NOSYS | Errno::INVAL | Errno::NOTSUP) => None,
        done => Some(done.map_err(io::Error::from)),
    }
}

#[cfg(not(any(target_os = "linux", target_os = "macos")))]
fn rename_with(_: (&Dir, &str), _: (&Dir, &str), _: Flag) -> Option<io::Result<()>> {
    None
}

/// Parent and name.
fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or((".", path))
}

/// A text of at most `limit` bytes.
pub(super) fn text_of(file: std::fs::File, limit: u64) -> Result<String> {
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
pub(super) fn explained(error: io::Error) -> anyhow::Error {
    match error.kind() {
        ErrorKind::PermissionDenied if error.raw_os_error().is_none() => {
            anyhow::anyhow!("a symlink on the way leads out of the output directory")
        }
        ErrorKind::NotADirectory => anyhow::anyhow!("a file stands where a directory has to be"),
        ErrorKind::AlreadyExists => anyhow::anyhow!("a file or a broken link stands where a directory has to be"),
        ErrorKind::CrossesDevices => anyhow::anyhow!("it is on another disk than the output directory"),
        ErrorKind::StorageFull => anyhow::anyhow!("the disk is full"),
        _ => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use cap_std::ambient_authority;

    use super::*;

    fn directory() -> (tempfile::TempDir, Dir) {
        let temporary = tempfile::TempDir::new().expect("a directory");
        let dir = Dir::open_ambient_dir(temporary.path(), ambient_authority()).expect("opens");
        (temporary, dir)
    }

    #[test]
    fn a_move_replaces_nothing() {
        let (_temporary, dir) = directory();
        dir.write("new", "smol's").expect("writes");
        dir.write("taken", "mine").expect("writes");
        assert_eq!(move_new((&dir, "new"), (&dir, "taken")).expect("looks"), Moved::Taken);
        assert_eq!(dir.read_to_string("taken").expect("reads"), "mine");
        assert_eq!(move_new((&dir, "new"), (&dir, "free")).expect("moves"), Moved::Done);
        assert_eq!((dir.read_to_string("free").expect("reads").as_str(), is_taken(&dir, "new")), ("smol's", false));
    }

    #[test]
    fn two_files_change_places() {
        let (_temporary, dir) = directory();
        dir.write("one", "1").expect("writes");
        dir.create_dir("below").expect("makes");
        dir.write("below/other", "2").expect("writes");
        let Some(done) = exchange((&dir, "one"), (&dir, "below/other")) else { return };
        done.expect("exchanges");
        assert_eq!(dir.read_to_string("one").expect("reads"), "2");
        assert_eq!(dir.read_to_string("below/other").expect("reads"), "1");
    }
}
