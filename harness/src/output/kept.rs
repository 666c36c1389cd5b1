//! What is kept of output that is read: its beginning or its end, bounded. It reads nothing.

/// How much of each stream's end is kept for a container whose log can't be read any more.
const TAIL: usize = 16 * 1024;

/// What was read and kept: the whole up to a limit for those who collect, the end for those who report.
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

/// What of the output is kept.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Retain {
    /// The first so many bytes of each stream; reading goes on until the output ends.
    Head(usize),
    /// The end of each stream; reading goes on while somebody waits.
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
                // Cut at twice the size, so that each byte is moved at most once on average.
                if self.bytes.len() > 2 * TAIL {
                    self.truncated = true;
                    self.bytes.drain(..self.bytes.len() - TAIL);
                }
            }
        }
    }
}
