//! Requests: the lines that a client sends.

use std::fmt;

use super::words::{BadLine, Words, encoded, pair, shown, word_of};

/// A request of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Begins the extension. Nothing else may come before it.
    Hello {
        /// The version that the client speaks: [`VERSION`](super::VERSION).
        version: u32,
        /// The client's name for people: its program, test and process id.
        process: String,
    },
    /// Joins a pool, which the first client makes.
    Open {
        /// The pool's name.
        pool: String,
        /// The kind of the pool.
        kind: PoolKind,
        /// The number of members; of a shared container, the most clients that hold it at once.
        size: u32,
        /// What has to be the same for all clients, such as the image.
        facts: Vec<(String, String)>,
    },
    /// Asks for a lease.
    Get {
        /// The client's number for the lease.
        id: u64,
        /// The pool's name.
        pool: String,
        /// The kind of lease.
        want: Want,
        /// The client's name for the lease; may be empty.
        label: String,
    },
    /// Asks that a lease becomes exclusive. The client may not use its member until that is granted.
    Upgrade {
        /// The lease.
        id: u64,
    },
    /// Ends a request, whether or not it was granted meanwhile.
    Cancel {
        /// The lease.
        id: u64,
    },
    /// Tells that a member was made, or is as new again.
    Ready {
        /// The lease.
        id: u64,
        /// The words with which the next clients find the member.
        payload: String,
    },
    /// Tells that a member could not be made or reset, and ends the lease.
    Broken {
        /// The lease.
        id: u64,
        /// The reason, which those who wait are told.
        reason: String,
    },
    /// Ends a lease.
    Return {
        /// The lease.
        id: u64,
        /// The state of the member.
        end: End,
    },
    /// Names a lease.
    Label {
        /// The lease.
        id: u64,
        /// The new name; may be empty.
        label: String,
    },
    /// Asks for the state of all pools.
    Status,
    /// Asks for the accounting of a pool.
    Accounting {
        /// The pool's name.
        pool: String,
    },
}

/// The kind of a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PoolKind {
    /// Several members, each held by one client at a time.
    Members,
    /// One member, held by many clients at once.
    Shared,
}

/// The kind of a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Want {
    /// A member.
    Member,
    /// A member, if one is free at once.
    Try,
    /// A member, while no other is leased.
    Exclusive,
    /// No member, while none is leased.
    LockOut,
}

/// The state in which a client leaves a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum End {
    /// The client may have changed it.
    Used,
    /// The client did nothing with it.
    Unused,
    /// The client could not reset it, or found it broken: the next client makes another in its place.
    Discarded,
    /// The client has removed it.
    Removed,
    /// The client keeps it, and the pool is smaller from now on.
    Detached,
}

pub(super) const KINDS: &[(&str, PoolKind)] = &[("members", PoolKind::Members), ("shared", PoolKind::Shared)];

pub(super) const WANTS: &[(&str, Want)] = &[
    ("member", Want::Member),
    ("try", Want::Try),
    ("exclusive", Want::Exclusive),
    ("lock-out", Want::LockOut),
];

const ENDS: &[(&str, End)] = &[
    ("used", End::Used),
    ("unused", End::Unused),
    ("discarded", End::Discarded),
    ("removed", End::Removed),
    ("detached", End::Detached),
];

impl Request {
    /// Parses a line, without its end.
    ///
    /// # Errors
    /// The line is no request. The error says which word is wrong.
    pub fn parse(line: &[u8]) -> Result<Self, BadLine> {
        let mut words = Words::of(line)?;
        let request = match words.verb {
            "!hello" => Self::Hello { version: words.number("version")?, process: words.text("process")? },
            "!open" => Self::Open {
                pool: words.text("pool")?,
                kind: words.choice("kind", KINDS)?,
                size: words.number("size")?,
                facts: words.pairs()?,
            },
            "!get" => Self::Get {
                id: words.number("id")?,
                pool: words.text("pool")?,
                want: words.choice("kind of lease", WANTS)?,
                label: words.text("label")?,
            },
            "!upgrade" => Self::Upgrade { id: words.number("id")? },
            "!cancel" => Self::Cancel { id: words.number("id")? },
            "!ready" => Self::Ready { id: words.number("id")?, payload: words.text("payload")? },
            "!broken" => Self::Broken { id: words.number("id")?, reason: words.text("reason")? },
            "!return" => Self::Return { id: words.number("id")?, end: words.choice("end", ENDS)? },
            "!label" => Self::Label { id: words.number("id")?, label: words.text("label")? },
            "!status" => Self::Status,
            "!accounting" => Self::Accounting { pool: words.text("pool")? },
            other => return Err(BadLine(format!("`{}` is no request", shown(other)))),
        };
        words.end()?;
        Ok(request)
    }
}

impl fmt::Display for Request {
    /// Writes the line, without its end.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Hello { version, process } => write!(f, "!hello {version} {}", encoded(process)),
            Self::Open { pool, kind, size, facts } => {
                write!(f, "!open {} {} {size}", encoded(pool), word_of(*kind, KINDS))?;
                facts.iter().try_for_each(|(key, value)| write!(f, " {}", pair(key, value)))
            }
            Self::Get { id, pool, want, label } => {
                write!(f, "!get {id} {} {} {}", encoded(pool), word_of(*want, WANTS), encoded(label))
            }
            Self::Upgrade { id } => write!(f, "!upgrade {id}"),
            Self::Cancel { id } => write!(f, "!cancel {id}"),
            Self::Ready { id, payload } => write!(f, "!ready {id} {}", encoded(payload)),
            Self::Broken { id, reason } => write!(f, "!broken {id} {}", encoded(reason)),
            Self::Return { id, end } => write!(f, "!return {id} {}", word_of(*end, ENDS)),
            Self::Label { id, label } => write!(f, "!label {id} {}", encoded(label)),
            Self::Status => f.write_str("!status"),
            Self::Accounting { pool } => write!(f, "!accounting {}", encoded(pool)),
        }
    }
}
