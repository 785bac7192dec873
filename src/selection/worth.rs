//! What every file of a codebase is worth to a question, by what an error points at.

use std::{
    cmp::Reverse,
    collections::{HashMap, HashSet},
};

use aho_corasick::{AhoCorasick, MatchKind};

use super::Leads;
use crate::{
    mentions::Mentioned,
    path::RelPath,
    references::{Importing, definitions},
    tree::Tree,
};

/// What code is worth that nothing points at, before words, data and tests.
const CODE: u64 = 40;

/// The files by their worth to the question, the best first.
pub fn ranking(tree: &Tree, leads: &Leads, mentioned: &[Mentioned]) -> Vec<usize> {
    let worth = worths(tree, leads, mentioned);
    let mut ranking: Vec<usize> = (0..tree.files.len()).collect();
    // Of two that are worth the same, the shorter one: there is room for more of them.
    ranking.sort_by_key(|index| (Reverse(worth[*index]), tree.files[*index].tokens));
    ranking
}

/// What every file is worth to the question, in points; the numbers were tuned on seeded bugs (docs/codebases.md).
fn worths(tree: &Tree, leads: &Leads, mentioned: &[Mentioned]) -> Vec<u64> {
    let mut worth = vec![0_u64; tree.files.len()];
    for (index, points) in by_names(tree, &leads.mentions.names).into_iter().enumerate() {
        worth[index] += points;
    }
    // What the named files import, what that imports, and who imports them.
    let importing = Importing::new(tree);
    let imports: Vec<Vec<usize>> = (0..tree.files.len()).map(|index| importing.of(index)).collect();
    let named: HashSet<usize> = mentioned.iter().map(|known| known.file).collect();
    let first: HashSet<usize> = named.iter().flat_map(|index| imports[*index].iter().copied()).collect();
    let second: HashSet<usize> = first.iter().flat_map(|index| imports[*index].iter().copied()).collect();
    for (index, file) in tree.files.iter().enumerate() {
        worth[index] += u64::from(first.contains(&index)) * 400 + u64::from(second.contains(&index)) * 100;
        worth[index] += u64::from(imports[index].iter().any(|import| named.contains(import))) * 60;
        worth[index] += u64::from(named.iter().any(|test| is_test_of(&tree.files[*test].path, &file.path))) * 300;
        // A test uses every name that it tests; the bug is in what it tests.
        match is_beside_the_point(&file.path) || is_test(&file.path) {
            true => worth[index] /= 4,
            false => worth[index] += CODE,
        }
    }
    for (place, path) in leads.recent.iter().take(20).enumerate() {
        if let Ok(index) = tree.files.binary_search_by(|file| file.path.cmp(path)) {
            worth[index] += 60 - 2 * place as u64;
        }
    }
    for known in mentioned {
        // A place is worth more than a mere name of the file.
        worth[known.file] += if known.lines.is_empty() { 500 } else { 2_000 };
    }
    worth
}

/// Which names of an error a file holds, and which of them it defines.
struct Holding {
    held: HashSet<usize>,
    defined: HashSet<usize>,
}

/// Points for every file that defines or holds names of the error, the rarer the more.
fn by_names(tree: &Tree, names: &[String]) -> Vec<u64> {
    let Ok(search) = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(names) else {
        return vec![0; tree.files.len()];
    };
    let index_of: HashMap<&str, usize> = names.iter().enumerate().map(|(index, name)| (name.as_str(), index)).collect();
    let holding: Vec<Holding> = tree
        .files
        .iter()
        .map(|file| {
            let held = search.find_iter(&*file.text).map(|found| found.pattern().as_usize()).collect::<HashSet<_>>();
            let defined = if held.is_empty() {
                HashSet::new()
            } else {
                definitions(&file.text).filter_map(|name| index_of.get(name).copied()).collect()
            };
            Holding { held, defined }
        })
        .collect();
    let rarity = |of: fn(&Holding) -> &HashSet<usize>, name: usize| {
        let count = holding.iter().filter(|file| of(file).contains(&name)).count().max(1);
        (tree.files.len() as f64 / count as f64).ln_1p()
    };
    let held: Vec<f64> = (0..names.len()).map(|name| rarity(|file| &file.held, name)).collect();
    let defined: Vec<f64> = (0..names.len()).map(|name| rarity(|file| &file.defined, name)).collect();
    let sum = |names: &HashSet<usize>, worth: &[f64]| names.iter().map(|name| worth[*name]).sum::<f64>();
    let points =
        |file: &Holding| (sum(&file.held, &held) * 8.0).min(300.0) + (sum(&file.defined, &defined) * 50.0).min(600.0);
    holding.iter().map(|file| points(file) as u64).collect()
}

/// Whether the one is named as the test of the other: `test_store.py`, `store.test.ts`, `StoreTest.java`.
pub fn is_test_of(test: &RelPath, other: &RelPath) -> bool {
    let stem = |path: &RelPath| path.name().split('.').next().unwrap_or_default().to_lowercase();
    let (test, other) = (stem(test), stem(other));
    let bare =
        test.trim_start_matches("test").trim_start_matches('_').trim_end_matches("tests").trim_end_matches("test");
    let bare = bare.trim_end_matches("spec").trim_end_matches(['_', '-']);
    bare.len() > 1 && bare == other.trim_start_matches('_')
}

/// Whether a file holds tests, by the names that people give them.
pub fn is_test(path: &RelPath) -> bool {
    let name = path.name();
    let stem = name.split('.').next().unwrap_or(name);
    path.parents().any(|parent| matches!(parent.rsplit('/').next(), Some("test" | "tests" | "spec" | "__tests__")))
        || stem.starts_with("test_")
        || ["_test", "_spec", "Test", "Tests", "Spec"].iter().any(|end| stem.ends_with(end))
        || name.contains(".test.")
        || name.contains(".spec.")
}

/// Endings of files that hold code.
const CODE_ENDINGS: &[&str] = &[
    "py", "pyx", "pyi", "rs", "go", "js", "jsx", "mjs", "cjs", "ts", "tsx", "mts", "cts", "vue", "svelte", "astro",
    "java", "kt", "kts", "scala", "groovy", "cs", "fs", "vb", "rb", "php", "c", "h", "cc", "cpp", "cxx", "hpp", "hh",
    "m", "mm", "swift", "dart", "lua", "pl", "pm", "ex", "exs", "erl", "hs", "ml", "mli", "clj", "r", "jl", "zig",
    "nim", "sh", "bash", "ps1", "html", "css", "scss", "less", "sql",
];

/// Words, data, settings, and code that only shows something: seldom where a bug is.
fn is_beside_the_point(path: &RelPath) -> bool {
    !CODE_ENDINGS.contains(&path.extension().as_str())
        || path.parents().any(|parent| {
            matches!(parent.rsplit('/').next(), Some("docs" | "doc" | "examples" | "benchmarks" | "benches"))
        })
}
