//! Files of a run that do not fit together: they are reported, asked for once more, and the better version stands.

use std::{process::Command, time::Duration};

use serde_json::{Value, json};

use crate::{
    fake::{Answer, Fault},
    smol::{Run, Smol, files_below},
    undo::on_a_terminal,
};

const MATH: &str = "export function add(a, b) {\n  return a + b;\n}\n";
const APP: &str = "import { sum } from './math.js';\n\nconsole.log(sum(1, 2));\n";
const MENDED: &str = "import { add } from './math.js';\n\nconsole.log(add(1, 2));\n";

fn fenced(text: &str) -> String {
    format!("```js\n{text}```\n")
}

/// A project in which one file imports a name that the other does not offer.
fn unfit() -> Smol {
    Smol::project(&["app.js", "math.js"]).on("app.js", fenced(APP)).on("math.js", fenced(MATH))
}

/// The same, and the file is mended when it is asked for again.
fn mended() -> Smol {
    unfit().on("mend app.js", fenced(MENDED))
}

/// A plan whose contract says that `math.js` offers `sum`, and that `app.js` uses it.
const PROMISED: &str = "# P\n\n```yaml contract\nfiles:\n  - { path: app.js, purpose: runs, uses: [{ path: math.js, names: [sum] }] }\n  - { path: math.js, purpose: adds, exports: [{ name: sum, kind: function, signature: \"sum(a, b)\" }] }\n```\n";

fn paths(list: &Value) -> Vec<&str> {
    list.as_array().expect("is a list").iter().map(|entry| entry["path"].as_str().expect("has a path")).collect()
}

#[test]
fn a_file_that_does_not_fit_is_mended_with_one_question() {
    let run = mended().success().asked(5).file("app.js", MENDED).file("math.js", MATH);
    let run = run.says("misfit app.js:1:10").says("mended app.js: 1 misfit").says("no misfits in 3 files");
    let run = run.says("3 files written, 1 misfit mended ·");
    // The trunk is that of every other question; behind it stands what concerns this file.
    let [asked, first] = ["mend app.js", "app.js"].map(|question| run.requests(question)[0].messages());
    assert_eq!((asked.len(), &asked[..3]), (4, &first[..3]));
    let last = &asked[3].1;
    for words in ["app.js:1:10: 'sum' is not offered by 'math.js'", "export function add(a, b)\n", APP, "`app.js`"] {
        assert!(last.contains(words), "'{words}' is not in:\n{last}");
    }
    assert!(!last.contains("return a + b"), "of a definition only what it offers is shown:\n{last}");
    // It was paid for once.
    mended().within(run.dir).success().asked(0).says("nothing to do").file("app.js", MENDED);
}

#[test]
fn the_places_alone_are_enough() {
    let block = |old: &str, new: &str| format!("<<<<<<< SEARCH\n{old}\n=======\n{new}\n>>>>>>> REPLACE\n");
    let [old, new] = [APP, MENDED].map(|text| text.lines().collect::<Vec<_>>());
    let blocks = format!("{}\n{}", block(old[0], new[0]), block(old[2], new[2]));
    unfit().on("mend app.js", blocks).success().asked(5).file("app.js", MENDED).says("mended app.js: 1 misfit");
}

#[test]
fn the_events_and_the_report_tell_of_it() {
    let run = mended().arg("--json").success();
    let told: Vec<Value> = run.events().into_iter().filter(|event| event["event"] == "checked").collect();
    assert_eq!(told[0]["misfits"][0]["rule"], "missing-export");
    assert_eq!((&told[1]["misfits"], told.len()), (&json!([]), 2));
    let report = run.report();
    assert_eq!((&report["misfits"], &report["outcome"]), (&json!([]), &json!("complete")));
    assert!(run.events().iter().all(|event| event["event"] != "proposed"), "in a new directory nothing is weighed");
    assert_eq!(report["mended"], json!([{ "path": "app.js", "misfits": 1 }]));
    let mut written = paths(&report["written"]);
    written.sort_unstable();
    assert_eq!(written, ["app.js", "math.js", "shared_dependencies.md"]);
}

