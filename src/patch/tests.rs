//! Every kind of sloppiness on every sample: what has to be found, and what has to be refused.

use super::*;

/// A file, lines of it, and what takes their place.
struct Sample {
    name: &'static str,
    text: &'static str,
    search: &'static str,
    replace: &'static str,
}

const SAMPLES: &[Sample] = &[
    Sample {
        name: "python",
        text: "import os\n\n\nclass Store:\n    def __init__(self, path):\n        self.path = path\n        self.items = {}\n\n    def get(self, key):\n        if key in self.items:\n            return self.items[key]\n        raise KeyError(key)\n\n    def size(self):\n        return len(self.items)\n",
        search: "    def get(self, key):\n        if key in self.items:\n            return self.items[key]\n        raise KeyError(key)\n",
        replace: "    def get(self, key, default=None):\n        if key in self.items:\n            return self.items[key]\n        if default is not None:\n            return default\n        raise KeyError(key)\n",
    },
    Sample {
        name: "javascript",
        text: "'use strict';\n\nfunction total(items) {\n  let sum = 0;\n  for (const item of items) {\n    sum += item.price;\n  }\n  return sum;\n}\n\nmodule.exports = { total };\n",
        search: "  let sum = 0;\n  for (const item of items) {\n    sum += item.price;\n  }\n  return sum;\n",
        replace: "  let sum = 0;\n  for (const item of items) {\n    sum += item.price * item.count;\n  }\n  return sum;\n",
    },
    Sample {
        name: "typescript",
        text: "export interface User {\n  name: string;\n  mail: string;\n}\n\nexport function greet(user: User): string {\n  const name = user.name.trim();\n\n  return \"Hello, \" + name;\n}\n",
        search: "export function greet(user: User): string {\n  const name = user.name.trim();\n\n  return \"Hello, \" + name;\n}\n",
        replace: "export function greet(user: User | null): string {\n  if (user === null) {\n    return \"Hello\";\n  }\n  const name = user.name.trim();\n\n  return \"Hello, \" + name;\n}\n",
    },
    Sample {
        name: "rust",
        text: "use crate::disk;\n\npub fn read(path: &str) -> String {\n    let text = disk::text_of(path);\n    match text {\n        Ok(text) => text,\n        Err(_) => String::new(),\n    }\n}\n\npub fn lines(path: &str) -> usize {\n    read(path).lines().count()\n}\n",
        search: "    let text = disk::text_of(path);\n    match text {\n        Ok(text) => text,\n        Err(_) => String::new(),\n    }\n",
        replace: "    let text = disk::text_of(path);\n    match text {\n        Ok(text) => text,\n        Err(error) => {\n            log!(\"{error}: $& $1\");\n            String::new()\n        }\n    }\n",
    },
    Sample {
        name: "go",
        text: "package store\n\nimport \"errors\"\n\nfunc (s *Store) Get(key string) (string, error) {\n    value, ok := s.items[key]\n    if !ok {\n        return \"\", errors.New(\"missing\")\n    }\n    return value, nil\n}\n\nfunc (s *Store) Len() int { return len(s.items) }\n",
        search: "    value, ok := s.items[key]\n    if !ok {\n        return \"\", errors.New(\"missing\")\n    }\n    return value, nil\n",
        replace: "    value, ok := s.items[key]\n    if !ok {\n        return \"\", errors.New(\"missing: \" + key)\n    }\n    return value, nil\n",
    },
    Sample {
        name: "java",
        text: "public class Account {\n    private long balance;\n\n    public void withdraw(long amount) {\n        if (amount > balance) {\n            throw new IllegalStateException(\"too much\");\n        }\n        balance = balance - amount;\n    }\n\n    public long balance() {\n        return balance;\n    }\n}\n",
        search: "    public void withdraw(long amount) {\n        if (amount > balance) {\n            throw new IllegalStateException(\"too much\");\n        }\n        balance = balance - amount;\n    }\n",
        replace: "    public void withdraw(long amount) {\n        if (amount <= 0) {\n            throw new IllegalArgumentException(\"not positive\");\n        }\n        if (amount > balance) {\n            throw new IllegalStateException(\"too much\");\n        }\n        balance = balance - amount;\n    }\n",
    },
    Sample {
        name: "ruby",
        text: "class Basket\n  def initialize\n    @items = []\n  end\n\n  def total\n    sum = 0\n    @items.each do |item|\n      sum += item.price\n    end\n    sum\n  end\nend\n",
        search: "  def total\n    sum = 0\n    @items.each do |item|\n      sum += item.price\n    end\n",
        replace: "  def total(discount = 0)\n    sum = 0\n    @items.each do |item|\n      sum += item.price\n    end\n    sum -= discount\n",
    },
    Sample {
        name: "css",
        text: "body {\n  margin: 0;\n  color: black;\n}\n\n.card {\n  border: 1px solid;\n  padding: 4px;\n  color: gray;\n}\n",
        search: ".card {\n  border: 1px solid;\n  padding: 4px;\n  color: gray;\n}\n",
        replace: ".card {\n  border: 2px dashed;\n  padding: 4px;\n  color: gray;\n  margin: 1em;\n}\n",
    },
    Sample {
        name: "html",
        text: "<html>\n  <body>\n    <h1 id=\"title\">Pong</h1>\n    <canvas id = \"field\" width=\"300\"></canvas>\n    <p>Score: <b id=\"score\">0</b></p>\n    <script src=\"pong.js\"></script>\n  </body>\n</html>\n",
        search: "    <h1 id=\"title\">Pong</h1>\n    <canvas id = \"field\" width=\"300\"></canvas>\n    <p>Score: <b id=\"score\">0</b></p>\n",
        replace: "    <h1 id=\"title\">Pong</h1>\n    <canvas id = \"field\" width=\"300\"></canvas>\n    <p>Points: <b id=\"score\">0</b></p>\n",
    },
    Sample {
        name: "yaml",
        text: "services:\n  web:\n    image: app\n    ports:\n      - \"80:8000\"\n    restart: always\n  data:\n    image: postgres\n",
        search: "  web:\n    image: app\n    ports:\n      - \"80:8000\"\n    restart: always\n",
        replace: "  web:\n    image: app:2\n    ports:\n      - \"80:8000\"\n      - \"443:8443\"\n    restart: always\n",
    },
    Sample {
        name: "sql",
        text: "CREATE TABLE items (\n    id INTEGER PRIMARY KEY,\n    title TEXT NOT NULL,\n    done INTEGER = 0\n);\n\nSELECT id, title\nFROM items\nWHERE done = 0\nORDER BY id;\n",
        search: "SELECT id, title\nFROM items\nWHERE done = 0\nORDER BY id;\n",
        replace: "SELECT id, title, done\nFROM items\nWHERE done = 0\n    AND title <> ''\nORDER BY id;\n",
    },
    Sample {
        name: "c++",
        text: "#include <vector>\n\nint largest(const std::vector<int>& all) {\n    int best = 0;\n    for (int one : all) {\n        if (one > best) {\n            best = one;\n        }\n    }\n    return best;\n}\n",
        search: "    int best = 0;\n    for (int one : all) {\n        if (one > best) {\n            best = one;\n        }\n    }\n    return best;\n",
        replace: "    int best = all.at(0);\n    for (int one : all) {\n        if (one > best) {\n            best = one;\n        }\n    }\n    return best;\n",
    },
];

