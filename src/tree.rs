//! A codebase as it was read: its texts, and what was left out and why. Pure: the disk hands bytes in.

mod drawing;
pub(crate) mod unwanted;

use std::{fmt, sync::Arc};

use serde::{Deserialize, Serialize};

pub use self::drawing::draw;
use crate::{
    encoding::Encoding,
    path::RelPath,
    secrets::{self, Secret},
    tokens::Counter,
};

/// No file that is sent is longer, in bytes: longer ones are data.
pub const LONGEST_FILE: u64 = 2 * 1024 * 1024;

/// The files of a directory, by path.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tree {
    pub files: Vec<SourceFile>,
    pub left_out: Vec<LeftOut>,
}

/// A text of the codebase, in which credentials are masked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceFile {
    pub path: RelPath,
    pub text: Arc<str>,
    pub tokens: u64,
    /// The hash of the bytes on disk, by which a change since is known.
    pub hash: String,
    pub encoding: Encoding,
    /// Credentials in it that have a name in their place.
    pub secrets: Vec<Secret>,
    /// When it was last changed, in seconds since 1970.
    pub changed: u64,
}

/// A file, or a directory with a slash behind it, that is not sent.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LeftOut {
    pub path: String,
    pub why: Why,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// It holds keys; the text says how one knows.
    Secret(String),
    /// A tool or somebody else wrote it.
    Generated(String),
    Binary,
    TooLong,
    Link,
    /// A pipe, a socket, a device.
    Special,
    /// A name that not every disk can hold, so that no model is asked about it.
    Name,
    Unreadable(String),
}

/// What to read, and how.
#[derive(Clone)]
pub struct Reading {
    /// Globs; with any, only files that match one are read, whatever else speaks against them but keys.
    pub include: Vec<String>,
    /// Globs of files that are not read.
    pub exclude: Vec<String>,
    pub credentials: Credentials,
    pub counter: Counter,
}

/// What becomes of credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Credentials {
    Mask,
    Send,
}

impl Tree {
    /// Puts together what was read, in the order of paths.
    pub fn new(files: impl IntoIterator<Item = Result<SourceFile, LeftOut>>) -> Tree {
        let mut tree = Tree::default();
        for file in files {
            match file {
                Ok(file) => tree.files.push(file),
                Err(left_out) => tree.left_out.push(left_out),
            }
        }
        tree.files.sort_by(|a, b| a.path.cmp(&b.path));
        tree.left_out.sort();
        tree
    }

    pub fn tokens(&self) -> u64 {
        self.files.iter().map(|file| file.tokens).sum()
    }

    pub fn file(&self, path: &RelPath) -> Option<&SourceFile> {
        self.files.binary_search_by(|file| file.path.cmp(path)).ok().map(|index| &self.files[index])
    }

    /// Credentials that were masked: how many, and in how many files.
    pub fn masked(&self) -> (usize, usize) {
        let with = self.files.iter().filter(|file| !file.secrets.is_empty());
        with.fold((0, 0), |(secrets, files), file| (secrets + file.secrets.len(), files + 1))
    }
}

impl SourceFile {
    /// Makes of a file's bytes what may be sent of it. `is_wanted`: a person named it, so generated files go too.
    ///
    /// # Errors
    /// Why nothing of it may.
    pub fn read(
        path: RelPath,
        bytes: &[u8],
        changed: u64,
        is_wanted: bool,
        reading: &Reading,
    ) -> Result<SourceFile, LeftOut> {
        let refuse = |path: RelPath, why| Err(LeftOut { path: path.into(), why });
        let Some((text, encoding)) = Encoding::decode(bytes) else { return refuse(path, Why::Binary) };
        let generator = unwanted::by_a_tool(path.as_str(), &text).filter(|_| !is_wanted);
        if let Some(why) = generator {
            return refuse(path, Why::Generated(why.to_owned()));
        }
        let masked = match reading.credentials {
            Credentials::Mask => secrets::mask(&text),
            Credentials::Send => None,
        };
        let (text, secrets) = masked.map_or((text, Vec::new()), |masked| (masked.text, masked.secrets));
        let tokens = reading.counter.count(&text);
        let hash = blake3::hash(bytes).to_hex().to_string();
        Ok(SourceFile { path, text: text.into(), tokens, hash, encoding, secrets, changed })
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Why::Secret(how) | Why::Generated(how) => how,
            Why::Binary => "no text",
            Why::TooLong => "longer than 2 MiB",
            Why::Link => "a link",
            Why::Special => "no ordinary file",
            Why::Name => "a name that not every system can hold",
            Why::Unreadable(why) => return write!(f, "could not be read: {why}"),
        })
    }
}
