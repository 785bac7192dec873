//! Files that a spec includes by a link whose text is `include`. Where they come from is the caller's to say.

use std::{ops::Range, sync::Arc};

use anyhow::{Context, Result, bail};
use percent_encoding::percent_decode_str;
use pulldown_cmark::{Event, LinkType, Parser, Tag, TagEnd};
use serde_json::json;

use super::Load;
use crate::{image::Image, prompts::Prompts};

/// The text of a link that includes a file.
const INCLUDE: &str = "include";
/// Files that one spec can include, each as often as it is named.
const MOST: usize = 200;
/// Longest text that is included, in MiB: some 250,000 tokens.
const LONGEST_TEXT: usize = 1;
/// All of them together, in MiB.
const LONGEST_TEXTS: usize = 4;
/// Largest picture, in MiB: what Anthropic takes; others take more.
pub const LARGEST_IMAGE: usize = 5;
/// All pictures of a spec together, in MiB.
const LARGEST_IMAGES: usize = 20;
const MIB: usize = 1 << 20;

/// A document with all that it includes.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Expanded {
    pub text: String,
    /// The pictures, each with the place in the text where it is named.
    pub images: Vec<(usize, Arc<Image>)>,
    /// Whether a block ended here, so that whatever follows begins a paragraph.
    is_after_block: bool,
}

/// Follows the links of all documents of one spec.
pub(super) struct Includer<'a> {
    prompts: &'a Prompts,
    load: Load<'a>,
    /// The documents that are open, each included by the one before.
    open: Vec<String>,
    files: usize,
    text_bytes: usize,
    /// Every picture once, however often it is named.
    images: Vec<Arc<Image>>,
}

impl<'a> Includer<'a> {
    pub fn new(prompts: &'a Prompts, load: Load<'a>) -> Includer<'a> {
        Includer { prompts, load, open: Vec::new(), files: 0, text_bytes: 0, images: Vec::new() }
    }

    /// The document at `path` with what it includes in the place of its links.
    ///
    /// # Errors
    /// If a link cannot be followed; it is named, with the document that it stands in.
    pub fn expand(&mut self, path: &str, text: &str) -> Result<Expanded> {
        self.open.push(path.to_owned());
        let mut expanded = Expanded::default();
        let mut rest = 0;
        for Link { range, target } in links(text) {
            expanded.push(&text[rest..range.start]);
            rest = range.end;
            self.follow(path, &target, &mut expanded)
                .with_context(|| format!("could not follow '[{INCLUDE}]({target})' in '{path}'"))?;
        }
        expanded.push(&text[rest..]);
        self.open.pop();
        Ok(expanded)
    }

    fn follow(&mut self, document: &str, target: &str, expanded: &mut Expanded) -> Result<()> {
        if target.contains("://") {
            bail!("it is an address on the network; save what is there as a file beside the prompt, and include that");
        }
        if target.is_empty() {
            bail!("it names no file; put the path in the brackets: [{INCLUDE}](PATH)");
        }
        let path = resolve(document, target);
        if self.open.contains(&path) {
            bail!("it includes itself: {} → {path}; take one of the links out", self.open.join(" → "));
        }
        self.files += 1;
        if self.files > MOST {
            bail!("it is one more than the {MOST} files that a spec can include; join some of them");
        }
        let bytes = (self.load)(&path)?;
        match Image::new(&path, &bytes) {
            Some(image) => self.take_image(image, bytes.len(), expanded),
            None => self.take_text(&path, bytes, expanded),
        }
    }

    fn take_image(&mut self, image: Image, bytes: usize, expanded: &mut Expanded) -> Result<()> {
        if bytes > LARGEST_IMAGE * MIB {
            bail!("the image is larger than {LARGEST_IMAGE} MiB; make it smaller");
        }
        let known = self.images.iter().find(|known| known.id == image.id);
        let image = known.cloned().unwrap_or_else(|| Arc::new(image));
        if known.is_none() {
            self.images.push(image.clone());
        }
        if self.images.iter().map(|image| image.bytes()).sum::<usize>() > LARGEST_IMAGES * MIB {
            bail!(
                "with it the images are larger than {LARGEST_IMAGES} MiB in all; make them smaller, or leave one out"
            );
        }
        // The hash stands with the name, so that another picture makes another spec.
        let words = self.prompts.render("image", json!({ "name": image.name, "id": image.id[..8] }))?;
        expanded.images.push((expanded.text.len(), image));
        expanded.push(words.trim_end());
        Ok(())
    }

    fn take_text(&mut self, path: &str, bytes: Vec<u8>, expanded: &mut Expanded) -> Result<()> {
        self.text_bytes += bytes.len();
        if bytes.len() > LONGEST_TEXT * MIB {
            bail!("the text is longer than {LONGEST_TEXT} MiB; include the part of it that matters");
        }
        if self.text_bytes > LONGEST_TEXTS * MIB {
            bail!("with it the texts are longer than {LONGEST_TEXTS} MiB in all; include the parts that matter");
        }
        let text = String::from_utf8(bytes).ok().filter(|text| !text.contains('\0'));
        let text = text.context("it is neither text in UTF-8 nor an image (PNG, JPEG, GIF, WebP); convert it")?;
        let text = super::plain(&text);
        expanded.end_paragraph();
        if path.to_lowercase().ends_with(".md") {
            let included = self.expand(path, text.trim())?;
            expanded.append(included);
        } else {
            let words = self.prompts.render("included", json!({ "path": path, "text": text }))?;
            expanded.push(words.trim_end());
        }
        expanded.is_after_block = true;
        Ok(())
    }
}

