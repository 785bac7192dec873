//! One file of the project: the question for it, and its text read from the answer.

use std::sync::Arc;

use anyhow::Result;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    amendment::{self, Amendment},
    extract::{Extracted, extract},
    image::Image,
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

/// Asks for a file of a new project. Only the last message differs from file to file: in its path, and in the spec that
/// belongs to this file alone.
pub fn ask(prompts: &Prompts, trunk: &Trunk, path: &RelPath) -> Result<Request> {
    let (spec, images) = own(trunk, path);
    let last = prompts.render("file", json!({ "path": path, "spec": spec }))?;
    Ok(trunk.branch_with(last, images, Form::Text))
}

/// Asks for a file of a new project after those that it uses, which offer this.
pub fn ask_after(prompts: &Prompts, trunk: &Trunk, path: &RelPath, neighbours: &[Neighbour]) -> Result<Request> {
    let (spec, images) = own(trunk, path);
    let last = prompts.render("file_after", json!({ "path": path, "spec": spec, "neighbours": neighbours }))?;
    Ok(trunk.branch_with(last, images, Form::Text))
}

/// Asks for a file again, in the surroundings that it has on disk.
pub fn ask_again(prompts: &Prompts, trunk: &Trunk, path: &RelPath, surroundings: &Surroundings) -> Result<Request> {
    let Surroundings { present, neighbours } = surroundings;
    let (spec, images) = own(trunk, path);
    let values = json!({ "path": path, "spec": spec, "present": present, "neighbours": neighbours });
    let last = prompts.render("file_again", values)?;
    Ok(trunk.branch_with(last, images, Form::Text))
}

fn own<'a>(trunk: &'a Trunk, path: &RelPath) -> (Option<&'a str>, Vec<Arc<Image>>) {
    trunk.own_spec(path).map_or((None, Vec::new()), |spec| (Some(&spec.text), spec.images.clone()))
}

/// Reads the text of the file at `path`.
pub fn read(path: &RelPath, reply: &Reply) -> Result<GeneratedFile, String> {
    let Extracted { text, note } = extract(path, &reply.text)?;
    Ok(GeneratedFile { path: path.clone(), text, note })
}

/// Reads the text of a file that was asked for again: what is different from the `present` one, or the whole anew.
pub fn read_again(path: &RelPath, present: Option<&str>, reply: &Reply) -> Result<GeneratedFile, String> {
    let Some(present) = present else { return read(path, reply) };
    let text = match amendment::read(path.as_str(), present, &reply.text)? {
        Amendment::Changed(text) => text,
        Amendment::Unchanged => present.to_owned(),
        Amendment::Anew => return read(path, reply),
    };
    Ok(GeneratedFile { path: path.clone(), text, note: None })
}
