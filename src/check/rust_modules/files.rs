//! Which file a module is in, by where it is declared.

use super::{
    super::{
        facts::What,
        project::{Project, join, parent},
    },
    module_scope,
};

/// The names of the inline modules around a scope, outermost first.
pub fn inline_path<'t>(project: &Project<'t>, unit: usize, scope: usize) -> Vec<&'t str> {
    let facts = &project.units[unit].facts;
    let mut names = Vec::new();
    let mut inner = scope;
    while let Some(around) = facts.scopes[inner].parent {
        let outer = module_scope(project, unit, around);
        let named = facts.scopes[outer].bindings.iter().find(|(_, bindings)| {
            bindings.iter().any(|binding| matches!(binding.what, What::Module(Some(scope)) if scope == inner))
        });
        names.extend(named.map(|(name, _)| *name));
        inner = outer;
    }
    names.reverse();
    names
}

/// Whether the file begins a crate: a library, a program, a test, an example, a build script.
pub fn is_root(project: &Project, unit: usize) -> bool {
    let path = project.path(unit);
    let name = path.rsplit('/').next().unwrap_or(path);
    let mut directory = parent(path);
    let is_target = |cargo_directory: &str| {
        project.manifests.cargo.get(cargo_directory).is_some_and(|cargo| {
            cargo.targets.iter().any(|target| join(cargo_directory, target).as_deref() == Some(path))
        })
    };
    let home = directory.rsplit('/').next().unwrap_or(directory);
    if matches!(name, "lib.rs" | "main.rs" | "build.rs") {
        return true;
    }
    // The directories of targets stand beside the manifest.
    let around = match home {
        "bin" => parent(parent(directory)),
        _ => parent(directory),
    };
    if matches!(home, "tests" | "benches" | "examples" | "bin") && project.manifests.cargo.contains_key(around) {
        return true;
    }
    loop {
        if is_target(directory) {
            return true;
        }
        if directory.is_empty() {
            return false;
        }
        directory = parent(directory);
    }
}
