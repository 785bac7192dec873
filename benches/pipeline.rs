//! What smol adds to the model's own time: 5 to 1,000 files against a service with a known speed.
//!
//! The service is simulated over real sockets: 0.4 s to the first token and 0.2 ms more for each token of the prompt that
//! is not in its cache, 60 tokens/s with a jitter of a half, all divided by a factor that each row tells. Its cache takes
//! whole blocks of 128 tokens from 1,024 tokens up, with tools and forms of answer before the messages.
//!
//! The limits are sums of what the service needs, whatever smol does:
//! serial: plan, list, and one file after the other. barrier: plan, list, and the slowest file. pipelined: plan, and the
//! slowest file, or all files divided by the places. tree: trunk, and the slowest module, its contract and its slowest
//! file. Each has in it that the trunk is read once by a service that has not seen it.
//!
//! `cargo bench --bench pipeline`, or of some rows, by words in them: `cargo bench --bench pipeline -- tree 200`

#[path = "../tests/it/fake.rs"]
#[allow(dead_code)]
mod fake;

use std::{
    collections::HashMap,
    io::Write,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use fake::{Allowance, Answer, Asked, Fake, Limit};

const FIRST_TOKEN: Duration = Duration::from_millis(400);
const PER_PROMPT_TOKEN: Duration = Duration::from_micros(200);
const TOKENS_PER_SECOND: f64 = 60.0;
const JITTER: f64 = 0.5;
const RUNS: usize = 2;

#[derive(Clone, Copy)]
struct Scenario {
    files: usize,
    jobs: usize,
    order: &'static str,
    plan: &'static str,
    /// How much faster than real the service is.
    factor: f64,
    /// What the account allows in a minute: requests and tokens of prompts.
    account: Option<(f64, f64)>,
}

const ROW: Scenario = Scenario { files: 0, jobs: 0, order: "contract", plan: "flat", factor: 2.0, account: None };

const SCENARIOS: [Scenario; 11] = [
    Scenario { files: 5, jobs: 16, ..ROW },
    Scenario { files: 20, jobs: 16, ..ROW },
    Scenario { files: 20, jobs: 20, ..ROW },
    Scenario { files: 20, jobs: 20, order: "dependency", ..ROW },
    Scenario { files: 50, jobs: 16, ..ROW },
    Scenario { files: 50, jobs: 50, ..ROW },
    Scenario { files: 50, jobs: 50, account: Some((60.0, 150e3)), ..ROW },
    Scenario { files: 200, jobs: 16, factor: 10.0, ..ROW },
    Scenario { files: 200, jobs: 200, factor: 4.0, ..ROW },
    Scenario { files: 200, jobs: 200, plan: "tree", factor: 4.0, ..ROW },
    Scenario { files: 1000, jobs: 500, plan: "tree", ..ROW },
];

struct Measured {
    seconds: f64,
    /// From the start of the process to its first request.
    to_first_request: f64,
    peak_megabytes: f64,
    cpu_seconds: f64,
    asked: Vec<Asked>,
}

/// What the service needs by itself, in seconds.
struct Limits {
    serial: f64,
    barrier: f64,
    pipelined: f64,
    tree: f64,
}

fn main() {
    let mut out = std::io::stdout().lock();
    let wanted: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let _ = writeln!(
        out,
        "Limits in seconds, and of the best and the worst of {RUNS} runs: wall time, and its ratio to the limit of its kind.\n\n\
         | files | jobs | kind | serial | barrier | pipelined | tree | smol | to its limit | to barrier | cached, files | cached, all | calls | first after | CPU s | peak MB |\n\
         | --: | --: | --- | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: |"
    );
    let mut notes = Vec::new();
    for scenario in SCENARIOS {
        let Scenario { files, jobs, order, plan, account, factor } = scenario;
        let kind = match (plan, order, account) {
            (_, _, Some(_)) => "account",
            ("tree", ..) => "tree",
            (_, "dependency", _) => "dependency",
            _ => "flat",
        };
        if !wanted.iter().all(|word| *word == kind || *word == files.to_string()) {
            continue;
        }
        let mut runs: Vec<Measured> = (0..RUNS).map(|_| measure(&scenario)).collect();
        runs.sort_by(|a, b| a.seconds.total_cmp(&b.seconds));
        let (best, worst) = (&runs[0], &runs[RUNS - 1]);
        let Limits { serial, barrier, pipelined, tree } = limits(&scenario, &best.asked);
        let limit = match account {
            Some(account) => allowed(&scenario, account, &best.asked, Order::AsPlanned),
            None if plan == "tree" => tree,
            None => pipelined,
        };
        let most = |of: fn(&Measured) -> f64| runs.iter().map(of).fold(0.0, f64::max);
        let cached = |is_counted: fn(&Asked) -> bool| {
            let share = |run: &Measured| {
                let counted: Vec<&Asked> = run.asked.iter().filter(|asked| is_counted(asked)).collect();
                let sum = |of: fn(&Asked) -> usize| counted.iter().map(|asked| of(asked)).sum::<usize>() as f64;
                sum(|asked| asked.cached) / sum(|asked| asked.prompt)
            };
            runs.iter().map(share).fold(1.0, f64::min)
        };
        let _ = writeln!(
            out,
            "| {files} | {jobs} | {kind}, {factor}x | {serial:.2} | {barrier:.2} | {pipelined:.2} | {tree:.2} | {:.2}–{:.2} | {:.3}–{:.3} | {:.3} | {:.3} | {:.3} | {} | {:.0} ms | {:.2} | {:.0} |",
            best.seconds,
            worst.seconds,
            best.seconds / limit,
            worst.seconds / limit,
            worst.seconds / barrier,
            cached(|asked| asked.question.starts_with("src/")),
            cached(|_| true),
            runs.iter().map(|run| run.asked.len()).max().unwrap_or(0),
            most(|run| run.to_first_request) * 1e3,
            most(|run| run.cpu_seconds),
            most(|run| run.peak_megabytes),
        );
        if let Some(account) = account {
            let limit = allowed(&scenario, account, &best.asked, Order::LongestFirst);
            let ratios = (best.seconds / limit, worst.seconds / limit);
            notes.push(format!(
                "To what the account allows with the longest files first: {:.3}–{:.3}.",
                ratios.0, ratios.1
            ));
        }
    }
    for note in notes {
        let _ = writeln!(out, "\n{note}");
    }
}

/// Paths and sizes of a project: sizes between 400 and 1,600 tokens, always the same ones.
fn project(files: usize) -> Vec<(String, usize)> {
    (0..files)
        .map(|index| (format!("src/module_{}/file_{index}.js", index / 10), 400 + (index * 7919) % 1201))
        .collect()
}

/// Some 1,500 tokens of spec.
const SPEC: &str = "The program keeps parts in numbered modules, and each of them adds one to what it gets. ";
const SPEC_TIMES: usize = 68;

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

/// What the contract says, so that the check has nothing to say, and as dense as code is.
fn file_text(tokens: usize) -> String {
    let mut text = "```js\nexport function f(a) {\n  return a + 1;\n}\n".to_owned();
    for number in (0..).take_while(|number| 50 + number * 220 < tokens * 4) {
        text.push_str(&format!(
            "\n// Adds one to what it gets, and goes no further than the limit that was agreed upon.\n\
             export function step{number:03}(value, limit) {{\n  const next = f(value);\n  \
             if (next > limit) {{\n    return limit;\n  }}\n  return next;\n}}\n"
        ));
    }
    text + "```\n"
}

/// How long the service takes for this text, in scaled seconds, when all of its prompt is cached.
fn service_time(text: &str, factor: f64) -> f64 {
    let tokens = text.len().div_ceil(4) as f64;
    (FIRST_TOKEN.as_secs_f64() + (tokens - 1.0) / TOKENS_PER_SECOND) / factor
}

fn limits(scenario: &Scenario, asked: &[Asked]) -> Limits {
    let files = project(scenario.files);
    let time = |text: &str| service_time(text, scenario.factor);
    let paths: Vec<&str> = files.iter().map(|(path, _)| path.as_str()).collect();
    let (plan, list) = (plan(&files), time(&Answer::list(&paths).text));
    let mut times: Vec<f64> = files.iter().map(|(_, tokens)| time(&file_text(*tokens))).collect();
    let of_module = |files: &[(String, usize)]| {
        time(&contract(files)) + files.iter().map(|(_, tokens)| time(&file_text(*tokens))).fold(0.0, f64::max)
    };
    let slowest_module = files.chunks(MODULE).map(of_module).fold(0.0, f64::max);
    times.sort_by(|a, b| b.total_cmp(a));
    let (slowest, sum) = (times[0], times.iter().sum::<f64>());
    let plan = time(&plan) + prefill(scenario, asked);
    let places = sum / scenario.jobs as f64;
    Limits {
        serial: plan + list + sum,
        barrier: plan + list + slowest,
        pipelined: plan + slowest.max(places),
        tree: time(&trunk(&files)) + slowest_module + (places - slowest).max(0.0) + prefill(scenario, asked),
    }
}

/// What a trunk takes that the service has not seen: a part of it before the plan, the rest before the first file.
fn prefill(scenario: &Scenario, asked: &[Asked]) -> f64 {
    let of_files = asked.iter().filter(|asked| asked.question.starts_with("src/"));
    of_files.map(|asked| asked.prompt).min().unwrap_or(0) as f64 * PER_PROMPT_TOKEN.as_secs_f64() / scenario.factor
}

/// In which order files are asked for: nobody knows before which of them are long.
#[derive(PartialEq)]
enum Order {
    AsPlanned,
    LongestFirst,
}

/// The pipelined limit with each file as late as the account makes it.
fn allowed(scenario: &Scenario, (requests, prompt_tokens): (f64, f64), asked: &[Asked], order: Order) -> f64 {
    let files = project(scenario.files);
    let time = |text: &str| service_time(text, scenario.factor);
    let mut times: Vec<f64> = files.iter().map(|(_, tokens)| time(&file_text(*tokens))).collect();
    if order == Order::LongestFirst {
        times.sort_by(|a, b| b.total_cmp(a));
    }
    let mut tokens: Vec<f64> = asked.iter().map(|asked| asked.prompt as f64).collect();
    tokens.sort_by(f64::total_cmp);
    let start = |index: usize| {
        // The plan and the list are asked for before the files.
        let calls = index + 3;
        let late = |need: f64, a_minute: f64| (need - a_minute).max(0.0) / (a_minute / 60.0) / scenario.factor;
        late(calls as f64, requests).max(late(tokens.iter().take(calls).sum(), prompt_tokens))
    };
    let files = times.iter().enumerate().map(|(index, time)| start(index) + time).fold(0.0, f64::max);
    time(&plan(&project(scenario.files))) + prefill(scenario, asked) + files
}

fn paced(answer: Answer, factor: f64) -> Vec<Answer> {
    let per_token = Duration::from_secs_f64(1.0 / TOKENS_PER_SECOND / factor);
    let (first_token, per_prompt_token) = (FIRST_TOKEN.div_f64(factor), PER_PROMPT_TOKEN.div_f64(factor));
    vec![Answer { first_token, per_prompt_token, per_token, jitter: JITTER, ..answer }]
}

fn answers(scenario: &Scenario, files: &[(String, usize)]) -> HashMap<String, Vec<Answer>> {
    let paced = |answer| paced(answer, scenario.factor);
    let paths: Vec<&str> = files.iter().map(|(path, _)| path.as_str()).collect();
    let first = if scenario.plan == "tree" { trunk(files) } else { plan(files) };
    let first = [("plan".to_owned(), paced(Answer::text(first))), ("list".to_owned(), paced(Answer::list(&paths)))];
    let modules = files.chunks(MODULE).enumerate();
    let modules = modules.map(|(index, files)| (format!("module part_{index}"), paced(Answer::text(contract(files)))));
    let texts = files.iter().map(|(path, tokens)| (path.clone(), paced(Answer::text(file_text(*tokens)))));
    first.into_iter().chain(modules).chain(texts).collect()
}

fn measure(scenario: &Scenario) -> Measured {
    let files = project(scenario.files);
    let limit = scenario.account.map(|(requests, tokens)| {
        let a_minute = |allowed: f64| Allowance { at_once: allowed, per_second: allowed / 60.0 * scenario.factor };
        Limit { requests: a_minute(requests), tokens: Some(a_minute(tokens)), is_told: true }
    });
    let fake = Fake::start(answers(scenario, &files), limit);
    let dir = tempfile::TempDir::new().expect("a temporary directory");
    std::fs::write(dir.path().join("prompt.md"), SPEC.repeat(SPEC_TIMES)).expect("writes");
    let jobs = scenario.jobs.to_string();
    let started = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_smol"))
        .current_dir(dir.path())
        .args(["gen", "-q", "-m", "fake", "--base-url", &fake.url, "-j", &jobs])
        .args(["--order", scenario.order, "--plan", scenario.plan])
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
    let asked = fake.asked();
    let first = asked.iter().map(|asked| asked.at).min().expect("something was asked");
    let to_first_request = first.duration_since(started).as_secs_f64();
    Measured { seconds, to_first_request, peak_megabytes, cpu_seconds, asked }
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
