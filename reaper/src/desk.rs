//! The desk: the arbiter, and the replies that each connection has yet to send.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use seatrial_core::reaper::lease::{Reply, Request};
use tokio::sync::Notify;

use crate::arbiter::{Arbiter, Outbox};
use crate::lifecycle::ConnectionId;

/// The most bytes of replies that one connection has yet to send.
const MAX_UNSENT: usize = 4 << 20;
/// The most bytes of replies that all connections have yet to send.
const MAX_ALL_UNSENT: usize = 32 << 20;

/// The arbiter, and where its replies go.
#[derive(Debug)]
pub(crate) struct Desk {
    began: Instant,
    /// Changed by each connection; never held across an await.
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    arbiter: Arbiter,
    mailboxes: HashMap<ConnectionId, Mailbox>,
    /// The number of bytes in all mailboxes.
    unsent: usize,
}

/// The replies that a connection has yet to send.
#[derive(Debug)]
struct Mailbox {
    lines: String,
    /// `true` once replies were lost, so that the connection must end.
    overflowed: bool,
    wake: Arc<Notify>,
}

/// The error for a connection that does not read its replies.
#[derive(Debug)]
pub(crate) struct Overflowed;

impl Desk {
    pub(crate) fn new() -> Self {
        Self { began: Instant::now(), inner: Mutex::default() }
    }

    /// Makes a mailbox, and returns what is notified when it gets a reply.
    pub(crate) fn open(&self, connection: ConnectionId) -> Arc<Notify> {
        let wake = Arc::new(Notify::new());
        let mailbox = Mailbox { lines: String::new(), overflowed: false, wake: Arc::clone(&wake) };
        self.inner().mailboxes.insert(connection, mailbox);
        wake
    }

    /// Gives a request to the arbiter. Its replies, and those to others, go into their mailboxes.
    pub(crate) fn apply(&self, from: ConnectionId, request: Request) {
        let mut outbox = Vec::new();
        let mut inner = self.inner();
        inner.arbiter.apply(from, request, self.now(), &mut outbox);
        inner.post(outbox);
    }

    /// Puts a reply into a connection's mailbox.
    pub(crate) fn reply(&self, to: ConnectionId, reply: Reply) {
        self.inner().post(vec![(to, reply)]);
    }

    /// Takes the lines that a connection has yet to send.
    pub(crate) fn unsent(&self, connection: ConnectionId) -> Result<String, Overflowed> {
        let mut inner = self.inner();
        let Some(mailbox) = inner.mailboxes.get_mut(&connection) else { return Ok(String::new()) };
        if mailbox.overflowed {
            return Err(Overflowed);
        }
        let lines = std::mem::take(&mut mailbox.lines);
        inner.unsent -= lines.len();
        Ok(lines)
    }

    /// Checks that no reply to a connection was lost.
    pub(crate) fn check(&self, connection: ConnectionId) -> Result<(), Overflowed> {
        let overflowed = self.inner().mailboxes.get(&connection).is_some_and(|mailbox| mailbox.overflowed);
        if overflowed { Err(Overflowed) } else { Ok(()) }
    }

    /// Ends everything that a connection has.
    pub(crate) fn disconnected(&self, connection: ConnectionId) {
        let mut inner = self.inner();
        let Some(mailbox) = inner.mailboxes.remove(&connection) else { return };
        inner.unsent -= mailbox.lines.len();
        let mut outbox = Vec::new();
        inner.arbiter.disconnected(connection, self.now(), &mut outbox);
        inner.post(outbox);
    }

    /// Returns the state of all pools, a line each, for the log.
    pub(crate) fn state(&self) -> Vec<String> {
        let mut outbox = Vec::new();
        self.inner().arbiter.status(0, self.now(), &mut outbox);
        outbox.into_iter().map(|(_, reply)| reply.to_string()).collect()
    }

    /// Returns the time in nanoseconds.
    fn now(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn post(&mut self, outbox: Outbox) {
        for (to, reply) in outbox {
            let Some(mailbox) = self.mailboxes.get_mut(&to) else { continue };
            let before = mailbox.lines.len();
            if before == 0 {
                mailbox.wake.notify_one();
            }
            let _ = writeln!(mailbox.lines, "{reply}");
            let added = mailbox.lines.len() - before;
            if mailbox.lines.len() > MAX_UNSENT || self.unsent + added > MAX_ALL_UNSENT {
                // The connection ends, and with it everything that it was told and did not read.
                mailbox.overflowed = true;
                mailbox.lines = String::new();
                mailbox.wake.notify_one();
                self.unsent -= before;
            } else {
                self.unsent += added;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use seatrial_core::reaper::lease::VERSION;

    use super::*;

    fn hello(desk: &Desk, connection: ConnectionId) {
        desk.open(connection);
        desk.apply(connection, Request::Hello { version: VERSION, process: "p".into() });
        assert_eq!(desk.unsent(connection).expect("room"), "!hello 1\n");
    }

    #[test]
    fn a_connection_that_does_not_read_its_replies_must_end_and_harms_no_other() {
        let desk = Desk::new();
        hello(&desk, 1);
        hello(&desk, 2);
        let reply = || Reply::Error { reason: "x".repeat(60_000) };
        for _ in 0..100 {
            desk.reply(1, reply());
        }
        assert!(desk.unsent(1).is_err());
        desk.reply(2, reply());
        assert_eq!(desk.unsent(2).expect("room").len(), "!error \n".len() + 60_000);
        desk.disconnected(1);
        desk.disconnected(2);
        assert_eq!(desk.inner().unsent, 0);
    }

    #[test]
    fn a_reply_to_a_connection_that_is_gone_is_dropped() {
        let desk = Desk::new();
        hello(&desk, 1);
        desk.disconnected(1);
        desk.reply(1, Reply::End);
        assert_eq!(desk.unsent(1).expect("no mailbox"), "");
        assert_eq!(desk.inner().unsent, 0);
    }
}
