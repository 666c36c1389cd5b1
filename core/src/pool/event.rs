//! What happens to a pool, and what has to be done about it.

use std::fmt;

/// Time since the pool was made, in nanoseconds.
pub type Nanos = u64;

/// One request for members of the pool, from its arrival to its end; the id is never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Client(pub u64);

impl fmt::Display for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "client {}", self.0)
    }
}

/// Something that happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// A client wants a member, and waits for it.
    Get(Client),
    /// A client wants a member now or not at all.
    TryGet(Client),
    /// A client wants a member while nobody else has one, and waits for that.
    GetExclusive(Client),
    /// A client wants nobody to have a member, and waits for that.
    LockOut(Client),
    /// A client that has a member wants to be the only one, and waits for that; it keeps the member.
    Upgrade(Client, usize),
    /// A client does not wait any more. One that wanted an upgrade releases its member with that.
    Cancel(Client),
    /// What a client was granted never reached it.
    GiveBack(Client, usize),
    /// A client has no use for its member any more.
    Release(Client, usize),
    /// The same, and nobody should get the member as it is.
    Discard(Client, usize),
    /// A client takes its member out of the pool for good.
    Detach(Client, usize),
    /// A lock-out is over.
    EndLockOut(Client),
    /// A member must not be handed out any more, whatever it does from now on.
    Poison(usize),
    /// A member is not fit to be handed out, as far as can be seen.
    Ailing(usize),
    /// A member that was ailing is fit again.
    Well(usize),
    /// A member is ready for its next lease.
    Recycled(usize),
    /// A member could not be made ready for its next lease.
    RecycleFailed(usize),
    /// The replacement of a poisoned member begins.
    ReplacementBegan(usize),
    /// A replacement is ready.
    Replaced(usize),
    /// A replacement could not be had; it will be tried again.
    ReplacementFailed(usize),
    /// The pool is closed: nobody gets anything any more.
    Close,
    /// What is out still after the close will not be waited for.
    Abandon,
}

/// Something that has to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// This client has this member now, in the mode that it asked for.
    Grant(Client, usize),
    /// This client has its lock-out now.
    GrantLockOut(Client),
    /// This client gets nothing, and does not wait any more.
    Refuse(Client, Refusal),
    /// Make this member ready for its next lease, then tell.
    Recycle(usize),
    /// Remove this member and find another for its place, then tell.
    Replace(usize),
    /// Remove this member.
    Remove(usize),
    /// Remove this member although somebody has it, or works on it.
    Abandon(usize),
}

/// Why a client gets nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// It did not want to wait.
    Busy,
    /// The pool is closed.
    Closed,
    /// All members were detached.
    Empty,
    /// No member is left that works, and no replacement could be had.
    Failed,
}
