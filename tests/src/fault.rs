//! Faults: the things that a server does to a request that a rule matches.

use std::time::Duration;

use crate::{Answer, Gate};

/// A fault that replaces the forwarding of a request and its answer, or comes before it.
///
/// [`Delay`](Fault::Delay) and [`Hold`](Fault::Hold) come before: the rules after them still apply. All others
/// settle the request.
#[derive(Clone, Debug)]
pub enum Fault {
    /// Waits before going on; the engine gets and carries out the request even if the client gives up meanwhile.
    Delay(Duration),
    /// Holds the request at a gate before going on. The engine gets and carries it out even if the client gives up
    /// meanwhile.
    Hold(Gate),
    /// Forwards request and answer untouched, to exempt something from the rules after this one.
    Pass,
    /// Does not forward and never answers, or closes.
    Refuse(Then),
    /// Does not forward; writes these bytes, HTTP or not, and then hangs or closes.
    Raw(Vec<u8>, Then),
    /// Does not forward; gives this answer, after having read the request's body.
    Answer(Answer),
    /// Forwards, so that the engine carries the request out, and keeps the answer back.
    Swallow(Then),
    /// Forwards, and holds the answer at a gate once the engine has begun to give it.
    HoldAnswer(Gate),
    /// Forwards, and lets so many bytes of the answer's body (or of the hijacked stream) through, counted as they
    /// are on the wire.
    Break {
        /// The bytes of the body that pass.
        after: u64,
        /// The step that follows.
        then: Then,
    },
    /// Forwards, and lets the answer through until this gate is released; then closes.
    CutAt(Gate),
    /// Forwards, and lets the answer's body through at this rate.
    Throttle {
        /// Bytes of the body per second.
        bytes_per_second: u64,
    },
}

/// The step that follows once a fault has done its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    /// Closes the connection.
    Cut,
    /// Keeps the connection open and says nothing more.
    Hang,
}

impl Fault {
    /// Makes a fault that never answers; the request is not forwarded.
    #[must_use]
    pub fn hang() -> Self {
        Self::Refuse(Then::Hang)
    }

    /// Closes before an answer; the request is not forwarded.
    #[must_use]
    pub fn cut() -> Self {
        Self::Refuse(Then::Cut)
    }

    /// Writes the first half of an answer's head and closes.
    #[must_use]
    pub fn half_head() -> Self {
        Self::Raw(b"HTTP/1.1 200 OK\r\nContent-Type: applica".to_vec(), Then::Cut)
    }

    /// Answers with something that is not HTTP and closes.
    #[must_use]
    pub fn garbage() -> Self {
        Self::Raw(b"\x00\x01SSH-2.0-not_an_engine\r\n\xff\xfe\r\n\r\n".to_vec(), Then::Cut)
    }

    /// Answers with an error as the engine words it.
    #[must_use]
    pub fn error(status: u16, message: &str) -> Self {
        Self::Answer(Answer::error(status, message))
    }

    /// Closes after so many bytes of the answer's body or of the hijacked stream.
    #[must_use]
    pub fn cut_after(bytes: u64) -> Self {
        Self::Break { after: bytes, then: Then::Cut }
    }

    /// Falls silent after so many bytes of the answer's body or of the hijacked stream.
    #[must_use]
    pub fn hang_after(bytes: u64) -> Self {
        Self::Break { after: bytes, then: Then::Hang }
    }

    /// Lets the engine carry the request out, and never passes the answer on.
    #[must_use]
    pub fn swallow_and_hang() -> Self {
        Self::Swallow(Then::Hang)
    }

    /// Lets the engine carry the request out, and closes when the answer comes.
    #[must_use]
    pub fn swallow_and_cut() -> Self {
        Self::Swallow(Then::Cut)
    }

    /// Lets the answer's body through at this rate.
    #[must_use]
    pub fn throttle(bytes_per_second: u64) -> Self {
        Self::Throttle { bytes_per_second }
    }

    /// Returns `true` if the rules after this one still apply.
    pub(crate) fn goes_on(&self) -> bool {
        matches!(self, Self::Delay(_) | Self::Hold(_))
    }
}
