//! Ends the real binary with SIGKILL at many points, runs it again, and looks at what is left.
//!
//! The points are spread over a run into an empty directory, a run over a person's edits, `smol undo` and
//! `smol gen --resolve`; half of them lie where files change places. `SMOL_KILLS` sets how many there are in all,
//! `SMOL_KILL_SEED` the seed.

use std::{
    collections::BTreeSet,
    fs,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant, SystemTime},
};

use serde_json::Value;
use tempfile::TempDir;

use crate::{
    smol::{Smol, plan},
    snapshot::{Snapshot, project, snapshot},
};

/// Points in all when nobody says otherwise; they take some seconds.
const KILLS: usize = 24;
/// What the face says when the run is done and nothing is written yet.
const COMMIT: &str = "before anything is written";

/// The project before the run under test: more of every kind than a commit does in an instant.
const KINDS: &[&str] = &["same", "changed", "merged", "clash", "gone", "kept"];
const OF_EACH: usize = 4;

fn names(kinds: &[&str]) -> Vec<String> {
    let of_kind = |kind: &&str| (0..OF_EACH).map(|number| format!("src/{kind}{number}.js")).collect::<Vec<_>>();
    kinds.iter().flat_map(of_kind).collect()
}

fn text(first: &str, last: &str) -> String {
    format!("{first}\ntwo\nthree\nfour\n{last}\n")
}

fn first_run() -> Smol {
    let files = names(KINDS);
    let files: Vec<&str> = files.iter().map(String::as_str).filter(|file| !file.contains("kept")).collect();
    files.iter().fold(Smol::project(&files), |smol, file| smol.on(file, fenced(&text(file, "five"))))
}

fn second_run() -> Smol {
    let mut files = names(KINDS);
    files.retain(|file| !file.contains("gone"));
    files.extend(names(&["new"]));
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    let smol = files.iter().fold(Smol::project(&files), |smol, file| {
        let text = match *file {
            _ if file.contains("same") => text(file, "five"),
            _ if file.contains("clash") => text("ONE, new", "five"),
            _ => text(file, "FIVE, new"),
        };
        smol.on(file, fenced(&text))
    });
    // Every entry is another one, so that every file is asked for.
    let newer = plan(&files).replace("one of the files", "one of the newer files");
    smol.on("plan", newer.as_str()).on("plan again", newer).arg("--yes")
}

fn fenced(text: &str) -> String {
    format!("```\n{text}```\n")
}

/// A project that smol wrote and a person then worked in.
fn edited() -> TempDir {
    let dir = first_run().success().dir;
    let out = dir.path().join("generated");
    for file in names(&["merged", "clash"]) {
        let mine = text("ONE, mine", "five");
        let mine = if file.contains('3') { mine.replace('\n', "\r\n") } else { mine };
        fs::write(out.join(&file), mine).expect("writes");
    }
    for file in names(&["kept"]) {
        fs::write(out.join(&file), "a person's own\n").expect("writes");
    }
    fs::write(dir.path().join("prompt.md"), "a newer project").expect("writes");
    let permissions = std::os::unix::fs::PermissionsExt::from_mode(0o640);
    fs::set_permissions(out.join("src/changed0.js"), permissions).expect("is there");
    dir
}

fn copy(dir: &TempDir) -> TempDir {
    let copy = TempDir::new().expect("a temporary directory");
    let status = Command::new("cp").arg("-a").arg(dir.path().join(".")).arg(copy.path()).status().expect("runs");
    assert!(status.success());
    copy
}

/// Numbers without end from a seed, as SplitMix64 makes them: in `0.0..1.0`.
struct Dice(u64);

