//! Recorded runs: written, answered from, and the ones that ship.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use smol_dev::shipped::SHIPPED;

use crate::{
    fake::Answer,
    smol::{Smol, files_below, plan},
};

#[test]
fn a_record_answers_the_same_run_without_a_server() {
    let run = Smol::project(&["a.js", "src/b.js"]).arg("--record").arg("run.jsonl").success();
    let record = fs::read_to_string(run.dir.path().join("run.jsonl")).expect("was written");
    // A kill may have cut the last line.
    let record = format!("{record}{{\"call\":{{\"requ");
    Smol::new()
        .spec("a project")
        .write("run.jsonl", &record)
        .offline()
        .args(["gen", "--replay", "run.jsonl"])
        .success()
        .asked(0)
        .file("a.js", "a.js\n")
        .file("src/b.js", "src/b.js\n")
        .file("shared_dependencies.md", &plan(&["a.js", "src/b.js"]));
}

#[test]
fn every_run_writes_its_own_record_that_can_be_replayed() {
    let run = Smol::project(&["a.js"]).success();
    let runs = run.dir.path().join("generated/.smol/runs");
    let mut names = fs::read_dir(&runs).expect("is there").map(|entry| entry.expect("reads").path());
    let of_a_run = |path: &std::path::PathBuf| path.extension().is_some_and(|extension| extension == "jsonl");
    let record = fs::read_to_string(names.find(of_a_run).expect("holds one")).expect("reads");
    assert_eq!(run.read(".smol/.gitignore").as_deref(), Some("*\n"));
    assert!(record.lines().any(|line| line.contains("\"event\":\"finished\"")), "{record}");
    assert!(!record.contains("\"event\":\"piece\""), "the record would grow with every token");
    Smol::new()
        .spec("a project")
        .write("r", &record)
        .offline()
        .args(["gen", "--replay", "r"])
        .success()
        .file("a.js", "a.js\n");
}

#[test]
fn a_call_that_was_cut_is_in_the_record_and_a_whole_one_counts_more() {
    let cut = Answer::text("```\nhalf of it is here\n```\n").fault(crate::fake::Fault::Close(3));
    let run = Smol::project(&["a.js"]).on("a.js", cut).arg("--record").arg("r").exit(1);
    let record = fs::read_to_string(run.dir.path().join("r")).expect("reads");
    assert!(record.contains("```\\nhalf of"), "what was paid for is not in the record: {record}");
    let replay =
        |record: &str| Smol::new().spec("a project").write("r", record).offline().args(["gen", "--replay", "r"]);
    replay(&record).exit(1).says("without its end mark").no_file("a.js");
    let whole =
        record.replace(r#""text":"```\nhalf of ","finish":null"#, r#""text":"```\nwhole\n```\n","finish":"stop""#);
    assert_ne!(whole, record);
    replay(&format!("{whole}{record}")).success().file("a.js", "whole\n");
}

#[test]
fn a_request_that_was_not_recorded_shows_the_nearest_and_where_they_part() {
    let run = Smol::project(&["a.js"]).arg("--record").arg("r").success();
    let record = fs::read_to_string(run.dir.path().join("r")).expect("reads");
    Smol::new()
        .spec("a project\nwith more")
        .write("r", record)
        .offline()
        .args(["gen", "--replay", "r"])
        .exit(3)
        .says("the recorded run has no such question")
        .says("in message 2 of 2 (User), line 2: asked 'with more', recorded ''");
}

#[test]
fn what_is_no_record() {
    let replay = |text: &str| Smol::new().spec("x").write("r", text).offline().args(["gen", "--replay", "r"]).exit(2);
    replay("{\"note\":\"x\"}\n").says("no call is in it");
    replay("{\"note\":\"x\"}\nnonsense\n{}\n").says("line 2 of 'r'");
    replay("nonsense\n").says("line 1 of 'r'");
    Smol::new().spec("x").offline().args(["gen", "--replay", "r"]).exit(2).says("could not read the recorded run 'r'");
}

#[test]
fn a_record_overwrites_nothing() {
    let run = Smol::project(&["a.js"])
        .write("r", "mine")
        .arg("--record")
        .arg("r")
        .exit(2)
        .says("could not start the record 'r'");
    assert_eq!(fs::read_to_string(run.dir.path().join("r")).expect("stays"), "mine");
}

#[test]
fn without_a_model_any_other_prompt_ends_with_3_and_names_the_ways() {
    Smol::new()
        .spec("something of my own")
        .offline()
        .args(["gen"])
        .exit(3)
        .says("OPENAI_API_KEY")
        .says("--base-url")
        .says("--replay");
}

/// Where the examples are.
fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name)
}

