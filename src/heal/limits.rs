//! What healing may not do: change tests or what says which are run, change what is a person's, or get green by running
//! fewer tests.

use crate::{
    fixes::Change, heal::Reach, path::RelPath, selection::is_test, tree::Tree, trial::Trial, verdict::Stage,
    workspace::Workspace,
};

/// Files that decide which tests are run, by the beginnings of their names.
const OF_TESTS: [&str; 10] = [
    "conftest.py",
    "pytest.ini",
    "tox.ini",
    "noxfile.py",
    "jest.config.",
    "vitest.config.",
    ".mocharc",
    "karma.conf.",
    "playwright.config.",
    ".taprc",
];
/// Where the tests of a Rust file begin.
const RUST_TESTS: &str = "#[cfg(test)]";
/// Files of a person's that are named to the model.
const MOST_NAMED: usize = 50;

/// Why a change is not made, if it is not.
pub(super) fn refusal(workspace: &Workspace, tree: &Tree, change: &Change, reach: &Reach<'_>) -> Option<String> {
    let path = &change.path;
    if is_of_tests(path) {
        return Some("tests, and what says which are run, stay as they are".to_owned());
    }
    if path.extension() == "rs" && tests_of(&change.old) != tests_of(&change.new) {
        return Some("the tests in it stay as they are".to_owned());
    }
    match (reach, tree.file(path)) {
        (Reach::Agreed(_), _) => None,
        (Reach::Own, Some(file)) if workspace.is_own(path, &file.hash) => None,
        (Reach::Own, Some(_)) => Some("it is yours: smol did not write it as it is".to_owned()),
        (Reach::Own, None) if workspace.is_listed(path) => None,
        (Reach::Own, None) => Some("the file list does not have it".to_owned()),
    }
}

/// The files that are a person's.
pub(super) fn others(workspace: &Workspace, tree: &Tree) -> Vec<RelPath> {
    let others = tree.files.iter().filter(|file| !workspace.is_own(&file.path, &file.hash) && !is_of_tests(&file.path));
    others.take(MOST_NAMED).map(|file| file.path.clone()).collect()
}

/// A trial that ended well with fewer tests than there were is none.
pub(super) fn honest(mut trial: Trial, tests: usize) -> Trial {
    let verdict = &mut trial.verdict;
    let count = verdict.tests();
    if verdict.is_green && count < tests {
        verdict.is_green = false;
        verdict.stage = Stage::Unparsed;
        trial.ending = format!("{}, but with {count} tests instead of {tests}", trial.ending);
    }
    trial
}

fn is_of_tests(path: &RelPath) -> bool {
    is_test(path) || OF_TESTS.iter().any(|beginning| path.name().starts_with(beginning))
}

fn tests_of(text: &str) -> Option<&str> {
    text.find(RUST_TESTS).map(|start| &text[start..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict;

    #[test]
    fn what_belongs_to_tests() {
        let is = |path: &str| is_of_tests(&RelPath::parse(path).expect(path));
        for path in ["tests/a.rs", "test_a.py", "pkg/a_test.go", "src/a.test.ts", "conftest.py", "jest.config.mjs"] {
            assert!(is(path), "{path}");
        }
        for path in ["src/a.rs", "latest.py", "src/contest.js", "package.json"] {
            assert!(!is(path), "{path}");
        }
    }

    #[test]
    fn fewer_tests_are_no_way_to_get_green() {
        let trial = |output: &str| Trial {
            ending: "exit code 0".to_owned(),
            verdict: verdict::read(output, true),
            output: output.to_owned(),
        };
        assert!(honest(trial("3 passed in 0.1s\n"), 3).verdict.is_green);
        let less = honest(trial("1 passed in 0.1s\n"), 3);
        assert_eq!(
            (less.verdict.is_green, less.ending.as_str()),
            (false, "exit code 0, but with 1 tests instead of 3")
        );
        assert!(honest(trial(""), 0).verdict.is_green);
    }
}
