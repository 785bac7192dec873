//! What a script reads off an object that it was given: followed through names, patterns and comparisons.

use super::super::super::{
    facts::{Name, Origin, Path, Value},
    project::Project,
    syntax::{self, Language},
};

/// Where an object comes into a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The parameter of this number of this function.
    Parameter(usize, usize),
    /// The result of this call.
    Call(usize),
}

/// A field that is read, with the way to it, and what is known there of other fields: each has one of these texts.
pub struct Read<'t> {
    pub path: Path<'t>,
    pub known: Vec<(Vec<&'t str>, Vec<String>)>,
}

/// A name that stands for the object, or for a part of it.
struct Carrier<'t> {
    name: &'t str,
    bound: usize,
    prefix: Path<'t>,
}

/// All that is read off the object.
pub fn reads<'t>(project: &Project<'t>, unit: usize, source: Source) -> Vec<Read<'t>> {
    let facts = &project.units[unit].facts;
    let mut carriers: Vec<Carrier<'t>> = Vec::new();
    let mut paths: Vec<Path<'t>> = Vec::new();
    if let Source::Parameter(function, number) = source
        && let Some(parameter) = facts.functions[function].parameters.get(number)
        && let Some([binding]) =
            facts.scopes[facts.functions[function].scope].bindings.get(parameter.name).map(Vec::as_slice)
    {
        carriers.push(Carrier { name: parameter.name, bound: binding.at, prefix: Path::new() });
    }
    for unpacked in &facts.script.unpacked {
        let is_meant = match (&unpacked.from, source) {
            (Origin::Parameter(function, number), Source::Parameter(own, place)) => {
                (*function, *number) == (own, place)
            }
            (Origin::Value(Value::Call(call)), Source::Call(own)) => *call == own,
            _ => false,
        };
        if is_meant && !unpacked.has_default {
            paths.push(unpacked.keys.clone());
            carriers.push(Carrier { name: unpacked.name, bound: unpacked.bound, prefix: unpacked.keys.clone() });
        }
    }
    for assignment in &facts.assignments {
        if let ([name], Value::Call(call)) = (assignment.target.as_slice(), &assignment.value)
            && source == Source::Call(*call)
        {
            carriers.push(Carrier { name: name.text, bound: name.at, prefix: Path::new() });
        }
    }
    let mut next = 0;
    // A loop of names that stand for each other comes to no end.
    while next < carriers.len().min(40) {
        let more = parts_of(project, unit, &carriers[next], &mut paths);
        carriers.extend(more);
        next += 1;
    }
    let known = |path: &Path<'t>| known_at(project, unit, &carriers, path);
    paths.into_iter().map(|path| Read { known: known(&path), path }).collect()
}

/// What is read off one name, and the names that stand for parts of it.
fn parts_of<'t>(project: &Project<'t>, unit: usize, of: &Carrier<'t>, paths: &mut Vec<Path<'t>>) -> Vec<Carrier<'t>> {
    let facts = &project.units[unit].facts;
    let under = |path: &[Name<'t>]| -> Path<'t> { of.prefix.iter().chain(&path[1..]).copied().collect() };
    for access in facts.accesses.iter().filter(|access| !access.is_written && access.path.len() > 1) {
        if stands_for(project, unit, access.scope, access.path[0], of) {
            paths.push(under(&access.path));
        }
    }
    let mut parts = Vec::new();
    for unpacked in &facts.script.unpacked {
        if let Origin::Value(Value::Path(path)) = &unpacked.from
            && stands_for(project, unit, unpacked.scope, path[0], of)
            && !unpacked.has_default
        {
            let prefix: Path<'t> = under(path).into_iter().chain(unpacked.keys.iter().copied()).collect();
            paths.push(prefix.clone());
            parts.push(Carrier { name: unpacked.name, bound: unpacked.bound, prefix });
        }
    }
    for assignment in &facts.assignments {
        if let ([name], Value::Path(path)) = (assignment.target.as_slice(), &assignment.value)
            && path[0].text == of.name
            && let Some(mention) = facts.mentions.iter().find(|mention| mention.name.at == path[0].at)
            && stands_for(project, unit, mention.scope, path[0], of)
        {
            parts.push(Carrier { name: name.text, bound: name.at, prefix: under(path) });
        }
    }
    parts
}

