//! The log on stdout: one line of `key=value` pairs per event, in ryuk's form.
//!
//! Clients and tests of all Testcontainers libraries read some of the messages; those are marked as a contract where
//! they are written.
//!
//! A thread of its own writes the lines, because a full pipe that nobody reads must not hold anything up. When too many
//! lines wait, new ones are left out and counted, except errors and the report.

use std::collections::VecDeque;
use std::fmt::{Display, Write as _};
use std::io::Write as _;
use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, SystemTime};

use crate::timestamp;

/// The most bytes that wait to be written.
const MAX_WAITING: usize = 256 << 10;
/// The longest that the end of the program waits for the lines that are not written yet.
const FLUSH_TIMEOUT: Duration = Duration::from_millis(900);
/// The most characters that a line shows of a field's value. A client can send filters of 64 kB.
const MAX_VALUE: usize = 200;

/// The severity of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Details, with `RYUK_VERBOSE` only.
    Debug,
    /// A normal event.
    Info,
    /// An unexpected event that the reaper handles.
    Warn,
    /// The reason why the program ends, or why something is left.
    Error,
}

/// Writes one line: `time=… level=INFO msg="client connected" address=…`. A long value of a field is cut.
///
/// It does not wait: the line is written later, or left out if too many lines wait.
pub fn write(level: Level, message: &str, fields: &[(&str, &dyn Display)]) {
    queue().push(line(level, message, fields), level == Level::Error);
}

/// Writes the reason why the program ends to stdout and stderr.
pub fn fatal(message: &str) {
    write(Level::Error, message, &[]);
    queue().push(Text::Err(format!("error: {message}\n")), true);
}

/// Writes text to stdout as it is.
pub fn print(text: String) {
    queue().push(Text::Out(text), true);
}

/// Waits until everything is written, for 0.9 s at most.
pub fn flush() {
    queue().flush(FLUSH_TIMEOUT);
}

fn line(level: Level, message: &str, fields: &[(&str, &dyn Display)]) -> Text {
    let level = match level {
        Level::Debug => "DEBUG",
        Level::Info => "INFO",
        Level::Warn => "WARN",
        Level::Error => "ERROR",
    };
    let mut line =
        format!("time={} level={level} msg={}", timestamp::rfc3339(SystemTime::now()), quoted(message));
    for (key, value) in fields {
        // Writing to a string cannot fail.
        let _ = write!(line, " {key}={}", quoted(&cut(value.to_string())));
    }
    line.push('\n');
    Text::Out(line)
}

/// Cuts a long text, and states its length.
fn cut(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(MAX_VALUE) {
        let len = text.len();
        text.truncate(end);
        let _ = write!(text, "… ({len} bytes)");
    }
    text
}

/// Returns the text in quotes if it contains what separates fields, else as it is.
fn quoted(text: &str) -> String {
    let plain = |c: char| !c.is_whitespace() && !c.is_control() && c != '"' && c != '=';
    if !text.is_empty() && text.chars().all(plain) { text.to_owned() } else { format!("{text:?}") }
}

/// A text to write, with its stream.
#[derive(Debug)]
enum Text {
    Out(String),
    Err(String),
}

impl Text {
    fn len(&self) -> usize {
        match self {
            Self::Out(text) | Self::Err(text) => text.len(),
        }
    }

    fn write(&self) {
        // A reader that is gone misses it.
        let _ = match self {
            Self::Out(text) => std::io::stdout().lock().write_all(text.as_bytes()),
            Self::Err(text) => std::io::stderr().lock().write_all(text.as_bytes()),
        };
    }
}

#[derive(Debug, Default)]
struct Queue {
    /// Added to by every task, taken from by the writing thread; never held while a text is written.
    waiting: Mutex<Waiting>,
    /// Notified when a text was added, and when one was written.
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Waiting {
    texts: VecDeque<Text>,
    /// The bytes of `texts`, and of the text that is being written.
    bytes: usize,
    /// The lines that were left out since the last one that was added.
    left_out: usize,
}

fn queue() -> &'static Queue {
    static QUEUE: OnceLock<Queue> = OnceLock::new();
    static WRITER: OnceLock<bool> = OnceLock::new();
    let queue = QUEUE.get_or_init(Queue::default);
    let has_writer = WRITER.get_or_init(|| {
        thread::Builder::new().name("log".into()).stack_size(64 << 10).spawn(|| queue.write_all()).is_ok()
    });
    if !has_writer {
        // Without a thread nothing can be logged, and the reaper goes on all the same.
        queue.lock().bytes = MAX_WAITING;
    }
    queue
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a text, unless too much waits and the text may be left out.
    fn push(&self, text: Text, is_required: bool) {
        let mut waiting = self.lock();
        if !is_required && waiting.bytes + text.len() > MAX_WAITING {
            waiting.left_out += 1;
            return;
        }
        if waiting.left_out > 0 {
            let count = std::mem::take(&mut waiting.left_out);
            waiting.push(line(Level::Warn, "nobody was reading the log", &[("lines_left_out", &count)]));
        }
        waiting.push(text);
        drop(waiting);
        self.changed.notify_all();
    }

    /// Writes texts for ever: the work of the thread.
    fn write_all(&self) {
        loop {
            let waiting = self.changed.wait_while(self.lock(), |waiting| waiting.texts.is_empty());
            let mut waiting = waiting.unwrap_or_else(PoisonError::into_inner);
            let Some(text) = waiting.texts.pop_front() else { continue };
            drop(waiting);
            text.write();
            self.lock().bytes -= text.len();
            self.changed.notify_all();
        }
    }

    fn flush(&self, limit: Duration) {
        // A time-out means that nobody reads.
        let _ = self.changed.wait_timeout_while(self.lock(), limit, |waiting| waiting.bytes > 0);
    }
}

impl Waiting {
    fn push(&mut self, text: Text) {
        self.bytes += text.len();
        self.texts.push_back(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_with_separators_are_quoted() {
        for (text, expected) in [("a:1", "a:1"), ("", "\"\""), ("a b", "\"a b\""), ("a\n\"", "\"a\\n\\\"\"")]
        {
            assert_eq!(quoted(text), expected);
        }
    }

    #[test]
    fn a_long_value_is_cut_and_its_length_stated() {
        let Text::Out(line) = line(Level::Info, "adding filter", &[("filter", &"ü".repeat(60_000))]) else {
            panic!("it goes to stdout");
        };
        assert!(line.chars().count() < 300 && line.ends_with("ü… (120000 bytes)\"\n"), "{line}");
        assert_eq!(cut("x".repeat(MAX_VALUE)), "x".repeat(MAX_VALUE));
    }

    #[test]
    fn lines_that_nobody_reads_are_left_out_and_counted_unless_required() {
        // This queue has no writing thread.
        let queue = Queue::default();
        let text = || Text::Out("x".repeat(MAX_WAITING / 2));
        for _ in 0..5 {
            queue.push(text(), false);
        }
        let waiting = queue.lock();
        assert_eq!((waiting.texts.len(), waiting.left_out), (2, 3));
        drop(waiting);
        queue.push(text(), true);
        let waiting = queue.lock();
        assert!(matches!(&waiting.texts[2], Text::Out(line) if line.ends_with("lines_left_out=3\n")));
        assert_eq!((waiting.texts.len(), waiting.left_out), (4, 0));
    }
}
