//! Every command that the README shows is run: those of cargo by `.ci/run`, those of smol here.

use std::fs;

use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag, TagEnd};
use smol_dev::shipped::SHIPPED;

use crate::{
    fake::Answer,
    smol::{Smol, plan},
    way_back,
};

fn root(path: &str) -> String {
    fs::read_to_string(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).expect(path)
}

/// The lines of all `sh` blocks, without their comments; the block on the way back is run by a test of its own.
fn commands() -> Vec<String> {
    let (mut commands, mut is_inside) = (Vec::new(), false);
    let readme = root("README.md");
    for event in Parser::new(&readme) {
        match event {
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => is_inside = info.as_ref() == "sh",
            Event::End(TagEnd::CodeBlock) => is_inside = false,
            Event::Text(text) if is_inside && !text.contains(way_back::RECORD) => {
                let lines = text.lines().map(|line| line.split(" #").next().unwrap_or_default().trim().to_owned());
                commands.extend(lines.filter(|line| !line.is_empty()));
            }
            _ => {}
        }
    }
    commands
}

/// The words of a command, as a shell splits them.
fn words(command: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut is_quoted = false;
    for c in command.chars() {
        match c {
            '"' => is_quoted = !is_quoted,
            ' ' if !is_quoted => words.push(String::new()),
            c => words.last_mut().expect("there is one").push(c),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[test]
fn every_command_of_the_readme_is_run() {
    let ci = root(".ci/run");
    let files = ["popup.js", "README.md"];
    let mut ran = 0;
    let mut dir = Smol::new().spec("the spec").write("spec.md", "the spec").dir;
    for command in commands() {
        if command.starts_with("cargo") {
            assert!(ci.lines().any(|line| line.trim().starts_with(&command)), "'{command}' is not in .ci/run");
            continue;
        }
        // The checks against other servers are long and need a network: they have to be there.
        if let Some(script) = command.strip_prefix("bash ") {
            assert!(root(script).contains("SMOL_SERVERS_CACHE"), "{script}");
            continue;
        }
        if command.starts_with("export OPENAI_API_KEY=") {
            continue;
        }
        let mut words = words(&command);
        assert_eq!(words[0], "smol", "'{command}' is run by nothing");
        // What the fake provider writes is no program: a real one is checked.
        if words[1] == "check" {
            words.push(format!("{}/examples/pong/program", env!("CARGO_MANIFEST_DIR")));
        }
        let smol = Smol::new()
            .on("plan", plan(&files))
            .on("plan again", plan(&files))
            .on("list", Answer::list(&files))
            .within(dir);
        let smol = smol.config("models.fake-1.price = { input = 0.5, output = 1.5 }");
        let smol = smol.on("plan again", plan(&files)).on("debug", "All is well.").on("pm", "# It\n\nIt is.");
        let smol = files.iter().fold(smol, |smol, file| smol.on(file, format!("```\n{file}\n```\n")));
        let fake_has_the_address = |word: &String| word.starts_with("http://localhost");
        let smol = words[1..].iter().fold(smol, |smol, word| match fake_has_the_address(word) {
            true => smol.arg_with_address(),
            false => smol.arg(word.as_str()),
        });
        let run = smol.run();
        assert_eq!(run.output.status.code(), Some(0), "{command}\n{}", run.stderr());
        dir = run.dir;
        ran += 1;
    }
    assert!(ran >= 9, "only {ran} commands were found");
}

#[test]
fn the_flags_that_the_readme_names_exist() {
    let all = Smol::new().args(["--help"]).success().stdout();
    let commands = all.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let help_of = |line: &str| {
        let command = line.split_whitespace().next().expect("it has a name");
        Smol::new().args([command, "--help"]).run().stdout()
    };
    let help: String = commands.map(help_of).collect();
    let readme = root("README.md");
    let flags = readme
        .split([' ', '`', '|', '\n', '('])
        .filter(|word| word.starts_with("--") && word.as_bytes().get(2).is_some_and(u8::is_ascii_lowercase));
    let of_others = ["--release", "--path", "--locked", "--bench", "--check"];
    for flag in flags.filter(|flag| !of_others.contains(flag)) {
        assert!(help.contains(flag.trim_end_matches([',', ';', '.', ':', ')'])), "'{flag}' is no flag of smol");
    }
}

#[test]
fn one_file_of_the_first_example_is_written_again_without_a_model() {
    let run = Smol::new().spec(SHIPPED[0].prompt).offline().args(["gen"]).success();
    let popup = run.read("popup.js").expect("was written");
    let run = run.again().offline().args(["gen", "--file", "popup.js"]).success();
    fs::remove_file(run.dir.path().join("generated/popup.js")).expect("is there");
    run.again().offline().args(["gen", "--file", "popup.js"]).success().file("popup.js", &popup);
}
