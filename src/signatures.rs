//! What a file offers, as it stands: its definitions without their bodies, taken from its syntax tree.

use tree_sitter::{Language, Node, Parser};

use crate::path::RelPath;

/// Files in other languages go whole up to this size, in bytes, and by their first part beyond it.
const LONGEST_WHOLE: usize = 8 * 1024;

/// The signatures of the definitions in `text`, in order, one below the other, with the comments right above them.
///
/// Markup, styles, data and languages without a grammar have no bodies to leave out: they come whole, or cut with a
/// last line that says so.
pub fn signatures(path: &RelPath, text: &str) -> String {
    let Some(tree) = grammar(path).and_then(|language| {
        let mut parser = Parser::new();
        parser.set_language(&language).ok()?;
        parser.parse(text, None)
    }) else {
        return head(text);
    };
    let mut lines = Vec::new();
    collect(tree.root_node(), text, &mut lines);
    if lines.is_empty() { head(text) } else { lines.join("\n") }
}

pub(crate) fn grammar(path: &RelPath) -> Option<Language> {
    Some(match path.extension().as_str() {
        "js" | "mjs" | "cjs" | "jsx" => tree_sitter_javascript::LANGUAGE.into(),
        "ts" | "mts" | "cts" => tree_sitter_typescript::LANGUAGE_TYPESCRIPT.into(),
        "tsx" => tree_sitter_typescript::LANGUAGE_TSX.into(),
        "py" | "pyi" => tree_sitter_python::LANGUAGE.into(),
        "rs" => tree_sitter_rust::LANGUAGE.into(),
        "go" => tree_sitter_go::LANGUAGE.into(),
        _ => return None,
    })
}

/// Walks the definitions of one level; descends into what holds definitions itself, never into a function.
fn collect(node: Node, text: &str, lines: &mut Vec<String>) {
    let mut cursor = node.walk();
    for child in node.named_children(&mut cursor) {
        if child.kind().contains("comment") {
            continue;
        }
        let Some(body) = body_of(child) else {
            if !is_leftover(child) {
                lines.push(with_comment(child, text, child.end_byte()));
            }
            continue;
        };
        lines.push(with_comment(child, text, body.start_byte()));
        if holds_definitions(body) {
            collect(body, text, lines);
        }
    }
}

/// The body of a definition, looking through `export`, decorators and `const f = () => …`.
pub(crate) fn body_of(node: Node) -> Option<Node> {
    if let Some(body) = node.child_by_field_name("body") {
        return Some(body).filter(|body| !is_shape(*body));
    }
    let inner = ["declaration", "definition", "value"].iter().find_map(|field| node.child_by_field_name(field));
    let declarator = || {
        let mut cursor = node.walk();
        node.named_children(&mut cursor).find(|child| child.kind() == "variable_declarator")
    };
    inner.or_else(declarator).and_then(body_of)
}

/// The fields of a struct, the variants of an enum, the members of an interface: a shape is all signature.
fn is_shape(body: Node) -> bool {
    matches!(
        body.kind(),
        "field_declaration_list"
            | "ordered_field_declaration_list"
            | "enum_variant_list"
            | "interface_body"
            | "enum_body"
            | "object_type"
    )
}

/// The lists of members; a block of statements is nobody else's business.
pub(crate) fn holds_definitions(body: Node) -> bool {
    let is_class_of_python =
        body.kind() == "block" && body.parent().is_some_and(|node| node.kind() == "class_definition");
    is_class_of_python || matches!(body.kind(), "class_body" | "declaration_list")
}

/// Statements that do something instead of naming something.
fn is_leftover(node: Node) -> bool {
    let kind = node.kind();
    kind.contains("import")
        || kind.starts_with("use_")
        || kind.ends_with("_clause")
        || (kind.contains("statement") && !kind.contains("export"))
            && !matches!(node.named_child(0).map(|child| child.kind()), Some("assignment"))
}

/// The text of a definition up to `end`, after the comment lines that stand right above it.
fn with_comment(node: Node, text: &str, end: usize) -> String {
    let mut start = node;
    while let Some(before) = start.prev_named_sibling() {
        let is_right_above = before.end_position().row + 1 >= start.start_position().row;
        if !before.kind().contains("comment") || !is_right_above {
            break;
        }
        start = before;
    }
    let indent = " ".repeat(node.start_position().column);
    let signature = text[start.start_byte()..end].trim_end().trim_end_matches(['{', ':']).trim_end();
    let short: String = signature.chars().take(1_000).collect();
    format!("{indent}{short}")
}

fn head(text: &str) -> String {
    if text.len() <= LONGEST_WHOLE {
        return text.to_owned();
    }
    let end = text.floor_char_boundary(LONGEST_WHOLE);
    format!("{}\n[the first {end} of {} bytes]", &text[..end], text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn reads(path: &str, text: &str, expected: &str) {
        assert_eq!(signatures(&RelPath::parse(path).expect(path), text), expected);
    }

    #[test]
    fn javascript() {
        reads(
            "a.js",
            "import x from 'y';\n\n/** Adds. */\nexport function add(a, b = 1) {\n  return a + b;\n}\n\nexport const LIMIT = 5;\nconst twice = (a) => {\n  return 2 * a;\n};\nadd(1);\nexport class Ball {\n  // moves\n  move(dt) {\n    this.x += dt;\n  }\n}\n",
            "/** Adds. */\nexport function add(a, b = 1)\nexport const LIMIT = 5;\nconst twice = (a) =>\nexport class Ball\n  // moves\n  move(dt)",
        );
    }

    #[test]
    fn typescript() {
        reads(
            "a.ts",
            "export interface A { b: string }\nexport type T = A | null;\nexport async function f(a: A): Promise<T> { return a; }\n",
            "export interface A { b: string }\nexport type T = A | null;\nexport async function f(a: A): Promise<T>",
        );
    }

    #[test]
    fn python() {
        reads(
            "a.py",
            "import os\nLIMIT = 5\n\n@cached\ndef f(a: int, *, b=None) -> str:\n    return str(a)\n\nclass Store(Base):\n    kind: str = 'x'\n    def get(self, key):\n        return 1\n",
            "LIMIT = 5\n@cached\ndef f(a: int, *, b=None) -> str\nclass Store(Base)\n    kind: str = 'x'\n    def get(self, key)",
        );
    }

    #[test]
    fn rust_and_go() {
        reads(
            "a.rs",
            "use x::y;\npub struct P { a: u8 }\nimpl P {\n    /// Gets.\n    pub fn a(&self) -> u8 { self.a }\n}\n",
            "pub struct P { a: u8 }\nimpl P\n    /// Gets.\n    pub fn a(&self) -> u8",
        );
        reads(
            "a.go",
            "package a\n\nimport \"fmt\"\n\nfunc Add(a int, b int) int {\n\treturn a\n}\n",
            "func Add(a int, b int) int",
        );
    }

    #[test]
    fn other_files_come_whole_or_say_that_they_do_not() {
        reads("a.html", "<p id=\"x\"></p>\n", "<p id=\"x\"></p>\n");
        let long = "x".repeat(9_000);
        assert!(
            signatures(&RelPath::parse("a.css").expect("is one"), &long).ends_with("\n[the first 8192 of 9000 bytes]")
        );
    }
}
