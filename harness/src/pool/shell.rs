//! The asynchronous shell around the ledger: who is woken, and which container is where. It asks no engine; what is
//! pooled, and how it is made ready again, replaced and removed, is its keeper's business.
//!
//! One lock guards all of it. It is held while the ledger takes an event in and for what that changes, never across
//! an await, a wake-up or a call of the keeper.

use std::collections::HashMap;
use std::task::{Poll, Waker};
use std::time::Instant;

use seatrial_core::pool::{Accounting, Client, Effect, Event, Ledger, MemberState, Nanos, Refusal, Rules};

use super::sync::{Arc, Mutex, MutexGuard};

/// Looks after the members that nobody has. Its methods return at once, and tell the shell when they are done.
pub(super) trait Keeper: Sized {
    /// What is pooled.
    type Member;

    /// Makes a member ready for its next lease; ends with [`Shell::recycled`].
    fn recycle(shell: &Arc<Shell<Self>>, place: usize, member: Option<Self::Member>);

    /// Removes a member and finds another; ends with [`Shell::replaced`], unless the pool is closed first.
    fn replace(shell: &Arc<Shell<Self>>, place: usize, member: Option<Self::Member>);

    /// Removes a member for good.
    fn remove(shell: &Arc<Shell<Self>>, place: usize, member: Option<Self::Member>);

    /// Removes a member for good that somebody has, or works on.
    fn abandon(shell: &Arc<Shell<Self>>, place: usize);
}

/// A pool of whatever the keeper keeps.
pub(super) struct Shell<K: Keeper> {
    keeper: K,
    began: Instant,
    /// Written by everybody who asks for or returns a member, each for an instant; std's since no one awaits with it.
    state: Mutex<State<K::Member>>,
}

struct State<M> {
    ledger: Ledger,
    /// The members, where nobody has them.
    places: Vec<Place<M>>,
    next_client: u64,
    /// Boxed, so that what every lease looks at lies close together.
    line: Box<Line>,
}

/// What only those look at who wait, or make others wait.
struct Line {
    /// Who waits, and what they got since they looked.
    waiting: HashMap<Client, Waiting>,
    /// Who waits for the last member to be gone.
    enders: Vec<Waker>,
    /// How many removals were decided and have not been handed to the keeper yet.
    unhanded: usize,
    /// Empty between two events; kept for its memory.
    effects: Vec<Effect>,
}

struct Place<M> {
    name: Arc<str>,
    member: Option<M>,
    /// Counts the changes that make what was seen of the member before worthless.
    epoch: u64,
}

enum Waiting {
    Pending(Waker),
    Done(Outcome),
}

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Member(usize),
    LockOut,
    Refused(Refusal),
}

/// The same as its client is told it: with the member, unless the client has it already.
pub(super) enum Told<M> {
    Member(usize, Option<M>),
    LockOut,
    Refused(Refusal),
}

/// What is left to do once the lock is free.
struct Rest<M> {
    wakers: Vec<Waker>,
    work: Vec<(Work, usize, Option<M>)>,
}

enum Work {
    Recycle,
    Replace,
    Remove,
    Abandon,
    /// A member that nobody will ask for any more.
    Drop,
}

/// What a pool looks like at one moment.
pub(super) struct Snapshot {
    pub(super) members: Vec<(Arc<str>, MemberState, Option<Arc<str>>)>,
    pub(super) waiting: (usize, usize),
    pub(super) utilization: f64,
    pub(super) was_used: bool,
    pub(super) is_closed: bool,
}

impl<K: Keeper> Shell<K> {
    /// A shell around members that are ready, each with its name.
    pub(super) fn new(
        keeper: K,
        members: Vec<(String, K::Member)>,
        recycles: bool,
        history: usize,
    ) -> Arc<Self> {
        let mut ledger = Ledger::new(Rules { size: members.len(), recycles, history });
        let place =
            |(name, member): (String, K::Member)| Place { name: name.into(), member: Some(member), epoch: 0 };
        let places: Vec<_> = members.into_iter().map(place).collect();
        for (at, place) in places.iter().enumerate() {
            ledger.name(at, place.name.clone(), 0);
        }
        let line = Line {
            waiting: HashMap::new(),
            enders: Vec::new(),
            unhanded: 0,
            effects: Vec::with_capacity(2 * places.len() + 8),
        };
        let state = State { ledger, places, next_client: 0, line: Box::new(line) };
        Arc::new(Self { keeper, began: Instant::now(), state: Mutex::new(state) })
    }

