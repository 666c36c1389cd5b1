//! When to reap what: the life cycle as a function of (event, now). It knows no sockets and no engine.
//!
//! Awaiting the first client → serving → lingering (nobody is there, somebody may come back) → pruning → done.
//! Each filter has its own clients: one whose clients are gone for long enough is reaped while others go on.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use seatrial_core::reaper::Filter;

/// The most filters that are kept; far more than any run has, and less than fills the memory.
pub const MAX_FILTERS: usize = 50_000;
/// The most bytes that all filters together may have.
const MAX_FILTER_BYTES: usize = 16 << 20;

/// A connection that leaves within this without a word was a probe: the time to reconnect goes on as if it had not been.
const PROBE: Duration = Duration::from_secs(1);

/// Tells connections apart.
pub type ConnectionId = u64;

/// The times that the life cycle goes by.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// For the first client to come.
    pub connection: Duration,
    /// For a session's clients to come back.
    pub reconnection: Duration,
    /// Between two looks for changes.
    pub changes: Duration,
    /// How long changes can postpone a prune.
    pub shutdown: Duration,
}

/// Where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Phase {
    /// No client has sent a filter yet.
    Awaiting,
    /// Somebody is there.
    Serving,
    /// Nobody is there, but may come back.
    Lingering,
    /// The last prune is decided: nobody is let in any more.
    Pruning,
    /// All is over.
    Done,
}

/// What happens to it.
#[derive(Clone, Debug)]
pub enum Event {
    /// A connection may speak from now on: it was accepted, or has shown its token.
    Connected(ConnectionId),
    /// It has sent a filter.
    Filter(ConnectionId, Filter),
    /// It is gone.
    Disconnected(ConnectionId),
    /// A look at what is due found something that was created just before, or found out nothing.
    Changed,
    /// A look at what is due found it at rest.
    AtRest,
    /// The prune that was asked for is over.
    Pruned,
    /// Somebody wants us to end now.
    Terminate,
}

/// What an event's sender is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Nothing to say.
    Taken,
    /// A filter that is new.
    Stored,
    /// A filter that was there already.
    Known,
    /// Too late, or too much: the connection is to be closed.
    Refused,
}

/// What is to be done next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing before this moment, or before the next event.
    Wait(Option<Instant>),
    /// Look whether what these filters select is at rest.
    Check(Vec<Filter>),
    /// Reap what these filters select: it is decided. `Pruned` is to follow.
    Prune(Vec<Filter>),
    /// Nothing any more.
    Done,
}

/// The state; see the module.
#[derive(Debug)]
pub struct Lifecycle {
    times: Times,
    /// When the first client must have come.
    first_by: Instant,
    filters: BTreeMap<Filter, Standing>,
    filter_bytes: usize,
    connections: BTreeMap<ConnectionId, Role>,
    /// Set while changes postpone the prune.
    restless: Option<Restless>,
    ending: Ending,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Standing {
    /// By these connections; never none.
    Held(Vec<ConnectionId>),
    Left {
        since: Instant,
    },
    Pruning,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// Has sent nothing while nobody was missed: not a client.
    Stranger,
    /// Came while somebody was missed, and need not send its filter again.
    Returned { at: Instant },
    /// Has sent a filter.
    Client,
}

#[derive(Clone, Copy, Debug)]
struct Restless {
    since: Instant,
    again: Instant,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    /// Not yet.
    Open,
    /// Everything is to be reaped, whoever is there.
    Demanded,
    /// The last prune is under way.
    Last,
    Done,
}

impl Lifecycle {
    /// Begins to wait for the first client.
    #[must_use]
    pub fn new(times: Times, now: Instant) -> Self {
        Self {
            times,
            first_by: now + times.connection,
            filters: BTreeMap::new(),
            filter_bytes: 0,
            connections: BTreeMap::new(),
            restless: None,
            ending: Ending::Open,
        }
    }

    /// Where it stands.
    #[must_use]
    pub fn phase(&self) -> Phase {
        match self.ending {
            Ending::Done => Phase::Done,
            Ending::Last | Ending::Demanded => Phase::Pruning,
            Ending::Open if self.filters.is_empty() => Phase::Awaiting,
            Ending::Open if self.clients() > 0 => Phase::Serving,
            Ending::Open => Phase::Lingering,
        }
    }

    /// How many connections count as clients.
    #[must_use]
    pub fn clients(&self) -> usize {
        self.connections.values().filter(|role| **role != Role::Stranger).count()
    }

    /// Whether the prune that is asked for now has been postponed for too long.
    #[must_use]
    pub fn is_forced(&self, now: Instant) -> bool {
        self.restless.is_some_and(|restless| now >= restless.since + self.times.shutdown)
    }

    /// Makes a transition.
    pub fn apply(&mut self, event: Event, now: Instant) -> Answer {
        match event {
            Event::Connected(id) => self.connected(id, now),
            Event::Filter(id, filter) => self.filter(id, filter),
            Event::Disconnected(id) => self.disconnected(id, now),
            Event::Changed => {
                let since = self.restless.map_or(now, |restless| restless.since);
                self.restless = Some(Restless { since, again: now + self.times.changes });
                Answer::Taken
            }
            Event::AtRest => self.decide(now),
            Event::Pruned => self.pruned(),
            Event::Terminate => {
                if self.ending != Ending::Done {
                    self.ending = Ending::Demanded;
                }
                Answer::Taken
            }
        }
    }

