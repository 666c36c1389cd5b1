//! Kills all descendants of this process, which the kernel makes the parent of its orphans.

use super::ending::{self, Outcome, Signal, World};
use super::environ::CASE_VARIABLE;
use super::mark::Mark;
use super::process::{self, Children, Ended};
use super::table::{AgentIds, Process, Table};
use super::{proc, sys};

/// Two tables of all processes. Only the pages that are written take memory.
static mut NOW: Table = Table::new();
static mut BEFORE: Table = Table::new();

/// Returns both tables.
///
/// # Safety
/// They must not be in use already.
pub(crate) unsafe fn tables() -> (&'static mut Table, &'static mut Table) {
    // SAFETY: the caller guarantees it.
    unsafe { (&mut *(&raw mut NOW), &mut *(&raw mut BEFORE)) }
}

/// Kills all descendants of this process except the spared children. With a mark, which is for kernels that don't make
/// this process the parent of orphans, also kills the processes that have it and their descendants.
///
/// Calls `ended` for each child that is reaped.
pub(crate) fn sweep(
    mark: Option<&Mark>,
    spared: &dyn Fn(i32) -> bool,
    ended: &mut dyn FnMut(&Ended),
) -> Outcome {
    // SAFETY: there is one thread, and no reference to the tables is kept.
    let (now, before) = unsafe { tables() };
    let mut family = Family { mark, spared, ended, has_children: true };
    match ending::end(&mut family, now, before) {
        Ok(outcome) => outcome,
        // Without a look at the processes, children have to be counted as left.
        Err(_) => Outcome { left: u32::from(family.has_children), ..Outcome::default() },
    }
}

struct Family<'a> {
    mark: Option<&'a Mark>,
    spared: &'a dyn Fn(i32) -> bool,
    ended: &'a mut dyn FnMut(&Ended),
    has_children: bool,
}

impl Family<'_> {
    fn reap(&mut self) {
        loop {
            match process::reap() {
                Children::Ended(ended) => (self.ended)(&ended),
                Children::Running => break,
                Children::None => {
                    self.has_children = false;
                    break;
                }
            }
        }
    }
}

impl World for Family<'_> {
    fn look(&mut self, table: &mut Table) -> Result<(), &'static str> {
        self.reap();
        if !self.has_children && self.mark.is_none() {
            return Ok(());
        }
        let (me, parent) = (sys::pid(), sys::parent());
        proc::each(|pid| {
            let Some(stat) = proc::stat(pid) else { return Ok(()) };
            let is_child = stat.parent == me && !(self.spared)(pid);
            let has_mark = |mark: &Mark| proc::has_mark(pid, CASE_VARIABLE, |found| found == mark.value());
            // Other workers are siblings; their environments need not be read.
            let is_worker = parent > 1 && stat.parent == parent;
            let is_marked = is_child
                || self.mark.is_some_and(|mark| mark.has_session(stat.session))
                || !is_worker && self.mark.and_then(has_mark) == Some(true);
            let process = Process {
                pid,
                parent: stat.parent,
                session: stat.session,
                is_zombie: matches!(stat.state, b'Z' | b'X'),
                is_marked,
                is_unseen: false,
                is_chosen: false,
            };
            if table.add(process) { Ok(()) } else { Err("agent: there are too many processes\n") }
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
