//! What a path such as `store.items.get` stands for, followed through scopes, imports and types.

use std::collections::HashSet;

use super::{
    facts::{Binding, Imported, Name, Type, What},
    members::{FUNCTION, Found, OBJECT},
    project::Project,
    resolve::{Exported, Resolution, exported, submodule},
    rust_modules::Place,
    syntax::Language,
};

/// What a path stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A function; called on an instance, so that its first parameter is filled in already.
    Function {
        unit: usize,
        function: usize,
        is_bound: bool,
    },
    Class(usize, usize),
    Instance(usize, usize),
    Unit(usize),
    /// The name of this number is not in what stands before it.
    Missing {
        index: usize,
        inside: Within,
    },
    Unknown,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Within {
    Unit(usize),
    Class(usize, usize),
}

impl<'t> Project<'t> {
    /// The classes of scripts that others derive from, under whatever name: `class A extends b.implementation`.
    pub fn all_derived(&self) -> HashSet<(usize, usize)> {
        let scripts = self.units.iter().enumerate().filter(|(_, unit)| unit.language.is_script());
        let bases = scripts.flat_map(|(index, unit)| unit.facts.classes.iter().map(move |class| (index, &class.bases)));
        let found = bases.flat_map(|(index, bases)| bases.iter().map(move |base| self.target(index, 0, base, 8)));
        found
            .filter_map(|target| match target {
                Target::Class(unit, class) => Some((unit, class)),
                _ => None,
            })
            .collect()
    }

