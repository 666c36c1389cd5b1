//! Random histories of many processes, checked from the outside: by the lines that were sent and received alone.

use std::collections::BTreeMap;

use proptest::prelude::*;
use seatrial_core::reaper::lease::{End, PoolKind, Reply, Request, UnitState, Want};

use super::{Arbiter, Outbox};
use crate::lifecycle::ConnectionId;

const PROCESSES: u64 = 5;
const POOL: &str = "db";

/// A lease as its client sees it.
#[derive(Clone, Debug, PartialEq)]
enum Seen {
    Waiting,
    /// The client was told to make or reset the member.
    Preparing(u32),
    Using(u32),
    Upgrading(u32),
    LockedOut,
}

/// The container in a place, as all clients together know it.
#[derive(Clone, Debug, PartialEq)]
enum Place {
    Missing,
    Clean(String),
    Used(String),
    Lost(Option<String>),
}

/// A step of a history. The numbers choose among what is possible at that moment.
#[derive(Clone, Debug)]
enum Step {
    Get(u64, Want),
    Act(u64, Act),
    Die(u64),
}

#[derive(Clone, Debug)]
enum Act {
    /// Prepares the member if it has to be, or returns it.
    GoOn(End),
    Break,
    Upgrade,
    Cancel,
}

struct World {
    arbiter: Arbiter,
    kind: PoolKind,
    now: u64,
    newest: u64,
    /// The leases that are not ended, by connection and number, and if each is exclusive.
    leases: BTreeMap<(ConnectionId, u64), (Want, Seen, bool)>,
    places: Vec<Place>,
    /// The connection of each process. A process that died comes back with another.
    connections: Vec<ConnectionId>,
}

impl World {
    fn new(kind: PoolKind, size: u32) -> Self {
        let places = if kind == PoolKind::Shared { 1 } else { size };
        let mut world = Self {
            arbiter: Arbiter::default(),
            kind,
            now: 0,
            newest: 100,
            leases: BTreeMap::new(),
            places: vec![Place::Missing; places as usize],
            connections: (0..PROCESSES).collect(),
        };
        for connection in 0..PROCESSES {
            world.join(connection, size);
        }
        world
    }

    fn join(&mut self, connection: ConnectionId, size: u32) {
        self.send(connection, Request::Hello { version: 1, process: "p".into() });
        self.send(connection, Request::Open { pool: POOL.into(), kind: self.kind, size, facts: vec![] });
    }

    fn send(&mut self, from: ConnectionId, request: Request) {
        self.now += 1;
        let mut outbox = Vec::new();
        self.arbiter.apply(from, request.clone(), self.now, &mut outbox);
        for (_, reply) in &outbox {
            assert!(!matches!(reply, Reply::Error { .. } | Reply::Differs { .. }), "{request:?}: {reply:?}");
        }
        self.receive(outbox);
    }

    /// Notes the replies, and checks each against all that is known at this moment.
    fn receive(&mut self, outbox: Outbox) {
        for (to, reply) in outbox {
            match reply {
                Reply::Granted { id, member, state, payload, .. } => {
                    self.granted((to, id), member, state, &payload);
                }
                Reply::Failed { id, .. } | Reply::Busy { id } => {
                    let lease = self.leases.remove(&(to, id));
                    assert!(matches!(lease, Some((_, Seen::Waiting, _))), "{lease:?} can't fail");
                }
                _ => {}
            }
        }
    }