    /// What is to be done now.
    pub fn step(&mut self, now: Instant) -> Step {
        match self.ending {
            Ending::Done => return Step::Done,
            Ending::Demanded => {
                self.ending = Ending::Last;
                self.filters.values_mut().for_each(|standing| *standing = Standing::Pruning);
            }
            Ending::Last | Ending::Open => {}
        }
        let pruning: Vec<_> =
            self.filters.iter().filter(|(_, s)| **s == Standing::Pruning).map(|(f, _)| f.clone()).collect();
        if !pruning.is_empty() || self.ending == Ending::Last {
            return Step::Prune(pruning);
        }
        if self.filters.is_empty() {
            return self.wait_for_first(now);
        }
        let due = self.due(now);
        if due.is_empty() {
            // Those that kept it restless are back.
            self.restless = None;
            return Step::Wait(self.next_due());
        }
        match self.restless {
            Some(_) if self.is_forced(now) => {
                self.decide(now);
                self.step(now)
            }
            Some(restless) if now < restless.again => Step::Wait(Some(restless.again)),
            _ => Step::Check(due),
        }
    }

    fn wait_for_first(&mut self, now: Instant) -> Step {
        if now < self.first_by {
            return Step::Wait(Some(self.first_by));
        }
        self.ending = Ending::Done;
        Step::Done
    }

    fn connected(&mut self, id: ConnectionId, now: Instant) -> Answer {
        if self.ending != Ending::Open {
            return Answer::Refused;
        }
        let missed = self.filters.values().any(|standing| matches!(standing, Standing::Left { .. }));
        self.connections.insert(id, if missed { Role::Returned { at: now } } else { Role::Stranger });
        Answer::Taken
    }

    fn filter(&mut self, id: ConnectionId, filter: Filter) -> Answer {
        if self.ending != Ending::Open {
            return Answer::Refused;
        }
        let (count, bytes) = (self.filters.len(), self.filter_bytes + filter.size());
        let answer = match self.filters.get_mut(&filter) {
            Some(Standing::Pruning) => return Answer::Refused,
            Some(Standing::Held(holders)) => {
                if !holders.contains(&id) {
                    holders.push(id);
                }
                Answer::Known
            }
            Some(left @ Standing::Left { .. }) => {
                *left = Standing::Held(vec![id]);
                Answer::Known
            }
            None if count >= MAX_FILTERS || bytes > MAX_FILTER_BYTES => return Answer::Refused,
            None => {
                self.filter_bytes = bytes;
                self.filters.insert(filter, Standing::Held(vec![id]));
                Answer::Stored
            }
        };
        self.connections.insert(id, Role::Client);
        answer
    }

    fn disconnected(&mut self, id: ConnectionId, now: Instant) -> Answer {
        let role = self.connections.remove(&id);
        // Who had come back held everything that was left.
        let held_all = matches!(role, Some(Role::Returned { at }) if now >= at + PROBE);
        for standing in self.filters.values_mut() {
            match standing {
                Standing::Held(holders) => {
                    holders.retain(|holder| *holder != id);
                    if holders.is_empty() {
                        *standing = Standing::Left { since: now };
                    }
                }
                Standing::Left { since } if held_all => *since = now,
                Standing::Left { .. } | Standing::Pruning => {}
            }
        }
        Answer::Taken
    }

    /// Whether somebody who has sent no filter may be the client of any.
    fn anyone_returned(&self) -> bool {
        self.connections.values().any(|role| matches!(role, Role::Returned { .. }))
    }

    fn due(&self, now: Instant) -> Vec<Filter> {
        if self.anyone_returned() {
            return Vec::new();
        }
        let due = |standing: &Standing| matches!(standing, Standing::Left { since } if now >= *since + self.times.reconnection);
        self.filters.iter().filter(|(_, standing)| due(standing)).map(|(filter, _)| filter.clone()).collect()
    }

    fn next_due(&self) -> Option<Instant> {
        if self.anyone_returned() {
            return None;
        }
        let since = |standing: &Standing| match standing {
            Standing::Left { since } => Some(*since + self.times.reconnection),
            Standing::Held(_) | Standing::Pruning => None,
        };
        self.filters.values().filter_map(since).min()
    }

    /// From here on nobody can stop the prune of what is due.
    fn decide(&mut self, now: Instant) -> Answer {
        for filter in self.due(now) {
            self.filters.insert(filter, Standing::Pruning);
            self.restless = None;
        }
        let all = !self.filters.is_empty() && self.filters.values().all(|s| *s == Standing::Pruning);
        // Who has sent a filter holds it, so nobody is there when all are being pruned.
        if all && self.ending == Ending::Open {
            self.ending = Ending::Last;
        }
        Answer::Taken
    }

    fn pruned(&mut self) -> Answer {
        self.filters.retain(|_, standing| *standing != Standing::Pruning);
        self.filter_bytes = self.filters.keys().map(Filter::size).sum();
        if self.ending == Ending::Last {
            self.ending = Ending::Done;
        }
        Answer::Taken
    }
}

#[cfg(test)]
mod tests;
