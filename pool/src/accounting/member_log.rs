//! The log of one member: its state and label, and the time it spent in each state.
//!
//! Sums are exact and of all time; of single intervals the newest are kept.

use std::sync::Arc;
use std::time::Duration;

use super::accounting::{Interval, MemberAccount};
use super::newest::Newest;
use super::times::MemberTimes;
use crate::event::Nanos;
use crate::member_state::MemberState;

/// The log of one member's time. The order of its fields is that of the cache lines of the ledger's `Member`.
#[derive(Clone, Debug)]
#[repr(C)]
pub(crate) struct MemberLog {
    /// The time of the last change.
    since: Nanos,
    state: MemberState,
    /// Boxed, since few leases have a label and every lease reads this field.
    label: Option<Box<Arc<str>>>,
    past: Newest<PastInterval>,
    /// The time in each state, up to the last change.
    spent: [Nanos; MemberState::ALL.len()],
    names: Vec<(Nanos, Arc<str>)>,
}

/// An interval that is over; it ended when the next one began. Small, since every lease writes two of them.
#[derive(Clone, Debug)]
struct PastInterval {
    from: Nanos,
    state: MemberState,
    /// Boxed, since most intervals have no label.
    label: Option<Box<Arc<str>>>,
}

impl MemberLog {
    /// Returns the log of a member that was never used; it keeps at most this many past intervals.
    pub(crate) fn new(history: usize) -> Self {
        Self {
            state: MemberState::NeverUsed,
            since: 0,
            label: None,
            spent: [0; _],
            past: Newest::with_limit(history),
            names: Vec::new(),
        }
    }

    pub(crate) fn state(&self) -> MemberState {
        self.state
    }

    pub(crate) fn label(&self) -> Option<&Arc<str>> {
        self.label.as_deref()
    }

    /// Writes a change of the member's state; a label ends with its lease.
    #[inline]
    pub(crate) fn set_state(&mut self, state: MemberState, now: Nanos) {
        if state == self.state {
            return;
        }
        let keeps_label = matches!(state, MemberState::Reserved | MemberState::Exclusive);
        let label = self.label.take();
        let next = label.as_ref().filter(|_| keeps_label).cloned();
        self.end_interval(label, now);
        self.state = state;
        self.label = next;
    }

    /// Writes a change of the lease's label.
    pub(crate) fn set_label(&mut self, label: Option<Arc<str>>, now: Nanos) {
        let before = std::mem::replace(&mut self.label, label.map(Box::new));
        if before != self.label {
            self.end_interval(before, now);
        }
    }

    pub(crate) fn set_name(&mut self, name: Arc<str>, now: Nanos) {
        self.names.push((now, name));
    }

    #[inline]
    fn end_interval(&mut self, label: Option<Box<Arc<str>>>, now: Nanos) {
        self.spent[self.state as usize] += now - self.since;
        // Intervals without length can't be seen, and would fill the log of a member that is released at once.
        if now > self.since {
            self.past.push(PastInterval { from: self.since, state: self.state, label });
        }
        self.since = now;
    }

    /// Returns the member's time by state up to now.
    pub(crate) fn times(&self, now: Nanos) -> MemberTimes {
        let mut times = MemberTimes::default();
        for state in MemberState::ALL {
            times.add(state, Duration::from_nanos(self.spent[state as usize]));
        }
        times.add(self.state, Duration::from_nanos(now - self.since));
        times
    }

    /// Returns the member's account up to now.
    pub(crate) fn account(&self, now: Nanos) -> MemberAccount {
        let current = PastInterval { from: self.since, state: self.state, label: self.label.clone() };
        let all: Vec<_> = self.past.kept.iter().chain([&current]).collect();
        let ends = all.iter().skip(1).map(|next| next.from).chain([now]);
        let intervals = all.iter().zip(ends).map(|(past, end)| Interval {
            from: Duration::from_nanos(past.from),
            to: Duration::from_nanos(end),
            state: past.state,
            label: past.label.as_ref().map(|label| label.as_ref().as_ref().to_owned()),
        });
        MemberAccount {
            names: self.names.iter().map(|(at, name)| (*at, name.as_ref().to_owned())).collect(),
            times: self.times(now),
            intervals: intervals.collect(),
            intervals_forgotten: self.past.forgotten,
        }
    }
}