    fn granted(&mut self, key: (ConnectionId, u64), member: u32, state: UnitState, payload: &str) {
        let (want, seen, _) = self.leases.get(&key).cloned().expect("a lease that was asked for");
        let is_upgrade = matches!(seen, Seen::Upgrading(_));
        assert!(seen == Seen::Waiting || is_upgrade, "{seen:?} is granted again");
        let others: Vec<_> = self.leases.iter().filter(|(other, _)| **other != key).map(|(_, l)| l).collect();
        let held = |seen: &Seen| matches!(seen, Seen::Preparing(_) | Seen::Using(_));
        let is_alone = is_upgrade || matches!(want, Want::Exclusive | Want::LockOut);
        assert!(!others.iter().any(|(_, seen, alone)| *alone && (held(seen) || *seen == Seen::LockedOut)));
        if is_alone {
            assert!(!others.iter().any(|(_, seen, _)| held(seen)), "exclusive use beside a lease");
        }
        if want == Want::LockOut {
            self.leases.insert(key, (want, Seen::LockedOut, true));
            return;
        }
        let at = |seen: &Seen| match seen {
            Seen::Preparing(at) | Seen::Using(at) | Seen::Upgrading(at) => Some(*at),
            Seen::Waiting | Seen::LockedOut => None,
        };
        match self.kind {
            PoolKind::Members => {
                let twice = others.iter().any(|(_, seen, _)| at(seen) == Some(member));
                assert!(!twice, "member {member} is leased twice");
            }
            PoolKind::Shared => {
                let prepares = |seen: &Seen| matches!(seen, Seen::Preparing(_));
                assert!(!others.iter().any(|(_, seen, _)| prepares(seen)), "it is used while it is made");
                let is_used = others.iter().any(|(_, seen, _)| matches!(seen, Seen::Using(_)));
                assert!(state == UnitState::Clean || !is_used, "it is made while it is used");
            }
        }
        let place = &self.places[member as usize];
        let told = match state {
            UnitState::Missing => Place::Missing,
            UnitState::Clean => Place::Clean(payload.into()),
            UnitState::Used => Place::Used(payload.into()),
            UnitState::Lost => Place::Lost((!payload.is_empty()).then(|| payload.into())),
        };
        // The lease that is upgraded may have used its own member.
        let is_own = is_upgrade && matches!((&told, place), (Place::Clean(a), Place::Clean(b)) if a == b);
        assert!(is_own || told == *place, "told {told:?}, but it is {place:?}");
        let seen = if state == UnitState::Clean { Seen::Using(member) } else { Seen::Preparing(member) };
        self.leases.insert(key, (want, seen, is_alone));
    }

    fn get(&mut self, connection: ConnectionId, want: Want) {
        self.newest += 1;
        let id = self.newest;
        self.leases.insert((connection, id), (want, Seen::Waiting, false));
        self.send(connection, Request::Get { id, pool: POOL.into(), want, label: String::new() });
    }

    /// Lets a process do something with the oldest of its leases for which it is possible.
    fn act(&mut self, connection: ConnectionId, act: &Act) {
        let own = self.leases.iter().filter(|((of, _), _)| *of == connection);
        let possible = |seen: &Seen| match act {
            Act::GoOn(_) => !matches!(seen, Seen::Waiting | Seen::Upgrading(_)),
            Act::Break => matches!(seen, Seen::Preparing(_)),
            Act::Upgrade => matches!(seen, Seen::Using(_)),
            Act::Cancel => matches!(seen, Seen::Waiting | Seen::Upgrading(_)),
        };
        let chosen =
            own.filter(|(_, (_, seen, _))| possible(seen)).map(|(key, lease)| (*key, lease.clone())).next();
        let Some((key, (want, seen, is_alone))) = chosen else { return };
        let id = key.1;
        match (act, seen) {
            (Act::GoOn(_), Seen::Preparing(member)) => {
                let payload = match &self.places[member as usize] {
                    Place::Used(payload) => payload.clone(),
                    _ => format!("c{id}"),
                };
                self.places[member as usize] = Place::Clean(payload.clone());
                self.leases.insert(key, (want, Seen::Using(member), is_alone));
                self.send(connection, Request::Ready { id, payload });
            }
            (Act::GoOn(end), Seen::Using(member)) => {
                self.leases.remove(&key);
                self.leave(member, *end, is_alone);
                self.send(connection, Request::Return { id, end: *end });
            }
            (Act::GoOn(end), _) => {
                self.leases.remove(&key);
                self.send(connection, Request::Return { id, end: *end });
            }
            (Act::Break, Seen::Preparing(member)) => {
                self.leases.remove(&key);
                let place = &mut self.places[member as usize];
                if let Place::Used(payload) = place {
                    *place = Place::Lost(Some(payload.clone()));
                }
                self.send(connection, Request::Broken { id, reason: "x".into() });
            }
            (Act::Upgrade, Seen::Using(member)) if !is_alone => {
                self.leases.insert(key, (want, Seen::Upgrading(member), false));
                self.send(connection, Request::Upgrade { id });
            }
            (Act::Cancel, seen) => {
                self.leases.remove(&key);
                if let Seen::Upgrading(member) = seen {
                    self.leave(member, End::Used, false);
                }
                self.send(connection, Request::Cancel { id });
            }
            _ => {}
        }
    }

