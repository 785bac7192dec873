//! Nobody's work is lost: whose file it is, and what happens to the new text.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    process::Command,
    time::{Duration, Instant},
};

use crate::{fake::Answer, smol::Smol};

#[test]
fn a_file_that_was_there_before_stays_and_the_new_text_is_kept() {
    Smol::project(&["a.js", "b.js"])
        .write("generated/a.js", "mine\n")
        .success()
        .file("a.js", "mine\n")
        .file(".smol/conflicts/a.js", "a.js\n")
        .file("b.js", "b.js\n")
        .says("it was there before smol wrote it")
        .says("smol gen --resolve theirs a.js");
}

#[test]
fn a_plan_that_a_person_has_edited_stays_where_nothing_is_new() {
    let run = Smol::project(&["a.js"]).success();
    let smol = Smol::project(&["a.js"]).anew(run.dir).write("generated/shared_dependencies.md", "my plan\n");
    smol.success().file("shared_dependencies.md", "my plan\n");
}

#[test]
fn what_is_no_file_of_the_run_is_not_touched() {
    let run = Smol::project(&["a.js"])
        .write("generated/logo.png", [0x89, 0x50, 0xff])
        .write("generated/notes/mine.txt", "mine")
        .success();
    assert_eq!(fs::read(run.dir.path().join("generated/logo.png")).expect("stays"), [0x89, 0x50, 0xff]);
    run.file("notes/mine.txt", "mine");
}

#[test]
fn the_same_text_again_is_left_alone() {
    let run = Smol::project(&["a.js"]).write("generated/a.js", "a.js\n").success();
    assert!(run.stderr().contains("same"), "{}", run.stderr());
    // It is still the person's: another text does not take its place.
    run.again().on("a.js", "other\n").args(["gen", "--file", "a.js"]).success().file("a.js", "a.js\n");
}

#[test]
fn a_directory_in_its_place_is_a_failure_with_a_reason() {
    Smol::project(&["a.js", "b.js"])
        .write("generated/a.js/x", "mine")
        .exit(1)
        .file("a.js/x", "mine")
        .file("b.js", "b.js\n")
        .says("a directory stands in its place");
}

#[test]
fn a_file_where_a_directory_has_to_be() {
    Smol::project(&["src/a.js", "b.js"])
        .write("generated/src", "mine")
        .exit(1)
        .file("src", "mine")
        .file("b.js", "b.js\n")
        .says("a file stands where a directory has to be");
}

#[test]
fn symlinks_are_not_followed_out() {
    let outside = tempfile::TempDir::new().expect("a directory");
    fs::write(outside.path().join("victim.js"), "theirs").expect("writes");
    let smol = Smol::project(&["link.js", "dir/new.js", "ok.js"]).write("generated/ok.txt", "");
    let out = smol.dir.path().join("generated");
    symlink(outside.path().join("victim.js"), out.join("link.js")).expect("links");
    symlink(outside.path(), out.join("dir")).expect("links");
    let run = smol.exit(1).file("ok.js", "ok.js\n").says("a symlink on the way leads out").says("a link or a device");
    assert_eq!(fs::read_to_string(outside.path().join("victim.js")).expect("stays"), "theirs");
    assert_eq!(fs::read_dir(outside.path()).expect("lists").count(), 1);
    assert!(out_is_link(&run, "link.js"), "the link itself is a person's too");
}

fn out_is_link(run: &crate::smol::Run, name: &str) -> bool {
    fs::symlink_metadata(run.dir.path().join("generated").join(name)).is_ok_and(|metadata| metadata.is_symlink())
}

#[test]
fn scripts_can_be_run_and_other_files_have_ordinary_rights() {
    let run = Smol::project(&["run.sh", "a.js"]).on("run.sh", "```sh\n#!/bin/sh\necho hi\n```\n").success();
    let mode = |name: &str| {
        fs::metadata(run.dir.path().join("generated").join(name)).expect("is there").permissions().mode() & 0o777
    };
    assert_eq!((mode("run.sh"), mode("a.js") & 0o111), (0o755, 0));
    assert_ne!(mode("a.js") & 0o044, 0, "others may read it, as with any file");
}

#[test]
fn one_process_at_a_time() {
    let (dir, fake, mut child) =
        Smol::project(&["a.js"]).on("a.js", Answer::text("x\n").after(Duration::from_secs(20))).spawn();
    wait_for(|| fake.asked().iter().any(|asked| asked.question == "a.js"));
    let second = Command::new(env!("CARGO_BIN_EXE_smol"))
        .current_dir(dir.path())
        .args(["gen", "--base-url", &fake.url, "-m", "x"])
        .env_clear()
        .output()
        .expect("runs");
    assert_eq!(second.status.code(), Some(2));
    let holder = format!("another smol (process {}) is at work in 'generated'", child.id());
    assert!(String::from_utf8_lossy(&second.stderr).contains(&holder), "{}", String::from_utf8_lossy(&second.stderr));
    child.kill().expect("is running");
    child.wait().expect("ends");
}

