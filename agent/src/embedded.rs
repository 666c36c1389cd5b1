//! The program's bytes, and its limits.

/// The program, for Linux on the architecture that this crate was built for; empty on other systems and architectures.
pub const PROGRAM: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/agent"));

/// The environment variable that holds a command's mark.
pub const VARIABLE: &str = "SEATRIAL_EXEC";

/// The longest mark, in bytes.
pub const LONGEST_MARK: usize = 64;

/// The most marks that one call of `agent end` takes.
pub const MOST_MARKS: usize = 64;

/// Returns the architecture of [`PROGRAM`] in Docker's terms, `amd64` or `arm64`; nothing if there is no program.
#[must_use]
pub fn architecture() -> Option<&'static str> {
    match PROGRAM {
        [] => None,
        _ if cfg!(target_arch = "x86_64") => Some("amd64"),
        _ if cfg!(target_arch = "aarch64") => Some("arm64"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::environ;

    #[test]
    fn the_program_and_the_library_agree_on_the_mark() {
        assert_eq!(environ::VARIABLE, format!("{VARIABLE}=").as_bytes());
        assert_eq!(environ::LONGEST, LONGEST_MARK);
    }

    #[test]
    fn the_program_is_small() {
        assert!(!PROGRAM.is_empty(), "it is built for this target");
        assert!(PROGRAM.len() < 48_000, "{} bytes", PROGRAM.len());
    }
}
