//! Lines as they are compared: their ends, their spelling, the ones that only stand for others.

/// A line and what ends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    pub body: &'a str,
    /// Empty only at the end of a text that does not end with a line's end.
    pub ending: &'a str,
}

/// The lines of a text, whatever ends them.
pub fn split(text: &str) -> Vec<Line<'_>> {
    let (mut lines, mut rest) = (Vec::new(), text);
    while !rest.is_empty() {
        let at = rest.find(['\n', '\r']).unwrap_or(rest.len());
        let ending = match &rest.as_bytes()[at..] {
            [] => 0,
            [b'\r', b'\n', ..] => 2,
            _ => 1,
        };
        lines.push(Line { body: &rest[..at], ending: &rest[at..at + ending] });
        rest = &rest[at + ending..];
    }
    lines
}

/// The lines of a block. Hard blanks in front come from a page that the model has seen, never from code.
pub fn bodies(text: &str) -> Vec<String> {
    let soft = |body: &str| {
        let words = body.trim_start();
        let (indent, words) = body.split_at(body.len() - words.len());
        indent.replace('\u{a0}', " ") + words
    };
    split(text).iter().map(|line| soft(line.body)).collect()
}

/// The lines without the blank ones before and behind them.
pub fn trimmed(lines: &[String]) -> Vec<String> {
    let is_text = |line: &String| !line.trim().is_empty();
    let start = lines.iter().position(is_text).unwrap_or(lines.len());
    let end = lines.iter().rposition(is_text).map_or(start, |last| last + 1);
    lines[start..end].to_vec()
}

/// Whether a line says enough to be known by: a lone bracket is everywhere.
pub fn is_real(line: &str) -> bool {
    line.chars().filter(|c| c.is_alphanumeric()).count() >= 3
}

/// A line without indentation, with single blanks and plain quotes and dashes.
pub fn fold(line: &str) -> String {
    let plain = |c: char| match c {
        '‘' | '’' | '‚' | '′' => '\'',
        '“' | '”' | '„' | '″' => '"',
        '–' | '—' | '−' | '‐' | '‑' => '-',
        c if c.is_whitespace() => ' ',
        c => c,
    };
    let plain: String = line.chars().map(plain).collect();
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Whether a line stands for lines that were left out: three dots alone, or a comment that says so.
pub fn is_elision(line: &str) -> bool {
    const COMMENTS: &[&str] = &["{/*", "//", "/*", "<!--", "#", "--", ";", "%"];
    const ENDS: &[&str] = &["*/}", "*/", "-->"];
    const WORDS: &[&str] =
        &["existing", "rest", "unchanged", "same", "remain", "other", "code", "omitted", "previous", "snip"];
    const SAYINGS: &[&str] = &["existing code", "rest of the code", "rest of code", "unchanged code", "code unchanged"];
    let line = line.trim();
    if matches!(line, "..." | "…" | "[...]" | "(...)" | "{...}") {
        return true;
    }
    let Some(comment) = COMMENTS.iter().find_map(|start| line.strip_prefix(start)) else { return false };
    let comment = ENDS.iter().find_map(|end| comment.strip_suffix(end)).unwrap_or(comment).trim().to_lowercase();
    let dots = ["...", "…"];
    let bare = comment.trim_matches(['.', '…', ' ']);
    let has_dots = dots.iter().any(|dots| comment.starts_with(dots) || comment.ends_with(dots));
    has_dots && (bare.is_empty() || bare.len() < 80 && WORDS.iter().any(|word| bare.contains(word)))
        || SAYINGS.contains(&bare)
}

/// A block whose lines carry the numbers of the file's, without them; `None` if they do not.
pub fn unnumbered((search, replace): &(Vec<String>, Vec<String>)) -> Option<(Vec<String>, Vec<String>)> {
    let numbers: Vec<u64> = search.iter().map(|line| Some(number(line)?.0)).collect::<Option<_>>()?;
    let is_counting = numbers.windows(2).all(|pair| pair[1] == pair[0] + 1);
    let bare = |lines: &[String]| -> Option<Vec<String>> {
        lines.iter().map(|line| Some(number(line)?.1.to_owned())).collect()
    };
    is_counting.then(|| Some((bare(search)?, bare(replace).unwrap_or_else(|| replace.clone())))).flatten()
}

/// The number before a line, and the line: `12 | x`, `12: x`, `12→x`, `12<tab>x`.
fn number(line: &str) -> Option<(u64, &str)> {
    let line = line.trim_start_matches(' ');
    let digits = line.len() - line.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, rest) = (line[..digits].parse().ok()?, &line[digits..]);
    if let Some(rest) = rest.strip_prefix(['\t', '→']) {
        return Some((number, rest));
    }
    let rest = rest.strip_prefix(' ').unwrap_or(rest).strip_prefix(['|', ':'])?;
    Some((number, rest.strip_prefix(' ').unwrap_or(rest)))
}
