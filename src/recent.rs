//! Which files of a codebase were changed last, as git tells it.

use std::{collections::BTreeMap, path::Path, time::Duration};

use crate::{
    command::{self, Call},
    path::RelPath,
};

/// Commits that are looked at.
const COMMITS: &str = "30";
/// Git answers this from its history at once, or is not worth waiting for.
const LIMIT: Duration = Duration::from_secs(5);
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
/// `search_path` is where programs are looked for.
pub async fn recently_committed(directory: &Path, search_path: &str) -> Vec<RelPath> {
    let log = ["log", "-n", COMMITS, "--format=", "--name-only", "--relative", "-z", "--no-ext-diff", "--no-textconv"];
    let settings = HARMLESS.iter().flat_map(|setting| ["-c", setting]);
    let args = settings.chain(log).map(Into::into).collect();
    let environment =
        [("PATH", search_path), ("GIT_TERMINAL_PROMPT", "0"), ("GIT_NO_LAZY_FETCH", "1"), ("GIT_OPTIONAL_LOCKS", "0")];
    let environment: BTreeMap<String, String> =
        environment.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let call = Call { program: "git", args, directory, environment: &environment, limit: LIMIT };
    let Some(said) = command::run(call).await.ok().filter(|output| output.code == Some(0)) else { return Vec::new() };
    let mut paths: Vec<RelPath> = Vec::new();
    for path in said.stdout.split(['\0', '\n']).filter_map(|path| RelPath::parse(path).ok()) {
        if !paths.contains(&path) {
            paths.push(path);
        }
    }
    paths
}
