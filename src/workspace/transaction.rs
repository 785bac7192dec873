//! Many files changed as one act: written aside, noted in a journal, then put in place step by step.
//!
//! Until the journal stands nothing has happened. Once it stands, what it says is done, by this command or, after a
//! crash, by the next one: every step sees from the disk how far it came. No step destroys anything: what it replaces
//! or removes is moved aside first, and moved back if it turns out to be something else than was expected.

use anyhow::{Context, Result};
use cap_std::fs::Dir;
use serde::{Deserialize, Serialize};

use super::{
    disk::{self, Moved, Present, explained, hash},
    manifest::{Manifest, Standing, read_json, write_json},
    memory,
    record::{Entry, Record},
    waiting,
};
use crate::path::RelPath;

pub(super) const JOURNAL: &str = "journal";
/// New files that wait for their place, and old ones that nobody needs any more.
pub(super) const STAGE: &str = "stage";

/// The journal: everything that it takes to finish.
#[derive(Serialize, Deserialize)]
pub(super) struct Transaction {
    pub run: String,
    pub purpose: Purpose,
    /// The manifest as it was before.
    pub before: Manifest,
    pub steps: Vec<Step>,
    /// What becomes known without a change of the project's files.
    pub notes: Vec<(RelPath, Standing)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Purpose {
    Write,
    /// Changes files, and nothing of what all files are known to be made from.
    Amend,
    TakeBack,
}

/// One file of the project: what is expected there, and what comes.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Step {
    pub path: RelPath,
    /// Hash of what stands there; `None` if nothing does.
    pub old: Option<String>,
    /// Hash of what is to stand there; `None` if nothing is.
    pub new: Option<String>,
    /// Where the new file waits, below smol's memory.
    pub source: String,
    /// Where the old file goes, below smol's memory.
    pub saved: String,
    /// What is known of the path afterwards.
    pub done: Standing,
    /// What is known of it if the step cannot be done.
    pub not_done: Standing,
}

/// How a step went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Done,
    /// Something else stands there than was expected, and it stays.
    Changed,
    /// The disk refused.
    Failed(String),
}

impl Transaction {
    /// Reads the journal of a transaction that was cut short, if there is one.
    pub(super) fn under_way(memory: &Dir) -> Result<Option<Transaction>> {
        read_json(memory, JOURNAL).context("it tells how to finish the last run")
    }

    /// Notes it down: from here on it will be done.
    pub(super) fn begin(&self, memory: &Dir) -> Result<()> {
        write_json(memory, JOURNAL, self)
    }

    /// Does what is not done yet, and brings smol's memory up to it. The outcomes are in the order of the steps.
    ///
    /// # Errors
    /// If the memory cannot be written, or a file of a person's not be put back; the next command goes on from there.
    pub(super) fn finish(&self, dir: &Dir, memory: &Dir) -> Result<(Manifest, Vec<Outcome>)> {
        let outcomes: Vec<Outcome> =
            self.steps.iter().map(|step| step.take(self.purpose, dir, memory)).collect::<Result<_>>()?;
        let mut manifest = self.before.clone();
        for (path, standing) in &self.notes {
            manifest.set(path, standing.clone());
        }
        for (step, outcome) in self.steps.iter().zip(&outcomes) {
            let standing = if *outcome == Outcome::Done { &step.done } else { &step.not_done };
            manifest.set(&step.path, standing.clone());
        }
        manifest.save(memory)?;
        match self.purpose {
            Purpose::Write => memory::adopt(memory)?,
            Purpose::Amend => {}
            Purpose::TakeBack => match Record::open(memory)? {
                Some(record) if record.only_amends => {}
                record => memory::go_back(memory, record.map(|record| record.run).as_deref())?,
            },
        }
        self.keep_record(memory, &outcomes)?;
        waiting::lay_out(memory, &manifest);
        memory.remove_file(JOURNAL).map_err(explained).context("could not close the journal")?;
        Ok((manifest, outcomes))
    }

