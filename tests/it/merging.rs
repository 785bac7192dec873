//! A new run over a project that a person has edited: what is written, merged, left, kept and removed, and how it is
//! shown and settled.

use std::{fs, os::unix::fs::PermissionsExt};

use serde_json::json;

use crate::smol::{Run, Smol};

/// A text of lines that are far enough apart to be merged.
const OLD: &str = "one\ntwo\nthree\nfour\nfive\n";
/// What a person makes of it.
const MINE: &str = "ONE, mine\ntwo\nthree\nfour\nfive\n";
/// What the next run makes of it.
const NEW: &str = "one\ntwo\nthree\nfour\nFIVE, new\n";
const BOTH: &str = "ONE, mine\ntwo\nthree\nfour\nFIVE, new\n";
/// What does not go together with what the person did.
const CLASH: &str = "ONE, new\ntwo\nthree\nfour\nfive\n";

/// A file's answer, fenced as models do it.
fn fenced(text: &str) -> String {
    format!("```\n{text}```\n")
}

/// A project of `a.js` and `b.js`, where a person has then put `mine` into `a.js`.
fn edited(mine: impl AsRef<[u8]>) -> Smol {
    let files = ["a.js", "b.js"];
    let run = Smol::project(&files).on("a.js", fenced(OLD)).success();
    Smol::project(&files).anew(run.dir).write("generated/a.js", mine)
}

fn mode(run: &Run, path: &str) -> u32 {
    fs::metadata(run.dir.path().join("generated").join(path)).expect("is there").permissions().mode() & 0o7777
}

fn set_mode(dir: &tempfile::TempDir, path: &str, mode: u32) {
    let permissions = fs::Permissions::from_mode(mode);
    fs::set_permissions(dir.path().join("generated").join(path), permissions).expect("is there");
}

#[test]
fn changes_in_different_places_are_merged() {
    let run = edited(MINE).on("a.js", fenced(NEW)).on("b.js", "newer.b\n").arg("--yes").success();
    let run = run.file("a.js", BOTH).file("b.js", "newer.b\n").says("merged a.js").says("1 merged");
    // What the model gave is the ancestor of the next merge.
    let newer = NEW.replace("three", "THREE, newer");
    let run = Smol::project(&["a.js", "b.js"]).anew(run.dir).on("a.js", fenced(&newer)).arg("--yes").success();
    run.file("a.js", &BOTH.replace("three", "THREE, newer"));
}

#[test]
fn a_conflict_leaves_the_persons_file_and_shows_where() {
    let run = edited(MINE).on("a.js", fenced(CLASH)).on("b.js", "newer.b\n").arg("--yes").exit(1);
    run.file("a.js", MINE)
        .file(".smol/conflicts/a.js", CLASH)
        .file("b.js", "newer.b\n")
        .says("conflict: a.js: you and the new text changed the same lines")
        .says("@@ -1,1 +1,1 @@\n      -ONE, mine\n      +ONE, new")
        .says("smol gen --resolve markers a.js");
}

/// The state after a conflict, for the three ways out.
fn resolving(how: &str) -> Run {
    let run = edited(MINE).on("a.js", fenced(CLASH)).arg("--yes").exit(1);
    run.again().args(["gen", "--resolve", how, "a.js"]).run().asked(0)
}

fn next(run: Run, text: &str) -> Run {
    Smol::project(&["a.js", "b.js"]).anew(run.dir).on("a.js", fenced(text)).arg("--fresh").arg("--yes").run()
}

#[test]
fn settled_for_the_persons_text() {
    let run = resolving("ours").file("a.js", MINE).no_file(".smol/conflicts/a.js");
    // It is settled: only what is new since then comes up again.
    let run = next(run, CLASH).file("a.js", MINE);
    assert_eq!(run.output.status.code(), Some(0), "{}", run.stderr());
    next(run, &CLASH.replace("five", "FIVE, newer")).file("a.js", &MINE.replace("five", "FIVE, newer"));
}

#[test]
fn settled_for_the_new_text() {
    let run = resolving("theirs").file("a.js", CLASH).no_file(".smol/conflicts/a.js");
    next(run, NEW).file("a.js", NEW);
}

