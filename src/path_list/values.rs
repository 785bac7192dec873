//! Paths out of JSON, and out of what was meant to be JSON. Knows nothing of the markup around it.

use std::borrow::Cow;

use serde_json::Value;

use super::{
    Ending, Fault, Read,
    brackets::{Effort, Look, Span, first_value},
    words,
};

/// Under which names a model puts the list, best first; the first is the one that was asked for.
pub(super) const LIST_KEYS: &[&str] =
    &["paths", "files", "file_paths", "filepaths", "filePaths", "file_list", "fileList", "list"];
/// Under which names it puts the path, where each entry says more about a file.
const PATH_KEYS: &[&str] = &["path", "file", "name", "filename", "file_path", "filepath", "filePath"];
/// Under which names it puts the name and the arguments of a call that it writes as JSON.
const NAME_KEYS: &[&str] = &["name", "function", "function_name", "tool", "tool_name", "action"];
const ARGUMENT_KEYS: &[&str] =
    &["arguments", "parameters", "args", "input", "params", "kwargs", "tool_input", "action_input"];
/// How deep a list may be wrapped; the JSON parser itself gives up at 128.
const DEEPEST: usize = 128;

/// Who says that a list is a list of paths.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Trust {
    /// The place: it is what the function was called with.
    Place,
    /// Only the list itself, so what is in it has to look like paths.
    Looks,
}

/// How far a text may be from JSON.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Rigour {
    Strict,
    Repaired,
}

impl Rigour {
    /// Strict parsing ends at the first byte that does not fit; repair reads the value to its end, and takes longer.
    fn effort(self) -> Effort {
        match self {
            Rigour::Strict => Effort { passes: 4, values: usize::MAX },
            Rigour::Repaired => Effort { passes: 2, values: 100 },
        }
    }
}

/// What a value says.
enum Said {
    Paths(Vec<String>),
    /// It calls another function: nothing in it is meant.
    OtherCall,
    Nothing,
}

/// The paths in the first value of `text` that has any: strict JSON anywhere before repaired JSON anywhere.
///
/// # Errors
/// The value was cut off.
pub(super) fn in_text(text: &str, function: &str, trust: Trust, ending: Ending) -> Read {
    for rigour in [Rigour::Strict, Rigour::Repaired] {
        if let Some(paths) = first_list(text, function, trust, rigour, ending)? {
            return Ok(Some(paths));
        }
    }
    Ok(None)
}

/// The paths of a value that is all there is in `text`, as strict JSON.
pub(super) fn all_of(text: &str, function: &str) -> Option<Vec<String>> {
    match said(&serde_json::from_str(text).ok()?, function, Trust::Looks, DEEPEST) {
        Said::Paths(paths) => Some(paths),
        Said::OtherCall | Said::Nothing => None,
    }
}

/// The paths of a YAML document in which every entry is a path or has one, and nothing but a path.
///
/// Nearly every text is YAML of some kind; what is less clear than that is left to markdown.
pub(super) fn in_yaml(text: &str, function: &str) -> Option<Vec<String>> {
    fn holds_prose(value: &Value) -> bool {
        match value {
            Value::Array(items) => {
                items.iter().any(|item| item.as_str().is_some_and(|item| !words::is_path(item)) || holds_prose(item))
            }
            Value::Object(object) => object.values().any(holds_prose),
            _ => false,
        }
    }
    let value = from_yaml(text).filter(|value| !holds_prose(value))?;
    match said(&value, function, Trust::Looks, DEEPEST) {
        // A blank may be of prose or of a folded line, a `\_` be escaped for markdown.
        Said::Paths(paths) => {
            let is_plain = |path: &String| !path.contains(char::is_whitespace) && !path.contains("\\_");
            paths.iter().all(|path| words::is_path(path) && is_plain(path)).then_some(paths)
        }
        Said::OtherCall | Said::Nothing => None,
    }
}

