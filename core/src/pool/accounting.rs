//! What a pool's time went to, as a plain value: sums, waits, and who did what when.
//!
//! Every time in here is told from the moment at which the pool was made. With the feature `serde` it can be written
//! and read; each [`Duration`] is then a whole number of nanoseconds.

use std::time::Duration;

use super::state::MemberState;

/// What a pool's time went to, up to the moment at which it was asked for, or up to its close.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Accounting {
    /// How long the pool has been there; from its close on this stands still.
    #[cfg_attr(feature = "serde", serde(with = "nanos"))]
    pub elapsed: Duration,
    /// When a member was leased for the first time.
    #[cfg_attr(feature = "serde", serde(with = "nanos::option"))]
    pub first_reserved: Option<Duration>,
    /// When the pool was closed.
    #[cfg_attr(feature = "serde", serde(with = "nanos::option"))]
    pub closed: Option<Duration>,
    /// The part of the members' time, from the first lease on, in which they were leased: in [0, 1], and 0 before.
    pub utilization: f64,
    /// The time of all members together; it adds up to `elapsed` × members.
    pub times: Times,
    /// The waits of those who wanted a member.
    pub shared: Waits,
    /// The waits of those who wanted the pool for themselves.
    pub exclusive: Waits,
    /// The longest waits, the longest first; at most 50.
    pub longest_waits: Vec<Wait>,
    /// How many recycles were begun, and how many of them failed.
    pub recycles: (u64, u64),
    /// How many replacements were begun, and how many of them failed.
    pub replacements: (u64, u64),
    /// Each member, in the order of their places.
    pub members: Vec<MemberAccount>,
    /// Who waited: one entry for each change, the oldest first.
    pub queue: Vec<QueueChange>,
    /// How many entries of `queue` were forgotten, the oldest first.
    pub queue_forgotten: u64,
    /// When somebody had the pool for itself, the oldest first.
    pub windows: Vec<Window>,
    /// How many entries of `windows` were forgotten, the oldest first.
    pub windows_forgotten: u64,
}

/// Time by what it went to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Times {
    /// Leased, not exclusively.
    #[cfg_attr(feature = "serde", serde(with = "nanos"))]
    pub reserved: Duration,
    /// Leased exclusively.
    #[cfg_attr(feature = "serde", serde(with = "nanos"))]
    pub exclusive: Duration,
    /// Held back for somebody who waited for, or had, the pool for itself.
    #[cfg_attr(feature = "serde", serde(with = "nanos"))]
    pub held: Duration,
    /// Ready, used before or not.
    #[cfg_attr(feature = "serde", serde(with = "nanos"))]
    pub idle: Duration,
    /// Being made ready for the next lease.
    #[cfg_attr(feature = "serde", serde(with = "nanos"))]
    pub recycling: Duration,
    /// Poisoned, being replaced, or out of the pool.
    #[cfg_attr(feature = "serde", serde(with = "nanos"))]
    pub gone: Duration,
}

/// One member's time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct MemberAccount {
    /// The names that it has had, each with the moment from which on, in nanoseconds; a replacement has a name of its
    /// own.
    pub names: Vec<(u64, String)>,
    /// Its time; it adds up to the pool's `elapsed`.
    pub times: Times,
    /// What it did, without gaps, the oldest first; the last one is not over unless the pool is closed.
    pub intervals: Vec<Interval>,
    /// How many intervals were forgotten, the oldest first.
    pub intervals_forgotten: u64,
}

/// What one member did for a time.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Interval {
    /// When it began.
    #[cfg_attr(feature = "serde", serde(with = "nanos"))]
    pub from: Duration,
    /// When it ended.
    #[cfg_attr(feature = "serde", serde(with = "nanos"))]
    pub to: Duration,
    /// What the member was doing.
    pub state: MemberState,
    /// What its lease said that it is doing.
    pub label: Option<String>,
}

/// What somebody waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum WaitKind {
    /// A member, beside others.
    Shared,
    /// A member, alone.
    Exclusive,
    /// That nobody has a member.
    LockOut,
    /// To have the member that it has alone.
    Upgrade,
}

