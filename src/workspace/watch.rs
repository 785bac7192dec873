//! Tells that what a run is made from has changed: by contents, whatever dates, renames and editors do. Writes nothing.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, Result};
use notify::{
    EventKind, RecommendedWatcher, RecursiveMode, Watcher,
    event::{AccessKind, AccessMode},
};
use tokio::{sync::mpsc, time::timeout};

/// Editors save in several steps (truncate, write, rename), and people save twice: so long it has to be quiet.
const QUIET: Duration = Duration::from_millis(200);
/// Where it is never quiet, it is looked all the same after so many stirs.
const MOST_STIRS: usize = 10_000;

/// What a run is made from, on disk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inputs {
    /// One that goes away is no change: editors take files away for a moment, and there is nothing to run from.
    pub files: BTreeSet<PathBuf>,
    /// Every `.md` file below one of these counts, also when it goes away.
    pub folders: BTreeSet<PathBuf>,
}

/// The contents as they were when somebody last looked.
pub struct Watch {
    watcher: RecommendedWatcher,
    inputs: Inputs,
    known: BTreeMap<PathBuf, blake3::Hash>,
    watched: BTreeMap<PathBuf, Identity>,
}

/// Says that something stirred near the inputs, not yet what.
pub struct Stirs(mpsc::UnboundedReceiver<()>);

/// What makes a directory another one than its namesake that was removed.
type Identity = Option<(u64, u64)>;

impl Watch {
    /// Begins to watch; what is there now is known.
    ///
    /// # Errors
    /// If the system does not let it watch.
    pub fn begin(inputs: Inputs) -> Result<(Watch, Stirs)> {
        let (tell, stirs) = mpsc::unbounded_channel();
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            // An error is looked into as well: it may say that events were lost.
            if event.is_err() || event.is_ok_and(|event| changes_something(&event.kind)) {
                let _ = tell.send(());
            }
        });
        let watcher = watcher.context("could not watch for changes")?;
        let mut watch = Watch { watcher, inputs: Inputs::default(), known: BTreeMap::new(), watched: BTreeMap::new() };
        watch.follow(inputs)?;
        Ok((watch, Stirs(stirs)))
    }

    /// Watches these from now on. What was not watched before is known as it is.
    ///
    /// # Errors
    /// If the system does not let it watch.
    pub fn follow(&mut self, inputs: Inputs) -> Result<()> {
        let before = self.contents();
        self.inputs = inputs;
        self.attach()?;
        let now = self.contents();
        self.known.retain(|path, _| self.inputs.names(path));
        self.known.extend(now.into_iter().filter(|(path, _)| !before.contains_key(path)));
        Ok(())
    }

    /// Takes this file as it is: it is no news.
    ///
    /// # Errors
    /// If the system does not let it watch.
    pub fn accept(&mut self, path: &Path) -> Result<()> {
        self.attach()?;
        self.known.extend(hash(path).map(|hash| (path.to_owned(), hash)));
        Ok(())
    }

    /// What is another than it was, in the order of names; told once.
    ///
    /// # Errors
    /// If the system does not let it watch.
    pub fn changed(&mut self) -> Result<Vec<PathBuf>> {
        self.attach()?;
        let now = self.contents();
        let gone = self.known.keys().filter(|path| !now.contains_key(*path) && !self.inputs.files.contains(*path));
        let gone: Vec<PathBuf> = gone.cloned().collect();
        let other = now.iter().filter(|(path, hash)| self.known.get(*path) != Some(*hash)).map(|(path, _)| path);
        let changed: BTreeSet<PathBuf> = other.chain(&gone).cloned().collect();
        self.known.retain(|path, _| !gone.contains(path));
        self.known.extend(now);
        Ok(changed.into_iter().collect())
    }

    fn contents(&self) -> BTreeMap<PathBuf, blake3::Hash> {
        let below = self.inputs.folders.iter().flat_map(|folder| walkdir::WalkDir::new(folder)).flatten();
        let below = below.map(walkdir::DirEntry::into_path).filter(|path| is_markdown(path));
        let all = self.inputs.files.iter().cloned().chain(below);
        all.filter_map(|path| hash(&path).map(|hash| (path, hash))).collect()
    }

    /// Watches every directory that matters and is there. A file is watched by its directory, since editors put another
    /// file in its place.
    fn attach(&mut self) -> Result<()> {
        let mut wanted = BTreeMap::new();
        for file in &self.inputs.files {
            wanted.insert(parent(file), RecursiveMode::NonRecursive);
            // A link changes also where it leads.
            if let Ok(real) = file.canonicalize() {
                wanted.entry(parent(&real)).or_insert(RecursiveMode::NonRecursive);
            }
        }
        for folder in &self.inputs.folders {
            wanted.entry(parent(folder)).or_insert(RecursiveMode::NonRecursive);
            wanted.insert(folder.clone(), RecursiveMode::Recursive);
        }
        self.watched.retain(|path, id| wanted.contains_key(path) && identity(path).as_ref() == Some(id));
        for (path, mode) in wanted {
            let Some(id) = identity(&path).filter(|_| !self.watched.contains_key(&path)) else { continue };
            self.watcher
                .watch(&path, mode)
                .map_err(explained)
                .with_context(|| format!("could not watch '{}' for changes", path.display()))?;
            self.watched.insert(path, id);
        }
        Ok(())
    }
}

impl Stirs {
    /// Waits for a stir, and then until it is quiet again.
    pub async fn settle(&mut self) {
        // The watcher lives as long as whoever waits here.
        let Some(()) = self.0.recv().await else { return std::future::pending().await };
        for _ in 0..MOST_STIRS {
            if timeout(QUIET, self.0.recv()).await.is_err() {
                return;
            }
        }
    }
}

