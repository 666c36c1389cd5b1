//! Descriptors: pipes, sockets, signals as descriptors, and waiting for any of them.

use super::numbers as number;
use super::sys::{SIGCHLD, call, checked};

/// An open descriptor; dropping it closes it.
#[derive(Debug)]
pub(crate) struct Fd(i32);

const O_NONBLOCK: usize = 0o4000;
const O_CLOEXEC: usize = 0o2_000_000;

impl Fd {
    /// One that somebody else opened, and that is this value's own from here on.
    pub(crate) const fn adopt(number: i32) -> Self {
        Self(number)
    }

    /// A pipe: the end that is read, and the end that is written. Programs that are executed don't inherit it.
    pub(crate) fn pipe() -> Result<(Self, Self), i32> {
        let mut ends = [0_i32; 2];
        // SAFETY: the kernel writes two numbers.
        checked(unsafe { call(number::PIPE2, ends.as_mut_ptr() as usize, O_CLOEXEC, 0, 0) })?;
        Ok((Self(ends[0]), Self(ends[1])))
    }

    /// Two connected sockets that keep the limits of messages.
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

    /// The ends of children, to be waited for; the signal must be blocked.
    pub(crate) fn children() -> Result<Self, i32> {
        Self::signals(1 << (SIGCHLD - 1))
    }

    /// The signals in the mask, to be waited for; they must be blocked.
    pub(crate) fn signals(mask: u64) -> Result<Self, i32> {
        // SAFETY: the kernel reads the eight bytes of the mask.
        let fd = checked(unsafe {
            call(number::SIGNALFD4, usize::MAX, (&raw const mask) as usize, 8, O_CLOEXEC | O_NONBLOCK)
        })?;
        Ok(Self(fd as i32))
    }

    /// Reads into the buffer; how many bytes, none at the end.
    pub(crate) fn read(&self, buffer: &mut [u8]) -> Result<usize, i32> {
        // SAFETY: the kernel writes into the buffer, up to its length.
        checked(unsafe { call(number::READ, self.0 as usize, buffer.as_mut_ptr() as usize, buffer.len(), 0) })
    }

    pub(crate) fn write(&self, bytes: &[u8]) -> Result<usize, i32> {
        // SAFETY: the kernel reads the bytes, up to their length.
        checked(unsafe { call(number::WRITE, self.0 as usize, bytes.as_ptr() as usize, bytes.len(), 0) })
    }

    /// Whether reading and writing return at once, with `EAGAIN` if they can't.
    pub(crate) fn do_not_block(&self) {
        const F_SETFL: usize = 4;
        // SAFETY: no memory is touched. The other flags that can be set are not set on what this is called for.
        unsafe { call(number::FCNTL, self.0 as usize, F_SETFL, O_NONBLOCK, 0) };
    }

    /// Makes another number, which is closed before, mean this; programs that are executed inherit it.
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

/// The kernel's `struct pollfd`.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct Poll {
    fd: i32,
    wanted: i16,
    pub(crate) happened: i16,
}

impl Poll {
    /// Nothing is waited for.
    pub(crate) const NONE: Self = Self { fd: -1, wanted: 0, happened: 0 };

    pub(crate) fn new(fd: &Fd, wanted: i16) -> Self {
        Self { fd: fd.0, wanted, happened: 0 }
    }

    /// Whether there is something, an end or an error included.
    pub(crate) fn is_ready(&self) -> bool {
        self.happened != 0
    }
}

/// Waits until something happens, or so many nanoseconds have passed.
pub(crate) fn poll(polls: &mut [Poll], timeout: Option<u64>) {
    let time = timeout.map(|nanos| [nanos / 1_000_000_000, nanos % 1_000_000_000]);
    let time = time.as_ref().map_or(0, |time| time.as_ptr() as usize);
    // SAFETY: the entries and the time are laid out as the kernel's, and outlive the call. No mask is given.
    let ready = unsafe { call(number::PPOLL, polls.as_mut_ptr() as usize, polls.len(), time, 0) };
    if ready <= 0 {
        polls.iter_mut().for_each(|poll| poll.happened = 0);
    }
}
