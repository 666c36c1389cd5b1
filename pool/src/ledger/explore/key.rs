//! The key of a state: equal for states that differ only in the identity of clients and members, or in times.

use super::world::{ClientState, Location, SIZE, World};
use crate::accounting::{MemberLog, PoolLog};
use crate::ledger::member::{Member, State};
use crate::ledger::waiter::{Turn, Want};

impl World {
    /// Returns the key of the state.
    pub(super) fn key(&self) -> Vec<u8> {
        let ledger = &self.ledger;
        let mut key = vec![u8::from(ledger.is_closed()), self.allowance as u8];
        key.extend(match ledger.turn {
            Turn::Shared => [0, 0],
            Turn::Batch(left) => [1, left as u8],
            Turn::Collecting => [2, 0],
            Turn::Exclusive(_) => [3, u8::from(self.clients.contains(&ClientState::HasLockOut))],
        });
        key.push(ledger.available.len() as u8);
        key.push(u8::from(self.clients.contains(&ClientState::HasLockOut)));
        let mut members: Vec<[u8; 3]> = (0..SIZE).map(|member| self.member_key(member)).collect();
        members.sort_unstable();
        key.extend(members.into_iter().flatten());
        // Clients whose members were given up still count as busy.
        key.push(self.clients.iter().filter(|state| **state == ClientState::Idle).count() as u8);
        key.push(ledger.shared.len() as u8);
        key.extend(ledger.exclusive.iter().map(|waiter| match waiter.want {
            Want::Shared => unreachable!("shared requests wait in the other queue"),
            Want::Exclusive => 0,
            Want::LockOut => 1,
            Want::Upgrade(_) => 2,
        }));
        key
    }

    /// Returns a member's part of the key.
    fn member_key(&self, member: usize) -> [u8; 3] {
        let Member { state, fitness, .. } = &self.ledger.members[member];
        let (state, at) = match state {
            State::Available => (0, 0),
            State::Reserved(_) => (1, 0),
            State::Upgrading(client) => {
                let at = self.exclusive.iter().position(|waiting| waiting == client);
                (2, at.expect("an upgrade waits") as u8)
            }
            State::Exclusive(_) => (3, 0),
            State::Recycling => (4, 0),
            State::Poisoned => (5, 0),
            State::Replacing => (6, 0),
            State::Gone => (7, u8::from(self.locations[member] == Location::Replacer)),
        };
        [state, at, *fitness as u8]
    }

    /// Resets all times and logs, which make no difference to what may happen next.
    pub(super) fn forget_time(&mut self) {
        self.ledger.now = 0;
        self.ledger.closed = self.ledger.closed.map(|_| 0);
        *self.ledger.log = PoolLog::new(0);
        self.ledger.first_reserved = None;
        self.ledger.log.set_queue_length(self.shared.len(), self.exclusive.len(), 0);
        for member in &mut self.ledger.members {
            let (shown, label) = (member.log.state(), member.log.label().cloned());
            member.log = MemberLog::new(0);
            member.log.set_state(shown, 0);
            member.log.set_label(label, 0);
        }
        for waiter in self.ledger.shared.iter_mut().chain(&mut self.ledger.exclusive) {
            waiter.asked = 0;
        }
    }
}
