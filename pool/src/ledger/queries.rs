//! Queries of the ledger; none of them changes it.

use std::sync::Arc;
use std::time::Duration;

use super::ledger::Ledger;
use super::member::{Fitness, State};
use crate::accounting::{Accounting, MemberTimes, RequestKind};
use crate::event::{Client, Nanos};
use crate::member_state::MemberState;

impl Ledger {
    /// Returns `true` if the pool was closed.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.closed.is_some()
    }

    /// Returns `true` if all members were removed from the pool for good.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.members.iter().all(|member| member.state == State::Gone)
    }

    /// Returns a member's state.
    #[must_use]
    pub fn state(&self, member: usize) -> MemberState {
        self.members[member].log.state()
    }

    /// Returns `true` if a member looked unfit when it was last seen.
    #[must_use]
    pub fn is_suspect(&self, member: usize) -> bool {
        self.members[member].fitness == Fitness::Suspect
    }

    /// Returns the label of a member's lease.
    #[must_use]
    pub fn label(&self, member: usize) -> Option<&Arc<str>> {
        self.members[member].log.label()
    }

    /// Returns the lengths of the two wait queues: shared requests, and exclusive ones.
    #[must_use]
    pub fn waiting(&self) -> (usize, usize) {
        (self.shared.len(), self.exclusive.len())
    }

    /// Returns the requests that wait: the client, the kind of the request, and its time.
    pub fn waiters(&self) -> impl Iterator<Item = (Client, RequestKind, Nanos)> {
        let all = self.shared.iter().chain(&self.exclusive);
        all.map(|waiter| (waiter.client, waiter.want.kind(), waiter.asked))
    }

    /// Returns `true` if a lease was ever granted.
    #[must_use]
    pub fn was_used(&self) -> bool {
        self.first_reserved.is_some()
    }

    /// Returns the leased part of the members' time since the first lease: in [0, 1].
    #[must_use]
    pub fn utilization(&self, now: Nanos) -> f64 {
        let now = self.closed.unwrap_or(now.max(self.now));
        self.utilization_of(&self.times(now), now)
    }

    fn utilization_of(&self, times: &MemberTimes, now: Nanos) -> f64 {
        let Some(first) = self.first_reserved else { return 0.0 };
        let all = Duration::from_nanos(now - first).as_secs_f64() * self.rules.size as f64;
        if all > 0.0 { ((times.reserved + times.exclusive).as_secs_f64() / all).min(1.0) } else { 0.0 }
    }

    /// Returns the time of all members together.
    pub(super) fn times(&self, now: Nanos) -> MemberTimes {
        let mut sum = MemberTimes::default();
        for member in &self.members {
            sum.add_all(&member.log.times(now));
        }
        sum
    }

    /// Returns the accounting up to now.
    #[must_use]
    pub fn accounting(&self, now: Nanos) -> Accounting {
        let now = self.closed.unwrap_or(now.max(self.now));
        let times = self.times(now);
        let ((queue, queue_forgotten), (windows, windows_forgotten)) = (self.log.queue(), self.log.windows());
        Accounting {
            elapsed: Duration::from_nanos(now),
            first_reserved: self.first_reserved.map(Duration::from_nanos),
            closed: self.closed.map(Duration::from_nanos),
            utilization: self.utilization_of(&times, now),
            times,
            shared: self.log.shared.summary(self.served_at_once),
            exclusive: self.log.exclusive.summary(0),
            longest_waits: self.log.longest.all(),
            recycles: self.log.recycles,
            replacements: self.log.replacements,
            members: self.members.iter().map(|member| member.log.account(now)).collect(),
            queue,
            queue_forgotten,
            windows,
            windows_forgotten,
        }
    }
}
