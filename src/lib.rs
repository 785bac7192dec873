//! smol turns a markdown spec into a codebase.

pub mod contract;
pub mod engine;
pub mod event;
pub mod extract;
pub mod file;
pub mod file_list;
pub mod generate;
pub mod model;
pub mod path;
pub mod plan;
pub mod prompts;
pub mod report;
pub mod settings;
pub mod shipped;
pub mod signatures;
pub mod spec;
pub mod tokens;
pub mod workspace;