impl Expanded {
    fn push(&mut self, text: &str) {
        let text = match self.is_after_block {
            true => text.trim_start_matches([' ', '\t']).trim_start_matches('\n'),
            false => text,
        };
        if !text.is_empty() {
            if self.is_after_block {
                self.end_paragraph();
            }
            self.is_after_block = false;
            self.text.push_str(text);
        }
    }

    fn append(&mut self, included: Expanded) {
        let start = self.text.len();
        self.images.extend(included.images.into_iter().map(|(place, image)| (start + place, image)));
        self.text.push_str(&included.text);
    }

    /// Leaves an empty line behind the text so far, if there is any.
    fn end_paragraph(&mut self) {
        self.is_after_block = false;
        self.text.truncate(self.text.trim_end_matches([' ', '\t']).len());
        let newlines = self.text.len() - self.text.trim_end_matches('\n').len();
        if !self.text.is_empty() {
            self.text.push_str(&"\n\n"[newlines.min(2)..]);
        }
    }
}

struct Link {
    range: Range<usize>,
    target: String,
}

/// The links that include something.
fn links(text: &str) -> Vec<Link> {
    let (mut links, mut open) = (Vec::new(), None);
    for (event, range) in Parser::new(text).into_offset_iter() {
        match event {
            Event::Start(Tag::Link { link_type, dest_url, .. })
                if !matches!(link_type, LinkType::Autolink | LinkType::Email) =>
            {
                open = Some((dest_url.into_string(), Vec::new()));
            }
            Event::End(TagEnd::Link) => {
                let link =
                    open.take().filter(|(_, words)| matches!(&words[..], [Event::Text(text)] if &**text == INCLUDE));
                links.extend(link.map(|(target, _)| Link { range, target }));
            }
            event => open.iter_mut().for_each(|(_, words)| words.push(event.clone())),
        }
    }
    links
}

