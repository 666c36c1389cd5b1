//! The driver that gives each task a container of its own.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::future::{BoxFuture, Either, pending, select, try_join};
use tokio::io::{ReadHalf, WriteHalf};
use tokio::sync::watch;

use super::contract::{Driver, Prepared};
use super::life::{Job, Life, Stops};
use super::outlet::Outlet;
use super::output::{End, Output, Source};
use super::stats::measure;
use super::{Ending, StatsSink, Stop, Task};
use crate::base::Backoff;
use crate::config::Keep;
use crate::container::command::{Input, beside};
use crate::container::{Created, Subject, create, start_explained};
use crate::engine::{Change, ContainerInfo, EventKind, LogRequest, Mode, Signal, Signals, Upgraded};
use crate::session::Session;
use crate::words::{ContainerState, ContainerStatus, Error, Kind, Result, seconds};

/// How long the engine's events may take to be told; without them looks do, later.
const EVENTS_WITHIN: Duration = Duration::from_secs(1);
/// How long an engine that does not answer any more may be away before it counts as lost.
const AWAY: Duration = Duration::from_secs(10);
/// An engine that has died does not always say so; after so long without an event the container is looked at.
const SILENCE: Duration = Duration::from_secs(60);
/// The same, for a container that was killed and should have ended.
const KILLED_WITHIN: Duration = Duration::from_secs(5);
/// How much later than the end of its output a container ends that does not go on without any.
const ENDING: Duration = Duration::from_millis(500);
/// Output of up to so many bytes is compared with the log: a connection that breaks between two frames looks as one
/// that has ended.
const COMPARED: u64 = 1 << 20;

/// Runs each task in a container of its own.
///
/// The container is created when the task is prepared, started when it is run, and removed when it has ended, unless it
/// is to stay [always](crate::Keep::Always). A task's memory is without swap.
#[derive(Clone, Debug, Default)]
pub struct DockerDriver {
    session: Option<Session>,
}

impl DockerDriver {
    /// With the process's session.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// With a session of your own.
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
    running: Option<Running>,
}

struct Running {
    reader: ReadHalf<Upgraded>,
    writer: WriteHalf<Upgraded>,
    signals: Signals,
}

impl Job for Contained {
    async fn start(&mut self) -> Result<()> {
        // Before the start, so that neither its end nor any output is missed.
        let mut signals = self.created.subject.listen();
        tokio::time::timeout(EVENTS_WITHIN, signals.next()).await.ok();
        let connection = match &self.stdin {
            Some(_) => self.created.subject.attach_with_input().await?,
            None => self.created.subject.attach().await?,
        };
        start_explained(&self.created).await?;
        let (reader, writer) = tokio::io::split(connection);
        self.running = Some(Running { reader, writer, signals });
        Ok(())
    }

    async fn follow(&mut self, outlet: Outlet, stops: Stops) -> Result<Ending> {
        let Some(Running { reader, writer, signals }) = self.running.take() else {
            return Err(Error::new(Kind::Conflict, "it was not started"));
        };
        let input = self.stdin.take().map_or(Input::None, Input::Bytes);
        let (ended, has_ended) = watch::channel(false);
        let (subject, is_lost) = (&self.created.subject, AtomicBool::new(false));
        let reading = read(subject, &is_lost, Output::new(outlet, has_ended), reader);
        let reading = beside(reading, input.write_to(writer, Mode::Multiplexed));
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

/// Reads all that a container prints. What the connection does not give, because it broke or because the container
/// closed its output and opens it again, the log does.
async fn read(
    subject: &Subject,
    is_lost: &AtomicBool,
    mut output: Output,
    reader: ReadHalf<Upgraded>,
) -> Result<()> {
    let (mut source, mut is_whole) = (Source::Connection(reader), false);
    let mut pauses = Backoff::new(Duration::from_millis(50), Duration::from_secs(2));
    loop {
        let is_over = output.read(source).await == End::Over
            && tokio::time::timeout(ENDING, output.ended()).await.is_ok();
        if is_over && (is_whole || output.passed() > COMPARED) {
            return Ok(());
        }
        if !is_over {
            // What breaks again and again is not asked for without a pause.
            tokio::time::sleep(pauses.next()).await;
        }
        // What follows a log to its end may miss what was printed last, with Docker 20.10; a read after the end does not.
        is_whole = output.has_ended();
        source = Source::Log(match retried(is_lost, || log(subject, !is_whole)).await {
            // An engine that keeps no log that can be read has said so.
            Err(error) if is_over && !is_away(&error) && !error.is_not_found() => return Ok(()),
            log => log.map_err(|error| gone(error, subject))?,
        });
    }
}

async fn log(subject: &Subject, follow: bool) -> Result<crate::engine::Bodies> {
    let request =
        LogRequest { stdout: true, stderr: true, follow, timestamps: false, tail: None, since: None };
    subject.logs(&request).await
}

/// Asks again while the engine is away, for a time.
async fn retried<T, F: Future<Output = Result<T>>>(is_lost: &AtomicBool, ask: impl Fn() -> F) -> Result<T> {
    let (began, mut pauses) =
        (Instant::now(), Backoff::new(Duration::from_millis(50), Duration::from_secs(1)));
    loop {
        match ask().await {
            Err(error) if is_away(&error) => {
                is_lost.store(true, Ordering::Relaxed);
                if began.elapsed() > AWAY {
                    return Err(error.with_part("the engine was lost while it ran"));
                }
            }
            outcome => return outcome,
        }
        tokio::time::sleep(pauses.next()).await;
    }
}

fn is_away(error: &Error) -> bool {
    matches!(error.kind(), Kind::Unreachable | Kind::Timeout | Kind::Protocol)
}

/// An error of a container that is gone says what that means.
fn gone(error: Error, subject: &Subject) -> Error {
    if error.is_not_found() { vanished(&subject.name).with_source(error) } else { error }
}

/// The error of a container that somebody else removed.
pub(super) fn vanished(name: &str) -> Error {
    Error::new(Kind::NotFound, format!("container `{name}` was removed by somebody else while it ran"))
}

/// A container that was started, until its end.
struct Watched<'a> {
    subject: &'a Subject,
    /// Whether the engine was away.
    is_lost: &'a AtomicBool,
    signals: Signals,
    out_of_memory: bool,
    /// Since when it is to end.
    ending_since: Option<Instant>,
    /// Why it was killed, if it ran still.
    stop: Option<Stop>,
}

/// What comes next of a container.
enum Next {
    Event(EventKind),
    /// It has to be looked at.
    Look,
    /// It has to be ended.
    Stop(Stop),
}

impl<'a> Watched<'a> {
    fn new(subject: &'a Subject, is_lost: &'a AtomicBool, signals: Signals) -> Self {
        Self { subject, is_lost, signals, out_of_memory: false, ending_since: None, stop: None }
    }

