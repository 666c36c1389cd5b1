//! The pool itself: its public interface.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use seatrial_pool::{Accounting, Client, Event, Granted, MemberState, Refusal};

use super::builder::PoolBuilder;
use super::lease::{ExclusiveLease, Lease, LockOut};
use super::manager::{ContainerManager, PoolShell};
use super::refusal::{refused, would_deadlock};
use super::slow_wait;
use super::status::PoolStatus;
use super::timeline::Timeline;
use super::user_thread;
use super::watch::watch;
use crate::base::{Run, background, within};
use crate::container::ContainerRequest;
use crate::session::Session;
use crate::words::{Error, Kind, Result, seconds};

/// A pool of containers of one request, started once and leased to the tests that need one. Cheap to clone: clones are
/// the same pool.
///
/// ```no_run
/// use seatrial::pool::{ContainerPool, Recycle};
/// use seatrial::ContainerRequest;
///
/// # async fn example() -> seatrial::Result<()> {
/// let pool = ContainerPool::builder(ContainerRequest::new("redis:7").port(6379))
///     .size(4)
///     .recycle(Recycle::reset(["redis-cli", "FLUSHALL"]))
///     .build()
///     .await?;
/// let redis = pool.get().await?;
/// redis.label("counts ships");
/// println!("redis://{}", redis.addr(6379)?);
/// drop(redis);
/// pool.close().await
/// # }
/// ```
///
/// # Order of service
///
/// Shared requests are served first come, first served, and idle containers take turns. An exclusive request goes
/// before shared ones: from its arrival on no shared request is served, leased containers come back, and when none is
/// leased the request is granted. Exclusive requests are served in order of arrival. When an exclusive use ends, the
/// shared requests that wait at that moment, at most as many as the pool has containers, are served before the next
/// exclusive request begins to collect containers. So neither kind starves. A request takes its place in the wait queue
/// when its future is polled for the first time.
///
/// A test that has a [`Lease`] and needs exclusive use turns the lease into an exclusive one, with
/// [`Lease::into_exclusive`]. If it requested another lease, it would wait for itself. A request that has waited for 30
/// s is reported on stderr, with the state of every container; see
/// [`slow_wait_threshold`](PoolBuilder::slow_wait_threshold).
///
/// # Replacement of containers
///
/// A container that dies, is paused, runs out of memory or is removed by another program is replaced in the background
/// as soon as it is not leased. The pool learns of it from the engine's events, so a container that died within the
/// last moment can still be leased. The [`Recycle`](super::Recycle) policy deals with what a lease leaves in its
/// container.
///
/// # Close
///
/// Dropping the last clone closes the pool without waiting: idle containers are removed in the background, and leased
/// ones when they come back. [`close`](Self::close) waits and reports.
#[derive(Clone)]
pub struct ContainerPool(Arc<Inner>);

struct Inner {
    shell: PoolShell,
    close_timeout: Duration,
    /// Follows the engine's events.
    _watch: Run<()>,
    /// Reports slow waits, unless that is switched off.
    _slow_waits: Option<Run<()>>,
}

impl ContainerPool {
    /// Returns a builder of a pool whose containers are made from this request.
    ///
    /// A name in the request becomes the beginning of the containers' names: `db-0`, `db-1`.
    pub fn builder(request: ContainerRequest) -> PoolBuilder {
        PoolBuilder::new(request)
    }

    /// Returns a pool around containers that are ready.
    pub(super) fn new(
        shell: PoolShell,
        session: Session,
        close_timeout: Duration,
        slow_wait_threshold: Option<Duration>,
    ) -> Self {
        let watch = background().run(watch(shell.clone(), session));
        let report = |threshold| background().run(slow_wait::report(shell.clone(), threshold));
        let slow_waits = slow_wait_threshold.map(report);
        Self(Arc::new(Inner { shell, close_timeout, _watch: watch, _slow_waits: slow_waits }))
    }

    /// Leases one container; waits until one is free.
    ///
    /// # Errors
    /// Closed, if the pool is closed; conflict, if all containers were detached, or if the pool's own recycle hook
    /// calls it and no container is free; the error of the last replacement, if no working container is left.
    ///
    /// # Cancel safety
    /// Dropping the future gives up its place in the wait queue, and nothing else.
    pub async fn get(&self) -> Result<Lease> {
        if self.is_user_thread() {
            return self.try_get()?.ok_or_else(|| would_deadlock(&self.0.shell));
        }
        match self.request(Event::Get).await? {
            Granted::Member(guard) => Ok(Lease::new(guard)),
            Granted::LockOut(_) => unreachable!("a member was requested"),
        }
    }

