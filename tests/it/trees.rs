//! A plan in modules: each is planned by itself, and its files start when its own contract is there.

use std::time::Duration;

use serde_json::json;

use crate::{
    fake::{Answer, Fault},
    smol::{Run, Smol, plan},
};

const TRUNK: &str = r#"# Shop

Prices are cents.

## Modules

```yaml modules
modules:
  - name: store
    directory: src/store
    purpose: keeps items
    files: 2
    interface:
      - path: src/store/items.js
        exports:
          - { name: allItems, kind: function, signature: "allItems(): Item[]", meaning: "every item" }
  - name: page
    purpose: shows them
    files: 2
    uses:
      - { path: src/store/items.js, names: [allItems] }
```
"#;
const STORE: [&str; 2] = ["src/store/items.js", "src/store/db.js"];
const PAGE: [&str; 2] = ["page.js", "index.html"];

fn store() -> String {
    contract(
        "- { path: src/store/items.js, exports: [{ name: allItems, kind: function, signature: \"allItems(): Item[]\", meaning: \"every item\" }] }\n- { path: src/store/db.js }\n",
    )
}

/// The page's contract, with this name in use.
fn page(name: &str) -> String {
    contract(&format!(
        "- path: page.js\n  uses:\n  - {{ path: src/store/items.js, names: [{name}] }}\n- path: index.html\n"
    ))
}

fn contract(files: &str) -> String {
    format!("```yaml contract\nfiles:\n{files}```\n")
}

fn shop() -> Smol {
    let smol = Smol::new().spec("a shop").on("plan", TRUNK).args(["gen", "--plan=tree"]);
    let smol = smol.on("module store", store()).on("module page", page("allItems"));
    STORE.iter().chain(&PAGE).fold(smol, |smol, file| smol.on(file, format!("```\n{}```\n", text(file))))
}

/// What is in a file: what its contract promises.
fn text(file: &str) -> String {
    match file {
        "src/store/items.js" => "export function allItems() {\n  return [];\n}\n".to_owned(),
        _ => format!("{file}\n"),
    }
}

/// A spec that is long enough for a project to be planned in modules.
fn long_spec() -> String {
    "The shop sells tea. ".repeat(800)
}

fn questions(run: &Run) -> Vec<String> {
    run.fake.asked().into_iter().map(|asked| asked.question).collect()
}

fn last_message(run: &Run, question: &str) -> String {
    run.requests(question)[0].messages().pop().expect("there is one").1
}

#[test]
fn modules_become_files_and_one_plan_which_the_next_commands_go_by() {
    let run = shop().success().asked(7).says("planned in 2 modules").says("done: 5 files written");
    let joined = run.read("shared_dependencies.md").expect("is there");
    assert!(
        joined.starts_with("# Shop\n\nPrices are cents.") && joined.contains("### store (`src/store`)"),
        "{joined}"
    );
    assert!(!joined.contains("yaml modules"), "{joined}");
    assert_eq!(joined.matches("```yaml contract").count(), 1);
    for file in STORE.iter().chain(&PAGE) {
        assert!(joined.contains(&format!("- path: {file}\n")), "{joined}");
        assert_eq!(run.read(file), Some(text(file)));
    }
    let run = shop().within(run.dir).success().asked(0).says("nothing to do");
    let run = Smol::new().within(run.dir).args(["gen"]).success().asked(0).says("nothing to do");
    let again = run.again().on("page.js", "new\n").args(["gen", "--file=page.js"]).success().asked(1);
    assert_eq!(again.requests("page.js")[0].messages()[2].1, joined);
    let edited = joined.replace("- path: index.html\n", "- path: index.html\n  purpose: other\n");
    let run = again.again().write("generated/shared_dependencies.md", edited).on("index.html", "other\n");
    run.args(["gen"]).success().asked(1).file("index.html", "other\n");
}

#[test]
fn a_file_starts_when_the_contract_of_its_own_module_is_there() {
    let run = shop().on("module page", Answer::text(page("allItems")).after(Duration::from_secs(2))).success();
    let contract_came = run.requests("module page")[0].first_token.expect("it came");
    for file in STORE {
        assert!(run.requests(file)[0].at < contract_came, "{file} waited for the contract of another module");
    }
    for file in PAGE {
        assert!(run.requests(file)[0].at > contract_came, "{file} did not wait for its own contract");
    }
}

