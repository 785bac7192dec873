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
fn types_of_one_name_in_several_places() {
    let made = "#[derive(Builder)]\npub struct Sut;\npub fn f() {\n    Sut::builder(1);\n}\n";
    let own = "pub struct Sut;\nimpl Sut {\n    pub fn builder() {}\n}\n";
    let manifest = ("Cargo.toml", "[package]\nname = \"a\"\n");
    tells(&[manifest, ("src/lib.rs", "mod a;\nmod b;\n"), ("src/a.rs", made), ("src/b.rs", own)], &[]);
    let same = own.replace("builder() {}", "builder() {}\n    pub fn g() {\n        Sut::builder(1);\n    }");
    of_crate(&same, &["src/lib.rs:5 arity"]);
    of_crate("pub fn f() {\n    sut();\n}\n#[builder]\nfn sut(a: u32) {}\n", &[]);
}

#[test]
fn modules_that_a_crate_is_published_without() {
    let test = ("tests/lib.rs", "mod init;\n");
    let manifest = |more: &str| format!("[package]\nname = \"a\"\n{more}\n");
    tells(&[("Cargo.toml", &manifest("include = [\"/src/**/*.rs\", \"/tests/lib.rs\"]")), test], &[]);
    tells(&[("Cargo.toml", &manifest("exclude = [\"/tests/init\", \"init.rs\"]")), test], &[]);
    tells(&[("Cargo.toml", &manifest("")), test], &["tests/lib.rs:1 unresolved-import"]);
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
    of_crate(&format!("{made}#[cfg(test)]\n// no\n#[allow(x)]\npub(crate) mod test {{\n{asked}}}\n"), &[]);
    of_crate(&format!("{made}#[cfg(unix)]\nmod rest {{\n{asked}}}\n"), &["src/lib.rs:5 unknown-table"]);
}

