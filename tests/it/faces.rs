//! What one sees: lines through a pipe, JSON for programs, moving lines on a terminal, silence on request.

use std::process::Command;

use serde_json::json;

use crate::{
    KEY,
    fake::{Answer, Fault},
    smol::{Smol, plan},
};

#[test]
fn through_a_pipe_come_plain_lines() {
    let run = Smol::project(&["src/a.js", "b.js"]).success();
    assert!(!run.stderr().contains(['\u{1b}', '\r']) && !run.stdout().contains('\u{1b}'));
    assert_eq!(
        run.stdout(),
        "generated/\n├── src/\n│   └── a.js  1 line\n├── b.js                    1 line\n└── shared_dependencies.md  11 lines\n"
    );
    run.says("smol · fake-1 → generated/").says("plan   the contract names 2 files").says("wrote  b.js  1 line");
}

#[test]
fn colour_on_request_also_through_a_pipe() {
    let run = Smol::project(&["a.js"]).arg("--color").arg("always").success();
    assert!(run.stderr().contains("\u{1b}[32mwrote"), "{}", run.stderr());
}

#[test]
fn json_is_one_event_a_line_and_the_last_carries_the_report() {
    let run = Smol::project(&["a.js", "b.js"])
        .on("b.js", Answer::text("").fault(Fault::Status(500, "oh".to_owned())))
        .arg("--json")
        .exit(1);
    let names: Vec<_> = run.events().iter().map(|event| event["event"].as_str().expect("a name").to_owned()).collect();
    assert_eq!(
        (names.first().map(String::as_str), names.last().map(String::as_str)),
        (Some("started"), Some("finished"))
    );
    for name in ["asked", "piece", "answered", "plan_ready", "list_ready", "written", "failed"] {
        assert!(names.iter().any(|found| found == name), "no {name} in {names:?}");
    }
    let report = run.report();
    assert_eq!(report["outcome"], "partial");
    assert_eq!(report["files"], json!(["a.js", "b.js"]));
    assert_eq!(
        report["written"],
        json!([{ "path": "shared_dependencies.md", "lines": 11 }, { "path": "a.js", "lines": 1 }])
    );
    assert_eq!(report["failed"][0]["path"], "b.js");
    assert_eq!(
        (&report["calls"], &report["usage"]["input"], &report["usage"]["cached"]),
        (&json!(3), &json!(3000), &json!(2700))
    );
    assert_eq!(report["usage"]["cost"], json!(null), "an unknown model has no known cost");
    assert_eq!(run.stderr(), "");
}

#[test]
fn json_has_a_report_also_when_nothing_came_of_it() {
    let run = Smol::project(&["a.js"])
        .on("plan", Answer::text("").fault(Fault::Status(500, "oh".to_owned())))
        .arg("--json")
        .exit(3);
    let report = run.report();
    assert_eq!(report["outcome"], "failed");
    assert!(report["error"].as_str().expect("an error").contains("status 500: oh"), "{report}");
}

#[test]
fn json_has_a_report_also_when_nothing_began() {
    let report = Smol::new().args(["gen", "--json"]).exit(2).report();
    assert_eq!(report["outcome"], "failed");
    assert!(report["error"].as_str().expect("an error").contains("could not read the spec 'prompt.md'"), "{report}");
}

#[test]
fn characters_that_steer_a_terminal_are_not_passed_on() {
    let nasty = "\u{1b}]0;owned\u{7}\u{1b}[2J";
    let body = serde_json::json!({ "error": { "message": nasty } }).to_string();
    let smol = Smol::project(&["a.js", "b.js"]).on("a.js", Answer::text("").fault(Fault::Status(400, body)));
    let run = smol
        .on("b.js", Answer::text(format!("I'm sorry, {nasty}")))
        .on("list", Answer::list(&["a.js", "b.js", &format!("{nasty}.js")]));
    let run = run.arg("-v").on("plan", format!("{nasty}\n{}", plan(&["a.js", "b.js"]))).exit(1);
    assert!(!run.stderr().contains(['\u{1b}', '\u{7}']) && !run.stdout().contains('\u{1b}'), "{:?}", run.stderr());
}

