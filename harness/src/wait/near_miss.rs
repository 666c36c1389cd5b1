//! The search for output that nearly meets a log wait, for the report of a failed wait.

use std::sync::{Arc, OnceLock};

use super::LogWait;
use crate::output::{Likeness, LoosePattern, Streams};
use crate::words::{LogStream, quoted};

/// The output that nearly met a log wait, as text. Written once, by the search; read by the report.
pub(super) type NearMiss = Arc<OnceLock<String>>;

/// The search for one log wait.
#[derive(Debug)]
struct Search {
    pattern: LoosePattern,
    streams: Streams,
    found: NearMiss,
}

/// The search for all log waits of a condition.
#[derive(Debug, Default)]
pub(crate) struct NearMisses(Vec<Search>);

impl NearMisses {
    /// Adds a log wait. The search writes to `found`.
    pub(super) fn add(&mut self, log: &LogWait, found: &NearMiss) {
        if let Some((pattern, streams)) = log.loose() {
            self.0.push(Search { pattern, streams, found: found.clone() });
        }
    }

    /// Compares a line of the output with each log wait.
    pub(crate) fn compare(&self, stream: LogStream, line: &str) {
        for search in &self.0 {
            if search.found.get().is_some() {
                continue;
            }
            let text = match (search.streams.holds(stream), search.pattern.compare(line)) {
                (true, Likeness::Near) => format!("{} differs in case or spaces", quoted(line)),
                (false, Likeness::Same) => format!("{} is on {stream}", quoted(line)),
                _ => continue,
            };
            search.found.set(text).ok();
        }
    }
}
