//! What can be typed to `debug` and `pm`: which codebase, and whom to ask about it.

use std::{num::NonZeroUsize, path::PathBuf, time::Duration};

use clap::Args;
use smol_dev::model::provider::Effort;

use super::{Local, RunArgs, effort, seconds};

#[derive(Args)]
pub struct DebugArgs {
    /// The error: what a test, a compiler or a program says, or - for stdin; without one --run says it
    #[arg(required_unless_present = "run")]
    pub error: Option<String>,
    #[command(flatten)]
    pub tree: TreeArgs,
    #[command(flatten)]
    pub ask: AskArgs,
    /// Show what the fixes change, ask, and change it
    #[arg(long)]
    pub apply: bool,
    /// Do not ask before files are changed
    #[arg(short, long, requires = "apply")]
    pub yes: bool,
    #[command(flatten)]
    pub trial: RunArgs,
}

#[derive(Args)]
pub struct PmArgs {
    /// What to lay weight on, in your words
    #[arg(short, long, value_name = "TEXT")]
    pub prompt: Option<String>,
    /// Write the spec to this file instead of stdout
    #[arg(short, long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Do not ask before a file is overwritten
    #[arg(short, long, requires = "out")]
    pub yes: bool,
    /// Compare two codebases by files, public names and signatures; no model
    #[arg(long, num_args = 2, value_names = ["DIR1", "DIR2"], conflicts_with_all = ["prompt", "out", "dir"])]
    pub compare: Vec<String>,
    #[command(flatten)]
    pub tree: TreeArgs,
    #[command(flatten)]
    pub ask: AskArgs,
}

/// Which codebase, and how much of it.
#[derive(Args)]
pub struct TreeArgs {
    /// The codebase [default: the output directory if it is there, else the current one]
    #[arg(long, value_name = "DIR")]
    pub dir: Option<String>,
    /// Read only files that match this glob, also generated ones (repeatable)
    #[arg(long, value_name = "GLOB")]
    pub include: Vec<String>,
    /// Leave out files that match this glob (repeatable)
    #[arg(long, value_name = "GLOB")]
    pub exclude: Vec<String>,
    /// Send credentials, too, instead of masking them
    #[arg(long)]
    pub allow_secrets: bool,
    /// Tokens of the codebase that go into a question [default: what the model's window holds, else 100000]
    #[arg(long, value_name = "TOKENS", env = "SMOL_BUDGET", hide_env = true, value_parser = tokens)]
    pub budget: Option<u64>,
    /// Show what would be sent, with its tokens, and send nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// Whom to ask, and how.
#[derive(Args)]
pub struct AskArgs {
    /// Model to ask, with or without its provider: [PROVIDER/]MODEL
    #[arg(short, long, env = "SMOL_MODEL", hide_env = true)]
    pub model: Option<String>,
    /// Address of a server that speaks OpenAI's chat completions
    #[arg(long, value_name = "URL", env = "SMOL_BASE_URL", hide_env = true)]
    pub base_url: Option<String>,
    /// Whether to look for a server on this machine when nothing else is set
    #[arg(long, value_name = "WHEN", env = "SMOL_LOCAL", hide_env = true, default_value = "auto")]
    pub local: Local,
    /// How much the model is to think before it answers; sent in the provider's own words
    #[arg(long, value_name = "LEVEL", env = "SMOL_EFFORT", hide_env = true, value_parser = effort)]
    pub effort: Option<Effort>,
    /// The most that this run may cost, in US dollars; it stops before a call that could pass it
    #[arg(long, value_name = "USD", env = "SMOL_MAX_COST", hide_env = true)]
    pub max_cost: Option<f64>,
    /// Questions asked at the same time [default: 16]
    #[arg(short, long, value_name = "N", env = "SMOL_JOBS", hide_env = true)]
    pub jobs: Option<NonZeroUsize>,
    /// How often a call is tried again after a passing failure [default: 5]
    #[arg(long, value_name = "N", env = "SMOL_RETRIES", hide_env = true)]
    pub retries: Option<usize>,
    /// First wait between two tries; it doubles from one to the next [default: 1]
    #[arg(long, value_name = "SECONDS", env = "SMOL_RETRY_WAIT", hide_env = true, value_parser = seconds)]
    pub retry_wait: Option<Duration>,
    /// Longest wait for a connection [default: 15]
    #[arg(long, value_name = "SECONDS", env = "SMOL_CONNECT_TIMEOUT", hide_env = true, value_parser = seconds)]
    pub connect_timeout: Option<Duration>,
    /// Longest wait for the first token of an answer [default: 300, for a server on this machine 900]
    #[arg(long, value_name = "SECONDS", env = "SMOL_FIRST_TOKEN_TIMEOUT", hide_env = true, value_parser = seconds)]
    pub first_token_timeout: Option<Duration>,
    /// Longest silence between two tokens [default: 60, for a server on this machine 180]
    #[arg(long, value_name = "SECONDS", env = "SMOL_SILENCE_TIMEOUT", hide_env = true, value_parser = seconds)]
    pub silence_timeout: Option<Duration>,
    /// Record the run in this file too, which must be new
    #[arg(long, value_name = "FILE", env = "SMOL_RECORD", hide_env = true)]
    pub record: Option<PathBuf>,
    /// Answer from this recorded run instead of a model
    #[arg(long, value_name = "FILE", env = "SMOL_REPLAY", hide_env = true)]
    pub replay: Option<String>,
    /// Take prompts from this directory instead of the built-in ones of the same name
    #[arg(long, value_name = "DIR", env = "SMOL_PROMPTS", hide_env = true)]
    pub prompts: Option<PathBuf>,
}

/// A number of tokens: `32000`, `32_000` or `32k`.
fn tokens(typed: &str) -> Result<u64, String> {
    let plain = typed.to_lowercase().replace('_', "");
    let (number, thousands) = plain.strip_suffix('k').map_or((plain.as_str(), 1), |number| (number, 1_000));
    let tokens = number.parse().ok().and_then(|number: u64| number.checked_mul(thousands)).filter(|tokens| *tokens > 0);
    tokens.ok_or_else(|| "not a number of tokens; 32000 and 32k are".to_owned())
}
