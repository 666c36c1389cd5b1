//! The arbiter itself: the connections, and the pools by their names.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use seatrial_core::reaper::lease::{PoolKind, Reply, Request, VERSION, Want, check_name};
use seatrial_pool::{Client, Nanos};

use super::lease::{Lease, Phase};
use super::limits;
use super::pool::Pool;
use crate::lifecycle::ConnectionId;

/// Replies, and the connections to send them on, in order.
pub type Outbox = Vec<(ConnectionId, Reply)>;

/// The arbiter of all shared pools of a session.
#[derive(Debug, Default)]
pub struct Arbiter {
    processes: HashMap<ConnectionId, Process>,
    pub(super) pools: BTreeMap<String, Pool>,
    newest: u64,
}

/// A connection that has begun the extension.
#[derive(Debug)]
struct Process {
    /// The client's name for people.
    name: String,
    /// The pools that the client has joined.
    pools: BTreeSet<String>,
    /// The leases and requests, by the client's numbers.
    leases: HashMap<u64, (String, Client)>,
}

impl Arbiter {
    /// Takes a request of a connection at a time, in nanoseconds since any fixed moment, and appends the replies.
    pub fn apply(&mut self, from: ConnectionId, request: Request, now: Nanos, outbox: &mut Outbox) {
        if let Err(reason) = self.take(from, request, now, outbox) {
            outbox.push((from, Reply::Error { reason }));
        }
        self.forget_ended(outbox);
    }

    /// Ends everything that a connection has, since it has ended.
    pub fn disconnected(&mut self, connection: ConnectionId, now: Nanos, outbox: &mut Outbox) {
        let Some(process) = self.processes.remove(&connection) else { return };
        let mut clients: BTreeMap<String, Vec<Client>> = BTreeMap::new();
        for (name, client) in process.leases.into_values() {
            clients.entry(name).or_default().push(client);
        }
        for (name, mut clients) in clients {
            // In order, so that the same history gives the same replies.
            clients.sort();
            self.pool(&name).gone(&clients, now, outbox);
        }
        for name in process.pools {
            self.pool(&name).clients -= 1;
        }
        outbox.retain(|(to, _)| *to != connection);
        self.forget_ended(outbox);
    }

    fn take(
        &mut self,
        from: ConnectionId,
        request: Request,
        now: Nanos,
        outbox: &mut Outbox,
    ) -> Result<(), String> {
        let is_hello = matches!(request, Request::Hello { .. });
        if !is_hello && !self.processes.contains_key(&from) {
            return Err("the first line of the extension must be `!hello`".into());
        }
        match request {
            Request::Hello { version, process } => self.hello(from, version, process, outbox),
            Request::Open { pool, kind, size, facts } => {
                self.open(from, pool, kind, size, facts, now, outbox)
            }
            Request::Get { id, pool, want, label } => self.get(from, id, pool, want, label, now, outbox),
            Request::Upgrade { id } => {
                let (pool, client) = self.lease(from, id)?;
                pool.upgrade(client, now, outbox)
            }
            Request::Cancel { id } => {
                // The request may have failed at the same moment.
                if let Ok((pool, client)) = self.lease(from, id) {
                    pool.cancel(client, now, outbox);
                    self.forget(from, id);
                }
                Ok(())
            }
            Request::Ready { id, payload } => {
                limits::check("payload", &payload, limits::PAYLOAD)?;
                let (pool, client) = self.lease(from, id)?;
                pool.ready(client, payload, now, outbox)
            }
            Request::Broken { id, reason } => {
                let reason: String = reason.chars().take(limits::PAYLOAD / 4).collect();
                let (pool, client) = self.lease(from, id)?;
                pool.broken(client, &reason, now, outbox)?;
                self.forget(from, id);
                Ok(())
            }
            Request::Return { id, end } => {
                let (pool, client) = self.lease(from, id)?;
                pool.give(client, end, now, outbox)?;
                self.forget(from, id);
                Ok(())
            }
            Request::Label { id, label } => {
                limits::check("label", &label, limits::LABEL)?;
                let (pool, client) = self.lease(from, id)?;
                pool.label(client, label, now);
                Ok(())
            }
            Request::Status => {
                self.status(from, now, outbox);
                Ok(())
            }
            Request::Accounting { pool } => self.accounting(from, pool, now, outbox),
        }
    }

    fn hello(
        &mut self,
        from: ConnectionId,
        version: u32,
        name: String,
        outbox: &mut Outbox,
    ) -> Result<(), String> {
        limits::check("process's name", &name, limits::LABEL)?;
        if version == 0 {
            return Err("version 0 never was; this reaper speaks version 1".into());
        }
        if self.processes.contains_key(&from) {
            return Err("`!hello` was sent already".into());
        }
        self.processes.insert(from, Process { name, pools: BTreeSet::new(), leases: HashMap::new() });
        outbox.push((from, Reply::Hello { version: VERSION }));
        Ok(())
    }

