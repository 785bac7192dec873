//! The modules of Rust: which file is which module of which crate, and where a path such as `a::b::c` leads.

mod files;
mod globs;

use std::collections::{HashMap, HashSet};

use self::files::{inline_path, is_root};
use super::{
    facts::{Binding, Imported, Name, ScopeKind, What},
    project::{Project, join, parent},
    syntax::Language,
};

/// A module: the unit that it stands in, and its scope there.
pub type Module = (usize, usize);

#[derive(Default)]
pub struct Modules<'t> {
    /// The files of modules that are declared with a semicolon.
    children: HashMap<(Module, &'t str), usize>,
    /// What declares the module that is a file. A file may belong to several crates.
    parents: HashMap<usize, Vec<Module>>,
    roots: HashSet<usize>,
    /// Declared, but in no file: unit, name, and where it was looked for.
    pub missing: Vec<(usize, Name<'t>, String)>,
    /// Libraries by the names under which other crates of the project know them.
    libraries: HashMap<String, usize>,
    /// Where `use …::*` leads, by unit and number of the import.
    globs: HashMap<(usize, usize), Place>,
}

/// Where a path leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Module(Module),
    /// A class of a unit.
    Class(usize, usize),
    Function(usize, usize),
    /// It is there, and no more is known.
    Present,
    /// The segment of this number is not in the module or type before it.
    Missing(usize, Inside),
    /// The first segment is no module, item or package that is known.
    NoCrate,
    Unknown,
}

/// In what a segment was looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inside {
    Module(Module),
    Class(usize, usize),
}

impl<'t> Modules<'t> {
    pub fn new(project: &Project<'t>) -> Modules<'t> {
        let mut modules = Modules::default();
        let rust = || (0..project.units.len()).filter(|unit| project.units[*unit].language == Language::Rust);
        for unit in rust() {
            modules.declared_by(project, unit);
        }
        for unit in rust().filter(|unit| !modules.parents.contains_key(unit)) {
            if is_root(project, unit) {
                modules.roots.insert(unit);
            }
        }
        for (directory, cargo) in &project.manifests.cargo {
            let path = join(directory, "src/lib.rs").unwrap_or_default();
            let named = cargo
                .targets
                .iter()
                .filter_map(|target| join(directory, target))
                .find(|target| target.ends_with("lib.rs"));
            let unit = named.as_deref().and_then(|path| project.unit_at(path)).or_else(|| project.unit_at(&path));
            if let Some(unit) = unit {
                for name in [&cargo.package, &cargo.library].into_iter().flatten() {
                    modules.libraries.insert(name.replace('-', "_"), unit);
                }
            }
        }
        modules.settle_globs(project);
        modules
    }

    fn declared_by(&mut self, project: &Project<'t>, unit: usize) {
        let path = project.path(unit);
        let name = path.rsplit('/').next().unwrap_or(path);
        let stem = name.trim_end_matches(".rs");
        let owns_directory = matches!(stem, "mod" | "lib" | "main") || is_root(project, unit);
        let home = if owns_directory { parent(path).to_owned() } else { join(parent(path), stem).unwrap_or_default() };
        let facts = &project.units[unit].facts;
        for module in &facts.rust.modules {
            let inside = inline_path(project, unit, module.scope);
            let directory = join(&home, &inside.join("/")).unwrap_or_default();
            // Both readings of a root's place are tried: a target may be named anything.
            let other = join(parent(path), stem).and_then(|base| join(&base, &inside.join("/"))).unwrap_or_default();
            let candidates: Vec<String> = [&directory, &other]
                .iter()
                .flat_map(|directory| {
                    [format!("{directory}/{}.rs", module.name.text), format!("{directory}/{}/mod.rs", module.name.text)]
                })
                .map(|path| path.trim_start_matches('/').to_owned())
                .collect();
            match candidates.iter().find_map(|path| project.unit_at(path)) {
                Some(child) => {
                    self.children.insert(((unit, module.scope), module.name.text), child);
                    // Behind a condition of compilation other crates and names may be there.
                    if !module.is_special {
                        self.parents.entry(child).or_default().push((unit, module.scope));
                    }
                }
                // Too long to be read, but there.
                None if candidates.iter().any(|path| project.by_path.contains_key(path.as_str())) => {}
                None if module.is_special || facts.is_open => {}
                None if project.manifests.crate_leaves_out(&candidates[0]) => {}
                None if project.manifests.may_be_built(&candidates[0], &project.directories) => {}
                None => self.missing.push((unit, module.name, format!("'{}' and '{}'", candidates[0], candidates[1]))),
            }
        }
    }

    /// Whether the module hangs together with a crate; of any other nothing is known.
    pub fn is_reached(&self, unit: usize) -> bool {
        self.root_of(unit).is_some()
    }

    fn root_of(&self, unit: usize) -> Option<usize> {
        let mut unit = unit;
        for _ in 0..64 {
            if self.roots.contains(&unit) {
                return Some(unit);
            }
            // Several crates may have it: then `crate` is more than one thing.
            match self.parents.get(&unit).map(Vec::as_slice) {
                Some([(parent, _)]) => unit = *parent,
                _ => return None,
            }
        }
        None
    }

    fn parent_of(&self, project: &Project, module: Module) -> Option<Module> {
        let (unit, scope) = module;
        match project.units[unit].facts.scopes[scope].parent {
            Some(around) => Some((unit, module_scope(project, unit, around))),
            None => match self.parents.get(&unit).map(Vec::as_slice) {
                Some([only]) => Some(*only),
                _ => None,
            },
        }
    }

    /// Where `path` leads, as it is written in `scope` of `unit`.
    pub fn place(&self, project: &Project<'t>, unit: usize, scope: usize, path: &[Name<'t>], steps: usize) -> Place {
        if steps == 0 || path.is_empty() || !self.is_reached(unit) {
            return Place::Unknown;
        }
        let module = (unit, module_scope(project, unit, scope));
        let first = path[0].text;
        // A type of the language, and perhaps a module of the same name.
        if PRIMITIVES.contains(&first) {
            return Place::Unknown;
        }
        let start = match first {
            "crate" => self.root_of(unit).map(|root| Place::Module((root, 0))),
            "self" => Some(Place::Module(module)),
            "super" => self.parent_of(project, module).map(Place::Module),
            // In an impl; in a trait it is whoever implements it.
            "Self" if path.len() > 1 => self.own_type(project, unit, scope, steps),
            "" | "Self" | "$crate" => None,
            _ => match self.named(project, unit, scope, path[0], path.len() > 1, steps) {
                Place::NoCrate => return Place::NoCrate,
                found => Some(found),
            },
        };
        let Some(mut place) = start else { return Place::Unknown };
        for (index, segment) in path.iter().enumerate().skip(1) {
            place = match place {
                Place::Module(module) if segment.text == "super" => match self.parent_of(project, module) {
                    Some(parent) => Place::Module(parent),
                    None => return Place::Unknown,
                },
                Place::Module(module) => {
                    match self.inside(project, module, *segment, index + 1 < path.len(), steps - 1) {
                        Place::Missing(..) => return Place::Missing(index, Inside::Module(module)),
                        found => found,
                    }
                }
                Place::Class(unit, class) => match self.of_class(project, unit, class, segment.text) {
                    Place::Missing(..) => return Place::Missing(index, Inside::Class(unit, class)),
                    found => found,
                },
                _ => return Place::Unknown,
            };
        }
        place
    }

