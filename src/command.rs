//! The only code that starts processes: bounded in time and output, without a question to anybody. Git is run without a
//! shell; what a person typed as a command is run with one, and watched.

use std::{collections::BTreeMap, ffi::OsString, io::ErrorKind, path::Path, process::Stdio, time::Duration};

use anyhow::{Context, Result, anyhow, bail};
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    process,
    time::{sleep, timeout},
};

use crate::transcript::{Line, Transcript};

/// No output that smol reads is longer, in bytes.
const LONGEST_OUTPUT: u64 = 4 * 1024 * 1024;

/// A program to run.
pub(crate) struct Call<'a> {
    pub program: &'a str,
    pub args: Vec<OsString>,
    pub directory: &'a Path,
    /// All that it sees of the environment.
    pub environment: &'a BTreeMap<String, String>,
    pub limit: Duration,
}

/// What came of it.
pub(crate) struct Output {
    /// `None` if a signal ended it.
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// What came of a program that was watched.
pub(crate) struct Watched {
    pub ended: Ended,
    pub transcript: Transcript,
}

/// How a program ended that was watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// By itself; `None` if a signal did it.
    Exit(Option<i32>),
    /// It took too long.
    Time,
    /// It said too much.
    Output,
}

/// What a watched program may say, in bytes; most of it is not kept.
pub(crate) const MOST_OUTPUT: u64 = 64 * 1024 * 1024;
/// How long output is waited for that somebody holds the pipe of who is out of reach.
const DRAIN: Duration = Duration::from_millis(500);

/// Runs it to its end or to a limit, and ends with it what it has started. Dropped before that, all of it is killed.
///
/// # Errors
/// If it cannot be started.
pub(crate) async fn watch(call: Call<'_>) -> Result<Watched> {
    let limit = call.limit;
    let program = call.program;
    let mut child = spawn(call)?;
    let mut group = Group::of(&child);
    let mut stdout = child.stdout.take().context("its output is a pipe")?;
    let mut stderr = child.stderr.take().context("its errors are a pipe")?;
    let (mut transcript, mut out, mut err) = (Transcript::default(), Line::default(), Line::default());
    let (mut out_bytes, mut err_bytes) = (vec![0; 64 * 1024], vec![0; 64 * 1024]);
    let (mut is_out_open, mut is_err_open, mut ended, mut is_over) = (true, true, None, false);
    let mut deadline = std::pin::pin!(sleep(limit));
    while !is_over || is_out_open || is_err_open {
        tokio::select! {
            read = stdout.read(&mut out_bytes), if is_out_open => match read {
                Ok(0) | Err(_) => is_out_open = false,
                Ok(count) => transcript.push(&mut out, &out_bytes[..count]),
            },
            read = stderr.read(&mut err_bytes), if is_err_open => match read {
                Ok(0) | Err(_) => is_err_open = false,
                Ok(count) => transcript.push(&mut err, &err_bytes[..count]),
            },
            status = child.wait(), if !is_over => {
                let status = status.with_context(|| format!("could not wait for '{program}'"))?;
                is_over = true;
                ended.get_or_insert(Ended::Exit(status.code()));
                // What it has left behind has no business any more.
                group.end();
                deadline.as_mut().set(sleep(DRAIN));
            }
            () = deadline.as_mut() => {
                if ended.is_some() {
                    break;
                }
                ended = Some(Ended::Time);
                group.end();
                deadline.as_mut().set(sleep(DRAIN));
            }
        }
        if transcript.bytes > MOST_OUTPUT && ended.is_none() {
            ended = Some(Ended::Output);
            group.end();
            deadline.as_mut().set(sleep(DRAIN));
        }
    }
    transcript.close(&mut out);
    transcript.close(&mut err);
    Ok(Watched { ended: ended.unwrap_or(Ended::Exit(None)), transcript })
}

