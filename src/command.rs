//! The only code that runs other programs.

use std::{
    path::Path,
    process::{Command, Stdio},
};

use crate::path::RelPath;

/// Commits that are looked at for what was changed last.
const COMMITS: &str = "30";
/// Settings of a repository can name programs to run. Nothing that is asked for here needs one, and these rule them out.
const HARMLESS: &[&str] = &[
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.pager=cat",
    "log.showSignature=false",
    "protocol.allow=never",
    "diff.external=",
];

/// The files below `directory` that the last commits changed, the latest first; none where there is no git.
pub fn recently_committed(directory: &Path) -> Vec<RelPath> {
    let mut git = Command::new("git");
    git.arg("-C").arg(directory);
    git.args(HARMLESS.iter().flat_map(|setting| ["-c", setting]));
    git.args(["log", "-n", COMMITS, "--format=", "--name-only", "--relative", "-z", "--no-ext-diff", "--no-textconv"]);
    git.env("GIT_TERMINAL_PROMPT", "0").env("GIT_NO_LAZY_FETCH", "1").env("GIT_OPTIONAL_LOCKS", "0");
    git.stdin(Stdio::null()).stderr(Stdio::null());
    let Some(said) = git.output().ok().filter(|output| output.status.success()) else { return Vec::new() };
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    let mut paths: Vec<RelPath> = Vec::new();
    for path in said.split(['\0', '\n']).filter_map(|path| RelPath::parse(path).ok()) {
        if !paths.contains(&path) {
            paths.push(path);
        }
    }
    paths
}
