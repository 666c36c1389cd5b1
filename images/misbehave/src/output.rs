//! Prints lines, floods and time stamps. Each piece is written to the kernel at once.

use std::io::{self, Read, Write};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::value::{Stream, Times};

/// The size of a write when speed matters, in bytes.
const CHUNK: usize = 64 * 1024;

/// The streams that the printing steps print to.
pub(crate) struct Output {
    pub(crate) stream: Stream,
}

impl Output {
    /// Writes a piece and flushes it; to stdout first if both streams are selected.
    pub(crate) fn write(&self, piece: &[u8]) -> io::Result<()> {
        if matches!(self.stream, Stream::Stdout | Stream::Both) {
            let mut stdout = io::stdout().lock();
            stdout.write_all(piece)?;
            stdout.flush()?;
        }
        if matches!(self.stream, Stream::Stderr | Stream::Both) {
            io::stderr().lock().write_all(piece)?;
        }
        Ok(())
    }

    /// Writes a text and a newline in one piece.
    pub(crate) fn line(&self, text: &str) -> io::Result<()> {
        self.write(format!("{text}\n").as_bytes())
    }

    /// Writes a text, the time and a newline. The clock is read last.
    pub(crate) fn stamp(&self, text: &str) -> io::Result<()> {
        self.line(&format!("{text} {}", now_ns()))
    }

    /// Prints `<word> 1` to `<word> <count>`, or without end, in large writes.
    pub(crate) fn lines(&self, word: &str, count: Times) -> io::Result<()> {
        let mut chunk = Vec::with_capacity(CHUNK + 64);
        let mut number = 0_u64;
        while count != Times::Count(number) {
            number = number.wrapping_add(1);
            writeln!(chunk, "{word} {number}")?;
            if chunk.len() >= CHUNK {
                self.write(&chunk)?;
                chunk.clear();
            }
        }
        self.write(&chunk)
    }

    /// Prints `x` this many times.
    pub(crate) fn bytes(&self, mut count: u64) -> io::Result<()> {
        let chunk = [b'x'; CHUNK];
        while count > 0 {
            let part = usize::try_from(count).unwrap_or(CHUNK).min(CHUNK);
            self.write(&chunk[..part])?;
            count -= part as u64;
        }
        Ok(())
    }

    /// Prints `tick <n> <ns>` on a schedule that does not drift.
    pub(crate) fn ticks(&self, interval: Duration, count: Times) -> io::Result<()> {
        let mut due = Instant::now();
        let mut number = 0_u64;
        while count != Times::Count(number) {
            number += 1;
            self.stamp(&format!("tick {number}"))?;
            due += interval;
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
        }
        Ok(())
    }

    /// Prints everything that a reader has.
    pub(crate) fn copy(&self, mut from: impl Read) -> io::Result<()> {
        let mut chunk = vec![0; CHUNK];
        loop {
            match from.read(&mut chunk)? {
                0 => return Ok(()),
                length => self.write(&chunk[..length])?,
            }
        }
    }
}

/// Returns the time of the realtime clock, in nanoseconds since 1970.
fn now_ns() -> u128 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos()
}
