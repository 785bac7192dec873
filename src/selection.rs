//! What of a codebase goes into a question: all of it if it fits, else what is worth most to the question. Pure.

mod worth;

use std::{collections::HashMap, ops::Range};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    mentions::{Mentioned, Mentions},
    model::window::room_for_answer,
    path::RelPath,
    signatures::signatures,
    tokens::Counter,
    tree::Tree,
};

pub use self::worth::is_test;
use self::worth::ranking;

/// Share of the room that whole files may take before the others have their signatures in it, in percent.
const FOR_WHOLE: u64 = 75;
/// Share of the room that the names of all other files may take, in percent.
const FOR_NAMES: u64 = 5;
/// Lines sent on either side of a line that an error names, from a file that is too long to go whole.
const AROUND: usize = 80;
/// The room in a window that nobody knows: models of today have more.
pub const USUAL_ROOM: u64 = 100_000;
/// The longest error that goes in whole.
const LONGEST_ERROR: u64 = 12_000;
/// Room for the rules and the words of the question.
const RULES: u64 = 2_000;
/// Room that is not worth another parse, in tokens.
const LEAST: u64 = 40;
/// What a path and a fence around a file take, in tokens.
const FRAME: u64 = 12;

/// What goes in, by path.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Selection {
    pub chosen: Vec<Chosen>,
    /// Room that was given, in tokens.
    pub budget: u64,
    pub tokens: u64,
}

/// One file and how much of it goes in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chosen {
    pub path: RelPath,
    pub share: Share,
    pub tokens: u64,
    /// What is sent; empty for a name.
    #[serde(skip)]
    pub text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Share {
    Whole,
    /// The lines around those that the error names.
    Lines,
    Signatures,
    Name,
    /// Not even the name: there are too many.
    Nothing,
}

/// What a choice goes by.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Leads {
    pub mentions: Mentions,
    /// Files that were changed last, the latest first.
    pub recent: Vec<RelPath>,
}

/// The room for a codebase in a question, in tokens: what the model's window holds less the answer, the rules and `rest`,
/// with some to spare where tokens are not counted exactly; [`USUAL_ROOM`] where nobody knows the window.
pub fn room(window: Option<u64>, rest: u64, is_exact: bool) -> u64 {
    let Some(window) = window else { return USUAL_ROOM };
    let room = window.saturating_sub(room_for_answer(window) + RULES + rest);
    if is_exact { room } else { room / 10 * 9 }
}

/// An error with its middle left out where it is longer than any is of use: causes stand at either end.
pub fn shortened(error: &str, counter: &Counter) -> String {
    if counter.count(error) <= LONGEST_ERROR {
        return error.to_owned();
    }
    let half = LONGEST_ERROR as usize * 3 / 2;
    let (head, tail) =
        (error.floor_char_boundary(half.min(error.len())), error.ceil_char_boundary(error.len().saturating_sub(half)));
    let head = error[..head].rfind('\n').map_or(head, |newline| newline + 1);
    let tail = error[tail..].find('\n').map_or(tail, |newline| tail + newline + 1).max(head);
    let lines = error[head..tail].lines().count();
    format!("{}[{lines} lines are left out]\n{}", &error[..head], &error[tail..])
}

/// Chooses what goes into `budget` tokens.
pub fn choose(tree: &Tree, leads: &Leads, budget: u64, counter: &Counter) -> Selection {
    let all: u64 = tree.files.iter().map(|file| file.tokens + FRAME).sum();
    let share = |share| move |index: usize| (index, share);
    if all <= budget {
        return Choice::new(tree, budget, counter).finish((0..tree.files.len()).map(share(Share::Whole)).collect());
    }
    let mentioned = leads.mentions.in_tree(tree);
    let ranking = ranking(tree, leads, &mentioned);
    let mut choice = Choice::new(tree, budget, counter);
    let names = budget * FOR_NAMES / 100;
    choice.left = budget - names;
    // What the error points at comes before all else; of a long test its lines are enough.
    let has_lines = |index: &&usize| mentioned.iter().any(|known| known.file == **index && !known.lines.is_empty());
    let (tests, code): (Vec<usize>, Vec<usize>) =
        ranking.iter().filter(has_lines).partition(|index| is_test(&tree.files[**index].path));
    for index in code {
        choice.take(index, Share::Whole);
        choice.take_lines(index, &mentioned);
    }
    for index in tests {
        if tree.files[index].tokens <= choice.left / 4 {
            choice.take(index, Share::Whole);
        }
        choice.take_lines(index, &mentioned);
    }
    let signatures_room = choice.left * (100 - FOR_WHOLE) / 100;
    choice.left -= signatures_room;
    for index in &ranking {
        choice.take(*index, Share::Whole);
    }
    choice.left += signatures_room;
    for index in &ranking {
        if choice.left < LEAST {
            break;
        }
        choice.take(*index, Share::Signatures);
    }
    // What the signatures have left over.
    for index in &ranking {
        choice.upgrade(*index);
    }
    choice.left += names;
    for index in &ranking {
        choice.take(*index, Share::Name);
    }
    let rest: Vec<(usize, Share)> = (0..tree.files.len()).map(share(Share::Nothing)).collect();
    choice.finish(rest)
}

