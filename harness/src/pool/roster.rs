//! The containers of a pool by slot, leased or not, for the watch and for the removal at the end.

use std::sync::{Mutex, MutexGuard};

use crate::container::{Subject, TestContainer};
use crate::session::Remover;

/// The containers of a pool by slot, leased or not.
#[derive(Debug)]
pub(super) struct Roster(Mutex<Vec<Option<Entry>>>);

/// A container as the pool knows it without its handle.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) subject: Subject,
    pub(super) remover: Remover,
}

impl Roster {
    /// Returns a roster of these containers, in the order of their slots.
    pub(super) fn of<'a>(containers: impl Iterator<Item = &'a TestContainer>) -> Self {
        Self(Mutex::new(containers.map(|container| Some(Entry::of(container))).collect()))
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Option<Entry>>> {
        // Each critical section is a single read or write.
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Enters another container in a slot.
    pub(super) fn set(&self, slot: usize, container: &TestContainer) {
        self.lock()[slot] = Some(Entry::of(container));
    }

    /// Empties a slot, and returns the container that was in it.
    pub(super) fn take(&self, slot: usize) -> Option<Entry> {
        self.lock()[slot].take()
    }

    /// Returns the container in a slot.
    pub(super) fn entry(&self, slot: usize) -> Option<Entry> {
        self.lock()[slot].clone()
    }

    /// Returns the slot of the container with this id.
    pub(super) fn slot_of(&self, id: &str) -> Option<usize> {
        let has_id =
            |entry: &Option<Entry>| entry.as_ref().is_some_and(|entry| entry.subject.id.as_str() == id);
        self.lock().iter().position(has_id)
    }

    /// Returns the number of slots.
    pub(super) fn len(&self) -> usize {
        self.lock().len()
    }
}

impl Entry {
    fn of(container: &TestContainer) -> Self {
        Self { subject: container.subject(), remover: container.remover() }
    }
}
