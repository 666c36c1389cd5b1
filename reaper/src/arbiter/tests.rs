//! Tests of the arbiter: stories of a few processes.

use seatrial_core::reaper::lease::{End, PoolKind, Reply, Request, Want};

use super::Arbiter;
use crate::lifecycle::ConnectionId;

/// The connections of three processes.
const A: ConnectionId = 1;
const B: ConnectionId = 2;
const C: ConnectionId = 3;

/// An arbiter, and a clock that goes on by a second with each step.
struct Story {
    arbiter: Arbiter,
    now: u64,
}

impl Story {
    /// Returns a session with three processes, which have all opened the pool `db`.
    fn of(kind: PoolKind, size: u32) -> Self {
        let mut story = Self { arbiter: Arbiter::default(), now: 0 };
        for connection in [A, B, C] {
            let hello = Request::Hello { version: 1, process: format!("test {connection}") };
            assert_eq!(story.send(connection, hello), [(connection, Reply::Hello { version: 1 })]);
            let open =
                Request::Open { pool: "db".into(), kind, size, facts: vec![("image".into(), "x".into())] };
            assert_eq!(story.send(connection, open), [(connection, Reply::Opened { pool: "db".into() })]);
        }
        story
    }

    fn send(&mut self, from: ConnectionId, request: Request) -> Vec<(ConnectionId, Reply)> {
        // Each request passes through its line, as on a socket.
        let line = request.to_string();
        let request = Request::parse(line.as_bytes()).expect("it is a request");
        self.now += 1_000_000_000;
        let mut outbox = Vec::new();
        self.arbiter.apply(from, request, self.now, &mut outbox);
        outbox
    }

    fn get(&mut self, from: ConnectionId, id: u64, want: Want) -> Vec<(ConnectionId, Reply)> {
        self.send(from, Request::Get { id, pool: "db".into(), want, label: String::new() })
    }

    fn ready(&mut self, from: ConnectionId, id: u64, payload: &str) -> Vec<(ConnectionId, Reply)> {
        self.send(from, Request::Ready { id, payload: payload.into() })
    }

    fn end(&mut self, from: ConnectionId, id: u64, end: End) -> Vec<(ConnectionId, Reply)> {
        self.send(from, Request::Return { id, end })
    }

    fn gone(&mut self, connection: ConnectionId) -> Vec<(ConnectionId, Reply)> {
        self.now += 1_000_000_000;
        let mut outbox = Vec::new();
        self.arbiter.disconnected(connection, self.now, &mut outbox);
        outbox
    }

    /// Returns the states of the members of `db`, with their holders.
    fn members(&mut self) -> Vec<String> {
        let members = self.send(C, Request::Status).into_iter().filter_map(|(_, reply)| match reply {
            Reply::Member(member) => Some(format!("{} {}", member.state, member.process).trim().to_owned()),
            _ => None,
        });
        members.collect()
    }
}

/// Returns a grant. The state's words are the wire's.
fn granted(to: ConnectionId, id: u64, words: &str) -> (ConnectionId, Reply) {
    (to, Reply::parse(format!("!granted {id} {words}").as_bytes()).expect("a grant"))
}

fn failed(to: ConnectionId, id: u64, reason: &str) -> (ConnectionId, Reply) {
    (to, Reply::Failed { id, reason: reason.into() })
}

/// Returns the text of the only reply, which is an error.
fn error(replies: &[(ConnectionId, Reply)]) -> &str {
    match replies {
        [(_, Reply::Error { reason })] => reason,
        other => panic!("{other:?} is not an error"),
    }
}

