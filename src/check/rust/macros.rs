//! What stands inside macros of Rust. To the grammar that is tokens; the arguments of macros that everybody knows
//! are expressions all the same, and are read as such. Of any other macro only the strings are seen.

use std::{cell::RefCell, collections::HashSet, ops::Range};

use tree_sitter::{Node, Parser, Point, Tree};

use super::{
    super::{
        facts::{Mention, Name},
        syntax::{child_of_kind, children},
    },
    Reader,
};

/// How the arguments of a macro are to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// Expressions alone.
    Values,
    /// So many expressions, then a text with holes and what fills them.
    Format(usize),
    /// The same, but up to the edition of 2018 a lone text is no text with holes.
    Message(usize),
    /// A text with holes, perhaps behind `target: …,`; with fields before it the macro has a grammar of its own.
    Log(usize),
    /// An expression, and then something else.
    First,
}

/// Macros of the standard library, of log and tracing, of anyhow and eyre.
const KNOWN: &[(&str, Shape)] = &[
    ("println", Shape::Format(0)),
    ("print", Shape::Format(0)),
    ("eprintln", Shape::Format(0)),
    ("eprint", Shape::Format(0)),
    ("format", Shape::Format(0)),
    ("format_args", Shape::Format(0)),
    ("write", Shape::Format(1)),
    ("writeln", Shape::Format(1)),
    ("todo", Shape::Message(0)),
    ("unimplemented", Shape::Message(0)),
    ("unreachable", Shape::Message(0)),
    ("panic", Shape::Message(0)),
    ("assert", Shape::Message(1)),
    ("debug_assert", Shape::Message(1)),
    ("assert_eq", Shape::Format(2)),
    ("assert_ne", Shape::Format(2)),
    ("debug_assert_eq", Shape::Format(2)),
    ("debug_assert_ne", Shape::Format(2)),
    ("vec", Shape::Values),
    ("dbg", Shape::Values),
    ("matches", Shape::First),
    ("assert_matches", Shape::First),
    ("debug_assert_matches", Shape::First),
    ("ensure", Shape::First),
    ("bail", Shape::Message(0)),
    ("anyhow", Shape::Message(0)),
    ("eyre", Shape::Message(0)),
    ("error", Shape::Log(0)),
    ("warn", Shape::Log(0)),
    ("info", Shape::Log(0)),
    ("debug", Shape::Log(0)),
    ("trace", Shape::Log(0)),
    ("log", Shape::Log(1)),
];
/// The crates that those of them with a longer path may come from.
const HOMES: &[&str] = &["std", "core", "alloc", "log", "tracing", "anyhow", "eyre", "color_eyre", "pretty_assertions"];

/// The names of macros that `text` makes itself, by example or by code.
pub fn made_in(text: &str) -> impl Iterator<Item = &str> {
    let by_example = text.split("macro_rules!").skip(1);
    let by_code = text.split("#[proc_macro]").skip(1).filter_map(|rest| rest.split_once("fn ").map(|(_, rest)| rest));
    let newer = text.split("macro ").skip(1);
    by_example.chain(by_code).chain(newer).filter_map(|rest| {
        let name = rest.trim_start().split(|c: char| !c.is_alphanumeric() && c != '_').next()?;
        (!name.is_empty()).then_some(name)
    })
}

