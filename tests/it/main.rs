//! The real binary against a fake provider over real sockets: what was sent, what was written, what was said.

mod branches;
mod cassettes;
mod check;
mod debug;
mod faces;
mod fake;
mod faults;
mod flood;
mod gateway;
mod generate;
mod healing;
mod includes;
mod killing;
mod merging;
mod money;
mod odd_servers;
mod ownership;
mod pm;
mod published;
mod readme;
mod repairs;
mod requests;
mod rerun;
mod running;
mod secrets;
mod secure;
mod sequences;
mod smol;
mod snapshot;
mod start;
mod tidy;
mod trees;
mod undo;
mod watching;
mod way_back;
mod weather;
mod windows;
mod wires;

/// What is said to be the key, so that it can be searched for.
const KEY: &str = "sk-secret-0123456789";
