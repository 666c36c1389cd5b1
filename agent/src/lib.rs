//! Seatrial's helper inside of containers, as bytes to be copied there; it copies and runs nothing itself.
//!
//! The program is static and needs nothing of an image: no C library, no shell, no `/tmp`, only `/proc`. What it does
//! is in `program/main.rs`. Each command that Seatrial runs in a container carries a mark in its environment; the
//! program ends all processes that carry one, and what came of them:
//!
//! ```text
//! agent end MARK[@PID]…
//! ```
//!
//! It says on one line how many it ended and how many are left, and exits with 0 if none is.
//!
//! ```text
//! agent serve
//! ```
//!
//! runs cases: commands that come as frames (`seatrial_core::case`) on standard input. Each is looked after by a worker,
//! a process of its own, which is the parent of the case's orphans, so that it knows what the case left behind.
//!
//! ```text
//! agent main
//! ```
//!
//! does the same as a container's main process, which keeps the container running.

/// The program, for Linux on the architecture that this crate was built for; empty where there is none.
pub const PROGRAM: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/agent"));

/// The variable that holds a command's mark.
pub const VARIABLE: &str = "SEATRIAL_EXEC";

/// The longest mark, in bytes.
pub const LONGEST_MARK: usize = 64;

/// How many marks the program takes at once.
pub const MOST_MARKS: usize = 64;

/// The architecture that [`PROGRAM`] is for, in the engines' words: `amd64` or `arm64`; nothing where there is none.
#[must_use]
pub fn architecture() -> Option<&'static str> {
    match PROGRAM {
        [] => None,
        _ if cfg!(target_arch = "x86_64") => Some("amd64"),
        _ if cfg!(target_arch = "aarch64") => Some("arm64"),
        _ => None,
    }
}

/// The parts of the program that make no system calls, so that they are tested like any others.
#[cfg(test)]
mod program {
    mod ending;
    pub(crate) mod environ;
    mod input;
    mod mark;
    mod mounts;
    mod number;
    mod search;
    mod stat;
    mod table;
    // Not built here, since it has no standard library; named so that `cargo fmt` finds it.
    #[cfg(any())]
    mod main;
}

#[cfg(test)]
mod tests {
    use super::program::environ;
    use super::*;

    #[test]
    fn the_program_and_the_library_agree_on_the_mark() {
        assert_eq!(environ::VARIABLE, format!("{VARIABLE}=").as_bytes());
        assert_eq!(environ::LONGEST, LONGEST_MARK);
    }

    #[test]
    fn the_program_is_small() {
        assert!(!PROGRAM.is_empty(), "it is built for this target");
        assert!(PROGRAM.len() < 40_000, "{} bytes", PROGRAM.len());
    }
}
