//! Servers that stray from OpenAI's chat completions: every file comes out right, byte for byte, at the first try.

use std::time::Duration;

use crate::{
    fake::{Answer, Fault, odd},
    smol::{Run, Smol, plan},
};

/// A file that no careless reader gets through whole.
const TEXT: &str =
    "let ä = '日本語 🎈';\r\n\tconsole.log(\"$&\", `data: [DONE]`, ': ping');\n\nlast // \u{2028} \\u00e4";

fn file() -> Answer {
    Answer::text(format!("```js\n{TEXT}\n```\n"))
}

/// Plan, list and file are served so; the server is asked once for each.
#[track_caller]
fn reads(name: &str, fault: &Fault) -> Run {
    let serve = |answer: Answer| answer.fault(fault.clone());
    let smol = Smol::project(&["a.js"]).arg("--retries").arg("0");
    let smol =
        smol.on("plan", serve(Answer::text(plan(&["a.js"])))).on("list", serve(Answer::list(&["a.js", "ü/b.js"])));
    let run = smol.on("a.js", serve(file())).on("ü/b.js", serve(file())).run();
    assert_eq!(run.output.status.code(), Some(0), "{name}: {}", run.stderr());
    assert_eq!(run.read("shared_dependencies.md"), Some(plan(&["a.js"])), "{name}");
    for path in ["a.js", "ü/b.js"] {
        assert_eq!(run.read(path), Some(format!("{TEXT}\n")), "{name}: {path}");
    }
    assert_eq!(run.fake.asked().len(), 4, "{name}: {}", run.stderr());
    run
}

#[test]
fn streams_that_stray_from_the_protocol() {
    for odd in odd::ALL {
        reads(odd.name, &Fault::Odd(odd));
    }
}

#[test]
fn packets_of_one_byte_and_bodies_in_one_piece() {
    reads("every byte in a packet of its own", &Fault::ByteByByte);
    reads("a JSON body where a stream was asked for", &Fault::WholeBody);
    reads("empty choices in between", &Fault::EmptyChoices);
}

#[test]
fn what_a_careless_server_counts_is_no_usage() {
    for odd in odd::ALL.iter().filter(|odd| odd.name.contains("usage")) {
        let run = Smol::project(&["a.js"]).on("a.js", file().fault(Fault::Odd(odd))).arg("--json").success();
        let usage = &run.report()["usage"];
        let is_estimated = !odd.name.contains("null");
        assert_eq!(usage["is_estimated"], is_estimated, "{}: {usage}", odd.name);
        assert!(usage["output"].as_u64().is_some_and(|output| output > 0), "{}: {usage}", odd.name);
    }
}

/// The first answer to every question goes wrong in this way; the second is right.
#[track_caller]
fn recovers(name: &str, wrong: impl Fn(Answer) -> Answer) -> Run {
    let smol = Smol::project(&["a.js"]);
    let smol = smol.on("plan", wrong(Answer::text(plan(&["a.js"])))).then("plan", plan(&["a.js"]));
    let smol = smol.on("list", wrong(Answer::list(&["a.js"]))).then("list", Answer::list(&["a.js"]));
    let run = smol.on("a.js", wrong(file())).then("a.js", file()).run();
    assert_eq!(run.output.status.code(), Some(0), "{name}: {}", run.stderr());
    assert_eq!(run.read("a.js"), Some(format!("{TEXT}\n")), "{name}");
    assert_eq!(run.fake.asked().len(), 6, "{name}: {}", run.stderr());
    run
}

#[test]
fn ends_that_are_none() {
    recovers("it finishes with error", |answer| answer.finish(Some("error")));
    recovers("it closes without an end", |answer| answer.finish(None));
    let empty_words = odd::ALL.iter().find(|odd| odd.name.contains("every chunk")).expect("is one of them");
    recovers("an empty word with every chunk, and no end", |answer| answer.finish(None).fault(Fault::Odd(empty_words)));
    recovers("a body that breaks off", |answer| answer.fault(Fault::CutBody));
}

#[test]
fn an_error_where_an_answer_should_be() {
    for error in [
        r#"{"error":{"message":"the engine is tired","type":"server_error","code":500}}"#,
        r#"{"error":{"message":"the engine is tired","code":"overloaded"}}"#,
        r#"{"error":"the engine is tired"}"#,
        r#"{"id":"x","choices":[],"error":{"message":"the engine is tired"}}"#,
        r#"{"object":"error","message":"the engine is tired","code":500}"#,
        r#"{"detail":"the engine is tired"}"#,
        r#"[{"error":{"message":"the engine is tired","code":500}}]"#,
    ] {
        let in_stream = |answer: Answer| answer.fault(Fault::ErrorEvent(2, error.to_owned()));
        recovers(error, in_stream).says("sent an error: the engine is tired");
        let as_body = |answer: Answer| answer.fault(Fault::Status(200, error.to_owned()));
        recovers(error, as_body).says("sent an error: the engine is tired");
        let with_status = |answer: Answer| answer.fault(Fault::Status(500, error.to_owned()));
        recovers(error, with_status).says("status 500: the engine is tired");
    }
}

#[test]
fn bodies_of_errors_in_every_shape() {
    for (body, words) in [
        (r#"{"error":{"message":null,"type":"overloaded"}}"#, "overloaded"),
        (r#"{"detail":[{"loc":["body"],"msg":"no room"}]}"#, "no room"),
        (r#""no room""#, "no room"),
        ("no room", "no room"),
        ("<!DOCTYPE html><html><body>502</body></html>", "a web page instead of an answer"),
        ("", "no reason given"),
        ("{}", "no reason given"),
        ("null", "no reason given"),
    ] {
        recovers(body, |answer| answer.fault(Fault::Status(503, body.to_owned()))).says(words);
    }
}

#[test]
fn times_to_wait_in_every_spelling() {
    let date = |value: &str| value.to_owned();
    for headers in [
        vec![("retry-after", date("1"))],
        vec![("retry-after", date("0.7"))],
        vec![("retry-after-ms", date("700"))],
        vec![("retry-after", date("60")), ("retry-after-ms", date("700.5"))],
        vec![("date", date("Mon, 02 Nov 2026 12:00:00 GMT")), ("retry-after", date("Mon, 02 Nov 2026 12:00:01 GMT"))],
    ] {
        let busy = Answer::text("").fault(Fault::Headers(429, headers.clone()));
        let run = Smol::project(&["a.js"]).on("a.js", busy).then("a.js", file()).success();
        let asked = run.requests("a.js");
        let waited = asked[1].at - asked[0].at;
        assert!(waited >= Duration::from_millis(700), "{headers:?}: {waited:?}");
    }
}
