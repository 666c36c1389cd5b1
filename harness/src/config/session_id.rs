//! Decides which session this process belongs to (X1). What a valid id is, is for the core.

use std::fs;
use std::os::unix::process::parent_id;

use seatrial_core::SessionId;
use uuid::Uuid;

use super::reader::Reader;
use super::setting::Setting;
use crate::config::Config;
use crate::words::{Error, Result};

/// What tells one process from all others, those of other boots and machines included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ParentProcess {
    /// The name of its program, as the kernel keeps it.
    pub(crate) name: String,
    pub(crate) pid: u32,
    /// In clock ticks since the machine started.
    pub(crate) started: u64,
    /// Names the boot of the machine and the space that the pid is of: both count their processes from 1.
    pub(crate) place: String,
}

/// The session of this process: the one that a variable names, else that of `cargo test`, else one of its own.
///
/// `parent` is only asked when no variable names one. All test binaries of one `cargo test` have the same parent, and
/// so the same session; under `cargo nextest` a variable names the run.
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

/// The session that a variable names, if one does.
///
/// # Errors
/// If the first variable that is set does not hold a session id.
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

/// A hash that is the same in every build: binaries of one run may come from different compilers.
pub(crate) fn fnv1a(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3))
}

/// Asks the kernel for the parent of this process; `None` where it does not tell.
pub(crate) fn parent_process() -> Option<ParentProcess> {
    let pid = parent_id();
    let (name, started) = parse_stat(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)?;
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    // Containers of one machine share the boot but not the pids.
    let space = fs::read_link("/proc/self/ns/pid").unwrap_or_default();
    Some(ParentProcess { name, pid, started, place: format!("{} {}", boot.trim(), space.display()) })
}

/// The program's name and start time from `/proc/<pid>/stat`.
pub(crate) fn parse_stat(stat: &str) -> Option<(String, u64)> {
    // The name is in parentheses and may hold any character, these included.
    let (before, after) = stat.rsplit_once(')')?;
    let (_, name) = before.split_once('(')?;
    // The start time is field 22; the state, field 3, is the first after the name.
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
