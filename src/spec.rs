//! What a person wants built, in their words: what all files are made from, and what belongs to one file alone.
//! Pure: the files beside a prompt come in through a function.

pub(crate) mod include;
mod section;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use serde_json::json;

use self::{
    include::{Expanded, Includer},
    section::Part,
};
use crate::{image::Image, path::RelPath, prompts::Prompts};

/// Where the specs of single files lie, below the folder of the prompt.
pub const SPECS: &str = "specs";

/// A specification; its text is never empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    /// What every question is asked with. Of the files with a spec of their own it says only that they have one.
    pub text: String,
    /// The pictures that the text names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<Arc<Image>>,
    /// What belongs to one file's branch alone.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub files: BTreeMap<RelPath, FileSpec>,
}

/// The specification of one file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileSpec {
    /// Names each picture with its hash, so that another picture makes another text.
    pub text: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<Arc<Image>>,
}

/// Where a specification stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SpecSource {
    Stdin,
    File(String),
    Text(String),
}

/// A prompt and the names of what lies beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document<'a> {
    /// For messages, and for links back to it.
    pub name: &'a str,
    pub text: &'a str,
    /// The specs of single files, by their paths from the prompt's folder.
    pub specs: &'a [String],
}

/// Reads a file by its path from the folder of the prompt.
pub type Load<'a> = &'a dyn Fn(&str) -> Result<Vec<u8>>;

impl SpecSource {
    /// What a person means by the argument: `-` is stdin, a path that ends in `.md` is that file, the rest is the text.
    pub fn of(argument: &str) -> SpecSource {
        let is_path = argument.ends_with(".md") && !argument.contains('\n');
        match argument {
            "-" => SpecSource::Stdin,
            path if is_path => SpecSource::File(path.to_owned()),
            text => SpecSource::Text(text.to_owned()),
        }
    }
}

impl Spec {
    /// Takes the text as it is, for all files alike, with line ends as `\n` and without a byte-order mark.
    ///
    /// # Errors
    /// If nothing is in it.
    pub fn new(text: &str) -> Result<Spec> {
        let text = plain(text);
        if text.trim().is_empty() {
            bail!("the spec is empty");
        }
        Ok(Spec { text, images: Vec::new(), files: BTreeMap::new() })
    }

    /// Reads the prompt with the files that it includes and the specs of single files.
    ///
    /// # Errors
    /// If nothing is in it, or something that it names cannot be had.
    pub fn read(prompts: &Prompts, document: &Document<'_>, load: Load<'_>) -> Result<Spec> {
        let whole = Spec::new(document.text)?;
        let mut includer = Includer::new(prompts, load);
        let expanded = includer.expand(document.name, &whole.text)?;
        let mut spec = split(prompts, expanded)?;
        for path in document.specs {
            let file = file_of(path)?;
            let text = String::from_utf8(load(path)?).ok().with_context(|| format!("'{path}' is not text in UTF-8"))?;
            let Expanded { text, images, .. } = includer.expand(path, &plain(&text))?;
            if text.trim().is_empty() {
                continue;
            }
            if !spec.files.contains_key(&file) {
                append(&mut spec.text, &stub(prompts, &file)?);
            }
            spec.files.entry(file).or_default().add(&text, images.into_iter().map(|(_, image)| image));
        }
        if spec.text.trim().is_empty() {
            bail!("the spec is empty");
        }
        Ok(spec)
    }

    /// The text that belongs to this file alone, if there is one.
    pub fn own(&self, path: &RelPath) -> Option<&str> {
        self.files.get(path).map(|file| file.text.as_str())
    }

    /// All pictures, those of single files too.
    pub fn all_images(&self) -> impl Iterator<Item = &Arc<Image>> {
        self.images.iter().chain(self.files.values().flat_map(|file| &file.images))
    }
}

