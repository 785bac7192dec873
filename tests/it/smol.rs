//! The language of these tests: a directory, a provider, a command line, and what came of it.

use std::{
    collections::HashMap,
    fs,
    path::Path,
    process::{Child, Command, Output, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

use crate::KEY;
use crate::fake::{Allowance, Answer, Answers, Asked, Fake, Limit};

/// A command about to be run in a directory of its own.
pub struct Smol {
    pub dir: TempDir,
    answers: Answers,
    args: Vec<String>,
    environment: Vec<(String, String)>,
    stdin: Option<String>,
    is_offline: bool,
    is_address_in_dotenv: bool,
    home: Vec<(&'static str, String)>,
    limit: Option<Limit>,
}

/// A command that has run.
pub struct Run {
    pub dir: TempDir,
    pub fake: Fake,
    pub output: Output,
}

impl Smol {
    pub fn new() -> Smol {
        Smol {
            dir: TempDir::new().expect("a temporary directory"),
            answers: HashMap::new(),
            args: Vec::new(),
            environment: Vec::new(),
            stdin: None,
            is_offline: false,
            is_address_in_dotenv: false,
            home: Vec::new(),
            limit: None,
        }
    }

    /// A project whose plan and list name these files, each answered by a line with its own path.
    pub fn project(files: &[&str]) -> Smol {
        let smol = Smol::new().spec("a project").on("plan", plan(files)).on("list", Answer::list(files)).arg("gen");
        files.iter().fold(smol, |smol, file| smol.on(file, format!("```\n{file}\n```\n")))
    }

    /// The same, in a directory that another command has left.
    pub fn within(self, dir: TempDir) -> Smol {
        Smol { dir, ..self }
    }

    /// The same, asking for everything anew, also what is up to date.
    pub fn anew(self, dir: TempDir) -> Smol {
        self.within(dir).env("SMOL_FRESH", "true")
    }

    /// Writes the spec where it is looked for.
    pub fn spec(self, text: &str) -> Smol {
        self.write("prompt.md", text)
    }

    pub fn write(self, path: &str, text: impl AsRef<[u8]>) -> Smol {
        let path = self.dir.path().join(path);
        fs::create_dir_all(path.parent().expect("it has one")).expect("makes directories");
        fs::write(path, text).expect("writes");
        self
    }

    /// The provider's answer to a question, in the place of what it had; asked again, it says the same.
    pub fn on(mut self, question: &str, answer: impl Into<Answer>) -> Smol {
        self.answers.insert(question.to_owned(), vec![answer.into()]);
        self
    }

    /// The provider's answer when the question is put once more.
    pub fn then(mut self, question: &str, answer: impl Into<Answer>) -> Smol {
        self.answers.entry(question.to_owned()).or_default().push(answer.into());
        self
    }

    pub fn arg(mut self, arg: impl Into<String>) -> Smol {
        self.args.push(arg.into());
        self
    }

    /// An argument that is the provider's address, which is known when it runs.
    pub fn arg_with_address(self) -> Smol {
        self.arg(ADDRESS)
    }

    pub fn args<const N: usize>(mut self, args: [&str; N]) -> Smol {
        self.args = args.map(str::to_owned).to_vec();
        self
    }

    pub fn env(mut self, name: &str, value: &str) -> Smol {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    pub fn stdin(mut self, text: &str) -> Smol {
        self.stdin = Some(text.to_owned());
        self
    }

    /// Without a key, an address or a model in the environment.
    pub fn offline(mut self) -> Smol {
        self.is_offline = true;
        self
    }

    /// A provider of one's own.
    pub fn provider(mut self, answers: Answers, limit: Option<Limit>) -> Smol {
        (self.answers, self.limit) = (answers, limit);
        self
    }

    /// The provider bears so many requests at once, and so many more a second.
    pub fn limit(mut self, requests: f64, per_second: f64) -> Smol {
        let requests = Allowance { at_once: requests, per_second };
        self.limit = Some(Limit { requests, tokens: None, is_told: true });
        self
    }

    /// The provider's address stands in this variable.
    pub fn env_with_address(self, name: &str) -> Smol {
        self.env(name, ADDRESS)
    }

    /// The provider's address stands in `.env`, and not in the environment.
    pub fn address_in_dotenv(mut self) -> Smol {
        self.is_address_in_dotenv = true;
        self
    }

    /// The user's own configuration, in which `{address}` is the provider's address and `{root}` its root.
    pub fn config(self, text: &str) -> Smol {
        self.at_home(".config/smol/config.toml", text)
    }

    /// A file below the user's home, in which `{address}` and `{root}` are the provider's.
    pub fn at_home(mut self, path: &'static str, text: &str) -> Smol {
        self.home.push((path, text.to_owned()));
        self
    }

    /// Starts the command and does not wait for it.
    pub fn spawn(self) -> (TempDir, Fake, Child) {
        let fake = Fake::start(self.answers, self.limit);
        let mut command = Command::new(env!("CARGO_BIN_EXE_smol"));
        let as_https = fake.url.replace("http://", "https://");
        let args = self.args.iter().map(|arg| match arg.as_str() {
            ADDRESS => &fake.url,
            "{address-as-https}" => &as_https,
            _ => arg,
        });
        command.current_dir(self.dir.path()).args(args).env_clear().env("HOME", self.dir.path().join("home"));
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        if !self.is_offline {
            command.env("OPENAI_BASE_URL", &fake.url).env("OPENAI_API_KEY", KEY).env("SMOL_MODEL", "fake-1");
        }
        command.env("SMOL_RETRY_WAIT", "0.01").env("SMOL_LOCAL", "never");
        if self.is_address_in_dotenv {
            fs::write(self.dir.path().join(".env"), format!("OPENAI_BASE_URL={}\n", fake.url)).expect("writes");
            command.env_remove("OPENAI_BASE_URL");
        }
        // The other dialects have their version in the path.
        let root = fake.url.trim_end_matches("/v1");
        for (path, text) in &self.home {
            let path = self.dir.path().join("home").join(path);
            fs::create_dir_all(path.parent().expect("it has one")).expect("makes directories");
            fs::write(path, text.replace(ADDRESS, &fake.url).replace("{root}", root)).expect("writes");
        }
        let address = |name: &str| {
            if name == "XAI_BASE_URL" || name == "OPENROUTER_BASE_URL" { fake.url.clone() } else { root.to_owned() }
        };
        command.envs(self.environment.into_iter().map(|(name, value)| {
            let value = if value == ADDRESS { address(&name) } else { value };
            (name, value)
        }));
        // A pipe that is never closed: whoever reads stdin unasked would hang.
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("starts");
        if let Some(text) = &self.stdin {
            use std::io::Write;
            child.stdin.take().expect("it is a pipe").write_all(text.as_bytes()).expect("reads");
        }
        (self.dir, fake, child)
    }

    pub fn run(self) -> Run {
        let (dir, fake, mut child) = self.spawn();
        let stdin = child.stdin.take();
        let output = child.wait_with_output().expect("ends");
        drop(stdin);
        Run { dir, fake, output }
    }

    #[track_caller]
    pub fn success(self) -> Run {
        self.exit(0)
    }

    #[track_caller]
    pub fn exit(self, code: i32) -> Run {
        let run = self.run();
        assert_eq!(run.output.status.code(), Some(code), "stderr:\n{}\nstdout:\n{}", run.stderr(), run.stdout());
        run
    }
}

/// Stands in an argument for the provider's address.
const ADDRESS: &str = "{address}";

impl Run {
    pub fn stdout(&self) -> String {
        String::from_utf8(self.output.stdout.clone()).expect("stdout is text")
    }

    pub fn stderr(&self) -> String {
        String::from_utf8(self.output.stderr.clone()).expect("stderr is text")
    }

    pub fn read(&self, path: &str) -> Option<String> {
        fs::read_to_string(self.dir.path().join("generated").join(path)).ok()
    }

    /// The file in the output directory has this text.
    #[track_caller]
    pub fn file(self, path: &str, text: &str) -> Run {
        assert_eq!(self.read(path).as_deref(), Some(text), "{path}; stderr:\n{}", self.stderr());
        self
    }

    #[track_caller]
    pub fn no_file(self, path: &str) -> Run {
        assert!(!self.dir.path().join("generated").join(path).exists(), "{path} exists");
        self
    }

    /// Everything in the output directory but smol's own memory, sorted.
    pub fn files(&self) -> Vec<String> {
        files_below(&self.dir.path().join("generated"))
    }

    /// So many requests arrived.
    #[track_caller]
    pub fn asked(self, count: usize) -> Run {
        let questions: Vec<_> = self.fake.asked().into_iter().map(|asked| asked.question).collect();
        assert_eq!(questions.len(), count, "{questions:?}");
        self
    }

    /// The requests for this question.
    pub fn requests(&self, question: &str) -> Vec<Asked> {
        self.fake.asked().into_iter().filter(|asked| asked.question == question).collect()
    }

    /// Standard error says this.
    #[track_caller]
    pub fn says(self, words: &str) -> Run {
        assert!(self.stderr().contains(words), "'{words}' is not in:\n{}", self.stderr());
        self
    }

    #[track_caller]
    pub fn prints(self, words: &str) -> Run {
        assert!(self.stdout().contains(words), "'{words}' is not in:\n{}", self.stdout());
        self
    }

    /// The events of `--json`.
    pub fn events(&self) -> Vec<Value> {
        self.stdout().lines().map(|line| serde_json::from_str(line).expect(line)).collect()
    }

    /// The report that the last event of `--json` carries.
    pub fn report(&self) -> Value {
        self.events().pop().expect("there are events")["report"].take()
    }

    /// The same directory, for the next command.
    pub fn again(self) -> Smol {
        Smol::new().within(self.dir)
    }
}

pub fn files_below(directory: &Path) -> Vec<String> {
    let entries =
        walkdir::WalkDir::new(directory).into_iter().filter_entry(|entry| entry.file_name() != ".smol").flatten();
    let files = entries.filter(|entry| !entry.file_type().is_dir());
    let mut names: Vec<String> = files
        .map(|entry| entry.path().strip_prefix(directory).expect("below").to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// A plan whose contract names these files.
pub fn plan(files: &[&str]) -> String {
    let files: String =
        files.iter().map(|file| format!("  - path: \"{file}\"\n    purpose: one of the files\n")).collect();
    format!("# Project\n\nIt does what it should.\n\n```yaml contract\nfiles:\n{files}```\n")
}
