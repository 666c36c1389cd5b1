//! The state machine: who holds which member, who waits, whose turn it is.
//!
//! # Whose turn it is
//!
//! Shared requests are served first come, first served, and members at rest rotate. From the arrival of an exclusive
//! request on, no shared one is served: what is out comes back, and is held back until nothing is out. Exclusive
//! requests are served in their order, except that one that holds a member may go first when no other member is
//! left to grant. When one ends, the shared requests that wait then, as many as the pool is large at most, are served
//! before the next exclusive one begins to collect.

mod asks;
mod returns;
mod turns;

#[cfg(test)]
mod explore;
#[cfg(test)]
mod naive;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use super::accounting::{Accounting, Times, WaitKind};
use super::book::{Book, Lane};
use super::event::{Client, Effect, Event, Nanos, Refusal};
use super::state::MemberState;

/// What a ledger is told once.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// How many members there are.
    pub size: usize,
    /// Whether a member has to be made ready between leases.
    pub recycles: bool,
    /// How many intervals of each member, changes of the queue and exclusive windows are kept: the newest.
    pub history: usize,
}

/// The ledger of one pool. Cheap to ask: what happens without anybody waiting allocates nothing.
#[derive(Clone, Debug)]
pub struct Ledger {
    rules: Rules,
    members: Vec<Member>,
    /// The members at rest, the one that has rested longest first.
    resting: VecDeque<usize>,
    /// Who waits for a member, in order.
    shared: VecDeque<Waiter>,
    /// Who waits to have the pool for itself, in order.
    exclusive: VecDeque<Waiter>,
    turn: Turn,
    now: Nanos,
    /// When it was closed: nothing is granted and no time passes from then on.
    closed: Option<Nanos>,
    /// When a member was leased for the first time.
    first_reserved: Option<Nanos>,
    /// How many shared requests were served without waiting.
    served_at_once: u64,
    /// Boxed, so that what every lease looks at lies close together.
    book: Box<Book>,
}

/// One place of the pool. What each lease changes is in its first two cache lines, in this order: threads that take
/// turns at a pool hand these lines to each other, and that is most of what a lease costs them.
#[derive(Clone, Debug)]
#[repr(C, align(64))]
struct Member {
    state: State,
    health: Health,
    /// Whether a lease has had it.
    used: bool,
    lane: Lane,
}

/// What a member does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// At rest, and free unless an exclusive request collects or holds.
    Resting,
    Reserved(Client),
    /// Reserved by a client that waits to have the pool for itself, and does nothing meanwhile.
    Upgrading(Client),
    Exclusive(Client),
    Recycling,
    Poisoned,
    Replacing,
    Gone,
}

/// Whether a member can go on after its lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Health {
    Well,
    /// It looks unfit, which may pass.
    Ailing,
    /// It is not to be used again, whatever it looks like.
    Poisoned,
}

/// One request that waits.
#[derive(Clone, Copy, Debug)]
struct Waiter {
    client: Client,
    kind: Want,
    asked: Nanos,
}

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Want {
    Shared,
    Exclusive,
    LockOut,
    Upgrade(usize),
}

/// Who is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    /// Shared requests, as they come; nobody wants the pool for itself.
    Shared,
    /// So many shared requests, the first that wait, before the next exclusive one.
    Batch(usize),
    /// The first exclusive request waits for what is out.
    Collecting,
    /// This client has the pool for itself.
    Held(Client),
}

impl Ledger {
    /// A ledger at time zero whose members have never been used.
    #[must_use]
    pub fn new(rules: Rules) -> Self {
        let member = || Member {
            state: State::Resting,
            health: Health::Well,
            used: false,
            lane: Lane::new(rules.history),
        };
        Self {
            rules,
            members: (0..rules.size).map(|_| member()).collect(),
            resting: (0..rules.size).collect(),
            shared: VecDeque::new(),
            exclusive: VecDeque::new(),
            turn: Turn::Shared,
            now: 0,
            closed: None,
            first_reserved: None,
            served_at_once: 0,
            book: Box::new(Book::new(rules.history)),
        }
    }

