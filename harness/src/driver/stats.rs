//! Samples of the resources that a task's container uses, on their way to the task's sink.

use std::time::Duration;

use super::StatsSink;
use crate::base::Backoff;
use crate::container::Subject;
use crate::monitor::each_sample;

/// Sends samples of a running container for as long as it is polled. Asks again when they break off; their lack is no
/// failure of the task.
pub(super) async fn measure(subject: &Subject, sink: Option<StatsSink>) {
    let Some(sink) = sink else { return };
    let mut pauses = Backoff::new(Duration::from_millis(100), Duration::from_secs(5));
    loop {
        // Sending fails without a receiver, which may come later.
        each_sample(subject, |stats| drop(sink.send(stats))).await;
        crate::base::sleep(pauses.next()).await;
    }
}
