//! The driver that gives each task a container of its own.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::{BoxFuture, Either, select, try_join};
use tokio::io::WriteHalf;
use tokio::sync::watch;

use super::contract::{Driver, Prepared};
use super::life::{Job, Life, Stops};
use super::outlet::Outlet;
use super::output::Output;
use super::stats::measure;
use super::watched::{Watched, gone, listen, retried};
use super::{Ending, StatsSink, Task};
use crate::base::Backoff;
use crate::config::Keep;
use crate::container::command::{Input, Pieces, Sink, beside};
use crate::container::{Created, Subject, create, start_explained};
use crate::engine::{Bodies, LogRequest, Mode, Signals, Upgraded};
use crate::session::Session;
use crate::words::{Error, Kind, Result};

/// The limit for silence in the output once the task has ended, after which it counts as broken off.
const SILENCE: Duration = Duration::from_secs(5);
/// The time between the end of the output and that of the container, if the container does not go on without output.
const ENDING: Duration = Duration::from_millis(500);
/// The limit of output that is compared with the log, in bytes: a connection that breaks between two frames looks like
/// one that has ended.
const COMPARED: u64 = 1 << 20;

/// Runs each task in a container of its own.
///
/// The container is created when the task is prepared, started when it is run, and removed when it has ended, unless it
/// is to be kept [always](crate::Keep::Always). A task's memory is without swap.
#[derive(Clone, Debug, Default)]
pub struct DockerDriver {
    session: Option<Session>,
}

impl DockerDriver {
    /// Creates a driver that uses the process's session.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Creates a driver that uses another session.
    #[must_use]
    pub fn in_session(session: &Session) -> Self {
        Self { session: Some(session.clone()) }
    }

    async fn create(&self, mut task: Task) -> Result<Arc<dyn Prepared>> {
        let mut request = task.request();
        if let Some(session) = &self.session {
            request = request.session(session);
        }
        let created = create(&request).await.map_err(|error| task.named(error))?;
        let (stdin, stats) = (task.stdin.clone(), task.stats.take());
        Ok(Life::begin(task, Contained { created, stdin, stats, running: None }))
    }
}

impl Driver for DockerDriver {
    fn prepare(&self, task: Task) -> BoxFuture<'_, Result<Arc<dyn Prepared>>> {
        Box::pin(self.create(task))
    }
}

/// A task in a container of its own.
struct Contained {
    created: Created,
    stdin: Option<Bytes>,
    stats: Option<StatsSink>,
    running: Option<(Pieces, WriteHalf<Upgraded>, Signals)>,
}

impl Job for Contained {
    async fn start(&mut self) -> Result<()> {
        let subject = &self.created.subject;
        // Before the start, so that neither the end nor any output is missed.
        let signals = listen(subject).await;
        let connection = match &self.stdin {
            Some(_) => self.created.subject.attach_with_input().await?,
            None => self.created.subject.attach().await?,
        };
        start_explained(&self.created).await?;
        let (reader, writer) = tokio::io::split(connection);
        let output = Pieces::of_connection(reader, Mode::Multiplexed);
        self.running = Some((output, writer, signals));
        Ok(())
    }

    async fn follow(&mut self, outlet: Outlet, stops: Stops) -> Result<Ending> {
        let Some((output, writer, signals)) = self.running.take() else {
            return Err(Error::new(Kind::Conflict, "it was not started"));
        };
        let input = self.stdin.take().map_or(Input::None, Input::Bytes);
        let input = input.write_to(writer, Mode::Multiplexed);
        let (ended, has_ended) = watch::channel(false);
        let (subject, is_lost) = (&self.created.subject, AtomicBool::new(false));
        let reading = beside(read(subject, &is_lost, Output::new(outlet), output, has_ended), input);
        let ending = async {
            let ending = Watched::new(subject, &is_lost, signals).follow(stops).await?;
            ended.send_replace(true);
            Ok(ending)
        };
        let (ending, ()) = beside(try_join(ending, reading), measure(subject, self.stats.take())).await?;
        Ok(ending)
    }

    async fn end(self) -> Result<()> {
        match self.created.owned.keep_mode() {
            Keep::Always => {
                self.created.owned.keep();
                Ok(())
            }
            Keep::OnFailure | Keep::Never => self.created.owned.remove().await,
        }
    }
}

/// Reads all output of a container. The log supplies the rest where the connection breaks, and where the container
/// closes its output and opens it again.
async fn read(
    subject: &Subject,
    is_lost: &AtomicBool,
    mut output: Output,
    mut pieces: Pieces,
    mut has_ended: watch::Receiver<bool>,
) -> Result<()> {
    let mut is_whole = false;
    let mut pauses = Backoff::for_engine();
    loop {
        let is_over = read_to_end(&mut output, pieces, &has_ended).await
            && crate::base::timeout(ENDING, has_ended.wait_for(|ended| *ended)).await.is_ok();
        if is_over && (is_whole || output.passed() > COMPARED) {
            return Ok(());
        }
        if !is_over {
            // A source that breaks again and again is not asked for without a pause.
            crate::base::sleep(pauses.next()).await;
        }
        // With Docker 20.10, a reader that follows a log to its end may miss the last output; a read after the end does
        // not.
        is_whole = *has_ended.borrow();
        output.start_over();
        pieces = match retried(is_lost, || log(subject, !is_whole)).await {
            // The engine keeps no log that can be read.
            Err(error) if is_over && !error.is_engine_away() && !error.is_not_found() => return Ok(()),
            log => Pieces::of_log(log.map_err(|error| gone(error, &subject.name))?, Mode::Multiplexed),
        };
    }
}

/// Reads a source to its end. Returns `false` if it broke off, or is silent although the task has ended.
async fn read_to_end(output: &mut Output, mut pieces: Pieces, has_ended: &watch::Receiver<bool>) -> bool {
    loop {
        let mut has_ended = has_ended.clone();
        let too_long = async {
            has_ended.wait_for(|ended| *ended).await.ok();
            crate::base::sleep(SILENCE).await;
        };
        let next = match select(pin!(pieces.peek()), pin!(too_long)).await {
            Either::Left((piece, _)) => piece.ok(),
            Either::Right(_) => None,
        };
        match next {
            Some(Some((stream, bytes))) => output.take(stream, bytes).await,
            Some(None) => return true,
            None => return false,
        }
        pieces.take();
    }
}

async fn log(subject: &Subject, follow: bool) -> Result<Bodies> {
    let request =
        LogRequest { stdout: true, stderr: true, follow, timestamps: false, tail: None, since: None };
    subject.logs(&request).await
}
