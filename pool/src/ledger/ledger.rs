//! The state machine itself: its data, its events, and its transitions.

use std::collections::VecDeque;
use std::sync::Arc;

use super::member::{Fitness, Member, State};
use super::waiter::{Turn, Waiter, Want};
use crate::accounting::{MemberLog, PoolLog};
use crate::event::{Client, Effect, Event, Nanos, Refusal};
use crate::member_state::MemberState;

/// The settings of a ledger.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// The number of members.
    pub size: usize,
    /// `true` if a member must be recycled after each lease.
    pub recycles: bool,
    /// The number of entries that each log keeps: intervals of each member, changes of the queue, exclusive windows.
    pub history: usize,
}

/// The ledger of one pool. Events that leave nobody waiting allocate nothing.
#[derive(Clone, Debug)]
pub struct Ledger {
    pub(super) rules: Rules,
    pub(super) members: Vec<Member>,
    /// The available members, the longest idle one first.
    pub(super) available: VecDeque<usize>,
    /// The shared requests that wait, in order of arrival.
    pub(super) shared: VecDeque<Waiter>,
    /// The exclusive requests, lock-outs and upgrades that wait, in order of arrival.
    pub(super) exclusive: VecDeque<Waiter>,
    pub(super) turn: Turn,
    pub(super) now: Nanos,
    /// The time of the close; from then on nothing is granted and `now` stands still.
    pub(super) closed: Option<Nanos>,
    /// The time of the first lease.
    pub(super) first_reserved: Option<Nanos>,
    /// The number of shared requests that were granted without a wait.
    pub(super) served_at_once: u64,
    /// Boxed, so that the fields that every lease reads lie close together.
    pub(super) log: Box<PoolLog>,
}

impl Ledger {
    /// Returns a ledger at time zero; its members have never been used.
    #[must_use]
    pub fn new(rules: Rules) -> Self {
        let member = || Member {
            state: State::Available,
            fitness: Fitness::Fit,
            used: false,
            log: MemberLog::new(rules.history),
        };
        Self {
            rules,
            members: (0..rules.size).map(|_| member()).collect(),
            available: (0..rules.size).collect(),
            shared: VecDeque::new(),
            exclusive: VecDeque::new(),
            turn: Turn::Shared,
            now: 0,
            closed: None,
            first_reserved: None,
            served_at_once: 0,
            log: Box::new(PoolLog::new(rules.history)),
        }
    }

    /// Applies one event, and appends the effects to carry out, in their order.
    ///
    /// A time earlier than that of the last event counts as that event's time.
    ///
    /// # Panics
    /// If the event is impossible: a client returns a member that it does not have, or work on a member ends that never
    /// began. Late news of a member that was given up is not an error.
    pub fn apply(&mut self, event: Event, now: Nanos, effects: &mut Vec<Effect>) {
        self.advance(now);
        match event {
            Event::Get(client) => self.get(client, effects),
            Event::TryGet(client) => self.try_get(client, effects),
            Event::GetExclusive(client) => self.request_exclusive(client, Want::Exclusive, effects),
            Event::LockOut(client) => self.request_exclusive(client, Want::LockOut, effects),
            Event::Upgrade(client, member) => self.upgrade(client, member, effects),
            Event::Cancel(client) => self.cancel(client, effects),
            Event::GiveBack(client, member) => self.give_back(client, member, effects),
            Event::Release(client, member) => self.release(client, member, effects),
            Event::Discard(client, member) => self.discard(client, member, effects),
            Event::Detach(client, member) => self.detach(client, member, effects),
            Event::EndLockOut(client) => self.end_exclusive(client, effects),
            Event::Poison(member) => self.mark_unfit(member, Fitness::Poisoned, effects),
            Event::Suspect(member) => self.mark_unfit(member, Fitness::Suspect, effects),
            Event::Fit(member) => self.mark_fit(member),
            Event::Recycled(member) => self.recycled(member, true, effects),
            Event::RecycleFailed(member) => self.recycled(member, false, effects),
            Event::ReplacementBegan(member) => self.replacement_began(member),
            Event::Replaced(member) => self.replaced(member, effects),
            Event::ReplacementFailed(member) => self.replacement_failed(member, effects),
            Event::Close => self.close(effects),
            Event::Abandon => self.abandon(effects),
        }
        self.log.set_queue_length(self.shared.len(), self.exclusive.len(), self.now);
    }

