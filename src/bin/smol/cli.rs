//! What can be typed.

mod codebase;
mod run;

use std::{num::NonZeroUsize, path::PathBuf, time::Duration};

use clap::{Args, Parser, Subcommand, ValueEnum, builder::FalseyValueParser};
use smol_dev::{check::Rule, model::provider::Effort};

pub use self::{
    codebase::{AskArgs, DebugArgs, PmArgs, TreeArgs},
    run::RunArgs,
};

/// Turns a markdown spec into a whole codebase, with any model.
#[derive(Parser)]
#[command(name = "smol", version, arg_required_else_help = true, infer_subcommands = false)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
    #[command(flatten)]
    pub show: ShowArgs,
}

#[derive(Subcommand)]
pub enum Command {
    /// Turn a spec into a codebase
    Gen(Box<GenArgs>),
    /// Find out what is wrong with a codebase, and mend it
    Debug(Box<DebugArgs>),
    /// Turn a codebase into the spec that would make it
    Pm(Box<PmArgs>),
    /// Find names that do not fit across the files of a project
    Check(CheckArgs),
    /// Take back the last run, to the byte
    Undo(UndoArgs),
    /// Show which models can be asked from here, and what they can do
    Models(ModelsArgs),
    /// Write a first prompt.md and .env, from the answers to two questions
    Init(InitArgs),
    /// Print the completions for a shell
    Completions(CompletionsArgs),
}

#[derive(Args)]
pub struct ModelsArgs {
    /// Also ask models on this machine that have to be loaded into memory for it
    #[arg(long)]
    pub probe: bool,
}

#[derive(Args)]
pub struct InitArgs {
    /// What shall be built, in your words
    #[arg(long, value_name = "TEXT")]
    pub about: Option<String>,
    /// Model that shall write it: PROVIDER or PROVIDER/MODEL
    #[arg(short, long)]
    pub model: Option<String>,
}

#[derive(Args)]
pub struct CompletionsArgs {
    pub shell: clap_complete::Shell,
}

