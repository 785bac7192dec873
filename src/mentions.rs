//! What an error's text points at: places in files, and names. Reads the traces of many languages by what they share.

use std::{collections::HashSet, sync::LazyLock};

use regex::Regex;
use serde::{Deserialize, Serialize};

use crate::{path::RelPath, tree::Tree};

/// Names past these say nothing more.
const MOST_NAMES: usize = 400;

/// A place in a file, as the error spells it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Place {
    pub path: String,
    pub line: Option<usize>,
}

/// What an error mentions, in the order of its text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mentions {
    pub places: Vec<Place>,
    pub names: Vec<String>,
}

/// A file of a codebase that an error mentions, by its index in the tree, with the lines that it names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mentioned {
    pub file: usize,
    pub lines: Vec<usize>,
}

/// `path:3:5`, `"path", line 3`, `path:line 3`, `path on line 3`, `path(3)`, `path#L3`, and a path alone.
static PATH: LazyLock<Regex> = LazyLock::new(|| {
    let path = r"(?P<path>(?:[A-Za-z]:)?[\w@~+\-.$/\\\[\]%]*[\w\-\]]\.[A-Za-z][A-Za-z0-9+]{0,7})";
    let line = r#"(?:(?:["'`]?,? (?:on |at |in )?line |:line |:|\(|#L)(?P<line>\d+))?"#;
    Regex::new(&format!("{path}{line}")).expect("it is tested")
});
/// `at com.acme.Store.get(Store.java:12)`: the package says where the file is.
static JAVA_FRAME: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?:[\w$]+/)?(?P<class>(?:[\w$]+\.)+)[\w$<>]+\((?P<file>[\w$]+\.(?:java|kt|scala|groovy)):(?P<line>\d+)\)",
    )
    .expect("it is tested")
});
/// `tests.test_store.StoreTest`, `store::tests::adds`: modules by their names.
static MODULE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\b[A-Za-z_]\w*(?:(?:\.|::)[A-Za-z_]\w*)+").expect("it is tested"));
static NAME: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"[A-Za-z_$][\w$]{2,}").expect("it is tested"));

/// Words of every error and every runner of tests.
const COMMON: &str = "error errors exception warning warnings traceback most recent call last file line lines column the and for not \
    was were has have had with from this that than into out but got get expected actual received value values left right \
    assert assertion assertionerror assertequal failed fail failure failures failing failed passed pass test tests testing \
    suite suites running run ran code exit status none null true false undefined object function module modules main \
    lib src node internal native async await return returns raise raised throw thrown throws panicked thread \
    stack backtrace note help see caused cause unknown could cannot can did does you your are its use used using try \
    here there when where which while line1 def class let const var self cls str int len type typeof instance \
    instanceof attribute argument arguments parameter required positional keyword missing invalid unexpected summary info \
    short collected items seconds time start end total all one two new old more less like what only any some such \
    python python3 usr home site packages node_modules dist build target debug release";

/// Reads what an error mentions.
pub fn read(error: &str) -> Mentions {
    let mut mentions = Mentions::default();
    let mut seen = HashSet::new();
    let mut add = |place: Place| {
        if seen.insert(place.clone()) {
            mentions.places.push(place);
        }
    };
    for line in error.lines() {
        let frame = JAVA_FRAME.captures(line).map(|frame| {
            let package = frame["class"].trim_end_matches('.').rsplit_once('.').map_or("", |(package, _)| package);
            let path = format!("{}/{}", package.replace('.', "/"), &frame["file"]);
            Place { path: path.trim_start_matches('/').to_owned(), line: frame["line"].parse().ok() }
        });
        if let Some(place) = frame {
            add(place);
            continue;
        }
        for found in PATH.captures_iter(line) {
            let line = found.name("line").and_then(|line| line.as_str().parse().ok());
            add(Place { path: found["path"].replace('\\', "/"), line });
        }
        for module in MODULE.find_iter(line) {
            let path = module.as_str().replace("::", ".").replace('.', "/");
            add(Place { path, line: None });
        }
    }
    let mut known: HashSet<String> = COMMON.split_whitespace().map(str::to_owned).collect();
    let names = NAME.find_iter(error).map(|name| name.as_str());
    mentions.names = names
        .filter(|name| known.insert(name.to_lowercase()) || known.insert((*name).to_owned()))
        .map(str::to_owned)
        .take(MOST_NAMES)
        .collect();
    mentions.names.retain(|name| !COMMON.split_whitespace().any(|common| common == name.to_lowercase()));
    mentions
}

impl Mentions {
    /// The files of `tree` that are meant, in the order of their first mention.
    pub fn in_tree(&self, tree: &Tree) -> Vec<Mentioned> {
        let mut mentioned: Vec<Mentioned> = Vec::new();
        for place in &self.places {
            for file in meant(&place.path, tree) {
                match mentioned.iter_mut().find(|known| known.file == file) {
                    Some(known) => known.lines.extend(place.line),
                    None => mentioned.push(Mentioned { file, lines: place.line.into_iter().collect() }),
                }
            }
        }
        mentioned
    }
}

/// The files whose path ends as `path` does, by most parts; none if many do.
fn meant(path: &str, tree: &Tree) -> Vec<usize> {
    const MOST: usize = 3;
    let parts: Vec<&str> = path.split('/').filter(|part| !matches!(*part, "" | "." | "..")).collect();
    let is_file = parts.last().is_some_and(|name| name.contains('.'));
    // A module's name may go on with a class and a function.
    let readings: Vec<&[&str]> = match is_file {
        true => vec![&parts],
        false => (2..=parts.len()).rev().map(|length| &parts[..length]).chain(parts.get(..1)).collect(),
    };
    for parts in readings {
        let alike = |path: &RelPath| common_end(path.as_str(), parts, is_file);
        let most = tree.files.iter().map(|file| alike(&file.path)).max().unwrap_or(0);
        // A module's first name alone is a word like any other.
        let is_enough = if is_file {
            most >= 1
        } else {
            most == parts.len() && (most >= 2 || parts.len() < path.split('/').count())
        };
        if is_enough {
            let files: Vec<usize> =
                (0..tree.files.len()).filter(|index| alike(&tree.files[*index].path) == most).collect();
            return if files.len() <= MOST { files } else { Vec::new() };
        }
    }
    Vec::new()
}

