//! The ends of leases: by the client's word, by a failure, and by the end of its connection.

use seatrial_core::reaper::lease::{End, PoolKind};
use seatrial_pool::{Client, Effect, Event, Nanos};

use super::arbiter::Outbox;
use super::lease::{Lease, Phase};
use super::pool::{Pool, failed};

impl Pool {
    /// Ends a lease, in the state in which the client leaves the member.
    pub(super) fn give(
        &mut self,
        client: Client,
        end: End,
        now: Nanos,
        outbox: &mut Outbox,
    ) -> Result<(), String> {
        match self.leases.get(&client) {
            Some(Lease { id, phase: Phase::Waiting | Phase::HeldBack(_), .. }) => {
                Err(format!("lease {id} can't be returned: it is not granted yet; cancel it"))
            }
            Some(_) => {
                self.end(client, end, now, outbox);
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// Ends a request, whether or not it was granted meanwhile.
    pub(super) fn cancel(&mut self, client: Client, now: Nanos, outbox: &mut Outbox) {
        let Some(lease) = self.leases.get(&client) else { return };
        let end = if lease.is_seen { End::Used } else { End::Unused };
        self.end(client, end, now, outbox);
    }

    /// Ends all leases of a connection that has ended.
    pub(super) fn gone(&mut self, clients: &[Client], now: Nanos, outbox: &mut Outbox) {
        let is_waiting = |client: &&Client| self.leases.get(client).is_some_and(Lease::is_waiting);
        let waiting: Vec<Client> = clients.iter().filter(is_waiting).copied().collect();
        self.withdraw(&waiting, now, outbox);
        for client in clients {
            let Some(lease) = self.leases.get(client) else { continue };
            let is_alone = self.kind == PoolKind::Members || lease.is_exclusive;
            let end = match lease.phase {
                // The client may have been in the middle of it.
                Phase::Preparing(_) => End::Discarded,
                Phase::Using(_) | Phase::Upgrading(_) if is_alone => End::Discarded,
                // The others go on with a shared container.
                Phase::Using(_) | Phase::Upgrading(_) => End::Used,
                Phase::Waiting | Phase::HeldBack(_) | Phase::LockedOut => End::Unused,
            };
            self.end(*client, end, now, outbox);
        }
    }

    /// Ends a lease whose member could not be made or reset. If no other member exists, those that wait are told.
    pub(super) fn broken(
        &mut self,
        client: Client,
        reason: &str,
        now: Nanos,
        outbox: &mut Outbox,
    ) -> Result<(), String> {
        let Some(lease) = self.leases.get(&client) else { return Ok(()) };
        let Phase::Preparing(slot) = lease.phase else {
            return Err(format!("lease {} was not told to prepare its member", lease.id));
        };
        let unit = self.unit(slot);
        if unit.exists() {
            unit.became_lost();
        }
        if !self.units.iter().any(|unit| unit.exists()) {
            self.fail_waiting(reason, now, outbox);
        }
        self.end(client, End::Unused, now, outbox);
        Ok(())
    }

    /// Ends a lease in any phase.
    fn end(&mut self, client: Client, end: End, now: Nanos, outbox: &mut Outbox) {
        let Some(lease) = self.leases.remove(&client) else { return };
        if let Some(slot) = lease.slot()
            && !matches!(lease.phase, Phase::HeldBack(_))
        {
            let is_alone = self.kind == PoolKind::Members || lease.is_exclusive;
            let unit = self.unit(slot);
            unit.since = now;
            if unit.maker == Some(client) {
                unit.maker = None;
            }
            match (lease.phase, end) {
                (_, End::Unused) => {}
                (_, End::Removed | End::Detached) => unit.became_missing(),
                (_, End::Discarded) | (Phase::Preparing(_), End::Used) => unit.became_lost(),
                (_, End::Used) if is_alone => unit.became_used(),
                (_, End::Used) => {}
            }
        }
        let event = match lease.phase {
            Phase::Waiting | Phase::Upgrading(_) => Event::Cancel(client),
            Phase::LockedOut => Event::EndLockOut(client),
            Phase::HeldBack(slot) => Event::GiveBack(client, slot),
            Phase::Preparing(slot) | Phase::Using(slot) => match end {
                End::Detached if self.kind == PoolKind::Members => Event::Detach(client, slot),
                // The next client gets the same member, which waits for it.
                End::Unused => Event::GiveBack(client, slot),
                _ => Event::Release(client, slot),
            },
        };
        self.apply(event, now, outbox);
        self.go_on(now, outbox);
    }

    /// Fails all requests that wait.
    fn fail_waiting(&mut self, reason: &str, now: Nanos, outbox: &mut Outbox) {
        let waiting: Vec<Client> =
            self.leases.iter().filter(|(_, lease)| lease.is_waiting()).map(|(client, _)| *client).collect();
        outbox.extend(waiting.iter().map(|client| {
            let lease = &self.leases[client];
            (lease.connection, failed(lease, reason))
        }));
        self.withdraw(&waiting, now, outbox);
    }

    /// Ends requests that wait, all at once: none of them is granted because another one has ended.
    fn withdraw(&mut self, waiting: &[Client], now: Nanos, outbox: &mut Outbox) {
        let time = self.time(now);
        let mut effects = Vec::new();
        let leases: Vec<_> = waiting.iter().map(|client| (*client, self.leases.remove(client))).collect();
        for (client, lease) in leases {
            let event = match lease.map(|lease| lease.phase) {
                Some(Phase::HeldBack(slot)) => Event::GiveBack(client, slot),
                _ => Event::Cancel(client),
            };
            self.ledger.apply(event, time, &mut effects);
        }
        // A cancelled request can make place for one that was cancelled after it.
        let mut rest = Vec::new();
        while let Some(effect) = effects.pop() {
            let event = match effect {
                Effect::Grant(client, slot) if !self.leases.contains_key(&client) => {
                    Event::GiveBack(client, slot)
                }
                Effect::GrantLockOut(client) if !self.leases.contains_key(&client) => {
                    Event::EndLockOut(client)
                }
                other => {
                    rest.push(other);
                    continue;
                }
            };
            self.ledger.apply(event, time, &mut effects);
        }
        rest.reverse();
        self.tell(rest, now, outbox);
        self.go_on(now, outbox);
    }
}
