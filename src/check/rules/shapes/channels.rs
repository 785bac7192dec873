//! The ways in which scripts send objects to each other, and who sends and receives what.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    super::{
        super::{
            facts::{Call, Name, Type, Value, What},
            project::{Project, Unit},
            syntax::Language,
        },
        files::is_extension,
    },
    Channel, Source, may_be,
    reads::known_of,
};

/// All of them, as far as it is certain who sends.
pub fn all<'p>(project: &'p Project<'p>) -> Vec<Channel<'p>> {
    let mut channels = Vec::new();
    let is_chrome = (0..project.units.len())
        .any(|unit| project.path(unit).rsplit('/').next() == Some("manifest.json") && is_extension(project, unit));
    if is_chrome && !is_elsewhere(project, "sendMessage") {
        runtime_messages(project, &mut channels);
    }
    if !is_elsewhere(project, "CustomEvent") {
        custom_events(project, &mut channels);
    }
    let uses_sockets = project.manifests.node.values().flatten().any(|package| package == "socket.io")
        && project.units.iter().any(|unit| unit.language.is_script() && unit.text.contains("io("));
    if uses_sockets && !is_elsewhere(project, ".emit(") {
        sockets(project, &mut channels);
    }
    if !is_elsewhere(project, "setItem") {
        stored(project, &mut channels);
    }
    if !is_elsewhere(project, "postMessage") {
        workers(project, &mut channels);
    }
    channels
}

/// Whether a file that is not read as a script may do it too.
fn is_elsewhere(project: &Project, word: &str) -> bool {
    let is_prose = |path: &str| [".md", ".txt", ".json", ".lock", ".css", ".svg"].iter().any(|end| path.ends_with(end));
    let is_unseen = |path: &str| Language::of(path).is_script() || path.ends_with(".html");
    project.tree.files.iter().enumerate().any(|(file, source)| match &source.text {
        None => is_unseen(&source.path),
        Some(text) if is_prose(&source.path) || !text.contains(word) => false,
        Some(_) => {
            let mut units = project.units.iter().filter(|unit| unit.file == file).peekable();
            units.peek().is_none()
                || units.any(|unit| match unit.language {
                    Language::Html => !unit.is_read(),
                    language => !language.is_script() || !unit.is_read() || unit.facts.is_open,
                })
        }
    })
}

fn scripts<'p>(project: &'p Project<'p>) -> impl Iterator<Item = (usize, &'p Unit<'p>)> {
    project.units.iter().enumerate().filter(|(_, unit)| unit.language.is_script())
}

fn calls<'p>(project: &'p Project<'p>) -> impl Iterator<Item = (usize, usize, &'p Call<'p>)> {
    scripts(project)
        .flat_map(|(unit, read)| read.facts.calls.iter().enumerate().map(move |(number, call)| (unit, number, call)))
}

fn last<'p>(call: &'p Call) -> &'p str {
    call.path.last().map_or("", |name| name.text)
}

fn argument<'p>(call: &'p Call<'p>, number: usize) -> Option<&'p Value<'p>> {
    call.arguments.get(number).map(|argument| &argument.value)
}

fn has_spread(call: &Call) -> bool {
    call.arguments.iter().any(|argument| argument.is_spread)
}

/// Whether `method` is ever anything but called on an object: bound, handed on, taken out.
fn is_handed_on(project: &Project, method: &str) -> bool {
    scripts(project).any(|(_, unit)| {
        let facts = &unit.facts;
        let named = facts.accesses.iter().filter(|access| access.path.iter().any(|name| name.text == method)).count();
        let called = facts.calls.iter().filter(|call| call.path.len() > 1 && last(call) == method).count();
        named != called
            || facts.mentions.iter().any(|mention| mention.name.text == method)
            || facts.literals.iter().any(|literal| literal.text == method)
            || facts.script.unpacked.iter().any(|unpacked| unpacked.keys.iter().any(|key| key.text == method))
    })
}

