//! Tells what a model thinks from what it answers, while the text arrives. Knows the tags, and nothing of models.
//!
//! A source file may hold these tags as text, and a wrong cut would lose a part of it. So a tag counts only where it
//! cannot be meant otherwise:
//!
//! * A thought opens the answer: only blanks, or other thoughts, stand before its tag.
//! * A closing tag without an opening one, which servers swallow as part of the prompt, ends a thought if it opens the
//!   answer or stands alone on a line, from its first column, outside of fenced code, and no opening tag came before.
//!
//! Such a closing tag comes late: by then its thought was given out as the answer. [`Part::Retraction`] takes that
//! back, so what was put together at the end is right, but whoever shows or stores the parts as they come has to be
//! ready for it. To hold all text back until then would be to give up streaming for every model that does not think.

/// What opens a thought, and what ends it.
const THOUGHTS: &[(&str, &[&str])] = &[
    ("<think>", &["</think>"]),
    ("<thinking>", &["</thinking>"]),
    ("[THINK]", &["[/THINK]"]),                    // Magistral
    ("<|channel>thought", &["<channel|>"]),        // Gemma 4
    ("<|START_THINKING|>", &["<|END_THINKING|>"]), // Command
    ("◁think▷", &["◁/think▷"]),                    // Kimi
    ("<seed:think>", &["</seed:think>"]),          // Seed
];
/// The closing tags that come alone.
const LONE: &[&str] = &["</think>", "</thinking>"];

/// Harmony, the format of gpt-oss: `<|start|>assistant<|channel|>analysis<|message|>…<|end|>`, one after the other.
const HEADS: &[&str] = &["<|start|>", "<|channel|>"];
const MESSAGE: &str = "<|message|>";
/// What ends a message of it; the next one may begin without such an end.
const ENDS: &[&str] = &["<|end|>", "<|return|>", "<|start|>", "<|channel|>"];
/// What may stand behind the last one.
const LAST_ENDS: &[&str] = &["<|return|>", "<|end|>"];
/// Longest head of a message in it, in bytes.
const LONGEST_HEAD: usize = 256;
/// Longest tag with the blanks behind it, in bytes: what is held back is looked at with every character.
const LONGEST_TAG: usize = 64;

/// A stretch of what a model said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    Thinking(String),
    Answer(String),
    /// All that came as answer until now was thinking.
    Retraction,
}

/// What a model said, in its two parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Split {
    pub thinking: String,
    pub answer: String,
}

impl Split {
    /// Adds the next part.
    pub fn take(&mut self, part: &Part) {
        match part {
            Part::Thinking(text) => self.thinking.push_str(text),
            Part::Answer(text) => self.answer.push_str(text),
            Part::Retraction => self.thinking.push_str(&std::mem::take(&mut self.answer)),
        }
    }
}

/// Splits a text that arrives in pieces. How it is cut into pieces makes no difference to the whole.
#[derive(Debug, Default)]
pub struct Splitter {
    state: State,
    /// What has arrived and may yet be the beginning of a tag.
    held: String,
    /// How many bytes of it are the blanks before anything else.
    blanks: usize,
    /// Whether a thought has ended, so that the blank lines behind it are none of the answer's.
    has_thought: bool,
    parts: Vec<Part>,
}

#[derive(Debug, Default)]
enum State {
    /// Only blanks and thoughts so far.
    #[default]
    Opening,
    /// In a thought, which one of these ends.
    Thinking(&'static [&'static str]),
    Answer(Lines),
    /// In the last message of harmony.
    Final,
}

/// What has to be known of an answer's lines to see that a closing tag stands alone.
#[derive(Debug, Default)]
struct Lines {
    line: String,
    /// The mark of the fenced block that is open.
    fence: Option<String>,
    has_opening_tag: bool,
}

