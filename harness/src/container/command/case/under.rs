//! The cases that are under way in one agent: who has which slot, and what has come of each. It speaks to nobody.

use std::sync::Arc;
use std::time::{Duration, Instant};

use seatrial_core::case::end::{End, How, Refusal};
use seatrial_core::case::frame::{Broken, Frame, Kind, SLOTS, STDIN_WINDOW, WINDOW, credit_of};
use seatrial_core::case::spec::Settings;
use seatrial_core::case::{Buffer, Encoder};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::super::commands::UnderWay;
use super::output::{CaseEnd, CaseOutput};
use super::plan::Plan;
use super::reasons::reason;
use super::sink::Sink;
use crate::words::{Error, Kind as ErrorKind, LogStream, Result};

/// How long the agent may take to end a case whose time is up or which nobody wants any more.
pub(super) const PATIENCE: Duration = Duration::from_secs(15);

/// All that are under way.
#[derive(Debug, Default)]
pub(super) struct Board {
    slots: Vec<Option<Under>>,
    last_number: u32,
    /// Why nothing comes any more.
    lost: Option<Error>,
}

/// One case.
#[derive(Debug)]
pub(super) struct Under {
    number: u32,
    plan: Plan,
    sink: Sink,
    done: oneshot::Sender<Result<CaseOutput>>,
    /// When the agent should have answered.
    deadline: Option<Instant>,
    /// How much standard input may be sent; closed at the end.
    window: Arc<Semaphore>,
    /// What was taken of each stream, and is not given back.
    owed: [u32; 2],
    pub(super) under_way: UnderWay,
    _permit: OwnedSemaphorePermit,
}

/// What is needed to add a case.
pub(super) struct Newcomer {
    pub(super) plan: Plan,
    pub(super) sink: Sink,
    pub(super) under_way: UnderWay,
    /// One per slot.
    pub(super) permit: OwnedSemaphorePermit,
}

/// A case that was added.
#[derive(Debug)]
pub(super) struct Added {
    pub(super) place: Place,
    pub(super) outcome: oneshot::Receiver<Result<CaseOutput>>,
    pub(super) window: Arc<Semaphore>,
}

/// Which case is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) slot: u8,
    pub(super) number: u32,
}

/// A case that is over: whoever waits is told once nothing is locked any more.
#[derive(Debug)]
pub(super) struct Over {
    under: Under,
    outcome: Result<CaseEnd>,
    end: Option<End>,
}

impl Board {
    /// Adds a case, and what is to be sent of it.
    ///
    /// # Errors
    /// If the agent is lost.
    pub(super) fn add(&mut self, newcomer: Newcomer, bytes: &mut Vec<u8>) -> Result<Added> {
        if let Some(lost) = &self.lost {
            return Err(lost.clone());
        }
        let Newcomer { plan, sink, under_way, permit } = newcomer;
        let slot = match self.slots.iter().position(Option::is_none) {
            Some(slot) => slot,
            None => {
                self.slots.push(None);
                self.slots.len() - 1
            }
        };
        let slot_number = u8::try_from(slot).ok().filter(|slot| usize::from(*slot) < SLOTS);
        let slot_number = slot_number.expect("there is a permit per slot");
        self.last_number = self.last_number.wrapping_add(1);
        let number = self.last_number;
        describe(&plan, &mut Encoder::new(bytes, slot_number, number));
        let (done, outcome) = oneshot::channel();
        let window = Arc::new(Semaphore::new(STDIN_WINDOW as usize));
        let deadline = plan.timeout.and_then(|timeout| Instant::now().checked_add(timeout + PATIENCE));
        self.slots[slot] = Some(Under {
            number,
            plan,
            sink,
            done,
            deadline,
            window: Arc::clone(&window),
            owed: [0; 2],
            under_way,
            _permit: permit,
        });
        Ok(Added { place: Place { slot: slot_number, number }, outcome, window })
    }

    /// Takes what came: which cases are over, and what is to be sent.
    ///
    /// # Errors
    /// If it is not what was agreed on.
    pub(super) fn take(
        &mut self,
        buffer: &mut Buffer,
        over: &mut Vec<Over>,
        bytes: &mut Vec<u8>,
    ) -> Result<()> {
        let broken = |broken: Broken| {
            Error::new(ErrorKind::Protocol, format!("the agent says what means nothing: {broken:?}"))
        };
        while let Some(frame) = buffer.take().map_err(broken)? {
            self.take_frame(&frame, over, bytes)?;
        }
        Ok(())
    }

