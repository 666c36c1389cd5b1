//! Runs what may be code of the user's, which must not run on the background thread, on a thread of its own.
//!
//! A thread per chore costs little beside what chores do, and one that never comes back holds up no other.

use std::any::Any;
use std::cell::Cell;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use tokio::sync::oneshot;

use crate::base::background;
use crate::words::{Error, Kind, Result, seconds};

thread_local! {
    /// The address of the shell that this thread works for.
    static WORKS_FOR: Cell<usize> = const { Cell::new(0) };
}

/// What a chore needs to know of who wants it done.
#[derive(Clone, Debug)]
pub(super) struct Chore {
    /// The thread's name: containers are named after it, and told whom they serve.
    pub(super) caller: String,
    /// Tells the pool that a request comes from its own chore.
    pub(super) shell: usize,
    /// How long it may take.
    pub(super) limit: Duration,
}

/// Whether the caller runs in a chore of this shell: it would wait for itself.
pub(super) fn is_of(shell: usize) -> bool {
    WORKS_FOR.get() == shell
}

impl Chore {
    /// Runs a future that need not be `Send`, made of a value that comes back in any case but one: a chore that
    /// blocks its thread past its limit keeps the value.
    pub(super) async fn run<V, T, W, F>(self, value: V, work: W) -> (Option<V>, Result<T>)
    where
        V: Send + 'static,
        T: Send + 'static,
        W: FnOnce(V) -> F + Send + 'static,
        F: Future<Output = (V, Result<T>)>,
    {
        let Self { caller, shell, limit } = self;
        let (sender, receiver) = oneshot::channel();
        let spawned = std::thread::Builder::new().name(caller).spawn(move || {
            WORKS_FOR.set(shell);
            let outcome = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
                Ok(runtime) => runtime.block_on(work(value)),
                Err(error) => {
                    (value, Err(Error::new(Kind::Conflict, "there is no runtime for it").with_source(error)))
                }
            };
            sender.send(outcome).ok();
        });
        if let Err(error) = spawned {
            return (None, Err(Error::new(Kind::Conflict, "there is no thread for it").with_source(error)));
        }
        // The work has the same limit and keeps it, unless it blocks its thread.
        let patience = background().run(tokio::time::timeout(limit + Duration::from_secs(1), receiver));
        match patience.await {
            Ok(Ok((value, outcome))) => (Some(value), outcome),
            Ok(Err(_)) => (None, Err(Error::new(Kind::Conflict, "it panicked"))),
            Err(_) => (None, Err(late(limit, "it blocks its thread"))),
        }
    }
}

/// Polls a future up to a limit, and turns its panic into an error.
pub(super) async fn bounded<T>(limit: Duration, future: impl Future<Output = Result<T>>) -> Result<T> {
    let caught = futures_util::FutureExt::catch_unwind(AssertUnwindSafe(future));
    match tokio::time::timeout(limit, caught).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(panic)) => Err(panicked(&*panic)),
        Err(_) => Err(late(limit, "it is still not done")),
    }
}

/// Calls a function, and turns its panic into an error.
pub(super) fn caught<T>(call: impl FnOnce() -> T) -> Result<T> {
    catch_unwind(AssertUnwindSafe(call)).map_err(|panic| panicked(&*panic))
}

fn panicked(panic: &(dyn Any + Send)) -> Error {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
    Error::new(Kind::Conflict, format!("it panicked: {text}"))
}

fn late(limit: Duration, what: &str) -> Error {
    Error::new(Kind::Timeout, format!("{what} after {}", seconds(limit)))
}
