//! The inputs and outputs of the life cycle.

use std::time::{Duration, Instant};

use seatrial_core::reaper::Filter;

/// The number of a connection, in the order of acceptance.
pub type ConnectionId = u64;

/// The time limits of the life cycle.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// The longest wait for the first client.
    pub connection: Duration,
    /// The time after which a filter without clients is pruned.
    pub reconnection: Duration,
    /// The pause between two checks for changes.
    pub changes: Duration,
    /// The longest time for which changes can postpone a prune.
    pub shutdown: Duration,
}

/// The phase of the life cycle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Phase {
    /// No client has sent a filter yet.
    Awaiting,
    /// At least one client is connected.
    Serving,
    /// No client is connected, but one may come back.
    Lingering,
    /// The last prune is decided. No connection is accepted any more.
    Pruning,
    /// Everything is done.
    Done,
}

/// An input of the life cycle.
#[derive(Clone, Debug)]
pub enum Event {
    /// A connection may send filters from now on: it was accepted, or has shown the token.
    Connected(ConnectionId),
    /// A connection has sent a filter.
    Filter(ConnectionId, Filter),
    /// A connection has ended.
    Disconnected(ConnectionId),
    /// A check found a change, or failed.
    Changed,
    /// A check found no change.
    AtRest,
    /// The prune of the last [`Step::Prune`] has ended.
    Pruned,
    /// A signal asks for the end.
    Terminate,
}

/// The answer to an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The event was taken.
    Taken,
    /// The event changes nothing that is due: a connection without filters has ended.
    Unchanged,
    /// The filter is new.
    Stored,
    /// The filter is known already.
    Known,
    /// It is too late, or a limit is reached: the connection has to be closed.
    Refused,
}

/// The next thing to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Wait until this moment, if there is one, or until the next event.
    Wait(Option<Instant>),
    /// Check for recent changes among what these filters select.
    Check(Vec<Filter>),
    /// Remove what these filters select. It is decided; [`Event::Pruned`] has to follow.
    Prune(Vec<Filter>),
    /// End.
    Done,
}
