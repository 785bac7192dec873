//! A markdown document as its sections, and which names a text mentions. Knows nothing about models or disks.

use pulldown_cmark::{Event, Parser, Tag, TagEnd};

/// A heading and what stands under it, up to the next heading of any level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Section<'a> {
    /// Empty for what stands before the first heading.
    pub(crate) title: String,
    /// All of it, with the heading as it is written.
    pub(crate) text: &'a str,
    pub(crate) heading: &'a str,
    /// Indices of the sections that it belongs to, the outermost first.
    pub(crate) above: Vec<usize>,
}

struct Heading {
    start: usize,
    end: usize,
    level: usize,
    title: String,
}

/// The sections of `markdown`, in its order; their texts together are the document.
pub(crate) fn sections(markdown: &str) -> Vec<Section<'_>> {
    let headings = headings(markdown);
    let mut sections = Vec::new();
    let first = headings.first().map_or(markdown.len(), |heading| heading.start);
    if !markdown[..first].trim().is_empty() {
        sections.push(Section { title: String::new(), text: &markdown[..first], heading: "", above: Vec::new() });
    }
    // The headings that the present one stands under, with their levels.
    let mut open: Vec<(usize, usize)> = Vec::new();
    for (index, heading) in headings.iter().enumerate() {
        let end = headings.get(index + 1).map_or(markdown.len(), |next| next.start);
        open.retain(|(_, level)| *level < heading.level);
        let above = open.iter().map(|(section, _)| *section).collect();
        open.push((sections.len(), heading.level));
        sections.push(Section {
            title: heading.title.clone(),
            text: &markdown[heading.start..end],
            heading: &markdown[heading.start..heading.end],
            above,
        });
    }
    sections
}

/// Those of the document itself, not those within quotes and lists.
fn headings(markdown: &str) -> Vec<Heading> {
    let mut headings: Vec<Heading> = Vec::new();
    let (mut depth, mut is_open) = (0_usize, false);
    for (event, range) in Parser::new(markdown).into_offset_iter() {
        match event {
            Event::Start(Tag::Heading { level, .. }) if depth == 0 => {
                is_open = true;
                headings.push(Heading {
                    start: range.start,
                    end: range.end,
                    level: level as usize,
                    title: String::new(),
                });
            }
            Event::End(TagEnd::Heading(_)) if depth == 0 => is_open = false,
            Event::Start(_) => depth += 1,
            Event::End(_) => depth -= 1,
            Event::Text(text) | Event::Code(text) if is_open => {
                headings.last_mut().expect("one is open").title.push_str(&text);
            }
            _ => {}
        }
    }
    headings
}

/// Whether `text` holds `name` as a word of its own, in whatever case.
pub(crate) fn mentions(text: &str, name: &str) -> bool {
    let (text, name) = (text.to_lowercase(), name.to_lowercase());
    let is_inner = |c: char| c.is_alphanumeric() || c == '_';
    !name.is_empty()
        && text.match_indices(&name).any(|(at, _)| {
            let before = text[..at].chars().next_back();
            let after = text[at + name.len()..].chars().next();
            !before.is_some_and(|c| is_inner(c) || c == '-') && !after.is_some_and(|c| is_inner(c) || c == '-')
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn splits(markdown: &str, expected: &[(&str, &[usize])]) {
        let sections = sections(markdown);
        let found: Vec<_> = sections.iter().map(|section| (section.title.as_str(), section.above.as_slice())).collect();
        assert_eq!(found, expected);
        assert_eq!(sections.iter().map(|section| section.text).collect::<String>(), markdown);
    }

    #[test]
    fn headings_of_all_levels() {
        splits(
            "before\n\n# A\nx\n## B `b.js`\ny\n\nC\n===\nz\n### D\n",
            &[("", &[]), ("A", &[]), ("B b.js", &[1]), ("C", &[]), ("D", &[3])],
        );
    }

    #[test]
    fn what_only_looks_like_a_heading() {
        splits("# A\n```sh\n# no\n```\n> # quoted\n\n- # listed\n\nend\n", &[("A", &[])]);
        splits("no heading\n", &[("", &[])]);
        splits("\n# A\n".trim_start(), &[("A", &[])]);
    }

    #[test]
    fn names_are_words_of_their_own() {
        for (text, name, expected) in [
            ("see popup.js.", "popup.js", true),
            ("see `src/popup.js`", "popup.js", true),
            ("see Popup.js", "popup.js", true),
            ("see my-popup.js", "popup.js", false),
            ("see popup.json", "popup.js", false),
            ("#send-button", "send-button", true),
            ("a send-button-2", "send-button", false),
            ("übersicht", "sicht", false),
            ("x", "", false),
        ] {
            assert_eq!(mentions(text, name), expected, "{text} / {name}");
        }
    }
}
