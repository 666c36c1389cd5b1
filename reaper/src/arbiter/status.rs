//! The state of all pools, for people.

use seatrial_core::reaper::lease::{MemberStatus, PoolKind, PoolStatus, Reply, UnitState, WaiterStatus};
use seatrial_pool::Nanos;

use super::arbiter::{Arbiter, Outbox};
use super::lease::{Lease, Phase};
use super::pool::Pool;
use super::unit::Unit;
use crate::lifecycle::ConnectionId;

impl Arbiter {
    /// Tells a connection the state of all pools.
    pub(crate) fn status(&self, to: ConnectionId, now: Nanos, outbox: &mut Outbox) {
        for (name, pool) in &self.pools {
            let utilization = (pool.ledger.utilization(pool.time(now)) * 1_000.0).round() as u32;
            let status = PoolStatus {
                name: name.clone(),
                kind: pool.kind,
                size: pool.size,
                clients: pool.clients,
                utilization,
            };
            outbox.push((to, Reply::Pool(status)));
            for member in self.members(name, pool, now) {
                outbox.push((to, Reply::Member(member)));
            }
            for lease in pool.leases.values().filter(|lease| lease.is_waiting()) {
                let status = WaiterStatus {
                    pool: name.clone(),
                    process: self.process_name(lease.connection),
                    want: lease.want,
                    label: lease.label.clone(),
                    for_ms: millis(now, lease.asked),
                };
                outbox.push((to, Reply::Waiter(status)));
            }
        }
        outbox.push((to, Reply::End));
    }

    /// Tells a connection the accounting of a pool.
    pub(super) fn accounting(
        &self,
        to: ConnectionId,
        name: String,
        now: Nanos,
        outbox: &mut Outbox,
    ) -> Result<(), String> {
        let Some(pool) = self.pools.get(&name) else {
            return Err(format!("there is no pool `{name}` in this session"));
        };
        let accounting = pool.ledger.accounting(pool.time(now));
        let json = serde_json::to_string(&accounting).map_err(|error| error.to_string())?;
        outbox.push((to, Reply::Accounting { pool: name, json }));
        Ok(())
    }

    /// Returns a pool's members, and one entry for each holder of a shared container.
    fn members(&self, name: &str, pool: &Pool, now: Nanos) -> Vec<MemberStatus> {
        let status = |member: usize, unit: &Unit, lease: Option<&Lease>| MemberStatus {
            pool: name.into(),
            member: member as u32,
            state: state(unit, lease).into(),
            process: lease.map(|lease| self.process_name(lease.connection)).unwrap_or_default(),
            label: lease.map(|lease| lease.label.clone()).unwrap_or_default(),
            for_ms: millis(now, unit.since),
            generation: unit.generation(),
            payload: unit.payload.clone(),
        };
        let with_slot = |lease: &&Lease| lease.slot().is_some() && !matches!(lease.phase, Phase::HeldBack(_));
        let holders = || pool.leases.values().filter(with_slot);
        match pool.kind {
            PoolKind::Members => {
                let mut held: Vec<Option<&Lease>> = vec![None; pool.units.len()];
                for lease in holders() {
                    held[lease.slot().unwrap_or_default()] = Some(lease);
                }
                let units = pool.units.iter().zip(held).enumerate();
                units.map(|(member, (unit, lease))| status(member, unit, lease)).collect()
            }
            PoolKind::Shared if holders().next().is_none() => vec![status(0, &pool.units[0], None)],
            PoolKind::Shared => holders().map(|lease| status(0, &pool.units[0], Some(lease))).collect(),
        }
    }
}

/// Returns the word for a member's state.
fn state(unit: &Unit, lease: Option<&Lease>) -> &'static str {
    match (lease.map(|lease| (lease.phase, lease.is_exclusive)), unit.state) {
        (Some((Phase::Preparing(_), _)), UnitState::Used) => "resetting",
        (Some((Phase::Preparing(_), _)), UnitState::Lost) => "replacing",
        (Some((Phase::Preparing(_), _)), _) => "making",
        (Some((Phase::Upgrading(_), _)), _) => "waiting for exclusive use",
        (Some((_, true)), _) => "exclusive",
        (Some(_), _) => "leased",
        (None, UnitState::Missing) => "not made",
        (None, UnitState::Clean) => "clean",
        (None, UnitState::Used) => "used",
        (None, UnitState::Lost) => "lost",
    }
}

fn millis(now: Nanos, since: Nanos) -> u64 {
    now.saturating_sub(since) / 1_000_000
}
