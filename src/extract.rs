//! Takes the text of one file out of an answer, byte for byte.
//!
//! * Code: the fenced block, unless the fences stand in code themselves. Of several the one that is named for the file.
//! * A markdown file: the answer itself, its fences included, unless it is one marked block with a few words around.
//! * What is empty, or speaks to a person instead of being the file, is none.

use pulldown_cmark::{CodeBlockKind, Event, Parser, Tag};

use crate::{
    fence::{self, Block, Reading},
    path::RelPath,
};

/// The text of a file, and what a person should know of how it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extracted {
    pub text: String,
    pub note: Option<String>,
}

/// Files that are rightly empty. Any other empty answer is none.
const EMPTY_FILES: &[&str] = &["__init__.py", "py.typed", ".gitkeep", ".keep", ".nojekyll"];

/// Words of one or two sentences at most; what is longer is a file.
const LONGEST_REMARK: usize = 600;

/// Reads the answer to "write the file `path`": in a fence, among prose, or bare.
///
/// The error is a complaint that completes "that answer could not be used:".
pub fn extract(path: &RelPath, answer: &str) -> Result<Extracted, String> {
    if answer.contains('\0') {
        return Err("it holds NUL bytes, and a text file has none".to_owned());
    }
    let reading = if is_markdown(path) { Reading::Document } else { Reading::Code };
    let blocks = fence::blocks(answer, reading);
    let extracted = match reading {
        Reading::Document => document(path, answer, &blocks),
        Reading::Code | Reading::Plain => code(path, answer, &blocks),
    };
    let is_explicit = !blocks.is_empty() && EMPTY_FILES.contains(&path.name());
    if extracted.text.trim().is_empty() && !is_explicit {
        return Err("it is empty".to_owned());
    }
    if blocks.is_empty() && is_remark(path, answer) {
        let words: String = answer.trim().chars().take(160).collect();
        return Err(format!("it declines or announces instead of writing the file ('{words}')"));
    }
    Ok(extracted)
}

fn is_markdown(path: &RelPath) -> bool {
    matches!(path.extension().as_str(), "md" | "mdx" | "markdown" | "qmd" | "rmd")
}

/// Code: the fenced block, of several the one for this path, or the largest; without one the bare answer.
fn code(path: &RelPath, answer: &str, blocks: &[Block]) -> Extracted {
    if blocks.is_empty() || is_code_around(answer, blocks) {
        return Extracted { text: answer.to_owned(), note: None };
    }
    let named: Vec<&Block> =
        blocks.iter().filter(|block| names(block.info, path) || names(block.above, path)).collect();
    let (candidates, kind) = match named.is_empty() {
        true => (blocks.iter().collect(), "code blocks"),
        false => (named, "code blocks for this file"),
    };
    let largest = candidates.iter().max_by_key(|block| block.text.len()).expect("there is at least one block");
    let count = candidates.len();
    let note = (count > 1).then(|| format!("the answer held {count} {kind}; the largest was taken"));
    Extracted { text: largest.text.clone(), note }
}

/// A markdown file: the one block that is marked as the file and has at most a few words around it; else the answer.
fn document(path: &RelPath, answer: &str, blocks: &[Block]) -> Extracted {
    let text = match blocks {
        [block]
            if is_marked(block, path)
                && is_chatter(&answer[..block.whole.start])
                && is_chatter(&answer[block.whole.end..]) =>
        {
            block.text.clone()
        }
        _ => answer.to_owned(),
    };
    Extracted { text, note: None }
}

/// Whether a block says that it is the markdown file, or has no language and looks like one.
fn is_marked(block: &Block, path: &RelPath) -> bool {
    let language = block.info.split([' ', ',', '{']).next().unwrap_or_default().to_lowercase();
    let looks_like_a_document = block.text.trim_start().starts_with('#') || block.text.starts_with("---");
    matches!(language.as_str(), "markdown" | "md" | "mdx" | "qmd" | "rmd")
        || names(block.info, path)
        || (language.is_empty() && (names(block.above, path) || looks_like_a_document))
}

/// At most a short lead-in or sign-off: three lines, no heading, no list, no code.
fn is_chatter(text: &str) -> bool {
    let is_structure = |event| {
        matches!(event, Event::Start(Tag::Heading { .. } | Tag::List(_) | Tag::CodeBlock(CodeBlockKind::Fenced(_))))
    };
    text.lines().filter(|line| !line.trim().is_empty()).count() <= 3 && !Parser::new(text).any(is_structure)
}

