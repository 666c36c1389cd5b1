//! A keeper of numbers, for what the shell does by itself: no engine is behind it, and none is imitated.

use std::sync::Mutex as StdMutex;

use super::shell::{Keeper, Shell};
use super::sync::Arc;

/// What the keeper was asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    Recycle(usize),
    Replace(usize),
    Remove(usize),
    Abandon(usize),
}

/// Writes down what it is asked to do; a test does it when it likes.
#[derive(Default)]
pub(super) struct Notes {
    pub(super) asked: StdMutex<Vec<(Asked, Option<u32>)>>,
}

pub(super) type FakeShell = Arc<Shell<Notes>>;

/// A shell around the numbers from 0 on.
pub(super) fn shell(size: usize, recycles: bool) -> FakeShell {
    let members = (0..size).map(|at| (format!("m{at}"), at as u32)).collect();
    Shell::new(Notes::default(), members, recycles, 16)
}

impl Notes {
    fn note(shell: &FakeShell, asked: Asked, member: Option<u32>) {
        shell.keeper().asked.lock().expect("no panic").push((asked, member));
    }

    /// What was asked since the last time.
    pub(super) fn take(&self) -> Vec<(Asked, Option<u32>)> {
        std::mem::take(&mut *self.asked.lock().expect("no panic"))
    }
}

impl Keeper for Notes {
    type Member = u32;

    fn recycle(shell: &FakeShell, place: usize, member: Option<u32>) {
        Self::note(shell, Asked::Recycle(place), member);
    }

    fn replace(shell: &FakeShell, place: usize, member: Option<u32>) {
        Self::note(shell, Asked::Replace(place), member);
    }

    fn remove(shell: &FakeShell, place: usize, member: Option<u32>) {
        Self::note(shell, Asked::Remove(place), member);
    }

    fn abandon(shell: &FakeShell, place: usize) {
        Self::note(shell, Asked::Abandon(place), None);
    }
}
