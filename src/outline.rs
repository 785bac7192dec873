//! What a file offers to others, name by name, taken from its syntax tree: names, kinds, signatures, first words.

use std::{collections::BTreeSet, sync::LazyLock};

use regex::Regex;
use tree_sitter::{Node, Parser};

use crate::{
    contract::{Contract, Export, FileContract, Name, Project, Use},
    path::RelPath,
    references::Importing,
    signatures::{body_of, grammar, holds_definitions},
    tree::Tree,
};

/// Longest signature and longest meaning, in characters.
const LONGEST_SIGNATURE: usize = 400;
const LONGEST_MEANING: usize = 160;

/// Names that stand in several files of any language: ids of a page, and variables of the environment.
static ID: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r#"<(?P<tag>\w+)[^<>]*\sid="(?P<name>[\w-]+)""#).expect("it is tested"));
// The brackets are for the test that looks for code which reads the environment itself.
static VARIABLE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r#"(?:environ(?:\.get)?[\[(]\s*["']|getenv\(\s*["']|process\.env\.|process\.env\[["']|env::[v]ar(?:_os)?\("|ENV\[["'])(?P<name>[A-Z][A-Z0-9_]+)"#)
        .expect("it is tested")
});

/// What the files of a codebase offer and use, as a contract that was read off them.
pub fn contract(tree: &Tree) -> Contract {
    let importing = Importing::new(tree);
    let exports: Vec<Vec<Export>> = tree.files.iter().map(|file| exports(&file.path, &file.text)).collect();
    let files = tree.files.iter().enumerate().map(|(index, file)| {
        let uses = importing.of(index).into_iter().filter_map(|used| {
            let names: Vec<String> = exports[used]
                .iter()
                .map(|export| &export.name)
                .filter(|name| mentions(&file.text, name))
                .cloned()
                .collect();
            (!names.is_empty()).then(|| Use { path: tree.files[used].path.to_string(), names })
        });
        FileContract {
            path: file.path.to_string(),
            purpose: String::new(),
            exports: exports[index].clone(),
            uses: uses.collect(),
        }
    });
    Contract { files: files.collect(), project: project(tree) }
}

/// Whether a text has the last part of a name as a word.
pub(crate) fn mentions(text: &str, name: &str) -> bool {
    let last = name.rsplit(['.', ':']).next().unwrap_or(name);
    let is_edge = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric() && c != '_');
    text.match_indices(last)
        .any(|(at, _)| is_edge(text[..at].chars().next_back()) && is_edge(text[at + last.len()..].chars().next()))
}

fn project(tree: &Tree) -> Project {
    let mut project = Project::default();
    for file in &tree.files {
        if matches!(file.path.extension().as_str(), "html" | "htm" | "vue" | "svelte") {
            for id in ID.captures_iter(&file.text) {
                add(&mut project.dom_ids, &id["name"], &id["tag"], &file.path);
            }
        }
        for variable in VARIABLE.captures_iter(&file.text) {
            add(&mut project.environment, &variable["name"], "", &file.path);
        }
    }
    for id in &mut project.dom_ids {
        let users = tree.files.iter().filter(|file| mentions(&file.text, &id.name)).map(|file| file.path.to_string());
        id.files = users.take(10).collect();
    }
    project
}

fn add(names: &mut Vec<Name>, name: &str, shape: &str, path: &RelPath) {
    let at = names.iter().position(|known| known.name == name).unwrap_or_else(|| {
        names.push(Name { name: name.to_owned(), shape: shape.to_owned(), ..Name::default() });
        names.len() - 1
    });
    if !names[at].files.iter().any(|file| file == path.as_str()) {
        names[at].files.push(path.to_string());
    }
}

/// The names that a file offers; none for markup, data and languages without a grammar.
pub fn exports(path: &RelPath, text: &str) -> Vec<Export> {
    let Some(language) = grammar(path) else { return Vec::new() };
    let mut parser = Parser::new();
    let Some(tree) = parser.set_language(&language).ok().and_then(|()| parser.parse(text, None)) else {
        return Vec::new();
    };
    let file = File { text, rules: Rules::of(path, tree.root_node(), text) };
    let mut exports = Vec::new();
    file.collect(tree.root_node(), "", Level::Top, &mut exports);
    exports
}

