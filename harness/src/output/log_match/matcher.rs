//! Finds a text or a regex in a container's output while it streams by; it reads no stream and knows no deadline.
//!
//! A text is looked for in the bytes as they come: over frames, over lines, on a line that has no end yet. A regex is
//! looked for in one line at a time, without its line end; on a line that has no end yet only when the output pauses
//! ([`LogMatcher::idle`]) or ends ([`LogMatcher::finish`]). Occurrences are counted as they don't overlap, on each
//! stream by itself.
//!
//! Each byte is looked at once, and what is kept does not grow with the log: for a text its own length and 4 KiB, for
//! a regex the line that is not at its end, at most [`MAX_LINE`](super::by_line::MAX_LINE).

use std::fmt;
use std::num::NonZeroUsize;

use super::by_line::{LineScan, MAX_LINE};
use super::pattern::{Kind, Pattern};
use super::text::TextScan;
use crate::words::LogStream;

/// Which streams a log wait looks at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Streams {
    /// Standard output only.
    Stdout,
    /// Standard error only.
    Stderr,
    /// Both, each by itself; their occurrences are added up.
    #[default]
    Either,
}

impl Streams {
    pub(crate) fn holds(self, stream: LogStream) -> bool {
        match self {
            Self::Stdout => stream == LogStream::Stdout,
            Self::Stderr => stream == LogStream::Stderr,
            Self::Either => true,
        }
    }
}

impl fmt::Display for Streams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
            Self::Either => "stdout or stderr",
        })
    }
}

/// What a log wait found.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogMatch {
    /// Where it was printed.
    pub stream: LogStream,
    /// The text that matched; what is not UTF-8 is replaced.
    pub text: String,
    /// The regex's groups by number, the first being the whole match; `None` for one that took no part.
    pub captures: Vec<Option<String>>,
    /// The line that holds the match, as far as it had come: at most 4 KiB of it, from at most 2 KiB before the match.
    pub line: String,
    names: Vec<(String, usize)>,
}

impl LogMatch {
    /// The text of the group `(?<name>…)`; `None` if there is none of that name, or it took no part.
    #[must_use]
    pub fn name(&self, name: &str) -> Option<&str> {
        let (_, group) = self.names.iter().find(|(known, _)| known == name)?;
        self.captures.get(*group)?.as_deref()
    }
}

/// A match of which the stream is not known yet.
#[derive(Debug)]
pub(super) struct Hit {
    pub(super) captures: Vec<Option<String>>,
    pub(super) names: Vec<(String, usize)>,
    pub(super) line: String,
}

/// Looks for the n-th occurrence of a pattern in a container's output, and ends when it has found it.
#[derive(Debug)]
pub(crate) struct LogMatcher {
    pattern: Pattern,
    streams: Streams,
    times: usize,
    seen: usize,
    stdout: Scan,
    stderr: Scan,
}

/// How far the search in one stream is.
#[derive(Debug)]
enum Scan {
    Text(TextScan),
    Lines(LineScan),
}

/// What happens to a stream.
#[derive(Clone, Copy)]
enum Event<'a> {
    Chunk(&'a [u8]),
    Idle,
    End,
}

impl LogMatcher {
    /// A matcher at the start of the output, which looks for the occurrence number `times`.
    pub(crate) fn new(pattern: Pattern, streams: Streams, times: NonZeroUsize) -> Self {
        let scan = || match pattern.kind() {
            Kind::Text(_) => Scan::Text(TextScan::default()),
            Kind::Regex(_) => Scan::Lines(LineScan::new(MAX_LINE)),
        };
        let (stdout, stderr) = (scan(), scan());
        Self { pattern, streams, times: times.get(), seen: 0, stdout, stderr }
    }

    /// How many occurrences there were until now. It stays at the number that was looked for.
    pub(crate) fn seen(&self) -> usize {
        self.seen
    }

    /// Takes the next bytes of a stream.
    ///
    /// The occurrence that is looked for is returned once; what comes after it is not looked at.
    pub(crate) fn feed(&mut self, stream: LogStream, chunk: &[u8]) -> Option<LogMatch> {
        self.step(stream, Event::Chunk(chunk))
    }

    /// Tries a regex on lines that have no end yet, for a prompt: to be called when the output pauses.
    ///
    /// What matches there is not counted again when its line ends, even if it would not match then.
    pub(crate) fn idle(&mut self) -> Option<LogMatch> {
        self.step(LogStream::Stdout, Event::Idle).or_else(|| self.step(LogStream::Stderr, Event::Idle))
    }

    /// Tries a regex on the last lines, if they had no end: to be called when the output has ended.
    pub(crate) fn finish(&mut self) -> Option<LogMatch> {
        self.step(LogStream::Stdout, Event::End).or_else(|| self.step(LogStream::Stderr, Event::End))
    }

    fn step(&mut self, stream: LogStream, event: Event<'_>) -> Option<LogMatch> {
        let mut left = self.times - self.seen;
        if left == 0 || !self.streams.holds(stream) {
            return None;
        }
        let scan = match stream {
            LogStream::Stdout => &mut self.stdout,
            LogStream::Stderr => &mut self.stderr,
        };
        let hit = match (scan, self.pattern.kind(), event) {
            (Scan::Text(scan), Kind::Text(finder), Event::Chunk(chunk)) => {
                scan.feed(finder, chunk, &mut left)
            }
            (Scan::Lines(scan), Kind::Regex(regex), Event::Chunk(chunk)) => {
                scan.feed(regex, chunk, &mut left)
            }
            (Scan::Lines(scan), Kind::Regex(regex), Event::Idle) => scan.idle(regex, &mut left),
            (Scan::Lines(scan), Kind::Regex(regex), Event::End) => scan.finish(regex, &mut left),
            (Scan::Text(_), Kind::Text(_), Event::Idle | Event::End) => None,
            (Scan::Text(_), Kind::Regex(_), _) | (Scan::Lines(_), Kind::Text(_), _) => {
                unreachable!("a scan is of its pattern's kind")
            }
        };
        self.seen = self.times - left;
        hit.map(|Hit { captures, names, line }| {
            let text = captures.first().cloned().flatten().unwrap_or_default();
            LogMatch { stream, text, captures, line, names }
        })
    }
}