/// The function that a listener is: written in place, or by a name that is given to listeners only.
fn listener(project: &Project, unit: usize, call: &Call, value: Option<&Value>) -> Option<usize> {
    match value? {
        Value::Function(function) => Some(*function),
        Value::Path(path) if path.len() == 1 => {
            let name = path[0].text;
            let (_, bindings) = project.lookup(unit, call.scope, name)?;
            let [binding] = bindings else { return None };
            let What::Function(function) = binding.what else { return None };
            let is_named = |unit: &Unit| unit.facts.mentions.iter().filter(|mention| mention.name.text == name).count();
            let registers =
                |call: &&Call| last(call).contains("Listener") || matches!(last(call), "on" | "off" | "once");
            let own = project.units[unit].facts.calls.iter().filter(registers);
            let given = own
                .flat_map(|call| &call.arguments)
                .filter(
                    |argument| matches!(&argument.value, Value::Path(path) if path.len() == 1 && path[0].text == name),
                )
                .count();
            let all: usize = scripts(project).map(|(_, unit)| is_named(unit)).sum();
            (given == all && !project.units[unit].facts.exports.names.contains_key(name)).then_some(function)
        }
        _ => None,
    }
}

/// `chrome.runtime.sendMessage({ … })`, what its listeners read off it, and what is read off their answers.
fn runtime_messages<'p>(project: &'p Project<'p>, channels: &mut Vec<Channel<'p>>) {
    if is_handed_on(project, "sendMessage") {
        return;
    }
    let mut payloads = Vec::new();
    let mut sent = Vec::new();
    for (unit, number, call) in calls(project).filter(|(_, _, call)| last(call) == "sendMessage") {
        // The first may be the extension or the tab that it is sent to.
        let payload = match (argument(call, 0), argument(call, 1)) {
            (Some(payload @ Value::Object(_)), _) => payload,
            (Some(_), Some(payload @ Value::Object(_))) if call.arguments.len() < 3 => payload,
            (Some(Value::Path(_)), Some(payload @ Value::Object(_))) if words(call).contains(&"tabs") => payload,
            _ => return,
        };
        if has_spread(call) {
            return;
        }
        payloads.push(payload);
        sent.push((unit, number, call, payload));
    }
    let listeners: Vec<_> = calls(project)
        .filter(|(_, _, call)| {
            matches!(words(call).as_slice(), ["chrome" | "browser", "runtime", "onMessage", "addListener"])
        })
        .map(|(unit, _, call)| (unit, listener(project, unit, call, argument(call, 0))))
        .collect();
    let receivers =
        listeners.iter().filter_map(|(unit, function)| Some((*unit, Source::Parameter((*function)?, 0)))).collect();
    channels.push(Channel { what: "the message".to_owned(), payloads, receivers, wrapped: &[] });
    let Some(answers) = answers(project, &listeners) else { return };
    for (unit, number, call, payload) in sent {
        let fits = |answer: &&Answer| answer.known.iter().all(|(keys, texts)| may_be(payload, keys, texts));
        let answers: Vec<&Value> = answers.iter().filter(fits).map(|answer| answer.value).collect();
        let mut receivers = vec![(unit, Source::Call(number))];
        if let Some(Value::Function(function)) = call.arguments.last().map(|argument| &argument.value) {
            receivers.push((unit, Source::Parameter(*function, 0)));
        }
        channels.push(Channel { what: "the answer".to_owned(), payloads: answers, receivers, wrapped: &[] });
    }
}

fn words<'p>(call: &'p Call) -> Vec<&'p str> {
    call.path.iter().map(|name| name.text).collect()
}

/// `sendResponse({ … })`, with what is known of the message there.
struct Answer<'p> {
    value: &'p Value<'p>,
    known: Vec<(Vec<&'p str>, Vec<String>)>,
}

