//! What cargo, rustc and the test harness of Rust print: `--message-format=json` or text.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use super::{Findings, Stage, number, pattern};

static HEAD: LazyLock<Regex> = LazyLock::new(|| pattern(r"^error(\[E\d+\])?: (.+)$"));
static ARROW: LazyLock<Regex> = LazyLock::new(|| pattern(r"^\s*--> (.+?):(\d+):\d+$"));
static RESULT: LazyLock<Regex> = LazyLock::new(|| pattern(r"^test result: \w+\. (\d+) passed; (\d+) failed;"));
static PANIC: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^thread '(.+?)'(?: \(\d+\))? panicked at (.+?):(\d+):\d+:$"));
/// Lines below the head of an error in which its place stands.
const NEAR: usize = 4;
/// How errors of syntax begin; they have no code.
const SYNTAX: [&str; 9] = [
    "expected",
    "unexpected",
    "mismatched closing",
    "this file contains an",
    "unclosed",
    "unknown start of token",
    "unterminated",
    "missing",
    "incorrect",
];

pub(super) fn read(output: &str, findings: &mut Findings) {
    let lines: Vec<&str> = output.lines().collect();
    for (index, line) in lines.iter().enumerate() {
        if line.starts_with("{\"reason\":") {
            message(line, findings);
        } else if let Some(head) = HEAD.captures(line) {
            let place = lines[index + 1..].iter().take(NEAR).find_map(|line| ARROW.captures(line));
            let place = place.map(|place| format!("{}:{}", &place[1], &place[2]));
            if place.is_some() || head[2].starts_with("failed to parse manifest") {
                findings.add(stage(head.get(1).is_some(), &head[2]), line, place);
            }
        } else if let Some(result) = RESULT.captures(line) {
            findings.passed += number(&result, 1);
            findings.failed += number(&result, 2);
        } else if let Some(panic) = PANIC.captures(line) {
            let words = lines[index + 1..].iter().take_while(|line| {
                !line.trim().is_empty() && !line.starts_with("stack backtrace:") && !line.starts_with("note: ")
            });
            let words = words.take(6).copied().collect::<Vec<_>>().join("\n");
            findings.add(
                Stage::Built,
                &format!("{}: {words}", &panic[1]),
                Some(format!("{}:{}", &panic[2], &panic[3])),
            );
        }
    }
}

fn stage(has_code: bool, words: &str) -> Stage {
    let is_syntax = !has_code && SYNTAX.iter().any(|beginning| words.starts_with(beginning));
    if is_syntax { Stage::Unparsed } else { Stage::Unbuilt }
}

/// A line of `--message-format=json`.
fn message(line: &str, findings: &mut Findings) {
    let Ok(json) = serde_json::from_str::<Value>(line) else { return };
    let message = &json["message"];
    if json["reason"] != "compiler-message" || message["level"] != "error" {
        return;
    }
    let Some(words) = message["message"].as_str().filter(|words| !words.starts_with("aborting due to")) else { return };
    let spans = message["spans"].as_array();
    let primary = spans.into_iter().flatten().find(|span| span["is_primary"] == true);
    let place = primary.and_then(|span| Some(format!("{}:{}", span["file_name"].as_str()?, span["line_start"])));
    let code = message["code"]["code"].as_str();
    let head = code.map_or_else(|| "error".to_owned(), |code| format!("error[{code}]"));
    findings.add(stage(code.is_some(), words), &format!("{head}: {words}"), place);
}

#[cfg(test)]
mod tests {
    use super::super::{Stage, tests::says};

    #[test]
    fn errors_of_the_compiler_as_text() {
        let output = "   Compiling store v0.1.0 (/work/store)\nerror[E0425]: cannot find value `y` in this scope\n --> src/lib.rs:1:35\n  |\n1 | pub fn get(x: Option<u8>) -> u8 { y.unwrap() }\n  |                                   ^\n  |\nhelp: a local variable with a similar name exists\n  |\n\nFor more information about this error, try `rustc --explain E0425`.\nerror: could not compile `store` (lib) due to 1 previous error\n";
        let problem = "src/lib.rs:1: error[E0425]: cannot find value `y` in this scope";
        says(output, Stage::Unbuilt, 0, 0, &[problem]);
        let output = "error: this file contains an unclosed delimiter\n --> src/lib.rs:1:17\n  |\n1 | pub fn get( { }\n  |           -    ^\n\nerror: could not compile `store` (lib) due to 1 previous error\n";
        says(output, Stage::Unparsed, 0, 0, &["src/lib.rs:1: error: this file contains an unclosed delimiter"]);
    }

    #[test]
    fn errors_of_the_compiler_as_json() {
        let output = r#"{"reason":"compiler-message","message":{"rendered":"error[E0425]: …","$message_type":"diagnostic","level":"error","message":"cannot find value `y` in this scope","spans":[{"file_name":"src/lib.rs","is_primary":true,"line_start":1}],"code":{"code":"E0425","explanation":""}}}
{"reason":"compiler-message","message":{"level":"error","message":"this file contains an unclosed delimiter","spans":[{"file_name":"src/a.rs","is_primary":false,"line_start":1},{"file_name":"src/a.rs","is_primary":true,"line_start":7}],"code":null}}
{"reason":"compiler-message","message":{"level":"failure-note","message":"For more information about this error, try `rustc --explain E0425`.","spans":[],"code":null}}
{"reason":"build-finished","success":false}
"#;
        let syntax = "src/a.rs:7: error: this file contains an unclosed delimiter";
        let name = "src/lib.rs:1: error[E0425]: cannot find value `y` in this scope";
        says(output, Stage::Unparsed, 0, 0, &[syntax, name]);
    }

    #[test]
    fn tests_that_fail() {
        let output = "running 3 tests\ntest tests::there ... ok\ntest tests::differs ... FAILED\ntest tests::missing ... FAILED\n\nfailures:\n\n---- tests::missing stdout ----\n\nthread 'tests::missing' (15116) panicked at src/lib.rs:1:37:\ncalled `Option::unwrap()` on a `None` value\nnote: run with `RUST_BACKTRACE=1` environment variable to display a backtrace\n\n---- tests::differs stdout ----\n\nthread 'tests::differs' (15115) panicked at src/lib.rs:3:153:\nassertion `left == right` failed: no\n  left: 1\n right: 2\nstack backtrace:\n   0: __rustc::rust_begin_unwind\n\n\ntest result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.24s\n\nerror: test failed, to rerun pass `--lib`\n";
        let missing = "src/lib.rs:1: tests::missing: called `Option::unwrap()` on a `None` value";
        let differs = "src/lib.rs:3: tests::differs: assertion `left == right` failed: no\n  left: 1\n right: 2";
        says(output, Stage::Built, 1, 2, &[missing, differs]);
    }
}
