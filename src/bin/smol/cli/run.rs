//! What can be typed of a run of the project's own command.

use std::{num::NonZeroU64, time::Duration};

use clap::{Args, builder::FalseyValueParser};

use super::seconds;

#[derive(Args)]
pub struct RunArgs {
    /// Build or test command of the project, in a shell's words, to run in its directory: in bubblewrap where that is
    /// installed, without your environment's secrets
    #[arg(long, value_name = "CMD", env = "SMOL_RUN", hide_env = true)]
    pub run: Option<String>,
    /// How often what is red is mended and run again [default: 2]
    #[arg(long, value_name = "N", env = "SMOL_HEAL", hide_env = true)]
    pub heal: Option<usize>,
    /// Let the command use the network
    #[arg(long, env = "SMOL_RUN_NETWORK", hide_env = true, value_parser = FalseyValueParser::new())]
    pub run_network: bool,
    /// Longest that the command may run [default: 300]
    #[arg(long, value_name = "SECONDS", env = "SMOL_RUN_TIMEOUT", hide_env = true, value_parser = seconds)]
    pub run_timeout: Option<Duration>,
    /// Memory that each of its processes may hold [default: 4096]
    #[arg(long, value_name = "MIB", env = "SMOL_RUN_MEMORY", hide_env = true)]
    pub run_memory: Option<NonZeroU64>,
}
