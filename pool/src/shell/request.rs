//! A request as a future; its drop cancels it.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::guard::{LockOutGuard, MemberGuard};
use super::manager::Manager;
use super::shell::Shell;
use super::state::Delivery;
use crate::event::{Client, Event, Refusal};

/// A request to a pool. It takes its place in the wait queue when it is polled for the first time.
#[must_use = "futures do nothing unless polled"]
pub struct Request<M: Manager> {
    /// `None` once the request was answered.
    shell: Option<Arc<Shell<M>>>,
    event: fn(Client) -> Event,
    /// The request's id while it waits.
    waits: Option<Client>,
}

/// The result of a request that was granted.
pub enum Granted<M: Manager> {
    /// A member.
    Member(MemberGuard<M>),
    /// A lock-out.
    LockOut(LockOutGuard<M>),
}

impl<M: Manager> Shell<M> {
    /// Returns a request, whose event is [`Event::Get`], [`Event::GetExclusive`] or [`Event::LockOut`].
    ///
    /// # Cancel safety
    /// Dropping the future gives up its place in the wait queue, or gives back what it was granted.
    pub fn request(self: &Arc<Self>, event: fn(Client) -> Event) -> Request<M> {
        Request { shell: Some(self.clone()), event, waits: None }
    }
}

// Nothing in it is pinned.
impl<M: Manager> Unpin for Request<M> {}

impl<M: Manager> Future for Request<M> {
    type Output = Result<Granted<M>, Refusal>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let shell = self.shell.as_ref().expect("not polled after its end");
        let (client, delivery) = match self.waits {
            None => shell.submit(self.event, Some(cx.waker())),
            Some(client) => (client, shell.poll(client, cx.waker())),
        };
        let Poll::Ready(delivery) = delivery else {
            self.waits = Some(client);
            return Poll::Pending;
        };
        self.waits = None;
        let shell = self.shell.take().expect("it was there a moment ago");
        Poll::Ready(match delivery {
            Delivery::Member(slot, member) => {
                Ok(Granted::Member(MemberGuard::new(shell, client, slot, member)))
            }
            Delivery::LockOut => Ok(Granted::LockOut(LockOutGuard { shell, client })),
            Delivery::Refused(refusal) => Err(refusal),
        })
    }
}

impl<M: Manager> Drop for Request<M> {
    fn drop(&mut self) {
        if let Some(client) = self.waits
            && let Some(shell) = &self.shell
        {
            shell.cancel(client, None);
        }
    }
}