impl<'t> Reader<'t, '_> {
    /// The arguments of a macro that everybody knows; of others the strings.
    pub(super) fn macro_invocation(&mut self, node: Node, scope: usize) {
        let Some(tokens) = child_of_kind(node, "token_tree") else { return };
        let written = node.child_by_field_name("macro").map_or("", |name| self.text(name));
        // `pin! { let x = … }` binds around itself; a reference behind one in braces looks like a `&` between two values.
        let is_value = super::items::VALUE_MACROS.contains(&written) || self.is_known_macro(written);
        if !is_value && ["let ", "static "].iter().any(|word| self.text(tokens).contains(word)) {
            self.facts.rust.macro_scopes.push(scope);
        }
        let is_read = self.shape_of(written).is_some_and(|shape| self.arguments_of(shape, tokens, scope));
        if !is_read {
            self.strings_in(tokens, scope);
        }
    }

    fn strings_in(&mut self, node: Node, scope: usize) {
        let mut left = vec![node];
        while let Some(node) = left.pop() {
            match node.kind() {
                "string_literal" | "raw_string_literal" => {
                    self.value(node, scope);
                }
                _ => left.extend(children(node)),
            }
        }
    }

    /// Whether it makes values only, as those do whose arguments are read.
    pub(super) fn is_known_macro(&self, written: &str) -> bool {
        self.shape_of(written).is_some()
    }

    fn shape_of(&self, written: &str) -> Option<Shape> {
        let (home, name) = written.rsplit_once("::").unwrap_or(("", written));
        let is_of_others = !home.is_empty() && !HOMES.contains(&home.trim_start_matches("::"));
        if is_of_others || self.own_macros.contains(name) {
            return None;
        }
        KNOWN.iter().find(|(known, _)| *known == name).map(|(_, shape)| *shape)
    }

    /// Reads the arguments, if they can be read; a macro of the same name from elsewhere may have a grammar of its own.
    fn arguments_of(&mut self, shape: Shape, tokens: Node, scope: usize) -> bool {
        let parts = parts(tokens);
        let (mut first, mut last) = (0, parts.len());
        match shape {
            Shape::First => last = last.min(1),
            Shape::Log(_) if parts.first().is_some_and(|part| self.is_labelled(*part)) => first = 1,
            _ => {}
        }
        let Some(range) = parts.get(first).zip(parts.get(last.wrapping_sub(1))).map(|(first, last)| first.0..last.1)
        else {
            return parts.is_empty();
        };
        let before = match shape {
            Shape::Format(before) | Shape::Message(before) | Shape::Log(before) => Some(before),
            Shape::Values | Shape::First => None,
        };
        let text = before.and_then(|before| parts.get(first + before)).map(|part| self.source[part.0..part.1].trim());
        if matches!(shape, Shape::Log(_)) && !text.is_some_and(is_text) {
            return false;
        }
        let is_list = self.text(tokens).starts_with('[');
        let Some(tree) = parse_list(self.source, range, is_list) else { return false };
        let Some(list) = list_of(&tree) else { return false };
        // What stands behind a condition of compilation may not be there.
        if child_of_kind(list, "attribute_item").is_some() {
            return false;
        }
        let rest = &parts[(first + before.unwrap_or_default()).min(parts.len())..];
        let mut named = Vec::new();
        for argument in children(list) {
            // `name = value` fills a hole; anywhere else it is an assignment.
            let label = (argument.kind() == "assignment_expression" && before.is_some())
                .then(|| argument.child_by_field_name("left"))
                .flatten()
                .filter(|left| left.kind() == "identifier");
            match label.zip(argument.child_by_field_name("right")) {
                Some((label, value)) => {
                    named.push(self.text(label));
                    self.visit(value, scope);
                }
                None => self.visit(argument, scope),
            }
        }
        let has_holes = !matches!(shape, Shape::Message(_)) || rest.len() > 1;
        if let (Some(text), Some(part), true) = (text.filter(|text| is_text(text)), rest.first(), has_holes) {
            let start = part.0 + self.source[part.0..part.1].find(text).unwrap_or_default();
            self.captured(start..start + text.len(), &named, scope);
        }
        true
    }

    /// `target: "…"`, as log and tracing have it.
    fn is_labelled(&self, part: (usize, usize)) -> bool {
        let text = self.source[part.0..part.1].trim_start();
        text.strip_prefix("target").is_some_and(|rest| rest.trim_start().starts_with(':') && !rest.starts_with("::"))
    }

    /// The names in the holes of a text: `{name}`, `{name:>width$}`.
    fn captured(&mut self, range: Range<usize>, named: &[&str], scope: usize) {
        let text = &self.source[range.clone()];
        let is_raw = text.starts_with('r');
        let bytes = text.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            match bytes[at] {
                b'{' if bytes.get(at + 1) == Some(&b'{') => at += 2,
                // A sign by its number.
                b'\\' if !is_raw => {
                    at += 2;
                    if bytes.get(at - 1) == Some(&b'u') && bytes.get(at) == Some(&b'{') {
                        at += text[at..].find('}').unwrap_or_default();
                    }
                }
                b'{' => {
                    let Some(length) = text[at..].find('}') else { return };
                    self.hole(range.start + at + 1, &text[at + 1..at + length], named, scope);
                    at += length + 1;
                }
                _ => at += 1,
            }
        }
    }

    fn hole(&mut self, at: usize, hole: &'t str, named: &[&str], scope: usize) {
        let (name, form) = hole.split_once(':').unwrap_or((hole, ""));
        let mut names = vec![name];
        // `width$` and `.precision$`.
        names.extend(
            form.split('$')
                .rev()
                .skip(1)
                .filter_map(|part| part.rsplit(|c: char| !c.is_alphanumeric() && c != '_').next()),
        );
        for name in names {
            let name = name.trim().trim_start_matches("r#");
            let is_name = name.starts_with(|c: char| c.is_alphabetic() || c == '_')
                && name.chars().all(|c| c.is_alphanumeric() || c == '_');
            if !is_name || named.contains(&name) || name == "self" {
                continue;
            }
            let at = at + (name.as_ptr() as usize - hole.as_ptr() as usize);
            self.facts.mentions.push(Mention { name: Name { text: name, at }, scope, is_guarded: self.guards > 0 });
        }
    }
}

