//! What makes ids: pages, scripts, and markup in languages that are not read.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
};

use super::super::super::{
    facts::{MarkKind, Value},
    project::Project,
    syntax::Language,
};

/// Endings of files with markup that is not read, but whose words count.
const MARKUP: &[&str] = &[
    ".vue",
    ".svelte",
    ".astro",
    ".ejs",
    ".hbs",
    ".handlebars",
    ".pug",
    ".jade",
    ".php",
    ".erb",
    ".jinja",
    ".jinja2",
    ".j2",
    ".njk",
    ".liquid",
    ".twig",
    ".mustache",
    ".tmpl",
    ".gohtml",
    ".haml",
    ".md",
    ".mdx",
    ".xhtml",
    ".svg",
    ".xml",
];

/// What makes ids.
pub struct Ids<'t> {
    /// Of pages, by their unit, and of scripts.
    pub all: HashSet<&'t str>,
    pub of_page: HashMap<usize, HashSet<&'t str>>,
    /// The parts of ids that are put together: `row-` of `row-${index}`.
    pub parts: Vec<&'t str>,
    /// Something makes ids that cannot be seen.
    pub is_open: bool,
}

impl<'t> Ids<'t> {
    pub fn new(project: &Project<'t>) -> Ids<'t> {
        let mut ids = Ids { all: HashSet::new(), of_page: HashMap::new(), parts: Vec::new(), is_open: false };
        for (index, unit) in project.units.iter().enumerate() {
            for mark in unit.facts.marks.iter().filter(|mark| mark.kind == MarkKind::Id) {
                ids.all.insert(mark.name.text);
                ids.of_page.entry(index).or_default().insert(mark.name.text);
            }
            for assignment in &unit.facts.assignments {
                if assignment.target.len() > 1
                    && assignment.target.last().is_some_and(|name| matches!(name.text, "id" | "htmlId"))
                {
                    ids.made(&assignment.value);
                }
            }
            for call in &unit.facts.calls {
                let is_set = call.path.last().is_some_and(|name| matches!(name.text, "setAttribute" | "attr" | "prop"));
                if let [key, value, ..] = call.arguments.as_slice()
                    && is_set
                    && key.value.text() == Some("id")
                {
                    ids.made(&value.value);
                }
                for argument in &call.arguments {
                    if let Value::Object(pairs) = &argument.value {
                        pairs.iter().filter(|(name, _)| name.text == "id").for_each(|(_, value)| ids.made(value));
                    }
                }
            }
            if unit.language != Language::Html {
                for literal in unit.facts.literals.iter().filter(|literal| literal.text.contains("id=")) {
                    if let Cow::Borrowed(text) = literal.text {
                        ids.in_markup(text);
                    }
                }
            }
        }
        // Markup in languages that are not read.
        for file in &project.tree.files {
            if let Some(text) = file.text.as_deref().filter(|_| MARKUP.iter().any(|ending| file.path.ends_with(ending)))
            {
                ids.in_markup(text);
            }
        }
        ids
    }

    fn made(&mut self, value: &Value<'t>) {
        match value {
            Value::Text(Cow::Borrowed(text)) => {
                self.all.insert(text);
            }
            Value::Template(pieces) => self.parts.extend(pieces.iter().filter(|piece| piece.len() > 1)),
            Value::Text(_) | Value::Object(_) | Value::List(_) | Value::Function(_) => {}
            // A name or a call: it may be any id.
            Value::Path(_) | Value::Call(_) | Value::Other => self.is_open = true,
        }
    }

    /// `id="…"` anywhere in a text.
    fn in_markup(&mut self, text: &'t str) {
        for (at, _) in text.match_indices("id=") {
            let rest = &text[at + 3..];
            let Some(quote) = rest.chars().next() else {
                // The text goes on behind a hole.
                self.is_open = true;
                continue;
            };
            let rest = rest.trim_start_matches(['\\']);
            let value = match rest.chars().next() {
                Some(quote @ ('"' | '\'')) => rest[1..].split([quote, '\\']).next().unwrap_or_default(),
                _ => rest.split(|c: char| c.is_whitespace() || c == '>' || c == '/').next().unwrap_or_default(),
            };
            if value.contains(['{', '$', '<']) || value.is_empty() && quote != ' ' {
                let part = value.split(['{', '$', '<']).next().unwrap_or_default();
                if part.len() > 1 { self.parts.push(part) } else { self.is_open = true }
            } else {
                self.all.insert(value);
            }
        }
    }

    pub fn may_have(&self, id: &str) -> bool {
        self.is_open || self.all.contains(id) || self.parts.iter().any(|part| id.contains(part))
    }
}
