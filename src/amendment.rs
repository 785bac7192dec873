//! What a model answers that was asked to change a text: blocks for the places that change, the word that it holds as
//! it is, or the whole text anew.

use crate::patch::{self, Block, Blocks, Refusal};

/// What is answered when the text holds as it is.
const UNCHANGED: &str = "unchanged";

/// What became of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Amendment {
    Changed(String),
    Unchanged,
    /// Nothing in the answer is about single places.
    Anew,
}

/// Reads what `answer` changes in `old`, the text at `path`.
///
/// # Errors
/// If a block is broken, is for another file, or has no one place in the text: a complaint for the model.
pub fn read(path: &str, old: &str, answer: &str) -> Result<Amendment, String> {
    if answer.trim().trim_matches(|c: char| "`*.\"'".contains(c)).eq_ignore_ascii_case(UNCHANGED) {
        return Ok(Amendment::Unchanged);
    }
    // In a text that has such blocks itself, nobody can tell which are meant.
    if patch::read_for(path, old) != (Blocks { prose: old.trim().to_owned(), ..Blocks::default() }) {
        return Ok(Amendment::Anew);
    }
    let Blocks { blocks, faults, .. } = patch::read_for(path, answer);
    if let Some(fault) = faults.first() {
        return Err(fault.clone());
    }
    if blocks.is_empty() {
        return Ok(Amendment::Anew);
    }
    let mut text = old.to_owned();
    for Block { path: meant, search, replace } in &blocks {
        if meant != path {
            return Err(format!("a block is for '{meant}', and only '{path}' was asked for"));
        }
        text = match patch::apply(&text, search, replace) {
            Ok(patched) => patched.text,
            Err(Refusal::Same | Refusal::Already) => continue,
            Err(refusal) => return Err(complaint(search, &refusal)),
        };
    }
    Ok(Amendment::Changed(text))
}

fn complaint(search: &str, refusal: &Refusal) -> String {
    let nearest = match refusal {
        Refusal::Missing { nearest } if !nearest.is_empty() => format!("; most like it is\n\n{nearest}"),
        _ => String::new(),
    };
    format!("the block that looks for\n\n{search}\ncannot be applied: {refusal}{nearest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "one\ntwo\nthree\n";

    fn block(path: &str, search: &str, replace: &str) -> String {
        format!("{path}<<<<<<< SEARCH\n{search}\n=======\n{replace}\n>>>>>>> REPLACE\n")
    }

    #[test]
    fn a_text_is_changed_where_the_blocks_say_and_nowhere_else() {
        let changed = |text: &str| Amendment::Changed(text.to_owned());
        for (answer, amendment) in [
            (block("", "two", "2"), changed("one\n2\nthree\n")),
            (block("a/b.js\n", "two", "2"), changed("one\n2\nthree\n")),
            (format!("Here:\n\n```\n{}```\n", block("", "two", "2")), changed("one\n2\nthree\n")),
            (block("", "two", "2") + "\n" + &block("", "three", "3"), changed("one\n2\n3\n")),
            (block("", "two", "two"), changed(OLD)),
            ("unchanged".to_owned(), Amendment::Unchanged),
            ("**Unchanged.**\n".to_owned(), Amendment::Unchanged),
            ("```js\nunchanged\n```".to_owned(), Amendment::Anew),
            ("```js\none\n```".to_owned(), Amendment::Anew),
        ] {
            assert_eq!(read("a/b.js", OLD, &answer).as_ref(), Ok(&amendment), "{answer}");
        }
    }

    #[test]
    fn a_block_without_its_one_place_is_complained_of() {
        for (answer, complaint) in [
            (block("", "two, it is", "2"), "its lines are not in the file; most like it is"),
            (block("other.js\n", "two", "2"), "a block is for 'other.js'"),
            ("<<<<<<< SEARCH\ntwo\n".to_owned(), "has no end"),
            (block("", "\n", "2"), "does not say which lines"),
        ] {
            let refused = read("a.js", OLD, &answer).expect_err(&answer);
            assert!(refused.contains(complaint), "{refused}");
        }
    }

    #[test]
    fn a_text_with_blocks_of_its_own_is_written_anew() {
        let old = block("", "a", "b");
        assert_eq!(read("a.md", &old, &block("", "a", "c")), Ok(Amendment::Anew));
    }
}