/// One wait that was served.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Wait {
    /// What was waited for.
    pub kind: WaitKind,
    /// When the wait began.
    #[cfg_attr(feature = "serde", serde(with = "nanos"))]
    pub asked: Duration,
    /// How long it took.
    #[cfg_attr(feature = "serde", serde(with = "nanos"))]
    pub waited: Duration,
    /// The member that was granted, by its place.
    pub member: Option<usize>,
}

/// The waits of one kind, those of no length among them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Waits {
    /// How many were served.
    pub served: u64,
    /// How many went away, or were sent away, before.
    pub gave_up: u64,
    /// How long all that were served have waited, together.
    #[cfg_attr(feature = "serde", serde(with = "nanos"))]
    pub total: Duration,
    /// How long the longest of them took.
    #[cfg_attr(feature = "serde", serde(with = "nanos"))]
    pub longest: Duration,
    /// How long so many of a hundred took at most; up to a sixteenth too high.
    pub percentiles: Percentiles,
}

/// The times that so many of a hundred are not above.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Percentiles {
    /// Of 50.
    #[cfg_attr(feature = "serde", serde(with = "nanos"))]
    pub p50: Duration,
    /// Of 90.
    #[cfg_attr(feature = "serde", serde(with = "nanos"))]
    pub p90: Duration,
    /// Of 95.
    #[cfg_attr(feature = "serde", serde(with = "nanos"))]
    pub p95: Duration,
    /// Of 99.
    #[cfg_attr(feature = "serde", serde(with = "nanos"))]
    pub p99: Duration,
}

/// How many wait, from one moment on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct QueueChange {
    /// From when on.
    #[cfg_attr(feature = "serde", serde(with = "nanos"))]
    pub at: Duration,
    /// How many wait for a member.
    pub shared: usize,
    /// How many wait for the pool for themselves.
    pub exclusive: usize,
}

/// A time in which somebody had the pool for itself.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Window {
    /// An exclusive lease, an upgrade to one, or a lock-out.
    pub kind: WaitKind,
    /// When it was asked for.
    #[cfg_attr(feature = "serde", serde(with = "nanos"))]
    pub asked: Duration,
    /// When it began.
    #[cfg_attr(feature = "serde", serde(with = "nanos"))]
    pub from: Duration,
    /// When it ended; none if it has not.
    #[cfg_attr(feature = "serde", serde(with = "nanos::option"))]
    pub to: Option<Duration>,
    /// The member that was leased, by its place; none for a lock-out.
    pub member: Option<usize>,
}

impl Times {
    /// All of it.
    #[must_use]
    pub fn sum(&self) -> Duration {
        self.reserved + self.exclusive + self.held + self.idle + self.recycling + self.gone
    }

    /// Adds to what a state's time counts as.
    pub(super) fn add(&mut self, state: MemberState, time: Duration) {
        let place = match state {
            MemberState::NeverUsed | MemberState::Idle => &mut self.idle,
            MemberState::Reserved => &mut self.reserved,
            MemberState::Exclusive => &mut self.exclusive,
            MemberState::HeldBack => &mut self.held,
            MemberState::Recycling => &mut self.recycling,
            MemberState::Poisoned | MemberState::Replacing | MemberState::Shutdown => &mut self.gone,
        };
        *place += time;
    }
}

/// Durations as whole numbers of nanoseconds.
#[cfg(feature = "serde")]
mod nanos {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        u64::try_from(time.as_nanos()).unwrap_or(u64::MAX).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        u64::deserialize(deserializer).map(Duration::from_nanos)
    }

    pub(super) mod option {
        use super::*;

        pub(in super::super) fn serialize<S: Serializer>(
            time: &Option<Duration>,
            serializer: S,
        ) -> Result<S::Ok, S::Error> {
            time.map(|time| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)).serialize(serializer)
        }

        pub(in super::super) fn deserialize<'de, D: Deserializer<'de>>(
            deserializer: D,
        ) -> Result<Option<Duration>, D::Error> {
            Ok(Option::<u64>::deserialize(deserializer)?.map(Duration::from_nanos))
        }
    }
}