fn each(text: &str, turn: impl Fn(&str) -> String) -> String {
    text.lines().map(|line| format!("{}\n", turn(line))).collect()
}

/// Changes the lines of a block that are in the file, and not the new ones.
fn in_common(sample: &Sample, turn: impl Fn(&str) -> String) -> (String, String) {
    let count = |text: &str, line: &str| text.lines().filter(|other| *other == line).count();
    let is_common = |line: &str| count(sample.search, line) == count(sample.replace, line);
    let replace = each(sample.replace, |line| if is_common(line) { turn(line) } else { line.to_owned() });
    (each(sample.search, turn), replace)
}

fn shifted(text: &str, by: &str) -> String {
    each(text, |line| if line.is_empty() { String::new() } else { format!("{by}{line}") })
}

fn dedented(text: &str, by: usize) -> String {
    each(text, |line| line.get(by..).unwrap_or("").to_owned())
}

/// Every step of indentation twice as wide.
fn widened(text: &str) -> String {
    each(text, |line| format!("{}{line}", indent::indent(line)))
}

fn tabbed(text: &str, step: usize) -> String {
    each(text, |line| {
        let depth = indent::indent(line).len() / step;
        format!("{}{}", "\t".repeat(depth), line.trim_start())
    })
}

fn numbered(text: &str, first: usize) -> String {
    text.lines().enumerate().map(|(index, line)| format!("{:>4} | {line}\n", first + index)).collect()
}