    fn take_frame(&mut self, frame: &Frame<'_>, over: &mut Vec<Over>, bytes: &mut Vec<u8>) -> Result<()> {
        // The answer to ours.
        if frame.kind == Kind::Hello {
            return Ok(());
        }
        let Some(place) = self.slots.get_mut(usize::from(frame.slot)) else { return Ok(()) };
        let Some(under) = place.as_mut().filter(|under| under.number == frame.number) else { return Ok(()) };
        let broken = || {
            Error::new(ErrorKind::Protocol, format!("the agent's answer of kind {:?} is none", frame.kind))
        };
        match frame.kind {
            Kind::Stdout => under.push(LogStream::Stdout, frame, bytes),
            Kind::Stderr => under.push(LogStream::Stderr, frame, bytes),
            Kind::Credit => {
                let (_, count) = credit_of(frame.payload).ok_or_else(broken)?;
                under.window.add_permits(count.min(STDIN_WINDOW) as usize);
            }
            Kind::End => {
                let end = End::parse(frame.payload).ok_or_else(broken)?;
                let how = match end.how {
                    How::Exited(code) => CaseEnd::Exited(code),
                    How::Signalled(signal) => CaseEnd::Signalled(signal),
                    How::TimedOut | How::Cancelled => CaseEnd::TimedOut,
                };
                over.extend(place.take().map(|under| Over { under, outcome: Ok(how), end: Some(end) }));
            }
            Kind::Refused => {
                let refusal = Refusal::parse(frame.payload).ok_or_else(broken)?;
                let how = CaseEnd::CouldNotStart(reason(refusal, &under.plan));
                over.extend(place.take().map(|under| Over { under, outcome: Ok(how), end: None }));
            }
            Kind::Lost => {
                let message = "the process that looked after it in the container is gone, so how it would have \
                               ended is not known";
                let outcome = Err(Error::new(ErrorKind::Exec, message));
                over.extend(place.take().map(|under| Over { under, outcome, end: None }));
            }
            Kind::Hello | Kind::Run | Kind::Stdin | Kind::Cancel => return Err(broken()),
        }
        Ok(())
    }

    /// Nobody wants a case any more: what is to be sent for it.
    pub(super) fn cancel(&mut self, place: Place, bytes: &mut Vec<u8>) {
        let under = self.slots.get_mut(usize::from(place.slot)).and_then(Option::as_mut);
        if let Some(under) = under.filter(|under| under.number == place.number) {
            under.deadline = Some(Instant::now() + PATIENCE);
            under.window.close();
            Encoder::new(bytes, place.slot, place.number).cancel();
        }
    }

    /// A case that the agent should have answered for by now.
    pub(super) fn has_late(&self, now: Instant) -> bool {
        self.slots.iter().flatten().any(|under| under.deadline.is_some_and(|deadline| deadline < now))
    }

    /// Nothing comes any more: all cases are over.
    pub(super) fn lose(&mut self, reason: &Error) -> Vec<Over> {
        self.lost.get_or_insert_with(|| reason.clone());
        let slots = std::mem::take(&mut self.slots).into_iter().flatten();
        slots.map(|under| Over { under, outcome: Err(reason.clone()), end: None }).collect()
    }

    pub(super) fn is_lost(&self) -> bool {
        self.lost.is_some()
    }
}

impl Under {
    /// Takes output, and gives back what nobody has to wait for.
    fn push(&mut self, stream: LogStream, frame: &Frame<'_>, bytes: &mut Vec<u8>) {
        let piped = self.sink.push(stream, frame.payload);
        let owed = &mut self.owed[usize::from(stream == LogStream::Stderr)];
        *owed += u32::try_from(frame.payload.len() - piped).unwrap_or(0);
        // Half a window at a time, so that short output costs no answer.
        if *owed >= WINDOW / 2 {
            Encoder::new(bytes, frame.slot, frame.number).credit(frame.kind, std::mem::take(owed));
        }
    }
}

impl Over {
    /// Why the container is not what it was, if it is not.
    pub(super) fn poison(&self) -> Option<String> {
        let what = self.under.plan.what();
        match (&self.outcome, self.end) {
            (Err(error), _) => Some(format!("case {what}: {}", error.message())),
            (Ok(_), Some(End { left: left @ 1.., .. })) => {
                Some(format!("{left} processes of case {what} can't be ended"))
            }
            (Ok(_), _) => None,
        }
    }

    /// Tells whoever waits, and hands back what says that the case is under way.
    pub(super) fn tell(self) -> UnderWay {
        let Self { under, outcome, end } = self;
        let Under { sink, done, window, under_way, .. } = under;
        window.close();
        let outcome = outcome.map(|how| {
            let elapsed = Duration::from_nanos(end.map_or(0, |end| end.elapsed));
            let output = sink.into_output(how, elapsed);
            match end {
                None => output,
                Some(end) => CaseOutput {
                    truncated: output.truncated || end.truncated,
                    cpu_user: Some(Duration::from_micros(end.cpu_user)),
                    cpu_system: Some(Duration::from_micros(end.cpu_system)),
                    max_rss: Some(end.max_rss.saturating_mul(1024)).filter(|bytes| *bytes > 0),
                    left_behind: Some(end.ended.saturating_add(end.left)),
                    ..output
                },
            }
        });
        done.send(outcome).ok();
        under_way
    }
}

fn describe(plan: &Plan, encoder: &mut Encoder<'_>) {
    let count = |words: usize| u32::try_from(words).unwrap_or(u32::MAX);
    let settings = Settings {
        // None is 0 on the wire.
        timeout: plan
            .timeout
            .map_or(0, |timeout| u64::try_from(timeout.as_nanos()).unwrap_or(u64::MAX).max(1)),
        limit: plan.limit as u64,
        has_stdin: plan.has_stdin,
        is_isolated: plan.is_isolated,
        arguments: count(plan.argv.len()),
        variables: count(plan.env.len()),
    };
    let workdir = plan.workdir.as_ref().map(|dir| dir.as_encoded_bytes());
    let words = plan.argv.iter().chain(&plan.env).map(|word| word.as_encoded_bytes());
    encoder.run(settings, workdir, words);
}

#[cfg(test)]
mod tests;
