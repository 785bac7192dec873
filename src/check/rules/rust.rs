//! Paths of Rust that lead nowhere: in `use`, in types and in expressions.

use std::collections::BTreeSet;

use super::{
    super::{
        Rule,
        facts::{Name, ScopeKind},
        project::{Project, parent},
        rust_modules::{Inside, Modules, Place},
        syntax::Language,
    },
    Found,
};

/// Crates that are there without being declared.
const BUILT_IN: &[&str] =
    &["std", "core", "alloc", "proc_macro", "test", "crate", "self", "super", "Self", "", "$crate"];
/// The prelude of edition 2024 and the primitive types, and the names that attributes and macros of the standard
/// library leave behind.
const PRELUDE: &[&str] = &[
    "Option",
    "Some",
    "None",
    "Result",
    "Ok",
    "Err",
    "Box",
    "String",
    "Vec",
    "ToString",
    "ToOwned",
    "Clone",
    "Copy",
    "Send",
    "Sync",
    "Sized",
    "Unpin",
    "Drop",
    "Fn",
    "FnMut",
    "FnOnce",
    "AsyncFn",
    "AsyncFnMut",
    "AsyncFnOnce",
    "drop",
    "Iterator",
    "Extend",
    "IntoIterator",
    "DoubleEndedIterator",
    "ExactSizeIterator",
    "AsRef",
    "AsMut",
    "Into",
    "From",
    "TryFrom",
    "TryInto",
    "FromIterator",
    "Default",
    "PartialEq",
    "Eq",
    "PartialOrd",
    "Ord",
    "Debug",
    "Hash",
    "Future",
    "IntoFuture",
    "bool",
    "char",
    "str",
    "u8",
    "u16",
    "u32",
    "u64",
    "u128",
    "usize",
    "i8",
    "i16",
    "i32",
    "i64",
    "i128",
    "isize",
    "f16",
    "f32",
    "f64",
    "f128",
    "size_of",
    "size_of_val",
    "align_of",
    "align_of_val",
    "Self",
    "self",
    "_",
    "macro_rules",
];

/// Paths that lead nowhere.
pub fn paths(project: &Project) -> Vec<Found> {
    let mut found = Vec::new();
    for (index, unit) in project.units.iter().enumerate() {
        let is_told =
            unit.is_read() && !unit.facts.is_open && !project.is_material(unit.file) && unit.language == Language::Rust;
        if !is_told || !project.modules.is_reached(index) {
            continue;
        }
        let rust = &unit.facts.rust;
        for (scope, number) in rust.uses.iter().chain(&rust.globs) {
            let import = &unit.facts.imports[*number];
            if !import.is_guarded {
                found.extend(told_of(project, index, *scope, &import.names, Rule::MissingExport));
            }
        }
        for access in rust.paths.iter().filter(|access| !access.is_guarded) {
            found.extend(told_of(project, index, access.scope, &access.path, Rule::MissingMember));
        }
        found.extend(undefined(project, index));
    }
    found
}

fn told_of(project: &Project, unit: usize, scope: usize, path: &[Name], rule: Rule) -> Option<Found> {
    match project.modules.place(project, unit, scope, path, 12) {
        // Procedural macros are exported by an attribute.
        Place::Missing(_, Inside::Module((home, 0))) if project.units[home].text.contains("proc_macro") => None,
        Place::Missing(number, inside) => {
            let name = path[number];
            let place = Modules::called(project, inside);
            let nearest = project.nearest(name.text, Modules::names_in(project, inside));
            let rule = if matches!(inside, Inside::Class(..)) { Rule::MissingMember } else { rule };
            let rule = if rule == Rule::MissingMember && matches!(inside, Inside::Module(_)) {
                Rule::MissingExport
            } else {
                rule
            };
            let message = format!("{place} has no '{}'", name.text);
            Some(Found::error(unit, name.at, rule, name.text, message).looked_in(place).nearest(nearest))
        }
        Place::NoCrate if path.len() > 1 || rule == Rule::MissingExport => no_crate(project, unit, path[0]),
        _ => None,
    }
}

/// The first segment is nothing that is known: a crate that nobody declares, or a name that nothing defines.
fn no_crate(project: &Project, unit: usize, name: Name) -> Option<Found> {
    if BUILT_IN.contains(&name.text) || PRELUDE.contains(&name.text) || project.rust.may_be_derived(name.text) {
        return None;
    }
    let mut directory = parent(project.path(unit));
    let mut declared: Option<Vec<&str>> = None;
    loop {
        if let Some(cargo) = project.manifests.cargo.get(directory) {
            if cargo.is_unknown || cargo.dependencies.contains(name.text) {
                return None;
            }
            declared.get_or_insert_default().extend(cargo.dependencies.iter().map(String::as_str));
        }
        if directory.is_empty() {
            break;
        }
        directory = parent(directory);
    }
    // Without a manifest nobody can tell what is declared.
    let declared = declared?;
    // A library may be called otherwise than its package: `bip39` of `tiny-bip39`, `md5` of `md-5`.
    let parts = |package: &str| format!("_{package}_");
    let squeezed = |package: &str| package.replace('_', "");
    if declared
        .iter()
        .any(|package| parts(package).contains(&parts(name.text)) || squeezed(package) == squeezed(name.text))
    {
        return None;
    }
    // In the edition of 2015 paths begin at the top of the crate; extern crates may be declared there.
    let is_known_elsewhere = project.units.iter().filter(|unit| unit.language == Language::Rust).any(|unit| {
        unit.facts.scopes.iter().any(|scope| scope.kind == ScopeKind::File && scope.bindings.contains_key(name.text))
    });
    if is_known_elsewhere {
        return None;
    }
    if name.text.starts_with(char::is_uppercase) {
        let message = format!("nothing defines '{}'", name.text);
        let place = project.path(unit);
        return Some(Found::error(unit, name.at, Rule::UndefinedName, name.text, message).looked_in(place));
    }
    let message = format!("the crate '{}' is used here and not declared in Cargo.toml", name.text);
    let nearest = project.nearest(name.text, declared);
    Some(
        Found::error(unit, name.at, Rule::UndeclaredPackage, name.text, message)
            .looked_in("Cargo.toml")
            .nearest(nearest),
    )
}

/// Single names: functions, types and values that nothing defines.
fn undefined(project: &Project, unit: usize) -> Vec<Found> {
    let facts = &project.units[unit].facts;
    let mut told = BTreeSet::new();
    let mut found = Vec::new();
    for mention in facts.mentions.iter().filter(|mention| !mention.is_guarded) {
        let name = mention.name;
        if PRELUDE.contains(&name.text)
            || BUILT_IN.contains(&name.text)
            || name.text.starts_with('$')
            || told.contains(name.text)
        {
            continue;
        }
        if project.modules.place(project, unit, mention.scope, &[name], 12) != Place::NoCrate {
            continue;
        }
        // A crate, or what attributes and derives bring.
        let is_crate =
            project.manifests.cargo.values().any(|cargo| cargo.dependencies.contains(name.text) || cargo.is_unknown);
        if is_crate || project.rust.may_be_derived(name.text) {
            continue;
        }
        told.insert(name.text);
        let names = facts
            .scopes
            .iter()
            .filter(|scope| scope.kind == ScopeKind::File)
            .flat_map(|scope| scope.bindings.keys().copied());
        let nearest = project.nearest(name.text, names);
        let message = format!("nothing defines '{}'", name.text);
        let place = project.path(unit);
        found.push(
            Found::error(unit, name.at, Rule::UndefinedName, name.text, message).looked_in(place).nearest(nearest),
        );
    }
    found
}
