//! Going on with an answer that was cut: what to ask, and how the two parts are joined without loss or doubling.

use anyhow::Result;
use serde_json::json;

use crate::{
    model::{Message, Request, Role},
    prompts::Prompts,
};

/// Shorter parts are not worth going on from: asking anew costs less than the words to explain.
const SHORTEST_PART: usize = 400;
/// Lines of the part that are shown to the model as the place to go on from.
const TAIL: usize = 3;
/// How far back the model may repeat itself at the seam.
const LONGEST_OVERLAP: usize = 60;
/// An overlap of so few letters may be chance: a brace, an empty line.
const SHORTEST_OVERLAP: usize = 12;

/// What of a cut answer is kept: its whole lines, if there are enough of them.
pub(crate) fn worth_keeping(answer: &str) -> &str {
    let whole = &answer[..answer.rfind('\n').map_or(0, |end| end + 1)];
    if whole.len() >= SHORTEST_PART { whole } else { "" }
}

/// Asks to go on after `part`, which ends with a whole line.
pub(crate) fn ask(prompts: &Prompts, request: &Request, part: &str) -> Result<Request> {
    let lines: Vec<&str> = part.lines().collect();
    let tail = lines[lines.len().saturating_sub(TAIL)..].join("\n");
    let mut request = request.clone();
    request.messages.push(Message::new(Role::Assistant, part));
    request.messages.push(Message::new(Role::User, prompts.render("continue", json!({ "tail": tail }))?));
    Ok(request)
}

/// Joins the kept part and what came after it.
///
/// Takes out a fence that was opened again and lines that were said again; an answer that was begun anew replaces the
/// part.
pub(crate) fn join(part: &str, more: &str) -> String {
    if part.is_empty() || begins_anew(part, more) {
        return more.to_owned();
    }
    let more = without_fence(part, more);
    let said = said_again(part, more);
    format!("{part}{}", &more[said..])
}

/// Whether `more` starts over: its first lines are those of the part.
fn begins_anew(part: &str, more: &str) -> bool {
    let same = part.lines().zip(more.lines()).take_while(|(a, b)| a == b);
    same.map(|(line, _)| line.trim().len()).sum::<usize>() >= 2 * SHORTEST_OVERLAP
}

/// `more` without its first line, if that opens a fence though one is open already.
fn without_fence<'a>(part: &str, more: &'a str) -> &'a str {
    let is_fence = |line: &str| line.starts_with("```") || line.starts_with("~~~");
    let is_open = part.lines().filter(|line| is_fence(line)).count() % 2 == 1;
    match more.split_once('\n') {
        Some((first, rest)) if is_open && is_fence(first) && first.trim().len() > 3 => rest,
        _ => more,
    }
}

/// How many bytes of `more` repeat the end of the part: the longest run of whole lines that both share.
fn said_again(part: &str, more: &str) -> usize {
    let before: Vec<&str> = part.split_inclusive('\n').collect();
    let after: Vec<&str> = more.split_inclusive('\n').take(LONGEST_OVERLAP).collect();
    let longest = before.len().min(after.len());
    let letters = |lines: &[&str]| lines.iter().flat_map(|line| line.chars()).filter(|c| c.is_alphanumeric()).count();
    let overlap = (1..=longest).rev().find(|count| {
        let said = &after[..*count];
        before[before.len() - count..] == *said && letters(said) >= SHORTEST_OVERLAP
    });
    after[..overlap.unwrap_or(0)].iter().map(|line| line.len()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PART: &str = "```js\nfunction first(argument) {\n  return argument + 1;\n}\n";

    #[track_caller]
    fn joins(more: &str, expected: &str) {
        assert_eq!(join(PART, more), format!("{PART}{expected}"));
    }

    #[test]
    fn what_comes_next_comes_next() {
        joins("\nlast();\n```\n", "\nlast();\n```\n");
        joins("}\n", "}\n");
        joins("", "");
    }

    #[test]
    fn a_fence_that_was_opened_again() {
        joins("```js\nlast();\n```\n", "last();\n```\n");
        joins("```\n", "```\n");
    }

    #[test]
    fn lines_that_were_said_again() {
        joins("  return argument + 1;\n}\nlast();\n", "last();\n");
        joins("```js\n  return argument + 1;\n}\nlast();\n", "last();\n");
    }

    #[test]
    fn an_answer_that_was_begun_anew() {
        let anew = format!("{PART}last();\n```\n");
        assert_eq!(join(PART, &anew), anew);
        assert_eq!(join("", "x"), "x");
    }

    #[test]
    fn only_whole_lines_and_only_if_there_are_enough() {
        assert_eq!(worth_keeping("short\npart"), "");
        let long = "a line\n".repeat(100);
        assert_eq!(worth_keeping(&format!("{long}half a li")), long);
    }
}
