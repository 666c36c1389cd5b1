//! Requests: their arrival, and their end before they were served.

use super::{Client, Effect, Event, Ledger, Refusal, State, Turn, Waiter, Want};

impl Ledger {
    pub(super) fn get(&mut self, client: Client, effects: &mut Vec<Effect>) {
        if self.serve_at_once(client, effects) {
            return;
        }
        if let Some(refusal) = self.refusal() {
            return self.refuse(client, Want::Shared, refusal, effects);
        }
        self.shared.push_back(Waiter { client, kind: Want::Shared, asked: self.now });
    }

    pub(super) fn try_get(&mut self, client: Client, effects: &mut Vec<Effect>) {
        if !self.serve_at_once(client, effects) {
            let refusal = self.refusal().unwrap_or(Refusal::Busy);
            self.refuse(client, Want::Shared, refusal, effects);
        }
    }

    /// In a closed pool no member rests.
    fn serve_at_once(&mut self, client: Client, effects: &mut Vec<Effect>) -> bool {
        let Some(member) = self.get_at_once(client, self.now) else { return false };
        effects.push(Effect::Grant(client, member));
        true
    }

    /// A member is leased, to one of many.
    #[inline]
    pub(super) fn lend(&mut self, client: Client, member: usize) {
        self.first_reserved.get_or_insert(self.now);
        self.turn_member(member, State::Reserved(client));
    }

    /// A client wants the pool for itself, with a member or without.
    pub(super) fn ask_alone(&mut self, client: Client, kind: Want, effects: &mut Vec<Effect>) {
        if let Some(refusal) = self.refusal() {
            return self.refuse(client, kind, refusal, effects);
        }
        self.exclusive.push_back(Waiter { client, kind, asked: self.now });
        self.settle(effects);
    }

    pub(super) fn upgrade(&mut self, client: Client, member: usize, effects: &mut Vec<Effect>) {
        match self.members[member].state {
            State::Reserved(holder) if holder == client => {}
            State::Gone => return self.refuse(client, Want::Upgrade(member), Refusal::Closed, effects),
            _ => self.impossible(Event::Upgrade(client, member), member),
        }
        if let Some(refusal) = self.refusal() {
            return self.refuse(client, Want::Upgrade(member), refusal, effects);
        }
        self.turn_member(member, State::Upgrading(client));
        self.exclusive.push_back(Waiter { client, kind: Want::Upgrade(member), asked: self.now });
        self.settle(effects);
    }

    pub(super) fn cancel(&mut self, client: Client, effects: &mut Vec<Effect>) {
        if let Some(at) = self.shared.iter().position(|waiter| waiter.client == client) {
            self.shared.remove(at);
            self.book.shared.gave_up();
            if let Turn::Batch(left) = self.turn
                && at < left
            {
                self.turn = Turn::Batch(left - 1);
            }
        } else if let Some(at) = self.exclusive.iter().position(|waiter| waiter.client == client) {
            self.book.exclusive.gave_up();
            if let Some(Waiter { kind: Want::Upgrade(member), .. }) = self.exclusive.remove(at) {
                // It may not go on with its lease: somebody else may have the pool for itself.
                self.turn_member(member, State::Reserved(client));
                return self.release(client, member, effects);
            }
        }
        // Else it was served or sent away already.
        self.settle(effects);
    }

    /// Why nobody gets anything any more.
    fn refusal(&self) -> Option<Refusal> {
        match self.closed {
            Some(_) => Some(Refusal::Closed),
            None => self.is_over().then_some(Refusal::Empty),
        }
    }

    fn refuse(&mut self, client: Client, kind: Want, refusal: Refusal, effects: &mut Vec<Effect>) {
        if kind == Want::Shared {
            self.book.shared.gave_up()
        } else {
            self.book.exclusive.gave_up()
        }
        effects.push(Effect::Refuse(client, refusal));
    }
}