    /// What `path` stands for in `scope` of `unit`. `steps` bounds the way.
    pub fn target(&self, unit: usize, scope: usize, path: &[Name<'t>], steps: usize) -> Target {
        if steps == 0 || path.is_empty() {
            return Target::Unknown;
        }
        let language = self.units[unit].language;
        let first = path[0];
        let mut target = match first.text {
            "" | "super" => Target::Unknown,
            "this" if language.is_script() => match self.units[unit].facts.scopes[scope].class {
                Some(class) => Target::Instance(unit, class),
                None => Target::Unknown,
            },
            "self" if language == Language::Rust => match self.lookup(unit, scope, "self") {
                Some(_) => Target::Unknown,
                None => self.own_of_rust(unit, scope),
            },
            _ => self.first(unit, scope, first, steps),
        };
        for (index, name) in path.iter().enumerate().skip(1) {
            target = self.step(target, *name, steps - 1);
            match target {
                Target::Missing { inside, .. } => return Target::Missing { index, inside },
                Target::Unknown => return Target::Unknown,
                _ => {}
            }
        }
        target
    }

    fn first(&self, unit: usize, scope: usize, name: Name<'t>, steps: usize) -> Target {
        // Macros may make items of Rust anywhere on the way.
        let is_item =
            |bindings: &[Binding]| matches!(bindings, [Binding { what: What::Function(_) | What::Class(_), .. }]);
        if let Some((home, bindings)) = self.lookup(unit, scope, name.text)
            && !(self.units[unit].language == Language::Rust && is_item(bindings))
        {
            return self.of_bindings(unit, home, bindings, steps);
        }
        // The other files of the package, or the scripts of the same page.
        for sibling in self.siblings(unit).iter().filter(|sibling| **sibling != unit) {
            if let Some(bindings) = self.units[*sibling].facts.scopes[0].bindings.get(name.text) {
                if matches!(bindings[0].what, What::Import(..)) {
                    continue;
                }
                return self.of_bindings(*sibling, 0, bindings, steps);
            }
        }
        if self.units[unit].is_classic() {
            return self.of_page(name, steps);
        }
        if self.units[unit].language == Language::Rust {
            return match self.modules.place(self, unit, scope, &[name], 12) {
                Place::Class(unit, class) => Target::Class(unit, class),
                Place::Function(unit, function) => Target::Function { unit, function, is_bound: false },
                _ => Target::Unknown,
            };
        }
        Target::Unknown
    }

    /// A top name of another script of the page; only if one script alone makes it.
    fn of_page(&self, name: Name<'t>, steps: usize) -> Target {
        let makers = self.makers.get(name.text).map_or(&[][..], Vec::as_slice);
        match makers {
            [maker] => self.of_bindings(*maker, 0, &self.units[*maker].facts.scopes[0].bindings[name.text], steps),
            _ => Target::Unknown,
        }
    }

    fn of_bindings(&self, unit: usize, scope: usize, bindings: &[Binding<'t>], steps: usize) -> Target {
        let [binding] = bindings else { return Target::Unknown };
        match &binding.what {
            What::Function(function) => Target::Function { unit, function: *function, is_bound: false },
            What::Class(class) => Target::Class(unit, *class),
            What::Import(import, imported) => self.of_import(unit, scope, *import, *imported, steps),
            What::Value(Some(type_of)) => {
                // In Go and Rust a variable is not seen where it is made: `qr := qr.New()`.
                let is_sequential = matches!(self.units[unit].language, Language::Go | Language::Rust);
                let around = self.units[unit].facts.scopes[scope].parent.filter(|_| is_sequential);
                self.of_type(unit, around.unwrap_or(scope), type_of, steps)
            }
            What::Value(None) | What::Type | What::Module(_) => Target::Unknown,
        }
    }

    fn of_import(&self, unit: usize, scope: usize, import: usize, imported: Imported<'t>, steps: usize) -> Target {
        let number = import;
        let import = &self.units[unit].facts.imports[number];
        if self.units[unit].language == Language::Rust {
            return match self.modules.place(self, unit, scope, &import.names, 12) {
                Place::Class(unit, class) => Target::Class(unit, class),
                Place::Function(unit, function) => Target::Function { unit, function, is_bound: false },
                _ => Target::Unknown,
            };
        }
        if let (Language::Python, Imported::Name(name)) = (self.units[unit].language, imported)
            && !self.is_bound_by_package(unit, number, name)
            && let Some(module) = submodule(self, unit, import, name)
        {
            return Target::Unit(module);
        }
        let home = match self.resolution(unit, number) {
            Resolution::Unit(home) | Resolution::Package(home) => *home,
            _ => return Target::Unknown,
        };
        match imported {
            Imported::Whole => {
                // `module.exports = f`: the whole is that, not a set of names.
                let facts = &self.units[home].facts;
                match &facts.exports.whole {
                    Some(path) => self.target(home, 0, path, steps - 1),
                    None => Target::Unit(home),
                }
            }
            Imported::Default => self.of_export(home, "default", steps),
            Imported::Name(name) => match self.of_export(home, name, steps) {
                // The rule about imports tells of that one.
                Target::Missing { .. } => Target::Unknown,
                found => found,
            },
        }
    }

    /// Whether the package itself gives out something else under the name of one of its modules.
    fn is_bound_by_package(&self, unit: usize, import: usize, name: &str) -> bool {
        let Resolution::Unit(package) = *self.resolution(unit, import) else { return false };
        let facts = &self.units[package].facts;
        let bindings = facts.scopes[0].bindings.get(name).map_or(&[][..], Vec::as_slice);
        bindings.iter().any(|binding| match binding.what {
            What::Import(import, Imported::Name(_)) => !facts.imports[import].from.ends_with('.'),
            _ => true,
        })
    }

    fn of_export(&self, unit: usize, name: &'t str, steps: usize) -> Target {
        if steps == 0 {
            return Target::Unknown;
        }
        match exported(self, unit, name, 8) {
            Exported::Bound(home, scope) => {
                let facts = &self.units[home].facts;
                let local = match facts.exports.names.get(name).map(|export| &export.what) {
                    Some(super::facts::ExportOf::Local(local)) => local,
                    _ => name,
                };
                match facts.scopes[scope].bindings.get(local) {
                    Some(bindings) => self.of_bindings(home, scope, bindings, steps - 1),
                    None => Target::Unknown,
                }
            }
            Exported::Missing => Target::Missing { index: 0, inside: Within::Unit(unit) },
            Exported::Present | Exported::Unknown => Target::Unknown,
        }
    }

    /// An instance of what a type says, if that is a class of the project.
    fn of_type(&self, unit: usize, scope: usize, type_of: &Type<'t>, steps: usize) -> Target {
        if steps == 0 {
            return Target::Unknown;
        }
        let path = match type_of {
            Type::Own(class) => return Target::Instance(unit, *class),
            Type::Instance(path) | Type::Returned(path) => path,
        };
        // Every type has the same kind of default.
        if let (Type::Returned(path), Language::Rust) = (type_of, self.units[unit].language)
            && let [made @ .., last] = path.as_slice()
            && last.text == "default"
        {
            return match self.modules.place(self, unit, scope, made, 12) {
                Place::Class(unit, class) => Target::Instance(unit, class),
                _ => Target::Unknown,
            };
        }
        let found = match self.units[unit].language {
            Language::Rust => match self.modules.place(self, unit, scope, path, 12) {
                Place::Class(unit, class) => Target::Class(unit, class),
                Place::Function(unit, function) => Target::Function { unit, function, is_bound: false },
                _ => Target::Unknown,
            },
            _ => self.target(unit, scope, path, steps - 1),
        };
        match (type_of, found) {
            (Type::Instance(_), Target::Class(unit, class)) => Target::Instance(unit, class),
            (Type::Returned(_), Target::Class(unit, class)) if self.units[unit].language == Language::Python => {
                Target::Instance(unit, class)
            }
            (Type::Returned(_), Target::Function { unit, function, .. }) => {
                let function = &self.units[unit].facts.functions[function];
                match &function.returns {
                    Some(path) if path.len() == 1 && path[0].text == "Self" => self.owner(unit, function.owner),
                    Some(path) if self.units[unit].language != Language::TypeScript && function.is_plain => {
                        self.of_type(unit, function.scope, &Type::Instance(path.clone()), steps - 1)
                    }
                    _ => Target::Unknown,
                }
            }
            _ => Target::Unknown,
        }
    }

    /// The type that is called `owner` where the unit is.
    fn owner(&self, unit: usize, owner: Option<&'t str>) -> Target {
        let Some(owner) = owner else { return Target::Unknown };
        match self.modules.place(self, unit, 0, &[Name { text: owner, at: 0 }], 12) {
            Place::Class(unit, class) => Target::Instance(unit, class),
            _ => Target::Unknown,
        }
    }

    fn own_of_rust(&self, unit: usize, scope: usize) -> Target {
        let facts = &self.units[unit].facts;
        let mut at = Some(scope);
        while let Some(scope) = at {
            if let Some((_, owner)) = facts.rust.owners.iter().find(|(home, _)| *home == scope) {
                // Where the type is meant, not where the method stands.
                return match self.modules.place(self, unit, scope, &[Name { text: owner, at: 0 }], 12) {
                    Place::Class(unit, class) => Target::Instance(unit, class),
                    _ => Target::Unknown,
                };
            }
            at = facts.scopes[scope].parent;
        }
        Target::Unknown
    }

    fn step(&self, target: Target, name: Name<'t>, steps: usize) -> Target {
        match target {
            Target::Unit(unit)
                if self.units[unit].language.is_script()
                    && (OBJECT.contains(&name.text) || FUNCTION.contains(&name.text)) =>
            {
                Target::Unknown
            }
            Target::Unit(unit) => self.of_export(unit, name.text, steps),
            Target::Instance(unit, class) => match self.member(unit, class, name.text, 8) {
                Found::Function(unit, function) => {
                    let is_bound = self.units[unit].facts.functions[function].receiver == super::facts::Receiver::First;
                    Target::Function { unit, function, is_bound }
                }
                Found::Value(Some((unit, type_of))) => self.of_type(unit, 0, &type_of, steps),
                Found::Missing => Target::Missing { index: 0, inside: Within::Class(unit, class) },
                Found::Value(None) | Found::Unknown => Target::Unknown,
            },
            Target::Class(unit, class) => {
                let is_python = self.units[unit].language == Language::Python;
                match self.member(unit, class, name.text, 8) {
                    // Metaclasses bring these.
                    Found::Missing if is_python && matches!(name.text, "mro" | "register") => Target::Unknown,
                    Found::Missing if is_python => Target::Missing { index: 0, inside: Within::Class(unit, class) },
                    Found::Function(unit, function)
                        if self.units[unit].facts.functions[function].receiver == super::facts::Receiver::None =>
                    {
                        Target::Function { unit, function, is_bound: false }
                    }
                    _ => Target::Unknown,
                }
            }
            Target::Function { .. } | Target::Missing { .. } | Target::Unknown => Target::Unknown,
        }
    }
}
