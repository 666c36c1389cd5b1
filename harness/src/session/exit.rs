//! The end of the process: removes what is left, after `main` returned and at `process::exit`, but not at an abort.

use std::time::{Duration, Instant};

use once_cell::sync::OnceCell;

use super::cleaner::Cleaner;
use super::register::{Announced, Register, Removing};
use crate::base::Background;
use crate::config::Keep;

/// The limit for the removals at the end of the process.
pub(super) const DEADLINE: Duration = Duration::from_secs(10);

/// The hook, and the id of the process that registered it.
static AT_EXIT: OnceCell<(fn(), u32)> = OnceCell::new();

/// Registers a function for the normal end of this process. A fork of the process does not call it.
///
/// # Panics
/// At a second call.
pub(super) fn at_exit(action: fn()) {
    AT_EXIT.set((action, std::process::id())).expect("the cleaner registers once");
    #[expect(unsafe_code, reason = "std has no hook for the end of a process")]
    // SAFETY: `run` is a function of the type that `atexit` takes, and lives as long as the process.
    let refused = unsafe { libc::atexit(run) };
    if refused != 0 {
        tracing::warn!(
            "`atexit` refused the hook for the end of the process: what is not dropped by then is left on the engine"
        );
    }
}

extern "C" fn run() {
    let Some((action, process)) = AT_EXIT.get() else { return };
    // A fork inherits the hook, but neither the background thread nor the ownership.
    if *process == std::process::id() {
        // A panic must not cross into C; the process is ending anyway.
        std::panic::catch_unwind(action).ok();
    }
}

impl Cleaner {
    /// Removes everything that is left, whoever owns it, and waits until it is gone or the limit is reached.
    pub(super) fn drain(&self, limit: Duration) {
        if Background::is_current() {
            return;
        }
        let deadline = Instant::now() + limit;
        let mut register = self.lock();
        register.is_closing = true;
        loop {
            if let Some((key, item)) = register.live.first_key_value() {
                let (key, is_kept) = (*key, item.keep.applies(false));
                drop(register);
                // As if its owner were dropped.
                self.give_up(key, is_kept);
                register = self.lock();
                continue;
            }
            if register.removing.is_empty() && register.creating.is_empty() {
                break;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            let waited = self.changed.wait_timeout(register, left);
            register = waited.unwrap_or_else(|poisoned| poisoned.into_inner()).0;
        }
        report_leftovers(&register, limit);
    }
}

/// Names on stderr what could not be removed: there is no later chance to. The reaper removes what it knows of, and gets
/// one line for all.
fn report_leftovers(register: &Register, limit: Duration) {
    let end = format!("within {} s of the end of the process", limit.as_secs());
    for Announced { label, session, .. } in register.creating.values() {
        let reaped = if session.is_guarded() { "; if so, the session's reaper removes it" } else { "" };
        eprintln!("seatrial: {label} may be there: the engine did not answer its creation {end}{reaped}");
    }
    let is_reaped = |removing: &&Removing| removing.keep == Keep::Never && removing.session.is_guarded();
    let (reaped, left): (Vec<_>, Vec<_>) = register.removing.values().partition(is_reaped);
    for Removing { thing, .. } in left {
        eprintln!("seatrial: {thing} was not removed {end}");
    }
    if let Some((first, more)) = reaped.split_first() {
        let first = &first.thing;
        match more.len() {
            0 => eprintln!("seatrial: {first} was not removed {end}; the session's reaper removes it"),
            more => eprintln!(
                "seatrial: {first} and {more} more were not removed {end}; the session's reaper removes them"
            ),
        }
    }
    for failure in &register.failed {
        eprintln!("seatrial: {failure}");
    }
}
