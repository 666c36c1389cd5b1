//! A reader that fails unless it yields exactly the announced number of bytes.

use std::io::{self, Read};

use super::failure::{cannot, files, wrapped};
use std::path::PathBuf;

/// The data's origin, as error messages name it.
#[derive(Debug)]
pub(super) enum Origin {
    /// A file of the host.
    File(PathBuf),
    /// A reader whose data becomes this file in the container.
    Reader(PathBuf),
}

/// Yields exactly `size` bytes, or an error that names the origin and both numbers.
#[derive(Debug)]
pub(super) struct Exact<R> {
    inner: R,
    origin: Origin,
    size: u64,
    given: u64,
}

impl<R: Read> Exact<R> {
    pub(super) fn new(inner: R, origin: Origin, size: u64) -> Self {
        Self { inner, origin, size, given: 0 }
    }

    fn read_inner(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.inner.read(buf).map_err(|error| match &self.origin {
            // The caller retries after an interruption, so it is passed on unchanged.
            _ if error.kind() == io::ErrorKind::Interrupted => error,
            Origin::File(path) => wrapped(cannot("read", path, error)),
            Origin::Reader(path) => {
                wrapped(files(format!("the reader for `{}` failed", path.display())).with_source(error))
            }
        })
    }

    fn wrong(&self, gave: &str) -> io::Error {
        let size = self.size;
        wrapped(match &self.origin {
            Origin::File(path) => files(format!(
                "`{}` changed while it was copied: its size was {size} bytes, but {gave} were read",
                path.display()
            )),
            Origin::Reader(path) => files(format!(
                "the reader for `{}` gave {gave} bytes, not {size} as announced",
                path.display()
            )),
        })
    }
}

impl<R: Read> Read for Exact<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        let left = usize::try_from(self.size - self.given).unwrap_or(usize::MAX);
        if left == 0 {
            return match self.read_inner(&mut [0])? {
                0 => Ok(0),
                _ => Err(self.wrong(&format!("at least {}", self.size + 1))),
            };
        }
        let end = buf.len().min(left);
        match self.read_inner(&mut buf[..end])? {
            0 => Err(self.wrong(&format!("only {}", self.given))),
            count => {
                self.given += count as u64;
                Ok(count)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8], size: u64, origin: Origin) -> Result<Vec<u8>, String> {
        let mut read = Vec::new();
        match Exact::new(bytes, origin, size).read_to_end(&mut read) {
            Ok(_) => Ok(read),
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn the_right_number_of_bytes_goes_through() {
        assert_eq!(read(b"abc", 3, Origin::Reader("/x".into())).unwrap(), b"abc");
        assert_eq!(read(b"", 0, Origin::Reader("/x".into())).unwrap(), b"");
    }

    #[test]
    fn fewer_or_more_bytes_are_an_error_with_both_numbers() {
        let reader = |bytes, size| read(bytes, size, Origin::Reader("/x".into())).unwrap_err();
        assert_eq!(reader(b"abc", 5), "the reader for `/x` gave only 3 bytes, not 5 as announced");
        assert_eq!(reader(b"abc", 2), "the reader for `/x` gave at least 3 bytes, not 2 as announced");
        let file = read(b"abc", 2, Origin::File("/log".into())).unwrap_err();
        assert_eq!(
            file,
            "`/log` changed while it was copied: its size was 2 bytes, but at least 3 were read"
        );
    }
}
