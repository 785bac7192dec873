//! What only Rust has: modules, `use`, traits and macros. Plain nouns.

use std::collections::HashSet;

use super::{Access, Name};

/// What only Rust has.
#[derive(Debug, Default)]
pub struct RustFacts<'t> {
    /// Modules that this file says are in files of their own.
    pub modules: Vec<Module<'t>>,
    /// Paths such as `store::Store::new`, outside of `use`.
    pub paths: Vec<Access<'t>>,
    /// `use`, by the scope it stands in; and those that end in `*`.
    pub uses: Vec<(usize, usize)>,
    pub globs: Vec<(usize, usize)>,
    /// Scopes in which a macro may have made items.
    pub macro_scopes: Vec<usize>,
    /// Words in macros that may make items.
    pub macro_words: HashSet<&'t str>,
    /// The names of `macro_rules!`.
    pub macros: Vec<&'t str>,
    /// What `#[derive]` says of a class.
    pub derives: Vec<(usize, Vec<&'t str>)>,
    /// Types with the traits that they implement; an empty one may be any.
    pub implements: Vec<(&'t str, &'t str)>,
    /// The type that `Self` and `self` are in a scope.
    pub owners: Vec<(usize, &'t str)>,
    /// Other names of types, and the last name of what they stand for.
    pub aliases: Vec<(&'t str, &'t str)>,
    /// Constants and types of a type or trait.
    pub associated: Vec<(&'t str, &'t str)>,
}

#[derive(Debug)]
pub struct Module<'t> {
    pub name: Name<'t>,
    /// The scope of the module that it stands in.
    pub scope: usize,
    /// `#[path]`, or a condition that may leave it out.
    pub is_special: bool,
}
