//! Files that a page, a stylesheet, a manifest or a configuration names and that are not there.

use super::{
    super::{
        Rule, Severity,
        project::{Project, join, parent},
        syntax::Language,
    },
    Found,
    documentation::may_be_written,
    imports::is_beside,
};

/// Files that are named and not there.
pub fn missing(project: &Project) -> Vec<Found> {
    let mut found = Vec::new();
    for (index, unit) in project.units.iter().enumerate() {
        if !unit.is_read() && !matches!(unit.language, Language::Html | Language::Css) || project.is_material(unit.file)
        {
            continue;
        }
        for link in &unit.facts.links {
            if let Some(target) = missing_link(project, index, &link.target, link.by) {
                found.push(told(project, index, link.at, &link.target, target));
            }
        }
        let path = project.path(index);
        let name = path.rsplit('/').next().unwrap_or(path);
        for setting in &unit.facts.settings {
            let kind = match name {
                // What is built is not there yet.
                "package.json" | "manifest.json" if project.manifests.has_build(path) => false,
                "package.json" => of_package(&setting.key, &setting.text),
                "manifest.json" if is_extension(project, index) => of_extension(&setting.key),
                _ if name.starts_with("tsconfig") => of_tsconfig(&setting.key, &setting.text),
                _ => false,
            };
            if kind && let Some(target) = missing_setting(project, index, &setting.text) {
                let misfit = told(project, index, setting.at, &setting.text, target);
                // `npm init` writes this one, and nobody loads it.
                let is_preset = setting.key == "main" && setting.text == "index.js";
                let severity = if is_preset { Severity::Hint } else { Severity::Error };
                found.push(Found { severity, ..misfit });
            }
        }
    }
    found.extend(of_cargo(project));
    found.extend(of_templates(project));
    found
}

/// Pages that a server of Flask fills in.
fn of_templates(project: &Project) -> Vec<Found> {
    let mut found = Vec::new();
    // Loaders of its own find pages anywhere.
    let loads = ["jinja_loader", "ChoiceLoader", "FileSystemLoader", "PrefixLoader", "DispatchingJinjaLoader"];
    let mut servers = project.units.iter().filter(|unit| unit.language == Language::Python);
    if servers.any(|unit| loads.iter().any(|word| unit.text.contains(word))) {
        return found;
    }
    for (index, unit) in project.units.iter().enumerate() {
        let is_told = unit.language == Language::Python && unit.is_read() && !project.is_material(unit.file);
        if !is_told || !unit.facts.imports.iter().any(|import| import.from == "flask") || is_beside(project.path(index))
        {
            continue;
        }
        for call in
            unit.facts.calls.iter().filter(|call| call.path.last().is_some_and(|name| name.text == "render_template"))
        {
            let Some(argument) = call.arguments.first() else { continue };
            let Some(page) = argument.value.text().filter(|page| page.ends_with(".html")) else { continue };
            let is_there = project
                .by_path
                .keys()
                .any(|path| path.strip_suffix(page).is_some_and(|before| before.is_empty() || before.ends_with('/')));
            if !is_there {
                found.push(told(project, index, argument.at + 1, page, format!("templates/{page}")));
            }
        }
    }
    found
}

fn told(project: &Project, unit: usize, at: usize, written: &str, target: String) -> Found {
    let name = target.rsplit('/').next().unwrap_or(&target);
    let paths: Vec<&str> = project.by_path.keys().copied().collect();
    let siblings = paths.iter().copied().filter(|path| parent(path) == parent(&target));
    let nearest = project.nearest(&target, siblings);
    // The same name in another directory is nearer than any other name.
    let elsewhere = paths.iter().copied().filter(|path| path.rsplit('/').next() == Some(name)).min();
    let nearest = elsewhere.map(str::to_owned).or(nearest);
    let message = format!("'{written}' is not there: there is no '{target}'");
    Found::error(unit, at, Rule::MissingFile, written, message).looked_in(target).nearest(nearest)
}

/// Whether the unit is the manifest of a browser extension.
pub fn is_extension(project: &Project, unit: usize) -> bool {
    project.units[unit].facts.settings.iter().any(|setting| setting.key == "manifest_version")
}

