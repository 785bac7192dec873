//! Reads a person's codebase: in parallel, by the rules that git and the person have for what belongs to it.

use std::{
    fs::File,
    io::Read,
    path::Path,
    sync::{Mutex, PoisonError},
    time::UNIX_EPOCH,
};

use anyhow::{Context, Result, bail};
use ignore::{DirEntry, WalkBuilder, WalkState, overrides::Override, overrides::OverrideBuilder};

use crate::{
    path::RelPath,
    tree::{Credentials, LONGEST_FILE, LeftOut, Reading, SourceFile, Tree, Why, unwanted},
};

/// Threads that read; more of them wait for the same disk.
const MOST_THREADS: usize = 8;

type Found = Result<SourceFile, LeftOut>;

/// Reads the codebase in `dir`.
///
/// Follows `.gitignore`, `.ignore` and `.smolignore`, also outside of git; hidden files count, links are not followed.
///
/// # Errors
/// If there is no such directory, or a glob cannot be understood. A file that cannot be read stands in the tree.
pub fn read_tree(dir: &Path, reading: &Reading) -> Result<Tree> {
    if !std::fs::metadata(dir).with_context(|| format!("could not read '{}'", dir.display()))?.is_dir() {
        bail!("'{}' is no directory", dir.display());
    }
    let mut globs = OverrideBuilder::new(dir);
    let excluded = reading.exclude.iter().map(|glob| format!("!{glob}"));
    for glob in reading.include.iter().cloned().chain(excluded) {
        globs.add(&glob).with_context(|| format!("'{}' is no glob", glob.trim_start_matches('!')))?;
    }
    let globs = globs.build()?;
    let tree = walk(dir, reading, &globs, Rules::WithThoseAbove);
    // The rules of a directory above may be about the whole of this one, as for an output directory that git leaves out.
    if tree.files.is_empty() && tree.left_out.is_empty() {
        return Ok(walk(dir, reading, &globs, Rules::OwnOnly));
    }
    Ok(tree)
}

/// Whether the ignore files of the directories above count.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rules {
    WithThoseAbove,
    OwnOnly,
}

fn walk(dir: &Path, reading: &Reading, globs: &Override, rules: Rules) -> Tree {
    let found = Mutex::new(Vec::new());
    let keep = |more: Vec<Found>| found.lock().unwrap_or_else(PoisonError::into_inner).extend(more);
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(MOST_THREADS);
    let others = |entry: &DirEntry| {
        let name = entry.file_name().to_str().unwrap_or_default();
        let is_directory = entry.file_type().is_some_and(|kind| kind.is_dir());
        entry.depth() == 0 || !is_directory || !unwanted::MEMORIES.contains(&name)
    };
    let mut walk = WalkBuilder::new(dir);
    walk.hidden(false).require_git(false).parents(rules == Rules::WithThoseAbove).follow_links(false);
    walk.add_custom_ignore_filename(".smolignore").overrides(globs.clone()).threads(threads).filter_entry(others);
    walk.build_parallel().run(|| {
        let mut batch = Batch { found: Vec::new(), keep };
        Box::new(move |entry| {
            let (state, found) = match entry {
                Ok(entry) => look(dir, &entry, globs, reading),
                Err(error) => (WalkState::Continue, unreadable(dir, &error)),
            };
            batch.found.extend(found);
            state
        })
    });
    Tree::new(found.into_inner().unwrap_or_else(PoisonError::into_inner))
}

/// What one thread has found; handed over at its end.
struct Batch<K: Fn(Vec<Found>)> {
    found: Vec<Found>,
    keep: K,
}

impl<K: Fn(Vec<Found>)> Drop for Batch<K> {
    fn drop(&mut self) {
        (self.keep)(std::mem::take(&mut self.found));
    }
}

