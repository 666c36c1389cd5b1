//! The log on stdout: one line of `key=value` pairs per event, in ryuk's form.
//!
//! The messages that are marked as a contract where they are written are read by clients and tests of all libraries.
//!
//! A thread of its own writes, since nobody may be reading: a full pipe must not keep anything from being reaped. Lines
//! that find too many before them are left out, and counted; errors and the report are not.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, SystemTime};

use crate::timestamp;

/// The most bytes that wait to be written.
const MAX_WAITING: usize = 256 << 10;
/// How long the program's end waits for them.
const LAST_WORDS: Duration = Duration::from_millis(900);

/// How much an event matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Only with `RYUK_VERBOSE`.
    Debug,
    /// What happens.
    Info,
    /// What should not have happened, and is survived.
    Warn,
    /// What is not survived, or is left.
    Error,
}

/// Writes one line: `time=… level=INFO msg="client connected" address=…`.
///
/// # Cancel safety
/// It does not wait: the line is written later, or left out if too much is to be written before it.
pub fn write(level: Level, message: &str, fields: &[(&str, &dyn std::fmt::Display)]) {
    queue().push(line(level, message, fields), level == Level::Error);
}

/// Says, on stdout and stderr, why the program ends.
pub fn fatal(message: &str) {
    write(Level::Error, message, &[]);
    queue().push(Text::Err(format!("error: {message}\n")), true);
}

/// Prints text as it is.
pub fn print(text: String) {
    queue().push(Text::Out(text), true);
}

/// Waits until all is written, but not for long.
pub fn flush() {
    queue().flush(LAST_WORDS);
}

fn line(level: Level, message: &str, fields: &[(&str, &dyn std::fmt::Display)]) -> Text {
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
        let _ = write!(line, " {key}={}", quoted(&value.to_string()));
    }
    line.push('\n');
    Text::Out(line)
}

/// The text as it is, or in quotes where it would be torn apart.
fn quoted(text: &str) -> String {
    let plain = |c: char| !c.is_whitespace() && !c.is_control() && c != '"' && c != '=';
    if !text.is_empty() && text.chars().all(plain) { text.to_owned() } else { format!("{text:?}") }
}

/// What is to be written, and where.
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
        // Who is not reading any more misses it.
        let _ = match self {
            Self::Out(text) => std::io::stdout().lock().write_all(text.as_bytes()),
            Self::Err(text) => std::io::stderr().lock().write_all(text.as_bytes()),
        };
    }
}

#[derive(Debug, Default)]
struct Queue {
    /// Everybody adds, the thread that writes takes; never held while something is written.
    waiting: Mutex<Waiting>,
    /// Rung when something is to be written, and when all was.
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Waiting {
    texts: VecDeque<Text>,
    /// Those of `texts`, and of what is being written.
    bytes: usize,
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
        // No thread to be had: nothing can be logged, and reaping goes on all the same.
        queue.lock().bytes = MAX_WAITING;
    }
    queue
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, text: Text, matters: bool) {
        let mut waiting = self.lock();
        if !matters && waiting.bytes + text.len() > MAX_WAITING {
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

    /// The thread's work.
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
        // A time-out is no failure: then nobody reads.
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
    fn values_are_quoted_where_they_would_be_torn_apart() {
        for (text, expected) in [("a:1", "a:1"), ("", "\"\""), ("a b", "\"a b\""), ("a\n\"", "\"a\\n\\\"\"")]
        {
            assert_eq!(quoted(text), expected);
        }
    }

    #[test]
    fn what_nobody_reads_is_left_out_and_counted_but_for_what_matters() {
        // Without a thread that writes.
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
