//! The fenced blocks of an answer, each to the fence that really ends it. Knows nothing about paths or files.
//!
//! Fences are looked for line by line, because CommonMark's reading loses code in what models send:
//! * It ends a block at the first bare fence, but models put a text with fences into a fence of the same length.
//!   Here a fence with an info string opens an inner block, which its own bare fence closes.
//! * It sees no fence in the lines below an HTML tag (`<br>`, `</think>`, `<file path="a.js">`).
//! * Where it lost step once, all later blocks are inside out, and reading anew after each block takes quadratic time.

use std::ops::Range;

/// A fenced block of an answer.
#[derive(Debug)]
pub(crate) struct Block<'a> {
    pub info: &'a str,
    /// The last line with words in it above the block.
    pub above: &'a str,
    /// From the first byte of the opening fence's line to the end of the closing one's.
    pub whole: Range<usize>,
    pub text: String,
}

/// What the answer is read as, which decides which fences inside of it count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    /// A fence inside a string or a comment of several lines is part of it.
    Code,
    /// A bare fence that is led up to, and has text right below it, opens an example.
    Document,
    /// Neither of both.
    Plain,
}

/// The outermost fenced blocks.
///
/// One pass over the lines of the answer; quotes that nothing closes were no string, and then it is read without them.
pub(crate) fn blocks(answer: &str, mut reading: Reading) -> Vec<Block<'_>> {
    let lines = lines(answer);
    let mut blocks = Vec::new();
    let mut quote = None;
    let mut at = 0;
    while let Some(line) = lines.get(at) {
        match &line.fence {
            Some(fence) if quote.is_none() => match closing(&lines, at, fence, reading) {
                Some(close) => {
                    blocks.push(block(answer, &lines, at..close, fence));
                    at = close + 1;
                }
                None => reading = Reading::Plain,
            },
            _ => {
                quote = quote_after(quote, line.text, reading);
                at += 1;
            }
        }
    }
    if quote.is_some() { self::blocks(answer, Reading::Plain) } else { blocks }
}

struct Line<'a> {
    start: usize,
    /// With its line break.
    text: &'a str,
    fence: Option<Fence<'a>>,
}

struct Fence<'a> {
    indent: usize,
    mark: char,
    length: usize,
    info: &'a str,
    /// Whether a list marker stands before it; such a fence closes nothing.
    is_listed: bool,
}

impl Fence<'_> {
    /// Whether `inner` has the mark, the length and the indent to count; four blanks further in, it belongs to the code.
    fn is_answered_by(&self, inner: &Fence) -> bool {
        inner.mark == self.mark && inner.length >= self.length && inner.indent < self.indent + 4
    }

    fn is_bare(&self) -> bool {
        self.info.is_empty() && !self.is_listed
    }
}

fn lines(answer: &str) -> Vec<Line<'_>> {
    let mut start = 0;
    let mut lines = Vec::new();
    for text in answer.split_inclusive('\n') {
        lines.push(Line { start, text, fence: fence(text) });
        start += text.len();
    }
    lines
}

fn fence(line: &str) -> Option<Fence<'_>> {
    let is_before = |c: char| c.is_whitespace() || c.is_ascii_digit() || "-*+.)".contains(c);
    let content = line.trim_start_matches(is_before);
    let before = &line[..line.len() - content.len()];
    let mark = content.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let info = content.trim_start_matches(mark);
    let length = content.len() - info.len();
    let is_listed = !before.trim().is_empty();
    let is_fence = length >= 3 && !info.contains(mark) && (!is_listed || before.ends_with(' '));
    let indent = before.chars().map(|c| if c == '\t' { 4 } else { 1 }).sum();
    is_fence.then(|| Fence { indent, mark, length, info: info.trim(), is_listed })
}

/// The line that closes the block which `fence` opens at line `open`, or the number of lines; none where a quote that
/// nothing closes hides the rest.
fn closing(lines: &[Line], open: usize, fence: &Fence, reading: Reading) -> Option<usize> {
    let (mut depth, mut quote, mut last_bare) = (1, None, None);
    for (at, line) in lines.iter().enumerate().skip(open + 1) {
        let Some(inner) = line.fence.as_ref().filter(|inner| fence.is_answered_by(inner)) else {
            quote = quote_after(quote, line.text, reading);
            continue;
        };
        if inner.is_bare() {
            last_bare = Some(at);
        }
        if quote.is_some() {
            continue;
        }
        let opens_example = reading == Reading::Document && depth == 1 && is_led_up_to(lines, at);
        depth = if inner.is_bare() && !opens_example { depth - 1 } else { depth + 1 };
        if depth == 0 {
            return Some(at);
        }
    }
    // An inner fence that nothing closes was part of the text.
    if quote.is_some() { None } else { Some(last_bare.unwrap_or(lines.len())) }
}

/// Whether a blank line or a colon stands above the line, and text right below it.
fn is_led_up_to(lines: &[Line], at: usize) -> bool {
    let above = lines[at - 1].text.trim();
    let has_text_below = lines.get(at + 1).is_some_and(|below| !below.text.trim().is_empty());
    has_text_below && (above.is_empty() || above.ends_with(':'))
}

fn block<'a>(answer: &'a str, lines: &[Line<'a>], at: Range<usize>, fence: &Fence<'a>) -> Block<'a> {
    let start_of = |line: usize| lines.get(line).map_or(answer.len(), |line| line.start);
    let above = lines[..at.start].iter().rev().map(|line| line.text.trim()).find(|text| !text.is_empty());
    let text = lines[at.start + 1..at.end].iter().map(|line| unindented(line.text, fence.indent)).collect();
    Block { info: fence.info, above: above.unwrap_or_default(), whole: start_of(at.start)..start_of(at.end + 1), text }
}

/// Takes up to `indent` blanks off a line, as far as the fence itself was indented.
fn unindented(line: &str, indent: usize) -> &str {
    let blanks = line.len() - line.trim_start_matches(' ').len();
    &line[blanks.min(indent)..]
}

/// What ends the string or comment that is open after `line`, where `quote` ended the one that was open before it.
///
/// A comment has to begin its line, since `/*` is also part of paths and patterns; quotes in backticks are spoken of.
/// A string in single backticks cannot hold a fence of backticks, and prose is full of them: they do not count.
fn quote_after(mut quote: Option<&'static str>, line: &str, reading: Reading) -> Option<&'static str> {
    if reading != Reading::Code {
        return None;
    }
    let mut rest = line.trim_start();
    if quote.is_none() && rest.starts_with("/*") {
        (quote, rest) = (Some("*/"), &rest[2..]);
    }
    loop {
        let next = match quote {
            Some(end) => rest.find(end).map(|at| (at, end)),
            None => ["\"\"\"", "'''"].into_iter().filter_map(|end| Some((rest.find(end)?, end))).min(),
        };
        let Some((at, end)) = next else { return quote };
        let is_spoken_of = quote.is_none() && rest[..at].ends_with('`');
        quote = if quote.is_none() && !is_spoken_of { Some(end) } else { None };
        rest = &rest[at + end.len()..];
    }
}
