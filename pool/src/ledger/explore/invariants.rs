//! The invariants that hold in every state.

use super::world::{ClientState, Location, World};
use crate::event::Event;
use crate::ledger::member::State;
use crate::ledger::waiter::Turn;
use crate::member_state::MemberState;

impl World {
    /// Checks what holds in every state.
    pub(super) fn check(&self) {
        let ledger = &self.ledger;
        let exclusive = self
            .clients
            .iter()
            .find(|state| matches!(state, ClientState::HasExclusive(_) | ClientState::HasLockOut));
        let shared_out = self.clients.iter().filter(|state| matches!(state, ClientState::Has(_))).count();
        if !ledger.is_closed() {
            assert!(exclusive.is_none() || shared_out == 0, "no other member is leased during exclusive use");
            assert_eq!(matches!(ledger.turn, Turn::Exclusive(_)), exclusive.is_some());
        }
        let exclusive = self
            .clients
            .iter()
            .filter(|state| matches!(state, ClientState::HasExclusive(_) | ClientState::HasLockOut));
        assert!(exclusive.count() <= 1, "two clients have exclusive use");

        let waiting: Vec<_> = ledger.shared.iter().map(|waiter| waiter.client).collect();
        assert_eq!(waiting, self.shared);
        let waiting: Vec<_> = ledger.exclusive.iter().map(|waiter| waiter.client).collect();
        assert_eq!(waiting, self.exclusive);

        for (member, location) in self.locations.iter().enumerate() {
            let state = ledger.members[member].state;
            let rests = ledger.available.iter().filter(|resting| **resting == member).count();
            assert_eq!(rests, usize::from(state == State::Available), "available once, or not at all");
            let fits = match state {
                State::Available => *location == Location::Pool,
                State::Reserved(client) | State::Upgrading(client) | State::Exclusive(client) => {
                    *location == Location::With(client)
                }
                State::Recycling => *location == Location::Recycler,
                State::Poisoned | State::Replacing => *location == Location::Replacer,
                State::Gone => matches!(location, Location::Removed | Location::Replacer),
            };
            assert!(fits, "member {member} is {state:?} while its location is {location:?}");
            let held = ledger.state(member) == MemberState::HeldBack;
            let is_exclusive_turn = matches!(ledger.turn, Turn::Collecting | Turn::Exclusive(_));
            assert_eq!(
                held,
                is_exclusive_turn && state == State::Available,
                "held back if an exclusive request waits or was granted, and only then"
            );
        }
        let can_be_served = !self.shared.is_empty() && !ledger.available.is_empty();
        match ledger.turn {
            Turn::Shared => {
                assert!(
                    self.exclusive.is_empty() && !can_be_served,
                    "a request that can be granted is granted"
                );
            }
            Turn::Batch(left) => {
                assert_eq!(left, self.allowance);
                assert!(left > 0 && left <= self.shared.len() && !can_be_served);
                assert!(!self.exclusive.is_empty());
            }
            Turn::Collecting => {
                assert!(ledger.next_exclusive().is_none() && !self.exclusive.is_empty());
            }
            Turn::Exclusive(_) => {}
        }
        if ledger.is_closed() {
            assert!(self.shared.is_empty() && self.exclusive.is_empty() && ledger.available.is_empty());
            assert!(ledger.members.iter().all(|member| member.state != State::Poisoned));
        }
    }

    /// P6: checks that every waiting request is granted if all leases end and all work on members succeeds.
    pub(super) fn check_that_all_are_served(&self) {
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
        panic!("a request waits for ever: {:?}", self.ledger);
    }
}
