//! A ledger's input and output: the events that it takes, and the effects that it asks for.

use std::fmt;

/// Time since the pool was made, in nanoseconds.
pub type Nanos = u64;

/// The id of one request, from its arrival to the end of what it was granted; never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Client(pub u64);

impl fmt::Display for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "client {}", self.0)
    }
}

/// Something that happened. A `usize` is a member's index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// A client requests a member, and waits for it.
    Get(Client),
    /// A client requests a member, but does not wait.
    TryGet(Client),
    /// A client requests a member for exclusive use, and waits until no other member is leased.
    GetExclusive(Client),
    /// A client requests that no member is leased, and waits for that.
    LockOut(Client),
    /// A client that has a member requests exclusive use; it keeps its member and waits.
    Upgrade(Client, usize),
    /// A client stops waiting. If it waited for an upgrade, its member is released.
    Cancel(Client),
    /// A member was granted, but never reached its client.
    GiveBack(Client, usize),
    /// A client returns its member.
    Release(Client, usize),
    /// A client returns its member, which must be replaced.
    Discard(Client, usize),
    /// A client takes its member out of the pool for good.
    Detach(Client, usize),
    /// A lock-out ended.
    EndLockOut(Client),
    /// A member was found to be unusable, and stays so whatever is seen of it later.
    Poison(usize),
    /// A member looks unfit, which may pass.
    Suspect(usize),
    /// A member that looked unfit is fit again.
    Fit(usize),
    /// A member was recycled: it is ready for its next lease.
    Recycled(usize),
    /// A member could not be recycled.
    RecycleFailed(usize),
    /// The replacement of a poisoned member began.
    ReplacementBegan(usize),
    /// A replacement is ready.
    Replaced(usize),
    /// A replacement failed; it will be tried again.
    ReplacementFailed(usize),
    /// The pool was closed: nothing is granted from now on.
    Close,
    /// The members that are still leased after the close are not waited for any longer.
    Abandon,
}

/// Something that has to be done. A `usize` is a member's index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// Tell this client that it has this member, in the mode that it requested.
    Grant(Client, usize),
    /// Tell this client that its lock-out began.
    GrantLockOut(Client),
    /// Tell this client that its request failed; it does not wait any longer.
    Refuse(Client, Refusal),
    /// Recycle this member, then report it.
    Recycle(usize),
    /// Remove this member, start another in its place, then report it.
    Replace(usize),
    /// Remove this member.
    Remove(usize),
    /// Remove this member although it is leased, or being worked on.
    Abandon(usize),
}

/// The reason why a request is not granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// No member is free, and the client does not wait.
    Busy,
    /// The pool is closed.
    Closed,
    /// All members were detached.
    Empty,
    /// No usable member is left, and the last replacement failed.
    Failed,
}
