//! Names that nothing defines: no scope around them, no other script of the page, not the language itself.

mod of_go;

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::LazyLock,
};

use self::of_go::in_package;
use super::{
    super::{
        Rule,
        facts::Mention,
        project::{Project, Unit},
        resolve::{Exported, Resolution, exported, may_be_generated},
        syntax::Language,
    },
    Found, Place,
    expected::is_expected,
    imports::is_beside,
};

/// Globals of browsers and Node: the lists of the npm package `globals` 17.14.0 (MIT).
static JAVASCRIPT: LazyLock<HashSet<&str>> =
    LazyLock::new(|| include_str!("../names/javascript.txt").lines().collect());
/// Globals of test runners, by the same source.
static TEST_RUNNERS: LazyLock<HashSet<&str>> =
    LazyLock::new(|| include_str!("../names/javascript_tests.txt").lines().collect());
/// What frameworks, testers and old browsers define without a word in the file.
const OF_TOOLS: &[&str] = &[
    "$localize",
    "cy",
    "Cypress",
    "ActiveXObject",
    "hasOwnProperty",
    "isPrototypeOf",
    "propertyIsEnumerable",
    "toLocaleString",
    "toString",
    "valueOf",
    "attachEvent",
    "detachEvent",
    "webkitRequestAnimationFrame",
    "mozRequestAnimationFrame",
    "msRequestAnimationFrame",
    "webkitCancelAnimationFrame",
];
/// Nobody forgets the same name in so many files: something gives it to them.
const FILES_THAT_SHARE: usize = 3;
/// So many names that a script does not define can be slips of its author.
const STRANGERS: usize = 8;
/// Words that are names only to the grammar.
const RESERVED: &[&str] =
    &["await", "yield", "async", "let", "of", "undefined", "arguments", "require", "module", "exports"];
/// Built-in names of Python 2.7 up to 3.14, and what every module has.
static PYTHON: LazyLock<HashSet<&str>> = LazyLock::new(|| include_str!("../names/python.txt").lines().collect());
/// What every package of Go has: the universe block of its specification.
static GO: LazyLock<HashSet<&str>> = LazyLock::new(|| include_str!("../names/go.txt").lines().collect());

/// Names that nothing defines.
pub fn undefined(project: &Project) -> Vec<Found> {
    let surroundings = Surroundings::new(project);
    let mut found = Vec::new();
    for (index, unit) in project.units.iter().enumerate() {
        if !unit.is_read() || unit.facts.is_open || project.is_material(unit.file) {
            continue;
        }
        let defines: &dyn Fn(&Mention) -> bool = match unit.language {
            Language::JavaScript | Language::TypeScript | Language::Tsx => &|mention| {
                JAVASCRIPT.contains(mention.name.text)
                    || OF_TOOLS.contains(&mention.name.text)
                    || surroundings.has_tests(project, project.path(index)) && TEST_RUNNERS.contains(mention.name.text)
                    || surroundings.has_script_name(project, mention.name.text)
            },
            Language::Python => &|mention| {
                let name = mention.name.text;
                PYTHON.contains(name) || is_given(name) || is_submodule(project, index, name)
            },
            Language::Go => &|mention| GO.contains(mention.name.text) || in_package(project, index, mention),
            _ => continue,
        };
        let suspects: Vec<&Mention> = unit
            .facts
            .mentions
            .iter()
            .filter(|mention| !mention.is_guarded && project.lookup(index, mention.scope, mention.name.text).is_none())
            .filter(|mention| !defines(mention))
            .collect();
        if suspects.is_empty() || !surroundings.is_closed(project, index) {
            continue;
        }
        // `$OUTPUT;` stands where a program puts something in.
        let is_filled_in = |mention: &Mention| {
            mention.is_guarded
                && mention.name.text.starts_with('$')
                && project.lookup(index, mention.scope, mention.name.text).is_none()
        };
        if unit.language.is_script() && unit.facts.mentions.iter().any(is_filled_in) {
            continue;
        }
        let expected = surroundings.expected(project, index);
        let is_foreign = unit.language.is_script()
            && (surroundings.has_foreign_scripts
                || is_in_part(project, index)
                || !surroundings.is_loaded(project, index));
        let before = found.len();
        let mut told = BTreeSet::new();
        for mention in suspects {
            let name = mention.name.text;
            let is_constant =
                name.len() > 2 && name.chars().all(|c| c.is_ascii_uppercase() || c == '_' || c.is_ascii_digit());
            // A build writes constants into what it makes: `VERSION`, `__DEV__`.
            let is_built =
                is_constant && unit.language.is_script() && project.manifests.is_compiled(project.path(index));
            if is_built || is_expected(unit, mention.name.at, &["NameError"]) {
                continue;
            }
            if expected.contains(name) || unit.language == Language::Python && from_star(project, index, name) {
                continue;
            }
            let nearest = project.nearest(name, names_near(project, index, mention.scope));
            // A script from elsewhere may make any name, except one that is all but there.
            if is_foreign && !nearest.as_ref().is_some_and(|near| is_slip(name, near)) {
                continue;
            }
            // Said once for each name and file: the other places have the same cause.
            if told.insert(name) {
                let message = format!("nothing defines '{name}'");
                let place = project.path(index);
                found.push(
                    Found::error(index, mention.name.at, Rule::UndefinedName, name, message)
                        .looked_in(place)
                        .nearest(nearest),
                );
            }
        }
        // That many unknown names are the words of a program that runs the file.
        if (unit.language.is_script() || unit.language == Language::Python) && told.len() > STRANGERS {
            found.truncate(before);
        }
    }
    without_shared(project, found)
}

