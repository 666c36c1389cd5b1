//! Threads for user code, which must not run on the background thread.
//!
//! Hooks, wait strategies and modifiers of requests may be user code. A thread for each recycle or replacement costs
//! little beside the work itself, and user code that blocks its thread delays nothing else.

use std::any::Any;
use std::cell::Cell;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use tokio::sync::oneshot;

use crate::base::background;
use crate::words::{Error, Kind, Result, seconds};

thread_local! {
    /// The address of the shell that this thread works for; 0 on other threads.
    static SHELL: Cell<usize> = const { Cell::new(0) };
}

/// A thread for user code that a pool runs.
#[derive(Clone, Debug)]
pub(super) struct UserThread {
    /// The thread's name. Containers that user code starts are named after it, and labelled with it.
    pub(super) name: String,
    /// The address of the pool's shell.
    pub(super) shell: usize,
    /// The longest time that the work may take.
    pub(super) limit: Duration,
}

/// Returns `true` on a thread that runs user code for the pool with this shell. A request to that pool must not wait
/// there: the container that it waits for may be the one that the thread works on.
pub(super) fn runs_for(shell: usize) -> bool {
    SHELL.get() == shell
}

impl UserThread {
    /// Starts the thread with a tokio runtime, and runs work on it whose future need not be `Send`.
    ///
    /// The work is made from a value, which comes back unless the thread could not be started, panicked, or was blocked
    /// for longer than the limit.
    pub(super) async fn run<V, T, W, F>(self, value: V, work: W) -> (Option<V>, Result<T>)
    where
        V: Send + 'static,
        T: Send + 'static,
        W: FnOnce(V) -> F + Send + 'static,
        F: Future<Output = (V, Result<T>)>,
    {
        let Self { name, shell, limit } = self;
        let (sender, receiver) = oneshot::channel();
        let spawned = std::thread::Builder::new().name(name).spawn(move || {
            SHELL.set(shell);
            let outcome = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
                Ok(runtime) => runtime.block_on(work(value)),
                Err(error) => (value, Err(cannot_start("the tokio runtime").with_source(error))),
            };
            sender.send(outcome).ok();
        });
        if let Err(error) = spawned {
            return (None, Err(cannot_start("the thread").with_source(error)));
        }
        // The work keeps the same limit by itself, unless it blocks its thread.
        let deadline = limit + Duration::from_secs(1);
        match background().run(async move { crate::base::timeout(deadline, receiver).await }).await {
            Ok(Ok((value, outcome))) => (Some(value), outcome),
            Ok(Err(_)) => (None, Err(Error::new(Kind::Conflict, "it panicked"))),
            Err(_) => {
                let message = format!("it was not done within {}, and blocks its thread", seconds(limit));
                (None, Err(Error::new(Kind::Timeout, message)))
            }
        }
    }
}

/// Polls a future until a limit, and turns its panic into an error.
///
/// # Errors
/// That of the future; conflict, if it panicked; timeout, if it was not done within the limit.
pub(super) async fn bounded<T>(limit: Duration, future: impl Future<Output = Result<T>>) -> Result<T> {
    let caught = futures_util::FutureExt::catch_unwind(AssertUnwindSafe(future));
    match crate::base::timeout(limit, caught).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(panic)) => Err(panicked(&*panic)),
        Err(_) => Err(Error::new(Kind::Timeout, format!("it was not done within {}", seconds(limit)))),
    }
}

/// Calls a function, and turns its panic into an error.
pub(super) fn catch_panic<T>(call: impl FnOnce() -> T) -> Result<T> {
    catch_unwind(AssertUnwindSafe(call)).map_err(|panic| panicked(&*panic))
}

fn panicked(panic: &(dyn Any + Send)) -> Error {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
    Error::new(Kind::Conflict, format!("it panicked: {text}"))
}

fn cannot_start(thing: &str) -> Error {
    Error::new(Kind::Conflict, format!("{thing} for the pool's work can't be started"))
}
