//! The one place that runs a case's command in a container, and reads how it ended.

use std::time::Duration;

use seatrial::TestContainer;

use crate::attempt::Status;
use crate::error::{Error, Result};
use crate::name::{Name, escaped};

/// The exit code of what was ended by SIGKILL, in a shell's and an engine's words.
const KILLED: i64 = 137;
/// How much longer than the case's own limit its end is waited for: ending it, and a slow engine, take time too.
const GRACE: Duration = Duration::from_secs(60);
/// How long an engine may take to write down that a container was short of memory.
const LATE: Duration = Duration::from_millis(100);

/// What a case's command is run with.
#[derive(Clone, Debug, Default)]
pub(crate) struct Limits {
    pub(crate) env: Vec<(String, String)>,
    pub(crate) user: Option<String>,
    pub(crate) workdir: Option<String>,
    pub(crate) timeout: Duration,
    /// In bytes, of each stream.
    pub(crate) output: usize,
}

/// How a command ended, and what it printed.
#[derive(Clone, Debug)]
pub(crate) struct Ended {
    pub(crate) status: Status,
    pub(crate) exit_code: Option<i64>,
    pub(crate) signal: Option<i32>,
    pub(crate) note: Option<String>,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
    pub(crate) truncated: bool,
    pub(crate) elapsed: Duration,
    pub(crate) cpu: Option<Duration>,
    pub(crate) max_rss: Option<u64>,
    pub(crate) left_behind: Vec<String>,
}

/// Runs a case's command. An error is the engine's or the container's, and says nothing of the case.
pub(crate) async fn execute(
    container: &TestContainer,
    words: &[Vec<u8>],
    case: Name<'_>,
    limits: &Limits,
) -> Result<Ended> {
    let running = by_engine(container, words, case, limits);
    match tokio::time::timeout(limits.timeout.saturating_add(GRACE), running).await {
        Ok(ended) => ended,
        Err(_) => {
            let waited = limits.timeout.saturating_add(GRACE).as_secs();
            Err(Error::engine(format!("{container}: neither an end of the case nor an error came within {waited} s")))
        }
    }
}

/// By the engine's own exec.
async fn by_engine(
    container: &TestContainer,
    words: &[Vec<u8>],
    case: Name<'_>,
    limits: &Limits,
) -> Result<Ended> {
    let text = |bytes: &[u8]| {
        String::from_utf8(bytes.to_vec()).map_err(|_| {
            let message = format!("the engine's exec takes text only, and `{}` is none", escaped(bytes));
            Error::engine(message)
        })
    };
    let words = words.iter().map(|word| text(word)).collect::<Result<Vec<_>>>()?;
    let mut exec = container.exec(words).timeout(limits.timeout).output_limit(limits.output);
    for (name, value) in &limits.env {
        exec = exec.env(name, value);
    }
    exec = exec.env("SEATRIAL_CASE", text(case.0)?);
    if let Some(user) = &limits.user {
        exec = exec.user(user);
    }
    if let Some(dir) = &limits.workdir {
        exec = exec.workdir(dir);
    }
    match exec.await {
        Ok(output) => {
            let mut ended = Ended::new(Status::Success, output.stdout, output.stderr);
            (ended.exit_code, ended.elapsed) = (Some(output.exit_code), output.elapsed);
            ended.truncated = output.truncated;
            if output.exit_code != 0 {
                ended.status = why_it_failed(container, output.exit_code).await?;
            }
            Ok(ended)
        }
        Err(error) if error.is_not_started() => {
            let note = Some(error.to_string());
            Ok(Ended { note, ..Ended::new(Status::Error, Vec::new(), Vec::new()) })
        }
        Err(error) => match error.output() {
            Some(output) if error.is_timeout() => {
                let mut ended = Ended::new(Status::Timeout, output.stdout.clone(), output.stderr.clone());
                (ended.elapsed, ended.truncated) = (output.elapsed, output.truncated);
                Ok(ended)
            }
            _ => Err(error.into()),
        },
    }
}

/// What an exit code that is not 0 means, in the light of what the container is now.
async fn why_it_failed(container: &TestContainer, code: i64) -> Result<Status> {
    let mut state = container.state().await?;
    if code == KILLED && !state.oom_killed && state.is_running() {
        // The engine may write it down a moment later, and no stream tells of it in the right order.
        tokio::time::sleep(LATE).await;
        state = container.state().await?;
    }
    if state.oom_killed {
        return Ok(Status::OutOfMemory);
    }
    if !state.is_running() {
        return Err(Error::engine(format!("{container} ended under the case: {state}")));
    }
    Ok(if code == KILLED { Status::Killed } else { Status::Error })
}

impl Ended {
    fn new(status: Status, stdout: Vec<u8>, stderr: Vec<u8>) -> Self {
        Self {
            status,
            exit_code: None,
            signal: None,
            note: None,
            stdout,
            stderr,
            truncated: false,
            elapsed: Duration::ZERO,
            cpu: None,
            max_rss: None,
            left_behind: Vec::new(),
        }
    }
}
