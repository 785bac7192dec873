//! Where a bracketed value ends in text that was meant to be JSON. Looks at brackets and quotes only, never at meaning.

/// How much is looked at before a search gives up, as any bracket may begin a value, and may have no end.
pub(super) struct Effort {
    /// How many times the bytes of the text; short texts get some more, as there it costs nothing.
    pub(super) passes: usize,
    /// How many brackets.
    pub(super) values: usize,
}

const ALWAYS: usize = 64 * 1024;

/// How a bracketed value ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Span {
    /// At this byte, with all brackets closed.
    Whole(usize),
    /// With the text, before its brackets are closed.
    Open {
        /// What closes them, innermost first.
        closers: String,
        /// Whether the last thing was a whole string or a whole bracket, so that nothing else need be missing.
        is_after_value: bool,
    },
}

/// Follows quotes and brackets byte by byte.
///
/// Valid JSON is followed exactly. Beyond it, a string ends with its line (JSON has no line breaks in strings, and a
/// forgotten quote must not turn the rest of the answer inside out), and `'` quotes only where a value can begin and end.
#[derive(Default)]
pub(super) struct Brackets {
    /// What closes the open brackets, and how often each is in it.
    open: Vec<u8>,
    kinds: [usize; 3],
    quote: Option<u8>,
    is_escaped: bool,
    /// The last byte that is not a blank; a string counts as its closing quote.
    last: Option<u8>,
}

impl Brackets {
    pub(super) fn is_outside(&self) -> bool {
        self.open.is_empty() && self.quote.is_none()
    }

    fn open(&mut self, closer: u8) {
        self.open.push(closer);
        self.kinds[kind(closer)] += 1;
    }

    /// Closes the bracket, and what was forgotten inside; one of the wrong kind closes too. Repair makes sense of both.
    fn close(&mut self, closer: u8) {
        let is_known = self.kinds[kind(closer)] > 0;
        while let Some(last) = self.open.pop() {
            self.kinds[kind(last)] -= 1;
            if last == closer || !is_known {
                return;
            }
        }
    }

    /// Takes the byte at `at`.
    pub(super) fn step(&mut self, bytes: &[u8], at: usize) {
        let byte = bytes[at];
        if let Some(quote) = self.quote {
            if self.is_escaped {
                self.is_escaped = false;
            } else if byte == b'\\' {
                self.is_escaped = true;
            } else if byte == b'\n' {
                (self.quote, self.last) = (None, Some(b'\n'));
            } else if byte == quote && (quote == b'"' || ends_a_value(&bytes[at + 1..])) {
                (self.quote, self.last) = (None, Some(b'"'));
            }
            return;
        }
        let can_begin = self.last.is_none_or(|last| b"[{(,:=".contains(&last));
        match byte {
            b'"' => self.quote = Some(byte),
            b'\'' if can_begin => self.quote = Some(byte),
            b'[' => self.open(b']'),
            b'{' => self.open(b'}'),
            b'(' => self.open(b')'),
            b']' | b'}' | b')' => self.close(byte),
            _ => {}
        }
        if !byte.is_ascii_whitespace() {
            self.last = Some(byte);
        }
    }
}

fn kind(closer: u8) -> usize {
    match closer {
        b']' => 0,
        b'}' => 1,
        _ => 2,
    }
}

/// Whether what follows a `'` says that it closed a string: the apostrophe of `'it's.js'` did not.
fn ends_a_value(rest: &[u8]) -> bool {
    let next = rest.iter().find(|byte| !matches!(byte, b' ' | b'\t' | b'\r'));
    next.is_none_or(|next| b",]}):\n".contains(next))
}

/// The span of the value whose opening bracket is the text's first byte.
pub(super) fn span(text: &str) -> Span {
    let bytes = text.as_bytes();
    let mut brackets = Brackets::default();
    for at in 0..bytes.len() {
        brackets.step(bytes, at);
        if brackets.is_outside() {
            return Span::Whole(at + 1);
        }
    }
    let is_after_value = brackets.quote.is_none() && brackets.last.is_some_and(|last| b"\"]}".contains(&last));
    let closers = brackets.open.iter().rev().map(|byte| char::from(*byte)).collect();
    Span::Open { closers, is_after_value }
}

