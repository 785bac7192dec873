//! Words and names of whole trees, counted before any rule looks.

use std::collections::HashMap;

use rayon::prelude::*;

use super::parent;
use crate::workspace::tree::Tree;

/// Where top modules and packages of Python stand, by their names.
pub fn python_roots(tree: &Tree) -> HashMap<&str, Vec<&str>> {
    let mut roots: HashMap<&str, Vec<&str>> = HashMap::new();
    let mut add = |name, root| {
        let known = roots.entry(name).or_default();
        if !known.contains(&root) {
            known.push(root);
        }
    };
    for file in &tree.files {
        let (stem, ending) = file.path.rsplit_once('.').unwrap_or((&file.path, ""));
        if !matches!(ending, "py" | "pyi" | "pyx" | "so" | "pyd") {
            continue;
        }
        let name = stem.rsplit('/').next().unwrap_or(stem);
        add(name, parent(stem));
        let mut directory = parent(stem);
        while !directory.is_empty() {
            add(directory.rsplit('/').next().unwrap_or(directory), parent(directory));
            directory = parent(directory);
        }
    }
    roots
}

/// Every word of every text: names as programs and markup spell them, with their dashes and without.
pub fn words(tree: &Tree) -> HashMap<&str, u32> {
    let counted: Vec<HashMap<&str, u32>> =
        tree.files.par_iter().filter_map(|file| file.text.as_deref()).map(words_of).collect();
    let mut all = HashMap::new();
    for (word, number) in counted.into_iter().flatten() {
        *all.entry(word).or_default() += number;
    }
    all
}

fn words_of(text: &str) -> HashMap<&str, u32> {
    let mut words: HashMap<&str, u32> = HashMap::new();
    for dashed in text.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '$' && c != '-') {
        let trimmed = dashed.trim_matches('-');
        if trimmed.is_empty() {
            continue;
        }
        *words.entry(trimmed).or_default() += 1;
        if trimmed.contains('-') {
            for word in trimmed.split('-').filter(|word| !word.is_empty()) {
                *words.entry(word).or_default() += 1;
            }
        }
    }
    words
}
