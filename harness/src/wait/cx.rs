//! What every strategy needs while it waits: the container, the sensor of its end, pauses.

use std::time::Duration;

use futures_util::future::{Either, select};

use super::sensor::Sensor;
use crate::background::background;
use crate::container::TestContainer;
use crate::error::Error;
use crate::retry::Backoff;

/// One wait's surroundings.
#[derive(Debug)]
pub(super) struct Cx<'a> {
    pub(super) container: &'a TestContainer,
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