/// Leaves out names that are missing in many files which otherwise say what they need: Python and modules.
fn without_shared(project: &Project, found: Vec<Found>) -> Vec<Found> {
    let says = |found: &Found| match found.unit {
        Place::Unit(unit) => {
            let unit = &project.units[unit];
            unit.language == Language::Python || unit.language.is_script() && !unit.is_classic()
        }
        Place::File(_) => false,
    };
    let mut files: HashMap<String, usize> = HashMap::new();
    for misfit in found.iter().filter(|misfit| says(misfit)) {
        *files.entry(misfit.name.clone()).or_default() += 1;
    }
    found
        .into_iter()
        .filter(|misfit| !says(misfit) || files.get(&misfit.name).is_none_or(|files| *files < FILES_THAT_SHARE))
        .collect()
}

/// Whether a package of Python has a module of this name, which is bound in it as soon as anybody loads it.
fn is_submodule(project: &Project, unit: usize, name: &str) -> bool {
    let Some(package) = project.path(unit).strip_suffix("__init__.py") else { return false };
    project.exists(&format!("{package}{name}.py")) || project.exists(&format!("{package}{name}/__init__.py"))
}

/// Whether a name of Python is one that is put in from outside: `__IPYTHON__`, `__BIN_NAME__` in a template.
fn is_given(name: &str) -> bool {
    name.len() > 4 && name.starts_with("__") && name.ends_with("__")
}

/// Whether a name is all but the other one. `chart` is none for `Chart`: that is what instances are called.
fn is_slip(name: &str, near: &str) -> bool {
    let is_class = |name: &str| name.starts_with(char::is_uppercase);
    is_class(name) == is_class(near) && strsim::normalized_damerau_levenshtein(name, near) >= 0.8
}

/// What names may come from besides the file.
struct Surroundings<'t> {
    /// A page loads a script from elsewhere, which may make any name.
    has_foreign_scripts: bool,
    /// Words in configurations, which may declare globals.
    configured: HashSet<&'t str>,
    /// Words in files of other languages, which may make the scripts' names: pages that are filled in, servers.
    foreign: HashSet<&'t str>,
}