/// How to tell what happens.
#[derive(Args)]
pub struct ShowArgs {
    /// Print one JSON object per event on stdout; the last one carries the report
    #[arg(long, global = true, conflicts_with = "quiet")]
    pub json: bool,
    /// Print errors only
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Print more: the plan as it comes, and each call
    #[arg(short, long, global = true, conflicts_with = "quiet")]
    pub verbose: bool,
    /// When to use colour
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: Color,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    Auto,
    Always,
    Never,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PlanShape {
    Flat,
    Tree,
}

#[derive(Args)]
pub struct GenArgs {
    /// The spec: its text, a path ending in .md, or - for stdin [default: prompt.md]
    pub prompt: Option<String>,
    /// The same, as a flag
    #[arg(short, long = "prompt", value_name = "PROMPT", env = "SMOL_PROMPT", hide_env = true)]
    pub prompt_flag: Option<String>,
    /// Output directory [default: generated]
    #[arg(short, long, value_name = "DIR", env = "SMOL_OUT", hide_env = true)]
    pub out: Option<String>,
    /// Write only this file again, from the plan in the output directory (repeatable)
    #[arg(long, value_name = "PATH", env = "SMOL_FILE", hide_env = true, conflicts_with_all = ["plan_only", "from_plan"])]
    pub file: Vec<String>,
    /// Let the spec include files from outside of the folder that it stands in
    #[arg(long, env = "SMOL_ALLOW_OUTSIDE", hide_env = true, value_parser = FalseyValueParser::new())]
    pub allow_outside: bool,
    /// Stop when the plan and the file list stand
    #[arg(long, env = "SMOL_PLAN_ONLY", hide_env = true, value_parser = FalseyValueParser::new(), conflicts_with = "from_plan")]
    pub plan_only: bool,
    /// How to plan: flat, in one answer; tree, in modules that are planned at the same time [default: flat for a short
    /// spec; for a long one as the model sees fit]
    #[arg(long, value_name = "SHAPE", env = "SMOL_PLAN", hide_env = true, conflicts_with_all = ["from_plan", "file"])]
    pub plan: Option<PlanShape>,
    /// Go on from the plan in the output directory, edited or not
    #[arg(long, env = "SMOL_FROM_PLAN", hide_env = true, value_parser = FalseyValueParser::new())]
    pub from_plan: bool,
    /// Do what needs your word without asking for it: merge new text into files that you changed, remove files that
    /// the file list no longer has, and write files anew of which only the model or the prompts changed. In a pipe without
    /// it, all else is done and this is left.
    #[arg(short, long, env = "SMOL_YES", hide_env = true, value_parser = FalseyValueParser::new())]
    pub yes: bool,
    /// Show every difference before it is written
    #[arg(long, env = "SMOL_DIFF", hide_env = true, value_parser = FalseyValueParser::new())]
    pub diff: bool,
    /// Run again whenever the prompt, what belongs to it, or the plan in the output directory changes, until Ctrl-C
    #[arg(long, env = "SMOL_WATCH", hide_env = true, value_parser = FalseyValueParser::new(), conflicts_with_all = ["dry_run", "record"])]
    pub watch: bool,
    /// Write into a git worktree on this new branch and commit there; your own files and index are not touched
    #[arg(long, value_name = "NAME", conflicts_with_all = ["watch", "dry_run", "explain", "record", "resolve", "run"])]
    pub branch: Option<String>,
    /// Do it so many times at once, on the branches NAME-1, NAME-2 and so on, under one --max-cost and one --jobs
    #[arg(long, value_name = "N", requires = "branch")]
    pub variants: Option<NonZeroUsize>,
    /// Settle files whose new text waits, and ask no model: HOW is ours (yours stays), theirs (the new text takes its
    /// place) or markers (both, with conflict markers where they clash)
    #[arg(long, num_args = 2.., value_names = ["HOW", "PATH"], conflicts_with_all = ["prompt", "file", "plan_only", "from_plan"])]
    pub resolve: Vec<String>,
    #[command(flatten)]
    pub trial: RunArgs,
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
    /// Print every request that is known without an answer, with its tokens and cost; send and write nothing
    #[arg(long, env = "SMOL_DRY_RUN", hide_env = true, value_parser = FalseyValueParser::new())]
    pub dry_run: bool,
    /// Show for each file why it would be asked for, or would not; send and write nothing
    #[arg(long, env = "SMOL_EXPLAIN", hide_env = true, value_parser = FalseyValueParser::new(), conflicts_with_all = ["dry_run", "file"])]
    pub explain: bool,
    /// When a file is asked for
    #[arg(long, value_name = "ORDER", env = "SMOL_ORDER", hide_env = true, default_value = "contract")]
    pub order: Order,
    /// Only report what does not fit across the files; do not ask for those files once more
    #[arg(long, env = "SMOL_NO_REPAIR", hide_env = true, value_parser = FalseyValueParser::new())]
    pub no_repair: bool,
    /// Ask for everything anew: also what is up to date, and what the last run has paid for before it was cut
    #[arg(long, env = "SMOL_FRESH", hide_env = true, value_parser = FalseyValueParser::new())]
    pub fresh: bool,
    /// Files asked for at the same time [default: 16]
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

#[derive(Args)]
pub struct CheckArgs {
    /// Directory of the project [default: .]
    pub dir: Option<PathBuf>,
    /// Look with these rules only (repeatable, or a list with commas)
    #[arg(long, value_name = "RULE", value_delimiter = ',', value_parser = rule)]
    pub rule: Vec<Rule>,
    /// Look without these rules
    #[arg(long, value_name = "RULE", value_delimiter = ',', value_parser = rule)]
    pub ignore: Vec<Rule>,
    /// How to print what is found; --json is the same as --format json
    #[arg(long, visible_alias = "output-format", value_name = "FORMAT", default_value = "text")]
    pub format: Format,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// One line each, the place first
    Text,
    /// One JSON object a line; the last one has the counts
    Json,
    /// SARIF 2.1.0, for code hosts and editors
    Sarif,
}

/// A rule by its name.
fn rule(typed: &str) -> Result<Rule, String> {
    Rule::ALL.iter().copied().find(|rule| rule.to_string() == typed).ok_or_else(|| {
        let names: Vec<String> = Rule::ALL.iter().map(Rule::to_string).collect();
        format!("there is no such rule; the rules are {}", names.join(", "))
    })
}

#[derive(Args)]
pub struct UndoArgs {
    /// Output directory [default: generated]
    #[arg(short, long, value_name = "DIR", env = "SMOL_OUT", hide_env = true)]
    pub out: Option<String>,
    /// Leave files that were changed since the run, and take back the rest
    #[arg(long)]
    pub rest: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Local {
    Auto,
    Never,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Order {
    /// At once with all others, which the contract has agreed on everything with
    Contract,
    /// When the files that it uses are done, whose real signatures it is shown
    Dependency,
}

/// Seconds, whole or not.
fn seconds(typed: &str) -> Result<Duration, String> {
    let seconds = typed.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    seconds.ok_or_else(|| "not a number of seconds".to_owned())
}

fn effort(typed: &str) -> Result<Effort, String> {
    Effort::parse(typed).ok_or_else(|| format!("not one of {}", Effort::ALL.map(Effort::word).join(", ")))
}
