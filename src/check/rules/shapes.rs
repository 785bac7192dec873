//! Fields that are read off a message, an event or a stored value, and that nobody puts into it.
//!
//! Certain only where all who send are seen, and send literals: one spread or variable among them may carry anything.

mod channels;
mod reads;

use std::collections::BTreeSet;

use self::reads::{Read, Source, is_foreseen};
use super::{
    super::{
        Rule,
        facts::{Name, Value},
        members::OBJECT,
        project::Project,
    },
    Found,
};

/// What is sent, as far as it is seen, and what comes in where.
struct Channel<'p> {
    /// "message", with its article.
    what: String,
    payloads: Vec<&'p Value<'p>>,
    /// Unit, and how the object comes into it.
    receivers: Vec<(usize, Source)>,
    /// The fields that lead to what was sent: an event carries it as its `detail`.
    wrapped: &'static [&'static str],
}

/// Fields that nobody sends.
pub fn unsent(project: &Project) -> Vec<Found> {
    let mut found = Vec::new();
    for channel in channels::all(project) {
        for (unit, source) in &channel.receivers {
            if !project.is_material(project.units[*unit].file) {
                tell(project, &channel, *unit, *source, &mut found);
            }
        }
    }
    found
}

fn tell(project: &Project, channel: &Channel, unit: usize, source: Source, found: &mut Vec<Found>) {
    let mut missing: Vec<(Name, Vec<&str>)> = Vec::new();
    for read in reads::reads(project, unit, source) {
        let Some(path) = unwrapped(&read.path, channel.wrapped) else { continue };
        if let Some((number, keys)) = first_missing(path, &fitting(channel, &read)) {
            missing.push((path[number], keys));
        }
    }
    let text = project.units[unit].text;
    let language = project.units[unit].language;
    let foreseen: BTreeSet<&str> = missing
        .iter()
        .filter(|(name, _)| project.written.contains(name.text) || is_foreseen(language, text, *name))
        .map(|(name, _)| name.text)
        .collect();
    let mut told = BTreeSet::new();
    for (name, keys) in missing.into_iter().filter(|(name, _)| !foreseen.contains(name.text)) {
        if told.insert(name.text) {
            let nearest = project.nearest(name.text, keys);
            let message = format!("'{}' is read here, and nobody puts it into {}", name.text, channel.what);
            found.push(
                Found::error(unit, name.at, Rule::UnmatchedMessage, name.text, message)
                    .looked_in("the scripts that send it")
                    .nearest(nearest),
            );
        }
    }
}

fn unwrapped<'r, 't>(path: &'r [Name<'t>], wrapped: &[&str]) -> Option<&'r [Name<'t>]> {
    let (head, rest) = path.split_at_checked(wrapped.len())?;
    (!rest.is_empty() && head.iter().map(|name| name.text).eq(wrapped.iter().copied())).then_some(rest)
}

/// What may have been sent where this is read.
fn fitting<'p>(channel: &Channel<'p>, read: &Read) -> Vec<&'p Value<'p>> {
    let fits = |payload: &&Value| {
        read.known.iter().all(|(keys, texts)| match keys.strip_prefix(channel.wrapped) {
            Some(keys) => may_be(payload, keys, texts),
            None => true,
        })
    };
    channel.payloads.iter().copied().filter(fits).collect()
}

/// Whether the value under `keys` may be one of `texts`.
fn may_be(payload: &Value, keys: &[&str], texts: &[String]) -> bool {
    match (payload, keys.split_first()) {
        (Value::Text(text), None) => texts.iter().any(|wanted| wanted == text),
        (Value::Object(pairs), Some((key, rest))) => {
            pairs.iter().any(|(name, value)| name.text == *key && may_be(value, rest, texts)) || is_open(pairs)
        }
        _ => true,
    }
}

/// Whether an object may have more keys than are seen.
fn is_open(pairs: &[(Name, Value)]) -> bool {
    pairs.iter().any(|(name, _)| name.text == "..." || name.text.starts_with('['))
}

/// The first field of `path` that is in none of the payloads, and what is there instead.
fn first_missing<'p>(path: &[Name], payloads: &[&'p Value<'p>]) -> Option<(usize, Vec<&'p str>)> {
    let mut payloads = payloads.to_vec();
    for (number, name) in path.iter().enumerate() {
        let mut objects = Vec::new();
        for payload in &payloads {
            match payload {
                Value::Object(pairs) if !is_open(pairs) => objects.extend(pairs),
                _ => return None,
            }
        }
        if payloads.is_empty() || OBJECT.contains(&name.text) {
            return None;
        }
        payloads = objects.iter().filter(|(key, _)| key.text == name.text).map(|(_, value)| value).collect();
        if payloads.is_empty() {
            return Some((number, objects.iter().map(|(key, _)| key.text).collect()));
        }
    }
    None
}
