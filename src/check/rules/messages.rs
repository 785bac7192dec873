//! Messages, events and storage keys: what is sent and never received, and the other way round.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{
    super::{
        Rule, Severity,
        facts::{Call, Comparison, Value},
        project::Project,
        syntax::Language,
    },
    Found,
    files::is_extension,
};

/// Where a name is sent or received.
type Places<'p> = BTreeMap<&'p str, (usize, usize)>;

/// One way in which parts of a program talk to each other.
#[derive(Default)]
struct Channel<'p> {
    sent: Places<'p>,
    received: Places<'p>,
    /// Names that cannot be seen are sent or received: then the other side proves nothing.
    sends_more: bool,
    receives_more: bool,
}

/// What is sent and never received, or received and never sent.
pub fn unmatched(project: &Project) -> Vec<Found> {
    let mut found = Vec::new();
    let is_app = project
        .units
        .iter()
        .any(|unit| unit.language == Language::Html && unit.script.is_none() && !project.is_material(unit.file));
    let is_chrome = (0..project.units.len())
        .any(|unit| project.path(unit).rsplit('/').next() == Some("manifest.json") && is_extension(project, unit));
    if is_chrome {
        told(project, &runtime_messages(project), "message", Severity::Error, Severity::Error, &mut found);
    }
    if is_app {
        told(project, &custom_events(project), "event", Severity::Error, Severity::Error, &mut found);
        told(project, &storage_keys(project), "storage key", Severity::Hint, Severity::Hint, &mut found);
    }
    told(project, &sockets(project), "message", Severity::Error, Severity::Error, &mut found);
    found
}

fn told(
    project: &Project,
    channel: &Channel,
    what: &str,
    unsent: Severity,
    unreceived: Severity,
    found: &mut Vec<Found>,
) {
    let sides = [
        (&channel.sent, &channel.received, channel.receives_more, "is sent here and received nowhere", unreceived),
        (&channel.received, &channel.sent, channel.sends_more, "is received here and sent nowhere", unsent),
    ];
    for (here, there, is_open, words, severity) in sides {
        for (name, (unit, at)) in here {
            let is_heard = there.contains_key(name) || super::dom::listens(project, name);
            if is_heard || is_open || project.is_material(project.units[*unit].file) {
                continue;
            }
            // The same words elsewhere may be the other side in a form that is not seen.
            let literals = project
                .units
                .iter()
                .flat_map(|unit| &unit.facts.literals)
                .filter(|literal| literal.text == *name)
                .count();
            let own = uses_of(project, name);
            if literals > own {
                continue;
            }
            let nearest = project.nearest(name, there.keys().copied().filter(|other| !here.contains_key(other)));
            // Without a counterpart that could be meant, and with nobody on the other side, it may be for others.
            let severity = if nearest.is_some() { Severity::Error } else { severity };
            let message = format!("the {what} '{name}' {words}");
            let misfit = Found::error(*unit, *at, Rule::UnmatchedMessage, name, message)
                .looked_in("the scripts")
                .nearest(nearest);
            found.push(Found { severity, ..misfit });
        }
    }
}

/// How often a name stands where it is sent or received, in any of the ways known here.
fn uses_of(project: &Project, name: &str) -> usize {
    let scripts = project.units.iter().filter(|unit| unit.language.is_script() || unit.language == Language::Python);
    scripts
        .map(|unit| {
            let in_calls = unit
                .facts
                .calls
                .iter()
                .flat_map(|call| &call.arguments)
                .map(|argument| texts_in(&argument.value, name))
                .sum::<usize>();
            in_calls + unit.facts.comparisons.iter().filter(|comparison| comparison.text == name).count()
        })
        .sum()
}

fn texts_in(value: &Value, name: &str) -> usize {
    match value {
        Value::Text(text) => usize::from(text == name),
        Value::Object(pairs) => pairs.iter().map(|(_, value)| texts_in(value, name)).sum(),
        _ => 0,
    }
}

