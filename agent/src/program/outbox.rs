//! The frames to be sent to the library. Each is written whole or not at all, so that several processes can share a
//! pipe.

use super::fd::Fd;
use super::sys::EAGAIN;
use super::wire::frame::{HEADER, Kind, LONGEST, PAYLOAD, header};

/// A buffer of frames that are not yet written; a pipe takes all of it at once, or nothing.
pub(crate) struct Outbox {
    bytes: [u8; LONGEST],
    length: usize,
    out: Fd,
}

impl Outbox {
    pub(crate) const fn new(out: Fd) -> Self {
        Self { bytes: [0; LONGEST], length: 0, out }
    }

    pub(crate) const fn fd(&self) -> &Fd {
        &self.out
    }

    /// Returns `true` if all frames are written, so that there is room for any frame.
    pub(crate) const fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Adds a frame. Returns `false` if there is no room for it.
    pub(crate) fn push(&mut self, kind: Kind, slot: u8, number: u32, payload: &[u8]) -> bool {
        let length = HEADER + payload.len();
        let Some(place) = self.bytes.get_mut(self.length..self.length + length) else { return false };
        place[..HEADER].copy_from_slice(&header(kind, slot, number, payload.len()));
        place[HEADER..].copy_from_slice(payload);
        self.length += length;
        true
    }

    /// Reads at most `most` bytes directly into the payload of a frame, and returns the number of bytes read. The
    /// outbox must be empty.
    pub(crate) fn fill(
        &mut self,
        kind: Kind,
        slot: u8,
        number: u32,
        most: usize,
        from: &Fd,
    ) -> Result<usize, i32> {
        let most = most.min(PAYLOAD);
        let read = from.read(&mut self.bytes[HEADER..HEADER + most])?;
        if read > 0 {
            self.bytes[..HEADER].copy_from_slice(&header(kind, slot, number, read));
            self.length = HEADER + read;
        }
        Ok(read)
    }

    /// Writes the frames, unless the pipe is full.
    pub(crate) fn flush(&mut self) {
        if self.is_empty() {
            return;
        }
        match self.out.write(&self.bytes[..self.length]) {
            Err(EAGAIN) => {}
            // A pipe takes a write of this size as a whole. If its reader is gone, the end of standard input will tell.
            Ok(_) | Err(_) => self.length = 0,
        }
    }
}
