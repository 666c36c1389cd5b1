//! The asynchronous shell around the ledger: it wakes the tasks whose requests were answered, and knows where each
//! member is.
//!
//! It knows nothing of what a member is; a [`Manager`] recycles, replaces and removes members. One lock guards all of
//! the shell's state. It is held while the ledger applies an event and while that changes the state, never across an
//! await, a wake-up or a call of the manager.

mod deferred;
mod guard;
mod manager;
mod request;
#[expect(clippy::module_inception, reason = "the noun of this folder")]
mod shell;
mod state;
mod status;
mod sync;
mod upgrade;

#[cfg(test)]
mod fake;
#[cfg(all(test, seatrial_loom))]
mod interleavings;
#[cfg(all(test, not(seatrial_loom)))]
mod stress;
#[cfg(all(test, not(seatrial_loom)))]
mod tests;

pub use guard::{LockOutGuard, MemberGuard};
pub use manager::Manager;
pub use request::{Granted, Request};
pub use shell::Shell;
pub use status::{MemberStatus, PendingRequest, Status};
pub use upgrade::Upgrade;
