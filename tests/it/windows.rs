//! Models that read little at once: how their window is found, what is sent of a project that does not fit, and what is
//! said of the rest.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::json;

use crate::{
    fake::{Answer, Fault},
    smol::{Run, Smol},
};

const FILES: [&str; 6] = ["index.html", "src/cart.js", "src/money.js", "src/menu.js", "src/store.js", "src/tax.js"];

/// A spec with a section for each file and two that belong to none; far more than a small window holds.
fn spec() -> String {
    let section = |title: &str| format!("## {title}\n\n{}\n\n", format!("What {title} does. ").repeat(24));
    let sections: String = FILES.iter().map(|file| section(&format!("The file {file}"))).collect();
    format!("# A shop\n\nIt sells tea.\n\n{sections}{}{}", section("History"), section("Thanks"))
}

/// A plan in which every file uses the next one.
fn plan() -> String {
    let entry = |(index, file): (usize, &&str)| {
        let used = FILES.get(index + 1).map_or(String::new(), |used| {
            format!("    uses:\n      - {{ path: {used}, names: [call{}] }}\n", index + 1)
        });
        let meaning = "what it means, in some words more than needed ".repeat(4);
        format!(
            "  - path: {file}\n    purpose: \"{file} of the shop\"\n    exports:\n      - {{ name: call{index}, kind: function, signature: \"call{index}(cents: number): string\", meaning: \"{meaning}\" }}\n{used}"
        )
    };
    let entries: String = FILES.iter().enumerate().map(entry).collect();
    format!(
        "# A shop\n\nAll prices are cents.\n\n## Flow\n\n{}\n\n## Contract\n\n```yaml contract\nproject:\n  dom_ids:\n    - {{ name: sum, shape: output, meaning: the sum, files: [index.html, src/cart.js] }}\nfiles:\n{entries}```\n",
        "One calls the other. ".repeat(30)
    )
}

/// What a file has to offer by the plan.
fn text(index: usize, file: &str) -> String {
    match file {
        "index.html" => "<output id=\"sum\"></output>\n".to_owned(),
        _ => format!("export function call{index}(cents) {{\n  return String(cents);\n}}\n"),
    }
}

fn shop() -> Smol {
    let smol = Smol::project(&FILES).spec(&spec()).on("plan", plan());
    let answers = FILES.iter().enumerate();
    answers.fold(smol, |smol, (index, file)| smol.on(file, format!("```\n{}```\n", text(index, file))))
}

/// Messages of the question, and how long they are by the estimate that is on the safe side.
fn sent(run: &Run, question: &str) -> (Vec<(String, String)>, usize) {
    let messages = run.requests(question)[0].messages();
    let tokens = messages.iter().map(|(_, text)| text.len().div_ceil(3)).sum();
    (messages, tokens)
}

/// Every file is written, and every question about one fits the window with room for its answer.
#[track_caller]
fn fits(smol: Smol, window: usize) -> Run {
    let run = smol.arg("--json").success();
    for (index, file) in FILES.iter().enumerate() {
        assert_eq!(run.read(file), Some(text(index, file)), "{file}");
        let (_, tokens) = sent(&run, file);
        assert!(tokens + window / 4 <= window, "{file}: {tokens} of {window}");
    }
    run
}

fn props(window: u64, slots: u64) -> String {
    json!({ "default_generation_settings": { "n_ctx": window }, "total_slots": slots }).to_string()
}

#[test]
fn a_project_that_does_not_fit_is_written_in_slices() {
    let run = fits(shop().on("GET /props", props(4096, 4)), 4096);
    let rules = sent(&run, "plan").0[0].clone();
    for (file, used) in [("src/cart.js", "call2(cents: number)"), ("src/money.js", "call3(cents: number)")] {
        let (messages, _) = sent(&run, file);
        assert_eq!(messages[0], rules);
        assert!(messages[1].1.contains("It sells tea.") && messages[1].1.contains(&format!("## The file {file}")));
        assert!(
            messages[2].1.contains("All prices are cents.") && messages[2].1.contains("name: sum"),
            "{}",
            messages[2].1
        );
        assert!(messages[2].1.contains(used), "{}", messages[2].1);
        assert!(messages[3].1.contains(&format!("The file to write is `{file}`.")));
    }
    let sliced = run.report()["sliced"].take();
    assert_eq!(sliced.as_array().map(Vec::len), Some(FILES.len() + 1), "each file and the list, once: {sliced}");
    let of_cart = sliced.as_array().into_iter().flatten().find(|one| one["question"]["file"] == "src/cart.js");
    let left_out = &of_cart.expect("it was sliced")["left_out"];
    assert!(left_out["spec_sections"].to_string().contains("History"), "{left_out}");
    assert!(!left_out["spec_sections"].to_string().contains("cart.js"), "{left_out}");
    assert_eq!(of_cart.expect("it was sliced")["window"], 4096);
}

#[test]
fn what_was_left_out_is_said_in_words() {
    let run = shop().on("GET /props", props(4096, 4)).success();
    run.says("'src/cart.js': its question does not fit into 4,096 tokens; left out: the sections ")
        .says("the file list: its question does not fit into 4,096 tokens; left out: ")
        .says("6 contract entries but for path and purpose")
        .says("the server answers 4 questions at the same time");
}

#[test]
fn a_window_that_is_large_enough_leaves_the_trunk_as_it_is() {
    let run = fits(shop().on("GET /props", props(16_384, 4)), 16_384);
    assert_eq!(run.report()["sliced"], json!([]));
    for file in FILES {
        assert_eq!(sent(&run, file).0[..2], sent(&run, "plan").0[..]);
        assert_eq!(sent(&run, file).0[2], sent(&run, FILES[0]).0[2]);
    }
}