#[test]
fn shipped_prompts_become_the_shipped_programs_without_a_model() {
    for shipped in SHIPPED {
        let run = Smol::new().spec(shipped.prompt).offline().args(["gen"]).success();
        assert!(run.stderr().lines().nth(1).expect("a line").contains("recorded run"), "{}", run.stderr());
        let program = example(shipped.name).join("program");
        assert_eq!(run.files(), files_below(&program), "{}", shipped.name);
        for file in run.files() {
            let expected = fs::read_to_string(program.join(&file)).expect("reads");
            assert_eq!(run.read(&file), Some(expected), "{}/{file}", shipped.name);
        }
    }
}

#[test]
fn the_first_shipped_prompt_is_the_one_at_the_root() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("prompt.md");
    assert_eq!(fs::read_to_string(root).expect("reads"), SHIPPED[0].prompt);
}

#[test]
fn shipped_runs_say_first_that_they_were_authored_for_the_demo() {
    for shipped in SHIPPED {
        let first = shipped.run.lines().next().expect("a line");
        assert!(first.starts_with("{\"note\":") && first.contains("authored for the demo"), "{first}");
    }
}

/// Records `examples/*/run.jsonl` anew: the authored programs are the answers, asked for by the questions of today.
///
/// `cargo test --test it -- --ignored author`, after a change of `prompts/` or of an example.
#[test]
#[ignore = "writes examples/*/run.jsonl"]
fn author_the_shipped_runs() {
    for shipped in SHIPPED {
        let program = example(shipped.name).join("program");
        let files: Vec<String> = files_below(&program);
        let text = |file: &str| fs::read_to_string(program.join(file)).expect(file);
        let contract =
            smol_dev::contract::Contract::read(&text("shared_dependencies.md")).expect("the plan has a contract");
        let paths: Vec<&str> = contract.paths().collect();
        let smol = Smol::new().spec(&fs::read_to_string(example(shipped.name).join("prompt.md")).expect("reads"));
        let smol = smol
            .on("plan", Answer::text(text("shared_dependencies.md")).uncounted())
            .on("list", Answer::list(&paths).uncounted())
            .args(["gen", "--record", "run.jsonl"]);
        let smol = files
            .iter()
            .filter(|file| *file != "shared_dependencies.md")
            .fold(smol, |smol, file| smol.on(file, Answer::text(fenced(file, &text(file))).uncounted()));
        let run = smol.success();
        assert_eq!(run.files(), files, "{}", shipped.name);
        let mut record = fs::read_to_string(run.dir.path().join("run.jsonl")).expect("was written");
        if shipped.name == "chrome-extension" {
            record.push_str(&popup_again(run, &fenced("popup.js", &text("popup.js"))));
        }
        fs::write(example(shipped.name).join("run.jsonl"), authored(shipped.name, &record)).expect("writes");
    }
}

/// A record as it is shipped: without the events, and in an order of its own, so that recording again changes nothing.
pub fn authored(example: &str, record: &str) -> String {
    let note = format!(
        "{{\"note\":\"examples/{example}, authored for the demo: these answers were written for the questions that smol asks, as a first-rate model would answer them. They are not the output of a model service.\"}}\n"
    );
    let lines = record.lines().filter(|line| !line.starts_with("{\"event\""));
    let (texts, calls): (BTreeSet<&str>, BTreeSet<&str>) = lines.partition(|line| line.starts_with("{\"text\""));
    note + &texts.into_iter().chain(calls).map(|line| format!("{line}\n")).collect::<String>()
}

/// The README's `--file popup.js`: once with the file on disk, once after it was deleted.
fn popup_again(run: crate::smol::Run, answer: &str) -> String {
    let again = |run: crate::smol::Run, record: &str| {
        let smol = run.again().on("popup.js", Answer::text(answer).uncounted());
        smol.args(["gen", "--file", "popup.js", "--record", record]).success()
    };
    let run = again(run, "present.jsonl");
    fs::remove_file(run.dir.path().join("generated/popup.js")).expect("is there");
    let run = again(run, "absent.jsonl");
    let read = |record: &str| fs::read_to_string(run.dir.path().join(record)).expect("was written");
    read("present.jsonl") + &read("absent.jsonl")
}

/// As a model answers: in a fence with the language's name, longer than any in the text.
fn fenced(file: &str, text: &str) -> String {
    let language = match file.rsplit('.').next().unwrap_or_default() {
        "md" => "markdown",
        "py" => "python",
        "js" => "javascript",
        other => other,
    };
    let fence = if text.contains("```") { "````" } else { "```" };
    format!("{fence}{language}\n{text}{fence}\n")
}
