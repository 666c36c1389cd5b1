//! Calls a user's function with every line of a container's log, on a thread of its own.

use futures_util::StreamExt;
use tokio::sync::mpsc;

use super::logs::{Consumer, Logs};
use crate::background::{Run, background};
use crate::wait::Subject;

/// Lines on their way to a function; the reader of the engine's log waits when there are more.
const QUEUE: usize = 1024;

/// A function that listens; dropping this ends the reading, and what was read is still delivered.
pub(super) struct Listener {
    _reader: Run<()>,
}

impl Listener {
    pub(super) fn start(subject: Subject, consumer: Consumer) -> Self {
        let (sender, mut receiver) = mpsc::channel(QUEUE);
        let name = subject.name.clone();
        let spawned = std::thread::Builder::new().name("seatrial-log".into()).spawn(move || {
            // The thread ends with the reader's sender.
            while let Some(line) = receiver.blocking_recv() {
                consumer.call(line);
            }
        });
        if let Err(error) = spawned {
            tracing::warn!("nobody listens to container `{name}`: no thread for it: {error}");
        }
        let reader = background().run(async move {
            let mut lines = match Logs::new(subject).follow().lines().await {
                Ok(lines) => lines,
                Err(error) => return tracing::warn!("nobody listens: {error}"),
            };
            while let Some(Ok(line)) = lines.next().await {
                if sender.send(line).await.is_err() {
                    return;
                }
            }
        });
        Self { _reader: reader }
    }
}

impl std::fmt::Debug for Listener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Listener")
    }
}
