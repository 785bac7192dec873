//! `smol undo`, and what a disk, an editor and a second process can do to a run over an existing project.

use std::{
    fs,
    io::Write,
    os::unix::fs::{PermissionsExt, symlink},
    path::Path,
    process::Command,
    time::Duration,
};

use serde_json::json;

use crate::{
    fake::Answer,
    smol::{Run, Smol},
    snapshot::{project, snapshot},
};

/// A second run over a project with a person's work in it: files are new, replaced, merged and removed.
fn second_run() -> (Run, crate::snapshot::Snapshot) {
    let run = Smol::project(&["a.js", "b.js", "old/gone.js", "run.sh"]).on("a.js", "one\ntwo\nthree\nfour\n").success();
    let smol = Smol::project(&["a.js", "b.js", "src/new.js", "run.sh"]).anew(run.dir);
    let smol =
        smol.write("generated/a.js", "ONE, mine\r\ntwo\r\nthree\r\nfour").write("generated/mine.txt", [0xff, 0x00]);
    let permissions = fs::Permissions::from_mode(0o711);
    fs::set_permissions(smol.dir.path().join("generated/run.sh"), permissions).expect("is there");
    let before = project(smol.dir.path());
    let smol = smol.on("a.js", "one\ntwo\nthree\nFOUR, new\n").on("b.js", "newer.b\n").on("run.sh", "#!/bin/sh\n");
    let run = smol.arg("--yes").success().file("a.js", "ONE, mine\r\ntwo\r\nthree\r\nFOUR, new").no_file("old");
    assert_ne!(project(run.dir.path()), before);
    (run, before)
}

#[test]
fn a_run_is_taken_back_to_the_byte() {
    let (run, before) = second_run();
    let run = run.again().args(["undo"]).success().asked(0).says("back   a.js").says("removed src/new.js");
    assert_eq!(project(run.dir.path()), before);
    // Once; the run before that is not on record.
    let run = run.again().args(["undo"]).exit(1).says("there is no run to take back in 'generated'");
    assert_eq!(project(run.dir.path()), before);
    // What smol knows is as before, too: the same run comes to the same end.
    let smol = Smol::project(&["a.js", "b.js", "src/new.js", "run.sh"]).anew(run.dir).arg("--yes");
    smol.on("a.js", "one\ntwo\nthree\nFOUR, new\n")
        .success()
        .file("a.js", "ONE, mine\r\ntwo\r\nthree\r\nFOUR, new")
        .no_file("old");
}

#[test]
fn the_first_run_is_taken_back_too() {
    let run = Smol::project(&["src/deep/a.js", "b.js"]).write("generated/.smol/.gitignore", "*\n").success();
    let run = run.again().args(["undo"]).success().says("3 files removed");
    assert_eq!(run.files(), Vec::<String>::new());
    run.no_file("src");
}

#[test]
fn what_was_changed_since_is_named_and_the_rest_is_taken_back_on_request() {
    let (run, before) = second_run();
    let smol = run.again().write("generated/b.js", "newer.b\nand mine\n");
    let after = project(smol.dir.path());
    let run = smol.args(["undo"]).exit(1).says("changed since the run: 'b.js'").says("--rest");
    assert_eq!(project(run.dir.path()), after);
    let run = run.again().args(["undo", "--rest"]).success().says("kept   b.js: it was changed since");
    let mut expected = before;
    expected.insert("b.js".to_owned(), after["b.js"].clone());
    assert_eq!(project(run.dir.path()), expected);
    // What it had replaced there is still at hand, for when the person puts smol's text back.
    let run = run.again().write("generated/b.js", "newer.b\n").args(["undo"]).success();
    run.file("b.js", "b.js\n");
}

#[test]
fn a_run_that_changed_nothing_is_no_run_to_take_back() {
    let (run, before) = second_run();
    let smol = Smol::project(&["a.js", "b.js", "src/new.js", "run.sh"]).anew(run.dir).arg("--yes");
    let run =
        smol.on("a.js", "one\ntwo\nthree\nFOUR, new\n").on("b.js", "newer.b\n").on("run.sh", "#!/bin/sh\n").success();
    let run = run.again().args(["undo"]).success();
    assert_eq!(project(run.dir.path()), before);
}

#[test]
fn undo_in_json_and_where_smol_never_was() {
    let (run, _) = second_run();
    let report = run.again().args(["undo", "--json"]).success().report();
    assert_eq!(report["removed"], json!(["src/new.js"]));
    assert_eq!(report["restored"], json!(["a.js", "b.js", "old/gone.js", "run.sh", "shared_dependencies.md"]));
    let run = Smol::new().args(["undo", "-o", "elsewhere"]).exit(2).says("smol has written nothing into elsewhere");
    assert!(!run.dir.path().join("elsewhere").exists());
}

