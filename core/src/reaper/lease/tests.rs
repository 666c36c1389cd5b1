//! Tests of the extension's lines.

use proptest::prelude::*;

use super::*;

fn text() -> impl Strategy<Value = String> {
    prop_oneof![Just(String::new()), Just("-".to_owned()), "[a-z%= !\n\r-]{0,12}", ".{0,12}"]
}

fn pairs() -> impl Strategy<Value = Vec<(String, String)>> {
    proptest::collection::vec((text(), text()), 0..4)
}

fn want() -> impl Strategy<Value = Want> {
    prop_oneof![Just(Want::Member), Just(Want::Try), Just(Want::Exclusive), Just(Want::LockOut)]
}

fn kind() -> impl Strategy<Value = PoolKind> {
    prop_oneof![Just(PoolKind::Members), Just(PoolKind::Shared)]
}

fn request() -> impl Strategy<Value = Request> {
    let end = prop_oneof![
        Just(End::Used),
        Just(End::Unused),
        Just(End::Discarded),
        Just(End::Removed),
        Just(End::Detached)
    ];
    let id = any::<u64>;
    prop_oneof![
        (any::<u32>(), text()).prop_map(|(version, process)| Request::Hello { version, process }),
        (text(), kind(), any::<u32>(), pairs()).prop_map(|(pool, kind, size, facts)| Request::Open {
            pool,
            kind,
            size,
            facts
        }),
        (id(), text(), want(), text()).prop_map(|(id, pool, want, label)| Request::Get {
            id,
            pool,
            want,
            label
        }),
        id().prop_map(|id| Request::Upgrade { id }),
        id().prop_map(|id| Request::Cancel { id }),
        (id(), text()).prop_map(|(id, payload)| Request::Ready { id, payload }),
        (id(), text()).prop_map(|(id, reason)| Request::Broken { id, reason }),
        (id(), end).prop_map(|(id, end)| Request::Return { id, end }),
        (id(), text()).prop_map(|(id, label)| Request::Label { id, label }),
        Just(Request::Status),
        text().prop_map(|pool| Request::Accounting { pool }),
    ]
}

fn reply() -> impl Strategy<Value = Reply> {
    let state = prop_oneof![
        Just(UnitState::Missing),
        Just(UnitState::Clean),
        Just(UnitState::Used),
        Just(UnitState::Lost)
    ];
    let n = any::<u32>;
    let id = any::<u64>;
    prop_oneof![
        n().prop_map(|version| Reply::Hello { version }),
        text().prop_map(|pool| Reply::Opened { pool }),
        (text(), text(), pairs()).prop_map(|(pool, process, facts)| Reply::Differs { pool, process, facts }),
        (id(), n(), state, id(), text()).prop_map(|(id, member, state, generation, payload)| {
            Reply::Granted { id, member, state, generation, payload }
        }),
        id().prop_map(|id| Reply::Busy { id }),
        (id(), text()).prop_map(|(id, reason)| Reply::Failed { id, reason }),
        text().prop_map(|reason| Reply::Error { reason }),
        (text(), kind(), n(), n(), n()).prop_map(|(name, kind, size, clients, utilization)| {
            Reply::Pool(PoolStatus { name, kind, size, clients, utilization })
        }),
        (text(), n(), text(), text(), text(), id(), id(), text()).prop_map(
            |(pool, member, state, process, label, for_ms, generation, payload)| {
                let state = if state.is_empty() { "idle".into() } else { state };
                Reply::Member(MemberStatus {
                    pool,
                    member,
                    state,
                    process,
                    label,
                    for_ms,
                    generation,
                    payload,
                })
            }
        ),
        (text(), text(), want(), text(), id()).prop_map(|(pool, process, want, label, for_ms)| {
            Reply::Waiter(WaiterStatus { pool, process, want, label, for_ms })
        }),
        Just(Reply::End),
        (text(), text()).prop_map(|(pool, json)| Reply::Accounting { pool, json }),
    ]
}

#[test]
fn the_wire_stays_as_it_is() {
    let facts = vec![("image".to_owned(), "redis:8 alpine".to_owned()), ("a=b".to_owned(), String::new())];
    let open = Request::Open { pool: "db".into(), kind: PoolKind::Members, size: 4, facts };
    assert_eq!(open.to_string(), "!open db members 4 image=redis:8%20alpine a%3db=-");
    let get = Request::Get { id: 7, pool: "db".into(), want: Want::LockOut, label: "-".into() };
    assert_eq!(get.to_string(), "!get 7 db lock-out %2d");
    let granted =
        Reply::Granted { id: 7, member: 2, state: UnitState::Lost, generation: 3, payload: String::new() };
    assert_eq!(granted.to_string(), "!granted 7 2 lost 3 -");
}

#[test]
fn a_bad_line_is_refused_by_the_word_that_is_wrong() {
    for (line, error) in [
        ("!", "`!` is no request"),
        ("!frobnicate", "`!frobnicate` is no request"),
        ("!hello", "`!hello` has no version"),
        ("!hello +1 x", "version `+1` is no number, or too large"),
        ("!hello 99999999999 x", "version `99999999999` is no number, or too large"),
        ("!hello 1  x", "`!hello` has no process"),
        ("!get 1 db some x", "kind of lease `some` is none of: member, try, exclusive, lock-out"),
        ("!get 1 d%zz member x", "pool: a `%` is not followed by two hexadecimal digits"),
        ("!get 1 d%ff member x", "pool: a text is not UTF-8"),
        ("!open db members 1 image", "`image` is no pair of key and value"),
        ("!status now", "`!status` has a word too many: `now`"),
    ] {
        assert_eq!(Request::parse(line.as_bytes()), Err(BadLine(error.into())), "{line}");
    }
    assert!(Request::parse(b"!label 1 \xff").is_err());
}

proptest! {
    #[test]
    fn requests_survive_the_wire(request in request()) {
        let line = request.to_string();
        prop_assert!(line.starts_with('!') && !line.contains(['\n', '\r']));
        prop_assert_eq!(Request::parse(line.as_bytes()), Ok(request));
    }

    #[test]
    fn replies_survive_the_wire(reply in reply()) {
        let line = reply.to_string();
        prop_assert!(line.starts_with('!') && !line.contains(['\n', '\r']));
        prop_assert_eq!(Reply::parse(line.as_bytes()), Ok(reply));
    }

    #[test]
    fn no_line_panics(line: Vec<u8>) {
        let _ = (Request::parse(&line), Reply::parse(&line));
    }

    #[test]
    fn no_line_of_the_alphabet_panics(line in "!(hello|open|get|ready|member|granted)( [a-z0-9%=-]{0,4}){0,9}") {
        let _ = (Request::parse(line.as_bytes()), Reply::parse(line.as_bytes()));
    }
}
