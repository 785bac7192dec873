//! Which file of a codebase defines, and which imports what, by the words of many languages. Quick and near enough to
//! rank files by; nothing is refused because of it.

use std::{collections::HashMap, sync::LazyLock};

use regex::Regex;

use crate::{path::RelPath, tree::Tree};

/// Words that a definition begins with, and functions as C and its kin write them.
static DEFINITION: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?m)\b(?:class|def|fn|func|fun|function|interface|struct|enum|union|trait|type|module|namespace|object|record|protocol|const|let|var|val|static|macro_rules!)\s+(?:\([^)\n]*\)\s*)?(?:mut\s+|self\.)?(?P<name>[A-Za-z_$][\w$]*)|^[ \t]*(?:[\w<>\[\],*&:.?]+[ \t]+)+[*&]*(?P<method>[A-Za-z_]\w*)[ \t]*\([^;{}()]*\)[^;{}()\n]*\{|^[ \t]+(?:async[ \t]+|static[ \t]+)?(?P<member>[A-Za-z_$][\w$]*)[ \t]*\([^;{}()]*\)[ \t]*\{|^[ \t]*(?:#define[ \t]+|(?:module\.)?exports\.|self\.|this\.)?(?P<value>[A-Za-z_$][\w$]*)[ \t]*(?::=|=[^=>])",
    )
    .expect("it is tested")
});
static IMPORT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r#"(?m)^[ \t]*(?:from[ \t]+(?P<python>[.\w]+)[ \t]+import[ \t]+\(?(?P<names>[\w, \t*]*))|^[ \t]*(?:pub(?:\([\w:]+\))?[ \t]+)?(?:use|mod)[ \t]+(?P<rust>[\w:]+(?:\\[\w\\]+)?)|^[ \t]*(?:import|using)[ \t]+(?:static[ \t]+)?(?P<java>[\w.]+)|(?:from|require|require_relative|import|include|include_once|require_once|load|source)[ \t]*\(?[ \t]*(?:__DIR__[ \t]*\.[ \t]*)?["'](?P<quoted>[^"'\n]+)["']|^[ \t]*#[ \t]*include[ \t]*[<"](?P<header>[^">\n]+)[">]|^[ \t]*(?:[\w.]+[ \t]+)?"(?P<go>[\w.\-/]+)"[ \t]*$"#,
    )
    .expect("it is tested")
});

/// Endings that a path in an import leaves out.
const ENDINGS: &[&str] = &[
    "", "js", "jsx", "ts", "tsx", "mjs", "cjs", "mts", "cts", "vue", "svelte", "py", "rs", "rb", "php", "css", "json",
];
/// Files that stand for their directory.
const INDEXES: &[&str] = &["index", "mod", "__init__", "lib", "main"];
/// A name in an import that so many files could be is of no use.
const MOST: usize = 4;

/// The names that a text defines, some of them more than once.
pub fn definitions(text: &str) -> impl Iterator<Item = &str> {
    DEFINITION.captures_iter(text).filter_map(|found| {
        ["name", "method", "member", "value"].iter().find_map(|group| found.name(group)).map(|name| name.as_str())
    })
}

/// Finds the files that imports mean.
pub struct Importing<'a> {
    tree: &'a Tree,
    /// Files by their path without its ending, and by the last part of that.
    by_path: HashMap<&'a str, Vec<usize>>,
    by_stem: HashMap<&'a str, Vec<usize>>,
    /// Files by the last part of their directory.
    by_directory: HashMap<&'a str, Vec<usize>>,
}