impl Splitter {
    /// Takes the next piece, and returns what is certain now.
    pub fn push(&mut self, piece: &str) -> Vec<Part> {
        let mut rest = piece;
        while let Some(c) = rest.chars().next() {
            let words = match &mut self.state {
                State::Answer(lines) => lines.take_words(rest),
                State::Opening | State::Thinking(_) | State::Final => "",
            };
            if words.is_empty() {
                self.step(c);
                rest = &rest[c.len_utf8()..];
            } else {
                self.say(Part::Answer(words.to_owned()));
                rest = &rest[words.len()..];
            }
        }
        std::mem::take(&mut self.parts)
    }

    /// Returns what was held back, now that nothing follows.
    pub fn finish(mut self) -> Vec<Part> {
        let held = std::mem::take(&mut self.held);
        match &self.state {
            State::Opening if self.has_thought && held.trim().is_empty() => {}
            State::Opening if HEADS.iter().any(|head| held.trim_start().starts_with(head)) => {
                self.say(Part::Thinking(held))
            }
            State::Opening => self.say(Part::Answer(held)),
            State::Thinking(_) => self.say(Part::Thinking(held)),
            State::Answer(lines) if lines.is_lone_tag() => self.say(Part::Retraction),
            State::Final if LAST_ENDS.contains(&held.trim()) => {}
            State::Answer(_) | State::Final => self.say(Part::Answer(held)),
        }
        self.parts
    }

    fn step(&mut self, c: char) {
        match &mut self.state {
            State::Opening => {
                self.held.push(c);
                self.open();
            }
            State::Thinking(ends) => {
                let ends = *ends;
                self.held.push(c);
                self.think(ends);
            }
            State::Answer(lines) => {
                let was_tag = c == '\n' && lines.is_lone_tag();
                lines.take(c);
                let is_held = lines.may_be_lone_tag();
                if was_tag {
                    self.held.clear();
                    self.say(Part::Retraction);
                    self.end_thought();
                } else if is_held {
                    self.held.push(c);
                } else {
                    let mut text = std::mem::take(&mut self.held);
                    text.push(c);
                    self.say(Part::Answer(text));
                }
            }
            State::Final => {
                self.held.push(c);
                let is_end = |held: &str| {
                    held.len() <= LONGEST_TAG
                        && LAST_ENDS.iter().any(|end| end.starts_with(held) || held.trim_end() == *end)
                };
                let from = self.held.char_indices().map(|(at, _)| at).find(|at| is_end(&self.held[*at..]));
                let text = self.held.drain(..from.unwrap_or(self.held.len())).collect();
                self.say(Part::Answer(text));
            }
        }
    }

    /// Decides what the text opens with, once that can be seen.
    fn open(&mut self) {
        let opening = &self.held[self.blanks..];
        if opening.chars().all(|c| c.is_whitespace() || c == '\u{feff}') {
            self.blanks = self.held.len();
            return;
        }
        if let Some((_, ends)) = THOUGHTS.iter().find(|(tag, _)| *tag == opening) {
            self.held.clear();
            self.state = State::Thinking(ends);
        } else if LONE.contains(&opening) {
            self.end_thought();
        } else if HEADS.iter().any(|head| opening.starts_with(head)) && opening.len() <= LONGEST_HEAD {
            self.open_message();
        } else if !tags().any(|tag| tag.starts_with(opening)) {
            self.answer();
        }
    }

    /// Decides what kind of message the head opens, once it is whole.
    fn open_message(&mut self) {
        let Some(head) = self.held[self.blanks..].strip_suffix(MESSAGE) else { return };
        if head.contains("to=") {
            // A call, which is for others to read, with all its marks.
            return self.answer();
        }
        let channel = head.split_once("<|channel|>").map_or("", |(_, channel)| channel);
        let is_thought = ["analysis", "commentary"].iter().any(|thought| channel.starts_with(thought));
        self.state = if is_thought { State::Thinking(ENDS) } else { State::Final };
        self.held.clear();
    }

