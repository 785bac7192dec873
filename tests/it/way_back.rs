//! The way back that the README shows: a broken example is mended, described, and made again from its description. The
//! answers are recorded ones, written for the questions that smol asks.

use std::{collections::BTreeSet, fs, path::Path, process::Command};

use tempfile::TempDir;

use crate::{cassettes::authored, fake::Answer, smol::Smol};

pub const RECORD: &str = "examples/todo-api/back.jsonl";

fn root(path: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The commands of the README's block that uses the record.
fn commands() -> Vec<String> {
    let readme = fs::read_to_string(root("README.md")).expect("is there");
    let block = readme.split("```").find(|block| block.starts_with("sh\n") && block.contains(RECORD));
    let lines = block.expect("has the block").lines().skip(1).filter(|line| !line.trim().is_empty());
    lines.map(|line| line.split("  #").next().unwrap_or_default().trim().to_owned()).collect()
}

/// What a command says when a shell runs it where the examples are.
fn run(dir: &TempDir, command: &str) -> String {
    let home = Path::new(env!("CARGO_BIN_EXE_smol")).parent().expect("lies in a directory");
    let path = format!("{}:{}", home.display(), std::env::var("PATH").expect("is set"));
    let output = Command::new("sh")
        .args(["-c", command])
        .current_dir(dir.path())
        .env_clear()
        .envs([("PATH", path.as_str()), ("SMOL_LOCAL", "never"), ("PYTHONDONTWRITEBYTECODE", "1")])
        .env("HOME", dir.path().join("home"))
        .output()
        .expect("runs");
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{command}:\n{said}");
    said
}

fn tests(dir: &TempDir, project: &str) -> bool {
    let mut tests = Command::new("python3");
    tests.args(["-m", "unittest", "-q"]).current_dir(dir.path().join(project)).env("PYTHONDONTWRITEBYTECODE", "1");
    tests.output().expect("python3 is installed").status.success()
}

#[test]
fn a_broken_example_is_mended_described_and_made_again() {
    let dir = TempDir::new().expect("a directory");
    let mut copy = Command::new("cp");
    copy.arg("-r").arg(root("examples")).arg(".").current_dir(dir.path());
    assert!(copy.status().expect("runs").success());
    let mut were_green = BTreeSet::new();
    let mut compared = String::new();
    for command in commands() {
        let said = run(&dir, &command);
        if command.contains(" todo") {
            were_green.insert((command.split(' ').next().map(str::to_owned), tests(&dir, "todo")));
        }
        if command.contains("--compare") {
            compared = said;
        }
    }
    assert!(were_green.contains(&(Some("sed".to_owned()), false)), "the break breaks something: {were_green:?}");
    assert!(tests(&dir, "todo"), "it is mended");
    assert!(tests(&dir, "again"), "what was made again works, too");
    assert!(compared.contains("100"), "{compared}");
}

/// Records the run anew: `cargo test --test it -- --ignored author`, after a change of `prompts/` or of the example.
#[test]
#[ignore = "writes examples/todo-api/back.jsonl"]
fn author_the_way_back() {
    let read = |path: &str| fs::read_to_string(root("examples/todo-api").join(path)).expect(path);
    let program = |path: &str| read(&format!("program/{path}"));
    let contract = smol_dev::contract::Contract::read(&program("shared_dependencies.md")).expect("has one");
    let paths: Vec<&str> = contract.paths().collect();
    let smol = Smol::new().spec(&read("prompt.md")).on("plan", program("shared_dependencies.md"));
    let answer = |text: String| Answer::text(text).uncounted();
    let whole = |path: &str| answer(format!("````\n{}````\n", program(path)));
    let with_files = |smol: Smol| paths.iter().fold(smol, |smol, path| smol.on(path, whole(path)));
    let run = with_files(smol.on("list", Answer::list(&paths))).args(["gen", "--out=todo"]).success();
    let store = run.dir.path().join("todo/todo_api/store.py");
    let broken = fs::read_to_string(&store).expect("was written").replace("\"casefold\", 1", "\"folded\", 1");
    fs::write(&store, broken).expect("writes");
    let error = "sqlite3.OperationalError: no such function: casefold";
    let smol = Smol::new().within(run.dir).on("debug", answer(read("back/diagnosis.md")));
    let run = smol.args(["debug", error, "--dir=todo", "--apply", "--yes", "--record=debug.jsonl"]).success();
    let smol = run.again().on("pm", answer(read("back/description.md")));
    let run = smol.args(["pm", "--dir=todo", "-o", "again.md", "--record=pm.jsonl"]).success();
    let smol = run.again().on("plan", answer(program("shared_dependencies.md")));
    let smol = with_files(smol.on("list", Answer::list(&paths).uncounted()));
    let run = smol.args(["gen", "again.md", "--out=again", "--record=gen.jsonl"]).success();
    let read = |name: &str| fs::read_to_string(run.dir.path().join(format!("{name}.jsonl"))).expect("was written");
    let record: String = ["debug", "pm", "gen"].map(read).concat();
    fs::write(root(RECORD), authored("todo-api", &record)).expect("writes");
}
