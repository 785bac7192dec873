//! Private functions that nobody calls.

use super::{
    super::{
        Rule,
        facts::{ExportOf, What},
        project::Project,
        syntax::Language,
    },
    Found,
};

/// Functions that only their own file could call, and whose names stand nowhere else at all.
pub fn functions(project: &Project) -> Vec<Found> {
    let mut found = Vec::new();
    for (index, unit) in project.units.iter().enumerate() {
        if !unit.is_read() || unit.facts.is_open || project.is_material(unit.file) || unit.script.is_some() {
            continue;
        }
        let facts = &unit.facts;
        for bindings in facts.scopes[0].bindings.values() {
            let [binding] = bindings.as_slice() else { continue };
            let What::Function(number) = binding.what else { continue };
            let function = &facts.functions[number];
            let is_private = match unit.language {
                Language::JavaScript | Language::TypeScript | Language::Tsx => {
                    let is_exported = facts
                        .exports
                        .names
                        .values()
                        .any(|export| matches!(export.what, ExportOf::Local(local) if local == function.name));
                    facts.exports.has_module_syntax && !is_exported
                }
                Language::Python => function.name.starts_with('_') && !function.name.starts_with("__"),
                Language::Go => !function.is_public && !matches!(function.name, "main" | "init"),
                // The compiler says it better there.
                _ => false,
            };
            let is_plain = function.is_plain && !function.name.is_empty();
            if is_private && is_plain && project.occurrences(function.name) == 1 {
                let message = format!("nobody calls '{}'", function.name);
                found.push(
                    Found::hint(index, function.at, Rule::UnusedFunction, function.name, message)
                        .looked_in("the project"),
                );
            }
        }
    }
    found
}
