//! What a client has or waits for, as values whose drop gives it back exactly once.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use seatrial_core::pool::{Client, Event, Refusal};

use super::shell::{Keeper, Shell, Told};
use super::sync::Arc;

/// A member that a client has.
pub(super) struct Held<K: Keeper> {
    shell: Arc<Shell<K>>,
    client: Client,
    place: usize,
    /// None only while this is taken apart.
    member: Option<K::Member>,
}

/// The pool, kept from everybody.
pub(super) struct Locked<K: Keeper> {
    shell: Arc<Shell<K>>,
    client: Client,
}

/// A request for something of a pool. It has its place in line from its first poll on.
pub(super) struct Request<K: Keeper> {
    /// None once it has got something, which has this then.
    shell: Option<Arc<Shell<K>>>,
    event: fn(Client) -> Event,
    waits: Option<Client>,
}

/// What a request got.
pub(super) enum Got<K: Keeper> {
    Member(Held<K>),
    LockOut(Locked<K>),
}

/// The wait of a client that has a member to be the only one.
pub(super) struct Upgrade<K: Keeper> {
    /// None once the wait is over.
    held: Option<Held<K>>,
    waits: bool,
}

impl<K: Keeper> Shell<K> {
    pub(super) fn request(self: &Arc<Self>, event: fn(Client) -> Event) -> Request<K> {
        Request { shell: Some(self.clone()), event, waits: None }
    }

    /// A member, if that needs no wait.
    pub(super) fn try_get(self: &Arc<Self>) -> Result<Held<K>, Refusal> {
        match self.ask(Event::TryGet, None) {
            (client, Poll::Ready(Told::Member(place, member))) => {
                Ok(Held::new(self.clone(), client, place, member))
            }
            (_, Poll::Ready(Told::Refused(refusal))) => Err(refusal),
            (client, _) => unreachable!("{client} did not want to wait"),
        }
    }
}

impl<K: Keeper> Held<K> {
    fn new(shell: Arc<Shell<K>>, client: Client, place: usize, member: Option<K::Member>) -> Self {
        assert!(member.is_some(), "a granted member is in its place");
        Self { shell, client, place, member }
    }

    pub(super) fn member(&self) -> &K::Member {
        self.member.as_ref().expect("it is there until the lease ends")
    }

    pub(super) fn shell(&self) -> &Arc<Shell<K>> {
        &self.shell
    }

    pub(super) fn label(&self, label: Option<Arc<str>>) {
        self.shell.label(self.client, self.place, label);
    }

    /// Gives the member back, unless it was seen to be unfit, which may have passed: then it is for the caller to look
    /// again, and to drop this.
    pub(super) fn give_back(mut self) -> Option<Self> {
        let member = self.member.take()?;
        self.member = self.shell.give_back(self.client, self.place, member);
        self.member.is_some().then_some(self)
    }

    pub(super) fn place(&self) -> usize {
        self.place
    }

    /// Gives the member back for good: nobody gets it as it is.
    pub(super) fn discard(mut self) {
        if let Some(member) = self.member.take() {
            self.shell.put(self.place, Some(member), Event::Discard(self.client, self.place));
        }
    }

    /// Gives the place back without the member, so that another one is found for it.
    pub(super) fn surrender(mut self) -> K::Member {
        let member = self.member.take().expect("it is there until the lease ends");
        self.shell.put(self.place, None, Event::Discard(self.client, self.place));
        member
    }

    /// Takes the member out of the pool.
    pub(super) fn detach(mut self) -> K::Member {
        let member = self.member.take().expect("it is there until the lease ends");
        self.shell.put(self.place, None, Event::Detach(self.client, self.place));
        member
    }

    /// Waits until nobody else has a member.
    pub(super) fn upgrade(self) -> Upgrade<K> {
        Upgrade { held: Some(self), waits: false }
    }
}

impl<K: Keeper> Drop for Held<K> {
    fn drop(&mut self) {
        if let Some(member) = self.member.take()
            && let Some(member) = self.shell.give_back(self.client, self.place, member)
        {
            self.shell.put(self.place, Some(member), Event::Release(self.client, self.place));
        }
    }
}

impl<K: Keeper> Drop for Locked<K> {
    fn drop(&mut self) {
        self.shell.happen(Event::EndLockOut(self.client));
    }
}

// Nothing in it is pinned.
impl<K: Keeper> Unpin for Request<K> {}
impl<K: Keeper> Unpin for Upgrade<K> {}

impl<K: Keeper> Future for Request<K> {
    type Output = Result<Got<K>, Refusal>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let shell = self.shell.as_ref().expect("not polled after its end");
        let (client, outcome) = match self.waits {
            None => shell.ask(self.event, Some(cx.waker())),
            Some(client) => (client, shell.poll(client, cx.waker())),
        };
        let Poll::Ready(outcome) = outcome else {
            self.waits = Some(client);
            return Poll::Pending;
        };
        self.waits = None;
        let shell = self.shell.take().expect("it was there a moment ago");
        Poll::Ready(match outcome {
            Told::Member(place, member) => Ok(Got::Member(Held::new(shell, client, place, member))),
            Told::LockOut => Ok(Got::LockOut(Locked { shell, client })),
            Told::Refused(refusal) => Err(refusal),
        })
    }
}

impl<K: Keeper> Drop for Request<K> {
    fn drop(&mut self) {
        if let Some(client) = self.waits
            && let Some(shell) = &self.shell
        {
            shell.cancel(client, None);
        }
    }
}

impl<K: Keeper> Future for Upgrade<K> {
    type Output = Result<Held<K>, Refusal>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let held = self.held.as_ref().expect("not polled after its end");
        let outcome = if self.waits {
            held.shell.poll(held.client, cx.waker())
        } else {
            held.shell.ask_upgrade(held.client, held.place, cx.waker())
        };
        let Poll::Ready(outcome) = outcome else {
            self.waits = true;
            return Poll::Pending;
        };
        let held = self.held.take().expect("it was there a moment ago");
        Poll::Ready(match outcome {
            Told::Member(..) => Ok(held),
            Told::Refused(refusal) => Err(refusal),
            Told::LockOut => unreachable!("an upgrade asks for a member"),
        })
    }
}

impl<K: Keeper> Drop for Upgrade<K> {
    fn drop(&mut self) {
        if let Some(mut held) = self.held.take()
            && self.waits
            && let Some(member) = held.member.take()
        {
            held.shell.cancel(held.client, Some((held.place, member)));
        }
    }
}
