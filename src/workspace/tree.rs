//! A person's codebase as plain values: which files there are, and their texts. Only reads.

use std::path::Path;

use anyhow::{Context, Result, bail};
use ignore::WalkBuilder;
use serde::{Deserialize, Serialize};

/// All files below one directory.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Tree {
    /// Sorted by path.
    pub files: Vec<SourceFile>,
}

/// One file: its path with forward slashes, relative to the directory.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceFile {
    pub path: String,
    /// `None` where there is nothing to read: bytes that are no text, or too many of them.
    pub text: Option<String>,
}

/// Longer files are data or machine-made, in bytes.
const LONGEST_FILE: u64 = 1024 * 1024;
/// What is read of all files together, in bytes.
const LONGEST_TREE: u64 = 512 * 1024 * 1024;
/// More files than these are no codebase that anybody wrote.
const MOST_FILES: usize = 200_000;
/// Directories that no project writes itself, whether git leaves them out or not.
const FOREIGN: &[&str] =
    &[".git", ".hg", ".svn", ".smol", "node_modules", "__pycache__", ".venv", "venv", ".tox", ".mypy_cache"];

/// Reads the codebase below `directory`, without what its ignore files leave out.
///
/// Symlinks are not followed; what they point at is somebody else's.
///
/// # Errors
/// If there is no such directory, or it holds more files than a codebase does.
pub fn read_tree(directory: &Path) -> Result<Tree> {
    let name = directory.display();
    if !directory.is_dir() {
        bail!("'{name}' is no directory");
    }
    let mut walk = WalkBuilder::new(directory);
    walk.hidden(false).require_git(false).git_global(false).follow_links(false);
    walk.filter_entry(|entry| !entry.file_name().to_str().is_some_and(|name| FOREIGN.contains(&name)));
    let mut paths = Vec::new();
    for entry in walk.build() {
        // A directory that may not be read holds nothing that can be told of.
        let Ok(entry) = entry else { continue };
        if entry.file_type().is_some_and(|kind| kind.is_file()) {
            paths.push(entry.into_path());
        }
        if paths.len() > MOST_FILES {
            bail!("'{name}' holds more than {MOST_FILES} files: name the directory of one project");
        }
    }
    let mut left = LONGEST_TREE;
    let mut files = Vec::with_capacity(paths.len());
    for path in paths {
        let below = path.strip_prefix(directory).context("the walk left its directory")?;
        let parts: Vec<_> = below.components().map(|part| part.as_os_str().to_string_lossy()).collect();
        let length = std::fs::metadata(&path).map_or(0, |metadata| metadata.len());
        let text = if length <= LONGEST_FILE.min(left) { std::fs::read(&path).ok().and_then(text) } else { None };
        left = left.saturating_sub(text.as_ref().map_or(0, |text| text.len() as u64));
        files.push(SourceFile { path: parts.join("/"), text });
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(Tree { files })
}

/// Bytes as text; nothing that holds a zero byte is one.
fn text(bytes: Vec<u8>) -> Option<String> {
    if bytes.contains(&0) {
        return None;
    }
    String::from_utf8(bytes).ok()
}
