//! What a provider can do wrong, and what becomes of the files.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use crate::{
    KEY,
    fake::{Answer, Fault},
    faults::{self, Scale},
    smol::{Run, Smol},
};

const FILES: [&str; 3] = ["good.js", "bad.js", "also.js"];

/// A project in which one file gets this answer; the others land all the same.
#[track_caller]
fn one_file(answer: Answer, code: i32) -> Run {
    Smol::project(&FILES).on("bad.js", answer).exit(code).file("good.js", "good.js\n").file("also.js", "also.js\n")
}

fn long() -> Answer {
    Answer::text("```js\nlet a = 'a line that is long enough';\n```\n")
}

/// An error in the stream after so many tokens, in which the server repeats the key.
fn fire(after: usize) -> Fault {
    Fault::ErrorEvent(after, format!(r#"{{"error":{{"message":"the engine caught fire over {KEY}","code":500}}}}"#))
}

/// The file is not there, and the report names it and the reason.
#[track_caller]
fn fails(answer: Answer, why: &str) -> Run {
    one_file(answer, 1).no_file("bad.js").says("failed bad.js:").says(why).says(" --file=bad.js")
}

#[test]
fn an_answer_cut_by_the_limit_on_length() {
    fails(long().finish(Some("length")), "cut at the model's limit");
}

#[test]
fn a_stream_without_its_end_mark() {
    fails(long().fault(Fault::Close(5)), "without its end mark");
    fails(long().finish(None), "without its end mark");
}

#[test]
fn a_reset_connection() {
    fails(long().fault(Fault::Reset(5)), "the answer broke off");
}

#[test]
fn an_error_event_in_the_stream() {
    fails(long().fault(fire(5)), "the engine caught fire");
}

#[test]
fn an_empty_answer_is_asked_for_once_more() {
    fails(Answer::text(""), "empty").asked(6);
    let run =
        Smol::project(&FILES).on("bad.js", "").then("bad.js", "```\nright\n```\n").success().file("bad.js", "right\n");
    run.says("again").asked(6);
}

#[test]
fn a_refusal() {
    fails(Answer::text("I'm sorry, but I can't help with that."), "declines");
    fails(long().finish(Some("content_filter")), "content filter");
}

#[test]
fn a_complaint_goes_back_with_the_answer() {
    let run = Smol::project(&["bad.js"])
        .on("bad.js", "I'm sorry, but I can't help with that.")
        .then("bad.js", "```\nright\n```\n")
        .success()
        .file("bad.js", "right\n");
    let messages = run.requests("bad.js")[1].messages();
    assert_eq!(messages.len(), 6);
    assert_eq!(messages[4].1, "I'm sorry, but I can't help with that.");
    assert!(messages[5].1.contains("could not be used: it declines"), "{}", messages[5].1);
}

#[test]
fn status_codes_with_any_body() {
    for body in [
        r#"{"error":{"message":"no room","code":503}}"#,
        r#"{"detail":"no room"}"#,
        r#"{"error":"no room"}"#,
        "no room",
    ] {
        fails(Answer::text("").fault(Fault::Status(503, body.to_owned())), "status 503: no room");
    }
    fails(Answer::text("").fault(Fault::Status(502, "<html>x</html>".to_owned())), "a web page instead of an answer");
    fails(Answer::text("").fault(Fault::Status(500, String::new())), "no reason given");
}

#[test]
fn chunks_with_empty_choices() {
    one_file(long().fault(Fault::EmptyChoices), 0).file("bad.js", "let a = 'a line that is long enough';\n");
}

#[test]
fn a_whole_body_instead_of_a_stream() {
    one_file(long().fault(Fault::WholeBody), 0).file("bad.js", "let a = 'a line that is long enough';\n");
}

#[test]
fn characters_split_between_packets() {
    let text = "let ä = '日本語 🎈';\r\n";
    one_file(Answer::text(format!("```js\n{text}```\n")).fault(Fault::ByteByByte), 0).file("bad.js", text);
}

#[test]
fn a_late_answer() {
    one_file(long().after(Duration::from_millis(400)), 0).file("bad.js", "let a = 'a line that is long enough';\n");
}

#[test]
fn fences_and_prose_around_the_file() {
    let text = "console.log('$&', '::', '</tool_call>');\n\tlast";
    for (open, close) in [("```js\n", "\n```"), ("Here:\n~~~\n", "\n~~~\nDone."), ("```c++\n", "\n```\n\n"), ("", "\n")]
    {
        one_file(Answer::text(format!("{open}{text}{close}")), 0).file("bad.js", &format!("{text}\n"));
    }
}

#[test]
fn of_several_blocks_the_largest_is_taken_and_it_is_said() {
    one_file(Answer::text("```sh\nnpm i\n```\n```js\nlet a = 1;\n```\n"), 0)
        .file("bad.js", "let a = 1;\n")
        .says("2 code blocks");
}

#[test]
fn paths_that_lead_out_are_refused_by_name() {
    let outside = std::env::temp_dir().join("smol-must-not-write-here");
    let paths =
        ["ok.js", outside.to_str().expect("is text"), "../up.js", "C:\\x.js", ".git/config", ".smol/manifest.json"];
    let run = Smol::project(&["ok.js"]).on("list", Answer::list(&paths)).exit(1).file("ok.js", "ok.js\n").asked(3);
    for path in &paths[1..] {
        assert!(run.stderr().contains(&path.escape_debug().to_string()), "{path} is not in:\n{}", run.stderr());
    }
    assert_eq!(run.files(), ["ok.js", "shared_dependencies.md"]);
    assert!(!outside.exists() && !run.dir.path().join("up.js").exists());
}

#[test]
fn a_plan_that_names_paths_outside_starts_no_branch_for_them() {
    let run = Smol::project(&["ok.js", "../up.js", "/abs.js"]).on("list", Answer::list(&["ok.js"])).success().asked(3);
    assert_eq!(run.files(), ["ok.js", "shared_dependencies.md"]);
}

#[test]
fn the_same_path_twice_is_one_file() {
    Smol::project(&["a.js"])
        .on("list", Answer::list(&["a.js", "./a.js", "a.js", "x/"]))
        .success()
        .file("a.js", "a.js\n")
        .asked(3);
}

#[test]
fn names_that_collide_on_other_disks() {
    Smol::project(&["a.js"])
        .on("list", Answer::list(&["a.js", "A.js"]))
        .exit(1)
        .says("'A.js' is the same file as 'a.js'")
        .no_file("A.js");
}

#[test]
fn images_are_not_written_as_text() {
    Smol::project(&["a.js"])
        .on("list", Answer::list(&["a.js", "icon.png"]))
        .exit(1)
        .says("'icon.png' is not a text file")
        .no_file("icon.png");
}

#[test]
fn a_plan_that_fails_for_good_ends_the_run_and_writes_nothing() {
    let plan =
        |answer: Answer, code: i32| Smol::project(&["a.js"]).arg("--retries").arg("1").on("plan", answer).exit(code);
    let run = plan(Answer::text("").fault(Fault::Status(500, "oh".to_owned())), 3).says("could not get a plan");
    assert!(run.says("status 500").asked(2).files().is_empty());
    plan(long().fault(Fault::Close(3)), 3).says("without its end mark").asked(2);
    plan(long().fault(Fault::Reset(3)), 3).says("broke off").asked(2);
    plan(long().finish(Some("length")), 1).says("limit on length").asked(1);
}

/// The first answer to each question of the pipeline goes wrong, the second is right: so is the result.
#[track_caller]
fn passes(wrong: impl Fn() -> Answer) -> Run {
    let smol = Smol::project(&["a.js"]);
    let smol = smol.on("plan", wrong()).then("plan", crate::smol::plan(&["a.js"]));
    let smol = smol.on("list", wrong()).then("list", Answer::list(&["a.js"]));
    let run = smol.on("a.js", wrong()).then("a.js", "```\na.js\n```\n").success().file("a.js", "a.js\n");
    run.asked(6).says("3 tried again")
}

#[test]
fn what_passes_is_tried_again_for_plan_list_and_files_alike() {
    for status in [408, 409, 429, 500, 502, 503, 529] {
        passes(|| Answer::text("").fault(Fault::Status(status, "busy".to_owned()))).says("status");
    }
    passes(|| long().fault(Fault::Reset(0)));
    passes(|| long().fault(Fault::Close(3)));
    passes(|| long().fault(Fault::Close(0)));
    passes(|| long().fault(fire(3)));
}

#[test]
fn a_stall_costs_its_limit() {
    let stalled = |after: usize| move || long().fault(Fault::Stall(after));
    let limits = |smol: Smol| smol.arg("--first-token-timeout").arg("0.2").arg("--silence-timeout").arg("0.3");
    for (after, words) in [(0, "no first token for 0.2 s"), (4, "no token for 0.3 s")] {
        let started = std::time::Instant::now();
        let wrong = stalled(after);
        let smol = limits(Smol::project(&["a.js"])).on("a.js", wrong()).then("a.js", "```\na.js\n```\n");
        smol.success().file("a.js", "a.js\n").says(words);
        assert!(started.elapsed() < Duration::from_secs(5), "it took {:?}", started.elapsed());
    }
}

#[test]
fn the_service_says_how_long_to_wait() {
    for (header, value) in [("retry-after", "0.6"), ("retry-after-ms", "600")] {
        let busy = Answer::text("").fault(Fault::Headers(429, vec![(header, value.to_owned())]));
        let run =
            Smol::project(&["a.js"]).on("a.js", busy).then("a.js", "```\na.js\n```\n").success().file("a.js", "a.js\n");
        let asked = run.requests("a.js");
        let waited = asked[1].at - asked[0].at;
        assert!(waited >= Duration::from_millis(600) && waited < Duration::from_secs(3), "{waited:?}");
    }
    let absurd = Answer::text("").fault(Fault::Headers(429, vec![("retry-after", "86400".to_owned())]));
    Smol::project(&["a.js"]).on("a.js", absurd).exit(1).says("failed a.js").asked(3);
}

#[test]
fn a_small_account_finishes_a_big_project_without_a_wasted_call() {
    let files: Vec<String> = (0..30).map(|index| format!("file_{index}.js")).collect();
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    let started = std::time::Instant::now();
    let run = Smol::project(&files).limit(6.0, 20.0).success().asked(32);
    assert!(!run.stderr().contains("retry"), "{}", run.stderr());
    assert!(started.elapsed() >= Duration::from_secs(1), "30 requests at 20 a second take a second");
}

#[test]
fn what_does_not_pass_is_not_tried_again() {
    let quota = r#"{"error":{"message":"You exceeded your current quota","code":"insufficient_quota"}}"#;
    for (status, body, words) in [
        (401, "no", "refused the key"),
        (403, "no", "refused the key"),
        (402, "pay", "no credit"),
        (429, quota, "no credit"),
    ] {
        let answer = Answer::text("").fault(Fault::Status(status, body.to_owned()));
        Smol::project(&["a.js"]).on("plan", answer).exit(3).says(words).says("hint:").asked(1);
    }
    Smol::project(&["a.js"]).on("plan", Answer::text("").fault(Fault::Status(400, "bad".to_owned()))).exit(3).asked(1);
}

/// A file of numbered lines, long enough to be gone on from.
fn numbered(lines: std::ops::Range<usize>) -> String {
    lines.map(|line| format!("let variable_{line} = {line};\n")).collect()
}

#[test]
fn a_cut_by_the_limit_on_length_is_gone_on_from() {
    let first = Answer::text(format!("```js\n{}let vari", numbered(0..40))).finish(Some("length"));
    let second = Answer::text(numbered(40..80)).finish(Some("length"));
    let third = Answer::text(format!("{}```\n", numbered(80..90)));
    let run = Smol::project(&["a.js"]).on("a.js", first).then("a.js", second).then("a.js", third).success();
    let run = run.file("a.js", &numbered(0..90)).says("going on from what arrived").asked(5);
    let messages = run.requests("a.js")[1].messages();
    assert_eq!(messages[4].1, format!("```js\n{}", numbered(0..40)));
    assert!(messages[5].1.contains("let variable_39 = 39;\n```"), "{}", messages[5].1);
    assert_eq!(run.requests("a.js")[1].messages()[..4], run.requests("a.js")[0].messages()[..]);
}

#[test]
fn a_cut_stream_is_gone_on_from_and_the_seam_is_clean() {
    for fault in [Fault::Close(300), Fault::Reset(300), Fault::Stall(300)] {
        let whole = format!("```js\n{}```\n", numbered(0..90));
        // What has arrived by the cut decides where the model goes on; it repeats two lines and opens a fence again.
        let arrived: String = whole.chars().take(300 * 4).collect();
        let kept = arrived.lines().count() - 2;
        let rest = format!("```js\n{}```\n", numbered(kept - 2..90));
        let smol = Smol::project(&["a.js"]).arg("--silence-timeout").arg("0.3");
        let run = smol.on("a.js", Answer::text(whole).fault(fault)).then("a.js", rest).success();
        run.file("a.js", &numbered(0..90)).says("going on from what arrived");
    }
}

#[test]
fn an_answer_that_repeats_itself_is_stopped() {
    let endless = || Answer::text("and so on ".repeat(60_000));
    let run = Smol::project(&["a.js"]).arg("--retries").arg("1").on("a.js", endless()).exit(1).says("over and over");
    assert!(run.no_file("a.js").requests("a.js").len() <= 2);
}

#[test]
fn a_refused_key_ends_with_3_and_a_hint() {
    let body = format!(r#"{{"error":{{"message":"Incorrect API key provided: {KEY}"}}}}"#);
    let run = Smol::project(&["a.js"])
        .on("plan", Answer::text("").fault(Fault::Status(401, body)))
        .exit(3)
        .says("refused the key")
        .says("hint:");
    assert!(!run.stderr().contains(KEY), "{}", run.stderr());
}

#[test]
fn a_server_that_is_not_there_ends_with_3_and_a_hint() {
    Smol::project(&["a.js"])
        .env("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
        .exit(3)
        .says("could not reach 127.0.0.1:9")
        .says("hint:");
}

#[test]
fn an_address_that_is_none() {
    Smol::project(&["a.js"])
        .env("OPENAI_BASE_URL", "localhost:1234")
        .exit(2)
        .says("'localhost:1234' is not a web address");
}

#[test]
fn a_redirect_carries_the_key_nowhere() {
    let elsewhere = crate::fake::Fake::start([("plan".to_owned(), vec![Answer::text("# Plan\n")])].into(), None);
    let moved = Fault::Headers(307, vec![("location", format!("{}/chat/completions", elsewhere.url))]);
    Smol::project(&["a.js"]).on("plan", Answer::text("").fault(moved)).exit(3).says("status 307").asked(1);
    assert!(elsewhere.asked().is_empty(), "the request went on to another server");
}

#[test]
fn what_a_model_thinks_is_no_part_of_plan_or_file() {
    for think in ["<think>\nLet me see: ```js\nno\n```\n</think>\n\n", "Let me see.\n</think>\n\n"] {
        let plan = format!("{think}{}", crate::smol::plan(&["a.js"]));
        let list = Answer::text(format!(
            "{think}<tool_call>{{\"name\": \"list_files\", \"arguments\": {{\"paths\": [\"a.js\"]}}}}</tool_call>"
        ));
        let run =
            Smol::project(&["a.js"]).on("plan", plan).on("list", list).on("a.js", format!("{think}```\nyes\n```\n"));
        let run = run.success().file("a.js", "yes\n").file("shared_dependencies.md", &crate::smol::plan(&["a.js"]));
        let runs = std::fs::read_dir(run.dir.path().join("generated/.smol/runs")).expect("is there");
        let record = std::fs::read_to_string(runs.flatten().next().expect("one").path()).expect("reads");
        assert!(!record.contains("\"event\":\"thinking\""), "the record grows with every token");
    }
}

#[test]
fn a_key_that_a_server_repeats_is_not_passed_on() {
    let run = Smol::project(&["a.js"]).arg("--retries").arg("0").on("a.js", long().fault(fire(2))).exit(1);
    let run = run.says("the engine caught fire over [key]");
    assert!(!run.stderr().contains(KEY), "{}", run.stderr());
}

#[test]
fn a_refusal_by_its_own_field() {
    let refused = || Answer::text("I would rather not.").fault(Fault::Refusal);
    fails(refused(), "the model declined ('I would rather not.'), also when asked again");
    let run = Smol::project(&["a.js"]).on("a.js", refused()).arg("--json").exit(1);
    assert_eq!(run.report()["usage"]["input"], 4000, "a refusal is paid for like any answer");
    for refused in [refused(), long().finish(Some("content_filter"))] {
        let smol = Smol::project(&["a.js"]).on("a.js", refused).then("a.js", "```\na.js\n```\n").arg("--json");
        let run = smol.success().file("a.js", "a.js\n").asked(4);
        let asked = run.requests("a.js");
        assert_eq!(asked[0].messages(), asked[1].messages(), "it is asked as if for the first time");
        let report = run.report();
        assert_eq!(report["asked_again"], 1);
        assert!(report["wasted"].as_u64().is_some_and(|wasted| wasted > 0), "{report}");
    }
}

/// Lists of `a.js` and `b.js` that the limit on length cuts: as a call, as JSON in one line and in many.
fn cut_lists() -> Vec<Answer> {
    let lines = |count: usize| (0..count).map(|line| format!("  \"file_{line}.js\",\n")).collect::<String>();
    let answers = [
        Answer { as_call: true, ..Answer::text(r#"{"paths":["a.js","b"#) },
        Answer { as_call: true, ..Answer::text(r#"{"paths":["a.js""#) },
        Answer::text(r#"{"paths":["a.js","b"#),
        Answer::text(format!("{{\"paths\": [\n{}  \"b", lines(40))),
        Answer { as_call: true, ..Answer::text(format!("{{\"paths\": [\n{}", lines(40))) },
        Answer::text("- a.js\n- b"),
        Answer::text(""),
    ];
    answers.map(|answer| answer.finish(Some("length"))).into()
}

#[test]
fn a_list_cut_by_the_limit_on_length_is_asked_for_again() {
    for cut in cut_lists() {
        let smol = Smol::project(&["a.js"]).on("b.js", "```\nb.js\n```\n").on("list", cut);
        let run = smol.then("list", Answer::list(&["a.js", "b.js"])).success().file("a.js", "a.js\n").asked(5);
        assert_eq!(run.file("b.js", "b.js\n").files(), ["a.js", "b.js", "shared_dependencies.md"]);
    }
}

#[test]
fn a_list_that_stays_cut_leaves_it_to_the_contract() {
    for cut in cut_lists() {
        let run = Smol::project(&["a.js", "c.js"]).on("list", cut.clone()).success().asked(5);
        let run = run.says("the plan's own is taken").file("a.js", "a.js\n").file("c.js", "c.js\n");
        assert_eq!(run.files(), ["a.js", "c.js", "shared_dependencies.md"]);
        let run = Smol::project(&["a.js"]).on("plan", "# A plan without a contract\n").on("list", cut).exit(1);
        run.says("could not get the list of files").no_file("a.js").asked(3);
    }
}

#[test]
fn a_whole_list_is_taken_also_from_an_answer_that_was_cut() {
    let whole = Answer::list(&["a.js", "b.js"]).finish(Some("length"));
    Smol::project(&["a.js", "b.js"]).on("list", whole).success().file("b.js", "b.js\n").asked(4);
}

#[test]
fn a_leader_that_fails_lets_the_others_go() {
    let files = ["a.js", "b.js", "c.js"];
    let plan = format!("{}\n{}", crate::smol::plan(&files), "Words. ".repeat(600));
    let refused = Answer::text("").fault(Fault::Status(400, "no".to_owned()));
    let started = std::time::Instant::now();
    let smol = files.iter().fold(Smol::project(&files).on("plan", plan), |smol, file| smol.on(file, refused.clone()));
    let run = smol.on("b.js", "b\n").on("c.js", "c\n").on("a.js", refused.after(Duration::from_millis(100))).exit(1);
    assert!(run.file("b.js", "b\n").file("c.js", "c\n").requests("a.js").len() == 1);
    assert!(started.elapsed() < Duration::from_secs(5), "the others waited for the leader's limit");
}

#[test]
fn followers_go_at_the_first_token_not_at_the_end() {
    let files = ["a.js", "b.js"];
    let plan = format!("{}\n{}", crate::smol::plan(&files), "Words. ".repeat(600));
    let slow =
        Answer { per_token: Duration::from_millis(40), ..Answer::text(format!("```\n{}\n```\n", "x".repeat(200))) };
    let run = Smol::project(&files).on("plan", plan).on("a.js", slow.clone()).on("b.js", slow).success();
    let asked: Vec<_> = files.iter().map(|file| run.requests(file)[0].clone()).collect();
    let (first, second) = (asked[0].at.min(asked[1].at), asked[0].at.max(asked[1].at));
    assert!(
        second - first < Duration::from_millis(1200),
        "the follower waited for the leader's end: {:?}",
        second - first
    );
}

#[test]
fn a_server_that_takes_no_question_ends_with_3_also_from_a_saved_plan() {
    let run = Smol::project(&["a.js"]).success();
    let refused = || Answer::text("").fault(Fault::Status(401, "no".to_owned()));
    let smol = run.again().on("list", refused()).on("a.js", refused()).args(["gen", "--from-plan", "--fresh"]);
    let run = smol.exit(3).says("refused the key").says("hint:");
    run.again().on("a.js", refused()).args(["gen", "--file", "a.js"]).exit(3).says("refused the key");
}

#[test]
fn a_line_of_dotenv_that_cannot_be_read_is_left_out_and_not_shown() {
    let dotenv = format!("WRONG LINE {KEY}\nFOO=it's\nOPENAI_API_KEY={KEY}\n");
    let smol = Smol::project(&["a.js"]).offline().write(".env", dotenv).env_with_address("SMOL_BASE_URL");
    let run = smol.arg("-m").arg("m").success();
    assert!(!run.stderr().contains(KEY), "{}", run.stderr());
}

#[test]
fn the_configuration_of_the_user_is_read() {
    let smol = Smol::project(&["a.js"]).offline().write("home/.config/smol/config.toml", "model = 'from-home'\n");
    let run = smol.env_with_address("OPENAI_BASE_URL").success();
    assert_eq!(run.requests("a.js")[0].json()["model"], "from-home");
}

#[test]
fn empty_variables_count_as_not_set() {
    let smol = Smol::project(&["a.js"]).env("SMOL_OUT", "").env("SMOL_BASE_URL", "").env("SMOL_PLAN_ONLY", "0");
    smol.success().file("a.js", "a.js\n");
    Smol::project(&["a.js"]).env("SMOL_PLAN_ONLY", "1").success().no_file("a.js");
    let smol = Smol::new().spec("wrong").env("SMOL_PROMPT", "prompt.md").on("plan", "# P\n");
    let run = smol.args(["gen", "right"]).run();
    assert_eq!(run.requests("plan")[0].messages()[1].1, "right", "what was typed is nearer than what was set");
}

#[test]
fn the_key_stands_nowhere() {
    let run = Smol::project(&FILES).arg("-v").success();
    let asked = run.fake.asked();
    assert!(asked.iter().all(|asked| asked.head.contains(KEY) && !asked.body.contains(KEY)));
    let files = walkdir::WalkDir::new(run.dir.path()).into_iter().flatten().filter(|entry| entry.file_type().is_file());
    for entry in files {
        let bytes = std::fs::read(entry.path()).expect("reads");
        assert!(!String::from_utf8_lossy(&bytes).contains(KEY), "{}", entry.path().display());
    }
    assert!(!run.stderr().contains(KEY) && !run.stdout().contains(KEY));
}

#[test]
fn a_key_from_the_environment_is_not_sent_where_a_clone_points() {
    let run = Smol::project(&["a.js"]).address_in_dotenv().success();
    let heads: Vec<_> = run.fake.asked().into_iter().map(|asked| asked.head.to_lowercase()).collect();
    assert_eq!(heads.len(), 3);
    assert!(heads.iter().all(|head| !head.contains("authorization")), "{heads:?}");
    run.says("OPENAI_API_KEY is not sent to");
}

/// The measured table is in `docs/reliability.md`; this is what it says of the files.
#[test]
fn the_fault_table_comes_out_right() {
    let (rows, next) = (faults::rows(), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some(row) = rows.get(next.fetch_add(1, Ordering::Relaxed)) {
                    comes_out_right(row);
                }
            });
        }
    });
}

fn comes_out_right(row: &faults::Row) {
    let provider = row.provider(Scale { first_token: Duration::ZERO, per_token: Duration::ZERO, files: 4 });
    let smol = Smol::new().spec(&faults::spec()).provider(provider.answers, provider.limit);
    let run = smol.args(["gen", "--jobs", "16", "--silence-timeout", "1", "--first-token-timeout", "1"]).run();
    assert_eq!(run.output.status.code(), Some(row.exit), "{}:\n{}", row.name, run.stderr());
    for (path, text) in &provider.files {
        assert_eq!(run.read(path).as_ref(), Some(text), "{}: {path}\n{}", row.name, run.stderr());
    }
    assert_eq!(run.files().len(), provider.files.len() + 1, "{}: {:?}", row.name, run.files());
}
