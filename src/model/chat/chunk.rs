//! One chunk of a streamed chat completion, as forgiving as the servers are careless: nothing in it is required.

use serde::Deserialize;
use serde_json::Value;

use crate::{
    model::{Finish, Piece, http::error_message},
    usage::Usage,
};

/// A chunk, or a whole answer sent in one piece (`message` instead of `delta`).
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Chunk {
    choices: Option<Vec<Choice>>,
    usage: Option<Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Choice {
    delta: Option<Delta>,
    message: Option<Delta>,
    finish_reason: Option<Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Delta {
    content: Option<Value>,
    reasoning_content: Option<Value>,
    /// The same by another name; some servers send both.
    reasoning: Option<Value>,
    refusal: Option<Value>,
    tool_calls: Option<Vec<ToolCall>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ToolCall {
    index: Option<Value>,
    function: Option<CalledFunction>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct CalledFunction {
    arguments: Option<Value>,
}

impl Chunk {
    /// Reads an event; `None` if it is nothing like a chunk.
    pub(super) fn read(event: &str) -> Option<Chunk> {
        serde_json::from_str(event).ok()
    }

    /// What the first choice says; further choices were never asked for.
    pub(super) fn pieces(&self) -> Vec<Piece> {
        let Some(delta) = self.choice().and_then(|choice| choice.delta.as_ref().or(choice.message.as_ref())) else {
            return Vec::new();
        };
        let thinking =
            delta.reasoning_content.as_ref().or(delta.reasoning.as_ref()).map(text_of).filter(|text| !text.is_empty());
        let thinking = thinking.map(Piece::Thinking).into_iter();
        let text = delta.content.iter().map(text_of).filter(|text| !text.is_empty()).map(Piece::Text);
        let refusal = delta.refusal.iter().map(text_of).filter(|text| !text.is_empty()).map(Piece::Refusal);
        // Only the first call counts: one function is offered, and it is asked for once.
        let is_first = |call: &&ToolCall| call.index.as_ref().and_then(Value::as_u64).unwrap_or(0) == 0;
        let calls = delta.tool_calls.iter().flatten().filter(is_first);
        let arguments =
            calls.filter_map(|call| call.function.as_ref()?.arguments.as_ref()).map(|arguments| match arguments {
                Value::String(text) => Piece::Call(text.clone()),
                object => Piece::Call(object.to_string()),
            });
        thinking.chain(text).chain(refusal).chain(arguments).collect()
    }

    /// The end mark, if this chunk holds it. Words of other servers (`eos`, `end_turn`, …) mean a plain stop.
    pub(super) fn finish(&self) -> Option<Finish> {
        match self.choice()?.finish_reason.as_ref()?.as_str()? {
            "length" | "max_tokens" | "model_length" => Some(Finish::Length),
            "content_filter" | "refusal" => Some(Finish::Refused),
            "error" | "abort" | "" => None,
            _ => Some(Finish::Stop),
        }
    }

    /// Whether its end mark is the empty word. Some servers end with it, others send it with every chunk.
    pub(super) fn ends_without_a_word(&self) -> bool {
        self.choice().and_then(|choice| choice.finish_reason.as_ref()).is_some_and(|reason| reason == "")
    }

    pub(super) fn usage(&self) -> Option<Usage> {
        let usage = self.usage.as_ref()?.as_object()?;
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

    fn choice(&self) -> Option<&Choice> {
        self.choices.as_ref()?.first()
    }
}

/// What went wrong, if the server says so in the middle of an answer.
pub(super) fn error_in(event: &str) -> Option<String> {
    // Nearly all events are none, and these words stand in each that is one.
    if !event.contains("\"error\"") && !event.contains("\"detail\"") {
        return None;
    }
    let event: Value = serde_json::from_str(event).ok()?;
    let error = event.get(0).unwrap_or(&event);
    let has = |field: &str| error.get(field).is_some_and(|value| !value.is_null());
    let is_error = has("error") || error["object"] == "error" || (has("detail") && !has("choices"));
    is_error.then(|| error_message(&error.to_string()))
}

/// Text, whether it comes as a string or, as some thinking models send it, as a list of parts.
fn text_of(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().filter_map(|part| part.get("text")?.as_str()).collect(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn reads(json: &str, pieces: &[Piece], finish: Option<Finish>) {
        let chunk: Chunk = serde_json::from_str(json).expect(json);
        assert_eq!((chunk.pieces().as_slice(), chunk.finish()), (pieces, finish));
    }

    fn text(text: &str) -> Piece {
        Piece::Text(text.to_owned())
    }

    fn call(arguments: &str) -> Piece {
        Piece::Call(arguments.to_owned())
    }

    #[test]
    fn text_in_every_shape() {
        reads(r#"{"choices":[{"delta":{"content":"a"}}]}"#, &[text("a")], None);
        reads(r#"{"choices":[{"delta":{"content":[{"type":"text","text":"a"},{"text":"b"}]}}]}"#, &[text("ab")], None);
        reads(
            r#"{"choices":[{"message":{"content":"whole"},"finish_reason":"stop"}]}"#,
            &[text("whole")],
            Some(Finish::Stop),
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
            r#"{"id":7,"created":1.5,"object":null,"service_tier":"odd","choices":[{"delta":{"content":""}}]}"#,
        ] {
            reads(json, &[], None);
        }
    }

    #[test]
    fn calls_without_type_id_or_index_and_with_arguments_as_an_object() {
        reads(r#"{"choices":[{"delta":{"tool_calls":[{"function":{"arguments":"{\"p"}}]}}]}"#, &[call("{\"p")], None);
        reads(
            r#"{"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":{"a":1}}}]}}]}"#,
            &[call("{\"a\":1}")],
            None,
        );
        reads(r#"{"choices":[{"delta":{"tool_calls":[{"index":1,"function":{"arguments":"x"}}]}}]}"#, &[], None);
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
            reads(&format!(r#"{{"choices":[{{"finish_reason":"{reason}"}}]}}"#), &[], finish);
        }
    }

    #[test]
    fn usage_with_and_without_details() {
        let usage = |json: &str| serde_json::from_str::<Chunk>(json).expect(json).usage();
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
}
