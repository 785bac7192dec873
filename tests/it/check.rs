//! `smol check`: for every rule a project with the misfit and one without, and how what is found is told.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;
use smol_dev::check::Rule;

use crate::smol::Smol;

fn rules() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/check/rules")
}

fn directory(rule: Rule, side: &str) -> String {
    rules().join(rule.to_string()).join(side).display().to_string()
}

/// The misfits that `--json` tells of.
fn misfits(directory: &str) -> Vec<Value> {
    let run = Smol::new().offline().args(["check", directory, "--json"]).run();
    let mut events = run.events();
    assert_eq!(events.pop().expect("there is a last one")["event"], "finished");
    assert!(events.iter().all(|event| event["event"] == "misfit"));
    events
}

#[test]
fn every_rule_finds_its_misfit_and_nothing_else() {
    for rule in Rule::ALL {
        let places = fs::read_to_string(rules().join(rule.to_string()).join("places")).expect("every rule has places");
        let expected: BTreeSet<&str> = places.lines().collect();
        let found = misfits(&directory(*rule, "bad"));
        let told: BTreeSet<String> = found
            .iter()
            .map(|misfit| format!("{}:{}:{}", misfit["path"].as_str().unwrap_or("?"), misfit["line"], misfit["column"]))
            .collect();
        assert_eq!(told.iter().map(String::as_str).collect::<BTreeSet<_>>(), expected, "{rule}: {found:#?}");
        for misfit in &found {
            assert_eq!(misfit["rule"], rule.to_string(), "{misfit}");
        }
    }
}

#[test]
fn no_rule_finds_anything_where_all_fits() {
    for rule in Rule::ALL {
        assert_eq!(misfits(&directory(*rule, "good")), Vec::<Value>::new(), "{rule}");
        Smol::new().offline().args(["check", &directory(*rule, "good")]).success().prints("no misfits in");
    }
}

#[test]
fn whole_projects_fit() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut projects: Vec<PathBuf> = Vec::new();
    for list in ["tests/check/projects", "examples"] {
        projects.extend(fs::read_dir(root.join(list)).expect("is there").flatten().map(|entry| entry.path()));
    }
    assert!(projects.len() >= 13);
    for project in projects {
        let project = if project.join("program").is_dir() { project.join("program") } else { project };
        Smol::new().offline().args(["check", &project.display().to_string()]).success().prints("no misfits in");
    }
}

/// A project with one misfit that is certain, and one hint.
fn broken() -> Smol {
    let files = [
        ("a.js", "import { ad } from './math.js';\nad(1);\n"),
        ("math.js", "export function add(a) {\n  return a;\n}\nfunction forgotten() {}\n"),
    ];
    files.iter().fold(Smol::new().offline(), |smol, (path, text)| smol.write(path, text))
}

#[test]
fn the_place_comes_first_and_the_count_last() {
    let run = broken().args(["check"]).exit(1);
    let lines: Vec<String> = run.stdout().lines().map(str::to_owned).collect();
    assert_eq!(
        lines,
        [
            "a.js:1:10: error[missing-export] 'ad' is not offered by 'math.js'; nearest: 'add'",
            "math.js:4:10: hint[unused-function] nobody calls 'forgotten'",
            "1 misfit and 1 hint in 2 files",
        ]
    );
}

#[test]
fn hints_alone_are_clean() {
    broken().args(["check", ".", "--rule", "unused-function"]).success().prints("no misfits and 1 hint in 2 files");
    broken().args(["check", "--ignore", "missing-export,unused-function"]).success().prints("no misfits in 2 files");
}

#[test]
fn a_rule_that_is_not_there_and_a_directory_that_is_not_there() {
    broken().args(["check", "--rule", "spelling"]).exit(2).says("unused-function");
    broken().args(["check", "nowhere"]).exit(2).says("'nowhere' is no directory");
}

#[test]
fn sarif_names_rule_place_and_level() {
    let run = broken().args(["check", "--format", "sarif"]).exit(1);
    let log: Value = serde_json::from_str(&run.stdout()).expect("is JSON");
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    let result = &run["results"][0];
    let rule = &run["tool"]["driver"]["rules"][result["ruleIndex"].as_u64().expect("an index") as usize];
    assert_eq!(
        (&result["ruleId"], &result["level"], &rule["id"]),
        (&"missing-export".into(), &"error".into(), &"missing-export".into())
    );
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(
        (&place["artifactLocation"]["uri"], &place["region"]["startLine"], &place["region"]["startColumn"]),
        (&"a.js".into(), &1.into(), &10.into())
    );
    assert_eq!(run["results"][1]["level"], "note");
}

