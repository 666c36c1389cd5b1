//! Where a case's output goes on the background thread: kept up to the limit, or on to a writer.

use std::time::Duration;

use super::drain::Pipe;
use super::output::{CaseEnd, CaseOutput};
use crate::words::LogStream;

/// Both streams of one case.
#[derive(Debug)]
pub(super) struct Sink {
    stdout: One,
    stderr: One,
    pipe: Option<Pipe>,
}

#[derive(Debug)]
struct One {
    kept: Vec<u8>,
    /// How many more bytes are wanted.
    room: usize,
    is_piped: bool,
    truncated: bool,
}

impl Sink {
    /// Keeps or hands on the first `limit` bytes of each stream.
    pub(super) fn new(limit: usize, pipe: Option<Pipe>, is_piped: impl Fn(LogStream) -> bool) -> Self {
        let one =
            |stream| One { kept: Vec::new(), room: limit, is_piped: is_piped(stream), truncated: false };
        Self { stdout: one(LogStream::Stdout), stderr: one(LogStream::Stderr), pipe }
    }

    /// Takes output; how much of it is on its way to a writer.
    pub(super) fn push(&mut self, stream: LogStream, bytes: &[u8]) -> usize {
        let one = match stream {
            LogStream::Stdout => &mut self.stdout,
            LogStream::Stderr => &mut self.stderr,
        };
        one.truncated |= bytes.len() > one.room;
        let wanted = &bytes[..bytes.len().min(one.room)];
        one.room -= wanted.len();
        match &self.pipe {
            Some(pipe) if one.is_piped && !wanted.is_empty() => {
                pipe.push(stream, wanted);
                wanted.len()
            }
            Some(_) if one.is_piped => 0,
            _ => {
                one.kept.extend_from_slice(wanted);
                0
            }
        }
    }

    /// What came, and how it ended; what else is known is still to be filled in.
    pub(super) fn into_output(self, end: CaseEnd, elapsed: Duration) -> CaseOutput {
        CaseOutput {
            end,
            truncated: self.stdout.truncated || self.stderr.truncated,
            stdout: self.stdout.kept,
            stderr: self.stderr.kept,
            elapsed,
            cpu_user: None,
            cpu_system: None,
            max_rss: None,
            left_behind: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_stream_is_kept_up_to_the_limit() {
        let mut sink = Sink::new(3, None, |_| false);
        sink.push(LogStream::Stdout, b"ab");
        sink.push(LogStream::Stderr, b"xyz");
        sink.push(LogStream::Stdout, b"cd");
        let output = sink.into_output(CaseEnd::Exited(0), Duration::ZERO);
        assert_eq!((output.stdout_text(), output.stderr_text()), ("abc".to_owned(), "xyz".to_owned()));
        assert!(output.truncated);
    }
}
