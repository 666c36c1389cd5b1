//! Guards of a pool's containers: leases, exclusive leases, lock-outs.

use std::fmt;
use std::ops::Deref;

use seatrial_pool::{LockOutGuard, MemberGuard};

use super::manager::ContainerManager;
use super::refusal::refused;
use super::slow_wait::watched;
use super::watch::inspect_member;
use crate::base::{background, is_failing};
use crate::container::TestContainer;
use crate::words::Result;

/// A lease of one container, which is yours until you drop this; derefs to the [`TestContainer`].
///
/// Dropping it gives the container back, once, inside or outside of any runtime; it neither blocks nor panics. If a
/// command is still being ended at that moment, or a [`Process`](crate::command::Process) lives on, the container counts as
/// leased until that is over; a container in which a command could not be ended is replaced. If the request keeps
/// containers on failure and the thread is panicking, the container is kept and replaced in the pool.
#[must_use = "dropping this gives the container back"]
pub struct Lease {
    /// None only while this is taken apart.
    guard: Option<MemberGuard<ContainerManager>>,
}

/// A lease of one container while no other container of the pool is leased; derefs to the [`TestContainer`].
#[must_use = "dropping this gives the container back"]
pub struct ExclusiveLease(Lease);

/// A guard of a pool of which no container is leased.
#[must_use = "dropping this ends the lock-out"]
pub struct LockOut {
    _guard: LockOutGuard<ContainerManager>,
}

impl Lease {
    pub(super) fn new(guard: MemberGuard<ContainerManager>) -> Self {
        Self { guard: Some(guard) }
    }

    fn guard(&self) -> &MemberGuard<ContainerManager> {
        self.guard.as_ref().expect("it is there until the lease ends")
    }

    fn into_guard(mut self) -> MemberGuard<ContainerManager> {
        self.guard.take().expect("it is there until the lease ends")
    }

    /// Sets a label that says what the container is used for. The pool's `Display` and its accounting show it until the
    /// lease ends. If the pool has abandoned the lease at its close, nothing shows it.
    pub fn label(&self, label: impl Into<String>) {
        self.guard().set_label(Some(label.into().into()));
    }

    /// Gives the container back as unusable: it is removed and replaced in the background.
    pub fn discard(lease: Self) {
        lease.into_guard().discard();
    }

    /// Takes the container out of the pool for good: it is yours, and the pool has one container fewer.
    ///
    /// If the pool has abandoned the lease at its close, the container is returned all the same, but is being removed.
    pub fn detach(lease: Self) -> TestContainer {
        lease.into_guard().detach().container
    }

    /// Turns the lease into an exclusive one; waits until no other container is leased. The container stays leased
    /// meanwhile.
    ///
    /// Two leases may do so at once: one is served after the other.
    ///
    /// # Errors
    /// Closed, if the pool is closed; the lease then ends.
    ///
    /// # Cancel safety
    /// Dropping the future gives the container back.
    pub async fn into_exclusive(lease: Self) -> Result<ExclusiveLease> {
        let guard = lease.into_guard();
        let shell = guard.shell().clone();
        match watched(&shell, guard.upgrade()).await {
            Ok(guard) => Ok(ExclusiveLease::new(guard)),
            Err(refusal) => Err(refused(&shell, refusal)),
        }
    }
}

impl ExclusiveLease {
    pub(super) fn new(guard: MemberGuard<ContainerManager>) -> Self {
        Self(Lease::new(guard))
    }

    /// Sets a label, as [`Lease::label`].
    pub fn label(&self, label: impl Into<String>) {
        self.0.label(label);
    }

    /// Gives the container back as unusable, as [`Lease::discard`].
    pub fn discard(lease: Self) {
        Lease::discard(lease.0);
    }

    /// Takes the container out of the pool for good, as [`Lease::detach`].
    pub fn detach(lease: Self) -> TestContainer {
        Lease::detach(lease.0)
    }
}

impl LockOut {
    pub(super) fn new(guard: LockOutGuard<ContainerManager>) -> Self {
        Self { _guard: guard }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        // A container that is kept for inspection after a failure must not be leased again.
        if is_failing()
            && let Some(guard) = self.guard.take_if(|guard| guard.member().container.stays_after_panic())
        {
            guard.take_and_replace().container.keep();
        }
        let Some(guard) = self.guard.take() else { return };
        let commands = guard.member().container.commands().clone();
        if commands.are_over() {
            give_back(guard);
        } else {
            // Commands that are being ended, and processes whose handle lives on, keep the container leased.
            let over = async move {
                commands.over().await;
                give_back(guard);
            };
            background().carry_through(over).detach();
        }
    }
}

/// Gives a container back. One in which a command could not be ended is replaced. One that looked unfit is inspected
/// once more, since its state may have changed since the event.
fn give_back(guard: MemberGuard<ContainerManager>) {
    if guard.member().container.is_poisoned() {
        guard.discard();
    } else if let Some(guard) = guard.give_back() {
        let inspection = async move { inspect_member(guard.shell(), guard.slot()).await };
        background().carry_through(inspection).detach();
    }
}

impl Deref for Lease {
    type Target = TestContainer;

    fn deref(&self) -> &TestContainer {
        &self.guard().member().container
    }
}

impl Deref for ExclusiveLease {
    type Target = TestContainer;

    fn deref(&self) -> &TestContainer {
        &self.0
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "lease of {}", **self)
    }
}

impl fmt::Debug for ExclusiveLease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "exclusive {:?}", self.0)
    }
}

impl fmt::Debug for LockOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("lock-out")
    }
}
