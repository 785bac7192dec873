//! When the files of a run start: all together, or each after those that it uses. Knows nothing about models.

use std::collections::{BTreeMap, BTreeSet};

use crate::{contract::Contract, path::RelPath};

/// What a file waits for before it is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sequence {
    /// Nothing: the contract says enough, and all start at once.
    #[default]
    Together,
    /// The files that it uses, so that it sees what they really offer.
    AfterUses,
}

/// The files that each of `files` waits for, by what the contract says that it uses.
///
/// Where files use each other in a circle, the contract's order decides: it names first what the others depend on most,
/// so the one that it names earlier waits for none that it names later.
pub fn awaited(contract: &Contract, files: &[RelPath]) -> BTreeMap<RelPath, BTreeSet<RelPath>> {
    let known: Vec<RelPath> = contract.paths().filter_map(|path| RelPath::parse(path).ok()).collect();
    let place = |path: &RelPath| known.iter().position(|known| known == path);
    let uses = |path: &RelPath| -> BTreeSet<RelPath> {
        let used = contract.file(path).into_iter().flat_map(|file| &file.uses);
        used.filter_map(|used| RelPath::parse(&used.path).ok()).filter(|used| used != path).collect()
    };
    let graph: BTreeMap<&RelPath, BTreeSet<RelPath>> = known.iter().map(|path| (path, uses(path))).collect();
    let waits = |path: &RelPath| {
        let used = graph.get(path).into_iter().flatten().filter(|used| files.contains(used));
        used.filter(|used| place(used) < place(path) || !reaches(&graph, used, path)).cloned().collect()
    };
    files.iter().map(|path| (path.clone(), waits(path))).collect()
}

/// Whether a file uses another one, at whatever remove.
fn reaches(graph: &BTreeMap<&RelPath, BTreeSet<RelPath>>, from: &RelPath, to: &RelPath) -> bool {
    let (mut seen, mut left) = (BTreeSet::new(), vec![from]);
    while let Some(path) = left.pop() {
        if path == to {
            return true;
        }
        if seen.insert(path) {
            left.extend(graph.get(path).into_iter().flatten());
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::{FileContract, Use};

    /// Files with what they use, in the contract's order, and what each waits for.
    #[track_caller]
    fn waits(files: &[(&str, &[&str])], expected: &[(&str, &[&str])]) {
        let used = |path: &&str| Use { path: (*path).to_owned(), names: Vec::new() };
        let file = |(path, uses): &(&str, &[&str])| FileContract {
            path: (*path).to_owned(),
            uses: uses.iter().map(used).collect(),
            ..FileContract::default()
        };
        let contract = Contract { files: files.iter().map(file).collect(), ..Contract::default() };
        let paths: Vec<RelPath> = files.iter().map(|(path, _)| RelPath::parse(path).expect(path)).collect();
        let awaited = awaited(&contract, &paths);
        let shown: Vec<(&str, Vec<&str>)> =
            awaited.iter().map(|(path, waits)| (path.as_str(), waits.iter().map(RelPath::as_str).collect())).collect();
        let expected: Vec<(&str, Vec<&str>)> = expected.iter().map(|(path, waits)| (*path, waits.to_vec())).collect();
        assert_eq!(shown, expected);
    }

    #[test]
    fn a_file_waits_for_those_that_it_uses() {
        waits(&[("a", &["b", "c"]), ("b", &["c"]), ("c", &[])], &[("a", &["b", "c"]), ("b", &["c"]), ("c", &[])]);
    }

    #[test]
    fn in_a_circle_the_earlier_one_waits_for_none_that_is_later() {
        waits(&[("b", &["a"]), ("a", &["b"])], &[("a", &["b"]), ("b", &[])]);
        waits(
            &[("a", &["b"]), ("b", &["c"]), ("c", &["a"]), ("d", &["a"]), ("e", &["e"])],
            &[("a", &[]), ("b", &[]), ("c", &["a"]), ("d", &["a"]), ("e", &[])],
        );
    }

    #[test]
    fn nobody_waits_for_what_is_not_written() {
        waits(&[("a", &["other", "../out"])], &[("a", &[])]);
    }
}