#[test]
fn a_member_is_made_by_the_first_and_reset_by_the_next() {
    let mut story = Story::of(PoolKind::Members, 1);
    assert_eq!(story.get(A, 1, Want::Member), [granted(A, 1, "0 missing 0 -")]);
    assert_eq!(story.get(B, 1, Want::Member), []);
    assert_eq!(story.ready(A, 1, "id=c1"), []);
    assert_eq!(story.end(A, 1, End::Used), [granted(B, 1, "0 used 0 id=c1")]);
    assert_eq!(story.members(), ["resetting test 2"]);
    assert_eq!(story.ready(B, 1, "id=c1"), []);
    assert_eq!(story.end(B, 1, End::Unused), []);
    assert_eq!(story.get(C, 9, Want::Try), [granted(C, 9, "0 clean 0 id=c1")]);
}

#[test]
fn a_try_is_busy_when_all_members_are_leased() {
    let mut story = Story::of(PoolKind::Members, 1);
    story.get(A, 1, Want::Member);
    assert_eq!(story.get(B, 1, Want::Try), [(B, Reply::Busy { id: 1 })]);
    // The number is free again.
    assert_eq!(story.get(B, 1, Want::Member), []);
}

#[test]
fn the_next_is_told_when_a_maker_or_a_holder_is_gone() {
    let mut story = Story::of(PoolKind::Members, 1);
    story.get(A, 1, Want::Member);
    story.get(B, 1, Want::Member);
    story.get(C, 1, Want::Member);
    // Remains may be there, and nobody knows their id.
    assert_eq!(story.gone(A), [granted(B, 1, "0 lost 0 -")]);
    story.ready(B, 1, "c2");
    assert_eq!(story.gone(B), [granted(C, 1, "0 lost 1 c2")]);
    story.ready(C, 1, "c3");
    story.end(C, 1, End::Discarded);
    assert_eq!(story.get(C, 2, Want::Member), [granted(C, 2, "0 lost 2 c3")]);
    story.end(C, 2, End::Removed);
    assert_eq!(story.get(C, 3, Want::Member), [granted(C, 3, "0 missing 2 -")]);
}

#[test]
fn a_client_that_is_gone_gets_none_of_what_it_returns() {
    let mut story = Story::of(PoolKind::Members, 1);
    story.get(A, 1, Want::Member);
    story.get(A, 2, Want::Member);
    story.get(A, 3, Want::LockOut);
    assert_eq!(story.gone(A), []);
    assert_eq!(story.get(B, 1, Want::Member), [granted(B, 1, "0 lost 0 -")]);
}

#[test]
fn a_failure_is_told_to_all_who_wait_if_no_member_exists() {
    let mut story = Story::of(PoolKind::Members, 1);
    story.get(A, 1, Want::Member);
    story.get(B, 1, Want::Exclusive);
    story.get(B, 2, Want::LockOut);
    story.get(C, 1, Want::Member);
    let broken = Request::Broken { id: 1, reason: "no such image".into() };
    let replies = story.send(A, broken);
    let expected = [(B, 1), (B, 2), (C, 1)].map(|(to, id)| failed(to, id, "no such image"));
    assert_eq!(replies, expected);
    // The next request tries again.
    assert_eq!(story.get(B, 1, Want::Member), [granted(B, 1, "0 missing 0 -")]);
}

#[test]
fn a_failure_is_kept_from_those_who_can_get_another_member() {
    let mut story = Story::of(PoolKind::Members, 2);
    story.get(A, 1, Want::Member);
    story.ready(A, 1, "c1");
    story.get(B, 1, Want::Member);
    story.get(C, 1, Want::Member);
    let broken = Request::Broken { id: 1, reason: "no such image".into() };
    assert_eq!(story.send(B, broken), [granted(C, 1, "1 missing 0 -")]);
}

#[test]
fn an_upgrade_waits_until_no_other_member_is_leased() {
    let mut story = Story::of(PoolKind::Members, 2);
    story.get(A, 1, Want::Member);
    story.ready(A, 1, "c1");
    story.get(B, 1, Want::Member);
    story.ready(B, 1, "c2");
    assert_eq!(story.send(A, Request::Upgrade { id: 1 }), []);
    assert_eq!(story.end(B, 1, End::Used), [granted(A, 1, "0 clean 0 c1")]);
    assert_eq!(story.get(C, 1, Want::Member), []);
    assert_eq!(story.end(A, 1, End::Used), [granted(C, 1, "1 used 0 c2")]);
}

