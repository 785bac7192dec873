//! What smol adds to the model's own time: 20 to 1,000 files against a service with a known speed.
//!
//! The service is simulated over real sockets: 0.4 s to the first token, 60 tokens/s, both divided by a factor that is
//! printed. The limit is the flat plan, then the slowest file; no pipeline of one plan and files can be faster. A plan in
//! modules can: its rows are measured against the same limit.
//!
//! `cargo bench --bench pipeline`, or of some rows, by a word in them: `cargo bench --bench pipeline -- tree`

#[path = "../tests/it/fake.rs"]
#[allow(dead_code)]
mod fake;

use std::{
    collections::HashMap,
    io::Write,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use fake::{Answer, Asked, Fake};

const FIRST_TOKEN: Duration = Duration::from_millis(400);
const TOKENS_PER_SECOND: f64 = 60.0;
/// How much faster than real the simulated service is.
const FACTOR: f64 = 10.0;
const RUNS: usize = 3;

struct Scenario {
    files: usize,
    jobs: usize,
    order: &'static str,
    plan: &'static str,
}

struct Measured {
    ratio: f64,
    seconds: f64,
    peak_megabytes: f64,
    cpu_seconds: f64,
    shared: f64,
}

fn main() {
    let mut out = std::io::stdout().lock();
    let wanted = std::env::args().skip(1).find(|word| !word.starts_with('-'));
    let _ = writeln!(
        out,
        "simulated service: {:.0} ms to the first token, {TOKENS_PER_SECOND:.0} tokens/s, {FACTOR}x faster than real; best and worst of {RUNS} runs",
        FIRST_TOKEN.as_secs_f64() * 1e3,
    );
    let _ = writeln!(
        out,
        "files  jobs  order       plan  limit(s)   wall(s)      wall/limit     shared prefix   peak MB   CPU s"
    );
    for scenario in [
        Scenario { files: 20, jobs: 16, order: "contract", plan: "flat" },
        Scenario { files: 20, jobs: 20, order: "contract", plan: "flat" },
        Scenario { files: 20, jobs: 20, order: "dependency", plan: "flat" },
        Scenario { files: 200, jobs: 16, order: "contract", plan: "flat" },
        Scenario { files: 200, jobs: 200, order: "contract", plan: "flat" },
        Scenario { files: 200, jobs: 200, order: "dependency", plan: "flat" },
        Scenario { files: 200, jobs: 200, order: "contract", plan: "tree" },
        Scenario { files: 1000, jobs: 1000, order: "contract", plan: "tree" },
    ] {
        if wanted.as_ref().is_some_and(|word| word != scenario.plan && word != scenario.order) {
            continue;
        }
        let limit = limit(&scenario);
        let mut runs: Vec<Measured> = (0..RUNS).map(|_| measure(&scenario, limit)).collect();
        runs.sort_by(|a, b| a.ratio.total_cmp(&b.ratio));
        let (best, worst) = (&runs[0], &runs[RUNS - 1]);
        let peak = runs.iter().map(|run| run.peak_megabytes).fold(0.0, f64::max);
        let shared = runs.iter().map(|run| run.shared).fold(1.0, f64::min);
        let _ = writeln!(
            out,
            "{:5}  {:4}  {:10}  {:4}  {limit:8.2}  {:.2} - {:.2}  {:.3} - {:.3}   {shared:13.3}  {peak:8.1}  {:6.2}",
            scenario.files,
            scenario.jobs,
            scenario.order,
            scenario.plan,
            best.seconds,
            worst.seconds,
            best.ratio,
            worst.ratio,
            worst.cpu_seconds,
        );
    }
}

/// Paths and sizes of a project: sizes between 400 and 1,600 tokens, always the same ones.
fn project(files: usize) -> Vec<(String, usize)> {
    (0..files)
        .map(|index| (format!("src/module_{}/file_{index}.js", index / 10), 400 + (index * 7919) % 1201))
        .collect()
}

/// So many files use one; the files are a tree.
const USERS: usize = 4;

fn plan(files: &[(String, usize)]) -> String {
    format!("# Project\n\n{}", contract(files))
}

/// Files of a module.
const MODULE: usize = 25;

/// Some 80 tokens of trunk a module; each offers its first file to the others.
fn trunk(files: &[(String, usize)]) -> String {
    let module = |(index, files): (usize, &[(String, usize)])| {
        format!(
            "  - name: part_{index}\n    purpose: holds one part of the program, as its number says\n    files: {}\n    interface:\n      - path: {}\n        exports:\n          - {{ name: f, kind: function, signature: \"f(a: number): number\", meaning: \"adds\" }}\n",
            files.len(),
            files[0].0,
        )
    };
    let modules: String = files.chunks(MODULE).enumerate().map(module).collect();
    format!("# Project\n\n```yaml modules\nmodules:\n{modules}```\n")
}

/// Some 60 tokens of contract a file.
fn contract(files: &[(String, usize)]) -> String {
    let entry = |(index, (path, _)): (usize, &(String, usize))| {
        let used = index.checked_sub(1).map(|index| &files[index / USERS].0);
        let uses = used.map_or_else(String::new, |used| format!("    uses: [{{ path: {used}, names: [f] }}]\n"));
        format!(
            "  - path: {path}\n    purpose: holds one part of the program, as its number says\n    exports:\n      - {{ name: f, kind: function, signature: \"f(a: number): number\", meaning: \"adds\" }}\n{uses}"
        )
    };
    format!("```yaml contract\nfiles:\n{}```\n", files.iter().enumerate().map(entry).collect::<String>())
}

/// What the contract says, so that the check has nothing to say.
fn file_text(tokens: usize) -> String {
    let function = "export function f(a) {\n  return a + 1;\n}\n";
    format!("```js\n{function}{}```\n", "f(1);\n".repeat((tokens * 4).saturating_sub(function.len()) / 6))
}

/// How long the simulated service takes for this text, in scaled seconds.
fn service_time(text: &str) -> f64 {
    let tokens = text.len().div_ceil(4) as f64;
    (FIRST_TOKEN.as_secs_f64() + (tokens - 1.0) / TOKENS_PER_SECOND) / FACTOR
}

fn limit(scenario: &Scenario) -> f64 {
    let files = project(scenario.files);
    let slowest = files.iter().map(|(_, tokens)| service_time(&file_text(*tokens))).fold(0.0, f64::max);
    service_time(&plan(&files)) + slowest
}

fn paced(answer: Answer) -> Vec<Answer> {
    let per_token = Duration::from_secs_f64(1.0 / TOKENS_PER_SECOND / FACTOR);
    vec![Answer { first_token: FIRST_TOKEN.div_f64(FACTOR), per_token, ..answer }]
}

fn measure(scenario: &Scenario, limit: f64) -> Measured {
    let files = project(scenario.files);
    let paths: Vec<&str> = files.iter().map(|(path, _)| path.as_str()).collect();
    let mut answers = HashMap::from([("plan".to_owned(), paced(Answer::text(plan(&files))))]);
    answers.insert("list".to_owned(), paced(Answer::list(&paths)));
    if scenario.plan == "tree" {
        answers.insert("plan".to_owned(), paced(Answer::text(trunk(&files))));
        let modules = files.chunks(MODULE).enumerate();
        answers.extend(
            modules.map(|(index, files)| (format!("module part_{index}"), paced(Answer::text(contract(files))))),
        );
    }
    answers.extend(files.iter().map(|(path, tokens)| (path.clone(), paced(Answer::text(file_text(*tokens))))));
    let fake = Fake::start(answers, None);
    let dir = tempfile::TempDir::new().expect("a temporary directory");
    std::fs::write(dir.path().join("prompt.md"), "A project. ".repeat(200)).expect("writes");
    let started = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_smol"))
        .current_dir(dir.path())
        .args([
            "gen",
            "-q",
            "-m",
            "fake",
            "--base-url",
            &fake.url,
            "-j",
            &scenario.jobs.to_string(),
            "--order",
            scenario.order,
            "--plan",
            scenario.plan,
        ])
        .env_clear()
        .stdin(Stdio::null())
        .spawn()
        .expect("starts");
    let (mut peak_megabytes, mut cpu_seconds) = (0.0_f64, 0.0_f64);
    let status = loop {
        if let Some(status) = child.try_wait().expect("is a child") {
            break status;
        }
        peak_megabytes = peak_megabytes.max(peak(child.id()).unwrap_or(0.0));
        cpu_seconds = cpu_seconds.max(cpu(child.id()).unwrap_or(0.0));
        std::thread::sleep(Duration::from_millis(5));
    };
    let seconds = started.elapsed().as_secs_f64();
    assert!(status.success(), "smol failed");
    for (path, _) in &files {
        assert!(dir.path().join("generated").join(path).exists(), "{path} is missing");
    }
    Measured { ratio: seconds / limit, seconds, peak_megabytes, cpu_seconds, shared: shared(&fake.asked()) }
}

/// Peak resident memory of a process so far, in MB, as Linux counts it.
fn peak(process: u32) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    Some(line.split_whitespace().nth(1)?.parse::<f64>().ok()? / 1e3)
}