/// The file that a page's address means, if it should be in the project and is not.
fn missing_link(project: &Project, unit: usize, written: &str, by: &str) -> Option<String> {
    let bare = written.split(['?', '#']).next().unwrap_or_default().trim();
    let is_elsewhere = bare.is_empty()
        || bare.contains(':')
        || bare.starts_with("//")
        || bare.starts_with('~')
        || bare.starts_with('@')
        || bare.contains(['{', '}', '<', '>', '$', '*', '%', '(', '\\', '\n', '[', '|']);
    if is_elsewhere || bare.contains("node_modules") {
        return None;
    }
    let last = bare.rsplit('/').next().unwrap_or(bare);
    // Without an ending it is a route, and only pages of the project itself are looked for.
    let ending = last.rsplit_once('.').map_or("", |(_, ending)| ending);
    let is_file = !ending.is_empty() && ending.len() <= 5 && ending.chars().all(char::is_alphanumeric);
    if !is_file || by == "href" && !matches!(ending, "html" | "htm" | "css" | "js" | "png" | "jpg" | "svg" | "pdf") {
        return None;
    }
    // A page that a program fills in is not where its addresses count from.
    let text = project.units[unit].text;
    let stem = project.path(unit).rsplit('/').next().and_then(|name| name.split('.').next());
    let is_template = matches!(stem, Some("template" | "layout"))
        || ["{{", "{%", "<%", "<?php"].iter().any(|mark| text.contains(mark))
        || text.contains("<base ");
    let directory = parent(project.path(unit));
    // A part of a page is put into others, and its addresses count from there.
    let lower = text[..text.floor_char_boundary(text.len().min(4_000))].to_lowercase();
    let is_part = project.units[unit].language == Language::Html
        && !["<html", "<!doctype", "<head", "<body"].iter().any(|tag| lower.contains(tag));
    if is_part {
        return None;
    }
    if let Some(rooted) = bare.strip_prefix('/') {
        return missing_from_root(project, unit, rooted, is_template);
    }
    if is_template {
        return None;
    }
    let path = project.path(unit);
    // Bundlers look for such a name among the packages, and put files beside the page that are not there yet.
    let is_of_package = by == "@import" && !bare.starts_with('.') && !project.manifests.node.is_empty();
    let is_bundled = project.manifests.has_build(path) && project.manifests.declares(path, COPIERS);
    if is_of_package && bare.contains('/') || is_bundled {
        return None;
    }
    let target = join(directory, bare)?;
    // Vite serves what lies in `public` as if it lay beside the page.
    let is_public = join(directory, &format!("public/{bare}")).is_some_and(|target| project.exists(&target));
    let is_there =
        is_public || project.exists(&target) || decoded(&target).is_some_and(|target| project.exists(&target));
    if is_there {
        return None;
    }
    let may_come =
        project.manifests.may_be_built(&target, &project.directories) || is_bundle(last) || is_media(project, &target);
    // A stylesheet is put together elsewhere, and its addresses count from there.
    let is_moved = project.units[unit].language == Language::Css
        && project.manifests.has_build(path)
        && project.by_path.keys().any(|path| path.rsplit('/').next() == Some(last));
    let may_come = may_come || may_be_written(project, path, &target) || is_served_by_code(project, last);
    let may_come = may_come || is_moved || is_styled(project, &target) || is_collected(project, &target);
    (!may_come).then_some(target)
}

/// An address from the root: which directory that is, the server decides.
fn missing_from_root(project: &Project, unit: usize, rooted: &str, is_template: bool) -> Option<String> {
    let is_there = project
        .by_path
        .keys()
        .any(|path| path.strip_suffix(rooted).is_some_and(|before| before.is_empty() || before.ends_with('/')));
    let last = rooted.rsplit('/').next().unwrap_or(rooted);
    let is_near = project.by_path.keys().any(|path| path.rsplit('/').next() == Some(last));
    // Only where the project has the directory that the address names is it certain that it is meant.
    let (first, _) = rooted.split_once('/')?;
    let has_directory = project.directories.iter().any(|directory| directory.rsplit('/').next() == Some(first));
    let is_page_of_root = parent(project.path(unit)).split('/').next().is_none_or(|directory| directory != "docs");
    let may_come =
        is_bundle(last) || project.manifests.may_be_built(rooted, &project.directories) || is_media(project, rooted);
    let may_come = may_come || is_styled(project, rooted);
    (!is_there && !is_near && has_directory && is_page_of_root && !may_come && !is_template).then(|| rooted.to_owned())
}

/// Tools of a build that copy files beside pages.
const COPIERS: &[&str] = &[
    "webpack",
    "gulp",
    "grunt",
    "rollup",
    "parcel",
    "react-scripts",
    "@vue/cli-service",
    "@angular/cli",
    "copyfiles",
    "vite-plugin-static-copy",
    "@rspack/core",
    "@rsbuild/core",
    "esbuild",
    "copy-webpack-plugin",
    "rollup-plugin-copy",
];

/// Other languages are compiled to a stylesheet of the same name.
fn is_styled(project: &Project, target: &str) -> bool {
    let Some(stem) = target.strip_suffix(".css") else { return false };
    let name = stem.rsplit('/').next().unwrap_or(stem);
    [".scss", ".sass", ".less", ".styl", ".pcss"].iter().any(|ending| {
        let source = format!("{name}{ending}");
        project.by_path.keys().any(|path| path.rsplit('/').next() == Some(source.as_str()))
    })
}

/// Django serves the files of all directories called `static` as one.
fn is_collected(project: &Project, target: &str) -> bool {
    let inside = |path: &str| -> Option<String> {
        let (before, inside) = path.split_once("static/")?;
        (before.is_empty() || before.ends_with('/')).then(|| inside.to_owned())
    };
    inside(target).is_some_and(|wanted| project.by_path.keys().any(|path| inside(path).as_ref() == Some(&wanted)))
}

