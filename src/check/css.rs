//! Facts of CSS: which classes and ids it selects, and which files it names.

use std::borrow::Cow;

use tree_sitter::{Node, Tree};

use super::{
    facts::{Facts, Link, Mark, MarkKind, Name},
    syntax::{children, name, text},
};

/// Reads one stylesheet's facts. `source` is what `tree` was parsed from.
pub fn read<'t>(tree: &Tree, source: &'t str) -> Facts<'t> {
    let mut facts = Facts::new();
    let mut left = vec![tree.root_node()];
    while let Some(node) = left.pop() {
        match node.kind() {
            // `:hover` is a class too, of the browser's.
            "class_name" if node.parent().is_some_and(|parent| parent.kind() == "pseudo_class_selector") => {
                let is_own = node.prev_sibling().is_none_or(|sign| sign.kind() == ".");
                if is_own {
                    facts.marks.push(Mark { name: name(node, source), kind: MarkKind::ClassStyled });
                }
            }
            "class_name" => facts.marks.push(Mark { name: name(node, source), kind: MarkKind::ClassStyled }),
            "id_name" => facts.marks.push(Mark { name: name(node, source), kind: MarkKind::IdStyled }),
            "call_expression" => {
                let is_url = node.named_child(0).is_some_and(|callee| text(callee, source).eq_ignore_ascii_case("url"));
                if let (true, Some(arguments)) = (is_url, node.named_child(1)) {
                    link(arguments, source, &mut facts, "url()");
                } else {
                    left.extend(children(node));
                }
            }
            "import_statement" => {
                if let Some(address) = node.named_child(0).filter(|child| child.kind() == "string_value") {
                    push(address, source, &mut facts, "@import");
                } else {
                    left.extend(children(node));
                }
            }
            _ => left.extend(children(node).into_iter().rev()),
        }
    }
    facts
}

fn link<'t>(arguments: Node, source: &'t str, facts: &mut Facts<'t>, by: &'static str) {
    let whole = text(arguments, source);
    let inner = whole.trim_start_matches('(').trim_end_matches(')').trim();
    let at = arguments.start_byte() + whole.find(inner).unwrap_or(0);
    add(Name { text: inner, at }, facts, by);
}

fn push<'t>(address: Node, source: &'t str, facts: &mut Facts<'t>, by: &'static str) {
    add(name(address, source), facts, by);
}

fn add<'t>(written: Name<'t>, facts: &mut Facts<'t>, by: &'static str) {
    let bare = written.text.trim_matches(['"', '\'']);
    let at = written.at + usize::from(bare.len() < written.text.len());
    if !bare.is_empty() {
        facts.links.push(Link { target: Cow::Borrowed(bare), at, by });
    }
}