#[test]
fn contracts_share_the_trunk_and_files_their_module() {
    let run = shop().success();
    let messages = |question: &str| run.requests(question)[0].messages();
    assert_eq!(messages("module store")[..3], messages("module page")[..3]);
    assert_eq!(messages("module store")[2].1, TRUNK);
    assert_eq!(messages("page.js")[..3], messages("index.html")[..3]);
    assert_eq!(messages("page.js")[..2], messages("module store")[..2]);
    assert_ne!(messages("page.js")[2], messages("src/store/db.js")[2]);
    for file in STORE.iter().chain(&PAGE) {
        assert!(messages(file)[2].1.starts_with(TRUNK.trim_end()), "{file}");
    }
    assert!(messages("page.js")[2].1.contains("- path: page.js") && !messages("page.js")[2].1.contains("db.js"));
}

#[test]
fn the_first_file_of_a_module_warms_the_cache_for_the_others() {
    let slow = |file: &str| Answer::text(format!("```\n{}```\n", text(file))).after(Duration::from_millis(800));
    let smol = shop().on("plan", format!("{}\n{TRUNK}", "Words. ".repeat(600)));
    let smol = STORE.iter().chain(&PAGE).fold(smol, |smol, file| smol.on(file, slow(file)));
    let run = smol.arg("-j16").success();
    for files in [STORE, PAGE] {
        let mut asked = files.map(|file| run.requests(file)[0].clone());
        asked.sort_by_key(|asked| asked.at);
        assert!(asked[1].at >= asked[0].first_token.expect("it answered"), "a follower did not wait");
    }
}

#[test]
fn a_clash_is_settled_by_one_question_before_the_files_start() {
    let block = "<<<<<<< SEARCH\n  - { path: src/store/items.js, names: [addItem] }\n=======\n  - { path: src/store/items.js, names: [allItems] }\n>>>>>>> REPLACE\n";
    let run = shop().on("module page", page("addItem")).on("clash page", block).success().asked(8);
    let asked = last_message(&run, "clash page");
    assert!(asked.contains("`page.js` uses `addItem` of `src/store/items.js`, which no interface promises"), "{asked}");
    let trunk = run.requests("page.js")[0].messages()[2].1.clone();
    assert!(trunk.contains("allItems") && !trunk.contains("addItem"), "{trunk}");
    let joined = run.read("shared_dependencies.md").expect("is there");
    assert!(!joined.contains("addItem"), "{joined}");
    shop().within(run.dir).success().asked(0);
}

#[test]
fn a_file_of_two_modules_belongs_to_the_first_and_who_insists_is_overruled() {
    let both = contract("- path: page.js\n- path: index.html\n- path: src/store/db.js\n");
    let late = Answer::text(both.clone()).after(Duration::from_millis(700));
    let run = shop().on("module page", late).on("clash page", both).success().asked(8);
    let run = run.says("still clashes").says("the file `src/store/db.js` belongs to the module `store`");
    assert_eq!(run.requests("src/store/db.js").len(), 1);
    assert_eq!(run.read("shared_dependencies.md").expect("is there").matches("- path: src/store/db.js").count(), 1);
}

#[test]
fn what_a_clash_cannot_be_settled_about_gives_way() {
    let refused = Answer::text("").fault(Fault::Status(400, "no".to_owned()));
    let run = shop().on("module page", page("addItem")).on("clash page", refused).success();
    run.says("could not be settled").file("page.js", "page.js\n");
}

#[test]
fn a_module_that_fails_takes_only_its_files_along_and_the_same_command_goes_on() {
    let refused = Answer::text("").fault(Fault::Status(400, "no such luck".to_owned()));
    let run = shop().on("module page", refused).arg("--json").exit(1).asked(5).no_file("page.js");
    let report = run.report();
    assert_eq!((&report["outcome"], &report["failed"]), (&json!("partial"), &json!([])));
    assert_eq!(report["failed_modules"][0]["module"], "page");
    for file in STORE {
        assert_eq!(run.read(file), Some(text(file)));
    }
    let run = shop().within(run.dir).success().says("goes on, and takes");
    let mut asked = questions(&run);
    asked.sort();
    assert_eq!(asked, ["index.html", "module page", "page.js"]);
    assert_eq!(run.files().len(), 5);
    shop().within(run.dir).success().asked(0).says("nothing to do");
}

#[test]
fn a_contract_that_cannot_be_read_is_asked_for_once_more() {
    let run = shop().on("module page", "I would rather not.").then("module page", page("allItems")).success();
    assert_eq!(run.requests("module page").len(), 2);
    let run = shop().on("module page", "I would rather not.").exit(1).says("the module 'page'").no_file("page.js");
    assert_eq!(run.requests("module page").len(), 2);
}

#[test]
fn without_any_contract_there_is_no_plan() {
    let refused = || Answer::text("").fault(Fault::Status(400, "no".to_owned()));
    let run = shop().on("module page", refused()).on("module store", refused()).exit(3).asked(3);
    assert_eq!(run.says("no module has a contract").files(), [""; 0]);
}

