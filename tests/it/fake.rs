//! A provider as nasty as the real ones: OpenAI's chat completions over a real socket on loopback.
//!
//! Answers are chosen by the question, never by its order, so that parallel requests give the same result every time.

use std::{
    collections::HashMap,
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

// By its path, because benches read this file from another place.
#[path = "fake/odd.rs"]
pub mod odd;
#[path = "fake/prefix.rs"]
mod prefix;

use odd::Odd;
use prefix::{Cache, Prompt};

/// What comes back for one question.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The answer itself; for the list the arguments of the call.
    pub text: String,
    pub as_call: bool,
    pub finish: Option<&'static str>,
    pub fault: Option<Fault>,
    /// Silence before the first token.
    pub first_token: Duration,
    /// More of that for each token of the prompt that the cache does not have.
    pub per_prompt_token: Duration,
    /// Tokens of the prompt, where they are counted.
    pub prompt: Option<usize>,
    /// Silence before each further token.
    pub per_token: Duration,
    /// How much longer or shorter that may be, as a part of it: by a rule, so that every run is the same.
    pub jitter: f64,
    pub has_usage: bool,
    /// Answers with the same queue are given one after the other.
    pub queue: Option<Arc<Mutex<()>>>,
    /// Whether it is gone on with from where the part of it stops that stands in the question.
    pub goes_on: bool,
}

