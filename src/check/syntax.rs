//! Syntax trees: which grammar reads which file, and where a text stops being code.

use tree_sitter::{Language as Grammar, Node, Parser, Tree};

use super::facts::{Fault, Name};

/// Deeper trees are data or machine-made, and not looked into: readers call themselves for every level.
pub const DEEPEST: usize = 1_000;
/// What readers need for so many levels, in bytes.
pub const STACK: usize = 128 * 1024 * 1024;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    JavaScript,
    TypeScript,
    Tsx,
    Html,
    Css,
    Json,
    Python,
    Rust,
    Go,
    /// Read for its words only.
    Other,
}

impl Language {
    pub fn of(path: &str) -> Language {
        let name = path.rsplit('/').next().unwrap_or(path);
        match name.rsplit_once('.').map_or("", |(_, extension)| extension).to_ascii_lowercase().as_str() {
            "js" | "mjs" | "cjs" | "jsx" => Language::JavaScript,
            "ts" | "mts" | "cts" => Language::TypeScript,
            "tsx" => Language::Tsx,
            "html" | "htm" => Language::Html,
            "css" => Language::Css,
            "json" | "webmanifest" => Language::Json,
            "py" | "pyi" => Language::Python,
            "rs" => Language::Rust,
            "go" => Language::Go,
            _ => Language::Other,
        }
    }

    pub fn is_script(self) -> bool {
        matches!(self, Language::JavaScript | Language::TypeScript | Language::Tsx)
    }

    fn grammar(self) -> Option<Grammar> {
        Some(match self {
            Language::JavaScript => tree_sitter_javascript::LANGUAGE.into(),
            Language::TypeScript => tree_sitter_typescript::LANGUAGE_TYPESCRIPT.into(),
            Language::Tsx => tree_sitter_typescript::LANGUAGE_TSX.into(),
            Language::Html => tree_sitter_html::LANGUAGE.into(),
            Language::Css => tree_sitter_css::LANGUAGE.into(),
            Language::Json => tree_sitter_json::LANGUAGE.into(),
            Language::Python => tree_sitter_python::LANGUAGE.into(),
            Language::Rust => tree_sitter_rust::LANGUAGE.into(),
            Language::Go => tree_sitter_go::LANGUAGE.into(),
            Language::Other => return None,
        })
    }
}

/// The syntax tree of `text`; `None` for a language without a grammar.
pub fn parse(language: Language, text: &str) -> Option<Tree> {
    let mut parser = Parser::new();
    parser.set_language(&language.grammar()?).ok()?;
    parser.parse(text, None)
}

/// What a walk over the whole tree tells.
pub struct Survey<'t> {
    pub depth: usize,
    /// Comments that are not documentation.
    pub comments: Vec<Name<'t>>,
}

/// Walks the whole tree once, however deep it is.
pub fn survey<'t>(tree: &Tree, source: &'t str) -> Survey<'t> {
    let mut survey = Survey { depth: 0, comments: Vec::new() };
    let mut cursor = tree.walk();
    let mut depth = 0;
    loop {
        let node = cursor.node();
        let is_comment =
            matches!(node.kind(), "comment" | "line_comment" | "block_comment" | "js_comment" | "html_comment");
        if is_comment && node.child_by_field_name("doc").is_none() {
            survey.comments.push(name(node, source));
        }
        survey.depth = survey.depth.max(depth);
        if cursor.goto_first_child() {
            depth += 1;
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return survey;
            }
            depth -= 1;
        }
    }
}

/// The text of a node.
pub fn text<'t>(node: Node, source: &'t str) -> &'t str {
    &source[node.byte_range()]
}

pub fn name<'t>(node: Node, source: &'t str) -> Name<'t> {
    Name { text: text(node, source), at: node.start_byte() }
}

pub fn children<'n>(node: Node<'n>) -> Vec<Node<'n>> {
    let mut cursor = node.walk();
    node.named_children(&mut cursor).collect()
}

pub fn child_of_kind<'n>(node: Node<'n>, kind: &str) -> Option<Node<'n>> {
    children(node).into_iter().find(|child| child.kind() == kind)
}

/// Whether the node has this word or sign as a child of its own.
pub fn has_token(node: Node, token: &str) -> bool {
    let mut cursor = node.walk();
    node.children(&mut cursor).any(|child| child.kind() == token)
}

