//! Calls of the project's functions with arguments that these cannot take.

use super::{
    super::{
        Rule,
        facts::{Argument, Call, Function, Parameter, ParameterKind, Receiver},
        project::Project,
        rust_modules::Place,
        syntax::Language,
        targets::Target,
    },
    Found,
    expected::is_expected,
    imports::is_beside,
};

/// Calls with too many, too few or unknown arguments.
pub fn arity(project: &Project) -> Vec<Found> {
    let mut found = Vec::new();
    for (index, unit) in project.units.iter().enumerate() {
        if !unit.is_read() || project.is_material(unit.file) {
            continue;
        }
        for call in unit.facts.calls.iter().filter(|call| !call.is_decorator) {
            let Some((home, number, is_bound)) = callee(project, index, call) else { continue };
            let function = &project.units[home].facts.functions[number];
            // What is written from outside may be another function by then.
            let called = call.path.last().map_or("", |name| name.text);
            let may_replace = unit.language.is_script() || unit.language == Language::Python;
            let is_elsewhere = call.path.len() > 1 || unit.language == Language::Python && home != index;
            let is_replaced = is_elsewhere && may_replace && project.written.contains(called)
                || is_patched(project, index, called)
                || project.units[home].facts.script.constants.contains(&number);
            if is_replaced || !is_certain(project, home, function, index) {
                continue;
            }
            let Some(complaint) = complaint(project, index, home, call, function, is_bound) else { continue };
            if is_expected(unit, call.at, &["TypeError"]) {
                continue;
            }
            let place = project.path(home);
            let message = format!("'{called}' {complaint}: it is {} in '{place}'", shown(function));
            found.push(Found::error(index, call.at, Rule::Arity, called, message).looked_in(place));
        }
    }
    found
}

/// Whether a test names the function in a text, as it does to put another in its place.
fn is_patched(project: &Project, unit: usize, called: &str) -> bool {
    let unit_of_call = &project.units[unit];
    unit_of_call.language == Language::Python
        && is_beside(project.path(unit))
        && unit_of_call.facts.literals.iter().any(|literal| literal.text.rsplit('.').next() == Some(called))
}

fn shown(function: &Function) -> String {
    let names: Vec<&str> = function.parameters.iter().map(|parameter| parameter.name).collect();
    let list = names.join(", ");
    format!("{}({})", function.name, list.chars().take(80).collect::<String>())
}

/// The function that a call reaches, and whether its first parameter is filled in by what stands before the dot.
fn callee(project: &Project, unit: usize, call: &Call) -> Option<(usize, usize, bool)> {
    let language = project.units[unit].language;
    if language == Language::Rust && call.is_new {
        return match project.modules.place(project, unit, call.scope, &call.path, 12) {
            Place::Function(home, function) => {
                // `Type::method(x)` names the receiver itself.
                Some((home, function, false))
            }
            _ => None,
        };
    }
    match project.target(unit, call.scope, &call.path, 8) {
        // Behind a dot there is only what takes `self`; another method of the name comes from elsewhere.
        Target::Function { is_bound: false, .. } if language == Language::Rust && call.path.len() > 1 => None,
        Target::Function { unit: home, function, is_bound } => (!call.is_new).then_some((home, function, is_bound)),
        Target::Class(home, class) if language == Language::Python || call.is_new && language.is_script() => {
            let (home, function) = project.constructor(home, class, 8)?;
            Some((home, function, language == Language::Python))
        }
        _ => None,
    }
}

/// Whether the parameters can be relied on: nothing replaces the function, nothing else may be meant.
fn is_certain(project: &Project, home: usize, function: &Function, caller: usize) -> bool {
    let facts = &project.units[home].facts;
    if !function.is_plain || !project.units[home].is_read() || facts.is_open && home == caller {
        return false;
    }
    // A class that others derive from may have its methods replaced by theirs.
    function.class.is_none_or(|class| {
        let is_derived = project.derived.contains(&(home, class));
        !is_derived && !project.bases.contains(facts.classes[class].name)
            || function.name == "__init__"
            || function.name == "constructor"
    })
}