    fn think(&mut self, ends: &'static [&'static str]) {
        if ends.contains(&self.held.as_str()) {
            // The head of the next message is an end, and belongs to it.
            let head = std::mem::take(&mut self.held);
            self.end_thought();
            if HEADS.contains(&head.as_str()) {
                self.held = head;
            }
            return;
        }
        let from = self
            .held
            .char_indices()
            .map(|(at, _)| at)
            .find(|at| ends.iter().any(|end| end.starts_with(&self.held[*at..])));
        let thought = self.held.drain(..from.unwrap_or(self.held.len())).collect();
        self.say(Part::Thinking(thought));
    }

    fn end_thought(&mut self) {
        self.held.clear();
        self.blanks = 0;
        self.has_thought = true;
        self.state = State::Opening;
    }

    /// What was held opens the answer: all of it, or the lines with words if a thought came before.
    fn answer(&mut self) {
        let held = std::mem::take(&mut self.held);
        let blanks = held.len() - held.trim_start().len();
        let from = held[..blanks].rfind('\n').filter(|_| self.has_thought).map_or(0, |at| at + 1);
        self.state = State::Answer(Lines::default());
        held[from..].chars().for_each(|c| self.step(c));
    }

    fn say(&mut self, part: Part) {
        match (self.parts.last_mut(), part) {
            (_, Part::Thinking(text) | Part::Answer(text)) if text.is_empty() => {}
            (Some(Part::Thinking(last)), Part::Thinking(text)) => last.push_str(&text),
            (Some(Part::Answer(last)), Part::Answer(text)) => last.push_str(&text),
            (_, part) => self.parts.push(part),
        }
    }
}

impl Lines {
    /// Takes what comes before the end of the line, unless a tag may stand alone on it.
    fn take_words<'a>(&mut self, text: &'a str) -> &'a str {
        let words = text.split('\n').next().unwrap_or_default();
        let line = if self.line.is_empty() { words } else { &self.line };
        if line.starts_with('<') {
            return "";
        }
        self.line.push_str(words);
        words
    }

    fn take(&mut self, c: char) {
        if c != '\n' {
            return self.line.push(c);
        }
        let line = std::mem::take(&mut self.line);
        self.has_opening_tag |= THOUGHTS.iter().any(|(tag, _)| line.contains(tag));
        let mark: String = line.trim_start().chars().take_while(|c| matches!(c, '`' | '~')).collect();
        match &self.fence {
            Some(open) if mark.starts_with(open.as_str()) && line.trim() == mark => self.fence = None,
            None if mark.len() >= 3 => self.fence = Some(mark),
            _ => {}
        }
    }

    fn is_lone_tag(&self) -> bool {
        self.may_be_lone_tag() && LONE.contains(&self.line.trim_end())
    }

    fn may_be_lone_tag(&self) -> bool {
        if !self.line.starts_with('<') || self.line.len() > LONGEST_TAG || self.fence.is_some() || self.has_opening_tag
        {
            return false;
        }
        LONE.iter().any(|tag| tag.starts_with(&self.line) || *tag == self.line.trim_end())
    }
}

/// Everything that text may open with besides an answer.
fn tags() -> impl Iterator<Item = &'static str> {
    THOUGHTS.iter().map(|(tag, _)| *tag).chain(LONE.iter().copied()).chain(HEADS.iter().copied())
}

