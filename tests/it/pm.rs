//! `smol pm`: what a codebase is described as, in one question and in many, and what is done with it.

use std::fs;

use smol_dev::contract::Contract;

use crate::smol::{Run, Smol};

const STORE: &str =
    "class Store:\n    \"\"\"Keeps items.\"\"\"\n    def get(self, key: str) -> str:\n        return key\n";

fn codebase() -> Smol {
    Smol::new()
        .write("app/store.py", STORE)
        .write("app/main.py", "from store import Store\nprint(Store().get('a'))\n")
        .on("pm", "# Shop\n\nIt keeps items.\n")
}

/// A codebase of three directories, none of which goes with another into a question of 400 tokens.
fn large() -> Smol {
    let text = |name: &str| format!("def {name}(a, b):\n    return a + b  # some words\n").repeat(12);
    let smol = Smol::new().write("app/a/one.py", text("one")).write("app/b/two.py", text("two"));
    let smol = smol.write("app/c/three.py", text("three")).on("pm join", "# Whole\n\nAll of it.\n");
    ["a/", "b/", "c/"]
        .iter()
        .fold(smol, |smol, part| smol.on(&format!("pm app/{part}"), "x"))
        .on("pm a/one.py", "# One\n\nIt adds.\n")
        .on("pm b/two.py", "# Two\n\nIt adds, too.\n")
        .on("pm c/three.py", "# Three\n\nIt adds again.\n")
}

fn questions(run: &Run) -> Vec<String> {
    let mut questions: Vec<String> = run.fake.asked().into_iter().map(|asked| asked.question).collect();
    questions.sort();
    questions
}

#[test]
fn a_small_codebase_is_one_question() {
    let run = codebase().args(["pm", "--dir", "app", "--prompt", "the keys"]).success().asked(1);
    let printed = run.stdout();
    assert!(printed.starts_with("# Shop\n\nIt keeps items.\n\n## Contract\n"), "{printed}");
    let contract = Contract::read(&printed).expect("has one");
    assert_eq!(contract.files[1].exports[1].signature, "def get(self, key: str) -> str");
    assert_eq!(contract.files[0].uses[0].path, "store.py");
    let asked = &run.requests("pm")[0].messages()[1].1;
    assert!(asked.ends_with("Write the specification of this codebase. Lay weight on this: the keys"), "{asked}");
}

#[test]
fn a_large_one_is_described_in_parts_that_are_joined() {
    let run = large().args(["pm", "--dir", "app", "--budget", "400"]).success().prints("# Whole\n\nAll of it.\n");
    assert_eq!(questions(&run), ["pm a/one.py", "pm b/two.py", "pm c/three.py", "pm join"]);
    let joined = &run.requests("pm join")[0].messages()[1].1;
    assert!(joined.contains("It adds, too."), "{joined}");
}

#[test]
fn a_second_run_pays_for_what_has_changed() {
    let run = large().args(["pm", "--dir", "app", "--budget", "400"]).success().asked(4);
    let again = |run: Run| large().within(run.dir);
    let run = again(run).args(["pm", "--dir", "app", "--budget", "400"]).success().asked(0).prints("# Whole");
    let smol = again(run);
    let path = smol.dir.path().join("app/b/two.py");
    fs::write(&path, fs::read_to_string(&path).expect("reads").replace("words", "more words")).expect("writes");
    let run = smol.args(["pm", "--dir", "app", "--budget", "400"]).success().says("2 of them were described before");
    assert_eq!(questions(&run), ["pm b/two.py"]);
}

#[test]
fn a_part_that_fails_loses_no_other() {
    let refused = crate::fake::Answer::text("").fault(crate::fake::Fault::Status(400, "{}".to_owned()));
    let run = large().on("pm b/two.py", refused).args(["pm", "--dir", "app", "--budget", "400"]).exit(3);
    let run = run.says("those that were described are kept");
    let run = large().within(run.dir).args(["pm", "--dir", "app", "--budget", "400"]).success();
    assert_eq!(questions(&run), ["pm b/two.py", "pm join"]);
}

#[test]
fn a_file_is_not_overwritten_unasked() {
    let run = codebase().write("prompt.md", "mine\n").args(["pm", "--dir", "app", "-o", "prompt.md"]).exit(2).asked(0);
    let run = run.says("nobody can be asked 'overwrite 'prompt.md'?'");
    assert_eq!(fs::read_to_string(run.dir.path().join("prompt.md")).expect("reads"), "mine\n");
    let run = codebase().within(run.dir).args(["pm", "--dir", "app", "-o", "prompt.md", "--yes"]).success();
    let text = fs::read_to_string(run.dir.path().join("prompt.md")).expect("reads");
    assert!(text.starts_with("# Shop"), "{text}");
    let run = codebase().within(run.dir).args(["pm", "--dir", "app", "-o", "new/spec.md"]).success();
    assert!(run.dir.path().join("new/spec.md").exists());
}

#[test]
fn two_codebases_side_by_side() {
    let smol =
        codebase().write("other/store.py", STORE.replace("key: str", "key")).write("other/more.py", "print(1)\n");
    let run = smol.args(["pm", "--compare", "app", "other"]).success().asked(0);
    let run = run
        .prints("files              2       2       1   50.0%")
        .prints("names              2       2       2  100.0%");
    run.prints("signatures         2       2       1   50.0%").prints("alike: 66.7%").prints("file main.py");
}

#[test]
fn the_contract_of_smol_names_every_public_item() {
    use smol_dev::{outline::exports, path::RelPath};
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let words = ["fn", "struct", "enum", "trait", "const", "static", "type"];
    let (mut items, mut files) = (0, 0);
    for entry in walkdir::WalkDir::new(root.join("src")).into_iter().flatten() {
        let Some(path) =
            entry.path().strip_prefix(root).ok().filter(|path| path.extension().is_some_and(|ending| ending == "rs"))
        else {
            continue;
        };
        let text = fs::read_to_string(entry.path()).expect("reads");
        let names: Vec<String> = exports(&RelPath::parse(&path.to_string_lossy()).expect("is one"), &text)
            .into_iter()
            .map(|export| export.name)
            .collect();
        let program = text.split("\n#[cfg(test)]\nmod tests").next().expect("a first part");
        for line in program.lines().map(str::trim_start) {
            let Some(rest) = line.strip_prefix("pub ") else { continue };
            let mut rest = rest.split_whitespace().skip_while(|word| matches!(*word, "async" | "unsafe")).peekable();
            // `pub const fn` is a function.
            if rest.peek() == Some(&"const") && rest.clone().nth(1) == Some("fn") {
                rest.next();
            }
            if !rest.next().is_some_and(|word| words.contains(&word)) {
                continue;
            }
            let name = rest.next().unwrap_or_default();
            let name = name.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
            assert!(
                names.iter().any(|own| own.rsplit("::").next() == Some(name)),
                "{}: {name} is not in {names:?}",
                path.display()
            );
            items += 1;
        }
        files += 1;
    }
    assert!(items > 200 && files > 50, "{items} items in {files} files");
}
