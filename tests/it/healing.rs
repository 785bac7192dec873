//! `--heal`: what is red is mended, by real test runners and a model that is played.

use std::{
    fs,
    process::Command,
    time::{Duration, Instant},
};

use crate::{
    fake::Answer,
    smol::{Run, Smol},
};

const UNITTEST: &str = "python3 -m unittest";
const RIGHT: &str = "def double(x):\n    return 2 * x\n\n\ndef half(x):\n    return x / 2\n";
const WRONG: &str = "def double(x):\n    return 3 * x\n\n\ndef half(x):\n    return x / 3\n";
const TESTS: &str = "import unittest\nfrom sums import double, half\n\n\nclass Sums(unittest.TestCase):\n    def test_double(self):\n        self.assertEqual(double(2), 4)\n\n    def test_half(self):\n        self.assertEqual(half(2), 1)\n\n    def test_zero(self):\n        self.assertEqual(double(0), 0)\n";

/// A search/replace block.
fn block(path: &str, from: &str, to: &str) -> String {
    format!("{path}\n<<<<<<< SEARCH\n{from}\n=======\n{to}\n>>>>>>> REPLACE\n\n")
}

fn double(to: &str) -> String {
    block("sums.py", "    return 3 * x", &format!("    return {to}"))
}

fn half(to: &str) -> String {
    block("sums.py", "    return x / 3", &format!("    return {to}"))
}

fn fenced(text: &str) -> String {
    format!("```\n{text}```\n")
}

/// `smol gen` of one file, with the tests of a person.
fn healing(sums: &str) -> Smol {
    let smol = Smol::project(&["sums.py"]).on("sums.py", fenced(sums)).write("generated/test_sums.py", TESTS);
    smol.arg("--run").arg(UNITTEST)
}

/// The text of the nth question about what is red.
fn asked(run: &Run, nth: usize) -> String {
    run.requests("debug")[nth].messages()[1].1.clone()
}

#[test]
fn green_in_one_round() {
    let fixes = double("2 * x") + &half("x / 2");
    let run = healing(WRONG).on("debug", fixes).success().asked(4).file("sums.py", RIGHT).file("test_sums.py", TESTS);
    let run =
        run.says("red    exit code 1: 1 passed, 2 failed").says("mended sums.py").says("green  exit code 0: 3 passed");
    let question = asked(&run, 0);
    assert!(question.contains("$ python3 -m unittest\nexit code 1\n"), "{question}");
    assert!(question.contains("test_double: AssertionError: 6 != 4") && question.contains(WRONG), "{question}");
    assert!(question.contains("Neither is one for these files") || !question.contains("`test_sums.py`"), "{question}");
    // All of it is one run, which is taken back as one, and what smol knows is as it was.
    let run = run.again().args(["undo"]).success();
    assert_eq!(run.files(), ["test_sums.py"]);
}

#[test]
fn what_is_healed_is_smols_own_and_is_taken_back_to_what_was_there_before() {
    let first = Smol::project(&["sums.py"]).on("sums.py", fenced("before = 1\n")).success();
    let fixes = double("2 * x") + &half("x / 2");
    let smol = healing(WRONG).anew(first.dir).write("generated/test_sums.py", TESTS);
    let run = smol.on("debug", fixes).success().file("sums.py", RIGHT);
    let run = run.again().args(["undo"]).success().file("sums.py", "before = 1\n");
    // Still smol's: the next run replaces it.
    healing(RIGHT).anew(run.dir).success().file("sums.py", RIGHT);
}

#[test]
fn green_in_two_rounds() {
    let run = healing(WRONG).on("debug", double("2 * x")).then("debug", half("x / 2"));
    let run = run.success().asked(5).file("sums.py", RIGHT).says("2 passed, 1 failed");
    let question = asked(&run, 1);
    assert!(question.contains("return 2 * x") && !question.contains("6 != 4"), "{question}");
}

#[test]
fn never_green_leaves_the_best_state() {
    let smol = healing(WRONG).arg("--heal=3").on("debug", double("2 * x"));
    let smol = smol.then("debug", half("x / (")).then("debug", half("x / 4"));
    let run = smol.exit(1).asked(6).file("sums.py", &WRONG.replace("3 * x", "2 * x"));
    let run = run.says("it does not parse").says("this made things worse, and is taken back");
    let run = run.says("still red after 3 rounds of mending; the project stands as round 1 left it").says("red");
    let question = asked(&run, 2);
    assert!(question.contains("This was tried before") && question.contains("+    return x / ("), "{question}");
}

