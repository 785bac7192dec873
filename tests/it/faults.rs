//! The fault table: a healthy provider, and what goes wrong with it in each row. A bench measures it, a test checks it.

use std::time::Duration;

use crate::fake::{Allowance, Answer, Answers, Fault, Limit, tokens};

/// How fast the provider answers, and how many files the usual project has.
#[derive(Clone, Copy)]
pub struct Scale {
    pub first_token: Duration,
    pub per_token: Duration,
    pub files: usize,
}

/// A provider that answers a project's questions.
pub struct Provider {
    /// Path and text of every file.
    pub files: Vec<(String, String)>,
    pub answers: Answers,
    pub limit: Option<Limit>,
    scale: Scale,
}

/// One row of the table.
pub struct Row {
    pub name: &'static str,
    pub project: Project,
    spoil: Box<dyn Fn(&mut Provider) + Send + Sync>,
    /// How the run ends: with 1 where the model named paths that nothing may be written to.
    pub exit: i32,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Project {
    /// Files of 300 to 900 tokens.
    Usual,
    /// Fifty files of about 100 tokens.
    Big,
}

impl Row {
    pub fn provider(&self, scale: Scale) -> Provider {
        let mut provider = Provider::healthy(self.project, scale);
        (self.spoil)(&mut provider);
        provider
    }
}

impl Provider {
    /// One that does everything right.
    pub fn healthy(project: Project, scale: Scale) -> Provider {
        let files = files(project, scale.files);
        let mut provider = Provider { files, answers: Answers::new(), limit: None, scale };
        for question in provider.questions() {
            let answer = provider.right(&question);
            provider.answers.insert(question, vec![answer]);
        }
        provider
    }

    fn questions(&self) -> Vec<String> {
        let files = self.files.iter().map(|(path, _)| path.clone());
        ["plan".to_owned(), "list".to_owned()].into_iter().chain(files).collect()
    }

    fn paths(&self) -> Vec<&str> {
        self.files.iter().map(|(path, _)| path.as_str()).collect()
    }

    fn paced(&self, answer: Answer) -> Answer {
        answer.paced(self.scale.first_token, self.scale.per_token)
    }

    fn right(&self, question: &str) -> Answer {
        let file = self.files.iter().find(|(path, _)| path == question);
        self.paced(match (question, file) {
            ("plan", _) => Answer::text(plan(&self.files)).going_on(),
            ("list", _) => Answer::list(&self.paths()),
            (_, Some((_, text))) => Answer::text(format!("```js\n{text}```\n")).going_on(),
            (question, None) => panic!("nobody asks for '{question}'"),
        })
    }

    /// These come first to this question, and then what is right.
    fn first(&mut self, question: &str, answers: impl IntoIterator<Item = Answer>) {
        let all: Vec<Answer> = answers.into_iter().map(|answer| self.paced(answer)).collect();
        let all = all.into_iter().chain([self.right(question)]).collect();
        self.answers.insert(question.to_owned(), all);
    }

    /// The first answer to every question goes wrong.
    fn everywhere(&mut self, wrong: impl Fn(Answer) -> Answer) {
        for question in self.questions() {
            let answer = wrong(self.right(&question));
            self.first(&question, [answer]);
        }
    }

    /// The first answer to this question goes wrong in its middle.
    fn halfway(&mut self, question: &str, fault: fn(usize) -> Fault) {
        let answer = halfway(self.right(question), fault);
        self.first(question, [answer]);
    }

