//! The output of a process that its user has not read yet.

use std::collections::VecDeque;

use tokio::sync::mpsc;

use super::pieces::{Collector, Piece};
use super::words;
use crate::output::Collected;
use crate::words::Result;

/// The limit for a search, in bytes.
const SEARCHED: usize = 16 << 20;

/// Output that was printed, or will be.
pub(super) struct Unread {
    pieces: mpsc::Receiver<Result<Piece>>,
    /// Pieces that were searched, and are still to be read.
    searched: VecDeque<Piece>,
}

impl Unread {
    pub(super) fn new(pieces: mpsc::Receiver<Result<Piece>>) -> Self {
        Self { pieces, searched: VecDeque::new() }
    }

    /// Returns the next piece, or `None` at the end.
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing.
    pub(super) async fn next(&mut self) -> Result<Option<Piece>> {
        match self.searched.pop_front() {
            Some(piece) => Ok(Some(piece)),
            None => self.receive().await,
        }
    }

    /// Reads all that is still to come, and keeps the first `limit` bytes of each stream.
    pub(super) async fn collect(&mut self, limit: usize) -> Result<Collected> {
        let mut collector = Collector::new(limit);
        while let Some((stream, bytes)) = self.next().await? {
            collector.push(stream, &bytes);
        }
        Ok(collector.into_collected())
    }

    /// Searches for a text. Returns the number of bytes up to its end; `None` if the output ends without it, or is too
    /// long. All of the output stays to be read.
    ///
    /// # Cancel safety
    /// Dropping the future loses nothing.
    pub(super) async fn find(&mut self, text: &[u8]) -> Result<Option<usize>> {
        let mut seen: Vec<u8> = Vec::new();
        let mut next = 0;
        loop {
            // A match may straddle pieces.
            let from = seen.len().saturating_sub(text.len().saturating_sub(1));
            while let Some((_, bytes)) = self.searched.get(next) {
                seen.extend_from_slice(bytes);
                next += 1;
            }
            if let Some(at) = memchr::memmem::find(&seen[from..], text) {
                return Ok(Some(from + at + text.len()));
            }
            if seen.len() > SEARCHED {
                return Ok(None);
            }
            match self.receive().await? {
                Some(piece) => self.searched.push_back(piece),
                None => return Ok(None),
            }
        }
    }

    /// Reads this many bytes of the pieces that were searched.
    pub(super) fn take_front(&mut self, length: usize) -> Vec<u8> {
        let mut taken = Vec::with_capacity(length);
        while taken.len() < length
            && let Some((stream, mut bytes)) = self.searched.pop_front()
        {
            let rest = bytes.split_off(bytes.len().min(length - taken.len()));
            taken.extend_from_slice(&bytes);
            if !rest.is_empty() {
                self.searched.push_front((stream, rest));
            }
        }
        taken
    }

    /// Returns the last line of the pieces that were searched, for a message.
    pub(super) fn last_line(&self) -> String {
        self.searched.back().map_or_else(|| "nothing".to_owned(), |(_, bytes)| words::ending(bytes))
    }

    async fn receive(&mut self) -> Result<Option<Piece>> {
        let piece = self.pieces.recv().await.transpose();
        piece.map_err(|error| error.with_phase("read a command's output"))
    }
}
