//! `smol models`: shows what can be asked from here.

use std::io::Write;

use anyhow::Result;
use smol_dev::{
    model::probe::Abilities,
    prompts::Prompts,
    reachable::{self, FoundServer, Keyed, KnownModel, Probe, Reachable},
    settings::{Candidates, Settings, Typed},
    source::Source,
};

use crate::{
    cli::ModelsArgs,
    face::{BAD, BOLD, DIM, Face, say},
    runtime::Runtime,
    surroundings,
    words::{clean, counted, thousands},
};

pub fn run(args: &ModelsArgs, face: &Face) -> Result<()> {
    let found = surroundings::look()?;
    let candidates = Candidates::find(&found)?;
    let prompts = Prompts::with(Default::default())?;
    let which = if args.probe { Probe::All } else { Probe::Loaded };
    let reachable = Runtime::new()?.block_on(reachable::look(&prompts, &candidates, which))?;
    if face.is_json() {
        let _ = writeln!(std::io::stdout().lock(), "{}", serde_json::to_string(&reachable)?);
        return Ok(());
    }
    for notice in &candidates.notices {
        face.note(notice);
    }
    let _ = write!(anstream::stdout(), "{}", table(&reachable));
    let typed = Typed { is_local_wanted: true, ..Typed::default() };
    let first = Settings::decide(typed, &found).map(|settings| first(&settings.source, &reachable));
    match first {
        Ok(Some(first)) => {
            say(&format!("{BOLD}next:{BOLD:#} smol gen asks {first}; --model PROVIDER/MODEL names another one"))
        }
        Ok(None) => say(&format!(
            "{BOLD}next:{BOLD:#} set a key, for example OPENAI_API_KEY, or start a server; smol init helps"
        )),
        Err(error) => say(&format!("{BOLD}next:{BOLD:#} {}", clean(&format!("{error:#}")))),
    }
    Ok(())
}

/// Whom `gen` asks when nobody says more.
fn first(source: &Source, reachable: &Reachable) -> Option<String> {
    match source {
        Source::Server(service) if service.provider.name.is_empty() => {
            Some(format!("{} at {}", service.model, service.provider.base_url))
        }
        Source::Server(service) => Some(format!("{}/{}", service.provider.name, service.model)),
        Source::Local { model, .. } => {
            let server = reachable.servers.iter().find(|server| !server.models.is_empty())?;
            Some(format!("{}/{}", server.provider, model.as_ref().unwrap_or(&server.models[0].name)))
        }
        Source::Replay(_) | Source::Nothing => None,
    }
}

fn table(reachable: &Reachable) -> String {
    let Reachable { keys, servers, silent } = reachable;
    let mut text = format!("{BOLD}keys{BOLD:#}\n");
    if keys.is_empty() {
        text.push_str("  none is set\n");
    }
    keys.iter().for_each(|key| text.push_str(&key_lines(key)));
    text.push_str(&format!("{BOLD}servers on this machine{BOLD:#}\n"));
    servers.iter().for_each(|server| text.push_str(&server_lines(server)));
    for (name, address) in silent {
        text.push_str(&format!("  {DIM}{name} does not answer at {address}{DIM:#}\n"));
    }
    let is_unasked = |model: &KnownModel| model.abilities.is_none();
    if servers.iter().any(|server| server.models.iter().any(is_unasked)) {
        text.push_str(&format!(
            "  {DIM}?: not in memory, so it was not asked; smol models --probe loads and asks it{DIM:#}\n"
        ));
    }
    text
}

fn key_lines(key: &Keyed) -> String {
    let Keyed { variable, provider, models, model, .. } = key;
    let state = match models {
        Ok(models) => format!("taken, {} listed", counted(*models, "model")),
        Err(why) => format!("{BAD}not usable{BAD:#}: {}", clean(why)),
    };
    let model =
        model.as_ref().map(|model| format!("    {}\n", model_line(model, model.name.len()))).unwrap_or_default();
    format!("  {variable} for {provider}: {state}\n{model}")
}

fn server_lines(server: &FoundServer) -> String {
    let width = server.models.iter().map(|model| model.name.len()).max().unwrap_or(0);
    let models = server.models.iter().map(|model| format!("    {}\n", model_line(model, width))).collect::<String>();
    let none = if server.models.is_empty() { "    it has no model yet\n" } else { "" };
    format!("  {} at {}\n{none}{models}", server.provider, server.base_url)
}

fn model_line(model: &KnownModel, width: usize) -> String {
    let KnownModel { name, window, price, abilities } = model;
    let mut parts = vec![format!("{:width$}", clean(name))];
    parts.push(window.map_or("window unknown".to_owned(), |window| format!("window {}", thousands(window))));
    parts.extend(price.map(|(input, output)| format!("${input} in, ${output} out per million tokens")));
    match abilities {
        Some(Abilities { calls, schema, thinking }) => {
            let word = |name: &str, can: &Option<bool>| {
                format!("{name} {}", can.map_or("no answer", |can| if can { "yes" } else { "no" }))
            };
            parts.extend([word("tools", calls), word("schema", schema), word("thinking", thinking)]);
        }
        None if price.is_none() => parts.push("?".to_owned()),
        None => {}
    }
    parts.join(" · ")
}
