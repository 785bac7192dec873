//! What a command says, as far as it is kept: its beginning and its end, by whole lines. Pure.

use std::{collections::VecDeque, sync::LazyLock};

use regex::Regex;

/// Kept of the beginning, in bytes: a compiler's first error stands there.
const HEAD: usize = 96 * 1024;
/// Kept of the end, in bytes: a test runner's summary stands there.
const TAIL: usize = 160 * 1024;
/// Kept of one line, in bytes.
const LONGEST_LINE: usize = 16 * 1024;

/// What steers a terminal: colours, the cursor, its title.
static CONTROL: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\x1b(\[[0-9;:?<=>]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)|[@-Z\\^_])").expect("is written here")
});

/// Lines as they come from several streams.
#[derive(Default)]
pub struct Transcript {
    head: Vec<u8>,
    tail: VecDeque<Vec<u8>>,
    tail_bytes: usize,
    /// Lines between the two.
    left_out: usize,
    /// All bytes that came, kept or not.
    pub bytes: u64,
}

/// A stream's last line, as far as it came.
#[derive(Default)]
pub struct Line(Vec<u8>);

impl Transcript {
    /// Takes more of a stream; `line` is what is left of it from before.
    pub fn push(&mut self, line: &mut Line, mut bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        while let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
            line.extend(&bytes[..end]);
            self.end(line);
            bytes = &bytes[end + 1..];
        }
        line.extend(bytes);
    }

    /// The stream has come to its end, perhaps within a line.
    pub fn close(&mut self, line: &mut Line) {
        if !line.0.is_empty() {
            self.end(line);
        }
    }

    fn end(&mut self, line: &mut Line) {
        let mut line = std::mem::take(&mut line.0);
        line.push(b'\n');
        if self.tail.is_empty() && self.head.len() + line.len() <= HEAD {
            return self.head.extend(line);
        }
        self.tail_bytes += line.len();
        self.tail.push_back(line);
        while self.tail_bytes > TAIL {
            let first = self.tail.pop_front().expect("bytes come from lines");
            self.tail_bytes -= first.len();
            self.left_out += 1;
        }
    }

    /// The text, without what steers a terminal.
    pub fn text(&self) -> String {
        let tail: Vec<u8> = self.tail.iter().flatten().copied().collect();
        let mut text = String::from_utf8_lossy(&self.head).into_owned();
        if self.left_out > 0 {
            text.push_str(&format!("[{} lines are left out]\n", self.left_out));
        }
        text.push_str(&String::from_utf8_lossy(&tail));
        let text = CONTROL.replace_all(&text, "").replace("\r\n", "\n");
        text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect()
    }
}

impl Line {
    fn extend(&mut self, bytes: &[u8]) {
        let room = LONGEST_LINE.saturating_sub(self.0.len());
        self.0.extend(&bytes[..bytes.len().min(room)]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_two_streams_stay_whole() {
        let (mut transcript, mut out, mut err) = (Transcript::default(), Line::default(), Line::default());
        transcript.push(&mut out, b"on");
        transcript.push(&mut err, b"\x1b[31mbad\x1b[0m\r\nwor");
        transcript.push(&mut out, b"e\ntwo");
        transcript.close(&mut out);
        transcript.close(&mut err);
        assert_eq!(transcript.text(), "bad\none\ntwo\nwor\n");
    }

    #[test]
    fn both_ends_of_much_are_kept() {
        let (mut transcript, mut line) = (Transcript::default(), Line::default());
        for number in 0..100_000 {
            transcript.push(&mut line, format!("line {number}\n").as_bytes());
        }
        let text = transcript.text();
        assert!(text.starts_with("line 0\n") && text.ends_with("line 99999\n"));
        assert!(text.contains(" lines are left out]\n") && text.len() < HEAD + TAIL + 100, "{}", text.len());
    }

    #[test]
    fn a_line_without_an_end_is_cut() {
        let (mut transcript, mut line) = (Transcript::default(), Line::default());
        (0..10_000).for_each(|_| transcript.push(&mut line, &[b'x'; 1_000]));
        transcript.close(&mut line);
        assert_eq!((transcript.text().len(), transcript.bytes), (LONGEST_LINE + 1, 10_000_000));
    }
}
