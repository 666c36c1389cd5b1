//! Seatrial's pool without containers: it leases any kind of member, and accounts for every member's time.
//!
//! Two layers, and a third that is the caller's:
//!
//! - The [`Ledger`] decides. It is a state machine without I/O: it takes an [`Event`] and the time at which it
//!   happened, and returns [`Effect`]s for its caller to carry out. It knows a member by its index and a request by its
//!   [`Client`] id.
//! - The [`Shell`] is asynchronous. It puts one lock around the ledger, stores the members that are not leased, wakes
//!   the tasks whose requests were answered, and returns what a dropped future or guard has held.
//! - The [`Manager`] is the caller's: it recycles, replaces and removes members.

mod accounting;
mod event;
mod ledger;
mod member_state;
mod shell;

pub use accounting::{
    Accounting, ExclusiveWindow, Interval, LeaseWait, MemberAccount, MemberTimes, Percentiles, QueueChange,
    RequestKind, WaitTimes,
};
pub use event::{Client, Effect, Event, Nanos, Refusal};
pub use ledger::{Ledger, Rules};
pub use member_state::MemberState;
pub use shell::{
    Granted, LockOutGuard, Manager, MemberGuard, MemberStatus, PendingRequest, Request, Shell, Status,
    Upgrade,
};
