//! A pool for a `static`, which the tests of one binary share.

use std::fmt;
use std::time::Duration;

use seatrial_pool::Accounting;
use tokio::sync::OnceCell;

use super::builder::PoolBuilder;
use super::lease::{ExclusiveLease, Lease, LockOut};
use super::pool::ContainerPool;
use super::status::PoolStatus;
use super::timeline::Timeline;
use crate::words::Result;

/// A pool that is made when it is first needed: for a `static` that the tests of one binary share.
///
/// ```no_run
/// use seatrial::pool::{ContainerPool, LazyPool};
/// use seatrial::ContainerRequest;
///
/// static REDIS: LazyPool = LazyPool::new(|| ContainerPool::builder(ContainerRequest::new("redis:7").port(6379)));
///
/// # async fn test() -> seatrial::Result<()> {
/// let redis = REDIS.get().await?;
/// # Ok(())
/// # }
/// ```
///
/// Each test may have a runtime of its own, which ends with the test: the pool needs none of them. A static is never
/// dropped, so the containers are removed at the end of the process, as all that the process owns.
///
/// Processes do not share the pool: `cargo nextest` runs each test in a process of its own, and each makes a pool.
pub struct LazyPool {
    describe: fn() -> PoolBuilder,
    pool: OnceCell<ContainerPool>,
}

impl LazyPool {
    /// Returns a pool that will be made by the builder that this function returns.
    #[must_use]
    pub const fn new(describe: fn() -> PoolBuilder) -> Self {
        Self { describe, pool: OnceCell::const_new() }
    }

    /// Returns the pool; the first call makes it.
    ///
    /// # Errors
    /// As [`PoolBuilder::build`]. An error is not remembered: the next call tries again.
    ///
    /// # Cancel safety
    /// Dropping the future while the pool is being made leaves that to the next caller.
    pub async fn pool(&self) -> Result<&ContainerPool> {
        self.pool.get_or_try_init(|| (self.describe)().build()).await
    }

    /// Leases one container; waits until one is free. Makes the pool if it is not made yet.
    ///
    /// # Errors
    /// As [`pool`](Self::pool) and [`ContainerPool::get`].
    ///
    /// # Cancel safety
    /// As [`pool`](Self::pool) and [`ContainerPool::get`].
    pub async fn get(&self) -> Result<Lease> {
        self.pool().await?.get().await
    }

    /// Leases one container if one is free; returns `None` if none is. Makes the pool if it is not made yet, and waits
    /// for that.
    ///
    /// # Errors
    /// As [`pool`](Self::pool) and [`ContainerPool::try_get`].
    ///
    /// # Cancel safety
    /// As [`pool`](Self::pool).
    pub async fn try_get(&self) -> Result<Option<Lease>> {
        self.pool().await?.try_get()
    }

    /// Leases one container; waits until one is free, but no longer than this. Makes the pool if it is not made yet;
    /// the time counts from then on, since the start of a container has limits of its own.
    ///
    /// # Errors
    /// As [`pool`](Self::pool) and [`ContainerPool::get_timeout`].
    ///
    /// # Cancel safety
    /// As [`pool`](Self::pool) and [`ContainerPool::get_timeout`].
    pub async fn get_timeout(&self, timeout: Duration) -> Result<Lease> {
        self.pool().await?.get_timeout(timeout).await
    }

    /// Leases one container for exclusive use; waits until no other is leased. Makes the pool if it is not made yet.
    ///
    /// # Errors
    /// As [`pool`](Self::pool) and [`ContainerPool::get_exclusive`].
    ///
    /// # Cancel safety
    /// As [`pool`](Self::pool) and [`ContainerPool::get_exclusive`].
    pub async fn get_exclusive(&self) -> Result<ExclusiveLease> {
        self.pool().await?.get_exclusive().await
    }

    /// Waits until no container is leased; none is until the returned guard is dropped. Makes the pool if it is not
    /// made yet.
    ///
    /// # Errors
    /// As [`pool`](Self::pool) and [`ContainerPool::lock_out`].
    ///
    /// # Cancel safety
    /// As [`pool`](Self::pool) and [`ContainerPool::lock_out`].
    pub async fn lock_out(&self) -> Result<LockOut> {
        self.pool().await?.lock_out().await
    }

    /// Returns the current state of the pool and its containers; that of an unused pool without containers before the
    /// pool is made.
    #[must_use]
    pub fn status(&self) -> PoolStatus {
        self.pool.get().map_or_else(PoolStatus::not_made, ContainerPool::status)
    }

    /// Returns the leased part of the containers' time, as [`ContainerPool::utilization`]; 0 before the pool is made.
    #[must_use]
    pub fn utilization(&self) -> f64 {
        self.pool.get().map_or(0.0, ContainerPool::utilization)
    }

    /// Returns an account of the pool's time until now, as [`ContainerPool::accounting`]; an empty one before the pool
    /// is made.
    #[must_use]
    pub fn accounting(&self) -> Accounting {
        self.pool.get().map_or_else(Accounting::default, ContainerPool::accounting)
    }

    /// Returns the accounting as a picture, as [`ContainerPool::timeline`]; `None` before the pool is made.
    #[must_use]
    pub fn timeline(&self) -> Option<Timeline> {
        self.pool.get().map(ContainerPool::timeline)
    }

    /// Closes the pool, and waits until all of its containers are removed. Does nothing before the pool is made; a
    /// later request makes it then.
    ///
    /// # Errors
    /// As [`ContainerPool::close`].
    ///
    /// # Cancel safety
    /// As [`ContainerPool::close`].
    pub async fn close(&self) -> Result<()> {
        match self.pool.get() {
            Some(pool) => pool.close().await,
            None => Ok(()),
        }
    }
}

impl fmt::Display for LazyPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.status().fmt(f)
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
