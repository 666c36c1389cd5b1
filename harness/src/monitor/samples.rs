//! A container's resource samples from the engine, one or a stream.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::stream::{self, BoxStream, Stream, StreamExt};

use super::Stats;
use crate::container::{Subject, TestContainer};
use crate::engine::{Bodies, JsonValues};
use crate::words::{Error, Kind, Result};

/// The time without a sample after which a stream counts as ended, since a dead connection may go unnoticed.
const SILENCE: Duration = Duration::from_secs(30);

/// A stream of a container's samples, about one per second, until its run ends.
///
/// It is a [`Stream`]; [`next`](Self::next) needs no trait. It yields every sample, so a slow reader gets old ones; a
/// [`Monitor`](crate::monitor::Monitor) has the latest. Dropping it closes the connection.
#[must_use = "samples arrive only while the stream is read"]
pub struct StatsStream(BoxStream<'static, Result<Stats>>);

impl StatsStream {
    /// Returns the next sample, or `None` once the run has ended.
    ///
    /// # Errors
    /// Protocol, if the engine breaks the connection off. Nothing follows the error.
    ///
    /// # Cancel safety
    /// Dropping the future loses no sample.
    pub async fn next(&mut self) -> Option<Result<Stats>> {
        self.0.next().await
    }
}

impl Stream for StatsStream {
    type Item = Result<Stats>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Stats>>> {
        self.0.poll_next_unpin(cx)
    }
}

impl fmt::Debug for StatsStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StatsStream")
    }
}

impl TestContainer {
    /// Returns a sample of the container's resource usage. The engine takes one to two seconds for it.
    ///
    /// # Errors
    /// Conflict, if the container does not run; not found, if it is gone; those of the engine.
    ///
    /// # Cancel safety
    /// Dropping the future leaves nothing behind.
    pub async fn stats(&self) -> Result<Stats> {
        let subject = self.subject();
        match Stats::read(&subject.stats().await?) {
            Some(stats) => Ok(stats),
            None => Err(does_not_run(self).await),
        }
    }

    /// Streams samples of the container's resource usage, about one per second, from now on until its run ends.
    ///
    /// # Errors
    /// Conflict, if the container does not run; not found, if it is gone; those of the engine.
    ///
    /// # Cancel safety
    /// Dropping the future leaves nothing behind.
    pub async fn stats_stream(&self) -> Result<StatsStream> {
        let subject = self.subject();
        if !self.state().await?.is_running() {
            return Err(does_not_run(self).await);
        }
        Ok(StatsStream(samples(&subject).await?))
    }
}

/// Creates the error for a container that has no samples because it does not run.
async fn does_not_run(container: &TestContainer) -> Error {
    match container.state().await {
        Ok(state) => Error::new(
            Kind::Conflict,
            format!("there is nothing to measure, since the container does not run: {state}"),
        )
        .with_subject(container.to_string())
        .with_phase("read the statistics"),
        Err(error) => error,
    }
}

/// Streams the samples of the current run.
async fn samples(subject: &Subject) -> Result<BoxStream<'static, Result<Stats>>> {
    let bodies = subject.stats_stream().await?;
    Ok(stream::unfold(Some(Samples::new(bodies)), |samples| async move {
        let mut samples = samples?;
        match samples.next().await? {
            Ok(stats) => Some((Ok(stats), Some(samples))),
            Err(error) => Some((Err(error), None)),
        }
    })
    .boxed())
}

/// Calls `tell` with the samples of the current run until it ends, the connection breaks, or no sample arrives for
/// long.
pub(crate) async fn each_sample(subject: &Subject, mut tell: impl FnMut(Stats)) {
    let mut samples = match samples(subject).await {
        Ok(samples) => samples,
        Err(error) => return tracing::debug!("{error}"),
    };
    while let Ok(Some(sample)) = crate::base::timeout(SILENCE, samples.next()).await {
        match sample {
            Ok(stats) => tell(stats),
            Err(error) => tracing::debug!("{error}"),
        }
    }
}

struct Samples {
    bodies: Bodies,
    values: JsonValues,
    last: Option<Stats>,
}

impl Samples {
    fn new(bodies: Bodies) -> Self {
        Self { bodies, values: JsonValues::default(), last: None }
    }

    async fn next(&mut self) -> Option<Result<Stats>> {
        loop {
            if let Some(value) = self.values.next() {
                // After the end of the run, the engine continues with empty samples.
                let mut stats = Stats::read(&value)?;
                if let Some(last) = &self.last {
                    stats.cpu_percent = stats.cpu_percent.or_else(|| stats.cpu_percent_since(last));
                }
                self.last = Some(stats.clone());
                return Some(Ok(stats));
            }
            match self.bodies.next().await? {
                Ok(piece) => self.values.push(&piece),
                Err(error) => return Some(Err(error)),
            }
        }
    }
}
