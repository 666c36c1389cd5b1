//! The output of failed attempts, on the disk until the verdict on their case is known. So the memory of a run does not
//! grow with its failures.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use crate::error::{Error, Result};

/// The place of one attempt's two streams in the spool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    at: u64,
    stdout: usize,
    stderr: usize,
}

/// A temporary file without a name: nothing of it stays, however the process ends.
#[derive(Debug)]
pub(crate) struct Spool {
    file: File,
    end: u64,
}

impl Spool {
    pub(crate) fn new() -> Result<Self> {
        let file = tempfile::tempfile().map_err(|error| {
            let folder = std::env::temp_dir();
            let message = format!("no temporary file can be made in `{}` for output", folder.display());
            Error::invalid(message).with_source(error)
        })?;
        Ok(Self { file, end: 0 })
    }

    pub(crate) fn put(&mut self, stdout: &[u8], stderr: &[u8]) -> io::Result<Span> {
        self.file.write_all_at(stdout, self.end)?;
        self.file.write_all_at(stderr, self.end + stdout.len() as u64)?;
        let span = Span { at: self.end, stdout: stdout.len(), stderr: stderr.len() };
        self.end += (stdout.len() + stderr.len()) as u64;
        Ok(span)
    }

    pub(crate) fn get(&self, span: Span) -> io::Result<(Vec<u8>, Vec<u8>)> {
        let (mut stdout, mut stderr) = (vec![0; span.stdout], vec![0; span.stderr]);
        self.file.read_exact_at(&mut stdout, span.at)?;
        self.file.read_exact_at(&mut stderr, span.at + span.stdout as u64)?;
        Ok((stdout, stderr))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// R8. Output that is put on the disk is read back as it was.
    #[test]
    fn output_is_read_back_as_it_was() {
        let mut spool = Spool::new().expect("a file");
        let one = spool.put(b"out", b"err").expect("put");
        let none = spool.put(b"", b"").expect("put");
        let other = spool.put(b"", &[0xff; 70_000]).expect("put");
        assert_eq!(spool.get(one).expect("got"), (b"out".to_vec(), b"err".to_vec()));
        assert_eq!(spool.get(none).expect("got"), (Vec::new(), Vec::new()));
        assert_eq!(spool.get(other).expect("got"), (Vec::new(), vec![0xff; 70_000]));
    }
}
