//! smol turns a markdown spec into a whole codebase, with any model.
//!
//! One conversation that forks. The rules and the spec are answered by a plan that names every file and everything
//! that the files have to agree on. From there each file is a branch: the same trunk, byte for byte, and one last
//! message. All branches run at the same time; beside them the model names the files by a function call, and that
//! list is the authority on what gets written.
//!
//! ```text
//! text ─▶ Spec ─plan─▶ Plan{text, contract} ─list─▶ FileList[RelPath] ─file×N─▶ GeneratedFile ─land─▶ Report
//!                 every arrow emits Event*
//! ```
//!
//! # Where to read
//!
//! In a straight line: [`spec`], [`plan`], [`file_list`], [`file`], then [`engine`], which puts one question to the
//! model, and [`generate`], which puts all of them.
//!
//! * Nouns and stages: [`spec`] is what a person wants, for all files and for single ones; [`plan`] what the files agree on, with the [`contract`] in it
//!   that a program can read; [`file_list`] what is written; [`file`] one of them. A question to the model is two pure
//!   functions, `ask` and `read`.
//!   [`sequence`] says which files wait for which.
//! * A plan too long for one answer is a tree: [`modules`] are planned apart from a trunk that they share, each with a
//!   contract of its own; [`agreement`] finds where these clash, and joins them into one plan. The files of a module start
//!   when its own contract is there.
//! * Run again: [`lineage`] knows what every file was made from, [`rerun`] decides what has to be asked for,
//!   [`questions`] shows what is known of it beforehand,
//!   [`amendment`] is a text that the model changes in single places,
//!   [`proposal`] weighs what a run would do to an existing project, [`merge`] joins what a person changed with what is
//!   new.
//! * Pure parts: [`path`] parses what a model calls a path, [`path_list`] reads a list of them out of whatever it said,
//!   [`thinking`] tells what a model thinks from what it answers, [`extract`] takes a file's text out of an answer,
//!   [`image`] tells what pictures there are, [`signatures`] takes what a file offers out of its text, [`prompts`] holds
//!   every word that is sent, [`tokens`] counts roughly and [`usage`] what was used, [`settings`] decides from what was
//!   typed and found, [`source`] opens what answers, [`reachable`] what could, [`shipped`] has the examples built in,
//!   [`starter`] the first files of a project.
//! * The way back: [`tree`] is a codebase as it was read, [`encoding`] turns its bytes into text and back, and
//!   [`secrets`] keeps credentials out of what is sent; [`patch`] puts a model's replacement where it belongs,
//!   and [`fixes`] all those of an answer. [`mentions`] is what an error points at, [`references`] who defines and
//!   imports what, [`recent`] what was changed last, [`selection`] what of a codebase goes into a
//!   question. [`debug`] asks what is wrong with one,
//!   [`pm`] for the spec that would make one, with the contract that [`outline`] reads off it; [`comparison`] says how
//!   much two have in common.
//! * Small windows: [`slice`] chooses what of spec and plan goes with a question when the whole does not fit.
//! * What is on disk: [`check`] finds names that do not fit across the files of any project, and [`repair`] decides which
//!   file of a run is asked for once more for it, and whether that is better.
//! * Run it: [`trial`] is one run of the project's own command, under limits and in the [`sandbox`] that there is; its
//!   `transcript` is read into a [`verdict`], and [`heal`] has what is red mended until it is green or no better.
//! * Weather and money: [`patience`] says how long to wait and how often to try, [`pace`] how much at once, [`budget`]
//!   what it may cost.
//! * What happens is an [`event`]; the sum of the events is the [`report`]; [`landing`] tells what becomes of files.
//!   The library prints nothing.
//! * Effects have one address each: the disk is [`workspace`], the network is [`model`], processes are `command`: git,
//!   with which [`worktree`] has a run's files on a branch of their own, and what a person asked to be run. Environment, terminal and
//!   clock belong to the binary, which can use only what is public here.
//!
//! # What always holds
//!
//! 1. Nothing that a person made or changed is deleted or overwritten: smol owns a file only while its bytes are those
//!    that smol wrote. What a person changed is merged with what is new, on their word; what does not go together stays
//!    theirs ([`workspace::Workspace::propose`]).
//! 2. A file appears under its final name whole or not at all, and only from an answer that came to its end. Over an
//!    existing project all files of a run are one act, which the next command finishes if it was cut short
//!    ([`workspace::Workspace::commit`]), and which can be taken back.
//! 3. Nothing is written outside the output directory, whatever path a model gives ([`path::RelPath`], and one
//!    directory handle for all writing).
//! 4. What was paid for is kept: every call, cut ones too, is in the record of its run ([`model::cassette`]).
//! 5. No key is printed, recorded, or sent to another host than its own ([`settings`]).
//! 6. Nothing that a model wrote is run unless a person asked for that run, and then in a sandbox where there is one
//!    ([`sandbox::Sandbox`]).
//! 7. One file that fails stops no other; half a success is a value ([`report::Report`]).
//!
//! `tests/it/tidy.rs` checks what can be checked of this from the source itself.

pub mod agreement;
pub mod amendment;
pub mod budget;
pub mod check;
mod command;
pub mod comparison;
mod continuation;
pub mod contract;
pub mod debug;
pub mod encoding;
pub mod engine;
pub mod event;
pub mod extract;
mod fence;
pub mod file;
pub mod file_list;
pub mod fixes;
pub mod generate;
pub mod heal;
pub mod image;
pub mod landing;
mod leader;
pub mod lineage;
pub mod mentions;
pub mod merge;
pub mod model;
pub mod modules;
pub mod outline;
pub mod pace;
pub mod patch;
pub mod path;
pub mod path_list;
pub mod patience;
pub mod plan;
pub mod pm;
pub mod prompts;
pub mod proposal;
pub mod questions;
pub mod reachable;
pub mod recent;
pub mod references;
pub mod repair;
mod repetition;
pub mod report;
pub mod rerun;
pub mod sandbox;
pub mod secrets;
mod sections;
pub mod selection;
pub mod sequence;
pub mod settings;
pub mod shipped;
pub mod signatures;
pub mod slice;
pub mod source;
pub mod spec;
pub mod starter;
pub mod thinking;
pub mod tokens;
mod transcript;
pub mod tree;
pub mod trial;
pub mod usage;
pub mod verdict;
pub mod workspace;
pub mod worktree;
