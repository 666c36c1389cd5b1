//! A container's samples from the engine: one, or all as they come.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::stream::{self, BoxStream, Stream, StreamExt};

use super::Stats;
use crate::container::{Subject, TestContainer};
use crate::engine::{Bodies, JsonValues};
use crate::words::{Error, Kind, Result};

/// A connection may be dead without saying so; samples come each second, and after so long without one they are over.
const SILENCE: Duration = Duration::from_secs(30);

/// What a container uses, about once per second, until its run ends.
///
/// It is a [`Stream`], and [`next`](Self::next) needs no trait. Every sample is given, so who reads slowly gets old ones;
/// a [`Monitor`](crate::Monitor) has the newest. Dropping it ends the connection.
#[must_use = "samples come only while they are read"]
pub struct StatsStream(BoxStream<'static, Result<Stats>>);

impl StatsStream {
    /// The next sample; none when the run has ended.
    ///
    /// # Errors
    /// Protocol, if the engine breaks off; nothing comes after it.
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
    /// What it uses now: one sample. The engine looks twice for it, which takes a second or two.
    ///
    /// # Errors
    /// Conflict, if it does not run; not found, if it is gone; the engine's own.
    ///
    /// # Cancel safety
    /// Dropping the future leaves nothing.
    pub async fn stats(&self) -> Result<Stats> {
        let subject = self.subject();
        match Stats::read(&subject.stats().await?) {
            Some(stats) => Ok(stats),
            None => Err(does_not_run(self).await),
        }
    }

    /// What it uses, about once per second, from now on until its run ends.
    ///
    /// # Errors
    /// Conflict, if it does not run; not found, if it is gone; the engine's own.
    ///
    /// # Cancel safety
    /// Dropping the future leaves nothing.
    pub async fn stats_stream(&self) -> Result<StatsStream> {
        let subject = self.subject();
        if !self.state().await?.is_running() {
            return Err(does_not_run(self).await);
        }
        Ok(StatsStream(samples(&subject).await?))
    }
}

/// The error of who asks what a container uses that uses nothing.
async fn does_not_run(container: &TestContainer) -> Error {
    match container.state().await {
        Ok(state) => Error::new(Kind::Conflict, format!("it uses nothing, since it does not run: {state}"))
            .with_subject(container.to_string())
            .with_phase("read the statistics"),
        Err(error) => error,
    }
}

/// The samples of this run.
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

/// Tells of the samples of this run, until it ends, or they break off or are silent for long.
pub(crate) async fn each_sample(subject: &Subject, mut tell: impl FnMut(Stats)) {
    let mut samples = match samples(subject).await {
        Ok(samples) => samples,
        Err(error) => return tracing::debug!("{error}"),
    };
    while let Ok(Some(sample)) = tokio::time::timeout(SILENCE, samples.next()).await {
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
                // The engine goes on after the end of the run, with samples of nothing.
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
