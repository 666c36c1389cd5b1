//! Whose turn it is: shared requests, a batch of them, an exclusive one that collects, one that holds.

use super::{Client, Effect, Ledger, State, Turn, Waiter, Want};

impl Ledger {
    /// Serves all who can be served now.
    pub(super) fn settle(&mut self, effects: &mut Vec<Effect>) {
        loop {
            let next = match self.turn {
                Turn::Shared if self.exclusive.is_empty() => {
                    self.serve(usize::MAX, effects);
                    return;
                }
                Turn::Shared => Turn::Collecting,
                Turn::Batch(_) if self.exclusive.is_empty() => Turn::Shared,
                Turn::Batch(left) => {
                    let left = left - self.serve(left, effects);
                    self.turn = Turn::Batch(left);
                    if left > 0 && self.can_serve_later() {
                        return;
                    }
                    Turn::Collecting
                }
                Turn::Collecting if self.exclusive.is_empty() => Turn::Shared,
                Turn::Collecting => {
                    if let Some(at) = self.ready_to_hold() {
                        self.grant_alone(at, effects);
                    }
                    return;
                }
                Turn::Held(_) => return,
            };
            self.turn_to(next);
        }
    }

    /// Serves shared requests, so many at most; returns how many.
    fn serve(&mut self, most: usize, effects: &mut Vec<Effect>) -> usize {
        let mut served = 0;
        while served < most && !self.resting.is_empty() {
            let Some(waiter) = self.shared.pop_front() else { break };
            let member = self.resting.pop_front().expect("one rests");
            self.lend(waiter.client, member);
            self.book.served(waiter.kind.as_kind(), waiter.asked, self.now, Some(member));
            effects.push(Effect::Grant(waiter.client, member));
            served += 1;
        }
        served
    }

    /// Whether a member will come back for those that wait, whatever becomes of replacements. One that waits for an
    /// upgrade won't before that was granted.
    fn can_serve_later(&self) -> bool {
        self.members.iter().any(|member| member.state.is_busy())
    }

    /// Which exclusive request can be granted now, by its place in line.
    pub(super) fn ready_to_hold(&self) -> Option<usize> {
        if self.members.iter().any(|member| member.state.is_busy()) {
            return None;
        }
        match self.exclusive.front()?.kind {
            Want::Exclusive if self.resting.is_empty() => {
                // What it waits for is kept by those behind it, or has yet to be replaced.
                self.exclusive.iter().position(|waiter| matches!(waiter.kind, Want::Upgrade(_)))
            }
            _ => Some(0),
        }
    }

    fn grant_alone(&mut self, at: usize, effects: &mut Vec<Effect>) {
        let Waiter { client, kind, asked } = self.exclusive.remove(at).expect("it is in line");
        let member = match kind {
            Want::Upgrade(member) => Some(member),
            Want::Exclusive => Some(self.resting.pop_front().expect("one rests")),
            Want::LockOut => None,
            Want::Shared => unreachable!("shared requests wait in a line of their own"),
        };
        self.turn = Turn::Held(client);
        self.book.served(kind.as_kind(), asked, self.now, member);
        match member {
            Some(member) => {
                self.first_reserved.get_or_insert(self.now);
                self.turn_member(member, State::Exclusive(client));
                effects.push(Effect::Grant(client, member));
            }
            None => effects.push(Effect::GrantLockOut(client)),
        }
    }

    /// Somebody does not have the pool for itself any more, if it had.
    pub(super) fn end_window(&mut self, client: Client, effects: &mut Vec<Effect>) {
        if self.turn != Turn::Held(client) {
            return;
        }
        self.book.window_ended(self.now);
        let waiting = self.shared.len().min(self.rules.size);
        self.turn_to(if self.exclusive.is_empty() { Turn::Shared } else { Turn::Batch(waiting) });
        self.settle(effects);
    }
}
