//! The status of a pool at one moment.

use std::sync::Arc;
use std::time::Duration;

use crate::accounting::RequestKind;
use crate::event::Client;
use crate::member_state::MemberState;

/// The status of a pool at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Status {
    /// The status of each member, by slot.
    pub members: Vec<MemberStatus>,
    /// The number of shared requests that wait.
    pub waiting_shared: usize,
    /// The number of exclusive requests, lock-outs and upgrades that wait.
    pub waiting_exclusive: usize,
    /// The leased part of the members' time since the first lease: in [0, 1].
    pub utilization: f64,
    /// `true` if a lease was ever granted.
    pub was_used: bool,
    /// `true` if the pool is closed.
    pub is_closed: bool,
}

/// The status of one member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberStatus {
    /// The member's name.
    pub name: Arc<str>,
    /// The member's state.
    pub state: MemberState,
    /// The label of the member's lease.
    pub label: Option<Arc<str>>,
}

/// A request that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PendingRequest {
    /// The request's id; an upgrade has that of its lease.
    pub client: Client,
    /// The kind of the request.
    pub kind: RequestKind,
    /// The time since the request.
    pub waited: Duration,
}
