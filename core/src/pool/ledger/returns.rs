//! Members that come back, fall ill, are made ready again, replaced, or go.

use super::{Client, Effect, Event, Health, Ledger, Refusal, State, Turn};

impl Ledger {
    pub(super) fn release(&mut self, client: Client, member: usize, effects: &mut Vec<Effect>) {
        if self.take_back(Event::Release(client, member), client, member) {
            self.members[member].used = true;
            self.after_lease(member, self.rules.recycles, effects);
            self.after_return(client, effects);
        }
    }

    /// Nobody has seen the member since it was granted, so it is as it was, and the next one's.
    pub(super) fn give_back(&mut self, client: Client, member: usize, effects: &mut Vec<Effect>) {
        if self.take_back(Event::GiveBack(client, member), client, member) {
            self.after_lease(member, false, effects);
            if self.members[member].state == State::Resting {
                self.resting.rotate_right(1);
            }
            self.after_return(client, effects);
        }
    }

    pub(super) fn discard(&mut self, client: Client, member: usize, effects: &mut Vec<Effect>) {
        if self.take_back(Event::Discard(client, member), client, member) {
            self.members[member].used = true;
            self.members[member].health = Health::Poisoned;
            self.after_lease(member, self.rules.recycles, effects);
            self.after_return(client, effects);
        }
    }

    pub(super) fn detach(&mut self, client: Client, member: usize, effects: &mut Vec<Effect>) {
        if self.take_back(Event::Detach(client, member), client, member) {
            self.turn_member(member, State::Gone);
            if self.is_over() && !self.is_closed() {
                self.refuse_all(Refusal::Empty, effects);
            }
            self.after_return(client, effects);
        }
    }

    /// Whether a client returns what it has; false if that was taken from it at the end of the pool.
    fn take_back(&mut self, event: Event, client: Client, member: usize) -> bool {
        match self.members[member].state {
            State::Reserved(holder) | State::Exclusive(holder) if holder == client => true,
            State::Gone => false,
            _ => self.impossible(event, member),
        }
    }

    /// What becomes of a member that nobody has any more.
    fn after_lease(&mut self, member: usize, recycles: bool, effects: &mut Vec<Effect>) {
        if self.is_closed() {
            self.turn_member(member, State::Gone);
            effects.push(Effect::Remove(member));
        } else if self.members[member].health != Health::Well {
            self.turn_member(member, State::Poisoned);
            effects.push(Effect::Replace(member));
        } else if recycles {
            self.book.recycles.0 += 1;
            self.turn_member(member, State::Recycling);
            effects.push(Effect::Recycle(member));
        } else {
            self.rest(member);
        }
    }

    #[inline]
    pub(super) fn rest(&mut self, member: usize) {
        self.resting.push_back(member);
        self.turn_member(member, State::Resting);
    }

    fn after_return(&mut self, client: Client, effects: &mut Vec<Effect>) {
        if self.turn == Turn::Held(client) {
            self.end_window(client, effects);
        } else {
            self.settle(effects);
        }
    }

    pub(super) fn poison(&mut self, member: usize, health: Health, effects: &mut Vec<Effect>) {
        match self.members[member].state {
            State::Resting => {
                self.resting.retain(|resting| *resting != member);
                self.members[member].health = health;
                self.turn_member(member, State::Poisoned);
                effects.push(Effect::Replace(member));
                self.settle(effects);
            }
            State::Reserved(_) | State::Upgrading(_) | State::Exclusive(_) => {
                let known = &mut self.members[member].health;
                *known = if *known == Health::Poisoned { Health::Poisoned } else { health };
            }
            // Who recycles it will tell.
            State::Recycling => {}
            State::Poisoned | State::Replacing | State::Gone => {}
        }
    }

    pub(super) fn well(&mut self, member: usize) {
        let member = &mut self.members[member];
        if member.state.holder().is_some() && member.health == Health::Ailing {
            member.health = Health::Well;
        }
    }

    pub(super) fn recycled(&mut self, member: usize, worked: bool, effects: &mut Vec<Effect>) {
        match self.members[member].state {
            State::Recycling => {}
            State::Gone => return,
            _ => self.impossible(Event::Recycled(member), member),
        }
        if !worked {
            self.book.recycles.1 += 1;
            self.members[member].health = Health::Poisoned;
        }
        self.after_lease(member, false, effects);
        self.settle(effects);
    }

    pub(super) fn replacement_began(&mut self, member: usize) {
        match self.members[member].state {
            State::Poisoned => {}
            State::Gone => return,
            _ => self.impossible(Event::ReplacementBegan(member), member),
        }
        self.book.replacements.0 += 1;
        self.turn_member(member, State::Replacing);
    }

    pub(super) fn replaced(&mut self, member: usize, effects: &mut Vec<Effect>) {
        match self.members[member].state {
            State::Replacing => {}
            // It came too late, and must not be forgotten for it.
            State::Gone => return effects.push(Effect::Remove(member)),
            _ => self.impossible(Event::Replaced(member), member),
        }
        self.members[member].health = Health::Well;
        self.members[member].used = false;
        self.after_lease(member, false, effects);
        self.settle(effects);
    }

    pub(super) fn replacement_failed(&mut self, member: usize, effects: &mut Vec<Effect>) {
        match self.members[member].state {
            State::Replacing => {}
            State::Gone => return,
            _ => self.impossible(Event::ReplacementFailed(member), member),
        }
        self.book.replacements.1 += 1;
        if self.is_closed() {
            return self.turn_member(member, State::Gone);
        }
        self.turn_member(member, State::Poisoned);
        if !self.members.iter().any(|member| member.state.is_live()) {
            self.refuse_all(Refusal::Failed, effects);
            self.settle(effects);
        }
    }

    pub(super) fn close(&mut self, effects: &mut Vec<Effect>) {
        if self.is_closed() {
            return;
        }
        self.closed = Some(self.now);
        self.refuse_all(Refusal::Closed, effects);
        while let Some(member) = self.resting.pop_front() {
            self.turn_member(member, State::Gone);
            effects.push(Effect::Remove(member));
        }
        for member in 0..self.members.len() {
            if self.members[member].state == State::Poisoned {
                self.turn_member(member, State::Gone);
            }
        }
        self.book.window_ended(self.now);
        self.turn = Turn::Shared;
    }

    /// After the close: what is out, or worked on, is not waited for.
    pub(super) fn abandon(&mut self, effects: &mut Vec<Effect>) {
        if !self.is_closed() {
            return;
        }
        for member in 0..self.members.len() {
            if self.members[member].state != State::Gone {
                self.turn_member(member, State::Gone);
                effects.push(Effect::Abandon(member));
            }
        }
    }

    pub(super) fn impossible(&self, event: Event, member: usize) -> ! {
        panic!("{event:?} can't be while member {member} is {:?}", self.members[member].state)
    }
}
