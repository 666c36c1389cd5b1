//! The driver that runs tasks as commands in the containers of a pool.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::{BoxFuture, Either, join, select};
use tokio::sync::watch;

use super::contract::{Driver, Prepared};
use super::docker::vanished;
use super::life::{Job, Life, Stops};
use super::outlet::Outlet;
use super::output::{End, Output, Source};
use super::stats::measure;
use super::status::KILLED;
use super::{Ending, StatsSink, Stop, Task};
use crate::container::Subject;
use crate::container::command::{
    Agent, Begun, Exit, Input, begin, beside, exit, name_the_test, not_started, words,
};
use crate::engine::{EventKind, ExecRequest, Mode, Signal, Signals};
use crate::pool::{ContainerPool, Lease};
use crate::words::{ContainerStatus, Error, Kind, Result};

/// How long the engine's events may take to be told.
const EVENTS_WITHIN: Duration = Duration::from_secs(1);
/// How much later than a kill an engine may tell that it was for want of memory; some never do.
const OUT_OF_MEMORY_WITHIN: Duration = Duration::from_millis(500);
/// How long after its end a container that is being removed may still be there.
const REMOVED_WITHIN: Duration = Duration::from_secs(3);

/// Runs each task as a command in a container of a pool.
///
/// A task is prepared when a container is leased for it, in line with all who want one, and the container is given back
/// when it has ended. One that was killed is ended with all that it has started; a container in which that could not be
/// done is replaced.
///
/// What a container has can't be changed for a task: one that asks for another image, for limits or for volumes that
/// the pool's containers do not have is refused. A task without an image, limits or volumes fits any pool.
#[derive(Clone, Debug)]
pub struct PoolDriver {
    pool: ContainerPool,
}

impl PoolDriver {
    /// With this pool, which stays open when the driver goes.
    #[must_use]
    pub fn new(pool: ContainerPool) -> Self {
        Self { pool }
    }

    async fn lease(&self, mut task: Task) -> Result<Arc<dyn Prepared>> {
        let mut request = task.exec();
        words::check(&request).map_err(|error| task.named(error))?;
        name_the_test(&mut request);
        let lacks = self.pool.template().lacks(&task.request());
        if !lacks.is_empty() {
            let message = format!("the pool's containers can't be given {}", lacks.join(", "));
            return Err(Error::invalid(message)
                .with_subject(task.subject())
                .with_hint("give the pool's request what the tasks need, or use the driver `docker`"));
        }
        let lease = self.pool.get().await.map_err(|error| task.named(error))?;
        lease.label(&task.id);
        let (stdin, stats) = (task.stdin.clone(), task.stats.take());
        let has_deadline = !task.timeout.is_zero();
        Ok(Life::begin(task, Leased { lease, request, stdin, stats, has_deadline, running: None }))
    }
}

impl Driver for PoolDriver {
    fn prepare(&self, task: Task) -> BoxFuture<'_, Result<Arc<dyn Prepared>>> {
        Box::pin(self.lease(task))
    }
}

/// A task that is a command in a leased container.
struct Leased {
    lease: Lease,
    request: ExecRequest,
    stdin: Option<Bytes>,
    stats: Option<StatsSink>,
    has_deadline: bool,
    running: Option<(Begun, Signals)>,
}

impl Job for Leased {
    async fn start(&mut self) -> Result<()> {
        let subject = self.lease.subject();
        if self.has_deadline {
            Agent::prepare(&subject);
        }
        let mut signals = subject.listen();
        tokio::time::timeout(EVENTS_WITHIN, signals.next()).await.ok();
        self.running = Some((begin(subject, self.request.clone()).await?, signals));
        Ok(())
    }

