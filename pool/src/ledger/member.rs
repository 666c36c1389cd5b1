//! A member as the ledger sees it.

use crate::accounting::MemberLog;
use crate::event::Client;

/// One slot of the pool and the member in it. The fields that every lease changes are in the first two cache lines, in
/// this order: threads that take turns at a pool hand these lines to each other, which is most of a lease's cost.
#[derive(Clone, Debug)]
#[repr(C, align(64))]
pub(super) struct Member {
    pub(super) state: State,
    pub(super) fitness: Fitness,
    /// `true` once the member was leased.
    pub(super) used: bool,
    pub(super) log: MemberLog,
}

/// The state of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Ready; free, unless it is held back for an exclusive request.
    Available,
    /// Leased to this client.
    Reserved(Client),
    /// Leased to this client, which does not use it while it waits for exclusive use.
    Upgrading(Client),
    /// Leased to this client for exclusive use.
    Exclusive(Client),
    /// Being recycled.
    Recycling,
    /// Unusable; its replacement has not begun.
    Poisoned,
    /// Its replacement is being started.
    Replacing,
    /// Removed from the pool for good.
    Gone,
}

/// A leased member's fitness for further leases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fitness {
    Fit,
    /// It looks unfit, which may pass.
    Suspect,
    /// It must be replaced, whatever is seen of it later.
    Poisoned,
}

impl State {
    /// Returns the client that has the member.
    pub(super) fn holder(self) -> Option<Client> {
        match self {
            Self::Reserved(client) | Self::Upgrading(client) | Self::Exclusive(client) => Some(client),
            Self::Available | Self::Recycling | Self::Poisoned | Self::Replacing | Self::Gone => None,
        }
    }

    /// Returns `true` if the member is in use, so that no exclusive request can be granted.
    pub(super) fn is_busy(self) -> bool {
        match self {
            Self::Reserved(_) | Self::Exclusive(_) | Self::Recycling => true,
            Self::Available | Self::Upgrading(_) | Self::Poisoned | Self::Replacing | Self::Gone => false,
        }
    }

    /// Returns `true` if the member works, as far as is known.
    pub(super) fn is_usable(self) -> bool {
        match self {
            Self::Available
            | Self::Reserved(_)
            | Self::Upgrading(_)
            | Self::Exclusive(_)
            | Self::Recycling => true,
            Self::Poisoned | Self::Replacing | Self::Gone => false,
        }
    }
}