    #[expect(clippy::too_many_arguments, reason = "they are the words of one line")]
    fn open(
        &mut self,
        from: ConnectionId,
        name: String,
        kind: PoolKind,
        size: u32,
        mut facts: Vec<(String, String)>,
        now: Nanos,
        outbox: &mut Outbox,
    ) -> Result<(), String> {
        check_name(&name).map_err(|error| error.to_string())?;
        if size == 0 || size > limits::SIZE {
            return Err(format!("the pool's size is {size}; it must be 1 to {}", limits::SIZE));
        }
        let bytes = |facts: &[(String, String)]| facts.iter().map(|(k, v)| k.len() + v.len()).sum::<usize>();
        if bytes(&facts) > limits::FACTS {
            let most = limits::FACTS;
            return Err(format!("the pool's settings have {} bytes; at most {most} are kept", bytes(&facts)));
        }
        facts.sort();
        let founder = self.processes[&from].name.clone();
        if let Some(pool) = self.pools.get(&name) {
            let differing = differences(pool, kind, size, &facts);
            if let Some(facts) = differing {
                outbox.push((from, Reply::Differs { pool: name, process: pool.founder.clone(), facts }));
                return Ok(());
            }
        } else {
            let sizes: usize = self.pools.values().map(|pool| pool.size as usize).sum();
            let all_facts: usize = self.pools.values().map(|pool| bytes(&pool.facts)).sum();
            if self.pools.len() >= limits::POOLS
                || sizes + size as usize > limits::SIZES
                || all_facts + bytes(&facts) > limits::ALL_FACTS
            {
                return Err(format!(
                    "the session's pools would need too much of the reaper's memory: it keeps {} pools with {} members",
                    limits::POOLS,
                    limits::SIZES
                ));
            }
            self.pools.insert(name.clone(), Pool::new(kind, size, facts, founder, now));
        }
        let process = self.processes.get_mut(&from).expect("it has said hello");
        if process.pools.insert(name.clone()) {
            self.pool(&name).clients += 1;
        }
        outbox.push((from, Reply::Opened { pool: name }));
        Ok(())
    }

    #[expect(clippy::too_many_arguments, reason = "they are the words of one line")]
    fn get(
        &mut self,
        from: ConnectionId,
        id: u64,
        pool: String,
        want: Want,
        label: String,
        now: Nanos,
        outbox: &mut Outbox,
    ) -> Result<(), String> {
        limits::check("label", &label, limits::LABEL)?;
        let process = self.processes.get_mut(&from).expect("it has said hello");
        if !process.pools.contains(&pool) {
            return Err(format!("the pool `{}` was not opened on this connection", shown(&pool)));
        }
        if process.leases.contains_key(&id) {
            return Err(format!("lease {id} exists already on this connection"));
        }
        if process.leases.len() >= limits::LEASES {
            return Err(format!("this connection has {} leases, which is the most", limits::LEASES));
        }
        self.newest += 1;
        let client = Client(self.newest);
        process.leases.insert(id, (pool.clone(), client));
        let lease = Lease {
            connection: from,
            id,
            want,
            label,
            asked: now,
            phase: Phase::Waiting,
            is_exclusive: false,
            is_seen: false,
        };
        self.pool(&pool).get(client, lease, now, outbox);
        Ok(())
    }

    /// Returns a lease's pool and client.
    fn lease(&mut self, from: ConnectionId, id: u64) -> Result<(&mut Pool, Client), String> {
        let lease = self.processes.get(&from).and_then(|process| process.leases.get(&id));
        let (name, client) =
            lease.cloned().ok_or_else(|| format!("there is no lease {id} on this connection"))?;
        Ok((self.pool(&name), client))
    }

    fn forget(&mut self, from: ConnectionId, id: u64) {
        if let Some(process) = self.processes.get_mut(&from) {
            process.leases.remove(&id);
        }
    }

    /// Forgets the numbers of requests that have ended without a word of their clients.
    fn forget_ended(&mut self, outbox: &Outbox) {
        for (to, reply) in outbox {
            if let Reply::Busy { id } | Reply::Failed { id, .. } = reply {
                self.forget(*to, *id);
            }
        }
    }

    fn pool(&mut self, name: &str) -> &mut Pool {
        self.pools.get_mut(name).expect("a pool that was opened stays")
    }

    /// Returns the name of a connection's process.
    pub(super) fn process_name(&self, connection: ConnectionId) -> String {
        self.processes.get(&connection).map(|process| process.name.clone()).unwrap_or_default()
    }
}

/// Returns the pool's own settings where those of a client differ; `None` if none does.
fn differences(
    pool: &Pool,
    kind: PoolKind,
    size: u32,
    facts: &[(String, String)],
) -> Option<Vec<(String, String)>> {
    let mut differing = Vec::new();
    if pool.kind != kind {
        let kind = if pool.kind == PoolKind::Shared { "shared" } else { "members" };
        differing.push(("kind".to_owned(), kind.to_owned()));
    }
    if pool.size != size {
        differing.push(("size".to_owned(), pool.size.to_string()));
    }
    let theirs: BTreeMap<&str, &str> = facts.iter().map(|(key, value)| (&**key, &**value)).collect();
    let ours: BTreeMap<&str, &str> = pool.facts.iter().map(|(key, value)| (&**key, &**value)).collect();
    let changed = ours.iter().filter(|(key, value)| theirs.get(*key) != Some(value));
    differing.extend(changed.map(|(key, value)| ((*key).to_owned(), (*value).to_owned())));
    let is_more = theirs.keys().any(|key| !ours.contains_key(key));
    (is_more || !differing.is_empty()).then_some(differing)
}

fn shown(name: &str) -> String {
    name.chars().take(40).collect::<String>().escape_debug().to_string()
}
