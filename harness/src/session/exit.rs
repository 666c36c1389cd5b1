//! The end of the process: one hook, which runs after `main` returned and at `process::exit`, not at an abort.

use once_cell::sync::OnceCell;

/// What runs at the end, and the process that registered it.
static AT_EXIT: OnceCell<(fn(), u32)> = OnceCell::new();

/// Has a function called at the normal end of this process, and not at that of a fork of it.
pub(super) fn at_exit(action: fn()) {
    AT_EXIT.set((action, std::process::id())).expect("the cleaner registers once");
    #[expect(unsafe_code, reason = "std has no hook for the end of a process")]
    // SAFETY: `run` is a function of the type that `atexit` takes, and lives as long as the process.
    let refused = unsafe { libc::atexit(run) };
    if refused != 0 {
        tracing::warn!("no hook for the end of the process: what is not dropped by then is left behind");
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
