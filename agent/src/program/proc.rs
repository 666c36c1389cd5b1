//! What `/proc` tells of processes.

use super::environ::MarkFinder;
use super::stat::{self, Stat};
use super::{number, sys};

/// How much of an environment is read at once.
const LONGEST_PIECE: usize = 4096;

/// A process's line there; nothing if it is gone.
pub(crate) fn stat(pid: i32) -> Option<Stat> {
    let mut buffer = [0; 1024];
    stat::parse(sys::File::open(&path(pid, b"/stat\0"))?.read(&mut buffer))
}

/// Whether the variable of a process is such a mark; nothing if its environment may not be read.
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
        // Less than there is room for is the last.
        if finder.is_done() || piece.len() < LONGEST_PIECE {
            return Some(finder.mark().is_some_and(&mut is_wanted));
        }
    }
}

/// Calls the function with the number of each process, until it says that it is enough.
///
/// # Errors
/// If there are none to be seen, or it is enough.
pub(crate) fn each(mut visit: impl FnMut(i32) -> Result<(), &'static str>) -> Result<(), &'static str> {
    let proc = sys::File::open(b"/proc\0").ok_or("agent: /proc can't be read\n")?;
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

/// The entries of a directory whose names are numbers. Each is its number, a place, its length in two bytes, its type
/// in one, and its name with a NUL.
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

/// `/proc/<pid>` and what follows it.
fn path(pid: i32, below: &[u8]) -> [u8; 32] {
    let mut path = [0; 32];
    path[..6].copy_from_slice(b"/proc/");
    let end = 6 + number::write(pid as u32, &mut path[6..]);
    path[end..end + below.len()].copy_from_slice(below);
    path
}