#[test]
fn without_repair_it_is_only_reported() {
    let run = mended().arg("--no-repair").exit(1).asked(4).file("app.js", APP);
    let run = run.says("misfit: generated/app.js:1:10").says("--file=app.js, or mend it, then: smol check generated");
    let run = run.again().spec("a project").args(["gen", "--no-repair"]).success().asked(0).says("nothing to do");
    // What does not fit was asked for: that run is over, and what is gone is asked for anew.
    std::fs::remove_file(run.dir.path().join("generated/math.js")).expect("is there");
    let run = unfit().within(run.dir).arg("--no-repair").exit(1).asked(1).file("math.js", MATH);
    assert!(!run.stderr().contains("was cut"), "{}", run.stderr());
    let run = mended().anew(run.dir).arg("--no-repair").arg("--json").exit(1).asked(4);
    let report = run.report();
    assert_eq!((&report["outcome"], &report["misfits"][0]["name"]), (&json!("partial"), &json!("sum")));
}

#[test]
fn quiet_says_only_what_remains() {
    assert_eq!(mended().arg("-q").success().stderr(), "");
    let run = unfit().args(["gen", "--no-repair", "-q"]).exit(1);
    assert!(run.stderr().starts_with("misfit: generated/app.js:1:10"), "{}", run.stderr());
    assert_eq!(run.stderr().lines().count(), 1);
}

/// The first version stays, for this reason.
#[track_caller]
fn stays(answer: impl Into<Answer>, why: &str) -> Run {
    let run = unfit().on("mend app.js", answer).exit(1).asked(5).file("app.js", APP).file("math.js", MATH);
    let run = run.says("kept   app.js: its first version stays").says(why).says("misfit: generated/app.js:1:10");
    // Nor is that paid for once more.
    unfit().within(run.dir).success().asked(0).says("nothing to do")
}

#[test]
fn a_version_that_is_no_better_is_not_taken() {
    let worse =
        "import { sum } from './math.js';\nimport { take } from './minus.js';\n\nconsole.log(take(sum(1, 2)));\n";
    stays(fenced(worse), "it does not fit better: 1 before, 2 with it");
    stays(fenced(&APP.replace("sum", "plus")), "it does not fit better: 1 before, 1 with it");
    stays(fenced(APP), "it is the same again");
    stays(fenced("1;\n"), "most of the file is gone from it");
}

#[test]
fn a_repair_that_fails_leaves_the_first_version() {
    stays(Answer::text("").fault(Fault::Status(400, "no".to_owned())), "status 400: no");
    let run = unfit().on("mend app.js", "").exit(1).file("app.js", APP);
    run.asked(6).says("kept   app.js: its first version stays").says("also when asked again");
}

#[test]
fn a_version_without_what_others_use_is_not_taken() {
    let app = format!("{APP}export function start() {{}}\n");
    let smol = Smol::project(&["app.js", "math.js", "run.sh"]).on("app.js", fenced(&app)).on("math.js", fenced(MATH));
    let smol = smol.on("run.sh", "```sh\nnode -e \"import('./app.js').then(app => app.start())\"\n```\n");
    let run = smol.on("mend app.js", fenced(MENDED)).exit(1).file("app.js", &app);
    run.says("it lost 'start', which 'run.sh' uses");
}

#[test]
fn a_version_that_others_do_not_fit_is_not_taken() {
    let app =
        "import { sum } from './math.js';\nexport const ids = ['send-all', 'stop-all'];\nconsole.log(sum(1, 2));\n";
    let page = "<!doctype html>\n<script type=\"module\" src=\"app.js\"></script>\n<script type=\"module\" src=\"style.js\"></script>\n";
    let smol = Smol::project(&["app.js", "index.html", "math.js", "more.js"]).on("index.html", page);
    let smol = smol.on("app.js", fenced(app)).on("math.js", fenced(MATH));
    let smol = smol.on("index.html", fenced(&page.replace("style.js", "more.js")));
    let smol = smol.on("more.js", fenced("import * as app from './app.js';\n\nconsole.log(app.ids);\n"));
    let without = app.replace("sum", "add").replace("ids", "names");
    let run = smol.on("mend app.js", fenced(&without)).exit(1).file("app.js", app);
    run.says("it lost 'ids', which 'more.js' uses");
}