    /// The type that `Self` is.
    fn own_type(&self, project: &Project<'t>, unit: usize, scope: usize, steps: usize) -> Option<Place> {
        let facts = &project.units[unit].facts;
        let mut at = Some(scope);
        while let Some(scope) = at {
            if let Some((_, owner)) = facts.rust.owners.iter().find(|(home, _)| *home == scope) {
                let found = self.place(project, unit, scope, &[Name { text: owner, at: 0 }], steps - 1);
                return matches!(found, Place::Class(..)).then_some(found);
            }
            at = facts.scopes[scope].parent;
        }
        None
    }

    /// The first segment of a path: seen from the scope, or a crate.
    fn named(
        &self,
        project: &Project<'t>,
        unit: usize,
        scope: usize,
        name: Name<'t>,
        goes_on: bool,
        steps: usize,
    ) -> Place {
        let facts = &project.units[unit].facts;
        let mut at = scope;
        loop {
            if let Some(bindings) = facts.scopes[at].bindings.get(name.text) {
                return self.of_binding(project, unit, at, name, bindings, goes_on, steps);
            }
            if facts.rust.macro_scopes.contains(&at) {
                return Place::Unknown;
            }
            match self.through_globs(project, unit, at, name, goes_on, steps) {
                Place::Missing(..) => {}
                found => return found,
            }
            if facts.scopes[at].kind == ScopeKind::File {
                break;
            }
            let Some(around) = facts.scopes[at].parent else { break };
            at = around;
        }
        if let Some(library) = self.libraries.get(name.text) {
            return Place::Module((*library, 0));
        }
        Place::NoCrate
    }

