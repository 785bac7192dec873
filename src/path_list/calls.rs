//! Calls that a model wrote as text, in the wire formats of the families whose servers miss them.
//!
//! Only the delimiters are known here: where a call begins and ends, what it is called with. Each family is a line of
//! a table; what stands between the delimiters is alike enough to be read by one function, and models mix it anyway.

use std::{borrow::Cow, ops::Range};

use super::brackets::{Span, parts, span};

/// What a call begins with, and what ends it; without an end it goes to the next beginning or to the end of the text.
const DELIMITERS: &[(&str, &[&str])] = &[
    ("<tool_call>", &["</tool_call>"]),                // Hermes, Qwen, GLM
    ("<function_call>", &["</function_call>"]),        // imitations of them
    ("<function=", &["</function>", "</tool_call>"]),  // Qwen3-Coder, Llama 3.1
    ("<function name=", &["</function>"]),             // imitations of them
    ("<invoke name=", &["</invoke>"]),                 // MiniMax, Anthropic's old format
    ("<|python_tag|>", &["<|eom_id|>", "<|eot_id|>"]), // Llama 3
    ("[TOOL_CALLS]", &["</s>"]),                       // Mistral
    ("to=functions.", &["<|call|>", "<|end|>", "<|start|>", "<|return|>"]), // gpt-oss
    ("<|tool_call_start|>", &["<|tool_call_end|>"]),   // Liquid
    ("<|tool_call>", &["<tool_call|>"]),               // Gemma 4
    ("<|tool_call_begin|>", &["<|tool_call_end|>"]),   // Kimi
    ("<｜tool▁call▁begin｜>", &["<｜tool▁call▁end｜>"]), // DeepSeek
    ("<|tool▁call▁begin|>", &["<|tool▁call▁end|>"]),   // the same in plain bars
    ("\nAction:", &["\nObservation:"]),                // ReAct
];
/// What they begin with.
const FIRST: &[char] = &['<', '[', 't', '\n'];
/// What may stand between the delimiter and the name.
const FILLERS: &[&str] = &["function<｜tool▁sep｜>", "function<|tool▁sep|>", "call:"];
const GEMMA_QUOTE: &str = "<|\"|>";

/// A call, and where it stands.
#[derive(Debug, PartialEq)]
pub(super) struct Call<'a> {
    /// As it is written before the arguments; empty where it is part of them.
    pub(super) name: &'a str,
    pub(super) arguments: Arguments<'a>,
    pub(super) place: Range<usize>,
}

#[derive(Debug, PartialEq)]
pub(super) enum Arguments<'a> {
    /// All of them, as one text.
    Text(Cow<'a, str>),
    /// Each as raw text under its name; the name is empty for one without.
    Named(Vec<(&'a str, &'a str)>),
}

/// Every call in the text, in order. Calls in the way of Python (`f(a=["b"])`) are known by the `function`'s name only.
pub(super) fn calls<'a>(text: &'a str, function: &str) -> Vec<Call<'a>> {
    let bare = format!("{function}(");
    let mut calls = Vec::new();
    let mut begun: Option<Begun> = None;
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let is_word_begin = !text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
        if let Some((length, closers)) = opener(text, at) {
            calls.extend(
                begun.replace(Begun { start: at, body: at + length, closers }).map(|begun| begun.read(text, at)),
            );
            at += length;
        } else if let Some(length) = begun.as_ref().and_then(|begun| begun.closer(rest)) {
            calls.extend(begun.take().map(|begun| begun.read(text, at)));
            at += length;
        } else if rest.starts_with(&bare) && is_word_begin {
            calls.extend(begun.take().map(|begun| begun.read(text, at)));
            let call = python(&text[at..], function.len(), at);
            at = call.place.end;
            calls.push(call);
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    calls.extend(begun.map(|begun| begun.read(text, text.len())));
    calls
}

/// The text without the calls of other functions, whose arguments are no answer to our question.
pub(super) fn without<'a>(text: &'a str, others: &[&Call]) -> Cow<'a, str> {
    if others.is_empty() {
        return Cow::Borrowed(text);
    }
    let (mut kept, mut from) = (String::new(), 0);
    for call in others {
        kept.push_str(&text[from..call.place.start]);
        kept.push('\n');
        from = call.place.end;
    }
    Cow::Owned(kept + &text[from..])
}

/// A call whose end was not seen yet.
struct Begun {
    start: usize,
    body: usize,
    closers: &'static [&'static str],
}

impl Begun {
    /// The length of the delimiter that ends it, if `rest` begins with one.
    fn closer(&self, rest: &str) -> Option<usize> {
        self.closers.iter().find(|closer| rest.starts_with(**closer)).map(|closer| closer.len())
    }

    fn read<'a>(&self, text: &'a str, end: usize) -> Call<'a> {
        let body = &text[self.body..end];
        let trimmed = body.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\''));
        let trimmed = FILLERS.iter().find_map(|filler| trimmed.strip_prefix(filler)).unwrap_or(trimmed);
        let unlisted = trimmed.strip_prefix('[').unwrap_or(trimmed);
        let name = &unlisted
            [..unlisted.find(|c: char| !(c.is_alphanumeric() || "_-.:/".contains(c))).unwrap_or(unlisted.len())];
        let rest = &unlisted[name.len()..];
        if rest.starts_with('(') && !name.is_empty() {
            let call = python(unlisted, name.len(), 0);
            return Call { place: self.start..end, ..call };
        }
        if trimmed.starts_with('[') || name.is_empty() {
            return Call { name: "", arguments: Arguments::Text(json_part(trimmed)), place: self.start..end };
        }
        let pairs = pairs(rest);
        let arguments = if pairs.is_empty() { Arguments::Text(json_part(rest)) } else { Arguments::Named(pairs) };
        Call { name, arguments, place: self.start..end }
    }
}

