//! Ids and classes: what scripts and styles look for, and what pages and scripts make.

mod ids;

use std::collections::{BTreeSet, HashMap, HashSet};

use self::ids::Ids;
use super::{
    super::{
        Rule,
        facts::{Call, MarkKind, ScriptKind, Value},
        project::{Project, join, parent},
        syntax::Language,
        targets::Target,
    },
    Found,
};

/// One place in a script that looks for an id.
struct Wanted<'p> {
    unit: usize,
    at: usize,
    id: &'p str,
}

/// Ids that scripts and pages look for and that nothing makes.
pub fn missing_ids(project: &Project) -> Vec<Found> {
    let ids = Ids::new(project);
    let mut found = Vec::new();
    let has_pages = project
        .units
        .iter()
        .any(|unit| unit.language == Language::Html && unit.script.is_none() && !project.is_material(unit.file));
    if has_pages {
        let mut told = BTreeSet::new();
        for wanted in wanted(project) {
            // A library looks for ids in the pages of others.
            let is_told = !project.is_material(project.units[wanted.unit].file) && !is_test(project.path(wanted.unit));
            if !is_told
                || is_asked(project.units[wanted.unit].text, wanted.at)
                || ids.may_have(wanted.id)
                || has_other_words(project, &wanted)
                || !told.insert((wanted.unit, wanted.id.to_owned()))
            {
                continue;
            }
            let nearest = project.nearest(wanted.id, ids.all.iter().copied());
            let message = format!("no page and no script makes an element with the id '{}'", wanted.id);
            found.push(
                Found::error(wanted.unit, wanted.at, Rule::MissingId, wanted.id, message)
                    .looked_in("the pages and scripts")
                    .nearest(nearest),
            );
        }
    }
    for (index, unit) in project.units.iter().enumerate() {
        if unit.language != Language::Html || project.is_material(unit.file) {
            continue;
        }
        let lower = unit.text[..unit.text.floor_char_boundary(unit.text.len().min(2_000))].to_lowercase();
        let is_whole = lower.contains("<!doctype") || lower.contains("<html");
        let is_template = ["{{", "{%", "<%", "<?php"].iter().any(|mark| unit.text.contains(mark));
        let has_scripts = unit.facts.links.iter().any(|link| link.by == "src" && link.target.ends_with(".js"))
            || !unit.facts.scripts.is_empty();
        if !is_whole || is_template {
            continue;
        }
        let own = ids.of_page.get(&index);
        for mark in &unit.facts.marks {
            let MarkKind::IdWanted(by) = mark.kind else { continue };
            let id = mark.name.text;
            let is_made = own.is_some_and(|own| own.contains(id))
                || has_scripts
                    && (ids.is_open || ids.all.contains(id) || ids.parts.iter().any(|part| id.contains(part)));
            // A route that a script reads out of the address is no id.
            let is_route = by == "href"
                && has_scripts
                && (unit.text.contains("hashchange")
                    || project.units.iter().any(|unit| unit.language.is_script() && unit.text.contains("hash")));
            if is_made || is_route {
                continue;
            }
            let nearest = project.nearest(id, own.into_iter().flatten().copied());
            let message = format!("{by} names the id '{id}', which no element of this page has");
            found.push(
                Found::error(index, mark.name.at, Rule::MissingId, id, message)
                    .looked_in(project.path(index))
                    .nearest(nearest),
            );
        }
    }
    found
}

fn is_test(path: &str) -> bool {
    path.split('/').any(|part| matches!(part, "test" | "tests" | "__tests__" | "spec" | "specs" | "cypress" | "e2e"))
        || path.contains(".test.")
        || path.contains(".spec.")
}

/// The id stands in some text besides the places that look for it or style it.
fn has_other_words(project: &Project, wanted: &Wanted) -> bool {
    let looked_for = self::wanted(project).filter(|other| other.id == wanted.id).count();
    let styled = project
        .units
        .iter()
        .flat_map(|unit| &unit.facts.marks)
        .filter(|mark| mark.kind == MarkKind::IdStyled && mark.name.text == wanted.id)
        .count();
    let marked = project
        .units
        .iter()
        .flat_map(|unit| &unit.facts.marks)
        .filter(|mark| matches!(mark.kind, MarkKind::Id) && mark.name.text == wanted.id)
        .count();
    // Literals that are exactly the id may be what makes it.
    let literals =
        project.units.iter().flat_map(|unit| &unit.facts.literals).filter(|literal| literal.text == wanted.id).count();
    literals > looked_for + styled + marked
}