/// Leaves out a line that stays, with enough before and behind it.
fn elided(sample: &Sample, sign: &str) -> Option<(String, String)> {
    let lines: Vec<&str> = sample.search.lines().collect();
    let is_kept = |line: &str| sample.replace.lines().any(|new| new == line);
    let at = (1..lines.len().saturating_sub(1)).find(|at| {
        let sides = [&lines[..*at], &lines[at + 1..]];
        let is_known = |line: &&str| is_real(line) && sample.text.matches(line.trim()).count() == 1;
        is_kept(lines[*at])
            && sides.iter().all(|side| side.iter().any(is_known))
            && sample.search.matches(lines[*at]).count() == 1
    })?;
    let sign = format!("{}{sign}", indent::indent(lines[at]));
    let turn = |text: &str| each(text, |line| if line == lines[at] { sign.clone() } else { line.to_owned() });
    Some((turn(sample.search), turn(sample.replace)))
}

/// A case: its name, the file, the two halves, and the text that has to come of it.
type Case = (String, String, String, String, String);

fn right() -> Vec<Case> {
    let mut cases = Vec::new();
    for sample in SAMPLES {
        let Sample { name, text, search, replace } = *sample;
        assert_eq!(text.matches(search).count(), 1, "{name}");
        let expected = text.replacen(search, replace, 1);
        let mut add = |how: &str, text: &str, (search, replace): (String, String), expected: &str| {
            cases.push((format!("{name}: {how}"), text.to_owned(), search, replace, expected.to_owned()));
        };
        let crlf = |text: &str| text.replace('\n', "\r\n");
        let both = |turn: &dyn Fn(&str) -> String| (turn(search), turn(replace));
        let plain = || (search.to_owned(), replace.to_owned());
        let first = 1 + text[..text.find(search).expect("it is there")].lines().count();
        let indent = search.lines().map(|line| indent::indent(line).len()).min().unwrap_or(0);
        let step = if text.contains("\n  ") && !text.contains("\n    ") || text.contains("\n  let") { 2 } else { 4 };
        add("as it is", text, plain(), &expected);
        add("the block with CRLF", text, both(&crlf), &expected);
        add("the file with CRLF", &crlf(text), plain(), &crlf(&expected));
        add("both with CRLF", &crlf(text), both(&crlf), &crlf(&expected));
        add("blanks at the ends", text, in_common(sample, |line| format!("{line}  \t")), &expected);
        add("no last line's end", text, both(&|text| text.trim_end_matches('\n').to_owned()), &expected);
        add("blank lines around", text, both(&|text| format!("\n{text}\n\n")), &expected);
        add("shifted right", text, both(&|text| shifted(text, "      ")), &expected);
        add("shifted left", text, both(&|text| dedented(text, indent)), &expected);
        // Where nothing in the block is indented, nothing shows how wide a step is.
        if search.contains("\n ") {
            add("wider steps", text, both(&|text| widened(text)), &expected);
        }
        add("a file without a last line's end", text.trim_end(), plain(), expected.trim_end());
        add(
            "double blanks",
            text,
            in_common(sample, |line| format!("{}{}", indent::indent(line), line.trim().replace(' ', "  "))),
            &expected,
        );
        add(
            "curly quotes",
            text,
            in_common(sample, |line| line.replace('"', "\u{201d}").replace('\'', "\u{2019}").replace(" - ", " – ")),
            &expected,
        );
        add("hard blanks", text, in_common(sample, |line| line.replace(' ', "\u{a0}")), &expected);
        add("numbers in both", text, (numbered(search, first), numbered(replace, first)), &expected);
        add("numbers in one", text, (numbered(search, first), replace.to_owned()), &expected);
        add(
            "a blank line more",
            text,
            in_common(sample, |line| if search.starts_with(line) { format!("{line}\n") } else { line.to_owned() }),
            &expected,
        );
        if search.contains("\n ") && (step == 4 || name == "javascript") {
            add("a file with tabs", &tabbed(text, step), plain(), &tabbed(&expected, step));
        }
        for sign in ["...", "// ... existing code ...", "# ..."] {
            if let Some(block) = elided(sample, sign) {
                add(&format!("left out by {sign}"), text, block, &expected);
            }
        }
    }
    cases
}

