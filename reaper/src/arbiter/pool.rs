//! A pool: the ledger, the units, and the leases.

use std::collections::BTreeMap;

use seatrial_core::reaper::lease::{PoolKind, Reply, UnitState, Want};
use seatrial_pool::{Client, Effect, Event, Ledger, Nanos, Refusal, Rules};

use super::arbiter::Outbox;
use super::lease::{Lease, Phase};
use super::limits;
use super::unit::Unit;

/// One pool.
#[derive(Debug)]
pub(super) struct Pool {
    pub(super) kind: PoolKind,
    pub(super) size: u32,
    /// The settings that all clients must share, sorted.
    pub(super) facts: Vec<(String, String)>,
    /// The name of the client that made the pool.
    pub(super) founder: String,
    /// The number of connections that have joined.
    pub(super) clients: u32,
    /// The time at which the pool was made.
    began: Nanos,
    pub(super) ledger: Ledger,
    /// One for each slot, or a single one for all slots of a shared container.
    pub(super) units: Vec<Unit>,
    pub(super) leases: BTreeMap<Client, Lease>,
}

impl Pool {
    pub(super) fn new(
        kind: PoolKind,
        size: u32,
        facts: Vec<(String, String)>,
        founder: String,
        now: Nanos,
    ) -> Self {
        let units = if kind == PoolKind::Shared { 1 } else { size };
        let rules = Rules { size: size as usize, recycles: false, history: limits::history(size) };
        Self {
            kind,
            size,
            facts,
            founder,
            clients: 0,
            began: now,
            ledger: Ledger::new(rules),
            units: (0..units).map(|_| Unit::new(now)).collect(),
            leases: BTreeMap::new(),
        }
    }

    /// Returns the time since the pool was made.
    pub(super) fn time(&self, now: Nanos) -> Nanos {
        now.saturating_sub(self.began)
    }

    /// Returns the unit of a slot.
    pub(super) fn unit(&mut self, slot: usize) -> &mut Unit {
        match self.kind {
            PoolKind::Members => &mut self.units[slot],
            PoolKind::Shared => &mut self.units[0],
        }
    }

    /// Takes in a request for a lease.
    pub(super) fn get(&mut self, client: Client, lease: Lease, now: Nanos, outbox: &mut Outbox) {
        let event = match lease.want {
            Want::Member => Event::Get(client),
            Want::Try => Event::TryGet(client),
            Want::Exclusive => Event::GetExclusive(client),
            Want::LockOut => Event::LockOut(client),
        };
        self.leases.insert(client, lease);
        self.apply(event, now, outbox);
    }

    /// Applies an event to the ledger, and tells the clients of its effects.
    pub(super) fn apply(&mut self, event: Event, now: Nanos, outbox: &mut Outbox) {
        let mut effects = Vec::new();
        self.ledger.apply(event, self.time(now), &mut effects);
        self.tell(effects, now, outbox);
    }

    /// Tells the clients of a ledger's effects.
    pub(super) fn tell(&mut self, effects: Vec<Effect>, now: Nanos, outbox: &mut Outbox) {
        for effect in effects {
            match effect {
                Effect::Grant(client, slot) => self.granted(client, slot, now, outbox),
                Effect::GrantLockOut(client) => {
                    let Some(lease) = self.leases.get_mut(&client) else { continue };
                    lease.phase = Phase::LockedOut;
                    lease.is_exclusive = true;
                    let (state, payload) = (UnitState::Clean, String::new());
                    let reply = Reply::Granted { id: lease.id, member: 0, state, generation: 0, payload };
                    outbox.push((lease.connection, reply));
                }
                Effect::Refuse(client, refusal) => {
                    let Some(lease) = self.leases.remove(&client) else { continue };
                    let reply = match refusal {
                        Refusal::Busy => Reply::Busy { id: lease.id },
                        Refusal::Empty => failed(&lease, "all members were detached"),
                        Refusal::Closed | Refusal::Failed => failed(&lease, "the pool is closed"),
                    };
                    outbox.push((lease.connection, reply));
                }
                // The ledger is not told of anything that asks for these: units are the arbiter's.
                Effect::Recycle(_) | Effect::Replace(_) | Effect::Remove(_) | Effect::Abandon(_) => {}
            }
        }
    }

