//! What the output of a build or a test run says: how far the project came, how many tests passed, and what is wrong,
//! the root cause first. Reads what tools print for machines where they did, else what they print for people.

mod go;
mod javascript;
mod python;
mod rust;

use std::{cmp::Reverse, collections::BTreeSet, fmt, sync::LazyLock};

use regex::Regex;
use serde::{Deserialize, Serialize};

/// Problems that are kept; more have the same few causes.
const MOST_PROBLEMS: usize = 200;
/// Letters of a problem that are kept.
const LONGEST_PROBLEM: usize = 400;

/// What is different every time, and means nothing.
static PASSING: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"0x[0-9a-fA-F]+|\b\d+(\.\d+)? ?(ms|s|µs|seconds)\b|/tmp/\S+").expect("is written here")
});

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// Whether the command ended well.
    pub is_green: bool,
    pub stage: Stage,
    pub passed: usize,
    pub failed: usize,
    /// The root cause first.
    pub problems: Vec<Problem>,
}

/// How far a project came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Something does not parse.
    Unparsed,
    /// All parses, but names, types or imports do not fit.
    Unbuilt,
    Built,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Problem {
    /// How far one comes with it.
    pub stage: Stage,
    pub what: String,
    /// `path:line`, as the tool wrote it.
    pub place: Option<String>,
}

/// The sum of what the readers find.
#[derive(Debug, Default)]
struct Findings {
    passed: usize,
    failed: usize,
    problems: Vec<Problem>,
}

/// Reads an output.
pub fn read(output: &str, ended_well: bool) -> Verdict {
    let mut findings = Findings::default();
    for read in [rust::read, python::read, javascript::read, go::read] {
        read(output, &mut findings);
    }
    let Findings { passed, failed, mut problems } = findings;
    if ended_well {
        // What passes is no problem, whatever it prints.
        return Verdict { is_green: true, stage: Stage::Built, passed, failed, problems: Vec::new() };
    }
    let mut seen = BTreeSet::new();
    problems.retain(|problem| seen.insert(problem.clone()));
    problems.sort_by_key(|problem| problem.stage);
    problems.truncate(MOST_PROBLEMS);
    let stage = problems.first().map_or(Stage::Built, |problem| problem.stage);
    if problems.is_empty()
        && let Some(last) = output.lines().rev().find(|line| !line.trim().is_empty())
    {
        problems.push(Problem::new(stage, last, None));
    }
    Verdict { is_green: false, stage, passed, failed, problems }
}

impl Verdict {
    /// The better of two states has the greater rank: what is green, else what parses, what builds, what passes more
    /// tests, what fails fewer.
    pub fn rank(&self) -> impl Ord + use<> {
        (self.is_green, self.stage, self.passed, Reverse(self.failed))
    }

    /// What is wrong, without what is different every time: by this one knows whether the same error comes back.
    pub fn signature(&self) -> BTreeSet<String> {
        self.problems.iter().map(|problem| PASSING.replace_all(&problem.to_string(), "…").into_owned()).collect()
    }

    /// Tests that were run.
    pub fn tests(&self) -> usize {
        self.passed + self.failed
    }
}

impl Findings {
    fn add(&mut self, stage: Stage, what: &str, place: Option<String>) {
        self.problems.push(Problem::new(stage, what, place));
    }
}

impl Problem {
    fn new(stage: Stage, what: &str, place: Option<String>) -> Problem {
        let what = what.trim();
        let end = what.floor_char_boundary(LONGEST_PROBLEM);
        Problem { stage, what: what[..end].to_owned(), place }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Some(place) => write!(f, "{place}: {}", self.what),
            None => f.write_str(&self.what),
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.is_green, self.stage) {
            (true, _) if self.tests() == 0 => f.write_str("green"),
            (true, _) => write!(f, "green: {} passed", self.passed),
            (false, Stage::Unparsed) => f.write_str("red: it does not parse"),
            (false, Stage::Unbuilt) => f.write_str("red: it does not build"),
            (false, Stage::Built) if self.tests() == 0 => f.write_str("red"),
            (false, Stage::Built) => write!(f, "red: {} passed, {} failed", self.passed, self.failed),
        }
    }
}

/// A pattern that is written in this source.
fn pattern(words: &str) -> Regex {
    Regex::new(words).expect("is written here")
}

/// The number that a group has caught.
fn number(captures: &regex::Captures<'_>, group: usize) -> usize {
    captures.get(group).and_then(|digits| digits.as_str().parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is read of a red output: the stage, tests passed and failed, and each problem.
    #[track_caller]
    pub(super) fn says(output: &str, stage: Stage, passed: usize, failed: usize, problems: &[&str]) {
        let verdict = read(output, false);
        let found: Vec<String> = verdict.problems.iter().map(Problem::to_string).collect();
        assert_eq!((verdict.stage, verdict.passed, verdict.failed), (stage, passed, failed), "{found:#?}");
        assert_eq!(found, problems);
    }

    #[test]
    fn what_ends_well_is_green_whatever_it_prints() {
        let verdict = read("error: this is a test of errors\n --> a.rs:1:1\n\n2 passed in 0.01s\n", true);
        assert!(verdict.is_green && verdict.problems.is_empty());
        assert_eq!(verdict.to_string(), "green: 2 passed");
    }

    #[test]
    fn nothing_that_can_be_read_leaves_the_last_line() {
        says("building\nmake: *** [all] Error 2\n\n", Stage::Built, 0, 0, &["make: *** [all] Error 2"]);
        says("", Stage::Built, 0, 0, &[]);
    }

    #[test]
    fn states_are_ranked() {
        let verdict = |is_green, stage, passed, failed| Verdict { is_green, stage, passed, failed, problems: vec![] };
        let ranked = [
            verdict(false, Stage::Unparsed, 0, 0),
            verdict(false, Stage::Unbuilt, 0, 0),
            verdict(false, Stage::Built, 0, 2),
            verdict(false, Stage::Built, 1, 3),
            verdict(false, Stage::Built, 1, 1),
            verdict(true, Stage::Built, 0, 0),
        ];
        assert!(ranked.windows(2).all(|pair| pair[0].rank() < pair[1].rank()));
    }

    #[test]
    fn the_same_error_is_known_again() {
        let one = read("Error: no answer from 0x7ffd12 after 12.5 ms\n", false).signature();
        assert_eq!(one, read("Error: no answer from 0x55e0aa after 9 ms\n", false).signature());
        assert_ne!(one, read("Error: no answer\n", false).signature());
    }
}
