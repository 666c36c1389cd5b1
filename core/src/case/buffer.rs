//! Splits bytes, which come in pieces of any size, into frames.

use super::frame::{Broken, Frame, LONGEST};

/// A buffer of received bytes. After all whole frames were taken it holds less than one frame.
#[derive(Debug, Default)]
pub struct Buffer {
    bytes: Vec<u8>,
    taken: usize,
}

impl Buffer {
    /// Adds received bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.taken > 0 {
            self.bytes.drain(..self.taken);
            self.taken = 0;
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// Removes and returns the next frame, if it is complete.
    ///
    /// # Errors
    /// Fails if the bytes are no frame; the bytes after them cannot be read either then.
    pub fn take(&mut self) -> Result<Option<Frame<'_>>, Broken> {
        match Frame::parse(&self.bytes[self.taken..])? {
            Some((frame, length)) => {
                self.taken += length;
                Ok(Some(frame))
            }
            None => {
                debug_assert!(self.bytes.len() - self.taken < LONGEST);
                Ok(None)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::frame::{Kind, header};
    use super::*;

    proptest! {
        #[test]
        fn pieces_of_any_size_give_the_same_frames(
            payloads in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..50), 0..8),
            size in 1..70_usize,
        ) {
            let frame = |payload: &Vec<u8>| [&header(Kind::Stdout, 3, 9, payload.len())[..], payload].concat();
            let bytes: Vec<u8> = payloads.iter().flat_map(frame).collect();
            let (mut buffer, mut found) = (Buffer::default(), Vec::new());
            for piece in bytes.chunks(size) {
                buffer.push(piece);
                while let Some(frame) = buffer.take().expect("valid frames") {
                    found.push(frame.payload.to_vec());
                }
            }
            prop_assert_eq!(found, payloads);
        }

        /// A11: garbage is refused and nothing panics, *pure*.
        #[test]
        fn garbage_is_refused_and_nothing_panics(pieces in proptest::collection::vec(
            proptest::collection::vec(any::<u8>(), 0..300), 0..20,
        )) {
            let mut buffer = Buffer::default();
            'all: for piece in pieces {
                buffer.push(&piece);
                loop {
                    match buffer.take() {
                        Ok(Some(_)) => {}
                        Ok(None) => break,
                        Err(_) => break 'all,
                    }
                }
            }
        }
    }
}