/// What goes wrong.
#[derive(Clone, Debug)]
pub enum Fault {
    /// No stream: this status and body instead.
    Status(u16, String),
    /// No stream: a refusal of this parameter, as long as it is in the request.
    Parameter(&'static str),
    /// No stream: this status, with these headers.
    Headers(u16, Vec<(&'static str, String)>),
    /// The words come as a refusal.
    Refusal,
    /// Nothing more after so many tokens, and the connection stays open.
    Stall(usize),
    /// The connection is reset after so many tokens.
    Reset(usize),
    /// The stream closes cleanly after so many tokens, without an end mark.
    Close(usize),
    /// This error arrives in the stream after so many tokens.
    ErrorEvent(usize, String),
    /// Chunks with empty, missing or null `choices` come in between, and comments, and blank data.
    EmptyChoices,
    /// The whole answer in one JSON body, though a stream was asked for.
    WholeBody,
    /// The same, but with a body that breaks off.
    CutBody,
    /// Every byte in a packet of its own, with CRLF line ends.
    ByteByByte,
    /// No fault at all: the stream of a server that strays from the protocol.
    Odd(&'static Odd),
}

impl Answer {
    pub fn text(text: impl Into<String>) -> Answer {
        Answer {
            text: text.into(),
            as_call: false,
            finish: Some("stop"),
            fault: None,
            first_token: Duration::ZERO,
            per_prompt_token: Duration::ZERO,
            prompt: None,
            per_token: Duration::ZERO,
            jitter: 0.0,
            has_usage: true,
            queue: None,
            goes_on: false,
        }
    }

    pub fn queued(self, queue: &Arc<Mutex<()>>) -> Answer {
        Answer { queue: Some(queue.clone()), ..self }
    }

    pub fn call(arguments: Value) -> Answer {
        Answer { as_call: true, finish: Some("tool_calls"), ..Answer::text(arguments.to_string()) }
    }

    pub fn list(paths: &[&str]) -> Answer {
        Answer::call(json!({ "paths": paths }))
    }

    pub fn finish(self, finish: Option<&'static str>) -> Answer {
        Answer { finish, ..self }
    }

    /// It takes so long to the first token, and from each to the next.
    pub fn paced(self, first_token: Duration, per_token: Duration) -> Answer {
        Answer { first_token, per_token, ..self }
    }

    pub fn fault(self, fault: Fault) -> Answer {
        Answer { fault: Some(fault), ..self }
    }

    pub fn after(self, first_token: Duration) -> Answer {
        Answer { first_token, ..self }
    }

    pub fn going_on(self) -> Answer {
        Answer { goes_on: true, ..self }
    }

    pub fn uncounted(self) -> Answer {
        Answer { has_usage: false, ..self }
    }
}

impl From<&str> for Answer {
    fn from(text: &str) -> Answer {
        Answer::text(text)
    }
}

impl From<String> for Answer {
    fn from(text: String) -> Answer {
        Answer::text(text)
    }
}

/// One request as it arrived.
#[derive(Clone, Debug)]
pub struct Asked {
    /// `plan`, `list`, `module NAME`, the path of the file, or that behind `mend`.
    pub question: String,
    pub head: String,
    pub body: String,
    pub at: Instant,
    /// Tokens of its prompt, and how many of them the service had in its cache.
    pub prompt: usize,
    pub cached: usize,
    /// When the first token of its answer left.
    pub first_token: Option<Instant>,
}

impl Asked {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("requests are JSON")
    }

    /// Role and text of every message, whatever the dialect; the rules first.
    pub fn messages(&self) -> Vec<(String, String)> {
        messages(&self.json())
    }

    /// The data URL of every image, whatever the dialect, with the number of its message; the rules do not count.
    pub fn images(&self) -> Vec<(usize, String)> {
        let json = self.json();
        let turns = json["messages"].as_array().or(json["input"].as_array()).cloned().unwrap_or_default();
        let turns = turns.iter().filter(|turn| turn["role"] != "system").enumerate();
        turns.flat_map(|(index, turn)| images(turn).into_iter().map(move |image| (index, image))).collect()
    }
}

fn images(turn: &Value) -> Vec<String> {
    let words = |value: &Value| value.as_str().expect("is text").to_owned();
    let of_part = |part: &Value| match part["type"].as_str() {
        Some("image_url") => Some(words(&part["image_url"]["url"])),
        Some("input_image") => Some(words(&part["image_url"])),
        Some("image") => {
            let source = &part["source"];
            assert_eq!(source["type"], "base64");
            Some(format!("data:{};base64,{}", words(&source["media_type"]), words(&source["data"])))
        }
        _ => None,
    };
    let parts = turn["content"].as_array().into_iter().flatten().filter_map(of_part);
    // Ollama looks at the bytes for the type.
    let bare = turn["images"].as_array().into_iter().flatten().map(|image| format!("data:;base64,{}", words(image)));
    parts.chain(bare).collect()
}

fn messages(json: &Value) -> Vec<(String, String)> {
    let text = |content: &Value| match content {
        Value::Array(parts) => parts.iter().filter_map(|part| part["text"].as_str()).collect(),
        content => content.as_str().unwrap_or_default().to_owned(),
    };
    let rules = json.get("system").map(|rules| ("system".to_owned(), text(rules)));
    let turns = json["messages"].as_array().or(json["input"].as_array()).cloned().unwrap_or_default();
    let turns = turns.iter().map(|turn| (turn["role"].as_str().unwrap_or_default().to_owned(), text(&turn["content"])));
    rules.into_iter().chain(turns).collect()
}

pub type Answers = HashMap<String, Vec<Answer>>;

/// A running provider; it ends with the process.
pub struct Fake {
    pub url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Fake {
    /// Starts answering. A question asked for the nth time gets the nth of its answers, or the last.
    ///
    /// With a limit it refuses what goes over it, and says how much is left.
    pub fn start(answers: Answers, limit: Option<Limit>) -> Fake {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let url = format!("http://{}/v1", listener.local_addr().expect("it is bound"));
        let asked = Arc::<Mutex<Vec<Asked>>>::default();
        let service = Arc::new(Service { answers, gate: limit.map(Gate::new), cache: Mutex::default() });
        let log = asked.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (log, service) = (log.clone(), service.clone());
                thread::Builder::new()
                    .stack_size(256 * 1024)
                    .spawn(move || serve(stream, &service, &log))
                    .expect("spawns");
            }
        });
        Fake { url, asked }
    }

    /// Every request so far, in the order of arrival.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("no thread died").clone()
    }
}

/// What all connections share.
struct Service {
    answers: Answers,
    gate: Option<Gate>,
    cache: Mutex<Cache>,
}

