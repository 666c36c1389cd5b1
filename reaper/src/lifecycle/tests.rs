//! Tests of the life cycle, event by event, and under any events.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use proptest::prelude::*;
use seatrial_core::reaper::Filter;

use super::*;

const TIMES: Times = Times {
    connection: Duration::from_secs(60),
    reconnection: Duration::from_secs(10),
    changes: Duration::from_secs(1),
    shutdown: Duration::from_secs(100),
};

fn filter(name: &str) -> Filter {
    Filter::parse(format!("label={name}").as_bytes()).expect("a filter")
}

/// A life cycle with its own clock.
struct Life {
    cycle: Lifecycle,
    now: Instant,
}

impl Life {
    fn begin() -> Self {
        let now = Instant::now();
        Self { cycle: Lifecycle::new(TIMES, now), now }
    }

    fn after(&mut self, seconds: u64) -> Step {
        self.now += Duration::from_secs(seconds);
        self.cycle.step(self.now)
    }

    fn on(&mut self, event: Event) -> Answer {
        self.cycle.apply(event, self.now)
    }

    fn client(&mut self, id: ConnectionId, name: &str) {
        self.on(Event::Connected(id));
        self.on(Event::Filter(id, filter(name)));
    }

    fn wait(&self, seconds: u64) -> Step {
        Step::Wait(Some(self.now + Duration::from_secs(seconds)))
    }
}

#[test]
fn without_a_client_it_ends_after_the_connection_timeout_whoever_probes() {
    let mut life = Life::begin();
    assert_eq!(life.after(0), life.wait(60));
    life.on(Event::Connected(1));
    life.on(Event::Disconnected(1));
    life.on(Event::Connected(2));
    assert_eq!(life.after(59), life.wait(1), "a probe shortens nothing");
    assert_eq!(life.cycle.phase(), Phase::Awaiting);
    assert_eq!(life.after(1), Step::Done, "a silent connection holds nothing back");
    assert_eq!(life.on(Event::Connected(3)), Answer::Refused);
}

#[test]
fn a_first_client_in_the_last_moment_has_time_to_send_its_filter() {
    let mut life = Life::begin();
    life.now += Duration::from_millis(59_500);
    life.on(Event::Connected(1));
    life.now += Duration::from_millis(500);
    assert_eq!(life.after(0), life.wait(1));
    life.on(Event::Filter(1, filter("a")));
    assert_eq!(life.after(10), Step::Wait(None));
}

#[test]
fn what_a_last_client_left_is_checked_then_reaped_then_all_is_done() {
    let mut life = Life::begin();
    life.client(1, "a");
    assert_eq!((life.after(1_000), life.cycle.phase()), (Step::Wait(None), Phase::Serving));
    life.on(Event::Disconnected(1));
    assert_eq!((life.after(4), life.cycle.phase()), (life.wait(6), Phase::Lingering));
    assert_eq!(life.after(6), Step::Check(vec![filter("a")]));
    life.on(Event::AtRest);
    assert_eq!((life.after(0), life.cycle.phase()), (Step::Prune(vec![filter("a")]), Phase::Pruning));
    assert_eq!(life.on(Event::Connected(2)), Answer::Refused);
    assert_eq!(life.on(Event::Filter(2, filter("b"))), Answer::Refused);
    life.on(Event::Pruned);
    assert_eq!((life.after(0), life.cycle.phase()), (Step::Done, Phase::Done));
}

#[test]
fn a_client_that_comes_before_the_decision_stops_the_prune() {
    let mut life = Life::begin();
    life.client(1, "a");
    life.on(Event::Disconnected(1));
    assert!(matches!(life.after(10), Step::Check(_)));
    life.on(Event::Connected(2));
    life.on(Event::AtRest);
    assert_eq!(life.after(0), life.wait(1), "it has a second to send its filter");
    assert_eq!(life.on(Event::Filter(2, filter("a"))), Answer::Known);
    assert_eq!(life.after(1_000), Step::Wait(None));
    life.on(Event::Disconnected(2));
    assert_eq!(life.after(0), life.wait(10), "its end begins the time anew");
}

