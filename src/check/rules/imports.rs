//! Imports that lead nowhere, packages that nobody declares, names that a file does not offer.

use super::{
    super::{
        Rule,
        facts::Import,
        project::{Project, parent},
        resolve::{Exported, Resolution, exported, names_of},
        syntax::Language,
    },
    Found,
    loaded::loaded,
};

/// Imports of the files about which something is to be said.
fn imports<'p, 't>(project: &'p Project<'t>) -> impl Iterator<Item = (usize, &'p Import<'t>, &'p Resolution)> {
    let units = project.units.iter().enumerate().filter(|(_, unit)| unit.is_read() && !project.is_material(unit.file));
    units.filter(|(_, unit)| unit.language != Language::Rust).flat_map(move |(index, unit)| {
        let imports = unit.facts.imports.iter().enumerate().filter(|(_, import)| !import.is_guarded);
        imports.map(move |(number, import)| (index, import, project.resolution(index, number)))
    })
}

/// Imports that resolve to no file of the project.
pub fn unresolved(project: &Project) -> Vec<Found> {
    let mut found = Vec::new();
    for (unit, import, resolution) in imports(project) {
        let Resolution::Missing(target) = resolution else { continue };
        // Tests of resolvers ask for files that are not there.
        let is_on_purpose = ["not-exist", "not_exist", "nonexist", "non-exist", "no-such"]
            .iter()
            .any(|words| import.from.to_lowercase().contains(words));
        let is_of_errors = |part: &str| part.ends_with("-errors") || part.ends_with("_errors");
        if is_on_purpose || parent(project.path(unit)).split('/').any(is_of_errors) {
            continue;
        }
        let paths = project.by_path.keys().copied().filter(|path| parent(path) == parent(target));
        let nearest = project.nearest(target, paths);
        let message = format!("'{}' leads to no file: there is no '{target}'", import.from);
        found.push(
            Found::error(unit, import.at, Rule::UnresolvedImport, &import.from, message)
                .looked_in(target.as_str())
                .nearest(nearest),
        );
    }
    for (unit, name, places) in &project.modules.missing {
        let is_told = project.units[*unit].is_read() && project.modules.is_reached(*unit);
        if is_told && !project.is_material(project.units[*unit].file) {
            let message = format!(
                "the module '{}' is in no file: there is neither {}",
                name.text,
                places.replace(" and ", " nor ")
            );
            found.push(
                Found::error(*unit, name.at, Rule::UnresolvedImport, name.text, message).looked_in(places.clone()),
            );
        }
    }
    found
}

/// Directories whose files run in surroundings of their own.
pub fn is_beside(path: &str) -> bool {
    let beside = [
        "test",
        "tests",
        "__tests__",
        "spec",
        "specs",
        "docs",
        "doc",
        "examples",
        "example",
        "bench",
        "benches",
        "benchmark",
        "benchmarks",
        "scripts",
        "tools",
        "demo",
        "demos",
        "e2e",
        "ci",
        ".github",
        "website",
        "site",
        "contrib",
        "extras",
        "samples",
        "playground",
        "testing",
        "tasks",
        "build",
        "_tests",
        "perf",
        "fuzz",
        "extra",
        "misc",
        "docs_src",
        "hack",
        "cypress",
        "release",
    ];
    let name = path.rsplit('/').next().unwrap_or(path);
    let is_test = name.contains(".test.")
        || name.contains(".spec.")
        || name.contains(".cy.")
        || name.contains("-test.")
        || name.contains("-spec.")
        || name.starts_with("test_")
        || name.ends_with("_test.py")
        || name == "conftest.py"
        || name.contains(".config.")
        || matches!(name, "setup.py" | "noxfile.py" | "tasks.py" | "Gruntfile.js" | "gulpfile.js");
    let is_aside = |part: &str| {
        let is_hidden = part.starts_with('.') && part.len() > 1;
        is_hidden || beside.contains(&part.to_lowercase().as_str())
    };
    is_test || parent(path).split('/').any(is_aside)
}

/// Packages that are used and not declared.
pub fn undeclared(project: &Project) -> Vec<Found> {
    let mut found = Vec::new();
    let loaded = loaded(project);
    for (unit, import, resolution) in imports(project) {
        let Resolution::Foreign(name) = resolution else { continue };
        let path = project.path(unit);
        let manifest = match project.units[unit].language {
            Language::Python => undeclared_python(project, path, name),
            Language::Go => Some("go.mod".to_owned()),
            _ if is_below(project, &import.from) => None,
            _ => undeclared_node(project, path, name),
        };
        let Some(manifest) = manifest else { continue };
        let message = format!("the package '{name}' is used here and not declared in {manifest}");
        // What is installed because another package needs it is there today.
        let is_brought = match project.units[unit].language {
            Language::Python => {
                let is_optional = loaded.as_ref().is_some_and(|loaded| !loaded.contains(&unit));
                is_optional || project.manifests.python.comes_along(name) || is_locked(project, name)
            }
            Language::Go => false,
            _ => is_locked(project, name),
        };
        let make = if is_brought { Found::hint } else { Found::error };
        let declared = project.manifests.node.values().flatten().chain(&project.manifests.python.distributions);
        let nearest = project.nearest(name, declared.map(String::as_str));
        found.push(make(unit, import.at, Rule::UndeclaredPackage, name, message).looked_in(manifest).nearest(nearest));
    }
    found
}

