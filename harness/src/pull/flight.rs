//! Pulls under way: concurrent pulls of one image are one pull, which ends early only when nobody wants it any more.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use futures_util::FutureExt;
use futures_util::future::{Shared, WeakShared};
use tokio::sync::watch;

use super::progress::PullProgress;
use crate::base::{Run, background};
use crate::image::Credentials;
use crate::words::{Error, Result};

type Outcome = Result<(), Arc<Error>>;

/// One pull, which many may wait for.
#[derive(Clone)]
pub(crate) struct Flight {
    pub(crate) outcome: Shared<Run<Outcome>>,
    pub(crate) progress: watch::Receiver<PullProgress>,
}

/// What makes two pulls the same. Who pulls is a part of it: nobody must fail, or succeed, with another's password.
#[derive(PartialEq, Eq, Hash)]
pub(crate) struct FlightKey {
    /// The engine's endpoint.
    pub(crate) engine: String,
    /// In its canonical form.
    pub(crate) image: String,
    pub(crate) platform: Option<String>,
    pub(crate) credentials: Option<Credentials>,
}

/// The pulls that are under way.
#[derive(Default)]
pub(crate) struct Flights(Mutex<HashMap<FlightKey, Joinable>>);

/// A pull that others may join as long as somebody waits for it.
type Joinable = (WeakShared<Run<Outcome>>, watch::Receiver<PullProgress>);

impl Flights {
    /// Joins the pull that is under way, or begins one.
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
        // Aborted when the last one who waits is gone: that closes the connection, which ends the engine's pull.
        let outcome = background().run(async move { pulling.await.map_err(Arc::new) }).shared();
        if let Some(weak) = outcome.downgrade() {
            flights.insert(key, (weak, progress.clone()));
        }
        Flight { outcome, progress }
    }
}
