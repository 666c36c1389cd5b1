//! The world around a ledger: where each member is, and what each client does.

use std::time::Duration;

use crate::event::{Client, Effect, Event, Nanos};
use crate::ledger::member::State;
use crate::ledger::waiter::Want;
use crate::ledger::{Ledger, Rules};

pub(in crate::ledger) const SIZE: usize = 3;
const CLIENTS: u64 = 4;

/// The location of a member; the ledger must move it from one to another exactly once for each reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Location {
    Pool,
    With(Client),
    Recycler,
    Replacer,
    Removed,
}

/// The thing that a client has or waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ClientState {
    Idle,
    Waits(Want),
    Has(usize),
    HasExclusive(usize),
    HasLockOut,
}

/// A ledger and the world around it, which knows what each client was granted.
#[derive(Clone)]
pub(in crate::ledger) struct World {
    pub(in crate::ledger) ledger: Ledger,
    pub(super) locations: [Location; SIZE],
    pub(super) clients: [ClientState; CLIENTS as usize],
    /// The shared requests that wait, in order.
    pub(super) shared: Vec<Client>,
    /// The exclusive requests that wait, in order.
    pub(super) exclusive: Vec<Client>,
    /// The number of shared requests that may be granted although an exclusive one waits.
    pub(super) allowance: usize,
}

impl World {
    pub(in crate::ledger) fn new(recycles: bool, history: usize) -> Self {
        Self {
            ledger: Ledger::new(Rules { size: SIZE, recycles, history }),
            locations: [Location::Pool; SIZE],
            clients: [ClientState::Idle; CLIENTS as usize],
            shared: Vec::new(),
            exclusive: Vec::new(),
            allowance: 0,
        }
    }

    /// Returns all events that may happen next. Of the idle clients, one stands for all.
    pub(in crate::ledger) fn possible(&self) -> Vec<Event> {
        let mut events = vec![Event::Close, Event::Abandon];
        if let Some(client) = self.clients.iter().position(|state| *state == ClientState::Idle) {
            let client = Client(client as u64);
            events.extend([Event::Get(client), Event::TryGet(client)]);
            events.extend([Event::GetExclusive(client), Event::LockOut(client)]);
        }
        for (client, state) in self.clients.iter().enumerate() {
            let client = Client(client as u64);
            match *state {
                ClientState::Idle => {}
                ClientState::Waits(_) => events.push(Event::Cancel(client)),
                ClientState::Has(member) | ClientState::HasExclusive(member) => {
                    events.extend([Event::Release(client, member), Event::GiveBack(client, member)]);
                    events.extend([Event::Discard(client, member), Event::Detach(client, member)]);
                    events.extend(
                        (*state == ClientState::Has(member)).then_some(Event::Upgrade(client, member)),
                    );
                }
                ClientState::HasLockOut => events.push(Event::EndLockOut(client)),
            }
        }
        for member in 0..SIZE {
            events.extend([Event::Poison(member), Event::Suspect(member), Event::Fit(member)]);
            match self.ledger.members[member].state {
                State::Recycling => events.extend([Event::Recycled(member), Event::RecycleFailed(member)]),
                State::Poisoned => events.push(Event::ReplacementBegan(member)),
                State::Replacing => {
                    events.extend([Event::Replaced(member), Event::ReplacementFailed(member)]);
                }
                // Late news of a member that was given up.
                State::Gone => {
                    events.extend([Event::Recycled(member), Event::ReplacementBegan(member)]);
                    events.extend(
                        (self.locations[member] == Location::Replacer).then_some(Event::Replaced(member)),
                    );
                }
                _ => {}
            }
        }
        events
    }

    /// Applies an event this much later, carries its effects out, checks all invariants, and returns the effects.
    pub(in crate::ledger) fn step(&mut self, event: Event, after: Nanos) -> Vec<Effect> {
        self.before(event);
        let mut effects = Vec::new();
        let before = self.ledger.now;
        self.apply(event, before + after, &mut effects);
        for effect in &effects {
            self.carry_out(*effect, event);
        }
        self.check();
        let times = self.ledger.times(self.ledger.now);
        let elapsed = Duration::from_nanos(self.ledger.now);
        assert_eq!(times.sum(), elapsed * SIZE as u32, "time adds up");
        effects
    }

    /// Applies an event on the fast path where there is one, as the shell does.
    fn apply(&mut self, event: Event, now: Nanos, effects: &mut Vec<Effect>) {
        match event {
            Event::Get(client) | Event::TryGet(client) => {
                if let Some(member) = self.ledger.get_at_once(client, now) {
                    return effects.push(Effect::Grant(client, member));
                }
            }
            Event::Release(client, member) if self.ledger.release_at_once(client, member, now) => return,
            _ => {}
        }
        self.ledger.apply(event, now, effects);
    }

    /// Changes the world as an event says, before the ledger takes it in.
    fn before(&mut self, event: Event) {
        match event {
            Event::Get(client) => {
                self.clients[client.0 as usize] = ClientState::Waits(Want::Shared);
                self.shared.push(client);
            }
            Event::TryGet(client) => {
                self.clients[client.0 as usize] = ClientState::Waits(Want::Shared);
                self.shared.push(client);
            }
            Event::GetExclusive(client) => self.waits_for_exclusive(client, Want::Exclusive),
            Event::LockOut(client) => self.waits_for_exclusive(client, Want::LockOut),
            Event::Upgrade(client, member) => self.waits_for_exclusive(client, Want::Upgrade(member)),
            Event::Cancel(client) => {
                if let ClientState::Waits(Want::Upgrade(member)) = self.clients[client.0 as usize] {
                    self.locations[member] = Location::Pool;
                }
                self.clients[client.0 as usize] = ClientState::Idle;
                if let Some(at) = self.shared.iter().position(|waiting| *waiting == client) {
                    self.shared.remove(at);
                    self.allowance -= usize::from(at < self.allowance);
                }
                self.exclusive.retain(|waiting| *waiting != client);
            }
            Event::Release(client, member)
            | Event::GiveBack(client, member)
            | Event::Discard(client, member) => {
                self.returned(client);
                if self.locations[member] == Location::With(client) {
                    self.locations[member] = Location::Pool;
                }
            }
            Event::Detach(client, member) => {
                self.returned(client);
                self.locations[member] = Location::Removed;
            }
            Event::EndLockOut(client) => self.returned(client),
            Event::Recycled(member) | Event::RecycleFailed(member) => {
                if self.locations[member] == Location::Recycler {
                    self.locations[member] = Location::Pool;
                }
            }
            Event::Replaced(member) => {
                assert_eq!(self.locations[member], Location::Replacer);
                self.locations[member] = Location::Pool;
            }
            Event::Poison(_)
            | Event::Suspect(_)
            | Event::Fit(_)
            | Event::ReplacementBegan(_)
            | Event::ReplacementFailed(_)
            | Event::Close
            | Event::Abandon => {}
        }
    }

    /// Puts a client in the queue of exclusive requests.
    fn waits_for_exclusive(&mut self, client: Client, want: Want) {
        self.clients[client.0 as usize] = ClientState::Waits(want);
        self.exclusive.push(client);
    }

    /// Makes a client idle; the end of exclusive use gives waiting shared requests an allowance.
    fn returned(&mut self, client: Client) {
        let had = std::mem::replace(&mut self.clients[client.0 as usize], ClientState::Idle);
        if matches!(had, ClientState::HasExclusive(_) | ClientState::HasLockOut) {
            self.allowance = self.shared.len().min(SIZE);
        }
    }
}
