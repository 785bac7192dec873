//! All files of a project with their facts, and how to find one by its path. Pure: texts come in as values.

mod all_of_rust;
mod beside;
mod given;
mod machine_made;
mod unit;
mod words;

use std::collections::{HashMap, HashSet};

use rayon::prelude::*;

use self::{
    all_of_rust::AllOfRust,
    beside::{ending, is_of_tests, languages_of_tests},
    machine_made::is_machine_made,
    unit::units,
    words::{python_roots, words},
};
use super::{
    facts::{Binding, MarkKind, ScopeKind, Value},
    manifests::Manifests,
    members::is_own,
    nearest,
    resolve::{self, Resolution},
    rust,
    rust_modules::Modules,
    syntax::Language,
};
use crate::workspace::tree::Tree;

pub use self::{given::reached, unit::Unit};

/// What is read of a project, once, before any rule looks at it.
pub struct Project<'t> {
    pub tree: &'t Tree,
    pub units: Vec<Unit<'t>>,
    /// The files by their paths.
    pub by_path: HashMap<&'t str, usize>,
    /// The unit that is a whole file.
    unit_of_file: Vec<Option<usize>>,
    pub directories: HashSet<&'t str>,
    /// The files that are not the work of the project's authors.
    machine_made: HashSet<usize>,
    /// The files that tests are given to read.
    given: HashSet<usize>,
    /// Endings of files that the project has only below its tests: these are there to be read by them.
    of_tests: HashSet<&'t str>,
    /// The files of a directory.
    pub files_in: HashMap<&'t str, Vec<usize>>,
    pub manifests: Manifests<'t>,
    pub modules: Modules<'t>,
    /// Top names of scripts that share one page's world.
    pub globals: HashSet<&'t str>,
    /// The files of a Go package: by directory and name.
    pub packages: HashMap<(&'t str, &'t str), Vec<usize>>,
    /// Where top modules and packages of Python stand, by their names.
    pub python_roots: HashMap<&'t str, Vec<&'t str>>,
    /// There are sources of compiled modules of Python.
    pub has_compiled: bool,
    /// How often a word stands in all texts together, outside of the languages that are read too.
    words: HashMap<&'t str, u32>,
    /// Go and Rust: methods by where their type is known (a Go package, or all of Rust) and its name.
    methods: HashMap<(&'t str, &'t str, &'t str), Methods<'t>>,
    /// All of Rust together.
    pub rust: AllOfRust<'t>,
    /// Where imports lead, by unit and number.
    resolutions: Vec<Vec<Resolution>>,
    /// The scripts of pages that make a top name.
    pub makers: HashMap<&'t str, Vec<usize>>,
    /// Members that are written or defined anywhere.
    pub members: HashSet<&'t str>,
    /// Members that are written from outside of any class: `object.name = …`.
    pub written: HashSet<&'t str>,
    /// Names that are given to calls, which may change what they stand for.
    pub handed: HashSet<&'t str>,
    /// Classes that others derive from, or that something is mixed into; by their names, and as far as they are found.
    pub bases: HashSet<&'t str>,
    pub derived: HashSet<(usize, usize)>,
}

/// Functions by their names: unit and number of each.
pub type Methods<'t> = HashMap<&'t str, Vec<(usize, usize)>>;

