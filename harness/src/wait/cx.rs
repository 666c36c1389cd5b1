//! The context of a wait: the container, the sensor of its end, and pauses.

use std::time::{Duration, Instant};

use futures_util::future::{Either, select};

use super::Waited;
use crate::base::{Backoff, background};
use crate::life::Sensor;
use crate::words::Error;

/// The time after which an address that does not answer is looked up again.
const REFRESH: Duration = Duration::from_secs(1);

/// The context of one wait.
#[derive(Debug)]
pub(super) struct Cx<'a> {
    pub(super) container: &'a dyn Waited,
    pub(super) sensor: Sensor,
}

/// The reason why a strategy was not met.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The container ended first.
    Ended,
    /// The condition can't be met any more, for this reason.
    Never(String),
    /// A request to the engine failed.
    Engine(Error),
}

impl Cx<'_> {
    /// Awaits a future until the container's end.
    pub(super) async fn until_end<T>(
        &self,
        future: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        let (future, ended) = (std::pin::pin!(future), std::pin::pin!(self.sensor.ended()));
        match select(future, ended).await {
            Either::Left((result, _)) => result,
            Either::Right((_, _)) => Err(Failure::Ended),
        }
    }
}

impl Cx<'_> {
    /// Looks an address of the container up. If the handle does not know it, the container is inspected again: a
    /// container has no addresses if it had ended at the last inspection, and the engine may have restarted it since.
    pub(super) async fn address<T>(
        &self,
        look_up: impl Fn(&dyn Waited) -> Result<T, Error>,
    ) -> Result<T, Failure> {
        let target = self.container.target();
        let mut pauses = Pauses::up_to(Duration::from_millis(200));
        loop {
            let error = match look_up(self.container) {
                Ok(address) => return Ok(address),
                Err(error) => error,
            };
            match target.inspect().await {
                Ok(info) if info.state.is_restarting() => pauses.next().await,
                Ok(info) if info.state.is_running() => {
                    self.container.refresh(&info);
                    return look_up(self.container).map_err(never);
                }
                Err(failed) if !failed.is_not_found() => return Err(never(error)),
                Ok(_) | Err(_) => {
                    self.sensor.ended().await;
                    return Err(Failure::Ended);
                }
            }
        }
    }
}

impl Cx<'_> {
    /// Returns `true` if an address that has answered is still the container's own: another container gets the ports of
    /// a run that is over. Waits for the reason if the container has ended for good.
    pub(super) async fn is_still<T: PartialEq>(
        &self,
        address: &T,
        look_up: impl Fn(&dyn Waited) -> Result<T, Error>,
    ) -> Result<bool, Failure> {
        match self.container.target().inspect().await {
            Ok(info) => {
                self.container.refresh(&info);
                if info.state.is_over() {
                    self.sensor.ended().await;
                    return Err(Failure::Ended);
                }
                Ok(info.state.is_running() && look_up(self.container).is_ok_and(|now| now == *address))
            }
            Err(error) if error.is_not_found() => {
                self.sensor.ended().await;
                Err(Failure::Ended)
            }
            // If the engine is unreachable, the next try asks again.
            Err(_) => Ok(false),
        }
    }
}

/// Looks a container's addresses up again at intervals while they don't answer, since the engine may publish other
/// ports after a restart.
pub(super) struct Refresh(Instant);

impl Refresh {
    pub(super) fn from_now() -> Self {
        Self(Instant::now())
    }

    pub(super) async fn at_times(&mut self, cx: &Cx<'_>) {
        if self.0.elapsed() < REFRESH {
            return;
        }
        let target = cx.container.target();
        // If the engine is unreachable, the next interval tries again.
        if let Ok(info) = target.inspect().await {
            cx.container.refresh(&info);
        }
        *self = Self::from_now();
    }
}

/// Removes the container's name from a reason, since the report contains it.
fn never(error: Error) -> Failure {
    Failure::Never(error.without_subject().to_string())
}

/// Pauses between polls. They are short at first, so that a quick start stays quick.
pub(super) struct Pauses(Backoff);

impl Pauses {
    pub(super) fn up_to(longest: Duration) -> Self {
        Self(Backoff::new(Duration::from_millis(5), longest))
    }

    pub(super) async fn next(&mut self) {
        let pause = self.0.next();
        background().run(crate::base::sleep(pause)).await;
    }
}
