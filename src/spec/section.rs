//! The parts of a spec that belong to one file: sections whose heading is exactly a path in code.

use std::ops::Range;

use pulldown_cmark::{Event, HeadingLevel, Parser, Tag, TagEnd};

use crate::{path::RelPath, path_list};

/// A stretch of a spec, from one heading to the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part {
    /// Heading and all.
    pub whole: Range<usize>,
    /// What stands below the heading, if that is the path of a file; else the same as `whole`.
    pub body: Range<usize>,
    /// The file that it belongs to alone.
    pub owner: Option<RelPath>,
}

/// The parts of `text`, in order and without a gap.
///
/// A section goes up to the next heading of the same or a higher level. One within another belongs to its own file.
pub(super) fn parts(text: &str) -> Vec<Part> {
    let mut parts = vec![Part { whole: 0..text.len(), body: 0..text.len(), owner: None }];
    // The sections that are open here, outermost first.
    let mut open: Vec<(HeadingLevel, RelPath)> = Vec::new();
    for Heading { level, range, path } in headings(text) {
        open.retain(|(above, _)| *above < level);
        let body = if path.is_some() { range.end } else { range.start };
        open.extend(path.map(|path| (level, path)));
        let last = parts.last_mut().expect("there is a first one");
        last.whole.end = range.start;
        last.body.end = range.start;
        let owner = open.last().map(|(_, path)| path.clone());
        parts.push(Part { whole: range.start..text.len(), body: body..text.len(), owner });
    }
    parts
}

struct Heading {
    level: HeadingLevel,
    range: Range<usize>,
    /// What it says, if that is exactly a path in code.
    path: Option<RelPath>,
}

/// The headings that stand in no list and no quotation.
fn headings(text: &str) -> Vec<Heading> {
    let mut headings = Vec::new();
    let (mut depth, mut words) = (0, Vec::new());
    for (event, range) in Parser::new(text).into_offset_iter() {
        match event {
            Event::Start(Tag::Heading { .. }) => {
                words.clear();
                depth += 1;
            }
            Event::End(TagEnd::Heading(level)) => {
                depth -= 1;
                if depth == 0 {
                    headings.push(Heading { level, range, path: path_in(&words) });
                }
            }
            Event::Start(_) => {
                words.push(Event::Rule);
                depth += 1;
            }
            Event::End(_) => depth -= 1,
            // The parser leaves the blank before closing marks.
            Event::Text(text) if text.trim().is_empty() => {}
            event => words.push(event),
        }
    }
    headings
}

fn path_in(words: &[Event<'_>]) -> Option<RelPath> {
    match words {
        [Event::Code(code)] if path_list::is_path(code) => RelPath::parse(code).ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The parts as `owner: text`, those without an owner as `-`.
    #[track_caller]
    fn splits(text: &str, expected: &[(&str, &str)]) {
        let parts = parts(text);
        let owner = |part: &Part| part.owner.as_ref().map_or("-".to_owned(), RelPath::to_string);
        let found: Vec<_> = parts.iter().map(|part| (owner(part), text[part.body.clone()].trim())).collect();
        let found: Vec<_> = found.iter().map(|(owner, text)| (owner.as_str(), *text)).collect();
        assert_eq!(found, expected, "{text}");
        let whole: String = parts.iter().map(|part| &text[part.whole.clone()]).collect();
        assert_eq!(whole, text, "nothing is lost");
    }

    #[test]
    fn a_section_goes_up_to_the_next_heading_of_its_level_or_higher() {
        splits(
            "all\n\n## `a.js`\n\nits own\n\n### Details\n\nmore\n\n## Others\n\nrest\n",
            &[("-", "all"), ("a.js", "its own"), ("a.js", "### Details\n\nmore"), ("-", "## Others\n\nrest")],
        );
        splits("## `a.js`\nx\n# Top\ny", &[("-", ""), ("a.js", "x"), ("-", "# Top\ny")]);
    }

    #[test]
    fn every_level_and_every_way_to_write_a_heading() {
        splits("`src/a.js`\n===\nx", &[("-", ""), ("src/a.js", "x")]);
        splits("###### `Makefile` ######\nx", &[("-", ""), ("Makefile", "x")]);
        splits("# ``a.js``\nx", &[("-", ""), ("a.js", "x")]);
    }

    #[test]
    fn one_within_another_belongs_to_its_own_file() {
        splits(
            "## `a.js`\na\n### `b.js`\nb\n#### Deep\nd\n### More\nm\n",
            &[("-", ""), ("a.js", "a"), ("b.js", "b"), ("b.js", "#### Deep\nd"), ("a.js", "### More\nm")],
        );
    }

    #[test]
    fn headings_that_say_anything_else_belong_to_all() {
        for heading in [
            "## a.js",
            "## The `a.js` file",
            "## `a.js` and `b.js`",
            "## *`a.js`*",
            "## [`a.js`](a.js)",
            "## `GET /items`",
            "## `/items`",
            "## `../a.js`",
            "## `src/`",
            "## `fetch`",
            "## `fetch()`",
            "##`a.js`",
            "##",
        ] {
            let text = format!("{heading}\n\nx\n");
            assert!(parts(&text).iter().all(|part| part.owner.is_none()), "{heading}");
        }
    }

    #[test]
    fn headings_in_fences_lists_and_quotations_are_none() {
        for text in ["```md\n## `a.js`\n```\n", "    ## `a.js`\n", "- ## `a.js`\n  x\n", "> ## `a.js`\n> x\n"] {
            assert_eq!(parts(text).len(), 1, "{text}");
        }
        splits("## `a.js`\n~~~\n# no heading\n~~~\nx\n", &[("-", ""), ("a.js", "~~~\n# no heading\n~~~\nx")]);
    }

    proptest::proptest! {
        #[test]
        fn whatever_is_written_nothing_is_lost(
            lines in proptest::collection::vec("(#{1,3} |- |> |    |```|~~~)?(`(a.js|ü/b.rs|f)`|é x|)( #|\\[)?(===)?", 0..12)
        ) {
            let text = lines.join("\n");
            let whole: String = parts(&text).iter().map(|part| &text[part.whole.clone()]).collect();
            proptest::prop_assert_eq!(&whole, &text);
            for part in parts(&text) {
                proptest::prop_assert!(text[part.whole].ends_with(&text[part.body]));
            }
        }
    }
}
