//! Methods and fields that a class, struct or module of the project does not have.

use std::collections::BTreeSet;

use super::{
    super::{
        Rule,
        facts::{Name, joined},
        members::Found as FoundMember,
        project::Project,
        resolve::names_of,
        rust_modules::Place,
        syntax::Language,
        targets::{Target, Within},
    },
    Found,
    expected::is_expected,
};

/// Accesses to members that are not there.
pub fn missing(project: &Project) -> Vec<Found> {
    let mut found = Vec::new();
    for (index, unit) in project.units.iter().enumerate() {
        if !unit.is_read() || project.is_material(unit.file) || unit.facts.is_open && unit.language != Language::Go {
            continue;
        }
        let mut told = BTreeSet::new();
        for access in &unit.facts.accesses {
            let Target::Missing { index: number, inside } = project.target(index, access.scope, &access.path, 8) else {
                continue;
            };
            let is_last = number + 1 == access.path.len();
            // Writing makes the member, in languages that let it.
            if access.is_guarded && unit.language != Language::Go && unit.language != Language::Rust
                || access.is_written && is_last && !matches!(unit.language, Language::Go | Language::Rust)
            {
                continue;
            }
            let name = access.path[number];
            if !is_certain(project, index, &access.path, number, inside)
                || is_expected(unit, name.at, &["AttributeError"])
                || !told.insert((name.text, joined(&access.path[..number])))
            {
                continue;
            }
            found.push(told_of(project, index, &access.path, number, inside));
        }
        for field in &unit.facts.fields {
            let class = match unit.language {
                Language::Rust => match project.modules.place(project, index, field.scope, &field.of, 12) {
                    Place::Class(home, class) => Some((home, class)),
                    _ => None,
                },
                _ => match project.target(index, field.scope, &field.of, 8) {
                    Target::Class(home, class) => Some((home, class)),
                    _ => None,
                },
            };
            let Some((home, class)) = class else { continue };
            let definition = &project.units[home].facts.classes[class];
            let is_struct = definition.kind == super::super::facts::ClassKind::Struct && !definition.is_open;
            // Go lets a field of an embedded struct be named like one's own.
            let is_there = definition.members.contains_key(field.name.text)
                || unit.language == Language::Go
                    && !matches!(project.member(home, class, field.name.text, 8), FoundMember::Missing);
            if is_struct && !is_there && project.units[home].is_read() {
                let path = [*field.of.last().unwrap_or(&field.name), field.name];
                found.push(told_of(project, index, &path, 1, Within::Class(home, class)));
            }
        }
    }
    found
}

fn told_of(project: &Project, unit: usize, path: &[Name], number: usize, inside: Within) -> Found {
    let name = path[number];
    let (owner, place, names) = match inside {
        Within::Class(home, class) => {
            let definition = &project.units[home].facts.classes[class];
            (format!("'{}'", definition.name), project.path(home), project.names_of_type(home, class))
        }
        Within::Unit(home) => ("the module".to_owned(), project.path(home), names_of(project, home)),
    };
    let nearest = project.nearest(name.text, names);
    let message = format!("{owner} in '{place}' has no '{}'", name.text);
    Found::error(unit, name.at, Rule::MissingMember, name.text, message).looked_in(place).nearest(nearest)
}

/// Whether nothing that is not seen could have made the member.
fn is_certain(project: &Project, unit: usize, path: &[Name], number: usize, inside: Within) -> bool {
    let name = path[number].text;
    let text = project.units[unit].text;
    match (inside, project.units[unit].language) {
        (_, Language::Go | Language::Rust) => true,
        (Within::Class(home, class), _) => {
            let definition = &project.units[home].facts.classes[class];
            // Whoever gets the class can add to it: mappers and decorators do.
            if project.handed.contains(definition.name) && project.units[unit].language == Language::Python {
                return false;
            }
            let is_own = matches!(path[0].text, "this" | "self") && number == 1;
            let is_derived = project.bases.contains(definition.name)
                || project.derived.contains(&(home, class))
                || definition.name.contains("Mixin")
                || definition.name.starts_with("Abstract");
            // What derives from it, or is mixed into it, may bring the member.
            if is_derived && (is_own || project.members.contains(name)) {
                return false;
            }
            let sets = [
                "setattr(",
                "__setattr__(",
                "__dict__",
                "vars(self)",
                "Object.assign(this",
                "Object.defineProperty",
                ".prototype.",
                "mixin",
                "defineProperties",
            ];
            let is_assigned = project.members.contains(name)
                && !matches!(project.member(home, class, name, 4), FoundMember::Missing)
                || assigned_elsewhere(project, name);
            let is_set = |text: &str| sets.iter().any(|word| text.contains(word));
            !is_assigned && !is_set(text) && !is_set_in(project, home, class, &is_set, 6)
        }
        (Within::Unit(home), _) => {
            let is_assigned = assigned_elsewhere(project, name);
            !is_assigned && !project.units[home].text.contains("globals()")
        }
    }
}

/// Whether the file of a class, or that of one of its bases, sets members by names that it computes.
fn is_set_in(project: &Project, home: usize, class: usize, is_set: &dyn Fn(&str) -> bool, steps: usize) -> bool {
    if steps == 0 || is_set(project.units[home].text) {
        return true;
    }
    project.units[home].facts.classes[class].bases.iter().any(|base| match project.target(home, 0, base, 8) {
        Target::Class(home, class) => is_set_in(project, home, class, is_set, steps - 1),
        _ => false,
    })
}

/// `object.name = …` anywhere makes a member of something.
fn assigned_elsewhere(project: &Project, name: &str) -> bool {
    project.written.contains(name)
}