fn wanted<'p>(project: &'p Project) -> impl Iterator<Item = Wanted<'p>> {
    let units = project.units.iter().enumerate().filter(|(_, unit)| unit.language.is_script() && unit.is_read());
    units.flat_map(move |(index, unit)| {
        unit.facts.calls.iter().flat_map(move |call| {
            let ids = looked_for(project, index, call);
            ids.into_iter().map(move |(at, id)| Wanted { unit: index, at, id })
        })
    })
}

/// The ids that a call looks for.
fn looked_for<'p>(project: &Project, unit: usize, call: &'p Call) -> Vec<(usize, &'p str)> {
    let Some(argument) = call.arguments.first() else { return Vec::new() };
    let Some(text) = argument.value.text() else { return Vec::new() };
    let at = argument.at + 1;
    match lookup_of(project, unit, call) {
        Some(Lookup::ById) => vec![(at, text)],
        Some(Lookup::BySelector) => ids_of_selector(text).into_iter().map(|(offset, id)| (at + offset, id)).collect(),
        None => Vec::new(),
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Lookup {
    ById,
    BySelector,
}

/// Whether a call looks for elements; a function of the project that only hands its argument on does, too.
fn lookup_of(project: &Project, unit: usize, call: &Call) -> Option<Lookup> {
    let last = call.path.last()?.text;
    if call.path.len() > 1 {
        return match last {
            "getElementById" => Some(Lookup::ById),
            "querySelector" | "querySelectorAll" | "closest" => Some(Lookup::BySelector),
            _ => None,
        };
    }
    if matches!(last, "jQuery") || last == "$" && project.lookup(unit, call.scope, "$").is_none() {
        return Some(Lookup::BySelector);
    }
    let Target::Function { unit: home, function, .. } = project.target(unit, call.scope, &call.path, 8) else {
        return None;
    };
    let definition = &project.units[home].facts.functions[function];
    let parameter = definition.parameters.first()?.name;
    project.units[home].facts.calls.iter().find_map(|inner| {
        let hands_on = matches!(inner.arguments.first().map(|argument| &argument.value), Some(Value::Path(path)) if path.len() == 1 && path[0].text == parameter);
        let is_inside = inner.scope == definition.scope || project.units[home].facts.scopes[inner.scope].parent == Some(definition.scope);
        let lookup = match inner.path.last().map(|name| name.text) {
            Some("getElementById") => Lookup::ById,
            Some("querySelector" | "querySelectorAll") => Lookup::BySelector,
            _ => return None,
        };
        (hands_on && is_inside && inner.path.len() > 1).then_some(lookup)
    })
}

/// The ids in a selector, with their places.
fn ids_of_selector(selector: &str) -> Vec<(usize, &str)> {
    let mut ids = Vec::new();
    if selector.contains(['\\', '<', '[']) {
        return ids;
    }
    for (at, _) in selector.match_indices('#') {
        let rest = &selector[at + 1..];
        let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '-' || c == '_')).unwrap_or(rest.len());
        if end > 0 && !rest.starts_with(|c: char| c.is_ascii_digit()) {
            ids.push((at + 1, &rest[..end]));
        }
    }
    ids
}

/// Whether markup in a script listens to an event by an attribute: `@name=${…}`, or a component that is not read names it.
pub fn listens(project: &Project, name: &str) -> bool {
    let attribute = format!("@{name}=");
    let quoted = [format!("'{name}'"), format!("\"{name}\"")];
    let components = project
        .tree
        .files
        .iter()
        .filter(|file| [".vue", ".svelte", ".astro"].iter().any(|ending| file.path.ends_with(ending)));
    let names = |text: &str| quoted.iter().any(|quoted| text.contains(quoted));
    if components.filter_map(|file| file.text.as_deref()).any(names) {
        return true;
    }
    project.tree.files.iter().filter_map(|file| file.text.as_deref()).any(|text| text.contains(&attribute))
}

/// Whether an element is looked for in a condition, which says that it may not be there.
fn is_asked(text: &str, at: usize) -> bool {
    let line = text[..at.min(text.len())].rsplit('\n').next().unwrap_or_default();
    let rest = text[at.min(text.len())..].lines().next().unwrap_or_default();
    line.trim_start().trim_start_matches("} else ").starts_with("if (") && !rest.contains(").")
}

/// So many classes of one sheet can be left over from what its author tried.
const MOST_UNKNOWN: usize = 12;

