//! What a small change costs: one file's section is changed, and the project is run again.
//!
//! The plan and the files are changed by blocks, as they are asked to be where little changes. Tokens are estimated from
//! the bytes that were really sent and received (four to a token), so only their share counts.
//!
//! * A project of many files: every one is a spec's section, a contract entry and some 1,500 tokens of code; three others
//!   use the one that changes.
//! * The shipped examples: each file's entry is changed once, in turn; what uses it is asked for, too.
//!
//! `cargo bench --bench rerun`

#[path = "../tests/it/fake.rs"]
#[allow(dead_code)]
mod fake;

use std::{collections::HashMap, io::Write, path::Path, process::Command};

use fake::{Answer, Fake};
use smol_dev::{path::RelPath, plan::Plan};
use tempfile::TempDir;

/// The file whose section changes; the next ones use it.
const CHANGED: usize = 20;
const USERS: usize = 3;

/// A project as a model would write it.
struct Project {
    spec: String,
    plan: String,
    files: Vec<(String, String)>,
}

/// Calls, and the tokens of their questions and answers.
#[derive(Clone, Copy)]
struct Cost {
    calls: usize,
    tokens: usize,
}

fn main() {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(
        out,
        "project                  files  full run: calls, tokens  rerun: share of calls, of tokens   least, most of tokens"
    );
    for files in [10, 50] {
        let project = synthetic(files);
        let changed = CHANGED.min(files / 2);
        let _ = writeln!(out, "{}", row("synthetic", &project, &[changed]));
    }
    for example in ["chrome-extension", "pong", "todo-api"] {
        let project = shipped(example);
        let all: Vec<usize> = (0..project.files.len()).collect();
        let _ = writeln!(out, "{}", row(example, &project, &all));
    }
}

/// Changes each of these files once, and says what the reruns cost on average.
fn row(name: &str, project: &Project, changed: &[usize]) -> String {
    let (mut full, mut shares) = (Cost { calls: 0, tokens: 0 }, Vec::new());
    for changed in changed {
        let dir = TempDir::new().expect("a temporary directory");
        full = run(dir.path(), project, None);
        let again = run(dir.path(), project, Some(*changed));
        let nothing = run(dir.path(), project, Some(*changed));
        assert_eq!(nothing.calls, 0, "a rerun with nothing changed sends nothing");
        let share = |part: usize, whole: usize| part as f64 / whole as f64;
        shares.push((share(again.calls, full.calls), share(again.tokens, full.tokens)));
    }
    let mean = |of: fn(&(f64, f64)) -> f64| shares.iter().map(of).sum::<f64>() / shares.len() as f64;
    let (least, most) =
        shares.iter().fold((f64::MAX, 0.0_f64), |(least, most), (_, tokens)| (least.min(*tokens), most.max(*tokens)));
    format!(
        "{name:<23}  {:>5}  {:>15}, {:>6}  {:>21.3}, {:>6.3}   {least:>11.3}, {most:.3}",
        project.files.len(),
        full.calls,
        full.tokens,
        mean(|share| share.0),
        mean(|share| share.1),
    )
}

fn synthetic(files: usize) -> Project {
    // What the contract says, so that the check has nothing to say.
    let code = |file: usize, path: &str| {
        let line = format!("console.log(run{file}(\"once\"));\n");
        let function = format!("export function run{file}(input) {{\n  return [input, input];\n}}\n");
        format!("// {path}, as it was\n{function}{}", line.repeat(5_700 / line.len()))
    };
    let paths = (0..files).map(|file| (file, format!("src/part{file}.js")));
    let files_of = paths.map(|(file, path)| (path.clone(), code(file, &path))).collect();
    Project { spec: spec(files), plan: plan(files), files: files_of }
}

/// As its recorded run writes it.
fn shipped(example: &str) -> Project {
    let dir = TempDir::new().expect("a temporary directory");
    let prompt = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(example).join("prompt.md");
    let status = Command::new(env!("CARGO_BIN_EXE_smol"))
        .args(["gen", "-q", "--out", "."])
        .arg(&prompt)
        .current_dir(dir.path())
        .env_clear()
        .env("HOME", dir.path().join("home"))
        .env("SMOL_LOCAL", "never")
        .status()
        .expect("runs");
    assert!(status.success(), "{example}");
    let read = |path: &str| std::fs::read_to_string(dir.path().join(path)).expect(path);
    let plan = read("shared_dependencies.md");
    let list = Plan::new(plan.clone()).listed().expect("has a contract");
    let files = list.files().iter().map(RelPath::to_string).map(|path| (path.clone(), read(&path))).collect();
    Project { spec: std::fs::read_to_string(prompt).expect("is there"), plan, files }
}

fn spec(files: usize) -> String {
    let sections = (0..files).map(|file| {
        format!(
            "## Part {file}\n\nPart {file} does its work as it was. {}\n\n",
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

/// The entry of a file in the plan down to its purpose, and the same with another one.
fn change(project: &Project, changed: usize) -> String {
    let path = &project.files[changed].0;
    let is_entry = |line: &&str| line.trim_start().trim_start_matches("- ").trim() == format!("path: {path}");
    let lines = || project.plan.lines().skip_while(|line| !is_entry(line));
    let entry: Vec<&str> = lines().take(2).collect();
    assert!(entry[1].trim_start().starts_with("purpose: "), "{path}: {entry:?}");
    let (path, purpose) = (entry[0], entry[1]);
    format!(
        "<<<<<<< SEARCH\n{path}\n{purpose}\n=======\n{path}\n    purpose: another one than before\n>>>>>>> REPLACE\n"
    )
}

/// Runs the real binary in `dir`, the first time or with the section of one file changed.
fn run(dir: &Path, project: &Project, changed: Option<usize>) -> Cost {
    let more = changed.map(|changed| format!("\nThe file {} does it in another way.\n", project.files[changed].0));
    std::fs::write(dir.join("prompt.md"), format!("{}{}", project.spec, more.unwrap_or_default())).expect("writes");
    let mut texts = HashMap::from([("plan".to_owned(), project.plan.clone())]);
    for (path, text) in &project.files {
        let is_only = |line: &&str| text.matches(line.trim()).count() == 1;
        let line = text.lines().find(is_only).expect("has a line that stands in it once");
        let edit = format!("<<<<<<< SEARCH\n{line}\n=======\n{line} \n>>>>>>> REPLACE\n");
        let whole = format!("````\n{text}````\n");
        texts.insert(path.clone(), if changed.is_some() { edit } else { whole });
    }
    if let Some(changed) = changed {
        texts.insert("plan again".to_owned(), change(project, changed));
    }
    let mut answers: HashMap<String, Vec<Answer>> =
        texts.iter().map(|(question, text)| (question.clone(), vec![Answer::text(text.clone())])).collect();
    let paths: Vec<&str> = project.files.iter().map(|(path, _)| path.as_str()).collect();
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
    Cost { calls: asked.len(), tokens: bytes / 4 }
}
