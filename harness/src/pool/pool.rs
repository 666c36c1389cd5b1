//! The pool's public face.

use std::fmt;
use std::future::poll_fn;
use std::time::Duration;

use futures_util::future::{Either, select};
use seatrial_core::pool::{Accounting, Event, MemberState, Refusal};

use super::builder::PoolBuilder;
use super::chore;
use super::held::Got;
use super::keeper::{Crew, PoolShell, lock};
use super::lease::{ExclusiveLease, Lease, Lockout};
use super::status::PoolStatus;
use super::sync::Arc;
use super::timeline::Timeline;
use super::watch::watch;
use crate::base::{Run, background};
use crate::container::ContainerRequest;
use crate::session::Session;
use crate::words::{Error, Kind, Result, seconds};

/// Containers of one request, started once and leased to whoever needs one. Cheap to clone: clones are the same pool.
///
/// ```no_run
/// use seatrial::{ContainerPool, ContainerRequest, Recycle};
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
/// # Who is served when
///
/// Shared requests are served first come, first served, and idle containers take turns. A request for exclusive use
/// goes before shared ones: from its arrival on none is served, what is leased comes back, and when nothing is leased
/// it is granted. Exclusive requests are served in their order; when one ends, the shared requests that wait, as many
/// as the pool has containers at most, are served before the next exclusive one begins to collect. So neither kind
/// starves. A request has its place in line from the first poll of its future on.
///
/// Whoever has a [`Lease`] and wants to be alone must turn it into an exclusive one, with
/// [`Lease::into_exclusive`]: to ask for another lease would be to wait for oneself.
///
/// # What happens to the containers
///
/// A container that dies, is paused, is killed for want of memory or is removed by somebody else is replaced in the
/// background as soon as nobody has it. The engine's events tell of it, so for the moment that they take a container
/// that has just died can be leased. What a lease leaves behind is for the pool's [`Recycle`](super::Recycle) policy.
///
/// Dropping the last clone closes the pool without waiting: what is idle is removed in the background, and what is
/// leased when it comes back. See [`close`](Self::close) for an end that waits and reports.
#[derive(Clone)]
pub struct ContainerPool(Arc<Inner>);

struct Inner {
    shell: PoolShell,
    close_timeout: Duration,
    _watch: Run<()>,
}

impl ContainerPool {
    /// Describes a pool of containers of one request.
    ///
    /// A name in the request becomes the beginning of the containers' names: `db-0`, `db-1`.
    pub fn builder(request: ContainerRequest) -> PoolBuilder {
        PoolBuilder::new(request)
    }

    pub(super) fn new(shell: PoolShell, session: Session, close_timeout: Duration) -> Self {
        let watch = background().run(watch(shell.clone(), session));
        Self(Arc::new(Inner { shell, close_timeout, _watch: watch }))
    }

    /// Leases one container, waiting in line if all are out.
    ///
    /// # Errors
    /// Closed, if the pool is closed; conflict, if all containers were detached, or if it is the pool's own recycle
    /// hook that asks and would have to wait; what a replacement failed with, if no container is left that works.
    ///
    /// # Cancel safety
    /// Dropping the future gives up your place in line and nothing else.
    pub async fn get(&self) -> Result<Lease> {
        if chore::is_of(self.address()) {
            return self.try_get()?.ok_or_else(|| self.would_wait_for_itself());
        }
        match self.request(Event::Get).await? {
            Got::Member(held) => Ok(Lease::new(held)),
            Got::LockOut(_) => unreachable!("a member was asked for"),
        }
    }

