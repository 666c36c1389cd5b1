//! Replies: the lines that the reaper sends.

use std::fmt;

use super::request::{KINDS, PoolKind, WANTS, Want};
use super::words::{BadLine, Words, encoded, pair, shown, word_of};

/// A reply of the reaper.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// The extension has begun.
    Hello {
        /// The newest version that the reaper speaks.
        version: u32,
    },
    /// The client has joined the pool.
    Opened {
        /// The pool's name.
        pool: String,
    },
    /// The client can't join the pool, since it has other settings.
    Differs {
        /// The pool's name.
        pool: String,
        /// The client that made the pool.
        process: String,
        /// The pool's own settings where they differ; a setting that the pool does not have is left out.
        facts: Vec<(String, String)>,
    },
    /// The client has a lease.
    Granted {
        /// The lease.
        id: u64,
        /// The member's place in the pool; of a lock-out, 0.
        member: u32,
        /// The thing that the client has to do first.
        state: UnitState,
        /// The number of containers that had this place before.
        generation: u64,
        /// The words of the client that made the member; empty if there are none.
        payload: String,
    },
    /// No member is free, and the client did not want to wait.
    Busy {
        /// The lease.
        id: u64,
    },
    /// The request has failed, and ended.
    Failed {
        /// The lease.
        id: u64,
        /// The reason, for people.
        reason: String,
    },
    /// A line was refused. Nothing has changed.
    Error {
        /// The reason, for people.
        reason: String,
    },
    /// A pool, in answer to [`Status`](super::Request::Status). Its members and waiters follow.
    Pool(PoolStatus),
    /// A member, or a client of a shared container.
    Member(MemberStatus),
    /// A request that waits.
    Waiter(WaiterStatus),
    /// The end of the answer to [`Status`](super::Request::Status).
    End,
    /// The accounting of a pool, as JSON.
    Accounting {
        /// The pool's name.
        pool: String,
        /// The JSON text of the accounting.
        json: String,
    },
}

/// The state of a member that is granted: the thing that the client has to do first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UnitState {
    /// It was never made, or it was removed: the client makes it.
    Missing,
    /// It is as new.
    Clean,
    /// It was used: the client resets it.
    Used,
    /// Its holder is gone, or gave it up: the client removes it and makes another. If there is no payload, the holder
    /// was making it, and the client looks for the remains.
    Lost,
}

/// A pool, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PoolStatus {
    /// The pool's name.
    pub name: String,
    /// The kind of the pool.
    pub kind: PoolKind,
    /// The number of members; of a shared container, the most clients that hold it at once.
    pub size: u32,
    /// The number of clients that have joined.
    pub clients: u32,
    /// The leased part of the members' time since the first lease, in thousandths.
    pub utilization: u32,
}

/// A member, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberStatus {
    /// The pool's name.
    pub pool: String,
    /// The member's place in the pool.
    pub member: u32,
    /// The member's state: a word such as `idle`, `making`, `leased`.
    pub state: String,
    /// The client that holds it; empty if there is none.
    pub process: String,
    /// The label of the lease; may be empty.
    pub label: String,
    /// The time in this state, in milliseconds.
    pub for_ms: u64,
    /// The number of containers that had this place before.
    pub generation: u64,
    /// The words of the client that made the member; may be empty.
    pub payload: String,
}

/// A request that waits, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaiterStatus {
    /// The pool's name.
    pub pool: String,
    /// The client.
    pub process: String,
    /// The kind of lease.
    pub want: Want,
    /// The label of the request; may be empty.
    pub label: String,
    /// The time since the request, in milliseconds.
    pub for_ms: u64,
}

const STATES: &[(&str, UnitState)] = &[
    ("missing", UnitState::Missing),
    ("clean", UnitState::Clean),
    ("used", UnitState::Used),
    ("lost", UnitState::Lost),
];

