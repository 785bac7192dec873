//! The only code that touches a disk: the output directory, what smol remembers in it, and files a person names.
//!
//! Everything in the output directory goes through one directory handle, so no symlink and no `..` leads out of it.
//! smol owns a file only while its bytes are those that smol wrote; every other file is a person's and stays.
//!
//! In a directory that was empty files land one by one. Over an existing project they are staged, weighed against what
//! stands there (a [`Proposal`]), and committed as one act.

mod amend;
mod base;
mod cache;
mod carry;
mod codebase;
mod commit;
mod disk;
mod folder;
mod landing_log;
mod manifest;
mod memory;
mod named;
mod prospect;
mod record;
mod run_log;
mod settle;
mod transaction;
pub mod tree;
mod undo;
mod waiting;
mod watch;

use std::{
    collections::BTreeSet,
    io::{Read, Seek, Write},
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
};

use anyhow::{Context, Result, anyhow};
use cap_std::{
    ambient_authority,
    fs::{Dir, OpenOptions},
};

pub use self::{
    amend::{Amendment, amend, hash_of},
    cache::Cache,
    carry::{carry_memory, is_taken, nearest},
    codebase::read_tree,
    folder::{Folder, Outside},
    named::{
        Access, is_cut_short, is_directory, is_file, read_below, read_lineage, read_named, read_prompts, read_record,
        real_path, what_is, write_new, write_own,
    },
    prospect::Prospect,
    run_log::RunLog,
    settle::Resolution,
    undo::{Rest, Undone},
    watch::{Inputs, Stirs, Watch},
};
use self::{
    disk::{Moved, Present, explained, hash},
    landing_log::Line,
    manifest::{Manifest, Standing},
    record::Entry,
    transaction::{STAGE, Transaction},
};
use crate::{
    path::RelPath,
    proposal::{Change, Known, Proposal},
};

/// Beside the records: the name of the last one.
const LAST: &str = "last";
/// smol's own directory in the output directory.
const MEMORY: &str = ".smol";

/// An output directory, held by one process at a time.
pub struct Workspace {
    name: String,
    run: String,
    dir: Dir,
    memory: Dir,
    /// Whether nothing but smol's memory was there.
    is_fresh: bool,
    /// Whether a commit that was cut short was finished when the directory was opened.
    was_finished: bool,
    state: Mutex<State>,
    /// Locked as long as the workspace lives; the system lets go of it however the process ends.
    _lock: std::fs::File,
}

struct State {
    manifest: Manifest,
    /// Texts that wait for the commit.
    staged: Vec<(RelPath, String)>,
    /// The files that the project has from now on, once that is known; what smol wrote beside them is to go.
    listed: Option<BTreeSet<RelPath>>,
}

/// What became of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Landing {
    Written {
        lines: usize,
    },
    /// It waits for the commit.
    Staged {
        lines: usize,
    },
    /// The file holds this text already.
    Unchanged {
        lines: usize,
    },
    /// A person's changes and the new text together; so many places have both between conflict markers.
    Merged {
        lines: usize,
        marked: usize,
    },
    /// A person's changes stay; the new text does not go together with them, and is at `waits_at`.
    Conflict {
        waits_at: String,
        why: String,
        hunks: Vec<String>,
    },
    /// A person's file is in its place and stays; the new text, if there is one, is at `waits_at`.
    Kept {
        waits_at: Option<String>,
        why: String,
    },
    Removed,
    /// What stood there before the run that was taken back.
    Restored,
    /// It needs a person's consent, which was not given. The new text, if there is one, may be at `waits_at`.
    Left {
        waits_at: Option<String>,
        why: String,
    },
    Failed {
        why: String,
    },
}

impl Workspace {
    /// Opens the output directory for a run of this name, and makes it if it is not there. What a run that was cut
    /// short has begun to commit is finished first.
    ///
    /// # Errors
    /// If it cannot be made or written, or another process works in it.
    pub fn open(out: &Path, run: &str) -> Result<Workspace> {
        let name = out.display().to_string();
        std::fs::create_dir_all(out).with_context(|| format!("could not make the output directory '{name}'"))?;
        let dir = Dir::open_ambient_dir(out, ambient_authority())
            .with_context(|| format!("could not open the output directory '{name}'"))?;
        let in_memory = || format!("could not keep smol's memory in '{name}/{MEMORY}'");
        dir.create_dir_all(MEMORY).map_err(explained).with_context(in_memory)?;
        let memory = dir.open_dir(MEMORY).map_err(explained).with_context(in_memory)?;
        if !memory.exists(".gitignore") {
            memory.write(".gitignore", "*\n").map_err(explained).with_context(in_memory)?;
        }
        let lock = lock(&memory)
            .with_context(in_memory)?
            .map_err(|who| anyhow!("another smol{who} is at work in '{name}'"))?;
        let (manifest, was_finished) = recover(&dir, &memory).with_context(in_memory)?;
        let is_fresh = !dir.entries()?.flatten().any(|entry| entry.file_name() != MEMORY);
        let state = Mutex::new(State { manifest, staged: Vec::new(), listed: None });
        Ok(Workspace { name, run: run.to_owned(), dir, memory, is_fresh, was_finished, state, _lock: lock })
    }

