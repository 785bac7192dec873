//! Search/replace blocks as a model writes them into an answer.

use serde::{Deserialize, Serialize};

/// One replacement, as it was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Block {
    /// The file, as the model spells it.
    pub path: String,
    pub search: String,
    pub replace: String,
}

/// The blocks of an answer, and what is said around them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blocks {
    pub prose: String,
    pub blocks: Vec<Block>,
    /// Why something that begins like a block is none.
    pub faults: Vec<String>,
}

/// Reads the blocks out of an answer.
///
/// A block begins with a line of `<<<<<<< SEARCH`, is parted by `=======` and ends with `>>>>>>> REPLACE`. Its path
/// stands on a line above, in whatever decoration; without one it is that of the block before.
pub fn read(answer: &str) -> Blocks {
    read_for("", answer)
}

/// The same where the first path may be missing, because it goes without saying.
pub fn read_for(path: &str, answer: &str) -> Blocks {
    let lines: Vec<&str> = answer.lines().collect();
    let (mut found, mut prose, mut index) = (Blocks::default(), Vec::<&str>::new(), 0);
    let mut path = path.to_owned();
    while index < lines.len() {
        if !is_start(lines[index]) {
            prose.push(lines[index]);
            index += 1;
            continue;
        }
        let named = take_path(&mut prose);
        path = named.unwrap_or(path);
        let begins = index + 1;
        let end = lines[begins..].iter().position(|line| is_end(line) || is_start(line)).map(|length| begins + length);
        let Some(end) = end.filter(|end| is_end(lines[*end])) else {
            found.faults.push(format!("the block for '{path}' has no end"));
            index = end.unwrap_or(lines.len());
            continue;
        };
        match parted(&lines[begins..end]) {
            Err(why) => found.faults.push(format!("the block for '{path}' {why}")),
            Ok(_) if path.is_empty() => found.faults.push("a block does not say which file it is for".to_owned()),
            Ok((search, replace)) => found.blocks.push(Block { path: path.clone(), search, replace }),
        }
        index = end + 1;
        // The fence around a block is no prose.
        if lines.get(index).is_some_and(|line| is_fence(line)) {
            index += 1;
        }
    }
    let prose = prose.join("\n");
    found.prose = prose.trim().to_owned();
    found
}

fn parted(lines: &[&str]) -> Result<(String, String), &'static str> {
    let dividers: Vec<usize> = (0..lines.len()).filter(|index| is_divider(lines[*index])).collect();
    match dividers.as_slice() {
        [] => Err("has no line of ======= between its halves"),
        [at] => Ok((joined(&lines[..*at]), joined(&lines[at + 1..]))),
        _ => Err("has more than one line of =======, so that nobody knows where its halves meet"),
    }
}

