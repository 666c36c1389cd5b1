//! The waits of requests, as plain values.

use std::time::Duration;

#[cfg(feature = "serde")]
use super::nanos;

/// The kind of a request to a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum RequestKind {
    /// A request for a member; other members may be leased meanwhile.
    Shared,
    /// A request for a member for exclusive use.
    Exclusive,
    /// A request that no member is leased.
    LockOut,
    /// A request of a lease to become exclusive.
    Upgrade,
}

/// The wait of one request that was granted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct LeaseWait {
    /// The kind of the request.
    pub kind: RequestKind,
    /// The beginning of the wait.
    #[cfg_attr(feature = "serde", serde(with = "nanos"))]
    pub asked: Duration,
    /// The length of the wait.
    #[cfg_attr(feature = "serde", serde(with = "nanos"))]
    pub waited: Duration,
    /// The index of the granted member; `None` for a lock-out.
    pub member: Option<usize>,
}

/// A summary of many requests' waits. Requests that were granted at once count with a wait of zero.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct WaitTimes {
    /// The number of requests that were granted.
    pub served: u64,
    /// The number of requests that ended without a grant: cancelled by their caller, or refused.
    pub gave_up: u64,
    /// The sum of the waits of all granted requests.
    #[cfg_attr(feature = "serde", serde(with = "nanos"))]
    pub total: Duration,
    /// The longest wait of a granted request.
    #[cfg_attr(feature = "serde", serde(with = "nanos"))]
    pub longest: Duration,
    /// Percentiles of the waits of granted requests; up to a sixteenth too high.
    pub percentiles: Percentiles,
}

/// Percentiles of waits: the part of all requests in the field's name waited no longer than its value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Percentiles {
    /// The median.
    #[cfg_attr(feature = "serde", serde(with = "nanos"))]
    pub p50: Duration,
    /// The 90th percentile.
    #[cfg_attr(feature = "serde", serde(with = "nanos"))]
    pub p90: Duration,
    /// The 95th percentile.
    #[cfg_attr(feature = "serde", serde(with = "nanos"))]
    pub p95: Duration,
    /// The 99th percentile.
    #[cfg_attr(feature = "serde", serde(with = "nanos"))]
    pub p99: Duration,
}
