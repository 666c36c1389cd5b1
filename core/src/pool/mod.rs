//! The pool's ledger: who holds which member, who waits, and what the time went to.
//!
//! It is one state machine without I/O, driven by an [`Event`] and the time at which it happened, and it answers
//! with [`Effect`]s for somebody else to carry out. It knows members by their number and clients by an id; what a
//! member is, and how a client is woken, is not its business.

mod accounting;
mod book;
mod event;
mod ledger;
mod state;
mod waits;

pub use accounting::{
    Accounting, Interval, MemberAccount, Percentiles, QueueChange, Times, Wait, WaitKind, Waits, Window,
};
pub use event::{Client, Effect, Event, Nanos, Refusal};
pub use ledger::{Ledger, Rules};
pub use state::MemberState;