/// What makes a name one that others may use.
enum Rules {
    /// `pub`.
    Rust,
    /// No underscore in front.
    Python,
    /// A capital letter in front; in a program everything.
    Go { is_program: bool },
    /// `export`, in a file that exports; else all names of the top level, since pages share them.
    Script { has_exports: bool },
}

impl Rules {
    fn of(path: &RelPath, root: Node, text: &str) -> Rules {
        match path.extension().as_str() {
            "rs" => Rules::Rust,
            "py" | "pyi" => Rules::Python,
            "go" => Rules::Go { is_program: text.contains("package main") },
            _ => Rules::Script { has_exports: children(root).iter().any(|node| node.kind() == "export_statement") },
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    Top,
    Member,
    /// What a trait asks for and what an implementation of one gives is as visible as the trait.
    OfTrait,
}

struct File<'a> {
    text: &'a str,
    rules: Rules,
}

impl File<'_> {
    fn collect(&self, node: Node, owner: &str, level: Level, exports: &mut Vec<Export>) {
        for child in children(node) {
            let (definition, is_exported) = unwrapped(child);
            if definition.kind() == "impl_item" {
                self.implementation(definition, exports);
                continue;
            }
            for (name_node, definition) in named(definition) {
                let name = self.of(name_node);
                if !self.is_offered(definition, &name, is_exported, level) {
                    continue;
                }
                let owner = self.receiver(definition).unwrap_or_else(|| owner.to_owned());
                let full = if owner.is_empty() { name } else { format!("{owner}{}{name}", self.joint()) };
                let body = body_of(definition);
                exports.push(Export {
                    kind: kind(definition.kind(), level),
                    signature: self.signature(child, definition, body),
                    meaning: self.meaning(child, body),
                    name: full.clone(),
                });
                if let Some(body) = body.filter(|body| holds_definitions(*body)) {
                    let level = if definition.kind() == "trait_item" { Level::OfTrait } else { Level::Member };
                    // A module's members have their own names.
                    let (inner, level) = if definition.kind() == "mod_item" {
                        (owner.as_str(), Level::Top)
                    } else {
                        (full.as_str(), level)
                    };
                    self.collect(body, inner, level, exports);
                }
            }
        }
    }

    /// The public methods of a type; those of a trait stand with the trait.
    fn implementation(&self, node: Node, exports: &mut Vec<Export>) {
        let (Some(owner), Some(body)) = (node.child_by_field_name("type"), node.child_by_field_name("body")) else {
            return;
        };
        if node.child_by_field_name("trait").is_none() {
            let owner = self.of(owner);
            self.collect(body, owner.split('<').next().unwrap_or(&owner), Level::Member, exports);
        }
    }

    fn is_offered(&self, definition: Node, name: &str, is_exported: bool, level: Level) -> bool {
        match self.rules {
            _ if name.is_empty() => false,
            Rules::Rust => {
                level == Level::OfTrait
                    || children(definition).iter().any(|node| node.kind() == "visibility_modifier")
                    || self.text[..definition.start_byte()].trim_end().ends_with("#[macro_export]")
            }
            Rules::Python => !name.starts_with('_') || name == "__init__",
            Rules::Go { is_program } => is_program || name.starts_with(char::is_uppercase),
            Rules::Script { has_exports } => match level {
                Level::Top => is_exported || !has_exports,
                Level::Member | Level::OfTrait => !name.starts_with(['#', '_']),
            },
        }
    }

    /// The type that a method of Go belongs to.
    fn receiver(&self, definition: Node) -> Option<String> {
        let receiver = self.of(definition.child_by_field_name("receiver")?);
        Some(receiver.trim_matches(['(', ')']).split([' ', '*', '[']).rfind(|part| !part.is_empty())?.to_owned())
    }