#[test]
fn a_silent_connection_holds_nothing_back() {
    let mut life = Life::begin();
    life.on(Event::Connected(1));
    life.client(2, "a");
    life.on(Event::Disconnected(2));
    life.after(5);
    life.on(Event::Connected(3));
    assert_eq!(life.after(5), Step::Check(vec![filter("a")]));
    life.on(Event::AtRest);
    assert_eq!(life.after(0), Step::Prune(vec![filter("a")]));
}

#[test]
fn a_client_of_another_filter_holds_only_its_own_back() {
    let mut life = Life::begin();
    life.client(1, "a");
    life.on(Event::Disconnected(1));
    life.client(2, "b");
    assert_eq!(life.after(10), Step::Check(vec![filter("a")]));
    life.on(Event::AtRest);
    assert_eq!(life.after(0), Step::Prune(vec![filter("a")]));
    life.on(Event::Pruned);
    assert_eq!((life.after(1_000), life.cycle.phase()), (Step::Wait(None), Phase::Serving));
}

#[test]
fn many_probes_postpone_a_prune_by_one_second_at_most() {
    let mut life = Life::begin();
    life.client(1, "a");
    life.on(Event::Disconnected(1));
    life.after(10);
    for id in 2..12 {
        life.now += Duration::from_millis(100);
        life.on(Event::Connected(id));
        assert_eq!(life.on(Event::Disconnected(id - 1)), Answer::Unchanged);
    }
    assert_eq!(life.after(0), Step::Check(vec![filter("a")]));
}

#[test]
fn a_probe_while_lingering_does_not_prolong_it() {
    let mut life = Life::begin();
    life.client(1, "a");
    life.on(Event::Disconnected(1));
    life.after(5);
    life.on(Event::Connected(2));
    life.on(Event::Disconnected(2));
    assert_eq!(life.after(0), life.wait(5));
}

#[test]
fn a_session_is_reaped_while_others_go_on() {
    let mut life = Life::begin();
    life.client(1, "a");
    life.client(2, "b");
    life.on(Event::Filter(2, filter("a")));
    life.on(Event::Disconnected(1));
    assert_eq!(life.after(100), Step::Wait(None), "the second client holds both");
    life.client(3, "c");
    life.on(Event::Disconnected(2));
    assert_eq!(life.after(10), Step::Check(vec![filter("a"), filter("b")]));
    life.on(Event::AtRest);
    assert_eq!(life.after(0), Step::Prune(vec![filter("a"), filter("b")]));
    assert_eq!(life.cycle.phase(), Phase::Serving);
    assert_eq!(life.on(Event::Filter(3, filter("a"))), Answer::Refused, "its prune is decided");
    assert_eq!(life.on(Event::Filter(3, filter("d"))), Answer::Stored);
    life.on(Event::Pruned);
    assert_eq!(life.after(0), Step::Wait(None));
}

#[test]
fn a_filter_is_stored_once() {
    let mut life = Life::begin();
    life.client(1, "x&label=y");
    assert_eq!(life.on(Event::Filter(1, filter("y&label=x"))), Answer::Known);
    assert_eq!(life.on(Event::Filter(2, filter("x&label=y"))), Answer::Known);
    life.on(Event::Disconnected(1));
    assert_eq!(life.after(50), Step::Wait(None), "the second connection holds it too");
}

#[test]
fn changes_postpone_the_prune_for_a_while_only() {
    let mut life = Life::begin();
    life.client(1, "a");
    life.on(Event::Disconnected(1));
    let mut step = life.after(10);
    let mut checks = 0;
    while matches!(step, Step::Check(_)) {
        checks += 1;
        life.on(Event::Changed);
        assert!(matches!(life.after(0), Step::Wait(Some(_))));
        step = life.after(1);
    }
    assert_eq!((step, checks), (Step::Prune(vec![filter("a")]), 100));
}

