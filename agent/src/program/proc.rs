//! Reads processes from `/proc`.

use super::environ::MarkFinder;
use super::stat::{self, Stat};
use super::{number, sys};

/// The size of one read of an environment, in bytes.
const LONGEST_PIECE: usize = 4096;

/// Returns the fields of `/proc/<pid>/stat`; nothing if the process is gone.
pub(crate) fn stat(pid: i32) -> Option<Stat> {
    let mut buffer = [0; 1024];
    stat::parse(sys::File::open(&path(pid, b"/stat\0"))?.read(&mut buffer))
}

/// Returns `true` if a process has the variable with a wanted value; nothing if its environment may not be read.
pub(crate) fn has_mark(
    pid: i32,
    variable: &'static [u8],
    mut is_wanted: impl FnMut(&[u8]) -> bool,
) -> Option<bool> {
    let file = sys::File::open(&path(pid, b"/environ\0"))?;
    let mut finder = MarkFinder::new(variable);
    let mut buffer = [0; LONGEST_PIECE];
    loop {
        let piece = file.read(&mut buffer);
        finder.feed(piece);
        // A short read is the last one.
        if finder.is_done() || piece.len() < LONGEST_PIECE {
            return Some(finder.mark().is_some_and(&mut is_wanted));
        }
    }
}

/// Calls a function with the id of each process, until it returns an error.
///
/// # Errors
/// Returns the function's error, or a message if no process can be seen.
pub(crate) fn each(mut visit: impl FnMut(i32) -> Result<(), &'static str>) -> Result<(), &'static str> {
    let proc = sys::File::open(b"/proc\0").ok_or("agent: /proc cannot be read\n")?;
    let mut buffer = [0; 4096];
    let mut has_any = false;
    loop {
        let entries = proc.entries(&mut buffer);
        if entries.is_empty() {
            break;
        }
        for pid in Pids(entries) {
            has_any = true;
            visit(pid)?;
        }
    }
    if has_any { Ok(()) } else { Err("agent: /proc shows no processes\n") }
}

/// An iterator over the directory entries whose names are numbers. An entry is a `struct linux_dirent64`: the inode and
/// an offset of 8 bytes each, the entry's length in two bytes, its type in one, and its name with a NUL.
struct Pids<'a>(&'a [u8]);

impl Iterator for Pids<'_> {
    type Item = i32;

    fn next(&mut self) -> Option<i32> {
        loop {
            let length = usize::from(u16::from_ne_bytes([*self.0.get(16)?, *self.0.get(17)?]));
            let (entry, rest) = self.0.split_at_checked(length)?;
            self.0 = rest;
            let name = entry.get(19..)?;
            let end = name.iter().position(|byte| *byte == 0)?;
            if let Some(pid) = number::parse(&name[..end]) {
                return Some(pid);
            }
        }
    }
}

/// Returns the path `/proc/<pid>` with `below` appended.
fn path(pid: i32, below: &[u8]) -> [u8; 32] {
    let mut path = [0; 32];
    path[..6].copy_from_slice(b"/proc/");
    let end = 6 + number::write(pid as u32, &mut path[6..]);
    path[end..end + below.len()].copy_from_slice(below);
    path
}
