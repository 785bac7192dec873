//! The protocols: what is sent in each, and that an answer in each becomes files.

use serde_json::{Value, json};

use crate::{
    KEY,
    fake::Answer,
    smol::{Run, Smol, plan},
};

/// A whole project over the wire of this model; the provider's address stands in `address`, its key in `key`.
#[track_caller]
fn project(model: &str, address: &str, key: &str) -> Run {
    let long = format!("{}\n{}", plan(&["a.js", "b.js"]), "More words. ".repeat(20));
    let smol = Smol::project(&["a.js", "b.js"]).on("plan", long).offline().env_with_address(address);
    let cut = Answer::text(format!("```js\n{}", "let line = 1;\n".repeat(40))).finish(Some("length"));
    let smol = smol.env(key, KEY).arg("-m").arg(model).on("b.js", cut).then("b.js", "let last = 2;\n```\n");
    let run = smol.success().file("a.js", "a.js\n").asked(5);
    run.file("b.js", &format!("{}let last = 2;\n", "let line = 1;\n".repeat(40)))
}

fn head(run: &Run, question: &str) -> String {
    run.requests(question)[0].head.to_lowercase()
}

fn body(run: &Run, question: &str) -> Value {
    run.requests(question)[0].json()
}

/// The conversation of a file's question is that of every other one, but for its last message.
#[track_caller]
fn shares_its_trunk(run: &Run) {
    let messages = |question: &str| run.requests(question)[0].messages();
    assert_eq!(messages("a.js")[..3], messages("b.js")[..3]);
    assert_eq!(messages("a.js")[..2], messages("plan")[..]);
    assert_eq!(messages("a.js").len(), 4);
}

#[test]
fn anthropic_messages() {
    let run = project("anthropic/claude-opus-5-5", "ANTHROPIC_BASE_URL", "ANTHROPIC_API_KEY");
    shares_its_trunk(&run);
    let head = head(&run, "a.js");
    assert!(head.starts_with("post /v1/messages"), "{head}");
    assert!(head.contains(&format!("x-api-key: {KEY}")) && head.contains("anthropic-version: 2023-06-01"), "{head}");
    assert!(!head.contains("authorization"), "{head}");
    let file = body(&run, "a.js");
    let cached = json!({ "type": "ephemeral" });
    assert_eq!(file["system"][0]["cache_control"], cached);
    assert_eq!(file["messages"][1]["content"][0]["cache_control"], cached, "the plan ends the trunk");
    assert!(file["messages"][2]["content"].is_string(), "the last message is its own");
    let list = body(&run, "list");
    assert_eq!(list["output_config"]["format"]["type"], "json_schema");
    for field in ["temperature", "tool_choice", "tools"] {
        assert_eq!(list[field], Value::Null, "its newest models refuse {field}");
    }
    run.says("4,500 cached").says("$0.");
}

#[test]
fn openai_responses() {
    let run = project("xai/grok-x", "XAI_BASE_URL", "XAI_API_KEY");
    shares_its_trunk(&run);
    assert!(head(&run, "a.js").starts_with("post /v1/responses"), "{}", head(&run, "a.js"));
    let list = body(&run, "list");
    assert_eq!((&list["store"], &list["stream"]), (&json!(false), &json!(true)));
    assert_eq!(list["tool_choice"], json!({ "type": "function", "name": "list_files" }));
    assert_eq!((&list["tools"][0]["name"], &list["tools"][0]["strict"]), (&json!("list_files"), &json!(true)));
    for field in ["temperature", "max_tokens", "messages", "stream_options"] {
        assert_eq!(list[field], Value::Null, "{field}");
    }
    run.says("4,500 cached");
}

#[test]
fn ollama_with_its_window_set() {
    let run = project("ollama/qwen2.5-coder:7b", "OLLAMA_HOST", "UNUSED");
    shares_its_trunk(&run);
    let file = body(&run, "a.js");
    assert_eq!((&file["model"], &file["options"]["num_ctx"]), (&json!("qwen2.5-coder:7b"), &json!(32_768)));
    assert_eq!(body(&run, "list")["format"]["required"], json!(["paths"]));
    assert!(!head(&run, "a.js").contains("authorization"));
    run.says("cost unknown");
}

#[test]
fn a_question_that_does_not_fit_the_window_is_an_error_that_says_by_how_much() {
    let smol = Smol::new().spec(&"words ".repeat(40_000)).offline().env_with_address("OLLAMA_HOST");
    smol.args(["gen", "-m", "ollama/small"]).exit(3).says("and the model's window has 32768").asked(0);
}

#[test]
fn the_chat_of_openrouter_says_what_it_cost() {
    let run = project("openrouter/some/model", "OPENROUTER_BASE_URL", "OPENROUTER_API_KEY");
    shares_its_trunk(&run);
    assert_eq!(body(&run, "a.js")["model"], "some/model");
    assert!(head(&run, "a.js").contains(&format!("authorization: bearer {KEY}")));
}

#[test]
fn a_key_of_another_provider_is_not_taken() {
    let smol = Smol::project(&["a.js"]).offline().env("OPENAI_API_KEY", KEY).arg("-m").arg("anthropic/claude");
    smol.exit(2).says("ANTHROPIC_API_KEY is not set").asked(0);
}

#[test]
fn with_nothing_set_a_server_on_this_machine_is_found() {
    let smol = Smol::project(&["a.js"]).offline().env("SMOL_LOCAL", "auto").env_with_address("OLLAMA_HOST");
    let run = smol.success().file("a.js", "a.js\n").says("nothing is set, so ollama on this machine is asked");
    assert_eq!(body(&run, "a.js")["model"], "qwen:7b");
}