#[test]
fn an_end_that_is_demanded_takes_all_whoever_is_there() {
    let mut life = Life::begin();
    life.client(1, "a");
    life.client(2, "b");
    life.on(Event::Disconnected(2));
    life.on(Event::Terminate);
    assert_eq!(life.on(Event::Connected(3)), Answer::Refused);
    assert_eq!(life.after(0), Step::Prune(vec![filter("a"), filter("b")]));
    life.on(Event::Disconnected(1));
    life.on(Event::Pruned);
    assert_eq!(life.after(0), Step::Done);
}

#[test]
fn an_end_that_is_demanded_during_a_prune_takes_up_what_it_was_at() {
    let mut life = Life::begin();
    life.client(1, "a");
    life.client(2, "b");
    life.on(Event::Disconnected(1));
    life.after(10);
    life.on(Event::AtRest);
    assert_eq!(life.after(0), Step::Prune(vec![filter("a")]));
    life.on(Event::Terminate);
    assert_eq!(life.after(0), Step::Prune(vec![filter("a"), filter("b")]));
}

#[derive(Clone, Debug)]
enum Act {
    Connect(ConnectionId),
    Filter(ConnectionId, u8),
    Disconnect(ConnectionId),
    Sleep(u64),
    Changed,
    AtRest,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        (0..4_u64).prop_map(Act::Connect),
        (0..4_u64, 0..3_u8).prop_map(|(id, name)| Act::Filter(id, name)),
        (0..4_u64).prop_map(Act::Disconnect),
        (0..30_u64).prop_map(Act::Sleep),
        Just(Act::Changed),
        Just(Act::AtRest),
    ];
    proptest::collection::vec(act, 0..60)
}

proptest! {
    /// Under any events: no filter of a connected client is ever reaped, each that was taken is reaped once its
    /// clients are gone, and the end comes.
    #[test]
    fn what_a_client_holds_is_never_reaped_and_what_is_left_always_is(acts in acts()) {
        let mut life = Life::begin();
        let mut held: BTreeMap<ConnectionId, Vec<Filter>> = BTreeMap::new();
        let mut open = BTreeSet::new();
        let mut taken = BTreeSet::new();
        let mut reaped = BTreeSet::new();
        for act in acts {
            match act {
                Act::Connect(id) if !open.contains(&id) => {
                    if life.on(Event::Connected(id)) == Answer::Taken {
                        open.insert(id);
                    }
                }
                Act::Filter(id, name) if open.contains(&id) => {
                    let filter = filter(&format!("f{name}"));
                    if life.on(Event::Filter(id, filter.clone())) != Answer::Refused {
                        reaped.remove(&filter);
                        taken.insert(filter.clone());
                        held.entry(id).or_default().push(filter);
                    }
                }
                Act::Disconnect(id) if open.remove(&id) => {
                    held.remove(&id);
                    life.on(Event::Disconnected(id));
                }
                Act::Sleep(seconds) => life.now += Duration::from_secs(seconds),
                Act::Changed => { life.on(Event::Changed); }
                Act::AtRest => { life.on(Event::AtRest); }
                Act::Connect(_) | Act::Filter(..) | Act::Disconnect(_) => {}
            }
            if let Step::Prune(filters) = life.after(0) {
                for filter in filters {
                    prop_assert!(!held.values().flatten().any(|other| *other == filter));
                    reaped.insert(filter);
                }
                life.on(Event::Pruned);
            }
        }
        for id in open {
            life.on(Event::Disconnected(id));
        }
        for _ in 0..10 {
            match life.after(60) {
                Step::Check(_) => { life.on(Event::AtRest); }
                Step::Prune(filters) => { reaped.extend(filters); life.on(Event::Pruned); }
                Step::Wait(_) => {}
                Step::Done => break,
            }
        }
        prop_assert_eq!(life.cycle.phase(), Phase::Done);
        prop_assert_eq!(reaped, taken);
    }
}