    /// Takes one event in; what has to be done about it is appended to `effects`, in the order in which to do it.
    ///
    /// A time before that of an event that was taken in already counts as that one's.
    ///
    /// # Panics
    /// If the event can't be: somebody returns what it does not have, or a member ends what it did not begin. What
    /// comes late, after a member was given up, is no such event.
    pub fn apply(&mut self, event: Event, now: Nanos, effects: &mut Vec<Effect>) {
        self.advance(now);
        match event {
            Event::Get(client) => self.get(client, effects),
            Event::TryGet(client) => self.try_get(client, effects),
            Event::GetExclusive(client) => self.ask_alone(client, Want::Exclusive, effects),
            Event::LockOut(client) => self.ask_alone(client, Want::LockOut, effects),
            Event::Upgrade(client, member) => self.upgrade(client, member, effects),
            Event::Cancel(client) => self.cancel(client, effects),
            Event::GiveBack(client, member) => self.give_back(client, member, effects),
            Event::Release(client, member) => self.release(client, member, effects),
            Event::Discard(client, member) => self.discard(client, member, effects),
            Event::Detach(client, member) => self.detach(client, member, effects),
            Event::EndLockOut(client) => self.end_window(client, effects),
            Event::Poison(member) => self.poison(member, Health::Poisoned, effects),
            Event::Ailing(member) => self.poison(member, Health::Ailing, effects),
            Event::Well(member) => self.well(member),
            Event::Recycled(member) => self.recycled(member, true, effects),
            Event::RecycleFailed(member) => self.recycled(member, false, effects),
            Event::ReplacementBegan(member) => self.replacement_began(member),
            Event::Replaced(member) => self.replaced(member, effects),
            Event::ReplacementFailed(member) => self.replacement_failed(member, effects),
            Event::Close => self.close(effects),
            Event::Abandon => self.abandon(effects),
        }
        self.book.queued(self.shared.len(), self.exclusive.len(), self.now);
    }

    /// The way of most requests, cheaper: does as [`Event::Get`] does if that grants a member at once, and nothing else.
    #[inline]
    pub fn get_at_once(&mut self, client: Client, now: Nanos) -> Option<usize> {
        if self.turn != Turn::Shared || !self.shared.is_empty() {
            return None;
        }
        let member = self.resting.pop_front()?;
        self.advance(now);
        self.served_at_once += 1;
        self.lend(client, member);
        Some(member)
    }

    /// The way of most returns, cheaper: does as [`Event::Release`] does if that has no effect; false if it did nothing.
    #[inline]
    pub fn release_at_once(&mut self, client: Client, member: usize, now: Nanos) -> bool {
        let nobody_waits = self.shared.is_empty() && self.exclusive.is_empty();
        let one = &mut self.members[member];
        let rests =
            one.state == State::Reserved(client) && one.health == Health::Well && !self.rules.recycles;
        if !nobody_waits || !rests || self.turn != Turn::Shared || self.closed.is_some() {
            return false;
        }
        one.used = true;
        self.advance(now);
        self.rest(member);
        true
    }

    /// Says what a lease does with its member; it ends with the lease. Nothing, if the lease is not valid any more.
    pub fn label(&mut self, client: Client, member: usize, label: Option<Arc<str>>, now: Nanos) {
        self.advance(now);
        if self.members[member].state.holder() == Some(client) {
            self.members[member].lane.set_label(label, self.now);
        }
    }

    /// Names a member, or the one that replaces it.
    pub fn name(&mut self, member: usize, name: Arc<str>, now: Nanos) {
        self.advance(now);
        self.members[member].lane.set_name(name, self.now);
    }

    #[inline]
    fn advance(&mut self, now: Nanos) {
        if self.closed.is_none() {
            self.now = self.now.max(now);
        }
    }

