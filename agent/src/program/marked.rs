//! `agent end`: finds the processes that have marks.

use super::ending::{Outcome, Signal, World};
use super::environ::VARIABLE;
use super::table::{AgentIds, Process, Table};
use super::{number, proc, sys};

/// The most marks that one call takes.
pub(crate) const MOST_MARKS: usize = 64;

/// The marks whose processes are to be killed.
pub(crate) struct Marked {
    marks: [&'static [u8]; MOST_MARKS],
    /// The main process of each mark's command; 0 if it is not known.
    roots: [i32; MOST_MARKS],
    count: usize,
}

impl Marked {
    pub(crate) const fn new() -> Self {
        Self { marks: [&[]; MOST_MARKS], roots: [0; MOST_MARKS], count: 0 }
    }

    /// Adds `MARK` or `MARK@PID`. Returns `false` if it is neither, or there are too many.
    pub(crate) fn add(&mut self, argument: &'static [u8]) -> bool {
        let mut parts = argument.splitn(2, |byte| *byte == b'@');
        let mark = parts.next().unwrap_or_default();
        let root = match parts.next() {
            None => Some(0),
            Some(pid) => number::parse(pid),
        };
        let Some(root) = root.filter(|_| !mark.is_empty() && self.count < MOST_MARKS) else { return false };
        (self.marks[self.count], self.roots[self.count]) = (mark, root);
        self.count += 1;
        true
    }

    fn has_root(&self, pid: i32) -> bool {
        self.roots[..self.count].contains(&pid)
    }

    fn has_mark(&self, mark: &[u8]) -> bool {
        self.marks[..self.count].contains(&mark)
    }

    /// Reads a process's current state; nothing if it is gone.
    fn read(&self, pid: i32) -> Option<Process> {
        let stat = proc::stat(pid)?;
        // The id may have been reused, but only a process that the engine started has no parent in the container.
        let is_root = stat.parent == 0 && self.has_root(pid);
        let is_marked = proc::has_mark(pid, VARIABLE, |mark| self.has_mark(mark));
        Some(Process {
            pid,
            parent: stat.parent,
            session: stat.session,
            is_zombie: matches!(stat.state, b'Z' | b'X'),
            is_marked: is_root || is_marked == Some(true),
            is_unseen: is_marked.is_none(),
            is_chosen: false,
        })
    }
}

impl World for Marked {
    fn look(&mut self, table: &mut Table) -> Result<(), &'static str> {
        proc::each(|pid| match self.read(pid) {
            Some(process) if !table.add(process) => Err("agent: there are too many processes\n"),
            _ => Ok(()),
        })
    }

    fn signal(&mut self, pid: i32, signal: Signal) -> bool {
        sys::signal(pid, signal)
    }

    fn pause(&mut self, milliseconds: u32) {
        sys::pause(milliseconds);
    }

    fn agent_ids(&self) -> AgentIds {
        AgentIds { pid: sys::pid(), session: sys::session() }
    }
}

/// Prints the outcome.
pub(crate) fn print(outcome: Outcome) {
    let mut line = [0; 80];
    let mut end = 0;
    let words: [(&[u8], u32); 4] = [
        (b"ended=", outcome.ended),
        (b" left=", outcome.left),
        (b" unreaped=", outcome.unreaped),
        (b" unseen=", outcome.unseen),
    ];
    for (word, number) in words {
        line[end..end + word.len()].copy_from_slice(word);
        end += word.len();
        end += number::write(number, &mut line[end..]);
    }
    line[end] = b'\n';
    sys::write(1, &line[..=end]);
}
