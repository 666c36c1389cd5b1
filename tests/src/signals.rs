//! The signal dispositions of programs that tests start.
//!
//! A program inherits the signals that its starter ignores: under `nohup`, and in the background of a script, SIGHUP,
//! SIGINT and SIGQUIT are ignored in all descendants. A test that sends a signal means a program that heeds it.

use std::os::unix::process::CommandExt;
use std::process::Command;

/// Has a program begin with the default disposition of each signal that starters ignore.
#[expect(unsafe_code, reason = "the standard library resets SIGPIPE alone")]
pub fn with_default_signals(command: &mut Command) -> &mut Command {
    let reset = || {
        for signal in [libc::SIGHUP, libc::SIGINT, libc::SIGQUIT, libc::SIGTERM, libc::SIGCHLD] {
            // SAFETY: the call has no memory to go wrong with, and installs no handler.
            unsafe { libc::signal(signal, libc::SIG_DFL) };
        }
        Ok(())
    };
    // SAFETY: the closure makes system calls alone, which is allowed between fork and exec.
    unsafe { command.pre_exec(reset) }
}