impl<'a> Importing<'a> {
    pub fn new(tree: &'a Tree) -> Importing<'a> {
        let mut importing =
            Importing { tree, by_path: HashMap::new(), by_stem: HashMap::new(), by_directory: HashMap::new() };
        for (index, file) in tree.files.iter().enumerate() {
            let path = file.path.as_str();
            importing.by_path.entry(path).or_default().push(index);
            importing.by_path.entry(bare(path)).or_default().push(index);
            let stem = bare(path).rsplit('/').next().unwrap_or(path);
            importing.by_stem.entry(stem).or_default().push(index);
            if let Some(directory) = file.path.parents().next() {
                importing
                    .by_directory
                    .entry(directory.rsplit('/').next().unwrap_or(directory))
                    .or_default()
                    .push(index);
            }
        }
        importing
    }

    /// The files that the file at `index` imports.
    pub fn of(&self, index: usize) -> Vec<usize> {
        let file = &self.tree.files[index];
        let mut files: Vec<usize> =
            imports(&file.text).iter().flat_map(|import| self.meant(&file.path, import)).collect();
        files.sort_unstable();
        files.dedup();
        files.retain(|other| *other != index);
        files
    }

    fn meant(&self, from: &RelPath, import: &str) -> Vec<usize> {
        let here = from.parents().next().unwrap_or_default();
        if let Some(path) = relative(here, import, from.extension() == "py") {
            return self.exactly(&path);
        }
        let is_path = import.contains('/') || [".h", ".hpp", ".hh"].iter().any(|ending| import.ends_with(ending));
        let spelled = if is_path { bare(import) } else { import };
        let spelled = spelled.replace("::", "/").replace('\\', "/");
        let spelled = if spelled.contains('/') { spelled } else { spelled.replace('.', "/") };
        let parts: Vec<&str> = spelled
            .split('/')
            .filter(|part| !matches!(*part, "" | "." | ".." | "crate" | "self" | "super" | "@" | "~" | "src"))
            .collect();
        // Beside the importing file first: headers, modules of Rust, scripts of Python.
        let beside = self.exactly(&joined(here, &parts.join("/")));
        if !beside.is_empty() {
            return beside;
        }
        // The last part may be a name in the file rather than the file.
        for length in (parts.len().saturating_sub(1).max(1)..=parts.len()).rev() {
            let found = self.ending_with(&parts[..length.min(parts.len())]);
            if !found.is_empty() {
                return found;
            }
        }
        if from.extension() == "go" { self.in_package(&parts) } else { Vec::new() }
    }

    fn exactly(&self, path: &str) -> Vec<usize> {
        let spelled =
            ENDINGS.iter().map(|ending| if ending.is_empty() { path.to_owned() } else { format!("{path}.{ending}") });
        let index = INDEXES.iter().map(|index| format!("{path}/{index}"));
        let mut all = spelled.chain(index).chain([bare(path).to_owned()]);
        all.find_map(|path| self.by_path.get(path.as_str())).cloned().unwrap_or_default()
    }

    fn ending_with(&self, parts: &[&str]) -> Vec<usize> {
        let Some(last) = parts.last() else { return Vec::new() };
        let candidates = self.by_stem.get(last).map_or(&[][..], Vec::as_slice);
        let common = |index: &usize| {
            let path = bare(self.tree.files[*index].path.as_str());
            path.rsplit('/').zip(parts.iter().rev()).take_while(|(own, other)| own == *other).count()
        };
        let most = candidates.iter().map(common).max().unwrap_or(0);
        // One part of several in common is chance.
        if most < parts.len().min(2) {
            return Vec::new();
        }
        let files: Vec<usize> = candidates.iter().copied().filter(|index| common(index) == most).collect();
        if files.len() <= MOST { files } else { Vec::new() }
    }

    /// All files of a package of Go but its tests.
    fn in_package(&self, parts: &[&str]) -> Vec<usize> {
        let Some(last) = parts.last() else { return Vec::new() };
        let candidates = self.by_directory.get(last).map_or(&[][..], Vec::as_slice);
        let is_own = |index: &&usize| {
            let path = &self.tree.files[**index].path;
            path.extension() == "go" && !path.name().ends_with("_test.go")
        };
        candidates.iter().filter(is_own).copied().collect()
    }
}

/// What a text imports, as it is spelled there.
pub fn imports(text: &str) -> Vec<String> {
    let mut imports = Vec::new();
    for found in IMPORT.captures_iter(text) {
        let group = |name| found.name(name).map(|found: regex::Match| found.as_str());
        if let Some(module) = group("python") {
            imports.push(module.to_owned());
            let dot = if module.ends_with('.') { "" } else { "." };
            let names = group("names").unwrap_or_default().split(',').filter_map(|name| name.split_whitespace().next());
            imports.extend(names.filter(|name| *name != "*").map(|name| format!("{module}{dot}{name}")));
        }
        imports
            .extend(["rust", "java", "quoted", "header", "go"].iter().find_map(|name| group(name)).map(str::to_owned));
    }
    imports
}

/// The path without the ending of its name.
fn bare(path: &str) -> &str {
    match path.rsplit_once('.') {
        Some((bare, ending)) if !ending.contains('/') && !bare.is_empty() && !bare.ends_with(['/', '.']) => bare,
        _ => path,
    }
}

fn joined(directory: &str, path: &str) -> String {
    if directory.is_empty() { path.to_owned() } else { format!("{directory}/{path}") }
}

/// The path that an import means when it says where it is from here.
fn relative(here: &str, import: &str, is_python: bool) -> Option<String> {
    let (up, rest) = if is_python && import.starts_with('.') {
        let rest = import.trim_start_matches('.');
        (import.len() - rest.len() - 1, rest.replace('.', "/"))
    } else if import.starts_with("./") || import.starts_with("../") {
        let rest = import.trim_start_matches("./");
        let up = import.matches("../").count();
        (up, rest.trim_start_matches("../").to_owned())
    } else {
        return None;
    };
    let mut base: Vec<&str> = here.split('/').filter(|part| !part.is_empty()).collect();
    base.truncate(base.len().checked_sub(up)?);
    Some(joined(&base.join("/"), &rest).trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        tokens::Counter,
        tree::{Credentials, Reading, SourceFile},
    };

    #[track_caller]
    fn imports_of(files: &[(&str, &str)], expected: &[&str]) {
        let reading =
            Reading { include: vec![], exclude: vec![], credentials: Credentials::Send, counter: Counter::rough() };
        let read = |(path, text): &(&str, &str)| {
            SourceFile::read(RelPath::parse(path).expect("is one"), text.as_bytes(), 0, true, &reading)
        };
        let tree = Tree::new(files.iter().map(read));
        let from = tree.files.iter().position(|file| file.path.as_str() == files[0].0).expect("it is there");
        let found = Importing::new(&tree).of(from);
        assert_eq!(found.iter().map(|index| tree.files[*index].path.as_str()).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn python() {
        imports_of(
            &[
                (
                    "app/main.py",
                    "import os\nimport app.config\nfrom app.store import Store\nfrom . import views\nfrom .models.user import User\nfrom .. import nothing\n",
                ),
                ("app/config.py", ""),
                ("app/store.py", ""),
                ("app/views.py", ""),
                ("app/models/user.py", ""),
                ("other/os.py", ""),
                ("lib/path.py", ""),
            ],
            &["app/config.py", "app/models/user.py", "app/store.py", "app/views.py", "other/os.py"],
        );
    }

    #[test]
    fn javascript() {
        imports_of(
            &[
                (
                    "src/app/main.ts",
                    "import { a } from './a';\nimport b from \"../lib/b.js\";\nconst c = require('./c');\nimport React from 'react';\nexport * from './parts'\n",
                ),
                ("src/app/a.ts", ""),
                ("src/lib/b.ts", ""),
                ("src/app/c/index.js", ""),
                ("src/app/parts/index.ts", ""),
            ],
            &["src/app/a.ts", "src/app/c/index.js", "src/app/parts/index.ts", "src/lib/b.ts"],
        );
    }

    #[test]
    fn rust_go_java_and_c() {
        imports_of(
            &[
                ("src/lib.rs", "mod store;\nuse crate::model::http::Client;\n"),
                ("src/store.rs", ""),
                ("src/model/http.rs", ""),
            ],
            &["src/model/http.rs", "src/store.rs"],
        );
        imports_of(
            &[
                ("cmd/main.go", "import (\n\t\"fmt\"\n\tst \"example.org/app/store\"\n)\n"),
                ("store/a.go", ""),
                ("store/a_test.go", ""),
            ],
            &["store/a.go"],
        );
        imports_of(
            &[
                ("src/com/acme/Main.java", "import com.acme.data.Store;\nimport java.util.List;\n"),
                ("src/com/acme/data/Store.java", ""),
            ],
            &["src/com/acme/data/Store.java"],
        );
        imports_of(
            &[("src/a.c", "#include \"b.h\"\n#include <stdio.h>\n"), ("src/b.h", ""), ("x/stdio.c", "")],
            &["src/b.h", "x/stdio.c"],
        );
    }

    #[test]
    fn definitions_of_many_languages() {
        let text = "class Store:\n    def get(self): pass\nfunc (s *Store) Put(k string) {\n}\npub fn add() {}\nexport const LIMIT = 3;\npublic static int largest(int[] all) {\n}\n  render(x) {\n}\nDEFAULT = 3\n";
        let found: Vec<&str> = definitions(text).collect();
        for name in ["Store", "get", "Put", "add", "LIMIT", "largest", "render", "DEFAULT"] {
            assert!(found.contains(&name), "{name} is not in {found:?}");
        }
    }
}