/// Splits a text that is there as a whole.
pub fn split(text: &str) -> Split {
    let mut splitter = Splitter::default();
    let mut split = Split::default();
    let parts = splitter.push(text);
    parts.iter().chain(&splitter.finish()).for_each(|part| split.take(part));
    split
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_pieces<'a>(pieces: impl IntoIterator<Item = &'a str>) -> Split {
        let mut splitter = Splitter::default();
        let mut split = Split::default();
        for piece in pieces {
            splitter.push(piece).iter().for_each(|part| split.take(part));
        }
        splitter.finish().iter().for_each(|part| split.take(part));
        split
    }

    /// Splits the whole, every cut into two, and single characters, and expects the same of each.
    #[track_caller]
    fn splits(text: &str, thinking: &str, answer: &str) {
        let expected = Split { thinking: thinking.to_owned(), answer: answer.to_owned() };
        assert_eq!(split(text), expected, "{text:?}");
        for at in (0..=text.len()).filter(|at| text.is_char_boundary(*at)) {
            assert_eq!(in_pieces([&text[..at], &text[at..]]), expected, "{text:?} cut at {at}");
        }
        assert_eq!(in_pieces(text.split("")), expected, "{text:?} in characters");
    }

    #[track_caller]
    fn is_all_answer(text: &str) {
        splits(text, "", text);
    }

    #[test]
    fn thoughts_that_open_the_answer() {
        splits("<think>hm</think>yes", "hm", "yes");
        splits("\n <think>\nhm\n</think>\n\nyes\n", "\nhm\n", "yes\n");
        splits("<thinking>hm</thinking> yes", "hm", " yes");
        splits("<think></think>\n\nyes", "", "yes");
        splits("<think>a</think>\n<think>b</think>\nyes", "ab", "yes");
        splits("<think>é 日本 </ </th </think>日", "é 日本 </ </th ", "日");
        splits("\u{feff}<think>hm</think>yes", "hm", "yes");
    }

    #[test]
    fn the_tags_of_other_families() {
        splits("[THINK]hm[/THINK]yes", "hm", "yes");
        splits("<|channel>thought\nhm<channel|>yes", "\nhm", "yes");
        splits("<|START_THINKING|>hm<|END_THINKING|>yes", "hm", "yes");
        splits("◁think▷hm◁/think▷yes", "hm", "yes");
        splits("<seed:think>hm</seed:think>yes", "hm", "yes");
    }

    #[test]
    fn only_the_tag_of_its_own_kind_ends_a_thought() {
        splits("<think>a</thinking>b</think>yes", "a</thinking>b", "yes");
        splits("<think>a<think>b</think>yes", "a<think>b", "yes");
    }

    #[test]
    fn thoughts_that_do_not_end() {
        splits("<think>hm", "hm", "");
        splits("<think>hm</thin", "hm</thin", "");
        splits("<think>", "", "");
        splits("<think>hm</think>", "hm", "");
        splits("<think>hm</think>\n\n", "hm", "");
    }

    #[test]
    fn indentation_behind_a_thought_is_the_answers() {
        splits("<think>hm</think>\n\n    pass\n", "hm", "    pass\n");
        splits("<think>hm</think>  \n\n- a\n", "hm", "- a\n");
    }

    #[test]
    fn a_closing_tag_without_an_opening_one() {
        splits("hm\n</think>\n\nyes", "hm\n", "yes");
        splits("hm\n</thinking>  \nyes", "hm\n", "yes");
        splits("hm\n</think>", "hm\n", "");
        splits("</think>\n\nyes", "", "yes");
        splits("</think>yes", "", "yes");
        splits("\n\n</think>\n\nyes", "", "yes");
        splits(
            "a draft:\n```js\nx\n```\nhm\n</think>\n```js\ny\n```\n",
            "a draft:\n```js\nx\n```\nhm\n",
            "```js\ny\n```\n",
        );
        splits("hm\n</think>\n<think>more</think>yes", "hm\nmore", "yes");
    }

    #[test]
    fn tags_in_an_answer_are_text() {
        is_all_answer("Use <think>so</think> here.");
        is_all_answer("const open = \"<think>\";\nconst close = \"</think>\";\n");
        is_all_answer("```js\nconst open = `<think>`;\n```\n");
        is_all_answer("```html\n<think>\n</think>\n```\n");
        is_all_answer("~~~~\n```\n</think>\n~~~\n</think>\n~~~~\n");
        is_all_answer("x = '''\n<think>\nhm\n</think>\n'''\n");
        is_all_answer("x = '''\n  </think>\n'''\n");
        is_all_answer("the tag is </think>\nwhich ends it\n");
        is_all_answer("x\n</think> and more\n");
        is_all_answer("x\n</thinker>\n");
        splits("<think>hm</think>a\n<think>\nb\n</think>\n", "hm", "a\n<think>\nb\n</think>\n");
    }

    #[test]
    fn answers_without_any_tag_stay_byte_for_byte() {
        for text in [
            "",
            " ",
            "\n\n",
            "yes",
            "\n  yes \n",
            "<",
            "<thi",
            "<html>",
            "\u{feff}a",
            "</",
            "<|",
            "a\r\nb\r\n",
            "[T",
            "[1]",
        ] {
            is_all_answer(text);
        }
    }

    #[test]
    fn harmony() {
        let analysis = "<|channel|>analysis<|message|>hm<|end|>";
        splits(&format!("{analysis}<|start|>assistant<|channel|>final<|message|>yes<|return|>"), "hm", "yes");
        splits(&format!("<|start|>assistant{analysis}\n<|channel|>final<|message|>yes"), "hm", "yes");
        splits("<|channel|>analysis<|message|>hm<|channel|>final<|message|>\nyes\n", "hm", "\nyes\n");
        splits(
            "<|channel|>analysis<|message|>hm<|start|>assistant<|channel|>final<|message|>yes<|end|>\n",
            "hm",
            "yes",
        );
        splits("<|channel|>analysis<|message|>hm <| not", "hm <| not", "");
        splits("<|channel|>final <|constrain|>json<|message|>{}", "", "{}");
        splits("<|start|>assistant<|message|>yes", "", "yes");
    }

    #[test]
    fn the_ends_of_harmony_within_an_answer_are_text() {
        let head = "<|channel|>final<|message|>";
        splits(
            &format!("{head}end = '<|end|>';\nnext = '<|return|>';\n<|return|>"),
            "",
            "end = '<|end|>';\nnext = '<|return|>';\n",
        );
        splits(&format!("{head}<|end|><|end|>"), "", "<|end|>");
        splits(&format!("{head}yes <|retu"), "", "yes <|retu");
    }

    #[test]
    fn a_call_in_harmony_stays_whole_for_its_reader() {
        let call = "<|channel|>commentary to=functions.list_files <|constrain|>json<|message|>{\"paths\":[]}<|call|>";
        is_all_answer(call);
        splits(
            &format!("<|channel|>analysis<|message|>hm<|end|><|start|>assistant{call}"),
            "hm",
            &format!("<|start|>assistant{call}"),
        );
        splits("<|channel|>commentary<|message|>I list them.<|end|>", "I list them.", "");
    }

    #[test]
    fn a_head_that_is_none() {
        is_all_answer(&format!("<|channel|>{}", "x".repeat(300)));
        splits("<|channel|>analysis", "<|channel|>analysis", "");
    }

    #[test]
    fn parts_come_as_soon_as_they_are_certain() {
        let mut splitter = Splitter::default();
        assert_eq!(splitter.push("<thi"), []);
        assert_eq!(splitter.push("nk>hm</"), [Part::Thinking("hm".to_owned())]);
        assert_eq!(splitter.push("think>\n\nyes"), [Part::Answer("yes".to_owned())]);
        assert_eq!(splitter.push("\n</"), [Part::Answer("\n".to_owned())]);
        assert_eq!(splitter.push("b>"), [Part::Answer("</b>".to_owned())]);
        assert_eq!(
            splitter.push("\n</think>\nno"),
            [Part::Answer("\n".to_owned()), Part::Retraction, Part::Answer("no".to_owned())]
        );
        assert_eq!(splitter.finish(), []);
    }
}
