//! A git worktree on a branch of its own, for a run that leaves a person's files and index alone.
//! Asks git for everything; of the disk it knows only names.

use std::{
    collections::BTreeMap,
    ffi::OsString,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Result, bail};

use crate::command::{self, Call, Output};

/// A checkout of a large repository takes its time.
const LIMIT: Duration = Duration::from_secs(600);

/// What git gets of the environment, by the beginnings of names. No key of a model is among it; what says where a
/// repository or an index is, neither: in a git hook that would be the person's own index.
const ENVIRONMENT: [&str; 18] = [
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "EMAIL",
    "LANG",
    "LC_",
    "TMP",
    "TEMP",
    "XDG_",
    "SYSTEMROOT",
    "SystemRoot",
    "USERPROFILE",
    "APPDATA",
    "GIT_AUTHOR_",
    "GIT_COMMITTER_",
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_SYSTEM",
];

/// Whom commits are by where git knows nobody.
pub const NOBODY: (&str, &str) = ("smol", "smol@localhost");

/// A repository, and the output directory in it.
#[derive(Clone)]
pub struct Repository {
    root: PathBuf,
    /// Below the root; empty if it is the root.
    out: PathBuf,
    environment: BTreeMap<String, String>,
}

/// A worktree and the branch that it is on.
pub struct Worktree {
    repository: Repository,
    pub branch: String,
    pub place: PathBuf,
    /// Whether no earlier run has left it.
    pub is_new: bool,
}

/// What was committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit {
    pub hash: String,
    /// Whether it is by [`NOBODY`].
    pub is_by_nobody: bool,
}

impl Repository {
    /// The repository that the directory `existing` is in; the output directory is `rest` below that.
    ///
    /// # Errors
    /// If there is none that a worktree can be made of, or git ignores the output directory.
    pub async fn find(existing: &Path, rest: &Path, environment: &BTreeMap<String, String>) -> Result<Repository> {
        let is_passed = |name: &str| ENVIRONMENT.iter().any(|beginning| name.starts_with(beginning));
        let environment = environment.iter().filter(|(name, _)| is_passed(name));
        let mut environment: BTreeMap<String, String> =
            environment.map(|(name, value)| (name.clone(), value.clone())).collect();
        environment.insert("GIT_TERMINAL_PROMPT".to_owned(), "0".to_owned());
        environment.insert("GIT_OPTIONAL_LOCKS".to_owned(), "0".to_owned());
        let mut found = Repository { root: existing.to_owned(), out: PathBuf::new(), environment };
        let directory = existing.display();
        let is_bare = found.git(existing, &["rev-parse", "--is-bare-repository"]).await?;
        if is_bare.code != Some(0) {
            bail!(
                "'{directory}' is in no git repository that can be used ({}); --branch needs one: git init, or leave it out",
                is_bare.stderr.trim()
            );
        }
        if is_bare.stdout.trim() == "true" {
            bail!("'{directory}' is in a bare git repository; run it in a clone of that");
        }
        let superproject = found.said(existing, &["rev-parse", "--show-superproject-working-tree"]).await?;
        if !superproject.is_empty() {
            bail!("'{directory}' is in a submodule of '{superproject}'; run it in a clone of the submodule itself");
        }
        found.root = found.said(existing, &["rev-parse", "--show-toplevel"]).await?.into();
        let below = found.said(existing, &["rev-parse", "--show-prefix"]).await?;
        found.out = Path::new(&below).join(rest);
        if found.git(&found.root, &["rev-parse", "--verify", "--quiet", "HEAD^{commit}"]).await?.code != Some(0) {
            bail!("the repository '{}' has no commit yet that a branch could start from: make one first", found.name());
        }
        let probe = found.out.join("file");
        let probe = probe.to_string_lossy();
        let ignored = found.git(&found.root, &["check-ignore", "-v", "--no-index", "--", &probe]).await?;
        if ignored.code == Some(0) {
            let rule = ignored.stdout.split('\t').next().unwrap_or_default();
            bail!(
                "git ignores the output directory '{}' ({rule}), so nothing could be committed; name another one with -o",
                found.out.display()
            );
        }
        Ok(found)
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    fn name(&self) -> String {
        self.root.display().to_string()
    }

    /// The directory for its worktrees below `base`: no two repositories have the same.
    pub fn home(&self, base: &Path) -> PathBuf {
        let hash = blake3::hash(self.root.as_os_str().as_encoded_bytes()).to_hex();
        let name = self.root.file_name().unwrap_or_default().to_string_lossy();
        base.join(format!("{name}-{}", &hash[..8]))
    }

    /// Whether there is a worktree of an earlier run at `place`, on this branch, to go on in.
    ///
    /// # Errors
    /// If there can be none: the branch exists, or the place is taken.
    pub async fn check(&self, branch: &str, place: &Path, is_taken: bool) -> Result<bool> {
        if self.git(&self.root, &["check-ref-format", "--branch", branch]).await?.code != Some(0) {
            bail!("'{branch}' cannot be the name of a branch");
        }
        let reference = format!("refs/heads/{branch}");
        let exists = self.git(&self.root, &["show-ref", "--verify", "--quiet", &reference]).await?.code == Some(0);
        if is_taken {
            let on = self.git(place, &["symbolic-ref", "--quiet", "HEAD"]).await?;
            let top = self.git(place, &["rev-parse", "--show-toplevel"]).await?;
            if exists && on.stdout.trim() == reference && Path::new(top.stdout.trim()) == place {
                return Ok(true);
            }
            bail!("the place for the worktree, '{}', is taken by something else: move that away", place.display());
        }
        if exists {
            bail!("the branch '{branch}' exists already; name another one, or remove it: git branch -D {branch}");
        }
        Ok(false)
    }

    /// A worktree at `place` on the new branch `branch`, which starts from the last commit; or the one that an earlier
    /// run has left there.
    ///
    /// # Errors
    /// If there can be none.
    pub async fn worktree(&self, branch: &str, place: &Path, is_taken: bool) -> Result<Worktree> {
        let is_new = !self.check(branch, place, is_taken).await?;
        if is_new {
            let place = place.to_string_lossy();
            let made =
                self.git(&self.root, &["worktree", "add", "--quiet", "-b", branch, "--", &place, "HEAD"]).await?;
            if made.code != Some(0) {
                bail!("could not make a worktree at '{place}': {}", made.stderr.trim());
            }
        }
        Ok(Worktree { repository: self.clone(), branch: branch.to_owned(), place: place.to_owned(), is_new })
    }

    async fn git(&self, directory: &Path, args: &[&str]) -> Result<Output> {
        let fixed = ["-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-c", "gc.auto=0"];
        let args = fixed.iter().chain(args).map(OsString::from).collect();
        let environment = &self.environment;
        command::run(Call { program: "git", args, directory, environment, limit: LIMIT }).await
    }

    /// What git says, where it has nothing to object.
    async fn said(&self, directory: &Path, args: &[&str]) -> Result<String> {
        let output = self.git(directory, args).await?;
        if output.code != Some(0) {
            bail!("git {} failed: {}", args.first().unwrap_or(&""), output.stderr.trim());
        }
        Ok(output.stdout.trim_end_matches(['\n', '\r']).to_owned())
    }
}

impl Worktree {
    /// The output directory in it.
    pub fn out(&self) -> PathBuf {
        self.place.join(&self.repository.out)
    }

