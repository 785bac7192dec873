//! The folder that a prompt stands in: the files that it includes, and the specs of single files. Only read.

use std::{
    io::{ErrorKind, Read},
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use cap_std::{ambient_authority, fs::Dir};

use crate::spec::{SPECS, include::LARGEST_IMAGE};

/// Specs of single files that one prompt can have.
const MOST_SPECS: usize = 1000;

/// A folder, held so that no link and no symlink leads out of it, unless a person allowed that.
pub struct Folder {
    path: PathBuf,
    dir: Dir,
    outside: Outside,
}

/// What becomes of paths that lead out of the folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outside {
    Refused,
    Allowed,
}

impl Folder {
    /// The folder of the prompt at this path.
    ///
    /// # Errors
    /// If there is none.
    pub fn of(prompt: &Path, outside: Outside) -> Result<Folder> {
        let path = match prompt.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        let dir = Dir::open_ambient_dir(&path, ambient_authority())
            .with_context(|| format!("could not open '{}'", path.display()))?;
        Ok(Folder { path, dir, outside })
    }

    /// The bytes of a file, by its path from the folder.
    ///
    /// # Errors
    /// If it is none that may be read, with the way out.
    pub fn read(&self, path: &str) -> Result<Vec<u8>> {
        let place = self.path.join(path);
        let shown = place.display();
        let is_outside = path.starts_with("../") || path == ".." || Path::new(path).is_absolute();
        if is_outside && self.outside == Outside::Refused {
            bail!("'{shown}' is outside of the folder of the prompt; copy it there, or pass --allow-outside");
        }
        if holds_keys(&place) {
            bail!("'{shown}' is where keys are kept, which go to no model; include a file without them");
        }
        let metadata = match self.outside {
            Outside::Refused => self.dir.metadata(path).map(|metadata| (metadata.is_dir(), metadata.is_file())),
            Outside::Allowed => std::fs::metadata(&place).map(|metadata| (metadata.is_dir(), metadata.is_file())),
        };
        match metadata {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                bail!("there is no file '{shown}'; the path is taken from where the link stands")
            }
            // So the directory handle reports that the path leads out of it.
            Err(error) if error.kind() == ErrorKind::PermissionDenied && error.raw_os_error().is_none() => {
                bail!(
                    "a symlink in '{shown}' leads out of the folder of the prompt; copy the file, or pass --allow-outside"
                )
            }
            Err(error) => return Err(error).with_context(|| format!("could not read '{shown}'")),
            Ok((true, _)) => bail!("'{shown}' is a directory; include its files one by one"),
            // Opening a pipe would wait for somebody to write into it.
            Ok((false, false)) => bail!("'{shown}' is no ordinary file; copy what is in it to one"),
            Ok((false, true)) => {}
        }
        let file = match self.outside {
            Outside::Refused => self.dir.open(path).map(cap_std::fs::File::into_std),
            Outside::Allowed => std::fs::File::open(&place),
        };
        let limit = (LARGEST_IMAGE as u64) << 20;
        let mut bytes = Vec::new();
        file.and_then(|file| file.take(limit + 1).read_to_end(&mut bytes))
            .with_context(|| format!("could not read '{shown}'"))?;
        if bytes.len() as u64 > limit {
            bail!("'{shown}' is larger than {LARGEST_IMAGE} MiB; make it smaller, or include a part of it");
        }
        Ok(bytes)
    }

    /// The specs of single files, by their paths from the folder, sorted.
    ///
    /// # Errors
    /// If they cannot be listed, or are too many.
    pub fn specs(&self) -> Result<Vec<String>> {
        let mut specs = Vec::new();
        let root = self.path.join(SPECS);
        if !root.is_dir() {
            return Ok(specs);
        }
        for entry in walkdir::WalkDir::new(&root).sort_by_file_name() {
            let entry = entry.with_context(|| format!("could not list '{}'", root.display()))?;
            if entry.path().extension().is_none_or(|extension| extension != "md") || entry.path().is_dir() {
                continue;
            }
            let name = entry.path().strip_prefix(&self.path).unwrap_or(entry.path()).to_str();
            let name =
                name.with_context(|| format!("the name '{}' is not UTF-8; rename it", entry.path().display()))?;
            specs.push(name.replace(std::path::MAIN_SEPARATOR, "/"));
            if specs.len() > MOST_SPECS {
                bail!("'{}' has more than {MOST_SPECS} specs; join some of them", root.display());
            }
        }
        Ok(specs)
    }
}

/// Whether the file is one that keys are kept in, by whatever name it is reached: anybody's prompt may name `.env`.
fn holds_keys(place: &Path) -> bool {
    let real = std::fs::canonicalize(place).unwrap_or_else(|_| place.to_owned());
    let name = real.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
    let is_example = ["example", "sample", "template"].iter().any(|word| name.contains(word));
    (name == ".env" || name.starts_with(".env.")) && !is_example
}