/// Whether a bundler can find the import below one of the project's own directories: `utils/app`.
fn is_below(project: &Project, from: &str) -> bool {
    let ends = ["", ".js", ".ts", ".jsx", ".tsx", ".mjs", ".vue", "/index.js", "/index.ts", "/index.tsx", "/index.jsx"];
    let ends: Vec<String> = ends.iter().map(|end| format!("{from}{end}")).collect();
    project.by_path.keys().any(|path| {
        ends.iter()
            .any(|end| path.strip_suffix(end.as_str()).is_some_and(|before| before.is_empty() || before.ends_with('/')))
    })
}

/// Whether a lock file of the project names the package, or is there and too long to be read.
fn is_locked(project: &Project, name: &str) -> bool {
    let locks = ["package-lock.json", "yarn.lock", "pnpm-lock.yaml", "bun.lock", "uv.lock", "poetry.lock", "pdm.lock"];
    let dashed = name.to_lowercase().replace('_', "-");
    let forms = [
        format!("\"node_modules/{name}\""),
        format!("\"{name}\": {{"),
        format!("\"{name}@"),
        format!("\n{name}@"),
        format!(" {name}@"),
        format!("'{name}@"),
        format!("/{name}@"),
        format!("/{name}/"),
        format!("name = \"{dashed}\""),
    ];
    project.tree.files.iter().filter(|file| locks.contains(&file.path.rsplit('/').next().unwrap_or_default())).any(
        |file| file.text.as_deref().is_none_or(|text| text.is_empty() || forms.iter().any(|form| text.contains(form))),
    )
}

/// The manifest that should declare the package, if none above the file does.
fn undeclared_node(project: &Project, path: &str, name: &str) -> Option<String> {
    let mut directory = parent(path);
    let mut nearest = None;
    let types = format!("@types/{}", name.trim_start_matches('@').replace('/', "__"));
    loop {
        if let Some(packages) = project.manifests.node.get(directory) {
            nearest.get_or_insert(directory);
            if packages.contains(name) || packages.contains(&types) {
                return None;
            }
        }
        if directory.is_empty() {
            break;
        }
        directory = parent(directory);
    }
    let directory = nearest?;
    // Other packages of the same repository are there by their names.
    let is_in_workspace = project.manifests.node.values().any(|packages| packages.contains(name));
    if is_in_workspace || is_beside(path) {
        return None;
    }
    Some(if directory.is_empty() { "package.json".to_owned() } else { format!("{directory}/package.json") })
}

fn undeclared_python(project: &Project, path: &str, name: &str) -> Option<String> {
    let python = &project.manifests.python;
    if !python.is_declared || python.is_open || is_beside(path) || name.starts_with('_') {
        return None;
    }
    if python.may_bring(name) {
        return None;
    }
    Some("the project's dependencies".to_owned())
}

/// Names that the file they are imported from does not offer.
pub fn missing_exports(project: &Project) -> Vec<Found> {
    let mut found = Vec::new();
    for (unit, import, resolution) in imports(project) {
        let Resolution::Unit(target) = *resolution else { continue };
        if target == unit {
            continue;
        }
        let path = project.path(target);
        let mut check = |name, at, shown: &str| {
            if exported(project, target, name, 8) == Exported::Missing {
                let names = names_of(project, target);
                let nearest = project.nearest(name, names.iter().copied());
                let message = format!("{shown} is not offered by '{path}'");
                found.push(Found::error(unit, at, Rule::MissingExport, name, message).looked_in(path).nearest(nearest));
            }
        };
        for name in &import.names {
            check(name.text, name.at, &format!("'{}'", name.text));
        }
        // A CommonJS module as a whole is its default.
        let has_default =
            !project.units[target].facts.exports.has_common_js && project.units[target].facts.exports.has_module_syntax;
        if let (Some(at), true) = (import.default, has_default) {
            check("default", at, "a default export");
        }
    }
    for (index, unit) in project.units.iter().enumerate() {
        if !unit.is_read() || project.is_material(unit.file) || unit.language != Language::Python {
            continue;
        }
        for name in &unit.facts.exports.promised {
            if exported(project, index, name.text, 8) == Exported::Missing {
                let message = format!("'{}' stands in __all__ and is not in this file", name.text);
                let nearest = project.nearest(name.text, names_of(project, index));
                let path = project.path(index);
                found.push(
                    Found::error(index, name.at, Rule::MissingExport, name.text, message)
                        .looked_in(path)
                        .nearest(nearest),
                );
            }
        }
    }
    found
}
