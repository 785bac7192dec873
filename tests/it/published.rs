//! `smol check` on what packages and crates look like as they are published: each row is a project that led to a false
//! alarm once, with its neighbour that does not fit.

use serde_json::Value;

use crate::smol::Smol;

/// Checks a project of these files, and compares what is told of it: place and rule.
#[track_caller]
fn tells(files: &[(&str, &str)], expected: &[&str]) {
    let smol = files.iter().fold(Smol::new().offline(), |smol, (path, text)| smol.write(path, text));
    let run = smol.args(["check", "--json"]).run();
    let text = |misfit: &Value, key: &str| misfit[key].as_str().unwrap_or("?").to_owned();
    let errors = run.events().into_iter().filter(|event| event["severity"] == "error");
    let mut told: Vec<String> = errors
        .map(|misfit| format!("{}:{} {}", text(&misfit, "path"), misfit["line"], text(&misfit, "rule")))
        .collect();
    told.sort();
    assert_eq!(told, expected, "{files:#?}");
}

/// The same for a crate whose library is `text`.
#[track_caller]
fn of_crate(text: &str, expected: &[&str]) {
    tells(&[("Cargo.toml", "[package]\nname = \"a\"\n"), ("src/lib.rs", text)], expected);
}

#[test]
fn derives_that_make_types_and_those_that_make_none() {
    of_crate("#[derive(Parser)]\n#[grammar = \"a.pest\"]\npub struct P;\npub fn f(_: Rule) {}\n", &[]);
    of_crate("#[derive(Debug)]\npub struct P;\npub fn f(_: Rule) {}\n", &["src/lib.rs:3 undefined-name"]);
    let errors = "#[derive(Debug, Snafu)]\npub enum E {\n    Io,\n}\n";
    let user = "mod e;\npub fn f() -> u32 {\n    e::FailedIo::new()\n}\n";
    let manifest = ("Cargo.toml", "[package]\nname = \"a\"\n[dependencies]\nsnafu = \"1\"\n");
    tells(&[manifest, ("src/lib.rs", user), ("src/e.rs", errors)], &[]);
    let plain = errors.replace(", Snafu", "");
    tells(&[manifest, ("src/lib.rs", user), ("src/e.rs", &plain)], &["src/lib.rs:3 missing-export"]);
}

#[test]
fn attributes_of_crates_rewrite_what_they_stand_before() {
    of_crate("#[window]\nfn row_number() -> BigInt {}\n", &[]);
    of_crate("#[inline]\nfn row_number() -> BigInt {}\n", &["src/lib.rs:2 undefined-name"]);
    of_crate("pub struct A;\nimpl A {\n    #[made]\n    pub fn f(&self) -> Later {}\n}\n", &[]);
}

#[test]
fn methods_stand_below_other_names_of_a_type() {
    let table = "pub struct Table<K>(K);\npub struct Sorted;\npub type SortTable = Table<Sorted>;\n";
    let call = "pub fn f() {\n    Table::sorted();\n}\n";
    of_crate(&format!("{table}impl SortTable {{\n    pub fn sorted() {{}}\n}}\n{call}"), &[]);
    of_crate(&format!("{table}impl Sorted {{\n    pub fn sorted() {{}}\n}}\n{call}"), &["src/lib.rs:8 missing-member"]);
    let grid = "pub struct Options;\npub struct Other;\n";
    let files = |view| {
        let lib = "mod grid;\nmod view;\npub struct Options;\n";
        [("Cargo.toml", "[package]\nname = \"a\"\n"), ("src/lib.rs", lib), ("src/grid.rs", grid), ("src/view.rs", view)]
    };
    let method = "    fn deduce(&self) -> u32 {\n        self.columns\n    }\n";
    let call = "fn f() {\n    grid::Options::deduce();\n}\n";
    let view = format!("use crate::grid;\nimpl grid::Options {{\n{method}}}\n{call}");
    tells(&files(&view), &[]);
    let view = format!("use crate::grid::{{self, Options as Grid}};\nimpl Grid {{\n    fn deduce() {{}}\n}}\n{call}");
    tells(&files(&view), &[]);
    let view = format!("use crate::grid;\nimpl grid::Other {{\n{method}}}\n{call}");
    tells(&files(&view), &["src/view.rs:8 missing-member"]);
}

#[test]
fn closures_that_the_grammar_ends_too_early() {
    of_crate("pub fn f(a: &[u32]) {\n    a.iter().map(|r| *r..(r + 1)).next();\n}\n", &[]);
    of_crate("pub fn f(a: &[u32]) {\n    a.iter().map(|r| *r..(s + 1)).next();\n}\n", &["src/lib.rs:2 undefined-name"]);
}

#[test]
fn a_library_that_is_called_otherwise_than_its_package() {
    let manifest = |package| format!("[package]\nname = \"a\"\n[dependencies]\n{package} = \"0.11\"\n");
    let lib = ("src/lib.rs", "use md5::Md5;\n");
    tells(&[("Cargo.toml", &manifest("md-5")), lib], &[]);
    tells(&[("Cargo.toml", &manifest("sha-1")), lib], &["src/lib.rs:1 undeclared-package"]);
}

#[test]
fn tables_that_tests_ask_for_in_vain() {
    let made = "pub const A: &str = \"CREATE TABLE foo (x INTEGER)\";\n";
    let asked = "fn f() {\n    g(\"SELECT x FROM bar\");\n}\nfn g(_: &str) {}\n";
    of_crate(&format!("{made}#[cfg(all(test, unix))]\nmod test {{\n{asked}}}\n"), &[]);
    of_crate(&format!("{made}#[cfg(unix)]\nmod rest {{\n{asked}}}\n"), &["src/lib.rs:5 unknown-table"]);
}

#[test]
fn code_in_other_languages_that_examples_read() {
    let sample = ("examples/sample.py", "def f():\n    foo()\n");
    tells(&[("Cargo.toml", "[package]\nname = \"a\"\n"), ("src/lib.rs", ""), sample], &[]);
    tells(&[("main.py", "def g():\n    pass\n"), sample], &["examples/sample.py:2 undefined-name"]);
}

/// Modules that all bring in each other: as many ways as there are orders of them, and a search takes none twice.
#[test]
fn globs_in_circles() {
    let names: Vec<String> = (0..40).map(|number| format!("m{number}")).collect();
    let all: String = names.iter().map(|name| format!("pub use crate::{name}::*;\n")).collect();
    let mut lib: String = names.iter().map(|name| format!("mod {name};\n")).collect();
    lib.push_str("use m0::*;\npub fn f() -> Nowhere {\n    last()\n}\n");
    let mut files = vec![("Cargo.toml".to_owned(), "[package]\nname = \"a\"\n".to_owned())];
    files.extend(names.iter().map(|name| (format!("src/{name}.rs"), all.clone())));
    files.push(("src/m39.rs".to_owned(), format!("{all}pub fn last() {{}}\n")));
    files.push(("src/lib.rs".to_owned(), lib));
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    tells(&files, &["src/lib.rs:42 undefined-name"]);
}
