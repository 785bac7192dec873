//! What `go build`, `go vet` and `go test`, also with `-json`, print.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use super::{Findings, Stage, pattern};

static COMPILER: LazyLock<Regex> = LazyLock::new(|| pattern(r"^(?:vet: )?(\S+\.go):(\d+):\d+: (.+)$"));
static TEST: LazyLock<Regex> = LazyLock::new(|| pattern(r"^--- (PASS|FAIL): (\S+)"));
static SAID: LazyLock<Regex> = LazyLock::new(|| pattern(r"^\s+(\S+\.go):(\d+): (.*)$"));
static PACKAGE: LazyLock<Regex> = LazyLock::new(|| pattern(r"^ok\s+\S+\s+(?:[\d.]+s|\(cached\))"));

pub(super) fn read(output: &str, findings: &mut Findings) {
    // What tests print comes in pieces with -json.
    let (mut text, mut is_json) = (String::new(), false);
    for line in output.lines() {
        match serde_json::from_str::<Value>(line).ok().filter(|json| json.get("Action").is_some()) {
            Some(json) => {
                is_json = true;
                text.push_str(json["Output"].as_str().unwrap_or_default());
            }
            None => text.extend([line, "\n"]),
        }
    }
    let lines: Vec<&str> = text.lines().collect();
    let (mut passed, mut packages) = (0, 0);
    for (index, line) in lines.iter().enumerate() {
        if let Some(error) = COMPILER.captures(line) {
            let stage = if error[3].starts_with("syntax error") { Stage::Unparsed } else { Stage::Unbuilt };
            findings.add(stage, &error[3], Some(format!("{}:{}", &error[1], &error[2])));
        } else if let Some(test) = TEST.captures(line) {
            if &test[1] == "PASS" {
                passed += 1;
                continue;
            }
            findings.failed += 1;
            // With -v what a test says stands above its result.
            let above = lines[..index].iter().rev().take_while(|line| line.starts_with(' '));
            let said = lines[index + 1..].iter().take(4).find_map(|line| SAID.captures(line));
            let said = said.or_else(|| above.filter_map(|line| SAID.captures(line)).last());
            let why = said.as_ref().map_or("failed", |said| said.get(3).map_or("", |words| words.as_str()));
            let place = said.as_ref().map(|said| format!("{}:{}", &said[1], &said[2]));
            findings.add(Stage::Built, &format!("{}: {why}", &test[2]), place);
        } else if PACKAGE.is_match(line) {
            packages += 1;
        }
    }
    // Without -v a package that passes does not name its tests.
    findings.passed += if passed == 0 && !is_json { packages } else { passed };
}

#[cfg(test)]
mod tests {
    use super::super::{Stage, tests::says};

    #[test]
    fn a_package_that_does_not_build() {
        let output = "# example.com/store\n./store.go:5:9: undefined: nothing\n./store_test.go:9:2: declared and not used: x\nFAIL\texample.com/store [build failed]\n";
        let problems = ["./store.go:5: undefined: nothing", "./store_test.go:9: declared and not used: x"];
        says(output, Stage::Unbuilt, 0, 0, &problems);
        let output = "# example.com/store\n./store.go:3:13: syntax error: unexpected {, expected )\n";
        says(output, Stage::Unparsed, 0, 0, &["./store.go:3: syntax error: unexpected {, expected )"]);
    }

    #[test]
    fn tests_that_fail() {
        let output = "ok  \texample.com/other\t0.002s\n--- FAIL: TestGet (0.00s)\n    store_test.go:9: got 1, want 2\nFAIL\nFAIL\texample.com/store\t0.003s\nFAIL\n";
        says(output, Stage::Built, 1, 1, &["store_test.go:9: TestGet: got 1, want 2"]);
        let output = "=== RUN   TestThere\n--- PASS: TestThere (0.00s)\n=== RUN   TestGet\n    store_test.go:9: got 1, want 2\n--- FAIL: TestGet (0.00s)\nFAIL\n";
        says(output, Stage::Built, 1, 1, &["store_test.go:9: TestGet: got 1, want 2"]);
    }

    #[test]
    fn the_same_as_json() {
        let output = r#"{"Action":"run","Package":"p","Test":"TestGet"}
{"Action":"output","Package":"p","Test":"TestGet","Output":"    store_test.go:9: got 1, want 2\n"}
{"Action":"output","Package":"p","Test":"TestGet","Output":"--- FAIL: TestGet (0.00s)\n"}
{"Action":"fail","Package":"p","Test":"TestGet","Elapsed":0}
{"Action":"output","Package":"p","Test":"TestThere","Output":"--- PASS: TestThere (0.00s)\n"}
"#;
        says(output, Stage::Built, 1, 1, &["store_test.go:9: TestGet: got 1, want 2"]);
    }
}