#[test]
fn quiet_says_nothing_but_errors() {
    let run = Smol::project(&["a.js"]).arg("-q").success();
    assert_eq!((run.stdout(), run.stderr()), (String::new(), String::new()));
    let run = Smol::project(&["a.js"])
        .on("a.js", Answer::text("").fault(Fault::Status(500, "oh".to_owned())))
        .arg("-q")
        .exit(1);
    assert_eq!(run.stdout(), "");
    assert!(run.stderr().starts_with("failed: a.js: "), "{}", run.stderr());
}

#[test]
fn verbose_shows_the_plan_and_the_calls() {
    Smol::project(&["a.js"]).arg("-v").success().says("It does what it should.").says("1,000 tokens in, 900 cached");
}

#[test]
fn the_cost_of_a_known_model_is_told() {
    Smol::project(&["a.js"]).arg("-m").arg("gpt-6-astra").success().says("$0.0");
    Smol::project(&["a.js"]).success().says("cost unknown");
}

#[test]
fn a_server_that_does_not_count_gets_an_estimate_and_no_cost() {
    let run = Smol::project(&["a.js"]).on("a.js", Answer::text("```\nx\n```\n").uncounted()).arg("--json").success();
    let report = run.report();
    assert!(report["usage"]["input"].as_u64().expect("a number") > 2000, "{report}");
    assert_eq!(report["usage"]["cost"], json!(null));
}

/// Runs the command on a terminal of its own, made by util-linux's `script`.
fn on_a_terminal(smol: Smol, environment: &[(&str, &str)]) -> String {
    let (dir, fake, mut child) = smol.args(["--version"]).spawn();
    child.wait().expect("ends");
    let command = format!("stty cols 80 rows 24; {} gen", env!("CARGO_BIN_EXE_smol"));
    let output = Command::new("script")
        .args(["-qfec", &command, "/dev/null"])
        .current_dir(dir.path())
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("TERM", "xterm-256color")
        .envs([("OPENAI_BASE_URL", fake.url.as_str()), ("OPENAI_API_KEY", KEY), ("SMOL_MODEL", "fake-1")])
        .envs(environment.iter().copied())
        .output()
        .expect("script is part of util-linux");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8(output.stdout).expect("the screen is text")
}

#[test]
fn a_terminal_shows_the_plan_as_it_comes_and_a_line_per_file() {
    let slow = |text: &str| Answer { per_token: std::time::Duration::from_millis(60), ..Answer::text(text) };
    let smol = || {
        Smol::project(&["src/a.js", "b.js"])
            .on("b.js", slow("```js\nlet a = 'a long line of text';\nlet b = 2;\n```\n"))
    };
    let screen = on_a_terminal(smol(), &[]);
    assert!(screen.contains("It does what it should."), "the plan is not on the screen:\n{screen}");
    assert!(screen.contains(" tokens  ") && screen.contains("b.js"), "no line for the file in flight:\n{screen}");
    assert!(screen.contains("tokens/s"), "no speed:\n{screen}");
    assert!(screen.contains("of 2 files"), "no total:\n{screen}");
    assert!(screen.contains("\u{1b}[32mwrote"), "no colour:\n{screen}");
    let plain = on_a_terminal(smol(), &[("NO_COLOR", "1")]);
    assert!(plain.contains("wrote  b.js"), "{plain}");
    let colours = plain.match_indices("\u{1b}[").filter(|(at, _)| {
        plain[at + 2..].split_once(|c: char| c.is_alphabetic()).is_some_and(|(number, rest)| {
            plain.as_bytes()[at + 2 + number.len()] == b'm' && number != "0" && !number.is_empty() && !rest.is_empty()
        })
    });
    assert_eq!(colours.count(), 0, "{plain:?}");
}

#[test]
fn a_reader_that_goes_away_stops_nothing() {
    let (dir, _fake, mut child) = Smol::project(&["a.js"]).on("plan", plan(&["a.js"])).arg("--json").spawn();
    drop(child.stdout.take());
    drop(child.stderr.take());
    assert_eq!(child.wait().expect("ends").code(), Some(0));
    assert!(dir.path().join("generated/a.js").exists());
}

#[test]
fn wrong_usage_ends_with_2() {
    Smol::new().args(["gen", "--jobs", "0"]).exit(2);
    Smol::new().args(["gen", "x", "--plan-only", "--from-plan"]).exit(2);
    Smol::new().args(["gen", "x", "--file", "../y"]).exit(2).says("leaves the output directory");
    Smol::new().args(["nonsense"]).exit(2);
}
