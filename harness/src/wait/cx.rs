//! What every strategy needs while it waits: the container, the sensor of its end, pauses.

use std::time::{Duration, Instant};

use futures_util::future::{Either, select};

use super::Waited;
use crate::base::{Backoff, background};
use crate::life::Sensor;
use crate::words::Error;

/// How long an address may fail to answer before it is looked up again.
const REFRESH: Duration = Duration::from_secs(1);

/// One wait's surroundings.
#[derive(Debug)]
pub(super) struct Cx<'a> {
    pub(super) container: &'a dyn Waited,
    pub(super) sensor: Sensor,
}

/// Why a strategy was not met.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The container ended first.
    Ended,
    /// It can't be met any more, in words.
    Never(String),
    /// The engine failed.
    Engine(Error),
}

impl Cx<'_> {
    /// Runs a future up to the container's end.
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
    /// Finds an address of the container. What the handle does not know is looked for anew: a container that had
    /// ended when it was looked at has no addresses, whatever was published, and the engine may have started it again.
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

/// Looks a container's addresses up anew every so often while they don't answer: the engine publishes other ports
/// when it starts the container again.
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
        // An engine that is away for a moment is asked the next time.
        if let Ok(info) = target.inspect().await {
            cx.container.refresh(&info);
        }
        *self = Self::from_now();
    }
}

/// The report names the container; a reason need not.
fn never(error: Error) -> Failure {
    Failure::Never(error.without_subject().to_string())
}

/// Pauses between questions that an engine has no stream for: short at first, so that a quick start stays quick.
pub(super) struct Pauses(Backoff);

impl Pauses {
    pub(super) fn up_to(longest: Duration) -> Self {
        Self(Backoff::new(Duration::from_millis(5), longest))
    }

    pub(super) async fn next(&mut self) {
        let pause = self.0.next();
        background().run(tokio::time::sleep(pause)).await;
    }
}
