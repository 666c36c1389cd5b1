//! A case by the engine's exec, for containers that our program can't be in: slower, and less is known of it.

use std::ffi::OsString;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::super::pieces::Sink;
use super::super::running::{EndsWith, Followed, deadline, run};
use super::super::stdin::Input;
use super::output::{CaseEnd, CaseOutput};
use super::plan::Plan;
use super::streams::Streams;
use crate::container::Subject;
use crate::engine::ExecRequest;
use crate::words::{Error, LogStream, Result};

/// The number of bytes that may be on their way to the case's writers.
pub(super) const WINDOW: usize = 256 * 1024;

/// The streams of a case, whose writers hold it back.
struct Bounded {
    streams: Streams,
    /// The bytes that may still be passed to the writers, which give back what they have taken.
    window: Arc<Semaphore>,
}

impl Sink for Bounded {
    async fn take(&mut self, stream: LogStream, bytes: Bytes) {
        let size = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        // Never closed.
        self.window.acquire_many(size).await.map(SemaphorePermit::forget).ok();
        let piped = self.streams.push(stream, &bytes);
        self.window.add_permits(bytes.len() - piped);
    }
}

/// Runs a case, on the background thread; dropping the future ends it.
pub(super) async fn by_exec(
    subject: Subject,
    plan: Plan,
    input: Input,
    streams: Streams,
    window: Arc<Semaphore>,
) -> Result<CaseOutput> {
    let began = Instant::now();
    if plan.is_isolated {
        let reason = "a root of its own: cases go by the engine's exec here, which gives none";
        return Ok(streams.into_output(CaseEnd::CouldNotStart(reason.to_owned()), Duration::ZERO));
    }
    let stop = deadline(plan.timeout.and_then(|timeout| began.checked_add(timeout)));
    let mut sink = Bounded { streams, window };
    let followed = run(subject, request(&plan)?, &mut sink, input, EndsWith::Process, stop).await;
    let streams = sink.streams;
    let (end, elapsed) = match followed {
        Ok(Followed::Exited { exit, elapsed }) if exit.never_ran => {
            let printed = streams.into_output(CaseEnd::TimedOut, elapsed);
            // The engine's reason is in the place of output.
            let said = [printed.stdout_text(), printed.stderr_text()].concat();
            let end = CaseEnd::CouldNotStart(said.trim().to_owned());
            return Ok(CaseOutput { end, stdout: Vec::new(), stderr: Vec::new(), ..printed });
        }
        Ok(Followed::Exited { exit, elapsed }) => (CaseEnd::Exited(exit.code), elapsed),
        Ok(Followed::Stopped { ended, .. }) => (ended.map(|_| CaseEnd::TimedOut)?, began.elapsed()),
        Err(error) if error.is_not_started() => {
            (CaseEnd::CouldNotStart(error.message().to_owned()), began.elapsed())
        }
        Err(error) => return Err(error),
    };
    Ok(streams.into_output(end, elapsed))
}

fn request(plan: &Plan) -> Result<ExecRequest> {
    let texts = |words: &[OsString]| words.iter().map(text).collect::<Result<Vec<_>>>();
    Ok(ExecRequest {
        cmd: texts(&plan.argv)?,
        env: texts(&plan.env)?,
        user: plan.user.clone(),
        working_dir: plan.working_dir.as_ref().map(text).transpose()?,
        stdin: plan.has_stdin,
        ..ExecRequest::default()
    })
}

/// Returns a word as text: the engine's requests are JSON.
fn text(word: &OsString) -> Result<String> {
    word.clone().into_string().map_err(|word| {
        Error::invalid(format!(
            "`{}` is not UTF-8; cases go by the engine's exec here, which takes no other words",
            word.to_string_lossy()
        ))
    })
}
