//! System calls, without a C library.

use core::arch::asm;

use super::ending::Signal;
use super::fd::Fd;
use super::numbers as number;

pub(crate) const SIGPIPE: i32 = 13;
pub(crate) const SIGCHLD: i32 = 17;

/// The kernel's error numbers.
pub(crate) const E2BIG: i32 = 7;
pub(crate) const ECHILD: i32 = 10;
pub(crate) const EAGAIN: i32 = 11;
pub(crate) const EACCES: i32 = 13;
pub(crate) const ENOENT: i32 = 2;
pub(crate) const EEXIST: i32 = 17;
pub(crate) const ENOTDIR: i32 = 20;
pub(crate) const EISDIR: i32 = 21;
pub(crate) const EINVAL: i32 = 22;
pub(crate) const ENAMETOOLONG: i32 = 36;

/// Makes a system call with up to four arguments.
///
/// # Safety
/// The same as for [`call6`].
pub(super) unsafe fn call(number: usize, a: usize, b: usize, c: usize, d: usize) -> isize {
    // SAFETY: the caller guarantees valid arguments.
    unsafe { call6(number, [a, b, c, d, 0, 0]) }
}

/// A system call of up to six arguments.
///
/// # Safety
/// The arguments must be what the call takes; pointers among them must be good for what it does with them.
#[cfg(target_arch = "x86_64")]
pub(super) unsafe fn call6(number: usize, [a, b, c, d, e, f]: [usize; 6]) -> isize {
    let result: isize;
    // SAFETY: the caller guarantees valid arguments; the kernel changes these registers and nothing else.
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
    // SAFETY: the caller guarantees valid arguments; the kernel changes no other register.
    unsafe {
        asm!("svc 0", in("x8") number, inlateout("x0") a => result, in("x1") b, in("x2") c, in("x3") d,
            in("x4") e, in("x5") f, options(nostack));
    }
    result
}

/// Returns the result of a call, or its error number.
pub(super) fn checked(result: isize) -> Result<usize, i32> {
    usize::try_from(result).map_err(|_| -(result as i32))
}

/// `AT_FDCWD`. It has no effect, since all paths are absolute.
pub(crate) const HERE: usize = -100_isize as usize;

/// An open file, which is closed on drop.
pub(crate) struct File(usize);

impl File {
    /// Opens a file to read. The path must end in NUL.
    pub(crate) fn open(path: &[u8]) -> Option<Self> {
        debug_assert!(path.last() == Some(&0));
        // SAFETY: the path ends in NUL; the flags are `O_RDONLY` and `O_CLOEXEC`.
        let file = unsafe { call(number::OPENAT, HERE, path.as_ptr() as usize, 0o2_000_000, 0) };
        usize::try_from(file).ok().map(Self)
    }

    /// Opens a file with these flags, beside `O_CLOEXEC`, and this mode if it is created. The path must end in NUL.
    pub(crate) fn open_with(path: &[u8], flags: usize, mode: usize) -> Result<Self, i32> {
        debug_assert!(path.last() == Some(&0));
        // SAFETY: the path ends in NUL.
        checked(unsafe { call(number::OPENAT, HERE, path.as_ptr() as usize, flags | 0o2_000_000, mode) })
            .map(Self)
    }

    /// Returns the descriptor's number.
    pub(crate) fn number(&self) -> usize {
        self.0
    }

    /// Returns the file as a descriptor.
    pub(crate) fn into_fd(self) -> Fd {
        Fd::adopt(core::mem::ManuallyDrop::new(self).0 as i32)
    }

    /// Reads into the buffer. Returns an empty slice at the end and on errors.
    pub(crate) fn read<'a>(&self, buffer: &'a mut [u8]) -> &'a [u8] {
        // SAFETY: the kernel writes into the buffer, up to its length.
        let read = unsafe { call(number::READ, self.0, buffer.as_mut_ptr() as usize, buffer.len(), 0) };
        &buffer[..usize::try_from(read).unwrap_or(0)]
    }

    /// Reads entries of a directory, as `struct linux_dirent64`. Returns an empty slice at the end.
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

/// Sends a signal. Returns `true` if that is permitted, or the process is gone.
pub(crate) fn signal(pid: i32, signal: Signal) -> bool {
    const EPERM: isize = -1;
    let signal = match signal {
        Signal::Kill => 9,
        Signal::Stop => 19,
    };
    // SAFETY: no memory is touched. The id is greater than 1, so one process gets the signal.
    let sent = unsafe { call(number::KILL, pid as usize, signal, 0, 0) };
    sent != EPERM
}

pub(crate) fn pid() -> i32 {
    // SAFETY: no memory is touched.
    unsafe { call(number::GETPID, 0, 0, 0, 0) as i32 }
}

/// Returns the id of the parent process; 0 if it is outside of the container.
pub(crate) fn parent() -> i32 {
    // SAFETY: no memory is touched.
    unsafe { call(number::GETPPID, 0, 0, 0, 0) as i32 }
}

/// Returns the session of this process.
pub(crate) fn session() -> i32 {
    // SAFETY: no memory is touched.
    unsafe { call(number::GETSID, 0, 0, 0, 0) as i32 }
}

pub(crate) fn pause(milliseconds: u32) {
    let time = [(milliseconds / 1000) as u64, u64::from(milliseconds % 1000) * 1_000_000];
    // SAFETY: the array is laid out as the kernel's `timespec`; the remaining time is not requested.
    unsafe { call(number::NANOSLEEP, time.as_ptr() as usize, 0, 0, 0) };
}

/// Writes to standard output (1) or standard error (2). Errors are ignored.
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