    /// Whether it was closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.closed.is_some()
    }

    /// Whether all members are out of the pool for good.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.members.iter().all(|member| member.state == State::Gone)
    }

    /// What a member is doing.
    #[must_use]
    pub fn state(&self, member: usize) -> MemberState {
        self.members[member].lane.state()
    }

    /// Whether a member was seen to be unfit, which may have passed, and not to be fit since.
    #[must_use]
    pub fn is_ailing(&self, member: usize) -> bool {
        self.members[member].health == Health::Ailing
    }

    /// What a member's lease says that it does.
    #[must_use]
    pub fn label_of(&self, member: usize) -> Option<&Arc<str>> {
        self.members[member].lane.label()
    }

    /// How many wait for a member, and how many for the pool for themselves.
    #[must_use]
    pub fn waiting(&self) -> (usize, usize) {
        (self.shared.len(), self.exclusive.len())
    }

    /// Whether a lease was ever granted.
    #[must_use]
    pub fn was_used(&self) -> bool {
        self.first_reserved.is_some()
    }

    /// The part of the members' time, from the first lease on, in which they were leased.
    #[must_use]
    pub fn utilization(&self, now: Nanos) -> f64 {
        let now = self.closed.unwrap_or(now.max(self.now));
        self.utilization_of(&self.times(now), now)
    }

    fn utilization_of(&self, times: &Times, now: Nanos) -> f64 {
        let Some(first) = self.first_reserved else { return 0.0 };
        let all = Duration::from_nanos(now - first).as_secs_f64() * self.rules.size as f64;
        if all > 0.0 { ((times.reserved + times.exclusive).as_secs_f64() / all).min(1.0) } else { 0.0 }
    }

    fn times(&self, now: Nanos) -> Times {
        let mut sum = Times::default();
        for member in &self.members {
            let times = member.lane.times(now);
            sum.reserved += times.reserved;
            sum.exclusive += times.exclusive;
            sum.held += times.held;
            sum.idle += times.idle;
            sum.recycling += times.recycling;
            sum.gone += times.gone;
        }
        sum
    }

    /// What the time went to, up to now.
    #[must_use]
    pub fn accounting(&self, now: Nanos) -> Accounting {
        let now = self.closed.unwrap_or(now.max(self.now));
        let times = self.times(now);
        let ((queue, queue_forgotten), (windows, windows_forgotten)) =
            (self.book.queue(), self.book.windows());
        Accounting {
            elapsed: Duration::from_nanos(now),
            first_reserved: self.first_reserved.map(Duration::from_nanos),
            closed: self.closed.map(Duration::from_nanos),
            utilization: self.utilization_of(&times, now),
            times,
            shared: self.book.shared.summary(self.served_at_once),
            exclusive: self.book.exclusive.summary(0),
            longest_waits: self.book.longest.all(),
            recycles: self.book.recycles,
            replacements: self.book.replacements,
            members: self.members.iter().map(|member| member.lane.account(now)).collect(),
            queue,
            queue_forgotten,
            windows,
            windows_forgotten,
        }
    }

    /// The one place where a member changes what it does.
    #[inline]
    fn turn_member(&mut self, member: usize, state: State) {
        let held = matches!(self.turn, Turn::Collecting | Turn::Held(_));
        let member = &mut self.members[member];
        member.state = state;
        let shown = match state {
            State::Resting if held => MemberState::HeldBack,
            State::Resting if member.used => MemberState::Idle,
            State::Resting => MemberState::NeverUsed,
            State::Reserved(_) | State::Upgrading(_) => MemberState::Reserved,
            State::Exclusive(_) => MemberState::Exclusive,
            State::Recycling => MemberState::Recycling,
            State::Poisoned => MemberState::Poisoned,
            State::Replacing => MemberState::Replacing,
            State::Gone => MemberState::Shutdown,
        };
        member.lane.turn_to(shown, self.now);
    }

    /// Changes whose turn it is; members at rest are held back, or are not any more.
    fn turn_to(&mut self, turn: Turn) {
        self.turn = turn;
        for at in 0..self.resting.len() {
            self.turn_member(self.resting[at], State::Resting);
        }
    }

    fn refuse_all(&mut self, refusal: Refusal, effects: &mut Vec<Effect>) {
        while let Some(waiter) = self.shared.pop_front() {
            self.book.shared.gave_up();
            effects.push(Effect::Refuse(waiter.client, refusal));
        }
        while let Some(waiter) = self.exclusive.pop_front() {
            self.book.exclusive.gave_up();
            if let Want::Upgrade(member) = waiter.kind {
                // Its lease stays valid.
                self.turn_member(member, State::Reserved(waiter.client));
            }
            effects.push(Effect::Refuse(waiter.client, refusal));
        }
    }
}

impl State {
    /// Who has the member.
    fn holder(self) -> Option<Client> {
        match self {
            Self::Reserved(client) | Self::Upgrading(client) | Self::Exclusive(client) => Some(client),
            Self::Resting | Self::Recycling | Self::Poisoned | Self::Replacing | Self::Gone => None,
        }
    }

    /// Whether somebody works with the member, or on it, so that nobody can have the pool for itself.
    fn is_busy(self) -> bool {
        match self {
            Self::Reserved(_) | Self::Exclusive(_) | Self::Recycling => true,
            Self::Resting | Self::Upgrading(_) | Self::Poisoned | Self::Replacing | Self::Gone => false,
        }
    }

    /// Whether there is a member that works, as far as is known.
    fn is_live(self) -> bool {
        match self {
            Self::Resting | Self::Reserved(_) | Self::Upgrading(_) | Self::Exclusive(_) | Self::Recycling => {
                true
            }
            Self::Poisoned | Self::Replacing | Self::Gone => false,
        }
    }
}

impl Want {
    fn as_kind(self) -> WaitKind {
        match self {
            Self::Shared => WaitKind::Shared,
            Self::Exclusive => WaitKind::Exclusive,
            Self::LockOut => WaitKind::LockOut,
            Self::Upgrade(_) => WaitKind::Upgrade,
        }
    }
}
