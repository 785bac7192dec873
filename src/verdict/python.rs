//! What Python, pytest and unittest print.

use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::{Findings, Stage, number, pattern};

/// The last line of pytest, framed or not.
static SUMMARY: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^=*\s*((?:\d+ [a-z]+(?:, )?)+|no tests ran) in [\d.]+s(?: \([\d:]+\))?\s*=*$"));
static COUNT: LazyLock<Regex> = LazyLock::new(|| pattern(r"(\d+) (passed|failed|errors?)\b"));
/// The head of a test in pytest's report.
static SECTION: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^_{2,} (ERROR collecting |ERROR at \w+ of )?(.+?) _{2,}$"));
static EXCEPTION_IN_SECTION: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"^E\s+([A-Za-z_][\w.]*(?:Error|Exception|Exit|Failed|Warning|Interrupt)): ?(.*)$"));
static ASSERT_IN_SECTION: LazyLock<Regex> = LazyLock::new(|| pattern(r"^E\s+(assert .*)$"));
static PLACE_IN_SECTION: LazyLock<Regex> = LazyLock::new(|| pattern(r"^(\S+\.py):(\d+): ?"));
static FILE: LazyLock<Regex> = LazyLock::new(|| pattern(r#"^(?:E)?\s*File "([^"]+)", line (\d+)"#));
static EXCEPTION: LazyLock<Regex> = LazyLock::new(|| {
    pattern(r"^([A-Za-z_][\w.]*(?:Error|Exception|Exit|Interrupt)): ?(.*)$|^(AssertionError|KeyboardInterrupt)$")
});
/// The head of a test in unittest's report.
static UNITTEST: LazyLock<Regex> = LazyLock::new(|| pattern(r"^(?:ERROR|FAIL): (\S+) \((.+)\)"));
static RAN: LazyLock<Regex> = LazyLock::new(|| pattern(r"^Ran (\d+) tests? in "));
static ENDED: LazyLock<Regex> = LazyLock::new(|| pattern(r"^(?:FAILED|OK)(?: \((.+)\))?$"));
static OF_UNITTEST: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(failures|errors|skipped|expected failures|unexpected successes)=(\d+)"));

pub(super) fn read(output: &str, findings: &mut Findings) {
    let before = findings.problems.len();
    pytest(output, findings);
    unittest_counts(output, findings);
    if findings.problems.len() == before {
        tracebacks(output, findings);
    }
}

fn pytest(output: &str, findings: &mut Findings) {
    let mut section: Option<Section> = None;
    for line in output.lines() {
        let head = SECTION.captures(line);
        // Other rules of signs end the last section.
        if head.is_some() || line.starts_with("=====") {
            section.take().map(Section::end).into_iter().flatten().for_each(|(stage, what, place)| {
                findings.add(stage, &what, place);
            });
        }
        if let Some(head) = head {
            let is_loading = head.get(1).is_some_and(|words| words.as_str().contains("collecting"));
            section = Some(Section { name: head[2].to_owned(), is_loading, ..Section::default() });
        } else if let Some(section) = &mut section {
            section.take(line);
        }
        if let Some(summary) = SUMMARY.captures(line) {
            for count in COUNT.captures_iter(&summary[1]) {
                let is_passed = &count[2] == "passed";
                *(if is_passed { &mut findings.passed } else { &mut findings.failed }) += number(&count, 1);
            }
        }
    }
    section.and_then(Section::end).into_iter().for_each(|(stage, what, place)| findings.add(stage, &what, place));
}

/// What pytest says of one test, or of one file that it could not load.
#[derive(Default)]
struct Section {
    name: String,
    is_loading: bool,
    exception: Option<String>,
    place: Option<String>,
}

impl Section {
    fn take(&mut self, line: &str) {
        if let Some(found) = EXCEPTION_IN_SECTION.captures(line) {
            self.exception = Some(format!("{}: {}", &found[1], &found[2]));
        } else if let (None, Some(found)) = (&self.exception, ASSERT_IN_SECTION.captures(line)) {
            self.exception = Some(found[1].to_owned());
        }
        if let Some(found) = FILE.captures(line).or_else(|| PLACE_IN_SECTION.captures(line)) {
            self.place = place(&found).or(self.place.take());
        }
    }

    fn end(self) -> Option<(Stage, String, Option<String>)> {
        let exception = self.exception?;
        Some((stage(&exception, self.is_loading), format!("{}: {exception}", self.name), self.place))
    }
}

fn unittest_counts(output: &str, findings: &mut Findings) {
    let Some(ran) = output.lines().find_map(|line| RAN.captures(line)) else { return };
    let ended = output.lines().rev().find_map(|line| ENDED.captures(line));
    let (mut failed, mut other) = (0, 0);
    if let Some(words) = ended.as_ref().and_then(|ended| ended.get(1)) {
        for count in OF_UNITTEST.captures_iter(words.as_str()) {
            *(if matches!(&count[1], "failures" | "errors") { &mut failed } else { &mut other }) += number(&count, 2);
        }
    }
    findings.failed += failed;
    findings.passed += number(&ran, 1).saturating_sub(failed + other);
}

/// Tracebacks of a program, or of unittest.
fn tracebacks(output: &str, findings: &mut Findings) {
    let (mut name, mut last) = (String::new(), None);
    for line in output.lines() {
        if let Some(test) = UNITTEST.captures(line) {
            name = format!("{}: ", &test[1]);
        } else if let Some(found) = FILE.captures(line) {
            last = place(&found).or(last);
        } else if let (Some(found), true) = (EXCEPTION.captures(line), last.is_some()) {
            // Unittest says first that it could not load a file, and then why.
            let is_loading =
                found.get(2).is_some_and(|words| words.as_str().starts_with("Failed to import test module"));
            if !is_loading {
                findings.add(stage(line, true), &format!("{name}{line}"), last.take());
            }
        }
    }
}

fn stage(exception: &str, is_loading: bool) -> Stage {
    let is = |names: &[&str]| names.iter().any(|name| exception.starts_with(name));
    match () {
        () if is(&["SyntaxError", "IndentationError", "TabError"]) => Stage::Unparsed,
        () if is(&["ImportError", "ModuleNotFoundError"]) => Stage::Unbuilt,
        // A name that is not there when a file is loaded, and not in a test.
        () if is_loading && !is(&["AssertionError"]) && exception.starts_with("NameError") => Stage::Unbuilt,
        () => Stage::Built,
    }
}

/// A place in a file that is the project's own.
fn place(found: &Captures<'_>) -> Option<String> {
    let path = &found[1];
    let is_other = path.starts_with('<')
        || ["/lib/python", "site-packages", "dist-packages"].iter().any(|part| path.contains(part));
    (!is_other).then(|| format!("{path}:{}", &found[2]))
}

#[cfg(test)]
mod tests {
    use super::super::{Stage, tests::says};

    #[test]
    fn a_test_of_pytest_that_fails() {
        let output = "============================= test session starts ==============================\ncollected 2 items\n\ntest_store.py .F                                                         [100%]\n\n=================================== FAILURES ===================================\n_________________________________ test_missing _________________________________\n\n>   def test_missing(): assert get({}, 'a') is None\n\ntest_store.py:3: \n_ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ \n\nitems = {}, key = 'a'\n\n    def get(items, key):\n>       return items[key]\nE       KeyError: 'a'\n\nstore.py:2: KeyError\n=========================== short test summary info ============================\nFAILED test_store.py::test_missing - KeyError: 'a'\n========================= 1 failed, 1 passed in 0.07s ==========================\n";
        says(output, Stage::Built, 1, 1, &["store.py:2: test_missing: KeyError: 'a'"]);
        let quiet = output.replace(
            "========================= 1 failed, 1 passed in 0.07s ==========================",
            "1 failed, 1 passed in 0.13s",
        );
        says(&quiet, Stage::Built, 1, 1, &["store.py:2: test_missing: KeyError: 'a'"]);
    }

    #[test]
    fn files_that_pytest_cannot_load() {
        let output = "collected 2 items / 1 error\n\n==================================== ERRORS ====================================\n_______________________ ERROR collecting test_import.py ________________________\nImportError while importing test module '/work/py/test_import.py'.\nHint: make sure your test modules/packages have valid Python names.\nTraceback:\n/usr/lib/python3.11/importlib/__init__.py:126: in import_module\n    return _bootstrap._gcd_import(name[level:], package, level)\ntest_import.py:1: in <module>\n    from store import nothing\nE   ImportError: cannot import name 'nothing' from 'store' (/work/py/store.py)\n=========================== short test summary info ============================\nERROR test_import.py\n!!!!!!!!!!!!!!!!!!!! Interrupted: 1 error during collection !!!!!!!!!!!!!!!!!!!!\n=============================== 1 error in 0.23s ===============================\n";
        let problem = "test_import.py:1: test_import.py: ImportError: cannot import name 'nothing' from 'store' (/work/py/store.py)";
        says(output, Stage::Unbuilt, 0, 1, &[problem]);
        let output = "_______________________ ERROR collecting test_syntax.py ________________________\n/usr/lib/python3/dist-packages/_pytest/python.py:618: in _importtestmodule\n    mod = import_path(self.path, mode=importmode, root=self.config.rootpath)\n<frozen importlib._bootstrap>:1206: in _gcd_import\n    ???\nE     File \"/work/py/test_syntax.py\", line 1\nE       def test_x(: pass\nE                  ^\nE   SyntaxError: invalid syntax\n=========================== short test summary info ============================\nERROR test_syntax.py\n=============================== 1 error in 0.43s ===============================\n";
        says(
            output,
            Stage::Unparsed,
            0,
            1,
            &["/work/py/test_syntax.py:1: test_syntax.py: SyntaxError: invalid syntax"],
        );
    }

    #[test]
    fn unittest() {
        let output = ".EFs\n======================================================================\nERROR: test_b (ut.T.test_b)\n----------------------------------------------------------------------\nTraceback (most recent call last):\n  File \"/work/py/ut.py\", line 5, in test_b\n    def test_b(self): self.assertIsNone(get({},'a'))\n                                        ^^^^^^^^^^^\n  File \"/work/py/store.py\", line 2, in get\n    return items[key]\n           ~~~~~^^^^^\nKeyError: 'a'\n\n======================================================================\nFAIL: test_c (ut.T.test_c)\n----------------------------------------------------------------------\nTraceback (most recent call last):\n  File \"/work/py/ut.py\", line 6, in test_c\n    def test_c(self): self.assertEqual(1,2)\n                      ^^^^^^^^^^^^^^^^^^^^^\nAssertionError: 1 != 2\n\n----------------------------------------------------------------------\nRan 4 tests in 0.005s\n\nFAILED (failures=1, errors=1, skipped=1)\n";
        let problems =
            ["/work/py/store.py:2: test_b: KeyError: 'a'", "/work/py/ut.py:6: test_c: AssertionError: 1 != 2"];
        says(output, Stage::Built, 1, 2, &problems);
        let output = "E\n======================================================================\nERROR: test_import (unittest.loader._FailedTest.test_import)\n----------------------------------------------------------------------\nImportError: Failed to import test module: test_import\nTraceback (most recent call last):\n  File \"/usr/lib/python3.11/unittest/loader.py\", line 154, in loadTestsFromName\n    module = __import__(module_name)\n             ^^^^^^^^^^^^^^^^^^^^^^^\n  File \"/work/py/test_import.py\", line 1, in <module>\n    from store import nothing\nImportError: cannot import name 'nothing' from 'store' (/work/py/store.py)\n\n\n----------------------------------------------------------------------\nRan 1 test in 0.000s\n\nFAILED (errors=1)\n";
        let problem = "/work/py/test_import.py:1: test_import: ImportError: cannot import name 'nothing' from 'store' (/work/py/store.py)";
        says(output, Stage::Unbuilt, 0, 1, &[problem]);
    }

    #[test]
    fn programs_that_end_with_an_exception() {
        let output = "Traceback (most recent call last):\n  File \"/work/py/main.py\", line 1, in <module>\n    from store import nothing\nImportError: cannot import name 'nothing' from 'store' (/work/py/store.py)\n";
        says(
            output,
            Stage::Unbuilt,
            0,
            0,
            &["/work/py/main.py:1: ImportError: cannot import name 'nothing' from 'store' (/work/py/store.py)"],
        );
        let output = "  File \"/work/py/test_syntax.py\", line 1\n    def test_x(: pass\n               ^\nSyntaxError: invalid syntax\n";
        says(output, Stage::Unparsed, 0, 0, &["/work/py/test_syntax.py:1: SyntaxError: invalid syntax"]);
    }
}
