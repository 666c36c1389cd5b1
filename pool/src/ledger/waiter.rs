//! Requests that wait, and the kind of request that is served next.

use crate::accounting::RequestKind;
use crate::event::{Client, Nanos};

/// A request in a wait queue.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waiter {
    pub(super) client: Client,
    pub(super) want: Want,
    pub(super) asked: Nanos,
}

/// The thing that a request wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Want {
    Shared,
    Exclusive,
    LockOut,
    /// Exclusive use with this member, which the client has already.
    Upgrade(usize),
}

/// The kind of request that is served next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// Shared requests; no exclusive request waits.
    Shared,
    /// This many of the first waiting shared requests, before the next exclusive one.
    Batch(usize),
    /// The first exclusive request, which waits until no member is leased.
    Collecting,
    /// None: this client has exclusive use of the pool.
    Exclusive(Client),
}

impl Want {
    /// Returns the kind of the request, as the accounting calls it.
    pub(super) fn kind(self) -> RequestKind {
        match self {
            Self::Shared => RequestKind::Shared,
            Self::Exclusive => RequestKind::Exclusive,
            Self::LockOut => RequestKind::LockOut,
            Self::Upgrade(_) => RequestKind::Upgrade,
        }
    }
}