    /// Brings the record for `smol undo` up to what was done.
    fn keep_record(&self, memory: &Dir, outcomes: &[Outcome]) -> Result<()> {
        let done =
            || self.steps.iter().zip(outcomes).filter(|(_, outcome)| **outcome == Outcome::Done).map(|(step, _)| step);
        match self.purpose {
            // What changed no file is nothing to take back, and no reason to forget what is.
            Purpose::Write | Purpose::Amend if done().next().is_none() => Ok(()),
            Purpose::Write | Purpose::Amend => {
                let files = done().map(|step| Entry {
                    path: step.path.clone(),
                    was: self.before.standing(&step.path),
                    before: step.old.clone(),
                    after: step.new.clone(),
                    saved: step.saved.clone(),
                });
                let notes = self.notes.iter().map(|(path, _)| Entry::note(path, self.before.standing(path)));
                let (entries, only_amends) = (files.chain(notes).collect(), self.purpose == Purpose::Amend);
                Record { run: self.run.clone(), entries, only_amends }.after(Record::open(memory)?).save(memory)
            }
            Purpose::TakeBack => {
                let Some(mut record) = Record::open(memory)? else { return Ok(()) };
                record.entries.retain(|entry| {
                    !done().any(|step| step.path == entry.path)
                        && !self.notes.iter().any(|(path, _)| *path == entry.path)
                });
                record.save(memory)
            }
        }
    }
}

impl Step {
    /// Does this step, or what a crash has left of it.
    fn take(&self, purpose: Purpose, dir: &Dir, memory: &Dir) -> Result<Outcome> {
        let done = match (&self.old, &self.new) {
            (None, None) => return Ok(Outcome::Done),
            (None, Some(new)) => self.create(new, dir, memory),
            (Some(old), Some(new)) => self.replace(old, new, purpose, dir, memory),
            (Some(old), None) => self.remove(old, dir, memory),
        };
        match done {
            Ok(outcome) => Ok(outcome),
            Err(error) if error.downcast_ref::<Astray>().is_some() => Err(error),
            Err(error) => Ok(Outcome::Failed(format!("{error:#}"))),
        }
    }

    fn create(&self, new: &str, dir: &Dir, memory: &Dir) -> Result<Outcome> {
        let (source, target) = ((memory, self.source.as_str()), (dir, self.path.as_str()));
        if !disk::is_taken(memory, &self.source) {
            return Ok(Outcome::Done);
        }
        disk::make_parents(dir, self.path.as_str())?;
        match disk::move_new(source, target)? {
            Moved::Done => Ok(Outcome::Done),
            // A link that a crash has left on both names.
            Moved::Taken if disk::hash_at(dir, self.path.as_str()).as_deref() == Some(new) => Ok(Outcome::Done),
            Moved::Taken => Ok(Outcome::Changed),
        }
    }

    fn remove(&self, old: &str, dir: &Dir, memory: &Dir) -> Result<Outcome> {
        let (saved, target) = ((memory, self.saved.as_str()), (dir, self.path.as_str()));
        if !disk::is_taken(memory, &self.saved) {
            if disk::hash_at(dir, self.path.as_str()).as_deref() != Some(old) {
                return Ok(Outcome::Changed);
            }
            disk::make_parents(memory, &self.saved)?;
            disk::move_new(target, saved)?;
        }
        match self.put_back_unless(old, dir, memory)? {
            Aside::AsExpected => {}
            Aside::PutBack => return Ok(Outcome::Changed),
            Aside::Rescued(outcome) => return Ok(outcome),
        }
        disk::remove_empty_parents(dir, self.path.as_str());
        Ok(Outcome::Done)
    }

    fn replace(&self, old: &str, new: &str, purpose: Purpose, dir: &Dir, memory: &Dir) -> Result<Outcome> {
        let (source, target) = ((memory, self.source.as_str()), (dir, self.path.as_str()));
        let staged = disk::hash_at(memory, &self.source);
        if disk::is_taken(memory, &self.saved) {
            return match staged {
                None => Ok(Outcome::Done),
                Some(_) => self.replace_in_two_steps(old, dir, memory),
            };
        }
        if staged.as_deref() == Some(new) {
            if disk::hash_at(dir, self.path.as_str()).as_deref() != Some(old) {
                return Ok(Outcome::Changed);
            }
            if purpose != Purpose::TakeBack {
                disk::copy_rights(target, source)?;
            }
            match disk::exchange(source, target) {
                None => return self.replace_in_two_steps(old, dir, memory),
                Some(done) => done?,
            }
        }
        // The new file is in its place, and what it has replaced, in its.
        if disk::hash_at(memory, &self.source).as_deref() == Some(old) {
            disk::make_parents(memory, &self.saved)?;
            memory.rename(&self.source, memory, &self.saved).map_err(explained).map_err(Astray::wrap)?;
            return Ok(Outcome::Done);
        }
        match disk::exchange(source, target) {
            Some(Err(error)) => return Err(Astray::wrap(error)),
            None => return Err(Astray::wrap(anyhow::anyhow!("'{}' could not be put back", self.path))),
            Some(Ok(())) => {}
        }
        match disk::hash_at(memory, &self.source).as_deref() == Some(new) {
            true => Ok(Outcome::Changed),
            false => self.rescue(&self.source, memory),
        }
    }