/// Whether the words name the file at `path`.
fn names(words: &str, path: &RelPath) -> bool {
    let is_cut = |c: char| c.is_whitespace() || "`*'\"()[]{}<>,:=#".contains(c);
    words.split(is_cut).any(|word| {
        let word = word.trim_start_matches("./").trim_end_matches('.');
        word == path.as_str() || word == path.name()
    })
}

/// Whether what stands around the fences is code itself, so that the fences belong to it. When in doubt it is not.
fn is_code_around(answer: &str, blocks: &[Block]) -> bool {
    let starts = [0].into_iter().chain(blocks.iter().map(|block| block.whole.end));
    let ends = blocks.iter().map(|block| block.whole.start).chain([answer.len()]);
    let around: Vec<&str> = starts
        .zip(ends)
        .flat_map(|(start, end)| answer[start..end].lines())
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    let code_lines = around.iter().filter(|line| is_code_line(line)).count();
    let begins_with_a_fence = blocks.first().is_some_and(|block| answer[..block.whole.start].trim().is_empty());
    !begins_with_a_fence && code_lines >= 3 && code_lines * 2 > around.len()
}

/// Whether a line is code beyond doubt: sentences end in brackets, colons and commas too.
fn is_code_line(line: &str) -> bool {
    let declarations = ["import ", "const ", "let ", "var ", "fn ", "pub ", "use ", "#include", "return "];
    let blocks = ["def ", "class ", "async def "];
    line.ends_with([';', '{', '}'])
        || [" = ", " += ", " := ", " => "].iter().any(|sign| line.contains(sign))
        || (line.starts_with("from ") && line.contains(" import "))
        || (blocks.iter().any(|start| line.starts_with(start)) && line.ends_with(':'))
        || (declarations.iter().any(|start| line.starts_with(start)) && !line.ends_with(['.', ':', '!', '?']))
}

/// Whether a short answer speaks in the first person: declines, or, where code was asked for, says what it will do.
fn is_remark(path: &RelPath, answer: &str) -> bool {
    if answer.trim().len() >= LONGEST_REMARK || has_heading(answer) {
        return false;
    }
    let words = answer.trim().to_lowercase().replace('’', "'");
    let is_text = is_markdown(path) || matches!(path.extension().as_str(), "" | "txt" | "rst" | "adoc");
    declines(&words) || (!is_text && speaks_of_itself(&words) && !words.contains(['{', '}', '=', ';', '<', '>']))
}

fn has_heading(answer: &str) -> bool {
    Parser::new(answer).any(|event| matches!(event, Event::Start(Tag::Heading { .. })))
}

/// Whether the first sentence, mere apologies left out, says that the speaker does not do what was asked.
fn declines(words: &str) -> bool {
    let apologies = ["sorry", "i'm sorry", "i am sorry", "i apologize", "i apologise", "my apologies"];
    let openings = ["unfortunately", "as an ai", "as a language model", "as a large language model", "i'm afraid"];
    let refusals = [
        "i can't",
        "i cannot",
        "i can not",
        "i'm unable",
        "i am unable",
        "i'm not able",
        "i am not able",
        "i won't",
        "i will not",
        "i must decline",
        "i have to decline",
    ];
    // "I can't wait" is what a letter says; who declines names the work.
    let work = [
        "help",
        "assist",
        "write",
        "create",
        "provide",
        "generate",
        "produce",
        "fulfil",
        "comply",
        "complete",
        "continue",
        "do that",
        "do this",
        "access",
        "implement",
    ];
    let mut sentences = words.split_inclusive(['.', '!', '?', '\n']).map(str::trim);
    let is_apology = |sentence: &str| apologies.contains(&sentence.trim_end_matches(['.', '!']));
    let Some(sentence) = sentences.find(|sentence| !sentence.is_empty() && !is_apology(sentence)) else {
        return false;
    };
    let has = |parts: &[&str]| parts.iter().any(|part| sentence.contains(part));
    let opens_with = |parts: &[&str]| parts.iter().any(|part| words.starts_with(part));
    let is_excused = opens_with(&apologies) || opens_with(&openings);
    (is_excused && has(&refusals)) || (opens_with(&refusals) && has(&work))
}

