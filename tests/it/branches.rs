//! `smol gen --branch` and `--variants`: what is committed, and that a person's tree and index stay as they are.

use std::{fs, path::Path, process::Command, thread, time::Duration};

use tempfile::TempDir;

use crate::{
    fake::{Answer, Asked, Fault},
    smol::{Run, Smol},
};

/// What git says in this directory, where it does not fail.
#[track_caller]
fn git(directory: &Path, args: &[&str]) -> String {
    let by = ["-c", "user.name=P", "-c", "user.email=p@example.com"];
    let mut command = Command::new("git");
    command.args(by).args(args).current_dir(directory).env("GIT_OPTIONAL_LOCKS", "0");
    let output = command.env("GIT_CONFIG_GLOBAL", "/dev/null").output().expect("git is installed");
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("is text")
}

/// A project in a repository with one commit, whose home is outside of it.
fn repository(smol: Smol, home: &TempDir) -> Smol {
    let smol = smol.write("kept.txt", "one\n").write("changed.txt", "one\n");
    let root = smol.dir.path();
    git(root, &["init", "--quiet", "--initial-branch=main"]);
    git(root, &["add", "--all"]);
    git(root, &["commit", "--quiet", "--message=first"]);
    smol.env("XDG_CACHE_HOME", home.path().to_str().expect("is text"))
}

fn home() -> TempDir {
    TempDir::new().expect("a directory")
}

/// Worktrees that are there, the person's own among them.
fn worktrees(run: &Run) -> usize {
    git(run.dir.path(), &["worktree", "list", "--porcelain"]).matches("worktree ").count()
}

#[test]
fn a_branch_has_the_files_and_the_person_has_what_they_had() {
    let home = home();
    let smol = repository(Smol::project(&["a.js", "src/b.js"]), &home);
    let root = smol.dir.path().to_owned();
    fs::write(root.join("changed.txt"), "unstaged\n").expect("writes");
    fs::write(root.join("staged.txt"), "staged\n").expect("writes");
    git(&root, &["add", "staged.txt"]);
    fs::write(root.join("untracked.txt"), "mine\n").expect("writes");
    let state =
        || (git(&root, &["status", "--porcelain=v2", "--branch"]), fs::read(root.join(".git/index")).expect("is"));
    let before = state();
    let run = smol.arg("--branch=try").success().says("the commit is by smol <smol@localhost>").prints("complete");
    assert_eq!(state(), before);
    assert!(!root.join("generated").exists());
    let changed = git(&root, &["diff", "--name-only", "main", "try"]);
    assert_eq!(changed, "generated/a.js\ngenerated/shared_dependencies.md\ngenerated/src/b.js\n");
    assert_eq!(git(&root, &["show", "try:generated/a.js"]), "a.js\n");
    assert_eq!(worktrees(&run), 1);
}

#[test]
fn variants_run_side_by_side_and_one_that_fails_stops_no_other() {
    let home = home();
    let failing = Answer::text("").fault(Fault::Status(400, r#"{"error":{"message":"no"}}"#.to_owned()));
    let smol = Smol::project(&["a.js"]).on("plan", crate::smol::plan(&["a.js"]));
    let smol = smol.then("plan", failing).then("plan", crate::smol::plan(&["a.js"]));
    let run = repository(smol, &home).arg("--branch=v").arg("--variants=3").arg("--json").exit(1);
    let events = run.events();
    let rows = events.last().expect("is one")["branches"].as_array().expect("is a list").clone();
    let outcomes: Vec<_> = rows.iter().map(|row| row["outcome"].as_str().expect("is one")).collect();
    assert_eq!(rows.len(), 3);
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == "complete").count(), 2, "{outcomes:?}");
    for row in rows.iter().filter(|row| row["outcome"] == "complete") {
        let file = format!("{}:generated/a.js", row["branch"].as_str().expect("is one"));
        assert_eq!(git(run.dir.path(), &["show", &file]), "a.js\n");
        assert_eq!(row["files"], 2);
    }
    let total = &events.last().expect("is one")["report"]["usage"]["input"];
    let sum: u64 = rows.iter().filter_map(|row| row["usage"]["input"].as_u64()).sum();
    assert!(sum > 0 && total.as_u64() == Some(sum), "{total} is not {sum}");
    let (_, of_runs) = events.split_last().expect("is one");
    assert!(of_runs.iter().all(|event| event["variant"].as_str().is_some_and(|name| name.starts_with("v-"))));
}

#[test]
fn a_table_says_what_came_of_each() {
    let home = home();
    let run = repository(Smol::project(&["a.js"]), &home).arg("--branch=v").arg("--variants=2").success();
    let run = run.prints("v-1").prints("v-2").prints("together").says("git merge v-1");
    assert!(run.stdout().lines().next().is_some_and(|line| line.contains("misfits  result")), "{}", run.stdout());
    assert_eq!(worktrees(&run), 1);
    assert_eq!(git(run.dir.path(), &["branch", "--list", "v-*"]).lines().count(), 2);
}