#[test]
fn a_short_spec_is_planned_at_once_and_nothing_is_said_of_modules() {
    let run = Smol::project(&["a.js"]).success();
    assert_eq!(run.requests("plan")[0].messages()[1].1, "a project");
    // A model that answers so unasked has given no plan with a contract, and the list leads.
    let run = shop().args(["gen"]).on("list", Answer::list(&["page.js"])).success().asked(3);
    run.file("shared_dependencies.md", TRUNK);
}

#[test]
fn of_a_long_spec_the_model_says_how_it_is_planned() {
    let run = shop().spec(&long_spec()).args(["gen"]).success().asked(7);
    let asked = last_message(&run, "plan");
    assert!(asked.starts_with(&long_spec()) && asked.contains("needs 40 files or fewer"), "{asked}");
    assert_eq!(run.requests("page.js")[0].messages()[1].1, long_spec(), "the files are not told of modules");
    let forced = last_message(&shop().success(), "plan");
    assert!(!forced.contains("or fewer") && forced.contains("This project is planned in modules."), "{forced}");
    // The plan is paid for once, whichever it is.
    let run = Smol::project(&["a.js"]).spec(&long_spec()).success().asked(3).file("a.js", "a.js\n");
    assert_eq!(run.read("shared_dependencies.md"), Some(plan(&["a.js"])));
}

#[test]
fn a_flat_plan_can_be_had_of_any_spec_and_is_asked_for_when_the_trunk_cannot_be_read() {
    let run = Smol::project(&["a.js"]).spec(&long_spec()).arg("--plan=flat").success();
    assert_eq!(last_message(&run, "plan"), long_spec());
    let broken = "# Shop\n\n```yaml modules\nmodules: [\n```\n";
    let smol = Smol::project(&["a.js"]).spec(&long_spec()).on("plan", broken).then("plan", broken);
    let run = smol.then("plan", plan(&["a.js"])).success().says("it is planned at once").file("a.js", "a.js\n");
    assert_eq!(run.requests("plan")[2].messages().last().expect("some").1, long_spec());
}

#[test]
fn plan_only_stops_when_the_contracts_are_joined() {
    let run = shop().arg("--plan-only").success().asked(3);
    assert_eq!(run.files(), ["shared_dependencies.md"]);
    let run = shop().within(run.dir).args(["gen"]).success().asked(4);
    assert_eq!(run.files().len(), 5);
}

#[test]
fn what_is_to_be_asked_is_shown_as_it_would_be_sent() {
    let shown = shop().arg("--dry-run").success().asked(0).stdout();
    assert!(shown.contains("This project is planned in modules."), "{shown}");
}

#[test]
fn a_run_that_was_cut_goes_on_and_pays_for_nothing_twice() {
    let never = || Answer::text("never\n").after(Duration::from_secs(120));
    let (dir, fake, mut child) = shop().on("module page", never()).on("src/store/db.js", never()).spawn();
    let start = std::time::Instant::now();
    let is_far = || {
        let is_asked = fake.asked().iter().any(|asked| asked.question == "src/store/db.js");
        is_asked && dir.path().join("generated/src/store/items.js").exists()
    };
    while !is_far() {
        assert!(start.elapsed() < Duration::from_secs(60), "it does not get there");
        std::thread::sleep(Duration::from_millis(10));
    }
    let sent = std::process::Command::new("kill").arg("-INT").arg(child.id().to_string()).status();
    assert!(sent.expect("kill is there").success());
    assert_eq!(child.wait().expect("ends").code(), Some(130));
    let run = shop().within(dir).success().says("goes on, and takes");
    let mut asked = questions(&run);
    asked.sort();
    assert_eq!(asked, ["index.html", "module page", "page.js", "src/store/db.js"]);
    assert_eq!(run.files().len(), 5);
    shop().within(run.dir).success().asked(0);
}

#[test]
fn the_limit_on_cost_holds_for_contracts_too_and_a_higher_one_goes_on() {
    let priced = |limit: &str| {
        let price = "[models.fake-1]\nprice = { input = 0.0, output = 1000.0 }\n";
        shop().config(price).arg("-j1").arg(format!("--max-cost={limit}"))
    };
    let first = priced("2.15").exit(4).says("stopped at the limit on cost");
    let paid = questions(&first);
    assert!(paid.contains(&"plan".to_owned()) && paid.len() < 7, "{paid:?}");
    let second = priced("30").within(first.dir).success();
    let again = questions(&second);
    assert!(again.iter().all(|question| !paid.contains(question)), "{paid:?} then {again:?}");
    assert_eq!(paid.len() + again.len(), 7);
    assert_eq!(second.files().len(), 5);
}
