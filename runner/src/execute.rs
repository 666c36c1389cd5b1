//! The execution of a case's command in a container, and the judgement of its end.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use seatrial::driver::{Ending, Status};
use seatrial::{
    Case, Cases, TestContainer,
    command::{CaseEnd, CaseOutput, CaseVia},
    container::{ContainerState, StateWatch},
};

use crate::attempt::{Attempt, End};
use crate::awake;
use crate::error::{Error, Result};
use crate::name::{Name, escaped};
use crate::rules::Place;

/// The exit code of a process that `SIGKILL` ended, as shells and engines report it.
const KILLED: i64 = 137;
/// The time that a case's end may take beyond the case's own limit: ending its processes, and a slow engine, take time.
const GRACE: Duration = Duration::from_secs(60);
/// The time within which an engine reports that a container was short of memory, after the end of the case.
const LATE: Duration = Duration::from_millis(500);
/// The most bytes of the line by which a case tells why it skipped itself.
const LONGEST_REASON: usize = 1_000;
/// The note of an attempt of which another process than its first was killed for want of memory.
const CHILD_OUT_OF_MEMORY: &str = "out of memory in a child";

/// The way by which the commands of cases get into a container.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Way {
    /// By the agent where it can run, else by the engine's exec.
    #[default]
    Auto,
    /// By the agent. Where it can't run, cases are infrastructure errors.
    Agent,
    /// By the engine's exec.
    Engine,
}

/// The options of every case's command.
#[derive(Clone, Debug, Default)]
pub(crate) struct Limits {
    pub(crate) way: Way,
    pub(crate) env: Vec<(String, String)>,
    pub(crate) user: Option<String>,
    pub(crate) working_dir: Option<String>,
    pub(crate) timeout: Duration,
    /// The most output of each stream that is kept, in bytes.
    pub(crate) output: usize,
    pub(crate) is_isolated: bool,
    /// The most memory that a container may use, in bytes.
    pub(crate) memory: Option<u64>,
    /// The exit codes by which a case says that it skipped itself.
    pub(crate) skip_codes: Vec<i64>,
}

/// A container and the watch of its state: an engine reports a command's lack of memory only as an event.
pub(crate) struct Watched<'a> {
    pub(crate) container: &'a TestContainer,
    pub(crate) watch: &'a mut StateWatch,
}

/// Runs a case's command and judges its end.
///
/// # Errors
/// The engine's or the container's, which mean nothing for the case.
pub(crate) async fn execute(
    watched: &mut Watched<'_>,
    words: Vec<Vec<u8>>,
    name: Name<'_>,
    limits: &Limits,
    place: Place,
) -> Result<Attempt> {
    let (limit, container) = (limits.timeout.saturating_add(GRACE), watched.container);
    let running = async {
        let (cases, by_exec) = way_into(container, limits.way).await?;
        let is_by_agent = cases.via() == CaseVia::Agent;
        let began = Instant::now();
        let attempt = |end| Attempt::new(place, container.name(), end);
        let attempt = match cases.run(case(words, name, limits)).await {
            Ok(output) => attempt(watched.judge(&output, limits).await?).with_output(output),
            Err(error) if is_by_agent && is_loss_of_agent(&error) => {
                attempt(watched.blame(error).await?).after(began.elapsed())
            }
            Err(error) => return Err(error.into()),
        };
        Ok(Attempt { by_exec, ..attempt })
    };
    awake::timeout(limit, running).await.unwrap_or_else(|| {
        let waited = limit.as_secs();
        Err(Error::engine(format!(
            "{container}: the case did not end within {waited} s, though it was to be ended, and the engine reported no \
             error"
        )))
    })
}

/// Returns `true` if an error means that the agent has ended, as opposed to one that does not answer.
fn is_loss_of_agent(error: &seatrial::Error) -> bool {
    error.is_exec() && !error.is_timeout() && !error.is_not_started()
}

/// Finds the way into a container, and the reason why it is the engine's exec although the agent is preferred.
async fn way_into(container: &TestContainer, way: Way) -> Result<(Cases, Option<String>)> {
    if way == Way::Engine {
        return Ok((container.cases_by_exec(), None));
    }
    let cases = container.cases().await?;
    match cases.via() {
        CaseVia::Exec { reason } if way == Way::Agent => {
            Err(Error::engine(format!("{container}: the agent can't run in it: {reason}")))
        }
        CaseVia::Exec { reason } => Ok((cases, Some(reason))),
        _ => Ok((cases, None)),
    }
}