impl Reply {
    /// Parses a line, without its end.
    ///
    /// # Errors
    /// The line is no reply. The error says which word is wrong.
    pub fn parse(line: &[u8]) -> Result<Self, BadLine> {
        let mut words = Words::of(line)?;
        let reply = match words.verb {
            "!hello" => Self::Hello { version: words.number("version")? },
            "!opened" => Self::Opened { pool: words.text("pool")? },
            "!differs" => Self::Differs {
                pool: words.text("pool")?,
                process: words.text("process")?,
                facts: words.pairs()?,
            },
            "!granted" => Self::Granted {
                id: words.number("id")?,
                member: words.number("member")?,
                state: words.choice("state", STATES)?,
                generation: words.number("generation")?,
                payload: words.text("payload")?,
            },
            "!busy" => Self::Busy { id: words.number("id")? },
            "!failed" => Self::Failed { id: words.number("id")?, reason: words.text("reason")? },
            "!error" => Self::Error { reason: words.text("reason")? },
            "!pool" => Self::Pool(PoolStatus {
                name: words.text("pool")?,
                kind: words.choice("kind", KINDS)?,
                size: words.number("size")?,
                clients: words.number("clients")?,
                utilization: words.number("utilization")?,
            }),
            "!member" => Self::Member(MemberStatus {
                pool: words.text("pool")?,
                member: words.number("member")?,
                state: words.text("state")?,
                process: words.text("process")?,
                label: words.text("label")?,
                for_ms: words.number("time")?,
                generation: words.number("generation")?,
                payload: words.text("payload")?,
            }),
            "!waiter" => Self::Waiter(WaiterStatus {
                pool: words.text("pool")?,
                process: words.text("process")?,
                want: words.choice("kind of lease", WANTS)?,
                label: words.text("label")?,
                for_ms: words.number("time")?,
            }),
            "!end" => Self::End,
            "!accounting" => Self::Accounting { pool: words.text("pool")?, json: words.text("accounting")? },
            other => return Err(BadLine(format!("`{}` is no reply", shown(other)))),
        };
        words.end()?;
        Ok(reply)
    }
}

impl fmt::Display for Reply {
    /// Writes the line, without its end.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hello { version } => write!(f, "!hello {version}"),
            Self::Opened { pool } => write!(f, "!opened {}", encoded(pool)),
            Self::Differs { pool, process, facts } => {
                write!(f, "!differs {} {}", encoded(pool), encoded(process))?;
                facts.iter().try_for_each(|(key, value)| write!(f, " {}", pair(key, value)))
            }
            Self::Granted { id, member, state, generation, payload } => {
                let state = word_of(*state, STATES);
                write!(f, "!granted {id} {member} {state} {generation} {}", encoded(payload))
            }
            Self::Busy { id } => write!(f, "!busy {id}"),
            Self::Failed { id, reason } => write!(f, "!failed {id} {}", encoded(reason)),
            Self::Error { reason } => write!(f, "!error {}", encoded(reason)),
            Self::Pool(pool) => write!(
                f,
                "!pool {} {} {} {} {}",
                encoded(&pool.name),
                word_of(pool.kind, KINDS),
                pool.size,
                pool.clients,
                pool.utilization
            ),
            Self::Member(member) => write!(
                f,
                "!member {} {} {} {} {} {} {} {}",
                encoded(&member.pool),
                member.member,
                encoded(&member.state),
                encoded(&member.process),
                encoded(&member.label),
                member.for_ms,
                member.generation,
                encoded(&member.payload)
            ),
            Self::Waiter(waiter) => write!(
                f,
                "!waiter {} {} {} {} {}",
                encoded(&waiter.pool),
                encoded(&waiter.process),
                word_of(waiter.want, WANTS),
                encoded(&waiter.label),
                waiter.for_ms
            ),
            Self::End => f.write_str("!end"),
            Self::Accounting { pool, json } => write!(f, "!accounting {} {}", encoded(pool), encoded(json)),
        }
    }
}