/// Runs the command on a terminal, with what is typed.
pub fn on_a_terminal(smol: Smol, typed: &str) -> Run {
    let (dir, fake, mut child) = smol.args(["--version"]).spawn();
    child.wait().expect("ends");
    let script = format!("{} gen --fresh", env!("CARGO_BIN_EXE_smol"));
    let mut child = Command::new("script")
        .args(["-qfec", &script, "/dev/null"])
        .current_dir(dir.path())
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("TERM", "xterm-256color")
        .envs([("OPENAI_BASE_URL", fake.url.as_str()), ("OPENAI_API_KEY", crate::KEY), ("SMOL_MODEL", "fake-1")])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("script is part of util-linux");
    let mut stdin = child.stdin.take().expect("is a pipe");
    std::io::Write::write_all(&mut stdin, typed.as_bytes()).expect("is read");
    let output = child.wait_with_output().expect("ends");
    drop(stdin);
    Run { dir, fake, output }
}

#[test]
fn a_terminal_is_asked_before_anything_is_written() {
    let smol = || {
        let run = Smol::project(&["a.js", "b.js"]).on("a.js", "one\ntwo\nthree\n").success();
        let smol = Smol::project(&["a.js", "b.js"]).anew(run.dir).write("generated/a.js", "ONE\ntwo\nthree\n");
        smol.on("a.js", "one\ntwo\nTHREE\n").on("b.js", "newer.b\n")
    };
    let texts = |run: Run| (run.read("a.js").expect("is there"), run.read("b.js").expect("is there"));
    let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    let run = on_a_terminal(smol(), "n\n");
    assert!(run.stdout().contains("write this?"), "{}", run.stdout());
    assert_eq!(run.output.status.code(), Some(1), "{}", run.stdout());
    assert_eq!(texts(run), pair("ONE\ntwo\nthree\n", "b.js\n"));
    assert_eq!(texts(on_a_terminal(smol(), "s\n")), pair("ONE\ntwo\nthree\n", "newer.b\n"));
    let run = on_a_terminal(smol(), "what\nd\ny\n");
    assert!(run.stdout().contains("answer with one of the letters"), "{}", run.stdout());
    assert!(run.stdout().contains("+newer.b"), "{}", run.stdout());
    // Where no file would be another one there is nothing to ask.
    let kept = Smol::project(&["a.js"]).success();
    let same = on_a_terminal(Smol::project(&["a.js"]).anew(kept.dir), "");
    assert!(!same.stdout().contains("write this?"), "{}", same.stdout());
    assert_eq!(texts(run), pair("ONE\ntwo\nTHREE\n", "newer.b\n"));
}

#[test]
fn an_editor_at_work_during_the_run() {
    let run = Smol::project(&["a.js", "b.js"]).on("a.js", "one\ntwo\nthree\n").success();
    let slow = Answer::text("newer.b\n").after(Duration::from_millis(700));
    let smol =
        Smol::project(&["a.js", "b.js"]).anew(run.dir).on("a.js", "one\ntwo\nTHREE\n").on("b.js", slow).arg("--yes");
    let (dir, fake, child) = smol.spawn();
    while !fake.asked().iter().any(|asked| asked.question == "b.js") {
        std::thread::sleep(Duration::from_millis(5));
    }
    fs::write(dir.path().join("generated/a.js"), "ONE, just now\ntwo\nthree\n").expect("writes");
    let output = child.wait_with_output().expect("ends");
    let run = Run { dir, fake, output };
    run.file("a.js", "ONE, just now\ntwo\nTHREE\n").file("b.js", "newer.b\n").says("merged a.js");
}

#[test]
fn a_file_that_a_person_has_turned_into_a_directory() {
    let run = Smol::project(&["a.js", "b.js"]).success();
    fs::remove_file(run.dir.path().join("generated/a.js")).expect("is there");
    let smol = Smol::project(&["a.js", "b.js"]).anew(run.dir).write("generated/a.js/mine", "mine\n");
    let run = smol.on("a.js", "newer.a\n").on("b.js", "newer.b\n").arg("--yes").exit(1);
    run.file("a.js/mine", "mine\n").file("b.js", "newer.b\n").says("failed a.js: a directory stands in its place");
}

#[test]
fn a_symlink_planted_in_the_place_of_a_file() {
    let outside = tempfile::TempDir::new().expect("a directory");
    fs::write(outside.path().join("victim"), "a.js\n").expect("writes");
    let run = Smol::project(&["a.js", "src/b.js"]).success();
    let out = run.dir.path().join("generated");
    fs::remove_file(out.join("a.js")).expect("is there");
    // Its target even has the text that smol wrote.
    symlink(outside.path().join("victim"), out.join("a.js")).expect("links");
    fs::remove_dir_all(out.join("src")).expect("is there");
    symlink(outside.path(), out.join("src")).expect("links");
    let smol = Smol::project(&["a.js", "src/b.js"])
        .anew(run.dir)
        .on("a.js", "newer.a\n")
        .on("src/b.js", "newer.b\n")
        .arg("--yes");
    let run = smol.exit(1).says("a link or a device stands in its place").says("a symlink on the way leads out");
    assert_eq!(fs::read_to_string(outside.path().join("victim")).expect("stays"), "a.js\n");
    assert_eq!(fs::read_dir(outside.path()).expect("lists").count(), 1);
    run.again().args(["gen", "--resolve", "theirs", "a.js"]).exit(1).says("move it away first");
}

