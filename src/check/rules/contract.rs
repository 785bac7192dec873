//! What `shared_dependencies.md` promises, against what the files hold.

use super::{
    super::{
        Rule,
        facts::{Function, What},
        project::{Project, join, parent},
        resolve::{Exported, exported, names_of},
        syntax::Language,
    },
    Found,
};
use crate::{
    contract::{Contract, Export},
    path::RelPath,
    plan::{PLAN_FILE, Plan},
};

/// Promises that are not kept.
pub fn broken(project: &Project) -> Vec<Found> {
    let mut found = Vec::new();
    for (file, source) in project.tree.files.iter().enumerate() {
        let is_plan = source.path.rsplit('/').next() == Some(PLAN_FILE);
        let Some(text) = source.text.as_deref().filter(|_| is_plan) else { continue };
        if let Ok(contract) = Plan::new(text.to_owned()).contract {
            let plan = PlanText { project, file, text, directory: parent(&source.path) };
            plan.files(&contract, &mut found);
        }
    }
    found
}

struct PlanText<'p, 't> {
    project: &'p Project<'t>,
    file: usize,
    text: &'t str,
    directory: &'t str,
}

impl<'t> PlanText<'_, 't> {
    fn files(&self, contract: &Contract, found: &mut Vec<Found>) {
        for file in &contract.files {
            let Ok(path) = RelPath::parse(&file.path) else { continue };
            let Some(path) = join(self.directory, path.as_str()) else { continue };
            if !self.project.exists(&path) {
                // The plan alone is no project yet.
                let has_others = contract
                    .paths()
                    .any(|other| join(self.directory, other).is_some_and(|other| self.project.exists(&other)));
                if has_others {
                    let message = format!("the contract promises '{}', and it is not there", file.path);
                    found.push(
                        Found::in_file(
                            self.file,
                            self.place_of(&file.path, ""),
                            Rule::BrokenContract,
                            &file.path,
                            message,
                        )
                        .looked_in(path),
                    );
                }
                continue;
            }
            let Some(unit) = self.project.unit_at(&path).filter(|unit| self.project.units[*unit].is_read()) else {
                continue;
            };
            for export in &file.exports {
                self.export(unit, &file.path, export, found);
            }
        }
    }

    /// Where the contract names this, as near to its file as it can be found.
    fn place_of(&self, path: &str, name: &str) -> usize {
        let of_path = self.text.find(&format!("path: {path}")).or_else(|| self.text.find(path)).unwrap_or_default();
        if name.is_empty() {
            return of_path;
        }
        let after = self.text[of_path..].find(&format!("name: {name}")).map(|at| of_path + at + "name: ".len());
        after.or_else(|| self.text.find(name)).unwrap_or(of_path)
    }

    fn export(&self, unit: usize, path: &str, export: &Export, found: &mut Vec<Found>) {
        let project = self.project;
        let name = export.name.trim();
        let language = project.units[unit].language;
        let is_code = language.is_script() || matches!(language, Language::Python | Language::Go | Language::Rust);
        let is_plain = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '$');
        if !is_code || !is_plain || name == "default" {
            return;
        }
        // The name as it stands in the file lives as long as the file's text.
        let Some(own) = self.word_in(unit, name) else {
            return found.push(self.lacking(unit, path, export));
        };
        let state = match language {
            Language::Rust => match project.units[unit].facts.scopes[0].bindings.contains_key(own) {
                true => Exported::Bound(unit, 0),
                false if project.units[unit].facts.rust.macro_scopes.contains(&0) => Exported::Unknown,
                false => Exported::Missing,
            },
            // A script of a page offers what it defines.
            _ if project.units[unit].is_classic() => {
                match project.units[unit].facts.scopes[0].bindings.contains_key(own) {
                    true => Exported::Bound(unit, 0),
                    false => Exported::Unknown,
                }
            }
            _ => exported(project, unit, own, 8),
        };
        match state {
            Exported::Missing => found.push(self.lacking(unit, path, export)),
            Exported::Bound(home, scope) => {
                let bindings = &project.units[home].facts.scopes[scope].bindings;
                let Some([binding]) = bindings.get(own).map(Vec::as_slice) else { return };
                let What::Function(number) = binding.what else { return };
                let function = &project.units[home].facts.functions[number];
                if function.is_stub && function.is_plain && !export.kind.contains("abstract") {
                    let message = format!("'{name}' has nothing in it, and the contract promises more");
                    found.push(Found::error(home, function.at, Rule::Unfinished, name, message).looked_in(PLAN_FILE));
                }
                self.signature(home, function, export, found);
            }
            Exported::Present | Exported::Unknown => {}
        }
    }

    fn word_in(&self, unit: usize, name: &str) -> Option<&'t str> {
        let text = self.project.units[unit].text;
        text.find(name).map(|at| &text[at..at + name.len()])
    }

    fn lacking(&self, unit: usize, path: &str, export: &Export) -> Found {
        let name = export.name.trim();
        let message = format!("the contract promises '{name}' of '{path}', which does not offer it");
        let nearest = self.project.nearest(name, names_of(self.project, unit));
        Found::in_file(self.file, self.place_of(path, name), Rule::BrokenContract, name, message)
            .looked_in(path)
            .nearest(nearest)
    }

    /// The parameters of a function, by their number; how types are written differs too much from file to plan.
    fn signature(&self, home: usize, function: &Function, export: &Export, found: &mut Vec<Found>) {
        let Some(promised) = parameters(&export.signature, export.name.trim()) else { return };
        let own = function.parameters.len();
        let needed = function.parameters.iter().filter(|parameter| !parameter.is_optional).count();
        let fits = promised == own || promised >= needed && promised <= own;
        if fits
            || !function.is_plain
            || function.parameters.iter().any(|parameter| {
                matches!(
                    parameter.kind,
                    super::super::facts::ParameterKind::Rest | super::super::facts::ParameterKind::KeywordRest
                )
            })
        {
            return;
        }
        let name = export.name.trim();
        let message =
            format!("'{name}' has {own} parameters, and the contract promises {promised}: '{}'", export.signature);
        found.push(Found::error(home, function.at, Rule::BrokenContract, name, message).looked_in(PLAN_FILE));
    }
}