#[test]
fn who_breaks_the_contract_is_asked() {
    let smol = unfit().on("plan", PROMISED).on("mend math.js", fenced(&MATH.replace("add", "sum")));
    let run = smol.success().asked(5).file("app.js", APP).file("math.js", &MATH.replace("add", "sum"));
    run.says("mended math.js: 2 misfits");
}

#[test]
fn several_files_are_asked_at_once_and_each_stands_for_itself() {
    let smol = Smol::project(&["a.js", "b.js", "math.js"]).on("math.js", fenced(MATH));
    let smol = smol.on("a.js", fenced(APP)).on("b.js", fenced(APP));
    let smol = smol.on("mend a.js", fenced(MENDED)).on("mend b.js", fenced(APP));
    let run = smol.exit(1).asked(7).file("a.js", MENDED).file("b.js", APP);
    let run = run.says("mended a.js: 1 misfit").says("1 misfit mended, 1 misfit ·");
    assert!(!run.stderr().contains("misfit: generated/a.js"), "{}", run.stderr());
}

#[test]
fn while_a_file_is_missing_nothing_is_mended_that_may_fit_with_it() {
    let smol = mended().on("math.js", Answer::text("").fault(Fault::Status(400, "no".to_owned())));
    let run = smol.exit(1).asked(4).file("app.js", APP).says("misfit app.js").says("failed math.js");
    // What is missing is asked for, and then all of it fits, or is mended.
    let run = mended().within(run.dir).on("math.js", fenced(&MATH.replace("add", "sum"))).success();
    run.file("app.js", APP).says("no misfits in 3 files");
}

#[test]
fn in_an_existing_project_the_second_version_is_what_is_proposed() {
    let run = mended().on("app.js", fenced(MENDED)).success().asked(4);
    let app = APP.replace("1, 2", "3, 4");
    let smol = unfit().anew(run.dir).on("app.js", fenced(&app));
    let run = smol.on("mend app.js", fenced(&MENDED.replace("1, 2", "3, 4"))).arg("--diff").success().asked(5);
    let run = run.file("app.js", &MENDED.replace("1, 2", "3, 4")).prints("+console.log(add(3, 4));");
    assert!(!run.stdout().contains("sum"), "{}", run.stdout());
    run.again().args(["undo"]).success().file("app.js", MENDED);
}

#[test]
fn a_run_into_an_empty_directory_is_taken_back_as_a_whole() {
    let run = mended().success();
    let run = run.again().args(["undo"]).success();
    assert_eq!(files_below(&run.dir.path().join("generated")), Vec::<String>::new());
}

#[test]
fn on_a_terminal_nobody_is_asked_about_a_new_directory() {
    let run = on_a_terminal(mended(), "").file("app.js", MENDED);
    assert!(!run.stdout().contains("write this?") && run.stdout().contains("1 misfit mended"), "{}", run.stdout());
}

#[test]
fn a_persons_file_is_never_asked_for() {
    let run = mended().on("app.js", fenced(MENDED)).success();
    // They use what is not there, and changed a file of smol's so that it does not fit.
    let own = "import { minus } from './math.js';\n\nconsole.log(minus(2, 1));\n";
    let changed = MENDED.replace("add", "plus");
    let smol = run.again().write("generated/own.js", own).write("generated/app.js", &changed).spec("another project");
    let smol = smol.on("plan again", crate::smol::plan(&["app.js", "math.js", "new.js"]));
    let smol = smol.on("list", Answer::list(&["app.js", "math.js", "new.js"])).on("new.js", fenced("export {};\n"));
    let run = smol.arg("gen").arg("--yes").exit(1).file("own.js", own).file("app.js", &changed);
    let asked: Vec<String> = run.fake.asked().into_iter().map(|asked| asked.question).collect();
    assert!(!asked.iter().any(|question| question.starts_with("mend")), "{asked:?}");
    // What was there before the run and is not smol's is no misfit of the run.
    let run = run.says("misfit: generated/app.js");
    assert!(!run.stderr().contains("own.js"), "{}", run.stderr());
}

