//! Names that do not fit across the files of a project: who uses what nobody defines, as far as it is certain.
//!
//! Knows no disk, no model and no network: a [`Tree`] comes in, [`Misfit`]s go out. Readers of one language each
//! take [`facts`] out of syntax trees; a rule compares the facts of all files. A rule that cannot be sure is silent,
//! or says it as a hint.

mod css;
mod facts;
mod go;
mod html;
mod ignores;
mod javascript;
mod json;
mod manifests;
mod members;
mod nearest;
mod project;
mod python;
mod resolve;
mod rules;
mod rust;
mod rust_modules;
pub mod sarif;
mod syntax;
mod targets;

use std::fmt;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use self::{ignores::Ignores, project::Project};
use crate::workspace::tree::Tree;

/// One thing that does not fit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Misfit {
    pub path: String,
    /// Counted from one, the column in characters.
    pub line: usize,
    pub column: usize,
    pub rule: Rule,
    pub severity: Severity,
    /// What is named there.
    pub name: String,
    /// The whole of it in one sentence.
    pub message: String,
    /// Where it was looked for.
    pub looked_in: String,
    /// The nearest name that there is.
    pub nearest: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    Error,
    /// Odd, and maybe meant so.
    Hint,
}

/// What a misfit breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    Syntax,
    Unfinished,
    UnresolvedImport,
    UndeclaredPackage,
    MissingExport,
    UndefinedName,
    Arity,
    MissingMember,
    MissingId,
    UnknownClass,
    UnmatchedMessage,
    MissingFile,
    ChromeExtension,
    UnservedRoute,
    UndocumentedVariable,
    UnknownTable,
    BrokenContract,
    UnusedFunction,
}

impl Rule {
    pub const ALL: &[Rule] = &[
        Rule::Syntax,
        Rule::Unfinished,
        Rule::UnresolvedImport,
        Rule::UndeclaredPackage,
        Rule::MissingExport,
        Rule::UndefinedName,
        Rule::Arity,
        Rule::MissingMember,
        Rule::MissingId,
        Rule::UnknownClass,
        Rule::UnmatchedMessage,
        Rule::MissingFile,
        Rule::ChromeExtension,
        Rule::UnservedRoute,
        Rule::UndocumentedVariable,
        Rule::UnknownTable,
        Rule::BrokenContract,
        Rule::UnusedFunction,
    ];

    /// What it looks for, in one sentence.
    pub fn meaning(self) -> &'static str {
        match self {
            Rule::Syntax => "A file that cannot be parsed.",
            Rule::Unfinished => "A file with a placeholder where code should stand.",
            Rule::UnresolvedImport => "An import that leads to no file of the project.",
            Rule::UndeclaredPackage => "A package that is used and not declared in the manifest.",
            Rule::MissingExport => "A name that is imported from a file which does not offer it.",
            Rule::UndefinedName => "A name that nothing defines.",
            Rule::Arity => "A call with arguments that the function cannot take.",
            Rule::MissingMember => "A method or field that the class or struct does not have.",
            Rule::MissingId => "An id that no page and no script makes.",
            Rule::UnknownClass => "A class that only a stylesheet or only a script knows.",
            Rule::UnmatchedMessage => {
                "A message, event or key, or a field of one, that is sent and never received, or the other way round."
            }
            Rule::MissingFile => {
                "A file that a page, stylesheet, manifest or configuration names and that is not there."
            }
            Rule::ChromeExtension => "What Chrome refuses or ignores in an extension.",
            Rule::UnservedRoute => "A request to a route that the project's server does not serve.",
            Rule::UndocumentedVariable => "An environment variable that is read and documented nowhere.",
            Rule::UnknownTable => "A table, column or field of a model that no schema of the project has.",
            Rule::BrokenContract => "A promise of shared_dependencies.md that its file does not keep.",
            Rule::UnusedFunction => "A private function that nobody calls.",
        }
    }
}

/// Which rules look, and which do not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Only these, if there are any.
    pub only: Vec<Rule>,
    pub without: Vec<Rule>,
}

impl Selection {
    pub fn holds(&self, rule: Rule) -> bool {
        (self.only.is_empty() || self.only.contains(&rule)) && !self.without.contains(&rule)
    }
}

/// What a check has found and looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Findings {
    /// Sorted by path, line and column.
    pub misfits: Vec<Misfit>,
    pub files: usize,
}

/// Checks all files of `tree` against each other.
pub fn check(tree: &Tree, selection: &Selection) -> Findings {
    in_threads(|| check_here(tree, selection))
}

/// Threads with room for texts that are nested deep. Where there are none to be had, what is there has to do.
fn in_threads<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    match rayon::ThreadPoolBuilder::new().stack_size(syntax::STACK).build() {
        Ok(threads) => threads.install(work),
        Err(_) => work(),
    }
}

fn check_here(tree: &Tree, selection: &Selection) -> Findings {
    let project = Project::new(tree);
    let ignores = Ignores::new(&project);
    let found: Vec<Vec<rules::Found>> = rules::ALL.par_iter().map(|rule| rule(&project)).collect();
    let found = rules::fragments::without(&project, found.into_iter().flatten().collect());
    let mut misfits: Vec<Misfit> = found
        .into_iter()
        .filter(|found| selection.holds(found.rule))
        .map(|found| found.placed(&project))
        .filter(|misfit| !ignores.hold(misfit))
        .collect();
    let key = |misfit: &Misfit| (misfit.path.clone(), misfit.line, misfit.column, misfit.rule, misfit.name.clone());
    misfits.sort_by_key(key);
    misfits.dedup_by_key(|misfit| key(misfit));
    let files = tree.files.iter().filter(|file| file.text.is_some()).count();
    Findings { misfits, files }
}

/// Parses all files and does nothing else, and says how many: what a check costs is measured against it.
pub fn parse_only(tree: &Tree) -> usize {
    let parse = |file: &crate::workspace::tree::SourceFile| {
        file.text.as_deref().and_then(|text| syntax::parse(syntax::Language::of(&file.path), text)).is_some()
    };
    in_threads(|| tree.files.par_iter().filter(|file| parse(file)).count())
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serialize(f)
    }
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Misfit { path, line, column, rule, severity, message, .. } = self;
        write!(f, "{path}:{line}:{column}: {severity}[{rule}]: {message}")?;
        match &self.nearest {
            Some(nearest) => write!(f, "; nearest: '{nearest}'"),
            None => Ok(()),
        }
    }
}