impl<'t> Surroundings<'t> {
    fn new(project: &Project<'t>) -> Surroundings<'t> {
        let is_foreign = |target: &str| {
            let beginnings = ["http", "//", "{{", "{%", "<%", "<?"];
            beginnings.iter().any(|beginning| target.starts_with(beginning)) || target.contains("node_modules")
        };
        let has_foreign_scripts = project.units.iter().filter(|unit| unit.language == Language::Html).any(|unit| {
            unit.facts.links.iter().any(|link| link.by == "src" && is_foreign(&link.target) && is_script(&link.target))
        });
        let makes_scripts = |text: &str| {
            text.contains("createElement('script')")
                || text.contains("createElement(\"script\")")
                || text.contains("importScripts(")
        };
        // A package that is imported for what it does, and tools that import by themselves.
        let brings = |unit: &Unit| {
            unit.facts.imports.iter().any(|import| {
                let before = unit.text[..import.at.min(unit.text.len())].trim_end_matches(['"', '\'', ' ']);
                before.ends_with("import") && !import.from.starts_with(['.', '/']) && !import.from.ends_with("css")
            })
        };
        let has_foreign_scripts = has_foreign_scripts
            || project.units.iter().any(|unit| unit.language.is_script() && brings(unit))
            || project.manifests.node.values().any(|packages| {
                ["unplugin-auto-import", "nuxt", "wxt", "@angular/core"].iter().any(|tool| packages.contains(*tool))
            });
        // What a page loads and the project does not have is served by somebody else.
        let names: HashSet<&str> = project.by_path.keys().filter_map(|path| path.rsplit('/').next()).collect();
        let is_served = |target: &str| {
            let bare = target.split(['?', '#']).next().unwrap_or(target);
            !names.contains(bare.rsplit('/').next().unwrap_or(bare))
        };
        let has_foreign_scripts = has_foreign_scripts
            || project.units.iter().filter(|unit| unit.language == Language::Html).any(|unit| {
                let links = unit.facts.links.iter().filter(|link| link.by == "src" && is_script(&link.target));
                links.into_iter().any(|link| link.target.starts_with('/') && is_served(&link.target))
                    || ["static '", "static \""].iter().any(|tag| unit.text.contains(tag))
                        && unit.text.contains("<script")
            });
        let mut has_foreign_scripts = has_foreign_scripts
            || project.units.iter().any(|unit| unit.language.is_script() && makes_scripts(unit.text));
        let (mut configured, mut foreign) = (HashSet::new(), HashSet::new());
        for file in &project.tree.files {
            let name = file.path.rsplit('/').next().unwrap_or(&file.path);
            let text = file.text.as_deref().unwrap_or_default();
            let is_foreign = [
                ".py", ".rb", ".php", ".go", ".rs", ".java", ".cs", ".ejs", ".hbs", ".erb", ".jinja", ".j2", ".tmpl",
                ".vue", ".svelte", ".pug",
            ]
            .iter()
            .any(|ending| name.ends_with(ending))
                || name.ends_with(".html") && ["{{", "{%", "<%", "<?"].iter().any(|mark| text.contains(mark));
            if is_foreign {
                foreign.extend(declared_in(text));
                let loads = ["<script src=", "script(src="].iter().any(|start| text.contains(start));
                has_foreign_scripts |= loads && ["http", "//"].iter().any(|far| text.contains(far));
            }
            let is_config = name.contains("eslint")
                || name.contains("jshint")
                || name.ends_with("rc.json")
                || name == "package.json" && text.contains("globals")
                || name.contains(".config.")
                || name.starts_with("tsconfig")
                || name == "biome.json";
            let declares = file.text.as_deref().is_some_and(|text| text.contains("declare global"));
            if is_config || declares {
                configured.extend(text.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '$'));
            }
        }
        // The server of Socket.IO brings the script of its clients along.
        if project.manifests.node.values().flatten().any(|package| package == "socket.io") {
            configured.insert("io");
        }
        Surroundings { has_foreign_scripts, configured, foreign }
    }

    /// Whether a runner of tests may give its names to the file.
    fn has_tests(&self, project: &Project, path: &str) -> bool {
        is_beside(path) || project.manifests.declares(path, &["jest", "mocha", "vitest", "jasmine", "cypress", "karma"])
    }

    /// Whether the page that a script runs in is known: some page, manifest or script names its file. A module says
    /// itself what it needs.
    fn is_loaded(&self, project: &Project, unit: usize) -> bool {
        let path = project.path(unit);
        let name = path.rsplit('/').next().unwrap_or(path);
        !project.units[unit].is_classic()
            || project.units[unit].script.is_some()
            || project.units.iter().any(|other| {
                let links = other.facts.links.iter().any(|link| link.target.ends_with(name));
                links || other.facts.settings.iter().any(|setting| setting.text.ends_with(name))
            })
    }