/// The paths of the first value that has any.
///
/// # Errors
/// It, or what is around it, was cut off.
pub(super) fn first_list(text: &str, function: &str, trust: Trust, rigour: Rigour, ending: Ending) -> Read {
    let found = first_value(text, &rigour.effort(), |at, span| {
        let value = &text[at..];
        // Of a list that cannot be read as a whole, a part of it would be a shorter list.
        let inside = if begins_like_a_list(value) { Look::Behind } else { Look::Inside };
        let said = match span {
            // `[main.js](main.js)` and `app/[id.js]` are no lists.
            Span::Whole(length) if rigour == Rigour::Repaired && is_in_words(text, at, at + length) => return inside,
            Span::Whole(length) => read_value(&value[..*length], function, trust, rigour),
            Span::Open { .. } if !begins_like_a_list(value) => return inside,
            // Weak models forget the last brackets; but an open list ends like one that a server cut without a word.
            Span::Open { closers, is_after_value: true } if ending == Ending::Done && !closers.starts_with(']') => {
                read_value(&format!("{value}{closers}"), function, trust, rigour)
            }
            // Where the model was stopped, more paths would have come.
            Span::Open { .. } => return Look::Found(Err(Fault::Cut)),
        };
        match said {
            Some(Said::Paths(paths)) => Look::Found(Ok(Some(paths))),
            Some(Said::OtherCall | Said::Nothing) => Look::Behind,
            None => inside,
        }
    });
    found.unwrap_or(Ok(None))
}

/// Whether the text ends in a list that is not closed.
pub(super) fn ends_in_a_list(text: &str) -> bool {
    let found = first_value(text, &Rigour::Strict.effort(), |at, span| match span {
        Span::Open { .. } if begins_like_a_list(&text[at..]) => Look::Found(()),
        Span::Open { .. } => Look::Inside,
        Span::Whole(_) => Look::Behind,
    });
    found.is_some()
}

/// Whether the brackets are part of a word or a link.
fn is_in_words(text: &str, start: usize, end: usize) -> bool {
    text[end..].starts_with('(')
        || text[..start].ends_with(|c: char| c.is_alphanumeric() || matches!(c, '/' | '_' | '.'))
}

/// Whether strings or entries follow the bracket, as in a list of paths and hardly in prose.
fn begins_like_a_list(value: &str) -> bool {
    let inside = value.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '[' | '{'));
    let key = inside.trim_start_matches(|c: char| c.is_alphanumeric() || c == '_');
    let is_key = value.starts_with('{') && key.len() < inside.len() && key.trim_start().starts_with(':');
    inside.starts_with(['"', '\'', '`', '“']) || is_key
}

fn read_value(text: &str, function: &str, trust: Trust, rigour: Rigour) -> Option<Said> {
    if let Ok(value) = serde_json::from_str(text) {
        return Some(said(&value, function, trust, DEEPEST));
    }
    match rigour {
        Rigour::Strict => None,
        Rigour::Repaired => {
            let text = with_literal_backslashes(text);
            let values = [repaired, from_yaml].into_iter().filter_map(|repair| repair(&text));
            values.into_iter().find_map(|value| match said(&value, function, trust, DEEPEST) {
                Said::Paths(paths) => is_believable(&paths, &text, trust).then_some(Said::Paths(paths)),
                Said::OtherCall => Some(Said::OtherCall),
                // Repair makes a value of nearly everything, so this says nothing about what is inside.
                Said::Nothing => None,
            })
        }
    }
}

/// Whether paths from a repaired text are its own: each stands in it as it is, and is one by its looks where nothing
/// else says so.
fn is_believable(paths: &[String], text: &str, trust: Trust) -> bool {
    (trust == Trust::Place || paths.iter().all(|path| words::is_path(path))) && stand_in(paths, text)
}

/// `jsonrepair-rs` parses token by token; the one thing that it changes inside strings, dropping a backslash that
/// escapes nothing, is taken from it by [`with_literal_backslashes`].
fn repaired(text: &str) -> Option<Value> {
    serde_json::from_str(&jsonrepair_rs::jsonrepair(text).ok()?).ok()
}

