//! Container names (C2): generated from the current test, or validated. Only the engine knows if one is taken.

use std::path::Path;
use std::thread;

use super::test_scope::TestScope;
use crate::words::{Error, Result};

/// The maximum length of a name, in characters.
const MAX_LEN: usize = 128;

/// The maximum length of a generated name, in characters: containers find each other by name, and a DNS label is not
/// longer.
const MAX_GENERATED: usize = 63;

/// The number of random characters at the end of a generated name. 36⁸ values suffice for thousands of containers of
/// one test.
const RANDOM_LEN: usize = 8;

/// Generates a unique name that states its origin: `<test or program name>-<random>`.
pub(crate) fn default_name() -> String {
    generated(&caller_name(), rand::random())
}

/// Returns the name of the test that this thread runs, else that of the program.
///
/// `#[seatrial::test]` tells the name. Without it, the thread's own is a guess: libtest names each thread after its test.
/// The names of a runtime's threads are ignored, since they don't identify a test.
pub(crate) fn caller_name() -> String {
    if let Some(test) = TestScope::current() {
        return test.name().to_owned();
    }
    let thread = thread::current();
    match thread.name() {
        Some(name) if name != "main" && !name.starts_with("tokio-") => name.to_owned(),
        _ => {
            let program = std::env::args_os().next().unwrap_or_default();
            program_name(&Path::new(&program).file_stem().unwrap_or_default().to_string_lossy()).to_owned()
        }
    }
}

/// Strips the hash that cargo appends to the names of test programs.
fn program_name(stem: &str) -> &str {
    match stem.rsplit_once('-') {
        Some((name, hash)) if hash.len() == 16 && hash.bytes().all(|b| b.is_ascii_hexdigit()) => name,
        _ => stem,
    }
}

/// Makes a random name for a network or volume: `seatrial-<kind>-<12 hexadecimal digits>`.
pub(crate) fn random_name(kind: &str) -> String {
    format!("seatrial-{kind}-{:012x}", rand::random::<u64>() >> 16)
}

fn generated(caller: &str, random: u64) -> String {
    let name = cleaned(caller);
    // Cut at the front: the end of a test's path tells it from others, while the start is common to many.
    let cut = name.len().saturating_sub(MAX_GENERATED - RANDOM_LEN - 1);
    let name = name[cut..].trim_start_matches(['-', '_', '.']);
    let name = if name.is_empty() { "container" } else { name };
    format!("{name}-{}", base36(random))
}

/// Replaces each run of characters that are invalid in a name by one hyphen. The result is ASCII.
fn cleaned(text: &str) -> String {
    let parts = text.split(|c: char| !is_allowed(c)).filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join("-").trim_end_matches(['-', '_', '.']).to_owned()
}

fn base36(mut number: u64) -> String {
    let digit = |_| {
        let digit = char::from_digit((number % 36) as u32, 36).expect("below the radix");
        number /= 36;
        digit
    };
    (0..RANDOM_LEN).map(digit).collect()
}

fn is_allowed(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-')
}

/// Validates a name given by the user.
///
/// # Errors
/// Invalid, if an engine would refuse it. The message names the invalid character or the length.
pub(crate) fn check_name(name: &str) -> Result<()> {
    let shown = name.escape_debug();
    let problem = match name.chars().find(|c| !is_allowed(*c)) {
        Some(bad) => {
            format!(
                "container name `{shown}` contains {bad:?}; allowed are letters, digits, `_`, `.` and `-`"
            )
        }
        None if name.is_empty() => "container name is empty".to_owned(),
        None if !name.starts_with(|c: char| c.is_ascii_alphanumeric()) => {
            format!("container name `{shown}` should begin with a letter or a digit")
        }
        None if name.len() == 1 => {
            format!("container name `{shown}` is too short; Docker requires 2 characters")
        }
        None if name.len() > MAX_LEN => {
            let length = name.len();
            format!("container name of {length} characters is too long; at most {MAX_LEN} are allowed")
        }
        None => return Ok(()),
    };
    Err(Error::invalid(problem))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_generated_name_says_who_asked() {
        for (caller, name) in [
            ("tests::it_works", "tests-it_works-00000000"),
            ("a b/c", "a-b-c-00000000"),
            ("__x__", "x-00000000"),
            ("wörld", "w-rld-00000000"),
            ("", "container-00000000"),
            ("::", "container-00000000"),
            ("日本", "container-00000000"),
        ] {
            assert_eq!(generated(caller, 0), name, "{caller:?}");
        }
    }

    #[test]
    fn a_long_caller_is_cut_at_its_start() {
        let name = generated(&format!("{}::the_test", "module::".repeat(20)), 0);
        assert!(name.len() <= MAX_GENERATED && name.ends_with("-the_test-00000000"), "{name}");
    }

    #[test]
    fn the_caller_is_the_test() {
        assert!(caller_name().ends_with("name::tests::the_caller_is_the_test"), "{}", caller_name());
        let name = thread::Builder::new().name("main".into()).spawn(caller_name).expect("spawned").join();
        let program = name.expect("no panic");
        assert!(program.starts_with("seatrial") && !program.contains('-'), "{program}");
    }

    #[test]
    fn cargo_s_hash_is_not_part_of_a_program_s_name() {
        assert_eq!(program_name("pool_tests-0123456789abcdef"), "pool_tests");
        assert_eq!(program_name("pool-tests"), "pool-tests");
    }

    #[test]
    fn two_names_of_one_caller_differ() {
        assert_ne!(default_name(), default_name());
    }

    #[test]
    fn a_bad_name_is_refused_with_what_is_wrong() {
        for (name, reason) in [
            ("", "is empty"),
            ("a", "2 characters"),
            ("a b", "contains ' '"),
            ("a/b", "contains '/'"),
            ("ü", "contains 'ü'"),
            ("a\n", r"`a\n` contains '\n'"),
            ("_a", "begin with a letter or a digit"),
            ("-a", "begin with a letter or a digit"),
            (&"x".repeat(129), "129 characters"),
        ] {
            let error = check_name(name).expect_err(name);
            assert!(error.is_invalid() && error.to_string().contains(reason), "{error}");
        }
    }

    proptest! {
        #[test]
        fn every_generated_name_passes_the_check(caller in ".*", random: u64) {
            let name = generated(&caller, random);
            prop_assert!(check_name(&name).is_ok(), "{}", name);
            prop_assert!(name.len() <= MAX_GENERATED);
        }

        #[test]
        fn a_caller_of_allowed_characters_passes_too(caller in "[a-zA-Z0-9_.-]{0,200}", random: u64) {
            prop_assert!(check_name(&generated(&caller, random)).is_ok());
        }

        #[test]
        fn every_name_of_docker_s_pattern_passes(name in "[a-zA-Z0-9][a-zA-Z0-9_.-]{1,127}") {
            prop_assert!(check_name(&name).is_ok());
        }
    }
}
