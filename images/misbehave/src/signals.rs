//! The handling of signals: the default of PID 1, and the steps that change it.

use std::io;
use std::sync::atomic::{AtomicI32, Ordering};

use crate::sys::{self, Disposition};
use crate::value::Signal;

/// The exit codes of traps, by signal number. They are atomics, since the signal handler reads them.
static TRAPS: [AtomicI32; 32] = [const { AtomicI32::new(0) }; 32];

/// Makes PID 1 exit on the usual signals, which the kernel ignores for it by default, and reap orphans.
pub(crate) fn set_up_init() {
    if std::process::id() != 1 {
        return;
    }
    for signal in [libc::SIGTERM, libc::SIGINT, libc::SIGHUP, libc::SIGQUIT] {
        // It can fail only for an invalid signal number.
        let _ = trap(Signal(signal), 128 + signal);
    }
    let _ = ignore(Signal(libc::SIGCHLD));
}

/// Has a signal ignored.
pub(crate) fn ignore(signal: Signal) -> io::Result<()> {
    sys::on_signal(signal, &Disposition::Ignore)
}

/// Has a signal end the program with an exit code.
pub(crate) fn trap(signal: Signal, code: i32) -> io::Result<()> {
    if let Some(slot) = slot(signal.0) {
        slot.store(code, Ordering::Relaxed);
    }
    sys::on_signal(signal, &Disposition::Call(exit_as_trapped))
}

/// Has a signal print its name.
pub(crate) fn report(signal: Signal) -> io::Result<()> {
    sys::on_signal(signal, &Disposition::Call(print_name))
}

/// Ends the program by a signal. PID 1 exits with the corresponding code instead, since the kernel ignores signals that
/// it sends to itself.
pub(crate) fn kill_self(signal: Signal) -> io::Result<()> {
    if std::process::id() == 1 {
        sys::exit_now(128 + signal.0);
    }
    if signal.0 != libc::SIGKILL {
        sys::on_signal(signal, &Disposition::Default)?;
    }
    sys::raise(signal)?;
    sys::pause_forever()
}

extern "C" fn exit_as_trapped(signal: i32) {
    sys::exit_now(slot(signal).map_or(128, |slot| slot.load(Ordering::Relaxed)));
}

extern "C" fn print_name(signal: i32) {
    // Only a write from a buffer on the stack is safe in a signal handler.
    let mut line = [0_u8; 16];
    let mut length = 0;
    for part in [b"got ".as_slice(), Signal(signal).name().as_bytes(), b"\n"] {
        line[length..length + part.len()].copy_from_slice(part);
        length += part.len();
    }
    sys::write_now(1, &line[..length]);
}

fn slot(signal: i32) -> Option<&'static AtomicI32> {
    usize::try_from(signal).ok().and_then(|index| TRAPS.get(index))
}
