//! Waits for the removal of containers, networks and volumes by the engine's events.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::raw::Raw;

/// The limit for the time between two events.
const SILENCE_LIMIT: Duration = Duration::from_secs(60);
/// `{"event":["destroy"]}`, percent-encoded.
const FILTERS: &str = "%7B%22event%22%3A%5B%22destroy%22%5D%7D";

/// A stream of `destroy` events.
#[derive(Debug)]
pub(crate) struct Departures(BufReader<UnixStream>);

impl Departures {
    /// Opens the stream, which has all removals from now on.
    pub(crate) fn watch(raw: &Raw) -> Result<Self> {
        let mut stream = UnixStream::connect(raw.engine().socket())?;
        stream.set_read_timeout(Some(SILENCE_LIMIT))?;
        write!(stream, "GET /events?filters={FILTERS} HTTP/1.0\r\n\r\n")?;
        let mut reader = BufReader::new(stream);
        let mut line = String::new();
        // The engine sends the response head after it has subscribed.
        while line != "\r\n" {
            line.clear();
            ensure!(reader.read_line(&mut line)? > 0, "the engine gives no events");
        }
        Ok(Self(reader))
    }

    /// Waits until all resources with these ids (for volumes, their names) are removed. Returns the time when the last
    /// event was read.
    pub(crate) fn wait_for(mut self, ids: &[String]) -> Result<Instant> {
        let mut awaited: BTreeSet<&str> = ids.iter().map(String::as_str).collect();
        while !awaited.is_empty() {
            let mut line = String::new();
            let read = self.0.read_line(&mut line);
            let length = read.with_context(|| format!("{} are still there", awaited.len()))?;
            ensure!(length > 0, "the events ended with {} still there", awaited.len());
            let event: Value = serde_json::from_str(&line)?;
            awaited.remove(event["Actor"]["ID"].as_str().unwrap_or_default());
        }
        Ok(Instant::now())
    }
}
