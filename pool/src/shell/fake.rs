//! A manager of numbers that does no work, for tests of the shell alone.

use std::sync::Arc;
use std::sync::Mutex as StdMutex;

use super::manager::Manager;
use super::shell::Shell;

/// A call of the manager.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Call {
    Recycle(usize),
    Replace(usize),
    Remove(usize),
    Abandon(usize),
}

/// Records its calls; a test does the work when it likes.
#[derive(Default)]
pub(super) struct Recorder {
    calls: StdMutex<Vec<(Call, Option<u32>)>>,
}

pub(super) type FakeShell = Arc<Shell<Recorder>>;

/// Returns a shell whose members are the numbers from 0 on.
pub(super) fn shell(size: usize, recycles: bool) -> FakeShell {
    let members = (0..size).map(|at| (format!("m{at}"), at as u32)).collect();
    Shell::new(Recorder::default(), members, recycles, 16)
}

impl Recorder {
    fn record(shell: &FakeShell, call: Call, member: Option<u32>) {
        shell.manager().calls.lock().expect("no panic").push((call, member));
    }

    /// Returns the calls since the last time.
    pub(super) fn take(&self) -> Vec<(Call, Option<u32>)> {
        std::mem::take(&mut *self.calls.lock().expect("no panic"))
    }
}

impl Manager for Recorder {
    type Member = u32;

    fn recycle(shell: &FakeShell, slot: usize, member: Option<u32>) {
        Self::record(shell, Call::Recycle(slot), member);
    }

    fn replace(shell: &FakeShell, slot: usize, member: Option<u32>) {
        Self::record(shell, Call::Replace(slot), member);
    }

    fn remove(shell: &FakeShell, slot: usize, member: Option<u32>) {
        Self::record(shell, Call::Remove(slot), member);
    }

    fn abandon(shell: &FakeShell, slot: usize) {
        Self::record(shell, Call::Abandon(slot), None);
    }
}
