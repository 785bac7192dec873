//! `smol gen`: the pipeline from the spec to files on disk.

use std::time::Duration;

use serde_json::json;

use crate::{
    fake::{Answer, Fault},
    smol::{Smol, plan},
};

#[test]
fn a_spec_becomes_files() {
    Smol::project(&["index.html", "src/main.js"])
        .success()
        .file("index.html", "index.html\n")
        .file("src/main.js", "src/main.js\n")
        .file("shared_dependencies.md", &plan(&["index.html", "src/main.js"]))
        .asked(4)
        .prints("main.js")
        .says("done: 3 files written");
}

#[test]
fn the_trunk_is_the_same_bytes_in_every_call() {
    let run = Smol::project(&["a.js", "b.js", "c.js"]).success();
    let prefix = |body: &str, messages: usize| {
        let cut = body.match_indices("{\"role\":").nth(messages).expect(body).0;
        body[..cut].trim_end_matches(',').to_owned()
    };
    let asked = run.fake.asked();
    let trunk = prefix(&asked.last().expect("some").body, 3);
    for asked in &asked {
        match asked.question.as_str() {
            "plan" => assert!(trunk.starts_with(asked.body.split("],\"stream\"").next().expect("a body"))),
            _ => assert_eq!(prefix(&asked.body, 3), trunk, "{}", asked.question),
        }
    }
    let roles = |asked: &crate::fake::Asked| asked.messages().into_iter().map(|(role, _)| role).collect::<Vec<_>>();
    assert_eq!(roles(&run.requests("a.js")[0]), ["system", "user", "assistant", "user"]);
    assert_eq!(run.requests("a.js")[0].messages()[1].1, "a project");
    assert_eq!(run.requests("a.js")[0].messages()[2].1, plan(&["a.js", "b.js", "c.js"]));
}

#[test]
fn the_list_is_a_forced_call_with_a_strict_schema() {
    let run = Smol::project(&["a.js"]).success();
    let body = run.requests("list")[0].json();
    assert_eq!(body["tool_choice"], json!({ "type": "function", "function": { "name": "list_files" } }));
    assert_eq!(body["tools"][0]["function"]["strict"], true);
    assert_eq!(body["tools"][0]["function"]["parameters"]["additionalProperties"], false);
    for question in ["plan", "a.js"] {
        let body = run.requests(question)[0].json();
        assert_eq!((&body["tools"], &body["stream"]), (&json!(null), &json!(true)), "{question}");
    }
}

#[test]
fn the_list_is_the_authority() {
    Smol::project(&["a.js", "gone.js"])
        .on("list", Answer::list(&["a.js", "new.js"]).after(Duration::from_millis(200)))
        .on("new.js", "new\n")
        .success()
        .file("a.js", "a.js\n")
        .file("new.js", "new\n")
        .no_file("gone.js")
        .says("gone.js is not in the file list")
        .asked(5);
}

#[test]
fn a_file_that_a_late_list_does_not_confirm_is_cut_short() {
    let started = std::time::Instant::now();
    let run = Smol::project(&["a.js", "gone.js"])
        .on("list", Answer::list(&["a.js"]).after(Duration::from_millis(300)))
        .on("gone.js", Answer::text("x".repeat(4000)).after(Duration::from_secs(20)))
        .success()
        .no_file("gone.js");
    assert_eq!(run.files(), ["a.js", "shared_dependencies.md"]);
    assert!(started.elapsed() < Duration::from_secs(10), "it waited for an answer that nobody wants");
}

#[test]
fn branches_start_beside_the_list() {
    let run = Smol::project(&["a.js"]).on("list", Answer::list(&["a.js"]).after(Duration::from_millis(1500))).success();
    let at = |question: &str| run.requests(question)[0].at;
    assert!(at("a.js") < at("list") + Duration::from_millis(1300), "the file waited for the list");
}

#[test]
fn a_plan_without_a_contract_lets_the_list_lead() {
    Smol::project(&["a.js"])
        .on("plan", "# Just words\n")
        .success()
        .file("a.js", "a.js\n")
        .says("without a contract")
        .asked(3);
}