    /// Notes the state in which a member is left that was ready.
    fn leave(&mut self, member: u32, end: End, is_alone: bool) {
        let is_alone = is_alone || self.kind == PoolKind::Members;
        let place = &mut self.places[member as usize];
        let payload = match place {
            Place::Clean(payload) | Place::Used(payload) => Some(payload.clone()),
            Place::Lost(payload) => payload.clone(),
            Place::Missing => None,
        };
        *place = match (end, payload) {
            (End::Unused, _) => return,
            (End::Removed | End::Detached, _) => Place::Missing,
            (End::Discarded, payload) => Place::Lost(payload),
            (End::Used, Some(payload)) if is_alone && matches!(place, Place::Clean(_)) => {
                Place::Used(payload)
            }
            (End::Used, _) => return,
        };
    }

    /// Ends a process, and starts another in its place.
    fn die(&mut self, process: usize, size: u32) {
        let connection = self.connections[process];
        let all = std::mem::take(&mut self.leases);
        for (key, (want, seen, is_alone)) in all {
            if key.0 != connection {
                self.leases.insert(key, (want, seen, is_alone));
                continue;
            }
            match seen {
                Seen::Preparing(member) => self.leave(member, End::Discarded, true),
                Seen::Using(member) | Seen::Upgrading(member)
                    if is_alone || self.kind == PoolKind::Members =>
                {
                    self.leave(member, End::Discarded, true);
                }
                _ => {}
            }
        }
        self.now += 1;
        let mut outbox = Vec::new();
        self.arbiter.disconnected(connection, self.now, &mut outbox);
        assert!(outbox.iter().all(|(to, _)| *to != connection), "a reply to a process that is gone");
        self.receive(outbox);
        self.newest += 1;
        self.connections[process] = self.newest;
        self.join(self.newest, size);
    }

    /// Returns everything that is held until nothing is left, and checks that each request was served.
    fn drain(&mut self) {
        for _ in 0..10_000 {
            if self.leases.is_empty() {
                return;
            }
            for connection in self.connections.clone() {
                self.act(connection, &Act::GoOn(End::Used));
            }
        }
        panic!("never served: {:?}", self.leases);
    }
}

fn step() -> impl Strategy<Value = Step> {
    let want = prop_oneof![
        6 => Just(Want::Member), 1 => Just(Want::Try), 2 => Just(Want::Exclusive), 1 => Just(Want::LockOut)
    ];
    let end = prop_oneof![
        6 => Just(End::Used), 2 => Just(End::Unused), 1 => Just(End::Discarded), 1 => Just(End::Removed)
    ];
    let act = prop_oneof![
        8 => end.prop_map(Act::GoOn), 1 => Just(Act::Break), 2 => Just(Act::Upgrade), 1 => Just(Act::Cancel)
    ];
    let process = 0..PROCESSES;
    prop_oneof![
        5 => (process.clone(), want).prop_map(|(process, want)| Step::Get(process, want)),
        8 => (process.clone(), act).prop_map(|(process, act)| Step::Act(process, act)),
        1 => process.prop_map(Step::Die),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    /// P4, P5, P7 over processes: no member is leased twice, exclusive use is alone, each grant tells the member's
    /// true state, and everybody who waits is served.
    #[test]
    fn the_rules_hold_in_all_histories(
        steps in proptest::collection::vec(step(), 0..120), size in 1_u32..4, is_shared: bool,
    ) {
        let kind = if is_shared { PoolKind::Shared } else { PoolKind::Members };
        let mut world = World::new(kind, size);
        for step in steps {
            match step {
                Step::Get(process, want) => world.get(world.connections[process as usize], want),
                Step::Act(process, act) => world.act(world.connections[process as usize], &act),
                Step::Die(process) => world.die(process as usize, size),
            }
        }
        world.drain();
    }

    #[test]
    fn no_line_of_a_client_panics(
        lines in proptest::collection::vec(
            prop_oneof![
                "!(get [0-3] a (member|try|exclusive|lock-out) -|upgrade [0-3]|cancel [0-3]|ready [0-3] x)",
                "!(return [0-3] (used|unused|discarded|removed|detached)|broken [0-3] x|label [0-3] y)",
                "!(status|accounting a|hello 1 p|open a (members|shared) [1-2])",
            ],
            0..60,
        ),
        processes in proptest::collection::vec(0_u64..3, 60),
    ) {
        let mut arbiter = Arbiter::default();
        for (now, (line, from)) in lines.iter().zip(processes).enumerate() {
            let mut outbox = Vec::new();
            if now % 17 == 16 {
                arbiter.disconnected(from, now as u64, &mut outbox);
            }
            let request = Request::parse(line.as_bytes()).expect("a request");
            arbiter.apply(from, request, now as u64, &mut outbox);
        }
    }
}
