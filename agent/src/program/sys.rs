//! The few system calls that the program makes, without a C library.

use core::arch::asm;

use super::ending::Signal;
use super::fd::Fd;
use super::numbers as number;

pub(crate) const SIGPIPE: i32 = 13;
pub(crate) const SIGCHLD: i32 = 17;

/// Errors by their numbers.
pub(crate) const E2BIG: i32 = 7;
pub(crate) const ECHILD: i32 = 10;
pub(crate) const EAGAIN: i32 = 11;
pub(crate) const EACCES: i32 = 13;
pub(crate) const ENOENT: i32 = 2;
pub(crate) const ENOTDIR: i32 = 20;
pub(crate) const EINVAL: i32 = 22;
pub(crate) const ENAMETOOLONG: i32 = 36;

/// A system call of up to four arguments.
///
/// # Safety
/// As [`call6`].
pub(super) unsafe fn call(number: usize, a: usize, b: usize, c: usize, d: usize) -> isize {
    // SAFETY: the caller vouches for the arguments.
    unsafe { call6(number, [a, b, c, d, 0, 0]) }
}

/// A system call of up to six arguments.
///
/// # Safety
/// The arguments must be what the call takes; pointers among them must be good for what it does with them.
#[cfg(target_arch = "x86_64")]
pub(super) unsafe fn call6(number: usize, [a, b, c, d, e, f]: [usize; 6]) -> isize {
    let result: isize;
    // SAFETY: the caller vouches for the arguments; the kernel changes these registers and nothing else.
    unsafe {
        asm!("syscall", inlateout("rax") number => result, in("rdi") a, in("rsi") b, in("rdx") c, in("r10") d,
            in("r8") e, in("r9") f, lateout("rcx") _, lateout("r11") _, options(nostack));
    }
    result
}

/// A system call of up to six arguments.
///
/// # Safety
/// The arguments must be what the call takes; pointers among them must be good for what it does with them.
#[cfg(target_arch = "aarch64")]
pub(super) unsafe fn call6(number: usize, [a, b, c, d, e, f]: [usize; 6]) -> isize {
    let result: isize;
    // SAFETY: the caller vouches for the arguments; the kernel changes no other register.
    unsafe {
        asm!("svc 0", in("x8") number, inlateout("x0") a => result, in("x1") b, in("x2") c, in("x3") d,
            in("x4") e, in("x5") f, options(nostack));
    }
    result
}

/// What a call gave, or the number of its error.
pub(super) fn checked(result: isize) -> Result<usize, i32> {
    usize::try_from(result).map_err(|_| -(result as i32))
}

/// An open file; dropping it closes it.
pub(crate) struct File(usize);

impl File {
    /// Opens a path, which ends in a NUL byte, to read.
    pub(crate) fn open(path: &[u8]) -> Option<Self> {
        debug_assert!(path.last() == Some(&0));
        // `AT_FDCWD`, which means nothing: all paths are absolute.
        let here = -100_isize as usize;
        // SAFETY: the path is a text that ends in NUL; the flags are "read only" and "close on exec".
        let file = unsafe { call(number::OPENAT, here, path.as_ptr() as usize, 0o2_000_000, 0) };
        usize::try_from(file).ok().map(Self)
    }

    /// As a descriptor like any other.
    pub(crate) fn into_fd(self) -> Fd {
        Fd::adopt(core::mem::ManuallyDrop::new(self).0 as i32)
    }

    /// Reads into the buffer; nothing at the end or when it can't be read.
    pub(crate) fn read<'a>(&self, buffer: &'a mut [u8]) -> &'a [u8] {
        // SAFETY: the kernel writes into the buffer, up to its length.
        let read = unsafe { call(number::READ, self.0, buffer.as_mut_ptr() as usize, buffer.len(), 0) };
        &buffer[..usize::try_from(read).unwrap_or(0)]
    }

    /// Reads entries of a directory, as `struct linux_dirent64`; nothing at the end.
    pub(crate) fn entries<'a>(&self, buffer: &'a mut [u8]) -> &'a [u8] {
        // SAFETY: the kernel writes into the buffer, up to its length.
        let read = unsafe { call(number::GETDENTS64, self.0, buffer.as_mut_ptr() as usize, buffer.len(), 0) };
        &buffer[..usize::try_from(read).unwrap_or(0)]
    }
}

impl Drop for File {
    fn drop(&mut self) {
        // SAFETY: the descriptor is this value's own.
        unsafe { call(number::CLOSE, self.0, 0, 0, 0) };
    }
}

/// Sends a signal; whether it may be sent. One that is gone may be sent any.
pub(crate) fn signal(pid: i32, signal: Signal) -> bool {
    const EPERM: isize = -1;
    let signal = match signal {
        Signal::Kill => 9,
        Signal::Stop => 19,
    };
    // SAFETY: no memory is touched. Only one process is meant: ids are greater than 1 here.
    let sent = unsafe { call(number::KILL, pid as usize, signal, 0, 0) };
    sent != EPERM
}

pub(crate) fn pid() -> i32 {
    // SAFETY: no memory is touched.
    unsafe { call(number::GETPID, 0, 0, 0, 0) as i32 }
}

/// The process that made this one; 0 if it is outside of the container.
pub(crate) fn parent() -> i32 {
    // SAFETY: no memory is touched.
    unsafe { call(number::GETPPID, 0, 0, 0, 0) as i32 }
}

/// The session of the program itself.
pub(crate) fn session() -> i32 {
    // SAFETY: no memory is touched.
    unsafe { call(number::GETSID, 0, 0, 0, 0) as i32 }
}

pub(crate) fn pause(milliseconds: u32) {
    let time = [(milliseconds / 1000) as u64, u64::from(milliseconds % 1000) * 1_000_000];
    // SAFETY: the array is laid out as the kernel's `timespec`; what is left of the time is not asked for.
    unsafe { call(number::NANOSLEEP, time.as_ptr() as usize, 0, 0, 0) };
}

/// Writes to stdout (1) or stderr (2); what can't be written is lost.
pub(crate) fn write(stream: usize, text: &[u8]) {
    // SAFETY: the kernel reads the text, up to its length.
    unsafe { call(number::WRITE, stream, text.as_ptr() as usize, text.len(), 0) };
}

pub(crate) fn exit(code: u8) -> ! {
    loop {
        // SAFETY: ends the process.
        unsafe { call(number::EXIT_GROUP, usize::from(code), 0, 0, 0) };
    }
}
