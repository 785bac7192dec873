//! What a run costs, what it may cost, and that nothing is paid for twice.

use std::time::Duration;

use crate::{
    fake::{Answer, Fault},
    smol::Smol,
};

/// A price for the fake's model, in dollars per million tokens: a thousandth of a dollar for each token out.
const PRICE: &str = "[models.fake-1]\nprice = { input = 0.0, output = 1000.0 }\n";

fn priced(smol: Smol) -> Smol {
    smol.config(PRICE)
}

#[test]
fn a_model_without_a_price_has_an_unknown_cost_and_takes_no_limit() {
    Smol::project(&["a.js"]).success().says("cost unknown");
    let run = Smol::project(&["a.js"]).arg("--max-cost=1").exit(2).says("the price of 'fake-1' is not known").asked(0);
    run.says("[models.\"fake-1\"]");
}

#[test]
fn what_the_prefix_cache_saves_is_said() {
    let of = |price: &str| Smol::project(&["a.js"]).config(&format!("[models.fake-1]\nprice = {price}\n")).success();
    // Three calls of 1,000 tokens, 900 of each from the cache.
    let run = of("{ input = 10.0, cached = 1.0, output = 0.0 }").says("$0.0057, $0.0243 saved by the cache");
    let again = run.again().args(["gen", "--json"]).success().report();
    assert_eq!(again["usage"]["saved"], 0.0, "nothing was asked");
    assert!(!of("{ input = 10.0, output = 0.0 }").stderr().contains("saved"));
}

#[test]
fn an_amount_that_is_none_is_refused() {
    for amount in ["0", "-1", "NaN", "inf"] {
        Smol::project(&["a.js"]).arg(format!("--max-cost={amount}")).exit(2).asked(0);
    }
}

#[test]
fn no_call_starts_that_could_pass_the_limit() {
    let run = priced(Smol::project(&["a.js"])).arg("--max-cost=2").exit(4).asked(0);
    run.says("$0.0000 of the $2.0000 that this run may cost are spent, and the next call could cost $2.0480")
        .says("--max-cost");
}

#[test]
fn a_limit_holds_for_parallel_calls_and_what_is_left_bounds_each_answer() {
    let run = priced(Smol::project(&["a.js", "b.js", "c.js"])).arg("--max-cost=20").success();
    assert!(run.requests("a.js")[0].json()["max_tokens"].as_u64().is_some_and(|most| (2_048..=16_384).contains(&most)));
    run.says("$0.0").asked(5);
    let unlimited = Smol::project(&["a.js"]).success();
    assert!(unlimited.requests("a.js")[0].json().get("max_tokens").is_none());
}

#[test]
fn stopped_at_the_limit_it_keeps_what_is_done_and_goes_on_with_a_higher_one() {
    // The plan and every file cost a bit more than a dollar; a call is let go while two are left.
    let long = |name: &str| format!("```\n{}```\n", format!("{name} line\n").repeat(400));
    let files = ["a.js", "b.js", "c.js", "d.js"];
    let project = |limit: &str| {
        let smol = priced(Smol::project(&files)).arg("-j1").arg(format!("--max-cost={limit}"));
        files.iter().fold(smol, |smol, file| smol.on(file, long(file)))
    };
    let first = project("4.2").exit(4).says("stopped at the limit on cost").says("goes on from here: smol gen");
    let written = first.files().len();
    assert!((2..5).contains(&written), "{:?}", first.files());
    let spent: Vec<String> = first.fake.asked().into_iter().map(|asked| asked.question).collect();
    let second = project("30").within(first.dir).success().says("the last run was cut: it goes on");
    assert_eq!(second.files().len(), 5);
    let again: Vec<String> = second.fake.asked().into_iter().map(|asked| asked.question).collect();
    assert!(again.iter().all(|question| !spent.contains(question)), "{spent:?} then {again:?}");
    assert_eq!(spent.len() + again.len(), 6);
}

#[test]
fn a_service_that_ignores_the_limit_of_an_answer_is_stopped() {
    let endless = Answer::text("x = 1; ".repeat(20_000));
    let smol = priced(Smol::project(&["a.js"])).on("a.js", endless).args(["gen", "--max-cost=5"]);
    let run = smol.exit(4).no_file("a.js").says("may cost");
    assert!(run.requests("a.js").len() == 1);
}

#[test]
fn a_run_that_was_cut_pays_for_nothing_twice() {
    let slow = Answer::text("never\n").after(Duration::from_secs(20));
    let smol = Smol::project(&["a.js", "slow.js"]).on("slow.js", slow);
    let (dir, _fake, mut child) = smol.spawn();
    let start = std::time::Instant::now();
    while !dir.path().join("generated/a.js").exists() {
        assert!(start.elapsed() < Duration::from_secs(20), "a.js never came");
        std::thread::sleep(Duration::from_millis(10));
    }
    child.kill().expect("is running");
    child.wait().expect("ends");
    let run = Smol::project(&["a.js", "slow.js"]).within(dir).success().file("slow.js", "slow.js\n").asked(1);
    let done = run.says("takes 3 answers from its record");
    Smol::project(&["a.js", "slow.js"]).within(done.dir).success().asked(0).says("nothing to do");
}

