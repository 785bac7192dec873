//! Joins a block with the file once it is known which of its lines is which of the file's.

use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::{
    Alignment, Patched, Refusal,
    indent::Indents,
    lines::{Line, is_elision},
};

/// A line of the new text: its words, and its end where it has one already.
struct Out<'a> {
    body: String,
    ending: Option<&'a str>,
}

/// Takes over the lines that differ between `search` and `replace`; every other line keeps its bytes.
pub fn splice<'a>(
    file: &[Line<'a>],
    search: &[String],
    replace: &[String],
    alignment: &Alignment,
) -> Result<Patched, Refusal> {
    let aligned = || search.iter().zip(alignment).filter_map(|(own, line)| Some((own.as_str(), file[(*line)?].body)));
    let indents = Indents::learn(aligned());
    // Dots that are in the file are code of its own.
    let old = keys(search, |index| alignment[index].is_none());
    let new = keys(replace, |_| old.iter().any(|(_, elision)| *elision > 0));
    let (mut out, mut cursor, mut first): (Vec<Out<'a>>, usize, Option<usize>) = (Vec::new(), 0, None);
    let keep = |out: &mut Vec<Out<'a>>, range: std::ops::Range<usize>| {
        out.extend(file[range].iter().map(|line| Out { body: line.body.to_owned(), ending: Some(line.ending) }));
    };
    let next_line = |index: usize| alignment[index..].iter().flatten().next().copied();
    let start = next_line(0).expect("a block without a line that is there has no place");
    keep(&mut out, 0..start);
    cursor += start;
    for op in capture_diff_slices(Algorithm::Myers, &old, &new) {
        let (kept, removed, added) = parts(op);
        for index in kept {
            match alignment[index] {
                Some(line) => {
                    keep(&mut out, cursor..line + 1);
                    cursor = line + 1;
                }
                // What was left out stands between the lines before and behind it.
                None if old[index].1 > 0 => {
                    let line = next_line(index).unwrap_or(cursor);
                    keep(&mut out, cursor..line);
                    cursor = line;
                }
                None => {}
            }
        }
        if !removed.is_empty() || !added.is_empty() {
            first.get_or_insert(out.len());
        }
        for index in removed {
            if old[index].1 > 0 {
                return Err(Refusal::Elided);
            }
            if let Some(line) = alignment[index] {
                keep(&mut out, cursor..line);
                cursor = line + 1;
            }
        }
        for index in added {
            if new[index].1 > 0 {
                return Err(Refusal::Elided);
            }
            out.push(Out { body: indents.turn(&replace[index]).ok_or(Refusal::Indentation)?, ending: None });
        }
    }
    keep(&mut out, cursor..file.len());
    let text = join(&out, file);
    let is_same = text.len() == file.iter().map(|line| line.body.len() + line.ending.len()).sum::<usize>()
        && file.iter().map(|line| [line.body, line.ending].concat()).collect::<String>() == text;
    if is_same { Err(Refusal::Same) } else { Ok(Patched { text, line: first.unwrap_or(0) + 1 }) }
}

/// What is compared of each line; lines left out are told apart by their number.
fn keys<'a>(lines: &'a [String], is_left_out: impl Fn(usize) -> bool) -> Vec<(&'a str, usize)> {
    let mut elisions = 0;
    let key = |(index, line): (usize, &'a String)| {
        if is_elision(line) && is_left_out(index) {
            elisions += 1;
            return ("", elisions);
        }
        (line.trim_end(), 0)
    };
    lines.iter().enumerate().map(key).collect()
}

type Indices = std::ops::Range<usize>;

/// The lines of the block that stay, go and come.
fn parts(op: DiffOp) -> (Indices, Indices, Indices) {
    match op {
        DiffOp::Equal { old_index, len, .. } => (old_index..old_index + len, 0..0, 0..0),
        DiffOp::Delete { old_index, old_len, .. } => (0..0, old_index..old_index + old_len, 0..0),
        DiffOp::Insert { new_index, new_len, .. } => (0..0, 0..0, new_index..new_index + new_len),
        DiffOp::Replace { old_index, old_len, new_index, new_len } => {
            (0..0, old_index..old_index + old_len, new_index..new_index + new_len)
        }
    }
}

/// New lines end as the line before them does; the text ends as it did.
fn join(out: &[Out], file: &[Line]) -> String {
    let usual = file.iter().map(|line| line.ending).find(|ending| !ending.is_empty()).unwrap_or("\n");
    let (mut text, mut ending) = (String::new(), usual);
    for (index, line) in out.iter().enumerate() {
        text.push_str(&line.body);
        ending = line.ending.filter(|ending| !ending.is_empty()).unwrap_or(ending);
        let is_ended = index + 1 < out.len() || file.last().is_none_or(|last| !last.ending.is_empty());
        if is_ended {
            text.push_str(ending);
        }
    }
    text
}