    /// The list comes once in this way, and rightly when it is asked for again.
    fn list(&mut self, answer: Answer) {
        self.first("list", [answer]);
    }
}

fn halfway(answer: Answer, fault: fn(usize) -> Fault) -> Answer {
    let half = tokens(&answer.text).len() / 2;
    answer.fault(fault(half))
}

/// Stopped at the limit on length after this part of it.
fn truncated(answer: Answer, part: f64) -> Answer {
    let letters = (answer.text.chars().count() as f64 * part) as usize;
    Answer { text: answer.text.chars().take(letters).collect(), ..answer.finish(Some("length")) }
}

fn status(status: u16) -> Answer {
    Answer::text("").fault(Fault::Status(status, r#"{"error":{"message":"busy"}}"#.to_owned()))
}

/// Lines that differ, as those of a program do.
fn files(project: Project, usual: usize) -> Vec<(String, String)> {
    let (count, sizes): (usize, fn(usize) -> usize) = match project {
        Project::Usual => (usual, |index| 300 + index * 7919 % 601),
        Project::Big => (50, |index| 80 + index * 7919 % 41),
    };
    let file = |index: usize| {
        let lines = sizes(index) * 4 / 40;
        let text = (0..lines).map(|line| format!("export const value_{index}_{line} = {};\n", line * 7919 % 100_003));
        (format!("src/part_{}/file_{index}.js", index / 4), text.collect())
    };
    (0..count).map(file).collect()
}

/// The spec: with the plan long enough to be cached by a service, so that one file goes ahead of the others.
pub fn spec() -> String {
    (0..120)
        .map(|index| format!("Requirement {index}: part {} does what part {} asks for.\n", index % 8, index * 3 % 8))
        .collect()
}

fn plan(files: &[(String, String)]) -> String {
    let entries = files.iter().enumerate().map(|(index, (path, _))| {
        format!(
            "  - path: {path}\n    purpose: holds part {index} of the program\n    exports:\n      - {{ name: value_{index}_0, kind: constant, signature: \"value_{index}_0: number\", meaning: \"the first of part {index}\" }}\n"
        )
    });
    format!("# Project\n\nIt does what it should.\n\n```yaml contract\nfiles:\n{}```\n", entries.collect::<String>())
}

fn row(name: &'static str, spoil: impl Fn(&mut Provider) + Send + Sync + 'static) -> Row {
    Row { name, project: Project::Usual, spoil: Box::new(spoil), exit: 0 }
}

/// A file in the middle of the project.
const ONE: &str = "src/part_0/file_3.js";

/// The whole table.
pub fn rows() -> Vec<Row> {
    let mut rows = vec![
        row("429 with `Retry-After` (every question)", |provider| {
            provider
                .everywhere(|_| Answer::text("").fault(Fault::Headers(429, vec![("retry-after", "0.1".to_owned())])));
        }),
        row("429 without (every question)", |provider| provider.everywhere(|_| status(429))),
        row("500 (every question)", |provider| provider.everywhere(|_| status(500))),
        row("503, three times (every question)", |provider| {
            for question in provider.questions() {
                provider.first(&question, [503, 503, 503].map(status));
            }
        }),
        row("reset halfway (every question)", |provider| provider.everywhere(|answer| halfway(answer, Fault::Reset))),
        row("reset halfway (one file)", |provider| provider.halfway(ONE, Fault::Reset)),
        row("close without end mark (every question)", |provider| {
            provider.everywhere(|answer| halfway(answer, Fault::Close));
        }),
        row("close without end mark (one file)", |provider| provider.halfway(ONE, Fault::Close)),
        row("stall in the plan", |provider| provider.halfway("plan", Fault::Stall)),
        row("stall in the list", |provider| provider.halfway("list", Fault::Stall)),
        row("stall in a file", |provider| provider.halfway(ONE, Fault::Stall)),
        row("stall before the first token of a file", |provider| {
            let answer = provider.right(ONE).fault(Fault::Stall(0));
            provider.first(ONE, [answer]);
        }),
        row("truncation of the plan", |provider| {
            let answer = truncated(provider.right("plan"), 0.6);
            provider.first("plan", [answer]);
        }),
        row("truncation of every file", |provider| {
            for path in provider.files.iter().map(|(path, _)| path.clone()).collect::<Vec<_>>() {
                let answer = truncated(provider.right(&path), 0.6);
                provider.first(&path, [answer]);
            }
        }),
        row("empty answer (every question)", |provider| provider.everywhere(|_| Answer::text(""))),
        row("refusal in words, once (every question)", |provider| {
            provider.everywhere(|_| Answer::text("I'm sorry, but I can't help with that."));
        }),
        row("refusal by its field, once (every question)", |provider| {
            provider.everywhere(|_| Answer::text("I would rather not.").fault(Fault::Refusal));
        }),
        row("content filter, once (one file)", |provider| {
            let answer = truncated(provider.right(ONE), 0.5).finish(Some("content_filter"));
            provider.first(ONE, [answer]);
        }),
        row("empty `choices` in between (every question)", |provider| {
            provider.everywhere(|answer| answer.fault(Fault::EmptyChoices));
        }),
        row("error event halfway (every question)", |provider| {
            let error = |after| Fault::ErrorEvent(after, r#"{"error":{"message":"tired","code":500}}"#.to_owned());
            provider.everywhere(|answer| halfway(answer, error));
        }),
        row("error event halfway (one file)", |provider| {
            provider.halfway(ONE, |after| Fault::ErrorEvent(after, r#"{"error":"tired"}"#.to_owned()));
        }),
        row("a whole body instead of a stream (every question)", |provider| {
            provider.everywhere(|answer| answer.fault(Fault::WholeBody));
        }),
    ];
    rows.extend(lists());
    rows.extend([
        Row {
            exit: 1,
            ..row("absolute path in the list", |provider| with_paths(provider, &["/etc/cron.d/x.js", "C:\\x.js"]))
        },
        Row { exit: 1, ..row("`..` in the list", |provider| with_paths(provider, &["../x.js", "src/../../x.js"])) },
        row("duplicates in the list", |provider| {
            with_paths(provider, &[ONE, "./src/part_0/file_3.js", "src//part_0/file_3.js", "src/"]);
        }),
        row("slow stream, a tenth of the speed (one file)", |provider| {
            let right = provider.right(ONE);
            let slow = right.clone().paced(right.first_token * 10, right.per_token * 10);
            provider.answers.insert(ONE.to_owned(), vec![slow]);
        }),
        small_account("60 requests/min, 50 files, headers tell what is left", true),
        small_account("60 requests/min, 50 files, nothing but bare 429s", false),
    ]);
    rows
}

/// Five requests at once and one more a second, twenty times faster.
fn small_account(name: &'static str, is_told: bool) -> Row {
    let spoil = move |provider: &mut Provider| {
        let requests = Allowance { at_once: 5.0, per_second: 20.0 };
        provider.limit = Some(Limit { requests, tokens: None, is_told });
    };
    Row { project: Project::Big, ..row(name, spoil) }
}

fn with_paths(provider: &mut Provider, more: &[&str]) {
    let paths: Vec<&str> = provider.paths().into_iter().chain(more.iter().copied()).collect();
    let answer = provider.paced(Answer::list(&paths));
    provider.answers.insert("list".to_owned(), vec![answer]);
}

/// What is told of the paths: as JSON text, and as they are.
type Words = fn(json: &str, paths: &[&str]) -> String;

/// The ways in which a list goes wrong, or comes as text though a call was asked for.
fn lists() -> Vec<Row> {
    let as_call = |name, words: Words, finish| {
        row(name, move |provider: &mut Provider| {
            let answer = Answer { as_call: true, ..list_in(words, provider) };
            provider.list(answer.finish(finish));
        })
    };
    let half: Words = |json, _| format!("{{\"paths\": {}", &json[..json.len() / 2]);
    let mut rows = vec![
        as_call(
            "list JSON with commas too many, in single quotes",
            |json, _| format!("{{paths: {},}}", json.replace('"', "'").replace(']', ",]")),
            Some("tool_calls"),
        ),
        as_call(
            "list JSON beyond repair, once",
            |json, _| format!("{{\"front\" {json}, !!, \"back\" {json}}}"),
            Some("tool_calls"),
        ),
        as_call("list JSON cut, once", half, Some("tool_calls")),
        as_call("list JSON cut by the limit on length, once", half, Some("length")),
        row("list JSON cut by the limit on length, for good", move |provider| {
            let answer = Answer { as_call: true, ..list_in(half, provider) }.finish(Some("length"));
            let answer = provider.paced(answer);
            provider.answers.insert("list".to_owned(), vec![answer]);
        }),
    ];
    let as_text = |&(name, words): &(&'static str, Words)| {
        row(name, move |provider: &mut Provider| {
            let answer = list_in(words, provider);
            provider.list(answer);
        })
    };
    rows.extend(FORMATS.iter().map(as_text));
    rows
}

fn list_in(words: Words, provider: &Provider) -> Answer {
    let paths = provider.paths();
    Answer::text(words(&serde_json::to_string(&paths).expect("is data"), &paths))
}

/// How models write a call where the server does not read it for them, and how they list files in words.
const FORMATS: &[(&str, Words)] = &[
    ("list as text: Hermes, Qwen", |json, _| {
        format!("<tool_call>\n{{\"name\": \"list_files\", \"arguments\": {{\"paths\": {json}}}}}\n</tool_call>")
    }),
    ("list as text: Qwen3-Coder", |json, _| {
        format!(
            "<tool_call>\n<function=list_files>\n<parameter=paths>\n{json}\n</parameter>\n</function>\n</tool_call>"
        )
    }),
    ("list as text: Qwen3-Coder without its opening tag", |json, _| {
        format!("Sure.\n<function=list_files>\n<parameter=paths>\n{json}\n</parameter>\n</function>\n</tool_call>")
    }),
    ("list as text: Llama, JSON", |json, _| {
        format!("<|python_tag|>{{\"name\": \"list_files\", \"parameters\": {{\"paths\": {json}}}}}<|eom_id|>")
    }),
    ("list as text: Llama, a call in Python", |json, _| format!("[list_files(paths={json})]")),
    ("list as text: Mistral", |json, _| format!("[TOOL_CALLS]list_files[ARGS]{{\"paths\": {json}}}")),
    ("list as text: gpt-oss (harmony)", |json, _| {
        format!(
            "<|channel|>analysis<|message|>Which files?<|end|><|start|>assistant<|channel|>commentary to=functions.list_files <|constrain|>json<|message|>{{\"paths\": {json}}}<|call|>"
        )
    }),
    ("list as text: DeepSeek", |json, _| {
        format!(
            "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>list_files\n```json\n{{\"paths\": {json}}}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>"
        )
    }),
    ("list as text: GLM", |json, _| {
        format!("<tool_call>list_files\n<arg_key>paths</arg_key>\n<arg_value>{json}</arg_value>\n</tool_call>")
    }),
    ("list as text: Gemma", |json, _| {
        format!("<|tool_call>call:list_files{{paths:{}}}<tool_call|>", json.replace('"', "<|\"|>"))
    }),
    ("list as text: Liquid", |json, _| {
        format!("<|tool_call_start|>[list_files(paths={})]<|tool_call_end|>Listed.", json.replace('"', "'"))
    }),
    ("list as text: ReAct", |json, _| {
        format!("Thought: I list them.\nAction: list_files\nAction Input: {{\"paths\": {json}}}\n")
    }),
    ("list as text: bullets", |_, paths| {
        let lines = paths.iter().map(|path| format!("- `{path}`: one part\n"));
        format!("The files:\n\n{}", lines.collect::<String>())
    }),
    ("list as text: YAML", |_, paths| {
        let lines = paths.iter().map(|path| format!("  - path: {path}\n    purpose: one part\n"));
        format!("```yaml\nfiles:\n{}```\n", lines.collect::<String>())
    }),
    ("list as text: JSON among prose", |json, _| format!("Sure [x]! Here it is: {json}. Good luck [me]")),
    ("list as text: prose alone, once", |_, paths| {
        format!("The program needs {} and little else, I would say.", paths.join(", which goes with "))
    }),
];
