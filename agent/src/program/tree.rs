//! System calls about files: the type and size of a file, and its attributes.

use super::numbers as number;
use super::path::Path;
use super::sys::{self, ENOENT, ENOTDIR, File, HERE, call, checked};

/// The types of files, in the kernel's mode.
pub(crate) mod format {
    pub(crate) const MASK: u32 = 0o170_000;
    pub(crate) const FIFO: u32 = 0o010_000;
    pub(crate) const CHAR: u32 = 0o020_000;
    pub(crate) const DIR: u32 = 0o040_000;
    pub(crate) const BLOCK: u32 = 0o060_000;
    pub(crate) const FILE: u32 = 0o100_000;
    pub(crate) const SYMLINK: u32 = 0o120_000;
}

/// The properties of a file that an archive has.
#[derive(Clone, Copy)]
pub(crate) struct Stat {
    pub(crate) mode: u32,
    pub(crate) size: u64,
    pub(crate) mtime: u64,
}

impl Stat {
    pub(crate) fn format(&self) -> u32 {
        self.mode & format::MASK
    }
}

/// Looks at a path. The path must end in NUL.
pub(crate) fn stat(path: &[u8], follow: bool) -> Result<Stat, i32> {
    const NOFOLLOW: usize = 0x100;
    let mut stat = [0_u64; 20];
    let flags = if follow { 0 } else { NOFOLLOW };
    // SAFETY: the path ends in NUL, and the buffer is longer than the kernel's `struct stat`.
    checked(unsafe {
        call(number::NEWFSTATAT, HERE, path.as_ptr() as usize, stat.as_mut_ptr() as usize, flags)
    })?;
    // After device, inode and, on one of the architectures, the number of links.
    let mode = if cfg!(target_arch = "x86_64") { stat[3] } else { stat[2] } as u32;
    Ok(Stat { mode, size: stat[6], mtime: stat[11] })
}

/// Removes a file or link.
pub(crate) fn unlink(path: &[u8]) -> Result<(), i32> {
    // SAFETY: the path ends in NUL.
    checked(unsafe { call(number::UNLINKAT, HERE, path.as_ptr() as usize, 0, 0) }).map(drop)
}

/// Creates a directory with exactly this mode.
pub(crate) fn make_dir(path: &[u8], mode: u32) -> Result<(), i32> {
    // SAFETY: the path ends in NUL.
    checked(unsafe { call(number::MKDIRAT, HERE, path.as_ptr() as usize, 0o700, 0) })?;
    set_mode(path, mode)
}

/// Creates a symbolic link. Both paths must end in NUL.
pub(crate) fn make_link(to: &[u8], path: &[u8]) -> Result<(), i32> {
    // SAFETY: both paths end in NUL.
    checked(unsafe { call(number::SYMLINKAT, to.as_ptr() as usize, HERE, path.as_ptr() as usize, 0) })
        .map(drop)
}

/// Reads the target of a link. Returns its length.
pub(crate) fn read_link(path: &[u8], target: &mut [u8]) -> Result<usize, i32> {
    // SAFETY: the path ends in NUL, and the kernel writes up to the buffer's length.
    checked(unsafe {
        let (to, length) = (target.as_mut_ptr() as usize, target.len());
        call(number::READLINKAT, HERE, path.as_ptr() as usize, to, length)
    })
}

/// Sets the mode of a path.
pub(crate) fn set_mode(path: &[u8], mode: u32) -> Result<(), i32> {
    // SAFETY: the path ends in NUL.
    checked(unsafe { call(number::FCHMODAT, HERE, path.as_ptr() as usize, mode as usize, 0) }).map(drop)
}

/// Sets the owner of a path, without following a link at its end.
pub(crate) fn set_owner(path: &[u8], uid: u64, gid: u64) -> Result<(), i32> {
    const NOFOLLOW: usize = 0x100;
    // SAFETY: the path ends in NUL.
    checked(unsafe {
        let arguments = [HERE, path.as_ptr() as usize, uid as usize, gid as usize, NOFOLLOW, 0];
        sys::call6(number::FCHOWNAT, arguments)
    })
    .map(drop)
}

/// Sets owner, mode and time of an open file.
pub(crate) fn set_attributes(file: &File, uid: u64, gid: u64, mode: u64, mtime: u64) -> Result<(), i32> {
    let times = [mtime, 0, mtime, 0];
    // SAFETY: the kernel reads two times of two words each.
    unsafe {
        checked(call(number::FCHOWN, file.number(), uid as usize, gid as usize, 0))?;
        checked(call(number::FCHMOD, file.number(), mode as usize, 0, 0))?;
        // Not every file system can represent every time; that is no reason to fail.
        call(number::UTIMENSAT, file.number(), 0, times.as_ptr() as usize, 0);
    }
    Ok(())
}

/// Moves to the beginning of a file.
pub(crate) fn rewind(file: &File) -> Result<(), i32> {
    // SAFETY: no memory is touched.
    checked(unsafe { call(number::LSEEK, file.number(), 0, 0, 0) }).map(drop)
}

/// Reads from a descriptor. Returns 0 at the end.
pub(crate) fn read(descriptor: usize, buffer: &mut [u8]) -> Result<usize, i32> {
    // SAFETY: the kernel writes into the buffer, up to its length.
    checked(unsafe { call(number::READ, descriptor, buffer.as_mut_ptr() as usize, buffer.len(), 0) })
}

/// Writes all bytes to a descriptor.
pub(crate) fn write_all(descriptor: usize, mut bytes: &[u8]) -> Result<(), i32> {
    while !bytes.is_empty() {
        // SAFETY: the kernel reads the bytes, up to their length.
        let written = unsafe { call(number::WRITE, descriptor, bytes.as_ptr() as usize, bytes.len(), 0) };
        bytes = &bytes[checked(written)?..];
    }
    Ok(())
}

/// Exits with 0 once a path exists, and with 1 if it does not exist within two seconds.
pub(crate) fn wait_for(path: Path) -> ! {
    const PAUSE: u32 = 10;
    for _ in 0..2000 / PAUSE {
        match stat(path.terminated(), false) {
            Ok(_) => sys::exit(0),
            Err(ENOENT | ENOTDIR) => sys::pause(PAUSE),
            Err(error) => fail(error, &path),
        }
    }
    sys::exit(1)
}

/// Prints an error number and its path, and exits.
pub(crate) fn fail(error: i32, path: &Path) -> ! {
    let mut digits = *b"errno 000 ";
    let mut rest = error;
    for at in (6..9).rev() {
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    sys::write(2, &digits);
    sys::write(2, path.text());
    sys::write(2, b"\n");
    sys::exit(6)
}