#[test]
fn the_list_as_text_when_the_server_refuses_the_forced_call() {
    let refused = Answer::text("")
        .fault(Fault::Status(400, r#"{"error":{"message":"Invalid tool_choice type: 'object'"}}"#.to_owned()));
    Smol::project(&["a.js"])
        .on("list", refused)
        .then("list", "Here you are:\n\n- `a.js`: the program\n")
        .success()
        .file("a.js", "a.js\n")
        .says("Invalid tool_choice")
        .asked(4);
}

#[test]
fn without_any_list_the_plan_leads() {
    let refused = Answer::text("").fault(Fault::Status(500, "oh".to_owned()));
    Smol::project(&["a.js"]).on("list", refused).success().file("a.js", "a.js\n").says("the plan's own is taken");
}

#[test]
fn the_first_branch_goes_ahead_until_its_first_token() {
    let files = ["a.js", "b.js", "c.js"];
    let slow = || Answer::text("```\nx\n```\n").after(Duration::from_millis(1000));
    let long_plan = format!("{}\n{}", plan(&files), "Words. ".repeat(600));
    let with = |plan: String| {
        let smol = Smol::project(&files).on("plan", plan).arg("-j").arg("16");
        let smol = files.iter().fold(smol, |smol, file| smol.on(file, slow()));
        let asked = smol.success().fake.asked();
        let mut branches: Vec<_> = asked.into_iter().filter(|asked| files.contains(&asked.question.as_str())).collect();
        branches.sort_by_key(|asked| asked.at);
        branches
    };
    let branches = with(long_plan);
    let first_token = branches[0].first_token.expect("it answered");
    assert!(branches[1..].iter().all(|follower| follower.at >= first_token), "a follower did not wait");
    let branches = with(plan(&files));
    let tokens = branches[0].first_token.expect("it answered");
    assert!(
        branches[1..].iter().all(|other| other.at < tokens),
        "nobody has to wait for a trunk too short to be cached"
    );
}

#[test]
fn a_service_with_a_cache_has_the_whole_trunk_of_every_file_but_the_first() {
    let files = ["a.js", "b.js", "c.js", "d.js"];
    let long_plan = format!("{}\n{}", plan(&files), "Words. ".repeat(2000));
    let slow = || Answer::text("```\nx\n```\n").after(Duration::from_millis(300));
    let smol = Smol::project(&files).on("plan", long_plan.clone());
    let run = files.iter().fold(smol, |smol, file| smol.on(file, slow())).success();
    let mut asked = run.fake.asked();
    asked.retain(|asked| files.contains(&asked.question.as_str()));
    asked.sort_by_key(|asked| asked.at);
    for follower in &asked[1..] {
        // What is left is the last block of the trunk and the question itself.
        assert!(follower.cached + 400 > follower.prompt, "{} of {}", follower.cached, follower.prompt);
        assert!(follower.cached > long_plan.len() / 4, "the plan is cached, too");
    }
}

#[test]
fn jobs_bound_the_files_in_flight() {
    let files = ["a.js", "b.js", "c.js", "d.js"];
    let slow = |file: &str| Answer::text(format!("```\n{file}\n```\n")).after(Duration::from_millis(150));
    let smol = files.iter().fold(Smol::project(&files).arg("-j").arg("1"), |smol, file| smol.on(file, slow(file)));
    let run = smol.success();
    let mut branches: Vec<_> = run.fake.asked().into_iter().filter(|asked| asked.question.ends_with(".js")).collect();
    branches.sort_by_key(|asked| asked.at);
    for pair in branches.windows(2) {
        assert!(pair[1].at >= pair[0].first_token.expect("it answered"), "two files were in flight");
    }
}

#[test]
fn plan_only_stops_and_from_plan_goes_on_from_the_edited_plan() {
    let run = Smol::project(&["a.js"]).arg("--plan-only").success().asked(2).no_file("a.js").says("--from-plan");
    assert_eq!(run.files(), ["shared_dependencies.md"]);
    let edited = plan(&["b.js"]);
    let run = run
        .again()
        .write("generated/shared_dependencies.md", &edited)
        .on("list", Answer::list(&["b.js"]))
        .on("b.js", "b\n")
        .args(["gen", "--from-plan"])
        .success()
        .asked(2)
        .file("b.js", "b\n")
        .file("shared_dependencies.md", &edited);
    assert_eq!(run.requests("b.js")[0].messages()[2].1, edited);
}

#[test]
fn from_plan_without_a_plan_says_where_it_looked() {
    Smol::new()
        .spec("x")
        .args(["gen", "--from-plan"])
        .exit(1)
        .says("no plan 'shared_dependencies.md' in 'generated'")
        .asked(0);
}

#[test]
fn one_file_again_sees_what_is_on_disk() {
    let contract = "# P\n\n```yaml contract\nfiles:\n  - path: a.js\n    uses: [{ path: b.js, names: [f] }]\n  - path: b.js\n```\n";
    let run = Smol::project(&["a.js", "b.js"])
        .on("plan", contract)
        .on("b.js", "```js\n/** Really this. */\nexport function f(one, two) {\n  return one;\n}\n```\n")
        .success();
    let run =
        run.again().on("a.js", "new\n").args(["gen", "--file", "./a.js"]).success().asked(1).file("a.js", "new\n");
    let last = run.requests("a.js")[0].messages()[3].1.clone();
    assert!(last.contains("/** Really this. */\nexport function f(one, two)\n"), "{last}");
    assert!(!last.contains("return one"), "{last}");
    assert!(last.contains("```\na.js\n```"), "its present text is missing: {last}");
    assert!(last.ends_with("The file to write is `a.js`."), "{last}");
}

#[test]
fn a_file_that_the_plan_does_not_know_is_a_new_file() {
    let run = Smol::project(&["a.js"]).success();
    run.again()
        .on("docs/new.md", "# New\n")
        .args(["gen", "--file", "docs/new.md"])
        .success()
        .file("docs/new.md", "# New\n")
        .file("a.js", "a.js\n")
        .asked(1);
}

#[test]
fn the_spec_from_text_file_and_stdin() {
    let sent = |smol: Smol| smol.on("plan", plan(&["a"])).on("list", Answer::list(&["a"])).on("a", "a\n").success();
    let spec = |run: &crate::smol::Run| run.requests("plan")[0].messages()[1].1.clone();
    assert_eq!(spec(&sent(Smol::new().args(["gen", "make a pong"]))), "make a pong");
    assert_eq!(spec(&sent(Smol::new().write("x/p.md", "from a file").args(["gen", "x/p.md"]))), "from a file");
    assert_eq!(spec(&sent(Smol::new().write("p.md", "a flag").args(["gen", "--prompt", "p.md"]))), "a flag");
    assert_eq!(spec(&sent(Smol::new().stdin("from stdin").args(["gen", "-"]))), "from stdin");
    assert_eq!(spec(&sent(Smol::new().spec("the default").args(["gen"]))), "the default");
}

#[test]
fn a_spec_that_is_not_there_or_not_text() {
    Smol::new().args(["gen"]).exit(2).says("could not read the spec 'prompt.md'").asked(0);
    Smol::new().args(["gen", "no.md"]).exit(2).says("could not read the spec 'no.md'").asked(0);
    Smol::new().write("p.md", [0xff, 0xfe, 0x00]).args(["gen", "p.md"]).exit(2).says("not text in UTF-8");
    Smol::new().spec(" \n").args(["gen"]).exit(2).says("the spec is empty");
    Smol::new().write("spec.txt", "x").args(["gen", "spec.txt"]).exit(2).says("'spec.txt' is a file");
}

#[test]
fn prompts_can_be_replaced_by_name() {
    let run = Smol::project(&["a.js"])
        .write("words/file.md", "Mine. The file to write is `{{ path }}`.")
        .arg("--prompts")
        .arg("words")
        .success();
    assert_eq!(run.requests("a.js")[0].messages()[3].1, "Mine. The file to write is `a.js`.");
    Smol::project(&["a.js"])
        .write("words/fiel.md", "x")
        .args(["gen", "--prompts", "words"])
        .exit(2)
        .says("no prompt named 'fiel'");
}

#[test]
fn the_next_step_is_a_command_that_can_be_pasted() {
    let failing = || Answer::text("").fault(Fault::Status(400, "no".to_owned()));
    let smol = Smol::project(&["a b.js", "-x.js", "ok.js"]).on("a b.js", failing()).on("-x.js", failing());
    let run = smol.write("my spec.md", "x").args(["gen", "my spec.md", "-o", "out dir"]).exit(1);
    run.says("smol gen 'my spec.md' -o 'out dir'").says("--file='a b.js'").says("--file=./-x.js");
}

#[test]
fn refused_paths_of_the_command_line_are_told() {
    let run = Smol::project(&["a.js"]).success();
    run.again()
        .on("a.js", "new\n")
        .args(["gen", "--file", "a.js", "--file", "A.js"])
        .exit(1)
        .says("'A.js' is the same file");
}
