//! Files below directories of tests that are there to be read by them. Told by their languages, and by who imports
//! them.

use std::collections::HashSet;

use super::{
    super::{
        resolve::{Resolution, submodule},
        syntax::Language,
    },
    Project, Unit, parent,
};

/// Modules of Python below directories of tests that are no tests and that nobody imports, and what tests in Python
/// are given in other languages.
pub fn given(project: &Project) -> HashSet<usize> {
    let is_python = |unit: &Unit| unit.language == Language::Python;
    let begins = |index: usize| !is_below_tests(project.path(index)) || is_test(project, index);
    let beginnings = (0..project.units.len()).filter(|index| is_python(&project.units[*index]) && begins(*index));
    let reached = reached(project, beginnings.collect(), &|_| true);
    let tops: HashSet<&str> = (0..project.units.len())
        .filter(|index| is_python(&project.units[*index]) && is_test(project, *index))
        .filter_map(|index| top(project.path(index)))
        .collect();
    let is_script_test = |path: &str| [".test.", ".spec.", "-test.", "_test."].iter().any(|mark| path.contains(mark));
    let of_scripts: HashSet<&str> = (0..project.units.len())
        .filter(|index| project.units[*index].language.is_script() && is_script_test(project.path(*index)))
        .filter_map(|index| top(project.path(index)))
        .collect();
    let is_given = |index: &usize| {
        let (unit, path) = (&project.units[*index], project.path(*index));
        let Some(top) = top(path) else { return false };
        match unit.language {
            Language::Python => !reached.contains(index),
            Language::Html | Language::Css | Language::Json => tops.contains(top) && !of_scripts.contains(top),
            language if language.is_script() => tops.contains(top) && !of_scripts.contains(top),
            _ => false,
        }
    };
    (0..project.units.len()).filter(is_given).map(|index| project.units[index].file).collect()
}

/// The modules of Python that `beginnings` load, themselves included, by the imports that count.
pub fn reached(
    project: &Project,
    beginnings: Vec<usize>,
    counts: &dyn Fn(&super::super::facts::Import) -> bool,
) -> HashSet<usize> {
    let mut reached = HashSet::new();
    let mut left = beginnings;
    while let Some(index) = left.pop() {
        if !reached.insert(index) {
            continue;
        }
        // Whoever loads a module loads the packages around it first.
        let around =
            std::iter::successors(Some(parent(project.path(index))), |at| (!at.is_empty()).then(|| parent(at)));
        left.extend(around.map_while(|at| project.unit_at(&format!("{at}/__init__.py"))));
        for (number, import) in project.units[index].facts.imports.iter().enumerate() {
            if !counts(import) {
                continue;
            }
            let is_package = match project.resolution(index, number) {
                Resolution::Unit(target) => {
                    left.push(*target);
                    project.path(*target).rsplit('/').next().is_some_and(|name| name.starts_with("__init__."))
                }
                Resolution::Unknown => true,
                _ => false,
            };
            if is_package {
                left.extend(import.names.iter().filter_map(|name| submodule(project, index, import, name.text)));
            }
        }
    }
    reached
}

/// Whether runners of tests load the file by its name, and find a test in it.
fn is_test(project: &Project, unit: usize) -> bool {
    let path = project.path(unit);
    let facts = &project.units[unit].facts;
    let name = path.rsplit('/').next().unwrap_or(path);
    let is_named = name.starts_with("test_") || name.ends_with("_test.py") || name == "tests.py";
    let mut functions = facts.functions.iter().map(|function| function.name);
    let has_test =
        functions.any(|name| name.starts_with("test")) || facts.classes.iter().any(|class| class.name.contains("Test"));
    name == "conftest.py" || is_named && has_test
}

/// The path up to the first directory of tests.
fn top(path: &str) -> Option<&str> {
    let mut end = 0;
    for part in parent(path).split('/') {
        end += part.len();
        if matches!(part, "test" | "tests") {
            return path.get(..end);
        }
        end += 1;
    }
    None
}

fn is_below_tests(path: &str) -> bool {
    top(path).is_some()
}
