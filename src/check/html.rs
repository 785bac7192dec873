//! Facts of HTML: ids and classes, the files that a page names, the scripts and styles inside it.

use std::borrow::Cow;

use tree_sitter::{Node, Tree};

use super::{
    facts::{Argument, Call, Facts, Link, Mark, MarkKind, Name, Script, ScriptKind, Value},
    syntax::{child_of_kind, children, name, text},
};

/// Attributes whose values are ids of the same page.
const ID_ATTRIBUTES: &[&str] = &[
    "for",
    "aria-labelledby",
    "aria-describedby",
    "aria-controls",
    "aria-owns",
    "aria-activedescendant",
    "aria-details",
    "aria-errormessage",
    "aria-flowto",
    "list",
    "popovertarget",
];

/// Reads one page's facts. `text` is what `tree` was parsed from.
pub fn read<'t>(tree: &Tree, text: &'t str) -> Facts<'t> {
    let mut reader = Reader { facts: Facts::new(), source: text };
    // Markup may be nested as deep as it likes; a list of what is left does not care.
    let mut left = vec![tree.root_node()];
    while let Some(node) = left.pop() {
        match node.kind() {
            "start_tag" | "self_closing_tag" => reader.tag(node),
            _ => {
                if matches!(node.kind(), "script_element" | "style_element") {
                    reader.embedded(node);
                }
                left.extend(children(node).into_iter().rev());
            }
        }
    }
    reader.facts
}

struct Reader<'t> {
    facts: Facts<'t>,
    source: &'t str,
}

impl<'t> Reader<'t> {
    fn attributes(&self, tag: Node) -> Vec<(String, Name<'t>)> {
        let mut attributes = Vec::new();
        for attribute in children(tag).into_iter().filter(|child| child.kind() == "attribute") {
            let Some(key) = attribute.named_child(0) else { continue };
            let value = attribute.named_child(1);
            let value = value.and_then(|value| match value.kind() {
                "quoted_attribute_value" => value.named_child(0),
                _ => Some(value),
            });
            let value = value.map_or(Name { text: "", at: attribute.end_byte() }, |value| name(value, self.source));
            attributes.push((text(key, self.source).to_lowercase(), value));
        }
        attributes
    }

    fn tag(&mut self, tag: Node) {
        let element = child_of_kind(tag, "tag_name").map_or("", |name| text(name, self.source)).to_lowercase();
        let attributes = self.attributes(tag);
        let has = |key: &str, value: &str| {
            attributes.iter().any(|(name, found)| name == key && found.text.to_lowercase().contains(value))
        };
        let is_for_later = has("rel", "preconnect")
            || has("rel", "canonical")
            || has("rel", "alternate")
            || has("rel", "dns-prefetch");
        for (key, value) in &attributes {
            let is_made = ["{{", "{%", "<%", "<?", "${"].iter().any(|mark| value.text.contains(mark));
            if is_made || value.text.is_empty() {
                continue;
            }
            match key.as_str() {
                "id" => self.mark(*value, MarkKind::Id),
                "name" if element == "a" => self.mark(*value, MarkKind::Id),
                "class" => self.words(*value, MarkKind::Class),
                "href" if value.text.starts_with('#') => {
                    let id = Name { text: &value.text[1..], at: value.at + 1 };
                    let is_plain = id.text.chars().all(|c| c.is_alphanumeric() || "-_.:".contains(c));
                    if !id.text.is_empty() && is_plain && id.text != "top" && element != "base" {
                        self.mark(id, MarkKind::IdWanted("href"));
                    }
                }
                "src" | "poster" | "data-src" if key != "data-src" => self.link(*value, "src"),
                "href" if matches!(element.as_str(), "link" | "a" | "area" | "image" | "use") && !is_for_later => {
                    self.link(*value, if element == "link" { "link" } else { "href" });
                }
                "srcset" => {
                    for (text, at) in parts(*value, ',') {
                        let address = text.split_whitespace().next().unwrap_or_default();
                        if !address.is_empty() && !text.contains("data:") {
                            let at = at + text.find(address).unwrap_or(0);
                            self.link(Name { text: &self.source[at..at + address.len()], at }, "srcset");
                        }
                    }
                }
                "action" if element == "form" => self.form(*value, &attributes),
                _ if ID_ATTRIBUTES.contains(&key.as_str()) => {
                    let kind = ID_ATTRIBUTES.iter().find(|name| *name == key).copied().unwrap_or("for");
                    self.words(*value, MarkKind::IdWanted(kind));
                }
                _ if key.starts_with("on") && key.len() > 3 => {
                    let kind = ScriptKind::Attribute;
                    self.facts.scripts.push(Script { text: value.text, at: value.at, kind });
                }
                _ => {}
            }
        }
    }

    /// A form is a call of the route that it is sent to.
    fn form(&mut self, action: Name<'t>, attributes: &[(String, Name<'t>)]) {
        if !action.text.starts_with('/') {
            return;
        }
        let method = attributes.iter().find(|(key, _)| key == "method").map_or("get", |(_, value)| value.text);
        let argument = |text: &'t str, at| Argument {
            at,
            keyword: None,
            is_spread: false,
            value: Value::Text(Cow::Borrowed(text)),
        };
        self.facts.calls.push(Call {
            at: action.at,
            path: vec![Name { text: "<form>", at: action.at }],
            scope: 0,
            arguments: vec![argument(action.text, action.at), argument(method, action.at)],
            is_new: false,
            is_decorator: false,
        });
    }

    fn mark(&mut self, name: Name<'t>, kind: MarkKind) {
        let name = Name { text: name.text.trim(), at: name.at };
        self.facts.marks.push(Mark { name, kind });
    }

    fn words(&mut self, value: Name<'t>, kind: MarkKind) {
        for (text, at) in parts(value, ' ') {
            for word in text.split_whitespace() {
                let at = at + text.find(word).unwrap_or(0);
                self.facts.marks.push(Mark { name: Name { text: word, at }, kind });
            }
        }
    }

    fn link(&mut self, value: Name<'t>, by: &'static str) {
        self.facts.links.push(Link { target: Cow::Borrowed(value.text.trim()), at: value.at, by });
    }

    fn embedded(&mut self, element: Node) {
        let Some(body) = child_of_kind(element, "raw_text") else { return };
        let attributes = child_of_kind(element, "start_tag").map(|tag| self.attributes(tag)).unwrap_or_default();
        let written = attributes.iter().find(|(key, _)| key == "type").map_or("", |(_, value)| value.text);
        let kind = match (element.kind(), written) {
            ("style_element", _) => ScriptKind::Style,
            (_, "module") => ScriptKind::Module,
            (_, "" | "text/javascript" | "application/javascript") => ScriptKind::Classic,
            _ => return,
        };
        self.facts.scripts.push(Script { text: text(body, self.source), at: body.start_byte(), kind });
    }
}

fn parts<'t>(value: Name<'t>, separator: char) -> impl Iterator<Item = (&'t str, usize)> {
    let start = value.text.as_ptr() as usize;
    value.text.split(separator).map(move |part| (part, value.at + (part.as_ptr() as usize - start)))
}