#[test]
fn a_model_that_breaks_more_than_it_mends_changes_nothing() {
    let run = healing(WRONG).on("debug", double("(")).exit(1).asked(5).file("sums.py", WRONG);
    run.says("a state that was there before; the project stands as it was before any fix");
}

#[test]
fn a_model_that_edits_the_tests_gets_nowhere() {
    let cheat = block("test_sums.py", "        self.assertEqual(double(2), 4)", "        pass")
        + &block("test_sums.py", "        self.assertEqual(half(2), 1)", "        pass");
    let run = healing(WRONG).on("debug", cheat.as_str()).exit(1).asked(4).file("test_sums.py", TESTS);
    run.says("a fix for 'test_sums.py' is not applied: tests").says("no fix came that may be applied");
    // Nor with tests that smol wrote, nor with settings that leave them out.
    let smol =
        Smol::project(&["sums.py", "test_sums.py"]).on("sums.py", fenced(WRONG)).on("test_sums.py", fenced(TESTS));
    let config = block("conftest.py", "", "collect_ignore = ['test_sums.py']");
    let run = smol.arg("--run").arg(UNITTEST).on("debug", cheat + &config).exit(1).file("test_sums.py", TESTS);
    run.no_file("conftest.py").says("a fix for 'conftest.py' is not applied");
}

#[test]
fn fewer_tests_are_not_green() {
    // The tests are found by the file that smol wrote.
    let all = "import unittest\nimport sums\n\n\nclass All(unittest.TestCase):\n    def test_double(self):\n        self.assertEqual(sums.double(2), 4)\n\n    def test_zero(self):\n        self.assertEqual(sums.double(0), 0)\n\n\nunittest.main()\n";
    let less = block("run.py", "    def test_double(self):\n        self.assertEqual(sums.double(2), 4)\n\n", "");
    let smol = Smol::project(&["sums.py", "run.py"]).on("sums.py", fenced(WRONG)).on("run.py", fenced(all));
    let run = smol.arg("--run").arg("python3 run.py").on("debug", less).exit(1).file("run.py", all);
    run.says("but with 1 tests instead of 2").says("taken back");
}

#[test]
fn states_that_alternate_are_left() {
    let smol = healing(WRONG).arg("--heal=5").on("debug", double("4 * x"));
    let run = smol.then("debug", block("sums.py", "    return 4 * x", "    return 3 * x")).exit(1).asked(5);
    run.says("a state that was there before").file("sums.py", WRONG);
}

#[test]
fn a_file_that_a_person_changed_stays() {
    let run = Smol::project(&["sums.py", "more.py"]).on("sums.py", fenced(WRONG)).success();
    let mine = format!("{WRONG}# mine\n");
    let smol = run.again().write("generated/sums.py", &mine).write("generated/test_sums.py", TESTS);
    let smol = smol.args(["gen", "--run", UNITTEST]).on("debug", double("2 * x"));
    let run = smol.exit(1).file("sums.py", &mine).says("a fix for 'sums.py' is not applied: it is yours");
    assert!(asked(&run, 0).contains("which a person wrote or changed: `sums.py`"), "{}", asked(&run, 0));
}

#[test]
fn what_is_healed_is_checked_again() {
    let main = "from sums import double, half\n\nprint(double(1) + half(2))\n";
    let smol = Smol::project(&["sums.py", "main.py"]).on("main.py", fenced(main));
    let smol = smol.on("sums.py", fenced("def double(x):\n    return 2 * x\n")).arg("--no-repair");
    let fix = block("sums.py", "    return 2 * x", "    return 2 * x\n\n\ndef half(x):\n    return x / 2");
    let run = smol.arg("--run").arg("python3 main.py").arg("--json").on("debug", fix).success();
    let checks = run.events().into_iter().filter(|event| event["event"] == "checked");
    let misfits: Vec<usize> = checks.map(|check| check["misfits"].as_array().expect("is a list").len()).collect();
    assert_eq!(misfits, [1, 0]);
}

#[test]
fn without_rounds_nothing_is_asked() {
    healing(WRONG).arg("--heal=0").exit(1).asked(3).file("sums.py", WRONG);
    Smol::new().spec("x").args(["gen", "--heal=2"]).exit(2).asked(0).says("--heal is about a command");
    // No fix would help.
    let smol = Smol::project(&["a.txt"]).arg("--run").arg("no-such-program --at-all");
    smol.exit(1).asked(3).says("the shell did not find the command");
}

#[test]
fn the_money_ends_and_the_best_state_stands() {
    let smol = healing(WRONG).config("models.fake-1.price = { input = 100.0, output = 0.1 }").arg("--max-cost=2");
    let smol = smol.write("generated/notes.txt", "something to read\n".repeat(6_000));
    let run = smol.on("debug", double("2 * x")).exit(4).file("sums.py", WRONG);
    assert_eq!(run.requests("debug").len(), 0);
}