/// A choice under way.
struct Choice<'a> {
    tree: &'a Tree,
    counter: &'a Counter,
    budget: u64,
    left: u64,
    chosen: HashMap<usize, Chosen>,
}

impl<'a> Choice<'a> {
    fn new(tree: &'a Tree, budget: u64, counter: &'a Counter) -> Choice<'a> {
        Choice { tree, counter, budget, left: budget, chosen: HashMap::new() }
    }

    fn has(&self, index: usize) -> bool {
        self.chosen.contains_key(&index)
    }

    /// Takes a file in if there is room for it and it is not in yet.
    fn take(&mut self, index: usize, share: Share) {
        if self.has(index) {
            return;
        }
        let chosen = self.share(index, share);
        if chosen.tokens <= self.left {
            self.left -= chosen.tokens;
            self.chosen.insert(index, chosen);
        }
    }

    /// A file goes whole instead of by its signatures, if there is room.
    fn upgrade(&mut self, index: usize) {
        let whole = self.tree.files[index].tokens + FRAME;
        let Some(known) = self.chosen.get(&index).filter(|known| known.share == Share::Signatures) else { return };
        if let Some(left) = (self.left + known.tokens).checked_sub(whole) {
            self.left = left;
            let chosen = self.share(index, Share::Whole);
            self.chosen.insert(index, chosen);
        }
    }

    /// The part of a long file that the error names, if there is room and it is not in yet.
    fn take_lines(&mut self, index: usize, mentioned: &[Mentioned]) {
        let file = &self.tree.files[index];
        let known = mentioned.iter().find(|known| known.file == index);
        let Some(known) = known.filter(|_| !self.has(index)) else { return };
        let text = excerpt(&file.text, &known.lines);
        let tokens = self.counter.count(&text) + FRAME;
        if tokens <= self.left {
            self.left -= tokens;
            self.chosen.insert(index, Chosen { path: file.path.clone(), share: Share::Lines, tokens, text });
        }
    }

    fn share(&self, index: usize, share: Share) -> Chosen {
        let file = &self.tree.files[index];
        let path = file.path.clone();
        let (text, tokens) = match share {
            Share::Whole => (file.text.to_string(), file.tokens + FRAME),
            Share::Signatures | Share::Lines => {
                let text = signatures(&path, &file.text);
                let tokens = self.counter.count(&text) + FRAME;
                (text, tokens)
            }
            Share::Name => (String::new(), self.counter.count(path.as_str()) + 1),
            Share::Nothing => (String::new(), 0),
        };
        Chosen { path, share, tokens, text }
    }

    /// The whole selection; what is not in yet is so by `rest`.
    fn finish(mut self, rest: Vec<(usize, Share)>) -> Selection {
        for (index, share) in rest {
            if !self.has(index) {
                let chosen = self.share(index, share);
                self.chosen.insert(index, chosen);
            }
        }
        let mut chosen: Vec<Chosen> = self.chosen.into_values().collect();
        chosen.sort_by(|a, b| a.path.cmp(&b.path));
        let tokens = chosen.iter().map(|chosen| chosen.tokens).sum();
        Selection { chosen, budget: self.budget, tokens }
    }
}

/// The lines around those named, with a mark where lines are left out.
fn excerpt(text: &str, lines: &[usize]) -> String {
    let all: Vec<&str> = text.split_inclusive('\n').collect();
    let mut ranges: Vec<Range<usize>> = lines
        .iter()
        .map(|line| line.saturating_sub(AROUND + 1).min(all.len())..(line + AROUND).min(all.len()))
        .collect();
    ranges.sort_by_key(|range| range.start);
    let (mut out, mut end) = (String::new(), 0);
    for range in ranges {
        if range.start > end {
            out.push_str(&format!("[lines {} to {} are left out]\n", end + 1, range.start));
        }
        let start = range.start.max(end);
        out.extend(all.get(start..range.end).unwrap_or_default().iter().copied());
        end = end.max(range.end);
    }
    if end < all.len() {
        out.push_str(&format!("[lines {} to {} are left out]\n", end + 1, all.len()));
    }
    out
}

