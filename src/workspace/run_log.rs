//! The record of a run on disk: one line after the other, whole lines only.

use std::{
    io::{self, Write},
    path::Path,
    sync::{Mutex, PoisonError},
};

use anyhow::{Context, Result};
use serde::Serialize;

/// A file that grows line by line.
pub struct RunLog {
    name: String,
    file: Mutex<std::fs::File>,
}

impl RunLog {
    pub(super) fn new(name: String, file: std::fs::File) -> RunLog {
        RunLog { name, file: Mutex::new(file) }
    }

    /// Starts a record where a person wants it; what is there already stays.
    pub fn create(path: &Path) -> Result<RunLog> {
        let name = path.display().to_string();
        let file = std::fs::OpenOptions::new().append(true).create_new(true).open(path);
        Ok(RunLog::new(name.clone(), file.with_context(|| format!("could not start the record '{name}'"))?))
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// Adds one line.
    pub fn write(&self, line: &impl Serialize) -> io::Result<()> {
        let mut text = serde_json::to_string(line)?;
        text.push('\n');
        self.file.lock().unwrap_or_else(PoisonError::into_inner).write_all(text.as_bytes())
    }
}