    /// For disks where two files cannot change places: for a moment nothing stands there.
    fn replace_in_two_steps(&self, old: &str, dir: &Dir, memory: &Dir) -> Result<Outcome> {
        let (source, saved, target) =
            ((memory, self.source.as_str()), (memory, self.saved.as_str()), (dir, self.path.as_str()));
        if !disk::is_taken(memory, &self.saved) {
            disk::make_parents(memory, &self.saved)?;
            disk::move_new(target, saved)?;
        }
        match self.put_back_unless(old, dir, memory)? {
            Aside::AsExpected => {}
            Aside::PutBack => return Ok(Outcome::Changed),
            Aside::Rescued(outcome) => return Ok(outcome),
        }
        match disk::move_new(source, target) {
            Ok(Moved::Done) => Ok(Outcome::Done),
            Ok(Moved::Taken) => Ok(Outcome::Changed),
            Err(error) => {
                disk::move_new(saved, target).map_err(Astray::wrap)?;
                Err(error)
            }
        }
    }

    /// Looks at what was moved aside: whether it is what was expected. If not it goes back to its place.
    fn put_back_unless(&self, old: &str, dir: &Dir, memory: &Dir) -> Result<Aside> {
        if disk::hash_at(memory, &self.saved).as_deref() == Some(old) {
            return Ok(Aside::AsExpected);
        }
        match disk::move_new((memory, self.saved.as_str()), (dir, self.path.as_str())).map_err(Astray::wrap)? {
            Moved::Done => Ok(Aside::PutBack),
            Moved::Taken => self.rescue(&self.saved, memory).map(Aside::Rescued),
        }
    }

    /// Both what stands there and what was moved aside are a person's: what is aside gets a name where it stays.
    fn rescue(&self, name: &str, memory: &Dir) -> Result<Outcome> {
        let names = (1..).map(|number| format!("rescued/{}.{number}", self.path));
        let free =
            names.into_iter().find(|name| !disk::is_taken(memory, name)).expect("there is always another number");
        disk::make_parents(memory, &free).map_err(Astray::wrap)?;
        memory.rename(name, memory, &free).map_err(explained).map_err(Astray::wrap)?;
        let why = format!("it changed twice while smol was about to write it; one of your texts is in '.smol/{free}'");
        Ok(Outcome::Failed(why))
    }
}

/// What became of a file that was moved aside.
enum Aside {
    AsExpected,
    PutBack,
    Rescued(Outcome),
}

/// A file of a person's is not where it was: nothing may be tidied away before it is back.
#[derive(Debug, thiserror::Error)]
#[error("a file that changed at the last moment is in smol's memory, and could not be put back")]
struct Astray;

impl Astray {
    fn wrap(error: anyhow::Error) -> anyhow::Error {
        error.context(Astray)
    }
}

/// Clears away what transactions have left, once none is under way.
///
/// A file in the stage is smol's own text, or one that was moved there after its hash was seen to be smol's.
pub(super) fn tidy(memory: &Dir, manifest: &Manifest) -> Result<()> {
    let record = Record::open(memory)?;
    let _ = memory.remove_dir_all(STAGE);
    Record::tidy(memory, record.as_ref());
    let known = record.iter().flat_map(Record::hashes).chain(manifest.hashes());
    super::base::retain(memory, &known.map(String::as_str).collect());
    Ok(())
}

/// Writes a new file where it waits for its place.
pub(super) fn stage(memory: &Dir, source: &str, bytes: &[u8]) -> Result<String> {
    disk::durable(memory, source, bytes)?;
    Ok(hash(bytes))
}

