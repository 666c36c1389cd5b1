//! The contract between callers that have tasks and drivers that run them.

use std::fmt;
use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::{RunResult, Task};
use crate::words::Result;

/// Runs tasks: in containers of their own, in those of a pool, or not at all.
///
/// Drivers are chosen at run time, so the trait is object safe. You can implement your own.
pub trait Driver: fmt::Debug + Send + Sync {
    /// Makes a task ready to run: does everything that can be tried again without the task having failed, such as the
    /// pull of its image.
    ///
    /// # Errors
    /// Invalid, if the driver does not support an option of the task; the engine's own. After an error nothing is left.
    ///
    /// # Cancel safety
    /// Dropping the future leaves nothing.
    fn prepare(&self, task: Task) -> BoxFuture<'_, Result<Arc<dyn Prepared>>>;
}

/// A task that is ready to run; dropping it before it is run leaves nothing.
pub trait Prepared: fmt::Debug + Send + Sync {
    /// Starts the task, once.
    ///
    /// # Errors
    /// Conflict, if it was run or closed already; not started, if its command is not there or can't be executed; the
    /// engine's own. After an error nothing is left.
    ///
    /// # Cancel safety
    /// Dropping the future ends the task, in the background.
    fn run(&self) -> BoxFuture<'_, Result<Completion>>;

    /// Cancels the task: it is killed, and its [`Completion`] reports that it was cancelled. A task that is not running
    /// yet is not started any more; the result of one that has ended by itself is not changed.
    fn cancel(&self);

    /// Cancels the task, and waits until it has ended and nothing of it is left. Closing again has no effect.
    ///
    /// # Errors
    /// Leftover, if something could not be removed; the engine's own.
    ///
    /// # Cancel safety
    /// Dropping the future lets the closing go on, once it was polled.
    fn close(&self) -> BoxFuture<'_, Result<()>>;
}

/// A future that completes with the task's result; dropping it ends the task, in the background.
///
/// The task's output is written on the task that awaits it, so await it soon.
///
/// # Errors
/// The engine's failures alone: it was lost, the container was removed, the command could not be started or ended. The
/// task's result is not known then.
pub type Completion = BoxFuture<'static, Result<RunResult>>;
