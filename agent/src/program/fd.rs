//! File descriptors: pipes, sockets and signals, and how they are polled.

use super::numbers as number;
use super::sys::{SIGCHLD, call, checked};

/// An open file descriptor, which is closed on drop.
#[derive(Debug)]
pub(crate) struct Fd(i32);

const O_NONBLOCK: usize = 0o4000;
const O_CLOEXEC: usize = 0o2_000_000;

impl Fd {
    /// Takes ownership of an open descriptor.
    pub(crate) const fn adopt(number: i32) -> Self {
        Self(number)
    }

    /// Creates a pipe and returns the ends to read and to write. Executed programs don't inherit them.
    pub(crate) fn pipe() -> Result<(Self, Self), i32> {
        let mut ends = [0_i32; 2];
        // SAFETY: the kernel writes two numbers.
        checked(unsafe { call(number::PIPE2, ends.as_mut_ptr() as usize, O_CLOEXEC, 0, 0) })?;
        Ok((Self(ends[0]), Self(ends[1])))
    }

    /// Creates two connected sockets that preserve message boundaries.
    pub(crate) fn pair() -> Result<(Self, Self), i32> {
        const AF_UNIX: usize = 1;
        const SOCK_SEQPACKET: usize = 5;
        let mut ends = [0_i32; 2];
        // SAFETY: the kernel writes two numbers.
        checked(unsafe {
            call(number::SOCKETPAIR, AF_UNIX, SOCK_SEQPACKET | O_CLOEXEC, 0, ends.as_mut_ptr() as usize)
        })?;
        Ok((Self(ends[0]), Self(ends[1])))
    }

    /// Creates a signal descriptor for the ends of children. `SIGCHLD` must be blocked.
    pub(crate) fn children() -> Result<Self, i32> {
        Self::signals(1 << (SIGCHLD - 1))
    }

    /// Creates a signal descriptor for the signals in the mask. They must be blocked.
    pub(crate) fn signals(mask: u64) -> Result<Self, i32> {
        // SAFETY: the kernel reads the eight bytes of the mask.
        let fd = checked(unsafe {
            call(number::SIGNALFD4, usize::MAX, (&raw const mask) as usize, 8, O_CLOEXEC | O_NONBLOCK)
        })?;
        Ok(Self(fd as i32))
    }

    /// Reads into the buffer and returns the number of bytes; 0 at the end.
    pub(crate) fn read(&self, buffer: &mut [u8]) -> Result<usize, i32> {
        // SAFETY: the kernel writes into the buffer, up to its length.
        checked(unsafe { call(number::READ, self.0 as usize, buffer.as_mut_ptr() as usize, buffer.len(), 0) })
    }

    pub(crate) fn write(&self, bytes: &[u8]) -> Result<usize, i32> {
        // SAFETY: the kernel reads the bytes, up to their length.
        checked(unsafe { call(number::WRITE, self.0 as usize, bytes.as_ptr() as usize, bytes.len(), 0) })
    }

    /// Makes reads and writes return `EAGAIN` instead of waiting.
    pub(crate) fn set_nonblocking(&self) {
        const F_SETFL: usize = 4;
        // SAFETY: no memory is touched. No other status flag is set on the descriptors that this is called for.
        unsafe { call(number::FCNTL, self.0 as usize, F_SETFL, O_NONBLOCK, 0) };
    }

    /// Makes the descriptor `other` refer to the same file, after closing it. Executed programs inherit it.
    pub(crate) fn duplicate_to(&self, other: i32) -> Result<(), i32> {
        // SAFETY: no memory is touched.
        checked(unsafe { call(number::DUP3, self.0 as usize, other as usize, 0, 0) }).map(drop)
    }
}

impl Drop for Fd {
    fn drop(&mut self) {
        // SAFETY: the descriptor is this value's own.
        unsafe { call(number::CLOSE, self.0 as usize, 0, 0, 0) };
    }
}

pub(crate) const POLLIN: i16 = 1;
pub(crate) const POLLOUT: i16 = 4;

/// An entry of a poll: the kernel's `struct pollfd`.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct Poll {
    fd: i32,
    wanted: i16,
    pub(crate) happened: i16,
}

impl Poll {
    /// An entry that waits for nothing.
    pub(crate) const NONE: Self = Self { fd: -1, wanted: 0, happened: 0 };

    pub(crate) fn new(fd: &Fd, wanted: i16) -> Self {
        Self { fd: fd.0, wanted, happened: 0 }
    }

    /// Returns `true` if there was an event; an end and an error are ones too.
    pub(crate) fn is_ready(&self) -> bool {
        self.happened != 0
    }
}

/// Waits for an event, for at most `timeout` nanoseconds.
pub(crate) fn poll(polls: &mut [Poll], timeout: Option<u64>) {
    let time = timeout.map(|nanos| [nanos / 1_000_000_000, nanos % 1_000_000_000]);
    let time = time.as_ref().map_or(0, |time| time.as_ptr() as usize);
    // SAFETY: the entries and the time are laid out as the kernel's, and outlive the call. No mask is given.
    let ready = unsafe { call(number::PPOLL, polls.as_mut_ptr() as usize, polls.len(), time, 0) };
    if ready <= 0 {
        polls.iter_mut().for_each(|poll| poll.happened = 0);
    }
}