/// The parts of `text` between commas that stand in no bracket and no string.
pub(super) fn parts(text: &str) -> Vec<&str> {
    let (mut parts, mut brackets, mut from) = (Vec::new(), Brackets::default(), 0);
    for (at, byte) in text.bytes().enumerate() {
        if byte == b',' && brackets.is_outside() {
            parts.push(text[from..at].trim());
            from = at + 1;
        }
        brackets.step(text.as_bytes(), at);
    }
    parts.push(text[from..].trim());
    parts.retain(|part| !part.is_empty());
    parts
}

/// Calls `visit` with every bracketed value in the text, from the outside in, until it returns something.
///
/// `visit` gets the place of the bracket and the span from there; it answers with what it found, or where to look on.
pub(super) fn first_value<T>(text: &str, effort: &Effort, mut visit: impl FnMut(usize, &Span) -> Look<T>) -> Option<T> {
    let (mut at, mut looked_at) = (0, 0);
    for _ in 0..effort.values {
        at += text[at..].find(['[', '{']).filter(|_| looked_at <= ALWAYS + effort.passes * text.len())?;
        let span = span(&text[at..]);
        let length = match &span {
            Span::Whole(end) => *end,
            Span::Open { .. } => text.len() - at,
        };
        looked_at += length;
        at += match visit(at, &span) {
            Look::Found(found) => return Some(found),
            Look::Inside => 1,
            Look::Behind => length,
        };
    }
    None
}

/// What to do after a value was looked at.
pub(super) enum Look<T> {
    Found(T),
    /// It is no value, but there may be one in it.
    Inside,
    /// It is a value, and not what is looked for.
    Behind,
}

#[cfg(test)]
mod tests {
    use super::*;

    const EFFORT: Effort = Effort { passes: 8, values: 100 };

    #[track_caller]
    fn is_whole(text: &str, value: &str) {
        assert_eq!(span(text), Span::Whole(value.len()), "{text}");
        assert!(text.starts_with(value));
    }

    #[track_caller]
    fn is_open(text: &str, closers: &str, is_after_value: bool) {
        assert_eq!(span(text), Span::Open { closers: closers.to_owned(), is_after_value }, "{text}");
    }

    #[test]
    fn brackets_in_strings_do_not_count() {
        is_whole(r#"["a]b", "c\"]"] rest"#, r#"["a]b", "c\"]"]"#);
        is_whole("['a]b', 'it's]'] rest", "['a]b', 'it's]']");
        is_whole(r#"[`it's`] rest"#, r#"[`it's`]"#);
    }

    #[test]
    fn closers_that_were_forgotten_or_mistaken() {
        is_whole(r#"{"a":["b"} rest"#, r#"{"a":["b"}"#);
        is_whole(r#"["b"} rest"#, r#"["b"}"#);
    }

    #[test]
    fn a_string_ends_with_its_line() {
        is_whole("[\"a,\n\"b\"] rest", "[\"a,\n\"b\"]");
    }

    #[test]
    fn an_end_after_a_value_and_an_end_in_one() {
        is_open(r#"{"a":["b""#, "]}", true);
        is_open(r#"{"a":["b"]"#, "}", true);
        is_open(r#"{"a":["b","#, "]}", false);
        is_open(r#"{"a":["b"#, "]}", false);
        is_open("{\"a\":[\"b\n", "]}", false);
        is_open(r#"{"a":"#, "}", false);
        is_open("[a", "]", false);
        is_open("[", "]", false);
    }

    #[test]
    fn commas_between_arguments() {
        assert_eq!(parts(r#"a=["b,c", "d"], e='f, g',"#), [r#"a=["b,c", "d"]"#, "e='f, g'"]);
        assert!(parts(" ").is_empty());
    }

    #[test]
    fn values_from_the_outside_in_until_the_effort_is_spent() {
        let mut seen = Vec::new();
        let nothing: Option<()> = first_value("x [a {b}] {c [d]} [e", &EFFORT, |at, _| {
            seen.push(at);
            if at == 2 { Look::Inside } else { Look::Behind }
        });
        assert_eq!((nothing, seen), (None, vec![2, 5, 10, 18]));
        let mut count = 0;
        let nothing: Option<()> = first_value(&"[".repeat(ALWAYS), &EFFORT, |_, _| {
            count += 1;
            Look::Inside
        });
        assert_eq!((nothing, count), (None, EFFORT.passes + 2));
        count = 0;
        let nothing: Option<()> = first_value(&"[] ".repeat(200), &EFFORT, |_, _| {
            count += 1;
            Look::Behind
        });
        assert_eq!((nothing, count), (None, EFFORT.values));
    }
}
