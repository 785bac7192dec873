//! What manifests say: which packages are declared, which directories are not the project's own work.

mod directories;
mod published;
mod python;

use std::collections::{HashMap, HashSet};

use ignore::gitignore::{Gitignore, GitignoreBuilder};

use self::{
    directories::{BUILT, MATERIAL, TEMPLATES},
    published::Published,
    python::Python,
};
use super::{
    facts::Setting,
    project::{Unit, parent},
};
use crate::workspace::tree::Tree;

#[derive(Default)]
pub struct Manifests<'t> {
    /// By the directory of each `package.json`: the packages that it declares.
    pub node: HashMap<&'t str, HashSet<String>>,
    /// By the directory of each `Cargo.toml`.
    pub cargo: HashMap<&'t str, Cargo>,
    /// By the directory of each `go.mod`: the module's name and what it requires.
    pub go: HashMap<&'t str, GoModule<'t>>,
    pub python: Python,
    /// Directories of each `package.json` that has a build.
    built: HashSet<&'t str>,
    /// By the directory of each `package.json`: what of it is published.
    published: HashMap<&'t str, Published>,
    /// Those of them that stand here as they were published.
    whole: HashSet<&'t str>,
    /// Beginnings of imports that a configuration gives a meaning.
    pub aliases: HashSet<String>,
    ignored: Option<Gitignore>,
}

#[derive(Default)]
pub struct Cargo {
    pub package: Option<String>,
    pub library: Option<String>,
    pub dependencies: HashSet<String>,
    /// Files that targets name.
    pub targets: Vec<String>,
    /// `include` and `exclude`: what is published, and what is not.
    included: Option<Gitignore>,
    excluded: Option<Gitignore>,
    /// What it says cannot be read.
    pub is_unknown: bool,
}

pub struct GoModule<'t> {
    pub name: &'t str,
    pub requires: Vec<&'t str>,
    pub has_vendor: bool,
}

