//! The replacements of an answer, put into the files of a codebase that they are for. Writes nothing.

use serde::Serialize;
use similar::TextDiff;

use crate::{
    encoding::Encoding,
    patch::{self, Block, Refusal},
    path::RelPath,
    secrets,
    tree::Tree,
};

/// A file's new text. Credentials are masked in it as they were when it was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    pub path: RelPath,
    pub old: String,
    pub new: String,
    /// Whether there is no such file yet.
    pub is_new: bool,
}

/// A block that was not applied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unfit {
    pub block: Block,
    pub why: String,
    /// The lines of the file that are most like those it looks for.
    pub nearest: String,
}

/// What came of the blocks of an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Fitted {
    pub changes: Vec<Change>,
    pub unfit: Vec<Unfit>,
}

/// Puts each block into the file that it is for, one after the other.
pub fn fit(tree: &Tree, blocks: &[Block]) -> Fitted {
    let mut fitted = Fitted::default();
    for block in blocks {
        match place(tree, &mut fitted.changes, block) {
            Ok(()) => {}
            // What is there already needs no second try.
            Err((why, _)) if why == Refusal::Already.to_string() => {}
            Err((why, nearest)) => fitted.unfit.push(Unfit { block: block.clone(), why, nearest }),
        }
    }
    fitted.changes.retain(|change| change.old != change.new);
    fitted
}

fn place(tree: &Tree, changes: &mut Vec<Change>, block: &Block) -> Result<(), (String, String)> {
    let plain = |why: String| (why, String::new());
    let path = meant(tree, changes, &block.path).map_err(plain)?;
    let at = match changes.iter().position(|change| change.path == path) {
        Some(at) => at,
        None => {
            let old = tree.file(&path).map(|file| file.text.to_string());
            let is_new = old.is_none();
            let old = old.unwrap_or_default();
            changes.push(Change { path, new: old.clone(), old, is_new });
            changes.len() - 1
        }
    };
    let change = &mut changes[at];
    let is_empty = block.search.trim().is_empty();
    if change.new.trim().is_empty() && is_empty {
        change.new.clone_from(&block.replace);
        return Ok(());
    }
    if change.is_new && change.new.is_empty() {
        return Err(plain("there is no such file".to_owned()));
    }
    match patch::apply(&change.new, &block.search, &block.replace) {
        Ok(patched) => {
            change.new = patched.text;
            Ok(())
        }
        Err(Refusal::Missing { nearest }) => Err((Refusal::Missing { nearest: String::new() }.to_string(), nearest)),
        Err(refusal) => Err((refusal.to_string(), String::new())),
    }
}

/// The file that a block is for: by its path, or by the end of it that only one file has.
fn meant(tree: &Tree, changes: &[Change], written: &str) -> Result<RelPath, String> {
    let path = RelPath::parse(written).map_err(|error| error.to_string())?;
    if tree.file(&path).is_some() || changes.iter().any(|change| change.path == path) {
        return Ok(path);
    }
    if let Some(left_out) = tree.left_out.iter().find(|left_out| left_out.path == path.as_str()) {
        return Err(format!("it is left alone: {}", left_out.why));
    }
    let ends = |long: &str, short: &str| long.strip_suffix(short).is_some_and(|rest| rest.ends_with('/'));
    let mut alike = tree.files.iter().filter(|file| {
        ends(file.path.as_str(), path.as_str())
            || ends(path.as_str(), file.path.as_str()) && file.path.parents().next().is_some()
    });
    match (alike.next(), alike.next()) {
        (Some(file), None) => Ok(file.path.clone()),
        _ => Ok(path),
    }
}

impl Change {
    /// The bytes of the new text, with its credentials, in the encoding that the file has.
    ///
    /// # Errors
    /// If that cannot be, in words that follow the file's name.
    pub fn bytes(&self, tree: &Tree) -> Result<Vec<u8>, String> {
        let file = tree.file(&self.path);
        let secrets = file.map_or(&[][..], |file| &file.secrets);
        let text = secrets::unmask(&self.new, secrets, &self.old)
            .map_err(|mask| format!("{mask} stands for a credential of another file"))?;
        let encoding = file.map_or(&Encoding::Utf8, |file| &file.encoding);
        encoding.encode(&text).ok_or_else(|| "its encoding does not have all characters of the new text".to_owned())
    }

