//! How much two codebases have in common: files, public names, signatures.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::{outline::all_exports, tree::Tree};

/// What two codebases share, in three respects.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Comparison {
    pub files: Shared,
    pub names: Shared,
    /// Names with their signatures.
    pub signatures: Shared,
}

/// What is in both, and what in one only.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Shared {
    pub both: usize,
    pub only_first: Vec<String>,
    pub only_second: Vec<String>,
}

/// Compares two codebases.
pub fn compare(first: &Tree, second: &Tree) -> Comparison {
    let files = |tree: &Tree| tree.files.iter().map(|file| file.path.to_string()).collect::<BTreeSet<_>>();
    let (one, other) = (all_exports(first), all_exports(second));
    let names =
        |exports: &BTreeSet<(String, String)>| exports.iter().map(|(name, _)| name.clone()).collect::<BTreeSet<_>>();
    let signatures = |exports: &BTreeSet<(String, String)>| {
        exports
            .iter()
            .map(|(name, signature)| format!("{name}: {}", signature.replace([' ', ',', ';'], "")))
            .collect::<BTreeSet<_>>()
    };
    Comparison {
        files: shared(&files(first), &files(second)),
        names: shared(&names(&one), &names(&other)),
        signatures: shared(&signatures(&one), &signatures(&other)),
    }
}

fn shared(first: &BTreeSet<String>, second: &BTreeSet<String>) -> Shared {
    Shared {
        both: first.intersection(second).count(),
        only_first: first.difference(second).cloned().collect(),
        only_second: second.difference(first).cloned().collect(),
    }
}

impl Shared {
    /// What the first has.
    pub fn first(&self) -> usize {
        self.both + self.only_first.len()
    }

    pub fn second(&self) -> usize {
        self.both + self.only_second.len()
    }

    /// From 0, nothing in common, to 1, all the same: twice what is in both, of what is in the one and in the other.
    pub fn likeness(&self) -> f64 {
        let all = self.first() + self.second();
        if all == 0 { 1.0 } else { 2.0 * self.both as f64 / all as f64 }
    }
}

impl Comparison {
    /// The mean of the three.
    pub fn likeness(&self) -> f64 {
        (self.files.likeness() + self.names.likeness() + self.signatures.likeness()) / 3.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        path::RelPath,
        tokens::Counter,
        tree::{Credentials, Reading, SourceFile},
    };

    fn tree(files: &[(&str, &str)]) -> Tree {
        let reading =
            Reading { include: vec![], exclude: vec![], credentials: Credentials::Send, counter: Counter::rough() };
        Tree::new(files.iter().map(|(path, text)| {
            SourceFile::read(RelPath::parse(path).expect("is one"), text.as_bytes(), 0, true, &reading)
        }))
    }

    #[test]
    fn the_same_and_nothing() {
        let one = tree(&[("a.py", "def f(x): pass\n")]);
        assert_eq!(compare(&one, &one).likeness(), 1.0);
        assert_eq!(compare(&one, &tree(&[("b.py", "def g(x): pass\n")])).likeness(), 0.0);
    }

    #[test]
    fn a_changed_signature_is_still_a_shared_name() {
        let compared = compare(
            &tree(&[("a.py", "def f(x): pass\ndef g(): pass\n")]),
            &tree(&[("a.py", "def f(x, y): pass\ndef g( ): pass\n")]),
        );
        assert_eq!((compared.files.both, compared.names.both, compared.signatures.both), (1, 2, 1));
        assert_eq!(compared.signatures.only_first, ["f: deff(x)"]);
    }
}
