//! The list of files to write: the authority on what a run touches. Knows nothing about disks.

use std::collections::{HashMap, HashSet};

use anyhow::Result;
use serde::Serialize;
use serde_json::json;

use crate::{
    model::{Form, Function, Reply, Request, provider::Rung},
    path::{Fault, PathError, RelPath},
    path_list,
    plan::{PLAN_FILE, Trunk},
    prompts::Prompts,
    report::Refused,
};

/// The function that the model calls.
const FUNCTION: &str = "list_files";
/// More files than any plan is good for; past it the model repeats itself.
const MOST_FILES: usize = 10_000;

/// Paths to write, each once; never empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FileList {
    files: Vec<RelPath>,
    /// What the model named besides, as it wrote it.
    pub refused: Vec<Refused>,
}

/// Asks for the list: by a function call, by JSON that follows a schema, or in words.
pub fn ask(prompts: &Prompts, trunk: &Trunk, rung: Rung) -> Result<Request> {
    let as_call = || prompts.render("file_list", json!({ "function": FUNCTION }));
    let as_json = || prompts.render("file_list_as_json", json!({}));
    Ok(match rung {
        Rung::Named => trunk.branch(as_call()?, Form::Named(function())),
        Rung::Required => trunk.branch(as_call()?, Form::Required(function())),
        Rung::Schema => trunk.branch(as_json()?, Form::Schema(function())),
        Rung::Json => trunk.branch(as_json()?, Form::Object),
        Rung::Text => trunk.branch(as_json()?, Form::Text),
    })
}

fn function() -> Function {
    let parameters = json!({
        "type": "object",
        "properties": {
            "paths": {
                "type": "array",
                "description": "Path of every file to write, relative to the project's root",
                "items": { "type": "string" },
            },
        },
        "required": ["paths"],
        "additionalProperties": false,
    });
    let description = "Names the files of the project that have to be written.".to_owned();
    Function { name: FUNCTION.to_owned(), description, parameters }
}

/// Reads the list from the arguments of the call, or else from whatever the text holds.
///
/// The error is a complaint to the model.
pub fn read(reply: &Reply) -> Result<FileList, String> {
    FileList::new(path_list::read(FUNCTION, reply).map_err(|fault| fault.to_string())?)
}

impl FileList {
    /// Parses what was written: folds duplicates, drops directories and the plan itself, refuses what cannot be written.
    ///
    /// The error is a complaint to the model.
    pub fn new(written: impl IntoIterator<Item = String>) -> Result<FileList, String> {
        let (mut files, mut refused) = (Vec::<RelPath>::new(), Vec::new());
        let mut known = HashMap::<String, RelPath>::new();
        for name in written {
            let refuse = |path: &RelPath, why: String| Refused { path: path.to_string(), why };
            let path = match RelPath::parse(&name) {
                Ok(path) => path,
                Err(PathError { fault: Fault::Directory, .. }) => continue,
                Err(error) => {
                    refused.push(Refused { path: error.path, why: error.fault.to_string() });
                    continue;
                }
            };
            let twin = known.get(&path.folded());
            if path.as_str() == PLAN_FILE || twin == Some(&path) {
                continue;
            }
            if let Some(twin) = twin {
                refused.push(refuse(&path, format!("is the same file as '{twin}' on disks that ignore case")));
            } else if path.is_binary() {
                refused.push(refuse(&path, "is not a text file".to_owned()));
            } else if files.len() == MOST_FILES {
                refused.push(refuse(&path, format!("is more than the {MOST_FILES} files that one run writes")));
            } else {
                known.insert(path.folded(), path.clone());
                files.push(path);
            }
        }
        let directories: HashSet<String> =
            files.iter().flat_map(|file| file.parents().map(str::to_lowercase).collect::<Vec<_>>()).collect();
        files.retain(|file| !directories.contains(&file.folded()));
        if files.is_empty() {
            let reasons: Vec<_> =
                refused.iter().take(3).map(|Refused { path, why }| format!("'{path}' {why}")).collect();
            return Err(format!("it names no file that can be written {}", reasons.join(", ")).trim_end().to_owned());
        }
        Ok(FileList { files, refused })
    }

    pub fn files(&self) -> &[RelPath] {
        &self.files
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn reads(text: &str, expected: &[&str]) {
        let list = read(&Reply { text: text.to_owned(), ..Reply::default() }).expect(text);
        assert_eq!(list.files().iter().map(RelPath::as_str).collect::<Vec<_>>(), expected);
    }

    #[track_caller]
    fn called(arguments: &str) -> Result<FileList, String> {
        read(&Reply { call: Some(arguments.to_owned()), ..Reply::default() })
    }

    #[test]
    fn the_arguments_of_the_call() {
        let list = called(r#"{"paths":["a.js","src/b.js"]}"#).expect("reads");
        assert_eq!(list.files().len(), 2);
    }

    #[test]
    fn array_in_chatter_with_a_duplicate() {
        reads("Sure [x]! Here it is: [\"a.js\", \"./a.js\", \"b.js\"]. Good luck [me]", &["a.js", "b.js"]);
    }

    #[test]
    fn array_in_prose_or_fence() {
        reads("The files:\n[\"a.js\", \"./a.js\", \"b/c.js\"]\nDone.", &["a.js", "b/c.js"]);
        reads("```json\n[\"a.js\"]\n```", &["a.js"]);
        reads("{\"files\": [{\"path\": \"a.js\", \"purpose\": \"x\"}]}", &["a.js"]);
    }

    #[test]
    fn lists_in_words() {
        reads("Files:\n\n- `a.js`: the main file\n- src/b.js\n* **c.css** - style\n", &["a.js", "src/b.js", "c.css"]);
        reads("1. a.js\n2. Makefile\n", &["a.js", "Makefile"]);
        reads("```\na.js\nsrc/b.js\n```\n", &["a.js", "src/b.js"]);
    }

    #[test]
    fn directories_the_plan_and_twins_are_no_files_of_their_own() {
        let list =
            called(r#"{"paths":["src/","src","src/a.js","shared_dependencies.md","SRC/A.js","icon.png","../x"]}"#)
                .expect("reads");
        assert_eq!(list.files().iter().map(RelPath::as_str).collect::<Vec<_>>(), ["src/a.js"]);
        assert_eq!(
            list.refused.iter().map(|refused| refused.path.as_str()).collect::<Vec<_>>(),
            ["SRC/A.js", "icon.png", "../x"]
        );
    }

    #[test]
    fn nothing_to_write_is_a_complaint() {
        assert!(called(r#"{"paths":[]}"#).is_err());
        assert!(called(r#"{"paths":["/etc/passwd"]}"#).expect_err("refused").contains("absolute"));
        assert!(called("{\"paths\":[\"a.js\"").is_err());
    }
}