/// Unquoted strings with slashes in them are YAML. No list has references in it, by which a short text can be a long one.
fn from_yaml(text: &str) -> Option<Value> {
    /// Longer than any list; keeps the time for a text that is none in bounds.
    const LONGEST_YAML: usize = 64 * 1024;
    let options = serde_saphyr::options! { budget: serde_saphyr::budget! { max_anchors: 0, max_aliases: 0 } };
    (text.len() <= LONGEST_YAML).then(|| serde_saphyr::from_str_with_options(text, options).ok()).flatten()
}

/// In a text with an escape that JSON does not know (`src\main.js`), no backslash before a letter was meant as one.
///
/// A backslash before a punctuation mark is left to repair, which drops it: `my\_file.js` is escaped for markdown.
fn with_literal_backslashes(text: &str) -> String {
    let (mut is_windows, mut pieces, mut rest) = (false, Vec::new(), text);
    while let Some(at) = rest.find('\\') {
        let escaped = rest[at + 1..].chars().next();
        // The escaped character belongs to the piece: a second backslash must not begin an escape of its own.
        let end = at + 1 + escaped.map_or(0, char::len_utf8);
        let is_unicode = escaped == Some('u') && rest[end..].bytes().take(4).filter(u8::is_ascii_hexdigit).count() == 4;
        is_windows |= !is_unicode && escaped.is_some_and(|c| c.is_alphanumeric() && !"bfnrt".contains(c));
        let is_literal = !is_unicode && escaped.is_some_and(|c| c.is_alphanumeric() || c == '_');
        pieces.push((&rest[..at], is_literal, &rest[at..end]));
        rest = &rest[end..];
    }
    if !is_windows {
        return text.to_owned();
    }
    let mut literal: String = pieces
        .iter()
        .flat_map(|(before, is_literal, escape)| [*before, if *is_literal { "\\" } else { "" }, *escape])
        .collect();
    literal.push_str(rest);
    literal
}

/// Whether the paths stand in the text in this order, each with nothing of a path on either side of it.
fn stand_in(paths: &[String], text: &str) -> bool {
    let plain = |text: &str| text.replace('\\', "");
    let text = plain(text);
    let mut from = 0;
    paths.iter().map(|path| plain(path)).all(|path| {
        let found = text[from..].match_indices(&path).find(|(at, _)| {
            let (before, behind) = (&text[..from + at], &text[from + at + path.len()..]);
            let is_begin =
                before.is_empty() || before.ends_with(|c: char| c.is_whitespace() || "\"'`“‘[{(,:".contains(c));
            let is_end =
                behind.is_empty() || behind.starts_with(|c: char| c.is_whitespace() || "\"'`”’]}),:".contains(c));
            is_begin && is_end
        });
        let Some((at, _)) = found.filter(|_| !path.is_empty()) else { return false };
        from += at + path.len();
        true
    })
}

/// What a value says, wherever in it the list is.
fn said(value: &Value, function: &str, trust: Trust, depth: usize) -> Said {
    if depth == 0 {
        return Said::Nothing;
    }
    match value {
        Value::Array(items) => {
            let calls: Vec<_> = items.iter().filter(|item| call(item).is_some()).collect();
            if calls.is_empty() {
                return listed(value, trust).map_or(Said::Nothing, Said::Paths);
            }
            let read = calls.into_iter().map(|item| said(item, function, trust, depth - 1));
            read.into_iter().find(|said| matches!(said, Said::Paths(_))).unwrap_or(Said::OtherCall)
        }
        Value::Object(object) => {
            if let Some((name, arguments)) = call(value) {
                return match is_same_name(name, function) {
                    true => said(&unquoted(arguments), function, Trust::Place, depth - 1),
                    false => Said::OtherCall,
                };
            }
            let under_a_key = LIST_KEYS.iter().find_map(|key| listed(object.get(*key)?, Trust::Place));
            if let Some(paths) = under_a_key.or_else(|| keys(value, Trust::Looks)) {
                return Said::Paths(paths);
            }
            let is_arguments = |key: &str| ARGUMENT_KEYS.contains(&key);
            let (mut paths, mut is_other) = (Vec::new(), false);
            for (key, inner) in object {
                let inner = if is_arguments(key) { unquoted(inner) } else { Cow::Borrowed(inner) };
                match said(&inner, function, trust, depth - 1) {
                    // A list in groups is one list.
                    Said::Paths(group) => paths.extend(group),
                    Said::OtherCall => is_other = true,
                    Said::Nothing => {}
                }
            }
            match (paths.is_empty(), is_other) {
                (false, _) => Said::Paths(paths),
                (true, true) => Said::OtherCall,
                (true, false) => Said::Nothing,
            }
        }
        _ => Said::Nothing,
    }
}