#[test]
fn a_clock_that_jumps_back_changes_nothing_about_which_run_was_the_last() {
    let failing = Answer::text("").fault(Fault::Status(400, "{}".to_owned()));
    let cut = Smol::project(&["a.js", "b.js"]).on("b.js", failing).exit(1);
    // A record of the time when the clock was ahead.
    let smol =
        Smol::project(&["a.js", "b.js"]).within(cut.dir).write("generated/.smol/runs/2099-01-01T00-00-00-1.jsonl", "");
    std::fs::remove_file(smol.dir.path().join("generated/.smol/lineage.json")).expect("was written");
    smol.success().says("the last run was cut").asked(1);
}

#[test]
fn a_half_streamed_file_is_gone_on_with_by_the_next_run() {
    let lines = |from: usize, to: usize| (from..to).map(|n| format!("let line{n} = {n};\n")).collect::<String>();
    let begun = Answer::text(format!("```js\n{}", lines(0, 60))).fault(Fault::Stall(200));
    let smol = Smol::project(&["a.js"]).on("a.js", begun).args(["gen", "--silence-timeout=0.2", "--retries=0"]);
    let first = smol.exit(1).no_file("a.js");
    let rest = Smol::project(&["a.js"]).on("a.js", format!("{}```\n", lines(30, 60)));
    let run = rest.within(first.dir).success();
    let text = run.read("a.js").expect("it is there");
    assert!(text.starts_with("let line0 = 0;\nlet line1 = 1;\n") && text.ends_with("let line59 = 59;\n"), "{text}");
    assert_eq!(run.requests("a.js").len(), 1);
    assert!(run.requests("a.js")[0].messages().len() > 4, "the part is shown to the model");
}

#[test]
fn an_answer_that_could_not_be_read_is_not_given_again() {
    let smol = Smol::project(&["a.js"]).on("a.js", "").then("a.js", "  ");
    let first = smol.exit(1);
    Smol::project(&["a.js"]).within(first.dir).success().file("a.js", "a.js\n").asked(1);
}

#[test]
fn what_failed_is_asked_for_again_and_all_with_a_wish_for_fresh_answers() {
    let cut =
        || Smol::project(&["a.js"]).on("a.js", Answer::text("").fault(Fault::Status(400, "{}".to_owned()))).exit(1);
    Smol::project(&["a.js"]).within(cut().dir).arg("--fresh").success().asked(3);
    Smol::project(&["a.js"]).within(cut().dir).arg("--model=fake-2").success().asked(1);
    Smol::project(&["a.js"]).within(cut().dir).success().asked(1);
}

#[test]
fn a_dry_run_shows_the_first_question_and_sends_and_writes_nothing() {
    let run = Smol::project(&["a.js"]).config(PRICE).arg("--dry-run").success().asked(0).prints("a project");
    let run = run.prints("the plan · about").says("not sent: 1 request to fake-1");
    assert!(!run.dir.path().join("generated").exists());
}

#[test]
fn a_dry_run_from_a_plan_shows_every_question_with_its_tokens_and_cost() {
    let planned = Smol::project(&["a.js", "b.js"]).arg("--plan-only").success();
    let smol = || Smol::project(&["a.js", "b.js"]).config("models.gpt-4o.price = { input = 2.5, output = 10.0 }");
    let args = ["gen", "--from-plan", "--dry-run", "--model=gpt-4o", "--json"];
    let run = smol().within(planned.dir).args(args).success().asked(0);
    let lines = run.events();
    let questions: Vec<_> = lines.iter().map(|line| line["question"].to_string()).collect();
    assert_eq!(questions, ["{\"file\":\"a.js\"}", "{\"file\":\"b.js\"}"], "the list stands since it was asked for");
    for line in &lines {
        assert_eq!(line["is_exact"], true, "its vocabulary is built in");
        let tokens = line["tokens"].as_f64().expect("a number");
        assert!((line["cost"]["least"].as_f64().expect("a number") - tokens * 2.5 / 1e6).abs() < 1e-12);
    }
    // What is shown is what is sent.
    let sent = smol().within(run.dir).args(["gen", "--from-plan", "--model=gpt-4o"]).success();
    let shown: Vec<_> = lines[0]["request"]["messages"].as_array().expect("messages").clone();
    let sent: Vec<String> = sent.requests("a.js")[0].messages().into_iter().map(|(_, text)| text).collect();
    assert_eq!(shown.iter().map(|message| message["text"].as_str().unwrap_or_default()).collect::<Vec<_>>(), sent);
}

#[test]
fn a_dry_run_without_the_plan_that_it_needs_says_so() {
    Smol::project(&["a.js"]).args(["gen", "--dry-run", "--from-plan"]).exit(2).says("there is no plan").asked(0);
}