/// One entry, and whether to go into it.
fn look(dir: &Path, entry: &DirEntry, globs: &Override, reading: &Reading) -> (WalkState, Option<Found>) {
    let kind = entry.file_type();
    let Some(name) = name_in(dir, entry.path()) else { return (WalkState::Continue, None) };
    let left_out = |path: String, why| Some(Err(LeftOut { path, why }));
    if kind.is_some_and(|kind| kind.is_dir()) {
        let is_others = unwanted::is_others(entry.file_name().to_str().unwrap_or_default());
        if is_others && reading.include.is_empty() || is_cache(entry.path()) {
            let why = Why::Generated("other people's, or a tool's".to_owned());
            return (WalkState::Skip, left_out(format!("{name}/"), why));
        }
        return (WalkState::Continue, None);
    }
    let is_wanted = globs.matched(entry.path(), false).is_whitelist();
    let found = match kind {
        Some(kind) if kind.is_symlink() => left_out(name, Why::Link),
        Some(kind) if kind.is_file() => Some(read(entry, name, is_wanted, reading)),
        _ => left_out(name, Why::Special),
    };
    (WalkState::Continue, found)
}

fn read(entry: &DirEntry, name: String, is_wanted: bool, reading: &Reading) -> Found {
    let path = match RelPath::parse(&name) {
        Ok(path) if path.as_str() == name => path,
        _ => return Err(LeftOut { path: name, why: Why::Name }),
    };
    let refuse = |why| Err(LeftOut { path: name.clone(), why });
    if reading.credentials == Credentials::Mask
        && let Some(how) = unwanted::keys(&name)
    {
        return refuse(Why::Secret(how.to_owned()));
    }
    if path.is_binary() {
        return refuse(Why::Binary);
    }
    match bytes(entry.path()) {
        Ok((bytes, _)) if bytes.len() as u64 > LONGEST_FILE => refuse(Why::TooLong),
        Ok((bytes, changed)) => SourceFile::read(path, &bytes, changed, is_wanted, reading),
        Err(error) => refuse(Why::Unreadable(error.to_string())),
    }
}

/// The bytes of a file, as far as they may be read, and when it was changed.
fn bytes(path: &Path) -> std::io::Result<(Vec<u8>, u64)> {
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(std::io::Error::other("it is no ordinary file any more"));
    }
    let changed = metadata.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok());
    let mut bytes = Vec::with_capacity(metadata.len().min(LONGEST_FILE) as usize + 1);
    file.take(LONGEST_FILE + 1).read_to_end(&mut bytes)?;
    Ok((bytes, changed.map_or(0, |since| since.as_secs())))
}

/// Whether a tool has marked the directory as a cache, as cargo and others do.
fn is_cache(directory: &Path) -> bool {
    directory.join("CACHEDIR.TAG").exists()
}

/// The path below `dir` with forward slashes; `None` for `dir` itself.
fn name_in(dir: &Path, path: &Path) -> Option<String> {
    let inner = path.strip_prefix(dir).unwrap_or(path);
    let name = inner.to_string_lossy();
    (!name.is_empty()).then(|| if cfg!(windows) { name.replace('\\', "/") } else { name.into_owned() })
}

/// An entry that could not be looked at. Errors in ignore files say nothing of a file.
fn unreadable(dir: &Path, error: &ignore::Error) -> Option<Found> {
    let ignore::Error::WithPath { path, err } = innermost(error)? else { return None };
    let name = name_in(dir, path).unwrap_or_else(|| ".".to_owned());
    Some(Err(LeftOut { path: name, why: Why::Unreadable(err.to_string()) }))
}