/// All answers of all listeners, if all of them are seen.
fn answers<'p>(project: &'p Project<'p>, listeners: &[(usize, Option<usize>)]) -> Option<Vec<Answer<'p>>> {
    let mut answers = Vec::new();
    for (unit, function) in listeners {
        let function = (*function)?;
        let facts = &project.units[*unit].facts;
        let definition = &facts.functions[function];
        // Without the third parameter it may answer by what it returns.
        let respond = definition.parameters.get(2)?;
        let [binding] = facts.scopes[definition.scope].bindings.get(respond.name)?.as_slice() else { return None };
        let is_it = |scope: usize, name: Name| {
            name.text == respond.name
                && project
                    .lookup(*unit, scope, name.text)
                    .is_some_and(|(_, bindings)| matches!(bindings, [only] if only.at == binding.at))
        };
        let named = facts.mentions.iter().filter(|mention| is_it(mention.scope, mention.name)).count();
        let called: Vec<&Call> =
            facts.calls.iter().filter(|call| call.path.len() == 1 && is_it(call.scope, call.path[0])).collect();
        if named != called.len() {
            return None;
        }
        for call in called {
            if let Some(value) = argument(call, 0) {
                answers.push(Answer { value, known: known_of(project, *unit, function, call.path[0]) });
            }
        }
    }
    Some(answers)
}

/// `new CustomEvent('x', { detail: { … } })` and its listeners.
fn custom_events<'p>(project: &'p Project<'p>, channels: &mut Vec<Channel<'p>>) {
    let mut sent: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    for (_, _, call) in calls(project) {
        if last(call) == "initCustomEvent" {
            return;
        }
        if !call.is_new || last(call) != "CustomEvent" {
            continue;
        }
        let Some(Value::Text(name)) = argument(call, 0) else { return };
        let detail = match argument(call, 1) {
            Some(Value::Object(pairs)) => pairs.iter().find(|(key, _)| key.text == "detail").map(|(_, value)| value),
            _ => None,
        };
        sent.entry(name).or_default().push(detail.unwrap_or(&Value::Other));
    }
    for (name, payloads) in sent {
        // Names in small letters alone are the browser's too.
        if !name.contains([':', '-', '.', '_']) && !name.contains(char::is_uppercase) {
            continue;
        }
        let receivers = received(project, &["addEventListener"], name, |_| true, 0);
        channels.push(Channel { what: format!("the event '{name}'"), payloads, receivers, wrapped: &["detail"] });
    }
}

/// The listeners of `name`, with their parameter of this number.
fn received(
    project: &Project,
    methods: &[&str],
    name: &str,
    is_meant: impl Fn(&Call) -> bool,
    number: usize,
) -> Vec<(usize, Source)> {
    let of_name = |call: &Call| argument(call, 0).and_then(Value::text) == Some(name);
    let found = calls(project).filter(|(_, _, call)| methods.contains(&last(call)) && of_name(call) && is_meant(call));
    found
        .filter_map(|(unit, _, call)| {
            Some((unit, Source::Parameter(listener(project, unit, call, argument(call, 1))?, number)))
        })
        .collect()
}

/// Socket.IO on both sides: `socket.emit('x', { … })` and `socket.on('x', …)`.
fn sockets<'p>(project: &'p Project<'p>, channels: &mut Vec<Channel<'p>>) {
    if is_handed_on(project, "emit") {
        return;
    }
    let mut sent: BTreeMap<&str, Vec<&Call>> = BTreeMap::new();
    for (_, _, call) in calls(project).filter(|(_, _, call)| matches!(last(call), "emit" | "emitWithAck")) {
        let Some(Value::Text(name)) = argument(call, 0) else { return };
        sent.entry(name).or_default().push(call);
    }
    let is_socket = |call: &Call| matches!(call.path[0].text, "socket" | "io" | "client");
    for (name, calls) in sent {
        if calls.iter().any(|call| has_spread(call)) {
            continue;
        }
        for number in 0..3 {
            let payloads: Vec<&Value> = calls.iter().filter_map(|call| argument(call, number + 1)).collect();
            let receivers = received(project, &["on", "once"], name, is_socket, number);
            channels.push(Channel { what: format!("the message '{name}'"), payloads, receivers, wrapped: &[] });
        }
    }
}

