//! Shows what was counted.

use crate::count::WordCount;

const COMMON: usize = 3;

/// The most frequent words, one a line.
pub fn top_lines(counts: &[WordCount], limit: usize) -> Vec<String> {
    let mut sorted: Vec<&WordCount> = counts.iter().collect();
    sorted.sort_by_key(|count| std::cmp::Reverse(count.number));
    sorted.into_iter().take(limit).map(|count| line_of(count, COMMON)).collect()
}

fn line_of(count: &WordCount, common: usize) -> String {
    let mark = if count.is_common(common) { "*" } else { " " };
    format!("{mark} {} {}", count.number, count.word)
}