/// A server in Python that knows the page by its name answers for it.
fn is_served_by_code(project: &Project, name: &str) -> bool {
    let mut servers = project.units.iter().filter(|unit| unit.language == Language::Python);
    name.ends_with(".html") && servers.any(|unit| unit.facts.literals.iter().any(|literal| literal.text == name))
}

/// What bundlers, and the tools that minify, write.
fn is_bundle(name: &str) -> bool {
    ["bundle", ".min.", "chunk", "vendor", "polyfill", "runtime"].iter().any(|word| name.contains(word))
}

/// Pictures and sounds are often left out where a project is packed: only if no file of the kind is there at all.
fn is_media(project: &Project, target: &str) -> bool {
    let is_picture = |path: &str| {
        [
            ".png", ".jpg", ".jpeg", ".gif", ".svg", ".ico", ".webp", ".mp4", ".webm", ".mp3", ".wav", ".ogg", ".woff",
            ".woff2", ".ttf", ".eot", ".avif", ".otf",
        ]
        .iter()
        .any(|ending| path.to_lowercase().ends_with(ending))
    };
    let directory = parent(target);
    is_picture(target) && !directory.is_empty() && !project.directories.contains(directory)
}

fn decoded(target: &str) -> Option<String> {
    target.contains("%20").then(|| target.replace("%20", " "))
}

/// Settings of `package.json` that name files which have to be there without a build.
fn of_package(key: &str, text: &str) -> bool {
    let is_entry = key == "main"
        || key == "module"
        || key == "browser"
        || key == "types"
        || key == "typings"
        || key == "bin"
        || key.starts_with("bin.");
    is_entry && !text.is_empty() && !text.contains('*')
}

fn of_extension(key: &str) -> bool {
    let parts: Vec<&str> = key.split('.').collect();
    matches!(
        parts.as_slice(),
        ["background", "service_worker" | "page"]
            | ["background", "scripts", _]
            | ["action" | "browser_action" | "page_action", "default_popup" | "default_icon"]
            | ["action" | "browser_action" | "page_action", "default_icon", _]
            | ["content_scripts", _, "js" | "css", _]
            | ["icons", _]
            | ["options_page" | "devtools_page"]
            | ["options_ui", "page"]
            | ["side_panel", "default_path"]
            | ["chrome_url_overrides", _]
            | ["declarative_net_request", "rule_resources", _, "path"]
            | ["sandbox", "pages", _]
    )
}

fn of_tsconfig(key: &str, text: &str) -> bool {
    let parts: Vec<&str> = key.split('.').collect();
    let names_file = matches!(parts.as_slice(), ["files", _] | ["extends"]) && text.starts_with('.');
    names_file && !text.contains('*')
}

fn missing_setting(project: &Project, unit: usize, written: &str) -> Option<String> {
    if written.is_empty() || written.contains(':') {
        return None;
    }
    let target = join(parent(project.path(unit)), written.trim_start_matches('/').split(['?', '#']).next()?)?;
    let endings = ["", ".js", ".cjs", ".mjs", ".ts", ".json", "/index.js", "/tsconfig.json"];
    let is_there = endings.iter().any(|ending| project.exists(&format!("{target}{ending}")));
    let may_come = project.manifests.may_be_built(&target, &project.directories) || is_source_of(project, &target);
    (!is_there && !may_come && !target.is_empty()).then_some(target)
}

/// A compiler writes `a.js` beside `a.ts`.
fn is_source_of(project: &Project, target: &str) -> bool {
    let stem = target.rsplit_once('.').map_or(target, |(stem, _)| stem).trim_end_matches(".d");
    [".ts", ".tsx", ".mts", ".cts", ".coffee", ".jsx"]
        .iter()
        .any(|ending| project.by_path.contains_key(format!("{stem}{ending}").as_str()))
}

/// Targets of `Cargo.toml`.
fn of_cargo(project: &Project) -> Vec<Found> {
    let mut found = Vec::new();
    for (directory, cargo) in &project.manifests.cargo {
        let Some(path) = join(directory, "Cargo.toml") else { continue };
        let Some(file) = project.by_path.get(path.as_str()) else { continue };
        // As it is published, a crate leaves out what its manifest names.
        if project.by_path.contains_key(format!("{path}.orig").as_str()) {
            continue;
        }
        let text = project.tree.files[*file].text.as_deref().unwrap_or_default();
        for target in &cargo.targets {
            let is_there = join(directory, target).is_none_or(|target| project.exists(&target));
            let is_for_tests = !directory.is_empty() && is_beside(&path);
            if is_for_tests || is_there || target == "false" || !target.ends_with(".rs") || project.is_material(*file) {
                continue;
            }
            let at = text.find(target.as_str()).unwrap_or_default();
            let message = format!("'{target}' is not there: Cargo.toml names it as the source of a target");
            found.push(
                Found::in_file(*file, at, Rule::MissingFile, target, message)
                    .looked_in(join(directory, target).unwrap_or_default()),
            );
        }
    }
    found
}