    pub(super) fn keeper(&self) -> &K {
        &self.keeper
    }

    fn now(&self) -> Nanos {
        self.began.elapsed().as_nanos() as Nanos
    }

    fn lock(&self) -> MutexGuard<'_, State<K::Member>> {
        // The ledger panics on a bug of ours only; what comes after it is no worse than before.
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Takes a request in, and looks whether it was served at once; if not, the waker is told.
    pub(super) fn ask(
        self: &Arc<Self>,
        event: impl FnOnce(Client) -> Event,
        waker: Option<&Waker>,
    ) -> (Client, Poll<Told<K::Member>>) {
        let now = self.now();
        let mut state = self.lock();
        let client = Client(state.next_client);
        state.next_client += 1;
        let event = event(client);
        // The way of most requests, which leaves nothing to be done.
        if matches!(event, Event::Get(_) | Event::TryGet(_))
            && let Some(place) = state.ledger.get_at_once(client, now)
        {
            return (client, Poll::Ready(state.told(Outcome::Member(place))));
        }
        let (outcome, rest) = state.asked(client, event, now, waker);
        drop(state);
        self.finish(rest);
        (client, outcome)
    }

    /// Takes in that the holder of a member wants the pool for itself.
    pub(super) fn ask_upgrade(
        self: &Arc<Self>,
        client: Client,
        place: usize,
        waker: &Waker,
    ) -> Poll<Told<K::Member>> {
        let now = self.now();
        let mut state = self.lock();
        let (outcome, rest) = state.asked(client, Event::Upgrade(client, place), now, Some(waker));
        drop(state);
        self.finish(rest);
        outcome
    }

    /// Looks whether a request was served meanwhile.
    pub(super) fn poll(&self, client: Client, waker: &Waker) -> Poll<Told<K::Member>> {
        let mut state = self.lock();
        match state.line.waiting.get_mut(&client) {
            Some(Waiting::Done(outcome)) => {
                let outcome = *outcome;
                state.line.waiting.remove(&client);
                Poll::Ready(state.told(outcome))
            }
            Some(Waiting::Pending(known)) => {
                known.clone_from(waker);
                Poll::Pending
            }
            None => panic!("{client} was polled after it was told its outcome"),
        }
    }

    /// Gives up a request that was not told its outcome; an upgrade's member comes along.
    pub(super) fn cancel(self: &Arc<Self>, client: Client, upgrade: Option<(usize, K::Member)>) {
        let now = self.now();
        let mut state = self.lock();
        let kept = upgrade.map(|(place, member)| {
            state.places[place].member = Some(member);
            place
        });
        let event = match (state.line.waiting.remove(&client), kept) {
            (Some(Waiting::Pending(_)), _) => Event::Cancel(client),
            // The lease is still what it was, or became more; either way it is over.
            (Some(Waiting::Done(_)), Some(place)) => Event::Release(client, place),
            (Some(Waiting::Done(Outcome::Member(place))), None) => Event::GiveBack(client, place),
            (Some(Waiting::Done(Outcome::LockOut)), None) => Event::EndLockOut(client),
            (Some(Waiting::Done(Outcome::Refused(_))), None) => return,
            (None, _) => panic!("{client} is cancelled after it was told its outcome"),
        };
        let rest = match kept {
            Some(place) => state.apply_at(place, event, now),
            None => state.apply(event, now),
        };
        drop(state);
        self.finish(rest);
    }

    /// Returns a member, and has an event happen to it.
    pub(super) fn put(self: &Arc<Self>, place: usize, member: Option<K::Member>, event: Event) {
        let now = self.now();
        let mut state = self.lock();
        state.places[place].member = member;
        let rest = state.apply_at(place, event, now);
        drop(state);
        self.finish(rest);
    }

