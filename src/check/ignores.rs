//! Comments that say that a misfit is meant: `smol-ignore` for a line, `smol-ignore-file` for a file.
//! What authors have said to other checkers of the same kind counts too.

use std::collections::HashMap;

use super::{Misfit, project::Project};

/// By path: the lines, counted from one, with the rules that are not to look there; none means all of them.
pub struct Ignores {
    lines: HashMap<(String, usize), Vec<String>>,
    files: HashMap<String, Vec<String>>,
}

const MARK: &str = "smol-ignore";
/// Marks of TypeScript's compiler about the next line, and of Python's checkers about the same.
const NEXT_LINE: &[&str] = &["@ts-ignore", "@ts-expect-error"];
const SAME_LINE: &[&str] = &[
    "# type: ignore",
    "# type:ignore",
    "# noqa",
    "# NOQA",
    "# pyright: ignore",
    "# ty: ignore",
    "# pyrefly: ignore",
    "# mypy: ignore",
    "# ruff: ignore",
    "# pylint: disable",
    "# pylint:disable",
    // What tests of checkers expect there.
    "# E: ",
    "# error: ",
    "// nolint",
];
/// Rules of ESLint that ask the same as these of ours.
const OF_ESLINT: &[(&str, &str)] = &[
    ("no-undef", "undefined-name"),
    ("no-missing-import", "unresolved-import"),
    ("no-missing-require", "unresolved-import"),
    ("no-unresolved", "unresolved-import"),
    ("no-extraneous", "undeclared-package"),
];
const ESLINT: &str = "eslint-disable";
const WHOLE_FILE: &[&str] = &["@ts-nocheck"];

impl Ignores {
    pub fn new(project: &Project) -> Ignores {
        let mut ignores = Ignores { lines: HashMap::new(), files: HashMap::new() };
        for file in &project.tree.files {
            let Some(text) = file.text.as_deref() else { continue };
            let has_any = |marks: &[&str], text: &str| marks.iter().any(|mark| text.contains(mark));
            if !text.contains(MARK)
                && !text.contains(ESLINT)
                && ![NEXT_LINE, SAME_LINE, WHOLE_FILE].iter().any(|marks| has_any(marks, text))
            {
                continue;
            }
            for (index, line) in text.lines().enumerate() {
                let mut all_of = |line| ignores.lines.entry((file.path.clone(), line)).or_default().push(String::new());
                if has_any(NEXT_LINE, line) {
                    all_of(index + 2);
                }
                if has_any(SAME_LINE, line) {
                    all_of(index + 1);
                }
                if has_any(WHOLE_FILE, line) {
                    ignores.files.entry(file.path.clone()).or_default().push(String::new());
                }
                if let Some((_, rest)) = line.split_once(ESLINT) {
                    let named = OF_ESLINT.iter().filter(|(theirs, _)| rest.contains(theirs));
                    let rules = named.map(|(_, ours)| (*ours).to_owned());
                    match rest {
                        _ if rest.starts_with("-line") => ignores.at(&file.path, index + 1).extend(rules),
                        _ if rest.starts_with("-next-line") => ignores.at(&file.path, index + 2).extend(rules),
                        _ => ignores.files.entry(file.path.clone()).or_default().extend(rules),
                    }
                }
                let Some((before, rest)) = line.split_once(MARK) else { continue };
                if !is_comment(before) {
                    continue;
                }
                if let Some(rest) = rest.strip_prefix("-file") {
                    ignores.files.entry(file.path.clone()).or_default().extend(rules(rest));
                    continue;
                }
                // On a line of its own it is about the next one.
                let is_alone = before.trim().chars().all(|c| !c.is_alphanumeric());
                let line = index + 1 + usize::from(is_alone);
                ignores.lines.entry((file.path.clone(), line)).or_default().extend(rules(rest));
            }
        }
        ignores
    }

    fn at(&mut self, path: &str, line: usize) -> &mut Vec<String> {
        self.lines.entry((path.to_owned(), line)).or_default()
    }

    pub fn hold(&self, misfit: &Misfit) -> bool {
        let rule = misfit.rule.to_string();
        let holds = |rules: &Vec<String>| rules.iter().any(|named| named.is_empty() || *named == rule);
        self.files.get(&misfit.path).is_some_and(holds)
            || self.lines.get(&(misfit.path.clone(), misfit.line)).is_some_and(holds)
    }
}

/// The rules named behind the mark; an empty name stands for all.
fn rules(rest: &str) -> Vec<String> {
    let named: Vec<String> = rest
        .trim_start_matches([':', ' '])
        .split([',', ' '])
        .take_while(|word| {
            !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c == '-') && *word != "--"
        })
        .map(|word| word.trim_matches('-').to_owned())
        .filter(|word| !word.is_empty())
        .collect();
    if named.is_empty() { vec![String::new()] } else { named }
}

fn is_comment(before: &str) -> bool {
    ["//", "#", "/*", "<!--", "*", "--"].iter().any(|sign| before.contains(sign))
}
