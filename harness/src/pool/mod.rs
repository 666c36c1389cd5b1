//! The pool: containers of one request that tests share, one at a time, each accounted for.
//!
//! Three layers. What users see: [`ContainerPool`], its builder, its leases. What is asynchronous: the shell, which
//! wakes who is served, and the keeper, which recycles, replaces and removes on the background thread. What decides:
//! the ledger in `seatrial-core`, a pure state machine under the shell's lock.

mod builder;
mod chore;
mod held;
mod keeper;
mod lazy;
mod leaks;
mod lease;
#[expect(clippy::module_inception, reason = "the noun of this folder")]
mod pool;
mod recycle;
mod roster;
mod shell;
mod status;
mod sync;
mod timeline;
mod watch;

#[cfg(test)]
mod fake;
#[cfg(all(test, seatrial_loom))]
mod interleavings;
#[cfg(all(test, not(seatrial_loom)))]
mod stress;
#[cfg(all(test, not(seatrial_loom)))]
mod tests;

pub use builder::PoolBuilder;
pub use lazy::LazyPool;
pub use leaks::LeakCheck;
pub use lease::{ExclusiveLease, Lease, Lockout};
pub use pool::ContainerPool;
pub use recycle::Recycle;
pub use seatrial_core::pool::{
    Accounting, Interval, MemberAccount, MemberState, Percentiles, QueueChange, Times, Wait, WaitKind, Waits,
    Window,
};
pub use status::{MemberStatus, PoolStatus};
pub use timeline::Timeline;