/// The path that a link in `document` leads to, without steps back and forth; both from the same folder.
fn resolve(document: &str, target: &str) -> String {
    let target = percent_decode_str(target).decode_utf8().unwrap_or(target.into());
    let joined = match document.rsplit_once('/') {
        Some((directory, _)) if !target.starts_with('/') => format!("{directory}/{target}"),
        _ => target.into_owned(),
    };
    let mut parts: Vec<&str> = Vec::new();
    for part in joined.split('/').filter(|part| !matches!(*part, "" | ".")) {
        match parts.last() {
            Some(last) if part == ".." && *last != ".." => drop(parts.pop()),
            _ => parts.push(part),
        }
    }
    let root = if joined.starts_with('/') { "/" } else { "" };
    format!("{root}{}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    const GIF: &[u8] = b"GIF89a and the rest of it";

    fn expand(files: &[(&str, &[u8])], path: &str, text: &str) -> Result<Expanded> {
        let files: BTreeMap<&str, &[u8]> = files.iter().copied().collect();
        let load = |path: &str| files.get(path).map(|bytes| bytes.to_vec()).with_context(|| format!("no '{path}'"));
        let prompts = Prompts::with(BTreeMap::new()).expect("are built in");
        Includer::new(&prompts, &load).expand(path, text)
    }

    #[track_caller]
    fn expands(files: &[(&str, &str)], text: &str, expected: &str) {
        let files: Vec<_> = files.iter().map(|(path, text)| (*path, text.as_bytes())).collect();
        assert_eq!(expand(&files, "prompt.md", text).expect(text).text, expected, "{text}");
    }

    #[track_caller]
    fn refuses(files: &[(&str, &[u8])], text: &str, words: &str) {
        let error = format!("{:#}", expand(files, "prompt.md", text).expect_err(text));
        assert!(error.contains(words), "'{words}' is not in: {error}");
        assert!(error.starts_with("could not follow '[include]("), "the link is not named: {error}");
    }

    #[test]
    fn a_text_stands_in_a_fence_with_its_path() {
        let json = [("api/schema.json", "{\"a\": 1}\n")];
        let block = "`api/schema.json`:\n\n```\n{\"a\": 1}\n```";
        expands(&json, "[include](api/schema.json)", block);
        expands(&json, "A\n\n[include](./api/schema.json)\n\nB\n", &format!("A\n\n{block}\n\nB\n"));
        expands(&json, "A\n[include](<api/schema.json>)\nB", &format!("A\n\n{block}\n\nB"));
        expands(&json, "A [include](api//x/../schema.json), B", &format!("A\n\n{block}\n\n, B"));
        expands(
            &json,
            "A [include][s].\n\n[s]: api/schema.json",
            &format!("A\n\n{block}\n\n.\n\n[s]: api/schema.json"),
        );
        expands(&[("a b.txt", "x\r\n```\r\n")], "[include](a%20b.txt)", "`a b.txt`:\n\n````\nx\n```\n````");
    }

    #[test]
    fn markdown_is_taken_as_it_is_and_its_links_are_followed_from_its_own_folder() {
        let files =
            [("notes/a.md", "# A\n\n[include](b.md)\n[include](../c.txt)\n"), ("notes/b.md", "b\n"), ("c.txt", "c")];
        expands(&files, "x\n[include](notes/a.md)\ny", "x\n\n# A\n\nb\n\n`c.txt`:\n\n```\nc\n```\n\ny");
        expands(&[("a.md", "a")], "[include](a.md)\n[include](a.md)\n", "a\n\na");
    }

    #[test]
    fn other_links_and_code_stay_as_they_are() {
        for text in [
            "[Include](a)",
            "[to include](a)",
            "[`include`](a)",
            "[*include*](a)",
            "![include](a.png)",
            "`[include](a)`",
            "```\n[include](a)\n```\n",
            "    [include](a)\n",
            "<!-- [include](a) -->\n",
            "\\[include](a)",
            "[include]",
            "<https://include>",
        ] {
            expands(&[], text, text);
        }
    }

    #[test]
    fn an_image_is_named_where_it_stands_and_goes_along_once() {
        let files = [("ui/a.png", GIF), ("b", b"\xff\xd8\xff."), ("n/c.md", b"sub [include](../b)")];
        let expanded = expand(&files, "prompt.md", "See [include](ui/a.png).\n\n[include](n/c.md)\n").expect("expands");
        let id = |index: usize| expanded.images[index].1.id[..8].to_owned();
        assert_eq!(expanded.text, format!("See (image `ui/a.png`, {}).\n\nsub (image `b`, {})", id(0), id(1)));
        for (place, image) in &expanded.images {
            assert!(expanded.text[*place..].starts_with(&format!("(image `{}`", image.name)), "{place}");
        }
        let twice = expand(&files, "prompt.md", "[include](b) [include](b)").expect("expands");
        assert!(Arc::ptr_eq(&twice.images[0].1, &twice.images[1].1));
    }

    #[test]
    fn what_cannot_be_included_is_named_with_the_way_out() {
        refuses(&[], "[include](x.json)", "'[include](x.json)' in 'prompt.md': no 'x.json'");
        refuses(&[], "[include](https://x/y.json)", "an address on the network; save");
        refuses(&[], "[include]()", "names no file");
        refuses(&[], "[include](prompt.md)", "includes itself: prompt.md → prompt.md");
        let circle: [(&str, &[u8]); 2] = [("a.md", b"[include](d/b.md)"), ("d/b.md", b"[include](../a.md)")];
        refuses(
            &circle,
            "[include](a.md)",
            "'[include](../a.md)' in 'd/b.md': it includes itself: prompt.md → a.md → d/b.md → a.md",
        );
        refuses(&[("a", b"\x80")], "[include](a)", "neither text in UTF-8 nor an image");
        refuses(&[("a", b"a\0b")], "[include](a)", "neither text in UTF-8 nor an image");
        refuses(&[("a.png", b"%PDF \xff")], "[include](a.png)", "neither text in UTF-8 nor an image");
    }

    #[test]
    fn every_limit_is_said() {
        let of = |bytes: usize| vec![b'x'; bytes];
        let picture = |bytes: usize, tail: u8| [GIF, &of(bytes)[..], &[tail]].concat();
        refuses(&[("a", &of(MIB + 1))], "[include](a)", "the text is longer than 1 MiB; include the part");
        refuses(&[("a", &of(MIB))], &"[include](a)\n".repeat(5), "with it the texts are longer than 4 MiB in all");
        refuses(&[("a", &picture(5 * MIB, 0))], "[include](a)", "the image is larger than 5 MiB; make it smaller");
        let pictures = [1, 2, 3, 4, 5].map(|tail| picture(5 * MIB - 100, tail));
        let names = ["1", "2", "3", "4", "5"];
        let files: Vec<_> = names.iter().zip(&pictures).map(|(name, picture)| (*name, &picture[..])).collect();
        let links = |names: &[&str]| names.iter().map(|name| format!("[include]({name})\n")).collect::<String>();
        refuses(&files, &links(&names), "with it the images are larger than 20 MiB in all");
        assert!(expand(&files, "p", &links(&["1", "2", "3", "4", "1", "2"])).is_ok(), "each counts once");
        refuses(&[("a", b"x")], &"[include](a)\n".repeat(201), "one more than the 200 files");
    }

    #[test]
    fn paths_are_resolved_from_the_document_that_they_stand_in() {
        for (document, target, path) in [
            ("a.md", "b", "b"),
            ("d/a.md", "b", "d/b"),
            ("d/a.md", "../b", "b"),
            ("d/a.md", "../../b", "../b"),
            ("a.md", "../../b", "../../b"),
            ("../a.md", "../b", "../../b"),
            ("d/a.md", "/etc/b", "/etc/b"),
            ("/x/a.md", "../b", "/b"),
            ("a.md", "%2e%2e/b", "../b"),
        ] {
            assert_eq!(resolve(document, target), path, "{target} in {document}");
        }
    }
}