    /// What changes, as a unified diff.
    pub fn diff(&self) -> String {
        let path = &self.path;
        let old = if self.is_new { "/dev/null".to_owned() } else { format!("a/{path}") };
        TextDiff::from_lines(&self.old, &self.new).unified_diff().header(&old, &format!("b/{path}")).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        tokens::Counter,
        tree::{Credentials, LeftOut, Reading, SourceFile, Why},
    };

    fn tree(files: &[(&str, &[u8])]) -> Tree {
        let reading =
            Reading { include: vec![], exclude: vec![], credentials: Credentials::Mask, counter: Counter::rough() };
        let mut tree =
            Tree::new(files.iter().map(|(path, bytes)| {
                SourceFile::read(RelPath::parse(path).expect("is one"), bytes, 0, true, &reading)
            }));
        tree.left_out.push(LeftOut { path: ".env".to_owned(), why: Why::Secret("a file for keys".to_owned()) });
        tree
    }

    fn block(path: &str, search: &str, replace: &str) -> Block {
        Block { path: path.to_owned(), search: search.to_owned(), replace: replace.to_owned() }
    }

    #[track_caller]
    fn gives(tree: &Tree, blocks: &[Block], changes: &[(&str, &[u8])], unfit: &[&str]) {
        let fitted = fit(tree, blocks);
        let bytes: Vec<_> = fitted
            .changes
            .iter()
            .map(|change| (change.path.as_str(), change.bytes(tree).expect("can be written")))
            .collect();
        let bytes: Vec<(&str, &[u8])> = bytes.iter().map(|(path, bytes)| (*path, bytes.as_slice())).collect();
        assert_eq!(bytes, changes);
        assert_eq!(fitted.unfit.iter().map(|unfit| unfit.why.as_str()).collect::<Vec<_>>(), unfit);
    }

    #[test]
    fn several_blocks_for_a_file_and_a_new_one() {
        let tree = tree(&[("src/a.py", b"one\ntwo\nthree\n")]);
        let blocks = [
            block("src/a.py", "one\n", "1\n"),
            block("a.py", "three\n", "3\n"),
            block("b.py", "", "new\n"),
            block("project/src/a.py", "two\n", "2\n"),
        ];
        gives(&tree, &blocks, &[("src/a.py", b"1\n2\n3\n"), ("b.py", b"new\n")], &[]);
    }

    #[test]
    fn what_does_not_fit() {
        let tree = tree(&[("a.py", b"one\none\n")]);
        gives(
            &tree,
            &[
                block("../a.py", "one", "x"),
                block(".env", "", "x"),
                block("c.py", "one", "x"),
                block("a.py", "one", "x"),
                block("a.py", "", "x"),
            ],
            &[],
            &[
                "'../a.py' leaves the output directory",
                "it is left alone: a file for keys",
                "there is no such file",
                "its lines stand in the file more than once, at the lines 1, 2",
                "it does not say which lines it replaces",
            ],
        );
    }

    #[test]
    fn encodings_and_credentials_are_kept() {
        let secret = ["ghp_", "a8Zk2mQx7Lw0Vb4Nc6Rt9Yh3Jd5Fs1Gp0Tz2"].concat();
        let text = format!("# Gr\u{fc}\u{df}e aus K\u{f6}ln\ntoken = \"{secret}\"\nold = 1\n");
        let latin = |text: &str| encoding_rs::WINDOWS_1252.encode(text).0.into_owned();
        let tree = tree(&[("a.py", &latin(&text))]);
        assert!(!tree.files[0].text.contains(&secret));
        let expected = latin(&text.replace("old = 1", "new = 2"));
        gives(&tree, &[block("a.py", "old = 1\n", "new = 2\n")], &[("a.py", &expected)], &[]);
        let change = |new: &str| fit(&tree, &[block("a.py", "old = 1\n", new)]).changes[0].bytes(&tree);
        assert!(change("日\n").is_err());
        assert!(change("x = SMOL_MASKED_SECRET_9\n").is_err());
    }
}
