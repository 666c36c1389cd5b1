//! One case that an agent runs, from its start to its outcome.

use std::sync::Arc;
use std::time::{Duration, Instant};

use seatrial_core::case::Encoder;
use seatrial_core::case::end::{End, Refusal};
use seatrial_core::case::frame::{Frame, WINDOW};
use seatrial_core::case::spec::Settings;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::super::super::commands::UnderWay;
use super::super::output::{CaseEnd, CaseOutput};
use super::super::plan::Plan;
use super::super::reasons::reason;
use super::super::streams::Streams;
use crate::words::{Error, LogStream, Result};

/// A case's identity on its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct CaseId {
    pub(in super::super) slot: u8,
    pub(in super::super) number: u32,
}

/// A case that the agent runs.
#[derive(Debug)]
pub(super) struct ActiveCase {
    pub(super) number: u32,
    pub(super) plan: Plan,
    pub(super) streams: Streams,
    pub(super) done: oneshot::Sender<Result<CaseOutput>>,
    /// The time by which the agent has to answer.
    pub(super) deadline: Option<Instant>,
    /// The bytes of standard input that may be sent; closed at the end.
    pub(super) window: Arc<Semaphore>,
    /// The bytes of each stream that were taken, and for which no credit was given back.
    pub(super) owed: [u32; 2],
    pub(super) under_way: UnderWay,
    /// Held for its slot.
    pub(super) permit: OwnedSemaphorePermit,
}

/// A case with its outcome, which is told once nothing is locked any more.
#[derive(Debug)]
pub(in super::super) struct FinishedCase {
    done: oneshot::Sender<Result<CaseOutput>>,
    outcome: Result<CaseOutput>,
    under_way: UnderWay,
    _permit: OwnedSemaphorePermit,
    /// The reason for which the container is poisoned.
    pub(in super::super) poison: Option<String>,
}

impl ActiveCase {
    /// Takes output, and gives credit back for bytes that no writer has to take.
    pub(super) fn push(&mut self, stream: LogStream, frame: &Frame<'_>, bytes: &mut Vec<u8>) {
        let piped = self.streams.push(stream, frame.payload);
        let owed = &mut self.owed[usize::from(stream == LogStream::Stderr)];
        *owed += u32::try_from(frame.payload.len() - piped).unwrap_or(0);
        // Half a window at a time, so that short output costs no answer.
        if *owed >= WINDOW / 2 {
            Encoder::new(bytes, frame.slot, frame.number).credit(frame.kind, std::mem::take(owed));
        }
    }

    /// Finishes a case that the agent has run.
    pub(super) fn ended(self, end: End) -> FinishedCase {
        let poison = (end.left > 0)
            .then(|| format!("{} processes of case {} can't be ended", end.left, self.plan.what()));
        self.finish(poison, |streams| {
            let output = streams.into_output(CaseEnd::of(end.how), Duration::from_nanos(end.elapsed));
            Ok(CaseOutput {
                truncated: output.truncated || end.truncated,
                cpu_user: Some(Duration::from_micros(end.cpu_user)),
                cpu_system: Some(Duration::from_micros(end.cpu_system)),
                max_rss: Some(end.max_rss.saturating_mul(1024)).filter(|bytes| *bytes > 0),
                left_behind: Some(end.ended.saturating_add(end.left)),
                ..output
            })
        })
    }

    /// Finishes a case that the agent could not start.
    pub(super) fn refused(self, refusal: Refusal) -> FinishedCase {
        let end = CaseEnd::CouldNotStart(reason(refusal, &self.plan));
        self.finish(None, |streams| Ok(streams.into_output(end, Duration::ZERO)))
    }

    /// Finishes a case whose end is not known.
    pub(super) fn lost(self, error: Error) -> FinishedCase {
        let poison = format!("case {}: {}", self.plan.what(), error.message());
        self.finish(Some(poison), |_| Err(error))
    }

    fn finish(
        self,
        poison: Option<String>,
        outcome: impl FnOnce(Streams) -> Result<CaseOutput>,
    ) -> FinishedCase {
        let Self { streams, window, done, under_way, permit, .. } = self;
        window.close();
        FinishedCase { done, outcome: outcome(streams), under_way, _permit: permit, poison }
    }
}

impl FinishedCase {
    /// Tells the outcome to the task that awaits the case. Returns the guard that counts the case as under way.
    pub(in super::super) fn tell(self) -> UnderWay {
        self.done.send(self.outcome).ok();
        self.under_way
    }
}

/// Writes the frame that describes a case.
pub(super) fn describe(plan: &Plan, encoder: &mut Encoder<'_>) {
    let count = |words: usize| u32::try_from(words).unwrap_or(u32::MAX);
    let settings = Settings {
        // 0 stands for no limit on the wire.
        timeout: plan
            .timeout
            .map_or(0, |timeout| u64::try_from(timeout.as_nanos()).unwrap_or(u64::MAX).max(1)),
        limit: plan.limit as u64,
        has_stdin: plan.has_stdin,
        is_isolated: plan.is_isolated,
        arguments: count(plan.argv.len()),
        variables: count(plan.env.len()),
    };
    let working_dir = plan.working_dir.as_ref().map(|dir| dir.as_encoded_bytes());
    let words = plan.argv.iter().chain(&plan.env).map(|word| word.as_encoded_bytes());
    encoder.run(settings, working_dir, words);
}
