//! A case by the engine's exec, for containers that our program can't be in: slower, and less is known of it.

use std::ffi::OsString;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::sync::Notify;

use super::super::pieces::Sink;
use super::super::running::{EndsWith, Followed, deadline, run};
use super::super::stdin::Input;
use super::output::{CaseEnd, CaseOutput};
use super::plan::Plan;
use super::streams::Streams;
use crate::engine::ExecRequest;
use crate::output::Subject;
use crate::words::{Error, LogStream, Result};

/// The number of bytes that may be on their way to a writer.
const WINDOW: usize = 256 * 1024;

/// The number of bytes that are on their way to the case's writers.
#[derive(Debug, Default)]
pub(super) struct OnTheWay {
    bytes: AtomicUsize,
    less: Notify,
}

impl OnTheWay {
    pub(super) fn give_back(&self, bytes: usize) {
        self.bytes.fetch_sub(bytes, Ordering::AcqRel);
        self.less.notify_one();
    }

    async fn room(&self) {
        while self.bytes.load(Ordering::Acquire) > WINDOW {
            self.less.notified().await;
        }
    }
}

/// A case that is about to run.
pub(super) struct ByExec {
    pub(super) subject: Subject,
    pub(super) plan: Plan,
    pub(super) input: Input,
    pub(super) streams: Streams,
    pub(super) on_the_way: Arc<OnTheWay>,
}

struct Bounded {
    streams: Streams,
    on_the_way: Arc<OnTheWay>,
}

impl Sink for Bounded {
    async fn take(&mut self, stream: LogStream, bytes: Bytes) {
        self.on_the_way.room().await;
        let piped = self.streams.push(stream, &bytes);
        self.on_the_way.bytes.fetch_add(piped, Ordering::AcqRel);
    }
}

impl ByExec {
    /// Runs the case, on the background thread; dropping the future ends it.
    pub(super) async fn run(self) -> Result<CaseOutput> {
        let Self { subject, plan, input, streams, on_the_way } = self;
        let began = Instant::now();
        if plan.is_isolated {
            let reason = "a root of its own: cases go by the engine's exec here, which gives none";
            return Ok(streams.into_output(CaseEnd::CouldNotStart(reason.to_owned()), Duration::ZERO));
        }
        let stop = deadline(plan.timeout.and_then(|timeout| began.checked_add(timeout)));
        let mut sink = Bounded { streams, on_the_way };
        let followed = run(subject, request(&plan)?, &mut sink, input, EndsWith::Process, stop).await;
        let streams = sink.streams;
        match followed {
            Ok(Followed::Exited { exit, elapsed }) if exit.never_ran => {
                let printed = streams.into_output(CaseEnd::TimedOut, elapsed);
                // The engine's reason is in the place of output.
                let said = [printed.stdout_text(), printed.stderr_text()].concat();
                let end = CaseEnd::CouldNotStart(said.trim().to_owned());
                Ok(CaseOutput { end, stdout: Vec::new(), stderr: Vec::new(), ..printed })
            }
            Ok(Followed::Exited { exit, elapsed }) => {
                Ok(streams.into_output(CaseEnd::Exited(exit.code), elapsed))
            }
            Ok(Followed::Stopped { ended, .. }) => {
                ended?;
                Ok(streams.into_output(CaseEnd::TimedOut, began.elapsed()))
            }
            Err(error) if error.is_not_started() => {
                let end = CaseEnd::CouldNotStart(error.message().to_owned());
                Ok(streams.into_output(end, began.elapsed()))
            }
            Err(error) => Err(error),
        }
    }
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
