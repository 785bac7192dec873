//! `--order dependency`: a file waits for those that it uses and sees what they really offer; nobody else waits.

use std::time::Duration;

use crate::{
    fake::{Answer, Asked, Fault},
    smol::{Run, Smol},
};

const MATH: &str = "/** Adds. */\nexport function total(...numbers) {\n  return numbers.length;\n}\n";
const APP: &str = "import { total } from './math.js';\n\nconsole.log(total(1, 2));\n";

fn fenced(text: &str) -> String {
    format!("```js\n{text}```\n")
}

/// A plan in which files use others.
fn plan(files: &[(&str, &str)]) -> String {
    let entry = |(path, used): &(&str, &str)| {
        let uses = if used.is_empty() { String::new() } else { format!(", uses: [{{ path: {used} }}]") };
        format!("  - {{ path: {path}, purpose: one of them{uses} }}\n")
    };
    format!("# P\n\n```yaml contract\nfiles:\n{}```\n", files.iter().map(entry).collect::<String>())
}

/// The plan does not say what `math.js` really offers, and it takes a while until that is there.
fn slow() -> Smol {
    let smol = Smol::project(&["app.js", "math.js", "style.css"]).on("style.css", "```css\na {}\n```\n");
    let smol = smol.on("plan", plan(&[("app.js", "math.js"), ("math.js", ""), ("style.css", "")]));
    let math = Answer::text(fenced(MATH)).after(Duration::from_millis(300));
    smol.on("app.js", fenced(APP)).on("math.js", math).args(["gen", "--order", "dependency"])
}

fn asked(run: &Run, question: &str) -> Asked {
    run.requests(question).pop().expect(question)
}

fn last(run: &Run, question: &str) -> String {
    asked(run, question).messages().pop().expect("there are messages").1
}

#[test]
fn a_file_waits_for_what_it_uses_and_sees_what_is_really_there() {
    let run = slow().success().asked(5).file("app.js", APP);
    let there = asked(&run, "math.js").first_token.expect("it answered");
    assert!(asked(&run, "app.js").at > there, "it did not wait");
    assert!(asked(&run, "style.css").at < there, "who uses nothing waits for nobody");
    let words = last(&run, "app.js");
    assert!(words.contains("/** Adds. */\nexport function total(...numbers)\n```"), "{words}");
    assert!(!words.contains("numbers.length"), "{words}");
    assert!(!last(&run, "math.js").contains("offers"), "it uses nothing");
    slow().within(run.dir).success().asked(0).says("nothing to do");
}

#[test]
fn by_the_contract_nobody_waits() {
    let run = slow().args(["gen"]).success();
    assert!(asked(&run, "app.js").at < asked(&run, "math.js").first_token.expect("it answered"));
    assert!(!last(&run, "app.js").contains("total"));
}

#[test]
fn a_file_that_fails_is_waited_for_no_longer() {
    let run = slow().on("math.js", Answer::text("").fault(Fault::Status(400, "no".to_owned()))).exit(1);
    let run = run.file("app.js", APP).says("failed math.js");
    assert!(!last(&run, "app.js").contains("offers"), "{}", last(&run, "app.js"));
    // Asked for by name it is there before the one that uses it, though both are named.
    let run = slow().within(run.dir).args(["gen", "--order=dependency", "--file=app.js", "--file=math.js"]).success();
    let words = last(&run, "app.js");
    assert!(words.contains("export function total(...numbers)"), "{words}");
}

#[test]
fn a_file_that_the_list_does_not_have_is_waited_for_no_longer() {
    let late = Answer::list(&["app.js", "style.css"]).after(Duration::from_millis(100));
    let endless = Answer::text(fenced(MATH)).after(Duration::from_secs(30));
    let run = slow().on("list", late).on("math.js", endless).on("app.js", fenced("console.log(1);\n")).success();
    run.no_file("math.js").file("app.js", "console.log(1);\n").says("math.js is not in the file list");
}

#[test]
fn in_a_circle_the_one_that_the_contract_names_first_goes_first() {
    let smol = Smol::project(&["b.js", "a.js"]).on("plan", plan(&[("b.js", "a.js"), ("a.js", "b.js")]));
    let smol = smol.on("b.js", fenced("export const b = 1;\n")).on("a.js", fenced("export const a = 1;\n"));
    let run = smol.args(["gen", "--order=dependency"]).success().asked(4);
    assert!(last(&run, "a.js").contains("export const b = 1;") && !last(&run, "b.js").contains("offers"));
}

#[test]
fn in_an_existing_project_it_is_what_the_run_has_made_that_is_seen() {
    let run = slow().success();
    let math = MATH.replace("total", "sum");
    let smol = slow().anew(run.dir).on("math.js", fenced(&math)).on("app.js", fenced(&APP.replace("total", "sum")));
    let run = smol.success().file("math.js", &math);
    let words = last(&run, "app.js");
    assert!(words.contains("export function sum(...numbers)") && !words.contains("total(...numbers)"), "{words}");
}

#[test]
fn what_is_up_to_date_is_seen_as_it_stands() {
    let run = slow().success();
    std::fs::remove_file(run.dir.path().join("generated/app.js")).expect("is there");
    let run = slow().within(run.dir).success().asked(1);
    assert!(last(&run, "app.js").contains("export function total(...numbers)"));
}

#[test]
fn a_recorded_run_is_replayed_in_the_same_order() {
    let run = slow().args(["gen", "--order=dependency", "--record", "run.jsonl"]).success();
    let record = std::fs::read_to_string(run.dir.path().join("run.jsonl")).expect("is there");
    let replay = |order: &str| {
        let smol = Smol::new().spec("a project").write("r", &record).offline();
        smol.args(["gen", "--replay", "r", "--order", order])
    };
    replay("dependency").success().file("app.js", APP);
    replay("contract").exit(1).no_file("app.js");
}

#[test]
fn a_dry_run_says_what_it_cannot_know() {
    let run = slow().arg("--plan-only").success();
    let run = slow().within(run.dir).args(["gen", "--order=dependency", "--dry-run"]).success().asked(0);
    run.says("what they offer once they are written");
}