/// Takes the sections of single files out; a line in the place of each file's first one says that there is one.
fn split(prompts: &Prompts, expanded: Expanded) -> Result<Spec> {
    let Expanded { text, images, .. } = expanded;
    let parts = section::parts(&text);
    let named = |part: &Part| {
        let images = images.iter().filter(|(place, _)| part.whole.contains(place));
        images.map(|(_, image)| image.clone()).collect::<Vec<_>>()
    };
    let mut files: BTreeMap<RelPath, FileSpec> = BTreeMap::new();
    for part in &parts {
        if let Some(owner) = &part.owner {
            files.entry(owner.clone()).or_default().add(&text[part.body.clone()], named(part));
        }
    }
    files.retain(|_, file| !file.text.is_empty());
    let mut spec = Spec { text: String::new(), images: Vec::new(), files };
    let (mut told, mut is_after_stub) = (BTreeSet::new(), false);
    for part in &parts {
        match part.owner.as_ref().filter(|owner| spec.files.contains_key(*owner)) {
            Some(owner) if told.insert(owner) => {
                append(&mut spec.text, &stub(prompts, owner)?);
                is_after_stub = true;
            }
            Some(_) => {}
            None => {
                match is_after_stub {
                    true => append(&mut spec.text, &text[part.whole.clone()]),
                    false => spec.text.push_str(&text[part.whole.clone()]),
                }
                is_after_stub = false;
                add_once(&mut spec.images, named(part));
            }
        }
    }
    Ok(spec)
}

/// What all others are told of a file with a spec of its own.
fn stub(prompts: &Prompts, file: &RelPath) -> Result<String> {
    prompts.render("own_spec", json!({ "path": file }))
}

/// The file that the spec at this path, below the prompt's folder, belongs to.
fn file_of(path: &str) -> Result<RelPath> {
    let name = path.strip_prefix(SPECS).and_then(|name| name.strip_prefix('/')).unwrap_or(path);
    let file = RelPath::parse(name.strip_suffix(".md").unwrap_or(name));
    file.with_context(|| format!("'{path}' is the spec of no file that can be written; rename it"))
}

impl FileSpec {
    fn add(&mut self, text: &str, images: impl IntoIterator<Item = Arc<Image>>) {
        append(&mut self.text, text.trim());
        add_once(&mut self.images, images);
    }
}

fn add_once(images: &mut Vec<Arc<Image>>, more: impl IntoIterator<Item = Arc<Image>>) {
    for image in more {
        if !images.contains(&image) {
            images.push(image);
        }
    }
}

/// Adds a paragraph.
fn append(text: &mut String, more: &str) {
    if more.trim().is_empty() {
        return;
    }
    let end = text.trim_end().len();
    text.truncate(end);
    if !text.is_empty() {
        text.push_str("\n\n");
    }
    text.push_str(more);
}

