//! `smol init`: asks two questions and writes the first files.

use std::{
    io::{IsTerminal, Write},
    path::Path,
};

use anyhow::{Context, Result, anyhow, bail};
use smol_dev::{
    model::catalog::{Catalog, Tables},
    starter,
    workspace::{self, Access},
};

use crate::{
    cli::InitArgs,
    face::{BOLD, GOOD, ODD, say},
    surroundings,
    words::quoted,
};

/// The model that is meant when a person only presses return.
const DEFAULT_MODEL: &str = "openai";

pub fn run(args: InitArgs) -> Result<()> {
    let found = surroundings::look()?;
    let (providers, models) = (found.user.providers, found.user.models);
    let catalog = Catalog::with(&Tables { providers, models }).context("in your configuration")?;
    let files = ["prompt.md", ".env"].map(Path::new);
    if files.iter().all(|path| workspace::is_file(path)) {
        bail!("'prompt.md' and '.env' are there already, and stay as they are; run smol gen, or remove one of them");
    }
    let about = match args.about {
        Some(about) => about,
        None if workspace::is_file(files[0]) => String::new(),
        None => ask("What shall it build?", "--about", None)?,
    };
    let model = match args.model {
        Some(model) => model,
        None if workspace::is_file(files[1]) => DEFAULT_MODEL.to_owned(),
        None => ask("Which model shall write it, as PROVIDER or PROVIDER/MODEL?", "--model", Some(DEFAULT_MODEL))?,
    };
    let dotenv = starter::dotenv(&catalog, &model).map_err(|why| anyhow!("--model cannot be '{model}': {why}"))?;
    if about.trim().is_empty() && !workspace::is_file(files[0]) {
        bail!("nothing was said of what it shall build; --about says it");
    }
    write(files[0], &starter::prompt(&about), Access::Everybody)?;
    // It will hold a key.
    write(files[1], &dotenv, Access::Owner)?;
    let is_ignored =
        workspace::read_named(Path::new(".gitignore")).is_ok_and(|text| text.lines().any(|line| line.trim() == ".env"));
    if !is_ignored {
        say(&format!(
            "{ODD}note{ODD:#}   '.env' is for your key: keep it out of what you share (a line '.env' in .gitignore)"
        ));
    }
    let key = dotenv
        .lines()
        .find_map(|line| line.strip_suffix("_API_KEY="))
        .map(|name| format!("put your key behind {name}_API_KEY= in .env, "));
    say(&format!("{BOLD}next:{BOLD:#} {}read and edit prompt.md, then: smol gen", key.unwrap_or_default()));
    Ok(())
}

fn write(path: &Path, text: &str, access: Access) -> Result<()> {
    let name = path.display().to_string();
    if workspace::write_new(path, text, access).with_context(|| format!("could not write '{name}'"))? {
        say(&format!("{GOOD}wrote{GOOD:#}  {}", quoted(&name)));
    } else {
        say(&format!("{ODD}kept{ODD:#}   {}: it is there already", quoted(&name)));
    }
    Ok(())
}

/// A line that a person types, or what is meant when they type none.
fn ask(question: &str, flag: &str, otherwise: Option<&str>) -> Result<String> {
    if !(std::io::stdin().is_terminal() && std::io::stderr().is_terminal()) {
        bail!("there is no terminal to ask on; {flag} says it");
    }
    let hint = otherwise.map(|word| format!(" [{word}]")).unwrap_or_default();
    let _ = write!(anstream::stderr(), "{BOLD}{question}{BOLD:#}{hint} ");
    let _ = std::io::stderr().flush();
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).context("could not read the answer")?;
    Ok(match (line.trim(), otherwise) {
        ("", Some(word)) => word.to_owned(),
        (words, _) => words.to_owned(),
    })
}
