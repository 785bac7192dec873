//! What only scripts have: patterns that take objects apart, and where a comparison holds. Plain nouns.

use std::{borrow::Cow, collections::HashSet};

use super::{Path, Value};

/// What only scripts have.
#[derive(Debug, Default)]
pub struct ScriptFacts<'t> {
    pub unpacked: Vec<Unpacked<'t>>,
    pub holdings: Vec<Holding<'t>>,
    /// Functions without parameters that do the same whatever they get.
    pub constants: HashSet<usize>,
}

/// One key that a pattern takes out of an object: `const { tab: { url: link } } = message` is `tab.url`, bound where
/// `link` stands.
#[derive(Debug)]
pub struct Unpacked<'t> {
    pub from: Origin<'t>,
    pub keys: Path<'t>,
    /// Where the name that it gets is bound.
    pub bound: usize,
    pub name: &'t str,
    pub has_default: bool,
    pub scope: usize,
}

/// What is taken apart.
#[derive(Clone, Debug)]
pub enum Origin<'t> {
    Value(Value<'t>),
    /// The parameter of this number of this function.
    Parameter(usize, usize),
}

/// A part of the text in which `left` is known to be `text`: the body of an `if` or of a `case`.
#[derive(Debug)]
pub struct Holding<'t> {
    pub left: Path<'t>,
    pub text: Cow<'t, str>,
    pub scope: usize,
    pub start: usize,
    pub end: usize,
}
