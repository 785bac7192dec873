//! Where imports of JavaScript and TypeScript lead.

use std::{collections::HashSet, sync::LazyLock};

use super::{
    super::{
        facts::{Import, ImportKind},
        project::{Project, join, parent},
        syntax::Language,
    },
    Resolution,
};

/// Modules that come with Node and its relatives: `node -p "require('module').builtinModules"` of version 20.
static BUILT_IN: LazyLock<HashSet<&str>> =
    LazyLock::new(|| include_str!("../names/node_modules.txt").lines().collect());

/// What may stand behind a name, in the order in which it is looked for.
const ENDINGS: &[&str] = &[
    "",
    ".ts",
    ".tsx",
    ".d.ts",
    ".js",
    ".jsx",
    ".mjs",
    ".cjs",
    ".mts",
    ".cts",
    ".json",
    "/index.ts",
    "/index.tsx",
    "/index.js",
    "/index.jsx",
    "/index.mjs",
    "/index.cjs",
    "/index.d.ts",
    "/index.mts",
    "/index.cts",
];
/// What an ending that is written may stand for in the sources.
const SOURCES: &[(&str, &[&str])] = &[
    (".js", &[".ts", ".tsx", ".jsx", ".d.ts"]),
    (".jsx", &[".tsx"]),
    (".mjs", &[".mts", ".d.mts"]),
    (".cjs", &[".cts", ".d.cts"]),
    (".ts", &[".d.ts"]),
    (".mts", &[".d.mts"]),
    (".cts", &[".d.cts"]),
];

pub fn resolve(project: &Project, unit: usize, import: &Import) -> Resolution {
    let from = import.from.split(['?', '#']).next().unwrap_or_default();
    let is_loader = import.from.contains('!');
    if from.is_empty() || is_loader || from.contains(['*', '{', '$', '<', ' ', '\\', '`']) {
        return Resolution::Unknown;
    }
    if from.starts_with("./") || from.starts_with("../") || from == "." || from == ".." {
        return relative(project, unit, from);
    }
    if from.starts_with('/') || from.starts_with('~') || from.starts_with("@/") {
        return Resolution::Unknown;
    }
    if from.contains(':') {
        return Resolution::Standard;
    }
    package(project, unit, from, import)
}

fn relative(project: &Project, unit: usize, from: &str) -> Resolution {
    let path = project.path(unit);
    let Some(target) = join(parent(path), from) else { return Resolution::Unknown };
    // To the compiler of TypeScript a declaration stands for the script beside it.
    let is_typed = project.units[unit].language != Language::JavaScript;
    for (written, sources) in SOURCES.iter().filter(|_| is_typed) {
        let Some(stem) = target.strip_suffix(written) else { continue };
        let declaration = sources
            .iter()
            .map(|source| format!("{stem}{source}"))
            .find(|path| project.by_path.contains_key(path.as_str()));
        if let Some(declaration) = declaration {
            return found(project, &declaration);
        }
    }
    let index = join(&target, "index.d.ts").filter(|index| is_typed && project.by_path.contains_key(index.as_str()));
    let endings = index.iter().map(|_| "/index.d.ts").chain(ENDINGS.iter().copied());
    for ending in endings {
        let candidate =
            if target.is_empty() { ending.trim_start_matches('/').to_owned() } else { format!("{target}{ending}") };
        if project.by_path.contains_key(candidate.as_str()) {
            return found(project, &candidate);
        }
    }
    for (written, sources) in SOURCES {
        let Some(stem) = target.strip_suffix(written) else { continue };
        for source in *sources {
            let candidate = format!("{stem}{source}");
            if project.by_path.contains_key(candidate.as_str()) {
                return found(project, &candidate);
            }
        }
    }
    // A directory with a manifest of its own, a component in another language, a file for one platform.
    let directory = parent(&target);
    let is_near = project.files_in.get(directory).into_iter().flatten().any(|file| {
        let name = project.tree.files[*file].path.rsplit('/').next().unwrap_or_default();
        let stem = target.rsplit('/').next().unwrap_or_default();
        name.strip_prefix(stem).is_some_and(|rest| rest.starts_with('.'))
    });
    let manifest = join(&target, "package.json");
    let has_manifest = manifest.is_some_and(|manifest| project.by_path.contains_key(manifest.as_str()));
    let is_compiled = target.ends_with(".node") || target.ends_with(".wasm");
    // `./types` is rather a file that was forgotten than a directory that a build fills.
    let is_plain_word = matches!(target.rsplit('/').next(), Some("types" | "static" | "public" | "docs"));
    let endings: &[&str] = if is_plain_word { &[""] } else { &["", ".ts", ".js", "/index.ts", "/index.js"] };
    let is_built =
        endings.iter().any(|ending| project.manifests.may_be_built(&format!("{target}{ending}"), &project.directories));
    if is_near
        || has_manifest
        || is_compiled
        || is_built
        || is_made_of(project, &target)
        || project.manifests.leaves_out(path, &target)
    {
        return Resolution::Unknown;
    }
    Resolution::Missing(target)
}