/// Keys under which messages carry what they are.
const KINDS: &[&str] =
    &["type", "action", "kind", "cmd", "command", "message", "msg", "method", "name", "event", "request"];

/// `chrome.runtime.sendMessage({ type: 'x' })` and the listeners that compare it.
fn runtime_messages<'p>(project: &'p Project) -> Channel<'p> {
    let mut channel = Channel::default();
    for (index, unit) in scripts(project) {
        for call in &unit.facts.calls {
            let words: Vec<&str> = call.path.iter().map(|name| name.text).collect();
            let [.., sender, "sendMessage" | "postMessage"] = words.as_slice() else { continue };
            if !matches!(words[0], "chrome" | "browser") && !sender.to_lowercase().contains("port") {
                continue;
            }
            let payload = call.arguments.iter().find(|argument| matches!(argument.value, Value::Object(_)));
            match payload.map(|payload| &payload.value) {
                Some(Value::Object(pairs)) => match pairs.iter().find(|(key, _)| KINDS.contains(&key.text)) {
                    Some((_, Value::Text(text))) => add(&mut channel.sent, text, index, pairs[0].0.at),
                    Some((_, Value::Path(path))) => match constant(project, index, call, path) {
                        Some(text) => add(&mut channel.sent, text, index, call.at),
                        None => channel.sends_more = true,
                    },
                    Some(_) => channel.sends_more = true,
                    None => {}
                },
                _ if call.arguments.iter().any(|argument| matches!(argument.value, Value::Text(_))) => {
                    for argument in &call.arguments {
                        if let Value::Text(text) = &argument.value {
                            add(&mut channel.sent, text, index, argument.at);
                        }
                    }
                }
                _ => channel.sends_more = true,
            }
        }
        let listens = unit
            .facts
            .accesses
            .iter()
            .any(|access| access.path.iter().any(|name| matches!(name.text, "onMessage" | "onMessageExternal")));
        if listens {
            for comparison in kinds_compared(&unit.facts.comparisons) {
                add(&mut channel.received, &comparison.text, index, comparison.at);
            }
            // A table of functions by the message's kind, or a name instead of a text.
            channel.receives_more |= kinds_compared(&unit.facts.comparisons).next().is_none()
                || unit.text.contains("[message.")
                || unit.text.contains("[msg.")
                || unit.text.contains("[request.");
        }
    }
    channel
}

fn kinds_compared<'p, 't>(comparisons: &'p [Comparison<'t>]) -> impl Iterator<Item = &'p Comparison<'t>> {
    comparisons.iter().filter(|comparison| match comparison.left.as_slice() {
        [object, kind] => {
            let is_kind = matches!(kind.text, "type" | "action" | "kind" | "cmd" | "command");
            let is_message =
                matches!(object.text, "message" | "msg" | "request" | "req" | "m" | "event" | "data" | "payload");
            KINDS.contains(&kind.text) && (is_kind && !object.text.is_empty() || is_message)
        }
        [only] => KINDS.contains(&only.text) || only.text == "request" || only.text == "message",
        _ => false,
    })
}

/// The text that a name stands for, where a constant of the project gives it.
fn constant<'p>(
    project: &'p Project,
    unit: usize,
    _call: &Call,
    path: &[super::super::facts::Name],
) -> Option<&'p str> {
    let last = path.last()?.text;
    let texts: HashSet<&str> = project
        .units
        .iter()
        .filter(|other| other.language.is_script())
        .flat_map(|other| &other.facts.assignments)
        .filter_map(|assignment| match &assignment.value {
            Value::Text(text) if assignment.target.last().is_some_and(|name| name.text == last) => Some(text.as_ref()),
            Value::Object(pairs)
                if path.len() == 2 && assignment.target.last().is_some_and(|name| name.text == path[0].text) =>
            {
                pairs.iter().find(|(key, _)| key.text == last).and_then(|(_, value)| match value {
                    Value::Text(text) => Some(text.as_ref()),
                    _ => None,
                })
            }
            _ => None,
        })
        .collect();
    let _ = unit;
    (texts.len() == 1).then(|| texts.into_iter().next()).flatten()
}