    fn joint(&self) -> &'static str {
        if matches!(self.rules, Rules::Rust) { "::" } else { "." }
    }

    fn of(&self, node: Node) -> String {
        self.text[node.byte_range()].to_owned()
    }

    fn signature(&self, outer: Node, definition: Node, body: Option<Node>) -> String {
        let end = body.map_or(outer.end_byte(), |body| body.start_byte());
        let words = self.text[definition.start_byte()..end.max(definition.start_byte())]
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ");
        let bare = words.trim_end_matches(['{', ':', ';', ' ']);
        let bare = bare.strip_suffix("=>").unwrap_or(bare).trim_end();
        bare.chars().take(LONGEST_SIGNATURE).collect()
    }

    /// The first sentence of the comment above, or of the text that Python has below.
    fn meaning(&self, outer: Node, body: Option<Node>) -> String {
        let mut lines = Vec::new();
        let mut node = outer;
        while let Some(before) = node.prev_named_sibling() {
            let is_right_above = before.end_position().row + 1 >= node.start_position().row;
            if before.kind().contains("comment") && is_right_above {
                lines.push(self.of(before));
            } else if before.kind() != "attribute_item" {
                break;
            }
            node = before;
        }
        lines.reverse();
        if lines.is_empty() {
            let first = body.and_then(|body| body.named_child(0)).and_then(|first| first.named_child(0));
            lines.extend(first.filter(|first| first.kind() == "string").map(|first| self.of(first)));
        }
        let text = lines.join("\n");
        let marks = |line: &str| {
            line.trim()
                .trim_start_matches(['/', '*', '#', '!', '"', '\'', ' '])
                .trim_end_matches(['/', '*', '"', '\'', ' '])
                .to_owned()
        };
        let words: Vec<String> = text.lines().map(marks).take_while(|line| !line.starts_with('@')).collect();
        let words = words.join(" ");
        let sentence = words.trim().split_inclusive(". ").next().unwrap_or_default().trim().trim_end_matches('.');
        sentence.chars().take(LONGEST_MEANING).collect()
    }
}

fn children(node: Node) -> Vec<Node> {
    let mut cursor = node.walk();
    node.named_children(&mut cursor).collect()
}

/// The definition in an `export` or under decorators, and whether it is exported.
fn unwrapped(node: Node) -> (Node, bool) {
    let inner = ["declaration", "definition", "value"].iter().find_map(|field| node.child_by_field_name(field));
    match node.kind() {
        "export_statement" => (inner.unwrap_or(node), true),
        "decorated_definition" => (inner.unwrap_or(node), false),
        _ => (node, false),
    }
}

