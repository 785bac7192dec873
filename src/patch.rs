//! Puts one replacement into a text: forgiving about how its place is spelled, strict about there being only one.
//!
//! A block is found by whole lines, on a ladder that gets more lenient from rung to rung; the first rung on which there
//! is any place decides, and two places are none. Lines that the replacement leaves as they are keep the bytes that they
//! have; only the lines that differ are spliced.

mod blocks;
mod indent;
mod lines;
mod nearest;
mod splice;

pub use self::blocks::{Block, Blocks, read, read_for};
use self::{
    lines::{Line, bodies, fold, is_elision, is_real, split, trimmed, unnumbered},
    nearest::nearest,
    splice::splice,
};

/// A text with a replacement in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patched {
    pub text: String,
    /// The line at which the change begins, counted from one.
    pub line: usize,
}

/// Why a block was not applied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("its lines are not in the file")]
    Missing {
        /// The part of the file that is most like them; empty if none is.
        nearest: String,
    },
    #[error("its lines stand in the file more than once, at the lines {}", list(.lines))]
    Ambiguous { lines: Vec<usize> },
    #[error("it leaves out lines in one of its halves that it does not leave out in the other")]
    Elided,
    #[error("its indentation does not fit the file's in any one way")]
    Indentation,
    #[error("it does not say which lines it replaces")]
    Empty,
    #[error("it changes nothing")]
    Same,
    #[error("the file has it already")]
    Already,
}

fn list(lines: &[usize]) -> String {
    lines.iter().map(usize::to_string).collect::<Vec<_>>().join(", ")
}

/// How a line of the block may differ from the file's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rung {
    Exact,
    /// White space at the ends of lines.
    LineEnds,
    /// Indentation, as long as one rule turns the block's into the file's.
    Indentation,
    /// White space within lines, curly quotes, long dashes.
    Spelling,
}

const RUNGS: [Rung; 4] = [Rung::Exact, Rung::LineEnds, Rung::Indentation, Rung::Spelling];

/// Which line of the file each line of the block is, if it is there at all.
type Alignment = Vec<Option<usize>>;

/// Replaces the one place in `text` that `search` means by `replace`.
///
/// # Errors
/// If there is no such place or more than one, or nobody can tell how the new lines have to stand there.
pub fn apply(text: &str, search: &str, replace: &str) -> Result<Patched, Refusal> {
    let file = split(text);
    let (search, replace) = (bodies(search), bodies(replace));
    if search.iter().all(|line| line.trim().is_empty()) {
        return Err(Refusal::Empty);
    }
    if search == replace {
        return Err(Refusal::Same);
    }
    let is_told = |line: &str| search.iter().any(|own| own.trim() == line.trim());
    let stands_there = |line: &str| file.iter().any(|own| own.body.trim() == line.trim());
    if replace.iter().any(|line| is_elision(line) && !is_told(line) && !stands_there(line)) {
        return Err(Refusal::Elided);
    }
    let blank_at_ends = (trimmed(&search), trimmed(&replace));
    let readings = [Some((search, replace)), Some(blank_at_ends.clone()), unnumbered(&blank_at_ends)];
    for (search, replace) in readings.iter().flatten() {
        for rung in RUNGS {
            if let Some(alignment) = only(places(&file, search, rung), search.len())? {
                return splice(&file, search, replace, &alignment);
            }
        }
    }
    let (search, replace) = &blank_at_ends;
    if let Some(alignment) = without_blank_lines(&file, search)? {
        return splice(&file, search, replace, &alignment);
    }
    if let Some(patched) = with_elisions(&file, search, replace)? {
        return Ok(patched);
    }
    Err(missing(&file, search, replace))
}

/// The lines of the file at which `wanted` begins, read as leniently as `rung` allows.
fn places(file: &[Line], wanted: &[String], rung: Rung) -> Vec<usize> {
    let is_lenient = matches!(rung, Rung::Indentation | Rung::Spelling);
    if wanted.is_empty() || wanted.len() > file.len() || is_lenient && !wanted.iter().any(|line| is_real(line)) {
        return Vec::new();
    }
    let wanted: Vec<String> = wanted.iter().map(|line| spelled(line, rung)).collect();
    let file: Vec<String> = file.iter().map(|line| spelled(line.body, rung)).collect();
    (0..=file.len() - wanted.len()).filter(|at| file[*at..*at + wanted.len()] == wanted).collect()
}

/// A line without what does not count on this rung.
fn spelled(line: &str, rung: Rung) -> String {
    match rung {
        Rung::Exact => line.to_owned(),
        Rung::LineEnds => line.trim_end().to_owned(),
        Rung::Indentation => line.trim().to_owned(),
        Rung::Spelling => fold(line),
    }
}

