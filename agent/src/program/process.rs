//! Making processes, and hearing of their ends.

use core::arch::asm;

use super::numbers as number;
use super::sys::{ECHILD, call, checked};

/// What a process used, and those that it waited for.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Usage {
    /// In microseconds.
    pub(crate) user: u64,
    /// In microseconds.
    pub(crate) system: u64,
    /// In KiB.
    pub(crate) max_rss: u64,
}

impl Usage {
    pub(crate) fn add(&mut self, other: Self) {
        self.user = self.user.saturating_add(other.user);
        self.system = self.system.saturating_add(other.system);
        self.max_rss = self.max_rss.max(other.max_rss);
    }
}

/// A child that has ended.
pub(crate) struct Ended {
    pub(crate) pid: i32,
    pub(crate) status: i32,
    pub(crate) usage: Usage,
}

/// What is known of the children.
pub(crate) enum Children {
    Ended(Ended),
    /// There are some, and all run.
    Run,
    /// There is none.
    None,
}

/// Asks for a child that has ended, whichever, without waiting.
pub(crate) fn reap() -> Children {
    const WNOHANG: usize = 1;
    const ANY: usize = usize::MAX;
    let mut status = 0_i32;
    // The kernel's `struct rusage`: two times of two words each, and 14 words of which the first is the memory.
    let mut usage = [0_u64; 18];
    // SAFETY: the kernel writes the status and what was used.
    let pid = checked(unsafe {
        call(number::WAIT4, ANY, (&raw mut status) as usize, WNOHANG, usage.as_mut_ptr() as usize)
    });
    match pid {
        Ok(0) => Children::Run,
        Ok(pid) => {
            let micros = |at: usize| usage[at].saturating_mul(1_000_000).saturating_add(usage[at + 1]);
            let usage = Usage { user: micros(0), system: micros(2), max_rss: usage[4] };
            Children::Ended(Ended { pid: pid as i32, status, usage })
        }
        Err(ECHILD) => Children::None,
        Err(_) => Children::Run,
    }
}

/// Makes a process that goes on from here as this one does; its number, or 0 in itself.
pub(crate) fn fork() -> Result<i32, i32> {
    // SAFETY: the memory is copied; nothing is shared but open files.
    let pid = checked(unsafe { call(number::CLONE, super::sys::SIGCHLD as usize, 0, 0, 0) })?;
    Ok(pid as i32)
}

const STACK: usize = 32 * 1024;

static mut CHILD_STACK: [u128; STACK / 16] = [0; STACK / 16];

/// Makes a process that shares this one's memory and runs a function on a stack of its own; returns its number once
/// it has executed another program, or ended. That costs no copy of anything.
///
/// # Safety
/// The function must not return, and must leave in memory what this process expects there.
pub(crate) unsafe fn vfork(
    child: unsafe extern "C" fn(*const u8) -> !,
    argument: *const u8,
) -> Result<i32, i32> {
    const CLONE_VM: usize = 0x100;
    const CLONE_VFORK: usize = 0x4000;
    let flags = CLONE_VM | CLONE_VFORK | super::sys::SIGCHLD as usize;
    let stack = (&raw mut CHILD_STACK) as usize + STACK;
    // SAFETY: the child begins with a stack of its own that nobody else uses meanwhile, since this process waits, and
    // calls the function on it.
    checked(unsafe { clone_and_call(flags, stack, child as usize, argument as usize) }).map(|pid| pid as i32)
}

#[cfg(target_arch = "x86_64")]
unsafe fn clone_and_call(flags: usize, stack: usize, child: usize, argument: usize) -> isize {
    let result: isize;
    // SAFETY: the caller vouches for the arguments.
    unsafe {
        asm!(
            "syscall", "test rax, rax", "jnz 2f", "xor ebp, ebp", "mov rdi, r14", "call r13", "ud2", "2:",
            inlateout("rax") number::CLONE => result, in("rdi") flags, in("rsi") stack, in("rdx") 0, in("r10") 0,
            in("r8") 0, in("r13") child, in("r14") argument, lateout("rcx") _, lateout("r11") _,
        );
    }
    result
}