    /// Leases one container if one is free; returns `None` if none is.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn try_get(&self) -> Result<Option<Lease>> {
        match self.0.shell.try_get() {
            Ok(guard) => Ok(Some(Lease::new(guard))),
            Err(Refusal::Busy) => Ok(None),
            Err(refusal) => Err(refused(&self.0.shell, refusal)),
        }
    }

    /// Leases one container; waits until one is free, but no longer than this.
    ///
    /// # Errors
    /// Timeout, with the state of every container; else as [`get`](Self::get).
    ///
    /// # Cancel safety
    /// As [`get`](Self::get).
    pub async fn get_timeout(&self, timeout: Duration) -> Result<Lease> {
        within(timeout, self.get()).await.unwrap_or_else(|| {
            let message = format!("no container was free within {}; {}", seconds(timeout), self.status());
            Err(Error::new(Kind::Timeout, message).with_subject(self.subject()))
        })
    }

    /// Leases one container for exclusive use; waits until no other is leased.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    ///
    /// # Cancel safety
    /// Dropping the future gives up its place in the wait queue, and frees the containers that were held back for it.
    pub async fn get_exclusive(&self) -> Result<ExclusiveLease> {
        self.check_may_wait()?;
        match self.request(Event::GetExclusive).await? {
            Granted::Member(guard) => Ok(ExclusiveLease::new(guard)),
            Granted::LockOut(_) => unreachable!("a member was requested"),
        }
    }

    /// Waits until no container is leased; none is until the returned guard is dropped.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    ///
    /// # Cancel safety
    /// As [`get_exclusive`](Self::get_exclusive).
    pub async fn lock_out(&self) -> Result<LockOut> {
        self.check_may_wait()?;
        match self.request(Event::LockOut).await? {
            Granted::LockOut(guard) => Ok(LockOut::new(guard)),
            Granted::Member(_) => unreachable!("a lock-out was requested"),
        }
    }

    /// Returns the current state of the pool and its containers.
    #[must_use]
    pub fn status(&self) -> PoolStatus {
        PoolStatus::of(self.0.shell.status())
    }

    /// Returns the leased part of the containers' time since the first lease: in [0, 1], and 0 before the first lease.
    /// It does not change after the close.
    #[must_use]
    pub fn utilization(&self) -> f64 {
        self.0.shell.utilization()
    }

    /// Returns an account of the pool's time until now: sums, waits, and the history of every container.
    #[must_use]
    pub fn accounting(&self) -> Accounting {
        self.0.shell.accounting()
    }

    /// Returns the accounting until now as a picture: a page of HTML, or JSON.
    ///
    /// ```no_run
    /// # async fn example(pool: seatrial::ContainerPool) -> seatrial::Result<()> {
    /// pool.timeline().write_html("target/pool.html").await?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn timeline(&self) -> Timeline {
        Timeline::new(self.0.shell.manager().names.base.clone(), self.accounting())
    }

    /// Closes the pool, and waits until all of its containers are removed.
    ///
    /// All waiting and later requests fail with a closed error at once. Leases stay valid; their containers are removed
    /// as they come back. Containers that are still leased after the pool's
    /// [`close_timeout`](PoolBuilder::close_timeout) are removed all the same, and named in the error. A second close
    /// is not an error.
    ///
    /// # Errors
    /// Leftover, with the containers that were still leased, each with its label, and with those that could not be
    /// removed.
    ///
    /// # Cancel safety
    /// Dropping the future leaves the pool closed; its containers are removed as they come back.
    pub async fn close(&self) -> Result<()> {
        let shell = &self.0.shell;
        self.0.close_now();
        let mut lines = Vec::new();
        if within(self.0.close_timeout, shell.drained()).await.is_none() {
            lines.extend(self.still_leased());
            shell.apply(Event::Abandon);
            shell.drained().await;
        }
        let errors = shell.manager().shutdown.removals().await;
        lines.extend(errors.iter().map(|error| format!("  {error}")));
        if lines.is_empty() {
            return Ok(());
        }
        let message = format!("closing the pool left problems:\n{}", lines.join("\n"));
        Err(Error::new(Kind::Leftover, message).with_subject(self.subject()))
    }

    /// Returns a line for each container that is still leased.
    fn still_leased(&self) -> Vec<String> {
        let after = seconds(self.0.close_timeout);
        let members = self.status().members;
        let out = members.iter().filter(|member| member.state != MemberState::Shutdown);
        out.map(|member| {
            let label = member.label.as_ref().map_or(String::new(), |label| format!(": {label}"));
            format!(
                "  container `{}` was still {} after {after}, and is removed now{label}",
                member.name, member.state
            )
        })
        .collect()
    }

    /// Returns the request from which the containers are made.
    pub(crate) fn template(&self) -> &ContainerRequest {
        &self.0.shell.manager().request
    }

    async fn request(&self, event: fn(Client) -> Event) -> Result<Granted<ContainerManager>> {
        let shell = &self.0.shell;
        let granted = slow_wait::watched(shell, shell.request(event)).await;
        granted.map_err(|refusal| refused(shell, refusal))
    }

    fn subject(&self) -> String {
        self.0.shell.manager().names.subject()
    }

    /// Returns `true` on a thread that runs user code for this pool.
    fn is_user_thread(&self) -> bool {
        user_thread::runs_for(Arc::as_ptr(&self.0.shell) as usize)
    }

    /// # Errors
    /// Conflict, if the caller is user code that the pool runs: the container that it works on would have to come back
    /// first.
    fn check_may_wait(&self) -> Result<()> {
        if self.is_user_thread() { Err(would_deadlock(&self.0.shell)) } else { Ok(()) }
    }
}

impl Inner {
    fn close_now(&self) {
        self.shell.apply(Event::Close);
        // After the close, since the work that is signalled stops only if it sees that the pool is closed.
        self.shell.manager().shutdown.signal();
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.close_now();
    }
}

impl fmt::Display for ContainerPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.status().fmt(f)
    }
}

impl fmt::Debug for ContainerPool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.status().fmt(f)
    }
}