/// Processor time of a process so far, in seconds; Linux counts in hundredths.
fn cpu(process: u32) -> Option<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let fields: Vec<&str> = stat.rsplit(')').next()?.split_whitespace().collect();
    Some((fields.get(11)?.parse::<f64>().ok()? + fields.get(12)?.parse::<f64>().ok()?) / 100.0)
}

/// The share of all prompt tokens that stood in a prefix which the service had already: sent before by a request
/// whose first token was out when this one arrived. Whole messages count, as they are what is shared.
fn shared(asked: &[Asked]) -> f64 {
    let (mut all, mut known) = (0, 0);
    let messages: Vec<_> = asked.iter().map(Asked::messages).collect();
    for (index, request) in asked.iter().enumerate() {
        all += messages[index].iter().map(|(_, text)| text.len()).sum::<usize>();
        let warm = |other: &Asked| other.first_token.is_some_and(|first| first <= request.at);
        let common = |other: usize| {
            let pairs = messages[index].iter().zip(&messages[other]);
            pairs.take_while(|(a, b)| a == b).map(|((_, text), _)| text.len()).sum::<usize>()
        };
        known +=
            (0..asked.len()).filter(|other| *other != index && warm(&asked[*other])).map(common).max().unwrap_or(0);
    }
    known as f64 / all as f64
}
