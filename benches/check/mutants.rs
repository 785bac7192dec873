//! Breaks of one place each, made by hand-written rules on plain text, and whether they really break something.
//!
//! A mutant counts as breaking if the text shows that somebody relies on what was changed: the word stands in code
//! elsewhere. Comments, documentation and the changed place itself do not count.

use smol_dev::workspace::tree::{SourceFile, Tree};

use crate::with_file;

pub struct Mutant {
    pub kind: &'static str,
    /// File, line and what was done.
    pub what: String,
    pub tree: Tree,
    pub is_breaking: bool,
}

/// All mutants of a project. How names are changed follows from a seed.
pub fn mutants(tree: &Tree) -> Vec<Mutant> {
    let mut seed = Seed(20_251_121);
    let mut all = Vec::new();
    for file in tree.files.iter().filter(|file| file.text.is_some()) {
        let maker = Maker { tree, file, text: file.text.as_deref().unwrap_or_default() };
        maker.renamed_definitions(&mut seed, &mut all);
        maker.dropped_exports(&mut all);
        maker.dropped_parameters(&mut all);
        maker.changed_ids(&mut seed, &mut all);
        maker.renamed_messages(&mut seed, &mut all);
        maker.renamed_keys(&mut all);
        maker.renamed_fields(&mut all);
        maker.changed_routes(&mut seed, &mut all);
        maker.dropped_dependencies(&mut all);
        maker.deleted_file(&mut all);
    }
    all
}

/// Numbers that look like chance and are the same every time (splitmix64, Steele and others 2014).
struct Seed(u64);

impl Seed {
    fn next(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % below as u64) as usize
    }

    /// Another name: a little longer, a little shorter, or one that has nothing to do with it.
    fn other_name(&mut self, name: &str) -> String {
        match self.next(4) {
            0 => format!("{name}2"),
            1 => format!("{name}X"),
            2 if name.len() > 4 => name[..name.len() - 1].to_owned(),
            _ if name.starts_with(char::is_uppercase) => "Zebra".to_owned(),
            _ => "zebra".to_owned(),
        }
    }
}

struct Maker<'t> {
    tree: &'t Tree,
    file: &'t SourceFile,
    text: &'t str,
}

/// A word at its place.
#[derive(Clone, Copy)]
struct Word<'t> {
    text: &'t str,
    at: usize,
}

fn is_part(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}

fn word_at(text: &str, at: usize) -> Word<'_> {
    let rest = &text[at..];
    let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
    Word { text: &rest[..end], at }
}

