//! Runs a container like a command: creates and starts it, waits for its end, and collects its output.

use std::time::{Duration, Instant};

use tracing::Instrument;

use super::ContainerRequest;
use super::start::{Created, create, start_explained};
use crate::base::background;
use crate::config::Keep;
use crate::output::{Collected, Retain, Tap};
use crate::words::{Error, Result, stream_texts};

/// The result of a container that was run to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RunOutput {
    /// The outcome.
    pub end: RunEnd,
    /// The standard output, up to the request's limit. With a terminal, the whole output.
    pub stdout: Vec<u8>,
    /// The standard error, up to the request's limit.
    pub stderr: Vec<u8>,
    /// `true` if one of the streams was longer than the limit.
    pub truncated: bool,
    /// The time from the start to the end.
    pub elapsed: Duration,
    /// `true` if the kernel killed a child of the container's main process for lack of memory, as far as the engine
    /// noticed, and the container ended for another reason.
    pub child_oom_killed: bool,
}

/// The outcome of a container that was run to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RunEnd {
    /// The container exited with this code, by itself or by a signal.
    Exited(i64),
    /// The container's main process was killed for lack of memory, with this exit code, according to the engine.
    OutOfMemory(i64),
    /// The container exceeded its time limit. It is removed like an ended one.
    TimedOut,
}

impl RunOutput {
    /// Returns the exit code, or `None` after a timeout.
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
    /// Runs the container to its end and returns its output. The container is removed afterwards, unless it is kept
    /// [always](crate::Keep::Always).
    ///
    /// A non-zero exit code and a timeout are data and not errors. After a timeout, the result contains the output so
    /// far.
    ///
    /// # Errors
    /// Those of [`start`](Self::start), except those of the wait.
    ///
    /// # Cancel safety
    /// If the future is dropped, the container is removed in the background.
    pub async fn run(&self) -> Result<RunOutput> {
        let mut request = self.clone();
        // The container is removed here in any case, after its state was inspected.
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
        run(self, created).instrument(span).await
    }
}

async fn run(request: &ContainerRequest, created: Created) -> Result<RunOutput> {
    match to_the_end(request, &created).await {
        Ok(output) => {
            match created.owned.keep_mode() {
                Keep::Always => {
                    created.finish_listeners().await;
                    created.owned.keep();
                }
                Keep::OnFailure | Keep::Never => created.owned.remove().await?,
            }
            Ok(output)
        }
        Err(error) => Err(created.fail(error)),
    }
}

/// Starts the container and reads its output until it ends or exceeds its time limit.
async fn to_the_end(request: &ContainerRequest, created: &Created) -> Result<RunOutput> {
    let connection = created.subject.attach().await?;
    let (tap, over) = Tap::attached(
        created.subject.target.clone(),
        connection,
        Vec::new(),
        Retain::Head(request.output_limit),
    );
    let began = Instant::now();
    start_explained(created).await?;
    created.listeners.start(&created.subject.target, &request.consumers);
    created.profile().await?;
    let (subject, timeout) = (created.subject.clone(), created.timeout);
    let ending = background().run(crate::base::timeout(timeout, async move {
        over.await.ok();
        // The output ends before the container, possibly long before.
        subject.wait_not_running().await
    }));
    let ended = ending.await.ok().transpose()?;
    let Collected { stdout, stderr } = tap.take();
    let elapsed = began.elapsed();
    let mut child_oom_killed = false;
    let end = match ended {
        None => RunEnd::TimedOut,
        Some(code) => {
            let state = created.subject.inspect_end().await?.state;
            let code = state.exit_code.or(code).unwrap_or_default();
            child_oom_killed = state.oom_killed && !state.is_out_of_memory();
            if state.is_out_of_memory() { RunEnd::OutOfMemory(code) } else { RunEnd::Exited(code) }
        }
    };
    let truncated = stdout.truncated || stderr.truncated;
    Ok(RunOutput { end, stdout: stdout.bytes, stderr: stderr.bytes, truncated, elapsed, child_oom_killed })
}
