//! Guards: a leased member, and a lock-out. Their drop gives back exactly once.

use std::sync::Arc;
use std::task::Poll;

use super::manager::Manager;
use super::shell::Shell;
use super::state::Delivery;
use super::upgrade::Upgrade;
use crate::event::{Client, Event, Refusal};

/// A leased member; its drop gives the member back.
pub struct MemberGuard<M: Manager> {
    pub(super) shell: Arc<Shell<M>>,
    pub(super) client: Client,
    pub(super) slot: usize,
    /// `None` only while this is taken apart.
    pub(super) member: Option<M::Member>,
}

/// A lock-out: no member is leased until this is dropped.
pub struct LockOutGuard<M: Manager> {
    pub(super) shell: Arc<Shell<M>>,
    pub(super) client: Client,
}

impl<M: Manager> Shell<M> {
    /// Leases a member if one is free.
    ///
    /// # Errors
    /// Busy, if none is free; any other refusal of a request.
    pub fn try_get(self: &Arc<Self>) -> Result<MemberGuard<M>, Refusal> {
        match self.submit(Event::TryGet, None) {
            (client, Poll::Ready(Delivery::Member(slot, member))) => {
                Ok(MemberGuard::new(self.clone(), client, slot, member))
            }
            (_, Poll::Ready(Delivery::Refused(refusal))) => Err(refusal),
            (client, _) => unreachable!("{client} requested a member without waiting"),
        }
    }
}

impl<M: Manager> MemberGuard<M> {
    pub(super) fn new(shell: Arc<Shell<M>>, client: Client, slot: usize, member: Option<M::Member>) -> Self {
        assert!(member.is_some(), "a granted member is in its slot");
        Self { shell, client, slot, member }
    }

    /// Returns the member.
    pub fn member(&self) -> &M::Member {
        self.member.as_ref().expect("it is there until the lease ends")
    }

    /// Returns the shell of the pool.
    pub fn shell(&self) -> &Arc<Shell<M>> {
        &self.shell
    }

    /// Returns the member's slot.
    pub fn slot(&self) -> usize {
        self.slot
    }

    /// Sets the label of this lease.
    pub fn set_label(&self, label: Option<Arc<str>>) {
        self.shell.set_label(self.client, self.slot, label);
    }

    /// Gives the member back. Returns the guard if the member looked unfit when it was last seen: the caller looks at
    /// the member once more, reports what it found, and then drops the guard.
    pub fn give_back(mut self) -> Option<Self> {
        let member = self.member.take()?;
        self.member = self.shell.give_back(self.client, self.slot, member);
        self.member.is_some().then_some(self)
    }

    /// Gives the member back to be replaced.
    pub fn discard(mut self) {
        if let Some(member) = self.member.take() {
            self.shell.put(self.slot, Some(member), Event::Discard(self.client, self.slot));
        }
    }

    /// Takes the member out of the pool; another one is started in its place.
    pub fn take_and_replace(mut self) -> M::Member {
        let member = self.member.take().expect("it is there until the lease ends");
        self.shell.put(self.slot, None, Event::Discard(self.client, self.slot));
        member
    }

    /// Takes the member out of the pool for good; the pool has one fewer.
    pub fn detach(mut self) -> M::Member {
        let member = self.member.take().expect("it is there until the lease ends");
        self.shell.put(self.slot, None, Event::Detach(self.client, self.slot));
        member
    }

    /// Waits until no other member is leased.
    pub fn upgrade(self) -> Upgrade<M> {
        Upgrade::new(self)
    }
}

impl<M: Manager> Drop for MemberGuard<M> {
    fn drop(&mut self) {
        if let Some(member) = self.member.take()
            && let Some(member) = self.shell.give_back(self.client, self.slot, member)
        {
            self.shell.put(self.slot, Some(member), Event::Release(self.client, self.slot));
        }
    }
}

impl<M: Manager> Drop for LockOutGuard<M> {
    fn drop(&mut self) {
        self.shell.apply(Event::EndLockOut(self.client));
    }
}
