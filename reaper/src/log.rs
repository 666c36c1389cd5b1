//! The log on stdout: one line of `key=value` pairs per event, in ryuk's form.
//!
//! The messages that are marked as a contract where they are written are read by clients and tests of all libraries.

use std::fmt::Write as _;
use std::io::Write as _;
use std::time::SystemTime;

use crate::timestamp;

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
pub fn write(level: Level, message: &str, fields: &[(&str, &dyn std::fmt::Display)]) {
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
    // Nobody may be reading any more; reaping goes on all the same.
    let _ = std::io::stdout().lock().write_all(line.as_bytes());
}

/// Says, on stdout and stderr, why the program ends.
pub fn fatal(message: &str) {
    write(Level::Error, message, &[]);
    let _ = writeln!(std::io::stderr(), "error: {message}");
}

/// The text as it is, or in quotes where it would be torn apart.
fn quoted(text: &str) -> String {
    let plain = |c: char| !c.is_whitespace() && !c.is_control() && c != '"' && c != '=';
    if !text.is_empty() && text.chars().all(plain) { text.to_owned() } else { format!("{text:?}") }
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
}