    async fn follow(&mut self, outlet: Outlet, mut stops: Stops) -> Result<Ending> {
        let Some((Begun { connection, exec, mut ender }, mut signals)) = self.running.take() else {
            return Err(Error::new(Kind::Conflict, "it was not started"));
        };
        let subject = self.lease.subject();
        let (reader, writer) = tokio::io::split(connection);
        let input = self.stdin.take().map_or(Input::None, Input::Bytes);
        let (ended, has_ended) = watch::channel(false);
        let (mut output, is_over) = (Output::new(outlet, has_ended), ender.over_flag());
        let (exit, stop) = {
            let to_the_end = async {
                let reading = output.read(Source::Connection(reader));
                let end = beside(reading, input.write_to(writer, Mode::Multiplexed)).await;
                if end == End::Broken && !*ended.borrow() {
                    return Err(Error::new(Kind::Protocol, "the engine broke its output off"));
                }
                is_over.store(true, Ordering::Relaxed);
                exit(&subject, &exec).await
            };
            let mut to_the_end = pin!(beside(to_the_end, measure(&subject, self.stats.take())));
            match select(to_the_end.as_mut(), pin!(stops.next())).await {
                Either::Left((exit, _)) => (exit, None),
                Either::Right((why, _)) => {
                    let was_running = subject.inspect_exec(&exec).await?.ended().is_none();
                    let ending = async {
                        let outcome = ender.end().await;
                        ended.send_replace(true);
                        outcome
                    };
                    // Read on meanwhile: what it prints must not hold it up.
                    let (exit, outcome) = join(to_the_end, ending).await;
                    outcome.map_err(|error| unended(why, error))?;
                    (exit, was_running.then_some(why))
                }
            }
        };
        let exit = exit.map_err(|error| gone(error, &subject.name))?;
        ender.disarm();
        if exit.never_ran {
            return Err(not_started(&words::command(&self.request.cmd), output.head(), b""));
        }
        let out_of_memory = is_out_of_memory(&subject, exit, stop, &mut signals).await?;
        Ok(Ending { exit_code: exit.code, out_of_memory, stop })
    }

    async fn end(self) -> Result<()> {
        let commands = self.lease.commands().clone();
        // The command is ended by then, if it was started.
        drop(self.running);
        commands.over().await;
        drop(self.lease);
        Ok(())
    }
}

/// Whether the engine reports that the container was short of memory; and whether there is a container still.
async fn is_out_of_memory(
    subject: &Subject,
    exit: Exit,
    stop: Option<Stop>,
    signals: &mut Signals,
) -> Result<bool> {
    if exit.code != 0 && is_seen_out_of_memory(subject).await? {
        return Ok(true);
    }
    // A command may end a moment before its container, with which it does.
    let is_unexplained = exit.code == KILLED && stop.is_none();
    let patience = if is_unexplained { OUT_OF_MEMORY_WITHIN } else { Duration::ZERO };
    match tokio::time::timeout(patience, explanation(signals)).await {
        Ok(EventKind::Oom) => Ok(true),
        Ok(EventKind::Die(_)) => {
            // Who removes a container kills it first.
            tokio::time::timeout(REMOVED_WITHIN, explanation(signals)).await.ok();
            is_seen_out_of_memory(subject).await
        }
        Ok(_) => is_seen_out_of_memory(subject).await,
        Err(_) => Ok(false),
    }
}

async fn is_seen_out_of_memory(subject: &Subject) -> Result<bool> {
    let name = &subject.name;
    let info = subject.inspect().await.map_err(|error| gone(error, name))?;
    if info.state.status == ContainerStatus::Removing {
        Err(vanished(name))
    } else {
        Ok(info.state.oom_killed)
    }
}

/// What the engine tells of a container that may have killed its commands.
async fn explanation(signals: &mut Signals) -> EventKind {
    loop {
        if let Signal::Event(event) = signals.next().await
            && matches!(event.kind, EventKind::Oom | EventKind::Die(_) | EventKind::Destroy)
        {
            return event.kind;
        }
    }
}

fn gone(error: Error, name: &str) -> Error {
    if error.is_not_found() { vanished(name).with_source(error) } else { error }
}

fn unended(why: Stop, error: Error) -> Error {
    let why = match why {
        Stop::Timeout => "its time was up",
        Stop::Cancelled => "it was given up",
    };
    error.with_part(format!("{why}, and it could not be ended, so its container is replaced"))
}
