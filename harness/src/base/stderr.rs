//! Messages for the user on standard error, past a test runner's capture.

use std::io::{self, Write};

/// Writes a text to stderr, ignoring errors. `eprint` would not do: a test runner captures it and shows it for failed
/// tests alone, and it panics where stderr is closed.
pub(crate) fn tell(text: &str) {
    io::stderr().write_all(text.as_bytes()).ok();
}