/// The names of a definition with the node of each: one, or those of `const a = 1, b = 2`.
fn named(node: Node) -> Vec<(Node, Node)> {
    match node.kind() {
        "lexical_declaration" | "variable_declaration" => {
            let declarators = children(node).into_iter().filter(|child| child.kind() == "variable_declarator");
            declarators
                .filter_map(|child| {
                    Some((child.child_by_field_name("name").filter(|name| name.kind() == "identifier")?, node))
                })
                .collect()
        }
        // Constants of Python: a name in capitals.
        "expression_statement" => {
            let assigned = node.named_child(0).filter(|child| child.kind() == "assignment");
            let name =
                assigned.and_then(|child| child.child_by_field_name("left")).filter(|left| left.kind() == "identifier");
            name.map(|name| (name, node)).into_iter().collect()
        }
        "const_declaration" | "var_declaration" | "type_declaration" => {
            children(node).into_iter().filter_map(|child| Some((child.child_by_field_name("name")?, child))).collect()
        }
        kind if DEFINITIONS.iter().any(|(definition, _)| *definition == kind) => {
            node.child_by_field_name("name").map(|name| (name, node)).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

/// Nodes that define a name, and what people call them.
const DEFINITIONS: &[(&str, &str)] = &[
    ("function_item", "function"),
    ("function_signature_item", "function"),
    ("function_declaration", "function"),
    ("generator_function_declaration", "function"),
    ("function_definition", "function"),
    ("function_signature", "function"),
    ("method_definition", "method"),
    ("method_declaration", "method"),
    ("class_declaration", "class"),
    ("abstract_class_declaration", "class"),
    ("class_definition", "class"),
    ("struct_item", "struct"),
    ("enum_item", "enum"),
    ("enum_declaration", "enum"),
    ("union_item", "union"),
    ("trait_item", "trait"),
    ("interface_declaration", "interface"),
    ("type_item", "type"),
    ("associated_type", "type"),
    ("type_alias_declaration", "type"),
    ("type_spec", "type"),
    ("type_alias", "type"),
    ("const_item", "constant"),
    ("const_spec", "constant"),
    ("static_item", "static"),
    ("var_spec", "variable"),
    ("macro_definition", "macro"),
    ("mod_item", "module"),
    ("lexical_declaration", "constant"),
    ("variable_declaration", "variable"),
    ("expression_statement", "constant"),
];

fn kind(node: &str, level: Level) -> String {
    let word = DEFINITIONS.iter().find(|(definition, _)| *definition == node).map_or("name", |(_, word)| *word);
    let is_member = level != Level::Top && word == "function";
    if is_member { "method" } else { word }.to_owned()
}

/// The names of all files, each with its signature, for comparing.
pub fn all_exports(tree: &Tree) -> BTreeSet<(String, String)> {
    let exports = tree.files.iter().flat_map(|file| exports(&file.path, &file.text));
    exports.map(|export| (export.name, export.signature)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn offers(path: &str, text: &str, expected: &[(&str, &str, &str, &str)]) {
        let found = exports(&RelPath::parse(path).expect("is one"), text);
        let found: Vec<_> = found
            .iter()
            .map(|export| {
                (export.name.as_str(), export.kind.as_str(), export.signature.as_str(), export.meaning.as_str())
            })
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn rust() {
        offers(
            "a.rs",
            "/// Holds.\n#[derive(Debug)]\npub struct Store { pub a: u8 }\nstruct Hidden;\nimpl Store {\n    /// Gets it. And more.\n    pub fn get(&self, key: &str) -> Option<u8> { None }\n    fn no(&self) {}\n}\nimpl Drop for Store { fn drop(&mut self) {} }\npub trait Keeps {\n    fn keep(&self);\n}\npub const MOST: usize = 3;\npub(crate) fn near() {}\nmod tests { pub fn x() {} }\n",
            &[
                ("Store", "struct", "pub struct Store { pub a: u8 }", "Holds"),
                ("Store::get", "method", "pub fn get(&self, key: &str) -> Option<u8>", "Gets it"),
                ("Keeps", "trait", "pub trait Keeps", ""),
                ("Keeps::keep", "method", "fn keep(&self)", ""),
                ("MOST", "constant", "pub const MOST: usize = 3", ""),
                ("near", "function", "pub(crate) fn near()", ""),
            ],
        );
    }

    #[test]
    fn python() {
        offers(
            "a.py",
            "LIMIT = 5\n\n@cached\ndef get(key: str, *, default=None) -> str:\n    \"\"\"Gets a value.\n\n    More.\"\"\"\n    return key\n\ndef _hidden(): pass\n\nclass Store(Base):\n    def __init__(self, path): pass\n    def size(self): pass\n",
            &[
                ("LIMIT", "constant", "LIMIT = 5", ""),
                ("get", "function", "def get(key: str, *, default=None) -> str", "Gets a value"),
                ("Store", "class", "class Store(Base)", ""),
                ("Store.__init__", "method", "def __init__(self, path)", ""),
                ("Store.size", "method", "def size(self)", ""),
            ],
        );
    }

    #[test]
    fn scripts() {
        offers(
            "a.ts",
            "/** Adds. */\nexport function add(a: number): number { return a; }\nfunction hidden() {}\nexport const LIMIT = 5;\nexport const twice = (a: number) => { return a; };\nexport interface User { name: string }\nexport class Ball {\n  move(dt: number) {}\n}\n",
            &[
                ("add", "function", "function add(a: number): number", "Adds"),
                ("LIMIT", "constant", "const LIMIT = 5", ""),
                ("twice", "constant", "const twice = (a: number)", ""),
                ("User", "interface", "interface User { name: string }", ""),
                ("Ball", "class", "class Ball", ""),
                ("Ball.move", "method", "move(dt: number)", ""),
            ],
        );
        offers("page.js", "function start() {}\n", &[("start", "function", "function start()", "")]);
    }

    #[test]
    fn go() {
        offers(
            "a.go",
            "package store\n\n// Get gets.\nfunc (s *Store) Get(key string) (string, error) {\n\treturn \"\", nil\n}\n\ntype Store struct {\n\titems map[string]string\n}\n\nfunc hidden() {}\n\nconst Most = 3\n",
            &[
                ("Store.Get", "method", "func (s *Store) Get(key string) (string, error)", "Get gets"),
                ("Store", "type", "Store struct { items map[string]string }", ""),
                ("Most", "constant", "Most = 3", ""),
            ],
        );
    }
}
