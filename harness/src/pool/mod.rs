//! Pools: containers of one request that tests share, one lease at a time, with an account of their time.
//!
//! - [`ContainerPool`] is a pool; [`PoolBuilder`] makes one. [`LazyPool`] is a pool for a `static`.
//! - [`Lease`] and [`ExclusiveLease`] are guards of a container, [`LockOut`] is one of the whole pool.
//! - [`Recycle`] is the work on a container between two leases, [`LeakCheck`] a check of what a lease left in it.
//! - [`PoolStatus`] is the current state of each container, [`Accounting`] an account of the time, and [`Timeline`] a
//!   picture of it.

// Three layers. The public face: the pool, its builder, its leases. The manager: it recycles, replaces and removes
// containers on the background thread. Below both, the crate `seatrial-pool`: the shell, which wakes the tasks that
// wait, and the ledger, a pure state machine that decides.

mod builder;
mod lazy;
mod leak_check;
mod lease;
mod manager;
mod names;
#[expect(clippy::module_inception, reason = "the noun of this folder")]
mod pool;
mod recycle;
mod recycling;
mod refusal;
mod replacement;
mod roster;
mod shutdown;
mod slow_wait;
mod status;
mod timeline;
mod user_thread;
mod watch;

pub use builder::PoolBuilder;
pub use lazy::LazyPool;
pub use leak_check::LeakCheck;
pub use lease::{ExclusiveLease, Lease, LockOut};
pub use pool::ContainerPool;
pub use recycle::Recycle;
pub use seatrial_pool::{
    Accounting, ExclusiveWindow, Interval, LeaseWait, MemberAccount, MemberState, MemberTimes, Percentiles,
    QueueChange, RequestKind, WaitTimes,
};
pub use status::{MemberStatus, PoolStatus};
pub use timeline::Timeline;
