//! Which container is in which place, for those who do not have it: the watch, and the end of the pool.

use std::sync::{Mutex, MutexGuard};

use crate::container::{Subject, TestContainer};
use crate::session::Remover;

/// The containers of a pool, whoever has them.
#[derive(Debug)]
pub(super) struct Roster(Mutex<Vec<Option<Entry>>>);

#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) subject: Subject,
    pub(super) remover: Remover,
}

impl Roster {
    pub(super) fn of<'a>(containers: impl Iterator<Item = &'a TestContainer>) -> Self {
        Self(Mutex::new(containers.map(|container| Some(Entry::of(container))).collect()))
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Option<Entry>>> {
        // Each critical section is one assignment or one look.
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Another container is in a place.
    pub(super) fn set(&self, place: usize, container: &TestContainer) {
        self.lock()[place] = Some(Entry::of(container));
    }

    /// Forgets a container, if it is the one that is in this place.
    pub(super) fn take(&self, place: usize) -> Option<Entry> {
        self.lock()[place].take()
    }

    pub(super) fn entry(&self, place: usize) -> Option<Entry> {
        self.lock()[place].clone()
    }

    pub(super) fn place_of(&self, id: &str) -> Option<usize> {
        let is_it =
            |entry: &Option<Entry>| entry.as_ref().is_some_and(|entry| entry.subject.id.as_str() == id);
        self.lock().iter().position(is_it)
    }

    pub(super) fn len(&self) -> usize {
        self.lock().len()
    }
}

impl Entry {
    fn of(container: &TestContainer) -> Self {
        Self { subject: container.subject(), remover: container.remover() }
    }
}
