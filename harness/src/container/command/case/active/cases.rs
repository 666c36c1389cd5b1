//! All cases that one agent runs, by slot.

use std::sync::Arc;
use std::time::{Duration, Instant};

use seatrial_core::case::end::{End, Refusal};
use seatrial_core::case::frame::{Broken, Frame, Kind, SLOTS, STDIN_WINDOW, credit_of};
use seatrial_core::case::{Buffer, Encoder};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::super::super::commands::UnderWay;
use super::super::output::CaseOutput;
use super::super::plan::Plan;
use super::super::streams::Streams;
use super::case::{ActiveCase, CaseId, FinishedCase, describe};
use crate::words::{Error, Kind as ErrorKind, LogStream, Result};

/// The limit for the agent to end a case that exceeded its time or was cancelled.
pub(super) const PATIENCE: Duration = Duration::from_secs(15);

/// The cases that one agent runs.
#[derive(Debug, Default)]
pub(in super::super) struct ActiveCases {
    slots: Vec<Option<ActiveCase>>,
    last_number: u32,
    /// The reason for which the agent says nothing any more.
    lost: Option<Error>,
}

/// A case that has a slot.
#[derive(Debug)]
pub(in super::super) struct Admission {
    pub(in super::super) id: CaseId,
    pub(in super::super) outcome: oneshot::Receiver<Result<CaseOutput>>,
    /// The bytes of standard input that may be sent.
    pub(in super::super) window: Arc<Semaphore>,
}

impl ActiveCases {
    /// Gives a case a slot, for which it has a permit, and writes the frame that starts it.
    ///
    /// # Errors
    /// The reason, if the agent is lost.
    pub(in super::super) fn add(
        &mut self,
        plan: Plan,
        streams: Streams,
        under_way: UnderWay,
        permit: OwnedSemaphorePermit,
        bytes: &mut Vec<u8>,
    ) -> Result<Admission> {
        if let Some(lost) = &self.lost {
            return Err(lost.clone());
        }
        let index = self.slots.iter().position(Option::is_none).unwrap_or_else(|| {
            self.slots.push(None);
            self.slots.len() - 1
        });
        let slot = u8::try_from(index).ok().filter(|slot| usize::from(*slot) < SLOTS);
        let slot = slot.expect("there is a permit per slot");
        self.last_number = self.last_number.wrapping_add(1);
        let number = self.last_number;
        describe(&plan, &mut Encoder::new(bytes, slot, number));
        let (done, outcome) = oneshot::channel();
        let window = Arc::new(Semaphore::new(STDIN_WINDOW as usize));
        let limit = plan.timeout.map(|timeout| timeout.saturating_add(PATIENCE));
        let deadline = limit.and_then(|limit| Instant::now().checked_add(limit));
        self.slots[index] = Some(ActiveCase {
            number,
            plan,
            streams,
            done,
            deadline,
            window: Arc::clone(&window),
            owed: [0; 2],
            under_way,
            permit,
        });
        Ok(Admission { id: CaseId { slot, number }, outcome, window })
    }

    /// Takes frames of the agent's. Adds the cases that have finished, and writes the frames that answer.
    ///
    /// # Errors
    /// Protocol, if there is a frame that the agent must not send.
    pub(in super::super) fn take(
        &mut self,
        buffer: &mut Buffer,
        finished: &mut Vec<FinishedCase>,
        bytes: &mut Vec<u8>,
    ) -> Result<()> {
        let broken = |broken: Broken| {
            let message = format!("the agent in the container sent bytes that are no frame: {broken:?}");
            Error::new(ErrorKind::Protocol, message)
        };
        while let Some(frame) = buffer.take().map_err(broken)? {
            self.take_frame(&frame, finished, bytes)?;
        }
        Ok(())
    }

    fn take_frame(
        &mut self,
        frame: &Frame<'_>,
        finished: &mut Vec<FinishedCase>,
        bytes: &mut Vec<u8>,
    ) -> Result<()> {
        // The answer to the library's.
        if frame.kind == Kind::Hello {
            return Ok(());
        }
        let Some(slot) = self.slots.get_mut(usize::from(frame.slot)) else { return Ok(()) };
        let Some(case) = slot.as_mut().filter(|case| case.number == frame.number) else { return Ok(()) };
        let broken = || {
            let message = format!("the agent in the container sent a wrong frame of kind {:?}", frame.kind);
            Error::new(ErrorKind::Protocol, message)
        };
        match frame.kind {
            Kind::Stdout => case.push(LogStream::Stdout, frame, bytes),
            Kind::Stderr => case.push(LogStream::Stderr, frame, bytes),
            Kind::Credit => {
                let (_, count) = credit_of(frame.payload).ok_or_else(broken)?;
                case.window.add_permits(count.min(STDIN_WINDOW) as usize);
            }
            Kind::End => {
                let end = End::parse(frame.payload).ok_or_else(broken)?;
                finished.extend(slot.take().map(|case| case.ended(end)));
            }
            Kind::Refused => {
                let refusal = Refusal::parse(frame.payload).ok_or_else(broken)?;
                finished.extend(slot.take().map(|case| case.refused(refusal)));
            }
            Kind::Lost => {
                let message = "its supervisor in the container is gone, so its end is not known";
                let lost = Error::new(ErrorKind::Exec, message);
                finished.extend(slot.take().map(|case| case.lost(lost)));
            }
            Kind::Hello | Kind::Run | Kind::Stdin | Kind::Cancel => return Err(broken()),
        }
        Ok(())
    }

    /// Writes the frame that cancels a case, unless it has finished.
    pub(in super::super) fn cancel(&mut self, id: CaseId, bytes: &mut Vec<u8>) {
        let case = self.slots.get_mut(usize::from(id.slot)).and_then(Option::as_mut);
        if let Some(case) = case.filter(|case| case.number == id.number) {
            case.deadline = Some(Instant::now() + PATIENCE);
            case.window.close();
            Encoder::new(bytes, id.slot, id.number).cancel();
        }
    }

    /// Returns `true` if the agent should have answered for a case by this time.
    pub(in super::super) fn has_late(&self, now: Instant) -> bool {
        self.slots.iter().flatten().any(|case| case.deadline.is_some_and(|deadline| deadline < now))
    }

    /// Finishes all cases, since the agent is lost.
    pub(in super::super) fn lose(&mut self, reason: &Error) -> Vec<FinishedCase> {
        self.lost.get_or_insert_with(|| reason.clone());
        let slots = std::mem::take(&mut self.slots).into_iter().flatten();
        slots.map(|case| case.lost(reason.clone())).collect()
    }

    pub(in super::super) fn is_lost(&self) -> bool {
        self.lost.is_some()
    }
}
