//! Turns: shared requests, a batch of them, an exclusive request that collects members, one that was granted.

use super::ledger::Ledger;
use super::member::State;
use super::waiter::{Turn, Waiter, Want};
use crate::event::{Client, Effect};

impl Ledger {
    /// Grants all requests that can be granted now.
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
                    if let Some(at) = self.next_exclusive() {
                        self.grant_exclusive(at, effects);
                    }
                    return;
                }
                Turn::Exclusive(_) => return,
            };
            self.set_turn(next);
        }
    }

    /// Grants at most this many waiting shared requests; returns the number.
    fn serve(&mut self, most: usize, effects: &mut Vec<Effect>) -> usize {
        let mut served = 0;
        while served < most && !self.available.is_empty() {
            let Some(waiter) = self.shared.pop_front() else { break };
            let member = self.available.pop_front().expect("one is available");
            self.lease(waiter.client, member);
            self.log.granted(waiter.want.kind(), waiter.asked, self.now, Some(member));
            effects.push(Effect::Grant(waiter.client, member));
            served += 1;
        }
        served
    }

    /// Returns `true` if a member will come back for shared requests even if no replacement succeeds. A member whose
    /// lease waits for an upgrade will not: its turn comes first.
    fn can_serve_later(&self) -> bool {
        self.members.iter().any(|member| member.state.is_busy())
    }

    /// Returns the position in the queue of the exclusive request that can be granted now.
    pub(super) fn next_exclusive(&self) -> Option<usize> {
        if self.members.iter().any(|member| member.state.is_busy()) {
            return None;
        }
        match self.exclusive.front()?.want {
            Want::Exclusive if self.available.is_empty() => {
                // All members belong to upgrades behind it, or have yet to be replaced.
                self.exclusive.iter().position(|waiter| matches!(waiter.want, Want::Upgrade(_)))
            }
            _ => Some(0),
        }
    }

    /// Grants the exclusive request at this position in the queue.
    fn grant_exclusive(&mut self, at: usize, effects: &mut Vec<Effect>) {
        let Waiter { client, want, asked } = self.exclusive.remove(at).expect("it is in the queue");
        let member = match want {
            Want::Upgrade(member) => Some(member),
            Want::Exclusive => Some(self.available.pop_front().expect("one is available")),
            Want::LockOut => None,
            Want::Shared => unreachable!("shared requests wait in a queue of their own"),
        };
        self.turn = Turn::Exclusive(client);
        self.log.granted(want.kind(), asked, self.now, member);
        match member {
            Some(member) => {
                self.first_reserved.get_or_insert(self.now);
                self.set_state(member, State::Exclusive(client));
                effects.push(Effect::Grant(client, member));
            }
            None => effects.push(Effect::GrantLockOut(client)),
        }
    }

    /// Ends a client's exclusive use, if it has it, and serves those who wait.
    pub(super) fn end_exclusive(&mut self, client: Client, effects: &mut Vec<Effect>) {
        if self.turn != Turn::Exclusive(client) {
            return;
        }
        self.log.end_window(self.now);
        let waiting = self.shared.len().min(self.rules.size);
        self.set_turn(if self.exclusive.is_empty() { Turn::Shared } else { Turn::Batch(waiting) });
        self.settle(effects);
    }
}