fn wrong() -> Vec<Case> {
    let mut cases = Vec::new();
    for sample in SAMPLES {
        let Sample { name, text, search, replace } = *sample;
        let expected = text.replacen(search, replace, 1);
        let mut add = |how: &str, text: &str, search: &str, replace: &str| {
            cases.push((
                format!("{name}: {how}"),
                text.to_owned(),
                search.to_owned(),
                replace.to_owned(),
                String::new(),
            ));
        };
        let longest = search.lines().max_by_key(|line| line.len()).expect("there are lines");
        let reversed: String = search.lines().rev().map(|line| format!("{line}\n")).collect();
        add("an invented word", text, &search.replace(longest, &format!("{longest} invented")), replace);
        add("half a line", text, &search.replace(longest, &longest[..longest.len() - 4]), replace);
        add("the rest of a line", text, &search.replace(longest.trim_start(), &longest.trim_start()[3..]), replace);
        add("an invented line", text, &format!("{search}    invented();\n"), replace);
        add(
            "a line is missing",
            text,
            &search.replacen(&format!("{}\n", search.lines().nth(1).expect("has two")), "", 1),
            replace,
        );
        add("backwards", text, &reversed, replace);
        add("shouted", text, &search.to_uppercase(), replace);
        add("there twice", &format!("{text}\n{text}"), search, replace);
        add("there twice, shifted", &format!("{text}\n{}", shifted(text, "  ")), &shifted(search, "    "), replace);
        add("there twice, spelled in another way", &format!("{text}{text}"), &search.replace(' ', "\u{a0}"), replace);
        add("nothing to search for", text, " \n", replace);
        add("nothing to change", text, search, search);
        add("there already", &expected, &search.replace(longest, &format!("{longest} gone")), replace);
        add("lines left out of the new text", text, search, "// ... existing code ...\nreturn 1;\n");
        add("dots in the new text", text, search, &format!("{}\n    ...\n", search.lines().next().expect("has one")));
        add(
            "left out in one half",
            text,
            &format!("{}\n...\n{}\n", search.lines().next().expect("one"), search.lines().last().expect("one")),
            replace,
        );
    }
    cases
}

#[test]
fn every_sloppy_block_lands_where_it_belongs() {
    let cases = right();
    let mut failures = Vec::new();
    for (name, text, search, replace, expected) in &cases {
        match apply(text, search, replace) {
            Ok(patched) if patched.text == *expected => {}
            Ok(patched) => panic!("{name}: WRONG\n{}\n--- instead of\n{expected}", patched.text),
            Err(why) => failures.push(format!("{name}: {why}")),
        }
    }
    assert!(failures.is_empty(), "{} of {}:\n{}", failures.len(), cases.len(), failures.join("\n"));
    assert!(cases.len() + wrong().len() >= 400, "{} and {}", cases.len(), wrong().len());
}

