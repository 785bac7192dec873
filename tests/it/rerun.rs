//! Running it again: only what a change touches is asked for, and it is said why.

use serde_json::json;

use crate::smol::{Run, Smol};

/// A plan of three files, of which the first uses the second.
fn plan(purposes: [&str; 3], names: &str) -> String {
    let [a, b, c] = purposes;
    format!(
        "# Project\n\n```yaml contract\nproject:\n  dom_ids:\n    - {{ name: go, meaning: \"{names}\", files: [c.js] }}\n\
         files:\n  - {{ path: a.js, purpose: \"{a}\", uses: [{{ path: b.js, names: [x] }}] }}\n  \
         - {{ path: b.js, purpose: \"{b}\" }}\n  - {{ path: c.js, purpose: \"{c}\" }}\n```\n"
    )
}

const FILES: [&str; 3] = ["a.js", "b.js", "c.js"];

fn project() -> Smol {
    Smol::project(&FILES).on("plan", plan(["first", "second", "third"], "goes"))
}

fn questions(run: &Run) -> Vec<String> {
    let mut questions: Vec<_> = run.fake.asked().into_iter().map(|asked| asked.question).collect();
    questions.sort();
    questions
}

/// The second run, after the spec has changed and the plan with it.
fn changed(plan: String) -> Run {
    let run = project().success();
    let smol = project().within(run.dir).spec("a better project").on("plan again", plan);
    FILES.iter().fold(smol, |smol, file| smol.on(file, format!("better {file}\n"))).arg("-v").success()
}

#[test]
fn with_nothing_changed_there_is_nothing_to_do_and_nothing_is_sent() {
    let run = project().success();
    let run = project().within(run.dir).success().asked(0).says("nothing to do");
    // Also not when a person has worked on a file: it is theirs to change.
    let run = project().within(run.dir).write("generated/a.js", "mine\n").success().asked(0);
    let report = project().within(run.dir).arg("--json").success().report();
    assert_eq!((&report["outcome"], &report["calls"]), (&json!("complete"), &json!(0)));
}

#[test]
fn a_change_of_the_spec_asks_for_the_plan_with_the_difference_and_for_what_it_touches() {
    let run = changed(plan(["first", "second", "another"], "goes"));
    assert_eq!(questions(&run), ["c.js", "plan again"]);
    let messages = run.requests("plan again")[0].messages();
    assert_eq!(messages[1].1, "a project", "the old conversation goes on, as the service knows it");
    assert!(messages[3].1.contains("-a project") && messages[3].1.contains("+a better project"), "{}", messages[3].1);
    let file = run.requests("c.js")[0].messages();
    assert_eq!(file[1].1, "a better project");
    assert!(file[3].1.contains("The present text of") && file[3].1.contains("c.js"), "{}", file[3].1);
    run.file("a.js", "a.js\n").file("c.js", "better c.js\n").says("c.js: its entry in the contract changed");
}

#[test]
fn a_plan_is_changed_by_blocks_and_a_block_that_does_not_fit_is_asked_for_again() {
    let block = |line: &str, purpose: &str| {
        format!("<<<<<<< SEARCH\n{line}\n=======\n  - {{ path: c.js, purpose: \"{purpose}\" }}\n>>>>>>> REPLACE\n")
    };
    let right = block("  - { path: c.js, purpose: \"third\" }", "another");
    let again = |first: &str| {
        let run = project().success();
        let smol = project().within(run.dir).spec("a better project").on("c.js", "better c.js\n");
        let run = smol.on("plan again", first).then("plan again", right.as_str()).success();
        run.file("shared_dependencies.md", &plan(["first", "second", "another"], "goes")).file("c.js", "better c.js\n")
    };
    assert_eq!(again(&right).requests("plan again").len(), 1);
    let run = again(&block("  - { path: c.js, purpose: third, lines: 7 }", "another"));
    let words = &run.requests("plan again")[1].messages()[5].1;
    assert!(words.contains("not in the file; most like it is") && words.contains("\"third\""), "{words}");
}

#[test]
fn a_file_is_changed_by_blocks_and_may_stay_as_it_is() {
    let newer = plan(["first", "another", "third"], "goes");
    let again = |a: &str, b: &str| {
        let run = project().success();
        let smol = project().within(run.dir).spec("a better project").on("plan again", newer.as_str());
        smol.on("a.js", a).on("b.js", b).success()
    };
    let block = "<<<<<<< SEARCH\nb.js\n=======\nbetter b.js\n>>>>>>> REPLACE\n";
    let run = again("unchanged", block).file("a.js", "a.js\n").file("b.js", "better b.js\n");
    let run = project().within(run.dir).spec("a better project").success().asked(0).says("nothing to do");
    let smol = project().within(run.dir).spec("a better project").args(["gen", "--file=b.js"]);
    let run = smol
        .on("b.js", block.replace("\nb.js", "\nb.jsx").replace("better", "best"))
        .then("b.js", "```js\nwhole\n```\n")
        .success();
    run.file("b.js", "whole\n").asked(2);
}

