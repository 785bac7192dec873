//! Reads a codebase as `smol debug` and `smol pm` do, and nothing more: `cargo bench --bench reading -- DIR [exact]`.

#![allow(clippy::print_stderr, reason = "a bench says what it measured")]

use std::{path::Path, time::Instant};

use smol_dev::{
    tokens::Counter,
    tree::{Credentials, Reading},
    workspace::read_tree,
};

fn main() {
    let mut words = std::env::args().skip(1).filter(|word| word != "--bench");
    let directory = words.next().unwrap_or_else(|| ".".to_owned());
    let counter = match words.next().as_deref() {
        Some("exact") => Counter::of("gpt-4o"),
        _ => Counter::rough(),
    };
    let reading = Reading { include: Vec::new(), exclude: Vec::new(), credentials: Credentials::Mask, counter };
    let started = Instant::now();
    let tree = read_tree(Path::new(&directory), &reading).expect("it can be read");
    let bytes: usize = tree.files.iter().map(|file| file.text.len()).sum();
    let (secrets, with) = tree.masked();
    eprintln!(
        "{:.3} s: {} files, {} bytes, {} tokens, {} left out, {secrets} masked in {with} files",
        started.elapsed().as_secs_f64(),
        tree.files.len(),
        bytes,
        tree.tokens(),
        tree.left_out.len(),
    );
}