impl Dice {
    fn throw(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((bits ^ (bits >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// Something that is done to a project, cut short, and done again.
struct Scene {
    name: &'static str,
    start: Option<TempDir>,
    command: fn() -> Smol,
    from: From,
}

/// From when on the points are spread.
#[derive(Clone, Copy)]
enum From {
    Start,
    /// The run is done, and nothing is written yet.
    Summary,
    /// All is staged, and files begin to change places.
    Journal,
}

impl Scene {
    fn dir(&self) -> TempDir {
        self.start.as_ref().map_or_else(|| second_run().dir, copy)
    }

    /// How long it takes from where the points begin, and where it leads.
    fn undisturbed(&self) -> (Duration, Snapshot) {
        let (dir, took, _) = self.run_for(None, self.dir());
        let end = snapshot(dir.path());
        // Once more to see what is usual: the first time may have been slow.
        let (_, again, _) = self.run_for(None, self.dir());
        (took.min(again), end)
    }

    /// Runs it, and ends it after this time if it still runs. How long it ran, and whether it was cut.
    fn run_for(&self, limit: Option<Duration>, dir: TempDir) -> (TempDir, Duration, bool) {
        let (dir, _fake, mut child) = (self.command)().within(dir).spawn();
        let mut lines = BufReader::new(child.stderr.take().expect("is a pipe")).lines();
        let mut started = Instant::now();
        let journal = dir.path().join("generated/.smol/journal");
        match self.from {
            From::Start => {}
            From::Summary => while !lines.next().expect("it comes to that").expect("reads").contains(COMMIT) {},
            From::Journal => while !journal.exists() && child.try_wait().expect("is a child").is_none() {},
        }
        if !matches!(self.from, From::Start) {
            started = Instant::now();
        }
        // Nobody may wait for a reader.
        let drain = std::thread::spawn(move || lines.for_each(drop));
        let mut is_cut = false;
        while child.try_wait().expect("is a child").is_none() {
            if limit.is_some_and(|limit| started.elapsed() >= limit) {
                child.kill().expect("is a child");
                child.wait().expect("ends");
                is_cut = true;
                break;
            }
            std::thread::sleep(Duration::from_micros(100));
        }
        let took = started.elapsed();
        drain.join().expect("reads to the end");
        (dir, took, is_cut)
    }

    /// Cuts it short at this point of its time, does it again, and compares. Tells how far it had come.
    fn kill_at(&self, share: f64, (took, end): &(Duration, Snapshot)) -> Cut {
        let dir = self.dir();
        let before = project(dir.path());
        let known = records(&dir.path().join("generated/.smol/runs"));
        let (dir, _, is_cut) = self.run_for(Some(took.mul_f64(share)), dir);
        let memory = dir.path().join("generated/.smol");
        let paid = paid(&memory.join("runs"), &known);
        let has_journal = memory.join("journal").exists();
        let is_half_way = has_journal || memory.join("landing").exists();
        let name = format!("{} at {share:.4} of {took:?}", self.name);
        look_at(&project(dir.path()), &before, end, &name);
        let run = (self.command)().within(dir).run();
        assert!(run.output.status.code().is_some_and(|code| code <= 1), "{name}: {}", run.stderr());
        let is_told = run.stderr().contains("what it began is finished");
        assert_eq!(is_told, has_journal, "{name}: {}", run.stderr());
        let after = snapshot(run.dir.path());
        let unlike: BTreeSet<_> =
            after.keys().chain(end.keys()).filter(|path| after.get(*path) != end.get(*path)).collect();
        assert!(unlike.is_empty(), "{name}: the end is another one: {unlike:?}\n{}", run.stderr());
        let asked = run.fake.asked().into_iter().map(|asked| asked.question);
        let twice: Vec<_> = asked.filter(|question| paid.contains(question)).collect();
        assert!(twice.is_empty(), "{name}: paid twice for {twice:?}");
        match (is_cut, is_half_way) {
            (false, _) => Cut::Not,
            (true, false) => Cut::Somewhere,
            (true, true) => Cut::HalfWay,
        }
    }
}

/// How far a command had come when it was killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cut {
    /// To its end.
    Not,
    Somewhere,
    /// Some of its files may have been in place, and others not.
    HalfWay,
}

fn records(runs: &Path) -> BTreeSet<PathBuf> {
    fs::read_dir(runs).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
}

/// The questions that had a whole answer in the record that is new; none if that run had come to its good end, so that
/// the next one begins anew.
fn paid(runs: &Path, known: &BTreeSet<PathBuf>) -> BTreeSet<String> {
    let records = records(runs).into_iter().filter(|record| !known.contains(record));
    let text: String = records.map(|record| fs::read_to_string(record).expect("reads")).collect();
    let events = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()?.get("event").cloned());
    let events: Vec<Value> = events.collect();
    if events.iter().any(|event| event["event"] == "finished" && event["report"]["outcome"] == "complete") {
        return BTreeSet::new();
    }
    let answered = events.into_iter().filter(|event| event["event"] == "answered");
    let question = |event: Value| match event["question"].as_str() {
        Some("file_list") => "list".to_owned(),
        Some("plan") if !known.is_empty() => "plan again".to_owned(),
        Some(name) => name.to_owned(),
        None => event["question"]["file"].as_str().expect("a path").to_owned(),
    };
    answered.map(question).collect()
}

/// Every file is whole, as it was or as it is to be; nothing else has appeared, and nothing of a person's has gone.
#[track_caller]
fn look_at(now: &Snapshot, before: &Snapshot, end: &Snapshot, name: &str) {
    for (path, (mode, bytes)) in now {
        let is_known = [before, end].iter().any(|known| known.get(path).is_some_and(|(_, known)| known == bytes));
        assert!(
            is_known,
            "{name}: '{path}' is neither what it was nor what it is to be: {:?}",
            String::from_utf8_lossy(bytes)
        );
        let is_usual = [before, end].iter().any(|known| known.get(path).is_some_and(|(known, _)| known == mode));
        assert!(is_usual, "{name}: '{path}' has the rights {mode:o}");
    }
    for path in before.keys() {
        assert!(now.contains_key(path) || !end.contains_key(path), "{name}: '{path}' is gone");
    }
}

fn undo() -> Smol {
    Smol::new().args(["undo"])
}

fn resolve() -> Smol {
    let clashes = names(&["clash", "kept"]);
    let smol = Smol::new().args(["gen", "--resolve", "markers"]);
    clashes.into_iter().fold(smol, |smol, file| smol.arg(file))
}

#[test]
fn killed_at_any_point_the_next_command_leads_to_the_same_end() {
    let number = |name: &str| std::env::var(name).ok().map(|value| value.parse::<u64>().expect("a number"));
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970").as_nanos() as u64;
    let seed = number("SMOL_KILL_SEED").unwrap_or(now);
    let kills = number("SMOL_KILLS").map_or(KILLS, |kills| kills as usize);
    say(&format!("SMOL_KILLS={kills} SMOL_KILL_SEED={seed}"));
    let mut dice = Dice(seed);
    let edited = edited();
    let written = second_run().within(copy(&edited)).exit(1).dir;
    let scene = |name, start: Option<&TempDir>, command, from| Scene { name, start: start.map(copy), command, from };
    let scenes = [
        scene("a first run", None, second_run, From::Start),
        scene("a run over edits", Some(&edited), second_run, From::Start),
        scene("its staging", Some(&edited), second_run, From::Summary),
        scene("its commit", Some(&edited), second_run, From::Journal),
        scene("undo", Some(&written), undo, From::Start),
        scene("undo, its commit", Some(&written), undo, From::Journal),
        scene("resolve", Some(&written), resolve, From::Start),
        scene("resolve, its commit", Some(&written), resolve, From::Journal),
    ];
    let each = kills.div_ceil(scenes.len());
    let mut cuts = Vec::new();
    for scene in scenes {
        let undisturbed = scene.undisturbed();
        let points = (0..each).map(|point| (point as f64 + dice.throw()) / each as f64);
        let of_scene: Vec<Cut> = points.map(|share| scene.kill_at(share, &undisturbed)).collect();
        say(&format!("{}: {} in {:?}", scene.name, told(&of_scene), undisturbed.0));
        cuts.extend(of_scene);
    }
    say(&format!("all: {}; nothing was lost", told(&cuts)));
    let killed = cuts.iter().filter(|cut| **cut != Cut::Not).count();
    assert!(killed * 2 > cuts.len(), "most came to their end before they were to be killed");
}

/// Not captured, so that the seed is known whatever happens.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

fn told(cuts: &[Cut]) -> String {
    let count = |wanted| cuts.iter().filter(|cut| **cut == wanted).count();
    let (half_way, all) = (count(Cut::HalfWay), cuts.len());
    format!("{} of {all} killed, {half_way} of them half way", half_way + count(Cut::Somewhere))
}

/// The look has to see what it looks for.
#[test]
fn what_is_looked_for_is_seen() {
    let of = |path: &str, bytes: &str| Snapshot::from([(path.to_owned(), (0o644, bytes.as_bytes().to_vec()))]);
    let is_seen =
        |now: Snapshot| std::panic::catch_unwind(|| look_at(&now, &of("a", "old"), &of("a", "new"), "a test")).is_err();
    assert!(is_seen(of("a", "ne")), "half a file");
    assert!(is_seen(Snapshot::new()), "a file that is gone");
    assert!(is_seen(of("b", "new")), "a file that nobody wrote");
    assert!(!is_seen(of("a", "old")) && !is_seen(of("a", "new")));
    assert!(Path::new(env!("CARGO_BIN_EXE_smol")).exists());
}
