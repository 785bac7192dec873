//! `smol debug`: what is sent of a codebase, what is said, and what is changed.

use std::fs;

use crate::{
    smol::{Run, Smol},
    snapshot::files,
};

const FIX: &str = "The key is never checked.\n\nsrc/store.py\n<<<<<<< SEARCH\n    return items[key]\n=======\n    return items.get(key)\n>>>>>>> REPLACE\n";
const STORE: &str = "def get(items, key):\n    return items[key]\n";
const ERROR: &str = "File \"src/store.py\", line 2, in get\nKeyError: 'a'";

fn broken() -> Smol {
    Smol::new().write("app/src/store.py", STORE).write("app/main.py", "from src.store import get\n").on("debug", FIX)
}

#[track_caller]
fn holds(run: Run, path: &str, text: &str) -> Run {
    assert_eq!(fs::read_to_string(run.dir.path().join(path)).expect(path), text, "stderr:\n{}", run.stderr());
    run
}

#[test]
fn the_diagnosis_comes_on_stdout_and_nothing_changes() {
    let run = broken().args(["debug", ERROR, "--dir", "app"]).success().asked(1).prints("The key is never checked.\n");
    let run = holds(run, "app/src/store.py", STORE).says("2 files whole").says("--apply");
    let sent = run.requests("debug")[0].messages();
    assert_eq!(sent.len(), 2);
    assert!(
        sent[1].1.contains("src/store.py\n```\ndef get(items, key):\n    return items[key]\n```\n"),
        "{}",
        sent[1].1
    );
    assert!(sent[1].1.ends_with(&format!("The error:\n\n```\n{ERROR}\n```")), "{}", sent[1].1);
}

#[test]
fn what_comes_through_a_pipe_is_the_error() {
    let run = broken().args(["debug", "-", "--dir", "app"]).stdin("\u{1b}[31mKeyError\u{1b}[0m: a\r\n").success();
    assert!(run.requests("debug")[0].messages()[1].1.ends_with("```\nKeyError: a\n```"));
    broken().args(["debug", "-", "--dir", "app"]).stdin(" \n").exit(2).says("the error is empty");
}

#[test]
fn fixes_are_applied_when_the_person_said_yes() {
    let run = broken().args(["debug", ERROR, "--dir", "app", "--apply", "--yes"]).success();
    let run = holds(run, "app/src/store.py", "def get(items, key):\n    return items.get(key)\n");
    run.says("-    return items[key]\n+    return items.get(key)").says("1 file written");
}

#[test]
fn without_anybody_to_ask_nothing_changes() {
    let run = broken().args(["debug", ERROR, "--dir", "app", "--apply"]).exit(1).says("--yes");
    holds(run, "app/src/store.py", STORE);
}

#[test]
fn a_fix_that_does_not_fit_goes_back_with_the_nearest_lines() {
    let wrong = FIX.replace("return items[key]", "return items[the_key]");
    let smol = broken().on("debug", wrong.as_str()).on("debug again", FIX);
    let run = smol.args(["debug", ERROR, "--dir", "app", "--apply", "--yes"]).success().asked(2);
    let run = holds(run, "app/src/store.py", "def get(items, key):\n    return items.get(key)\n");
    let again = &run.requests("debug again")[0].messages();
    assert!(
        again[3].1.contains("its lines are not in the file") && again[3].1.contains("    return items[key]\n"),
        "{}",
        again[3].1
    );
    let smol = broken().on("debug", wrong.as_str()).on("debug again", wrong.as_str());
    let run =
        smol.args(["debug", ERROR, "--dir", "app", "--apply", "--yes"]).exit(1).asked(2).says("refused 'src/store.py'");
    holds(run, "app/src/store.py", STORE);
}

#[test]
fn a_file_that_was_changed_meanwhile_stays() {
    use std::time::{Duration, Instant};
    let slow = crate::fake::Answer::text(FIX).after(Duration::from_millis(1_500));
    let smol = broken().on("debug", slow).args(["debug", ERROR, "--dir", "app", "--apply", "--yes"]);
    let (dir, fake, child) = smol.spawn();
    let begun = Instant::now();
    while fake.asked().is_empty() && begun.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(10));
    }
    fs::write(dir.path().join("app/src/store.py"), "mine\n").expect("writes");
    let output = child.wait_with_output().expect("ends");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("it was changed since it was read"), "{said}");
    assert_eq!(fs::read_to_string(dir.path().join("app/src/store.py")).expect("reads"), "mine\n");
}

#[test]
fn a_dry_run_shows_what_would_go_and_sends_nothing() {
    let smol =
        broken().write("app/Cargo.lock", "x").write("app/.env", "KEY=1").write("app/big.py", "x = 1\n".repeat(2_000));
    let run = smol.args(["debug", ERROR, "--dir", "app", "--dry-run", "--budget", "1k"]).success().asked(0);
    let run = run.prints("app/").prints("src/store.py").prints("a lock file").prints("an environment file");
    let run = run.prints("2 files whole").says("not sent:");
    assert!(!run.dir.path().join("app/.smol").exists());
}

#[test]
fn what_does_not_go_whole_is_named() {
    let smol =
        broken().write("app/big.py", (0..900).map(|i| format!("def f{i}():\n    return {i}\n")).collect::<String>());
    let run = smol.args(["debug", ERROR, "--dir", "app", "--budget", "1000"]).success();
    let run = run.says("2 files whole: main.py src/store.py").says("1 file by name: big.py");
    assert!(run.requests("debug")[0].messages()[1].1.contains("These files there are, too:\n\nbig.py"));
}

