//! The one place that runs a case's command in a container, and reads how it ended.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::time::Duration;

use seatrial::driver::{Ending, Status};
use seatrial::{Case, CaseEnd, CaseOutput, CaseVia, ContainerState, StateWatch, TestContainer};

use crate::error::{Error, Result};
use crate::name::{Name, escaped};

/// The exit code of what was ended by SIGKILL, in a shell's and an engine's words.
const KILLED: i64 = 137;
/// How much longer than the case's own limit its end is waited for: ending it, and a slow engine, take time too.
const GRACE: Duration = Duration::from_secs(60);
/// How long an engine may take to tell that a container was short of memory, once the case has ended for it.
const LATE: Duration = Duration::from_millis(500);

/// Which way cases take into a container.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Way {
    /// By the agent where it can be, else by the engine's exec.
    #[default]
    Auto,
    /// By the agent; where it can't be, nothing is run.
    Agent,
    /// By the engine's exec.
    Engine,
}

/// What a case's command is run with.
#[derive(Clone, Debug, Default)]
pub(crate) struct Limits {
    pub(crate) way: Way,
    pub(crate) env: Vec<(String, String)>,
    pub(crate) user: Option<String>,
    pub(crate) workdir: Option<String>,
    pub(crate) timeout: Duration,
    /// In bytes, of each stream.
    pub(crate) output: usize,
    pub(crate) is_isolated: bool,
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
    pub(crate) left_behind: Option<u32>,
    /// Why it did not go by the agent, though it was to if possible.
    pub(crate) no_agent: Option<String>,
}

/// A container with what the engine tells of it: the lack of memory of a command is told in no other way.
pub(crate) struct Watched<'a> {
    pub(crate) container: &'a TestContainer,
    pub(crate) watch: &'a mut StateWatch,
}

/// Runs a case's command. An error is the engine's or the container's, and says nothing of the case.
pub(crate) async fn execute(
    watched: &mut Watched<'_>,
    words: Vec<Vec<u8>>,
    case: Name<'_>,
    limits: &Limits,
) -> Result<Ended> {
    let (limit, container) = (limits.timeout.saturating_add(GRACE), watched.container);
    let running = async {
        match limits.way {
            Way::Engine => by_engine(watched, words, case, limits).await,
            Way::Auto | Way::Agent => by_agent(watched, words, case, limits).await,
        }
    };
    match tokio::time::timeout(limit, running).await {
        Ok(ended) => ended,
        Err(_) => {
            let waited = limit.as_secs();
            Err(Error::engine(format!(
                "{container}: neither an end of the case nor an error came within {waited} s"
            )))
        }
    }
}

/// By the agent in the container, which the library falls back from where it can't be.
async fn by_agent(
    watched: &mut Watched<'_>,
    words: Vec<Vec<u8>>,
    name: Name<'_>,
    limits: &Limits,
) -> Result<Ended> {
    let container = watched.container;
    let cases = container.cases().await?;
    let no_agent = match cases.via() {
        CaseVia::Exec { reason } if limits.way == Way::Agent => {
            return Err(Error::engine(format!("{container}: the agent can't be there: {reason}")));
        }
        CaseVia::Exec { reason } => Some(reason),
        _ => None,
    };
    let mut case = Case::new(words.into_iter().map(OsString::from_vec))
        .timeout(limits.timeout)
        .output_limit(limits.output);
    for (name, value) in &limits.env {
        case = case.env(name, value);
    }
    case = case.env("SEATRIAL_CASE", OsString::from_vec(name.0.to_vec()));
    if let Some(user) = &limits.user {
        case = case.user(user);
    }
    if let Some(dir) = &limits.workdir {
        case = case.working_dir(dir);
    }
    if limits.is_isolated {
        case = case.isolated();
    }
    Ok(Ended { no_agent, ..ended(watched, cases.run(case).await?).await? })
}

async fn ended(watched: &mut Watched<'_>, output: CaseOutput) -> Result<Ended> {
    let CaseOutput { end, stdout, stderr, .. } = output;
    let mut ended = Ended::new(Status::Success, stdout, stderr);
    ended.truncated = output.truncated;
    ended.elapsed = output.elapsed;
    ended.cpu = output.cpu_user.zip(output.cpu_system).map(|(user, system)| user + system);
    ended.max_rss = output.max_rss;
    ended.left_behind = output.left_behind;
    match end {
        CaseEnd::Exited(code) => {
            ended.exit_code = Some(code);
            ended.status = status(watched, code).await?;
        }
        CaseEnd::Signalled(signal) => {
            ended.signal = Some(signal);
            ended.status = status(watched, i64::from(128 + signal)).await?;
        }
        CaseEnd::TimedOut => ended.status = Status::Timeout,
        CaseEnd::CouldNotStart(why) => {
            ended.status = Status::Error;
            ended.note = Some(format!("could not be started: {why}"));
        }
        other => {
            ended.status = Status::Error;
            ended.note = Some(other.to_string());
        }
    }
    Ok(ended)
}

/// By the engine's own exec.
async fn by_engine(
    watched: &mut Watched<'_>,
    words: Vec<Vec<u8>>,
    case: Name<'_>,
    limits: &Limits,
) -> Result<Ended> {
    let text = |bytes: Vec<u8>| {
        String::from_utf8(bytes).map_err(|error| {
            let shown = escaped(error.as_bytes());
            Error::engine(format!("the engine's exec takes text only, and `{shown}` is none"))
        })
    };
    let words = words.into_iter().map(text).collect::<Result<Vec<_>>>()?;
    let mut exec = watched.container.exec(words).timeout(limits.timeout).output_limit(limits.output);
    for (name, value) in &limits.env {
        exec = exec.env(name, value);
    }
    exec = exec.env("SEATRIAL_CASE", text(case.0.to_vec())?);
    if let Some(user) = &limits.user {
        exec = exec.user(user);
    }
    if let Some(dir) = &limits.workdir {
        exec = exec.working_dir(dir);
    }
    match exec.await {
        Ok(output) => {
            let mut ended = Ended::new(Status::Success, output.stdout, output.stderr);
            (ended.exit_code, ended.elapsed) = (Some(output.exit_code), output.elapsed);
            ended.truncated = output.truncated;
            ended.status = status(watched, output.exit_code).await?;
            Ok(ended)
        }
        Err(error) if error.is_not_started() => {
            let note = Some(format!("could not be started: {error}"));
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

/// What an exit code means, in the light of what the container is now. For success nobody asks.
async fn status(watched: &mut Watched<'_>, exit_code: i64) -> Result<Status> {
    if exit_code == 0 {
        return Ok(Status::Success);
    }
    let container = watched.container;
    let state = container.state().await?;
    let out_of_memory = state.oom_killed || (exit_code == KILLED && watched.is_short_of_memory().await);
    if !state.is_running() && !out_of_memory {
        return Err(Error::engine(format!("{container} ended under the case: {state}")));
    }
    Ok(Status::of(Ending { exit_code, out_of_memory, stop: None }))
}

impl Watched<'_> {
    /// Waits a moment for the engine to tell of it; it does so by an event, some time after the command's end.
    async fn is_short_of_memory(&mut self) -> bool {
        let told = async {
            loop {
                match self.watch.next().await {
                    Some(ContainerState { oom_killed: true, .. }) => return true,
                    Some(_) => {}
                    None => return false,
                }
            }
        };
        tokio::time::timeout(LATE, told).await.unwrap_or(false)
    }
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
            left_behind: None,
            no_agent: None,
        }
    }
}
