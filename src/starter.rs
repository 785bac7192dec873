//! The first files of a project: a spec to go on writing, and the settings for a model. Knows nothing about disks.

use crate::model::{catalog::Catalog, provider::Provider};

/// What most specs want and forget to say.
const MUST: &str = "\
- The README says how to start it, in one command or by opening one file.
- Nothing is left to do: no placeholders, no stubs, no made-up results.
- What a person types wrongly gets a clear message, and nothing is lost.
";

/// A spec for what a person wants built, in their words.
pub fn prompt(about: &str) -> String {
    let about = about.trim();
    let title = about.lines().next().unwrap_or_default().trim_start_matches('#').trim();
    let title: String = title.split_inclusive(' ').take(8).collect();
    let title = title.trim().trim_end_matches(['.', ',', ':', ';']);
    let mut letters = title.chars();
    let title: String = letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect();
    format!("# {title}\n\n{about}\n\n## It must\n\n{MUST}")
}

/// The `.env` for a model, named as `--model` takes it; or why it is none.
pub fn dotenv(catalog: &Catalog, model: &str) -> Result<String, String> {
    let (name, model) = model.trim().split_once('/').unwrap_or((model.trim(), ""));
    let Some(provider) = catalog.provider(name) else {
        let names: Vec<_> = catalog.providers().iter().map(|provider| provider.name.as_str()).collect();
        return Err(format!("there is no provider '{name}'; there are {}", names.join(", ")));
    };
    let model = match (model, &provider.model) {
        ("", Some(default)) => default,
        ("", None) => return Err(format!("'{name}' has no model of its own choice; name one as {name}/MODEL")),
        (model, _) => model,
    };
    Ok(lines(provider, model).concat())
}

fn lines(provider: &Provider, model: &str) -> Vec<String> {
    let name = &provider.name;
    let key = provider.keys.first().map(|key| format!("# The key for {name}. It is sent to {name} only.\n{key}=\n\n"));
    let address = provider.address.as_ref().filter(|_| provider.base_url.is_empty());
    let address = address.map(|variable| format!("# The address of your own resource.\n{variable}=\n\n"));
    let model = format!("# The model that smol asks.\nSMOL_MODEL={name}/{model}\n");
    key.into_iter().chain(address).chain([model]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::catalog::Tables;

    #[test]
    fn a_spec_begins_with_what_it_is_about() {
        for (about, title) in [
            ("a stopwatch in one HTML file.", "# A stopwatch in one HTML file\n"),
            ("# Pong\n\nwith sound", "# Pong\n"),
            (
                "éclair orders, for a bakery that has more of them than it can bake",
                "# Éclair orders, for a bakery that has more\n",
            ),
        ] {
            assert!(prompt(about).starts_with(title), "{}", prompt(about));
            assert!(prompt(about).contains(about));
        }
    }

    #[test]
    fn the_settings_for_a_model() {
        let catalog = Catalog::with(&Tables::default()).expect("ships with smol");
        for (model, line) in [
            ("openai", "OPENAI_API_KEY=\n"),
            ("anthropic/claude-opus-5-5", "SMOL_MODEL=anthropic/claude-opus-5-5\n"),
            ("ollama/qwen2.5-coder:7b", "SMOL_MODEL=ollama/qwen2.5-coder:7b\n"),
            ("azure/ours", "AZURE_OPENAI_ENDPOINT=\n"),
        ] {
            assert!(dotenv(&catalog, model).expect(model).contains(line), "{model}");
        }
        assert!(dotenv(&catalog, "nobody").expect_err("there is none").contains("openai, anthropic"));
        assert!(dotenv(&catalog, "ollama").expect_err("which one?").contains("ollama/MODEL"));
    }
}