fn joined(lines: &[&str]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

fn marks(line: &str, sign: char) -> Option<&str> {
    let line = line.trim();
    let rest = line.trim_start_matches(sign);
    (5..=9).contains(&(line.len() - rest.len())).then(|| rest.trim())
}

fn is_start(line: &str) -> bool {
    marks(line, '<').is_some_and(|word| matches!(word.trim_end_matches(':'), "SEARCH" | "ORIGINAL" | "HEAD" | "Search"))
}

fn is_divider(line: &str) -> bool {
    // Indented, it is a heading of the file's own.
    !line.starts_with([' ', '\t']) && marks(line, '=').is_some_and(str::is_empty)
}

fn is_end(line: &str) -> bool {
    marks(line, '>').is_some_and(|word| matches!(word.trim_end_matches(':'), "REPLACE" | "UPDATED" | "Replace"))
}

fn is_fence(line: &str) -> bool {
    let line = line.trim();
    line.starts_with("```") || line.starts_with("~~~")
}

/// Takes the path out of the last lines before a block, with the fence below it.
fn take_path(prose: &mut Vec<&str>) -> Option<String> {
    let mut from_fence = None;
    while prose.last().is_some_and(|line| line.trim().is_empty() || is_fence(line)) {
        let fence = prose.pop().expect("it was just seen").trim().trim_start_matches(['`', '~']);
        // Some write the path behind the language: ```python src/a.py
        from_fence = from_fence.or_else(|| fence.split_whitespace().find_map(path_in));
    }
    let above = prose.last().and_then(|line| path_in(line));
    match (from_fence, above) {
        (Some(path), _) => Some(path),
        (None, Some(path)) => {
            prose.pop();
            // The fence may stand above the path, too.
            while prose.last().is_some_and(|line| is_fence(line)) {
                prose.pop();
            }
            Some(path)
        }
        (None, None) => None,
    }
}

/// The path on a line that has nothing else but decoration: `### src/a.py`, `**File: src/a.py**`, `` `src/a.py`: ``.
fn path_in(line: &str) -> Option<String> {
    let decoration = |c: char| c.is_whitespace() || "#*`'\":>".contains(c);
    let mut line = line.trim().trim_start_matches(['#', '>', '-', '/']).trim_matches(decoration);
    for word in ["file path:", "filename:", "file:", "path:", "in "] {
        if line.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word)) {
            line = line[word.len()..].trim_matches(decoration);
        }
    }
    let is_path = !line.is_empty() && !line.contains(char::is_whitespace) && (line.contains('.') || line.contains('/'));
    let known = ["Makefile", "Dockerfile", "Gemfile", "Rakefile", "Procfile", "Justfile"];
    (is_path && !line.ends_with('.') || known.contains(&line)).then(|| line.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn reads(answer: &str, prose: &str, blocks: &[(&str, &str, &str)], faults: usize) {
        let read = read(answer);
        let found: Vec<_> = read
            .blocks
            .iter()
            .map(|block| (block.path.as_str(), block.search.as_str(), block.replace.as_str()))
            .collect();
        assert_eq!((read.prose.as_str(), found.as_slice()), (prose, blocks));
        assert_eq!(read.faults.len(), faults, "{:?}", read.faults);
    }

    #[test]
    fn a_block_in_a_fence_under_its_path() {
        reads(
            "It is this.\n\nsrc/a.py\n```python\n<<<<<<< SEARCH\na\n=======\nb\n>>>>>>> REPLACE\n```\n\nThat is all.\n",
            "It is this.\n\n\nThat is all.",
            &[("src/a.py", "a\n", "b\n")],
            0,
        );
    }

    #[test]
    fn paths_in_every_decoration() {
        for path in [
            "### src/__init__.py",
            "**File: `src/__init__.py`**",
            "`src/__init__.py`:",
            "// src/__init__.py",
            "File path: src/__init__.py",
            "```\nsrc/__init__.py",
            "src/__init__.py\n\n```py",
            "```python src/__init__.py",
        ] {
            let answer = format!("{path}\n<<<<<<< SEARCH\na\n=======\n>>>>>>> REPLACE\n```\n");
            reads(&answer, "", &[("src/__init__.py", "a\n", "")], 0);
        }
    }

    #[test]
    fn a_second_block_for_the_same_file() {
        let block = "<<<<<<< SEARCH\na\n=======\nb\n>>>>>>> REPLACE\n";
        reads(&format!("a.js\n{block}and\n\n{block}"), "and", &[("a.js", "a\n", "b\n"), ("a.js", "a\n", "b\n")], 0);
    }

    #[test]
    fn what_begins_like_a_block_and_is_none() {
        reads("a.js\n<<<<<<< SEARCH\na\n=======\nb\n", "", &[], 1);
        reads("a.js\n<<<<<<< SEARCH\na\n>>>>>>> REPLACE\n", "", &[], 1);
        reads("a.md\n<<<<<<< SEARCH\nT\n=======\n=======\nb\n>>>>>>> REPLACE\n", "", &[], 1);
        reads("<<<<<<< SEARCH\na\n=======\nb\n>>>>>>> REPLACE\n", "", &[], 1);
    }
}