impl Inputs {
    fn names(&self, path: &Path) -> bool {
        self.files.contains(path) || self.folders.iter().any(|folder| path.starts_with(folder))
    }
}

/// Reading is no change; it would be one of its own, else, whenever somebody looks.
fn changes_something(kind: &EventKind) -> bool {
    match kind {
        EventKind::Access(kind) => *kind == AccessKind::Close(AccessMode::Write),
        EventKind::Any | EventKind::Create(_) | EventKind::Modify(_) | EventKind::Remove(_) | EventKind::Other => true,
    }
}

fn is_markdown(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "md")
}

/// `None` if there is no such file, or it cannot be read.
fn hash(path: &Path) -> Option<blake3::Hash> {
    // Opening a pipe would wait for somebody to write into it.
    let file = std::fs::metadata(path).ok()?.is_file().then(|| std::fs::File::open(path).ok())??;
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(file).ok()?;
    Some(hasher.finalize())
}

fn parent(path: &Path) -> PathBuf {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    parent.unwrap_or(Path::new(".")).to_owned()
}

/// `None` if there is no such directory.
fn identity(path: &Path) -> Option<Identity> {
    let metadata = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_dir)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        Some(Some((metadata.dev(), metadata.ino())))
    }
    #[cfg(not(unix))]
    {
        let _ = metadata;
        Some(None)
    }
}

/// The system's limits in words that say what to do.
fn explained(error: notify::Error) -> anyhow::Error {
    match error.kind {
        notify::ErrorKind::MaxFilesWatch => anyhow::anyhow!(
            "the system allows no more watches; on Linux, sysctl fs.inotify.max_user_watches raises the limit"
        ),
        _ => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    struct Project {
        dir: tempfile::TempDir,
        watch: Watch,
        stirs: Stirs,
    }

    /// A prompt `p.md` and a folder `specs` that is not there yet.
    fn project() -> Project {
        let dir = tempfile::TempDir::new().expect("a directory");
        fs::write(dir.path().join("p.md"), "one").expect("writes");
        let inputs = Inputs { files: [dir.path().join("p.md")].into(), folders: [dir.path().join("specs")].into() };
        let (watch, stirs) = Watch::begin(inputs).expect("begins");
        Project { dir, watch, stirs }
    }

    impl Project {
        fn write(&self, name: &str, text: &str) {
            fs::write(self.dir.path().join(name), text).expect("writes");
        }

        fn changed(&mut self) -> Vec<String> {
            let changed = self.watch.changed().expect("looks").into_iter();
            changed.map(|path| path.strip_prefix(self.dir.path()).expect("below").display().to_string()).collect()
        }
    }

    #[test]
    fn what_was_told_is_known_and_the_same_again_is_no_news() {
        let mut project = project();
        project.write("p.md", "one");
        assert!(project.changed().is_empty());
        project.write("p.md", "two");
        assert_eq!(project.changed(), ["p.md"]);
        assert!(project.changed().is_empty());
    }

    #[test]
    fn a_file_that_is_away_for_a_moment_is_no_news() {
        let mut project = project();
        fs::remove_file(project.dir.path().join("p.md")).expect("removes");
        assert!(project.changed().is_empty());
        project.write("p.md", "one");
        assert!(project.changed().is_empty());
    }

    #[test]
    fn specs_that_come_and_go_are_news_and_other_files_are_not() {
        let mut project = project();
        fs::create_dir_all(project.dir.path().join("specs/src")).expect("makes");
        project.write("specs/src/a.js.md", "a");
        project.write("specs/src/a.js.md~", "a");
        project.write("other.md", "a");
        assert_eq!(project.changed(), ["specs/src/a.js.md"]);
        fs::remove_dir_all(project.dir.path().join("specs")).expect("removes");
        assert_eq!(project.changed(), ["specs/src/a.js.md"]);
    }

    #[test]
    fn what_is_accepted_or_new_among_the_inputs_is_no_news() {
        let mut project = project();
        project.write("p.md", "two");
        project.watch.accept(&project.dir.path().join("p.md")).expect("looks");
        project.write("included.json", "{}");
        let mut inputs = project.watch.inputs.clone();
        inputs.files.insert(project.dir.path().join("included.json"));
        project.watch.follow(inputs).expect("follows");
        assert!(project.changed().is_empty());
        project.write("included.json", "[]");
        assert_eq!(project.changed(), ["included.json"]);
    }

    #[tokio::test]
    async fn a_rename_stirs_and_so_does_a_folder_that_was_made_again() {
        let mut project = project();
        let other = tempfile::TempDir::new_in(project.dir.path().parent().expect("has one")).expect("a directory");
        fs::write(other.path().join("new"), "two").expect("writes");
        fs::rename(other.path().join("new"), project.dir.path().join("p.md")).expect("renames");
        project.stirs.settle().await;
        assert_eq!(project.changed(), ["p.md"]);
        for text in ["a", "b"] {
            fs::create_dir(project.dir.path().join("specs")).expect("makes");
            project.stirs.settle().await;
            assert!(project.changed().is_empty());
            project.write("specs/a.md", text);
            project.stirs.settle().await;
            assert_eq!(project.changed(), ["specs/a.md"]);
            fs::remove_dir_all(project.dir.path().join("specs")).expect("removes");
            project.stirs.settle().await;
            assert_eq!(project.changed(), ["specs/a.md"]);
        }
    }
}
