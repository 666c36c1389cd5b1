//! System calls that the standard library does not have. This is the only file with `unsafe`.
#![expect(
    unsafe_code,
    reason = "fork, signal dispositions and descriptors have no safe interface in std or libc"
)]

use std::fs::OpenOptions;
use std::io;
use std::os::fd::AsRawFd;

use crate::value::Signal;

/// The disposition of a signal.
pub(crate) enum Disposition {
    Ignore,
    /// Calls a function, which may use only functions that POSIX lists as async-signal-safe.
    Call(extern "C" fn(i32)),
    Default,
}

/// Sets a signal's disposition.
pub(crate) fn on_signal(signal: Signal, disposition: &Disposition) -> io::Result<()> {
    let handler = match disposition {
        Disposition::Ignore => libc::SIG_IGN,
        Disposition::Call(handler) => *handler as *const () as libc::sighandler_t,
        Disposition::Default => libc::SIG_DFL,
    };
    // SAFETY: an all-zero `sigaction` is a valid one with an empty mask and no flags.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = handler;
    action.sa_flags = libc::SA_RESTART;
    // SAFETY: `action` lives through the call, and the handler is `extern "C" fn(i32)` as the flags say.
    check(unsafe { libc::sigaction(signal.0, &raw const action, std::ptr::null_mut()) })
}

/// Exits at once, without destructors and exit handlers.
pub(crate) fn exit_now(code: i32) -> ! {
    // SAFETY: `_exit` has no preconditions.
    unsafe { libc::_exit(code) }
}

/// Writes to a descriptor from a signal handler. Errors are ignored.
pub(crate) fn write_now(fd: i32, piece: &[u8]) {
    // SAFETY: the pointer and the length are those of a live slice.
    unsafe { libc::write(fd, piece.as_ptr().cast(), piece.len()) };
}

/// Sends a signal to this process.
pub(crate) fn raise(signal: Signal) -> io::Result<()> {
    // SAFETY: `kill` has no preconditions.
    check(unsafe { libc::kill(libc::getpid(), signal.0) })
}

/// Forks. The child runs `child`, and exits with 0 if that returns.
pub(crate) fn fork(child: impl FnOnce()) -> io::Result<i32> {
    // SAFETY: servers may run on other threads, so the child must not allocate or lock; callers only fork on,
    // move descriptors and pause.
    match unsafe { libc::fork() } {
        -1 => Err(io::Error::last_os_error()),
        0 => {
            child();
            exit_now(0)
        }
        pid => Ok(pid),
    }
}

/// Waits for a child to end, unless another thread reaps it.
pub(crate) fn wait_for(pid: i32) {
    // SAFETY: a null status pointer is allowed.
    unsafe { libc::waitpid(pid, std::ptr::null_mut(), 0) };
}

/// Makes this process the leader of a new session. Does nothing if it is one already.
pub(crate) fn new_session() {
    // SAFETY: `setsid` has no preconditions.
    unsafe { libc::setsid() };
}

/// Sleeps until a signal ends the process.
pub(crate) fn pause_forever() -> ! {
    loop {
        // SAFETY: `pause` has no preconditions.
        unsafe { libc::pause() };
    }
}

/// Replaces descriptors by duplicates of another one.
pub(crate) fn replace(with: i32, descriptors: &[i32]) -> io::Result<()> {
    for descriptor in descriptors {
        // SAFETY: `dup2` has no preconditions; nothing here owns the standard streams' descriptors.
        check(unsafe { libc::dup2(with, *descriptor) }.min(0))?;
    }
    Ok(())
}

/// Replaces standard streams by `/dev/null`, so that no other file gets their numbers.
pub(crate) fn silence(descriptors: &[i32]) -> io::Result<()> {
    let null = OpenOptions::new().read(true).write(true).open("/dev/null")?;
    replace(null.as_raw_fd(), descriptors)
}

/// Returns the ids of this process, its parent, its user and its group.
pub(crate) fn ids() -> (i32, i32, u32, u32) {
    // SAFETY: these calls have no preconditions and cannot fail.
    unsafe { (libc::getpid(), libc::getppid(), libc::getuid(), libc::getgid()) }
}

/// Returns the time since the system's start in clock ticks, as in `/proc/<pid>/stat`, and the ticks per second.
pub(crate) fn boot_ticks() -> (u64, u64) {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `now` is valid for writes through both calls.
    let per_second = unsafe {
        libc::clock_gettime(libc::CLOCK_BOOTTIME, &raw mut now);
        libc::sysconf(libc::_SC_CLK_TCK)
    };
    let per_second = u64::try_from(per_second).unwrap_or(100).max(1);
    let seconds = u64::try_from(now.tv_sec).unwrap_or(0);
    let rest = u64::try_from(now.tv_nsec).unwrap_or(0) * per_second / 1_000_000_000;
    (seconds * per_second + rest, per_second)
}

fn check(result: i32) -> io::Result<()> {
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