#[test]
fn an_interruption_leaves_the_best_state() {
    let (dir, status) = stopped_in_the_second_round("-INT");
    assert_eq!(status.code(), Some(130));
    assert_eq!(fs::read_to_string(dir.path().join("generated/sums.py")).expect("reads"), WRONG);
}

#[test]
fn a_kill_leaves_what_can_be_taken_back() {
    let (dir, status) = stopped_in_the_second_round("-KILL");
    assert_eq!(status.code(), None);
    let run = Smol::new().within(dir).args(["undo"]).success();
    assert_eq!(run.files(), ["test_sums.py"]);
}

fn stopped_in_the_second_round(signal: &str) -> (tempfile::TempDir, std::process::ExitStatus) {
    // The first fix is neither better nor worse, so it stands while the second is waited for.
    let smol = healing(WRONG).on("debug", double("4 * x"));
    let (dir, fake, child) = smol.then("debug", Answer::text(half("x / 2")).after(Duration::from_secs(600))).spawn();
    let begun = Instant::now();
    let is_asked = || fake.asked().iter().filter(|asked| asked.question == "debug").count() == 2;
    while !is_asked() && begun.elapsed() < Duration::from_secs(60) {
        std::thread::sleep(Duration::from_millis(20));
    }
    let sums = dir.path().join("generated/sums.py");
    assert_eq!(fs::read_to_string(&sums).expect("reads"), WRONG.replace("3 * x", "4 * x"));
    Command::new("kill").args([signal, &child.id().to_string()]).status().expect("is sent");
    (dir, child.wait_with_output().expect("ends").status)
}

/// The first Python that has pytest.
fn pytest() -> String {
    let has = |python: &&str| {
        let tried = Command::new(python).args(["-m", "pytest", "--version"]).output();
        tried.is_ok_and(|output| output.status.success())
    };
    let python = ["python3", "/usr/bin/python3"].into_iter().find(has).expect("pytest is not installed: see .ci/run");
    format!("{python} -m pytest -q -p no:cacheprovider")
}

#[test]
fn pytest_goes_green() {
    let tests = "from sums import double, half\n\n\ndef test_double():\n    assert double(2) == 4\n\n\ndef test_half():\n    assert half(2) == 1\n";
    let smol = Smol::project(&["sums.py"]).on("sums.py", fenced(&WRONG.replace("half", "halve")));
    let smol =
        smol.write("generated/tests/test_sums.py", tests).write("generated/pytest.ini", "[pytest]\npythonpath = .\n");
    let name = block("sums.py", "def halve(x):", "def half(x):");
    let smol = smol.on("debug", name).then("debug", double("2 * x") + &half("x / 2"));
    let run = smol.arg("--run").arg(pytest()).success().file("sums.py", RIGHT).says("it does not build");
    run.says("ImportError: cannot import name 'half'").says("0 passed, 2 failed").says("green  exit code 0: 2 passed");
}

#[test]
fn the_runner_of_node_goes_green() {
    let wrong = "export const double = (x) => 3 * x;\n";
    let tests = "import test from 'node:test';\nimport assert from 'node:assert';\nimport { double } from './sums.mjs';\ntest('double', () => assert.equal(double(2), 4));\ntest('zero', () => assert.equal(double(0), 0));\n";
    let smol = Smol::project(&["sums.mjs"]).on("sums.mjs", fenced(wrong)).write("generated/sums.test.mjs", tests);
    let smol = smol.on("debug", block("sums.mjs", wrong.trim_end(), "export const double = (x) => 2 * x;"));
    let run = smol.arg("--run").arg("node --test").success().says("1 passed, 1 failed").says("double: ");
    run.says("green  exit code 0: 2 passed").file("sums.mjs", "export const double = (x) => 2 * x;\n");
}

