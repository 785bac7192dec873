//! Where imports of Go lead.

use super::{
    super::{
        project::{Project, join, parent},
        syntax::Language,
    },
    Resolution,
};

/// Whether an import belongs to the standard library: its first part has no dot.
pub fn of_standard_library(from: &str) -> bool {
    !from.split('/').next().unwrap_or(from).contains('.')
}

pub fn resolve(project: &Project, unit: usize, from: &str) -> Resolution {
    if from == "C" || from.starts_with('.') {
        return Resolution::Unknown;
    }
    // The longest module name that the import begins with; where several manifests declare the same, the one nearest
    // above the file, and no other.
    let own = nearest_manifest(project, project.path(unit));
    let mut modules: Vec<(&str, &str)> =
        project.manifests.go.iter().map(|(directory, module)| (*directory, module.name)).collect();
    modules.sort_by_key(|(directory, name)| (std::cmp::Reverse(name.len()), Some(*directory) != own, *directory));
    for (directory, name) in modules {
        let Some(rest) =
            from.strip_prefix(name).filter(|rest| !name.is_empty() && (rest.is_empty() || rest.starts_with('/')))
        else {
            continue;
        };
        let Some(target) = join(directory, rest) else { return Resolution::Unknown };
        let files = project.files_in.get(target.as_str());
        let units = files.into_iter().flatten().filter_map(|file| project.unit_at(&project.tree.files[*file].path));
        let package = units.filter(|unit| {
            let name = project.units[*unit].facts.package.unwrap_or_default();
            project.units[*unit].language == Language::Go
                && !name.ends_with("_test")
                && !project.path(*unit).ends_with("_test.go")
                && name != "main"
        });
        return match package.min() {
            Some(unit) => Resolution::Package(unit),
            None if files.is_some_and(|files| !files.is_empty()) => Resolution::Unknown,
            None if project.manifests.may_be_built(&format!("{target}/x.go"), &project.directories) => {
                Resolution::Unknown
            }
            None => Resolution::Missing(target),
        };
    }
    if of_standard_library(from) {
        return Resolution::Standard;
    }
    // The nearest manifest above the file has to require it.
    let Some(module) = own.and_then(|directory| project.manifests.go.get(directory)) else {
        return Resolution::Unknown;
    };
    let is_required = module
        .requires
        .iter()
        .any(|required| from.strip_prefix(required).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')));
    if is_required || module.has_vendor { Resolution::Unknown } else { Resolution::Foreign(from.to_owned()) }
}

/// The directory of the manifest nearest above a file.
fn nearest_manifest<'p>(project: &Project, path: &'p str) -> Option<&'p str> {
    let mut directory = parent(path);
    loop {
        if project.manifests.go.contains_key(directory) {
            return Some(directory);
        }
        if directory.is_empty() {
            return None;
        }
        directory = parent(directory);
    }
}

/// Whether a tool writes a part of the package that is not here.
pub fn may_be_generated(project: &Project, unit: usize) -> bool {
    let units = project.siblings(unit);
    let is_generated = |unit: &usize| {
        project.units[*unit].text.contains("//go:generate") || project.units[*unit].text.contains("import \"C\"")
    };
    let directory = parent(project.path(unit));
    let has_source = project.files_in.get(directory).into_iter().flatten().any(|file| {
        let path = &project.tree.files[*file].path;
        [".proto", ".y", ".templ", ".s"].iter().any(|ending| path.ends_with(ending))
    });
    has_source || units.iter().any(is_generated)
}