/// What a service takes of an account.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    pub requests: Allowance,
    /// Tokens of prompts, four letters each.
    pub tokens: Option<Allowance>,
    /// Whether the service says how much is left, and for how long to wait.
    pub is_told: bool,
}

/// So many at once, and so many more a second.
#[derive(Clone, Copy, Debug)]
pub struct Allowance {
    pub at_once: f64,
    pub per_second: f64,
}

/// A limit, and what is left of it.
struct Gate {
    limit: Limit,
    left: Mutex<Left>,
}

struct Left {
    requests: f64,
    tokens: f64,
    at: Instant,
}

impl Gate {
    fn new(limit: Limit) -> Gate {
        let tokens = limit.tokens.map_or(0.0, |tokens| tokens.at_once);
        Gate { limit, left: Mutex::new(Left { requests: limit.requests.at_once, tokens, at: Instant::now() }) }
    }

    /// Takes one request of so many tokens. Headers that tell of what is left, and whether there was enough.
    fn take(&self, tokens: f64) -> (String, bool) {
        let Gate { limit: Limit { requests, tokens: allowed, is_told }, left } = self;
        let mut left = left.lock().expect("no thread died");
        let passed = left.at.elapsed().as_secs_f64();
        left.at = Instant::now();
        let filled = |left: f64, of: &Allowance| (left + of.per_second * passed).min(of.at_once);
        left.requests = filled(left.requests, requests);
        left.tokens = allowed.map_or(0.0, |allowed| filled(left.tokens, &allowed));
        // A request larger than the whole allowance passes when that is full.
        let lacks = |left: f64, need: f64, of: &Allowance| (need.min(of.at_once) - left).max(0.0) / of.per_second;
        let wait = lacks(left.requests, 1.0, requests);
        let wait = allowed.map_or(wait, |allowed| wait.max(lacks(left.tokens, tokens, &allowed)));
        let is_granted = wait == 0.0;
        if is_granted {
            left.requests -= 1.0;
            left.tokens -= tokens;
        }
        if !is_told {
            return (String::new(), is_granted);
        }
        let told = |what: &str, left: f64, of: &Allowance| {
            let reset = (of.at_once - left) / of.per_second * 1e3;
            format!(
                "x-ratelimit-limit-{what}: {}\r\nx-ratelimit-remaining-{what}: {}\r\nx-ratelimit-reset-{what}: {reset:.0}ms\r\n",
                of.at_once,
                left.max(0.0).floor(),
            )
        };
        let mut headers = told("requests", left.requests, requests);
        headers.extend(allowed.map(|allowed| told("tokens", left.tokens, &allowed)));
        if !is_granted {
            headers.push_str(&format!("retry-after: {wait:.3}\r\n"));
        }
        (headers, is_granted)
    }
}

