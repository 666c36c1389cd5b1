//! The shell: one lock around the state, and the calls of clients and managers.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Poll, Waker};
use std::time::{Duration, Instant};

use super::manager::Manager;
use super::state::{Answer, Delivery, Pending, Slot, SlowPath, State};
use super::status::{MemberStatus, PendingRequest, Status};
use super::sync::{Mutex, MutexGuard};
use crate::accounting::Accounting;
use crate::event::{Client, Event, Nanos};
use crate::ledger::{Ledger, Rules};

/// A pool of members that a manager looks after.
pub struct Shell<M: Manager> {
    manager: M,
    began: Instant,
    /// Locked by every request and every return, each time for a moment; a lock of std, since no task awaits with it.
    state: Mutex<State<M::Member>>,
}

impl<M: Manager> Shell<M> {
    /// Returns a shell around members that are ready, each with its name.
    ///
    /// If it `recycles`, members are recycled after each lease. Each log of the accounting keeps at most `history`
    /// entries.
    pub fn new(manager: M, members: Vec<(String, M::Member)>, recycles: bool, history: usize) -> Arc<Self> {
        let mut ledger = Ledger::new(Rules { size: members.len(), recycles, history });
        let slots: Vec<_> = members.into_iter().map(|(name, member)| Slot::new(name, member)).collect();
        for (at, slot) in slots.iter().enumerate() {
            ledger.set_name(at, slot.name.clone(), 0);
        }
        let slow_path = Box::new(SlowPath::new(slots.len()));
        let state = State { ledger, slots, next_client: 0, slow_path };
        Arc::new(Self { manager, began: Instant::now(), state: Mutex::new(state) })
    }

    /// Returns the pool's manager.
    pub fn manager(&self) -> &M {
        &self.manager
    }

    fn now(&self) -> Nanos {
        self.began.elapsed().as_nanos() as Nanos
    }

    fn lock(&self) -> MutexGuard<'_, State<M::Member>> {
        // The ledger panics on a bug of ours only; what comes after it is no worse than before.
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Submits a new request, and returns the answer if there is one at once; else the waker is woken when there is.
    pub(super) fn submit(
        self: &Arc<Self>,
        event: impl FnOnce(Client) -> Event,
        waker: Option<&Waker>,
    ) -> (Client, Poll<Delivery<M::Member>>) {
        let now = self.now();
        let mut state = self.lock();
        let client = Client(state.next_client);
        state.next_client += 1;
        let event = event(client);
        // The fast path of most requests.
        if matches!(event, Event::Get(_) | Event::TryGet(_))
            && let Some(slot) = state.ledger.get_at_once(client, now)
        {
            return (client, Poll::Ready(state.deliver(Answer::Member(slot))));
        }
        let (delivery, deferred) = state.submit(client, event, now, waker);
        drop(state);
        deferred.run(self);
        (client, delivery)
    }

    /// Submits the request of a client that has a member to have exclusive use.
    pub(super) fn submit_upgrade(
        self: &Arc<Self>,
        client: Client,
        slot: usize,
        waker: &Waker,
    ) -> Poll<Delivery<M::Member>> {
        let now = self.now();
        let mut state = self.lock();
        let (delivery, deferred) = state.submit(client, Event::Upgrade(client, slot), now, Some(waker));
        drop(state);
        deferred.run(self);
        delivery
    }

    /// Returns the answer to a request that was submitted, if there is one; else the waker is woken when there is.
    pub(super) fn poll(&self, client: Client, waker: &Waker) -> Poll<Delivery<M::Member>> {
        let mut state = self.lock();
        match state.slow_path.requests.get_mut(&client) {
            Some(Pending::Answered(answer)) => {
                let answer = *answer;
                state.slow_path.requests.remove(&client);
                Poll::Ready(state.deliver(answer))
            }
            Some(Pending::Waiting(known)) => {
                known.clone_from(waker);
                Poll::Pending
            }
            None => panic!("{client} was polled after its request was answered"),
        }
    }

    /// Cancels a request whose answer was not delivered; the member of an upgrade is returned.
    pub(super) fn cancel(self: &Arc<Self>, client: Client, upgrade: Option<(usize, M::Member)>) {
        let now = self.now();
        let mut state = self.lock();
        let returned = upgrade.map(|(slot, member)| {
            state.slots[slot].member = Some(member);
            slot
        });
        let event = match (state.slow_path.requests.remove(&client), returned) {
            (Some(Pending::Waiting(_)), _) => Event::Cancel(client),
            // The lease became exclusive or was refused that; either way it ends here.
            (Some(Pending::Answered(_)), Some(slot)) => Event::Release(client, slot),
            (Some(Pending::Answered(Answer::Member(slot))), None) => Event::GiveBack(client, slot),
            (Some(Pending::Answered(Answer::LockOut)), None) => Event::EndLockOut(client),
            (Some(Pending::Answered(Answer::Refused(_))), None) => return,
            (None, _) => panic!("{client} was cancelled after its request was answered"),
        };
        let deferred = match returned {
            Some(slot) => state.apply_at(slot, event, now),
            None => state.apply(event, now),
        };
        drop(state);
        deferred.run(self);
    }

    /// Puts a member into its slot, or leaves the slot empty, and applies an event of it.
    pub(super) fn put(self: &Arc<Self>, slot: usize, member: Option<M::Member>, event: Event) {
        let now = self.now();
        let mut state = self.lock();
        state.slots[slot].member = member;
        let deferred = state.apply_at(slot, event, now);
        drop(state);
        deferred.run(self);
    }

