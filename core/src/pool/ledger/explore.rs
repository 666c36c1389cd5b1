//! P12: every state that 3 members and 4 clients can bring a ledger into, by every event in every order.
//!
//! Which client is which, and which member, makes no difference to what may happen next, so states that differ in
//! that alone are looked at once. Time is checked step by step here, and over long runs against the naive model.

use std::collections::{HashSet, VecDeque};

use super::*;

pub(super) const SIZE: usize = 3;
const CLIENTS: u64 = 4;

/// Where a member's container is: the ledger has to give each back exactly once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Pool,
    With(Client),
    Recycler,
    Replacer,
    Removed,
}

/// What a client is after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Business {
    None,
    Waits(Want),
    Has(usize),
    HasAlone(usize),
    HasLockOut,
}

/// A ledger and the world around it, which knows what was promised to whom.
#[derive(Clone)]
pub(super) struct World {
    pub(super) ledger: Ledger,
    places: [Place; SIZE],
    clients: [Business; CLIENTS as usize],
    shared: Vec<Client>,
    exclusive: Vec<Client>,
    /// How many shared requests may be served although an exclusive one waits.
    allowance: usize,
}

impl World {
    pub(super) fn new(recycles: bool, history: usize) -> Self {
        Self {
            ledger: Ledger::new(Rules { size: SIZE, recycles, history }),
            places: [Place::Pool; SIZE],
            clients: [Business::None; CLIENTS as usize],
            shared: Vec::new(),
            exclusive: Vec::new(),
            allowance: 0,
        }
    }

    /// All that may happen next. Of the clients that want nothing one is as good as the other.
    pub(super) fn possible(&self) -> Vec<Event> {
        let mut events = vec![Event::Close, Event::Abandon];
        if let Some(client) = self.clients.iter().position(|business| *business == Business::None) {
            let client = Client(client as u64);
            events.extend([Event::Get(client), Event::TryGet(client)]);
            events.extend([Event::GetExclusive(client), Event::LockOut(client)]);
        }
        for (client, business) in self.clients.iter().enumerate() {
            let client = Client(client as u64);
            match *business {
                Business::None => {}
                Business::Waits(_) => events.push(Event::Cancel(client)),
                Business::Has(member) | Business::HasAlone(member) => {
                    events.extend([Event::Release(client, member), Event::GiveBack(client, member)]);
                    events.extend([Event::Discard(client, member), Event::Detach(client, member)]);
                    events.extend(
                        (*business == Business::Has(member)).then_some(Event::Upgrade(client, member)),
                    );
                }
                Business::HasLockOut => events.push(Event::EndLockOut(client)),
            }
        }
        for member in 0..SIZE {
            events.extend([Event::Poison(member), Event::Ailing(member), Event::Well(member)]);
            match self.ledger.members[member].state {
                State::Recycling => events.extend([Event::Recycled(member), Event::RecycleFailed(member)]),
                State::Poisoned => events.push(Event::ReplacementBegan(member)),
                State::Replacing => {
                    events.extend([Event::Replaced(member), Event::ReplacementFailed(member)]);
                }
                // What was given up may still be heard of.
                State::Gone => {
                    events.extend([Event::Recycled(member), Event::ReplacementBegan(member)]);
                    events
                        .extend((self.places[member] == Place::Replacer).then_some(Event::Replaced(member)));
                }
                _ => {}
            }
        }
        events
    }

    /// Has an event happen so much later, and returns its effects.
    pub(super) fn step(&mut self, event: Event, after: Nanos) -> Vec<Effect> {
        self.before(event);
        let mut effects = Vec::new();
        let before = self.ledger.now;
        self.happens(event, before + after, &mut effects);
        for effect in &effects {
            self.carry_out(*effect, event);
        }
        self.check();
        let times = self.ledger.times(self.ledger.now);
        let elapsed = Duration::from_nanos(self.ledger.now);
        assert_eq!(times.sum(), elapsed * SIZE as u32, "time adds up");
        effects
    }