/// Whether `name` is that very binding, and the only one.
fn stands_for(project: &Project, unit: usize, scope: usize, name: Name, carrier: &Carrier) -> bool {
    name.text == carrier.name
        && project
            .lookup(unit, scope, name.text)
            .is_some_and(|(_, bindings)| matches!(bindings, [binding] if binding.at == carrier.bound))
}

/// What the comparisons around a place say of the object.
fn known_at<'t>(
    project: &Project<'t>,
    unit: usize,
    carriers: &[Carrier<'t>],
    path: &[Name<'t>],
) -> Vec<(Vec<&'t str>, Vec<String>)> {
    let mut known: Vec<(Vec<&str>, Vec<String>)> = Vec::new();
    let Some(at) = path.last().map(|name| name.at) else { return known };
    let around = project.units[unit].facts.script.holdings.iter();
    for holding in around.filter(|holding| (holding.start..holding.end).contains(&at)) {
        let carrier =
            carriers.iter().find(|carrier| stands_for(project, unit, holding.scope, holding.left[0], carrier));
        let Some(carrier) = carrier else { continue };
        let keys: Vec<&str> = carrier.prefix.iter().chain(&holding.left[1..]).map(|name| name.text).collect();
        match known.iter_mut().find(|(other, _)| *other == keys) {
            Some((_, texts)) => texts.push(holding.text.clone().into_owned()),
            None => known.push((keys, vec![holding.text.clone().into_owned()])),
        }
    }
    known
}

/// What the comparisons around a place say of the parameter of a function.
pub fn known_of<'t>(
    project: &Project<'t>,
    unit: usize,
    function: usize,
    place: Name<'t>,
) -> Vec<(Vec<&'t str>, Vec<String>)> {
    let facts = &project.units[unit].facts;
    let Some(parameter) = facts.functions[function].parameters.first() else { return Vec::new() };
    let bindings = facts.scopes[facts.functions[function].scope].bindings.get(parameter.name);
    let Some([binding]) = bindings.map(Vec::as_slice) else { return Vec::new() };
    let mut carriers = vec![Carrier { name: parameter.name, bound: binding.at, prefix: Path::new() }];
    carriers.extend(parts_of(project, unit, &carriers[0], &mut Vec::new()));
    known_at(project, unit, &carriers, &[place])
}

/// Whether whoever reads there has thought of its absence: it is asked for, or something stands in for it.
pub fn is_foreseen(language: Language, text: &str, name: Name) -> bool {
    let Some(tree) = syntax::parse(language, text) else { return true };
    let mut node = tree.root_node().descendant_for_byte_range(name.at, name.at + name.text.len());
    while let Some(inner) = node {
        let Some(parent) = inner.parent() else { return false };
        let is = |field: &str| parent.child_by_field_name(field) == Some(inner);
        match parent.kind() {
            "member_expression" if is("object") => {
                return parent.child_by_field_name("optional_chain").is_some();
            }
            "member_expression" | "parenthesized_expression" | "non_null_expression" | "as_expression" => {}
            "binary_expression" => {
                let operator = parent.child_by_field_name("operator").map_or("", |operator| operator.kind());
                let reckons = matches!(operator, "+" | "-" | "*" | "/" | "%" | "**");
                return !(reckons || operator == "&&" && is("right"));
            }
            "unary_expression" => return true,
            "if_statement" | "ternary_expression" | "while_statement" => return is("condition"),
            _ => return false,
        }
        node = Some(parent);
    }
    false
}