/// Whether this is a text as it is written, and nothing else.
fn is_text(argument: &str) -> bool {
    let bare = argument.strip_prefix('r').unwrap_or(argument).trim_start_matches('#');
    bare.starts_with('"') && argument.trim_end_matches('#').ends_with('"')
}

/// Where the parts of a macro's tokens begin and end, as commas at the top part them.
fn parts(tokens: Node) -> Vec<(usize, usize)> {
    let mut cursor = tokens.walk();
    let all: Vec<Node> = tokens.children(&mut cursor).collect();
    let [open, inner @ .., close] = all.as_slice() else { return Vec::new() };
    let mut parts = Vec::new();
    let mut start = open.end_byte();
    let mut is_empty = true;
    for token in inner {
        if token.kind() == "," {
            parts.push((start, token.start_byte()));
            (start, is_empty) = (token.end_byte(), true);
        } else {
            is_empty &= token.kind().ends_with("comment");
        }
    }
    if !is_empty {
        parts.push((start, close.start_byte()));
    }
    parts
}

thread_local! {
    static PARSER: RefCell<Option<Parser>> = RefCell::new(parser());
}

fn parser() -> Option<Parser> {
    let mut parser = Parser::new();
    parser.set_language(&tree_sitter_rust::LANGUAGE.into()).ok()?;
    Some(parser)
}

/// The syntax tree of a list of expressions that stands at `range`, with the places that it has in the file: brackets
/// are put around it in passing, over the signs that are there.
fn parse_list(source: &str, range: Range<usize>, is_list: bool) -> Option<Tree> {
    let (open, close) = if is_list { ("[", "];") } else { ("(", ");") };
    let start = range.start.checked_sub(1)?;
    let whole = tree_sitter::Range {
        start_byte: start,
        end_byte: range.end + close.len(),
        start_point: Point::default(),
        end_point: Point { row: usize::MAX >> 32, column: 0 },
    };
    let mut read = |at: usize, _: Point| -> &[u8] {
        match at {
            at if at < start => &[],
            at if at == start => open.as_bytes(),
            at if at < range.end => &source.as_bytes()[at..range.end],
            at => close.as_bytes().get(at - range.end..).unwrap_or_default(),
        }
    };
    PARSER.with_borrow_mut(|parser| {
        let parser = parser.as_mut()?;
        parser.set_included_ranges(&[whole]).ok()?;
        parser.parse_with_options(&mut read, None, None)
    })
}

/// The expressions, if the whole of it was read as such.
fn list_of(tree: &Tree) -> Option<Node<'_>> {
    let root = tree.root_node();
    if root.has_error() || root.named_child_count() != 1 {
        return None;
    }
    let list = root.named_child(0)?.named_child(0)?;
    matches!(list.kind(), "tuple_expression" | "parenthesized_expression" | "array_expression" | "unit_expression")
        .then_some(list)
}

/// The macros of known names that a project makes itself, and which may be anything therefore.
pub fn own_of<'t>(texts: impl Iterator<Item = &'t str>) -> HashSet<&'t str> {
    texts.flat_map(made_in).filter(|name| KNOWN.iter().any(|(known, _)| known == name)).collect()
}