#[test]
fn settled_with_conflict_markers() {
    let marked = "<<<<<<< yours\nONE, mine\n=======\nONE, new\n>>>>>>> new\ntwo\nthree\nfour\nfive\n";
    let run = resolving("markers")
        .file("a.js", marked)
        .no_file(".smol/conflicts/a.js")
        .says("1 place between conflict markers");
    assert_eq!(run.output.status.code(), Some(1), "there is something left to do");
    let run = run.again().args(["undo"]).success();
    run.file("a.js", MINE).file(".smol/conflicts/a.js", CLASH);
}

#[test]
fn settling_what_does_not_wait_or_in_no_known_way() {
    let run = edited(MINE).on("a.js", fenced(CLASH)).arg("--yes").exit(1);
    let run = run.again().args(["gen", "--resolve", "ours", "b.js"]).exit(1);
    let run = run.says("no new text waits for 'b.js'; one does for 'a.js'").file("a.js", MINE);
    let run = run.again().args(["gen", "--resolve", "mine", "a.js"]).exit(2).says("none of ours, theirs and markers");
    let run = run.again().args(["gen", "--resolve", "ours", "../a.js"]).exit(2).says("leaves the output directory");
    run.again().args(["gen", "--resolve", "ours", "a.js", "-o", "elsewhere"]).exit(2).says("nothing into elsewhere");
}

#[test]
fn a_file_that_smol_never_wrote_can_be_settled_too() {
    let kept =
        || Smol::project(&["a.js"]).write("generated/a.js", "mine\na.js\n").success().file("a.js", "mine\na.js\n");
    let run = kept().again().args(["gen", "--resolve", "theirs", "a.js"]).success().file("a.js", "a.js\n");
    run.again().args(["undo"]).success().file("a.js", "mine\na.js\n");
    let run = kept().again().args(["gen", "--resolve", "ours", "a.js"]).success().file("a.js", "mine\na.js\n");
    let smol = Smol::project(&["a.js"]).anew(run.dir).on("a.js", fenced("a.js\nnew\n"));
    smol.arg("--yes").exit(0).file("a.js", "mine\na.js\nnew\n");
    // What both have stands once.
    let smol =
        Smol::project(&["a.js"]).write("generated/a.js", "mine\nsame\nend\n").on("a.js", fenced("new\nsame\nend\n"));
    let run = smol.success().again().args(["gen", "--resolve", "markers", "a.js"]).exit(1);
    run.file("a.js", "<<<<<<< yours\nmine\n=======\nnew\n>>>>>>> new\nsame\nend\n");
}

#[test]
fn in_a_pipe_only_what_touches_nobodys_work_is_written() {
    let files = ["a.js", "b.js", "gone.js"];
    let run = Smol::project(&files).on("a.js", fenced(OLD)).success();
    let smol = Smol::project(&["a.js", "b.js", "c.js"]).anew(run.dir).write("generated/a.js", MINE);
    let run = smol.on("a.js", fenced(NEW)).on("b.js", "newer.b\n").exit(1);
    let run = run.file("a.js", MINE).file("b.js", "newer.b\n").file("c.js", "c.js\n").file("gone.js", "gone.js\n");
    let run = run
        .says("left: a.js: it needs your word")
        .says("left: gone.js")
        .says("do what is left, too: smol gen -m fake-1 --yes")
        .file(".smol/conflicts/a.js", NEW);
    let run = run.again().args(["gen", "--resolve", "markers", "a.js"]).success().asked(0).file("a.js", BOTH);
    let smol = Smol::project(&["a.js", "b.js", "c.js"]).anew(run.dir).on("a.js", fenced(NEW)).arg("--yes");
    smol.success().file("a.js", BOTH).no_file("gone.js").says("removed gone.js");
}

#[test]
fn files_that_the_list_no_longer_has_are_removed_unless_a_person_changed_them() {
    let run = Smol::project(&["a.js", "old/gone.js", "old/mine.js", "old/logo.js", "free/x.js"]).success();
    let smol = Smol::project(&["a.js"]).anew(run.dir).write("generated/old/mine.js", "changed\n");
    let smol =
        smol.write("generated/old/logo.js", [0x89, 0x50, 0xff, 0x00]).write("generated/notes.txt", "a person's\n");
    let run = smol
        .arg("--yes")
        .success()
        .no_file("old/gone.js")
        .file("old/mine.js", "changed\n")
        .file("notes.txt", "a person's\n");
    assert_eq!(fs::read(run.dir.path().join("generated/old/logo.js")).expect("stays"), [0x89, 0x50, 0xff, 0x00]);
    run.no_file("free")
        .says("removed old/gone.js")
        .says("kept   old/mine.js: it is no longer in the file list, but it was changed");
}