    /// Gives a slot to a client, and tells it what to do, unless another client prepares the container.
    fn granted(&mut self, client: Client, slot: usize, now: Nanos, outbox: &mut Outbox) {
        let Some(lease) = self.leases.get_mut(&client) else { return };
        let is_upgrade = matches!(lease.phase, Phase::Upgrading(_));
        lease.is_exclusive = is_upgrade || lease.want == Want::Exclusive;
        lease.phase = Phase::HeldBack(slot);
        let label = lease.shown_label();
        let time = self.time(now);
        self.ledger.set_label(client, slot, label, time);
        self.begin(client, now, outbox);
    }

    /// Lets a lease with a slot go on as far as its unit allows.
    fn begin(&mut self, client: Client, now: Nanos, outbox: &mut Outbox) {
        let Some(&Lease { phase: Phase::HeldBack(slot), .. }) = self.leases.get(&client) else { return };
        let unit = self.unit(slot);
        let is_clean = unit.state == UnitState::Clean;
        // The search of all leases comes last: when a container has become ready, there may be thousands to grant.
        if !is_clean && (unit.maker.is_some() || self.is_in_use()) {
            return;
        }
        let unit = self.unit(slot);
        let phase = if is_clean {
            Phase::Using(slot)
        } else {
            unit.maker = Some(client);
            Phase::Preparing(slot)
        };
        unit.since = now;
        let (state, generation, payload) = (unit.state, unit.generation(), unit.payload.clone());
        let member = if self.kind == PoolKind::Shared { 0 } else { slot as u32 };
        let lease = self.leases.get_mut(&client).expect("it was found a moment ago");
        lease.phase = phase;
        outbox.push((lease.connection, Reply::Granted { id: lease.id, member, state, generation, payload }));
    }

    /// Returns `true` if a shared container is used, so that it can't be made anew beneath its holders.
    fn is_in_use(&self) -> bool {
        self.kind == PoolKind::Shared
            && self.leases.values().any(|lease| matches!(lease.phase, Phase::Using(_)))
    }

    /// Lets those go on that wait for a shared container to be made.
    pub(super) fn go_on(&mut self, now: Nanos, outbox: &mut Outbox) {
        if self.kind == PoolKind::Members {
            return;
        }
        for client in self.held_back() {
            self.begin(client, now, outbox);
        }
    }

    /// Returns the clients that wait for a shared container to be made, in order of arrival.
    pub(super) fn held_back(&self) -> Vec<Client> {
        let held_back =
            |(client, lease): (&Client, &Lease)| matches!(lease.phase, Phase::HeldBack(_)).then_some(*client);
        self.leases.iter().filter_map(held_back).collect()
    }

    /// Takes in a lease's request to become exclusive.
    pub(super) fn upgrade(&mut self, client: Client, now: Nanos, outbox: &mut Outbox) -> Result<(), String> {
        let Some(lease) = self.leases.get_mut(&client) else { return Ok(()) };
        let Phase::Using(slot) = lease.phase else {
            return Err(format!("lease {} can't be upgraded: it has no member that is ready", lease.id));
        };
        if lease.is_exclusive {
            return Err(format!("lease {} is exclusive already", lease.id));
        }
        lease.phase = Phase::Upgrading(slot);
        lease.asked = now;
        lease.is_seen = true;
        self.apply(Event::Upgrade(client, slot), now, outbox);
        // The container may be made anew now: the lease does not use it any more.
        self.go_on(now, outbox);
        Ok(())
    }

    /// Notes that a client has made or reset its container.
    pub(super) fn ready(
        &mut self,
        client: Client,
        payload: String,
        now: Nanos,
        outbox: &mut Outbox,
    ) -> Result<(), String> {
        let Some(lease) = self.leases.get_mut(&client) else { return Ok(()) };
        let Phase::Preparing(slot) = lease.phase else {
            return Err(format!("lease {} was not told to prepare its member", lease.id));
        };
        lease.phase = Phase::Using(slot);
        lease.is_seen = true;
        let unit = self.unit(slot);
        unit.maker = None;
        unit.since = now;
        unit.became_clean(payload);
        self.go_on(now, outbox);
        Ok(())
    }

    /// Names a lease.
    pub(super) fn label(&mut self, client: Client, label: String, now: Nanos) {
        let time = self.time(now);
        let Some(lease) = self.leases.get_mut(&client) else { return };
        lease.label = label;
        if let Some(slot) = lease.slot() {
            let label = lease.shown_label();
            self.ledger.set_label(client, slot, label, time);
        }
    }
}

/// Returns the reply for a request that failed.
pub(super) fn failed(lease: &Lease, reason: &str) -> Reply {
    Reply::Failed { id: lease.id, reason: reason.into() }
}