#[test]
fn code_in_other_languages_that_examples_read() {
    let sample = ("examples/sample.py", "def f(a):\n    print(a)\n\nf()\n");
    tells(&[("Cargo.toml", "[package]\nname = \"a\"\n"), ("src/lib.rs", ""), sample], &[]);
    tells(&[("main.py", "def g():\n    pass\n"), sample], &["examples/sample.py:4 arity"]);
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

#[test]
fn files_that_a_package_is_published_without() {
    let user = ("lib/a.js", "import { b } from '../third_party/b.js';\nb();\n");
    let manifest = |files: &str| format!("{{ \"name\": \"a\", \"type\": \"module\", \"files\": [{files}] }}\n");
    tells(&[("package.json", &manifest("\"lib\"")), user], &[]);
    tells(&[("package.json", "{ \"name\": \"a\" }\n"), user], &["lib/a.js:1 unresolved-import"]);
    let listed = manifest("\"lib\", \"third_party\"");
    tells(&[("package.json", &listed), user], &["lib/a.js:1 unresolved-import"]);
    // Here what was made of it is there.
    let script = ("src/a.ts", "import { b } from './b.ts';\nb();\n");
    tells(&[script, ("lib/b.js", "exports.b = () => 1;\n")], &[]);
    tells(&[script, ("lib/c.js", "exports.b = () => 1;\n")], &["src/a.ts:1 unresolved-import"]);
    tells(&[("test/build-errors/a.js", "import './foo';\n"), ("b.js", "import './does-not-exist';\n")], &[]);
    // The source of the same package, not what is published of it.
    let source = ("test/c.js", "export const c = 1;\n");
    tells(&[("package.json", &manifest("\"lib\"")), user, source], &["lib/a.js:1 unresolved-import"]);
}

#[test]
fn imports_of_the_package_itself() {
    let manifest = ("package.json", "{ \"name\": \"a\", \"main\": \"lib/a.js\" }\n");
    let main = ("lib/a.js", "exports.f = () => 1;\n");
    tells(&[manifest, main, ("register.js", "require('./').f();\n")], &[]);
    tells(&[main, ("register.js", "require('./').f();\n")], &["register.js:1 unresolved-import"]);
}

#[test]
fn declarations_stand_for_the_scripts_beside_them() {
    let script = ("cluster/index.js", "export const a = 1;\n");
    let types = ("cluster/index.d.ts", "export interface Node {}\nexport declare const a: number;\n");
    let user = ("index.ts", "import { Node } from './cluster';\nexport const node: Node = {};\n");
    tells(&[script, types, user], &[]);
    tells(&[script, user], &["index.ts:1 missing-export"]);
    let manifest = ("package.json", "{ \"name\": \"a\" }\n");
    let react = "import { ReactNode } from 'react';\nexport declare const node: ReactNode;\n";
    tells(&[manifest, ("a.d.ts", react)], &[]);
    tells(&[manifest, ("a.ts", react)], &["a.ts:1 undeclared-package"]);
}

#[test]
fn files_that_compilers_made() {
    let call = "const { ad } = require('./b');\nad();\n";
    let other = ("b.js", "exports.add = () => 1;\n");
    let compiled = format!("'use strict';\nObject.defineProperty(exports, '__esModule', {{ value: true }});\n{call}");
    tells(&[("a.js", &compiled), other], &[]);
    tells(&[("a.js", call), other], &["a.js:1 missing-export"]);
    let types = ("a.d.ts", "import { A } from './kinds';\nexport declare const a: A;\n");
    tells(&[("a.js", &compiled), other, types], &[]);
    tells(&[types], &["a.d.ts:1 unresolved-import"]);
    let forgotten = types.1.replace("kinds", "types");
    tells(&[("a.ts", &forgotten)], &["a.ts:1 unresolved-import"]);
}

#[test]
fn pieces_that_a_build_puts_together() {
    let (start, end) = (("src/start.js", "(function () {\n  let a = 1;\n"), ("src/end.js", "})();\n"));
    tells(&[start, end], &[]);
    tells(&[start], &["src/start.js:1 syntax"]);
    tells(&[end], &["src/end.js:1 syntax"]);
}

#[test]
fn names_that_are_defined_on_what_all_objects_have() {
    let on = |target: &str| format!("Object.defineProperty({target}, 'magic', {{ value: 1 }});\nmagic.a = 1;\n");
    tells(&[("a.js", &format!("export {{}};\n{}", on("Object.prototype")))], &[]);
    tells(&[("a.js", &format!("export {{}};\n{}", on("this")))], &["a.js:3 undefined-name"]);
    let old = "export {};\nObject.prototype.__defineGetter__('magic', f);\nfunction f() {}\nmagic.a = 1;\n";
    tells(&[("a.js", old)], &[]);
}

#[test]
fn exports_by_another_name() {
    let user = ("b.js", "const grunt = require('./a');\ngrunt.task();\n");
    let load = "function load(name) {\n  grunt[name] = require('./' + name);\n}\nload('task');\n";
    tells(&[("a.js", &format!("var grunt = module.exports = {{}};\n{load}")), user], &[]);
    let computed = "module.exports = {};\nfor (const name of ['task']) {\n  module.exports[name] = () => 1;\n}\n";
    tells(&[("a.js", computed), user], &[]);
    let plain = "module.exports = {};\n";
    let own = "const grunt = require('./a');\ngrunt.hasOwnProperty('task');\n";
    tells(&[("a.js", plain), ("b.js", own)], &[]);
    tells(&[("a.js", plain), user], &["b.js:2 missing-member"]);
}

#[test]
fn methods_that_are_handed_on_or_mixed_in() {
    let class = |word: &str| format!("export class A {{\n  {word} f() {{\n    return this.each(1);\n  }}\n}}\n");
    tells(&[("a.js", &class("static"))], &[]);
    tells(&[("a.js", &class(""))], &["a.js:3 missing-member"]);
    let user = "import { A } from './a.js';\nimport { mix } from 'mix';\nclass B {}\nmix(B.prototype, A.prototype);\n";
    tells(&[("a.js", &class("")), ("b.js", user)], &[]);
    let base = ("a.js", "class A {\n  f() {\n    return this.g();\n  }\n}\nexports.made = A;\n");
    let derived = ("b.js", "const a = require('./a.js');\nclass B extends a.made {\n  g() {}\n}\nnew B();\n");
    tells(&[base, derived], &[]);
    tells(&[base], &["a.js:3 missing-member"]);
}

#[test]
fn members_that_are_written_by_computed_names() {
    let class = |write: &str| {
        format!(
            "export class W {{\n  constructor(o) {{\n    for (const k in o) {write};\n  }}\n  f() {{\n    return this.node;\n  }}\n}}\n"
        )
    };
    tells(&[("a.js", &class("this[k] = o[k]"))], &[]);
    tells(&[("a.js", &class("o[k] = this"))], &["a.js:6 missing-member"]);
}

#[test]
fn a_call_around_a_require_gives_something_else() {
    let words = ("words.js", "exports.list = ['a'];\n");
    tells(&[words, ("a.js", "const all = new Set(require('./words').list);\nall.has('a');\n")], &[]);
    let bare = "const all = require('./words');\nall.has('a');\n";
    tells(&[words, ("a.js", bare)], &["a.js:2 missing-member"]);
}

#[test]
fn parameters_that_are_not_there_on_purpose() {
    let call = |function: &str| format!("{function}\nf(1);\n");
    tells(&[("a.js", &call("function f(/* value */) {\n  return g();\n}\nfunction g() {}"))], &[]);
    tells(&[("a.js", &call("function f() {\n  return false;\n}"))], &[]);
    tells(&[("a.js", &call("function f() {\n  return g();\n}\nfunction g() {}"))], &["a.js:5 arity"]);
    let deferred = "export class Deferred<T> {\n  resolve(value: T): void {\n    use(value);\n  }\n}\nfunction use(a: unknown) {}\n";
    let user = "import { Deferred } from './d';\nconst d = new Deferred<void>();\nd.resolve();\n";
    tells(&[("d.ts", deferred), ("a.ts", user)], &[]);
    let typed = deferred.replace("value: T", "value: number");
    tells(&[("d.ts", &typed), ("a.ts", user)], &["a.ts:3 arity"]);
}

#[test]
fn constants_that_a_build_writes() {
    let user = ("src/a.js", "export const version = LIB_VERSION;\n");
    tells(&[("package.json", "{ \"name\": \"a\", \"main\": \"dist/a.js\" }\n"), user], &[]);
    tells(&[("package.json", "{ \"name\": \"a\", \"main\": \"src/a.js\" }\n"), user], &["src/a.js:1 undefined-name"]);
}

#[test]
fn what_eslint_is_told_not_to_ask() {
    let text =
        |comment: &str| format!("export {{}};\nrhino(1); // eslint-disable-line {comment}\nexport const b = 1;\n");
    tells(&[("a.js", &text("no-undef"))], &[]);
    tells(&[("a.js", &text("no-console"))], &["a.js:2 undefined-name"]);
    let below = "export {};\n// eslint-disable-next-line no-undef\nrhino(1);\nhippo(1);\n";
    tells(&[("a.js", below)], &["a.js:4 undefined-name"]);
    tells(&[("a.js", &format!("/* eslint-disable no-undef */\n{below}"))], &[]);
}

#[test]
fn listeners_of_what_is_no_socket() {
    let manifest = ("package.json", "{ \"name\": \"a\", \"dependencies\": { \"socket.io\": \"4\" } }\n");
    let server = "const { Server } = require('socket.io');\nconst io = new Server(80);\nio.emit('note', 1);\n";
    let client = "const socket = io();\nsocket.on('note', () => 1);\n";
    let watcher = "const fs = require('fs');\nfs.watch('a').on('unlink', () => 1);\n";
    tells(&[manifest, ("server.js", server), ("client.js", client), ("watcher.js", watcher)], &[]);
    let more = format!("{client}socket.on('unlink', () => 1);\n");
    tells(&[manifest, ("server.js", server), ("client.js", &more)], &["client.js:3 unmatched-message"]);
}

#[test]
fn pages_that_are_filled_in() {
    let page = "<!doctype html>\n<link rel=\"stylesheet\" href=\"media/a.css\">\n";
    tells(&[("docs/template.html", page)], &[]);
    tells(&[("docs/index.html", page)], &["docs/index.html:2 missing-file"]);
}

#[test]
fn declarations_that_are_named_by_their_scripts_endings() {
    let user = ("types/a.d.cts", "import type { B } from './b.cts';\nexport type A = B;\n");
    tells(&[user, ("types/b.d.cts", "export type B = 1;\n")], &[]);
    tells(&[user, ("types/b.d.mts", "export type B = 1;\n")], &["types/a.d.cts:1 unresolved-import"]);
}

#[test]
fn names_that_every_script_sees() {
    tells(&[("a.js", "export const a = hasOwnProperty.call({}, 'b');\n")], &[]);
    tells(&[("a.js", "import { Transform } from '_stream_transform';\nnew Transform();\n")], &[]);
    tells(&[("a.js", "export const a = hasProperty.call({}, 'b');\n")], &["a.js:1 undefined-name"]);
}

#[test]
fn scripts_that_a_program_fills_in() {
    tells(&[("wrap.js", "'use strict';\nconst a = require($NEEDED);\n$OUTPUT;\nmodule.exports = $root;\na();\n")], &[]);
    tells(&[("wrap.js", "'use strict';\nmodule.exports = $root;\n")], &["wrap.js:2 undefined-name"]);
    let script = "<script>\n  jsonata('a');\n</script>\n";
    tells(&[("node.html", script)], &[]);
    let page = format!("<!doctype html>\n<body>\n{script}</body>\n");
    tells(&[("node.html", &page)], &["node.html:4 undefined-name"]);
}

#[test]
fn statics_that_macros_make_and_methods_without_self() {
    let local = |name| {
        format!(
            "pub fn f() {{\n    let _a = 1;\n    thread_local! {{\n        static HELD: u8 = 1;\n    }}\n    fn g() {{\n        {name}.with(drop);\n    }}\n    g();\n}}\n"
        )
    };
    of_crate(&local("HELD"), &[]);
    let retained = "pub struct R;\nimpl std::ops::Deref for R {}\nimpl R {\n    pub fn retain(a: u8) {}\n    pub fn f(&self) {\n        self.retain();\n        R::retain();\n    }\n}\n";
    of_crate(retained, &["src/lib.rs:7 arity"]);
}
