//! The fields of a request that its answer can do without: set where they were asked for, dropped where a service
//! refuses them. Knows nothing about networks.

use serde_json::{Value, json};

use super::Error;

/// What smol or a person asks for beyond the question itself.
const OPTIONAL: [&str; 17] = [
    "stream_options",
    "store",
    "strict",
    ADDITIONAL,
    "reasoning_effort",
    "reasoning",
    "thinking",
    "think",
    "effort",
    "chat_template_kwargs",
    "enable_thinking",
    "prompt_cache_key",
    "cache_control",
    "max_tokens",
    "max_completion_tokens",
    "max_output_tokens",
    "num_predict",
];
/// The one optional field that stands in schemas.
const ADDITIONAL: &str = "additionalProperties";
/// What carries the question, or the form of its answer: a service that refuses this is asked in another form.
const FORM: [&str; 6] = ["tools", "tool_choice", "response_format", "json_schema", "format", "function"];

/// Sets the field at this path, with dots.
pub(super) fn set(body: &mut Value, path: &str, value: Value) {
    let mut place = body;
    for name in path.split('.') {
        if !place.is_object() {
            *place = json!({});
        }
        place = &mut place[name];
    }
    *place = value;
}

/// Drops every field of this name. Out of schemas, which are the question's own words, only [`ADDITIONAL`] is dropped.
pub(super) fn drop_from(body: &mut Value, name: &str) {
    match body {
        Value::Object(fields) => {
            fields.shift_remove(name);
            let is_schema = |field: &str| matches!(field, "schema" | "parameters");
            let places = fields.iter_mut().filter(|(field, _)| name == ADDITIONAL || !is_schema(field));
            places.for_each(|(_, value)| drop_from(value, name));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| drop_from(item, name)),
        _ => {}
    }
}

fn holds(body: &Value, name: &str) -> bool {
    let mut without = body.clone();
    drop_from(&mut without, name);
    without != *body
}

/// The optional parameter of `body` that a service names as one it does not take.
pub(super) fn refused(error: &Error, body: &Value) -> Option<String> {
    let Error::Status { status: 400 | 422, message, parameter, .. } = error else { return None };
    let words = words(message);
    let names = |name: &str| {
        let of_parameter = parameter.as_deref().unwrap_or_default();
        // A name that is an English word too has to be marked as a name.
        let is_marked = |mark: char| message.contains(&format!("{mark}{name}{mark}"));
        let is_said = match name.contains('_') || name == ADDITIONAL {
            true => words.contains(&name),
            false => ['\'', '"', '`'].into_iter().any(is_marked) || message.starts_with(&format!("{name}:")),
        };
        is_said || self::words(of_parameter).contains(&name)
    };
    // "Function tools with reasoning_effort are not supported": the service refuses the two together.
    let is_about_the_form = FORM.iter().any(|name| holds(body, name) && words.contains(name));
    let is_alone = parameter.is_some() || !is_about_the_form || words.contains(&ADDITIONAL);
    OPTIONAL.into_iter().find(|name| is_alone && names(name) && holds(body, name)).map(str::to_owned)
}

fn words(message: &str) -> Vec<&str> {
    message.split(|c: char| !c.is_alphanumeric() && c != '_').collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body() -> Value {
        json!({
            "model": "m",
            "messages": [{ "role": "user", "content": "store thinking" }],
            "stream_options": { "include_usage": true },
            "store": false,
            "reasoning": { "effort": "high" },
            "tools": [{ "function": { "strict": true, "parameters": { "properties": { "strict": {} }, "additionalProperties": false } } }],
        })
    }

    fn status(status: u16, message: &str, parameter: Option<&str>) -> Error {
        let (host, parameter) = (String::new(), parameter.map(str::to_owned));
        Error::Status { host, status, message: message.to_owned(), parameter, retry_after: None }
    }

    #[test]
    fn the_words_in_which_services_refuse_a_parameter() {
        for (message, parameter, expected) in [
            ("Unknown parameter: 'stream_options'.", Some("stream_options"), Some("stream_options")),
            ("Unrecognized request argument supplied: stream_options", None, Some("stream_options")),
            ("stream_options: Extra inputs are not permitted", None, Some("stream_options")),
            ("Invalid JSON payload received. Unknown name \"store\": Cannot find field.", None, Some("store")),
            ("reasoning: Extra inputs are not permitted", None, Some("reasoning")),
            ("Unsupported value: 'high'", Some("reasoning.effort"), Some("reasoning")),
            ("Unknown name \"additionalProperties\" at 'tools[0]'", None, Some("additionalProperties")),
            ("bad", Some("tools[0].function.strict"), Some("strict")),
            ("Unknown parameter: 'temperature'.", Some("temperature"), None),
            ("The model is not in store", None, None),
            ("Function tools with 'reasoning' are not supported. Drop tools", None, None),
            ("Invalid tool_choice type: 'object'", Some("tool_choice"), None),
            ("no", None, None),
        ] {
            assert_eq!(refused(&status(400, message, parameter), &body()).as_deref(), expected, "{message}");
        }
        assert_eq!(refused(&status(500, "Unknown parameter: 'store'", Some("store")), &body()), None);
    }

    #[test]
    fn a_dropped_field_is_gone_everywhere_but_in_schemas_and_words() {
        let mut without = body();
        for name in ["strict", "store", "thinking", "additionalProperties"] {
            drop_from(&mut without, name);
        }
        let function = json!({ "parameters": { "properties": { "strict": {} } } });
        assert_eq!(without["tools"][0]["function"], function);
        assert_eq!(without.get("store"), None);
        assert_eq!(without["messages"], body()["messages"]);
    }

    #[test]
    fn a_field_is_set_below_what_is_there() {
        let mut body = body();
        set(&mut body, "reasoning.summary", json!("auto"));
        set(&mut body, "options.num_predict", json!(5));
        assert_eq!(body["reasoning"], json!({ "effort": "high", "summary": "auto" }));
        assert_eq!(body["options"], json!({ "num_predict": 5 }));
    }
}
