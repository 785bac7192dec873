//! The rules: each a function from a project's facts to what does not fit.

mod calls;
mod chrome;
mod contract;
mod documentation;
mod dom;
mod environment;
mod expected;
mod files;
pub mod fragments;
mod imports;
mod loaded;
mod members;
mod messages;
mod models;
mod names;
mod routes;
mod rust;
mod schemas;
mod shapes;
mod syntax;
mod tables;
mod unused;

use super::{Misfit, Rule, Severity, project::Project};

/// All of them.
pub const ALL: &[fn(&Project) -> Vec<Found>] = &[
    syntax::faults,
    syntax::placeholders,
    imports::unresolved,
    imports::undeclared,
    imports::missing_exports,
    names::undefined,
    calls::arity,
    members::missing,
    rust::paths,
    dom::missing_ids,
    dom::unknown_classes,
    messages::unmatched,
    shapes::unsent,
    files::missing,
    chrome::extensions,
    routes::unserved,
    environment::undocumented,
    tables::unknown,
    models::unknown,
    contract::broken,
    unused::functions,
];

/// A misfit before its place is counted out.
#[derive(Debug)]
pub struct Found {
    pub unit: Place,
    pub at: usize,
    pub rule: Rule,
    pub severity: Severity,
    pub name: String,
    pub message: String,
    pub looked_in: String,
    pub nearest: Option<String>,
}

/// The text that a byte offset counts in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    Unit(usize),
    File(usize),
}

impl Found {
    pub fn error(unit: usize, at: usize, rule: Rule, name: &str, message: String) -> Found {
        let name = name.to_owned();
        let unit = Place::Unit(unit);
        Found { unit, at, rule, severity: Severity::Error, name, message, looked_in: String::new(), nearest: None }
    }

    pub fn hint(unit: usize, at: usize, rule: Rule, name: &str, message: String) -> Found {
        Found { severity: Severity::Hint, ..Found::error(unit, at, rule, name, message) }
    }

    pub fn in_file(file: usize, at: usize, rule: Rule, name: &str, message: String) -> Found {
        Found { unit: Place::File(file), ..Found::error(0, at, rule, name, message) }
    }

    pub fn looked_in(self, place: impl Into<String>) -> Found {
        Found { looked_in: place.into(), ..self }
    }

    pub fn nearest(self, nearest: Option<String>) -> Found {
        Found { nearest, ..self }
    }

    /// With line and column, both counted from one.
    pub fn placed(self, project: &Project) -> Misfit {
        let (file, at) = match self.unit {
            Place::Unit(unit) => (project.units[unit].file, project.units[unit].base + self.at),
            Place::File(file) => (file, self.at),
        };
        let source = &project.tree.files[file];
        let text = source.text.as_deref().unwrap_or_default();
        let at = text.floor_char_boundary(at.min(text.len()));
        let before = &text[..at];
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        let Found { rule, severity, name, message, looked_in, nearest, .. } = self;
        Misfit { path: source.path.clone(), line, column, rule, severity, name, message, looked_in, nearest }
    }
}