/// `new CustomEvent('x')` and `addEventListener('x')` for names that no browser sends.
fn custom_events<'p>(project: &'p Project) -> Channel<'p> {
    let mut channel = Channel::default();
    let mut listened: Vec<(&str, usize, usize)> = Vec::new();
    for (index, unit) in scripts(project) {
        for call in &unit.facts.calls {
            let Some(first) = call.arguments.first() else { continue };
            let last = call.path.last().map_or("", |name| name.text);
            let is_made = call.is_new && matches!(last, "CustomEvent" | "Event");
            match (&first.value, last) {
                (Value::Text(text), _) if is_made => add(&mut channel.sent, text, index, first.at),
                (_, _) if is_made => channel.sends_more = true,
                (_, "addEventListener") if unit.text.contains("EventSource(") => channel.receives_more = true,
                (Value::Text(text), "addEventListener" | "removeEventListener") => {
                    listened.push((text, index, first.at))
                }
                (_, "addEventListener") => channel.receives_more = true,
                _ => {}
            }
        }
    }
    for (text, unit, at) in listened {
        // Names in small letters alone are the browser's.
        let is_own =
            text.contains([':', '-', '.', '_']) || text.contains(char::is_uppercase) && text != "DOMContentLoaded";
        let is_of_library = ["alpine:", "turbo:", "htmx:", "livewire:"].iter().any(|library| text.starts_with(library));
        if is_own && !is_of_library && !is_of_browser(text) || channel.sent.contains_key(text) {
            add(&mut channel.received, text, unit, at);
        }
    }
    // Markup may listen by an attribute, and browsers by themselves.
    channel.sent.retain(|text, _| !is_of_browser(text) && (text.len() > 2));
    let all_small: Vec<&str> =
        channel.sent.keys().copied().filter(|text| text.chars().all(char::is_lowercase)).collect();
    for text in all_small {
        if !channel.received.contains_key(text) && OF_ALL_ELEMENTS.split(' ').any(|name| name == text) {
            channel.sent.remove(text);
        }
    }
    channel
}

/// Events that browsers send as well.
const OF_ALL_ELEMENTS: &str = "input change click submit resize scroll keydown keyup blur focus load storage popstate hashchange \
                               close cancel toggle select message error open";

fn is_of_browser(text: &str) -> bool {
    text.starts_with("DOM")
        || text.starts_with("webkit")
        || text.starts_with("moz")
        || text.starts_with("MS")
        || text.starts_with("vite:")
        || text.starts_with("astro:")
        || text.starts_with("turbo:")
        || text.starts_with("htmx:")
        || text.starts_with("hidden.bs")
        || text.contains(".bs.")
}

/// `localStorage.setItem('x')` and `getItem('x')`.
fn storage_keys<'p>(project: &'p Project) -> Channel<'p> {
    let mut channel = Channel::default();
    for (index, unit) in scripts(project) {
        for call in &unit.facts.calls {
            let [.., store, method] = call.path.as_slice() else { continue };
            if !matches!(store.text, "localStorage" | "sessionStorage") {
                continue;
            }
            let text = call.arguments.first().map(|argument| &argument.value);
            let text = match text {
                Some(Value::Text(text)) => Some((text.as_ref(), call.arguments[0].at)),
                Some(Value::Path(path)) => {
                    constant(project, index, call, path).map(|text| (text, call.arguments[0].at))
                }
                _ => None,
            };
            match (method.text, text) {
                ("setItem", Some((text, at))) => add(&mut channel.sent, text, index, at),
                ("getItem", Some((text, at))) => add(&mut channel.received, text, index, at),
                ("setItem", None) => channel.sends_more = true,
                ("getItem", None) => channel.receives_more = true,
                _ => {}
            }
        }
        // `localStorage.theme`, `localStorage['theme']`.
        let is_open = unit.facts.accesses.iter().any(|access| {
            access.path.len() == 2
                && matches!(access.path[0].text, "localStorage" | "sessionStorage")
                && !matches!(access.path[1].text, "getItem" | "setItem" | "removeItem" | "clear" | "length" | "key")
        }) || unit.text.contains("localStorage[")
            || unit.text.contains("sessionStorage[");
        channel.sends_more |= is_open;
        channel.receives_more |= is_open;
    }
    channel
}

