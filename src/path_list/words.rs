//! Paths among words: the items of a markdown list, the lines of a fenced block, one path per line.

use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag, TagEnd};

/// Files that everybody knows by a name without a dot.
const BARE_NAMES: &str = "Makefile makefile Dockerfile Containerfile LICENSE NOTICE README CHANGELOG Procfile Gemfile \
                          Rakefile Vagrantfile Jenkinsfile Justfile justfile Caddyfile Brewfile CODEOWNERS CNAME \
                          gradlew mvnw";
/// Things that are called like files.
const PRODUCTS: &str = "node.js vue.js next.js nuxt.js react.js express.js three.js d3.js p5.js chart.js alpine.js \
                        socket.io asp.net";
/// Longest path that is looked at, in bytes; no disk takes a longer one.
const LONGEST: usize = 1024;

/// Whether the text is, as a whole, what a path looks like: slashes, an extension, or a name that everybody knows.
pub(crate) fn is_path(text: &str) -> bool {
    let text = text.trim();
    if text.is_empty() || text.len() > LONGEST || text.contains(['\n', '<', '>', '"', '|', '?', '*']) {
        return false;
    }
    let (directory, name) = text.rsplit_once(['/', '\\']).unwrap_or(("", text));
    let is_open = |(open, close)| text.matches(open).count() != text.matches(close).count();
    if text.contains("://") || [('(', ')'), ('[', ']'), ('{', '}')].into_iter().any(is_open) {
        return false;
    }
    // A name may hold blanks, but prose has them too, so then it takes an extension.
    let is_one_word = !text.contains(char::is_whitespace);
    is_one_of(BARE_NAMES, name) || has_extension(name) || (is_one_word && !directory.is_empty() && !name.is_empty())
}

/// Whether the text cannot be meant as a path, even where one was asked for: blanks, and no extension at the end.
pub(super) fn is_prose(text: &str) -> bool {
    let name = text.trim().rsplit(['/', '\\']).next().unwrap_or_default();
    text.trim().contains(char::is_whitespace) && !has_extension(name) && !is_one_of(BARE_NAMES, name)
}

fn is_one_of(names: &str, name: &str) -> bool {
    names.split(' ').any(|known| known == name)
}

/// `main.js`, `.env`, `a.b.ts`; not `e.g.`, `1.5`, `v1.2`, `etc…`.
fn has_extension(name: &str) -> bool {
    let Some((stem, extension)) = name.rsplit_once('.') else { return false };
    let is_known_to_be_none = matches!(name, "e.g" | "i.e" | "a.m" | "p.m");
    let is_sane =
        extension.len() <= 20 && extension.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '~'));
    is_sane && !is_known_to_be_none && !stem.ends_with(' ') && extension.chars().any(char::is_alphabetic)
}

/// The paths in an entry of a list that says more than a path.
pub(super) fn in_item(words: &str) -> Vec<String> {
    in_line(words, Line::Item)
}

/// The paths in the raw text of a parameter: one per line, or between commas.
pub(super) fn in_value(text: &str) -> Option<Vec<String>> {
    let lines: Vec<String> = text.lines().flat_map(|line| in_line(line, Line::Item)).collect();
    let names: Vec<String> = text.split(',').map(|name| unwrapped(name).to_owned()).collect();
    let is_between_commas = names.len() > 1 && names.iter().all(|name| is_path(name));
    let paths = if is_between_commas && lines.len() < 2 { names } else { lines };
    (!paths.is_empty()).then_some(paths)
}

/// The paths that a text names one after the other: as the items of its lists, or line by line.
pub(super) fn listed_in(text: &str) -> Option<Vec<String>> {
    Some(in_lists(text)).filter(|paths| !paths.is_empty()).or_else(|| in_lines(text))
}

/// The texts of the fenced blocks.
pub(super) fn fenced(text: &str) -> Vec<String> {
    let mut blocks: Vec<String> = Vec::new();
    let mut is_inside = false;
    if !text.contains("```") && !text.contains("~~~") {
        return blocks;
    }
    for event in Parser::new(text) {
        match event {
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(_))) => {
                is_inside = true;
                blocks.push(String::new());
            }
            Event::Text(code) if is_inside => {
                blocks.iter_mut().last().into_iter().for_each(|last| last.push_str(&code))
            }
            Event::End(TagEnd::CodeBlock) => is_inside = false,
            _ => {}
        }
    }
    blocks
}

