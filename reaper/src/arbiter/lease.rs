//! A lease, from its request to its end.

use std::sync::Arc;

use seatrial_core::reaper::lease::Want;
use seatrial_pool::Nanos;

use crate::lifecycle::ConnectionId;

/// A client's lease, or its request for one.
#[derive(Debug)]
pub(super) struct Lease {
    pub(super) connection: ConnectionId,
    /// The client's number for it.
    pub(super) id: u64,
    pub(super) want: Want,
    pub(super) label: String,
    pub(super) asked: Nanos,
    pub(super) phase: Phase,
    /// `true` while no other client holds a member.
    pub(super) is_exclusive: bool,
    /// `true` once the client has answered the grant in any way, so that it may have used the member.
    pub(super) is_seen: bool,
}

/// The phase of a lease. The number is the slot of the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// The request waits in the ledger's queue.
    Waiting,
    /// It has a slot of a shared container, which is not ready yet.
    HeldBack(usize),
    /// The client makes or resets the container.
    Preparing(usize),
    /// The client uses the container.
    Using(usize),
    /// The client waits for exclusive use, and does not use its container meanwhile.
    Upgrading(usize),
    /// No member is leased, by this client's wish.
    LockedOut,
}

impl Lease {
    /// Returns its label, if it has one, as the ledger keeps it.
    pub(super) fn shown_label(&self) -> Option<Arc<str>> {
        (!self.label.is_empty()).then(|| Arc::from(self.label.as_str()))
    }

    /// Returns `true` if the client was not told of a grant yet.
    pub(super) fn is_waiting(&self) -> bool {
        matches!(self.phase, Phase::Waiting | Phase::HeldBack(_))
    }

    /// Returns the slot of the ledger that the lease has.
    pub(super) fn slot(&self) -> Option<usize> {
        match self.phase {
            Phase::HeldBack(slot) | Phase::Preparing(slot) | Phase::Using(slot) | Phase::Upgrading(slot) => {
                Some(slot)
            }
            Phase::Waiting | Phase::LockedOut => None,
        }
    }
}