/// What stands at a path, by its hash.
pub(super) fn hash_of(present: &Present) -> Option<String> {
    match present {
        Present::File(bytes) => Some(hash(bytes)),
        Present::Nothing | Present::Odd(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use cap_std::ambient_authority;

    use super::*;
    use crate::{
        proposal::Consent,
        workspace::{Landing, Workspace},
    };

    const OLD: &str = "old\n";
    const NEW: &str = "new\n";
    const MINE: &str = "mine\n";

    struct Place {
        temporary: tempfile::TempDir,
        dir: Dir,
        memory: Dir,
    }

    impl Place {
        fn new() -> Place {
            let temporary = tempfile::TempDir::new().expect("a directory");
            let dir = Dir::open_ambient_dir(temporary.path(), ambient_authority()).expect("opens");
            dir.create_dir_all(".smol/stage").expect("makes");
            let memory = dir.open_dir(".smol").expect("opens");
            Place { temporary, dir, memory }
        }

        fn open(&self) -> Workspace {
            Workspace::open(self.temporary.path(), "2").expect("opens")
        }

        fn text(&self, path: &str) -> Option<String> {
            self.dir.read_to_string(path).ok()
        }
    }

    /// A step from `old` to `new`, with the new file staged.
    fn step(place: &Place, old: Option<&str>, new: Option<&str>) -> Step {
        let hash = |text: Option<&str>| text.map(|text| hash(text.as_bytes()));
        if let Some(new) = new {
            super::super::base::keep(&place.memory, new).expect("keeps");
            stage(&place.memory, "stage/0", new.as_bytes()).expect("stages");
        }
        Step {
            path: RelPath::parse("src/a.js").expect("is one"),
            old: hash(old),
            new: hash(new),
            source: "stage/0".to_owned(),
            saved: "undo/1/0".to_owned(),
            done: Standing { written: hash(new), waits: None },
            not_done: Standing { written: None, waits: hash(new) },
        }
    }

    /// What stands there, what is expected there and what is to come; then how it went and what stands there.
    #[track_caller]
    fn takes(present: Option<&str>, old: Option<&str>, new: Option<&str>, outcome: Outcome, expected: Option<&str>) {
        let place = Place::new();
        if let Some(present) = present {
            place.dir.create_dir("src").expect("makes");
            place.dir.write("src/a.js", present).expect("writes");
        }
        let step = step(&place, old, new);
        for _ in 0..2 {
            assert_eq!(step.take(Purpose::Write, &place.dir, &place.memory).expect("goes"), outcome);
            assert_eq!(place.text("src/a.js").as_deref(), expected);
        }
        if outcome == Outcome::Done && old.is_some() {
            assert_eq!(place.text(".smol/undo/1/0").as_deref(), old);
        }
    }

    #[test]
    fn steps_do_what_is_expected_once() {
        takes(None, None, Some(NEW), Outcome::Done, Some(NEW));
        takes(Some(OLD), Some(OLD), Some(NEW), Outcome::Done, Some(NEW));
        takes(Some(OLD), Some(OLD), None, Outcome::Done, None);
    }

    #[test]
    fn steps_leave_alone_what_is_not_expected() {
        takes(Some(MINE), None, Some(NEW), Outcome::Changed, Some(MINE));
        takes(Some(MINE), Some(OLD), Some(NEW), Outcome::Changed, Some(MINE));
        takes(None, Some(OLD), Some(NEW), Outcome::Changed, None);
        takes(Some(MINE), Some(OLD), None, Outcome::Changed, Some(MINE));
    }

    #[test]
    fn a_change_between_the_look_and_the_exchange_goes_back_to_its_place() {
        let place = Place::new();
        let step = step(&place, Some(OLD), Some(NEW));
        // As an exchange leaves it that came a moment after a person's change.
        place.dir.create_dir("src").expect("makes");
        place.dir.write("src/a.js", NEW).expect("writes");
        place.memory.write("stage/0", MINE).expect("writes");
        assert_eq!(step.take(Purpose::Write, &place.dir, &place.memory).expect("goes"), Outcome::Changed);
        assert_eq!(place.text("src/a.js").as_deref(), Some(MINE));
    }

    #[test]
    fn a_second_change_in_that_moment_is_not_lost_either() {
        let place = Place::new();
        let step = step(&place, Some(OLD), Some(NEW));
        place.dir.create_dir("src").expect("makes");
        place.dir.write("src/a.js", "mine, newer\n").expect("writes");
        place.memory.write("stage/0", MINE).expect("writes");
        let outcome = step.take(Purpose::Write, &place.dir, &place.memory).expect("goes");
        assert!(matches!(&outcome, Outcome::Failed(why) if why.contains(".smol/rescued/src/a.js.1")), "{outcome:?}");
        let texts = [place.text("src/a.js"), place.text(".smol/rescued/src/a.js.1")].map(Option::unwrap_or_default);
        assert!(texts.contains(&MINE.to_owned()) && texts.contains(&"mine, newer\n".to_owned()), "{texts:?}");
    }

    #[test]
    fn where_files_cannot_change_places_the_old_one_is_moved_first() {
        let two_steps = |present: &str| {
            let place = Place::new();
            place.dir.create_dir("src").expect("makes");
            place.dir.write("src/a.js", present).expect("writes");
            let step = step(&place, Some(OLD), Some(NEW));
            let outcome = step.replace_in_two_steps(&hash(OLD.as_bytes()), &place.dir, &place.memory).expect("goes");
            (outcome, place.text("src/a.js"))
        };
        assert_eq!(two_steps(OLD), (Outcome::Done, Some(NEW.to_owned())));
        assert_eq!(two_steps(MINE), (Outcome::Changed, Some(MINE.to_owned())));
        // Cut between the two.
        let place = Place::new();
        let step = step(&place, Some(OLD), Some(NEW));
        place.dir.create_dir("src").expect("makes");
        place.memory.create_dir_all("undo/1").expect("makes");
        place.memory.write("undo/1/0", OLD).expect("writes");
        assert_eq!(step.take(Purpose::Write, &place.dir, &place.memory).expect("goes"), Outcome::Done);
        assert_eq!(place.text("src/a.js").as_deref(), Some(NEW));
    }

    #[test]
    fn a_journal_that_was_left_is_finished_by_whoever_opens_the_directory() {
        let place = Place::new();
        place.dir.create_dir("src").expect("makes");
        place.dir.write("src/a.js", OLD).expect("writes");
        let steps = vec![step(&place, Some(OLD), Some(NEW))];
        let before = Manifest::default();
        let transaction =
            Transaction { run: "1".to_owned(), purpose: Purpose::Write, before, steps, notes: Vec::new() };
        transaction.begin(&place.memory).expect("writes");
        drop(place.open());
        assert_eq!(place.text("src/a.js").as_deref(), Some(NEW));
        assert!(place.text(".smol/manifest.json").expect("is there").contains(&hash(NEW.as_bytes())));
        assert_eq!((place.text(".smol/journal"), place.text(".smol/stage/0")), (None, None));
        assert_eq!(place.text(".smol/undo/1/0").as_deref(), Some(OLD));
    }

    /// A project whose `a.js` smol wrote, about to be replaced.
    fn about_to_replace() -> (Place, Workspace) {
        let place = Place::new();
        let path = RelPath::parse("a.js").expect("is one");
        let workspace = place.open();
        workspace.land(&path, OLD.to_owned()).expect("writes");
        drop(workspace);
        let workspace = place.open();
        workspace.land(&path, NEW.to_owned()).expect("stages");
        (place, workspace)
    }

    #[test]
    fn a_file_that_changes_after_it_was_shown_stays() {
        let (place, workspace) = about_to_replace();
        let proposal = workspace.propose();
        place.dir.write("a.js", MINE).expect("writes");
        let landings = workspace.commit(&proposal, Consent::Everything).expect("commits");
        assert!(matches!(landings[0].1, Landing::Conflict { .. }), "{landings:?}");
        assert_eq!(place.text("a.js").as_deref(), Some(MINE));
        assert_eq!(place.text(".smol/conflicts/a.js").as_deref(), Some(NEW));
    }

    /// An editor that saves, as editors do, by a rename at a moment that nobody knows.
    #[test]
    fn whatever_an_editor_saves_meanwhile_is_there_afterwards() {
        for round in 0..60 {
            let (place, workspace) = about_to_replace();
            let proposal = workspace.propose();
            let dir = place.dir.try_clone().expect("clones");
            let editor = std::thread::spawn(move || {
                std::thread::sleep(std::time::Duration::from_micros(round * 40));
                dir.write("a.js~", MINE).expect("writes");
                dir.rename("a.js~", &dir, "a.js").expect("renames");
            });
            workspace.commit(&proposal, Consent::Everything).expect("commits");
            editor.join().expect("saves");
            assert_eq!(place.text("a.js").as_deref(), Some(MINE), "round {round}");
        }
    }
}
