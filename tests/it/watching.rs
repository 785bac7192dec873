//! `smol gen --watch`: what starts a run, what does not, what stops one.

use std::{
    fs,
    io::{BufRead, BufReader},
    process::{Child, Command, ExitStatus},
    sync::mpsc,
    thread,
    time::Duration,
};

use tempfile::TempDir;

use crate::{
    fake::{Answer, Asked, Fake, Fault},
    smol::{Smol, plan},
};

/// Longer than anything here takes on the slowest machine; a test that waits so long has failed.
const TOO_LONG: Duration = Duration::from_secs(60);

struct Watching {
    dir: TempDir,
    fake: Fake,
    child: Child,
    lines: mpsc::Receiver<String>,
}

fn project() -> Smol {
    Smol::project(&["a.js"]).on("plan again", plan(&["a.js"]))
}

/// A project of one file that is watched, its first run behind it.
fn watching(smol: Smol) -> Watching {
    let watching = started(smol);
    watching.waits();
    watching
}

fn started(smol: Smol) -> Watching {
    let (dir, fake, mut child) = smol.arg("--watch").spawn();
    let (tell, lines) = mpsc::channel();
    let stderr = BufReader::new(child.stderr.take().expect("it is a pipe"));
    thread::spawn(move || stderr.lines().map_while(Result::ok).try_for_each(|line| tell.send(line)));
    Watching { dir, fake, child, lines }
}

impl Watching {
    /// Reads on until a line says this.
    #[track_caller]
    fn says(&self, words: &str) {
        let mut read = String::new();
        loop {
            let line = self.lines.recv_timeout(TOO_LONG).unwrap_or_else(|_| panic!("no '{words}' after:\n{read}"));
            if line.contains(words) {
                return;
            }
            read.push_str(&format!("{line}\n"));
        }
    }

    #[track_caller]
    fn waits(&self) {
        self.says("waiting for a change");
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.dir.path().join(path);
        fs::create_dir_all(path.parent().expect("it has one")).expect("makes directories");
        fs::write(path, text).expect("writes");
    }

    fn questions(&self, question: &str) -> Vec<Asked> {
        self.fake.asked().into_iter().filter(|asked| asked.question == question).collect()
    }

    /// The specs that a plan was asked for, in their order: the whole one at first, then what is new in it.
    fn planned(&self) -> Vec<String> {
        let asked = self.fake.asked().into_iter();
        asked
            .filter_map(|asked| match asked.question.as_str() {
                "plan" => asked.messages()[1].1.trim().lines().last().map(str::to_owned),
                "plan again" => {
                    asked.messages()[3].1.lines().find_map(|line| line.strip_prefix('+')).map(str::to_owned)
                }
                _ => None,
            })
            .collect()
    }