fn innermost(error: &ignore::Error) -> Option<&ignore::Error> {
    match error {
        ignore::Error::WithDepth { err, .. } => innermost(err),
        ignore::Error::WithPath { .. } => Some(error),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tokens::Counter;

    fn reading(include: &[&str], exclude: &[&str]) -> Reading {
        let globs = |globs: &[&str]| globs.iter().map(|glob| (*glob).to_owned()).collect();
        let counter = Counter::rough();
        Reading { include: globs(include), exclude: globs(exclude), credentials: Credentials::Mask, counter }
    }

    fn codebase(files: &[(&str, &[u8])]) -> tempfile::TempDir {
        let dir = tempfile::TempDir::new().expect("a directory");
        for (path, bytes) in files {
            let path = dir.path().join(path);
            std::fs::create_dir_all(path.parent().expect("it has one")).expect("makes");
            std::fs::write(path, bytes).expect("writes");
        }
        dir
    }

    #[track_caller]
    fn reads(dir: &Path, reading: &Reading, files: &[&str], left_out: &[&str]) -> Tree {
        let tree = read_tree(dir, reading).expect("reads");
        assert_eq!(tree.files.iter().map(|file| file.path.as_str()).collect::<Vec<_>>(), files);
        assert_eq!(tree.left_out.iter().map(|left| left.path.as_str()).collect::<Vec<_>>(), left_out);
        tree
    }

    #[test]
    fn what_is_ignored_is_not_there_and_what_is_hidden_is() {
        let dir = codebase(&[
            (".gitignore", b"*.log\n/out\n"),
            (".smolignore", b"notes/\n"),
            (".github/ci.yml", b"on: push\n"),
            ("src/a.py", b"a = 1\n"),
            ("src/a.log", b"x"),
            ("out/b.py", b"x"),
            ("notes/n.md", b"x"),
            (".git/config", b"x"),
            (".smol/manifest.json", b"x"),
        ]);
        reads(dir.path(), &reading(&[], &[]), &[".github/ci.yml", ".gitignore", ".smolignore", "src/a.py"], &[]);
        reads(dir.path(), &reading(&["*.py"], &[]), &["src/a.py"], &[]);
        reads(dir.path(), &reading(&[], &["src/**", ".*"]), &[], &[]);
    }

    #[test]
    fn what_is_left_out_is_listed() {
        let dir = codebase(&[
            ("a.c", b"int a;\n"),
            ("aux.c", b"int b;\n"),
            (".env", b"KEY=x"),
            ("Cargo.lock", b"x"),
            ("logo.dat", b"\0\x01"),
            ("node_modules/x/index.js", b"x"),
            ("cache/CACHEDIR.TAG", b"x"),
            ("big.csv", &vec![b'1'; LONGEST_FILE as usize + 1]),
            ("old.txt", b"Gr\xfc\xdfe aus K\xf6ln\n"),
        ]);
        #[cfg(unix)]
        std::os::unix::fs::symlink("/etc/passwd", dir.path().join("link")).expect("links");
        let left_out = [".env", "Cargo.lock", "aux.c", "big.csv", "cache/", "link", "logo.dat", "node_modules/"];
        let tree = reads(dir.path(), &reading(&[], &[]), &["a.c", "old.txt"], &left_out);
        assert_eq!(&*tree.files[1].text, "Grüße aus Köln\n");
        let wanted = reading(&["Cargo.lock", ".env"], &[]);
        reads(dir.path(), &wanted, &["Cargo.lock"], &[".env", "cache/"]);
        let sent = Reading { credentials: Credentials::Send, ..wanted };
        reads(dir.path(), &sent, &[".env", "Cargo.lock"], &["cache/"]);
    }

    #[test]
    fn a_directory_that_the_one_above_ignores_is_read_all_the_same() {
        let dir = codebase(&[(".gitignore", b"/generated/*\n"), ("generated/a.js", b"1\n")]);
        reads(&dir.path().join("generated"), &reading(&[], &[]), &["a.js"], &[]);
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_holds_nothing_up() {
        let dir = codebase(&[("a.js", b"1\n")]);
        let made = std::process::Command::new("mkfifo").arg(dir.path().join("pipe")).status().expect("runs");
        assert!(made.success());
        reads(dir.path(), &reading(&[], &[]), &["a.js"], &["pipe"]);
    }

    #[test]
    fn no_directory_and_no_glob_are_errors() {
        let dir = codebase(&[("a.js", b"1\n")]);
        assert!(read_tree(&dir.path().join("none"), &reading(&[], &[])).is_err());
        assert!(read_tree(&dir.path().join("a.js"), &reading(&[], &[])).is_err());
        assert!(read_tree(dir.path(), &reading(&["a{"], &[])).is_err());
    }
}
