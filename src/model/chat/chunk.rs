//! One chunk of a streamed chat completion, as forgiving as the servers are careless: nothing in it is required.

use std::{collections::BTreeMap, fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Value, json};

use crate::{
    model::{Finish, http::error_message},
    usage::Usage,
};

/// What a chunk says, or a whole answer sent in one piece (`message` instead of `delta`).
#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(from = "Sent")]
pub(in crate::model) struct Chunk {
    pub(super) thinking: String,
    pub(super) text: String,
    pub(super) refusal: String,
    /// More of the arguments of the call; empty where it only begins.
    pub(super) call: Option<String>,
    /// The end mark.
    pub(super) finish: Option<Finish>,
    /// Whether the end mark is the empty word. Some servers end with it, others send it with every chunk.
    pub(super) ends_without_a_word: bool,
    pub(super) usage: Option<Box<Usage>>,
    /// What went wrong, if the server says so in the middle of an answer.
    pub(super) error: Option<String>,
}

/// The same as it is sent. What is rare is boxed: a chunk is read for every token.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Sent {
    /// Further choices were never asked for.
    choices: Option<First<Choice>>,
    usage: Option<Box<Value>>,
    error: Option<Box<Value>>,
    message: Option<Box<Value>>,
    detail: Option<Box<Value>>,
    object: Option<Text>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Choice {
    delta: Option<Delta>,
    message: Option<Delta>,
    finish_reason: Option<Box<Value>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Delta {
    content: Option<Text>,
    reasoning_content: Option<Text>,
    /// The same by another name; some servers send both.
    reasoning: Option<Text>,
    refusal: Option<Text>,
    tool_calls: Option<Vec<ToolCall>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ToolCall {
    index: Option<Box<Value>>,
    function: Option<CalledFunction>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct CalledFunction {
    arguments: Option<Box<Value>>,
}

/// Text, whether it comes as a string or, as some thinking models send it, as a list of parts; empty if it is neither.
#[derive(Default)]
struct Text(String);

/// The first of a list. What follows is not kept.
struct First<T>(Option<T>);

impl From<Sent> for Chunk {
    fn from(sent: Sent) -> Chunk {
        let error = error(&sent);
        let Sent { choices, usage, .. } = sent;
        let choice = choices.and_then(|First(choice)| choice).unwrap_or_default();
        let delta = choice.delta.or(choice.message).unwrap_or_default();
        let said = |text: Option<Text>| text.unwrap_or_default().0;
        // Only the first call counts: one function is offered, and it is asked for once.
        let is_first = |call: &ToolCall| call.index.as_ref().and_then(|index| index.as_u64()).unwrap_or(0) == 0;
        let calls = delta.tool_calls.into_iter().flatten().filter(is_first);
        let arguments = calls.filter_map(|call| call.function?.arguments).map(|arguments| match *arguments {
            Value::String(text) => text,
            object => object.to_string(),
        });
        let reason = choice.finish_reason.as_ref().and_then(|reason| reason.as_str());
        Chunk {
            thinking: said(delta.reasoning_content.or(delta.reasoning)),
            text: said(delta.content),
            refusal: said(delta.refusal),
            call: arguments.reduce(|call, more| call + &more),
            finish: reason.and_then(finish),
            ends_without_a_word: reason == Some(""),
            usage: usage.and_then(|usage| counted(&usage)).map(Box::new),
            error,
        }
    }
}

/// The end mark that the word is. Words of other servers (`eos`, `end_turn`, …) mean a plain stop.
fn finish(reason: &str) -> Option<Finish> {
    match reason {
        "length" | "max_tokens" | "model_length" => Some(Finish::Length),
        "content_filter" | "refusal" => Some(Finish::Refused),
        "error" | "abort" | "" => None,
        _ => Some(Finish::Stop),
    }
}

fn counted(usage: &Value) -> Option<Usage> {
    let count = |value: Option<&Value>| value.and_then(Value::as_u64).unwrap_or(0);
    let input = count(usage.get("prompt_tokens"));
    let output = count(usage.get("completion_tokens"));
    let detail = |details: &str, name: &str| count(usage.get(details).and_then(|details| details.get(name)));
    // DeepSeek tells of its cache in a field of its own.
    let cached = detail("prompt_tokens_details", "cached_tokens").max(count(usage.get("prompt_cache_hit_tokens")));
    let written = detail("prompt_tokens_details", "cache_write_tokens");
    let thinking = detail("completion_tokens_details", "reasoning_tokens");
    let cost = usage.get("cost").and_then(Value::as_f64);
    let usage = Usage { input, cached, written, output, thinking, cost, ..Usage::NONE };
    (input.max(output) > 0).then_some(usage)
}

fn error(sent: &Sent) -> Option<String> {
    let Sent { choices, error, message, detail, object, .. } = sent;
    let is_error = error.is_some()
        || object.as_ref().is_some_and(|Text(object)| object == "error")
        || (detail.is_some() && choices.is_none());
    let said = || [("error", error), ("message", message), ("detail", detail)].into_iter();
    let words = || said().filter_map(|(name, value)| Some((name, value.as_ref()?))).collect::<BTreeMap<_, _>>();
    is_error.then(|| error_message(&json!(words()).to_string()))
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for First<T> {
    fn deserialize<D: Deserializer<'de>>(list: D) -> Result<First<T>, D::Error> {
        list.deserialize_seq(Firsts(PhantomData))
    }
}

struct Firsts<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Firsts<T> {
    type Value = First<T>;

    fn expecting(&self, words: &mut fmt::Formatter) -> fmt::Result {
        words.write_str("a list")
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut list: S) -> Result<First<T>, S::Error> {
        let first = list.next_element()?;
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(First(first))
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(text: D) -> Result<Text, D::Error> {
        text.deserialize_any(Texts)
    }
}

struct Texts;

impl<'de> Visitor<'de> for Texts {
    type Value = Text;

    fn expecting(&self, words: &mut fmt::Formatter) -> fmt::Result {
        words.write_str("text")
    }

    fn visit_str<E>(self, text: &str) -> Result<Text, E> {
        Ok(Text(text.to_owned()))
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut parts: S) -> Result<Text, S::Error> {
        let mut text = Text::default();
        while let Some(part) = parts.next_element::<Value>()? {
            text.0.push_str(part["text"].as_str().unwrap_or_default());
        }
        Ok(text)
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Text, M::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Text::default())
    }

    fn visit_bool<E>(self, _: bool) -> Result<Text, E> {
        Ok(Text::default())
    }

    fn visit_i64<E>(self, _: i64) -> Result<Text, E> {
        Ok(Text::default())
    }

    fn visit_u64<E>(self, _: u64) -> Result<Text, E> {
        Ok(Text::default())
    }

    fn visit_f64<E>(self, _: f64) -> Result<Text, E> {
        Ok(Text::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn reads(json: &str, expected: Chunk) {
        assert_eq!(serde_json::from_str::<Chunk>(json).expect(json), expected);
    }

    fn text(text: &str) -> Chunk {
        Chunk { text: text.to_owned(), ..Chunk::default() }
    }

    fn call(arguments: &str) -> Chunk {
        Chunk { call: Some(arguments.to_owned()), ..Chunk::default() }
    }

    #[test]
    fn text_in_every_shape() {
        reads(r#"{"choices":[{"delta":{"content":"a"}}]}"#, text("a"));
        reads(r#"{"choices":[{"delta":{"content":[{"type":"text","text":"a"},{"text":"b"}]}}]}"#, text("ab"));
        reads(
            r#"{"choices":[{"message":{"content":"whole"},"finish_reason":"stop"}]}"#,
            Chunk { finish: Some(Finish::Stop), ..text("whole") },
        );
    }

    #[test]
    fn chunks_without_anything_in_them() {
        for json in [
            r#"{}"#,
            r#"{"choices":[]}"#,
            r#"{"choices":null}"#,
            r#"{"choices":[{}]}"#,
            r#"{"choices":[{"delta":null,"finish_reason":null}]}"#,
            r#"{"choices":[{"delta":{},"message":null}]}"#,
            r#"{"choices":[{"delta":{"role":"assistant","content":null}}]}"#,
            r#"{"choices":[{"delta":{"tool_calls":null}}]}"#,
            r#"{"object":7,"choices":[{"delta":{"content":true,"refusal":{"a":[1]},"reasoning":-1.5}}]}"#,
            r#"{"id":7,"created":1.5,"object":null,"service_tier":"odd","choices":[{"delta":{"content":""}}]}"#,
        ] {
            reads(json, Chunk::default());
        }
    }

    #[test]
    fn calls_without_type_id_or_index_and_with_arguments_as_an_object() {
        reads(r#"{"choices":[{"delta":{"tool_calls":[{"function":{"arguments":"{\"p"}}]}}]}"#, call("{\"p"));
        reads(
            r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":{"a":1}}}]}}]}"#,
            call("{\"a\":1}"),
        );
        reads(r#"{"choices":[{"delta":{"tool_calls":[{"index":1,"function":{"arguments":"x"}}]}}]}"#, Chunk::default());
    }

    #[test]
    fn ends() {
        for (reason, finish) in [
            ("stop", Some(Finish::Stop)),
            ("tool_calls", Some(Finish::Stop)),
            ("eos", Some(Finish::Stop)),
            ("", None),
            ("length", Some(Finish::Length)),
            ("content_filter", Some(Finish::Refused)),
            ("error", None),
        ] {
            let ends_without_a_word = reason.is_empty();
            let json = format!(r#"{{"choices":[{{"finish_reason":"{reason}"}}]}}"#);
            reads(&json, Chunk { finish, ends_without_a_word, ..Chunk::default() });
        }
    }

    #[test]
    fn usage_with_and_without_details() {
        let usage = |json: &str| serde_json::from_str::<Chunk>(json).expect(json).usage.map(|usage| *usage);
        let full = r#"{"usage":{"prompt_tokens":9,"completion_tokens":4,"prompt_tokens_details":{"cached_tokens":8},
            "completion_tokens_details":{"reasoning_tokens":3},"cost":0.5}}"#;
        let expected = Usage { input: 9, cached: 8, output: 4, thinking: 3, cost: Some(0.5), ..Usage::NONE };
        assert_eq!(usage(full), Some(expected));
        let of_deepseek = r#"{"usage":{"prompt_tokens":9,"completion_tokens":4,"prompt_cache_hit_tokens":7}}"#;
        assert_eq!(usage(of_deepseek).map(|usage| usage.cached), Some(7));
        assert_eq!(usage(r#"{"usage":{"prompt_tokens":-1,"completion_tokens":4}}"#).map(|usage| usage.input), Some(0));
        assert_eq!(usage(r#"{"usage":null}"#), None);
        assert_eq!(usage(r#"{"usage":{}}"#), None);
    }
    #[test]
    fn only_the_first_choice() {
        reads(r#"{"choices":[{"delta":{"content":"a"}},{"delta":{"content":"b"}},null,7]}"#, text("a"));
    }

    #[test]
    fn errors() {
        let error = |words: &str| Chunk { error: Some(words.to_owned()), ..Chunk::default() };
        reads(r#"{"error":{"message":"no","code":500}}"#, error("no"));
        reads(r#"{"error":"no"}"#, error("no"));
        reads(r#"{"object":"error","message":"no","code":500}"#, error("no"));
        reads(r#"{"detail":"no"}"#, error("no"));
        reads(r#"{"object":"error"}"#, error("no reason given"));
        reads(r#"{"error":null,"detail":null,"message":"no","object":"chat.completion.chunk"}"#, Chunk::default());
        reads(r#"{"detail":"low","choices":[{"delta":{"content":"a"}}]}"#, text("a"));
    }
}