    /// Returns a member after its lease, unless it was seen to be unfit: it is the client's still then.
    pub(super) fn give_back(
        self: &Arc<Self>,
        client: Client,
        place: usize,
        member: K::Member,
    ) -> Option<K::Member> {
        let now = self.now();
        let mut state = self.lock();
        state.places[place].member = Some(member);
        // The way of most returns, which leaves nothing to be done.
        if state.ledger.release_at_once(client, place, now) {
            return None;
        }
        if state.ledger.is_ailing(place) {
            return state.places[place].member.take();
        }
        let rest = state.apply_at(place, Event::Release(client, place), now);
        drop(state);
        self.finish(rest);
        None
    }

    /// Has an event happen that moves no member here.
    pub(super) fn happen(self: &Arc<Self>, event: Event) {
        let now = self.now();
        let rest = self.lock().apply(event, now);
        self.finish(rest);
    }

    /// The end of a recycle.
    pub(super) fn recycled(self: &Arc<Self>, place: usize, member: Option<K::Member>, worked: bool) {
        self.new_epoch(place);
        self.put(place, member, if worked { Event::Recycled(place) } else { Event::RecycleFailed(place) });
    }

    /// The end of a replacement that worked.
    pub(super) fn replaced(self: &Arc<Self>, place: usize, name: &str, member: K::Member) {
        self.rename(place, name);
        self.put(place, Some(member), Event::Replaced(place));
    }

    /// Gives a place another name: what is there is another member.
    pub(super) fn rename(&self, place: usize, name: &str) {
        let now = self.now();
        let mut state = self.lock();
        let name: Arc<str> = name.into();
        state.ledger.name(place, name.clone(), now);
        state.places[place].name = name;
        state.places[place].epoch += 1;
    }

    fn new_epoch(&self, place: usize) {
        self.lock().places[place].epoch += 1;
    }

    /// What to compare with before something is said of a member that took a moment to find out.
    pub(super) fn epoch(&self, place: usize) -> u64 {
        self.lock().places[place].epoch
    }

    /// Has an event happen, unless the member is not what it was.
    pub(super) fn happen_in(self: &Arc<Self>, place: usize, epoch: u64, event: Event) {
        let now = self.now();
        let mut state = self.lock();
        if state.places[place].epoch != epoch {
            return;
        }
        let rest = state.apply(event, now);
        drop(state);
        self.finish(rest);
    }

    pub(super) fn label(&self, client: Client, place: usize, label: Option<Arc<str>>) {
        let now = self.now();
        self.lock().ledger.label(client, place, label, now);
    }

    pub(super) fn is_closed(&self) -> bool {
        self.lock().ledger.is_closed()
    }

    /// Whether no member is left, after the close; else the waker is told then.
    pub(super) fn poll_over(&self, waker: &Waker) -> Poll<()> {
        let mut state = self.lock();
        if state.is_over() {
            return Poll::Ready(());
        }
        if !state.line.enders.iter().any(|known| known.will_wake(waker)) {
            state.line.enders.push(waker.clone());
        }
        Poll::Pending
    }

    pub(super) fn accounting(&self) -> Accounting {
        let now = self.now();
        self.lock().ledger.accounting(now)
    }

    pub(super) fn utilization(&self) -> f64 {
        let now = self.now();
        self.lock().ledger.utilization(now)
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        let now = self.now();
        let state = self.lock();
        let member = |at: usize| {
            let (name, label) = (state.places[at].name.clone(), state.ledger.label_of(at).cloned());
            (name, state.ledger.state(at), label)
        };
        Snapshot {
            members: (0..state.places.len()).map(member).collect(),
            waiting: state.ledger.waiting(),
            utilization: state.ledger.utilization(now),
            was_used: state.ledger.was_used(),
            is_closed: state.ledger.is_closed(),
        }
    }

    fn finish(self: &Arc<Self>, rest: Rest<K::Member>) {
        for waker in rest.wakers {
            waker.wake();
        }
        for (work, place, member) in rest.work {
            match work {
                Work::Recycle => K::recycle(self, place, member),
                Work::Replace => K::replace(self, place, member),
                Work::Remove => {
                    K::remove(self, place, member);
                    self.handed_over();
                }
                Work::Abandon => {
                    K::abandon(self, place);
                    self.handed_over();
                }
                Work::Drop => drop(member),
            }
        }
    }

