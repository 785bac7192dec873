//! How a person begins: the first files, and the completions of the shell.

use serde_json::json;

use crate::{KEY, fake::Answer, smol::Smol};

#[test]
fn init_writes_a_spec_and_settings_that_gen_takes() {
    let init = Smol::new().offline().args(["init", "--about", "a stopwatch", "--model", "openrouter/some/model"]);
    let run = init.success().says("wrote  prompt.md").says("put your key behind OPENROUTER_API_KEY= in .env");
    let text = |name: &str| std::fs::read_to_string(run.dir.path().join(name)).expect(name);
    assert!(text("prompt.md").starts_with("# A stopwatch\n\na stopwatch\n"));
    let with_key = text(".env").replace("OPENROUTER_API_KEY=\n", &format!("OPENROUTER_API_KEY={KEY}\n"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(run.dir.path().join(".env")).expect("is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "it will hold a key");
    }
    let generate = Smol::project(&["a.js"]).within(run.dir).write(".env", &with_key).offline();
    let generate = generate.config("providers.openrouter.base-url = '{address}'").write("prompt.md", "# A stopwatch\n");
    assert_eq!(generate.success().requests("a.js")[0].json()["model"], "some/model");
}

#[test]
fn init_overwrites_nothing() {
    let init = || Smol::new().offline().args(["init", "--about", "a clock", "--model", "ollama/m"]);
    let run = init().write(".env", "MINE=1\n").success().says("kept   .env: it is there already");
    assert_eq!(std::fs::read_to_string(run.dir.path().join(".env")).expect("is there"), "MINE=1\n");
    let run = init().write("prompt.md", "mine").success().says("kept   prompt.md");
    let run = init().within(run.dir).exit(2).says("are there already, and stay as they are");
    assert_eq!(std::fs::read_to_string(run.dir.path().join("prompt.md")).expect("is there"), "mine");
}

#[test]
fn init_without_a_terminal_asks_nothing() {
    let run = Smol::new().offline().args(["init"]).exit(2).says("there is no terminal to ask on; --about says it");
    assert!(!run.dir.path().join(".env").exists());
    Smol::new().offline().args(["init", "--about=x", "--model=nobody"]).exit(2).says("there are openai, anthropic");
}

#[test]
fn models_shows_what_answers_and_what_it_can_do() {
    let thought = Answer::text("<think>ok?</think>{\"ok\": true}");
    let smol = Smol::new().offline().env_with_address("OLLAMA_HOST").args(["models"]);
    let run = smol.on("probe", thought).then("probe", Answer::call(json!({ "ok": true }))).success();
    let run = run
        .prints("ollama at http://127.0.0.1:")
        .prints("qwen:7b · window 32,768 · tools yes · schema yes · thinking yes");
    // The other one is not in memory, and is not loaded for this.
    let run = run.prints("b       · window 32,768 · ?").prints("lmstudio does not answer").asked(2);
    run.says("smol gen asks ollama/qwen:7b");
}

#[test]
fn models_probes_what_has_to_be_loaded_only_when_told() {
    let smol = Smol::new().offline().env_with_address("OLLAMA_HOST").args(["models", "--probe", "--json"]);
    let run = smol.on("probe", "I cannot do that.").success().asked(6);
    let found = &run.events()[0]["servers"][0]["models"];
    assert_eq!(found[1]["abilities"], json!({ "calls": false, "schema": false, "thinking": false }));
}

#[test]
fn models_names_keys_and_never_prints_them() {
    let smol = |key: &str| {
        let config = "providers.openrouter.base-url = '{address}'";
        Smol::new().offline().config(config).env("OPENROUTER_API_KEY", key).args(["models"])
    };
    let run = smol(KEY).success().prints("OPENROUTER_API_KEY for openrouter: taken, 2 models listed").asked(0);
    assert!(!run.stdout().contains(KEY) && !run.stderr().contains(KEY));
    let run =
        smol("refused-key").success().prints("OPENROUTER_API_KEY for openrouter: not usable").prints("no such key");
    assert!(!run.stdout().contains("refused-key"));
    Smol::new().offline().args(["models"]).success().prints("none is set").says("set a key");
}

#[test]
fn completions_for_a_shell() {
    Smol::new().args(["completions", "bash"]).success().prints("complete -F _smol");
    Smol::new().args(["completions", "tcsh"]).exit(2).says("bash");
}
