//! The wait of a lease to become exclusive, as a future; its drop gives the member back.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::guard::MemberGuard;
use super::manager::Manager;
use super::state::Delivery;
use crate::event::Refusal;

/// The wait of a lease until no other member is leased. A refusal ends the lease.
#[must_use = "futures do nothing unless polled"]
pub struct Upgrade<M: Manager> {
    /// `None` once the wait is over.
    guard: Option<MemberGuard<M>>,
    waits: bool,
}

impl<M: Manager> Upgrade<M> {
    pub(super) fn new(guard: MemberGuard<M>) -> Self {
        Self { guard: Some(guard), waits: false }
    }
}

// Nothing in it is pinned.
impl<M: Manager> Unpin for Upgrade<M> {}

impl<M: Manager> Future for Upgrade<M> {
    type Output = Result<MemberGuard<M>, Refusal>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let guard = self.guard.as_ref().expect("not polled after its end");
        let delivery = if self.waits {
            guard.shell.poll(guard.client, cx.waker())
        } else {
            guard.shell.submit_upgrade(guard.client, guard.slot, cx.waker())
        };
        let Poll::Ready(delivery) = delivery else {
            self.waits = true;
            return Poll::Pending;
        };
        let guard = self.guard.take().expect("it was there a moment ago");
        Poll::Ready(match delivery {
            Delivery::Member(..) => Ok(guard),
            Delivery::Refused(refusal) => Err(refusal),
            Delivery::LockOut => unreachable!("an upgrade requests a member"),
        })
    }
}

impl<M: Manager> Drop for Upgrade<M> {
    fn drop(&mut self) {
        if let Some(mut guard) = self.guard.take()
            && self.waits
            && let Some(member) = guard.member.take()
        {
            guard.shell.cancel(guard.client, Some((guard.slot, member)));
        }
    }
}
