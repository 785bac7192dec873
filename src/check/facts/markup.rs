//! What pages, stylesheets and data say: ids, classes, files and settings. Plain nouns.

use std::borrow::Cow;

use super::Name;

/// A file that a page, a stylesheet or a manifest names.
#[derive(Debug)]
pub struct Link<'t> {
    pub target: Cow<'t, str>,
    pub at: usize,
    pub by: &'static str,
}

/// An id or class that markup gives or a stylesheet selects.
#[derive(Debug)]
pub struct Mark<'t> {
    pub name: Name<'t>,
    pub kind: MarkKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MarkKind {
    Id,
    Class,
    /// `for`, `aria-labelledby`, `href="#…"`: an id of the same page.
    IdWanted(&'static str),
    IdStyled,
    ClassStyled,
}

/// One value of a JSON file: `content_scripts.0.js.1`. Objects and lists stand there too, without a text.
#[derive(Debug)]
pub struct Setting<'t> {
    pub key: String,
    pub text: Cow<'t, str>,
    pub at: usize,
}

#[derive(Debug)]
pub struct Script<'t> {
    pub text: &'t str,
    pub at: usize,
    pub kind: ScriptKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScriptKind {
    Classic,
    Module,
    Style,
    /// The value of an attribute such as `onclick`.
    Attribute,
}
