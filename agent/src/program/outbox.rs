//! What is to be said to the library: frames, written whole or not at all, so that many processes can write to one pipe.

use super::fd::Fd;
use super::sys::EAGAIN;
use super::wire::frame::{HEADER, Kind, LONGEST, PAYLOAD, header};

/// Frames that are not yet written: as much as a pipe takes at once.
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

    /// Whether all is written, and there is room for any frame.
    pub(crate) const fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Adds a frame, if there is room for it.
    pub(crate) fn push(&mut self, kind: Kind, slot: u8, number: u32, payload: &[u8]) -> bool {
        let length = HEADER + payload.len();
        let Some(place) = self.bytes.get_mut(self.length..self.length + length) else { return false };
        place[..HEADER].copy_from_slice(&header(kind, slot, number, payload.len()));
        place[HEADER..].copy_from_slice(payload);
        self.length += length;
        true
    }

    /// Fills the payload of a frame by a read of at most so many bytes; what the read gave. Only if it is empty.
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

    /// Writes what there is, if it can be written at once.
    pub(crate) fn flush(&mut self) {
        if self.is_empty() {
            return;
        }
        match self.out.write(&self.bytes[..self.length]) {
            Err(EAGAIN) => {}
            // A pipe takes all of so little, or nothing. Where nobody reads any more, the end comes by another way.
            Ok(_) | Err(_) => self.length = 0,
        }
    }
}