#[test]
fn what_uses_a_changed_entry_is_touched_and_what_shares_a_changed_name() {
    let run = changed(plan(["first", "another", "third"], "goes"));
    assert_eq!(questions(&run), ["a.js", "b.js", "plan again"]);
    let run = run.says("a.js: the entry of 'b.js', which it uses, changed");
    run.says("c.js: nothing that it was made from changed");
    let run = changed(plan(["first", "second", "third"], "stops"));
    assert_eq!(questions(&run), ["c.js", "plan again"]);
}

#[test]
fn a_plan_that_was_edited_by_hand_follows_the_same_rule() {
    let edited = plan(["first", "second", "mine"], "goes");
    for args in [["gen", "--json"], ["gen", "--from-plan"]] {
        let run = project().success();
        let smol = project().within(run.dir).write("generated/shared_dependencies.md", &edited).args(args);
        assert_eq!(questions(&smol.success()), ["c.js"]);
    }
}

#[test]
fn a_file_that_the_new_plan_adds_and_one_that_it_leaves_out() {
    let run = project().success();
    let newer = plan(["first", "second", "third"], "goes").replace("c.js", "d.js");
    let smol = Smol::project(&["a.js", "b.js", "d.js"]).within(run.dir).spec("other").on("plan again", newer);
    let run = smol.arg("--yes").success();
    assert_eq!(questions(&run), ["d.js", "list", "plan again"], "with other files the list is asked for again");
    assert_eq!(run.files(), ["a.js", "b.js", "d.js", "shared_dependencies.md"]);
}

#[test]
fn a_file_that_is_gone_is_asked_for_again() {
    let run = project().success();
    std::fs::remove_file(run.dir.path().join("generated/b.js")).expect("was written");
    let run = project().within(run.dir).success().file("b.js", "b.js\n");
    assert_eq!(questions(&run), ["b.js"]);
}

#[test]
fn another_model_alone_asks_for_nothing_without_a_word() {
    let run = project().success();
    let run = project().within(run.dir).arg("--model=fake-2").success().asked(0);
    let run = run.says("only the model or the prompts changed for 3 files, which stay; --yes has them written anew");
    let run = project().within(run.dir).arg("--model=fake-2").arg("--yes").success();
    assert_eq!(questions(&run), FILES);
}

#[test]
fn other_words_in_a_prompt_count_as_another_model_does() {
    let run = project().success();
    let smol = || project().write("words/file.md", "Write `{{ path }}`.\n\nThe file to write is `{{ path }}`.\n");
    let prompts = |smol: Smol| smol.arg("--prompts=words").arg("--yes");
    let dir = smol().within(run.dir).write("words/file.md", "New.\n\nThe file to write is `{{ path }}`.\n");
    assert_eq!(questions(&prompts(dir).success()), FILES);
}

#[test]
fn explain_says_why_and_sends_nothing() {
    let run = project().success();
    let run = project().within(run.dir).arg("--explain").success().asked(0);
    let run = run.prints("the plan holds").prints("keep   a.js: nothing that it was made from changed");
    let edited = plan(["first", "another", "third"], "goes");
    let smol = project().within(run.dir).write("generated/shared_dependencies.md", edited).arg("--explain");
    let run = smol.success().asked(0).prints("ask    a.js: the entry of 'b.js', which it uses, changed");
    project().within(run.dir).spec("x").arg("--explain").success().prints("the plan is asked for again");
}

#[test]
fn after_undo_the_same_change_is_made_again() {
    let run = changed(plan(["first", "second", "another"], "goes"));
    let run = run.again().args(["undo"]).success().file("c.js", "c.js\n");
    let smol = project().within(run.dir).spec("a better project");
    let smol = smol.on("plan again", plan(["first", "second", "another"], "goes")).on("c.js", "better c.js\n");
    let run = smol.success().file("c.js", "better c.js\n");
    assert_eq!(questions(&run), ["c.js", "plan again"]);
}

#[test]
fn a_memory_that_cannot_be_read_is_named_and_nothing_is_paid_for() {
    let run = project().success();
    let smol = project().within(run.dir).write("generated/.smol/lineage.json", "no JSON");
    smol.exit(2).says("'lineage.json' is not what smol wrote").asked(0);
}
