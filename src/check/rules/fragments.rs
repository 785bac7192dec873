//! Directories beside the code that hold pieces of code instead of programs. Drops what was found there, or turns it
//! into a hint.

use std::collections::{HashMap, HashSet};

use super::{
    super::{Rule, Severity, project::Project, syntax::Language},
    Found, Place,
};

/// Directories whose files are written to be looked at.
const SHOWN: &[&str] =
    &["doc", "docs", "docs_src", "example", "examples", "sample", "samples", "tutorial", "tutorials"];
/// Nobody forgets a name in so many programs of one directory: they are no programs.
const FILES: usize = 3;
/// Nor so many names in one file.
const NAMES: usize = 3;

/// What was found, as far as it is certain in such directories.
pub fn without(project: &Project, found: Vec<Found>) -> Vec<Found> {
    let root = |found: &Found| match found.unit {
        Place::Unit(unit) if project.units[unit].language == Language::Python => root(project.path(unit)),
        _ => None,
    };
    let mut files: HashMap<&str, HashSet<Place>> = HashMap::new();
    let mut names: HashMap<Place, usize> = HashMap::new();
    for misfit in found.iter().filter(|misfit| misfit.rule == Rule::UndefinedName) {
        files.entry(root(misfit).unwrap_or_default()).or_default().insert(misfit.unit);
        *names.entry(misfit.unit).or_default() += 1;
    }
    let is_fragment = |misfit: &Found| {
        let all = root(misfit).and_then(|root| files.get(root));
        all.is_some_and(|all| all.len() >= FILES || names.get(&misfit.unit).is_some_and(|names| *names >= NAMES))
    };
    let of_programs = found.into_iter().filter(|misfit| !is_fragment(misfit));
    // One alone may be a piece, too: the text around it says what its names are.
    let softened = of_programs.map(|misfit| match misfit.rule {
        Rule::UndefinedName if root(&misfit).is_some() => Found { severity: Severity::Hint, ..misfit },
        _ => misfit,
    });
    softened.collect()
}

/// The path up to the first such directory.
fn root(path: &str) -> Option<&str> {
    let mut end = 0;
    let (directory, _) = path.rsplit_once('/')?;
    for part in directory.split('/') {
        end += part.len();
        if SHOWN.contains(&part) {
            return path.get(..end);
        }
        end += 1;
    }
    None
}
