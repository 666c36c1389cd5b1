//! The output streams of a case on the background thread: kept up to the limit, or passed on to a writer.

use std::time::Duration;

use super::drain::Pipe;
use super::output::{CaseEnd, CaseOutput};
use crate::words::LogStream;

/// The output streams of one case.
#[derive(Debug)]
pub(super) struct Streams {
    /// Standard output and standard error.
    both: [OneStream; 2],
    pipe: Pipe,
}

#[derive(Debug, Default)]
struct OneStream {
    kept: Vec<u8>,
    /// The number of bytes that are still wanted.
    room: usize,
    is_piped: bool,
    truncated: bool,
}

impl Streams {
    /// Keeps the first `limit` bytes of each stream, or passes them on.
    pub(super) fn new(limit: usize, pipe: Pipe, is_piped: [bool; 2]) -> Self {
        let both = is_piped.map(|is_piped| OneStream { room: limit, is_piped, ..Default::default() });
        Self { both, pipe }
    }

    /// Takes output. Returns the number of bytes that are on their way to a writer.
    pub(super) fn push(&mut self, stream: LogStream, bytes: &[u8]) -> usize {
        let one = &mut self.both[usize::from(stream == LogStream::Stderr)];
        one.truncated |= bytes.len() > one.room;
        let wanted = &bytes[..bytes.len().min(one.room)];
        one.room -= wanted.len();
        if !one.is_piped {
            one.kept.extend_from_slice(wanted);
            return 0;
        }
        if !wanted.is_empty() {
            self.pipe.push(stream, wanted);
        }
        wanted.len()
    }

    /// Returns the output with the end of the case; its measurements are left out.
    pub(super) fn into_output(self, end: CaseEnd, elapsed: Duration) -> CaseOutput {
        let [stdout, stderr] = self.both;
        CaseOutput {
            end,
            truncated: stdout.truncated || stderr.truncated,
            stdout: stdout.kept,
            stderr: stderr.kept,
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
    use super::super::drain::pipe;
    use super::super::plan::Writers;
    use super::*;

    #[test]
    fn each_stream_is_kept_up_to_the_limit() {
        let mut streams = Streams::new(3, pipe(Writers::default()).0, [false; 2]);
        streams.push(LogStream::Stdout, b"ab");
        streams.push(LogStream::Stderr, b"xyz");
        streams.push(LogStream::Stdout, b"cd");
        let output = streams.into_output(CaseEnd::Exited(0), Duration::ZERO);
        assert_eq!((output.stdout_text(), output.stderr_text()), ("abc".to_owned(), "xyz".to_owned()));
        assert!(output.truncated);
    }
}
