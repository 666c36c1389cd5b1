//! A pool in a static, which the tests of one binary share.

use std::fmt;

use tokio::sync::OnceCell;

use super::builder::PoolBuilder;
use super::lease::{ExclusiveLease, Lease, Lockout};
use super::pool::ContainerPool;
use crate::words::Result;

/// A pool that is made when it is first needed: for a `static` that the tests of one binary share.
///
/// ```no_run
/// use seatrial::{ContainerPool, ContainerRequest, LazyPool};
///
/// static REDIS: LazyPool = LazyPool::new(|| ContainerPool::builder(ContainerRequest::new("redis:7").port(6379)));
///
/// # async fn test() -> seatrial::Result<()> {
/// let redis = REDIS.get().await?;
/// # Ok(())
/// # }
/// ```
///
/// The tests may run on runtimes of their own, which end with them: the pool needs none of theirs. A static is never
/// dropped, so the end of the process removes the containers, as it does with all that the process owns.
///
/// Processes do not share it: under `cargo nextest`, which runs each test in a process of its own, each makes a pool.
pub struct LazyPool {
    describe: fn() -> PoolBuilder,
    pool: OnceCell<ContainerPool>,
}

impl LazyPool {
    /// A pool that will be made from what this function returns.
    #[must_use]
    pub const fn new(describe: fn() -> PoolBuilder) -> Self {
        Self { describe, pool: OnceCell::const_new() }
    }

    /// The pool; the first call makes it.
    ///
    /// # Errors
    /// As [`PoolBuilder::build`]. An error is not remembered: the next call tries again.
    ///
    /// # Cancel safety
    /// Dropping the future leaves the pool to the next caller.
    pub async fn pool(&self) -> Result<&ContainerPool> {
        self.pool.get_or_try_init(|| (self.describe)().build()).await
    }

    /// Leases one container.
    ///
    /// # Errors
    /// As [`pool`](Self::pool) and [`ContainerPool::get`].
    ///
    /// # Cancel safety
    /// As [`pool`](Self::pool) and [`ContainerPool::get`].
    pub async fn get(&self) -> Result<Lease> {
        self.pool().await?.get().await
    }

    /// Leases one container while nobody else has one.
    ///
    /// # Errors
    /// As [`pool`](Self::pool) and [`ContainerPool::get_exclusive`].
    ///
    /// # Cancel safety
    /// As [`pool`](Self::pool) and [`ContainerPool::get_exclusive`].
    pub async fn get_exclusive(&self) -> Result<ExclusiveLease> {
        self.pool().await?.get_exclusive().await
    }

    /// Waits until no container is leased, and keeps it so.
    ///
    /// # Errors
    /// As [`pool`](Self::pool) and [`ContainerPool::lock_out`].
    ///
    /// # Cancel safety
    /// As [`pool`](Self::pool) and [`ContainerPool::lock_out`].
    pub async fn lock_out(&self) -> Result<Lockout> {
        self.pool().await?.lock_out().await
    }
}

impl fmt::Debug for LazyPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.pool.get() {
            Some(pool) => fmt::Debug::fmt(pool, f),
            None => f.write_str("LazyPool[not made]"),
        }
    }
}
