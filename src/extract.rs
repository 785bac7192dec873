//! Takes the text of one file out of an answer, byte for byte. Markdown is read by pulldown-cmark, never by a pattern.

use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag};

use crate::path::RelPath;

/// The text of a file, and what a person should know of how it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extracted {
    pub text: String,
    pub note: Option<String>,
}

/// Files that are rightly empty. Any other empty answer is none.
const EMPTY_FILES: &[&str] = &["__init__.py", "py.typed", ".gitkeep", ".keep", ".nojekyll"];

/// Reads the answer to "write the file `path`": in a fence, among prose, or bare.
///
/// The error is a complaint that completes "that answer could not be used:".
pub fn extract(path: &RelPath, answer: &str) -> Result<Extracted, String> {
    if answer.contains('\0') {
        return Err("it holds NUL bytes, and a text file has none".to_owned());
    }
    let blocks = fenced_blocks(answer);
    let extracted = match is_markdown(path) {
        true => whole_markdown(path, answer, &blocks),
        false => code(path, answer, &blocks),
    };
    let is_explicit = !blocks.is_empty() && EMPTY_FILES.contains(&path.name());
    if extracted.text.trim().is_empty() && !is_explicit {
        return Err("it is empty".to_owned());
    }
    if blocks.is_empty() && is_refusal(path, answer) {
        let words: String = answer.trim().chars().take(160).collect();
        return Err(format!("it declines instead of writing the file ('{words}')"));
    }
    Ok(extracted)
}

/// A fenced code block of an answer.
struct Block<'a> {
    info: &'a str,
    /// The last line with words in it above the block.
    above: &'a str,
    /// From the first byte of the opening fence to the end of the closing one.
    whole: Range<usize>,
    text: String,
}

fn is_markdown(path: &RelPath) -> bool {
    matches!(path.extension().as_str(), "md" | "mdx" | "markdown" | "qmd" | "rmd")
}

/// Code: the one fenced block, or of several the one for this path, or the largest; without one the bare answer.
fn code(path: &RelPath, answer: &str, blocks: &[Block]) -> Extracted {
    let found = |block: &Block| Extracted { text: block.text.clone(), note: None };
    if blocks.is_empty() || is_code_around(answer, blocks) {
        return Extracted { text: answer.to_owned(), note: None };
    }
    if let [block] = blocks {
        return found(block);
    }
    let mut named = blocks.iter().filter(|block| names(block, path));
    if let (Some(block), None) = (named.next(), named.next()) {
        return found(block);
    }
    let named: Vec<_> = blocks.iter().filter(|block| names(block, path)).collect();
    let candidates = if named.is_empty() { blocks.iter().collect() } else { named };
    let largest = candidates.into_iter().max_by_key(|block| block.text.len()).expect("there are at least two blocks");
    let note = format!("the answer held {} code blocks; the largest was taken", blocks.len());
    Extracted { note: Some(note), ..found(largest) }
}

/// A markdown file: what stands in the fence that is marked as markdown or is around everything; else the bare answer,
/// whose own fences belong to it.
fn whole_markdown(path: &RelPath, answer: &str, blocks: &[Block]) -> Extracted {
    let is_outer = |block: &&Block| {
        let language = block.info.split([' ', ',', '{']).next().unwrap_or_default().to_lowercase();
        let is_around_everything =
            answer[..block.whole.start].trim().is_empty() && answer[block.whole.end..].trim().is_empty();
        let looks_like_a_document = block.text.trim_start().starts_with('#') || block.text.starts_with("---");
        matches!(language.as_str(), "markdown" | "md" | "mdx")
            || names(block, path)
            || (is_around_everything && language.is_empty() && looks_like_a_document)
    };
    let text = blocks.iter().find(is_outer).map_or_else(|| answer.to_owned(), |block| block.text.clone());
    Extracted { text, note: None }
}

/// Whether the block says that it is the file at `path`: in its info string, or in the line above it.
fn names(block: &Block, path: &RelPath) -> bool {
    let is_cut = |c: char| c.is_whitespace() || "`*'\"()[]{}<>,:=#".contains(c);
    let mut words = block.info.split(is_cut).chain(block.above.split(is_cut));
    words.any(|word| {
        let word = word.trim_start_matches("./").trim_end_matches('.');
        word == path.as_str() || word == path.name()
    })
}

