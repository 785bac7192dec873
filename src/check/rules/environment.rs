//! Environment variables that are read and documented nowhere.

use std::collections::BTreeMap;

use super::{
    super::{
        Rule,
        facts::{Call, Value},
        project::Project,
        syntax::Language,
    },
    Found,
};

/// Variables that the system, shells, runtimes and services set themselves.
const COMMON: &[&str] = &[
    "PATH",
    "HOME",
    "USER",
    "SHELL",
    "PWD",
    "TMPDIR",
    "TEMP",
    "TMP",
    "LANG",
    "TERM",
    "CI",
    "NODE_ENV",
    "DEBUG",
    "PORT",
    "HOST",
    "EDITOR",
    "VISUAL",
    "PAGER",
    "DISPLAY",
    "HOSTNAME",
    "USERNAME",
    "USERPROFILE",
    "APPDATA",
    "LOCALAPPDATA",
    "NO_COLOR",
    "FORCE_COLOR",
    "COLORTERM",
    "COLUMNS",
    "LINES",
    "PYTHONPATH",
    "VIRTUAL_ENV",
    "OUT_DIR",
    "TARGET",
    "DEV",
    "PROD",
    "MODE",
    "BASE_URL",
    "SSR",
    "LOGNAME",
    "COMSPEC",
    "SYSTEMROOT",
    "LC_ALL",
    "TZ",
];

/// Variables that no documentation, example or configuration of the project mentions.
pub fn undocumented(project: &Project) -> Vec<Found> {
    // Where nothing is documented at all, there is no custom to break.
    let documents: Vec<&str> = project
        .tree
        .files
        .iter()
        .filter(|file| is_documentation(&file.path))
        .filter_map(|file| file.text.as_deref())
        .collect();
    let is_custom = project.tree.files.iter().any(|file| {
        let name = file.path.rsplit('/').next().unwrap_or(&file.path);
        name.starts_with(".env.") || name.ends_with(".env") && name.len() > 4 || name == "env.example"
    });
    if !is_custom {
        return Vec::new();
    }
    let mut read: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for (index, unit) in
        project.units.iter().enumerate().filter(|(_, unit)| unit.is_read() && !project.is_material(unit.file))
    {
        for access in &unit.facts.accesses {
            let words: Vec<&str> = access.path.iter().map(|name| name.text).collect();
            if let ["process", "env", name, ..] | ["import", "meta", "env", name, ..] = words.as_slice()
                && unit.language.is_script()
                && !access.is_written
            {
                let at = access.path.iter().find(|part| part.text == *name).map_or(0, |part| part.at);
                read.entry(name).or_insert((index, at));
            }
        }
        for call in &unit.facts.calls {
            if let Some((name, at)) = read_by(unit.language, call) {
                read.entry(name).or_insert((index, at));
            }
        }
    }
    let mut found = Vec::new();
    for (name, (unit, at)) in read {
        let is_documented = documents.iter().any(|text| has_word(text, name));
        let is_common = COMMON.contains(&name)
            || name.starts_with("CARGO_")
            || name.starts_with("npm_")
            || name.starts_with("GITHUB_")
            || name.starts_with("XDG_")
            || name.starts_with("VERCEL");
        if is_documented || is_common || !name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
        {
            continue;
        }
        let words = documents
            .iter()
            .flat_map(|text| text.split(|c: char| !c.is_ascii_uppercase() && !c.is_ascii_digit() && c != '_'))
            .filter(|word| word.len() > 2);
        let nearest = project.nearest(name, words);
        let message = format!("the variable '{name}' is read here and documented nowhere");
        found.push(
            Found::hint(unit, at, Rule::UndocumentedVariable, name, message)
                .looked_in("the documentation and examples")
                .nearest(nearest),
        );
    }
    found
}

fn is_documentation(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let is_text =
        [".md", ".rst", ".txt", ".yml", ".yaml", ".toml", ".adoc"].iter().any(|ending| name.ends_with(ending));
    is_text
        || name.contains(".env")
        || name.starts_with("env.")
        || name.starts_with("Dockerfile")
        || name == "Makefile"
        || name.ends_with(".sh")
}

fn has_word(text: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back().is_some_and(is_part);
        let after = text[at + word.len()..].chars().next().is_some_and(is_part);
        !before && !after
    })
}

fn read_by<'p>(language: Language, call: &'p Call) -> Option<(&'p str, usize)> {
    let words: Vec<&str> = call.path.iter().map(|name| name.text).collect();
    let is_read = match language {
        Language::Python => {
            matches!(words.as_slice(), ["os", "getenv"] | ["os", "environ", "get"] | ["environ", "get"] | ["getenv"])
        }
        Language::Go => matches!(words.as_slice(), ["os", "Getenv" | "LookupEnv"]),
        Language::Rust => matches!(words.as_slice(), ["env", "var" | "var_os"] | ["std", "env", "var" | "var_os"]),
        _ => false,
    };
    let first = call.arguments.first().filter(|_| is_read)?;
    match &first.value {
        Value::Text(text) => Some((text, first.at + 1)),
        _ => None,
    }
}