impl<'t> Maker<'t> {
    fn extension(&self) -> &'t str {
        self.file.path.rsplit_once('.').map_or("", |(_, extension)| extension)
    }

    fn is_code(&self) -> bool {
        matches!(self.extension(), "js" | "ts" | "tsx" | "py" | "rs" | "go")
    }

    fn replaced(&self, at: usize, length: usize, new: &str) -> Tree {
        let text = format!("{}{new}{}", &self.text[..at], &self.text[at + length..]);
        with_file(self.tree, &self.file.path, Some(text))
    }

    fn line_of(&self, at: usize) -> usize {
        self.text[..at].matches('\n').count() + 1
    }

    fn push(&self, all: &mut Vec<Mutant>, kind: &'static str, at: usize, what: String, tree: Tree, is_breaking: bool) {
        let what = format!("{}:{}: {what}", self.file.path, self.line_of(at));
        all.push(Mutant { kind, what, tree, is_breaking });
    }

    /// The lines of this file with the offset of each.
    fn lines(&self) -> impl Iterator<Item = (usize, &'t str)> {
        let start = self.text.as_ptr() as usize;
        self.text.lines().map(move |line| (line.as_ptr() as usize - start, line))
    }

    /// Whether `word` stands in code anywhere but at `at` in this file.
    fn is_used(&self, word: &str, at: usize) -> bool {
        self.tree.files.iter().any(|file| {
            let is_own = file.path == self.file.path;
            code_words(file).any(|found| found.text == word && !(is_own && found.at == at))
        })
    }

    /// The names that this file defines, with what introduces them.
    fn definitions(&self) -> Vec<(Word<'t>, usize)> {
        let starts: &[&str] = match self.extension() {
            "js" | "ts" | "tsx" => &["function ", "class ", "const ", "var ", "enum ", "interface "],
            "py" => &["def ", "class "],
            "rs" => &["fn ", "struct ", "enum ", "const "],
            "go" => &["func ", "type "],
            _ => &[],
        };
        let mut found = Vec::new();
        for (offset, line) in self.lines() {
            let indent = line.len() - line.trim_start().len();
            let mut rest = line.trim_start();
            for word in ["export ", "default ", "async ", "pub ", "declare "] {
                rest = rest.strip_prefix(word).unwrap_or(rest);
            }
            let is_script = matches!(self.extension(), "js" | "ts" | "tsx");
            if let Some(start) = starts.iter().find(|start| rest.starts_with(**start)) {
                // Only what stands at the top, or is a member, is a definition for others.
                if indent > 0 && (is_script || *start == "const ") {
                    continue;
                }
                let mut at = offset + (line.len() - rest.len()) + start.len();
                if self.extension() == "go" && self.text[at..].starts_with('(') {
                    let Some(end) = self.text[at..].find(") ") else { continue };
                    at += end + 2;
                }
                let word = word_at(self.text, at);
                let is_called_by_others = matches!(word.text, "main" | "init" | "new" | "fmt" | "run")
                    || word.text.starts_with("__")
                    || word.text.starts_with("test")
                    || word.text.starts_with("Test");
                if !word.text.is_empty() && !is_called_by_others {
                    found.push((word, at));
                }
            } else if is_script && indent == 2 && rest.ends_with(") {") && self.is_in_class(offset) {
                let word = word_at(self.text, offset + line.len() - rest.len());
                let is_method = self.text[word.at + word.text.len()..].starts_with('(');
                if is_method && !matches!(word.text, "constructor" | "if" | "for" | "while" | "switch" | "catch") {
                    found.push((word, word.at));
                }
            }
        }
        found
    }

    fn is_in_class(&self, at: usize) -> bool {
        let before = &self.text[..at];
        let class = before
            .rfind("\nclass ")
            .or_else(|| before.rfind("\nexport class "))
            .or_else(|| before.starts_with("class ").then_some(0));
        let end = before.rfind("\n}");
        class.is_some_and(|class| end.is_none_or(|end| end < class))
    }

    /// Browsers make a global of every id, so a script finds its element under that name as well.
    fn is_id(&self, word: &str) -> bool {
        let form = format!(" id=\"{word}\"");
        self.tree
            .files
            .iter()
            .any(|file| file.path.ends_with(".html") && file.text.as_deref().is_some_and(|text| text.contains(&form)))
    }

    fn renamed_definitions(&self, seed: &mut Seed, all: &mut Vec<Mutant>) {
        for (word, at) in self.definitions() {
            let new = seed.other_name(word.text);
            let is_breaking = self.is_used(word.text, at) && !(self.extension() == "js" && self.is_id(word.text));
            let tree = self.replaced(at, word.text.len(), &new);
            self.push(all, "rename a definition", at, format!("{} to {new}", word.text), tree, is_breaking);
        }
    }

    fn dropped_exports(&self, all: &mut Vec<Mutant>) {
        let is_imported = |word: &str| {
            self.tree.files.iter().any(|file| {
                let text = file.text.as_deref().unwrap_or_default();
                file.path != self.file.path
                    && code_words(file).any(|found| found.text == word)
                    && (text.contains("import") || text.contains("require") || text.contains("use "))
            })
        };
        for (offset, line) in self.lines() {
            if let Some(rest) = line
                .strip_prefix("export ")
                .filter(|rest| !rest.starts_with('{') && !rest.starts_with("default") && !rest.starts_with('*'))
            {
                let name = rest.split(|c| !is_part(c)).find(|word| {
                    !matches!(
                        *word,
                        "async"
                            | "function"
                            | "const"
                            | "class"
                            | "interface"
                            | "enum"
                            | "type"
                            | "let"
                            | "var"
                            | "abstract"
                    )
                });
                let name = name.unwrap_or_default();
                self.push(
                    all,
                    "drop an export",
                    offset,
                    name.to_owned(),
                    self.replaced(offset, "export ".len(), ""),
                    is_imported(name),
                );
            }
            if let Some(rest) = line.strip_prefix("module.exports = { ").and_then(|rest| rest.strip_suffix(" };")) {
                for name in rest.split(", ") {
                    let kept: Vec<&str> = rest.split(", ").filter(|other| *other != name).collect();
                    let new = format!("module.exports = {{ {} }};", kept.join(", "));
                    self.push(
                        all,
                        "drop an export",
                        offset,
                        name.to_owned(),
                        self.replaced(offset, line.len(), &new),
                        is_imported(name),
                    );
                }
            }
            if let Some((before, _)) = line
                .split_once(" = ")
                .filter(|(before, _)| before.starts_with("exports.") || before.starts_with("module.exports."))
            {
                let name = before.rsplit('.').next().unwrap_or_default();
                let new = line.replacen(before, "const dropped", 1);
                self.push(
                    all,
                    "drop an export",
                    offset,
                    name.to_owned(),
                    self.replaced(offset, line.len(), &new),
                    is_imported(name),
                );
            }
        }
    }

    fn dropped_parameters(&self, all: &mut Vec<Mutant>) {
        for (word, at) in self.definitions() {
            let open = at + word.text.len();
            let line = self.text[..at].rfind('\n').map_or(0, |at| at + 1);
            let is_class = self.text[line..at].trim_start().starts_with("class ");
            if !self.text[open..].starts_with('(') || is_class {
                continue;
            }
            let Some(close) = matching(self.text, open) else { continue };
            let list = &self.text[open + 1..close];
            let parts = split_list(list);
            let Some(last) =
                parts.last().map(|part| part.trim()).filter(|last| !last.is_empty() && !last.contains("self"))
            else {
                continue;
            };
            let name: String = last
                .trim_start_matches("mut ")
                .trim_start_matches(['*', '.', '&', '{', ' '])
                .chars()
                .take_while(|c| is_part(*c))
                .collect();
            let kept = parts[..parts.len() - 1].join(",");
            let body = self.body_after(close, at);
            let is_read = code_words_of(body, self.extension()).any(|found| found.text == name);
            // JavaScript lets a call have any number of arguments; there only the body can miss it.
            let is_called = !matches!(self.extension(), "js") && self.is_used(word.text, at);
            let tree = self.replaced(open + 1, list.len(), &kept);
            self.push(
                all,
                "drop a parameter",
                at,
                format!("{name} of {}", word.text),
                tree,
                is_read || is_called && !last.contains('='),
            );
        }
    }

    /// The lines of a function's body: those further in than its first line.
    fn body_after(&self, close: usize, at: usize) -> &'t str {
        let line_start = self.text[..at].rfind('\n').map_or(0, |at| at + 1);
        let indent = self.text[line_start..].len()
            - self.text[line_start..].trim_start_matches(' ').trim_start_matches('\t').len();
        let rest = &self.text[close..];
        let mut end = 0;
        for (index, line) in rest.split_inclusive('\n').enumerate() {
            let bare = line.trim();
            let depth = line.len() - line.trim_start().len();
            if index > 0 && !bare.is_empty() && depth <= indent {
                break;
            }
            end += line.len();
        }
        &rest[..end]
    }

    fn changed_ids(&self, seed: &mut Seed, all: &mut Vec<Mutant>) {
        if self.extension() != "html" {
            return;
        }
        for (at, _) in self.text.match_indices(" id=\"") {
            let start = at + " id=\"".len();
            let Some(length) = self.text[start..].find('"') else { continue };
            let id = &self.text[start..start + length];
            let new = format!("{id}-{}", ["x", "new", "field"][seed.next(3)]);
            let is_wanted = self.tree.files.iter().any(|file| {
                let text = file.text.as_deref().unwrap_or_default();
                let forms = [format!("'{id}'"), format!("\"{id}\""), format!("#{id}'"), format!("#{id}\"")];
                let in_page = [
                    format!("for=\"{id}\""),
                    format!("href=\"#{id}\""),
                    format!("labelledby=\"{id}\""),
                    format!("controls=\"{id}\""),
                ];
                file.path.ends_with(".js") && forms.iter().any(|form| text.contains(form.as_str()))
                    || file.path.ends_with(".tsx") && forms.iter().any(|form| text.contains(form.as_str()))
                    || file.path == self.file.path && in_page.iter().any(|form| text.contains(form.as_str()))
            });
            self.push(
                all,
                "change an id",
                start,
                format!("{id} to {new}"),
                self.replaced(start, length, &new),
                is_wanted,
            );
        }
    }

    fn renamed_messages(&self, seed: &mut Seed, all: &mut Vec<Mutant>) {
        if !matches!(self.extension(), "js" | "ts" | "tsx") {
            return;
        }
        for (at, line) in self.lines() {
            let is_message = line.contains("sendMessage(")
                || line.contains(".type ")
                || line.contains("CustomEvent(")
                || line.contains("addEventListener('todo:")
                || line.contains("PAGE_READY:");
            let Some(quoted) = line.split('\'').nth(1).filter(|_| is_message) else { continue };
            let start = at + line.find(quoted).unwrap_or_default();
            let new = format!("{quoted}{}", ["Now", "2", "s"][seed.next(3)]);
            let literal = format!("'{quoted}'");
            let count: usize = self
                .tree
                .files
                .iter()
                .filter_map(|file| file.text.as_deref())
                .map(|text| text.matches(&literal).count())
                .sum();
            self.push(
                all,
                "rename a message",
                start,
                format!("{quoted} to {new}"),
                self.replaced(start, quoted.len(), &new),
                count > 1,
            );
        }
    }

    /// The keys that a message carries, at whoever sends it.
    fn renamed_keys(&self, all: &mut Vec<Mutant>) {
        if !matches!(self.extension(), "js" | "ts" | "tsx") {
            return;
        }
        for (at, line) in self.lines() {
            let sends = ["sendMessage({", "CustomEvent('", ".emit('", "sendResponse({"];
            let Some(call) = sends.iter().find_map(|send| line.find(send)) else { continue };
            for (colon, _) in line.match_indices(": ").filter(|(colon, _)| *colon > call) {
                let start = line[..colon].rfind(|c| !is_part(c)).map_or(0, |found| found + 1);
                let key = &line[start..colon];
                if key.is_empty() || matches!(key, "type" | "detail") {
                    continue;
                }
                let reads = |file: &&SourceFile| {
                    let text = file.text.as_deref().unwrap_or_default();
                    file.path != self.file.path
                        && (text.contains(&format!(".{key}"))
                            || text.contains(&format!("{{ {key}"))
                            || text.contains(&format!(", {key}")))
                };
                let is_read = self.tree.files.iter().filter(|file| file.path.ends_with("js")).any(|file| reads(&file));
                let tree = self.replaced(at + start, key.len(), &format!("{key}Sent"));
                self.push(all, "rename a message's key", at + start, format!("{key} to {key}Sent"), tree, is_read);
            }
        }
    }

    /// The fields of a model of Django, where the model is.
    fn renamed_fields(&self, all: &mut Vec<Mutant>) {
        for (at, line) in self.lines().filter(|(_, line)| self.extension() == "py" && line.contains(" = models.")) {
            let name = word_at(self.text, at + line.len() - line.trim_start().len());
            let new = format!("{}_kept", name.text);
            let is_breaking = self.tree.files.iter().filter(|file| file.path != self.file.path).any(|file| {
                let text = file.text.as_deref().unwrap_or_default();
                let forms = [format!("({}=", name.text), format!("({}__", name.text), format!(" {}=", name.text)];
                let quoted = [format!("\"{}\"", name.text), format!("__{}", name.text)];
                text.contains("objects") && forms.iter().chain(&quoted).any(|form| text.contains(form.as_str()))
            });
            let tree = self.replaced(name.at, name.text.len(), &new);
            self.push(all, "rename a model's field", name.at, format!("{} to {new}", name.text), tree, is_breaking);
        }
    }

    fn changed_routes(&self, seed: &mut Seed, all: &mut Vec<Mutant>) {
        if !self.is_code() || self.file.path.contains("test") {
            return;
        }
        for (at, line) in self.lines() {
            let is_route = [
                "fetch(",
                "send('/",
                "app.get(",
                "app.post(",
                "app.delete(",
                "app.use('/",
                "HandleFunc(",
                "router.patch(",
                "router.delete(",
            ]
            .iter()
            .any(|call| line.contains(call));
            let is_elsewhere = line.contains("baseUrl");
            let Some(found) = line.find(['\'', '"', '`']).filter(|_| is_route && !is_elsewhere) else { continue };
            let rest = &line[found + 1..];
            let end = rest.find(['\'', '"', '`']).unwrap_or(rest.len());
            let route = &rest[..end];
            let Some(slash) = route.find('/') else { continue };
            let word = route[slash..]
                .split('/')
                .rfind(|part| !part.is_empty() && part.chars().all(|c| is_part(c) && c != '$'));
            let Some(word) = word else { continue };
            let start = at + found + 1 + route.rfind(word).unwrap_or_default();
            let new = format!("{word}{}", ["s", "-all", "2"][seed.next(3)]);
            self.push(
                all,
                "change a route",
                start,
                format!("{route} to {new}"),
                self.replaced(start, word.len(), &new),
                true,
            );
        }
    }

    fn dropped_dependencies(&self, all: &mut Vec<Mutant>) {
        let name = self.file.path.rsplit('/').next().unwrap_or_default();
        let is_used = |package: &str| {
            let module = package.replace('-', "_");
            self.tree.files.iter().any(|file| {
                let text = file.text.as_deref().unwrap_or_default();
                let forms = [
                    format!("'{package}"),
                    format!("import {module}"),
                    format!("from {module}"),
                    format!("\"{package}\""),
                    format!("use {module}::"),
                ];
                matches!(
                    file.path.rsplit_once('.').map_or("", |(_, ending)| ending),
                    "js" | "ts" | "tsx" | "py" | "go" | "rs"
                ) && forms.iter().any(|form| text.contains(form.as_str()))
            })
        };
        if name == "package.json" {
            let Some(start) = self.text.find("\"dependencies\": {") else { return };
            let open = start + "\"dependencies\": {".len();
            let Some(length) = self.text[open..].find('}') else { return };
            let parts: Vec<&str> = self.text[open..open + length].split(',').collect();
            for (index, part) in parts.iter().enumerate() {
                let package = part.split('"').nth(1).unwrap_or_default();
                let kept: Vec<&str> =
                    parts.iter().enumerate().filter(|(at, _)| *at != index).map(|(_, part)| *part).collect();
                self.push(
                    all,
                    "drop a dependency",
                    open,
                    package.to_owned(),
                    self.replaced(open, length, &kept.join(",")),
                    is_used(package),
                );
            }
            return;
        }
        for (at, line) in self.lines() {
            let package = match name {
                "requirements.txt" => line.split(['>', '=', '<']).next().unwrap_or_default().trim(),
                "go.mod" => line.strip_prefix("require ").and_then(|rest| rest.split(' ').next()).unwrap_or_default(),
                "Cargo.toml" if line.ends_with("= \"1\"") => line.split(' ').next().unwrap_or_default(),
                _ => "",
            };
            if !package.is_empty() {
                // A list that is there and empty is still a list.
                self.push(
                    all,
                    "drop a dependency",
                    at,
                    package.to_owned(),
                    self.replaced(at, line.len(), ""),
                    is_used(package),
                );
            }
        }
    }

    fn deleted_file(&self, all: &mut Vec<Mutant>) {
        let name = self.file.path.rsplit('/').next().unwrap_or_default();
        let is_kind = self.is_code() || matches!(self.extension(), "html" | "css");
        if !is_kind || matches!(name, "main.rs" | "lib.rs" | "__init__.py") {
            return;
        }
        let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
        let others =
            || self.tree.files.iter().filter(|file| file.path != self.file.path && !file.path.ends_with(".md"));
        let is_imported = others().any(|file| {
            let text = file.text.as_deref().unwrap_or_default();
            match self.extension() {
                "py" => text.lines().any(|line| {
                    (line.starts_with("from ") || line.starts_with("import "))
                        && line.split(|c| !is_part(c)).any(|word| word == stem)
                }),
                "rs" => text.lines().any(|line| line.trim_start_matches("pub ") == format!("mod {stem};")),
                "go" => false,
                _ => {
                    text.contains(&format!("/{stem}'"))
                        || text.contains(name) && !file.path.ends_with(".json")
                        || text.contains(&format!("\"{name}\""))
                }
            }
        });
        // The files of a Go package need no import to be needed.
        let is_shared = self.extension() == "go"
            && self.definitions().iter().any(|(word, at)| {
                let directory = self.file.path.rsplit_once('/').map_or("", |(directory, _)| directory);
                let _ = at;
                others().filter(|file| file.path.ends_with(".go")).any(|file| {
                    let is_near = file.path.rsplit_once('/').map_or("", |(directory, _)| directory) == directory;
                    code_words(file).any(|found| found.text == word.text)
                        && (is_near || word.text.starts_with(char::is_uppercase))
                })
            });
        let tree = with_file(self.tree, &self.file.path, None);
        self.push(all, "delete a file", 0, name.to_owned(), tree, is_imported || is_shared);
    }
}

