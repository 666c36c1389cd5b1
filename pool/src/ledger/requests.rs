//! Requests: their arrival, and their cancellation while they wait.

use super::ledger::Ledger;
use super::member::State;
use super::waiter::{Turn, Waiter, Want};
use crate::event::{Client, Effect, Event, Refusal};

impl Ledger {
    /// Grants a shared request, or puts it in the queue.
    pub(super) fn get(&mut self, client: Client, effects: &mut Vec<Effect>) {
        if self.serve_at_once(client, effects) {
            return;
        }
        if let Some(refusal) = self.refusal() {
            return self.refuse(client, Want::Shared, refusal, effects);
        }
        self.shared.push_back(Waiter { client, want: Want::Shared, asked: self.now });
    }

    /// Grants a shared request, or refuses it.
    pub(super) fn try_get(&mut self, client: Client, effects: &mut Vec<Effect>) {
        if !self.serve_at_once(client, effects) {
            let refusal = self.refusal().unwrap_or(Refusal::Busy);
            self.refuse(client, Want::Shared, refusal, effects);
        }
    }

    /// Grants a shared request if a member is free. In a closed pool none is.
    fn serve_at_once(&mut self, client: Client, effects: &mut Vec<Effect>) -> bool {
        let Some(member) = self.get_at_once(client, self.now) else { return false };
        effects.push(Effect::Grant(client, member));
        true
    }

    /// Leases a member for shared use.
    #[inline]
    pub(super) fn lease(&mut self, client: Client, member: usize) {
        self.first_reserved.get_or_insert(self.now);
        self.set_state(member, State::Reserved(client));
    }

    /// Takes in an exclusive request or a lock-out.
    pub(super) fn request_exclusive(&mut self, client: Client, want: Want, effects: &mut Vec<Effect>) {
        if let Some(refusal) = self.refusal() {
            return self.refuse(client, want, refusal, effects);
        }
        self.exclusive.push_back(Waiter { client, want, asked: self.now });
        self.settle(effects);
    }

    /// Takes in a lease's request to become exclusive.
    pub(super) fn upgrade(&mut self, client: Client, member: usize, effects: &mut Vec<Effect>) {
        match self.members[member].state {
            State::Reserved(holder) if holder == client => {}
            State::Gone => return self.refuse(client, Want::Upgrade(member), Refusal::Closed, effects),
            _ => self.impossible(Event::Upgrade(client, member), member),
        }
        if let Some(refusal) = self.refusal() {
            return self.refuse(client, Want::Upgrade(member), refusal, effects);
        }
        self.set_state(member, State::Upgrading(client));
        self.exclusive.push_back(Waiter { client, want: Want::Upgrade(member), asked: self.now });
        self.settle(effects);
    }

    /// Takes a request out of its queue; one for an upgrade releases its member.
    pub(super) fn cancel(&mut self, client: Client, effects: &mut Vec<Effect>) {
        if let Some(at) = self.shared.iter().position(|waiter| waiter.client == client) {
            self.shared.remove(at);
            self.log.shared.not_granted();
            if let Turn::Batch(left) = self.turn
                && at < left
            {
                self.turn = Turn::Batch(left - 1);
            }
        } else if let Some(at) = self.exclusive.iter().position(|waiter| waiter.client == client) {
            self.log.exclusive.not_granted();
            if let Some(Waiter { want: Want::Upgrade(member), .. }) = self.exclusive.remove(at) {
                // The lease ends here: another client may have exclusive use at this moment.
                self.set_state(member, State::Reserved(client));
                return self.release(client, member, effects);
            }
        }
        // If it waits in neither queue, it was granted or refused already.
        self.settle(effects);
    }

    /// Returns the reason to refuse every request, if there is one.
    fn refusal(&self) -> Option<Refusal> {
        match self.closed {
            Some(_) => Some(Refusal::Closed),
            None => self.is_empty().then_some(Refusal::Empty),
        }
    }

    fn refuse(&mut self, client: Client, want: Want, refusal: Refusal, effects: &mut Vec<Effect>) {
        if want == Want::Shared {
            self.log.shared.not_granted();
        } else {
            self.log.exclusive.not_granted();
        }
        effects.push(Effect::Refuse(client, refusal));
    }
}