/// The text without a byte-order mark, and with line ends as `\n`.
fn plain(text: &str) -> String {
    text.strip_prefix('\u{feff}').unwrap_or(text).replace("\r\n", "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments() {
        assert_eq!(SpecSource::of("-"), SpecSource::Stdin);
        assert_eq!(SpecSource::of("a b/prompt.md"), SpecSource::File("a b/prompt.md".to_owned()));
        assert_eq!(SpecSource::of("a pong game"), SpecSource::Text("a pong game".to_owned()));
        assert_eq!(SpecSource::of("# x\nsee y.md"), SpecSource::Text("# x\nsee y.md".to_owned()));
    }

    #[test]
    fn line_ends_and_marks_do_not_matter() {
        assert_eq!(Spec::new("\u{feff}a\r\nb").expect("is one").text, "a\nb");
        assert!(Spec::new(" \n").is_err());
    }

    /// The spec of a prompt with these files beside it.
    fn read(text: &str, files: &[(&str, &str)]) -> Result<Spec> {
        let specs: Vec<String> =
            files.iter().map(|(path, _)| path.to_string()).filter(|path| path.starts_with("specs/")).collect();
        let load = |path: &str| {
            let found = files.iter().find(|(name, _)| *name == path);
            found.map(|(_, text)| text.as_bytes().to_vec()).with_context(|| format!("no '{path}'"))
        };
        let prompts = Prompts::with(BTreeMap::new()).expect("are built in");
        Spec::read(&prompts, &Document { name: "prompt.md", text, specs: &specs }, &load)
    }

    fn stub(path: &str) -> String {
        format!("The file `{path}` has a specification of its own, which only whoever writes that file is shown.")
    }

    #[track_caller]
    fn reads(text: &str, files: &[(&str, &str)], shared: &str, own: &[(&str, &str)]) {
        let spec = read(text, files).expect(text);
        let found: Vec<_> = spec.files.iter().map(|(path, file)| (path.as_str(), file.text.as_str())).collect();
        assert_eq!((spec.text.as_str(), &found[..]), (shared, own), "{text}");
    }

    #[test]
    fn a_prompt_without_sections_of_files_is_itself_to_the_letter() {
        for text in ["x", "# A\n\n\n  b  \n\n# `C`\n\n[a](b)\n", "\n\na\n# B"] {
            assert_eq!(read(text, &[]).expect(text), Spec::new(text).expect(text));
        }
        for shipped in crate::shipped::SHIPPED {
            let spec = Spec::new(shipped.prompt).expect("is one");
            assert_eq!(read(shipped.prompt, &[]).expect("is one"), spec, "{}", shipped.name);
        }
    }

    #[test]
    fn a_section_of_a_file_leaves_one_line_in_its_place() {
        let shared = format!("# All\n\n{}\n\n## Rest\n\nr\n", stub("a.js"));
        for own in ["x", "x\n\n### More\n\n```\n# y\n```", "z\n\n\n"] {
            let text = format!("# All\n\n## `a.js`\n\n{own}\n\n## Rest\n\nr\n");
            reads(&text, &[], &shared, &[("a.js", own.trim())]);
        }
        reads("## `a.js`\nx", &[], &stub("a.js"), &[("a.js", "x")]);
    }

    #[test]
    fn a_section_with_nothing_in_it_stays_where_it_is() {
        reads("# A\n\n## `a.js`\n\n## B\n", &[], "# A\n\n## `a.js`\n\n## B\n", &[]);
    }

    #[test]
    fn sections_and_a_spec_of_the_same_file_belong_together() {
        let text = "## `a.js`\none\n## Rest\n## `a.js`\ntwo\n";
        let shared = format!("{}\n\n## Rest\n\n{}", stub("a.js"), stub("src/b.js"));
        let files = [("specs/a.js.md", "three\n"), ("specs/src/b.js.md", "## `c.js`\nb\n"), ("specs/d.js.md", " \n")];
        reads(text, &files, &shared, &[("a.js", "one\n\ntwo\n\nthree"), ("src/b.js", "## `c.js`\nb")]);
    }

    #[test]
    fn an_included_document_has_sections_of_files_too() {
        let files = [("a.md", "## `a.js`\nx\n[include](b.txt)\n\n## B\n"), ("b.txt", "b")];
        let shared = format!("top\n\n{}\n\n## B\n\nend", stub("a.js"));
        reads("top\n[include](a.md)\nend", &files, &shared, &[("a.js", "x\n\n`b.txt`:\n\n```\nb\n```")]);
        // Read as markdown, this text would be a section of a file.
        let fenced = "`c.txt`:\n\n```\n## `a.js`\nx\n```";
        reads("[include](c.txt)", &[("c.txt", "## `a.js`\nx\n")], fenced, &[]);
    }

    #[test]
    fn an_image_belongs_to_whoever_it_is_named_for() {
        let gifs = [("1", "GIF89a1"), ("2", "GIF89a2"), ("specs/b.md", "[include](../2)")];
        let spec = read("[include](1)\n## `a.js`\n[include](2) [include](1)\n# C\n[include](1)", &gifs).expect("reads");
        let names = |images: &[Arc<Image>]| images.iter().map(|image| image.name.clone()).collect::<Vec<_>>();
        let own: Vec<_> = spec.files.values().map(|file| names(&file.images)).collect();
        assert_eq!(
            (names(&spec.images), own),
            (vec!["1".to_owned()], vec![vec!["2".to_owned(), "1".to_owned()], vec!["2".to_owned()]])
        );
        assert_eq!(spec.all_images().count(), 4);
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let refused = |files: &[(&str, &str)]| format!("{:#}", read("x", files).expect_err("is refused"));
        assert!(
            refused(&[("specs/CON.md", "x")]).contains("'specs/CON.md' is the spec of no file that can be written")
        );
        assert!(refused(&[("specs/a.md", "[include](b)")]).contains("'[include](b)' in 'specs/a.md': no 'specs/b'"));
        assert!(read("[include](e.md)", &[("e.md", "")]).is_err(), "nothing is left");
    }
}