/// Whether it is one paragraph in which a person is spoken to.
fn speaks_of_itself(words: &str) -> bool {
    let is_one_paragraph = !words.contains("\n\n") && !words.contains("\r\n\r\n");
    let openings = ["i ", "i'm ", "i'll ", "i've ", "sorry, ", "let me "];
    is_one_paragraph && openings.iter().any(|opening| words.starts_with(opening))
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
    fn prose_with_a_line_or_two_like_code_around_a_fence() {
        let block = "```js\nlet a;\n```\n";
        for (above, below) in [
            ("Here is the updated file (src/a.js)\n", "Run it with `node a.js` (Node 18+)"),
            ("Set PORT = 80 first;\n", "import it like this:\n"),
            ("Set A = 1\nSet B = 2\n", ""),
            (
                "I set A = 1,\nas well as B = 2,\nC = 3, and also\nleft the rest\nas it was before\nin your file:\n",
                "Bye.",
            ),
            ("The \"\"\" in your file was wrong.\n", "Done."),
            ("I took `'''` away:\n\n", "Use `'''` no more.\n"),
            ("/* was not closed:\n", ""),
        ] {
            reads("src/a.js", &format!("{above}{block}{below}"), "let a;\n");
        }
        reads("a.js", "```js\nlet a;\n```\nA = 1;\nB = 2;\nC = 3;\n", "let a;\n");
    }

    #[test]
    fn fences_among_code_belong_to_it() {
        for file in [
            "const a = 1;\nconst b = `\n~~~json\n{}\n~~~\n`;\nexport { a, b };\n",
            "P = '''\n```json\n'''\nprint(1)\n",
            "\"\"\"Shows it:\n\n```\nx\n```\n\"\"\"\nprint(1)\n",
            "/*\nLike this:\n```js\nf()\n```\n*/\nf()\n",
        ] {
            reads("a.py", file, file);
        }
    }

    #[test]
    fn fence_below_an_html_tag() {
        for above in ["<br>\n", "<file path=\"a.js\">\n", "</think>\n", "<details>\n<summary>a</summary>\n"] {
            reads("a.js", &format!("{above}```js\nlet a;\n```\n"), "let a;\n");
        }
        reads("a.js", "<file path=\"a.js\">\n```js\nlet a;\n```\n</file>\n", "let a;\n");
    }

    #[test]
    fn inner_fence_that_is_never_closed() {
        let file = "PROMPT = '''\n```json\n'''\nprint(1)\n";
        reads("a.py", &format!("```python\n{file}```\n\nThat is it.\n"), file);
        reads("a.js", "```js\nsend(\n```json\n)\n```\n\nThat is it.\n", "send(\n```json\n)\n");
    }

    #[test]
    fn quotes_that_nothing_closes_hide_no_fence() {
        let answer = "```js a.js\nlet a = \"'''\";\n```\nRun:\n```sh\nnode a\n```\n";
        reads("a.js", answer, "let a = \"'''\";\n");
        reads("_redirects", "```\n/*  /index.html  200\n```\nBye.\n", "/*  /index.html  200\n");
        reads("a.js", "```js a.js\nlet a = 1;\n```\nOutput:\n```\n1\n```", "let a = 1;\n");
    }

    #[test]
    fn fence_of_a_docstring_closes_nothing() {
        let file = "def f():\n    #:\n    ```\n    x\n    ```\n";
        reads("a.py", &format!("```python\n{file}```\nBye.\n"), file);
    }

    #[test]
    fn fence_right_after_a_list_marker() {
        reads("a.js", "- ```js\n  let a;\n  ```\n", "let a;\n");
    }

    #[test]
    fn of_two_named_blocks_the_larger_and_it_is_said() {
        let answer = "```js a.js\nlet a;\n```\n`a.js`:\n```js\nlet a = 1;\n```\n```sh\nnpm install --everything\n```\n";
        let extracted = extract(&path("a.js"), answer).expect("reads");
        assert_eq!(extracted.text, "let a = 1;\n");
        let note = "the answer held 2 code blocks for this file; the largest was taken";
        assert_eq!(extracted.note.as_deref(), Some(note));
    }

    #[test]
    fn markdown_with_examples_is_no_example() {
        for file in [
            "# Plan: shared_dependencies.md\n\n```yaml contract\nfiles: []\n```\n",
            "# Plan\n\nIn `shared_dependencies.md`:\n\n```\nfiles: []\n```\n",
            "The plan in shared_dependencies.md:\n```yaml contract\nfiles: []\n```\n",
            "# Guide\n\nWrite:\n\n```markdown\n# Title\n```\n",
            "# Help\n\nEdit `README.md` like this:\n\n```\nText\n```\n",
            "- one\n- two\n\n```markdown\n# Title\n```\n",
            "a\n\nb\n\nc\n\nd\n\n```markdown\n# Title\n```\n",
            "```markdown\n# Title\n```\n\na\n\nb\n\nc\n\nd\n",
            "Here:\n\n```markdown\n# Title\n```\n\nAnd run:\n\n```\nmake\n```\n",
            "Here:\n\n```markdown\n# Title\n```\nAnd run:\n```\nmake\n```\n",
            "Here:\n```md\n# A\n\n```\n\nRun:\n\n```\nmake\n```\n",
            "Run:\n\n```\nmake\n```\n",
        ] {
            reads("shared_dependencies.md", file, file);
            reads("README.md", file, file);
        }
    }

    #[test]
    fn markdown_block_among_a_few_words() {
        for open in ["```markdown", "```md", "```README.md", "```"] {
            reads("README.md", &format!("Sure!\n\nHere:\n{open}\n# Title\n```\nBye.\n"), "# Title\n");
        }
        reads("README.md", "`README.md`:\n```\nText\n```\n", "Text\n");
        let file = "# A\n\n```\nx\n```\nB:\n```\ny\n```\n";
        reads("README.md", &format!("<br>\n```md\n{file}```\n"), file);
    }

    #[test]
    fn refusals_in_other_words() {
        for words in [
            "I'm sorry, but I can't help with that.",
            "I’m sorry. I can’t help with that.",
            "I apologize, but I can't do it.",
            "I'm not able to help with this request.",
            "Unfortunately, I can't do it.",
            "As a language model I cannot do it.",
            "As an AI, I’m unable to do it. Ask me something else!",
        ] {
            for at in ["a.js", "a.md", "a.txt", "LICENSE"] {
                refuses(at, words, "declines");
            }
        }
        refuses("a.js", "I will now write the file a.js for you.", "announces");
        refuses("a.js", "Sorry, that is not possible.", "declines");
    }

    #[test]
    fn text_in_the_first_person_is_a_file() {
        for (at, file) in [
            ("a.txt", "I will now write a letter.\n"),
            ("a.md", "I can't wait to see you.\n"),
            ("a.md", "I can't write.\n\n# A poem\n"),
            ("a.coffee", "I = 1\n"),
            ("a.coffee", "I 1\n\nf 2\n"),
            ("a.js", &format!("I'm sorry, but I can't help = 1\n{}", "f(1)\n".repeat(200))),
            ("a.js", &format!("// I'm sorry, but I can't help\n{}", "f(1)\n".repeat(200))),
        ] {
            reads(at, file, file);
        }
    }

    #[test]
    fn bytes_stay_as_sent() {
        for file in ["a\r\n\tb\r\n", "a\t \n\n\n", "\u{feff}a\n", "$& :: </tool_call>\n"] {
            reads("a.js", file, file);
            reads("a.js", &format!("Here:\n```\n{file}```\r\nBye."), file);
        }
    }

    #[test]
    fn lines_that_only_resemble_a_closing_fence() {
        for file in ["~~~\nx\n", "- ```\n  x\n  ```\n", "1.```\nx\n", "```x``` y\n", "f:\n"] {
            reads("a.js", &format!("Here:\n```js\n{file}```\nBye.\n"), file);
        }
        reads("a.js", "````js\n```\nx\n````\n", "```\nx\n");
        reads("a.js", "```npm i``` first.\n\n```js\nlet a;\n```\n", "let a;\n");
        reads("a.js", "```js a.js\nf:\n```\nRun:\n```\nx\n```\n", "f:\n");
        reads("a.js", "1.```\nx\n", "1.```\nx\n");
        reads("a.js", "I can't write more.\n```js\nlet a;\n```\n", "let a;\n");
    }

    #[test]
    fn nul_bytes_are_no_text() {
        refuses("a.js", "let a;\0", "NUL");
    }
}