    /// A name inside a module.
    fn inside(&self, project: &Project<'t>, module: Module, name: Name<'t>, goes_on: bool, steps: usize) -> Place {
        let (unit, scope) = module;
        let facts = &project.units[unit].facts;
        if steps == 0 || !project.units[unit].is_read() || facts.is_open {
            return Place::Unknown;
        }
        if let Some(bindings) = facts.scopes[scope].bindings.get(name.text) {
            return self.of_binding(project, unit, scope, name, bindings, goes_on, steps);
        }
        if facts.rust.macro_scopes.contains(&scope) {
            return Place::Unknown;
        }
        match self.through_globs(project, unit, scope, name, goes_on, steps) {
            // Macros are exported from wherever they stand, and derives make types beside those that they are for.
            Place::Missing(..) if project.rust.macros.contains(name.text) || project.rust.may_be_derived(name.text) => {
                Place::Unknown
            }
            found => found,
        }
    }

    #[expect(clippy::too_many_arguments, reason = "where it is bound takes three of them")]
    fn of_binding(
        &self,
        project: &Project<'t>,
        unit: usize,
        scope: usize,
        name: Name<'t>,
        bindings: &[Binding<'t>],
        goes_on: bool,
        steps: usize,
    ) -> Place {
        // A function and a module may have the same name: what goes on is no function.
        let holds = |binding: &&Binding| matches!(binding.what, What::Module(_) | What::Class(_) | What::Import(..));
        let mut fitting = bindings.iter().filter(|binding| !goes_on || holds(binding));
        let (Some(binding), None) = (fitting.next(), fitting.next()) else { return Place::Unknown };
        match &binding.what {
            What::Module(Some(inner)) => Place::Module((unit, *inner)),
            What::Module(None) => match self.children.get(&((unit, scope), name.text)) {
                Some(child) => Place::Module((*child, 0)),
                None => Place::Unknown,
            },
            What::Class(class) => Place::Class(unit, *class),
            What::Function(function) => Place::Function(unit, *function),
            What::Import(import, Imported::Name(_)) => {
                let path = &project.units[unit].facts.imports[*import].names;
                // Under another condition it may come from somewhere else.
                if project.units[unit].facts.imports[*import].is_guarded {
                    return Place::Unknown;
                }
                // `use foo::{self}` and `use foo;` name the crate itself.
                if path.len() == 1 && path[0].text == name.text {
                    return match self.libraries.get(name.text) {
                        Some(library) => Place::Module((*library, 0)),
                        None => Place::Unknown,
                    };
                }
                match self.place(project, unit, scope, path, steps - 1) {
                    Place::Missing(..) | Place::NoCrate => Place::Unknown,
                    found => found,
                }
            }
            _ => Place::Present,
        }
    }

    /// A variant, a function or a constant of a type.
    fn of_class(&self, project: &Project<'t>, unit: usize, class: usize, name: &str) -> Place {
        match project.member_of_type(unit, class, name) {
            TypeMember::Function(unit, function) => Place::Function(unit, function),
            TypeMember::Present => Place::Present,
            TypeMember::Missing => Place::Missing(0, Inside::Class(unit, class)),
            TypeMember::Unknown => Place::Unknown,
        }
    }

    /// The names in a module.
    pub fn names_in<'p>(project: &'p Project<'t>, inside: Inside) -> Vec<&'p str> {
        match inside {
            Inside::Module((unit, scope)) => project.units[unit].facts.scopes[scope].bindings.keys().copied().collect(),
            Inside::Class(unit, class) => project.names_of_type(unit, class),
        }
    }

    /// How a module or type is called in a message.
    pub fn called(project: &Project<'t>, inside: Inside) -> String {
        match inside {
            Inside::Module((unit, _)) => format!("the module in '{}'", project.path(unit)),
            Inside::Class(unit, class) => {
                format!("'{}' of '{}'", project.units[unit].facts.classes[class].name, project.path(unit))
            }
        }
    }
}

const PRIMITIVES: &[&str] = &[
    "f32", "f64", "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128", "isize", "char",
    "str", "bool",
];

/// What a type has under a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TypeMember {
    Function(usize, usize),
    Present,
    Missing,
    Unknown,
}

/// The scope of the module around `scope`.
pub fn module_scope(project: &Project, unit: usize, mut scope: usize) -> usize {
    let facts = &project.units[unit].facts;
    while facts.scopes[scope].kind != ScopeKind::File {
        let Some(around) = facts.scopes[scope].parent else { break };
        scope = around;
    }
    scope
}