    /// Leases one container if that needs no wait; none if it does.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn try_get(&self) -> Result<Option<Lease>> {
        match self.0.shell.try_get() {
            Ok(held) => Ok(Some(Lease::new(held))),
            Err(Refusal::Busy) => Ok(None),
            Err(refusal) => Err(self.refused(refusal)),
        }
    }

    /// Leases one container, waiting in line up to a time.
    ///
    /// # Errors
    /// Timeout, with what every container is doing; as [`get`](Self::get).
    ///
    /// # Cancel safety
    /// As [`get`](Self::get).
    pub async fn get_timeout(&self, timeout: Duration) -> Result<Lease> {
        let sleep = background().run(tokio::time::sleep(timeout));
        match select(std::pin::pin!(self.get()), sleep).await {
            Either::Left((lease, _)) => lease,
            Either::Right(((), _)) => {
                let message = format!("no container was free within {}; {}", seconds(timeout), self.status());
                Err(Error::new(Kind::Timeout, message).with_subject(self.subject()))
            }
        }
    }

    /// Leases one container while nobody else has one and none is handed out.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    ///
    /// # Cancel safety
    /// Dropping the future gives up your place in line: what was held back for you is as it was before.
    pub async fn get_exclusive(&self) -> Result<ExclusiveLease> {
        self.check_that_waiting_is_no_deadlock()?;
        match self.request(Event::GetExclusive).await? {
            Got::Member(held) => Ok(ExclusiveLease::new(held)),
            Got::LockOut(_) => unreachable!("a member was asked for"),
        }
    }

    /// Waits until no container is leased, and keeps it so as long as the guard lives.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    ///
    /// # Cancel safety
    /// As [`get_exclusive`](Self::get_exclusive).
    pub async fn lock_out(&self) -> Result<Lockout> {
        self.check_that_waiting_is_no_deadlock()?;
        match self.request(Event::LockOut).await? {
            Got::LockOut(locked) => Ok(Lockout::new(locked)),
            Got::Member(_) => unreachable!("no member was asked for"),
        }
    }

    /// What the pool looks like now.
    #[must_use]
    pub fn status(&self) -> PoolStatus {
        PoolStatus::of(self.0.shell.snapshot())
    }

    /// The part of the containers' time, from the first lease on, in which they were leased: in [0, 1], and 0 before
    /// the first lease. It stands still after the close.
    #[must_use]
    pub fn utilization(&self) -> f64 {
        self.0.shell.utilization()
    }

    /// What the pool's time went to until now: sums, waits, and what every container did when.
    #[must_use]
    pub fn accounting(&self) -> Accounting {
        self.0.shell.accounting()
    }

    /// The accounting until now, to look at: a page of HTML, or JSON.
    ///
    /// ```no_run
    /// # async fn example(pool: seatrial::ContainerPool) -> seatrial::Result<()> {
    /// pool.timeline().write_html("target/pool.html").await?;
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn timeline(&self) -> Timeline {
        Timeline::new(self.0.shell.keeper().names.base.to_string(), self.accounting())
    }

    /// Closes the pool, waits until all of its containers are removed, and reports.
    ///
    /// Who waits for a container is told at once that the pool is closed, and so is whoever asks from now on. Leases
    /// stay valid; their containers are removed as they come back. What is still leased after the pool's
    /// `close_timeout` is removed all the same, and named. Closing twice is fine.
    ///
    /// # Errors
    /// Leftover, with the containers that were leased still, each with its label, and with what could not be removed.
    ///
    /// # Cancel safety
    /// Dropping the future leaves the pool closed, and its containers to be removed as they come back.
    pub async fn close(&self) -> Result<()> {
        let shell = &self.0.shell;
        self.0.close_now();
        let over = poll_fn(|cx| shell.poll_over(cx.waker()));
        let sleep = background().run(tokio::time::sleep(self.0.close_timeout));
        let mut lines = Vec::new();
        if let Either::Right(_) = select(over, sleep).await {
            lines.extend(self.still_leased());
            shell.happen(Event::Abandon);
            poll_fn(|cx| shell.poll_over(cx.waker())).await;
        }
        let errors = shell.keeper().endings.removed().await;
        lines.extend(errors.iter().map(|error| format!("  {error}")));
        if lines.is_empty() {
            return Ok(());
        }
        let message = format!("it did not end well:\n{}", lines.join("\n"));
        Err(Error::new(Kind::Leftover, message).with_subject(self.subject()))
    }

    /// A line for each container that somebody has still.
    fn still_leased(&self) -> Vec<String> {
        let after = seconds(self.0.close_timeout);
        let members = self.status().members;
        let out = members.iter().filter(|member| member.state != MemberState::Shutdown);
        out.map(|member| {
            let label = member.label.as_ref().map_or(String::new(), |label| format!(": {label}"));
            format!(
                "  container `{}` was {} still after {after}, and is removed{label}",
                member.name, member.state
            )
        })
        .collect()
    }

    /// What its containers are made from.
    pub(crate) fn template(&self) -> &ContainerRequest {
        &self.0.shell.keeper().request
    }

    async fn request(&self, event: fn(seatrial_core::pool::Client) -> Event) -> Result<Got<Crew>> {
        self.0.shell.request(event).await.map_err(|refusal| self.refused(refusal))
    }

    fn refused(&self, refusal: Refusal) -> Error {
        refused(&self.0.shell, refusal)
    }

    fn subject(&self) -> String {
        subject(&self.0.shell)
    }

    fn address(&self) -> usize {
        Arc::as_ptr(&self.0.shell) as usize
    }

    /// # Errors
    /// If the caller is the pool's own recycle hook: its container would have to come back first.
    fn check_that_waiting_is_no_deadlock(&self) -> Result<()> {
        if chore::is_of(self.address()) { Err(self.would_wait_for_itself()) } else { Ok(()) }
    }

    fn would_wait_for_itself(&self) -> Error {
        Error::new(
            Kind::Conflict,
            "a recycle hook of this pool asks for what it would have to wait for itself for",
        )
        .with_subject(self.subject())
    }
}

/// The error of a request that was refused.
pub(super) fn refused(shell: &PoolShell, refusal: Refusal) -> Error {
    let error = match refusal {
        Refusal::Closed => Error::new(Kind::Closed, "it is closed"),
        Refusal::Empty => Error::new(Kind::Conflict, "it is empty: all of its containers were detached"),
        Refusal::Busy => Error::new(Kind::Conflict, "no container is free"),
        Refusal::Failed => match &*lock(&shell.keeper().failure) {
            Some(error) => {
                error.clone().without_subject().with_part("no container works, and none could be had")
            }
            None => Error::new(Kind::Conflict, "no container works, and none could be had"),
        },
    };
    error.with_subject(subject(shell))
}

fn subject(shell: &PoolShell) -> String {
    format!("pool `{}`", shell.keeper().names.base)
}

impl Inner {
    fn close_now(&self) {
        self.shell.happen(Event::Close);
        // After it, since what is told stops only if it sees that the pool is closed.
        self.shell.keeper().endings.close();
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
