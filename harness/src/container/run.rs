//! A container that is run like a command: created, started, awaited to its end, its output collected.

use std::time::{Duration, Instant};

use tracing::Instrument;

use super::ContainerRequest;
use super::start::{Created, create, start_explained};
use crate::base::background;
use crate::config::Keep;
use crate::output::{Collected, Retain, Tap};
use crate::words::{Error, Result, stream_texts};

/// The outcome of a container that was run to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RunOutput {
    /// The way in which it ended.
    pub end: RunEnd,
    /// The standard output, up to the request's limit; with a terminal, all output.
    pub stdout: Vec<u8>,
    /// The standard error, up to the request's limit.
    pub stderr: Vec<u8>,
    /// `true` if one of the streams was longer than the limit.
    pub truncated: bool,
    /// The time from the start to the end.
    pub elapsed: Duration,
}

/// The way in which a container that was run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RunEnd {
    /// It exited with this exit code, by itself or after a signal.
    Exited(i64),
    /// It exited with this exit code after it ran out of memory, as the engine reports it.
    OutOfMemory(i64),
    /// It exceeded its time limit; it is removed like one that has ended.
    TimedOut,
}

impl RunOutput {
    /// Returns the exit code; `None` after a time-out.
    #[must_use]
    pub fn exit_code(&self) -> Option<i64> {
        match self.end {
            RunEnd::Exited(code) | RunEnd::OutOfMemory(code) => Some(code),
            RunEnd::TimedOut => None,
        }
    }
}

stream_texts!(RunOutput);

impl ContainerRequest {
    /// Runs the container to its end and collects its output; then removes it, unless it is to be kept
    /// [always](crate::Keep::Always).
    ///
    /// A non-zero exit code and a time-out are data, not errors: after a time-out there is the output until then.
    ///
    /// # Errors
    /// As [`start`](Self::start), without those of its wait.
    ///
    /// # Cancel safety
    /// Dropping the future leaves nothing: the container is removed in the background.
    pub async fn run(&self) -> Result<RunOutput> {
        let mut request = self.clone();
        // It is removed here in any case, and inspected before.
        request.host.auto_remove = None;
        if request.restarts.are_wanted() {
            return Err(Error::invalid(
                "`run` ends with the container's first run, and `restart_when` asks for more runs; use `start`",
            ));
        }
        if request.for_cases.is_some() {
            return Err(Error::invalid(
                "a container `for_cases` does not end by itself, and `run` waits for its end; use `start`",
            ));
        }
        let created = create(&request).await?;
        let span = created.span.clone();
        run(created, self.output_limit).instrument(span).await
    }
}

async fn run(created: Created, limit: usize) -> Result<RunOutput> {
    match to_the_end(&created, limit).await {
        Ok(output) => {
            match created.owned.keep_mode() {
                Keep::Always => created.owned.keep(),
                Keep::OnFailure | Keep::Never => created.owned.remove().await?,
            }
            Ok(output)
        }
        Err(error) => Err(created.fail(error)),
    }
}

/// Starts the container and reads its output until it ends or exceeds its time limit.
async fn to_the_end(created: &Created, limit: usize) -> Result<RunOutput> {
    let connection = created.subject.attach().await?;
    let (tap, over) =
        Tap::attached(created.subject.target.clone(), connection, Vec::new(), Retain::Head(limit));
    let began = Instant::now();
    start_explained(created).await?;
    created.profile().await?;
    let (subject, timeout) = (created.subject.clone(), created.timeout);
    let ending = background().run(tokio::time::timeout(timeout, async move {
        over.await.ok();
        // The output ends before the container, possibly long before.
        subject.wait_not_running().await
    }));
    let ended = ending.await.ok().transpose()?;
    let Collected { stdout, stderr } = tap.take();
    let elapsed = began.elapsed();
    let end = match ended {
        None => RunEnd::TimedOut,
        Some(code) => {
            let state = created.subject.inspect_end().await?.state;
            let code = state.exit_code.or(code).unwrap_or_default();
            if state.oom_killed { RunEnd::OutOfMemory(code) } else { RunEnd::Exited(code) }
        }
    };
    let truncated = stdout.truncated || stderr.truncated;
    Ok(RunOutput { end, stdout: stdout.bytes, stderr: stderr.bytes, truncated, elapsed })
}
