//! Which of a container's two output streams something came from; nothing about how they are read.

use std::fmt;

/// One of the two output streams of a process.
///
/// A process with a terminal has one stream only, which counts as [`LogStream::Stdout`].
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
