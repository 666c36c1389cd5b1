//! The ledger: the state machine that decides which request gets which member, and when.
//!
//! # Order of service
//!
//! Shared requests are served first come, first served, and idle members rotate. From the arrival of an exclusive
//! request on, no shared request is served: leased members come back and are held back, until none is leased.
//! Exclusive requests are served in order of arrival, except that an upgrade goes first when no member is available to
//! the request before it. When an exclusive use ends, the shared requests that wait at that moment, at most as many as
//! the pool has members, are served before the next exclusive request begins to collect members.

#[expect(clippy::module_inception, reason = "the noun of this folder")]
mod ledger;
mod member;
mod queries;
mod requests;
mod returns;
mod turns;
mod waiter;

#[cfg(test)]
mod explore;
#[cfg(test)]
mod naive;
#[cfg(test)]
mod tests;

pub use ledger::{Ledger, Rules};