#[cfg(target_arch = "aarch64")]
unsafe fn clone_and_call(flags: usize, stack: usize, child: usize, argument: usize) -> isize {
    let result: isize;
    // SAFETY: the caller vouches for the arguments.
    unsafe {
        asm!(
            "svc 0", "cbnz x0, 2f", "mov x29, xzr", "mov x0, x21", "blr x20", "brk 1", "2:",
            in("x8") number::CLONE, inlateout("x0") flags => result, in("x1") stack, in("x2") 0, in("x3") 0,
            in("x4") 0, in("x20") child, in("x21") argument,
        );
    }
    result
}

/// Has orphans among the descendants become children of this process; whether the kernel does so. There are kernels that
/// say yes and don't.
pub(crate) fn adopt_orphans() -> bool {
    const PR_SET_CHILD_SUBREAPER: usize = 36;
    const PR_GET_CHILD_SUBREAPER: usize = 37;
    let mut is_set = 0_i32;
    // SAFETY: the second call writes a number.
    unsafe {
        checked(call(number::PRCTL, PR_SET_CHILD_SUBREAPER, 1, 0, 0)).is_ok()
            && checked(call(number::PRCTL, PR_GET_CHILD_SUBREAPER, (&raw mut is_set) as usize, 0, 0)).is_ok()
            && is_set == 1
    }
}

/// Begins a session of its own, and with it a process group.
pub(crate) fn new_session() {
    // SAFETY: no memory is touched.
    unsafe { call(number::SETSID, 0, 0, 0, 0) };
}

/// Blocks the signals in the mask, and no others.
pub(crate) fn block_signals(mask: u64) {
    const SIG_SETMASK: usize = 2;
    // SAFETY: the kernel reads the eight bytes of the mask.
    unsafe { call(number::RT_SIGPROCMASK, SIG_SETMASK, (&raw const mask) as usize, 0, 8) };
}

/// Has a process go on that was stopped.
pub(crate) fn go_on(pid: i32) {
    const SIGCONT: usize = 18;
    // SAFETY: no memory is touched.
    unsafe { call(number::KILL, pid as usize, SIGCONT, 0, 0) };
}

/// Ignores a signal, or has it do what it does by default.
pub(crate) fn ignore_signal(signal: i32, is_ignored: bool) {
    // The kernel's `struct sigaction`: the handler first, and nothing set in the rest.
    let action = [u64::from(is_ignored), 0, 0, 0];
    // SAFETY: the kernel reads the action.
    unsafe { call(number::RT_SIGACTION, signal as usize, action.as_ptr() as usize, 0, 8) };
}

/// Nanoseconds since some moment.
pub(crate) fn now() -> u64 {
    const CLOCK_MONOTONIC: usize = 1;
    let mut time = [0_u64; 2];
    // SAFETY: the kernel writes a `timespec`.
    unsafe { call(number::CLOCK_GETTIME, CLOCK_MONOTONIC, time.as_mut_ptr() as usize, 0, 0) };
    time[0].saturating_mul(1_000_000_000).saturating_add(time[1])
}

pub(crate) fn change_directory(path: *const u8) -> Result<(), i32> {
    // SAFETY: the caller's text ends in NUL.
    checked(unsafe { call(number::CHDIR, path as usize, 0, 0, 0) }).map(drop)
}

/// Becomes another program; returns only the number of the error.
///
/// # Safety
/// The path must end in NUL, and so must both lists of pointers to such texts.
pub(crate) unsafe fn execute(
    path: *const u8,
    arguments: *const *const u8,
    variables: *const *const u8,
) -> i32 {
    // SAFETY: the caller vouches for the texts.
    let result = unsafe { call(number::EXECVE, path as usize, arguments as usize, variables as usize, 0) };
    -(result as i32)
}