/// The alignment of a block with its only place.
fn only(places: Vec<usize>, length: usize) -> Result<Option<Alignment>, Refusal> {
    match places.as_slice() {
        [] => Ok(None),
        [at] => Ok(Some((*at..*at + length).map(Some).collect())),
        _ => Err(Refusal::Ambiguous { lines: places.iter().map(|at| at + 1).collect() }),
    }
}

/// Finds a block that has blank lines where the file has none, or the other way around.
fn without_blank_lines(file: &[Line], search: &[String]) -> Result<Option<Alignment>, Refusal> {
    let numbered = |(index, line): (usize, Line<'_>)| (!line.body.trim().is_empty()).then_some(index);
    let kept: Vec<usize> = file.iter().copied().enumerate().filter_map(numbered).collect();
    let dense: Vec<Line> = kept.iter().map(|index| file[*index]).collect();
    let wanted: Vec<String> = search.iter().filter(|line| !line.trim().is_empty()).cloned().collect();
    for rung in [Rung::LineEnds, Rung::Indentation, Rung::Spelling] {
        if let Some(alignment) =
            only(places(&dense, &wanted, rung), wanted.len()).map_err(|why| renumbered(why, &kept))?
        {
            let mut lines = alignment.into_iter();
            let line =
                |line: &String| if line.trim().is_empty() { None } else { lines.next()?.map(|index| kept[index]) };
            return Ok(Some(search.iter().map(line).collect()));
        }
    }
    Ok(None)
}

fn renumbered(refusal: Refusal, kept: &[usize]) -> Refusal {
    match refusal {
        Refusal::Ambiguous { lines } => {
            Refusal::Ambiguous { lines: lines.iter().map(|line| kept[line - 1] + 1).collect() }
        }
        other => other,
    }
}

/// Applies a block that leaves out lines between those that it shows, if its parts can stand in only one way.
fn with_elisions(file: &[Line], search: &[String], replace: &[String]) -> Result<Option<Patched>, Refusal> {
    let count = |lines: &[String]| lines.iter().filter(|line| is_elision(line)).count();
    if count(search) == 0 {
        return Ok(None);
    }
    let is_outer =
        |lines: &[String]| [lines.first(), lines.last()].map(|line| line.is_some_and(|line| is_elision(line)));
    if count(search) != count(replace) || is_outer(search) != is_outer(replace) {
        return Err(Refusal::Elided);
    }
    let parts: Vec<&[String]> = search.split(|line| is_elision(line)).filter(|part| !part.is_empty()).collect();
    if parts.is_empty() || !parts.iter().all(|part| part.iter().any(|line| is_real(line))) {
        return Err(Refusal::Elided);
    }
    for rung in [Rung::LineEnds, Rung::Indentation, Rung::Spelling] {
        let all: Vec<Vec<usize>> = parts.iter().map(|part| places(file, part, rung)).collect();
        if all.iter().any(Vec::is_empty) {
            continue;
        }
        let ways = ways(&parts, &all);
        let [starts] = ways.as_slice() else {
            return match ways.is_empty() {
                true => continue,
                false => Err(Refusal::Ambiguous { lines: ways.iter().map(|starts| starts[0] + 1).collect() }),
            };
        };
        let mut starts = parts.iter().zip(starts).flat_map(|(part, start)| *start..*start + part.len());
        let alignment: Alignment =
            search.iter().map(|line| if is_elision(line) { None } else { starts.next() }).collect();
        return splice(file, search, replace, &alignment).map(Some);
    }
    Ok(None)
}

/// The ways in which the parts can stand in order, without the ones behind the first two.
fn ways(parts: &[&[String]], places: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let mut ways: Vec<Vec<usize>> = vec![Vec::new()];
    let mut end_of = vec![0];
    for (part, places) in parts.iter().zip(places) {
        let longer = ways.iter().zip(&end_of).flat_map(|(way, end)| {
            places.iter().filter(move |at| *at >= end).map(move |at| {
                let mut way = way.clone();
                way.push(*at);
                (way, at + part.len())
            })
        });
        // More are not needed to know that it is not the only one; but any of them may turn out to lead nowhere.
        (ways, end_of) = longer.take(1_000).unzip();
    }
    ways.truncate(2);
    ways
}

/// Why there is no place: the change is there already, or these lines are nowhere.
fn missing(file: &[Line], search: &[String], replace: &[String]) -> Refusal {
    let stands = |rung| places(file, replace, rung).len() == 1;
    match replace.iter().any(|line| is_real(line)) && (stands(Rung::LineEnds) || stands(Rung::Indentation)) {
        true => Refusal::Already,
        false => Refusal::Missing { nearest: nearest(file, search) },
    }
}

#[cfg(test)]
mod tests;
