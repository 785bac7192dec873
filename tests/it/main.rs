//! The real binary against a fake provider over real sockets: what was sent, what was written, what was said.

mod fake;
mod generate;
mod smol;