impl<'t> Project<'t> {
    pub fn new(tree: &'t Tree) -> Project<'t> {
        let of_rust = tree.files.iter().filter(|file| Language::of(&file.path) == Language::Rust);
        let own_macros = rust::own_macros(of_rust.filter_map(|file| file.text.as_deref()));
        let read: Vec<Vec<Unit<'t>>> = tree
            .files
            .par_iter()
            .enumerate()
            .map(|(file, source)| {
                source.text.as_deref().map_or_else(Vec::new, |text| units(file, &source.path, text, &own_macros))
            })
            .collect();
        let units: Vec<Unit<'t>> = read.into_iter().flatten().collect();
        let mut unit_of_file = vec![None; tree.files.len()];
        for (index, unit) in units.iter().enumerate().filter(|(_, unit)| unit.script.is_none()) {
            unit_of_file[unit.file] = Some(index);
        }
        let by_path: HashMap<&str, usize> =
            tree.files.iter().enumerate().map(|(index, file)| (file.path.as_str(), index)).collect();
        let mut directories = HashSet::from([""]);
        let mut files_in: HashMap<&str, Vec<usize>> = HashMap::new();
        for (index, file) in tree.files.iter().enumerate() {
            files_in.entry(parent(&file.path)).or_default().push(index);
            let mut directory = parent(&file.path);
            while directories.insert(directory) {
                directory = parent(directory);
            }
        }
        let manifests = Manifests::new(tree, &units);
        let is_made = |file: usize| {
            let text = tree.files[file].text.as_deref().unwrap_or_default();
            is_machine_made(&tree.files[file].path, text)
        };
        // A declaration beside a script that a compiler made is its work too.
        let is_of_made = |file: usize| {
            let stem = tree.files[file].path.strip_suffix(".d.ts");
            stem.and_then(|stem| by_path.get(format!("{stem}.js").as_str())).is_some_and(|script| is_made(*script))
        };
        let machine_made =
            (0..tree.files.len()).into_par_iter().filter(|file| is_made(*file) || is_of_made(*file)).collect();
        let mut project = Project {
            tree,
            by_path,
            unit_of_file,
            directories,
            of_tests: languages_of_tests(tree),
            given: HashSet::new(),
            machine_made,
            files_in,
            manifests,
            modules: Modules::default(),
            globals: HashSet::new(),
            packages: HashMap::new(),
            python_roots: python_roots(tree),
            has_compiled: tree.files.iter().any(|file| {
                let endings = [".c", ".cpp", ".pyx", ".rs", ".cc", ".pxd", "meson.build"];
                endings.iter().any(|ending| file.path.ends_with(ending))
            }),
            words: words(tree),
            methods: HashMap::new(),
            rust: AllOfRust::default(),
            resolutions: Vec::new(),
            makers: HashMap::new(),
            members: HashSet::new(),
            written: HashSet::new(),
            handed: HashSet::new(),
            bases: HashSet::new(),
            derived: HashSet::new(),
            units,
        };
        project.index();
        project.resolutions = (0..project.units.len())
            .into_par_iter()
            .map(|unit| {
                project.units[unit].facts.imports.iter().map(|import| resolve::find(&project, unit, import)).collect()
            })
            .collect();
        project.modules = Modules::new(&project);
        project.given = given::given(&project);
        project.derived = project.all_derived();
        project
    }

    fn index(&mut self) {
        for (index, unit) in self.units.iter().enumerate() {
            let facts = &unit.facts;
            if unit.language == Language::Rust {
                self.rust.add(facts);
            }
            if unit.is_classic() {
                facts.scopes[0].bindings.keys().for_each(|name| self.makers.entry(name).or_default().push(index));
            }
            if unit.is_classic() || self.tree.files[unit.file].path.ends_with(".d.ts") {
                self.globals.extend(facts.scopes[0].bindings.keys());
            }
            for assignment in &facts.assignments {
                if let [object, name] = assignment.target.as_slice()
                    && matches!(object.text, "window" | "globalThis" | "self" | "global" | "root")
                {
                    self.globals.insert(name.text);
                }
                self.members.extend(assignment.target.iter().skip(1).map(|name| name.text));
            }
            // Browsers make a global of every id.
            let ids = facts.marks.iter().filter(|mark| mark.kind == MarkKind::Id && unit.language == Language::Html);
            self.globals.extend(ids.map(|mark| mark.name.text));
            for access in facts.accesses.iter().filter(|access| access.is_written) {
                // `(typeof window === 'undefined' ? this : window).Name = …`, as bundlers write it.
                if let [object, name] = access.path.as_slice()
                    && object.text.is_empty()
                {
                    self.globals.insert(name.text);
                }
                if access.path.len() != 2 || !is_own(unit, access) {
                    self.written.extend(access.path.last().map(|name| name.text));
                }
                self.members.extend(access.path.last().map(|name| name.text));
            }
            for call in &facts.calls {
                // With one argument `type` asks, with three it makes a class.
                let asks = ["isinstance", "issubclass", "super", "raises", "cast", "print", "str", "len", "repr"];
                let is_asked = |name: &str| asks.contains(&name) || name == "type" && call.arguments.len() == 1;
                if call.path.last().is_some_and(|name| is_asked(name.text)) {
                    continue;
                }
                let is_class = |name: &&str| name.trim_start_matches('_').starts_with(char::is_uppercase);
                for argument in &call.arguments {
                    // `mixin(Node.prototype, Child.prototype)`.
                    if let Value::Path(path) = &argument.value
                        && let [.., class, last] = path.as_slice()
                        && last.text == "prototype"
                    {
                        self.bases.insert(class.text);
                    }
                    let handed = argument.value.paths().filter_map(|path| path.last());
                    self.handed.extend(handed.map(|name| name.text).filter(is_class));
                }
            }
            for class in &facts.classes {
                self.members.extend(class.members.keys());
                self.bases.extend(class.bases.iter().filter_map(|base| base.last()).map(|name| name.text));
            }
            for (number, function) in facts.functions.iter().enumerate() {
                let Some(owner) = function.owner else { continue };
                let home = home_of_methods(unit, &self.tree.files[unit.file].path);
                let methods = self.methods.entry((home.0, home.1, owner)).or_default();
                methods.entry(function.name).or_default().push((index, number));
            }
            if let Some(package) = facts.package {
                self.packages.entry((parent(&self.tree.files[unit.file].path), package)).or_default().push(index);
            }
        }
    }

    /// Where the import of this number leads.
    pub fn resolution(&self, unit: usize, import: usize) -> &Resolution {
        &self.resolutions[unit][import]
    }

    pub fn path(&self, unit: usize) -> &'t str {
        &self.tree.files[self.units[unit].file].path
    }

