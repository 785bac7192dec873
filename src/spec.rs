//! What a person wants built, in their words.

use anyhow::{Result, bail};
use serde::{Deserialize, Serialize};

/// The text of a specification; never empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spec {
    pub text: String,
}

/// Where a specification stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SpecSource {
    Stdin,
    File(String),
    Text(String),
}

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
    /// Takes the text, with line ends as `\n` and without a byte-order mark.
    ///
    /// # Errors
    /// If nothing is in it.
    pub fn new(text: &str) -> Result<Spec> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text).replace("\r\n", "\n");
        if text.trim().is_empty() {
            bail!("the spec is empty");
        }
        Ok(Spec { text })
    }
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
}