impl<'t> Manifests<'t> {
    pub fn new(tree: &'t Tree, units: &[Unit<'t>]) -> Manifests<'t> {
        let mut manifests = Manifests::default();
        for unit in units {
            manifests.json(&tree.files[unit.file].path, &unit.facts.settings);
        }
        let mut ignored = GitignoreBuilder::new("");
        for file in &tree.files {
            let Some(text) = file.text.as_deref() else { continue };
            let name = file.path.rsplit('/').next().unwrap_or(&file.path);
            match name {
                "Cargo.toml" | "Cargo.toml.orig" => manifests.cargo(parent(&file.path), text),
                "go.mod" => manifests.go_module(parent(&file.path), text, tree),
                "pyproject.toml" | "Pipfile" => manifests.python.pyproject(text),
                "setup.py" => manifests.python.setup_py(text),
                "setup.cfg" | "tox.ini" | "environment.yml" | "environment.yaml" | "noxfile.py" => {
                    let is_declared = name == "setup.cfg" && text.contains("install_requires");
                    manifests.python.is_declared |= is_declared;
                    manifests.python.is_installable |= is_declared;
                    manifests.python.loose_words(text);
                }
                ".gitignore" | ".npmignore" => {
                    for line in text.lines() {
                        // A line that cannot be read ignores nothing.
                        let _ = ignored.add_line(None, line.trim_start_matches('/'));
                    }
                }
                _ if name.contains("requirements")
                    && (name.ends_with(".txt") || name.ends_with(".in") || name.ends_with(".pip"))
                    || parent(&file.path).ends_with("requirements") =>
                {
                    manifests.python.requirements(text);
                }
                _ if is_bundler_config(name) => manifests.alias_words(text),
                _ if name.ends_with(".html") && text.contains("importmap") => manifests.alias_words(text),
                _ => {}
            }
        }
        manifests.ignored = ignored.build().ok();
        let whole = manifests.published.iter().filter(|(directory, published)| {
            published.is_whole(tree.files.iter().filter_map(|file| below(directory, &file.path)))
        });
        manifests.whole = whole.map(|(directory, _)| *directory).collect();
        manifests
    }

    pub fn is_material(&self, path: &str) -> bool {
        let is_listed = |part: &str| MATERIAL.contains(&part.to_lowercase().as_str());
        let name = path.rsplit('/').next().unwrap_or(path);
        let is_template = !name.ends_with(".html") && parent(path).split('/').any(|part| TEMPLATES.contains(&part));
        // What tests are given to read.
        let mut parts = parent(path).split('/').skip_while(|part| !matches!(*part, "test" | "tests"));
        let is_given = parts.any(|part| matches!(part, "samples" | "data" | "resources" | "expected"));
        let is_bundle = name.contains(".min.") || name.ends_with("bundle.js");
        let is_template = is_template || name.split('.').next().is_some_and(|stem| stem.ends_with("_template"));
        // The path of a file that a generator of projects writes is filled in, too.
        let is_template = is_template || path.contains("{{");
        parent(path).split('/').any(is_listed) || is_template || is_given || is_bundle
    }

    /// Whether a build may put the file there: into a directory that is not there yet, or that git leaves out.
    pub fn may_be_built(&self, path: &str, directories: &HashSet<&str>) -> bool {
        let mut ends = path.match_indices('/').map(|(at, _)| &path[..at]);
        let is_built = ends.any(|directory| {
            let name = directory.rsplit('/').next().unwrap_or(directory);
            BUILT.contains(&name) && !directories.contains(directory)
        });
        is_built
            || self.ignored.as_ref().is_some_and(|ignored| ignored.matched_path_or_any_parents(path, false).is_ignore())
    }

    /// Whether `target` may be a file that the package of `path` is not published with.
    pub fn leaves_out(&self, path: &str, target: &str) -> bool {
        above(path)
            .filter(|directory| self.whole.contains(directory))
            .any(|directory| below(directory, target).is_none_or(|target| self.published[directory].leaves_out(target)))
    }

    /// Whether the crate around the file is published without it.
    pub fn crate_leaves_out(&self, path: &str) -> bool {
        let nearest = above(path).find_map(|directory| Some((directory, self.cargo.get(directory)?)));
        let Some((path, cargo)) = nearest.and_then(|(directory, cargo)| Some((below(directory, path)?, cargo))) else {
            return false;
        };
        let lists = |list: &Option<Gitignore>| {
            list.as_ref().map(|list| list.matched_path_or_any_parents(path, false).is_ignore())
        };
        lists(&cargo.included) == Some(false) || lists(&cargo.excluded) == Some(true)
    }

    /// Whether what is published of the file's package comes out of a build.
    pub fn is_compiled(&self, path: &str) -> bool {
        above(path).filter_map(|directory| self.published.get(directory)).any(Published::is_built)
    }

    /// Whether a manifest above the file has a build, which may put more there than is seen.
    pub fn has_build(&self, path: &str) -> bool {
        above(path).any(|directory| self.built.contains(directory))
    }

    /// Whether a manifest above the file declares one of these packages.
    pub fn declares(&self, path: &str, packages: &[&str]) -> bool {
        let mut declared = above(path).filter_map(|directory| self.node.get(directory));
        declared.any(|declared| packages.iter().any(|package| declared.contains(*package)))
    }

    fn json(&mut self, path: &'t str, settings: &[Setting<'t>]) {
        let name = path.rsplit('/').next().unwrap_or(path);
        if name == "package.json" {
            let mut packages: HashSet<String> = HashSet::new();
            for setting in settings {
                for list in [
                    "dependencies",
                    "devDependencies",
                    "peerDependencies",
                    "optionalDependencies",
                    "peerDependenciesMeta",
                    "imports",
                    "alias",
                ] {
                    if let Some(package) = setting.key.strip_prefix(list).and_then(|rest| rest.strip_prefix('.')) {
                        packages.insert(package.to_owned());
                    }
                }
                let is_bundled =
                    setting.key.starts_with("bundleDependencies.") || setting.key.starts_with("bundledDependencies.");
                if setting.key == "name" || is_bundled {
                    packages.insert(setting.text.to_string());
                }
                let builds = ["build", "prepare", "prepublishOnly", "prepack", "compile"];
                let script = setting.key.strip_prefix("scripts.");
                if script.is_some_and(|script| builds.iter().any(|build| script.split(':').any(|part| part == *build)))
                {
                    self.built.insert(parent(path));
                }
            }
            self.node.insert(parent(path), packages);
            self.published.insert(parent(path), Published::new(settings));
        }
        if name.starts_with("tsconfig")
            || name.starts_with("jsconfig")
            || name == "deno.json"
            || name == "import_map.json"
        {
            for setting in settings {
                let in_paths =
                    setting.key.strip_prefix("compilerOptions.paths.").or_else(|| setting.key.strip_prefix("imports."));
                if let Some(pattern) = in_paths {
                    let pattern = pattern.split(['*', '.']).next().unwrap_or_default();
                    self.aliases.insert(pattern.trim_end_matches('/').to_owned());
                }
                if setting.key == "compilerOptions.baseUrl" {
                    self.aliases.insert(String::new());
                }
            }
        }
    }

    fn cargo(&mut self, directory: &'t str, text: &str) {
        let entry = self.cargo.entry(directory).or_default();
        let Ok(manifest) = toml::from_str::<toml::Table>(text) else {
            entry.is_unknown = true;
            return;
        };
        let table = |value: Option<&toml::Value>| value.and_then(toml::Value::as_table).cloned().unwrap_or_default();
        let name_of = |table: &toml::Table| table.get("name").and_then(toml::Value::as_str).map(str::to_owned);
        let package = table(manifest.get("package"));
        let library = table(manifest.get("lib"));
        entry.package = entry.package.take().or(name_of(&package));
        entry.library = entry.library.take().or(name_of(&library));
        entry.targets.extend(library.get("path").and_then(toml::Value::as_str).map(str::to_owned));
        entry.targets.extend(package.get("build").and_then(toml::Value::as_str).map(str::to_owned));
        let patterns = |key: &str| {
            let listed = package.get(key).and_then(toml::Value::as_array)?;
            let mut patterns = GitignoreBuilder::new("");
            for pattern in listed.iter().filter_map(toml::Value::as_str) {
                // A pattern that cannot be read lists nothing.
                let _ = patterns.add_line(None, pattern);
            }
            patterns.build().ok()
        };
        (entry.included, entry.excluded) = (patterns("include"), patterns("exclude"));
        for list in ["bin", "test", "bench", "example"] {
            for target in manifest.get(list).and_then(toml::Value::as_array).into_iter().flatten() {
                entry.targets.extend(target.get("path").and_then(toml::Value::as_str).map(str::to_owned));
            }
        }
        let mut tables = vec![manifest.clone()];
        tables.extend(table(manifest.get("target")).values().filter_map(|value| value.as_table().cloned()));
        tables.push(table(manifest.get("workspace")));
        for table_of in tables {
            for list in
                ["dependencies", "dev-dependencies", "build-dependencies", "dev_dependencies", "build_dependencies"]
            {
                entry.dependencies.extend(table(table_of.get(list)).keys().map(|name| name.replace('-', "_")));
            }
        }
    }

    fn go_module(&mut self, directory: &'t str, text: &'t str, tree: &Tree) {
        let mut module = GoModule { name: "", requires: Vec::new(), has_vendor: false };
        let mut is_inside = false;
        for line in text.lines() {
            let line = line.split("//").next().unwrap_or_default().trim();
            if let Some(name) = line.strip_prefix("module ") {
                module.name = name.trim().trim_matches('"');
            } else if line.starts_with("require (") || line.starts_with("require(") || line.starts_with("replace (") {
                is_inside = true;
            } else if line == ")" {
                is_inside = false;
            } else if is_inside || line.starts_with("require ") || line.starts_with("replace ") {
                let required = line.trim_start_matches("require ").trim_start_matches("replace ");
                module.requires.extend(required.split_whitespace().next());
            }
        }
        let vendor = if directory.is_empty() { "vendor/".to_owned() } else { format!("{directory}/vendor/") };
        module.has_vendor = tree.files.iter().any(|file| file.path.starts_with(&vendor));
        self.go.insert(directory, module);
    }

    fn alias_words(&mut self, text: &str) {
        for quoted in text.split(['"', '\'', '`']).skip(1).step_by(2) {
            let word = quoted.trim_end_matches(['*', '/', '$']);
            if !word.is_empty() && word.len() < 60 && !word.starts_with('.') && !word.contains(char::is_whitespace) {
                self.aliases.insert(word.to_owned());
            }
        }
        for key in text.split(['{', ',', '\n']).filter_map(|part| part.split_once(':')).map(|(key, _)| key.trim()) {
            if !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || "_$@~-".contains(c)) {
                self.aliases.insert(key.to_owned());
            }
        }
    }
}

/// The rest of a path that lies in `directory`.
fn below<'p>(directory: &str, path: &'p str) -> Option<&'p str> {
    match directory {
        "" => Some(path),
        _ => path.strip_prefix(directory)?.strip_prefix('/'),
    }
}

/// The directories above a file, nearest first.
fn above(path: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(parent(path)), |directory| (!directory.is_empty()).then(|| parent(directory)))
}

/// Configurations that can give an import another meaning.
fn is_bundler_config(name: &str) -> bool {
    let beginnings = [
        "webpack",
        "vite",
        "rollup",
        "babel",
        ".babelrc",
        "jest",
        "vitest",
        "esbuild",
        "snowpack",
        "next.config",
        "nuxt.config",
        "karma",
        "wdio",
        "metro",
        "rspack",
        "gulpfile",
        "Gruntfile",
        "astro.config",
        "svelte.config",
    ];
    beginnings.iter().any(|beginning| name.starts_with(beginning)) && !name.ends_with(".md")
}