/// Socket.IO on both sides: `socket.emit('x')` and `socket.on('x')`.
fn sockets<'p>(project: &'p Project) -> Channel<'p> {
    let mut sides: HashMap<bool, Channel<'p>> = HashMap::new();
    // What stands behind a call may be a socket, and any other thing that has listeners.
    let mut perhaps_heard: HashSet<&str> = HashSet::new();
    let uses_it = project.manifests.node.values().flatten().any(|package| package == "socket.io")
        && project.units.iter().any(|unit| unit.language.is_script() && unit.text.contains("io("));
    if !uses_it {
        return Channel::default();
    }
    for (index, unit) in scripts(project) {
        let is_server = unit.facts.imports.iter().any(|import| import.from == "socket.io");
        let channel = sides.entry(is_server).or_default();
        for call in &unit.facts.calls {
            let [object, .., method] = call.path.as_slice() else { continue };
            if !matches!(object.text, "io" | "client" | "") && !object.text.to_lowercase().ends_with("socket") {
                continue;
            }
            let Some(first) = call.arguments.first() else { continue };
            let is_own = |text: &str| {
                !matches!(
                    text,
                    "connection"
                        | "connect"
                        | "disconnect"
                        | "connect_error"
                        | "error"
                        | "disconnecting"
                        | "reconnect"
                        | "reconnecting"
                        | "reconnect_attempt"
                        | "reconnect_error"
                        | "reconnect_failed"
                        | "connect_timeout"
                        | "close"
                        | "packet"
                        | "upgrade"
                        | "drain"
                        | "ping"
                        | "pong"
                        | "end"
                        | "timeout"
                )
            };
            match (method.text, &first.value) {
                ("emit", Value::Text(text)) if is_own(text) => add(&mut channel.sent, text, index, first.at),
                ("emit", Value::Text(_)) | ("on" | "once", Value::Text(_)) if !matches!(&first.value, Value::Text(text) if is_own(text)) =>
                    {}
                ("on" | "once", Value::Text(text)) if object.text.is_empty() => {
                    perhaps_heard.insert(text);
                }
                ("on" | "once", Value::Text(text)) => add(&mut channel.received, text, index, first.at),
                ("emit", _) => channel.sends_more = true,
                ("on" | "once", _) => channel.receives_more = true,
                _ => {}
            }
        }
    }
    let (Some(client), Some(server)) = (sides.remove(&false), sides.remove(&true)) else { return Channel::default() };
    // What one side sends the other receives; names are told apart by side only where both have them.
    let mut whole = Channel {
        sends_more: client.sends_more || server.sends_more,
        receives_more: client.receives_more || server.receives_more,
        ..Channel::default()
    };
    for side in [client, server] {
        whole.sent.extend(side.sent);
        whole.received.extend(side.received);
    }
    whole.sent.retain(|text, _| !perhaps_heard.contains(text));
    whole
}

fn add<'p>(places: &mut Places<'p>, text: &'p str, unit: usize, at: usize) {
    if !text.is_empty() {
        places.entry(text).or_insert((unit, at));
    }
}

fn scripts<'p, 't>(project: &'p Project<'t>) -> impl Iterator<Item = (usize, &'p super::super::project::Unit<'t>)> {
    project.units.iter().enumerate().filter(|(_, unit)| unit.language.is_script() && unit.is_read())
}