#[test]
fn a_variant_whose_files_do_not_fit_is_shown_as_such() {
    let home = home();
    let smol = Smol::project(&["a.js"]).on("a.js", "```js\nimport { x } from './gone.js';\nx();\n```");
    let smol = smol.then("a.js", "```js\nexport const x = 1;\n```");
    let run = repository(smol, &home).args(["gen", "--no-repair", "--branch=v", "--variants=2", "--json"]).exit(1);
    let events = run.events();
    let rows = events.last().expect("is one")["branches"].as_array().expect("is a list").clone();
    let misfits = |row: &serde_json::Value| row["misfits"].as_array().expect("is a list").len();
    let mut misfits: Vec<usize> = rows.iter().map(misfits).collect();
    misfits.sort_unstable();
    assert_eq!(misfits, [0, 1]);
}

#[test]
fn what_smol_wrote_before_is_its_own_in_the_worktree_too() {
    let home = home();
    let run = repository(Smol::project(&["a.js"]), &home).success();
    git(run.dir.path(), &["add", "--all"]);
    git(run.dir.path(), &["commit", "--quiet", "--message=generated"]);
    let root = run.dir.path().to_owned();
    let smol = Smol::project(&["a.js"]).on("a.js", "```\nanother\n```\n").within(run.dir).arg("--fresh");
    let smol = smol.env("XDG_CACHE_HOME", home.path().to_str().expect("is text"));
    let _run = smol.arg("--branch=again").success();
    assert_eq!(git(&root, &["show", "again:generated/a.js"]), "another\n");
    assert_eq!(fs::read_to_string(root.join("generated/a.js")).expect("is there"), "a.js\n");
}

#[test]
fn a_run_that_could_do_nothing_leaves_nothing() {
    let home = home();
    let failing = Answer::text("").fault(Fault::Status(401, "{}".to_owned()));
    let run = repository(Smol::project(&["a.js"]).on("plan", failing), &home).arg("--branch=try").exit(3);
    assert_eq!(git(run.dir.path(), &["branch", "--list", "try"]), "");
    assert_eq!(worktrees(&run), 1);
}

#[test]
fn ctrl_c_keeps_the_worktree_and_the_same_command_goes_on_in_it() {
    let home = home();
    let project = || Smol::project(&["a.js", "b.js"]);
    let smol = project().on("b.js", Answer::text("```js\nb\n```").fault(Fault::Stall(1)));
    let (dir, fake, mut child) = repository(smol, &home).arg("--branch=try").spawn();
    let heard = |asked: &Asked| asked.question == "b.js" && asked.first_token.is_some();
    while !fake.asked().iter().any(heard) || !fake.asked().iter().any(|asked| asked.question == "a.js") {
        thread::sleep(Duration::from_millis(5));
    }
    Command::new("sh").args(["-c", &format!("kill -INT {}", child.id())]).status().expect("runs");
    assert_eq!(child.wait().expect("ends").code(), Some(130));
    assert_eq!(git(dir.path(), &["log", "--format=%s", "try"]), "first\n", "half a run is no commit");
    assert_eq!(git(dir.path(), &["status", "--porcelain"]), "");
    let smol = project().within(dir).env("XDG_CACHE_HOME", home.path().to_str().expect("is text"));
    let run = smol.arg("--branch=try").success();
    assert!(run.requests("plan").is_empty(), "it is paid for");
    assert_eq!(git(run.dir.path(), &["show", "try:generated/b.js"]), "b.js\n");
    assert_eq!(worktrees(&run), 1);
}

#[test]
fn a_submodule_has_no_branch_of_its_own() {
    let home = home();
    let (inner, smol) = (repository(Smol::project(&[]), &home), repository(Smol::project(&[]), &home));
    let from = inner.dir.path().to_str().expect("is text");
    git(smol.dir.path(), &["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", from, "sub"]);
    let run = smol.args(["gen", "--prompt=prompt.md", "--out=sub/generated", "--branch=x"]).exit(2).asked(0);
    let run = run.says("is in a submodule of").says("run it in a clone of the submodule itself");
    assert_eq!(git(&run.dir.path().join("sub"), &["branch", "--list", "x"]), "");
}

#[test]
fn what_cannot_be_is_said_before_anything_is_asked() {
    let home = home();
    Smol::project(&[]).arg("--branch=x").exit(2).says("is in no git repository").asked(0);
    let smol = Smol::project(&[]);
    git(smol.dir.path(), &["init", "--quiet"]);
    smol.arg("--branch=x").exit(2).says("has no commit yet").asked(0);
    let smol = Smol::project(&[]);
    git(smol.dir.path(), &["init", "--quiet", "--bare"]);
    smol.arg("--branch=x").exit(2).says("in a bare git repository").asked(0);
    repository(Smol::project(&[]), &home).arg("--branch=main").exit(2).says("'main' exists already").asked(0);
    repository(Smol::project(&[]), &home).arg("--branch=a..b").exit(2).says("cannot be the name").asked(0);
    let ignoring = Smol::project(&[]).write(".gitignore", "/generated\n");
    repository(ignoring, &home).arg("--branch=x").exit(2).says("git ignores the output directory 'generated'").asked(0);
    let no_git = repository(Smol::project(&[]), &home).env("PATH", "/nowhere");
    no_git.arg("--branch=x").exit(2).says("could not run 'git': it is not installed").asked(0);
    Smol::project(&[]).arg("--variants=2").exit(2).says("--branch");
}
