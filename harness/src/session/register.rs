//! The cleaner's register: every resource that this process creates, owns or removes.

use std::collections::{BTreeMap, BTreeSet};

use tokio::sync::oneshot;

use super::Session;
use super::estate::Estate;
use super::thing::Thing;
use crate::config::Keep;
use crate::words::Result;

/// The state of the cleaner. Keys are unique in the process and are never used again.
#[derive(Default)]
pub(super) struct Register {
    last_key: u64,
    /// Resources that are owned.
    pub(super) live: BTreeMap<u64, Item>,
    /// Creations that the engine has not answered yet.
    pub(super) creating: BTreeMap<u64, Announced>,
    /// Removals that are under way.
    pub(super) removing: BTreeMap<u64, Removing>,
    /// Messages of removals that failed, for the end of the process.
    pub(super) failed: Vec<String>,
    /// Ids of sessions of which a container was kept.
    pub(super) kept: BTreeSet<String>,
    /// `true` from the end of the process on: nothing is created any more.
    pub(super) is_closing: bool,
}

/// A resource that is owned.
pub(super) struct Item {
    /// Held until the resource is gone, so that the reaper waits for this process.
    pub(super) session: Session,
    pub(super) thing: Thing,
    /// The mode in which it stays when its owner is dropped.
    pub(super) keep: Keep,
    pub(super) estate: Box<dyn Estate>,
}

/// A creation that is under way.
pub(super) struct Announced {
    /// The kind and name, for messages.
    pub(super) label: String,
    pub(super) session: Session,
    /// Notified at the end of the creation.
    pub(super) listeners: Vec<oneshot::Sender<()>>,
}

/// A removal that is under way.
pub(super) struct Removing {
    pub(super) session: Session,
    pub(super) thing: Thing,
    /// The mode that it was created with.
    pub(super) keep: Keep,
    /// Notified of its result.
    pub(super) listeners: Vec<oneshot::Sender<Result<()>>>,
}

impl Register {
    /// Returns a key that nothing else has.
    pub(super) fn new_key(&mut self) -> u64 {
        self.last_key += 1;
        self.last_key
    }

    /// Returns the keys of the resources of a session that are owned or being removed, and that `filter` accepts.
    pub(super) fn keys_of(&self, session: &str, filter: impl Fn(&Thing) -> bool) -> Vec<u64> {
        let of_session = |thing: &Thing| thing.session() == session && filter(thing);
        self.things().filter(|(_, thing)| of_session(thing)).map(|(key, _)| key).collect()
    }

    /// Returns `true` if containers of a session were kept and no other containers of it are known: only kept ones
    /// can be using its networks and volumes.
    pub(super) fn has_only_kept(&self, session: &str) -> bool {
        let is_other = |thing: &Thing| thing.is_container() && thing.session() == session;
        self.kept.contains(session) && !self.things().any(|(_, thing)| is_other(thing))
    }

    fn things(&self) -> impl Iterator<Item = (u64, &Thing)> {
        let live = self.live.iter().map(|(key, item)| (*key, &item.thing));
        live.chain(self.removing.iter().map(|(key, removing)| (*key, &removing.thing)))
    }
}