    /// Whether a directory was an output directory before.
    pub fn exists(out: &Path) -> bool {
        out.join(MEMORY).is_dir()
    }

    /// Whether the last command was cut short in its commit, which is finished now.
    pub fn was_finished(&self) -> bool {
        self.was_finished
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
        named::read(&self.dir, path)
    }

    /// Takes a file's new text: puts it under its final name, whole or not at all, where the directory was empty; else
    /// stages it for the commit.
    ///
    /// # Errors
    /// If the disk refuses; then nothing has changed.
    pub fn land(&self, path: &RelPath, text: String) -> Result<Landing> {
        let lines = text.lines().count();
        let mut state = self.state();
        if !self.is_fresh {
            state.staged.push((path.clone(), text));
            return Ok(Landing::Staged { lines });
        }
        let landed =
            self.appear(path, &text, &mut state.manifest).with_context(|| format!("could not write '{path}'"))?;
        Ok(match landed {
            Moved::Done => Landing::Written { lines },
            Moved::Taken => {
                let why = "it appeared while smol was at work".to_owned();
                Landing::Kept { waits_at: Some(waiting::place(path)), why }
            }
        })
    }

    /// Tells which files the project has from now on: at the commit, what smol wrote beside them goes.
    pub fn retain(&self, files: impl IntoIterator<Item = RelPath>) {
        self.state().listed = Some(files.into_iter().collect());
    }

    /// Weighs what was staged against what stands there. Changes nothing.
    pub fn propose(&self) -> Proposal {
        let State { manifest, staged, listed } = &*self.state();
        let mut changes: Vec<Change> =
            staged.iter().map(|(path, text)| self.weigh(path.clone(), text.clone(), manifest)).collect();
        let is_gone = |path: &RelPath| listed.as_ref().is_some_and(|listed| !listed.contains(path));
        let gone =
            manifest.files.keys().filter(|path| is_gone(path) && !staged.iter().any(|(staged, _)| staged == *path));
        changes.extend(gone.filter_map(|path| {
            Some(match disk::look(&self.dir, path.as_str()) {
                Ok(Present::Nothing) => return None,
                Ok(Present::File(bytes)) => {
                    let known = self.known(&bytes, &manifest.standing(path));
                    Change::of_removal(path.clone(), bytes, known)
                }
                Ok(Present::Odd(what)) => Change::of_removal_blocked(path.clone(), what),
                Err(error) => Change::of_removal_blocked(path.clone(), &format!("{error:#}")),
            })
        }));
        changes.sort_by(|one, other| one.path.cmp(&other.path));
        Proposal { changes }
    }