/// `localStorage.setItem('x', JSON.stringify({ … }))` and `JSON.parse(localStorage.getItem('x'))`.
fn stored<'p>(project: &'p Project<'p>, channels: &mut Vec<Channel<'p>>) {
    if is_handed_on(project, "setItem") {
        return;
    }
    for store in ["localStorage", "sessionStorage"] {
        let is_of = |call: &Call, method: &str| matches!(words(call).as_slice(), [.., object, last] if *object == store && *last == method);
        // `localStorage.x = …`, or the store under another name.
        let is_open = scripts(project).any(|(_, unit)| {
            unit.text.contains(&format!("{store}["))
                || unit.facts.accesses.iter().any(|access| match access.path.iter().position(|name| name.text == store) {
                    Some(at) => !access.path.get(at + 1).is_some_and(|name| {
                        matches!(name.text, "getItem" | "setItem" | "removeItem" | "clear" | "length" | "key")
                    }),
                    None => false,
                })
                || unit.facts.assignments.iter().any(
                    |assignment| matches!(&assignment.value, Value::Path(path) if path.last().is_some_and(|name| name.text == store)),
                )
        });
        let mut sent: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
        let mut is_certain = !is_open;
        for (unit, _, call) in calls(project).filter(|(_, _, call)| last(call) == "setItem") {
            let Some(Value::Text(name)) = argument(call, 0) else {
                is_certain = false;
                continue;
            };
            let payload = match argument(call, 1) {
                Some(Value::Call(inner)) => {
                    let inner = &project.units[unit].facts.calls[*inner];
                    argument(inner, 0).filter(|_| words(inner) == ["JSON", "stringify"] && inner.arguments.len() == 1)
                }
                _ => None,
            };
            sent.entry(name).or_default().push(payload.unwrap_or(&Value::Other));
        }
        for (name, payloads) in sent.into_iter().filter(|_| is_certain) {
            let parses = calls(project).filter(|(unit, _, call)| {
                words(call) == ["JSON", "parse"]
                    && matches!(argument(call, 0), Some(Value::Call(inner)) if {
                        let inner = &project.units[*unit].facts.calls[*inner];
                        is_of(inner, "getItem") && argument(inner, 0).and_then(Value::text) == Some(name)
                    })
            });
            let receivers = parses.map(|(unit, number, _)| (unit, Source::Call(number))).collect();
            channels.push(Channel { what: format!("what is stored as '{name}'"), payloads, receivers, wrapped: &[] });
        }
    }
}

/// `worker.postMessage({ … })` and `onmessage`, between a page and its workers.
fn workers<'p>(project: &'p Project<'p>, channels: &mut Vec<Channel<'p>>) {
    let makes = |call: &Call| call.is_new && matches!(last(call), "Worker" | "URL");
    let named: BTreeSet<&str> = calls(project)
        .filter(|(_, _, call)| makes(call))
        .filter_map(|(_, _, call)| argument(call, 0).and_then(Value::text))
        .filter_map(|path| path.rsplit('/').next())
        .collect();
    if named.is_empty() || is_handed_on(project, "postMessage") {
        return;
    }
    let mut payloads = Vec::new();
    for (_, _, call) in calls(project).filter(|(_, _, call)| last(call) == "postMessage") {
        match argument(call, 0) {
            Some(payload @ Value::Object(_)) => payloads.push(payload),
            _ => return,
        }
    }
    let mut receivers = Vec::new();
    for (unit, script) in scripts(project) {
        let is_worker = named.contains(project.path(unit).rsplit('/').next().unwrap_or_default());
        for assignment in &script.facts.assignments {
            let Value::Function(function) = assignment.value else { continue };
            let is_meant = match assignment.target.as_slice() {
                [only] => only.text == "onmessage" && is_worker,
                [object, last] if last.text == "onmessage" => {
                    object.text == "self" && is_worker || is_made_as_worker(script, object.text)
                }
                _ => false,
            };
            if is_meant {
                receivers.push((unit, Source::Parameter(function, 0)));
            }
        }
    }
    channels.push(Channel { what: "the message".to_owned(), payloads, receivers, wrapped: &["data"] });
}

/// `const worker = new Worker(…)`, and nothing else of that name.
fn is_made_as_worker(script: &Unit, name: &str) -> bool {
    let mut bindings = script.facts.scopes.iter().filter_map(|scope| scope.bindings.get(name)).flatten();
    let is_worker = matches!(
        bindings.next().map(|binding| &binding.what),
        Some(What::Value(Some(Type::Instance(path)))) if path.last().is_some_and(|name| name.text == "Worker")
    );
    is_worker && bindings.next().is_none()
}