fn case(words: Vec<Vec<u8>>, name: Name<'_>, limits: &Limits) -> Case {
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
    if let Some(dir) = &limits.working_dir {
        case = case.working_dir(dir);
    }
    if limits.is_isolated { case.isolated() } else { case }
}

impl Watched<'_> {
    /// Judges the end of a command, in the light of the container's state.
    async fn judge(&mut self, output: &CaseOutput, limits: &Limits) -> Result<End> {
        let end = |status, note| End::Ran { status, exit_code: None, signal: None, note };
        // An engine's report of a lack of memory may come after the end of a case. For a case that was not killed itself,
        // it is awaited only if one of the processes was large.
        let is_large = output.max_rss.zip(limits.memory).is_some_and(|(most, limit)| most >= limit / 2);
        Ok(match &output.end {
            CaseEnd::Exited(code) if limits.skip_codes.contains(code) => {
                End::Skipped { exit_code: *code, reason: last_line(output) }
            }
            CaseEnd::Exited(code) => {
                let exit_code = *code;
                let (status, note) = self.status(exit_code, is_large).await?;
                End::Ran { status, exit_code: Some(exit_code), signal: None, note }
            }
            CaseEnd::Signalled(signal) => {
                let (status, note) = self.status(i64::from(128 + signal), is_large).await?;
                End::Ran { status, exit_code: None, signal: Some(*signal), note }
            }
            CaseEnd::TimedOut => end(Status::Timeout, None),
            CaseEnd::CouldNotStart(reason) => {
                end(Status::Error, Some(format!("could not be started: {reason}")))
            }
            other => end(Status::Error, Some(other.to_string())),
        })
    }

    /// Finds the status of a command that ended with an exit code, and a note on it.
    ///
    /// # Errors
    /// Engine, if the container has ended under the command.
    async fn status(&mut self, exit_code: i64, is_large: bool) -> Result<(Status, Option<String>)> {
        let was_killed = exit_code == KILLED;
        let is_awaited = was_killed || is_large;
        let is_short = if exit_code == 0 {
            self.is_short_of_memory(is_awaited).await
        } else {
            let state = self.container.state().await?;
            let is_short = state.oom_killed || self.is_short_of_memory(is_awaited).await;
            if !state.is_running() && !is_short {
                return Err(Error::engine(format!("{} ended under the case: {state}", self.container)));
            }
            is_short
        };
        let ending = Ending { exit_code, out_of_memory: is_short && was_killed, stop: None };
        let note = (is_short && !was_killed).then(|| CHILD_OUT_OF_MEMORY.to_owned());
        Ok((Status::of(ending), note))
    }

    /// Judges a case whose agent is gone. If another command can be started in the container, the container runs on, and
    /// only a process in it can have ended the agent.
    ///
    /// # Errors
    /// The given error, if the container or the engine is away too.
    async fn blame(&mut self, error: seatrial::Error) -> Result<End> {
        let container = self.container;
        let runs_on = matches!(container.cases().await.map(|cases| cases.via()), Ok(CaseVia::Agent));
        if !runs_on || !container.state().await?.is_running() {
            return Err(error.into());
        }
        let (status, note) = if self.is_short_of_memory(true).await {
            (Status::OutOfMemory, None)
        } else {
            let note = "the case ended the program that ran it: it must signal its own processes only, and not all of \
                        the container's";
            (Status::Error, Some(note.to_owned()))
        };
        Ok(End::Ran { status, exit_code: None, signal: None, note })
    }

    /// Finds out whether the engine has reported that the container was short of memory. A report that may be late is
    /// awaited for a moment.
    async fn is_short_of_memory(&mut self, is_awaited: bool) -> bool {
        if is_awaited {
            tokio::time::timeout(LATE, self.next_shortage()).await.unwrap_or(false)
        } else {
            self.next_shortage().now_or_never().unwrap_or(false)
        }
    }

    async fn next_shortage(&mut self) -> bool {
        loop {
            match self.watch.next().await {
                Some(ContainerState { oom_killed: true, .. }) => return true,
                Some(_) => {}
                None => return false,
            }
        }
    }
}

/// Returns the last line that a case printed; that of standard output first.
fn last_line(output: &CaseOutput) -> Option<String> {
    let last = |bytes: &[u8]| {
        let line = bytes.trim_ascii().rsplit(|byte| *byte == b'\n').next()?.trim_ascii();
        (!line.is_empty()).then(|| escaped(&line[..line.len().min(LONGEST_REASON)]))
    };
    last(&output.stdout).or_else(|| last(&output.stderr))
}
