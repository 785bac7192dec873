//! Where imports of Python lead.

use std::{collections::HashSet, sync::LazyLock};

use super::{
    super::{
        facts::{Imported, What},
        project::{Project, join, parent},
        syntax::Language,
    },
    Exported, Resolution, exported as exported_of,
};

/// Top modules of the standard library, of Python 2.7 up to 3.14.
static STANDARD: LazyLock<HashSet<&str>> =
    LazyLock::new(|| include_str!("../names/python_modules.txt").lines().collect());

pub fn resolve(project: &Project, unit: usize, from: &str) -> Resolution {
    let dots = from.chars().take_while(|c| *c == '.').count();
    let rest = from[dots..].trim();
    let path = project.path(unit);
    if dots > 0 {
        let mut base = parent(path);
        for _ in 1..dots {
            if base.is_empty() {
                return Resolution::Unknown;
            }
            base = parent(base);
        }
        return below(project, base, rest);
    }
    let first = rest.split('.').next().unwrap_or(rest);
    // The directory of the script itself, and any directory that may be on the path.
    let roots = project.python_roots.get(first).map_or(&[][..], Vec::as_slice);
    let roots: Vec<&str> = roots.iter().copied().filter(|root| may_be_root(project, path, root, first)).collect();
    if roots.is_empty() {
        return if STANDARD.contains(first) { Resolution::Standard } else { Resolution::Foreign(first.to_owned()) };
    }
    if STANDARD.contains(first) {
        return Resolution::Unknown;
    }
    let mut missing = None;
    for root in &roots {
        match below(project, root, rest) {
            Resolution::Missing(path) => missing = Some(path),
            // Several places may be meant.
            Resolution::Unit(_) if roots.len() > 1 => return unambiguous(project, &roots, rest),
            found => return found,
        }
    }
    // Without an `__init__.py` the package may go on elsewhere.
    let is_whole = roots.len() == 1 && {
        let package = join(roots[0], first).unwrap_or_default();
        project.by_path.contains_key(format!("{package}/__init__.py").as_str())
    };
    match missing {
        Some(path) if is_whole => Resolution::Missing(path),
        _ => Resolution::Unknown,
    }
}

/// Whether a module of this directory can be what an absolute import in the file at `path` means.
fn may_be_root(project: &Project, path: &str, root: &str, name: &str) -> bool {
    let below = |name: &str| if root.is_empty() { name.to_owned() } else { format!("{root}/{name}") };
    // No file imports itself: it has the name of a package that it wraps.
    if path == below(&format!("{name}.py")) {
        return false;
    }
    let is_top = root.is_empty() || ["src", "lib", "python"].contains(&root);
    // A package from elsewhere is nearer than a file of the same name somewhere in the project.
    if !is_top && project.manifests.python.distributes(name) {
        return false;
    }
    // The modules of a package are imported by its name, unless a script runs beside them.
    let is_above = path.strip_prefix(root).is_some_and(|rest| rest.starts_with('/'));
    // An example is run where it lies, and does not see the directories above.
    let is_example = root.split('/').any(|part| matches!(part, "examples" | "example" | "docs" | "doc"));
    if is_example && parent(path) != root {
        return false;
    }
    is_top || is_above || !project.by_path.contains_key(below("__init__.py").as_str())
}

fn unambiguous(project: &Project, roots: &[&str], rest: &str) -> Resolution {
    let mut found: Vec<Resolution> = roots.iter().map(|root| below(project, root, rest)).collect();
    found.retain(|resolution| !matches!(resolution, Resolution::Missing(_)));
    if found.len() == 1 { found.remove(0) } else { Resolution::Unknown }
}

/// The module `dotted` in the directory `base`.
fn below(project: &Project, base: &str, dotted: &str) -> Resolution {
    let Some(target) = join(base, &dotted.replace('.', "/")) else { return Resolution::Unknown };
    for candidate in [
        format!("{target}.py"),
        format!("{target}/__init__.py"),
        format!("{target}.pyi"),
        format!("{target}/__init__.pyi"),
    ] {
        let candidate = candidate.trim_start_matches('/');
        if let Some(unit) = project.unit_at(candidate) {
            // A stub beside says what the module has besides what is seen.
            let has_stub = candidate.ends_with(".py") && project.by_path.contains_key(format!("{candidate}i").as_str());
            return if has_stub { Resolution::Unknown } else { Resolution::Unit(unit) };
        }
    }
    if project.directories.contains(target.as_str()) {
        return Resolution::Unknown;
    }
    // Compiled modules, and files that a build writes.
    let (directory, stem) = target.rsplit_once('/').unwrap_or(("", target.as_str()));
    let is_near = project.files_in.get(directory).into_iter().flatten().any(|file| {
        let name = project.tree.files[*file].path.rsplit('/').next().unwrap_or_default();
        name.strip_prefix(stem).is_some_and(|rest| rest.starts_with('.'))
    });
    let is_version = stem.contains("version");
    let is_private = dotted.split('.').any(|part| part.starts_with('_'));
    let may_be_compiled = is_private && project.has_compiled;
    // A module below a file is no module, but an attribute of it: `import os.path`.
    let is_attribute = project.by_path.contains_key(format!("{}.py", directory).as_str());
    // A package that makes its modules when it is loaded, as `six.moves`.
    let makes_modules = std::iter::successors(Some(directory), |at| (!at.is_empty()).then(|| parent(at))).any(|at| {
        let package = project.unit_at(&format!("{at}/__init__.py"));
        package.is_some_and(|unit| {
            let text = project.units[unit].text;
            text.contains("sys.modules") || text.contains("meta_path") || text.contains("__path__")
        })
    });
    let is_built = project.manifests.may_be_built(&format!("{target}.py"), &project.directories);
    if is_near
        || is_version
        || may_be_compiled
        || is_attribute
        || makes_modules
        || is_built
        || stem.ends_with("_pb2")
        || stem.ends_with("_pb2_grpc")
    {
        return Resolution::Unknown;
    }
    Resolution::Missing(format!("{target}.py"))
}

pub fn exported<'t>(project: &Project<'t>, unit: usize, name: &'t str, steps: usize) -> Exported {
    let facts = &project.units[unit].facts;
    if let Some(bindings) = facts.scopes[0].bindings.get(name) {
        // A name that is handed on is looked for where it comes from.
        if let [binding] = bindings.as_slice()
            && let What::Import(import, Imported::Name(name)) = binding.what
            && let Resolution::Unit(target) = project.resolution(unit, import)
            && let found @ Exported::Bound(..) = exported_of(project, *target, name, steps - 1)
        {
            return found;
        }
        return Exported::Bound(unit, 0);
    }
    // A module of the package.
    let path = project.path(unit);
    if matches!(path.rsplit('/').next(), Some("__init__.py" | "__init__.pyi")) {
        match below(project, parent(path), name) {
            Resolution::Missing(_) => {}
            _ => return Exported::Present,
        }
    }
    let mut is_open = facts.exports.is_open || facts.is_open;
    for star in &facts.exports.stars {
        match project.resolution(unit, *star) {
            Resolution::Unit(target) if *target != unit => match exported_of(project, *target, name, steps - 1) {
                Exported::Missing => {}
                Exported::Unknown => is_open = true,
                found => return found,
            },
            _ => is_open = true,
        }
    }
    is_open |= facts.scopes[0].bindings.contains_key("__getattr__");
    let is_of_module = name.starts_with("__") && name.ends_with("__");
    debug_assert_eq!(project.units[unit].language, Language::Python);
    if is_open || is_of_module { Exported::Unknown } else { Exported::Missing }
}
