//! Finds the end of an HTTP/1.1 message's body: a pure scanner that is fed bytes, which are forwarded untouched.

use crate::head::Head;

/// The way in which a message marks the end of its body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// So many bytes are still to come.
    Length(u64),
    /// In chunks.
    Chunked(Chunks),
    /// Until the sender closes.
    UntilClose,
}

/// The scanner's position in a chunked body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Chunks {
    /// In the digits of a chunk's size; what they say so far.
    Size(u64),
    /// Behind the digits, before the end of the line.
    Extension(u64),
    /// In the data; so many bytes are left, the line end behind them included.
    Data(u64),
    /// In a line of the trailer, and whether that line is empty so far.
    Trailer { empty: bool },
    /// Behind the last byte.
    Done,
}

impl Framing {
    /// Makes the framing of a request's body.
    pub(crate) fn of_request(head: &Head) -> Self {
        Self::stated(head).unwrap_or(Self::Length(0))
    }

    /// Makes the framing of the body of an answer to a request with this method.
    pub(crate) fn of_answer(head: &Head, method: &str) -> Self {
        let status = head.status().unwrap_or_default();
        if method == "HEAD" || matches!(status, 100..=199 | 204 | 304) {
            return Self::Length(0);
        }
        Self::stated(head).unwrap_or(Self::UntilClose)
    }

    fn stated(head: &Head) -> Option<Self> {
        if head.has_word("transfer-encoding", "chunked") {
            return Some(Self::Chunked(Chunks::Size(0)));
        }
        head.header("content-length")?.parse().ok().map(Self::Length)
    }

    /// Takes note of the next bytes; returns how many of them, from the first, belong to this body.
    pub(crate) fn take(&mut self, bytes: &[u8]) -> usize {
        match self {
            Self::Length(left) => {
                let taken = (bytes.len() as u64).min(*left);
                *left -= taken;
                taken as usize
            }
            Self::Chunked(chunks) => chunks.take(bytes),
            Self::UntilClose => bytes.len(),
        }
    }

    /// Returns `true` if the last byte was taken.
    pub(crate) fn is_done(&self) -> bool {
        matches!(self, Self::Length(0) | Self::Chunked(Chunks::Done))
    }
}

impl Chunks {
    fn take(&mut self, bytes: &[u8]) -> usize {
        let mut taken = 0;
        while taken < bytes.len() && *self != Self::Done {
            if let Self::Data(left) = self {
                let step = (*left).min((bytes.len() - taken) as u64);
                *left -= step;
                taken += step as usize;
                if *left == 0 {
                    *self = Self::Size(0);
                }
            } else {
                self.step(bytes[taken]);
                taken += 1;
            }
        }
        taken
    }

    /// Takes one byte outside of the data.
    fn step(&mut self, byte: u8) {
        *self = match (&*self, byte) {
            (Self::Size(size) | Self::Extension(size), b'\n') => match size {
                0 => Self::Trailer { empty: true },
                size => Self::Data(size + 2),
            },
            (Self::Size(size), digit) if digit.is_ascii_hexdigit() => {
                let value = char::from(digit).to_digit(16).unwrap_or_default();
                Self::Size(size.saturating_mul(16).saturating_add(u64::from(value)))
            }
            (Self::Size(size) | Self::Extension(size), _) => Self::Extension(*size),
            (Self::Trailer { empty }, b'\r') => Self::Trailer { empty: *empty },
            (Self::Trailer { empty: true }, b'\n') | (Self::Done, _) => Self::Done,
            (Self::Trailer { .. }, other) => Self::Trailer { empty: other == b'\n' },
            (Self::Data(left), _) => Self::Data(*left),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHUNKED: &[u8] =
        b"4;x=1\r\nab\n\r\r\n1A\r\nabcdefghijklmnopqrstuvwxyz\r\n0\r\nTrailer: x\r\n\r\nNEXT";

    #[test]
    fn a_chunked_body_ends_at_the_same_byte_however_it_is_cut() {
        let end = CHUNKED.len() - 4;
        for piece in 1..CHUNKED.len() {
            let mut framing = Framing::Chunked(Chunks::Size(0));
            let taken: usize = CHUNKED.chunks(piece).map(|bytes| framing.take(bytes)).sum();
            assert_eq!((taken, framing.is_done()), (end, true), "in pieces of {piece}");
        }
    }

    #[test]
    fn a_stated_length_leaves_what_follows() {
        let mut framing = Framing::Length(3);
        assert_eq!(framing.take(b"abcdef"), 3);
        assert!(framing.is_done());
    }
}