    /// The unit of the file at `path`, if there is one that can be read as code.
    pub fn unit_at(&self, path: &str) -> Option<usize> {
        self.by_path.get(path).and_then(|file| self.unit_of_file[*file])
    }

    /// Whether there is a file or directory.
    pub fn exists(&self, path: &str) -> bool {
        self.by_path.contains_key(path) || self.directories.contains(path)
    }

    /// The binding of `name` that is seen from `scope`: the nearest scope that has any.
    pub fn lookup(&self, unit: usize, mut scope: usize, name: &str) -> Option<(usize, &[Binding<'t>])> {
        let facts = &self.units[unit].facts;
        let is_python = self.units[unit].language == Language::Python;
        let start = scope;
        let mut has_left_function = false;
        loop {
            let here = &facts.scopes[scope];
            // A class body's names are not seen from its methods.
            let is_hidden = is_python && here.kind == ScopeKind::Class && scope != start && has_left_function;
            if let Some(bindings) = here.bindings.get(name).filter(|_| !is_hidden) {
                return Some((scope, bindings));
            }
            has_left_function |= here.kind == ScopeKind::Function;
            scope = here.parent?;
        }
    }

    /// The methods of the type `owner`, as it is known in `unit`.
    pub fn methods(&self, unit: usize, owner: &'t str) -> Option<&Methods<'t>> {
        let home = home_of_methods(&self.units[unit], self.path(unit));
        self.methods.get(&(home.0, home.1, owner))
    }

    /// The other files of the unit's Go package, itself included.
    pub fn siblings(&self, unit: usize) -> &[usize] {
        let Some(package) = self.units[unit].facts.package else { return &[] };
        self.packages.get(&(parent(self.path(unit)), package)).map_or(&[], Vec::as_slice)
    }

    /// How often this word stands anywhere in the project's texts.
    pub fn occurrences(&self, word: &str) -> u32 {
        self.words.get(word).copied().unwrap_or_default()
    }

    /// Files that are there to be read by tests, or that others wrote: nothing is said about them.
    pub fn is_material(&self, file: usize) -> bool {
        let path = &self.tree.files[file].path;
        let is_given = self.given.contains(&file) || is_of_tests(path) && self.of_tests.contains(ending(path));
        is_given || self.machine_made.contains(&file) || self.manifests.is_material(&self.tree.files[file].path)
    }

    /// The nearest of `names` to `name`, if any is near.
    pub fn nearest<'n>(&self, name: &str, names: impl IntoIterator<Item = &'n str>) -> Option<String> {
        nearest::nearest(name, names)
    }
}

/// Where a type and its methods know each other: a Go package, or anywhere in Rust.
fn home_of_methods<'t>(unit: &Unit<'t>, path: &'t str) -> (&'t str, &'t str) {
    match unit.facts.package {
        Some(package) => (parent(path), package),
        None => ("", ""),
    }
}

/// The directory of a path; empty at the top.
pub fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(directory, _)| directory)
}

/// `target` as seen from `directory`, without dots in between; `None` where it leaves the project.
pub fn join(directory: &str, target: &str) -> Option<String> {
    let mut parts: Vec<&str> = directory.split('/').filter(|part| !part.is_empty()).collect();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}