#[test]
fn what_stands_in_the_place_of_a_file_that_is_to_go_is_kept_and_named() {
    let run = Smol::project(&["a.js", "gone.js", "dir.js"]).success();
    let out = run.dir.path().join("generated");
    fs::remove_file(out.join("gone.js")).expect("is there");
    std::os::unix::fs::symlink("a.js", out.join("gone.js")).expect("links");
    fs::remove_file(out.join("dir.js")).expect("is there");
    let smol = Smol::project(&["a.js"]).anew(run.dir).write("generated/dir.js/mine", "mine\n").arg("--yes");
    let run = smol.success().file("dir.js/mine", "mine\n");
    assert!(fs::symlink_metadata(run.dir.path().join("generated/gone.js")).is_ok_and(|link| link.is_symlink()));
    run.says("kept   gone.js: it is no longer in the file list, but a link").says("kept   dir.js");
}

#[test]
fn a_file_that_has_grown_beyond_any_text_stays() {
    let smol = edited(MINE);
    let file = fs::File::options().write(true).open(smol.dir.path().join("generated/a.js")).expect("is there");
    file.set_len(17 * 1024 * 1024).expect("grows");
    let run =
        smol.on("a.js", fenced(NEW)).arg("--yes").success().says("a.js: a file larger than 16 MiB stands in its place");
    assert_eq!(fs::metadata(run.dir.path().join("generated/a.js")).expect("stays").len(), 17 * 1024 * 1024);
}

#[test]
fn a_conflict_all_over_does_not_flood_the_screen() {
    let long = |word: &str| (0..500).map(|line| format!("{word} {line}\n")).collect::<String>();
    let run = edited(long("mine")).on("a.js", fenced(&long("new"))).arg("--yes").exit(1).file("a.js", &long("mine"));
    run.says("      -mine 0\n").says("      and 941 more\n");
}

#[test]
fn only_files_removes_nothing() {
    let run = Smol::project(&["a.js", "b.js"]).success();
    let run = run.again().on("a.js", "new\n").args(["gen", "--file", "a.js", "--yes"]).success();
    run.file("a.js", "new\n").file("b.js", "b.js\n");
}

#[test]
fn a_file_that_failed_is_still_in_the_list() {
    use crate::fake::{Answer, Fault};
    let run = Smol::project(&["a.js", "b.js"]).success();
    let failing = Answer::text("").fault(Fault::Status(400, "no".to_owned()));
    let run =
        Smol::project(&["a.js", "b.js"]).anew(run.dir).on("a.js", failing).on("b.js", "new\n").arg("--yes").exit(1);
    run.file("a.js", "a.js\n").file("b.js", "new\n");
}

#[test]
fn line_ends_and_encodings_of_a_person() {
    let crlf = |text: &str| text.replace('\n', "\r\n");
    edited(crlf(MINE)).on("a.js", fenced(NEW)).arg("--yes").success().file("a.js", &crlf(BOTH));
    edited(crlf(OLD)).on("a.js", fenced(NEW)).arg("--yes").success().file("a.js", &crlf(NEW));
    edited(MINE.trim_end())
        .on("a.js", fenced(NEW.replace("FIVE, new", "five").as_str()))
        .arg("--yes")
        .success()
        .file("a.js", MINE.trim_end());
    let latin = b"// caf\xe9\none\ntwo\nthree\nfour\nfive\n";
    let run = edited(latin).on("a.js", fenced(NEW)).arg("--yes").exit(1).says("is no text in UTF-8");
    assert_eq!(fs::read(run.dir.path().join("generated/a.js")).expect("stays"), latin);
    let run = run.again().args(["gen", "--resolve", "markers", "a.js"]).exit(1).says("no markers can go into it");
    run.again().args(["gen", "--resolve", "theirs", "a.js"]).success().file("a.js", NEW);
}

