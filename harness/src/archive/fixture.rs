//! Malicious archives for tests: names and links that no well-behaved program would write.

use bytes::Bytes;
use futures_util::{Stream, stream};
use tar::{Builder, EntryType, Header};

use crate::words::Result;

/// A builder for an archive. Entries have mode 0640 and modification time 1000 unless a method says otherwise.
pub(super) struct Tar(Builder<Vec<u8>>);

impl Tar {
    pub(super) fn new() -> Self {
        Self(Builder::new(Vec::new()))
    }

    pub(super) fn file(self, name: &str, content: &str) -> Self {
        self.entry(EntryType::Regular, name, "", 0o640, content)
    }

    pub(super) fn dir(self, name: &str, mode: u32) -> Self {
        self.entry(EntryType::Directory, name, "", mode, "")
    }

    pub(super) fn symlink(self, name: &str, to: &str) -> Self {
        self.entry(EntryType::Symlink, name, to, 0o777, "")
    }

    pub(super) fn hard_link(self, name: &str, to: &str) -> Self {
        self.entry(EntryType::Link, name, to, 0o640, "")
    }

    pub(super) fn entry(mut self, kind: EntryType, name: &str, to: &str, mode: u32, content: &str) -> Self {
        let mut header = Header::new_gnu();
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_mtime(1000);
        header.set_size(content.len() as u64);
        // Written as bytes, since the `tar` crate refuses the names that are to be tested.
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.as_old_mut().linkname[..to.len()].copy_from_slice(to.as_bytes());
        header.set_cksum();
        self.0.append(&header, content.as_bytes()).unwrap();
        self
    }

    pub(super) fn bytes(self) -> Vec<u8> {
        self.0.into_inner().unwrap()
    }

    /// Returns the archive in chunks, as an engine would send it.
    pub(super) fn stream(self) -> impl Stream<Item = Result<Bytes>> {
        stream_of(self.bytes())
    }
}

pub(super) fn stream_of(bytes: Vec<u8>) -> impl Stream<Item = Result<Bytes>> {
    let chunks: Vec<_> = bytes.chunks(700).map(Bytes::copy_from_slice).map(Ok).collect();
    stream::iter(chunks)
}
