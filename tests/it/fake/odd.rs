//! How other servers stray from OpenAI's chat completions, each as seen in the wild. None of it is a fault.

use serde_json::{Value, json};

/// One deviation: what it makes of the chunks of a stream, and of the events that carry them.
#[derive(Debug)]
pub struct Odd {
    pub name: &'static str,
    chunk: fn(&mut Value),
    /// The bytes of an event with this data.
    frame: fn(&str) -> String,
    /// Whether the answer comes in one chunk.
    pub is_whole: bool,
}

impl Odd {
    /// The event that carries this chunk.
    pub fn event(&self, chunk: &Value) -> String {
        let mut chunk = chunk.clone();
        (self.chunk)(&mut chunk);
        (self.frame)(&chunk.to_string())
    }

    /// The event behind the last chunk.
    pub fn done(&self) -> String {
        (self.frame)("[DONE]")
    }
}

const fn chunk(name: &'static str, chunk: fn(&mut Value)) -> Odd {
    Odd { name, chunk, frame: plain, is_whole: false }
}

const fn frame(name: &'static str, frame: fn(&str) -> String) -> Odd {
    Odd { name, chunk: |_| (), frame, is_whole: false }
}

/// All of them.
pub const ALL: &[Odd] = &[
    chunk("id, object, created and model are missing", |chunk| without(chunk, &["id", "object", "created", "model"])),
    chunk("id, object, created, model and usage are null", |chunk| {
        if !chunk["usage"].is_object() {
            chunk["usage"] = Value::Null;
        }
        for field in ["id", "object", "created", "model"] {
            chunk[field] = Value::Null;
        }
    }),
    chunk("created is a float", |chunk| chunk["created"] = json!(1_790_000_000.25)),
    chunk("created is in milliseconds, and the id a number", |chunk| {
        chunk["created"] = json!(1_790_000_000_123_u64);
        chunk["id"] = json!(7);
    }),
    chunk("an unknown service tier", |chunk| {
        chunk["service_tier"] = json!("turbo-flex");
        chunk["system_fingerprint"] = json!({ "v": 1 });
    }),
    chunk("it finishes with eos", |chunk| finish(chunk, "eos")),
    chunk("it finishes with an empty word", |chunk| finish(chunk, "")),
    chunk("every chunk has an empty word for its end", |chunk| {
        if let Some(choice) = choice(chunk).filter(|choice| choice["finish_reason"].is_null()) {
            choice["finish_reason"] = json!("");
        }
    }),
    chunk("no usage", |chunk| without(chunk, &["usage"])),
    chunk("a part of the usage", |chunk| usage(chunk, json!({ "total_tokens": 1010 }))),
    chunk("negative usage", |chunk| usage(chunk, json!({ "prompt_tokens": -1, "completion_tokens": -1 }))),
    chunk("usage in words", |chunk| usage(chunk, json!({ "prompt_tokens": "1000", "completion_tokens": null }))),
    chunk("calls without a type", |chunk| calls(chunk, |call| without(call, &["type"]))),
    chunk("calls without an id", |chunk| calls(chunk, |call| without(call, &["id"]))),
    chunk("calls without an index", |chunk| calls(chunk, |call| without(call, &["index"]))),
    chunk("calls with an index in words, and null for type and id", |chunk| {
        calls(chunk, |call| {
            call["index"] = json!("0");
            call["type"] = Value::Null;
            call["id"] = Value::Null;
        });
    }),
    Odd {
        is_whole: true,
        ..chunk("arguments as an object", |chunk| {
            calls(chunk, |call| {
                let arguments = call["function"]["arguments"].as_str().expect("is text");
                call["function"]["arguments"] = serde_json::from_str(arguments).expect("is JSON");
            });
        })
    },
    chunk("content as an array of parts", |chunk| {
        if let Some(text) = delta(chunk).and_then(|delta| delta.get_mut("content")).filter(|text| text.is_string()) {
            *text = json!([{ "type": "text", "text": text.take() }]);
        }
    }),
    chunk("a role that is empty", |chunk| role(chunk, "")),
    chunk("a role of its own", |chunk| role(chunk, "model")),
    chunk("annotations that nobody knows", |chunk| {
        if let Some(delta) = delta(chunk) {
            delta["annotations"] = json!([{ "type": "stamp", "of": { "it": 1 } }]);
            delta["audio"] = json!(false);
        }
        if let Some(choice) = choice(chunk) {
            choice["logprobs"] = json!({ "content": [] });
            choice["content_filter_results"] = json!({ "hate": { "filtered": false } });
        }
    }),
    chunk("two fields for one thought", |chunk| {
        if let Some(delta) = delta(chunk) {
            delta["reasoning"] = json!("hm ");
            delta["reasoning_content"] = json!("hm ");
        }
    }),
    frame("the first chunks have no choices", |data| {
        with(&[r#"{"prompt_filter_results":[],"choices":[]}"#, "{}"], data)
    }),
    frame("choices are null", |data| with(&[r#"{"choices":null}"#], data)),
    frame("the delta is null or missing", |data| {
        with(&[r#"{"choices":[{"index":0,"delta":null}]}"#, r#"{"choices":[{"index":0,"finish_reason":null}]}"#], data)
    }),
    frame("comments", |data| format!(": OPENROUTER PROCESSING\n\n{}:\n\n", plain(data))),
    frame("pings", |data| {
        format!("event: ping\ndata: {{\"type\": \"ping\"}}\n\nevent: ping\ndata:\n\nevent: ping\n\n{}", plain(data))
    }),
    frame("pings with the time", |data| format!("event: ping\ndata: 2026-11-02 12:00:00\n\n{}", plain(data))),
    frame("keep-alive events", |data| format!("event: keepalive\ndata: {{}}\n\n{}", plain(data))),
    frame("empty data lines", |data| format!("data:\n\ndata: \n\n{}", plain(data))),
    frame("no blank behind the colon", |data| format!("data:{data}\n\n")),
    frame("CRLF", |data| format!("data: {data}\r\n\r\n")),
    frame("ids, names and times to wait in the events", |data| {
        format!("id: 1\nevent: message\nretry: 3000\ndata: {data}\n\n")
    }),
    frame("no mark behind the last chunk", |data| if data == "[DONE]" { String::new() } else { plain(data) }),
];

fn plain(data: &str) -> String {
    format!("data: {data}\n\n")
}

/// Other events before this one.
fn with(others: &[&str], data: &str) -> String {
    others.iter().copied().chain([data]).map(plain).collect()
}

fn without(object: &mut Value, fields: &[&str]) {
    if let Some(object) = object.as_object_mut() {
        object.retain(|field, _| !fields.contains(&field.as_str()));
    }
}

fn choice(chunk: &mut Value) -> Option<&mut Value> {
    chunk.get_mut("choices")?.get_mut(0)
}

fn delta(chunk: &mut Value) -> Option<&mut Value> {
    choice(chunk)?.get_mut("delta")
}

fn finish(chunk: &mut Value, word: &str) {
    if let Some(choice) = choice(chunk).filter(|choice| choice["finish_reason"].is_string()) {
        choice["finish_reason"] = json!(word);
    }
}

fn role(chunk: &mut Value, word: &str) {
    if let Some(delta) = delta(chunk) {
        delta["role"] = json!(word);
    }
}

fn usage(chunk: &mut Value, usage: Value) {
    if let Some(place) = chunk.get_mut("usage") {
        *place = usage;
    }
}

fn calls(chunk: &mut Value, edit: impl Fn(&mut Value)) {
    let calls = delta(chunk).and_then(|delta| delta.get_mut("tool_calls")).and_then(Value::as_array_mut);
    calls.into_iter().flatten().for_each(edit);
}