    async fn follow(mut self, mut stops: Stops) -> Result<Ending> {
        let exit_code = loop {
            let may_have_ended = match self.next(&mut stops).await {
                Next::Event(EventKind::Die(Some(code))) => break code,
                Next::Event(EventKind::Destroy) => return Err(vanished(&self.subject.name)),
                Next::Event(EventKind::Oom) => {
                    self.out_of_memory = true;
                    false
                }
                Next::Event(EventKind::Die(None)) | Next::Look => true,
                Next::Event(_) => false,
                Next::Stop(why) => {
                    self.kill(why).await?;
                    false
                }
            };
            if may_have_ended && let Some(code) = self.seen_end().await? {
                break code;
            }
        };
        let is_explained = self.stop.is_some() || self.out_of_memory;
        let state = if is_explained { self.look().await? } else { self.look_for_the_reason().await? };
        let out_of_memory = self.out_of_memory || state.oom_killed;
        Ok(Ending { exit_code, out_of_memory, stop: self.stop })
    }

    /// What comes next; once it was killed, no stop does.
    async fn next(&mut self, stops: &mut Stops) -> Next {
        let is_ending = self.ending_since.is_some();
        let silence = if is_ending { KILLED_WITHIN } else { SILENCE };
        let signal = tokio::time::timeout(silence, self.signals.next());
        let stop = async { if is_ending { pending().await } else { stops.next().await } };
        match select(pin!(signal), pin!(stop)).await {
            Either::Left((Ok(Signal::Event(event)), _)) => Next::Event(event.kind),
            // Events may be missing, or be told no more.
            Either::Left((Ok(Signal::Look | Signal::Silence(_)) | Err(_), _)) => Next::Look,
            Either::Right((why, _)) => Next::Stop(why),
        }
    }

    async fn kill(&mut self, why: Stop) -> Result<()> {
        self.ending_since = Some(Instant::now());

        let killed = self.subject.kill("KILL").await;
        match killed.map_err(|error| gone(error, self.subject).with_phase("end it"))? {
            Change::Made => self.stop = Some(why),
            // It ended by itself, before.
            Change::AlreadySo => {}
        }
        Ok(())
    }

    /// The exit code, if a look says that it has ended.
    async fn seen_end(&mut self) -> Result<Option<i64>> {
        let state = self.look().await?;
        self.out_of_memory |= state.oom_killed;
        let ending_for = self.ending_since.map(|since| since.elapsed());
        if let Some(time) = ending_for.filter(|time| *time > AWAY && state.is_running()) {
            let after = seconds(time);
            return Err(Error::new(Kind::Engine, format!("it runs still {after} after it was killed")));
        }
        if !state.status.has_ended() {
            return Ok(None);
        }
        match state.exit_code {
            // An engine that was away may say 0 of what ended meanwhile, however it ended.
            Some(0) if self.is_lost.load(Ordering::Relaxed) => {
                Err(Error::new(Kind::Engine, "the engine was away when it ended, so nobody knows how it did"))
            }
            Some(code) => Ok(Some(code)),
            None => Err(Error::new(Kind::Protocol, "the engine does not tell its exit code")),
        }
    }

    /// Its state, while it is there and nobody else removes it.
    async fn look(&self) -> Result<ContainerState> {
        self.seen(retried(self.is_lost, || self.subject.inspect()).await)
    }

    /// The same of one that has ended, with a wait for the reason where it is in doubt.
    async fn look_for_the_reason(&self) -> Result<ContainerState> {
        self.seen(retried(self.is_lost, || self.subject.inspect_end()).await)
    }

    fn seen(&self, info: Result<ContainerInfo>) -> Result<ContainerState> {
        let state = info.map_err(|error| gone(error, self.subject))?.state;
        if state.status == ContainerStatus::Removing { Err(vanished(&self.subject.name)) } else { Ok(state) }
    }
}