/// Whether what stands around the fences is code itself, so that the fences belong to it: a text in a string, an
/// example in a comment.
fn is_code_around(answer: &str, blocks: &[Block]) -> bool {
    let mut around = String::new();
    let mut from = 0;
    for block in blocks {
        around.push_str(&answer[from..block.whole.start]);
        from = block.whole.end;
    }
    around.push_str(&answer[from..]);
    let lines: Vec<&str> = around.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let code_lines = lines.iter().filter(|line| is_code_line(line)).count();
    code_lines >= 2 && code_lines * 2 > lines.len()
}

fn is_code_line(line: &str) -> bool {
    let starts = [
        "import ", "from ", "def ", "class ", "const ", "let ", "var ", "fn ", "pub ", "use ", "#include", "//",
        "\"\"\"", "return ",
    ];
    // A sentence may end in a colon or hold brackets, but hardly an assignment, a semicolon or a brace at its end.
    line.ends_with([';', '{', '}', '(', ')', '"', '\\', ','])
        || line.contains(" = ")
        || (starts.iter().any(|start| line.starts_with(start)) && !line.ends_with(['.', ':', '!']))
}

/// A short answer in words where a file was asked for.
fn is_refusal(path: &RelPath, answer: &str) -> bool {
    let words = answer.trim().to_lowercase().replace('’', "'");
    let openings = [
        "i'm sorry",
        "i am sorry",
        "sorry, ",
        "i can't ",
        "i cannot ",
        "i can not ",
        "i'm unable",
        "i am unable",
        "i won't ",
        "as an ai",
    ];
    let is_prose = matches!(path.extension().as_str(), "txt" | "rst") || is_markdown(path);
    words.len() < 600 && !is_prose && openings.iter().any(|opening| words.starts_with(opening))
}

/// The fenced blocks, each to the fence that really closes it.
///
/// CommonMark closes a block at the first bare fence, but models put a file with fences into a fence of the same
/// length. So a fence with an info string inside a block opens another one, which has to be closed first.
fn fenced_blocks(answer: &str) -> Vec<Block<'_>> {
    let mut blocks = Vec::new();
    let mut from = 0;
    while let Some((start, info)) = next_fence(answer, from) {
        let block = block_at(answer, start, info);
        from = block.whole.end;
        blocks.push(block);
    }
    match one_around_all(answer, &blocks) {
        Some(outer) => vec![outer],
        None => blocks,
    }
}

/// Where the next fenced block begins, and its info string.
fn next_fence(answer: &str, from: usize) -> Option<(usize, &str)> {
    let rest = &answer[from..];
    for (event, range) in Parser::new(rest).into_offset_iter() {
        if let Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(_))) = event {
            let start = from + range.start;
            let line = answer[start..].lines().next().unwrap_or_default();
            return Some((start, line.trim_start_matches(['`', '~']).trim()));
        }
    }
    None
}

fn block_at<'a>(answer: &'a str, start: usize, info: &'a str) -> Block<'a> {
    let line_start = answer[..start].rfind('\n').map_or(0, |at| at + 1);
    let indent = start - line_start;
    let mark = answer[start..].chars().next().expect("a fence begins with its mark");
    let length = run(&answer[start..], mark);
    let body = answer[start..].find('\n').map_or(answer.len(), |at| start + at + 1);
    let mut depth = 1;
    let (mut text_end, mut end) = (answer.len(), answer.len());
    let mut at = body;
    for line in answer[body..].split_inclusive('\n') {
        let trimmed = line.trim();
        let marks = run(trimmed, mark);
        let rest = trimmed[marks * mark.len_utf8()..].trim();
        if marks >= length && rest.is_empty() {
            depth -= 1;
        } else if marks >= length && !rest.contains(mark) {
            depth += 1;
        }
        if depth == 0 {
            (text_end, end) = (at, at + line.trim_end().len());
            break;
        }
        at += line.len();
    }
    let above = answer[..line_start].lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
    Block { info, above, whole: start..end, text: unindented(&answer[body..text_end], indent) }
}

