//! Facts of JSON: every value under its keys, with its place.

use std::borrow::Cow;

use tree_sitter::{Node, Tree};

use super::{
    facts::{Facts, Setting},
    syntax::{children, text},
};

/// More values than these are data, not settings.
const MOST: usize = 20_000;

/// Reads one file's facts. `source` is what `tree` was parsed from.
pub fn read<'t>(tree: &Tree, source: &'t str) -> Facts<'t> {
    let mut facts = Facts::new();
    let mut left: Vec<(Node, String)> =
        children(tree.root_node()).into_iter().rev().map(|node| (node, String::new())).collect();
    while let Some((node, key)) = left.pop() {
        if facts.settings.len() >= MOST {
            break;
        }
        let inner = |name: &str| if key.is_empty() { name.to_owned() } else { format!("{key}.{name}") };
        match node.kind() {
            "object" => {
                for pair in children(node).into_iter().rev() {
                    let (name, value) = (pair.child_by_field_name("key"), pair.child_by_field_name("value"));
                    if let (Some(name), Some(value)) = (name, value) {
                        left.push((value, inner(text(name, source).trim_matches('"'))));
                    }
                }
                facts.settings.push(Setting { key, text: Cow::Borrowed(""), at: node.start_byte() });
            }
            "array" => {
                for (index, value) in children(node).into_iter().enumerate().rev() {
                    left.push((value, inner(&index.to_string())));
                }
                facts.settings.push(Setting { key, text: Cow::Borrowed(""), at: node.start_byte() });
            }
            "string" => {
                let quoted = text(node, source);
                let bare = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default();
                let text = match bare.contains('\\') {
                    true => serde_json::from_str(quoted).map_or(Cow::Borrowed(bare), Cow::Owned),
                    false => Cow::Borrowed(bare),
                };
                facts.settings.push(Setting { key, text, at: node.start_byte() + 1 });
            }
            "comment" => {}
            _ => facts.settings.push(Setting { key, text: Cow::Borrowed(text(node, source)), at: node.start_byte() }),
        }
    }
    facts
}
