//! The state of the life cycle, and its transitions.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use seatrial_core::reaper::Filter;

use super::event::{Answer, ConnectionId, Event, Phase, Step, Times};

/// The most filters that are stored: far more than any test run has, and few enough for the memory.
pub const MAX_FILTERS: usize = 50_000;
/// The most bytes of all stored filters together.
const MAX_FILTER_BYTES: usize = 16 << 20;

/// The time that a new connection has to send its first filter. A prune that becomes due meanwhile waits for it, so
/// that no client comes back a moment too late. However many connections come, a prune is postponed by this at most.
const GRACE: Duration = Duration::from_secs(1);

/// The state of the life cycle; see the module.
#[derive(Debug)]
pub struct Lifecycle {
    times: Times,
    /// The end of the wait for the first client.
    first_by: Instant,
    filters: BTreeMap<Filter, Standing>,
    filter_bytes: usize,
    connections: BTreeMap<ConnectionId, Role>,
    /// Set while changes postpone the prune.
    unrest: Option<Unrest>,
    ending: Ending,
}

/// The standing of a filter.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Standing {
    /// These connections have sent it and are open. Never empty.
    Held(Vec<ConnectionId>),
    /// All connections that have sent it are gone.
    Left { since: Instant },
    /// Its prune is decided.
    Pruning,
}

/// The role of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// It has sent no filter yet.
    Silent { since: Instant },
    /// It has sent a filter.
    Client,
}

/// Changes that postpone a prune.
#[derive(Clone, Copy, Debug)]
struct Unrest {
    since: Instant,
    /// The moment of the next check.
    next_check: Instant,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    /// Clients are accepted.
    Open,
    /// A signal has asked for the end: every filter is to be pruned, with clients or without.
    Demanded,
    /// The last prune runs.
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
            unrest: None,
            ending: Ending::Open,
        }
    }

    /// Returns the phase.
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

    /// Returns the number of connections that have sent a filter.
    #[must_use]
    pub fn clients(&self) -> usize {
        self.connections.values().filter(|role| **role == Role::Client).count()
    }

    /// Returns `true` if changes have postponed the next prune for as long as they may.
    #[must_use]
    pub fn is_forced(&self, now: Instant) -> bool {
        self.unrest.is_some_and(|unrest| now >= unrest.since + self.times.shutdown)
    }

    /// Makes the transition of an event.
    pub fn apply(&mut self, event: Event, now: Instant) -> Answer {
        match event {
            Event::Connected(id) => self.connected(id, now),
            Event::Filter(id, filter) => self.filter(id, filter),
            Event::Disconnected(id) => self.disconnected(id, now),
            Event::Changed => {
                let since = self.unrest.map_or(now, |unrest| unrest.since);
                self.unrest = Some(Unrest { since, next_check: now + self.times.changes });
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

    /// Moves on to this moment, and returns the next thing to do.
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
            // The clients of the filters that changes postponed are back.
            self.unrest = None;
            return Step::Wait(self.next_due(now));
        }
        match self.unrest {
            Some(_) if self.is_forced(now) => {
                self.decide(now);
                self.step(now)
            }
            Some(unrest) if now < unrest.next_check => Step::Wait(Some(unrest.next_check)),
            _ => Step::Check(due),
        }
    }

    fn wait_for_first(&mut self, now: Instant) -> Step {
        let first_by = self.first_by + self.grace(now);
        if now < first_by {
            return Step::Wait(Some(first_by));
        }
        self.ending = Ending::Done;
        Step::Done
    }

    fn connected(&mut self, id: ConnectionId, now: Instant) -> Answer {
        if self.ending != Ending::Open {
            return Answer::Refused;
        }
        self.connections.insert(id, Role::Silent { since: now });
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
        if self.connections.remove(&id) != Some(Role::Client) {
            return Answer::Unchanged;
        }
        for standing in self.filters.values_mut() {
            if let Standing::Held(holders) = standing {
                holders.retain(|holder| *holder != id);
                if holders.is_empty() {
                    *standing = Standing::Left { since: now };
                }
            }
        }
        Answer::Taken
    }

    /// Returns how much longer to wait for new connections that have not sent a filter yet.
    fn grace(&self, now: Instant) -> Duration {
        let is_new = |role: &Role| matches!(role, Role::Silent { since } if now < *since + GRACE);
        if self.connections.values().any(is_new) { GRACE } else { Duration::ZERO }
    }

    fn due(&self, now: Instant) -> Vec<Filter> {
        let wait = self.times.reconnection + self.grace(now);
        let is_due =
            |standing: &Standing| matches!(standing, Standing::Left { since } if now >= *since + wait);
        self.filters.iter().filter(|(_, standing)| is_due(standing)).map(|(f, _)| f.clone()).collect()
    }

    fn next_due(&self, now: Instant) -> Option<Instant> {
        let wait = self.times.reconnection + self.grace(now);
        let due = |standing: &Standing| match standing {
            Standing::Left { since } => Some(*since + wait),
            Standing::Held(_) | Standing::Pruning => None,
        };
        self.filters.values().filter_map(due).min()
    }

    /// Decides the prune of what is due: from here on nothing can stop it.
    fn decide(&mut self, now: Instant) -> Answer {
        for filter in self.due(now) {
            self.filters.insert(filter, Standing::Pruning);
            self.unrest = None;
        }
        let all = !self.filters.is_empty() && self.filters.values().all(|s| *s == Standing::Pruning);
        // A client holds its filters, so no client is connected when all filters are being pruned.
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