#[test]
fn a_cancelled_upgrade_ends_the_lease_as_used() {
    let mut story = Story::of(PoolKind::Members, 2);
    story.get(A, 1, Want::Member);
    story.ready(A, 1, "c1");
    story.get(B, 1, Want::Member);
    story.send(A, Request::Upgrade { id: 1 });
    story.send(A, Request::Cancel { id: 1 });
    assert_eq!(story.members(), ["used", "making test 2"]);
}

#[test]
fn a_cancelled_grant_that_was_never_seen_is_passed_on_as_it_was() {
    let mut story = Story::of(PoolKind::Members, 1);
    story.get(A, 1, Want::Member);
    story.ready(A, 1, "c1");
    story.end(A, 1, End::Unused);
    story.get(A, 2, Want::Member);
    story.get(B, 1, Want::Member);
    assert_eq!(story.send(A, Request::Cancel { id: 2 }), [granted(B, 1, "0 clean 0 c1")]);
    // A cancellation and a failure can cross.
    assert_eq!(story.send(A, Request::Cancel { id: 2 }), []);
}

#[test]
fn a_shared_container_is_made_once_and_used_by_all() {
    let mut story = Story::of(PoolKind::Shared, 8);
    assert_eq!(story.get(A, 1, Want::Member), [granted(A, 1, "0 missing 0 -")]);
    assert_eq!(story.get(B, 1, Want::Member), []);
    assert_eq!(story.get(C, 1, Want::Member), []);
    assert_eq!(story.ready(A, 1, "c1"), [granted(B, 1, "0 clean 0 c1"), granted(C, 1, "0 clean 0 c1")]);
    for connection in [A, B, C] {
        story.end(connection, 1, End::Used);
    }
    assert_eq!(story.get(A, 2, Want::Member), [granted(A, 2, "0 clean 0 c1")]);
    // One that dies while others use it does them no harm.
    assert_eq!(story.gone(A), []);
    assert_eq!(story.get(B, 2, Want::Member), [granted(B, 2, "0 clean 0 c1")]);
}

#[test]
fn the_next_makes_a_shared_container_if_the_maker_is_gone() {
    let mut story = Story::of(PoolKind::Shared, 8);
    story.get(A, 1, Want::Member);
    story.get(B, 1, Want::Member);
    story.get(C, 1, Want::Member);
    assert_eq!(story.gone(A), [granted(B, 1, "0 lost 0 -")]);
    assert_eq!(story.ready(B, 1, "c2"), [granted(C, 1, "0 clean 0 c2")]);
}

#[test]
fn a_set_up_that_fails_is_told_to_all_once() {
    let mut story = Story::of(PoolKind::Shared, 2);
    story.get(A, 1, Want::Member);
    story.get(B, 1, Want::Member);
    story.get(C, 1, Want::Member);
    story.get(C, 2, Want::Exclusive);
    let broken = Request::Broken { id: 1, reason: "migration 7".into() };
    let expected = [(B, 1), (C, 1), (C, 2)].map(|(to, id)| failed(to, id, "migration 7"));
    assert_eq!(story.send(A, broken), expected);
    assert_eq!(story.get(B, 1, Want::Member), [granted(B, 1, "0 missing 0 -")]);
}

