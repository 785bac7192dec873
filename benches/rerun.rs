//! What a small change costs: a project of 50 files, one section of its spec changed, run again.
//!
//! The plan and the files are changed by blocks, as they are asked to be where little changes. Tokens are estimated from the bytes that were really sent and received (four to a token), so only their share
//! counts. Every file is a spec's section, a contract entry and some 1,500 tokens of code; three others use the one
//! that changes.
//!
//! `cargo bench --bench rerun`

#[path = "../tests/it/fake.rs"]
#[allow(dead_code)]
mod fake;

use std::{collections::HashMap, io::Write, path::Path, process::Command};

use fake::{Answer, Fake};

/// The file whose section changes; the next ones use it.
const CHANGED: usize = 20;
const USERS: usize = 3;

fn main() {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "files  full run: calls, tokens   rerun: calls, tokens   share of calls, of tokens");
    for files in [10, 50] {
        let dir = tempfile::TempDir::new().expect("a temporary directory");
        let (full_calls, full) = run(dir.path(), files, "as it was");
        let (calls, tokens) = run(dir.path(), files, "in another way");
        let (nothing, _) = run(dir.path(), files, "in another way");
        assert_eq!(nothing, 0, "a rerun with nothing changed sends nothing");
        let share = |part: usize, whole: usize| part as f64 / whole as f64;
        let _ = writeln!(
            out,
            "{files:>5}  {full_calls:>15}, {full:>6}   {calls:>12}, {tokens:>6}   {:>14.3}, {:.3}",
            share(calls, full_calls),
            share(tokens, full)
        );
    }
}

fn spec(files: usize, way: &str) -> String {
    let sections = (0..files).map(|file| {
        let way = if file == CHANGED.min(files / 2) { way } else { "as it was" };
        format!(
            "## Part {file}\n\nPart {file} does its work {way}. {}\n\n",
            "It has its own rules and says so. ".repeat(8)
        )
    });
    format!("# A project of {files} parts\n\n{}", sections.collect::<String>())
}

fn plan(files: usize) -> String {
    let changed = CHANGED.min(files / 2);
    let entries = (0..files).map(|file| {
        let uses = (changed < file && file <= changed + USERS)
            .then(|| format!("    uses:\n      - {{ path: src/part{changed}.js, names: [run{changed}] }}\n"));
        format!(
            "  - path: src/part{file}.js\n    purpose: \"part {file}, as it was\"\n    exports:\n      - {{ name: run{file}, kind: function, \
             signature: \"run{file}(input: string): Result\", meaning: \"does the work of part {file}\" }}\n{}",
            uses.unwrap_or_default()
        )
    });
    format!("# A project\n\n```yaml contract\nfiles:\n{}```\n", entries.collect::<String>())
}

/// What is different in the plan.
fn change(files: usize, way: &str) -> String {
    let changed = CHANGED.min(files / 2);
    let entry = |way: &str| format!("  - path: src/part{changed}.js\n    purpose: \"part {changed}, {way}\"\n");
    format!("<<<<<<< SEARCH\n{}=======\n{}>>>>>>> REPLACE\n", entry("as it was"), entry(way))
}

/// Runs the real binary in `dir`. The calls that it made, and the tokens of their questions and answers.
fn run(dir: &Path, files: usize, way: &str) -> (usize, usize) {
    std::fs::write(dir.join("prompt.md"), spec(files, way)).expect("writes");
    let paths: Vec<String> = (0..files).map(|file| format!("src/part{file}.js")).collect();
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    let code = |path: &str| {
        format!("```js\n// {path}, as it was\n{}```\n", "export const line = compute(1, 2, 3);\n".repeat(160))
    };
    let edit =
        |path: &str| format!("<<<<<<< SEARCH\n// {path}, as it was\n=======\n// {path}, {way}\n>>>>>>> REPLACE\n");
    let is_there = |path: &str| dir.join("generated").join(path).exists();
    let text = |path: &str| if is_there(path) { edit(path) } else { code(path) };
    let mut texts: HashMap<String, String> = paths.iter().map(|path| ((*path).to_owned(), text(path))).collect();
    texts.insert("plan".to_owned(), plan(files));
    texts.insert("plan again".to_owned(), change(files, way));
    let mut answers: HashMap<String, Vec<Answer>> =
        texts.iter().map(|(question, text)| (question.clone(), vec![Answer::text(text.clone())])).collect();
    answers.insert("list".to_owned(), vec![Answer::list(&paths)]);
    let fake = Fake::start(answers, None);
    let status = Command::new(env!("CARGO_BIN_EXE_smol"))
        .args(["gen", "-q", "--yes"])
        .current_dir(dir)
        .env_clear()
        .envs([("OPENAI_BASE_URL", fake.url.as_str()), ("SMOL_MODEL", "fake-1")])
        .env("HOME", dir.join("home"))
        .status()
        .expect("runs");
    assert!(status.success());
    let asked = fake.asked();
    let answer = |question: &str| texts.get(question).map_or(0, String::len);
    let bytes: usize = asked.iter().map(|asked| asked.body.len() + answer(&asked.question)).sum();
    (asked.len(), bytes / 4)
}