/// Whether what was made of the target is there: `lib/a.js` for `src/a.ts`, as packages are published without sources.
fn is_made_of(project: &Project, target: &str) -> bool {
    let Some(rest) = target.strip_prefix("src/") else { return false };
    let stem =
        [".ts", ".tsx", ".js", ".jsx", ".mjs"].iter().find_map(|ending| rest.strip_suffix(ending)).unwrap_or(rest);
    ["lib", "dist", "build", "es", "esm", "cjs", "out"].iter().any(|made| {
        let ends = [".js", ".mjs", ".cjs", ".d.ts", "/index.js"];
        ends.iter().any(|end| project.by_path.contains_key(format!("{made}/{stem}{end}").as_str()))
    })
}

fn found(project: &Project, path: &str) -> Resolution {
    match project.unit_at(path) {
        Some(unit) if project.units[unit].language.is_script() => Resolution::Unit(unit),
        _ => Resolution::Unknown,
    }
}

fn package(project: &Project, unit: usize, from: &str, import: &Import) -> Resolution {
    let mut parts = from.split('/');
    let first = parts.next().unwrap_or(from);
    let name = match first.starts_with('@') {
        true => format!("{first}/{}", parts.next().unwrap_or_default()),
        false => first.to_owned(),
    };
    let is_aliased = project.manifests.aliases.iter().any(|alias| {
        alias.is_empty() && project_has(project, from)
            || (alias.len() > 1 && (from == alias || from.starts_with(alias.as_str())))
    });
    if first.starts_with('#') || first == "@" || is_aliased {
        return Resolution::Unknown;
    }
    // What a generator of sites gives to the pages in it.
    let is_of_site = matches!(first, "@site" | "@theme" | "@theme-original" | "@docusaurus" | "@generated");
    if is_of_site && project.manifests.declares(project.path(unit), &["@docusaurus/core"]) {
        return Resolution::Unknown;
    }
    if BUILT_IN.contains(first) {
        return Resolution::Standard;
    }
    // Types of a package, or a declaration of it in the project.
    if import.is_type_only
        || project.path(unit).ends_with(".d.ts")
        || project.units[unit].language != Language::JavaScript && declares(project, from)
    {
        return Resolution::Unknown;
    }
    if import.kind == ImportKind::Dynamic && import.is_guarded {
        return Resolution::Unknown;
    }
    Resolution::Foreign(name)
}

/// With a `baseUrl` any directory of the project may begin an import.
fn project_has(project: &Project, from: &str) -> bool {
    let first = from.split('/').next().unwrap_or(from);
    project.directories.iter().any(|directory| directory.rsplit('/').next() == Some(first))
        || project.by_path.keys().any(|path| path.rsplit('/').next().is_some_and(|name| name.starts_with(first)))
}

/// `declare module 'x'`.
fn declares(project: &Project, from: &str) -> bool {
    project.tree.files.iter().filter(|file| file.path.ends_with(".d.ts")).any(|file| {
        file.text.as_deref().is_some_and(|text| {
            text.contains(&format!("module '{from}'")) || text.contains(&format!("module \"{from}\""))
        })
    })
}