    /// The record of the last run; `None` if there was none.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn last_record(&self) -> Result<Option<String>> {
        // By its own word, since a clock may jump; older memories do not have it.
        let said = self
            .memory
            .read_to_string(format!("runs/{LAST}"))
            .ok()
            .filter(|name| self.memory.exists(format!("runs/{name}")));
        let Some(last) = said.or_else(|| self.newest_record()) else { return Ok(None) };
        let file = self.memory.open(format!("runs/{last}")).map_err(explained)?;
        disk::text_of(file.into_std(), named::LONGEST_RECORD).map(Some)
    }

    fn newest_record(&self) -> Option<String> {
        let entries = self.memory.read_dir("runs").ok()?;
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        // Their names begin with the moment when they began.
        names.filter(|name| name.ends_with(".jsonl")).max()
    }

    /// Starts the record of the run.
    pub fn run_log(&self) -> Result<RunLog> {
        self.log_in("runs")
    }

    /// Starts the record of a run that makes no project, so that nobody goes on from it.
    pub fn question_log(&self) -> Result<RunLog> {
        self.log_in("questions")
    }

    fn log_in(&self, folder: &str) -> Result<RunLog> {
        let name = format!("{MEMORY}/{folder}/{}.jsonl", self.run);
        let create = || {
            self.memory.create_dir_all(folder)?;
            self.memory.write(format!("{folder}/{LAST}"), format!("{}.jsonl", self.run))?;
            self.dir.open_with(&name, OpenOptions::new().append(true).create_new(true))
        };
        let file = create().with_context(|| format!("could not start the record '{name}'"))?;
        Ok(RunLog::new(name, file.into_std()))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn weigh(&self, path: RelPath, text: String, manifest: &Manifest) -> Change {
        let bytes = match disk::look(&self.dir, path.as_str()) {
            Ok(Present::Nothing) => None,
            Ok(Present::File(bytes)) => Some(bytes),
            Ok(Present::Odd(what)) => return Change::kept(path, text, what),
            Err(error) => return Change::failed(path, text, format!("{error:#}")),
        };
        let standing = manifest.standing(&path);
        let base = standing.written.as_deref().and_then(|hash| base::find(&self.memory, hash));
        let known = bytes.as_ref().map_or(Known::default(), |bytes| self.known(bytes, &standing));
        Change::of_text(path, text, bytes, Known { base: base.as_deref(), ..known })
    }

    fn known(&self, bytes: &[u8], standing: &Standing) -> Known<'static> {
        let hash = Some(hash(bytes));
        // Taken by the person as advised, a text that waited is smol's own again.
        let is_smols = hash == standing.written || hash == standing.waits;
        Known { is_smols, was_smols: is_smols || standing.written.is_some(), base: None }
    }

    /// Puts a text where nothing is, and leaves alone what somebody else puts there first.
    fn appear(&self, path: &RelPath, text: &str, manifest: &mut Manifest) -> Result<Moved> {
        let was = manifest.standing(path);
        let new = base::keep(&self.memory, text)?;
        let mut note = |entry, standing: Standing| -> Result<()> {
            landing_log::note(&self.memory, &Line { run: self.run.clone(), entry, standing: standing.clone() })?;
            manifest.set(path, standing);
            Ok(())
        };
        let landing = format!("{STAGE}/landing");
        disk::make_parents(&self.dir, path.as_str())?;
        disk::whole(&self.memory, &landing, text.as_bytes())?;
        let written = Standing { written: Some(new.clone()), waits: None };
        note(Entry::new_file(path, was.clone(), new.clone()), written)?;
        let moved = disk::move_new((&self.memory, landing.as_str()), (&self.dir, path.as_str()))?;
        if moved == Moved::Taken {
            self.memory.remove_file(&landing).map_err(explained)?;
            let waits = Standing { waits: Some(new), ..was.clone() };
            note(Entry::note(path, was), waits)?;
            waiting::lay_out(&self.memory, manifest);
        }
        Ok(moved)
    }
}

/// Takes the lock, and leaves the number of this process in it; or says which process has it.
fn lock(memory: &Dir) -> Result<Result<std::fs::File, String>> {
    let mut lock =
        memory.open_with("lock", OpenOptions::new().read(true).write(true).create(true)).map_err(explained)?.into_std();
    match lock.try_lock() {
        Ok(()) => {}
        Err(std::fs::TryLockError::WouldBlock) => {
            let mut holder = String::new();
            let _ = lock.take(20).read_to_string(&mut holder);
            let who = if holder.is_empty() { String::new() } else { format!(" (process {})", holder.trim_end()) };
            return Ok(Err(who));
        }
        Err(std::fs::TryLockError::Error(error)) => return Err(error.into()),
    }
    // Whoever is turned away reads it; it holds nothing up if it cannot be written.
    let _ = lock.set_len(0).and_then(|()| lock.rewind()).and_then(|()| writeln!(lock, "{}", std::process::id()));
    Ok(Ok(lock))
}

/// Finishes what a command that was cut short has left. Gives what is known then, and whether a commit was left.
fn recover(dir: &Dir, memory: &Dir) -> Result<(Manifest, bool)> {
    let mut manifest = Manifest::open(memory)?;
    let transaction = Transaction::under_way(memory)?;
    if let Some(transaction) = &transaction {
        (manifest, _) = transaction.finish(dir, memory).context("could not finish what the last run began")?;
    }
    landing_log::fold(memory, &mut manifest)?;
    transaction::tidy(memory, &manifest)?;
    Ok((manifest, transaction.is_some()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_appears_at_the_last_moment_stays() {
        let out = tempfile::TempDir::new().expect("a directory");
        let workspace = Workspace::open(out.path(), "1").expect("opens");
        let path = RelPath::parse("src/a.js").expect("is one");
        std::fs::create_dir(out.path().join("src")).expect("makes");
        std::fs::write(out.path().join("src/a.js"), "mine").expect("writes");
        let landing = workspace.land(&path, "smol's".to_owned()).expect("looks");
        assert!(matches!(landing, Landing::Kept { .. }), "{landing:?}");
        assert_eq!(workspace.read(&path).expect("reads").as_deref(), Some("mine"));
        assert_eq!(std::fs::read_to_string(out.path().join(".smol/conflicts/src/a.js")).expect("waits"), "smol's");
        assert!(!out.path().join(".smol/stage/landing").exists());
    }
}
