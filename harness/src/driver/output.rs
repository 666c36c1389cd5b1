//! The output of a task on its way to its outlet, on the background thread.

use bytes::Bytes;

use super::outlet::Outlet;
use crate::container::command::Sink;
use crate::words::LogStream;

/// The number of bytes at the beginning that are kept: an engine reports there why a command was not started.
const HEAD: usize = 1024;

/// The output of one task.
pub(super) struct Output {
    outlet: Outlet,
    /// The bytes of standard output and of standard error that were passed on.
    passed: [u64; 2],
    /// The bytes of each stream that are still to be left out.
    skip: [u64; 2],
    head: Vec<u8>,
}

impl Output {
    pub(super) fn new(outlet: Outlet) -> Self {
        Self { outlet, passed: [0; 2], skip: [0; 2], head: Vec::new() }
    }

    /// Returns the beginning of both streams, in the order of arrival.
    pub(super) fn head(&self) -> &[u8] {
        &self.head
    }

    /// Returns the number of bytes that were passed on.
    pub(super) fn passed(&self) -> u64 {
        self.passed.iter().sum()
    }

    /// Leaves out the bytes that were passed on, since output arrives from its beginning again.
    pub(super) fn start_over(&mut self) {
        self.skip = self.passed;
    }
}

impl Sink for Output {
    async fn take(&mut self, stream: LogStream, mut bytes: Bytes) {
        let index = usize::from(stream == LogStream::Stderr);
        let known = usize::try_from(self.skip[index]).unwrap_or(usize::MAX).min(bytes.len());
        let bytes = bytes.split_off(known);
        if !bytes.is_empty() {
            self.outlet.push(stream, bytes.clone()).await;
        }
        // Not before it was passed on, so that a dropped future has taken nothing.
        self.skip[index] -= known as u64;
        self.passed[index] += bytes.len() as u64;
        self.head.extend_from_slice(&bytes[..bytes.len().min(HEAD - self.head.len())]);
    }
}
