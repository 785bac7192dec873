//! What each fault of a service costs: files right, wall time against the run without it, wasted tokens, calls.
//!
//! The service is simulated over real sockets and twenty times faster than real; so are smol's waits. Every faulty run
//! has a fault-free one right before it, and its wall time is compared with that one's. Prints the table of
//! `docs/reliability.md`.
//!
//! `cargo bench --bench weather [-- WORD]`, where only rows with the word in their name are run.

#[path = "../tests/it/fake.rs"]
#[allow(dead_code)]
mod fake;
#[path = "../tests/it/faults.rs"]
mod faults;

use std::{
    io::Write,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use fake::Fake;
use faults::{Provider, Scale};
use serde_json::Value;

/// 1.2 s and 100 tokens/s, twenty times faster.
const SCALE: Scale = Scale { first_token: Duration::from_millis(60), per_token: Duration::from_micros(500), files: 8 };
/// The defaults for a hosted service, twenty times shorter: 60 s of silence, 1 s to the first retry. For the first token
/// 300 s are the default, as some models think that long; here it gets the 60 s too. The default number of jobs is said
/// aloud, as smol would feel its way with a server on this machine.
const SETTINGS: [&str; 8] =
    ["--silence-timeout", "3", "--first-token-timeout", "3", "--retry-wait", "0.05", "--jobs", "16"];
const RUNS: usize = 3;

struct Measured {
    seconds: f64,
    right: usize,
    report: Value,
    asked: usize,
}

fn main() {
    let word = std::env::args().skip(1).find(|arg| !arg.starts_with('-')).unwrap_or_default();
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "| fault | files right | wall time | lost | wasted tokens | calls |");
    let _ = writeln!(out, "|---|--:|--:|--:|--:|--:|");
    for row in faults::rows().iter().filter(|row| row.name.contains(&word)) {
        let mut pairs: Vec<(Measured, Measured)> = (0..RUNS)
            .map(|_| (measure(Provider::healthy(row.project, SCALE), 0), measure(row.provider(SCALE), row.exit)))
            .collect();
        pairs.sort_by(|a, b| ratio(a).total_cmp(&ratio(b)));
        let right = pairs.iter().map(|(_, faulty)| faulty.right).min().unwrap_or_default();
        let median = &pairs[RUNS / 2];
        let (healthy, faulty) = median;
        let _ = writeln!(
            out,
            "| {} | {right}/{} | {:.2} | {:.2} s | {} | {} ({}) |",
            row.name,
            row.provider(SCALE).files.len(),
            ratio(median),
            faulty.seconds - healthy.seconds,
            faulty.report["wasted"],
            faulty.asked,
            healthy.asked,
        );
    }
}

fn ratio((healthy, faulty): &(Measured, Measured)) -> f64 {
    faulty.seconds / healthy.seconds
}

/// One run of the binary against this provider; it has to end with this code.
fn measure(provider: Provider, exit: i32) -> Measured {
    let fake = Fake::start(provider.answers, provider.limit);
    let dir = tempfile::TempDir::new().expect("a temporary directory");
    std::fs::write(dir.path().join("prompt.md"), faults::spec()).expect("writes");
    let started = Instant::now();
    let output = Command::new(env!("CARGO_BIN_EXE_smol"))
        .current_dir(dir.path())
        .args(["gen", "--json", "-m", "fake", "--base-url", &fake.url])
        .args(SETTINGS)
        .env_clear()
        .env("HOME", dir.path().join("home"))
        .stdin(Stdio::null())
        .output()
        .expect("starts");
    let seconds = started.elapsed().as_secs_f64();
    assert_eq!(output.status.code(), Some(exit), "{}", String::from_utf8_lossy(&output.stderr));
    let events = String::from_utf8(output.stdout).expect("events are text");
    let last = events.lines().last().expect("there are events");
    let report = serde_json::from_str::<Value>(last).expect("events are JSON")["report"].take();
    let on_disk = |path: &str| std::fs::read_to_string(dir.path().join("generated").join(path)).ok();
    let right = provider.files.iter().filter(|(path, text)| on_disk(path).as_ref() == Some(text)).count();
    Measured { seconds, right, report, asked: fake.asked().len() }
}