/// Where the text stops being code, if it does.
///
/// Grammars lag behind their languages, so an error is certain only where the text shows it by itself: brackets that
/// do not pair, a fence of markdown, the marks of a merge.
pub fn fault(tree: &Tree, source: &str, language: Language) -> Option<Fault> {
    let root = tree.root_node();
    if !root.has_error() {
        return None;
    }
    let first = first_error(root).unwrap_or(root);
    let at = first.start_byte();
    if let Some((at, what)) = foreign_line(source) {
        return Some(Fault { at, what, is_certain: true });
    }
    if language == Language::Json {
        return json_fault(source, at);
    }
    if let Some((at, what)) = unpaired(tree, source) {
        // Where the signs pair when they are merely counted, the grammar has lost its way, not the author.
        let count = |sign: char| source.matches(sign).count();
        // Strings that the grammar of Rust does not know.
        let has_odd_strings = language == Language::Rust
            && ["br#", "c\"", "cr#", "_}'", "_}\""].iter().any(|start| source.contains(start));
        // Since version 1.26 `new` of Go takes a value, which the grammar does not know.
        let has_new = language == Language::Go && ["new(\"", "new(`", "new('"].iter().any(|new| source.contains(new));
        let has_odd_strings = has_odd_strings || has_new;
        let is_uneven = [('(', ')'), ('[', ']'), ('{', '}')].iter().any(|(open, close)| count(*open) != count(*close));
        return Some(Fault { at, what, is_certain: is_uneven && language != Language::Html && !has_odd_strings });
    }
    let line = source[at..].lines().next().unwrap_or_default().trim();
    let what = format!("this cannot be read: {}", line.chars().take(60).collect::<String>());
    Some(Fault { at, what, is_certain: false })
}

/// Comments and commas at the end are common in configuration that calls itself JSON: no error for sure.
fn json_fault(source: &str, at: usize) -> Option<Fault> {
    let error = serde_json::from_str::<serde::de::IgnoredAny>(source.trim_start_matches('\u{feff}')).err()?;
    let is_relaxed = source.contains("//")
        || source.contains("/*")
        || source.contains(",\n") && {
            let squeezed: String = source.chars().filter(|c| !c.is_whitespace()).collect();
            squeezed.contains(",}") || squeezed.contains(",]")
        };
    let is_template = source.contains("{{") || source.contains("{%") || source.contains("<%");
    let line_start: usize = source.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
    let at = if error.line() > 0 { (line_start + error.column().saturating_sub(1)).min(source.len()) } else { at };
    let at = source.floor_char_boundary(at);
    // Several values, one a line, are a format of their own.
    let is_lines = source
        .lines()
        .filter(|line| !line.trim().is_empty())
        .all(|line| serde_json::from_str::<serde::de::IgnoredAny>(line).is_ok());
    if is_lines || source.trim().is_empty() {
        return None;
    }
    let what = format!("this is no JSON: {}", error.to_string().split(" at line").next().unwrap_or_default());
    Some(Fault { at, what, is_certain: !is_relaxed && !is_template })
}

fn first_error(node: Node) -> Option<Node> {
    if node.is_error() || node.is_missing() {
        return Some(node);
    }
    let mut cursor = node.walk();
    let within = node.children(&mut cursor).find(|child| child.has_error() || child.is_missing());
    within.and_then(|child| first_error(child).or(Some(child)))
}

/// Lines that belong to no programming language.
fn foreign_line(source: &str) -> Option<(usize, String)> {
    let mut at = 0;
    for line in source.split_inclusive('\n') {
        let bare = line.trim_end();
        if bare.starts_with("<<<<<<< ") || bare.starts_with(">>>>>>> ") {
            return Some((at, "a mark that a merge has left".to_owned()));
        }
        let is_fence = bare.starts_with("```") && bare[3..].chars().all(char::is_alphanumeric);
        if is_fence && (at == 0 || source[at + line.len()..].trim().is_empty()) {
            return Some((at, "a fence of markdown around the code".to_owned()));
        }
        at += line.len();
    }
    None
}

/// The first bracket without its partner, as the grammar's own tokens have it: strings and comments are no brackets.
fn unpaired(tree: &Tree, source: &str) -> Option<(usize, String)> {
    let mut open: Vec<(&str, usize)> = Vec::new();
    let mut cursor = tree.walk();
    loop {
        let node = cursor.node();
        if node.child_count() == 0 && !node.is_missing() {
            let token = node.kind();
            match token {
                "(" | "[" | "{" | "${" => open.push((token, node.start_byte())),
                ")" | "]" | "}" => {
                    let pair = match token {
                        ")" => "(",
                        "]" => "[",
                        _ => "{",
                    };
                    match open.pop() {
                        Some((opened, _)) if opened.ends_with(pair) => {}
                        Some((opened, at)) => {
                            return Some((at, format!("'{opened}' is not closed before '{token}'")));
                        }
                        None => return Some((node.start_byte(), format!("'{token}' closes nothing"))),
                    }
                }
                _ => {}
            }
        }
        if cursor.goto_first_child() || cursor.goto_next_sibling() {
            continue;
        }
        loop {
            if !cursor.goto_parent() {
                let (token, at) = *open.last()?;
                let rest = source[at..].len();
                return (rest > 0).then(|| (at, format!("'{token}' is not closed")));
            }
            if cursor.goto_next_sibling() {
                break;
            }
        }
    }
}
