//! The wait for output: its pattern, streams and number of matches.

use std::fmt;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use tokio::sync::oneshot;

use crate::output::{LogMatcher, LogOutcome, LoosePattern, Pattern, Streams, Watcher};
use crate::words::{Error, Result};

/// Waits for a text or regular expression in the output.
///
/// Output is streamed: each byte is scanned once, memory does not grow with the log, and the container is never
/// blocked.
#[derive(Clone, Debug)]
#[must_use = "a wait does nothing until it is passed to a request"]
pub struct LogWait {
    /// The pattern, or the text of its error.
    pattern: Result<Pattern, String>,
    streams: Streams,
    times: usize,
    from_now: bool,
}

impl LogWait {
    pub(super) fn text(text: String) -> Self {
        Self::new(Pattern::text(text))
    }

    pub(super) fn regex(expression: &str) -> Self {
        Self::new(Pattern::regex(expression))
    }

    fn new(pattern: Result<Pattern>) -> Self {
        // The error's text is kept, since errors can't be cloned.
        Self {
            pattern: pattern.map_err(|error| error.to_string()),
            streams: Streams::Either,
            times: 1,
            from_now: false,
        }
    }

    /// Scans standard output only. Default: both streams.
    pub fn on_stdout(mut self) -> Self {
        self.streams = Streams::Stdout;
        self
    }

    /// Scans standard error only. Default: both streams.
    pub fn on_stderr(mut self) -> Self {
        self.streams = Streams::Stderr;
        self
    }

    /// Waits for the n-th match. Default: 1.
    pub fn times(mut self, times: usize) -> Self {
        self.times = times;
        self
    }

    /// Scans only output printed after the wait begins, for a wait after the start. Default: all output of this run of
    /// the container.
    pub fn from_now(mut self) -> Self {
        self.from_now = true;
        self
    }

    pub(super) fn check(&self) -> Result<()> {
        if let Err(reason) = &self.pattern {
            return Err(Error::invalid(reason.clone()));
        }
        if self.times == 0 {
            return Err(Error::invalid("a log wait for 0 matches would be met at once; wait for at least 1"));
        }
        Ok(())
    }

    /// Makes the search for it in a container's output; `seen` counts its matches.
    pub(super) fn watcher(&self, seen: Arc<AtomicUsize>) -> (Watcher, oneshot::Receiver<LogOutcome>) {
        let (wait, from_now) = (self.clone(), self.from_now);
        Watcher::new(move || wait.matcher(), from_now, seen)
    }

    fn matcher(&self) -> Option<LogMatcher> {
        let times = NonZeroUsize::new(self.times)?;
        self.pattern.as_ref().ok().map(|pattern| LogMatcher::new(pattern.clone(), self.streams, times))
    }

    /// Returns the pattern and streams for the search for near misses. A wait for new output has none, since the log
    /// does not tell new output from old.
    pub(super) fn loose(&self) -> Option<(LoosePattern, Streams)> {
        let pattern = self.pattern.as_ref().ok().filter(|_| !self.from_now)?;
        Some((LoosePattern::new(pattern), self.streams))
    }

    pub(super) fn count_in_words(&self, seen: usize) -> String {
        format!("{seen} of {} seen", self.times)
    }
}

impl fmt::Display for LogWait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.pattern {
            Ok(pattern) => write!(f, "log {pattern}")?,
            Err(reason) => f.write_str(reason)?,
        }
        match self.streams {
            Streams::Stdout => f.write_str(" on stdout")?,
            Streams::Stderr => f.write_str(" on stderr")?,
            Streams::Either => {}
        }
        if self.times > 1 {
            write!(f, ", {} times", self.times)?;
        }
        Ok(())
    }
}
