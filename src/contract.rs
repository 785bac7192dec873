//! The part of a plan that a program can read: which files, what each offers, what each takes from which.
//! Knows nothing about models or disks.

use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag, TagEnd};
use serde::{Deserialize, Serialize};

use crate::path::RelPath;

/// What the files of a project have agreed on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Contract {
    #[serde(skip_serializing_if = "Project::is_empty")]
    pub project: Project,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<FileContract>,
}

/// Names that belong to the project as a whole.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Project {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dom_ids: Vec<Name>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub messages: Vec<Name>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub schemas: Vec<Name>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub routes: Vec<Name>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub environment: Vec<Name>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub packages: Vec<Name>,
}

/// One name that several files spell the same way: an id, a message, a schema, a route, a variable, a package.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Name {
    pub name: String,
    /// The element, the type, the payload and its answer, or the default: whatever has to be spelled alike.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub shape: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub meaning: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
}

/// What one file promises, and what it builds upon.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct FileContract {
    pub path: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub purpose: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub exports: Vec<Export>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub uses: Vec<Use>,
}

/// One name that a file offers to the others.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Export {
    pub name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub kind: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub signature: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub meaning: String,
}

/// What a file takes from another file of the project.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Use {
    pub path: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
}

impl Contract {
    /// Reads the contract out of a plan: its fenced block marked `yaml contract`, or else any YAML block with `files`.
    ///
    /// The error says in one line why there is none, for a person who edits the plan.
    pub fn read(plan: &str) -> Result<Contract, String> {
        let Some(block) = block(plan) else {
            return Err("it has no fenced block marked 'yaml contract'".to_owned());
        };
        let contract: Contract = serde_saphyr::from_str(&block.text).map_err(|error| {
            let text = error.to_string();
            format!("its contract block is not the YAML it should be: {}", text.lines().next().unwrap_or_default())
        })?;
        if contract.files.is_empty() {
            return Err("its contract block names no files".to_owned());
        }
        Ok(contract)
    }

    /// What a plan says besides its contract.
    pub fn prose(plan: &str) -> String {
        let block = block(plan).map_or(0..0, |block| block.range);
        format!("{}{}", &plan[..block.start], &plan[block.end..])
    }

    /// The contract as it stands in a plan.
    pub fn yaml(&self) -> String {
        let options = serde_saphyr::ser_options! { prefer_block_scalars: false };
        serde_saphyr::to_string_with_options(self, options).expect("it is made of texts and lists")
    }

    /// The paths of its files, as written, in the order of the plan.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(|file| file.path.as_str())
    }

    /// What is agreed about the file at `path`, if anything.
    pub fn file(&self, path: &RelPath) -> Option<&FileContract> {
        // Nearly all are written as they are meant.
        let as_written = self.files.iter().find(|file| file.path == path.as_str());
        as_written.or_else(|| self.files.iter().find(|file| RelPath::parse(&file.path).as_ref() == Ok(path)))
    }
}

impl Project {
    /// Its lists, each with the name of its kind.
    pub fn kinds(&self) -> [&Vec<Name>; 6] {
        let Project { dom_ids, messages, schemas, routes, environment, packages } = self;
        [dom_ids, messages, schemas, routes, environment, packages]
    }

    /// The same, to be changed.
    pub fn kinds_mut(&mut self) -> [&mut Vec<Name>; 6] {
        let Project { dom_ids, messages, schemas, routes, environment, packages } = self;
        [dom_ids, messages, schemas, routes, environment, packages]
    }

    fn is_empty(&self) -> bool {
        self.kinds().iter().all(|names| names.is_empty())
    }
}

/// A text in a fenced block, and what stands around it.
pub(crate) struct Marked {
    pub(crate) text: String,
    pub(crate) around: String,
}