impl Selection {
    /// The files of one share.
    pub fn of(&self, share: Share) -> impl Iterator<Item = &Chosen> {
        self.chosen.iter().filter(move |chosen| chosen.share == share)
    }

    /// What a prompt says of it.
    pub(crate) fn values(&self) -> Value {
        let texts = |share| {
            self.of(share).map(|chosen| json!({ "path": chosen.path, "text": chosen.text })).collect::<Vec<_>>()
        };
        let names: Vec<&str> = self.of(Share::Name).map(|chosen| chosen.path.as_str()).collect();
        json!({
            "whole": texts(Share::Whole),
            "lines": texts(Share::Lines),
            "signatures": texts(Share::Signatures),
            "names": names,
            "unnamed": self.of(Share::Nothing).count(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{worth::is_test_of, *};
    use crate::{
        mentions,
        tree::{Credentials, Reading, SourceFile},
    };

    fn tree(files: &[(&str, String)]) -> Tree {
        let reading =
            Reading { include: vec![], exclude: vec![], credentials: Credentials::Send, counter: Counter::rough() };
        Tree::new(files.iter().map(|(path, text)| {
            SourceFile::read(RelPath::parse(path).expect("is one"), text.as_bytes(), 0, true, &reading)
        }))
    }

    fn shares(tree: &Tree, error: &str, budget: u64) -> Vec<(String, Share)> {
        let leads = Leads { mentions: mentions::read(error), recent: Vec::new() };
        let selection = choose(tree, &leads, budget, &Counter::rough());
        assert!(selection.tokens <= budget, "{} of {budget}", selection.tokens);
        selection.chosen.iter().map(|chosen| (chosen.path.to_string(), chosen.share)).collect()
    }

    fn filler(name: &str, lines: usize) -> String {
        (0..lines).map(|line| format!("def {name}_{line}():\n    return {line}\n")).collect()
    }

    #[test]
    fn all_of_it_if_it_fits() {
        let tree = tree(&[("a.py", filler("a", 3)), ("b.py", filler("b", 3))]);
        let all = shares(&tree, "whatever", 1_000);
        assert!(all.iter().all(|(_, share)| *share == Share::Whole), "{all:?}");
    }

    #[test]
    fn named_imported_and_defining_files_go_first() {
        let tree = tree(&[
            ("main.py", format!("from store import Store\n{}", filler("m", 20))),
            ("store.py", format!("class Store:\n    pass\n{}", filler("s", 20))),
            ("rare.py", format!("def weigh_basket():\n    pass\n{}", filler("r", 20))),
            ("z1.py", filler("z", 40)),
            ("z2.py", filler("y", 40)),
            ("z3.py", filler("x", 40)),
        ]);
        let error = "File \"main.py\", line 3, in x\nNameError: weigh_basket";
        let chosen = shares(&tree, error, 900);
        let of = |path: &str| chosen.iter().find(|(own, _)| own == path).expect(path).1;
        assert_eq!([of("main.py"), of("store.py"), of("rare.py")], [Share::Whole; 3], "{chosen:?}");
        assert!(chosen.iter().any(|(_, share)| *share != Share::Whole));
    }

    #[test]
    fn a_long_file_goes_by_the_lines_that_the_error_names() {
        let tree = tree(&[("long.py", filler("l", 5_000)), ("other.py", filler("o", 5_000))]);
        let leads = Leads { mentions: mentions::read("File \"long.py\", line 500, in x"), recent: Vec::new() };
        let selection = choose(&tree, &leads, 6_000, &Counter::rough());
        let chosen = selection.of(Share::Lines).next().expect("some lines");
        assert!(
            chosen.text.contains("l_249()") && chosen.text.starts_with("[lines 1 to 419 are left out]\n"),
            "{}",
            &chosen.text[..200]
        );
        assert!(chosen.text.ends_with("are left out]\n"));
    }

    #[test]
    fn tests_by_their_names() {
        let is = |test: &str, other: &str| {
            is_test_of(&RelPath::parse(test).expect("is"), &RelPath::parse(other).expect("is"))
        };
        for (test, other) in [
            ("tests/test_store.py", "store.py"),
            ("a/store.test.ts", "a/store.ts"),
            ("StoreTest.java", "Store.java"),
            ("store_test.go", "store.go"),
            ("basket_spec.rb", "basket.rb"),
        ] {
            assert!(is(test, other), "{test}");
        }
        assert!(!is("store.py", "main.py") && !is("test.py", "t.py"));
    }
}