    /// Commits the output directory, but for what git ignores; `None` if nothing is new in it.
    ///
    /// # Errors
    /// If git refuses.
    pub async fn commit(&self, message: &str) -> Result<Option<Commit>> {
        let Worktree { repository, place, .. } = self;
        let out = match repository.out.as_os_str().is_empty() {
            true => ".".into(),
            false => repository.out.to_string_lossy(),
        };
        repository.said(place, &["add", "--all", "--", &out]).await?;
        if repository.git(place, &["diff", "--cached", "--quiet"]).await?.code == Some(0) {
            return Ok(None);
        }
        // What git guesses from the machine's name is nobody's choice.
        let known = ["-c", "user.useConfigOnly=true", "var"];
        let author = repository.git(place, &[&known[..], &["GIT_AUTHOR_IDENT"]].concat()).await?;
        let committer = repository.git(place, &[&known[..], &["GIT_COMMITTER_IDENT"]].concat()).await?;
        let is_by_nobody = author.code != Some(0) || committer.code != Some(0);
        let (name, email) = (format!("user.name={}", NOBODY.0), format!("user.email={}", NOBODY.1));
        let by: &[&str] = if is_by_nobody { &["-c", &name, "-c", &email] } else { &[] };
        // Signing could ask for a passphrase, and nobody would see the question.
        let commit = ["commit", "--quiet", "--no-verify", "--no-gpg-sign", "--message", message];
        repository.said(place, &[by, &commit].concat()).await?;
        let hash = repository.said(place, &["rev-parse", "--short", "HEAD"]).await?;
        Ok(Some(Commit { hash, is_by_nobody }))
    }

    /// Removes the worktree; the branch stays. If something but smol's memory would be lost, it stays too, and this
    /// names what.
    ///
    /// # Errors
    /// If git refuses.
    pub async fn remove(&self) -> Result<Vec<String>> {
        let Worktree { repository, place, .. } = self;
        let status = ["status", "--porcelain", "-z", "--untracked-files=all", "--ignored=traditional"];
        let status = repository.said(place, &status).await?;
        let memory = repository.out.join(".smol").to_string_lossy().replace('\\', "/");
        let others = status.split('\0').filter_map(|line| line.get(3..));
        let others: Vec<String> = others.filter(|path| !path.starts_with(&memory)).map(str::to_owned).collect();
        if others.is_empty() {
            let place = place.to_string_lossy();
            repository.said(&repository.root, &["worktree", "remove", "--force", "--", &place]).await?;
        }
        Ok(others)
    }

    /// Takes back what was made for a run that has done nothing.
    ///
    /// # Errors
    /// If git refuses.
    pub async fn discard(&self) -> Result<()> {
        let others = self.remove().await?;
        if others.is_empty() {
            let delete = ["branch", "--quiet", "-d", "--", &self.branch];
            self.repository.said(&self.repository.root, &delete).await?;
        }
        Ok(())
    }
}
