//! A unit: one container of a pool, as the arbiter knows it between leases.

use seatrial_core::reaper::lease::UnitState;
use seatrial_pool::{Client, Nanos};

/// One container of a pool.
#[derive(Debug)]
pub(super) struct Unit {
    pub(super) state: UnitState,
    /// The words with which clients find the container. Empty if there is none, or if nobody knows.
    pub(super) payload: String,
    /// The number of containers that were made for this place.
    made: u64,
    /// The client that makes or resets it.
    pub(super) maker: Option<Client>,
    /// The time of the last change, for people.
    pub(super) since: Nanos,
}

impl Unit {
    pub(super) fn new(now: Nanos) -> Self {
        Self { state: UnitState::Missing, payload: String::new(), made: 0, maker: None, since: now }
    }

    /// Returns the number of containers that had this place before the present one, or before the one to be made.
    pub(super) fn generation(&self) -> u64 {
        match self.state {
            UnitState::Clean | UnitState::Used => self.made.saturating_sub(1),
            UnitState::Missing | UnitState::Lost => self.made,
        }
    }

    /// Returns `true` if there is a container that works, as far as is known.
    pub(super) fn exists(&self) -> bool {
        matches!(self.state, UnitState::Clean | UnitState::Used)
    }

    /// Notes that the container was made or reset.
    pub(super) fn became_clean(&mut self, payload: String) {
        if !self.exists() {
            self.made += 1;
        }
        self.payload = payload;
        self.state = UnitState::Clean;
    }

    /// Notes that the container was used.
    pub(super) fn became_used(&mut self) {
        if self.exists() {
            self.state = UnitState::Used;
        }
    }

    /// Notes that nobody knows the container's state, or if there is one.
    pub(super) fn became_lost(&mut self) {
        self.state = UnitState::Lost;
    }

    /// Notes that the container was removed.
    pub(super) fn became_missing(&mut self) {
        self.state = UnitState::Missing;
        self.payload.clear();
    }
}
