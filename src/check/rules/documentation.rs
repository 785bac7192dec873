//! Files that generators of documentation write, or put beside a page: nobody can miss them.

use super::super::project::{Project, parent};

/// Pages that Sphinx makes by itself.
const INDEXES: &[&str] = &["genindex.html", "search.html", "modindex.html", "py-modindex.html", "objects.inv"];
/// Directories that Sphinx fills beside the pages.
const FILLED: &[&str] = &["_static", "_images", "_sources", "_modules", "_downloads"];
/// What pages are written from.
const SOURCES: &[&str] = &[".rst", ".txt", ".md", ".ipynb", ".adoc", ".org"];

/// Whether `target`, which the file at `path` names, is there once the documentation is built.
pub fn may_be_written(project: &Project, path: &str, target: &str) -> bool {
    let name = target.rsplit('/').next().unwrap_or(target);
    let is_indexed = INDEXES.contains(&name);
    let is_filled = parent(target).split('/').any(|part| FILLED.contains(&part));
    let stem = target.strip_suffix(".html").unwrap_or(target);
    let has_source =
        stem != target && SOURCES.iter().any(|ending| project.by_path.contains_key(format!("{stem}{ending}").as_str()));
    // Pictures are left out where a project is packed.
    let is_picture = [".png", ".jpg", ".jpeg", ".gif", ".svg"].iter().any(|ending| name.ends_with(ending))
        && path.split('/').next().is_some_and(|top| top.starts_with("doc"));
    is_indexed || is_filled || is_picture || has_source || is_of_theme(project, path)
}

/// Whether the file is laid over those of a theme, which lie elsewhere.
fn is_of_theme(project: &Project, path: &str) -> bool {
    let has = |directory: &str, name: &str| {
        let path = if directory.is_empty() { name.to_owned() } else { format!("{directory}/{name}") };
        project.by_path.contains_key(path.as_str())
    };
    let above = std::iter::successors(Some(parent(path)), |at| (!at.is_empty()).then(|| parent(at)));
    let is_own = |part: &str| matches!(part.trim_start_matches(['_', '.']), "static" | "templates" | "themes");
    let is_laid = parent(path).split('/').any(|part| part.starts_with(['_', '.']) && is_own(part));
    is_laid && project.by_path.keys().any(|path| path.rsplit('/').next() == Some("conf.py"))
        || above.into_iter().any(|directory| has(directory, "theme.conf") || has(directory, "theme.toml"))
}