#[test]
fn a_mode_that_a_person_has_set_survives() {
    let run = Smol::project(&["a.js", "run.sh", "secret.js"])
        .on("a.js", fenced(OLD))
        .on("run.sh", "#!/bin/sh\nold\n")
        .success();
    set_mode(&run.dir, "secret.js", 0o600);
    set_mode(&run.dir, "run.sh", 0o700);
    set_mode(&run.dir, "a.js", 0o640);
    let smol = Smol::project(&["a.js", "run.sh", "secret.js"]).anew(run.dir).write("generated/a.js", MINE);
    let smol = smol.on("a.js", fenced(NEW)).on("run.sh", "#!/bin/sh\nnew\n").on("secret.js", "new\n").arg("--yes");
    let run = smol.success().file("a.js", BOTH).file("secret.js", "new\n");
    assert_eq!([mode(&run, "a.js"), mode(&run, "run.sh"), mode(&run, "secret.js")], [0o640, 0o700, 0o600]);
    // What becomes a script can be run by whoever may read it.
    let run = run.again().on("secret.js", "#!/usr/bin/env node\n").args(["gen", "--file", "secret.js"]).success();
    assert_eq!(mode(&run, "secret.js"), 0o700);
    let run = run.again().args(["undo"]).success();
    assert_eq!((mode(&run, "secret.js"), run.read("secret.js").as_deref()), (0o600, Some("new\n")));
}

#[test]
fn the_summary_comes_before_anything_is_written() {
    let run = Smol::project(&["a.js", "b.js", "same.js", "gone.js"]).on("a.js", fenced(OLD)).success();
    let smol = Smol::project(&["a.js", "b.js", "new.js", "same.js", "mine.js"]).anew(run.dir);
    let smol = smol
        .write("generated/a.js", MINE)
        .write("generated/mine.js", "mine\n")
        .on("a.js", fenced(NEW))
        .on("b.js", "newer.b\n");
    let run = smol.arg("--yes").arg("--diff").success();
    let stderr = run.stderr();
    let at = |words: &str| stderr.find(words).unwrap_or_else(|| panic!("'{words}' is not in:\n{stderr}"));
    assert!(at("before anything is written") < at("wrote  b.js"), "{stderr}");
    for line in [
        "  merged    a.js                    +1 \u{2212}1      with what you changed",
        "  changed   b.js                    +1 \u{2212}1",
        "  new       new.js                  +1 \u{2212}0",
        "  removed   gone.js                 +0 \u{2212}1      no longer in the file list",
        "  kept      mine.js",
        "1 file the same",
    ] {
        assert!(stderr.contains(line), "'{line}' is not in:\n{stderr}");
    }
    run.prints("--- a/a.js\n+++ b/a.js\n").prints("-five\n+FIVE, new\n").prints("+new.js\n").prints("-gone.js\n");
}

#[test]
fn json_carries_the_summary_and_what_became_of_it() {
    let run = edited(MINE).on("a.js", fenced(CLASH)).on("b.js", "newer.b\n").arg("--json").arg("--diff").exit(1);
    let events = run.events();
    let proposed = events.iter().find(|event| event["event"] == "proposed").expect("is there");
    let change = |path: &str| {
        proposed["changes"]
            .as_array()
            .expect("a list")
            .iter()
            .find(|change| change["path"] == path)
            .cloned()
            .expect(path)
    };
    assert_eq!((&change("a.js")["what"], &change("b.js")["what"]), (&json!("conflict"), &json!("changed")));
    assert_eq!(change("a.js")["hunks"], json!(["@@ -1,1 +1,1 @@\n-ONE, mine\n+ONE, new\n"]));
    assert!(change("b.js")["diff"].as_str().expect("text").contains("+newer.b"), "{proposed}");
    let report = run.report();
    assert_eq!(report["conflicts"][0]["waits_at"], ".smol/conflicts/a.js");
    assert_eq!((&report["outcome"], &report["written"][0]["path"]), (&json!("partial"), &json!("b.js")));
    let run = edited(MINE).on("a.js", fenced(NEW)).arg("--json").arg("--yes").success();
    assert_eq!(run.report()["merged"], json!([{ "path": "a.js", "lines": 5, "marked": 0 }]));
    let run = edited(MINE).on("a.js", fenced(NEW)).arg("--json").exit(1);
    assert_eq!(run.report()["left"][0]["path"], "a.js");
}

#[test]
fn where_nothing_changes_nothing_is_shown() {
    let run = Smol::project(&["a.js"]).success();
    let run = Smol::project(&["a.js"]).anew(run.dir).success().says("same   a.js");
    assert!(!run.stderr().contains("before anything is written"), "{}", run.stderr());
}