/// What is wrong with the arguments, if anything.
fn complaint(
    project: &Project,
    unit: usize,
    home: usize,
    call: &Call,
    function: &Function,
    is_bound: bool,
) -> Option<String> {
    if call.arguments.iter().any(|argument| argument.is_spread) {
        return None;
    }
    let is_method_of_rust = project.units[unit].language == Language::Rust && function.receiver == Receiver::First;
    // `*args` takes the instance too.
    let has_own = function.parameters.first().is_some_and(|first| first.kind != ParameterKind::Rest);
    let skip = usize::from(
        is_bound && has_own && project.units[unit].language == Language::Python && function.receiver == Receiver::First,
    );
    let parameters = &function.parameters[skip.min(function.parameters.len())..];
    // `Type::method(value, …)`: the value is one argument more.
    let extra = usize::from(is_method_of_rust && !is_bound);
    let given = call.arguments.len() - extra.min(call.arguments.len());
    // Where the compiler does not look, a call may give less.
    let unchecked = project.units[unit].language.is_script()
        && [unit, home].iter().any(|unit| project.units[*unit].text.contains("@ts-nocheck"));
    match project.units[unit].language {
        Language::Python => python(&call.arguments, parameters),
        Language::JavaScript => too_many(given, parameters),
        // Types may say that a parameter can be left out in more ways than are seen here.
        _ if unchecked => too_many(given, parameters),
        Language::TypeScript | Language::Tsx => too_many(given, parameters).or_else(|| too_few(given, parameters)),
        _ => too_many(given, parameters).or_else(|| too_few(given, parameters)),
    }
}

fn too_many(given: usize, parameters: &[Parameter]) -> Option<String> {
    let has_rest = parameters.iter().any(|parameter| parameter.kind == ParameterKind::Rest);
    (given > parameters.len() && !has_rest).then(|| format!("takes {} and gets {given}", counted(parameters.len())))
}

fn too_few(given: usize, parameters: &[Parameter]) -> Option<String> {
    let needed = parameters
        .iter()
        .filter(|parameter| !parameter.is_optional && parameter.kind == ParameterKind::Positional)
        .count();
    (given < needed).then(|| format!("takes {} and gets {given}", counted(needed)))
}

fn counted(number: usize) -> String {
    match number {
        0 => "no arguments".to_owned(),
        1 => "one argument".to_owned(),
        number => format!("{number} arguments"),
    }
}

fn python(arguments: &[Argument], parameters: &[Parameter]) -> Option<String> {
    use ParameterKind::{KeywordOnly, KeywordRest, Positional, PositionalOnly, Rest};
    let has = |kind| parameters.iter().any(|parameter| parameter.kind == kind);
    let by_place: Vec<&Parameter> =
        parameters.iter().filter(|parameter| matches!(parameter.kind, Positional | PositionalOnly)).collect();
    let given = arguments.iter().filter(|argument| argument.keyword.is_none()).count();
    if given > by_place.len() && !has(Rest) {
        return Some(format!("takes {} by place and gets {given}", counted(by_place.len())));
    }
    for keyword in arguments.iter().filter_map(|argument| argument.keyword) {
        let is_known = parameters
            .iter()
            .any(|parameter| parameter.name == keyword && matches!(parameter.kind, Positional | KeywordOnly));
        if !is_known && !has(KeywordRest) {
            return Some(format!("has no parameter '{keyword}'"));
        }
    }
    let is_given = |parameter: &Parameter| {
        arguments.iter().any(|argument| argument.keyword == Some(parameter.name))
            || by_place.iter().take(given).any(|placed| placed.name == parameter.name)
    };
    let missing = parameters
        .iter()
        .filter(|parameter| {
            !parameter.is_optional && matches!(parameter.kind, Positional | PositionalOnly | KeywordOnly)
        })
        .find(|parameter| !is_given(parameter))?;
    Some(format!("needs an argument for '{}'", missing.name))
}
