//! Members: their return from leases, their recycling and replacement, and their removal.

use super::ledger::Ledger;
use super::member::{Fitness, State};
use super::waiter::Turn;
use crate::event::{Client, Effect, Event, Refusal};

impl Ledger {
    /// Takes a member back after its lease.
    pub(super) fn release(&mut self, client: Client, member: usize, effects: &mut Vec<Effect>) {
        if self.check_holder(Event::Release(client, member), client, member) {
            self.members[member].used = true;
            self.after_lease(member, self.rules.recycles, effects);
            self.after_return(client, effects);
        }
    }

    /// Takes a member back that its client never saw: it is unchanged, and becomes the next one to be leased.
    pub(super) fn give_back(&mut self, client: Client, member: usize, effects: &mut Vec<Effect>) {
        if self.check_holder(Event::GiveBack(client, member), client, member) {
            self.after_lease(member, false, effects);
            if self.members[member].state == State::Available {
                self.available.rotate_right(1);
            }
            self.after_return(client, effects);
        }
    }

    /// Takes a member back that must be replaced.
    pub(super) fn discard(&mut self, client: Client, member: usize, effects: &mut Vec<Effect>) {
        if self.check_holder(Event::Discard(client, member), client, member) {
            self.members[member].used = true;
            self.members[member].fitness = Fitness::Poisoned;
            self.after_lease(member, self.rules.recycles, effects);
            self.after_return(client, effects);
        }
    }

    /// Removes a leased member from the pool; its client keeps it.
    pub(super) fn detach(&mut self, client: Client, member: usize, effects: &mut Vec<Effect>) {
        if self.check_holder(Event::Detach(client, member), client, member) {
            self.set_state(member, State::Gone);
            if self.is_empty() && !self.is_closed() {
                self.refuse_all(Refusal::Empty, effects);
            }
            self.after_return(client, effects);
        }
    }

    /// Checks that the client has the member; returns `false` if the member was given up at the end of the pool.
    fn check_holder(&self, event: Event, client: Client, member: usize) -> bool {
        match self.members[member].state {
            State::Reserved(holder) | State::Exclusive(holder) if holder == client => true,
            State::Gone => false,
            _ => self.impossible(event, member),
        }
    }

    /// Removes, replaces or recycles a member that is not leased any more, or makes it available.
    fn after_lease(&mut self, member: usize, recycles: bool, effects: &mut Vec<Effect>) {
        if self.is_closed() {
            self.set_state(member, State::Gone);
            effects.push(Effect::Remove(member));
        } else if self.members[member].fitness != Fitness::Fit {
            self.set_state(member, State::Poisoned);
            effects.push(Effect::Replace(member));
        } else if recycles {
            self.log.recycles.0 += 1;
            self.set_state(member, State::Recycling);
            effects.push(Effect::Recycle(member));
        } else {
            self.make_available(member);
        }
    }

    /// Makes a member available, as the last one to be leased.
    #[inline]
    pub(super) fn make_available(&mut self, member: usize) {
        self.available.push_back(member);
        self.set_state(member, State::Available);
    }

    /// Serves those who can be served now that a client returned its member.
    fn after_return(&mut self, client: Client, effects: &mut Vec<Effect>) {
        if self.turn == Turn::Exclusive(client) {
            self.end_exclusive(client, effects);
        } else {
            self.settle(effects);
        }
    }

    /// Marks a member as unfit: an available one is replaced, a leased one after its lease.
    pub(super) fn mark_unfit(&mut self, member: usize, fitness: Fitness, effects: &mut Vec<Effect>) {
        match self.members[member].state {
            State::Available => {
                self.available.retain(|available| *available != member);
                self.members[member].fitness = fitness;
                self.set_state(member, State::Poisoned);
                effects.push(Effect::Replace(member));
                self.settle(effects);
            }
            State::Reserved(_) | State::Upgrading(_) | State::Exclusive(_) => {
                let known = &mut self.members[member].fitness;
                *known = if *known == Fitness::Poisoned { Fitness::Poisoned } else { fitness };
            }
            // The recycle finds out by itself.
            State::Recycling => {}
            State::Poisoned | State::Replacing | State::Gone => {}
        }
    }

    /// Marks a leased member as fit again, unless it was poisoned.
    pub(super) fn mark_fit(&mut self, member: usize) {
        let member = &mut self.members[member];
        if member.state.holder().is_some() && member.fitness == Fitness::Suspect {
            member.fitness = Fitness::Fit;
        }
    }

    /// Takes in the end of a recycle.
    pub(super) fn recycled(&mut self, member: usize, worked: bool, effects: &mut Vec<Effect>) {
        match self.members[member].state {
            State::Recycling => {}
            State::Gone => return,
            _ => self.impossible(Event::Recycled(member), member),
        }
        if !worked {
            self.log.recycles.1 += 1;
            self.members[member].fitness = Fitness::Poisoned;
        }
        self.after_lease(member, false, effects);
        self.settle(effects);
    }

    /// Takes in the beginning of a replacement.
    pub(super) fn replacement_began(&mut self, member: usize) {
        match self.members[member].state {
            State::Poisoned => {}
            State::Gone => return,
            _ => self.impossible(Event::ReplacementBegan(member), member),
        }
        self.log.replacements.0 += 1;
        self.set_state(member, State::Replacing);
    }

    /// Takes in a replacement that is ready.
    pub(super) fn replaced(&mut self, member: usize, effects: &mut Vec<Effect>) {
        match self.members[member].state {
            State::Replacing => {}
            // It came after the end of the pool, and has to be removed all the same.
            State::Gone => return effects.push(Effect::Remove(member)),
            _ => self.impossible(Event::Replaced(member), member),
        }
        self.members[member].fitness = Fitness::Fit;
        self.members[member].used = false;
        self.after_lease(member, false, effects);
        self.settle(effects);
    }

    /// Takes in a replacement that failed; refuses all waiting requests if no usable member is left.
    pub(super) fn replacement_failed(&mut self, member: usize, effects: &mut Vec<Effect>) {
        match self.members[member].state {
            State::Replacing => {}
            State::Gone => return,
            _ => self.impossible(Event::ReplacementFailed(member), member),
        }
        self.log.replacements.1 += 1;
        if self.is_closed() {
            return self.set_state(member, State::Gone);
        }
        self.set_state(member, State::Poisoned);
        if !self.members.iter().any(|member| member.state.is_usable()) {
            self.refuse_all(Refusal::Failed, effects);
            self.settle(effects);
        }
    }

    /// Closes the pool: refuses all waiting requests, and removes all members that are not leased.
    pub(super) fn close(&mut self, effects: &mut Vec<Effect>) {
        if self.is_closed() {
            return;
        }
        self.closed = Some(self.now);
        self.refuse_all(Refusal::Closed, effects);
        while let Some(member) = self.available.pop_front() {
            self.set_state(member, State::Gone);
            effects.push(Effect::Remove(member));
        }
        for member in 0..self.members.len() {
            if self.members[member].state == State::Poisoned {
                self.set_state(member, State::Gone);
            }
        }
        self.log.end_window(self.now);
        self.turn = Turn::Shared;
    }

    /// Gives up all members that are left after the close: leased ones, and those being recycled or replaced.
    pub(super) fn abandon(&mut self, effects: &mut Vec<Effect>) {
        if !self.is_closed() {
            return;
        }
        for member in 0..self.members.len() {
            if self.members[member].state != State::Gone {
                self.set_state(member, State::Gone);
                effects.push(Effect::Abandon(member));
            }
        }
    }
}
