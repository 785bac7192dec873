//! Code that stands beside a project's own: in its tests and examples, where it may be there to be read only.

use std::collections::HashSet;

use super::{super::syntax::Language, parent};
use crate::workspace::tree::Tree;

/// The endings of code that stands below directories of tests and examples, and nowhere else beside other code.
pub fn languages_of_tests(tree: &Tree) -> HashSet<&str> {
    let code = tree.files.iter().map(|file| file.path.as_str()).filter(|path| {
        let language = Language::of(path);
        language.is_script() || matches!(language, Language::Python | Language::Go | Language::Rust)
    });
    let (tests, own): (Vec<&str>, Vec<&str>) = code.partition(|path| is_of_tests(path));
    let own: HashSet<&str> = own.into_iter().map(ending).collect();
    if own.is_empty() {
        return own;
    }
    tests.into_iter().map(ending).filter(|ending| !own.contains(ending)).collect()
}

pub fn is_of_tests(path: &str) -> bool {
    let is_beside = |part| matches!(part, "test" | "tests" | "examples" | "samples" | "benches" | "benchmarks");
    parent(path).split('/').any(is_beside)
}

pub fn ending(path: &str) -> &str {
    path.rsplit_once('.').map_or("", |(_, ending)| ending)
}