    fn has_script_name(&self, project: &Project, name: &str) -> bool {
        project.globals.contains(name)
            || self.configured.contains(name)
            || self.foreign.contains(name)
            || RESERVED.contains(&name)
    }

    /// Whether all that could define a name in this unit is known.
    fn is_closed(&self, project: &Project, unit: usize) -> bool {
        let facts = &project.units[unit].facts;
        match project.units[unit].language {
            Language::Python => {
                let mut stars = facts.imports.iter().enumerate().filter(|(_, import)| import.is_star);
                let is_known = |resolution: &Resolution| matches!(resolution, Resolution::Unit(_));
                !project.path(unit).ends_with(".pyi")
                    && stars.all(|(number, _)| is_known(project.resolution(unit, number)))
            }
            Language::Go => {
                let siblings = project.siblings(unit);
                let is_dotted = facts.imports.iter().any(|import| import.is_star);
                !is_dotted
                    && siblings.iter().all(|unit| project.units[*unit].is_read())
                    && !may_be_generated(project, unit)
            }
            _ => true,
        }
    }

    /// Names that the file itself says will be there.
    fn expected(&self, project: &Project<'t>, unit: usize) -> HashSet<&'t str> {
        let facts = &project.units[unit].facts;
        let mut expected: HashSet<&str> =
            facts.mentions.iter().filter(|mention| mention.is_guarded).map(|mention| mention.name.text).collect();
        for comment in facts.comments.iter().filter(|comment| {
            comment.text.contains("global")
                || comment.text.contains("exported")
                || comment.text.contains("noqa")
                || comment.text.contains("eslint")
        }) {
            expected.extend(comment.text.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '$'));
        }
        if project.path(unit).ends_with("conf.py") {
            expected.insert("tags");
        }
        expected
    }
}

/// The names that scripts inside other languages' texts declare.
fn declared_in(text: &str) -> impl Iterator<Item = &str> {
    let words = ["var ", "let ", "const ", "function ", "window."];
    words.into_iter().flat_map(move |word| text.split(word).skip(1)).flat_map(|rest| {
        // `var A = 1, B = 2;`
        let statement = rest.split(['\n', ';']).next().unwrap_or_default();
        statement.split(',').map(|part| {
            part.trim().split(|c: char| !c.is_alphanumeric() && c != '_' && c != '$').next().unwrap_or_default()
        })
    })
}

/// Whether the script stands in a part of a page, which others put together with their own scripts.
fn is_in_part(project: &Project, unit: usize) -> bool {
    let unit = &project.units[unit];
    let page = project.tree.files[unit.file].text.as_deref().unwrap_or_default().to_lowercase();
    unit.script.is_some() && !["<html", "<!doctype", "<head", "<body"].iter().any(|tag| page.contains(tag))
}

fn is_script(target: &str) -> bool {
    let bare = target.split(['?', '#']).next().unwrap_or(target);
    ![".png", ".jpg", ".jpeg", ".gif", ".svg", ".webp", ".mp4", ".mp3", ".webm"]
        .iter()
        .any(|ending| bare.ends_with(ending))
}

/// A star import brings it.
fn from_star<'t>(project: &Project<'t>, unit: usize, name: &'t str) -> bool {
    let mut stars = project.units[unit].facts.imports.iter().enumerate().filter(|(_, import)| import.is_star);
    stars.any(|(number, _)| match project.resolution(unit, number) {
        Resolution::Unit(target) => exported(project, *target, name, 8) != Exported::Missing,
        _ => true,
    })
}

/// Names that could be meant: those that are seen from there, and what pages share.
fn names_near<'p>(project: &'p Project, unit: usize, scope: usize) -> Vec<&'p str> {
    let facts = &project.units[unit].facts;
    let mut names: Vec<&str> = Vec::new();
    let mut at = Some(scope);
    while let Some(scope) = at {
        names.extend(facts.scopes[scope].bindings.keys());
        at = facts.scopes[scope].parent;
    }
    for sibling in project.siblings(unit) {
        names.extend(project.units[*sibling].facts.scopes[0].bindings.keys());
    }
    if project.units[unit].language.is_script() {
        names.extend(project.globals.iter());
    }
    names
}