#[test]
fn what_a_person_relies_on_is_asked_of_the_file_that_took_it_away() {
    let run = mended().on("app.js", fenced(MENDED)).success();
    let own = "import { add } from './math.js';\n\nconsole.log(add(2, 1));\n";
    let math = MATH.replace("add", "plus");
    let smol = Smol::project(&["app.js", "math.js"]).anew(run.dir).write("generated/own.js", own);
    let smol = smol.on("app.js", fenced(&MENDED.replace("add", "plus"))).on("math.js", fenced(&math));
    let both = format!("{math}export const add = plus;\n");
    let run = smol.on("mend math.js", fenced(&both)).success().asked(5);
    run.file("own.js", own).file("math.js", &both).says("mended math.js: 1 misfit");
}

#[test]
fn a_single_file_and_a_plan_that_stands_are_checked_too() {
    let run = unfit().arg("--no-repair").exit(1);
    let run = mended().within(run.dir).args(["gen", "--file", "app.js"]).success().asked(2).file("app.js", MENDED);
    run.says("mended app.js: 1 misfit");
    let run = mended().arg("--plan-only").success();
    let run = mended().within(run.dir).args(["gen", "--from-plan"]).success().file("app.js", MENDED);
    run.says("mended app.js: 1 misfit");
}

#[test]
fn a_recorded_run_has_its_repairs_in_it() {
    let run = mended().args(["gen", "--record", "run.jsonl"]).success();
    let record = std::fs::read_to_string(run.dir.path().join("run.jsonl")).expect("is there");
    let replay = || Smol::new().spec("a project").write("r", &record).offline().args(["gen", "--replay", "r"]);
    replay().success().asked(0).file("app.js", MENDED).says("mended app.js");
    // One from before there were any still gives its files.
    let run = unfit().args(["gen", "--no-repair", "--record", "run.jsonl"]).exit(1);
    let record = std::fs::read_to_string(run.dir.path().join("run.jsonl")).expect("is there");
    let smol = Smol::new().spec("a project").write("r", &record).offline().args(["gen", "--replay", "r"]);
    smol.exit(1).asked(0).file("app.js", APP).says("its first version stays");
}

#[test]
fn a_limit_on_cost_holds_for_repairs_and_more_money_goes_on_from_there() {
    // Each file costs a bit more than a dollar, and a call is let go while two are left.
    let long = |text: &str| fenced(&format!("{text}{}", "// and so on\n".repeat(350)));
    let project = || {
        let smol = mended().config("[models.fake-1]\nprice = { input = 0.0, output = 1000.0 }\n");
        let smol = smol.on("app.js", long(APP)).on("math.js", long(MATH));
        smol.on("mend app.js", long(MENDED))
    };
    let run = project().arg("--plan-only").success().asked(2);
    let run = project().within(run.dir).arg("--max-cost=3.8").exit(4).asked(2).says("stopped at the limit on cost");
    let run = project().within(run.dir).arg("--max-cost=30").success().asked(1).says("mended app.js: 1 misfit");
    assert_eq!(run.requests("mend app.js").len(), 1);
}

#[test]
fn interrupted_while_it_mends_the_next_run_goes_on_with_that() {
    let slow = Answer::text(fenced(MENDED)).after(Duration::from_secs(30));
    let (dir, fake, child) = unfit().on("mend app.js", slow).spawn();
    while !fake.asked().iter().any(|asked| asked.question == "mend app.js") {
        std::thread::sleep(Duration::from_millis(10));
    }
    let interrupt = Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("runs");
    assert!(interrupt.success());
    let output = child.wait_with_output().expect("ends");
    assert_eq!(output.status.code(), Some(130), "{}", String::from_utf8_lossy(&output.stderr));
    let run = mended().within(dir).success().asked(1).file("app.js", MENDED).file("math.js", MATH);
    mended().within(run.dir).success().asked(0).says("nothing to do");
}
