//! Every word that is sent to a model: the files of `prompts/`, built in, each replaceable by its name.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use minijinja::{Environment, UndefinedBehavior, Value, value::Serde};

use crate::lineage;

const BUILT_IN: &[(&str, &str)] = &[
    ("rules", include_str!("../prompts/rules.md")),
    ("plan_in_modules", include_str!("../prompts/plan_in_modules.md")),
    ("module", include_str!("../prompts/module.md")),
    ("clash", include_str!("../prompts/clash.md")),
    ("plan_again", include_str!("../prompts/plan_again.md")),
    ("file_list", include_str!("../prompts/file_list.md")),
    ("file_list_as_json", include_str!("../prompts/file_list_as_json.md")),
    ("own_spec", include_str!("../prompts/own_spec.md")),
    ("included", include_str!("../prompts/included.md")),
    ("image", include_str!("../prompts/image.md")),
    ("file", include_str!("../prompts/file.md")),
    ("file_after", include_str!("../prompts/file_after.md")),
    ("file_again", include_str!("../prompts/file_again.md")),
    ("repair", include_str!("../prompts/repair.md")),
    ("spec_slice", include_str!("../prompts/spec_slice.md")),
    ("plan_slice", include_str!("../prompts/plan_slice.md")),
    ("complaint", include_str!("../prompts/complaint.md")),
    ("continue", include_str!("../prompts/continue.md")),
    ("codebase", include_str!("../prompts/codebase.md")),
    ("debug_rules", include_str!("../prompts/debug_rules.md")),
    ("debug", include_str!("../prompts/debug.md")),
    ("debug_again", include_str!("../prompts/debug_again.md")),
    ("run", include_str!("../prompts/run.md")),
    ("heal", include_str!("../prompts/heal.md")),
    ("pm_rules", include_str!("../prompts/pm_rules.md")),
    ("pm", include_str!("../prompts/pm.md")),
    ("pm_part", include_str!("../prompts/pm_part.md")),
    ("pm_join", include_str!("../prompts/pm_join.md")),
    ("probe", include_str!("../prompts/probe.md")),
];

/// The templates, by name.
#[derive(Clone)]
pub struct Prompts(Environment<'static>);

impl Prompts {
    /// The built-in ones, with those of `replacements` (name without `.md`, text) in their place.
    ///
    /// # Errors
    /// If a replacement has the name of no prompt, or is no template.
    pub fn with(replacements: BTreeMap<String, String>) -> Result<Prompts> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.add_filter("fenced", |text: String| fenced(&text));
        for (name, text) in BUILT_IN {
            environment.add_template(name, text)?;
        }
        for (name, text) in replacements {
            if !BUILT_IN.iter().any(|(built_in, _)| *built_in == name) {
                let names: Vec<_> = BUILT_IN.iter().map(|(name, _)| *name).collect();
                bail!("there is no prompt named '{name}'; there are {}", names.join(", "));
            }
            environment
                .add_template_owned(name.clone(), text)
                .with_context(|| format!("the prompt '{name}' is no template"))?;
        }
        Ok(Prompts(environment))
    }

    /// A hash of these prompts as they are, with their blanks, so that a change of them is seen.
    pub fn fingerprint(&self, names: &[&str]) -> String {
        let sources =
            names.iter().map(|name| self.0.get_template(name).map(|template| template.source().to_owned()).ok());
        lineage::hash(&sources.collect::<Vec<_>>())
    }

    /// The prompt `name` with its blanks filled. What a person or a model wrote comes in as a value, never as a template.
    pub(crate) fn render(&self, name: &str, values: serde_json::Value) -> Result<String> {
        let template = self.0.get_template(name)?;
        template
            .render(Value::from(Serde(values)))
            .with_context(|| format!("the prompt '{name}' could not be filled in"))
    }
}

/// The text in a fence that nothing in it can close.
fn fenced(text: &str) -> String {
    let longest = text.lines().map(|line| line.trim_start().chars().take_while(|c| *c == '`').count()).max();
    let fence = "`".repeat((longest.unwrap_or(0) + 1).max(3));
    let newline = if text.ends_with('\n') { "" } else { "\n" };
    format!("{fence}\n{text}{newline}{fence}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fence_is_longer_than_what_it_holds() {
        assert_eq!(fenced("a"), "```\na\n```");
        assert_eq!(fenced("````md\nx\n````\n"), "`````\n````md\nx\n````\n`````");
    }

    #[test]
    fn a_replacement_needs_the_name_of_a_prompt() {
        let named = |name: &str| Prompts::with(BTreeMap::from([(name.to_owned(), "{{ path }}!".to_owned())]));
        let prompts = named("file").expect("is one");
        assert_eq!(prompts.render("file", serde_json::json!({ "path": "{{x}}" })).expect("renders"), "{{x}}!");
        assert!(named("fiel").is_err());
    }
}