#[test]
fn comments_say_that_it_is_meant() {
    let ignored = [
        "import { ad } from './math.js'; // smol-ignore\nad(1);\n",
        "// smol-ignore: missing-export\nimport { ad } from './math.js';\nad(1);\n",
        "// smol-ignore-file missing-export\nconst one = 1;\nimport { ad } from './math.js';\nad(one);\n",
        "// @ts-expect-error it comes later\nimport { ad } from './math.js';\nad(1);\n",
    ];
    for text in ignored {
        broken().write("a.js", text).args(["check"]).success();
    }
    let about_something_else = "import { ad } from './math.js'; // smol-ignore: arity\nad(1);\n";
    broken().write("a.js", about_something_else).args(["check"]).exit(1);
}

#[test]
fn what_ignore_files_leave_out_is_not_looked_at() {
    let smol = broken().write(".gitignore", "old/\n").write("old/a.js", "import './nowhere.js';\n");
    smol.write("node_modules/x/a.js", "import './nowhere.js';\n")
        .args(["check", "--rule", "unresolved-import"])
        .success();
}

#[test]
fn files_that_nobody_can_read_stop_nothing() {
    let deep = format!("export const a = {}1{};\n", "(".repeat(20_000), ")".repeat(20_000));
    let long = format!("export const b = [{}];\n", "1, ".repeat(1_000_000));
    let smol = broken()
        .write("deep.js", deep)
        .write("long.js", long)
        .write("bytes.js", b"\xff\xfe\x00(")
        .write("empty.py", "");
    let run = smol.args(["check", "--rule", "missing-export"]).exit(1);
    assert!(run.stdout().contains("a.js:1:10"));
}

#[cfg(unix)]
#[test]
fn links_that_lead_out_are_not_followed() {
    let smol = broken();
    let outside = tempfile::TempDir::new().expect("a directory");
    fs::write(outside.path().join("x.js"), "import './nowhere.js';\n").expect("writes");
    std::os::unix::fs::symlink(outside.path(), smol.dir.path().join("linked")).expect("links");
    std::os::unix::fs::symlink(outside.path().join("x.js"), smol.dir.path().join("x.js")).expect("links");
    smol.args(["check", "--rule", "unresolved-import"]).success();
}

/// A program that reads from a table which its schema does not make.
fn reading(requirements: &str) -> Smol {
    Smol::new()
        .offline()
        .write("schema.sql", "CREATE TABLE notes (id INTEGER PRIMARY KEY);\n")
        .write("requirements.txt", requirements)
        .write("main.py", "def read(db):\n    return db.execute(\"SELECT id FROM users\")\n")
}

#[test]
fn tables_that_classes_make_are_not_asked_for() {
    reading("flask\n").args(["check"]).exit(1).prints("no schema of the project has the table 'users'");
    reading("django\n").args(["check"]).success().prints("no misfits in");
}

/// A program that uses a package which only another one needs.
fn borrowing(lock: &str) -> Smol {
    Smol::new()
        .offline()
        .write("package.json", "{ \"name\": \"a\", \"dependencies\": { \"express\": \"4\" } }\n")
        .write("package-lock.json", lock)
        .write("main.js", "import debug from 'debug';\ndebug('a');\n")
}

#[test]
fn a_package_that_comes_along_is_a_hint() {
    borrowing("{}\n").args(["check"]).exit(1).prints("error[undeclared-package]");
    let lock = "{ \"packages\": { \"node_modules/debug\": { \"version\": \"4.0.0\" } } }\n";
    borrowing(lock).args(["check"]).success().prints("hint[undeclared-package]");
    let smol = Smol::new().offline().write("requirements.txt", "django\n");
    smol.write("main.py", "import asgiref\n\nprint(asgiref)\n").args(["check"]).success().prints("hint[");
    let smol = Smol::new().offline().write("requirements.txt", "sphinx\n");
    smol.write("roles.py", "import docutils\n\nprint(docutils)\n").args(["check"]).success().prints("hint[");
}

#[test]
fn a_package_for_a_module_that_nobody_has_to_load_is_a_hint() {
    let kit = |manifest: &str, init: &str| {
        let smol = Smol::new().offline().write("pyproject.toml", manifest).write("kit/__init__.py", init);
        smol.write("kit/plugin.py", "import sphinx\n\nprint(sphinx)\n").args(["check"])
    };
    let manifest = "[project]\nname = \"kit\"\nversion = \"1\"\ndependencies = []\n";
    kit(manifest, "").success().prints("hint[undeclared-package]");
    kit(manifest, "try:\n    from . import plugin\nexcept ImportError:\n    plugin = None\n").success().prints("hint[");
    kit(manifest, "from . import plugin\n").exit(1).prints("error[undeclared-package]");
    let started = format!("{manifest}[project.scripts]\nkit = \"kit.plugin:main\"\n");
    kit(&started, "").exit(1).prints("error[undeclared-package]");
}
