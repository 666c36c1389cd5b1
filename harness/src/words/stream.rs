//! The two output streams of a process.

use std::fmt;

/// An output stream of a process.
///
/// With a terminal there is a single stream, which counts as [`LogStream::Stdout`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LogStream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

impl fmt::Display for LogStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_print_as_programs_call_them() {
        assert_eq!(format!("{} {:>7}", LogStream::Stdout, LogStream::Stderr), "stdout  stderr");
    }
}