/// The items of markdown lists and the lines of fenced blocks.
fn in_lists(text: &str) -> Vec<String> {
    let mut paths = Vec::new();
    // For each item around this place, the directory that it stands in or names.
    let mut directories: Vec<String> = Vec::new();
    let (mut code, mut item) = (None::<String>, None::<Range<usize>>);
    for (event, range) in Parser::new(text).into_offset_iter() {
        let ends_words = matches!(event, Event::Start(Tag::List(_)) | Event::End(TagEnd::Item | TagEnd::Paragraph));
        if let Some(words) = item.take_if(|_| ends_words) {
            let words = text[words].replace("\\_", "_");
            let directory = directories.last().cloned().unwrap_or_default();
            let found = words.lines().flat_map(|line| in_line(line, Line::Item));
            paths.extend(found.map(|path| format!("{directory}{path}")));
            // What stands in a list below a directory stands in that directory.
            if let (Some(below), Some(last)) = (directory_in(&words), directories.last_mut()) {
                last.push_str(&below);
            }
        }
        match event {
            Event::Start(Tag::Item) => directories.push(directories.last().cloned().unwrap_or_default()),
            Event::End(TagEnd::Item) => drop(directories.pop()),
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(_))) => code = Some(String::new()),
            Event::End(TagEnd::CodeBlock) => {
                let code = code.take().unwrap_or_default();
                paths.extend(code.lines().flat_map(|line| in_line(line, Line::Code)));
            }
            Event::Text(line) if code.is_some() => code.iter_mut().for_each(|code| code.push_str(&line)),
            // The words as they are written: markdown would take the `__` of `pkg/__init__.py` for bold.
            Event::Text(_) | Event::Code(_) | Event::Start(Tag::Strong | Tag::Emphasis | Tag::Link { .. })
                if !directories.is_empty() =>
            {
                let start = item.as_ref().map_or(range.start, |words| words.start);
                item = Some(start..range.end.max(item.map_or(0, |words| words.end)));
            }
            _ => {}
        }
    }
    paths
}

/// Paths that stand alone on their lines, in a text of nothing else; a heading line above them is none of them.
fn in_lines(text: &str) -> Option<Vec<String>> {
    let lines: Vec<&str> =
        text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.ends_with(':')).collect();
    let paths: Vec<String> = lines.iter().flat_map(|line| in_line(line, Line::Alone)).collect();
    (!paths.is_empty() && paths.len() * 2 > lines.len()).then_some(paths)
}

/// What surrounds a line, and so how much it may say besides the path.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Line {
    /// An item of a list: its first word counts.
    Item,
    /// A line of a fenced block, which may also be a command or a program: a remark may follow, but no other word.
    Code,
    /// A line among prose: only the path.
    Alone,
}

/// The path that a line begins with; or all of them, if the line is a series of paths.
fn in_line(line: &str, place: Line) -> Vec<String> {
    let line = line.trim();
    let line = ["[ ]", "[x]", "[X]"].iter().find_map(|mark| line.strip_prefix(mark)).unwrap_or(line).trim_start();
    let is_name = |word: &&str| is_path(word) && !word.contains(char::is_whitespace);
    if let Some(path) = in_quotes(line).filter(|path| is_path(path)) {
        return vec![path.to_owned()];
    }
    let series: Vec<&str> = line.split(',').flat_map(|part| part.split(" and ")).map(unwrapped).collect();
    if series.iter().all(is_name) {
        return series.into_iter().map(str::to_owned).collect();
    }
    let first = line.split_whitespace().next().unwrap_or_default();
    let word = unwrapped(first);
    let is_remark = first.ends_with([':', ',', ';']) || is_remark(line[first.len()..].trim_start());
    let is_certain =
        has_extension(word.rsplit('/').next().unwrap_or(word)) && !is_one_of(PRODUCTS, &word.to_lowercase());
    let is_taken = match place {
        Line::Item => is_remark || is_certain,
        Line::Code => is_remark,
        Line::Alone => false,
    };
    if is_taken && is_path(word) { vec![word.to_owned()] } else { Vec::new() }
}

/// Whether the words behind a path are set off from it.
fn is_remark(words: &str) -> bool {
    let marks = ["-", "–", "—", "#", "//", ":", "→", "->", "=>", "<-", "←", "|"];
    let is_mark = |mark: &&str| words.strip_prefix(*mark).is_some_and(|rest| rest.starts_with(char::is_whitespace));
    words.starts_with('(') || marks.iter().any(is_mark)
}

/// What stands in the quotes that the line begins with, or in its link.
fn in_quotes(line: &str) -> Option<&str> {
    let inner = line.get(1..)?;
    match line.chars().next()? {
        quote @ ('"' | '\'' | '`') => Some(&inner[..inner.find(quote)?]),
        '[' => inner.split_once("](").map(|(words, _)| unwrapped(words)),
        _ => None,
    }
}

/// The directory that an item names: `src/`.
fn directory_in(line: &str) -> Option<String> {
    let word = unwrapped(line.split_whitespace().next()?);
    (word.ends_with('/') && !word.contains("://")).then(|| word.to_owned())
}

fn unwrapped(word: &str) -> &str {
    word.trim().trim_matches(['"', '\'', '`', ',', ':', ';', '*']).trim()
}
