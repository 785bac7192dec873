//! What is sent to each provider, compared with what was recorded and read once: `tests/it/requests/NAME.json`.
//!
//! After a change that is meant: `cargo test --test it -- --ignored record_the_requests`, and read the difference.

use std::path::PathBuf;

use serde_json::{Map, Value, json};

use crate::{
    KEY,
    fake::Asked,
    smol::{Run, Smol},
};

/// A model as a person names it, the variables that are set for its provider, and the user's own configuration.
struct Case {
    name: &'static str,
    model: &'static str,
    key: &'static str,
    address: &'static str,
    config: &'static str,
}

const fn case(name: &'static str, model: &'static str, key: &'static str, address: &'static str) -> Case {
    Case { name, model, key, address, config: "" }
}

const CASES: [Case; 12] = [
    Case {
        config: "providers.openai.base-url = '{address}'",
        ..case("gpt-6-responses", "openai/gpt-6.1-sol", "OPENAI_API_KEY", "UNUSED")
    },
    Case {
        config: "providers.openai-chat.base-url = '{address}'",
        ..case("gpt-5-chat", "openai-chat/gpt-5", "OPENAI_API_KEY", "UNUSED")
    },
    case("claude-opus", "anthropic/claude-opus-5-5", "ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL"),
    case("claude-sonnet", "anthropic/claude-sonnet-5-5", "ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL"),
    case("gemini", "gemini/gemini-3.8-flash", "GEMINI_API_KEY", "GEMINI_BASE_URL"),
    case("deepseek", "deepseek/deepseek-flash", "DEEPSEEK_API_KEY", "DEEPSEEK_BASE_URL"),
    case("ollama", "ollama/qwen2.5-coder:7b", "UNUSED", "OLLAMA_HOST"),
    Case {
        config: "providers.lmstudio.base-url = '{address}'",
        ..case("lmstudio", "lmstudio/qwen3-8b", "UNUSED", "UNUSED")
    },
    Case { config: "providers.vllm.base-url = '{address}'", ..case("vllm", "vllm/qwen3-8b", "UNUSED", "UNUSED") },
    Case {
        config: "providers.llamacpp.base-url = '{address}'",
        ..case("llamacpp", "llamacpp/qwen3-8b", "UNUSED", "UNUSED")
    },
    case("azure", "azure/our-deployment", "AZURE_OPENAI_API_KEY", "AZURE_OPENAI_ENDPOINT"),
    case("openrouter", "openrouter/some/model", "OPENROUTER_API_KEY", "OPENROUTER_BASE_URL"),
];

impl Case {
    fn run(&self, args: &[&str]) -> Run {
        let (_, model) = self.model.split_once('/').expect("it has a provider");
        let price = format!("{}\n[models.'{model}']\nprice = {{ input = 1.0, output = 2.0 }}\n", self.config);
        let smol = Smol::project(&["a.js"]).offline().env_with_address(self.address).env(self.key, KEY).config(&price);
        let run = args.iter().fold(smol.arg("-m").arg(self.model), |smol, arg| smol.arg(*arg)).success();
        run.file("a.js", "a.js\n")
    }

    /// Everything that a provider could refuse, and nothing that differs from spec to spec.
    fn requests(&self) -> Value {
        let run = self.run(&[]);
        let asked = |question: &str| run.requests(question).remove(0);
        let bodies = ["plan", "list", "a.js"].map(|question| body(&asked(question)));
        let wished = self.run(&["--effort=low", "--max-cost=100"]).requests("plan").remove(0);
        let [plan, list, file] = bodies;
        let head = asked("a.js").head;
        let words: Vec<&str> = head.lines().next().unwrap_or_default().split(' ').collect();
        json!({
            "path": words[1],
            "key": head.lines().find(|line| line.contains(KEY)).map(|line| line.replace(KEY, "KEY").to_lowercase()),
            "with an effort of low and a limit on cost": added(&plan, &body(&wished)),
            "plan": plan,
            "list": list,
            "file": file,
        })
    }

    fn path(&self) -> PathBuf {
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/it/requests/{}.json", self.name))
    }
}

/// The request with the texts of the conversation named by their place.
fn body(asked: &Asked) -> Value {
    let names = ["(the rules)", "(the spec)", "(the plan)", "(the question)"];
    let texts: Vec<String> = asked.messages().into_iter().map(|(_, text)| text).collect();
    fn named(value: &mut Value, texts: &[String], names: &[&str]) {
        match value {
            Value::String(text) => {
                if let Some(index) = texts.iter().position(|known| known == text) {
                    *text = names[index].to_owned();
                }
            }
            Value::Array(items) => items.iter_mut().for_each(|item| named(item, texts, names)),
            Value::Object(fields) => fields.values_mut().for_each(|field| named(field, texts, names)),
            _ => {}
        }
    }
    let mut body = asked.json();
    named(&mut body, &texts, &names);
    body
}

/// The fields of `after` that are not the same in `before`.
fn added(before: &Value, after: &Value) -> Value {
    let (Some(before), Some(after)) = (before.as_object(), after.as_object()) else { return Value::Null };
    let new = after.iter().filter(|(name, value)| before.get(*name) != Some(value));
    Value::Object(new.map(|(name, value)| (name.clone(), value.clone())).collect::<Map<_, _>>())
}

#[test]
fn every_provider_is_asked_as_recorded() {
    for case in &CASES {
        let recorded = std::fs::read_to_string(case.path()).unwrap_or_default();
        let recorded: Value = serde_json::from_str(&recorded).unwrap_or_default();
        let sent = case.requests();
        assert_eq!(sent, recorded, "{}: sent on the left, recorded on the right", case.name);
    }
}

#[test]
#[ignore = "writes the expectations"]
fn record_the_requests() {
    for case in &CASES {
        let text = serde_json::to_string_pretty(&case.requests()).expect("is JSON");
        std::fs::write(case.path(), text + "\n").expect("writes");
    }
}
