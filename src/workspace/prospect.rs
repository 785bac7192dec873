//! The project as it will stand when a run is done: what is on disk, and over it what the run has staged. Only looks,
//! but for the new version of a file that this very run has written.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use anyhow::Result;

use super::{
    Workspace,
    disk::{self, Present, hash},
    tree::{SourceFile, Tree, read_tree},
};
use crate::{
    path::RelPath,
    proposal::{What, text_of},
};

/// What will stand there.
#[derive(Clone, Debug, Default)]
pub struct Prospect {
    pub tree: Tree,
    /// Files that this run has written or staged and that nobody else has changed: it may write them once more.
    pub own: BTreeSet<RelPath>,
    /// Files that smol has written, in this run or an earlier one, whoever has changed them since.
    pub known: BTreeSet<RelPath>,
}

impl Workspace {
    /// Looks at what will stand in the output directory when everything of this run is agreed to.
    ///
    /// # Errors
    /// If the directory cannot be read, or holds more than a project does.
    pub fn prospect(&self) -> Result<Prospect> {
        let mut texts: BTreeMap<String, Option<String>> =
            self.on_disk()?.files.into_iter().map(|file| (file.path, file.text)).collect();
        let known: BTreeSet<RelPath> = self.state().manifest.files.keys().cloned().collect();
        let mut own = BTreeSet::new();
        for path in &known {
            let Ok(Present::File(bytes)) = disk::look(&self.dir, path.as_str()) else { continue };
            // An ignore file may leave out what smol has written; it belongs to the project all the same.
            texts.entry(path.to_string()).or_insert_with(|| text_of(&bytes).map(str::to_owned));
            if self.is_fresh && self.owns(path, &bytes) {
                own.insert(path.clone());
            }
        }
        for change in self.propose().changes {
            let is_own = match change.what {
                What::New | What::Changed => true,
                What::Unchanged => change.present.as_deref().is_some_and(|bytes| self.owns(&change.path, bytes)),
                What::Merged | What::Conflict { .. } | What::Removed | What::Kept { .. } | What::Failed { .. } => false,
            };
            match (&change.what, change.after) {
                (What::Removed, _) => drop(texts.remove(change.path.as_str())),
                (_, Some(after)) => drop(texts.insert(change.path.to_string(), Some(after))),
                (_, None) => {}
            }
            if is_own {
                own.insert(change.path);
            }
        }
        let files = texts.into_iter().map(|(path, text)| SourceFile { path, text }).collect();
        Ok(Prospect { tree: Tree { files }, own, known })
    }

    /// The project as it stands on disk.
    ///
    /// # Errors
    /// If the directory cannot be read, or holds more than a project does.
    pub fn on_disk(&self) -> Result<Tree> {
        read_tree(Path::new(&self.name))
    }

    /// Has a file of this run written in another version than the one that it has given before, with the commit.
    pub fn restage(&self, path: &RelPath, text: String) {
        let mut state = self.state();
        match state.staged.iter_mut().find(|(staged, _)| staged == path) {
            Some((_, before)) => *before = text,
            None => state.staged.push((path.clone(), text)),
        }
    }

    /// Whether files land one by one, since nothing was there when the directory was opened.
    pub fn is_fresh(&self) -> bool {
        self.is_fresh
    }

    fn owns(&self, path: &RelPath, bytes: &[u8]) -> bool {
        self.state().manifest.standing(path).written == Some(hash(bytes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(path: &str) -> RelPath {
        RelPath::parse(path).expect(path)
    }

    fn text<'a>(prospect: &'a Prospect, path: &str) -> Option<&'a str> {
        prospect.tree.files.iter().find(|file| file.path == path)?.text.as_deref()
    }

    fn own(prospect: &Prospect) -> Vec<&str> {
        prospect.own.iter().map(RelPath::as_str).collect()
    }

    #[test]
    fn what_lands_may_be_written_once_more_until_a_person_changes_it() {
        let out = tempfile::TempDir::new().expect("a directory");
        let workspace = Workspace::open(out.path(), "1").expect("opens");
        for name in ["a.js", "b.js", "dist/c.js", ".gitignore"] {
            let text = if name == ".gitignore" { "dist/\n" } else { "1;\n" };
            workspace.land(&path(name), text.to_owned()).expect("lands");
        }
        std::fs::write(out.path().join("b.js"), "mine;\n").expect("writes");
        let prospect = workspace.prospect().expect("looks");
        assert_eq!(own(&prospect), [".gitignore", "a.js", "dist/c.js"]);
        assert_eq!((text(&prospect, "b.js"), text(&prospect, "dist/c.js")), (Some("mine;\n"), Some("1;\n")));
        workspace.restage(&path("a.js"), "2;\n".to_owned());
        assert_eq!(text(&workspace.prospect().expect("looks"), "a.js"), Some("2;\n"));
    }

    #[test]
    fn what_is_staged_covers_what_is_there_and_a_persons_file_stays() {
        let out = tempfile::TempDir::new().expect("a directory");
        let first = Workspace::open(out.path(), "1").expect("opens");
        for name in ["same.js", "new.js", "mine.js", "gone.js"] {
            first.land(&path(name), "1;\n2;\n3;\n".to_owned()).expect("lands");
        }
        drop(first);
        std::fs::write(out.path().join("mine.js"), "0;\n1;\n2;\n3;\n").expect("writes");
        std::fs::write(out.path().join("theirs.js"), "0;\n").expect("writes");
        let workspace = Workspace::open(out.path(), "2").expect("opens");
        for (name, text) in
            [("same.js", "1;\n2;\n3;\n"), ("new.js", "4;\n"), ("mine.js", "1;\n2;\n3;\n4;\n"), ("theirs.js", "4;\n")]
        {
            workspace.land(&path(name), text.to_owned()).expect("stages");
        }
        workspace.retain(["same.js", "new.js", "mine.js", "theirs.js"].map(path));
        let prospect = workspace.prospect().expect("looks");
        assert_eq!(own(&prospect), ["new.js", "same.js"]);
        assert_eq!(prospect.known.len(), 4);
        assert_eq!(text(&prospect, "mine.js"), Some("0;\n1;\n2;\n3;\n4;\n"), "merged");
        assert_eq!((text(&prospect, "theirs.js"), text(&prospect, "gone.js")), (Some("0;\n"), None));
    }
}