/// The YAML block of `markdown` that is marked with this word.
pub(crate) fn marked(markdown: &str, mark: &str) -> Option<Marked> {
    let block = yaml_blocks(markdown).into_iter().find(|block| block.is_marked(mark))?;
    let around = format!("{}{}", &markdown[..block.range.start], &markdown[block.range.end..]);
    Some(Marked { text: block.text, around })
}

struct Block {
    info: String,
    text: String,
    /// Where it stands, fences included.
    range: Range<usize>,
}

impl Block {
    fn is_marked(&self, mark: &str) -> bool {
        self.info.split_whitespace().any(|word| word == mark)
    }
}

/// The block that holds the contract.
fn block(plan: &str) -> Option<Block> {
    let mut blocks = yaml_blocks(plan);
    let marked = blocks.iter().position(|block| block.is_marked("contract"));
    let index = marked.or_else(|| blocks.iter().position(|block| block.text.contains("files:")))?;
    Some(blocks.swap_remove(index))
}

fn yaml_blocks(markdown: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for (event, range) in Parser::new(markdown).into_offset_iter() {
        match event {
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) => {
                open = Some(Block { info: info.to_lowercase(), text: String::new(), range });
            }
            Event::Text(text) => {
                if let Some(block) = &mut open {
                    block.text.push_str(&text);
                }
            }
            Event::End(TagEnd::CodeBlock) => {
                blocks.extend(
                    open.take().filter(|block| block.info.starts_with("yaml") || block.info.starts_with("yml")),
                );
            }
            _ => {}
        }
    }
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn reads(plan: &str, expected: &[&str]) -> Contract {
        let contract = Contract::read(plan).expect(plan);
        assert_eq!(contract.paths().collect::<Vec<_>>(), expected);
        contract
    }

    #[test]
    fn the_marked_block_is_the_contract() {
        let contract = reads(
            "# P\n\n```yaml\nfiles: [{path: no}]\n```\n\n```yaml contract\nproject:\n  dom_ids:\n    - {name: a, files: [x]}\nfiles:\n  - path: x\n    exports:\n      - {name: f, signature: \"f(a: number): string\"}\n    uses: [{path: y, names: [g]}]\n```\nend",
            &["x"],
        );
        assert_eq!(contract.project.dom_ids[0].name, "a");
        assert_eq!(contract.files[0].exports[0].signature, "f(a: number): string");
        assert_eq!(contract.files[0].uses[0].names, ["g"]);
    }

    #[test]
    fn an_unmarked_yaml_block_with_files_will_do() {
        reads("text\n\n~~~yml\nfiles:\n- path: a\n- path: b\n~~~\n", &["a", "b"]);
    }

    #[test]
    fn what_is_written_can_be_read() {
        let plan = include_str!("../prompts/rules.md");
        let contract = Contract::read(plan).expect("reads");
        let yaml = contract.yaml();
        assert_eq!(Contract::read(&format!("```yaml contract\n{yaml}```\n")), Ok(contract));
        let bare = reads("```yaml contract\nfiles: [{path: a}]\n```\n", &["a"]);
        assert_eq!(bare.yaml(), "files:\n- path: a\n");
        let prose = Contract::prose(plan);
        assert!(prose.contains("## Flow") && prose.contains("# The files") && !prose.contains("sendButton"), "{prose}");
        assert!(!prose.contains("yaml contract\n") && prose.len() < plan.len() - 1000, "{prose}");
    }

    #[test]
    fn unknown_keys_are_left_aside() {
        reads("```yaml contract\nversion: 2\nfiles:\n- path: a\n  owner: me\n```\n", &["a"]);
    }

    #[test]
    fn the_shape_that_the_rules_show_can_be_read() {
        reads(include_str!("../prompts/rules.md"), &["popup.js"]);
    }

    #[test]
    fn the_reason_is_one_line() {
        for plan in ["# only prose", "```yaml contract\nfiles: [\n```", "```yaml contract\nproject: {}\n```"] {
            let why = Contract::read(plan).expect_err(plan);
            assert!(!why.contains('\n') && why.starts_with("it"), "{why}");
        }
    }
}
