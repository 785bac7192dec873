//! Files that cannot be parsed, and files that are not finished.

use std::collections::{HashMap, HashSet};

use super::{
    super::{
        Rule,
        facts::ScriptKind,
        project::{Project, parent},
        syntax::Language,
    },
    Found,
};

/// Files that do not parse.
pub fn faults(project: &Project) -> Vec<Found> {
    let mut found = Vec::new();
    let pieces = pieces(project);
    for (index, unit) in project.units.iter().enumerate() {
        let Some(fault) = &unit.facts.fault else { continue };
        if pieces.contains(&index) {
            continue;
        }
        // Grammars of markup and styles are loose, and attributes may hold the words of a framework.
        let is_loose =
            matches!(unit.language, Language::Html | Language::Css) || unit.script == Some(ScriptKind::Attribute);
        let is_filled_in =
            unit.language == Language::Python && ["{%", "{{ "].iter().any(|mark| unit.text.contains(mark));
        if project.is_material(unit.file) || is_filled_in || is_loose || is_test_of_errors(project.path(index)) {
            continue;
        }
        let message = format!("this file cannot be parsed: {}", fault.what);
        let make = if fault.is_certain { Found::error } else { continue };
        found.push(make(index, fault.at, Rule::Syntax, "", message));
    }
    found
}

/// The beginnings and ends of files that a build puts together: one opens what another in its directory closes.
fn pieces(project: &Project) -> HashSet<usize> {
    let mut sides: HashMap<&str, (Vec<usize>, Vec<usize>)> = HashMap::new();
    for (index, unit) in project.units.iter().enumerate().filter(|(_, unit)| unit.language.is_script()) {
        let Some(fault) = unit.facts.fault.as_ref().filter(|_| unit.script.is_none()) else { continue };
        let (opening, closing) = sides.entry(parent(project.path(index))).or_default();
        if fault.what.ends_with("is not closed") {
            opening.push(index);
        } else if fault.what.ends_with("closes nothing") {
            closing.push(index);
        }
    }
    let both = sides.into_values().filter(|(opening, closing)| !opening.is_empty() && !closing.is_empty());
    both.flat_map(|(opening, closing)| opening.into_iter().chain(closing)).collect()
}

/// Tests of parsers bring texts that no parser takes.
fn is_test_of_errors(path: &str) -> bool {
    let path = path.to_lowercase();
    ["invalid", "bad_", "bad-", "broken", "malformed", "syntax_error", "syntax-error", "errors/"]
        .iter()
        .any(|word| path.contains(word))
}

/// What models write where they leave something out. In lower case.
const PLACEHOLDERS: &[&str] = &[
    "rest of the code",
    "rest of code",
    "rest of the file",
    "rest of file",
    "rest of your code",
    "rest of the implementation",
    "rest unchanged",
    "rest remains unchanged",
    "rest remains the same",
    "rest of the function",
    "rest of the class",
    "remaining code unchanged",
    "remaining code",
    "existing code",
    "previous code",
    "code unchanged",
    "your code here",
    "your code goes here",
    "your implementation here",
    "implementation goes here",
    "code goes here",
    "add your code",
    "insert code here",
    "add implementation here",
    "implement this function",
    "implementation here",
    "same as before",
    "unchanged code",
    "other functions remain",
    "omitted for brevity",
    "left as an exercise",
];
/// Of these, the ones that a sentence about something else may hold: they count only beside dots.
const WITH_DOTS: &[&str] = &[
    "rest of code",
    "existing code",
    "previous code",
    "same as before",
    "remaining code",
    "rest of the file",
    "code unchanged",
    "rest of the code",
    "rest of the function",
    "rest of the class",
    "rest of file",
];

/// Comments that stand in the place of code.
pub fn placeholders(project: &Project) -> Vec<Found> {
    let mut found = Vec::new();
    for (index, unit) in project.units.iter().enumerate() {
        if project.is_material(unit.file) {
            continue;
        }
        for comment in &unit.facts.comments {
            let bare = comment.text.trim_matches(|c: char| !c.is_alphanumeric() && c != '.' && c != '…');
            let lower = bare.to_lowercase();
            let words = lower.trim_matches(['.', '…', ' ']);
            // A placeholder is short, and nothing else is said in it.
            let is_question = comment.text.trim_end().ends_with('?');
            if is_question || lower.len() > 80 || comment.text.lines().count() > 1 {
                continue;
            }
            // Dots inside of an expression leave out arguments.
            let bare_end = lower.trim_end_matches(['.', '…']);
            let is_left_open = bare_end.len() < lower.len() && !bare_end.ends_with(['=', '(', ',']);
            let has_dots = lower.starts_with("...")
                || lower.starts_with('…')
                || is_left_open && (lower.ends_with("...") || lower.ends_with('…'));
            let is_placeholder = PLACEHOLDERS.iter().any(|placeholder| {
                words.contains(placeholder)
                    && (has_dots || !WITH_DOTS.contains(placeholder) && words.len() < placeholder.len() + 16)
            });
            if is_placeholder {
                let message = format!("'{bare}' stands where code should be");
                found.push(Found::error(index, comment.at, Rule::Unfinished, bare, message));
            }
        }
    }
    found
}
