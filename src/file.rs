//! One file of the project: the question for it, and its text read from the answer.

use anyhow::Result;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    extract::{Extracted, extract},
    model::{Form, Reply, Request},
    path::RelPath,
    plan::Trunk,
    prompts::Prompts,
};

/// A file as the model wrote it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GeneratedFile {
    pub path: RelPath,
    pub text: String,
    /// What a person should know of how the text was found in the answer.
    pub note: Option<String>,
}

/// What is on disk when one file is written again: its own text, and what the files that it uses offer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Surroundings {
    pub present: Option<String>,
    pub neighbours: Vec<Neighbour>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Neighbour {
    pub path: RelPath,
    pub signatures: String,
}

/// Asks for a file of a new project. Only the last line differs from file to file.
pub fn ask(prompts: &Prompts, trunk: &Trunk, path: &RelPath) -> Result<Request> {
    Ok(trunk.branch(prompts.render("file", json!({ "path": path }))?, Form::Text))
}

/// Asks for a file again, in the surroundings that it has on disk.
pub fn ask_again(prompts: &Prompts, trunk: &Trunk, path: &RelPath, surroundings: &Surroundings) -> Result<Request> {
    let Surroundings { present, neighbours } = surroundings;
    let values = json!({ "path": path, "present": present, "neighbours": neighbours });
    let last = prompts.render("file_again", values)?;
    Ok(trunk.branch(last, Form::Text))
}

/// Reads the text of the file at `path`.
pub fn read(path: &RelPath, reply: &Reply) -> Result<GeneratedFile, String> {
    let Extracted { text, note } = extract(path, &reply.text)?;
    Ok(GeneratedFile { path: path.clone(), text, note })
}
