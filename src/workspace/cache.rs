//! Texts that were paid for, kept under the hash of their question.

use std::path::Path;

use anyhow::Result;
use cap_std::{ambient_authority, fs::Dir};

use super::{
    MEMORY,
    disk::{explained, whole},
};

/// Where they lie, below [`MEMORY`].
const DESCRIPTIONS: &str = "descriptions";

/// The texts that smol remembers of one directory.
pub struct Cache(Dir);

impl Cache {
    /// Opens the memory of `directory`, which a workspace has made.
    ///
    /// # Errors
    /// If there is none, or it cannot be written.
    pub fn open(directory: &Path) -> Result<Cache> {
        let dir = Dir::open_ambient_dir(directory, ambient_authority()).map_err(explained)?;
        let path = format!("{MEMORY}/{DESCRIPTIONS}");
        dir.create_dir_all(&path).map_err(explained)?;
        Ok(Cache(dir.open_dir(path).map_err(explained)?))
    }

    /// The text under this key, if there is one.
    pub fn recall(&self, key: &str) -> Option<String> {
        self.0.read_to_string(format!("{key}.md")).ok()
    }

    /// Keeps a text.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn keep(&self, key: &str, text: &str) -> Result<()> {
        whole(&self.0, &format!("{key}.md"), text.as_bytes())
    }
}