    fn interrupt(mut self) -> (Watching, ExitStatus) {
        Command::new("sh").args(["-c", &format!("kill -INT {}", self.child.id())]).status().expect("runs");
        let status = self.child.wait().expect("ends");
        (self, status)
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_change_of_the_prompt_runs_again_and_ctrl_c_ends_it() {
    let watching = watching(project().spec("one"));
    watching.write("prompt.md", "two");
    watching.says("note   'prompt.md' changed, so it runs again");
    watching.waits();
    let (watching, status) = watching.interrupt();
    assert_eq!(status.code(), Some(130));
    assert_eq!(watching.planned(), ["one", "two"]);
}

#[test]
fn what_smol_writes_and_what_stays_the_same_is_no_change() {
    let watching = watching(project().spec("one"));
    watching.write("prompt.md", "one");
    watching.write("notes.md", "mine");
    watching.write("generated/a.js", "mine");
    // Saved again in two steps, as some editors do, then a change that has to be the next thing that counts.
    watching.write("prompt.md", "");
    watching.write("prompt.md", "one");
    watching.write("specs/a.js.md", "more");
    watching.says("note   'specs/a.js.md' changed, so it runs again");
    watching.waits();
    watching.write("prompt.md", "two");
    watching.says("note   'prompt.md' changed, so it runs again");
    watching.waits();
    let (watching, _) = watching.interrupt();
    assert_eq!(watching.planned().last().map(String::as_str), Some("two"));
}

#[test]
fn a_file_that_the_spec_includes_is_watched_as_long_as_it_is_included() {
    let smol = project().spec("See:\n\n[include](docs/api.md)").write("docs/api.md", "one");
    let watching = watching(smol);
    watching.write("docs/other.md", "nothing that counts");
    watching.write("docs/api.md", "two");
    watching.says("note   'docs/api.md' changed, so it runs again");
    watching.waits();
    watching.write("prompt.md", "three");
    watching.says("note   'prompt.md' changed, so it runs again");
    watching.waits();
    watching.write("docs/api.md", "no more in it");
    watching.write("prompt.md", "four");
    watching.says("note   'prompt.md' changed, so it runs again");
    watching.waits();
    let (watching, _) = watching.interrupt();
    assert_eq!(watching.planned(), ["one", "two", "three", "four"]);
}

#[test]
fn two_quick_saves_are_one_change() {
    let watching = watching(project().spec("one"));
    watching.write("prompt.md", "two");
    watching.write("prompt.md", "three");
    watching.waits();
    let (watching, _) = watching.interrupt();
    assert_eq!(watching.planned(), ["one", "three"]);
}

#[test]
fn a_change_stops_the_run_under_way() {
    let slow = Answer::text(plan(&["a.js"])).fault(Fault::Stall(2));
    let smol = project().spec("one").on("plan", slow).then("plan", plan(&["a.js"]));
    let watching = started(smol);
    while watching.questions("plan").iter().all(|asked| asked.first_token.is_none()) {
        thread::sleep(Duration::from_millis(5));
    }
    watching.write("prompt.md", "two");
    watching.says("interrupted");
    watching.says("note   'prompt.md' changed, so it runs again");
    watching.waits();
    let (watching, status) = watching.interrupt();
    assert_eq!(status.code(), Some(130));
    assert_eq!(watching.questions("plan").len(), 2);
    assert_eq!(fs::read_to_string(watching.dir.path().join("generated/a.js")).expect("is there"), "a.js\n");
}

#[test]
fn ctrl_c_ends_the_run_under_way_too() {
    let watching = started(project().on("plan", Answer::text("x y z").fault(Fault::Stall(1))));
    while watching.questions("plan").is_empty() {
        thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(watching.interrupt().1.code(), Some(130));
}

#[test]
fn a_plan_that_a_person_edited_is_gone_on_from() {
    let watching = watching(project().on("list", Answer::list(&["a.js"])));
    let edited = plan(&["a.js"]).replace("one of the files", "and blue");
    watching.write("generated/shared_dependencies.md", &edited);
    watching.says("note   'generated/shared_dependencies.md' changed, so it runs again");
    watching.waits();
    let (watching, _) = watching.interrupt();
    assert_eq!(watching.questions("plan").len(), 1);
    let files = watching.questions("a.js");
    assert_eq!(files.len(), 2);
    assert!(files[1].body.contains("and blue") && !files[0].body.contains("and blue"));
}

/// Over an existing project the plan is written by a commit, and merged with what a person made of it.
#[test]
fn a_plan_that_smol_merged_is_no_change() {
    let merged = |line: &str| format!("{}\n\n{line}\n\none\ntwo\nthree\n", plan(&["a.js"]));
    let smol = project().on("plan", merged("red"));
    let again = merged("red").replace("It does what it should.", "It does more.");
    let watching = watching(smol.on("plan again", again).arg("--yes"));
    let mine = format!("{}my own line\n", merged("red"));
    watching.write("generated/shared_dependencies.md", &mine);
    watching.waits();
    watching.write("prompt.md", "another");
    watching.says("note   'prompt.md' changed");
    watching.says("merged shared_dependencies.md");
    watching.waits();
    watching.write("prompt.md", "a third");
    watching.says("note   'prompt.md' changed, so it runs again");
    watching.waits();
    let (watching, _) = watching.interrupt();
    assert_eq!(watching.planned().len(), 3);
}

#[test]
fn a_prompt_that_cannot_be_read_is_said_and_waited_for() {
    let watching = watching(project().spec("one"));
    watching.write("prompt.md", "");
    watching.says("the spec is empty");
    watching.waits();
    watching.write("prompt.md", "two");
    watching.says("note   'prompt.md' changed, so it runs again");
    watching.waits();
    let (watching, _) = watching.interrupt();
    assert_eq!(watching.planned(), ["one", "two"]);
}

#[test]
fn there_has_to_be_something_to_watch() {
    Smol::new().args(["gen", "a game", "--watch"]).exit(2).says("--watch needs a prompt in a file").asked(0);
    Smol::new().args(["gen", "--watch"]).exit(2).says("could not read the spec 'prompt.md'").asked(0);
}
