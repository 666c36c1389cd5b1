//! Determines the session that this process belongs to (X1). The syntax of an id is defined in the core.

use std::fs;
use std::os::unix::process::parent_id;

use seatrial_core::SessionId;
use uuid::Uuid;

use super::reader::Reader;
use super::setting::Setting;
use crate::config::Config;
use crate::words::{Error, Result};

/// A unique identity of a process, across boots and machines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ParentProcess {
    /// The program's name, as the kernel keeps it.
    pub(crate) name: String,
    pub(crate) pid: u32,
    /// The start time in clock ticks since the machine's boot.
    pub(crate) started: u64,
    /// The machine's boot and the pid namespace, since pids are only unique within both.
    pub(crate) place: String,
}

/// Returns the session of this process: the one that a variable names, else that of `cargo test`, else a new one.
///
/// `parent` is called only if no variable names a session. All test programs of one `cargo test` have the same parent,
/// and so the same session. Under `cargo nextest`, a variable names the run.
pub(crate) fn session_id(
    config: &Config,
    parent: impl FnOnce() -> Option<ParentProcess>,
) -> Setting<SessionId> {
    if let Some(named) = &config.session {
        return named.clone();
    }
    let (text, source) = match parent().filter(|parent| parent.name == "cargo") {
        Some(cargo) => (of_cargo(&cargo), "the `cargo` that started this process"),
        None => (Uuid::new_v4().simple().to_string(), "chosen at random"),
    };
    Setting::new(SessionId::new(text).expect("made of allowed characters"), source)
}

/// Returns the session that a variable names, if any.
///
/// # Errors
/// Invalid, if the first variable that is set does not contain a session id.
pub(crate) fn from_variables(reader: &Reader<'_>) -> Result<Option<Setting<SessionId>>> {
    let variables = ["SEATRIAL_SESSION_ID", "TESTCONTAINERS_SESSION_ID", "NEXTEST_RUN_ID"];
    let Some(Setting { value, source }) = reader.text(&variables, &[]) else { return Ok(None) };
    match SessionId::new(value) {
        Ok(id) => Ok(Some(Setting { value: id, source })),
        Err(error) => Err(Error::invalid(format!("{source} can't be used: {error}"))),
    }
}

fn of_cargo(cargo: &ParentProcess) -> String {
    format!("cargo-{}-{}-{:016x}", cargo.pid, cargo.started, fnv1a(cargo.place.as_bytes()))
}

/// Computes a hash that is the same in every build, since the programs of one run may be built by different compilers.
pub(crate) fn fnv1a(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3))
}

/// Reads this process's parent from `/proc`. Returns `None` if it is not readable.
pub(crate) fn parent_process() -> Option<ParentProcess> {
    let pid = parent_id();
    let (name, started) = parse_stat(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)?;
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    // Containers of one machine share its boot, but not the pids.
    let space = fs::read_link("/proc/self/ns/pid").unwrap_or_default();
    Some(ParentProcess { name, pid, started, place: format!("{} {}", boot.trim(), space.display()) })
}

/// Parses the program's name and start time in `/proc/<pid>/stat`.
pub(crate) fn parse_stat(stat: &str) -> Option<(String, u64)> {
    // The name is in parentheses and may contain any character, including parentheses.
    let (before, after) = stat.rsplit_once(')')?;
    let (_, name) = before.split_once('(')?;
    // The start time is field 22. The first field after the name is the state, field 3.
    let started = after.split_ascii_whitespace().nth(22 - 3)?;
    Some((name.to_owned(), started.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn process(name: &str, place: &str) -> ParentProcess {
        ParentProcess { name: name.to_owned(), pid: 12, started: 34, place: place.to_owned() }
    }

    #[test]
    fn variables_are_asked_in_their_order_and_the_parent_is_not() {
        let all = [
            ("NEXTEST_RUN_ID", "run"),
            ("TESTCONTAINERS_SESSION_ID", "theirs"),
            ("SEATRIAL_SESSION_ID", "ours"),
        ];
        for (env, id, source) in [
            (&all[..], "ours", "`SEATRIAL_SESSION_ID`"),
            (&all[..2], "theirs", "`TESTCONTAINERS_SESSION_ID`"),
            (&all[..1], "run", "`NEXTEST_RUN_ID`"),
        ] {
            let session = session_id(&Config::of(env, "").expect("valid"), || panic!("the parent was asked"));
            assert_eq!((session.value.as_str(), session.source.as_str()), (id, source));
        }
    }

    #[test]
    fn a_bad_id_is_refused_by_its_variable() {
        let error = Config::of(&[("TESTCONTAINERS_SESSION_ID", "a b")], "").expect_err("a blank").to_string();
        assert!(
            error.starts_with("`TESTCONTAINERS_SESSION_ID` can't be used: session id `a b` holds"),
            "{error}"
        );
    }

    #[test]
    fn cargo_s_children_share_a_session_and_no_others_do() {
        let config = Config::of(&[], "").expect("valid");
        let id = |parent: ParentProcess| session_id(&config, || Some(parent)).value;
        let first = id(process("cargo", "boot"));
        assert_eq!(first, id(process("cargo", "boot")));
        assert!(first.as_str().starts_with("cargo-12-34-"), "{first}");
        assert_ne!(first, id(process("cargo", "another boot")));
        assert_ne!(first, id(ParentProcess { started: 35, ..process("cargo", "boot") }));
        assert_ne!(id(process("bash", "boot")), id(process("bash", "boot")));
    }

    #[test]
    fn without_a_parent_each_id_is_new() {
        let config = Config::of(&[], "").expect("valid");
        let (one, two) = (session_id(&config, || None), session_id(&config, || None));
        assert_ne!(one.value, two.value);
        assert_eq!(one.source, "chosen at random");
    }

    #[test]
    fn a_name_with_parentheses_does_not_shift_the_fields() {
        let fields = (3..=52).map(|field| field.to_string()).collect::<Vec<_>>().join(" ");
        for name in ["cargo", "a b", ") (", "x) 1 2 3 (y"] {
            assert_eq!(parse_stat(&format!("7 ({name}) {fields}\n")), Some((name.to_owned(), 22)));
        }
    }

    #[test]
    fn a_stat_line_that_is_cut_is_none() {
        for stat in ["", "7", "7 (cargo", "7 (cargo) S 1 2", "7 cargo) S"] {
            assert_eq!(parse_stat(stat), None, "{stat}");
        }
    }

    #[test]
    fn the_kernel_tells_the_parent_of_this_process() {
        let parent = parent_process().expect("/proc is there");
        assert_eq!(parent.pid, parent_id());
        assert_eq!(Some(parent), parent_process());
    }

    proptest! {
        #[test]
        fn an_id_can_be_made_of_every_cargo(pid: u32, started: u64, place in ".*") {
            let cargo = ParentProcess { name: "cargo".into(), pid, started, place };
            prop_assert!(SessionId::new(of_cargo(&cargo)).is_ok());
        }

        #[test]
        fn no_stat_line_panics(stat in ".*") {
            let _ = parse_stat(&stat);
        }
    }
}
