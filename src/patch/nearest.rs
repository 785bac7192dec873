//! The part of a file that is most like lines which are not in it, to show to whoever wrote them.

use std::collections::HashSet;

use super::lines::{Line, fold, is_real};

/// Lines shown before and behind it.
const AROUND: usize = 3;
/// No more lines are shown.
const MOST: usize = 80;

/// The lines of `file` that have most in common with `search`, and a few around them; empty if none has.
pub fn nearest(file: &[Line], search: &[String]) -> String {
    let wanted: Vec<String> = search.iter().map(|line| fold(line)).filter(|line| is_real(line)).collect();
    let whole: HashSet<&str> = wanted.iter().map(String::as_str).collect();
    let words: HashSet<&str> = wanted.iter().flat_map(|line| words(line)).collect();
    // A line that is there counts more than any number of words that are.
    let worth = |line: &Line| {
        let line = fold(line.body);
        let common = self::words(&line).filter(|word| words.contains(word)).count();
        if whole.contains(line.as_str()) { 20 + common } else { common }
    };
    let worths: Vec<usize> = file.iter().map(worth).collect();
    let length = search.len().min(file.len());
    let sum = |at: usize| worths[at..at + length].iter().sum::<usize>();
    let Some(best) = (0..=file.len() - length).max_by_key(|at| (sum(*at), usize::MAX - at)).filter(|at| sum(*at) > 0)
    else {
        return String::new();
    };
    let end = (best + length.min(MOST) + AROUND).min(file.len());
    file[best.saturating_sub(AROUND)..end].iter().map(|line| format!("{}\n", line.body)).collect()
}

fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| word.len() > 2)
}