    /// By the short way where there is one, as the shell does.
    fn happens(&mut self, event: Event, now: Nanos, effects: &mut Vec<Effect>) {
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

    /// What the world knows of an event before the ledger does.
    fn before(&mut self, event: Event) {
        match event {
            Event::Get(client) => {
                self.clients[client.0 as usize] = Business::Waits(Want::Shared);
                self.shared.push(client);
            }
            Event::TryGet(client) => {
                self.clients[client.0 as usize] = Business::Waits(Want::Shared);
                self.shared.push(client);
            }
            Event::GetExclusive(client) => self.waits_alone(client, Want::Exclusive),
            Event::LockOut(client) => self.waits_alone(client, Want::LockOut),
            Event::Upgrade(client, member) => self.waits_alone(client, Want::Upgrade(member)),
            Event::Cancel(client) => {
                if let Business::Waits(Want::Upgrade(member)) = self.clients[client.0 as usize] {
                    self.places[member] = Place::Pool;
                }
                self.clients[client.0 as usize] = Business::None;
                if let Some(at) = self.shared.iter().position(|waiting| *waiting == client) {
                    self.shared.remove(at);
                    self.allowance -= usize::from(at < self.allowance);
                }
                self.exclusive.retain(|waiting| *waiting != client);
            }
            Event::Release(client, member)
            | Event::GiveBack(client, member)
            | Event::Discard(client, member) => {
                self.back(client);
                if self.places[member] == Place::With(client) {
                    self.places[member] = Place::Pool;
                }
            }
            Event::Detach(client, member) => {
                self.back(client);
                self.places[member] = Place::Removed;
            }
            Event::EndLockOut(client) => self.back(client),
            Event::Recycled(member) | Event::RecycleFailed(member) => {
                if self.places[member] == Place::Recycler {
                    self.places[member] = Place::Pool;
                }
            }
            Event::Replaced(member) => {
                assert_eq!(self.places[member], Place::Replacer);
                self.places[member] = Place::Pool;
            }
            Event::Poison(_)
            | Event::Ailing(_)
            | Event::Well(_)
            | Event::ReplacementBegan(_)
            | Event::ReplacementFailed(_)
            | Event::Close
            | Event::Abandon => {}
        }
    }

    fn waits_alone(&mut self, client: Client, want: Want) {
        self.clients[client.0 as usize] = Business::Waits(want);
        self.exclusive.push(client);
    }

    /// A client has nothing any more; if it had the pool for itself, those who wait have an allowance.
    fn back(&mut self, client: Client) {
        let had = std::mem::replace(&mut self.clients[client.0 as usize], Business::None);
        if matches!(had, Business::HasAlone(_) | Business::HasLockOut) {
            self.allowance = self.shared.len().min(SIZE);
        }
    }

    fn carry_out(&mut self, effect: Effect, event: Event) {
        match effect {
            Effect::Grant(client, member) => self.granted(client, member, event),
            Effect::GrantLockOut(client) => {
                assert_eq!(self.clients[client.0 as usize], Business::Waits(Want::LockOut));
                assert_eq!(self.exclusive.remove(0), client, "exclusive requests are served in their order");
                self.clients[client.0 as usize] = Business::HasLockOut;
                self.allowance = 0;
            }
            Effect::Refuse(client, _) => {
                self.shared.retain(|waiting| *waiting != client);
                self.exclusive.retain(|waiting| *waiting != client);
                let business = &mut self.clients[client.0 as usize];
                *business = match *business {
                    Business::Waits(Want::Upgrade(member)) => Business::Has(member),
                    Business::Waits(_) => Business::None,
                    other => panic!("{client:?} was refused while it was at {other:?}"),
                };
            }
            Effect::Recycle(member) => self.moved(member, Place::Recycler),
            Effect::Replace(member) => self.moved(member, Place::Replacer),
            Effect::Remove(member) => self.moved(member, Place::Removed),
            Effect::Abandon(member) => {
                assert_ne!(self.places[member], Place::Pool, "what is in the pool is removed, not abandoned");
                assert_ne!(self.places[member], Place::Removed, "removed twice");
                self.places[member] = Place::Removed;
            }
        }
    }

    fn moved(&mut self, member: usize, to: Place) {
        assert_eq!(self.places[member], Place::Pool, "member {member} goes to {to:?}");
        self.places[member] = to;
    }

    fn granted(&mut self, client: Client, member: usize, event: Event) {
        let business = self.clients[client.0 as usize];
        match business {
            Business::Waits(Want::Shared) => {
                assert_eq!(self.shared.remove(0), client, "shared requests are served in their order");
                if !self.exclusive.is_empty() {
                    assert!(self.allowance > 0, "{event:?}: an exclusive request waits");
                    self.allowance -= 1;
                }
                self.moved(member, Place::With(client));
                self.clients[client.0 as usize] = Business::Has(member);
            }
            Business::Waits(Want::Exclusive) => {
                assert_eq!(self.exclusive.remove(0), client, "exclusive requests are served in their order");
                self.moved(member, Place::With(client));
                self.clients[client.0 as usize] = Business::HasAlone(member);
                self.allowance = 0;
            }
            Business::Waits(Want::Upgrade(own)) => {
                assert_eq!(own, member, "an upgrade keeps its member");
                assert_eq!(self.places[member], Place::With(client), "without a gap");
                let at = self.exclusive.iter().position(|waiting| *waiting == client).expect("it waits");
                let overtaken = &self.exclusive[..at];
                let needs_a_member =
                    |client: &Client| self.clients[client.0 as usize] == Business::Waits(Want::Exclusive);
                let none_rests = !self.places.contains(&Place::Pool);
                assert!(
                    overtaken.is_empty() || (needs_a_member(&overtaken[0]) && none_rests),
                    "{event:?}: an upgrade goes first only where no other could go at all"
                );
                self.exclusive.remove(at);
                self.clients[client.0 as usize] = Business::HasAlone(member);
                self.allowance = 0;
            }
            other => panic!("{client:?} was granted member {member} while it was at {other:?}"),
        }
    }

    /// What holds in every state.
    fn check(&self) {
        let ledger = &self.ledger;
        let alone = self
            .clients
            .iter()
            .find(|business| matches!(business, Business::HasAlone(_) | Business::HasLockOut));
        let shared_out = self.clients.iter().filter(|business| matches!(business, Business::Has(_))).count();
        if !ledger.is_closed() {
            assert!(alone.is_none() || shared_out == 0, "nobody has a member beside the one that is alone");
            assert_eq!(matches!(ledger.turn, Turn::Held(_)), alone.is_some());
        }
        let alone = self
            .clients
            .iter()
            .filter(|business| matches!(business, Business::HasAlone(_) | Business::HasLockOut));
        assert!(alone.count() <= 1, "two are alone");

        let waiting: Vec<_> = ledger.shared.iter().map(|waiter| waiter.client).collect();
        assert_eq!(waiting, self.shared);
        let waiting: Vec<_> = ledger.exclusive.iter().map(|waiter| waiter.client).collect();
        assert_eq!(waiting, self.exclusive);

        for (member, place) in self.places.iter().enumerate() {
            let state = ledger.members[member].state;
            let rests = ledger.resting.iter().filter(|resting| **resting == member).count();
            assert_eq!(rests, usize::from(state == State::Resting), "at rest once, or not at all");
            let fits = match state {
                State::Resting => *place == Place::Pool,
                State::Reserved(client) | State::Upgrading(client) | State::Exclusive(client) => {
                    *place == Place::With(client)
                }
                State::Recycling => *place == Place::Recycler,
                State::Poisoned | State::Replacing => *place == Place::Replacer,
                State::Gone => matches!(place, Place::Removed | Place::Replacer),
            };
            assert!(fits, "member {member} is {state:?} and at {place:?}");
            let held = ledger.state(member) == MemberState::HeldBack;
            let somebody = matches!(ledger.turn, Turn::Collecting | Turn::Held(_));
            assert_eq!(held, somebody && state == State::Resting, "held back for somebody, and only then");
        }
        let can_be_served = !self.shared.is_empty() && !ledger.resting.is_empty();
        match ledger.turn {
            Turn::Shared => {
                assert!(self.exclusive.is_empty() && !can_be_served, "who can be served is served");
            }
            Turn::Batch(left) => {
                assert_eq!(left, self.allowance);
                assert!(left > 0 && left <= self.shared.len() && !can_be_served);
                assert!(!self.exclusive.is_empty());
            }
            Turn::Collecting => {
                assert!(ledger.ready_to_hold().is_none() && !self.exclusive.is_empty());
            }
            Turn::Held(_) => {}
        }
        if ledger.is_closed() {
            assert!(self.shared.is_empty() && self.exclusive.is_empty() && ledger.resting.is_empty());
            assert!(ledger.members.iter().all(|member| member.state != State::Poisoned));
        }
    }

    /// P6: if all that is out comes back and all that is begun works, everybody who waits is served.
    fn check_that_all_are_served(&self) {
        let mut world = self.clone();
        for _ in 0..64 {
            if world.shared.is_empty() && world.exclusive.is_empty() {
                return;
            }
            let next = world.possible().into_iter().find(|event| match event {
                Event::Release(..) | Event::EndLockOut(_) => true,
                Event::Recycled(member) | Event::ReplacementBegan(member) => {
                    world.ledger.members[*member].state != State::Gone
                }
                Event::Replaced(_) => true,
                _ => false,
            });
            let Some(next) = next else { break };
            world.step(next, 1);
        }
        panic!("somebody waits for ever: {:?}", self.ledger);
    }

    /// What tells this state from others, whichever clients and members are in it.
    fn key(&self) -> Vec<u8> {
        let ledger = &self.ledger;
        let mut key = vec![u8::from(ledger.is_closed()), self.allowance as u8];
        key.extend(match ledger.turn {
            Turn::Shared => [0, 0],
            Turn::Batch(left) => [1, left as u8],
            Turn::Collecting => [2, 0],
            Turn::Held(_) => [3, u8::from(self.clients.contains(&Business::HasLockOut))],
        });
        key.push(ledger.resting.len() as u8);
        key.push(u8::from(self.clients.contains(&Business::HasLockOut)));
        let mut members: Vec<[u8; 3]> = (0..SIZE).map(|member| self.member_key(member)).collect();
        members.sort_unstable();
        key.extend(members.into_iter().flatten());
        // Clients whose lease was taken from them are there still.
        key.push(self.clients.iter().filter(|business| **business == Business::None).count() as u8);
        key.push(ledger.shared.len() as u8);
        key.extend(ledger.exclusive.iter().map(|waiter| match waiter.kind {
            Want::Shared => unreachable!("waits elsewhere"),
            Want::Exclusive => 0,
            Want::LockOut => 1,
            Want::Upgrade(_) => 2,
        }));
        key
    }

    fn member_key(&self, member: usize) -> [u8; 3] {
        let Member { state, health, .. } = &self.ledger.members[member];
        let (state, at) = match state {
            State::Resting => (0, 0),
            State::Reserved(_) => (1, 0),
            State::Upgrading(client) => {
                let at = self.exclusive.iter().position(|waiting| waiting == client);
                (2, at.expect("an upgrade waits") as u8)
            }
            State::Exclusive(_) => (3, 0),
            State::Recycling => (4, 0),
            State::Poisoned => (5, 0),
            State::Replacing => (6, 0),
            State::Gone => (7, u8::from(self.places[member] == Place::Replacer)),
        };
        [state, at, *health as u8]
    }

    /// What was written down makes no difference to what may happen.
    fn forget_time(&mut self) {
        self.ledger.now = 0;
        self.ledger.closed = self.ledger.closed.map(|_| 0);
        *self.ledger.book = Book::new(0);
        self.ledger.first_reserved = None;
        self.ledger.book.queued(self.shared.len(), self.exclusive.len(), 0);
        for member in &mut self.ledger.members {
            let (shown, label) = (member.lane.state(), member.lane.label().cloned());
            member.lane = Lane::new(0);
            member.lane.turn_to(shown, 0);
            member.lane.set_label(label, 0);
        }
        for waiter in self.ledger.shared.iter_mut().chain(&mut self.ledger.exclusive) {
            waiter.asked = 0;
        }
    }
}

/// Visits every state; returns how many there are, and how many steps lead from one to another.
fn explore(recycles: bool) -> (usize, usize) {
    let first = World::new(recycles, 0);
    first.check();
    let mut seen = HashSet::from([first.key()]);
    let mut todo = VecDeque::from([first]);
    let mut steps = 0;
    while let Some(world) = todo.pop_front() {
        for event in world.possible() {
            let mut next = world.clone();
            next.step(event, 1);
            steps += 1;
            if seen.insert(next.key()) {
                next.check_that_all_are_served();
                next.forget_time();
                todo.push_back(next);
            }
        }
    }
    (seen.len(), steps)
}

/// P12, P5, P6, P7, P8, P14.
#[test]
fn every_state_of_a_pool_without_recycling_is_sound() {
    let (states, steps) = explore(false);
    println!("{states} states, {steps} steps");
    assert!(states > 5_000, "only {states} states: something is not explored");
}

/// P12, P13.
#[test]
fn every_state_of_a_pool_with_recycling_is_sound() {
    let (states, steps) = explore(true);
    println!("{states} states, {steps} steps");
    assert!(states > 10_000, "only {states} states: something is not explored");
}
