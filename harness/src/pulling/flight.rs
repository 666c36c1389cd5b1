//! Concurrent pulls of the same image share one request. The pull is cancelled once all callers have gone.

use std::collections::HashMap;
use std::sync::Mutex;

use futures_util::FutureExt;
use futures_util::future::{Shared, WeakShared};
use tokio::sync::watch;

use super::progress::PullProgress;
use crate::base::{Run, background};
use crate::config::Hidden;
use crate::image::Credentials;
use crate::words::Result;

type Outcome = Result<()>;

/// A pull that several callers share.
#[derive(Clone)]
pub(crate) struct Flight {
    pub(crate) outcome: Shared<Run<Outcome>>,
    pub(crate) progress: watch::Receiver<PullProgress>,
}

/// The identity of a pull. It includes the credentials, so that no caller succeeds or fails with those of another.
#[derive(PartialEq, Eq, Hash)]
pub(crate) struct FlightKey {
    /// The endpoint of the engine that pulls.
    pub(crate) engine: String,
    /// The canonical image reference.
    pub(crate) image: String,
    pub(crate) platform: Option<String>,
    pub(crate) credentials: Option<Credentials>,
    /// The headers of Docker's configuration.
    pub(crate) headers: Vec<(String, Hidden)>,
}

/// The pulls in progress.
#[derive(Default)]
pub(crate) struct Flights(Mutex<HashMap<FlightKey, Joinable>>);

/// A pull in progress. It holds a weak reference, so that a pull without callers can't be joined.
type Joinable = (WeakShared<Run<Outcome>>, watch::Receiver<PullProgress>);

impl Flights {
    /// Joins the pull with this key, or starts one.
    pub(crate) fn join<F>(
        &self,
        key: FlightKey,
        pull: impl FnOnce(watch::Sender<PullProgress>) -> F,
    ) -> Flight
    where
        F: Future<Output = Result<()>> + Send + 'static,
    {
        let mut flights = self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        flights.retain(|_, (outcome, _)| outcome.upgrade().is_some_and(|outcome| outcome.peek().is_none()));
        if let Some((outcome, progress)) = flights.get(&key)
            && let Some(outcome) = outcome.upgrade()
        {
            return Flight { outcome, progress: progress.clone() };
        }
        let (sender, progress) = watch::channel(PullProgress::default());
        let pulling = pull(sender);
        // Dropping the last clone aborts the task, which closes the connection, and that ends the engine's pull.
        let outcome = background().run(pulling).shared();
        if let Some(weak) = outcome.downgrade() {
            flights.insert(key, (weak, progress.clone()));
        }
        Flight { outcome, progress }
    }
}
