//! The arbiter: decides which client of the session gets which member of a shared pool, and when.
//!
//! It is a state machine without I/O. It takes the requests of
//! [`seatrial_core::reaper::lease`] and the ends of connections, and returns the replies to send. It never starts, resets
//! or removes a container: the client that is granted a member is told which of these to do first. If that client is
//! gone before it is done, the next one is told.
//!
//! The order of service is that of [`seatrial_pool::Ledger`], one for each pool. The arbiter adds the state of each
//! member: a unit remembers between leases if the member was made, used or lost.

#[expect(clippy::module_inception, reason = "the noun of this folder")]
mod arbiter;
mod lease;
mod limits;
mod pool;
mod returns;
mod status;
mod unit;

#[cfg(test)]
mod history;
#[cfg(test)]
mod tests;

pub use arbiter::{Arbiter, Outbox};