/// A program and all that it has started and that has not gone away on purpose.
struct Group(#[cfg(unix)] Option<rustix::process::Pid>);

impl Group {
    #[cfg(unix)]
    fn of(child: &process::Child) -> Group {
        Group(child.id().and_then(|id| rustix::process::Pid::from_raw(id.try_into().ok()?)))
    }

    #[cfg(not(unix))]
    fn of(_: &process::Child) -> Group {
        Group()
    }

    fn end(&mut self) {
        #[cfg(unix)]
        if let Some(group) = self.0.take() {
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.end();
    }
}

/// Runs it to its end. Dropped before that, it is killed.
///
/// # Errors
/// If it cannot be started, takes too long, or says too much.
pub(crate) async fn run(call: Call<'_>) -> Result<Output> {
    let (program, limit) = (call.program, call.limit);
    let mut child = spawn(call)?;
    let stdout = child.stdout.take().context("its output is a pipe")?;
    let stderr = child.stderr.take().context("its errors are a pipe")?;
    let whole = async {
        let (out, err) = tokio::try_join!(read_at_most(stdout), read_at_most(stderr))?;
        Ok::<_, std::io::Error>((out, err, child.wait().await?))
    };
    let Ok(ended) = timeout(limit, whole).await else {
        bail!("'{program}' was stopped: it had not ended after {} s", limit.as_secs())
    };
    let (out, err, status) = ended.with_context(|| format!("could not wait for '{program}'"))?;
    if out.len().max(err.len()) as u64 > LONGEST_OUTPUT {
        bail!("'{program}' said more than {} MiB", LONGEST_OUTPUT >> 20);
    }
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ok(Output { code: status.code(), stdout: text(&out), stderr: text(&err) })
}

fn spawn(call: Call<'_>) -> Result<process::Child> {
    let Call { program, args, directory, environment, .. } = call;
    let mut command = process::Command::new(program);
    command.args(args).current_dir(directory).env_clear().envs(environment).kill_on_drop(true);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // Ctrl-C is for smol, which decides what to stop: a commit under way is not cut in the middle.
    #[cfg(unix)]
    command.process_group(0);
    command.spawn().map_err(|error| match error.kind() {
        ErrorKind::NotFound => anyhow!("could not run '{program}': it is not installed, or not in PATH"),
        _ => anyhow!(error).context(format!("could not run '{program}'")),
    })
}

/// Reads a pipe, which is closed at the limit: a program that goes on writing is ended by that.
async fn read_at_most(pipe: impl AsyncRead + Unpin) -> std::io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    pipe.take(LONGEST_OUTPUT + 1).read_to_end(&mut bytes).await?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn shell(script: &str, limit: Duration) -> Result<Output> {
        let environment = BTreeMap::from([("PATH".to_owned(), "/usr/bin:/bin".to_owned())]);
        let args = vec!["-c".into(), script.into()];
        run(Call { program: "sh", args, directory: Path::new("/"), environment: &environment, limit }).await
    }

    #[tokio::test]
    async fn code_output_and_environment() {
        let output = shell("echo out; echo err >&2; env | grep -c CARGO; exit 3", Duration::from_secs(60)).await;
        let output = output.expect("runs");
        assert_eq!((output.code, output.stdout.as_str(), output.stderr.as_str()), (Some(3), "out\n0\n", "err\n"));
    }

    #[tokio::test]
    async fn endless_programs_end() {
        let error = shell("sleep 600", Duration::from_millis(50)).await.err().expect("is stopped");
        assert!(error.to_string().contains("had not ended"), "{error}");
        let error = shell("exec yes", Duration::from_secs(60)).await.err().expect("is stopped");
        assert!(error.to_string().contains("more than 4 MiB"), "{error}");
    }

    async fn watched(script: &str, limit: Duration) -> Watched {
        let environment = BTreeMap::from([("PATH".to_owned(), "/usr/bin:/bin".to_owned())]);
        let args = vec!["-c".into(), script.into()];
        let call = Call { program: "sh", args, directory: Path::new("/"), environment: &environment, limit };
        watch(call).await.expect("runs")
    }

    #[tokio::test]
    async fn what_is_watched_is_ended_with_all_that_it_started() {
        let long = Duration::from_secs(60);
        let done = watched("echo out; echo err >&2; exit 3", long).await;
        let mut lines: Vec<String> = done.transcript.text().lines().map(str::to_owned).collect();
        lines.sort();
        assert_eq!((done.ended, lines), (Ended::Exit(Some(3)), vec!["err".to_owned(), "out".to_owned()]));
        // A grandchild holds the pipe, with and without its parent; nobody waits the ten minutes.
        let done = watched("sleep 600 & echo $!; wait", Duration::from_secs(2)).await;
        assert_eq!(done.ended, Ended::Time);
        // Gone, or dead and not fetched yet by whoever inherits it.
        let state = format!("cut -d ' ' -f 3 /proc/{}/stat 2>&-", done.transcript.text().trim());
        let done = watched(&state, long).await;
        assert!(["", "Z\n"].contains(&done.transcript.text().as_str()), "{}", done.transcript.text());
        let done = watched("sleep 600 & exit 0", long).await;
        assert_eq!(done.ended, Ended::Exit(Some(0)));
        let done = watched("setsid sleep 5 & sleep 600", Duration::from_secs(2)).await;
        assert_eq!(done.ended, Ended::Time);
    }

    #[tokio::test]
    async fn what_says_too_much_is_ended_and_both_ends_are_kept() {
        let done = watched("echo begin; exec yes", Duration::from_secs(60)).await;
        assert_eq!(done.ended, Ended::Output);
        assert!(done.transcript.text().starts_with("begin\ny\n") && done.transcript.text().len() < 1 << 20);
    }

    #[tokio::test]
    async fn a_program_that_is_not_there_is_named() {
        let environment = BTreeMap::new();
        let call = Call {
            program: "no-such-program",
            args: Vec::new(),
            directory: Path::new("/"),
            environment: &environment,
            limit: Duration::from_secs(60),
        };
        let error = run(call).await.err().expect("is not there");
        assert_eq!(error.to_string(), "could not run 'no-such-program': it is not installed, or not in PATH");
    }
}