/// How many parameters a signature such as `add(a: number, b = 1): number` names, if it is one of a function.
fn parameters(signature: &str, name: &str) -> Option<usize> {
    let is_whole = |at: usize| !signature[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
    let mut places = signature.match_indices(name).filter(|(at, _)| is_whole(*at));
    let list = places.find_map(|(at, _)| signature[at + name.len()..].trim_start().strip_prefix('('))?;
    let (mut depth, mut count, mut has_any) = (0_i32, 0, false);
    let mut last = ' ';
    for c in list.chars() {
        match c {
            '(' | '[' | '{' | '<' => depth += 1,
            ')' if depth == 0 => return Some(if has_any { count + 1 } else { 0 }),
            '>' if last == '=' || last == '-' => {}
            ')' | ']' | '}' | '>' => depth -= 1,
            ',' if depth == 0 => {
                count += 1;
                has_any = false;
            }
            // What stands for no parameter of its own.
            '*' | '/' if depth == 0 && !has_any => return None,
            _ => {}
        }
        if !c.is_whitespace() && c != ',' {
            has_any = true;
        }
        if c == '.' && last == '.' {
            return None;
        }
        last = c;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn counts(signature: &str, expected: Option<usize>) {
        assert_eq!(parameters(signature, "f"), expected, "{signature}");
    }

    #[test]
    fn parameters_are_counted_by_their_commas() {
        counts("f(): void", Some(0));
        counts("f(a: number, b: Map<string, number> = new Map()): void", Some(2));
        counts("def f(a: dict[str, int], b) -> None", Some(2));
        counts("f(cb: (a, b) => void)", Some(1));
    }

    #[test]
    fn what_takes_any_number_is_not_counted() {
        counts("f(...args)", None);
        counts("f(*, key: str)", None);
        counts("class f", None);
    }
}
