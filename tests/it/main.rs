//! The real binary against a fake provider over real sockets: what was sent, what was written, what was said.

mod cassettes;
mod check;
mod faces;
mod fake;
mod generate;
mod ownership;
mod readme;
mod smol;
mod tidy;
mod weather;
mod wires;

/// What is said to be the key, so that it can be searched for.
const KEY: &str = "sk-secret-0123456789";
