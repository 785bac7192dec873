//! The protocols: what is sent in each, and that an answer in each becomes files.

use serde_json::{Value, json};

use crate::{
    KEY,
    fake::{Answer, Fault},
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

/// How many tokens of a long answer were read at a time, on average.
#[track_caller]
fn read_at_once(model: &str, address: &str, key: &str) -> usize {
    let long = format!("```js\n{}```\n", "let line = 1;\n".repeat(1000));
    let tokens = crate::fake::tokens(&long).len();
    let smol = Smol::project(&["a.js"]).on("a.js", Answer::text(long)).offline().env_with_address(address);
    let run = smol.env(key, KEY).arg("-m").arg(model).arg("--json").success();
    let is_of_file = |event: &&Value| event["event"] == "piece" && event["question"] == json!({ "file": "a.js" });
    tokens / run.events().iter().filter(is_of_file).count()
}

#[test]
fn what_has_come_is_read_at_once_over_every_wire() {
    for (model, address, key) in [
        ("openai/gpt-4o", "OPENAI_BASE_URL", "OPENAI_API_KEY"),
        ("xai/grok-x", "XAI_BASE_URL", "XAI_API_KEY"),
        ("anthropic/claude-opus-5-5", "ANTHROPIC_BASE_URL", "ANTHROPIC_API_KEY"),
        ("ollama/qwen2.5-coder:7b", "OLLAMA_HOST", "UNUSED"),
    ] {
        let tokens = read_at_once(model, address, key);
        assert!(tokens >= 8, "{model}: {tokens}");
    }
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

/// Where it is remembered what models took and refused, below the user's home.
const MEMORY: &str = ".cache/smol/models.json";

/// What a run has left there, for a provider at another address.
fn remembered(run: &Run) -> String {
    let text = std::fs::read_to_string(run.dir.path().join("home").join(MEMORY)).expect("it was written");
    text.replace(&run.fake.url, "{address}")
}

#[test]
fn a_parameter_that_the_service_refuses_is_left_out_and_stays_out() {
    let picky = |text: &str| Answer::text(text).fault(Fault::Parameter("stream_options"));
    let smol = || Smol::project(&["a.js"]).on("plan", picky(&plan(&["a.js"]))).on("a.js", picky("a\n"));
    let run = smol().success().says("the parameter 'stream_options' is left out").asked(4).file("a.js", "a\n");
    assert!(body(&run, "a.js").get("stream_options").is_none(), "only the first call finds out");
    let again = smol().at_home(MEMORY, &remembered(&run)).success().asked(3);
    assert!(body(&again, "plan").get("stream_options").is_none());
}

#[test]
fn a_parameter_is_left_out_of_all_questions_that_it_was_refused_in_at_once() {
    let files: Vec<String> = (0..12).map(|index| format!("{index}.js")).collect();
    let files: Vec<&str> = files.iter().map(String::as_str).collect();
    let picky = |file: &str| Answer::text(format!("{file}\n")).fault(Fault::Parameter("stream_options"));
    let smol = files.iter().fold(Smol::project(&files).arg("-j").arg("12"), |smol, file| smol.on(file, picky(file)));
    let run = smol.success();
    let twice = files.iter().filter(|file| run.requests(file).len() == 2).count();
    assert!(twice > 1, "several were on their way");
    files.iter().fold(run, |run, file| run.file(file, &format!("{file}\n")));
}

#[test]
fn the_way_that_a_model_lists_files_is_remembered() {
    let no_calls = Answer::text("").fault(Fault::Status(400, r#"{"error":"tools are not supported"}"#.to_owned()));
    let list = Answer::text(r#"{"paths":["a.js"]}"#);
    let smol = Smol::project(&["a.js"]).on("list", no_calls.clone()).then("list", no_calls).then("list", list.clone());
    let run = smol.success().asked(5);
    assert_eq!(run.requests("list")[2].json()["response_format"]["type"], "json_schema");
    let again = Smol::project(&["a.js"]).on("list", list).at_home(MEMORY, &remembered(&run)).success().asked(3);
    assert_eq!(body(&again, "list")["response_format"]["type"], "json_schema");
}

#[test]
fn an_unknown_model_is_named_with_the_nearest_ones() {
    let unknown = r#"{"error":{"message":"The model `fake-pr` does not exist"}}"#;
    let answer = Answer::text("").fault(Fault::Status(404, unknown.to_owned()));
    let run = Smol::project(&["a.js"]).on("plan", answer).arg("--model=fake-pr").exit(3).asked(1);
    run.says("has no model 'fake-pr'").says("hint: it has 'fake-pro', 'fake-1'; --model names one");
}

#[test]
fn a_provider_of_ones_own_is_asked_as_its_entry_says() {
    let own = r#"
        [providers.work]
        wire = "chat"
        base-url = "{address}"
        keys = ["WORK_KEY"]
        key-header = "x-work-key"
        list = ["text"]
        model = "house-model"
    "#;
    let list = Answer::text("- a.js\n");
    let smol = Smol::project(&["a.js"]).offline().config(own).env("WORK_KEY", KEY).on("list", list);
    let run = smol.success().says("WORK_KEY is set, so work's house-model is asked").asked(3);
    assert!(
        head(&run, "a.js").contains(&format!("x-work-key: {KEY}")) && !head(&run, "a.js").contains("authorization")
    );
}

#[test]
fn a_clone_defines_no_providers() {
    let smol = Smol::project(&["a.js"]).write("smol.toml", "[providers.openai]\nbase-url = 'http://evil/v1'\n");
    smol.exit(2).says("'smol.toml' may define no providers").asked(0);
}

#[test]
fn a_provider_with_an_address_for_everybody_needs_one() {
    let smol = Smol::project(&["a.js"]).offline().env("AZURE_OPENAI_API_KEY", KEY);
    smol.arg("--model=azure/x").exit(2).says("AZURE_OPENAI_ENDPOINT is not set").asked(0);
}

#[test]
fn an_effort_that_cannot_be_sent_is_said() {
    Smol::project(&["a.js"]).arg("--effort=high").success().says("the effort 'high' is not sent");
    Smol::project(&["a.js"]).arg("--effort=huge").exit(2).says("none, minimal, low").asked(0);
}