/// The words of a file that are code: no comment and no documentation. Pages have theirs in attributes.
fn code_words(file: &SourceFile) -> impl Iterator<Item = Word<'_>> {
    let extension = file.path.rsplit_once('.').map_or("", |(_, extension)| extension);
    let is_code = matches!(extension, "js" | "ts" | "tsx" | "py" | "rs" | "go" | "html");
    let text = file.text.as_deref().filter(|_| is_code).unwrap_or_default();
    code_words_of(text, extension)
}

fn code_words_of<'t>(text: &'t str, extension: &'t str) -> impl Iterator<Item = Word<'t>> {
    let start = text.as_ptr() as usize;
    let mut is_in_doc = false;
    text.lines().flat_map(move |line| {
        let bare = line.trim_start();
        let quotes = line.matches("\"\"\"").count();
        let is_comment = match extension {
            "py" => bare.starts_with('#') || is_in_doc || bare.starts_with("\"\"\""),
            "html" => !line.contains(" on"),
            _ => bare.starts_with("//") || bare.starts_with("/*") || bare.starts_with('*'),
        };
        if extension == "py" && quotes % 2 == 1 {
            is_in_doc = !is_in_doc;
        }
        let line = if is_comment { "" } else { line };
        // What stands in a text is no code, except where texts are filled in.
        let parts: Vec<&'t str> =
            match line.contains("${") || line.contains("f\"") || line.contains("on") && extension == "html" {
                true => vec![line],
                false => line.split(['"', '\'', '`']).step_by(2).collect(),
            };
        parts.into_iter().flat_map(move |part| {
            let part = if extension == "py" {
                part.split('#').next().unwrap_or(part)
            } else {
                part.split(" //").next().unwrap_or(part)
            };
            part.split(|c| !is_part(c))
                .filter(|word| !word.is_empty())
                .map(move |word| Word { text: word, at: word.as_ptr() as usize - start })
        })
    })
}

/// The bracket that closes the one at `open`.
fn matching(text: &str, open: usize) -> Option<usize> {
    let mut depth = 0;
    for (at, c) in text[open..].char_indices() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => {
                depth -= 1;
                if depth == 0 {
                    return Some(open + at);
                }
            }
            _ => {}
        }
    }
    None
}

fn split_list(list: &str) -> Vec<&str> {
    let (mut depth, mut start, mut parts) = (0, 0, Vec::new());
    for (at, c) in list.char_indices() {
        match c {
            '(' | '[' | '{' | '<' => depth += 1,
            ')' | ']' | '}' | '>' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&list[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&list[start..]);
    if parts.last().is_some_and(|last| last.trim().is_empty()) && parts.len() > 1 {
        parts.pop();
    }
    parts
}
