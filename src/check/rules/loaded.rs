//! Modules of an installable project of Python that are loaded whenever it is used. The others may need packages that
//! nobody has to have: integrations, plugins, tools.

use std::collections::HashSet;

use super::{
    super::{
        project::{Project, parent, reached},
        syntax::Language,
    },
    imports::is_beside,
};

/// Files that are begun by their names: by people, by servers, by frameworks.
const BEGUN: &[&str] = &[
    "__main__",
    "main",
    "app",
    "cli",
    "wsgi",
    "asgi",
    "manage",
    "settings",
    "config",
    "urls",
    "server",
    "run",
    "worker",
    "admin",
    "models",
    "views",
    "tasks",
    "apps",
    "forms",
    "serializers",
    "api",
    "bot",
    "routes",
];

/// Files that say what is begun, by their endings or names.
const STARTS: &[&str] =
    &["toml", "cfg", "ini", "md", "yml", "yaml", "sh", "service", "Dockerfile", "Procfile", "Makefile", "Pipfile"];

/// The units that are loaded; `None` where any file may be.
pub fn loaded(project: &Project) -> Option<HashSet<usize>> {
    let is_python = |index: &usize| project.units[*index].language == Language::Python;
    if !project.manifests.python.is_installable {
        return None;
    }
    let of_starts = project.tree.files.iter().filter(|file| {
        let name = file.path.rsplit('/').next().unwrap_or(&file.path);
        let ending = name.rsplit('.').next().unwrap_or(name);
        STARTS.contains(&ending) || name == "setup.py"
    });
    let lines = of_starts.filter_map(|file| file.text.as_deref()).flat_map(str::lines);
    let named: String = lines.filter(|line| line.contains(':')).flat_map(|line| [line, "\n"]).collect();
    let has_package = |directory: &str| project.by_path.contains_key(format!("{directory}/__init__.py").as_str());
    let has_packages = project.directories.iter().any(|directory| has_package(directory) && !is_beside(directory));
    let begins = |index: &usize| {
        let path = project.path(*index);
        if is_beside(path) {
            return false;
        }
        let stem = path.rsplit('/').next().and_then(|name| name.split('.').next()).unwrap_or_default();
        let is_in_package = has_package(parent(path));
        let is_top = stem == "__init__" && !has_package(parent(parent(path)));
        let dotted = path.trim_start_matches("src/").trim_end_matches(".py").replace('/', ".");
        is_top || BEGUN.contains(&stem) || !is_in_package && !has_packages || named.contains(&format!("{dotted}:"))
    };
    let beginnings = (0..project.units.len()).filter(is_python).filter(begins).collect();
    Some(reached(project, beginnings, &|import| !import.is_guarded))
}