#[test]
fn the_output_directory_is_meant_when_it_is_there() {
    let smol = Smol::new().write("generated/src/store.py", STORE).write("other.py", "x = 1\n").on("debug", FIX);
    let run = smol.args(["debug", ERROR, "--apply", "--yes"]).success();
    let run = run.file("src/store.py", "def get(items, key):\n    return items.get(key)\n");
    assert!(!run.requests("debug")[0].body.contains("other.py"));
}

#[test]
fn a_directory_that_is_not_there_is_said() {
    Smol::new().args(["debug", "x", "--dir", "nowhere"]).exit(2).says("could not read 'nowhere'");
    Smol::new().write("empty/a.bin", b"\0").args(["debug", "x", "--dir", "empty"]).exit(2).says("nothing to read");
}

#[test]
fn json_has_the_diagnosis_and_the_fixes() {
    let run = broken().args(["debug", ERROR, "--dir", "app", "--json"]).success();
    let events = run.events();
    let diagnosed = events.iter().find(|event| event["event"] == "diagnosed").expect("is there");
    assert_eq!(diagnosed["fixes"][0]["path"], "src/store.py");
    let selected = events.iter().find(|event| event["event"] == "selected").expect("is there");
    assert_eq!(selected["selection"]["chosen"][0]["share"], "whole");
}

#[test]
fn a_small_window_is_kept_to() {
    let files = (0..60)
        .map(|i| (format!("app/f{i}.py"), format!("def f{i}():\n    return {i}  # words and words\n").repeat(20)));
    let smol = files.fold(broken(), |smol, (path, text)| smol.write(&path, text));
    let smol = smol.write("home/.config/smol/config.toml", "[models.fake-1]\nwindow = 9000\n");
    let run = smol.args(["debug", ERROR, "--dir", "app"]).success().asked(1).says("src/store.py");
    assert!(run.requests("debug")[0].messages()[1].1.len() < 3 * 9000);
}

/// Bytes of a person's that no text is made of: two encodings, line ends, rights.
fn odd() -> Smol {
    use std::os::unix::fs::PermissionsExt;
    let smol = broken().write("app/src/store.py", b"# caf\xe9\r\ndef get(items, key):\r\n    return items[key]");
    let permissions = fs::Permissions::from_mode(0o750);
    fs::set_permissions(smol.dir.path().join("app/src/store.py"), permissions).expect("is there");
    smol.on("debug", format!("{FIX}\nsrc/new.py\n<<<<<<< SEARCH\n=======\nx = 1\n>>>>>>> REPLACE\n"))
}

#[test]
fn what_was_applied_is_taken_back_to_the_byte_where_smol_never_wrote() {
    let smol = odd();
    let before = files(&smol.dir.path().join("app"));
    let run = smol.args(["debug", ERROR, "--dir", "app", "--apply", "--yes"]).success().says("smol undo --out app");
    let after = files(&run.dir.path().join("app"));
    assert_ne!(after, before);
    assert_eq!(fs::read_to_string(run.dir.path().join("app/src/new.py")).expect("was written"), "x = 1\n");
    // None of them is smol's: what a person had is theirs with a fix in it, too.
    let manifest = fs::read_to_string(run.dir.path().join("app/.smol/manifest.json")).expect("is there");
    assert!(!manifest.contains(".py"), "{manifest}");
    let run = run.again().args(["undo", "--out", "app"]).success().asked(0);
    let run = run.says("back   src/store.py").says("removed src/new.py");
    assert_eq!(files(&run.dir.path().join("app")), before);
}

#[test]
fn without_an_output_directory_undo_means_the_current_one() {
    let run = Smol::new().write("src/store.py", STORE).on("debug", FIX).args(["debug", ERROR, "--apply", "--yes"]);
    let run = run.success().again().args(["undo"]).success();
    holds(run, "src/store.py", STORE);
}

#[test]
fn what_was_changed_after_a_fix_is_not_taken_back() {
    let run = odd().args(["debug", ERROR, "--dir", "app", "--apply", "--yes"]).success();
    let smol = run.again().write("app/src/store.py", "mine\n").args(["undo", "--out", "app"]);
    let run = smol.exit(1).says("changed since the run: 'src/store.py'");
    holds(run, "app/src/store.py", "mine\n");
}

/// A project of smol's own, one of whose files a person has changed, mended as a whole.
#[test]
fn a_fix_leaves_the_ownership_of_files_as_it_is() {
    let names = ["a.py", "b.py"];
    let run = Smol::project(&names).on("a.py", "A = 1\n").on("b.py", "B = 1\nC = 1\nD = 1\n").success();
    let block =
        |path: &str, from: &str, to: &str| format!("{path}\n<<<<<<< SEARCH\n{from}\n=======\n{to}\n>>>>>>> REPLACE\n");
    let fixes = format!("It.\n\n{}\n{}", block("a.py", "A = 1", "A = 2"), block("b.py", "B = 1", "B = 2"));
    let smol = run.again().write("generated/b.py", "B = 1\nC = 1\nD = mine\n").on("debug", fixes);
    let run = smol.args(["debug", "it is odd", "--apply", "--yes"]).success().file("a.py", "A = 2\n");
    let run = run.file("b.py", "B = 2\nC = 1\nD = mine\n");
    // The next run replaces the one, and merges the other.
    let smol = Smol::project(&names).on("a.py", "A = 3\n").on("b.py", "B = 1\nC = 2\nD = 1\n");
    let run = smol.anew(run.dir).arg("--yes").exit(1).file("a.py", "A = 3\n").says("wrote  a.py");
    run.says("clash  b.py: you and the new text changed the same lines").file("b.py", "B = 2\nC = 1\nD = mine\n");
}