/// How many parts at the end of `path` are those of `parts`.
fn common_end(path: &str, parts: &[&str], with_extension: bool) -> usize {
    let bare = match path.rsplit_once('.') {
        Some((bare, _)) if !with_extension && !bare.ends_with('/') => bare,
        _ => path,
    };
    bare.rsplit('/').zip(parts.iter().rev()).take_while(|(own, other)| own == *other).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        tokens::Counter,
        tree::{Credentials, Reading, SourceFile},
    };

    fn tree(paths: &[&str]) -> Tree {
        let reading =
            Reading { include: vec![], exclude: vec![], credentials: Credentials::Send, counter: Counter::rough() };
        Tree::new(
            paths.iter().map(|path| SourceFile::read(RelPath::parse(path).expect("is one"), b"x\n", 0, true, &reading)),
        )
    }

    #[track_caller]
    fn points(error: &str, paths: &[&str], expected: &[(&str, &[usize])]) {
        let tree = tree(paths);
        let found = read(error).in_tree(&tree);
        let found: Vec<_> =
            found.iter().map(|found| (tree.files[found.file].path.as_str(), found.lines.as_slice())).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn python() {
        points(
            "Traceback (most recent call last):\n  File \"/home/me/app/src/store.py\", line 12, in get\n    raise KeyError(key)\n  File \"/usr/lib/python3/json/decoder.py\", line 3, in x\nKeyError: 'a'",
            &["src/store.py", "src/main.py"],
            &[("src/store.py", &[12])],
        );
        points(
            "FAIL: test_get (tests.test_store.StoreTest.test_get)",
            &["tests/test_store.py", "tests/x.py"],
            &[("tests/test_store.py", &[])],
        );
    }

    #[test]
    fn javascript() {
        points(
            "TypeError: x is not a function\n    at Store.get (/app/src/store.js:3:14)\n    at file:///app/src/main.mjs:9:1\n    at node:internal/main.js:1:1",
            &["src/store.js", "src/main.mjs"],
            &[("src/store.js", &[3]), ("src/main.mjs", &[9])],
        );
    }

    #[test]
    fn rust_and_go() {
        points(
            "error[E0308]: mismatched types\n  --> src/store.rs:14:9\nthread 'store::tests::adds' panicked at src/lib.rs:7:5:",
            &["src/store.rs", "src/lib.rs"],
            &[("src/store.rs", &[14]), ("src/lib.rs", &[7])],
        );
        points(
            "panic: runtime error\n\ngoroutine 1 [running]:\nmain.run(0x1)\n\t/go/src/app/cmd/run.go:12 +0x1d\n--- FAIL: TestA (0.0s)\n    store_test.go:9: bad",
            &["cmd/run.go", "store/store_test.go"],
            &[("cmd/run.go", &[12]), ("store/store_test.go", &[9])],
        );
    }

    #[test]
    fn java_and_c_sharp() {
        points(
            "Exception in thread \"main\" java.lang.IllegalStateException: x\n\tat com.acme.Store.get(Store.java:12)\n\tat app//com.acme.Main.main(Main.java:3)",
            &[
                "src/main/java/com/acme/Store.java",
                "src/main/java/com/other/Store.java",
                "src/main/java/com/acme/Main.java",
            ],
            &[("src/main/java/com/acme/Store.java", &[12]), ("src/main/java/com/acme/Main.java", &[3])],
        );
        points(
            "   at App.Store.Get(String key) in C:\\work\\App\\Store.cs:line 12\nStore.cs(14,5): error CS0103: x",
            &["App/Store.cs"],
            &[("App/Store.cs", &[12, 14])],
        );
    }

    #[test]
    fn ruby_php_and_c() {
        points(
            "lib/store.rb:12:in `get': x (KeyError)\n\tfrom bin/app.rb:3:in `<main>'",
            &["lib/store.rb", "bin/app.rb"],
            &[("lib/store.rb", &[12]), ("bin/app.rb", &[3])],
        );
        points(
            "PHP Fatal error:  x in /var/www/src/Store.php on line 12\n#0 /var/www/index.php(3): Store->get()",
            &["src/Store.php", "index.php"],
            &[("src/Store.php", &[12]), ("index.php", &[3])],
        );
        points(
            "src/store.cpp:12:5: error: x\nstore.h(9): error C2065: y",
            &["src/store.cpp", "src/store.h"],
            &[("src/store.cpp", &[12]), ("src/store.h", &[9])],
        );
    }

    #[test]
    fn a_name_that_many_files_have_is_none() {
        points("see index.js", &["a/index.js", "b/index.js", "c/index.js", "d/index.js"], &[]);
        points("see b/index.js:4", &["a/index.js", "b/index.js", "c/index.js", "d/index.js"], &[("b/index.js", &[4])]);
    }

    #[test]
    fn names_are_those_of_the_code() {
        let names = read("AttributeError: 'Store' object has no attribute 'get_all'. Did you mean: 'get'?").names;
        assert!(names.contains(&"Store".to_owned()) && names.contains(&"get_all".to_owned()), "{names:?}");
        assert!(!names.iter().any(|name| name == "object" || name == "attribute"), "{names:?}");
    }
}
