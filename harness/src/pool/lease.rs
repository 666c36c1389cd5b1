//! What a pool hands out: guards whose drop gives back.

use std::fmt;
use std::ops::Deref;

use super::held::{Held, Locked};
use super::keeper::Crew;
use super::pool::refused;
use super::watch::look_at;
use crate::base::background;
use crate::container::TestContainer;
use crate::words::Result;

/// A container of a pool that is yours until you drop this; derefs to the [`TestContainer`].
///
/// Dropping it gives the container back, once, in any runtime or none; it neither blocks nor panics. A command that is
/// being ended then, or a [`Process`](crate::Process) that lives on, holds the container back until it is over; a
/// container in which one could not be ended is replaced. If the request
/// keeps containers on failure and the thread is panicking, the container stays and is replaced in the pool.
#[must_use = "dropping this gives the container back"]
pub struct Lease {
    /// None only while this is taken apart.
    held: Option<Held<Crew>>,
}

/// A container of a pool that nobody else has any of; derefs to the [`TestContainer`].
#[must_use = "dropping this gives the container back"]
pub struct ExclusiveLease(Lease);

/// A pool of which nobody has a container.
#[must_use = "dropping this lets others have containers again"]
pub struct Lockout {
    _locked: Locked<Crew>,
}

impl Lease {
    pub(super) fn new(held: Held<Crew>) -> Self {
        Self { held: Some(held) }
    }

    fn held(&self) -> &Held<Crew> {
        self.held.as_ref().expect("it is there until the lease ends")
    }

    fn into_held(mut self) -> Held<Crew> {
        self.held.take().expect("it is there until the lease ends")
    }

    /// Says what the container is used for: the pool's text and its accounting show it. It ends with the lease; of a
    /// pool that has given the lease up at its close, nothing shows it.
    pub fn label(&self, label: impl Into<String>) {
        self.held().label(Some(label.into().into()));
    }

    /// Gives the container back as one that nobody should get again: it is removed and replaced in the background.
    pub fn discard(lease: Self) {
        lease.into_held().discard();
    }

    /// Takes the container out of the pool for good: it is yours, and the pool has one fewer.
    ///
    /// A container that the pool has given up at its close comes along, but is removed.
    pub fn detach(lease: Self) -> TestContainer {
        lease.into_held().detach().container
    }

    /// Waits until nobody else has a container, and keeps it so; this lease's container stays yours without a gap.
    ///
    /// Two leases may do so at once: they are served one after the other.
    ///
    /// # Errors
    /// Closed, if the pool is closed; the lease is then over.
    ///
    /// # Cancel safety
    /// Dropping the future gives the container back.
    pub async fn into_exclusive(lease: Self) -> Result<ExclusiveLease> {
        let held = lease.into_held();
        let shell = held.shell().clone();
        match held.upgrade().await {
            Ok(held) => Ok(ExclusiveLease::new(held)),
            Err(refusal) => Err(refused(&shell, refusal)),
        }
    }
}

impl ExclusiveLease {
    pub(super) fn new(held: Held<Crew>) -> Self {
        Self(Lease::new(held))
    }

    /// As [`Lease::label`].
    pub fn label(&self, label: impl Into<String>) {
        self.0.label(label);
    }

    /// As [`Lease::discard`].
    pub fn discard(lease: Self) {
        Lease::discard(lease.0);
    }

    /// As [`Lease::detach`].
    pub fn detach(lease: Self) -> TestContainer {
        Lease::detach(lease.0)
    }
}

impl Lockout {
    pub(super) fn new(locked: Locked<Crew>) -> Self {
        Self { _locked: locked }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        // A container that is to be looked into after a failure must not go to the next one.
        if std::thread::panicking()
            && let Some(held) = self.held.take_if(|held| held.member().container.stays_after_panic())
        {
            held.surrender().container.keep();
        }
        let Some(held) = self.held.take() else { return };
        let commands = held.member().container.commands().clone();
        if commands.are_over() {
            give_back(held);
        } else {
            // Commands that are being ended, and processes that somebody has still: until they are over, the container
            // counts as leased.
            let over = async move {
                commands.over().await;
                give_back(held);
            };
            background().carry_through(over).detach();
        }
    }
}

/// Nobody gets a container in which something may run that could not be ended. One that was seen to be unfit is looked
/// at once more, since events tell of what has passed.
fn give_back(held: Held<Crew>) {
    if held.member().container.is_poisoned() {
        held.discard();
    } else if let Some(held) = held.give_back() {
        let look = async move { look_at(held.shell(), held.place()).await };
        background().carry_through(look).detach();
    }
}

impl Deref for Lease {
    type Target = TestContainer;

    fn deref(&self) -> &TestContainer {
        &self.held().member().container
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

impl fmt::Debug for Lockout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("lock-out")
    }
}
