//! The agent: a static program that Seatrial copies into containers. This crate holds it as bytes and does not run it.
//!
//! The program needs nothing of an image, neither a C library nor a shell nor `/tmp`, only `/proc`. It has these
//! commands:
//!
//! ```text
//! agent end MARK[@PID]…
//! ```
//!
//! kills commands with all their processes. Each command that Seatrial runs in a container has a mark in its
//! environment, by which the program finds its processes. It prints on one line how many it killed and how many are
//! left, and exits with 0 if none is left.
//!
//! ```text
//! agent serve
//! ```
//!
//! runs cases: commands that come as frames (`seatrial_core::case`) on standard input. Each case is run by a worker, a
//! process of its own that becomes the parent of the case's orphans, so that the processes that a case leaves are
//! known.
//!
//! ```text
//! agent main
//! ```
//!
//! does the same as a container's main process, which keeps the container running.
//!
//! ```text
//! agent put
//! agent get PATH
//! agent await PATH
//! ```
//!
//! write files from a tar archive, read them as one, and wait for a path, as the container's processes see it.
//!
//! The program's source is in `program/`; `program/main.rs` describes it in detail.

mod embedded;

pub use embedded::{LONGEST_MARK, MOST_MARKS, PROGRAM, VARIABLE, architecture};

/// The modules of the program that make no system calls, for their tests.
#[cfg(test)]
mod program {
    mod ending;
    pub(crate) mod environ;
    mod input;
    mod mark;
    mod mounts;
    mod number;
    mod path;
    mod search;
    mod stat;
    mod table;
    #[expect(dead_code, reason = "the program uses what the tests do not")]
    mod tar;
    // It cannot be built here, since it has no standard library; it is named so that `cargo fmt` finds it.
    #[cfg(any())]
    mod main;
}