/// The reading in which the first and the last fence of the answer belong together, though bare fences lie between:
/// a marked outer fence whose inner ones have no info string.
fn one_around_all<'a>(answer: &'a str, blocks: &[Block<'a>]) -> Option<Block<'a>> {
    let (first, others) = blocks.split_first()?;
    let last = others.last()?;
    let is_around = answer[..first.whole.start].trim().is_empty() && answer[last.whole.end..].trim().is_empty();
    let is_marked = !first.info.is_empty() && others.iter().all(|block| block.info.is_empty());
    if !is_around || !is_marked {
        return None;
    }
    let body = first.whole.start + answer[first.whole.start..].find('\n')? + 1;
    let closing = answer[..last.whole.end].rfind('\n')? + 1;
    let text = answer[body..closing].to_owned();
    Some(Block { info: first.info, above: first.above, whole: first.whole.start..last.whole.end, text })
}

/// How many of `mark` the text begins with.
fn run(text: &str, mark: char) -> usize {
    text.chars().take_while(|c| *c == mark).count()
}

/// Takes up to `indent` blanks off every line, as far as the fence itself was indented.
fn unindented(text: &str, indent: usize) -> String {
    if indent == 0 {
        return text.to_owned();
    }
    text.split_inclusive('\n').map(|line| &line[run(line, ' ').min(indent)..]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(path: &str) -> RelPath {
        RelPath::parse(path).expect(path)
    }

    #[track_caller]
    fn reads(at: &str, answer: &str, expected: &str) {
        let extracted = extract(&path(at), answer).expect(answer);
        assert_eq!((extracted.text.as_str(), extracted.note), (expected, None));
    }

    #[track_caller]
    fn refuses(at: &str, answer: &str, why: &str) {
        let complaint = extract(&path(at), answer).expect_err(answer);
        assert!(complaint.contains(why), "{complaint}");
    }

    #[test]
    fn bare_code_stays_as_it_is() {
        for code in [
            "let a = 1;\n",
            "let a = 1;",
            "import os\nprint(os.name)\n",
            "fastapi\nuvicorn\n",
            "requests\n",
            "a\r\n\tb\r\n",
            "x.replace(/a/, '$&$1$$')\nstd::vec::Vec\n// </tool_call>\n",
            "\n\n  indented = True\n",
        ] {
            reads("a.py", code, code);
        }
    }

    #[test]
    fn one_fence_of_any_kind() {
        for (open, close) in [
            ("```", "```"),
            ("~~~", "~~~"),
            ("````", "````"),
            ("```c++", "```"),
            ("~~~~ js x=1", "~~~~"),
            ("```js title=\"b.js\"", "```"),
        ] {
            reads("a.js", &format!("{open}\nlet a;\n{close}\n"), "let a;\n");
            reads("a.js", &format!("{open}\nlet a;\n{close}"), "let a;\n");
            reads("a.js", &format!("{open}\r\n\tlet a;\r\n{close}\r\n"), "\tlet a;\r\n");
        }
    }

    #[test]
    fn prose_around_a_fence() {
        reads("a.js", "Here is `a.js`:\n\n```js\nlet a;\n```\n\nHave fun!\n", "let a;\n");
        reads("a.js", "Sure.\n```js\nlet a;\n```", "let a;\n");
    }

    #[test]
    fn fence_without_an_end() {
        reads("a.js", "```js\nlet a;\nlet b;", "let a;\nlet b;");
        reads("a.js", "Here:\n```js\nlet a;\n", "let a;\n");
    }

    #[test]
    fn fence_without_a_final_newline() {
        reads("a.js", "```js\nlet a;```", "let a;```");
    }

    #[test]
    fn fence_in_a_list_is_unindented() {
        reads("a.js", "1. The file:\n\n   ```js\n   if (a) {\n     b;\n   }\n   ```\n", "if (a) {\n  b;\n}\n");
    }

    #[test]
    fn names_like_a_fence_inside_code() {
        reads("requirements.txt", "```\nfastapi\nuvicorn\n```\n", "fastapi\nuvicorn\n");
        reads("a.py", "```python\nimport os\n```\n", "import os\n");
        reads(
            "a.py",
            "import os\n\nPROMPT = \"\"\"\n```json\n{}\n```\n\"\"\"\nprint(PROMPT)\n",
            "import os\n\nPROMPT = \"\"\"\n```json\n{}\n```\n\"\"\"\nprint(PROMPT)\n",
        );
    }

    #[test]
    fn fences_of_the_same_length_inside_code() {
        let file = "DOC = \"\"\"\n```json\n{}\n```\n\"\"\"\n";
        reads("a.py", &format!("```python\n{file}```\n"), file);
        reads("a.py", &format!("Here:\n```python\n{file}```\nDone.\n"), file);
        let bare_inside = "DOC = \"\"\"\n```\n{}\n```\n\"\"\"\n";
        reads("a.py", &format!("```python\n{bare_inside}```\n"), bare_inside);
    }

    #[test]
    fn markdown_with_fences_of_its_own() {
        let file = "# Title\n\n```bash\nmake\n```\n\nText.\n\n```\nplain\n```\n";
        reads("README.md", file, file);
        reads("README.md", &format!("````markdown\n{file}````\n"), file);
        reads("README.md", &format!("````\n{file}````\n"), file);
        reads("README.md", &format!("```markdown\n{file}```\n"), file);
        reads("README.md", &format!("~~~md\n{file}~~~"), file);
        let one = "# Title\n\n```bash\nmake\n```\n\nText.\n";
        reads("README.md", &format!("```markdown\n{one}```\n"), one);
        reads("README.md", &format!("```\n{one}```\n"), one);
        reads("README.md", &format!("Here is the file:\n\n```markdown\n{one}```\n\nBye.\n"), one);
        reads("docs/x.md", "```bash\nmake\n```\n", "```bash\nmake\n```\n");
        reads(
            "docs/x.md",
            "```bash\nmake\n```\n\nthen\n\n```bash\nrun\n```\n",
            "```bash\nmake\n```\n\nthen\n\n```bash\nrun\n```\n",
        );
    }

    #[test]
    fn of_several_blocks_the_one_with_the_path() {
        reads("b.js", "```js a.js\nlet aaaa;\n```\n```js b.js\nlet b;\n```\n", "let b;\n");
        reads("src/b.js", "**src/a.js**\n```js\nlet aaaa;\n```\n**src/b.js**\n```js\nlet b;\n```\n", "let b;\n");
        reads("src/b.js", "`a.js`:\n```js\nlet aaaa;\n```\nand `./src/b.js`:\n\n```js\nlet b;\n```\n", "let b;\n");
    }

    #[test]
    fn of_several_blocks_without_a_path_the_largest_and_it_is_said() {
        let extracted =
            extract(&path("a.js"), "Run:\n```sh\nnpm i\n```\nThen:\n```js\nlet a = 1;\n```\n").expect("reads");
        assert_eq!(extracted.text, "let a = 1;\n");
        assert_eq!(extracted.note.as_deref(), Some("the answer held 2 code blocks; the largest was taken"));
    }

    #[test]
    fn nothing_is_no_file() {
        refuses("a.js", "", "empty");
        refuses("a.js", " \n\n", "empty");
        refuses("a.js", "```js\n```\n", "empty");
        reads("pkg/__init__.py", "```python\n```\n", "");
        refuses("pkg/__init__.py", "", "empty");
    }

    #[test]
    fn a_refusal_is_no_file() {
        refuses("a.js", "I'm sorry, but I can't help with that.", "declines");
        refuses("a.js", "I cannot write this file.", "declines");
        reads("a.md", "Sorry, we are closed.\n", "Sorry, we are closed.\n");
        reads("a.js", "// I'm sorry, but this is code\nf();\n", "// I'm sorry, but this is code\nf();\n");
    }

    #[test]
    fn nul_bytes_are_no_text() {
        refuses("a.js", "let a;\0", "NUL");
    }
}
