//! What lies around a command: the environment, `.env` and `smol.toml` in the working directory, the user's file.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    time::SystemTime,
};

use anyhow::{Context, Result};
use etcetera::BaseStrategy;
use smol_dev::{
    model::service::{Habits, Remembered},
    settings::{ConfigFile, Surroundings},
    workspace,
};

pub fn look() -> Result<Surroundings> {
    let user = etcetera::choose_base_strategy().map(|base| base.config_dir().join("smol").join("config.toml"));
    Ok(Surroundings {
        environment: std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect(),
        dotenv: dotenv(Path::new(".env"))?,
        project: config(Path::new("smol.toml"))?,
        user: user.map_or_else(|_| Ok(ConfigFile::default()), |path| config(&path))?,
    })
}

/// Where worktrees may be, the best place first: they are no work of the person's, and last as long as what is in them.
pub fn worktrees() -> Vec<PathBuf> {
    let cache = etcetera::choose_base_strategy().ok().map(|base| base.cache_dir().join("smol"));
    let temporary = std::env::temp_dir().join("smol");
    cache.into_iter().chain([temporary]).map(|home| home.join("worktrees")).collect()
}

/// Where it is remembered what models took and refused.
fn memory() -> Option<PathBuf> {
    Some(etcetera::choose_base_strategy().ok()?.cache_dir().join("smol").join("models.json"))
}

/// What models took and refused in earlier runs. It only saves questions, so no trouble with it is an error.
pub fn remembered() -> Remembered {
    let text = memory().and_then(|path| workspace::read_named(&path).ok()).unwrap_or_default();
    Remembered::read(&text, now())
}

/// Keeps what a run has learned of this model.
pub fn remember(name: &str, learned: &Habits) -> Result<()> {
    let Some(text) = remembered().learn(name, learned, now()) else { return Ok(()) };
    let Some(path) = memory() else { return Ok(()) };
    workspace::write_own(&path, &text).with_context(|| format!("could not remember it in '{}'", path.display()))
}

/// Seconds since 1970.
fn now() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// The pairs of a `.env`, without putting them into the environment.
fn dotenv(path: &Path) -> Result<BTreeMap<String, String>> {
    if !workspace::is_file(path) {
        return Ok(BTreeMap::new());
    }
    let text = workspace::read_named(path).with_context(|| format!("could not read '{}'", path.display()))?;
    // A line that cannot be read may be another tool's business, or hold a key: it is left out, and never shown.
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    Ok(dotenvy::from_read_iter(text.as_bytes()).filter_map(Result::ok).collect())
}

fn config(path: &Path) -> Result<ConfigFile> {
    if !workspace::is_file(path) {
        return Ok(ConfigFile::default());
    }
    let text = workspace::read_named(path).with_context(|| format!("could not read '{}'", path.display()))?;
    toml::from_str(&text).with_context(|| format!("'{}' cannot be understood", path.display()))
}
