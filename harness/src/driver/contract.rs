//! The contract between who has tasks and what runs them.

use std::fmt;
use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::{RunResult, Task};
use crate::words::Result;

/// What runs tasks: containers of their own, those of a pool, or none at all.
///
/// Drivers are chosen at run time, so this can be an object; a driver of your own is as good as any.
pub trait Driver: fmt::Debug + Send + Sync {
    /// Makes a task ready to run: all that can be tried again without the task having failed, such as the pull of its
    /// image.
    ///
    /// # Errors
    /// Invalid, if the driver can't give the task what it asks for; else the engine's. After an error nothing is left.
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
    fn run(&self) -> BoxFuture<'_, Result<Wait>>;

    /// Gives the task up: it is killed, and its [`Wait`] says that it was cancelled. One that is not run yet is not
    /// started any more; one that has ended by itself stays as it ended.
    fn cancel(&self);

    /// Gives the task up, waits until it has ended and nothing of it is left, and reports. Closing again is fine.
    ///
    /// # Errors
    /// Leftover, if something could not be removed; the engine's own.
    ///
    /// # Cancel safety
    /// Dropping the future lets the closing go on, once it was polled.
    fn close(&self) -> BoxFuture<'_, Result<()>>;
}

/// The end of a task that was started; dropping it ends the task, in the background.
///
/// Whoever awaits it has the task's output written, so await it soon.
///
/// # Errors
/// The engine's failures alone: it was lost, the container vanished, the command could not be started or ended. How the
/// task ended is not known then.
pub type Wait = BoxFuture<'static, Result<RunResult>>;
