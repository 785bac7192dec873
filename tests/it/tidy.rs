//! The invariants of the house, read off the source itself.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Longest file, tests aside: past it there is a second noun to look for.
const LONGEST_FILE: usize = 400;

/// Where each effect lives, and by which words it is known.
const ADDRESSES: &[(&str, &[&str], &[&str])] = &[
    (
        "disk",
        &["src/workspace"],
        &["std::fs", "cap_std", "cap_tempfile", "tempfile", "walkdir", "rustix::fs", "rustix::{", "File::open"],
    ),
    ("network", &["src/model/"], &["reqwest", "async_openai", "TcpStream", "tower::"]),
    ("processes", &["src/command"], &["process::Command", "tokio::process", "rustix::process"]),
    ("environment", &["src/bin"], &["std::env::", "env::var", "dotenvy", "etcetera"]),
    ("terminal", &["src/bin"], &["stdout()", "stderr()", "stdin()", "indicatif", "console::", "anstream"]),
    ("clock", &["src/bin", "src/pace.rs"], &["SystemTime", "Instant::"]),
];

struct Source {
    path: String,
    text: String,
}

impl Source {
    /// The lines that are code of the program: neither comments nor unit tests.
    fn code(&self) -> impl Iterator<Item = &str> {
        let program = self.text.split("\n#[cfg(test)]\nmod tests").next().expect("there is a first part");
        program.lines().filter(|line| !line.trim_start().starts_with("//"))
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn sources() -> Vec<Source> {
    let entries = walkdir::WalkDir::new(root().join("src")).into_iter().flatten();
    let files = entries.filter(|entry| entry.path().extension().is_some_and(|extension| extension == "rs"));
    let sources: Vec<Source> = files
        .map(|entry| {
            let path = entry.path().strip_prefix(root()).expect("below the root").to_string_lossy().replace('\\', "/");
            Source { path, text: fs::read_to_string(entry.path()).expect("source is text") }
        })
        .collect();
    assert!(sources.len() > 20, "the source was not found");
    sources
}

#[test]
fn every_effect_has_one_address() {
    for source in sources() {
        for (effect, homes, words) in ADDRESSES {
            if homes.iter().any(|home| source.path.starts_with(home)) {
                continue;
            }
            for word in *words {
                let line = source.code().find(|line| line.contains(word));
                assert_eq!(
                    line, None,
                    "{} has to do with the {effect} ('{word}'), which lives in {homes:?}",
                    source.path
                );
            }
        }
    }
}

#[test]
fn every_file_says_what_lives_in_it() {
    for source in sources() {
        assert!(source.text.starts_with("//! "), "{} does not begin with what lives in it", source.path);
    }
}

#[test]
fn no_file_is_too_long_to_read() {
    for source in sources() {
        let lines = source.text.split("\n#[cfg(test)]\nmod tests").next().expect("a first part").lines().count();
        assert!(lines <= LONGEST_FILE, "{} has {lines} lines", source.path);
    }
}

#[test]
fn no_doers_and_no_drawers() {
    for source in sources() {
        for word in ["Manager", "Handler", "Helper", "Util", "utils", "unwrap()", "todo!", "println!"] {
            let line = source.code().find(|line| line.contains(word));
            assert_eq!(line, None, "{} says '{word}'", source.path);
        }
    }
}

#[test]
fn events_are_matched_without_a_wildcard() {
    for source in sources() {
        let mut in_match = None;
        for line in source.code() {
            let indent = line.len() - line.trim_start().len();
            if line.contains("match event") {
                in_match = Some(indent);
            } else if in_match.is_some_and(|start| indent <= start && !line.trim().is_empty()) {
                in_match = None;
            }
            let is_arm = in_match.is_some_and(|start| indent == start + 4);
            assert!(
                !(is_arm && line.trim_start().starts_with("_ =>") && source.path.contains("bin")),
                "{}: {line}",
                source.path
            );
        }
    }
}

#[test]
fn every_prompt_is_sent_and_every_word_that_is_sent_is_a_prompt() {
    let built_in = fs::read_to_string(root().join("src/prompts.rs")).expect("reads");
    let all: String = sources().into_iter().map(|source| source.text).collect();
    for entry in fs::read_dir(root().join("prompts")).expect("lists").flatten() {
        let name = entry.path().file_stem().expect("a name").to_string_lossy().into_owned();
        assert!(built_in.contains(&format!("\"../prompts/{name}.md\"")), "prompts/{name}.md is not built in");
        assert!(all.contains(&format!("render(\"{name}\"")), "prompts/{name}.md is never sent");
    }
    for source in sources().iter().filter(|source| source.path != "src/prompts.rs") {
        let is_written_inline = source.code().any(|line| line.contains("Message {") && line.contains("text: \""));
        assert!(!is_written_inline, "{} has words for a model in it", source.path);
    }
}

#[test]
fn the_architecture_names_every_module() {
    let architecture = fs::read_to_string(root().join("src/lib.rs")).expect("reads");
    for line in architecture.lines().filter_map(|line| line.strip_prefix("pub mod ")) {
        let module = line.trim_end_matches(';');
        let is_told =
            architecture.lines().any(|line| line.starts_with("//!") && line.contains(&format!("[`{module}`]")));
        assert!(is_told, "the architecture in src/lib.rs does not tell of `{module}`");
    }
}

#[test]
fn files_end_with_a_newline_and_no_line_with_blanks() {
    for name in ["README.md", "Cargo.toml", "prompt.md", ".example.env", ".ci/run"] {
        let text = fs::read_to_string(root().join(name)).expect(name);
        assert!(text.ends_with('\n') && !text.ends_with("\n\n"), "{name}");
        assert!(text.lines().all(|line| line == line.trim_end()), "{name} has blanks at a line's end");
    }
    assert!(Path::new(&root().join("LICENSE")).exists());
}
