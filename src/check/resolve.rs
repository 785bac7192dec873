//! Where an import leads: to a file of the project, to a package, or to nothing.

mod go;
mod javascript;
mod python;

use super::{
    facts::{ExportOf, Import, Imported, What},
    project::Project,
    syntax::Language,
};

pub use self::go::may_be_generated;

/// What an import leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resolution {
    /// A unit whose names are known.
    Unit(usize),
    /// The units of a Go package, by one of them.
    Package(usize),
    /// It should be in the project and is not; this is where it was looked for.
    Missing(String),
    /// A package from elsewhere, by the name under which it is declared.
    Foreign(String),
    /// It comes with the language.
    Standard,
    /// Nobody can tell from here.
    Unknown,
}

/// Finds out where `import` of `unit` leads. The project remembers it.
pub fn find(project: &Project, unit: usize, import: &Import) -> Resolution {
    match project.units[unit].language {
        Language::JavaScript | Language::TypeScript | Language::Tsx => javascript::resolve(project, unit, import),
        Language::Python => python::resolve(project, unit, &import.from),
        Language::Go => go::resolve(project, unit, &import.from),
        _ => Resolution::Unknown,
    }
}

/// The module that `from package import name` brings in, where `name` is one.
pub fn submodule(project: &Project, unit: usize, import: &Import, name: &str) -> Option<usize> {
    let dotted = match import.from.ends_with('.') {
        true => format!("{}{name}", import.from),
        false => format!("{}.{name}", import.from),
    };
    match python::resolve(project, unit, &dotted) {
        Resolution::Unit(module) => Some(module),
        _ => None,
    }
}

/// One name that a file gives out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exported {
    /// It is bound in the scope of this unit's file, under this name's binding.
    Bound(usize, usize),
    /// It is there, and no more is known.
    Present,
    Missing,
    Unknown,
}

/// What `unit` gives out under `name`. `steps` bounds the way through files that hand names on.
pub fn exported<'t>(project: &Project<'t>, unit: usize, name: &'t str, steps: usize) -> Exported {
    let facts = &project.units[unit].facts;
    if steps == 0 || !project.units[unit].is_read() {
        return Exported::Unknown;
    }
    match project.units[unit].language {
        Language::Python => python::exported(project, unit, name, steps),
        Language::Go => {
            let siblings = project.siblings(unit);
            let is_there =
                siblings.iter().find(|unit| project.units[**unit].facts.scopes[0].bindings.contains_key(name));
            match is_there {
                Some(home) => Exported::Bound(*home, 0),
                None if siblings.iter().any(|unit| !project.units[*unit].is_read()) => Exported::Unknown,
                None if go::may_be_generated(project, unit) => Exported::Unknown,
                None => Exported::Missing,
            }
        }
        _ => {
            if let Some(export) = facts.exports.names.get(name) {
                return match export.what {
                    ExportOf::Local(local) if facts.scopes[0].bindings.contains_key(local) => Exported::Bound(unit, 0),
                    ExportOf::Import(import, imported) => match (project.resolution(unit, import), imported) {
                        (Resolution::Unit(target), Imported::Name(name)) => exported(project, *target, name, steps - 1),
                        _ => Exported::Present,
                    },
                    _ => Exported::Present,
                };
            }
            // In a declaration everything at the top is offered, with the word or without.
            if project.path(unit).ends_with(".d.ts") && facts.scopes[0].bindings.contains_key(name) {
                return Exported::Present;
            }
            let mut is_open = facts.exports.is_open || facts.is_open;
            for star in &facts.exports.stars {
                match project.resolution(unit, *star) {
                    Resolution::Unit(target) => match exported(project, *target, name, steps - 1) {
                        Exported::Missing => {}
                        Exported::Unknown => is_open = true,
                        found => return found,
                    },
                    _ => is_open = true,
                }
            }
            let has_shape = facts.exports.has_module_syntax || facts.exports.has_common_js;
            // A declaration may tell less than the script beside it holds.
            let stem = project.path(unit).strip_suffix(".d.ts");
            let has_script = stem.is_some_and(|stem| {
                [".js", ".mjs", ".cjs"]
                    .iter()
                    .any(|ending| project.by_path.contains_key(format!("{stem}{ending}").as_str()))
            });
            // Whoever offers nothing at all has no name either, unless it is done in a way that is not seen.
            let text = project.units[unit].text;
            let may_offer = !has_shape
                && (text.contains("exports") || text.contains("define(") || project.path(unit).ends_with(".d.ts"));
            if is_open || may_offer || has_script { Exported::Unknown } else { Exported::Missing }
        }
    }
}

/// The names that `unit` gives out, to find the nearest of.
pub fn names_of<'p>(project: &'p Project, unit: usize) -> Vec<&'p str> {
    let facts = &project.units[unit].facts;
    if project.units[unit].language.is_script() {
        let mut names: Vec<&str> = facts.exports.names.keys().copied().collect();
        for star in &facts.exports.stars {
            if let Resolution::Unit(target) = project.resolution(unit, *star)
                && *target != unit
            {
                names.extend(project.units[*target].facts.exports.names.keys());
            }
        }
        return names;
    }
    let siblings = project.siblings(unit);
    let units = if siblings.is_empty() { std::slice::from_ref(&unit) } else { siblings };
    let names = units.iter().flat_map(|unit| project.units[*unit].facts.scopes[0].bindings.iter());
    names
        .filter(|(_, bindings)| {
            !matches!(bindings[0].what, What::Import(..)) || project.units[unit].language == Language::Python
        })
        .map(|(name, _)| *name)
        .collect()
}