    /// Takes a member back after its lease. Returns it, still leased, if it looked unfit when it was last seen.
    pub(super) fn give_back(
        self: &Arc<Self>,
        client: Client,
        slot: usize,
        member: M::Member,
    ) -> Option<M::Member> {
        let now = self.now();
        let mut state = self.lock();
        state.slots[slot].member = Some(member);
        // The fast path of most returns.
        if state.ledger.release_at_once(client, slot, now) {
            return None;
        }
        if state.ledger.is_suspect(slot) {
            return state.slots[slot].member.take();
        }
        let deferred = state.apply_at(slot, Event::Release(client, slot), now);
        drop(state);
        deferred.run(self);
        None
    }

    /// Applies an event that moves no member into its slot.
    pub fn apply(self: &Arc<Self>, event: Event) {
        let now = self.now();
        let deferred = self.lock().apply(event, now);
        deferred.run(self);
    }

    /// Applies an event, unless the member in the slot was recycled or replaced since the epoch was read.
    pub fn apply_in_epoch(self: &Arc<Self>, slot: usize, epoch: u64, event: Event) {
        let now = self.now();
        let mut state = self.lock();
        if state.slots[slot].epoch != epoch {
            return;
        }
        let deferred = state.apply(event, now);
        drop(state);
        deferred.run(self);
    }

    /// Returns the epoch of a slot: it changes whenever earlier observations of its member become worthless.
    pub fn epoch(&self, slot: usize) -> u64 {
        self.lock().slots[slot].epoch
    }

    /// Ends a recycle.
    pub fn recycled(self: &Arc<Self>, slot: usize, member: Option<M::Member>, succeeded: bool) {
        self.lock().slots[slot].epoch += 1;
        self.put(slot, member, if succeeded { Event::Recycled(slot) } else { Event::RecycleFailed(slot) });
    }

    /// Ends a replacement that succeeded.
    pub fn replaced(self: &Arc<Self>, slot: usize, name: &str, member: M::Member) {
        self.rename(slot, name);
        self.put(slot, Some(member), Event::Replaced(slot));
    }

    /// Gives a slot another name, since it has another member.
    pub fn rename(&self, slot: usize, name: &str) {
        let now = self.now();
        let mut state = self.lock();
        let name: Arc<str> = name.into();
        state.ledger.set_name(slot, name.clone(), now);
        state.slots[slot].name = name;
        state.slots[slot].epoch += 1;
    }

    /// Sets the label of a lease.
    pub(super) fn set_label(&self, client: Client, slot: usize, label: Option<Arc<str>>) {
        let now = self.now();
        self.lock().ledger.set_label(client, slot, label, now);
    }

    /// Returns `true` if the pool is closed.
    pub fn is_closed(&self) -> bool {
        self.lock().ledger.is_closed()
    }

    /// Waits until no member is left after the close, and the manager knows of all removals.
    ///
    /// # Cancel safety
    /// Dropping the future changes nothing.
    pub async fn drained(&self) {
        poll_fn(|cx| self.poll_drained(cx.waker())).await;
    }

    /// Polls [`drained`](Self::drained).
    pub(super) fn poll_drained(&self, waker: &Waker) -> Poll<()> {
        let mut state = self.lock();
        if state.is_drained() {
            return Poll::Ready(());
        }
        if !state.slow_path.drain_wakers.iter().any(|known| known.will_wake(waker)) {
            state.slow_path.drain_wakers.push(waker.clone());
        }
        Poll::Pending
    }

    /// Notes that the manager knows of one more removal.
    pub(super) fn removal_handed_over(&self) {
        let mut state = self.lock();
        state.slow_path.removals_to_hand_over -= 1;
        let wakers =
            if state.is_drained() { std::mem::take(&mut state.slow_path.drain_wakers) } else { Vec::new() };
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Returns the accounting up to now.
    pub fn accounting(&self) -> Accounting {
        let now = self.now();
        self.lock().ledger.accounting(now)
    }

    /// Returns the leased part of the members' time since the first lease: in [0, 1].
    pub fn utilization(&self) -> f64 {
        let now = self.now();
        self.lock().ledger.utilization(now)
    }

    /// Returns the requests that wait.
    pub fn pending(&self) -> Vec<PendingRequest> {
        let now = self.now();
        let state = self.lock();
        let pending = state.ledger.waiters().map(|(client, kind, asked)| PendingRequest {
            client,
            kind,
            waited: Duration::from_nanos(now.saturating_sub(asked)),
        });
        pending.collect()
    }

    /// Returns the pool's status.
    pub fn status(&self) -> Status {
        let now = self.now();
        let state = self.lock();
        let member = |(at, slot): (usize, &Slot<M::Member>)| MemberStatus {
            name: slot.name.clone(),
            state: state.ledger.state(at),
            label: state.ledger.label(at).cloned(),
        };
        let (waiting_shared, waiting_exclusive) = state.ledger.waiting();
        Status {
            members: state.slots.iter().enumerate().map(member).collect(),
            waiting_shared,
            waiting_exclusive,
            utilization: state.ledger.utilization(now),
            was_used: state.ledger.was_used(),
            is_closed: state.ledger.is_closed(),
        }
    }
}
