//! `--run`: the project's own command, its limits, and what it cannot reach.

use std::{fs, net::TcpListener, path::Path, process::Command};

use crate::{
    KEY,
    smol::{Run, Smol},
};

/// Whether bubblewrap works here. Where it does not, smol has to say so, and nothing else can be asked of it.
pub fn has_bubblewrap() -> bool {
    let tried = Command::new("bwrap").args(["--unshare-all", "--ro-bind", "/", "/", "true"]).output();
    tried.is_ok_and(|output| output.status.success())
}

/// `smol gen` of a project of one file, with this command and without mending.
fn running(command: &str) -> Smol {
    Smol::project(&["a.txt"]).arg("--heal=0").arg("--run").arg(command)
}

#[test]
fn a_command_that_ends_well_is_green() {
    let run = running("grep -q a.txt a.txt && echo fine").success().asked(3);
    let sandbox = if has_bubblewrap() { "in bubblewrap, without network" } else { "in no sandbox" };
    run.says("run    grep -q a.txt a.txt").says(sandbox).says("green  exit code 0").says("written, green");
}

#[test]
fn a_command_that_fails_is_red_and_its_last_lines_are_shown() {
    let run = running("seq 1 2000; echo the end >&2; exit 3").exit(1).says("red    exit code 3").says("| the end");
    assert!(run.stderr().contains("| 1999\n") && !run.stderr().contains("| 1\n"), "{}", run.stderr());
    running("echo the end; exit 3").arg("--quiet").exit(1).says("red    exit code 3").says("| the end");
    let run = running("echo the end; exit 3").arg("--json").exit(1);
    assert_eq!(run.report()["trials"][0]["ending"], "exit code 3");
    assert_eq!(run.report()["outcome"], "partial");
}

#[test]
fn what_is_up_to_date_is_run_all_the_same() {
    let run = running("true").success();
    running("echo again; false").within(run.dir).exit(1).asked(0).says("| again");
    let run = running("touch ran").arg("--plan-only").success();
    run.no_file("ran");
}

#[test]
fn no_key_of_the_persons_is_in_the_environment() {
    let smol = running("env; exit 1").env("GITHUB_TOKEN", "ghp_not_for_others").env("LC_TIME", "C");
    let run = smol.exit(1).says("| LC_TIME=C");
    for secret in [KEY, "ghp_not_for_others", "OPENAI"] {
        assert!(!run.stderr().contains(secret), "{secret} in {}", run.stderr());
    }
}

#[test]
fn a_command_that_never_ends_is_ended_with_all_that_it_started() {
    let run = running("echo begun; (sleep 600; echo never) & sleep 600").arg("--run-timeout=3").exit(1);
    run.says("stopped after 3 s").says("| begun");
}

#[test]
fn a_command_that_says_a_gigabyte_is_bounded() {
    let run = running("echo begin; yes | head -c 1000000000").exit(1).says("stopped after 64 MiB of output");
    let runs = fs::read_dir(run.dir.path().join("generated/.smol/runs")).expect("is there").flatten();
    let longest = runs.map(|entry| entry.metadata().expect("is there").len()).max().expect("there is one");
    assert!(longest < 1_000_000, "{longest}");
}

#[test]
fn memory_has_a_limit() {
    let hungry = "python3 -c 'print(len(bytearray(600_000_000)))'";
    running(hungry).arg("--run-memory=200").exit(1).says("MemoryError");
    running(hungry).success();
}

#[test]
fn nothing_outside_of_the_directory_can_be_written() {
    let elsewhere = std::env::temp_dir().join(format!("smol-outside-{}", std::process::id()));
    let elsewhere = elsewhere.to_str().expect("is text");
    let command =
        format!("echo in > inside; echo out > ../outside; echo out > {elsewhere}; rm -rf .smol/manifest.json");
    let run = running(&command).run();
    assert_eq!(run.read("inside").as_deref(), Some("in\n"), "{}", run.stderr());
    if has_bubblewrap() {
        assert!(!run.dir.path().join("outside").exists());
        assert!(!Path::new(elsewhere).exists(), "the temporary directory is the person's");
        assert!(run.dir.path().join("generated/.smol/manifest.json").exists());
    } else {
        run.says("in no sandbox");
        let _ = fs::remove_file(elsewhere);
    }
}

#[test]
fn keys_on_the_disk_are_out_of_sight() {
    if !has_bubblewrap() {
        return drop(running("true").success().says("in no sandbox"));
    }
    let smol = running("cat ../.env ~/.ssh/id_ed25519 .smol/manifest.json; ls -A ..; exit 1");
    let home = tempfile::TempDir::new().expect("a directory");
    fs::create_dir(home.path().join(".ssh")).expect("makes");
    fs::write(home.path().join(".ssh/id_ed25519"), "a private key").expect("writes");
    let smol = smol.write(".env", "A_KEY=not-for-you").env("HOME", home.path().to_str().expect("is text"));
    let run = smol.exit(1).says("| prompt.md");
    for secret in ["not-for-you", "a private key", "\"files\""] {
        assert!(!run.stderr().contains(secret), "{secret} in {}", run.stderr());
    }
}

#[test]
fn the_network_is_out_of_reach_unless_it_was_allowed() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let port = listener.local_addr().expect("it is bound").port();
    let command = format!("python3 -c 'import socket; socket.create_connection((\"127.0.0.1\", {port}), 5)'");
    if has_bubblewrap() {
        running(&command).exit(1).says("without network").says("ConnectionRefusedError");
        running(&command).arg("--run-network").success().says("in bubblewrap, with the network");
    } else {
        running(&command).success().says("in no sandbox");
    }
}

#[test]
fn where_there_is_no_sandbox_it_is_said() {
    let smol = running("echo here; exit 1");
    let bin = smol.dir.path().join("bin");
    fs::create_dir(&bin).expect("makes");
    std::os::unix::fs::symlink("/bin/sh", bin.join("sh")).expect("links");
    let run: Run = smol.env("PATH", bin.to_str().expect("is text")).exit(1);
    run.says("in no sandbox (bubblewrap is not installed): it can do what you can do").says("| here");
}

#[test]
fn a_project_with_missing_files_is_not_run() {
    let run = running("touch ran").on("a.txt", "").exit(1).says("the command is not run: files are missing");
    run.no_file("ran");
}
