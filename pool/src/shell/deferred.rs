//! The work that an event leaves to be done after the lock is released.

use std::sync::Arc;
use std::task::Waker;

use super::manager::Manager;
use super::shell::Shell;

/// Wake-ups, and calls of the manager.
pub(super) struct Deferred<T> {
    pub(super) wakers: Vec<Waker>,
    pub(super) work: Vec<(Work, usize, Option<T>)>,
}

/// Work on the member of a slot.
pub(super) enum Work {
    Recycle,
    Replace,
    Remove,
    Abandon,
    /// Drops a member that came back after it was abandoned.
    Drop,
}

impl<T> Deferred<T> {
    /// Returns an empty value; allocates nothing.
    pub(super) fn none() -> Self {
        Self { wakers: Vec::new(), work: Vec::new() }
    }

    /// Does the work. The caller has released the lock.
    pub(super) fn run<M: Manager<Member = T>>(self, shell: &Arc<Shell<M>>) {
        self.wakers.into_iter().for_each(Waker::wake);
        for (work, slot, member) in self.work {
            match work {
                Work::Recycle => M::recycle(shell, slot, member),
                Work::Replace => M::replace(shell, slot, member),
                Work::Remove => {
                    M::remove(shell, slot, member);
                    shell.removal_handed_over();
                }
                Work::Abandon => {
                    M::abandon(shell, slot);
                    shell.removal_handed_over();
                }
                Work::Drop => drop(member),
            }
        }
    }
}
