//! A file, or a script or style inside a page, and how it is read.

use std::collections::HashSet;

use super::super::{
    css,
    facts::{Facts, Fault, ImportKind, ScriptKind},
    go, html, javascript, json, python, rust,
    syntax::{self, Language},
};

/// A longer file of JSON, in bytes, is data: no configuration, and slow to parse where there are many.
const LONGEST_DATA: usize = 250_000;

/// A file, or a script or style inside a page.
pub struct Unit<'t> {
    pub file: usize,
    /// Where its text begins in the file.
    pub base: usize,
    pub text: &'t str,
    pub language: Language,
    pub script: Option<ScriptKind>,
    pub facts: Facts<'t>,
}

impl Unit<'_> {
    /// Whether what it says can be relied on.
    pub fn is_read(&self) -> bool {
        self.facts.fault.is_none()
    }

    /// A script that shares its top names with all others on its page.
    pub fn is_classic(&self) -> bool {
        let exports = &self.facts.exports;
        let requires = self.facts.imports.iter().any(|import| import.kind == ImportKind::Require);
        self.language.is_script()
            && !requires
            && !exports.has_module_syntax
            && !exports.has_common_js
            && self.script != Some(ScriptKind::Module)
    }
}

/// A file's facts, and those of the scripts and styles in it.
pub fn units<'t>(file: usize, path: &str, text: &'t str, own_macros: &HashSet<&str>) -> Vec<Unit<'t>> {
    let language = Language::of(path);
    if language == Language::Json && text.len() > LONGEST_DATA {
        return Vec::new();
    }
    let Some(facts) = facts(language, text, own_macros) else { return Vec::new() };
    let mut units = Vec::new();
    for script in &facts.scripts {
        let language = if script.kind == ScriptKind::Style { Language::Css } else { Language::JavaScript };
        if let Some(facts) = self::facts(language, script.text, own_macros) {
            units.push(Unit { file, base: script.at, text: script.text, language, script: Some(script.kind), facts });
        }
    }
    units.push(Unit { file, base: 0, text, language, script: None, facts });
    units
}

fn facts<'t>(language: Language, text: &'t str, own_macros: &HashSet<&str>) -> Option<Facts<'t>> {
    let tree = syntax::parse(language, text)?;
    let survey = syntax::survey(&tree, text);
    if survey.depth > syntax::DEEPEST {
        let fault = Fault { at: 0, what: "it is nested too deep".to_owned(), is_certain: false };
        return Some(Facts { fault: Some(fault), ..Facts::new() });
    }
    let mut facts = match language {
        Language::JavaScript | Language::TypeScript | Language::Tsx => javascript::read(&tree, text),
        Language::Html => html::read(&tree, text),
        Language::Css => css::read(&tree, text),
        Language::Json => json::read(&tree, text),
        Language::Python => python::read(&tree, text),
        Language::Rust => rust::read(&tree, text, own_macros),
        Language::Go => go::read(&tree, text),
        Language::Other => return None,
    };
    facts.comments = survey.comments;
    facts.fault = syntax::fault(&tree, text, language);
    Some(facts)
}
