//! What Node, its test runner, other producers of TAP, jest, vitest, mocha and tsc print.

use std::sync::LazyLock;

use regex::Regex;

use super::{Findings, Stage, number, pattern};

/// The counts of Node's runner, as TAP and for people.
static NODE: LazyLock<Regex> = LazyLock::new(|| pattern(r"^(?:#|ℹ) (pass|fail|cancelled) (\d+)$"));
/// The counts of jest and of vitest.
static TESTS: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^\s*Tests:?\s+(\d+ (?:failed|passed|skipped|todo).*|0 total)$"));
static COUNT: LazyLock<Regex> = LazyLock::new(|| pattern(r"(\d+) (failed|passed)"));
static MOCHA: LazyLock<Regex> = LazyLock::new(|| pattern(r"^\s+(\d+) (passing|failing)(?: \(|$)"));
static POINT: LazyLock<Regex> = LazyLock::new(|| pattern(r"^(not )?ok \d+"));
static NOT_OK: LazyLock<Regex> = LazyLock::new(|| pattern(r"^\s*not ok \d+ -? ?(.*)$"));
static FIELD: LazyLock<Regex> = LazyLock::new(|| pattern(r"^\s+(location|error|failureType): '?(.*?)'?$"));
/// A test of jest or vitest that failed.
static BULLET: LazyLock<Regex> = LazyLock::new(|| pattern(r"^\s*(?:●| FAIL ) (.+)$"));
static AT: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^\s*(?:at .*\(|at |❯ )(?:file://)?([^():\s]+):(\d+)(?::\d+)?\)?$"));
static HEAD_PLACE: LazyLock<Regex> = LazyLock::new(|| pattern(r"^(?:file://)?(/\S+?|\S+\.[cm]?[jt]sx?):(\d+)$"));
static EXCEPTION: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^\s*((?:Uncaught )?[A-Z]\w*Error|Error)(?: \[(\w+)\])?: (.+)$"));
static TSC: LazyLock<Regex> = LazyLock::new(|| pattern(r"^(\S+?)(?:\((\d+),\d+\):|:(\d+):\d+ -) error (TS(\d+): .+)$"));
/// Lines of a failed test in which it is said why.
const NEAR: usize = 25;

pub(super) fn read(output: &str, findings: &mut Findings) {
    counts(output, findings);
    let lines: Vec<&str> = output.lines().collect();
    let before = findings.problems.len();
    for (index, line) in lines.iter().enumerate() {
        let rest = &lines[index + 1..];
        if let Some(error) = TSC.captures(line) {
            let number = error.get(2).or(error.get(3)).map_or("", |number| number.as_str());
            // The numbers of tsc's errors say what kind they are: those of syntax begin at 1000.
            let is_syntax = error[5].len() == 4 && error[5].starts_with('1');
            let stage = if is_syntax { Stage::Unparsed } else { Stage::Unbuilt };
            findings.add(stage, &error[4], Some(format!("{}:{number}", &error[1])));
        } else if let Some(error) = EXCEPTION.captures(uncommented(line)).filter(|_| is_thrown(&lines, index)) {
            let place = lines[..index].iter().rev().take(6).find_map(|line| HEAD_PLACE.captures(uncommented(line)));
            let place = place.map(|place| format!("{}:{}", &place[1], &place[2])).or_else(|| thrown_at(rest));
            findings.add(stage(&error[0]), error[0].trim(), place);
        } else if let Some(test) = NOT_OK.captures(line) {
            point(&test[1], rest, findings);
        } else if let Some(test) = BULLET.captures(line) {
            bullet(&test[1], rest, findings);
        }
    }
    // A file of tests that could not be loaded is a failed test, too, and says nothing more.
    if findings.problems[before..].iter().any(|problem| problem.stage != Stage::Built) {
        findings.problems.retain(|problem| !problem.what.ends_with(": test failed"));
    }
}

fn counts(output: &str, findings: &mut Findings) {
    let (mut passed, mut failed, mut is_told) = (0, 0, false);
    let suites = output.lines().filter(|line| line.trim() == "● Test suite failed to run").count();
    for line in output.lines() {
        if let Some(count) = NODE.captures(line) {
            *(if &count[1] == "pass" { &mut passed } else { &mut failed }) += number(&count, 2);
            is_told = true;
        } else if let Some(tests) = TESTS.captures(line) {
            for count in COUNT.captures_iter(&tests[1]) {
                *(if &count[2] == "passed" { &mut passed } else { &mut failed }) += number(&count, 1);
            }
            failed += suites;
            is_told = true;
        } else if let Some(count) = MOCHA.captures(line) {
            *(if &count[2] == "passing" { &mut passed } else { &mut failed }) += number(&count, 1);
            is_told = true;
        }
    }
    if !is_told && output.lines().any(|line| line.starts_with("TAP version") || line.starts_with("1..")) {
        for point in output.lines().filter_map(|line| POINT.captures(line)) {
            *(if point.get(1).is_none() { &mut passed } else { &mut failed }) += 1;
        }
    }
    findings.passed += passed;
    findings.failed += failed;
}

/// Without the mark of a comment in TAP, behind which Node's runner puts what tests print.
fn uncommented(line: &str) -> &str {
    line.strip_prefix("# ").unwrap_or(line)
}

/// Whether an exception ended a program: it stands alone, and calls follow, or Node's last words.
fn is_thrown(lines: &[&str], index: usize) -> bool {
    let is_outermost = !uncommented(lines[index]).starts_with(char::is_whitespace);
    is_outermost
        && lines[index + 1..].iter().take(3).any(|line| {
            let line = uncommented(line);
            line.trim_start().starts_with("at ") || line.starts_with("Node.js v")
        })
}

fn stage(exception: &str) -> Stage {
    let is = |words: &[&str]| words.iter().any(|word| exception.contains(word));
    match () {
        () if is(&[
            "does not provide an export",
            "ERR_MODULE_NOT_FOUND",
            "Cannot find module",
            "Cannot find package",
        ]) =>
        {
            Stage::Unbuilt
        }
        () if is(&["Cannot use import statement", "require is not defined", "ERR_REQUIRE_ESM"]) => Stage::Unbuilt,
        () if exception.trim_start().starts_with("SyntaxError") => Stage::Unparsed,
        () => Stage::Built,
    }
}

/// A point of TAP that failed, with what its block says.
fn point(name: &str, rest: &[&str], findings: &mut Findings) {
    let (mut why, mut place) = (String::new(), None);
    let block = rest.iter().take(NEAR).take_while(|line| line.trim() != "..." && !NOT_OK.is_match(line));
    let block: Vec<&&str> = block.collect();
    for (index, line) in block.iter().enumerate() {
        match FIELD.captures(line).map(|field| (field[1].to_owned(), field[2].to_owned())) {
            // Its parts are told of by themselves.
            Some((name, value)) if name == "failureType" && value == "subtestsFailed" => return,
            Some((name, value)) if name == "location" => {
                place = value.rsplit_once(':').map(|(place, _)| place.to_owned());
            }
            Some((name, value)) if name == "error" => {
                let is_long = value.starts_with('|');
                let long = || block[index + 1..].iter().map(|line| line.trim()).find(|line| !line.is_empty());
                why = if is_long { long().unwrap_or_default().to_owned() } else { value };
            }
            _ => {}
        }
    }
    let why = if why.is_empty() { String::new() } else { format!(": {why}") };
    findings.add(Stage::Built, &format!("{name}{why}"), place);
}

/// A test, or a file of tests, that jest or vitest reports.
fn bullet(name: &str, rest: &[&str], findings: &mut Findings) {
    let near = &rest[..rest.len().min(NEAR)];
    let end = near.iter().position(|line| BULLET.is_match(line)).unwrap_or(near.len());
    let near = &near[..end];
    let said = near.iter().find(|line| EXCEPTION.is_match(line) || line.trim().starts_with("Cannot find module"));
    let said = said.or_else(|| near.iter().find(|line| !line.trim().is_empty())).map_or("", |line| line.trim());
    findings.add(stage(said), &format!("{name}: {said}"), thrown_at(near));
}

/// The first place that calls came through and that is the project's own.
fn thrown_at(lines: &[&str]) -> Option<String> {
    let places = lines.iter().take(NEAR).filter_map(|line| AT.captures(uncommented(line)));
    let mut own = places.filter(|place| !place[1].starts_with("node:") && !place[1].contains("node_modules"));
    own.next().map(|place| format!("{}:{}", &place[1], &place[2]))
}

#[cfg(test)]
mod tests {
    use super::super::{Stage, tests::says};

    #[test]
    fn the_runner_of_node_as_tap() {
        let output = "TAP version 13\n# Subtest: there\nok 1 - there\n  ---\n  duration_ms: 2.110647\n  ...\n# Subtest: throws\nnot ok 2 - throws\n  ---\n  duration_ms: 1.493305\n  location: '/srv/app/a.test.mjs:5:1'\n  failureType: 'testCodeFailure'\n  error: 'Missing expected exception.'\n  code: 'ERR_ASSERTION'\n  stack: |-\n    TestContext.<anonymous> (file:///srv/app/a.test.mjs:5:31)\n  ...\n1..2\n# tests 2\n# suites 0\n# pass 1\n# fail 1\n# cancelled 0\n# skipped 0\n";
        says(output, Stage::Built, 1, 1, &["/srv/app/a.test.mjs:5: throws: Missing expected exception."]);
        // Without the counts.
        says("1..2\nok 1 - a\nnot ok 2 - b\n", Stage::Built, 1, 1, &["b"]);
    }

    #[test]
    fn a_file_that_the_runner_of_node_cannot_load() {
        let output = "TAP version 13\n# file:///srv/app/b.test.mjs:1\n# import { nothing } from './a.mjs';\n#          ^^^^^^^\n# SyntaxError: The requested module './a.mjs' does not provide an export named 'nothing'\n#     at ModuleJob._instantiate (node:internal/modules/esm/module_job:213:21)\n# Node.js v20.20.2\n# Subtest: /srv/app/b.test.mjs\nnot ok 1 - /srv/app/b.test.mjs\n  ---\n  location: '/srv/app/b.test.mjs:1:1'\n  failureType: 'testCodeFailure'\n  exitCode: 1\n  error: 'test failed'\n  code: 'ERR_TEST_FAILURE'\n  ...\n1..1\n# tests 1\n# pass 0\n# fail 1\n# cancelled 0\n";
        let problem = "/srv/app/b.test.mjs:1: SyntaxError: The requested module './a.mjs' does not provide an export named 'nothing'";
        says(output, Stage::Unbuilt, 0, 1, &[problem]);
        let output = output.replace(
            "The requested module './a.mjs' does not provide an export named 'nothing'",
            "Unexpected token '=>'",
        );
        says(&output, Stage::Unparsed, 0, 1, &["/srv/app/b.test.mjs:1: SyntaxError: Unexpected token '=>'"]);
    }

    #[test]
    fn programs_that_end_with_an_exception() {
        let output = "node:internal/modules/esm/resolve:283\n    throw new ERR_MODULE_NOT_FOUND(\n          ^\n\nError [ERR_MODULE_NOT_FOUND]: Cannot find module '/srv/app/none.mjs' imported from /srv/app/d.mjs\n    at finalizeResolution (node:internal/modules/esm/resolve:283:11)\n  code: 'ERR_MODULE_NOT_FOUND',\n}\n\nNode.js v20.20.2\n";
        let problem =
            "Error [ERR_MODULE_NOT_FOUND]: Cannot find module '/srv/app/none.mjs' imported from /srv/app/d.mjs";
        says(output, Stage::Unbuilt, 0, 0, &[problem]);
        let output = "/srv/app/e.js:3\nundefinedFn()\n^\n\nReferenceError: undefinedFn is not defined\n    at Object.<anonymous> (/srv/app/e.js:3:1)\n\nNode.js v20.20.2\n";
        says(output, Stage::Built, 0, 0, &["/srv/app/e.js:3: ReferenceError: undefinedFn is not defined"]);
    }

    #[test]
    fn jest() {
        let output = "FAIL ./a.test.js\n  ✓ there (5 ms)\n  ✕ missing (10 ms)\n\n  ● missing\n\n    expect(received).toBe(expected) // Object.is equality\n\n    Expected: null\n    Received: undefined\n\n      1 | const get = (o, k) => o[k];\n\n      at Object.toBe (a.test.js:3:43)\n\nTest Suites: 1 failed, 1 total\nTests:       1 failed, 1 passed, 2 total\nSnapshots:   0 total\nTime:        0.615 s\n";
        let problem = "a.test.js:3: missing: expect(received).toBe(expected) // Object.is equality";
        says(output, Stage::Built, 1, 1, &[problem]);
        let output = "FAIL ./b.test.js\n  ● Test suite failed to run\n\n    Cannot find module './none' from 'b.test.js'\n\n    > 1 | const x = require('./none');\n\n      at Resolver._throwModNotFoundError (node_modules/jest-resolve/build/index.js:1031:11)\n      at Object.require (b.test.js:1:11)\n\nTest Suites: 1 failed, 1 total\nTests:       0 total\n";
        let problem = "b.test.js:1: Test suite failed to run: Cannot find module './none' from 'b.test.js'";
        says(output, Stage::Unbuilt, 0, 1, &[problem]);
        let output = "  ● Test suite failed to run\n\n    Jest encountered an unexpected token\n\n    Details:\n\n    SyntaxError: /work/e.test.js: Unexpected token (1:12)\n\nTests:       0 total\n";
        let problem = "Test suite failed to run: SyntaxError: /work/e.test.js: Unexpected token (1:12)";
        says(output, Stage::Unparsed, 0, 1, &[problem]);
    }

    #[test]
    fn vitest_and_mocha() {
        let output = " ❯ a.test.mjs (2 tests | 1 failed) 13ms\n   ✓ ok 4ms\n   × bad 7ms\n\n FAIL  a.test.mjs > bad\nAssertionError: expected 1 to be 2 // Object.is equality\n\n- Expected\n+ Received\n\n- 2\n+ 1\n\n ❯ a.test.mjs:1:124\n\n Test Files  1 failed (1)\n      Tests  1 failed | 1 passed (2)\n";
        let problem = "a.test.mjs:1: a.test.mjs > bad: AssertionError: expected 1 to be 2 // Object.is equality";
        says(output, Stage::Built, 1, 1, &[problem]);
        let output = "  g\n    ✔ ok\n    1) bad\n\n\n  1 passing (6ms)\n  1 failing\n\n  1) g\n       bad:\n\n      AssertionError [ERR_ASSERTION]: 1 == 2\n      at Context.<anonymous> (m/a.js:1:88)\n";
        let verdict = super::super::read(output, false);
        assert_eq!((verdict.passed, verdict.failed), (1, 1));
    }

    #[test]
    fn tsc() {
        let output = "t.ts(1,7): error TS2322: Type 'string' is not assignable to type 'number'.\nt.ts(2,1): error TS2304: Cannot find name 'nothing'.\n";
        let problems = [
            "t.ts:1: TS2322: Type 'string' is not assignable to type 'number'.",
            "t.ts:2: TS2304: Cannot find name 'nothing'.",
        ];
        says(output, Stage::Unbuilt, 0, 0, &problems);
        let pretty = "t.ts:1:7 - error TS2322: Type 'string' is not assignable to type 'number'.\n\n1 const a: number = 'x';\n        ~\n";
        says(pretty, Stage::Unbuilt, 0, 0, &problems[..1]);
        says(
            "s.ts(1,12): error TS1109: Expression expected.\n",
            Stage::Unparsed,
            0,
            0,
            &["s.ts:1: TS1109: Expression expected."],
        );
    }
}
