//! Sums of members' time by state.

use std::time::Duration;

#[cfg(feature = "serde")]
use super::nanos;
use crate::member_state::MemberState;

/// The time of one member, or of all members together, by what they were doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct MemberTimes {
    /// Time under shared leases.
    #[cfg_attr(feature = "serde", serde(with = "nanos"))]
    pub reserved: Duration,
    /// Time under exclusive leases.
    #[cfg_attr(feature = "serde", serde(with = "nanos"))]
    pub exclusive: Duration,
    /// Time ready, but held back for exclusive requests.
    #[cfg_attr(feature = "serde", serde(with = "nanos"))]
    pub held: Duration,
    /// Time ready and free, before the first lease too.
    #[cfg_attr(feature = "serde", serde(with = "nanos"))]
    pub idle: Duration,
    /// Time in recycling.
    #[cfg_attr(feature = "serde", serde(with = "nanos"))]
    pub recycling: Duration,
    /// Time poisoned, being replaced, or removed from the pool.
    #[cfg_attr(feature = "serde", serde(with = "nanos"))]
    pub gone: Duration,
}

impl MemberTimes {
    /// Returns the sum of all times.
    #[must_use]
    pub fn sum(&self) -> Duration {
        self.reserved + self.exclusive + self.held + self.idle + self.recycling + self.gone
    }

    /// Adds time in a state to the sum that the state counts for.
    pub(super) fn add(&mut self, state: MemberState, time: Duration) {
        let sum = match state {
            MemberState::NeverUsed | MemberState::Idle => &mut self.idle,
            MemberState::Reserved => &mut self.reserved,
            MemberState::Exclusive => &mut self.exclusive,
            MemberState::HeldBack => &mut self.held,
            MemberState::Recycling => &mut self.recycling,
            MemberState::Poisoned | MemberState::Replacing | MemberState::Shutdown => &mut self.gone,
        };
        *sum += time;
    }

    /// Adds another member's times.
    pub(crate) fn add_all(&mut self, other: &Self) {
        self.reserved += other.reserved;
        self.exclusive += other.exclusive;
        self.held += other.held;
        self.idle += other.idle;
        self.recycling += other.recycling;
        self.gone += other.gone;
    }
}
