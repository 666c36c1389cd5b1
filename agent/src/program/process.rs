//! Creates processes and reaps them.

use core::arch::asm;

use super::numbers as number;
use super::sys::{ECHILD, call, checked};

/// The resources that a process and its reaped children used.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Usage {
    /// CPU time in user mode, in microseconds.
    pub(crate) user: u64,
    /// CPU time in the kernel, in microseconds.
    pub(crate) system: u64,
    /// The largest resident set size, in KiB.
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

/// The result of looking for a child that has ended.
pub(crate) enum Children {
    Ended(Ended),
    /// There are children, and all of them run.
    Running,
    /// There are no children.
    None,
}

/// Reaps any child that has ended, without waiting.
pub(crate) fn reap() -> Children {
    const WNOHANG: usize = 1;
    const ANY: usize = usize::MAX;
    let mut status = 0_i32;
    // The kernel's `struct rusage`: two times of two words each, then 14 words, the first of them the memory.
    let mut usage = [0_u64; 18];
    // SAFETY: the kernel writes the status and the usage.
    let pid = checked(unsafe {
        call(number::WAIT4, ANY, (&raw mut status) as usize, WNOHANG, usage.as_mut_ptr() as usize)
    });
    match pid {
        Ok(0) => Children::Running,
        Ok(pid) => {
            let micros = |at: usize| usage[at].saturating_mul(1_000_000).saturating_add(usage[at + 1]);
            let usage = Usage { user: micros(0), system: micros(2), max_rss: usage[4] };
            Children::Ended(Ended { pid: pid as i32, status, usage })
        }
        Err(ECHILD) => Children::None,
        Err(_) => Children::Running,
    }
}

/// Forks this process. Returns the child's id, and 0 in the child.
pub(crate) fn fork() -> Result<i32, i32> {
    // SAFETY: the memory is copied; nothing is shared but open files.
    let pid = checked(unsafe { call(number::CLONE, super::sys::SIGCHLD as usize, 0, 0, 0) })?;
    Ok(pid as i32)
}

const STACK: usize = 32 * 1024;

static mut CHILD_STACK: [u128; STACK / 16] = [0; STACK / 16];

/// Creates a process that shares this one's memory and runs a function on a stack of its own. Returns its id once it
/// has executed a program or ended. Nothing is copied.
///
/// # Safety
/// The function must not return, and must not change memory that this process relies on.
pub(crate) unsafe fn vfork(
    child: unsafe extern "C" fn(*const u8) -> !,
    argument: *const u8,
) -> Result<i32, i32> {
    const CLONE_VM: usize = 0x100;
    const CLONE_VFORK: usize = 0x4000;
    let flags = CLONE_VM | CLONE_VFORK | super::sys::SIGCHLD as usize;
    let stack = (&raw mut CHILD_STACK) as usize + STACK;
    // SAFETY: the child calls the function on a stack of its own, which is not used otherwise, since this process
    // waits.
    checked(unsafe { clone_and_call(flags, stack, child as usize, argument as usize) }).map(|pid| pid as i32)
}

#[cfg(target_arch = "x86_64")]
unsafe fn clone_and_call(flags: usize, stack: usize, child: usize, argument: usize) -> isize {
    let result: isize;
    // SAFETY: the caller guarantees valid arguments.
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
    // SAFETY: the caller guarantees valid arguments.
    unsafe {
        asm!(
            "svc 0", "cbnz x0, 2f", "mov x29, xzr", "mov x0, x21", "blr x20", "brk 1", "2:",
            in("x8") number::CLONE, inlateout("x0") flags => result, in("x1") stack, in("x2") 0, in("x3") 0,
            in("x4") 0, in("x20") child, in("x21") argument,
        );
    }
    result
}

/// Makes this process the parent of orphans among its descendants. Returns `true` if the kernel does so; some kernels
/// accept the setting and ignore it, so it is read back.
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

/// Creates a session, and a process group in it.
pub(crate) fn new_session() {
    // SAFETY: no memory is touched.
    unsafe { call(number::SETSID, 0, 0, 0, 0) };
}

/// Sets the mask of blocked signals.
pub(crate) fn block_signals(mask: u64) {
    const SIG_SETMASK: usize = 2;
    // SAFETY: the kernel reads the eight bytes of the mask.
    unsafe { call(number::RT_SIGPROCMASK, SIG_SETMASK, (&raw const mask) as usize, 0, 8) };
}

/// Continues a stopped process.
pub(crate) fn continue_stopped(pid: i32) {
    const SIGCONT: usize = 18;
    // SAFETY: no memory is touched.
    unsafe { call(number::KILL, pid as usize, SIGCONT, 0, 0) };
}

/// Ignores a signal, or restores its default action.
pub(crate) fn ignore_signal(signal: i32, is_ignored: bool) {
    // The kernel's `struct sigaction`: the handler first, and nothing set in the rest.
    let action = [u64::from(is_ignored), 0, 0, 0];
    // SAFETY: the kernel reads the action.
    unsafe { call(number::RT_SIGACTION, signal as usize, action.as_ptr() as usize, 0, 8) };
}

/// Returns the time of the monotonic clock, in nanoseconds.
pub(crate) fn now() -> u64 {
    const CLOCK_MONOTONIC: usize = 1;
    let mut time = [0_u64; 2];
    // SAFETY: the kernel writes a `timespec`.
    unsafe { call(number::CLOCK_GETTIME, CLOCK_MONOTONIC, time.as_mut_ptr() as usize, 0, 0) };
    time[0].saturating_mul(1_000_000_000).saturating_add(time[1])
}

pub(crate) fn change_directory(path: *const u8) -> Result<(), i32> {
    // SAFETY: the caller's path ends in NUL.
    checked(unsafe { call(number::CHDIR, path as usize, 0, 0, 0) }).map(drop)
}

/// Executes a program in this process. Returns only the error number.
///
/// # Safety
/// The path and all strings in both lists must end in NUL, and both lists in a null pointer.
pub(crate) unsafe fn execute(
    path: *const u8,
    arguments: *const *const u8,
    variables: *const *const u8,
) -> i32 {
    // SAFETY: the caller guarantees valid strings.
    let result = unsafe { call(number::EXECVE, path as usize, arguments as usize, variables as usize, 0) };
    -(result as i32)
}