/// The length of the delimiter that stands at this place, and what ends its call.
fn opener(text: &str, at: usize) -> Option<(usize, &'static [&'static str])> {
    let rest = &text[at..];
    // Nearly every character begins none, and a walk through the table for each would be most of the time.
    if at > 0 && !rest.starts_with(FIRST) {
        return None;
    }
    DELIMITERS.iter().find_map(|(opener, closers)| {
        // The first call may begin with the text, where no line break stands before it.
        let opener = if at == 0 { opener.trim_start() } else { opener };
        rest.starts_with(opener).then_some((opener.len(), *closers))
    })
}

/// The call that `text` begins with, in the way of Python; `at` is where `text` stands.
fn python(text: &str, name_length: usize, at: usize) -> Call<'_> {
    let (name, rest) = text.split_at(name_length);
    let length = match span(rest) {
        Span::Whole(length) => length,
        Span::Open { .. } => rest.len(),
    };
    let inner = &rest[1..length];
    let named = parts(inner.strip_suffix(')').unwrap_or(inner)).into_iter().map(|part| {
        let key = part.find(|c: char| !(c.is_alphanumeric() || c == '_')).map_or("", |end| &part[..end]);
        let value = part[key.len()..].trim_start().strip_prefix('=').filter(|_| !key.is_empty());
        value.map_or(("", part), |value| (key, value.trim()))
    });
    Call { name, arguments: Arguments::Named(named.collect()), place: at..at + name_length + length }
}

/// Parameters between tags: `<parameter=KEY>value</parameter>`, `<arg_key>KEY</arg_key><arg_value>value</arg_value>`.
///
/// Closing tags are doubled or missing (llama.cpp 24807, Ollama 16686), so a value also ends where the next tag begins.
fn pairs(text: &str) -> Vec<(&str, &str)> {
    let mut pairs = Vec::new();
    let keys = ["<parameter=", "<parameter name=", "<arg_key>"];
    let ends = ["</parameter>", "<parameter", "</invoke>", "</function>", "</arg_value>", "<arg_key>", "</tool_call>"];
    let mut rest = text;
    while let Some((at, key)) = keys.iter().filter_map(|key| Some((rest.find(key)?, key))).min() {
        let behind = &rest[at + key.len()..];
        let name = &behind[..behind.find(['<', '>']).unwrap_or(behind.len())];
        let value = &behind[name.len()..];
        let value = ["</arg_key>", ">"].iter().find_map(|end| value.strip_prefix(end)).unwrap_or(value).trim_start();
        let value = value.strip_prefix("<arg_value>").unwrap_or(value);
        let length = ends.iter().filter_map(|end| value.find(end)).min().unwrap_or(value.len());
        pairs.push((name.trim_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\'')), value[..length].trim()));
        rest = &value[length..];
    }
    pairs
}

/// The text from its first bracket on, where the arguments begin; all of it, if it has none.
fn json_part(text: &str) -> Cow<'_, str> {
    let text = text.find("[ARGS]").map_or(text, |at| &text[at + "[ARGS]".len()..]);
    let text = text.find("Action Input:").map_or(text, |at| &text[at + "Action Input:".len()..]);
    let json = text.find(['{', '[']).map_or(text, |at| &text[at..]);
    // Gemma's mark for a quote, within which nothing is escaped.
    if !json.contains(GEMMA_QUOTE) {
        return Cow::Borrowed(json);
    }
    let strings = json.split(GEMMA_QUOTE).enumerate().map(|(number, part)| match number % 2 {
        0 => part.to_owned(),
        _ => serde_json::Value::from(part).to_string(),
    });
    let is_cut = json.matches(GEMMA_QUOTE).count() % 2 == 1;
    let mut json: String = strings.collect();
    if is_cut {
        json.pop();
    }
    Cow::Owned(json)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_delimiter_begins_with_a_known_character() {
        for (opener, _) in DELIMITERS {
            assert!(opener.starts_with(FIRST), "{opener}");
        }
    }

    #[test]
    fn calls_with_their_places() {
        let text = "x <tool_call>read\n{\"a\": 1}</tool_call> y list_files(b=[1], \"c\") z";
        let found: Vec<_> =
            calls(text, "list_files").into_iter().map(|call| (call.name, call.place, call.arguments)).collect();
        assert_eq!(
            found,
            [
                ("read", 2..26, Arguments::Text("{\"a\": 1}".into())),
                ("list_files", 41..63, Arguments::Named(vec![("b", "[1]"), ("", "\"c\"")])),
            ]
        );
        assert_eq!(&text[41..63], "list_files(b=[1], \"c\")");
    }

    #[test]
    fn a_longer_name_is_another_name() {
        assert_eq!(calls("my_list_files([1]) list_filesystem([1])", "list_files"), []);
    }
}
