//! A case through the engine's exec, for where our program can't be: slower, and less is known of it.

use std::ffi::OsString;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::{Either, select};
use tokio::io::AsyncRead;
use tokio::sync::Notify;

use super::super::begin::{Begun, begin};
use super::super::beside::beside;
use super::super::capture::{READ_SIZE, read_piece};
use super::super::ender::Ender;
use super::super::exit::Exit;
use super::super::stdin::Source;
use super::output::{CaseEnd, CaseOutput};
use super::plan::Plan;
use super::sink::Sink;
use crate::base::{Backoff, background};
use crate::container::Subject;
use crate::engine::{ExecRequest, FrameDecoder, Mode};
use crate::words::{Error, Result};

/// How long the output of a case may take to end once its processes have.
const REST: Duration = Duration::from_millis(500);
/// How many bytes may be on their way to a writer.
const WINDOW: usize = 256 * 1024;

/// How much output is on its way to the case's writers.
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

/// A case that is about to be run.
pub(super) struct ByExec {
    pub(super) subject: Subject,
    pub(super) plan: Plan,
    pub(super) source: Source,
    pub(super) sink: Sink,
    pub(super) on_the_way: Arc<OnTheWay>,
}

impl ByExec {
    /// Runs it, on the background thread; dropping the future ends it.
    pub(super) async fn run(self) -> Result<CaseOutput> {
        let Self { subject, plan, source, mut sink, on_the_way } = self;
        let began = Instant::now();
        if plan.is_isolated {
            let reason = "a root of its own: the engine's exec gives none, and cases go by it here";
            return Ok(sink.into_output(CaseEnd::CouldNotStart(reason.to_owned()), Duration::ZERO));
        }
        let deadline = plan.timeout.and_then(|timeout| began.checked_add(timeout));
        let request = request(&plan)?;
        let starting = background().carry_through(begin(subject.clone(), request));
        let begun = match in_time(deadline, starting).await {
            None => return Ok(sink.into_output(CaseEnd::TimedOut, began.elapsed())),
            Some(Err(error)) if error.is_not_started() => {
                let reason = error.message().to_owned();
                return Ok(sink.into_output(CaseEnd::CouldNotStart(reason), began.elapsed()));
            }
            Some(begun) => begun?,
        };
        let Begun { connection, exec, mut ender } = begun;
        let (reader, writer) = tokio::io::split(connection);
        let mut reading = Reading::new(reader, plan.has_stdin);
        let end = {
            let output =
                beside(reading.read(&mut sink, &on_the_way), source.write_to(writer, Mode::Multiplexed));
            in_time(deadline, exit_beside(output, &subject, &exec)).await.transpose()?
        };
        let elapsed = began.elapsed();
        let end = match end {
            None => {
                let ending = async {
                    reading.read(&mut sink, &on_the_way).await.ok();
                };
                beside(ender.end(), ending).await?;
                CaseEnd::TimedOut
            }
            // What it printed is the reason then.
            Some(exit) if exit.never_ran => {
                reading.rest(&mut sink, &on_the_way).await?;
                ender.disarm();
                let printed = sink.into_output(CaseEnd::TimedOut, elapsed);
                let said = [printed.stdout_text(), printed.stderr_text()].concat();
                let end = CaseEnd::CouldNotStart(said.trim().to_owned());
                return Ok(CaseOutput { end, stdout: Vec::new(), stderr: Vec::new(), ..printed });
            }
            Some(exit) => {
                end_rest(&mut ender).await;
                CaseEnd::Exited(exit.code.try_into().unwrap_or(i32::MAX))
            }
        };
        reading.rest(&mut sink, &on_the_way).await?;
        Ok(sink.into_output(end, elapsed))
    }
}

/// Ends what the case has left. Where our program can't be run, that stays.
async fn end_rest(ender: &mut Ender) {
    if let Err(error) = ender.end_rest().await {
        tracing::debug!("what a case left running could not be ended: {error}");
    }
}

fn request(plan: &Plan) -> Result<ExecRequest> {
    let texts = |words: &[OsString]| words.iter().map(text).collect::<Result<Vec<_>>>();
    Ok(ExecRequest {
        cmd: texts(&plan.argv)?,
        env: texts(&plan.env)?,
        user: plan.user.clone(),
        workdir: plan.workdir.as_ref().map(text).transpose()?,
        stdin: plan.has_stdin,
        ..ExecRequest::default()
    })
}

/// The engine's requests are JSON.
fn text(word: &OsString) -> Result<String> {
    word.clone().into_string().map_err(|word| {
        Error::invalid(format!(
            "`{}` is not UTF-8, which the engine's exec needs, by which cases are run here",
            word.to_string_lossy()
        ))
    })
}

/// What a future gives before the time is up.
async fn in_time<T>(deadline: Option<Instant>, future: impl Future<Output = T>) -> Option<T> {
    match deadline {
        None => Some(future.await),
        Some(deadline) => tokio::time::timeout_at(deadline.into(), future).await.ok(),
    }
}

/// How the first process ended, while its output is read. The output may end before it, and after it.
async fn exit_beside(
    output: impl Future<Output = Result<()>>,
    subject: &Subject,
    exec: &str,
) -> Result<Exit> {
    let asking =
        pin!(ask(subject, exec, Backoff::new(Duration::from_millis(20), Duration::from_millis(250))));
    match select(pin!(output), asking).await {
        Either::Left((read, _)) => {
            read?;
            ask(subject, exec, Backoff::new(Duration::from_millis(1), Duration::from_millis(250))).await
        }
        Either::Right((exit, _)) => exit,
    }
}

/// Asks until it has ended: no engine tells.
async fn ask(subject: &Subject, exec: &str, mut backoff: Backoff) -> Result<Exit> {
    loop {
        if let Some(exit) = Exit::of(&subject.inspect_exec(exec).await?) {
            return Ok(exit);
        }
        tokio::time::sleep(backoff.next()).await;
    }
}

/// Output that is being read.
struct Reading<R> {
    reader: R,
    decoder: FrameDecoder,
    buffer: Vec<u8>,
    has_input: bool,
}

impl<R: AsyncRead + Unpin> Reading<R> {
    fn new(reader: R, has_input: bool) -> Self {
        let decoder = FrameDecoder::new(Mode::Multiplexed);
        Self { reader, decoder, buffer: vec![0; READ_SIZE], has_input }
    }

    /// Reads until the output ends. May be dropped and called again.
    async fn read(&mut self, sink: &mut Sink, on_the_way: &OnTheWay) -> Result<()> {
        loop {
            on_the_way.room().await;
            let read = read_piece(&mut self.reader, &mut self.buffer, || self.has_input).await?;
            if read == 0 {
                return self.decoder.finish();
            }
            let mut piped = 0;
            self.decoder.decode(&self.buffer[..read], |stream, bytes| {
                piped += sink.push(stream, bytes);
            })?;
            on_the_way.bytes.fetch_add(piped, Ordering::AcqRel);
        }
    }

    /// Reads what there is once all that could print has ended.
    async fn rest(&mut self, sink: &mut Sink, on_the_way: &OnTheWay) -> Result<()> {
        tokio::time::timeout(REST, self.read(sink, on_the_way)).await.unwrap_or(Ok(()))
    }
}
