//! What a task's container uses, on its way to the task's sink.

use std::time::Duration;

use super::StatsSink;
use crate::base::Backoff;
use crate::container::Subject;
use crate::monitor::each_sample;

/// Sends the samples of a container that runs, for as long as it is polled, also when they break off meanwhile. Their
/// lack is no failure of the task.
pub(super) async fn measure(subject: &Subject, sink: Option<StatsSink>) {
    let Some(sink) = sink else { return };
    let mut pauses = Backoff::new(Duration::from_millis(100), Duration::from_secs(5));
    loop {
        // Without a receiver a sample is for nobody; there may be one for the next.
        each_sample(subject, |stats| drop(sink.send(stats))).await;
        tokio::time::sleep(pauses.next()).await;
    }
}