/// The name and the arguments, if the value is a call.
fn call(value: &Value) -> Option<(&str, &Value)> {
    let arguments = ARGUMENT_KEYS.iter().find_map(|key| value.get(*key))?;
    Some((NAME_KEYS.iter().find_map(|key| value.get(*key)?.as_str())?, arguments))
}

/// Whether a model means our function by this name: `functions.list_files`, `listFiles`, `list_files:0`.
pub(super) fn is_same_name(name: &str, function: &str) -> bool {
    let plain = |name: &str| name.replace(['_', '-', ' '], "").to_lowercase();
    let function = plain(function);
    // gpt-oss glues the word that follows in its format to the name (llama.cpp issue 15158).
    name.split(['.', ':', '/']).map(plain).any(|part| part.strip_suffix("json").unwrap_or(&part) == function)
}

/// JSON that was put into a string once more.
fn unquoted(value: &Value) -> Cow<'_, Value> {
    let inner = value.as_str().and_then(|text| serde_json::from_str(text).ok());
    inner.map_or(Cow::Borrowed(value), Cow::Owned)
}

/// The paths of a list; or of what stands where a list should.
fn listed(value: &Value, trust: Trust) -> Option<Vec<String>> {
    let paths = match value {
        Value::Array(items) if items.iter().any(is_unreadable) => return None,
        Value::Array(items) => items.iter().flat_map(paths_of).collect(),
        Value::String(text) => match serde_json::from_str(text) {
            Ok(inner @ (Value::Array(_) | Value::Object(_))) => listed(&inner, trust)?,
            _ => words::in_value(text)?,
        },
        Value::Object(_) => keys(value, trust)?,
        Value::Null | Value::Bool(_) | Value::Number(_) => return None,
    };
    let is_list =
        !paths.is_empty() && (trust == Trust::Place || paths.iter().any(|path: &String| words::is_path(path)));
    is_list.then_some(paths)
}

/// Whether an entry says something in a way that is not known. A list is read whole or not at all: the files of such an
/// entry would be missing without a word. Numbers and nulls say nothing.
fn is_unreadable(item: &Value) -> bool {
    matches!(item, Value::Object(_) | Value::Array(_)) && paths_of(item).is_empty()
}

/// The path of one entry: a string, an object that says more about the file, or `{"a.js": "what it is for"}`.
fn paths_of(item: &Value) -> Vec<String> {
    match item {
        Value::String(words) if words::is_prose(words) => words::in_item(words),
        Value::String(path) => vec![path.clone()],
        Value::Object(object) => {
            let named = PATH_KEYS.iter().find_map(|key| object.get(*key)?.as_str());
            let only = object.keys().next().filter(|key| object.len() == 1 && words::is_path(key));
            named.or(only.map(String::as_str)).into_iter().map(str::to_owned).collect()
        }
        _ => Vec::new(),
    }
}

/// The keys of an object, if they are paths.
fn keys(value: &Value, trust: Trust) -> Option<Vec<String>> {
    let keys: Vec<String> = value.as_object()?.keys().cloned().collect();
    let is_list = match trust {
        Trust::Place => keys.iter().any(|key| words::is_path(key)) && !keys.iter().any(|key| words::is_prose(key)),
        Trust::Looks => !keys.is_empty() && keys.iter().all(|key| words::is_path(key)),
    };
    is_list.then_some(keys)
}