    /// Grants a shared request if a member is free, as [`Event::Get`] would; does nothing otherwise.
    ///
    /// The fast path of most requests.
    #[inline]
    pub fn get_at_once(&mut self, client: Client, now: Nanos) -> Option<usize> {
        if self.turn != Turn::Shared || !self.shared.is_empty() {
            return None;
        }
        let member = self.available.pop_front()?;
        self.advance(now);
        self.served_at_once += 1;
        self.lease(client, member);
        Some(member)
    }

    /// Takes a member back if nothing else has to be done, as [`Event::Release`] would; returns `false` and does
    /// nothing otherwise.
    ///
    /// The fast path of most returns.
    #[inline]
    pub fn release_at_once(&mut self, client: Client, member: usize, now: Nanos) -> bool {
        let nobody_waits = self.shared.is_empty() && self.exclusive.is_empty();
        let returned = &mut self.members[member];
        let becomes_available = returned.state == State::Reserved(client)
            && returned.fitness == Fitness::Fit
            && !self.rules.recycles;
        if !nobody_waits || !becomes_available || self.turn != Turn::Shared || self.closed.is_some() {
            return false;
        }
        returned.used = true;
        self.advance(now);
        self.make_available(member);
        true
    }

    /// Sets the label of a lease, which ends with it. Does nothing if the client does not have the member any more.
    pub fn set_label(&mut self, client: Client, member: usize, label: Option<Arc<str>>, now: Nanos) {
        self.advance(now);
        if self.members[member].state.holder() == Some(client) {
            self.members[member].log.set_label(label, self.now);
        }
    }

    /// Sets the name of a member, or of its replacement.
    pub fn set_name(&mut self, member: usize, name: Arc<str>, now: Nanos) {
        self.advance(now);
        self.members[member].log.set_name(name, self.now);
    }

    #[inline]
    fn advance(&mut self, now: Nanos) {
        if self.closed.is_none() {
            self.now = self.now.max(now);
        }
    }

    /// Changes a member's state; nothing else does.
    #[inline]
    pub(super) fn set_state(&mut self, member: usize, state: State) {
        let held_back = matches!(self.turn, Turn::Collecting | Turn::Exclusive(_));
        let member = &mut self.members[member];
        member.state = state;
        let shown = match state {
            State::Available if held_back => MemberState::HeldBack,
            State::Available if member.used => MemberState::Idle,
            State::Available => MemberState::NeverUsed,
            State::Reserved(_) | State::Upgrading(_) => MemberState::Reserved,
            State::Exclusive(_) => MemberState::Exclusive,
            State::Recycling => MemberState::Recycling,
            State::Poisoned => MemberState::Poisoned,
            State::Replacing => MemberState::Replacing,
            State::Gone => MemberState::Shutdown,
        };
        member.log.set_state(shown, self.now);
    }

    /// Changes whose turn it is; whether available members are held back changes with it.
    pub(super) fn set_turn(&mut self, turn: Turn) {
        self.turn = turn;
        for at in 0..self.available.len() {
            self.set_state(self.available[at], State::Available);
        }
    }

    /// Refuses all requests that wait. A lease that waited for an upgrade stays valid.
    pub(super) fn refuse_all(&mut self, refusal: Refusal, effects: &mut Vec<Effect>) {
        while let Some(waiter) = self.shared.pop_front() {
            self.log.shared.not_granted();
            effects.push(Effect::Refuse(waiter.client, refusal));
        }
        while let Some(waiter) = self.exclusive.pop_front() {
            self.log.exclusive.not_granted();
            if let Want::Upgrade(member) = waiter.want {
                self.set_state(member, State::Reserved(waiter.client));
            }
            effects.push(Effect::Refuse(waiter.client, refusal));
        }
    }

    /// Panics, naming an impossible event and the state of its member.
    pub(super) fn impossible(&self, event: Event, member: usize) -> ! {
        panic!("{event:?} can't be while member {member} is {:?}", self.members[member].state)
    }
}