#[test]
fn the_window_is_found_in_the_words_of_each_server() {
    let entry = |field: &str| json!({ "object": "list", "data": [{ "id": "fake-1", field: 4096 }] }).to_string();
    for (about, told) in [
        ("GET /v1/models", entry("max_model_len")),
        ("GET /v1/models", entry("context_length")),
        ("GET /v1/models", entry("context_window")),
        ("GET /api/v0/models", entry("loaded_context_length")),
        ("GET /api/v0/models", entry("max_context_length")),
    ] {
        let run = fits(shop().on(about, told.clone()), 4096);
        assert_eq!(run.report()["sliced"][0]["window"], 4096, "{told}");
    }
}

#[test]
fn a_person_may_have_less_of_the_window_used() {
    let smaller = shop().config("[models.fake-1]\nwindow = 4096\n");
    let run = fits(smaller.on("GET /props", props(16_384, 4)), 4096);
    assert_eq!(run.report()["sliced"][0]["window"], 4096);
}

#[test]
fn the_window_of_ollama_is_found_and_set() {
    let show = json!({ "model_info": { "qwen2.context_length": 4096 } }).to_string();
    let smol = shop().offline().env_with_address("OLLAMA_HOST").on("POST /api/show", show);
    let run = fits(smol.arg("-m").arg("ollama/qwen:7b"), 4096);
    let body = run.requests("src/cart.js")[0].json();
    assert_eq!(body["options"]["num_ctx"], 4096);
    assert_eq!((&body["truncate"], &body["shift"]), (&json!(false), &json!(false)), "it must cut nothing by itself");
}

#[test]
fn a_server_that_says_what_is_no_window_has_none() {
    for told in ["no JSON", r#"{"data":[{"id":"fake-1","max_model_len":0}]}"#, r#"{"data":{}}"#] {
        let run = shop().on("GET /v1/models", told).on("GET /props", told).arg("--json").success();
        assert_eq!(run.report()["sliced"], json!([]), "{told}");
    }
}

#[test]
fn a_window_that_is_too_small_says_by_how_much() {
    let window = |tokens| Smol::project(&FILES).on("GET /props", props(tokens, 1));
    window(1024).exit(3).says("and the model's window has 1024: ").says(" too many").asked(0);
    // The plan fits, but not the entry of one of its files.
    let huge = format!(
        "{}{}",
        plan().trim_end_matches("```\n"),
        format_args!("  - path: huge.js\n    purpose: \"{}\"\n```\n", "words ".repeat(2000))
    );
    let list = Answer::list(&["src/tax.js", "huge.js"]);
    let run = shop().on("plan", huge).on("list", list).on("GET /props", props(4096, 1)).exit(1);
    let run = run
        .file("src/tax.js", &text(5, "src/tax.js"))
        .no_file("huge.js")
        .says("failed huge.js: the question needs about ");
    // Nor does the list, which is then the plan's own.
    assert_eq!(run.requests("huge.js").len(), 0);
    run.says("the model gave no file list (the question needs about").says("the plan's own is taken");
}

#[test]
fn a_server_that_counts_more_tokens_than_were_estimated_is_asked_for_less() {
    let refused = json!({ "error": { "code": 400, "type": "exceed_context_size_error", "n_prompt_tokens": 6000, "n_ctx": 4096 } });
    let smol = shop().on("src/cart.js", Answer::text("").fault(Fault::Status(400, refused.to_string())));
    let right = "export function call1(cents) {\n  return `${cents}`;\n}\n";
    let run = smol.then("src/cart.js", format!("```\n{right}```\n")).success().file("src/cart.js", right);
    let (first, second) = (run.requests("src/cart.js")[0].body.len(), run.requests("src/cart.js")[1].body.len());
    assert!(second < first * 4096 / 6000, "{second} of {first}");
    run.says("'src/cart.js': its question does not fit into 4,096 tokens");
}

#[test]
fn no_more_than_one_call_waits_in_the_queue_of_a_server_with_one_slot() {
    let queue = Arc::new(Mutex::new(()));
    let answer = |file: &str| {
        let answer = Answer::text(format!("```\n{file}\nand some more of it\n```\n")).after(Duration::from_millis(60));
        Answer { per_token: Duration::from_millis(10), ..answer }.queued(&queue)
    };
    let smol = FILES.iter().fold(Smol::project(&FILES), |smol, file| smol.on(file, answer(file)));
    let run = smol.success();
    let asked: Vec<_> = run.fake.asked().into_iter().filter(|asked| FILES.contains(&asked.question.as_str())).collect();
    let mut first_tokens: Vec<_> = asked.iter().map(|asked| asked.first_token.expect("it answered")).collect();
    first_tokens.sort();
    for (before, asked) in asked[2..].iter().enumerate() {
        assert!(asked.at > first_tokens[before], "two calls wait");
    }
}

#[test]
fn who_says_how_many_files_at_once_is_believed() {
    let smol = FILES.iter().fold(Smol::project(&FILES).arg("-j").arg("6"), |smol, file| {
        smol.on(file, Answer::text(format!("```\n{file}\n```\n")).after(Duration::from_millis(300)))
    });
    let run = smol.success();
    let asked: Vec<_> = run.fake.asked().into_iter().filter(|asked| FILES.contains(&asked.question.as_str())).collect();
    let first_token = asked.iter().map(|asked| asked.first_token.expect("it answered")).min().expect("there are some");
    assert!(asked.iter().all(|asked| asked.at < first_token), "they wait for each other");
}
