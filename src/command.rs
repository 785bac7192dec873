//! The only code that starts processes: bounded in time and output, without a shell, without a question to anybody.

use std::{collections::BTreeMap, ffi::OsString, io::ErrorKind, path::Path, process::Stdio, time::Duration};

use anyhow::{Context, Result, anyhow, bail};
use tokio::{
    io::{AsyncRead, AsyncReadExt},
    process,
    time::timeout,
};

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

/// Runs it to its end. Dropped before that, it is killed.
///
/// # Errors
/// If it cannot be started, takes too long, or says too much.
pub(crate) async fn run(call: Call<'_>) -> Result<Output> {
    let Call { program, args, directory, environment, limit } = call;
    let mut command = process::Command::new(program);
    command.args(args).current_dir(directory).env_clear().envs(environment).kill_on_drop(true);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // Ctrl-C is for smol, which decides what to stop: a commit under way is not cut in the middle.
    #[cfg(unix)]
    command.process_group(0);
    let mut child = command.spawn().map_err(|error| match error.kind() {
        ErrorKind::NotFound => anyhow!("could not run '{program}': it is not installed, or not in PATH"),
        _ => anyhow!(error).context(format!("could not run '{program}'")),
    })?;
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
