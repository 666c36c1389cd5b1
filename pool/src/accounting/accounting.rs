//! A pool's accounting as a plain value: sums, waits, and the history of every member.
//!
//! All times count from the moment at which the pool was made. With the feature `serde` the value can be written and
//! read; each [`Duration`] is then a whole number of nanoseconds.

use std::time::Duration;

#[cfg(feature = "serde")]
use super::nanos;
use super::times::MemberTimes;
use super::waits::{LeaseWait, RequestKind, WaitTimes};
use crate::member_state::MemberState;

/// A report of how a pool's time was spent, up to the moment of the call, or up to the pool's close.
#[derive(Clone, Debug, Default, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Accounting {
    /// The age of the pool; it does not grow after the close.
    #[cfg_attr(feature = "serde", serde(with = "nanos"))]
    pub elapsed: Duration,
    /// The time of the first lease; `None` before it.
    #[cfg_attr(feature = "serde", serde(with = "nanos::option"))]
    pub first_reserved: Option<Duration>,
    /// The time of the close; `None` while the pool is open.
    #[cfg_attr(feature = "serde", serde(with = "nanos::option"))]
    pub closed: Option<Duration>,
    /// The leased part of the members' time since the first lease: in [0, 1], and 0 before the first lease.
    pub utilization: f64,
    /// The time of all members together; its sum is `elapsed` × the number of members.
    pub times: MemberTimes,
    /// The waits of shared requests.
    pub shared: WaitTimes,
    /// The waits of exclusive requests, lock-outs and upgrades.
    pub exclusive: WaitTimes,
    /// The longest waits, the longest first; at most 50.
    pub longest_waits: Vec<LeaseWait>,
    /// The number of recycles that began, and the number of those that failed.
    pub recycles: (u64, u64),
    /// The number of replacements that began, and the number of those that failed.
    pub replacements: (u64, u64),
    /// The account of each member, in the order of their indices.
    pub members: Vec<MemberAccount>,
    /// The changes of the wait queue's length, the oldest first.
    pub queue: Vec<QueueChange>,
    /// The number of entries that `queue` lacks, since only the newest are kept.
    pub queue_forgotten: u64,
    /// The times of exclusive use, the oldest first.
    pub windows: Vec<ExclusiveWindow>,
    /// The number of entries that `windows` lacks, since only the newest are kept.
    pub windows_forgotten: u64,
}

/// The account of one member's time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct MemberAccount {
    /// Each name that the member has had, after the time in nanoseconds from which it had it. A replacement gets a
    /// name of its own.
    pub names: Vec<(u64, String)>,
    /// The member's time by state; its sum is the pool's `elapsed`.
    pub times: MemberTimes,
    /// The member's states over time, without gaps, the oldest first; the last one goes on unless the pool is closed.
    pub intervals: Vec<Interval>,
    /// The number of entries that `intervals` lacks, since only the newest are kept.
    pub intervals_forgotten: u64,
}

/// A time during which a member's state and label did not change.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Interval {
    /// The beginning.
    #[cfg_attr(feature = "serde", serde(with = "nanos"))]
    pub from: Duration,
    /// The end.
    #[cfg_attr(feature = "serde", serde(with = "nanos"))]
    pub to: Duration,
    /// The member's state.
    pub state: MemberState,
    /// The label of the member's lease.
    pub label: Option<String>,
}

/// A change of the wait queue's length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct QueueChange {
    /// The time of the change.
    #[cfg_attr(feature = "serde", serde(with = "nanos"))]
    pub at: Duration,
    /// The number of shared requests that wait from then on.
    pub shared: usize,
    /// The number of exclusive requests, lock-outs and upgrades that wait from then on.
    pub exclusive: usize,
}

/// A time of exclusive use: an exclusive lease, an upgraded one, or a lock-out.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct ExclusiveWindow {
    /// The kind of request that was granted.
    pub kind: RequestKind,
    /// The time of the request.
    #[cfg_attr(feature = "serde", serde(with = "nanos"))]
    pub asked: Duration,
    /// The time of the grant.
    #[cfg_attr(feature = "serde", serde(with = "nanos"))]
    pub from: Duration,
    /// The end; `None` while it goes on.
    #[cfg_attr(feature = "serde", serde(with = "nanos::option"))]
    pub to: Option<Duration>,
    /// The index of the leased member; `None` for a lock-out.
    pub member: Option<usize>,
}
