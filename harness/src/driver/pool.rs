//! The driver that runs tasks as commands in the containers of a pool.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;

use super::contract::{Driver, Prepared};
use super::life::{Job, Life, Stops};
use super::outlet::Outlet;
use super::output::Output;
use super::stats::measure;
use super::watched::{gone, listen, state_of};
use super::{Ending, StatsSink, Stop, Task};
use crate::container::Subject;
use crate::container::command::{
    Agent, EndsWith, Exit, Followed, Input, Running, beside, name_the_test, not_started, words,
};
use crate::engine::{EventKind, ExecRequest, Signal, Signals};
use crate::pool::{ContainerPool, Lease};
use crate::words::{Error, KILLED, Kind, Result};

/// The time after a kill in which an engine may report that memory was the reason; some never do.
const OUT_OF_MEMORY_TIMEOUT: Duration = Duration::from_millis(500);
/// The time after its end in which a container that is being removed may still exist.
const REMOVAL_TIMEOUT: Duration = Duration::from_secs(3);

/// Runs each task as a command in a container of a pool.
///
/// Preparing a task leases a container, in the pool's wait queue; the container is released when the task has ended. A
/// task that is killed is ended with all that it has started; a container in which that is not possible is replaced.
///
/// The pool's containers are not changed for a task: a task that asks for another image, for limits or for volumes that
/// they do not have is refused. A task without an image, limits or volumes fits any pool.
#[derive(Clone, Debug)]
pub struct PoolDriver {
    pool: ContainerPool,
}

impl PoolDriver {
    /// Creates a driver that uses a pool, which stays open when the driver is dropped.
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
    running: Option<(Running, Signals)>,
}

impl Job for Leased {
    async fn start(&mut self) -> Result<()> {
        let subject = self.lease.subject();
        if self.has_deadline {
            Agent::prepare(&subject);
        }
        let signals = listen(&subject).await;
        self.running = Some((Running::start(subject, self.request.clone()).await?, signals));
        Ok(())
    }

    async fn follow(&mut self, outlet: Outlet, mut stops: Stops) -> Result<Ending> {
        let Some((mut running, mut signals)) = self.running.take() else {
            return Err(Error::new(Kind::Conflict, "it was not started"));
        };
        let subject = self.lease.subject();
        let input = self.stdin.take().map_or(Input::None, Input::Bytes);
        let mut output = Output::new(outlet);
        let following = running.follow(&mut output, input, EndsWith::Output, stops.next());
        let followed = beside(following, measure(&subject, self.stats.take())).await;
        let (exit, stop) = match followed.map_err(|error| gone(error, &subject.name))? {
            Followed::Exited { exit, .. } => (exit, None),
            Followed::Stopped { why, ended } => {
                let was_running = ended.map_err(|error| unended(why, error))?;
                let exit = running.exit().await.map_err(|error| gone(error, &subject.name))?;
                (exit, was_running.then_some(why))
            }
        };
        if exit.never_ran {
            return Err(not_started(&words::command(&self.request.cmd), output.head(), b""));
        }
        let out_of_memory = is_out_of_memory(&subject, exit, stop, &mut signals).await?;
        Ok(Ending { exit_code: exit.code, out_of_memory, stop })
    }

    async fn end(self) -> Result<()> {
        let commands = self.lease.commands().clone();
        // Ends the command, if it was started and not followed.
        drop(self.running);
        commands.over().await;
        drop(self.lease);
        Ok(())
    }
}

/// Returns `true` if the engine reports that the container ran out of memory.
///
/// # Errors
/// Not found, if another process removes the container; the engine's own.
async fn is_out_of_memory(
    subject: &Subject,
    exit: Exit,
    stop: Option<Stop>,
    signals: &mut Signals,
) -> Result<bool> {
    if exit.code != 0 && inspect_out_of_memory(subject).await? {
        return Ok(true);
    }
    // A command may end a moment before its container, with which it does.
    let is_unexplained = exit.code == KILLED && stop.is_none();
    let patience = if is_unexplained { OUT_OF_MEMORY_TIMEOUT } else { Duration::ZERO };
    match crate::base::timeout(patience, explanation(signals)).await {
        Ok(EventKind::Oom) => Ok(true),
        Ok(EventKind::Die(_)) => {
            // A removal kills the container first.
            crate::base::timeout(REMOVAL_TIMEOUT, explanation(signals)).await.ok();
            inspect_out_of_memory(subject).await
        }
        Ok(_) => inspect_out_of_memory(subject).await,
        Err(_) => Ok(false),
    }
}

async fn inspect_out_of_memory(subject: &Subject) -> Result<bool> {
    Ok(state_of(subject.inspect().await, subject)?.oom_killed)
}

/// Returns the next event of the container that may explain the end of a command.
async fn explanation(signals: &mut Signals) -> EventKind {
    loop {
        if let Signal::Event(event) = signals.next().await
            && matches!(event.kind, EventKind::Oom | EventKind::Die(_) | EventKind::Destroy)
        {
            return event.kind;
        }
    }
}

fn unended(why: Stop, error: Error) -> Error {
    let why = match why {
        Stop::Timeout => "it exceeded its time limit",
        Stop::Cancelled => "it was cancelled",
    };
    error.with_part(format!("{why} and could not be ended, so its container is replaced"))
}
