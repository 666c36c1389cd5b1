//! The part of an output that is kept: its beginning or its end, with a limit. It does no I/O.

/// The number of bytes kept at the end of each stream, for a container whose log can't be read any more.
const TAIL: usize = 16 * 1024;

/// The kept output: its beginning up to a limit for callers that collect it, or its end for a report.
#[derive(Debug, Default)]
pub(crate) struct Collected {
    pub(crate) stdout: Kept,
    pub(crate) stderr: Kept,
}

/// The first bytes of a stream up to a limit, or its last ones.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    pub(crate) bytes: Vec<u8>,
    pub(crate) truncated: bool,
}

/// The part of the output to keep.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Retain {
    /// The first bytes of each stream, up to this limit. Reading continues until the output ends.
    Head(usize),
    /// The end of each stream. Reading continues while a wait is interested.
    Tail,
}

impl Kept {
    pub(crate) fn push(&mut self, bytes: &[u8], keep: Retain) {
        match keep {
            Retain::Head(limit) => {
                let room = limit.saturating_sub(self.bytes.len());
                self.truncated |= bytes.len() > room;
                self.bytes.extend_from_slice(&bytes[..bytes.len().min(room)]);
            }
            Retain::Tail => {
                let bytes = &bytes[bytes.len().saturating_sub(TAIL)..];
                self.bytes.extend_from_slice(bytes);
                // Truncated only at twice the size, so that on average each byte is moved at most once.
                if self.bytes.len() > 2 * TAIL {
                    self.truncated = true;
                    self.bytes.drain(..self.bytes.len() - TAIL);
                }
            }
        }
    }
}