fn serve(stream: TcpStream, Service { answers, gate, cache }: &Service, log: &Mutex<Vec<Asked>>) {
    let _ = stream.set_nodelay(true);
    let mut reader = BufReader::new(stream.try_clone().expect("sockets can be cloned"));
    let mut stream = stream;
    while let Some((head, body)) = read_request(&mut reader) {
        let dialect = Dialect::of(&head);
        // What a server says of itself is asked for by method and path, and is no question.
        let about = head.split(' ').take(2).collect::<Vec<_>>().join(" ");
        if let Some(Answer { text, .. }) = answers.get(&about).and_then(|all| all.first()) {
            let _ = respond(&mut stream, 200, text);
            continue;
        }
        if head.starts_with("POST /api/show ") {
            let _ = respond(&mut stream, 200, r#"{"model_info":{"qwen2.context_length":131072}}"#);
            continue;
        }
        if head.starts_with("GET ") {
            let _ = match head.split(' ').nth(1).unwrap_or_default() {
                "/api/tags" => respond(&mut stream, 200, r#"{"models":[{"name":"qwen:7b"},{"name":"b"}]}"#),
                "/api/ps" => respond(&mut stream, 200, r#"{"models":[{"name":"qwen:7b"}]}"#),
                "/v1/models" if head.contains("refused-key") => respond(&mut stream, 401, r#"{"error":"no such key"}"#),
                "/v1/models" => respond(&mut stream, 200, r#"{"data":[{"id":"fake-1"},{"id":"fake-pro"}]}"#),
                _ => respond(&mut stream, 404, "{}"),
            };
            continue;
        }
        let question = question_of(&body);
        let prompt = Prompt::of(&serde_json::from_str(&body).unwrap_or_default());
        let cached = cache.lock().expect("no thread died").found(&prompt);
        let (nth, index) = {
            let mut log = log.lock().expect("no thread died");
            let nth = log.iter().filter(|asked| asked.question == question).count();
            let (question, at) = (question.clone(), Instant::now());
            log.push(Asked { question, head, body, at, prompt: prompt.tokens, cached, first_token: None });
            (nth, log.len() - 1)
        };
        let Some(answer) = answers.get(&question).and_then(|all| all.get(nth).or(all.last())) else {
            let body = json!({ "error": { "message": format!("the fake has no answer for '{question}'") } });
            let _ = respond(&mut stream, 418, &body.to_string());
            continue;
        };
        let (headers, is_granted) = gate.as_ref().map_or((String::new(), true), |gate| gate.take(prompt.tokens as f64));
        if !is_granted {
            let head = format!("HTTP/1.1 429 X\r\n{headers}content-length: 0\r\n\r\n");
            let _ = stream.write_all(head.as_bytes());
            continue;
        }
        if let Some(Fault::Parameter(name)) = answer.fault {
            let holds = log.lock().expect("no thread died")[index].body.contains(&format!("\"{name}\""));
            if holds {
                let error = json!({ "error": { "message": format!("Unknown parameter: '{name}'."), "param": name } });
                let _ = respond(&mut stream, 400, &error.to_string());
                continue;
            }
        }
        let mut answer = answer.clone();
        let queue = answer.queue.take();
        let _turn = queue.as_ref().map(|queue| queue.lock().expect("no thread died"));
        if answer.goes_on {
            let messages = log.lock().expect("no thread died")[index].messages();
            if let [.., (_, part), (_, last)] = &messages[..]
                && last.starts_with(GO_ON)
                && let Some(rest) = answer.text.strip_prefix(part)
            {
                answer.text = rest.to_owned();
            }
        }
        answer.first_token += answer.per_prompt_token * (prompt.tokens - cached) as u32;
        answer.prompt = gate.as_ref().and_then(|gate| gate.limit.tokens).map(|_| prompt.tokens);
        let on_first_token = || {
            cache.lock().expect("no thread died").keep(&prompt);
            log.lock().expect("no thread died")[index].first_token = Some(Instant::now());
        };
        if give(&mut stream, &answer, dialect, &headers, on_first_token).is_none() {
            return;
        }
    }
}

fn read_request(reader: &mut impl BufRead) -> Option<(String, String)> {
    let mut head = String::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if line == "\r\n" {
            break;
        }
        head.push_str(&line);
    }
    let length = head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length:")?.trim().parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    Some((head, String::from_utf8(body).ok()?))
}

/// How a question begins that goes on with an answer, and one that complains of it.
const GO_ON: &str = "Your answer stopped in the middle.";
const COMPLAINT: &str = "That answer could not be used";

/// What is asked: by the shape of the conversation and its first branch message, so that a complaint behind it
/// still is the same question.
fn question_of(body: &str) -> String {
    let json: Value = serde_json::from_str(body).unwrap_or_default();
    let messages = messages(&json);
    if messages.first().is_some_and(|(_, first)| first.starts_with("Answer that `ok`")) {
        return "probe".to_owned();
    }
    let rules = messages.first().map_or("", |(_, text)| text.as_str());
    if rules.starts_with("You find out what is wrong") {
        return if messages.len() > 2 { "debug again" } else { "debug" }.to_owned();
    }
    if rules.starts_with("You write the specification that a codebase") {
        let question = messages.get(1).map_or("", |(_, text)| text.as_str());
        let part =
            question.rsplit_once("are one part of a larger codebase: `").and_then(|(_, rest)| rest.split_once('`'));
        let is_join = question.starts_with("These are descriptions");
        return part.map_or(if is_join { "pm join" } else { "pm" }.to_owned(), |(part, _)| format!("pm {part}"));
    }
    let of_a_branch = messages.get(3).filter(|(_, last)| !last.starts_with(GO_ON) && !last.starts_with(COMPLAINT));
    let Some((_, last)) = of_a_branch else { return "plan".to_owned() };
    if last.starts_with("The specification has changed") {
        return "plan again".to_owned();
    }
    if last.starts_with("List the files") {
        return "list".to_owned();
    }
    if let Some((_, path)) = last.rsplit_once("The file to mend is `") {
        return format!("mend {}", path.trim_end().trim_end_matches("`."));
    }
    if last.starts_with("Write the contract of one module") {
        let is_clash = messages.iter().skip(5).any(|(_, text)| text.starts_with("This contract does not fit"));
        let name = last.rsplit("The module to write the contract of is `").next().unwrap_or_default();
        let name = name.trim_end().trim_end_matches("`.");
        return format!("{} {name}", if is_clash { "clash" } else { "module" });
    }
    last.rsplit("The file to write is `").next().unwrap_or_default().trim_end().trim_end_matches("`.").to_owned()
}

fn respond(stream: &mut TcpStream, status: u16, body: &str) -> Option<()> {
    let head =
        format!("HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len());
    stream.write_all(head.as_bytes()).ok()?;
    stream.write_all(body.as_bytes()).ok()
}

/// Streams the answer; `None` when the connection is over.
fn give(
    stream: &mut TcpStream,
    answer: &Answer,
    dialect: Dialect,
    headers: &str,
    on_first_token: impl Fn(),
) -> Option<()> {
    let fault = answer.fault.as_ref();
    match fault {
        Some(Fault::Status(status, body)) => return respond(stream, *status, body),
        Some(Fault::Headers(status, headers)) => {
            let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
            let head = format!("HTTP/1.1 {status} X\r\n{headers}content-length: 0\r\n\r\n");
            return stream.write_all(head.as_bytes()).ok();
        }
        Some(Fault::WholeBody) => {
            thread::sleep(answer.first_token + answer.per_token * tokens(&answer.text).len() as u32);
            return respond(stream, 200, &format!("{:#}", whole(answer)));
        }
        Some(Fault::CutBody) => {
            let body = whole(answer).to_string();
            return respond(stream, 200, &body[..body.len() / 2]);
        }
        _ => {}
    }
    let head =
        format!("HTTP/1.1 200 OK\r\n{headers}content-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n");
    stream.write_all(head.as_bytes()).ok()?;
    thread::sleep(answer.first_token);
    let tokens = match fault {
        Some(Fault::Odd(odd)) if odd.is_whole => vec![answer.text.clone()],
        _ => tokens(&answer.text),
    };
    let mut due = Instant::now();
    for (index, token) in tokens.iter().enumerate() {
        match fault {
            Some(Fault::Reset(after)) if *after == index => {
                // A reset throws away what the other side has not read yet.
                thread::sleep(Duration::from_millis(50));
                let socket = socket2::SockRef::from(&*stream);
                let _ = socket.set_linger(Some(Duration::ZERO));
                return None;
            }
            Some(Fault::Stall(after)) if *after == index => {
                // Until the other side gives up.
                let mut rest = Vec::new();
                let _ = std::io::Read::read_to_end(stream, &mut rest);
                return None;
            }
            Some(Fault::Close(after)) if *after == index => {
                let _ = stream.write_all(b"0\r\n\r\n");
                return None;
            }
            Some(Fault::ErrorEvent(after, error)) if *after == index => {
                event(stream, error, fault)?;
                let _ = stream.write_all(b"0\r\n\r\n");
                return None;
            }
            Some(Fault::EmptyChoices) => {
                for odd in
                    [r#"{"choices":[]}"#, "{}", r#"{"choices":null}"#, r#"{"choices":[{"index":0,"delta":null}]}"#]
                {
                    event(stream, odd, fault)?;
                }
                chunk(stream, b": keep-alive\n\n", fault)?;
            }
            _ => {}
        }
        if index > 0 && !answer.per_token.is_zero() {
            // Against the clock, so that many threads on few cores keep the speed that they claim.
            let wave = (index * 7919 % 1000) as f64 / 499.5 - 1.0;
            due += answer.per_token.mul_f64(1.0 + answer.jitter * wave);
            thread::sleep(due.saturating_duration_since(Instant::now()));
        }
        let delta = match fault {
            Some(Fault::Refusal) => json!({ "choices": [{ "index": 0, "delta": { "refusal": token } }] }),
            _ => dialect.delta(answer, index, token),
        };
        // Before it leaves, since whoever waits for it may ask at once.
        if index == 0 {
            on_first_token();
        }
        say(stream, &delta, dialect, fault)?;
    }
    for ending in dialect.endings(answer) {
        say(stream, &ending, dialect, fault)?;
    }
    match fault {
        Some(Fault::Odd(odd)) => chunk(stream, odd.done().as_bytes(), fault)?,
        _ if dialect == Dialect::Chat => event(stream, "[DONE]", fault)?,
        _ => {}
    }
    stream.write_all(b"0\r\n\r\n").ok()
}

/// The protocol that a request is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dialect {
    Chat,
    Responses,
    Messages,
    Ollama,
}

impl Dialect {
    fn of(head: &str) -> Dialect {
        match head.split(' ').nth(1).unwrap_or_default() {
            path if path.ends_with("/responses") => Dialect::Responses,
            path if path.ends_with("/messages") => Dialect::Messages,
            path if path.ends_with("/api/chat") => Dialect::Ollama,
            _ => Dialect::Chat,
        }
    }

    /// One token of the answer.
    fn delta(self, answer: &Answer, index: usize, token: &str) -> Value {
        match (self, answer.as_call) {
            (Dialect::Chat, true) => {
                let call = match index {
                    0 => {
                        json!({ "index": 0, "id": "call_1", "type": "function", "function": { "name": "list_files", "arguments": token } })
                    }
                    _ => json!({ "index": 0, "function": { "arguments": token } }),
                };
                json!({ "id": "x", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [{ "index": 0, "delta": { "tool_calls": [call] }, "finish_reason": null }] })
            }
            (Dialect::Chat, false) => {
                json!({ "id": "x", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [{ "index": 0, "delta": { "content": token }, "finish_reason": null }] })
            }
            (Dialect::Responses, true) => json!({ "type": "response.function_call_arguments.delta", "delta": token }),
            (Dialect::Responses, false) => json!({ "type": "response.output_text.delta", "delta": token }),
            // These two are asked by a schema, and answer in text.
            (Dialect::Messages, _) => {
                json!({ "type": "content_block_delta", "index": 0, "delta": { "type": "text_delta", "text": token } })
            }
            (Dialect::Ollama, true) => {
                let arguments: Value = serde_json::from_str(&answer.text).expect("arguments are JSON");
                let calls = if index == 0 {
                    json!([{ "function": { "name": "f", "arguments": arguments } }])
                } else {
                    Value::Null
                };
                json!({ "message": { "role": "assistant", "content": "", "tool_calls": calls }, "done": false })
            }
            (Dialect::Ollama, false) => {
                json!({ "message": { "role": "assistant", "content": token }, "done": false })
            }
        }
    }

    /// What comes behind the last token.
    fn endings(self, answer: &Answer) -> Vec<Value> {
        let output = tokens(&answer.text).len();
        let is_cut = answer.finish == Some("length");
        match self {
            Dialect::Chat => {
                let finish = answer
                    .finish
                    .map(|finish| json!({ "choices": [{ "index": 0, "delta": {}, "finish_reason": finish }] }));
                let usage = answer.has_usage.then(|| json!({ "choices": [], "usage": usage(answer) }));
                finish.into_iter().chain(usage).collect()
            }
            Dialect::Responses => {
                let usage = json!({ "input_tokens": 1000, "output_tokens": output, "input_tokens_details": { "cached_tokens": 900 } });
                vec![match is_cut {
                    true => {
                        json!({ "type": "response.incomplete", "response": { "usage": usage, "incomplete_details": { "reason": "max_output_tokens" } } })
                    }
                    false => json!({ "type": "response.completed", "response": { "usage": usage } }),
                }]
            }
            Dialect::Messages => {
                let usage =
                    json!({ "input_tokens": 100, "cache_read_input_tokens": 900, "cache_creation_input_tokens": 0 });
                let reason = if is_cut { "max_tokens" } else { "end_turn" };
                vec![
                    json!({ "type": "message_start", "message": { "usage": usage } }),
                    json!({ "type": "ping" }),
                    json!({ "type": "message_delta", "delta": { "stop_reason": reason }, "usage": { "output_tokens": output } }),
                    json!({ "type": "message_stop" }),
                ]
            }
            Dialect::Ollama => {
                let reason = if is_cut { "length" } else { "stop" };
                vec![
                    json!({ "message": { "content": "" }, "done": true, "done_reason": reason, "prompt_eval_count": 1000, "eval_count": output }),
                ]
            }
        }
    }
}

/// One object of the stream, framed as the dialect has it.
fn say(stream: &mut TcpStream, object: &Value, dialect: Dialect, fault: Option<&Fault>) -> Option<()> {
    if let Some(Fault::Odd(odd)) = fault {
        return chunk(stream, odd.event(object).as_bytes(), fault);
    }
    match dialect {
        Dialect::Chat => event(stream, &object.to_string(), fault),
        Dialect::Ollama => chunk(stream, format!("{object}\n").as_bytes(), fault),
        Dialect::Responses | Dialect::Messages => {
            let name = object["type"].as_str().unwrap_or_default();
            chunk(stream, format!("event: {name}\ndata: {object}\n\n").as_bytes(), fault)
        }
    }
}

/// The answer in one piece.
fn whole(answer: &Answer) -> Value {
    let message = match answer.as_call {
        true => {
            let function = json!({ "name": "list_files", "arguments": answer.text });
            json!({ "role": "assistant", "content": null, "tool_calls": [{ "id": "call_1", "type": "function", "function": function }] })
        }
        false => json!({ "role": "assistant", "content": answer.text }),
    };
    let choice = json!({ "index": 0, "message": message, "finish_reason": answer.finish });
    json!({ "id": "x", "object": "chat.completion", "choices": [choice], "usage": usage(answer) })
}

fn usage(answer: &Answer) -> Value {
    let cached = json!({ "cached_tokens": 900 });
    let prompt = answer.prompt.unwrap_or(1000);
    json!({ "prompt_tokens": prompt, "completion_tokens": tokens(&answer.text).len(), "prompt_tokens_details": cached })
}

/// Four letters each.
pub fn tokens(text: &str) -> Vec<String> {
    let characters: Vec<char> = text.chars().collect();
    characters.chunks(4).map(|token| token.iter().collect()).collect()
}

fn event(stream: &mut TcpStream, data: &str, fault: Option<&Fault>) -> Option<()> {
    let end = if matches!(fault, Some(Fault::ByteByByte)) { "\r\n\r\n" } else { "\n\n" };
    chunk(stream, format!("data: {data}{end}").as_bytes(), fault)
}

fn chunk(stream: &mut TcpStream, bytes: &[u8], fault: Option<&Fault>) -> Option<()> {
    let size = if matches!(fault, Some(Fault::ByteByByte)) { 1 } else { bytes.len().max(1) };
    for part in bytes.chunks(size) {
        let mut framed = format!("{:x}\r\n", part.len()).into_bytes();
        framed.extend_from_slice(part);
        framed.extend_from_slice(b"\r\n");
        stream.write_all(&framed).ok()?;
    }
    Some(())
}