/// Classes that only a stylesheet or only a script knows.
pub fn unknown_classes(project: &Project) -> Vec<Found> {
    let mut found = Vec::new();
    // Only stylesheets that the project's own pages load: a library of styles is there for others.
    let styled: HashMap<&str, (usize, usize)> = linked_stylesheets(project)
        .into_iter()
        .flat_map(|unit| project.units[unit].facts.marks.iter().map(move |mark| (unit, mark)))
        .filter(|(_, mark)| mark.kind == MarkKind::ClassStyled)
        .map(|(unit, mark)| (mark.name.text, (unit, mark.name.at)))
        .collect();
    if styled.is_empty() {
        return found;
    }
    let all_styles: Vec<&str> = project
        .units
        .iter()
        .flat_map(|unit| &unit.facts.marks)
        .filter(|mark| mark.kind == MarkKind::ClassStyled)
        .map(|mark| mark.name.text)
        .collect();
    let known: HashSet<&str> = project
        .units
        .iter()
        .flat_map(|unit| &unit.facts.marks)
        .filter(|mark| mark.kind == MarkKind::Class)
        .map(|mark| mark.name.text)
        .collect();
    let mut uses: HashMap<&str, u32> = HashMap::new();
    all_styles.iter().for_each(|class| *uses.entry(class).or_default() += 1);
    let is_unknown = |class: &str| project.occurrences(class) <= uses.get(class).copied().unwrap_or_default();
    let mut of_sheet: HashMap<usize, (usize, usize)> = HashMap::new();
    for (class, (unit, _)) in &styled {
        let (all, unknown) = of_sheet.entry(*unit).or_default();
        *all += 1;
        *unknown += usize::from(is_unknown(class));
    }
    for (class, (unit, at)) in &styled {
        // A sheet of which hardly anything is used was not made for this project.
        let (all, unknown) = of_sheet[unit];
        if unknown > MOST_UNKNOWN && unknown * 4 > all {
            continue;
        }
        if is_unknown(class) && !project.is_material(project.units[*unit].file) && !may_be_put_together(project, class)
        {
            let message = format!("nothing but this stylesheet knows the class '{class}'");
            let nearest = project.nearest(class, known.iter().copied());
            found.push(
                Found::hint(*unit, *at, Rule::UnknownClass, class, message)
                    .looked_in("the pages and scripts")
                    .nearest(nearest),
            );
        }
    }
    for (index, unit) in
        project.units.iter().enumerate().filter(|(_, unit)| unit.language.is_script() && unit.is_read())
    {
        for call in &unit.facts.calls {
            let words: Vec<&str> = call.path.iter().map(|name| name.text).collect();
            let [.., "classList", "add" | "toggle"] = words.as_slice() else { continue };
            for argument in call.arguments.iter().filter(|_| !project.is_material(unit.file)) {
                let Some(class) = argument.value.text() else { continue };
                if project.occurrences(class) == 1 && !class.is_empty() && !styled.contains_key(class) {
                    let message = format!("no stylesheet, page or other script knows the class '{class}'");
                    let nearest = project.nearest(class, styled.keys().copied());
                    found.push(
                        Found::hint(index, argument.at + 1, Rule::UnknownClass, class, message)
                            .looked_in("the stylesheets")
                            .nearest(nearest),
                    );
                }
            }
        }
    }
    found
}

fn linked_stylesheets(project: &Project) -> Vec<usize> {
    let mut sheets = Vec::new();
    for (index, unit) in project.units.iter().enumerate() {
        if unit.script == Some(ScriptKind::Style) {
            sheets.push(index);
        }
        if unit.language != Language::Html {
            continue;
        }
        for link in unit.facts.links.iter().filter(|link| link.by == "link" && link.target.ends_with(".css")) {
            let target = join(parent(project.path(index)), &link.target);
            sheets.extend(target.and_then(|target| project.unit_at(&target)));
        }
    }
    sheets.sort_unstable();
    sheets.dedup();
    sheets
}

/// `'is-' + state`: the class may be made of parts.
fn may_be_put_together(project: &Project, class: &str) -> bool {
    let parts: Vec<&str> = class.match_indices(['-', '_']).map(|(at, _)| &class[..=at]).collect();
    let in_literal = project.units.iter().filter(|unit| unit.language != Language::Css).any(|unit| {
        unit.facts.literals.iter().any(|literal| {
            parts.iter().any(|part| literal.text.ends_with(part) || literal.text.contains(&format!("{part}$")))
        })
    });
    // Pages that are filled in: `class="state-{{ state }}"`.
    in_literal
        || project.tree.files.iter().filter_map(|file| file.text.as_deref()).any(|text| {
            parts
                .iter()
                .any(|part| text.match_indices(part).any(|(at, _)| text[at + part.len()..].starts_with(['{', '<'])))
        })
}
