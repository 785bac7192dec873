//! A codebase drawn as a tree of folders with the tokens of each.

use std::collections::BTreeMap;

use super::Tree;

/// The drawing stays on one screen: folders below the third are summed up.
const DEEPEST: usize = 3;
/// Files of one folder that are named one by one, the largest first.
const MOST_FILES: usize = 12;

#[derive(Default)]
struct Folder<'a> {
    folders: BTreeMap<&'a str, Folder<'a>>,
    files: Vec<(&'a str, u64)>,
    tokens: u64,
    count: usize,
}

/// Draws what is in `tree`, one line per folder or file, with its tokens.
pub fn draw(tree: &Tree, name: &str) -> String {
    let mut root = Folder::default();
    for file in &tree.files {
        let mut folder = &mut root;
        let mut parts = file.path.as_str().split('/').peekable();
        while let Some(part) = parts.next() {
            folder.tokens += file.tokens;
            folder.count += 1;
            match parts.peek() {
                Some(_) => folder = folder.folders.entry(part).or_default(),
                None => folder.files.push((part, file.tokens)),
            }
        }
    }
    let mut lines = vec![(format!("{}/", name.trim_end_matches('/')), root.tokens)];
    lines_of(&mut root, "", 1, &mut lines);
    let width = lines.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let most = lines.iter().map(|(_, tokens)| tokens.to_string().len()).max().unwrap_or(0);
    lines.iter().map(|(name, tokens)| format!("{name:<width$}  {tokens:>most$} tokens\n")).collect()
}

fn lines_of(folder: &mut Folder, indent: &str, depth: usize, lines: &mut Vec<(String, u64)>) {
    folder.files.sort_by_key(|(name, tokens)| (std::cmp::Reverse(*tokens), *name));
    let rest = folder.files.split_off(folder.files.len().min(MOST_FILES));
    let count = folder.folders.len() + folder.files.len() + usize::from(!rest.is_empty());
    let branch = |index: usize| if index + 1 == count { ("└── ", "    ") } else { ("├── ", "│   ") };
    for (index, (name, inner)) in folder.folders.iter_mut().enumerate() {
        let (corner, deeper) = branch(index);
        if depth >= DEEPEST {
            lines.push((format!("{indent}{corner}{name}/ ({} files)", inner.count), inner.tokens));
            continue;
        }
        lines.push((format!("{indent}{corner}{name}/"), inner.tokens));
        lines_of(inner, &format!("{indent}{deeper}"), depth + 1, lines);
    }
    for (index, (name, tokens)) in folder.files.iter().enumerate() {
        lines.push((format!("{indent}{}{name}", branch(folder.folders.len() + index).0), *tokens));
    }
    if !rest.is_empty() {
        let tokens = rest.iter().map(|(_, tokens)| tokens).sum();
        lines.push((format!("{indent}└── {} more files", rest.len()), tokens));
    }
}