#[test]
fn exclusive_use_of_a_shared_container_is_alone_and_leaves_it_used() {
    let mut story = Story::of(PoolKind::Shared, 8);
    story.get(A, 1, Want::Member);
    story.ready(A, 1, "c1");
    assert_eq!(story.get(B, 1, Want::Exclusive), []);
    assert_eq!(story.get(C, 1, Want::Member), []);
    assert_eq!(story.end(A, 1, End::Used), [granted(B, 1, "0 clean 0 c1")]);
    assert_eq!(story.end(B, 1, End::Used), [granted(C, 1, "0 used 0 c1")]);
    story.ready(C, 1, "c1");
    assert_eq!(story.send(C, Request::Upgrade { id: 1 }), [granted(C, 1, "0 clean 0 c1")]);
    story.get(A, 2, Want::Member);
    assert_eq!(story.gone(C), [granted(A, 2, "0 lost 1 c1")]);
}

#[test]
fn a_shared_container_is_made_anew_only_when_nobody_uses_it() {
    let mut story = Story::of(PoolKind::Shared, 8);
    story.get(A, 1, Want::Member);
    story.ready(A, 1, "c1");
    story.get(B, 1, Want::Member);
    story.end(B, 1, End::Discarded);
    assert_eq!(story.get(C, 1, Want::Member), []);
    assert_eq!(story.end(A, 1, End::Used), [granted(C, 1, "0 lost 1 c1")]);
}

#[test]
fn a_lease_that_waits_for_an_upgrade_does_not_hold_up_the_new_container() {
    let mut story = Story::of(PoolKind::Shared, 8);
    story.get(A, 1, Want::Member);
    story.ready(A, 1, "c1");
    story.get(B, 1, Want::Member);
    story.get(B, 2, Want::Member);
    story.end(B, 2, End::Discarded);
    story.get(C, 1, Want::Member);
    story.send(A, Request::Upgrade { id: 1 });
    assert_eq!(story.end(B, 1, End::Used), [granted(C, 1, "0 lost 1 c1")]);
    story.ready(C, 1, "c2");
    assert_eq!(story.end(C, 1, End::Used), [granted(A, 1, "0 clean 1 c2")]);
}

#[test]
fn a_lock_out_waits_for_all_and_stops_all() {
    let mut story = Story::of(PoolKind::Members, 2);
    story.get(A, 1, Want::Member);
    story.get(B, 1, Want::LockOut);
    story.get(C, 1, Want::Member);
    assert_eq!(story.end(A, 1, End::Unused), [granted(B, 1, "0 clean 0 -")]);
    assert_eq!(story.gone(B), [granted(C, 1, "0 missing 0 -")]);
}

#[test]
fn a_detached_member_is_not_replaced() {
    let mut story = Story::of(PoolKind::Members, 1);
    story.get(A, 1, Want::Member);
    story.ready(A, 1, "c1");
    story.get(B, 1, Want::Member);
    assert_eq!(story.end(A, 1, End::Detached), [failed(B, 1, "all members were detached")]);
    assert_eq!(story.get(C, 1, Want::Member), [failed(C, 1, "all members were detached")]);
}

#[test]
fn settings_that_differ_are_told_with_the_process_that_came_first() {
    let mut story = Story::of(PoolKind::Members, 2);
    let open = |size, facts: &[(&str, &str)]| Request::Open {
        pool: "db".into(),
        kind: PoolKind::Members,
        size,
        facts: facts.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
    };
    let differs = |facts: &[(&str, &str)]| {
        let facts = facts.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        [(B, Reply::Differs { pool: "db".into(), process: "test 1".into(), facts })]
    };
    assert_eq!(story.send(B, open(3, &[("image", "x")])), differs(&[("size", "2")]));
    assert_eq!(story.send(B, open(2, &[("image", "y")])), differs(&[("image", "x")]));
    assert_eq!(story.send(B, open(2, &[])), differs(&[("image", "x")]));
    assert_eq!(story.send(B, open(2, &[("image", "x"), ("env", "a")])), differs(&[]));
    assert_eq!(story.send(B, open(2, &[("image", "x")])), [(B, Reply::Opened { pool: "db".into() })]);
}