    /// A removal is known to the keeper: whoever waits for the end asks there from now on.
    fn handed_over(&self) {
        let mut state = self.lock();
        state.line.unhanded -= 1;
        let enders = if state.is_over() { std::mem::take(&mut state.line.enders) } else { Vec::new() };
        drop(state);
        enders.into_iter().for_each(Waker::wake);
    }
}

impl<M> State<M> {
    /// Has a request happen; if it waits, the waker is told its outcome.
    fn asked(
        &mut self,
        client: Client,
        event: Event,
        now: Nanos,
        waker: Option<&Waker>,
    ) -> (Poll<Told<M>>, Rest<M>) {
        self.ledger.apply(event, now, &mut self.line.effects);
        let waker = waker.cloned().unwrap_or_else(|| Waker::noop().clone());
        self.line.waiting.insert(client, Waiting::Pending(waker));
        let rest = self.carry_out();
        match self.line.waiting.get(&client) {
            Some(Waiting::Done(outcome)) => {
                let outcome = *outcome;
                self.line.waiting.remove(&client);
                (Poll::Ready(self.told(outcome)), rest)
            }
            _ => (Poll::Pending, rest),
        }
    }

    fn is_over(&self) -> bool {
        self.line.unhanded == 0 && self.ledger.is_over()
    }

    fn told(&mut self, outcome: Outcome) -> Told<M> {
        match outcome {
            Outcome::Member(place) => Told::Member(place, self.places[place].member.take()),
            Outcome::LockOut => Told::LockOut,
            Outcome::Refused(refusal) => Told::Refused(refusal),
        }
    }

    /// Has an event happen to a member that is in its place, or was just put there.
    fn apply_at(&mut self, place: usize, event: Event, now: Nanos) -> Rest<M> {
        let mut rest = self.apply(event, now);
        // It was given up while somebody had it.
        if self.ledger.state(place) == MemberState::Shutdown
            && let Some(member) = self.places[place].member.take()
        {
            rest.work.push((Work::Drop, place, Some(member)));
        }
        rest
    }

    fn apply(&mut self, event: Event, now: Nanos) -> Rest<M> {
        self.ledger.apply(event, now, &mut self.line.effects);
        self.carry_out()
    }

    /// Does under the lock what the ledger wants done, and returns what must not be done under it.
    fn carry_out(&mut self) -> Rest<M> {
        let mut rest = Rest::none();
        if self.line.effects.is_empty() && self.line.enders.is_empty() {
            return rest;
        }
        for effect in self.line.effects.drain(..) {
            let (work, place) = match effect {
                Effect::Grant(client, place) => {
                    rest.wakers.extend(tell(&mut self.line.waiting, client, Outcome::Member(place)));
                    continue;
                }
                Effect::GrantLockOut(client) => {
                    rest.wakers.extend(tell(&mut self.line.waiting, client, Outcome::LockOut));
                    continue;
                }
                Effect::Refuse(client, refusal) => {
                    rest.wakers.extend(tell(&mut self.line.waiting, client, Outcome::Refused(refusal)));
                    continue;
                }
                Effect::Recycle(place) => (Work::Recycle, place),
                Effect::Replace(place) => (Work::Replace, place),
                Effect::Remove(place) => {
                    self.line.unhanded += 1;
                    (Work::Remove, place)
                }
                Effect::Abandon(place) => {
                    self.line.unhanded += 1;
                    (Work::Abandon, place)
                }
            };
            self.places[place].epoch += 1;
            rest.work.push((work, place, self.places[place].member.take()));
        }
        if !self.line.enders.is_empty() && self.is_over() {
            rest.wakers.append(&mut self.line.enders);
        }
        rest
    }
}

/// Writes down how a request ended, and returns whom to wake.
fn tell(waiting: &mut HashMap<Client, Waiting>, client: Client, outcome: Outcome) -> Option<Waker> {
    let before = waiting.insert(client, Waiting::Done(outcome));
    match before {
        Some(Waiting::Pending(waker)) => Some(waker),
        Some(Waiting::Done(_)) | None => panic!("{client} was told {outcome:?} without waiting for it"),
    }
}

impl<M> Rest<M> {
    /// Allocates nothing.
    fn none() -> Self {
        Self { wakers: Vec::new(), work: Vec::new() }
    }
}
