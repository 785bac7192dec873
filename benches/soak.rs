//! What grows: 10,000 small files in one run of the binary, and 100 runs one after another in one process.
//!
//! `cargo bench --bench soak` prints the resident memory of the first over its time, and of the second memory, open files
//! and threads after each tenth run.

#[path = "../tests/it/fake.rs"]
#[allow(dead_code)]
mod fake;

use std::{
    collections::HashMap,
    io::{BufRead, BufReader, Read, Write},
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use fake::{Answer, Fake};
use smol_dev::{
    budget::Budget,
    engine::Engine,
    event::Events,
    generate::{Manner, Scope, Task, generate},
    landing,
    model::{cassette::Tempo, service::Remembered},
    pace::Pace,
    prompts::Prompts,
    proposal::{Consent, Diffs},
    rerun::Past,
    settings::{Settings, Surroundings, Typed},
    spec::Spec,
    workspace::Workspace,
};

const FILES: usize = 10_000;
const RUNS: usize = 100;
const FILES_OF_A_RUN: usize = 20;

/// Says to this program that it is to be the service, of so many files.
const SERVE: &str = "serve";

fn main() {
    let words: Vec<String> = std::env::args().collect();
    if let Some(at) = words.iter().position(|word| word == SERVE) {
        return serve(words[at + 1].parse().expect("is a number"));
    }
    one_run_of_many_files();
    many_runs_in_one_process();
}

/// A service in a process of its own, so that what it holds is not counted.
struct Service {
    url: String,
    child: Child,
}

impl Service {
    fn start(files: usize) -> Service {
        let mut command = Command::new(std::env::current_exe().expect("is known"));
        command.args([SERVE, &files.to_string()]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("starts");
        let mut url = String::new();
        let said = child.stdout.take().expect("is a pipe");
        BufReader::new(said).read_line(&mut url).expect("it says its address");
        Service { url: url.trim().to_owned(), child }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Answers until nobody holds its input any more.
fn serve(files: usize) {
    let fake = service(files);
    say(&fake.url);
    let _ = std::io::stdin().read_to_end(&mut Vec::new());
}

fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// A service that answers at once. The plan has no contract, so that it stays short; the list names the files.
fn service(files: usize) -> Fake {
    let paths: Vec<String> = (0..files).map(|index| format!("src/part_{}/file_{index}.js", index / 100)).collect();
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    let text = |index: usize| {
        let lines: String = (0..20).map(|line| format!("console.log({index} + {line});\n")).collect();
        vec![Answer::text(format!("```js\n{lines}```\n"))]
    };
    let files = paths.iter().enumerate().map(|(index, path)| ((*path).to_owned(), text(index)));
    let mut answers: HashMap<String, Vec<Answer>> = files.collect();
    answers.insert("plan".to_owned(), vec![Answer::text("# Plan\n\nEach file logs its own numbers.\n")]);
    answers.insert("list".to_owned(), vec![Answer::list(&paths)]);
    Fake::start(answers, None)
}

fn one_run_of_many_files() {
    let service = Service::start(FILES);
    let dir = tempfile::TempDir::new().expect("a temporary directory");
    std::fs::write(dir.path().join("prompt.md"), "Files that log their numbers.\n").expect("writes");
    let started = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_smol"))
        .current_dir(dir.path())
        .args(["gen", "-q", "-m", "fake", "--base-url", &service.url, "-j", "16"])
        .env_clear()
        .stdin(Stdio::null())
        .spawn()
        .expect("starts");
    let mut samples = Vec::new();
    let status = loop {
        if let Some(status) = child.try_wait().expect("is a child") {
            break status;
        }
        samples.extend(megabytes(&child.id().to_string(), "VmRSS:").map(|size| (started.elapsed(), size)));
        std::thread::sleep(Duration::from_millis(10));
    };
    let seconds = started.elapsed();
    assert!(status.success(), "smol failed");
    let written = |index: usize| dir.path().join(format!("generated/src/part_{}/file_{index}.js", index / 100));
    assert!((0..FILES).all(|index| written(index).exists()), "a file is missing");
    say(&format!("{FILES} files, 16 at a time: {:.1} s", seconds.as_secs_f64()));
    say("share of its time, and the most resident memory in it since the line before, in MB:");
    let mut last = Duration::ZERO;
    for tenth in 1..=10 {
        let until = seconds * tenth / 10;
        let of_tenth = samples.iter().filter(|(at, _)| *at > last && *at <= until).map(|(_, size)| *size);
        say(&format!("  {:3} %  {:6.1}", tenth * 10, of_tenth.fold(0.0, f64::max)));
        last = until;
    }
}

fn many_runs_in_one_process() {
    let service = Service::start(FILES_OF_A_RUN);
    say(&format!("{RUNS} runs of {FILES_OF_A_RUN} files in one process; memory in MB, open files, threads:"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    for run in 1..=RUNS {
        let dir = tempfile::TempDir::new().expect("a temporary directory");
        runtime.block_on(once(&service.url, dir.path()));
        if run == 1 || run % 10 == 0 {
            let memory = megabytes("self", "VmRSS:").unwrap_or_default();
            let threads = std::fs::read_dir("/proc/self/task").map_or(0, Iterator::count);
            let files = std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
            say(&format!("  {run:3}  {memory:6.1}  {files:3}  {threads:3}"));
        }
    }
}

/// A figure of a process's memory, as Linux tells it.
fn megabytes(process: &str, what: &str) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with(what))?;
    Some(line.split_whitespace().nth(1)?.parse::<f64>().ok()? / 1e3)
}

/// A whole run by the library.
async fn once(url: &str, out: &Path) {
    let typed = Typed { model: Some("fake".to_owned()), base_url: Some(url.to_owned()), ..Typed::default() };
    let settings = Settings::decide(typed, &Surroundings::default()).expect("can be decided");
    let prompts = Prompts::with(Default::default()).expect("the built-in ones are templates");
    let spec = Spec::new("Files that log their numbers.\n").expect("is one");
    let opened = settings.source.open(&spec, Tempo::Instant, &Remembered::default()).await.expect("opens");
    let engine = Engine {
        model: opened.model,
        prompts,
        patience: settings.patience,
        pace: Arc::new(Pace::new(settings.jobs.most(), opened.capacity)),
        budget: Arc::new(Budget::unlimited()),
        events: Events::to(|_| ()),
    };
    let workspace = Arc::new(Workspace::open(out, "soak").expect("opens"));
    let task = Task::new(spec, Past::default(), Manner::default());
    generate(&engine, &workspace, &task, Scope::Everything).await.expect("generates");
    let proposal = landing::propose(&engine.events, &workspace, Diffs::Counted);
    landing::commit(&engine.events, &workspace, &proposal, Consent::Everything).expect("lands");
    let written = engine.events.report().written.len();
    assert!(written >= FILES_OF_A_RUN, "{written} files");
}
