//! Searches a container's streamed output for a text or a regular expression. It does no I/O and has no deadline.
//!
//! A text is searched for in the raw bytes: across frames and lines, and on an unfinished line. A regex is matched
//! against one line at a time, without its line end; against an unfinished line only when the output pauses
//! ([`LogMatcher::idle`]) or ends ([`LogMatcher::finish`]). Matches don't overlap, and are counted separately for each
//! stream.
//!
//! Each byte is looked at once, and what is kept does not grow with the log: for a text its own length and 4 KiB, for
//! a regex the line that is not at its end, at most [`MAX_LINE`](super::by_line::MAX_LINE).

use std::fmt;
use std::num::NonZeroUsize;

use super::by_line::{LineScan, MAX_LINE};
use super::pattern::{Kind, Pattern};
use super::text::TextScan;
use crate::words::LogStream;

/// The streams that a log wait scans.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Streams {
    /// Standard output only.
    Stdout,
    /// Standard error only.
    Stderr,
    /// Both, each separately. Their matches are added up.
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

/// The match of a log wait.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogMatch {
    /// The stream with the match.
    pub stream: LogStream,
    /// The matched text. Invalid UTF-8 is replaced.
    pub text: String,
    /// The regex's groups by number. The first is the whole match; `None` stands for a group that did not participate.
    pub captures: Vec<Option<String>>,
    /// The line with the match, as far as it has been received: at most 4 KiB of it, and at most 2 KiB in front of the
    /// match.
    pub line: String,
    names: Vec<(String, usize)>,
}

impl LogMatch {
    /// Returns the text of the group `(?<name>…)`, or `None` if there is no such group, or it did not participate.
    #[must_use]
    pub fn name(&self, name: &str) -> Option<&str> {
        let (_, group) = self.names.iter().find(|(known, _)| known == name)?;
        self.captures.get(*group)?.as_deref()
    }
}

/// A match without its stream.
#[derive(Debug)]
pub(super) struct Hit {
    pub(super) captures: Vec<Option<String>>,
    pub(super) names: Vec<(String, usize)>,
    pub(super) line: String,
}

/// A search for the n-th match of a pattern in a container's output.
#[derive(Debug)]
pub(crate) struct LogMatcher {
    pattern: Pattern,
    streams: Streams,
    times: usize,
    seen: usize,
    stdout: Scan,
    stderr: Scan,
}

/// The state of the search in one stream.
#[derive(Debug)]
enum Scan {
    Text(TextScan),
    Lines(LineScan),
}

/// An event of a stream.
#[derive(Clone, Copy)]
enum Event<'a> {
    Chunk(&'a [u8]),
    Idle,
    End,
}

impl LogMatcher {
    /// Creates a matcher for the start of the output, which searches for match number `times`.
    pub(crate) fn new(pattern: Pattern, streams: Streams, times: NonZeroUsize) -> Self {
        let scan = || match pattern.kind() {
            Kind::Text(_) => Scan::Text(TextScan::default()),
            Kind::Regex(_) => Scan::Lines(LineScan::new(MAX_LINE)),
        };
        let (stdout, stderr) = (scan(), scan());
        Self { pattern, streams, times: times.get(), seen: 0, stdout, stderr }
    }

    /// Returns the number of matches so far. It stops at the number that is searched for.
    pub(crate) fn seen(&self) -> usize {
        self.seen
    }

    /// Scans the next bytes of a stream.
    ///
    /// The match that is searched for is returned once. Later output is not scanned.
    pub(crate) fn feed(&mut self, stream: LogStream, chunk: &[u8]) -> Option<LogMatch> {
        self.step(stream, Event::Chunk(chunk))
    }

    /// Matches a regex against unfinished lines, such as a prompt. To be called when the output pauses.
    ///
    /// A match found here is not counted again when its line ends, even if the finished line does not match.
    pub(crate) fn idle(&mut self) -> Option<LogMatch> {
        self.step(LogStream::Stdout, Event::Idle).or_else(|| self.step(LogStream::Stderr, Event::Idle))
    }

    /// Matches a regex against the last, unfinished lines. To be called when the output has ended.
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