#[test]
fn cargo_goes_green() {
    let manifest = "[package]\nname = \"sums\"\nversion = \"0.1.0\"\nedition = \"2021\"\n";
    let wrong = "pub fn double(x: u32) -> u32 {\n    3 * y\n}\n\n#[cfg(test)]\nmod tests {\n    #[test]\n    fn doubles() {\n        assert_eq!(super::double(2), 4);\n    }\n}\n";
    let smol = Smol::project(&["Cargo.toml", "src/lib.rs"]).on("Cargo.toml", fenced(manifest));
    let smol = smol.on("src/lib.rs", fenced(wrong)).on("debug", block("src/lib.rs", "    3 * y", "    3 * x"));
    // The tests in the file are out of reach, too; the rest of that answer is not applied with them.
    let cheat = block("src/lib.rs", "super::double(2), 4", "super::double(2), 6");
    let cheat = cheat.replace("super::double(2), 4", "        assert_eq!(super::double(2), 4);");
    let cheat = cheat.replace("super::double(2), 6", "        assert_eq!(super::double(2), 6);");
    let smol = smol.then("debug", cheat);
    let home = std::env::var("HOME").expect("there is one");
    let of_home = |name: &str, directory: &str| std::env::var(name).unwrap_or_else(|_| format!("{home}/{directory}"));
    let smol = smol.env("RUSTUP_HOME", &of_home("RUSTUP_HOME", ".rustup"));
    let smol = smol.env("CARGO_HOME", &of_home("CARGO_HOME", ".cargo"));
    let run = smol.arg("--run").arg("cargo test --offline --lib").exit(1);
    let run = run.says("it does not build").says("error[E0425]: cannot find value `y`").says("0 passed, 1 failed");
    let run = run.says("a fix for 'src/lib.rs' is not applied: the tests in it stay as they are");
    let middle = wrong.replace("3 * y", "3 * x");
    let run = run.says("as round 1 left it").file("src/lib.rs", &middle);
    let smol = run.again().args(["debug", "--apply", "--yes", "--run", "cargo test --offline --lib"]);
    let smol = smol.on("debug", block("src/lib.rs", "    3 * x", "    2 * x"));
    let smol = smol.env("RUSTUP_HOME", &of_home("RUSTUP_HOME", ".rustup"));
    let run = smol.env("CARGO_HOME", &of_home("CARGO_HOME", ".cargo")).success().says("1 passed");
    // Only the fix of this command is taken back.
    run.file("src/lib.rs", &wrong.replace("3 * y", "2 * x"))
        .again()
        .args(["undo"])
        .success()
        .file("src/lib.rs", &middle);
}

/// A project that smol never wrote.
fn given() -> Smol {
    Smol::new().write("app/sums.py", WRONG).write("app/test_sums.py", TESTS)
}

#[track_caller]
fn holds(run: &Run, path: &str, text: &str) {
    assert_eq!(fs::read_to_string(run.dir.path().join(path)).expect(path), text, "stderr:\n{}", run.stderr());
}

#[test]
fn debug_without_an_error_runs_the_command_first() {
    let smol = given().on("debug", "It is so.\n\n".to_owned() + &double("2 * x"));
    let run = smol.args(["debug", "--dir", "app", "--run", UNITTEST]).exit(1).asked(1).prints("It is so.");
    assert!(asked(&run, 0).contains("test_half: AssertionError"), "{}", asked(&run, 0));
    holds(&run, "app/sums.py", WRONG);
    let smol = given().write("app/sums.py", RIGHT).args(["debug", "--dir", "app", "--run", UNITTEST]);
    smol.success().asked(0).says("nothing to find out");
    given().args(["debug"]).exit(2).says("<ERROR>");
}

#[test]
fn debug_heals_what_a_person_wrote_on_their_word() {
    let smol = given().on("debug", double("2 * x")).then("debug", half("x / 2"));
    let run = smol.args(["debug", "--dir", "app", "--apply", "--yes", "--run", UNITTEST]).success().asked(2);
    holds(&run, "app/sums.py", RIGHT);
    let run = run.says("+    return 2 * x").says("green  exit code 0: 3 passed").says("1 file written");
    let run = run.again().args(["undo", "--out", "app"]).success();
    holds(&run, "app/sums.py", WRONG);
    // Nobody is there to give it.
    let smol = given().on("debug", double("2 * x"));
    let run = smol.args(["debug", "--dir", "app", "--apply", "--run", UNITTEST]).exit(1).says("--yes");
    holds(&run, "app/sums.py", WRONG);
}

#[test]
fn debug_with_an_error_runs_the_command_afterwards() {
    let smol = given().on("debug", double("2 * x")).then("debug", half("x / 2"));
    let run = smol.args(["debug", "double is wrong", "--dir", "app", "--apply", "--yes", "--run", UNITTEST]);
    let run = run.success().asked(2).says("2 passed, 1 failed");
    holds(&run, "app/sums.py", RIGHT);
    let run = run.again().args(["undo", "--out", "app"]).success();
    holds(&run, "app/sums.py", WRONG);
    let smol = given().on("debug", "I cannot tell.");
    let run = smol.args(["debug", "x", "--dir", "app", "--run", "touch ran"]).success().says("the command is not run");
    assert!(!run.dir.path().join("app/ran").exists());
}
