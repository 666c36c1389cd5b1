//! The world's side of effects: it carries them out, and checks that each is allowed.

use super::world::{ClientState, Location, World};
use crate::event::{Client, Effect, Event};
use crate::ledger::waiter::Want;

impl World {
    /// Carries an effect out, and checks that the event allows it.
    pub(super) fn carry_out(&mut self, effect: Effect, event: Event) {
        match effect {
            Effect::Grant(client, member) => self.granted(client, member, event),
            Effect::GrantLockOut(client) => {
                assert_eq!(self.clients[client.0 as usize], ClientState::Waits(Want::LockOut));
                assert_eq!(self.exclusive.remove(0), client, "exclusive requests are served in their order");
                self.clients[client.0 as usize] = ClientState::HasLockOut;
                self.allowance = 0;
            }
            Effect::Refuse(client, _) => {
                self.shared.retain(|waiting| *waiting != client);
                self.exclusive.retain(|waiting| *waiting != client);
                let state = &mut self.clients[client.0 as usize];
                *state = match *state {
                    ClientState::Waits(Want::Upgrade(member)) => ClientState::Has(member),
                    ClientState::Waits(_) => ClientState::Idle,
                    other => panic!("{client:?} was refused while its state was {other:?}"),
                };
            }
            Effect::Recycle(member) => self.moved(member, Location::Recycler),
            Effect::Replace(member) => self.moved(member, Location::Replacer),
            Effect::Remove(member) => self.moved(member, Location::Removed),
            Effect::Abandon(member) => {
                assert_ne!(
                    self.locations[member],
                    Location::Pool,
                    "a member in the pool is removed, not abandoned"
                );
                assert_ne!(self.locations[member], Location::Removed, "removed twice");
                self.locations[member] = Location::Removed;
            }
        }
    }

    /// Moves a member out of the pool.
    fn moved(&mut self, member: usize, to: Location) {
        assert_eq!(self.locations[member], Location::Pool, "member {member} goes to {to:?}");
        self.locations[member] = to;
    }

    /// Gives a client the member that it was granted, and checks that it was its turn.
    fn granted(&mut self, client: Client, member: usize, event: Event) {
        let state = self.clients[client.0 as usize];
        match state {
            ClientState::Waits(Want::Shared) => {
                assert_eq!(self.shared.remove(0), client, "shared requests are served in their order");
                if !self.exclusive.is_empty() {
                    assert!(self.allowance > 0, "{event:?}: an exclusive request waits");
                    self.allowance -= 1;
                }
                self.moved(member, Location::With(client));
                self.clients[client.0 as usize] = ClientState::Has(member);
            }
            ClientState::Waits(Want::Exclusive) => {
                assert_eq!(self.exclusive.remove(0), client, "exclusive requests are served in their order");
                self.moved(member, Location::With(client));
                self.clients[client.0 as usize] = ClientState::HasExclusive(member);
                self.allowance = 0;
            }
            ClientState::Waits(Want::Upgrade(own)) => {
                assert_eq!(own, member, "an upgrade keeps its member");
                assert_eq!(self.locations[member], Location::With(client), "without a gap");
                let at = self.exclusive.iter().position(|waiting| *waiting == client).expect("it waits");
                let overtaken = &self.exclusive[..at];
                let needs_a_member =
                    |client: &Client| self.clients[client.0 as usize] == ClientState::Waits(Want::Exclusive);
                let none_available = !self.locations.contains(&Location::Pool);
                assert!(
                    overtaken.is_empty() || (needs_a_member(&overtaken[0]) && none_available),
                    "{event:?}: an upgrade goes first only if the request before it could not be granted"
                );
                self.exclusive.remove(at);
                self.clients[client.0 as usize] = ClientState::HasExclusive(member);
                self.allowance = 0;
            }
            other => panic!("{client:?} was granted member {member} while its state was {other:?}"),
        }
    }
}