#[test]
fn nothing_wrong_is_applied() {
    for (name, text, search, replace, _) in wrong() {
        if let Ok(patched) = apply(&text, &search, &replace) {
            panic!("{name}:\n{}", patched.text);
        }
    }
}

#[track_caller]
fn refuses(text: &str, search: &str, replace: &str, expected: Refusal) {
    assert_eq!(apply(text, search, replace), Err(expected));
}

#[track_caller]
fn gives(text: &str, search: &str, replace: &str, expected: &str, line: usize) {
    assert_eq!(apply(text, search, replace), Ok(Patched { text: expected.to_owned(), line }));
}

#[test]
fn the_reason_of_a_refusal() {
    refuses("a = 1\na = 1\n", "a = 1", "a = 2", Refusal::Ambiguous { lines: vec![1, 2] });
    refuses("  abc\n    def\n", "abc\ndef\n", "abc\nnew\ndef\n", Refusal::Indentation);
    refuses("abc\n", "def\n", "abc\n", Refusal::Already);
    refuses(
        "one\ntwo words here\nthree\n",
        "two words there\n",
        "x\n",
        Refusal::Missing { nearest: "one\ntwo words here\nthree\n".to_owned() },
    );
    refuses("", "abc\n", "x\n", Refusal::Missing { nearest: String::new() });
    refuses("}\n", "  }\n", "x\n", Refusal::Missing { nearest: String::new() });
}

#[test]
fn only_whole_lines_are_lines() {
    refuses("max = 10\n", "x = 1\n", "x = 2\n", Refusal::Missing { nearest: String::new() });
    assert!(apply("return x + 1\n", "return x\n", "return y\n").is_err());
}

#[test]
fn what_stays_keeps_its_bytes() {
    gives(
        "a1 = 1  \r\nb2 = 2\nc3 = 3\r\n",
        "a1 = 1\nb2 = 2\nc3 = 3\n",
        "a1 = 1\nb2 = 5\nnew\nc3 = 3\n",
        "a1 = 1  \r\nb2 = 5\r\nnew\r\nc3 = 3\r\n",
        2,
    );
}

#[test]
fn lines_can_go() {
    gives("one\ntwo\nthree\n", "two\n", "", "one\nthree\n", 2);
    gives("one\ntwo\nthree", "two\nthree\n", "two\n", "one\ntwo", 3);
}

#[test]
fn dots_that_are_code_stay_code() {
    gives("class A:\n    ...\n", "class A:\n    ...\n", "class B:\n    ...\n", "class B:\n    ...\n", 1);
    gives(
        "def f(): ...\nclass A:\n    ...\n",
        "def f(): ...\n",
        "def f(): ...\ndef g():\n    ...\n",
        "def f(): ...\ndef g():\n    ...\nclass A:\n    ...\n",
        2,
    );
}

#[test]
fn new_lines_behind_what_was_left_out_stand_where_it_ends() {
    gives(
        "fn one() {\n    first();\n    second();\n    third();\n    last();\n}\n",
        "    first();\n    // ...\n    last();\n",
        "    first();\n    // ...\n    added();\n    last();\n",
        "fn one() {\n    first();\n    second();\n    third();\n    added();\n    last();\n}\n",
        5,
    );
}

#[test]
fn two_ways_to_leave_out_are_none() {
    let text = "start();\nmid();\nreturn value;\n\nother();\nreturn value;\n";
    assert!(matches!(
        apply(text, "start();\n...\nreturn value;\n", "begin();\n...\nreturn value;\n"),
        Err(Refusal::Ambiguous { .. })
    ));
}