#[test]
fn requests_that_make_no_sense_are_refused_and_change_nothing() {
    let mut story = Story::of(PoolKind::Members, 1);
    let get =
        |id, pool: &str| Request::Get { id, pool: pool.into(), want: Want::Member, label: String::new() };
    assert_eq!(error(&story.send(4, get(1, "db"))), "the first line of the extension must be `!hello`");
    assert_eq!(
        error(&story.send(A, get(1, "nosuch"))),
        "the pool `nosuch` was not opened on this connection"
    );
    assert_eq!(error(&story.ready(A, 1, "x")), "there is no lease 1 on this connection");
    story.send(A, get(1, "db"));
    assert_eq!(error(&story.send(A, get(1, "db"))), "lease 1 exists already on this connection");
    story.send(B, get(1, "db"));
    assert!(error(&story.end(B, 1, End::Used)).contains("not granted yet; cancel it"));
    assert!(error(&story.send(A, Request::Upgrade { id: 1 })).contains("no member that is ready"));
    story.ready(A, 1, "c1");
    assert!(error(&story.ready(A, 1, "c2")).contains("was not told to prepare"));
    let broken = Request::Broken { id: 1, reason: String::new() };
    assert!(error(&story.send(A, broken)).contains("was not told to prepare"));
    assert_eq!(
        error(&story.send(A, Request::Hello { version: 1, process: "x".into() })),
        "`!hello` was sent already"
    );
    let open =
        |name: &str, size| Request::Open { pool: name.into(), kind: PoolKind::Members, size, facts: vec![] };
    assert!(error(&story.send(A, open("a b", 1))).contains("has a ' '"));
    assert!(error(&story.send(A, open("x", 0))).contains("must be 1 to 10000"));
    assert!(error(&story.send(A, open("x", 10_001))).contains("must be 1 to 10000"));
    let label = Request::Label { id: 1, label: "x".repeat(2_000) };
    assert_eq!(error(&story.send(A, label)), "the label has 2000 bytes; at most 1024 are kept");
    let accounting = Request::Accounting { pool: "nosuch".into() };
    assert_eq!(error(&story.send(A, accounting)), "there is no pool `nosuch` in this session");
    assert_eq!(story.members(), ["leased test 1"]);
}

#[test]
fn memory_is_bounded_over_all_pools() {
    let mut story = Story::of(PoolKind::Members, 1);
    let mut refused = 0;
    for n in 0..300 {
        let open = Request::Open { pool: format!("p{n}"), kind: PoolKind::Members, size: 60, facts: vec![] };
        refused += usize::from(matches!(story.send(A, open)[..], [(_, Reply::Error { .. })]));
    }
    assert_eq!(refused, 300 - 255);
    let large = Request::Open { pool: "large".into(), kind: PoolKind::Shared, size: 10_000, facts: vec![] };
    assert!(error(&story.send(A, large)).contains("too much of the reaper's memory"));
}

#[test]
fn the_status_names_holders_and_waiters_and_since_when() {
    let mut story = Story::of(PoolKind::Members, 1);
    story.get(A, 1, Want::Member);
    story.send(A, Request::Label { id: 1, label: "a test".into() });
    story.ready(A, 1, "c1");
    story.get(B, 1, Want::Exclusive);
    let lines: Vec<_> =
        story.send(C, Request::Status).into_iter().map(|(_, reply)| reply.to_string()).collect();
    let expected = [
        "!pool db members 1 3 1000",
        "!member db 0 leased test%201 a%20test 2000 0 c1",
        "!waiter db test%202 exclusive - 1000",
        "!end",
    ];
    assert_eq!(lines, expected);
    let accounting = story.send(C, Request::Accounting { pool: "db".into() });
    let [(C, Reply::Accounting { json, .. })] = &accounting[..] else { panic!("{accounting:?}") };
    let accounting: seatrial_pool::Accounting = serde_json::from_str(json).expect("an accounting");
    assert_eq!(accounting.members[0].intervals.last().and_then(|i| i.label.clone()), Some("a test".into()));
}