/// A file system in memory of this size, gone when this is dropped. `None`, and why, where none can be mounted.
struct SmallDisk<'a>(&'a Path);

impl<'a> SmallDisk<'a> {
    fn mount(at: &'a Path, options: &str) -> Option<SmallDisk<'a>> {
        fs::create_dir_all(at).expect("makes directories");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", options, "smol-test"]).arg(at).output();
        match mounted {
            Ok(output) if output.status.success() => Some(SmallDisk(at)),
            reason => {
                let _ = writeln!(std::io::stderr(), "skipped: no small disk can be mounted here: {reason:?}");
                None
            }
        }
    }
}

impl Drop for SmallDisk<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0).status();
    }
}

#[test]
fn a_full_disk_loses_nothing_and_the_next_run_goes_on() {
    let smol = Smol::project(&["a.js", "b.js", "c.js"]);
    let out = smol.dir.path().join("generated");
    let Some(_disk) = SmallDisk::mount(&out, "size=1m") else { return };
    let run = smol.success();
    let long: String = (0..9000).map(|line| format!("line {line} of many\n")).collect();
    let smol = Smol::project(&["a.js", "b.js", "c.js"]).anew(run.dir).write("generated/b.js", "b.js\nand mine\n");
    fs::write(out.join("filler"), vec![0; 900 * 1024]).expect("fits");
    let before = project(smol.dir.path());
    let run = smol.on("a.js", "newer.a\n").on("c.js", format!("```\n{long}```\n")).arg("--yes").run();
    assert_eq!(run.output.status.code(), Some(1), "{}", run.stderr());
    let run = run.says("the disk is full").says("nothing was changed");
    assert_eq!(project(run.dir.path()), before);
    fs::remove_file(out.join("filler")).expect("is there");
    let smol = Smol::project(&["a.js", "b.js", "c.js"]).anew(run.dir).on("a.js", "newer.a\n");
    let run = smol.on("c.js", format!("```\n{long}```\n")).arg("--yes").success();
    run.file("a.js", "newer.a\n").file("b.js", "b.js\nand mine\n").file("c.js", &long);
}

#[test]
fn a_directory_that_cannot_be_written() {
    let run = Smol::project(&["a.js", "locked/b.js"]).success();
    let locked = run.dir.path().join("generated/locked");
    // Root may write everywhere, but not on a disk that is read-only.
    let is_root = fs::metadata("/proc/self").is_ok_and(|me| std::os::unix::fs::MetadataExt::uid(&me) == 0);
    let disk = if is_root { SmallDisk::mount(&locked, "size=64k") } else { None };
    if is_root && disk.is_none() {
        return;
    }
    fs::write(locked.join("b.js"), "locked/b.js\n").expect("writes");
    match is_root {
        true => drop(Command::new("mount").args(["-o", "remount,ro"]).arg(&locked).status().expect("runs")),
        false => fs::set_permissions(&locked, fs::Permissions::from_mode(0o555)).expect("is there"),
    }
    let smol =
        Smol::project(&["a.js", "locked/b.js"]).anew(run.dir).on("a.js", "newer.a\n").on("locked/b.js", "newer.b\n");
    let run = smol.arg("--yes").exit(1).says("failed locked/b.js: could not write it");
    let run = run
        .file("a.js", "newer.a\n")
        .file("locked/b.js", "locked/b.js\n")
        .file(".smol/conflicts/locked/b.js", "newer.b\n");
    if !is_root {
        fs::set_permissions(&locked, fs::Permissions::from_mode(0o755)).expect("is there");
    }
    let run = run.again().args(["undo"]).success();
    run.file("a.js", "a.js\n").file("locked/b.js", "locked/b.js\n");
}

#[test]
fn a_second_process_finds_the_first_at_work_also_for_undo() {
    let run = Smol::project(&["a.js"]).success();
    let slow = Answer::text("newer.a\n").after(Duration::from_secs(20));
    let (dir, fake, mut child) = Smol::project(&["a.js"]).anew(run.dir).on("a.js", slow).spawn();
    while !fake.asked().iter().any(|asked| asked.question == "a.js") {
        std::thread::sleep(Duration::from_millis(5));
    }
    let second = Command::new(env!("CARGO_BIN_EXE_smol"))
        .current_dir(dir.path())
        .arg("undo")
        .env_clear()
        .output()
        .expect("runs");
    child.kill().expect("is running");
    child.wait().expect("ends");
    assert_eq!(second.status.code(), Some(2));
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(said.contains(&format!("another smol (process {}) is at work in 'generated'", child.id())), "{said}");
    assert_eq!(snapshot(dir.path())["a.js"].1, b"a.js\n");
}