#[test]
fn ctrl_c_leaves_whole_files_and_says_what_is_done() {
    let slow = Answer::text("```\nnever\n```\n").after(Duration::from_secs(20));
    let (dir, fake, child) = Smol::project(&["a.js", "slow.js"]).on("slow.js", slow).spawn();
    let out = dir.path().join("generated");
    wait_for(|| out.join("a.js").exists() && fake.asked().iter().any(|asked| asked.question == "slow.js"));
    let pressed = Instant::now();
    Command::new("sh").args(["-c", &format!("kill -INT {}", child.id())]).status().expect("runs");
    let output = child.wait_with_output().expect("ends");
    assert!(pressed.elapsed() < Duration::from_secs(1), "it took {:?}", pressed.elapsed());
    assert_eq!(output.status.code(), Some(130));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.contains("interrupted") && stderr.contains("2 files written"), "{stderr}");
    assert_eq!(crate::smol::files_below(&out), ["a.js", "shared_dependencies.md"]);
}

#[test]
fn after_a_kill_smol_still_knows_its_own_files() {
    let slow = Answer::text("never\n").after(Duration::from_secs(20));
    let (dir, _fake, mut child) = Smol::project(&["a.js", "slow.js"]).on("slow.js", slow).spawn();
    wait_for(|| dir.path().join("generated/a.js").exists());
    child.kill().expect("is running");
    child.wait().expect("ends");
    let again = Smol::project(&["a.js", "slow.js"]).within(dir);
    again.on("a.js", "second\n").arg("--fresh").success().file("a.js", "second\n").file("slow.js", "slow.js\n");
}

#[test]
fn a_replacement_is_a_new_file_never_one_that_is_half_written() {
    use std::os::unix::fs::MetadataExt;
    let run = Smol::project(&["a.js"]).success();
    let inode = |run: &crate::smol::Run| fs::metadata(run.dir.path().join("generated/a.js")).expect("is there").ino();
    let before = inode(&run);
    let run = run.again().on("a.js", "second\n").args(["gen", "--file", "a.js"]).success().file("a.js", "second\n");
    assert_ne!(inode(&run), before, "the file was written in its place");
}

#[test]
fn what_smol_wrote_is_known_over_many_runs() {
    let mut run = Smol::project(&["a.js", "b.js"]).success();
    for text in ["second\n", "third\n", "fourth\n"] {
        run = run.again().on("a.js", text).args(["gen", "--file", "a.js"]).success().file("a.js", text);
    }
    run.again().on("b.js", "last\n").args(["gen", "--file", "b.js"]).success().file("b.js", "last\n");
}

#[test]
fn a_damaged_memory_loses_nobody_anything() {
    let run = Smol::project(&["a.js"]).success();
    let smol = run.again().write("generated/.smol/manifest.json", "{ nonsense").on("a.js", "newer\n");
    let run = smol.args(["gen", "--file", "a.js"]).exit(2).says("manifest.json").says("remove it to go on");
    fs::remove_file(run.dir.path().join("generated/.smol/manifest.json")).expect("is there");
    let run = run.file("a.js", "a.js\n").again().on("a.js", "newer\n").args(["gen", "--file", "a.js"]).success();
    run.file("a.js", "a.js\n").says("it was there before smol wrote it");
}

#[test]
fn a_log_that_was_cut_in_the_middle_of_a_line() {
    let slow = Answer::text("never\n").after(Duration::from_secs(20));
    let (dir, _fake, mut child) = Smol::project(&["a.js", "slow.js"]).on("slow.js", slow).spawn();
    wait_for(|| dir.path().join("generated/a.js").exists());
    child.kill().expect("is running");
    child.wait().expect("ends");
    let log = fs::read_to_string(dir.path().join("generated/.smol/landing")).expect("is there");
    let smol = Smol::project(&["a.js", "slow.js"]).within(dir).arg("--fresh");
    let smol = smol.write("generated/.smol/landing", &log[..log.len() - 10]);
    // Its line is lost, so it counts as a person's.
    smol.on("a.js", "second\n").success().file("a.js", "a.js\n").file(".smol/conflicts/a.js", "second\n");
}

#[test]
fn a_text_that_was_taken_by_hand_is_smols_own_again() {
    let run = Smol::project(&["a.js"]).write("generated/a.js", "mine\n").success();
    let out = run.dir.path().join("generated");
    fs::rename(out.join(".smol/conflicts/a.js"), out.join("a.js")).expect("moves");
    run.again().on("a.js", "newer\n").args(["gen", "--file", "a.js"]).success().file("a.js", "newer\n");
}

#[test]
fn the_newest_text_waits_and_one_that_was_edited_there_stays_beside_it() {
    let run =
        Smol::project(&["a.js"]).write("generated/a.js", "mine\n").success().file(".smol/conflicts/a.js", "a.js\n");
    let run = run.again().on("a.js", "newer\n").args(["gen", "--file", "a.js"]).success();
    let run = run.file(".smol/conflicts/a.js", "newer\n").file("a.js", "mine\n");
    let smol = run.again().write("generated/.smol/conflicts/a.js", "newer, and mine\n").on("a.js", "newest\n");
    let run = smol.args(["gen", "--file", "a.js"]).success();
    run.file(".smol/conflicts/a.js", "newest\n").file(".smol/conflicts/a.js.edited-1", "newer, and mine\n");
}

#[test]
fn a_file_that_is_no_text_is_not_asked_for_again() {
    let run = Smol::project(&["a.js"]).success();
    run.again()
        .write("generated/a.js", [0xff, 0x00])
        .args(["gen", "--file", "a.js"])
        .exit(1)
        .says("not text in UTF-8")
        .asked(0);
}

#[track_caller]
fn wait_for(condition: impl Fn() -> bool) {
    let started = Instant::now();
    while !condition() {
        assert!(started.elapsed() < Duration::from_secs(20), "it never happened");
        std::thread::sleep(Duration::from_millis(10));
    }
}
