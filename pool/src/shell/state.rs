//! The state under the shell's lock: the ledger, the members that are not leased, and the tasks that wait.

use std::collections::HashMap;
use std::sync::Arc;
use std::task::{Poll, Waker};

use super::deferred::{Deferred, Work};
use crate::event::{Client, Effect, Event, Nanos, Refusal};
use crate::ledger::Ledger;
use crate::member_state::MemberState;

pub(super) struct State<T> {
    pub(super) ledger: Ledger,
    pub(super) slots: Vec<Slot<T>>,
    pub(super) next_client: u64,
    /// Boxed, so that the fields that every lease reads lie close together.
    pub(super) slow_path: Box<SlowPath>,
}

/// The part of the state that a request needs only if it waits, or makes others wait.
pub(super) struct SlowPath {
    /// The requests that wait, and the answers that were not collected yet.
    pub(super) requests: HashMap<Client, Pending>,
    /// The tasks that wait for the last member's removal.
    pub(super) drain_wakers: Vec<Waker>,
    /// The number of removals that the manager was not told of yet.
    pub(super) removals_to_hand_over: usize,
    /// Empty between two events; kept for its allocation.
    effects: Vec<Effect>,
}

/// One member's place in the pool.
pub(super) struct Slot<T> {
    pub(super) name: Arc<str>,
    /// `None` while the member is leased, or with the manager.
    pub(super) member: Option<T>,
    /// The number of changes that make earlier observations of the member worthless.
    pub(super) epoch: u64,
}

pub(super) enum Pending {
    Waiting(Waker),
    Answered(Answer),
}

/// The answer to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Member(usize),
    LockOut,
    Refused(Refusal),
}

/// The answer as its client gets it: with the member, unless the client has it already.
pub(super) enum Delivery<T> {
    Member(usize, Option<T>),
    LockOut,
    Refused(Refusal),
}

impl<T> Slot<T> {
    pub(super) fn new(name: String, member: T) -> Self {
        Self { name: name.into(), member: Some(member), epoch: 0 }
    }
}

impl SlowPath {
    pub(super) fn new(size: usize) -> Self {
        Self {
            requests: HashMap::new(),
            drain_wakers: Vec::new(),
            removals_to_hand_over: 0,
            effects: Vec::with_capacity(2 * size + 8),
        }
    }
}

impl<T> State<T> {
    /// Applies a request; if it waits, the waker is woken when it is answered.
    pub(super) fn submit(
        &mut self,
        client: Client,
        event: Event,
        now: Nanos,
        waker: Option<&Waker>,
    ) -> (Poll<Delivery<T>>, Deferred<T>) {
        self.ledger.apply(event, now, &mut self.slow_path.effects);
        let waker = waker.cloned().unwrap_or_else(|| Waker::noop().clone());
        self.slow_path.requests.insert(client, Pending::Waiting(waker));
        let deferred = self.carry_out();
        match self.slow_path.requests.get(&client) {
            Some(Pending::Answered(answer)) => {
                let answer = *answer;
                self.slow_path.requests.remove(&client);
                (Poll::Ready(self.deliver(answer)), deferred)
            }
            _ => (Poll::Pending, deferred),
        }
    }

    /// Returns `true` if no member is left and the manager knows of all removals.
    pub(super) fn is_drained(&self) -> bool {
        self.slow_path.removals_to_hand_over == 0 && self.ledger.is_empty()
    }

    /// Turns an answer into its delivery: takes the member out of its slot.
    pub(super) fn deliver(&mut self, answer: Answer) -> Delivery<T> {
        match answer {
            Answer::Member(slot) => Delivery::Member(slot, self.slots[slot].member.take()),
            Answer::LockOut => Delivery::LockOut,
            Answer::Refused(refusal) => Delivery::Refused(refusal),
        }
    }

    /// Applies an event of a member that is in its slot, or was just put there.
    pub(super) fn apply_at(&mut self, slot: usize, event: Event, now: Nanos) -> Deferred<T> {
        let mut deferred = self.apply(event, now);
        // The member was abandoned while it was leased.
        if self.ledger.state(slot) == MemberState::Shutdown
            && let Some(member) = self.slots[slot].member.take()
        {
            deferred.work.push((Work::Drop, slot, Some(member)));
        }
        deferred
    }

    /// Applies an event.
    pub(super) fn apply(&mut self, event: Event, now: Nanos) -> Deferred<T> {
        self.ledger.apply(event, now, &mut self.slow_path.effects);
        self.carry_out()
    }

    /// Carries out the part of the ledger's effects that belongs under the lock, and returns the rest.
    fn carry_out(&mut self) -> Deferred<T> {
        let mut deferred = Deferred::none();
        let SlowPath { requests, drain_wakers, removals_to_hand_over, effects } = &mut *self.slow_path;
        if effects.is_empty() && drain_wakers.is_empty() {
            return deferred;
        }
        for effect in effects.drain(..) {
            let (work, slot) = match effect {
                Effect::Grant(client, slot) => {
                    deferred.wakers.push(answer(requests, client, Answer::Member(slot)));
                    continue;
                }
                Effect::GrantLockOut(client) => {
                    deferred.wakers.push(answer(requests, client, Answer::LockOut));
                    continue;
                }
                Effect::Refuse(client, refusal) => {
                    deferred.wakers.push(answer(requests, client, Answer::Refused(refusal)));
                    continue;
                }
                Effect::Recycle(slot) => (Work::Recycle, slot),
                Effect::Replace(slot) => (Work::Replace, slot),
                Effect::Remove(slot) => (Work::Remove, slot),
                Effect::Abandon(slot) => (Work::Abandon, slot),
            };
            *removals_to_hand_over += usize::from(matches!(work, Work::Remove | Work::Abandon));
            self.slots[slot].epoch += 1;
            deferred.work.push((work, slot, self.slots[slot].member.take()));
        }
        if !self.slow_path.drain_wakers.is_empty() && self.is_drained() {
            deferred.wakers.append(&mut self.slow_path.drain_wakers);
        }
        deferred
    }
}

/// Stores a request's answer, and returns the waker of its task.
fn answer(requests: &mut HashMap<Client, Pending>, client: Client, answer: Answer) -> Waker {
    match requests.insert(client, Pending::Answered(answer)) {
        Some(Pending::Waiting(waker)) => waker,
        Some(Pending::Answered(_)) | None => {
            panic!("{client} was answered with {answer:?}, but its request does not wait")
        }
    }
}
