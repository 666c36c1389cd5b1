//! Single rules of the ledger, each shown by the shortest sequence of events that needs it.

use std::time::Duration;

use super::{Ledger, Rules};
#[cfg(feature = "serde")]
use crate::accounting::Accounting;
use crate::event::{Client, Effect, Event, Nanos, Refusal};
use crate::member_state::MemberState;

/// A ledger and its clock; clients have letters.
struct Story {
    ledger: Ledger,
    now: Nanos,
}

impl Story {
    fn of(size: usize) -> Self {
        Self { ledger: Ledger::new(Rules { size, recycles: false, history: 100 }), now: 0 }
    }

    /// Applies an event one second later, and returns its effects.
    fn then(&mut self, event: Event) -> Vec<Effect> {
        self.now += 1_000_000_000;
        let mut effects = Vec::new();
        self.ledger.apply(event, self.now, &mut effects);
        effects
    }

    fn all(&mut self, events: &[Event]) {
        for event in events {
            self.then(*event);
        }
    }

    fn label(&mut self, client: Client, member: usize, label: &str) {
        self.ledger.set_label(client, member, Some(label.into()), self.now);
    }
}

const A: Client = Client(0);
const B: Client = Client(1);
const C: Client = Client(2);
const D: Client = Client(3);
const E: Client = Client(4);

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// P3: idle members take turns.
#[test]
fn idle_members_rotate() {
    let mut story = Story::of(3);
    for member in [0, 1, 2, 0, 1] {
        assert_eq!(story.then(Event::Get(A)), [Effect::Grant(A, member)]);
        story.then(Event::Release(A, member));
    }
}

/// P6: neither kind of request starves the other.
#[test]
fn between_two_exclusive_uses_as_many_shared_requests_are_served_as_there_are_members() {
    let mut story = Story::of(2);
    story.all(&[Event::GetExclusive(A), Event::LockOut(B)]);
    let shared: Vec<_> = (10..15).map(Client).collect();
    shared.iter().for_each(|client| drop(story.then(Event::Get(*client))));
    let granted = story.then(Event::Release(A, 0));
    assert_eq!(granted, [Effect::Grant(shared[0], 1), Effect::Grant(shared[1], 0)]);
    assert_eq!(story.then(Event::Release(shared[0], 1)), []);
    assert_eq!(story.then(Event::Release(shared[1], 0)), [Effect::GrantLockOut(B)]);
    assert_eq!(story.then(Event::EndLockOut(B)), [Effect::Grant(shared[2], 1), Effect::Grant(shared[3], 0)]);
    assert_eq!(story.then(Event::Release(shared[3], 0)), [Effect::Grant(shared[4], 0)]);
}

/// P5: two upgrades at once are no deadlock.
#[test]
fn two_upgrades_at_once_are_granted_one_after_the_other() {
    let mut story = Story::of(2);
    story.all(&[Event::Get(A), Event::Get(B)]);
    assert_eq!(story.then(Event::Upgrade(A, 0)), []);
    assert_eq!(story.then(Event::Upgrade(B, 1)), [Effect::Grant(A, 0)]);
    assert_eq!(story.then(Event::Release(A, 0)), [Effect::Grant(B, 1)]);
}

/// P5: the request in front could not be granted, since the only member belongs to the upgrade behind it.
#[test]
fn an_upgrade_goes_before_an_exclusive_request_that_needs_its_member() {
    let mut story = Story::of(1);
    story.all(&[Event::Get(A), Event::GetExclusive(B)]);
    assert_eq!(story.then(Event::Upgrade(A, 0)), [Effect::Grant(A, 0)]);
    assert_eq!(story.then(Event::Release(A, 0)), [Effect::Grant(B, 0)]);
}

/// P7: a cancelled exclusive request changes nothing.
#[test]
fn members_held_back_for_a_cancelled_request_are_as_before() {
    let mut story = Story::of(3);
    story.all(&[Event::Get(A), Event::Release(A, 0), Event::Get(A)]);
    story.then(Event::GetExclusive(B));
    assert_eq!(
        [0, 1, 2].map(|member| story.ledger.state(member)),
        [MemberState::HeldBack, MemberState::Reserved, MemberState::HeldBack]
    );
    story.then(Event::Cancel(B));
    assert_eq!([0, 2].map(|member| story.ledger.state(member)), [MemberState::Idle, MemberState::NeverUsed]);
}

/// P7: a grant that never reached its client is passed on.
#[test]
fn a_member_that_its_client_never_saw_is_leased_next_and_counts_as_unused() {
    let mut story = Story::of(2);
    story.then(Event::Get(A));
    story.then(Event::GiveBack(A, 0));
    assert_eq!(story.ledger.state(0), MemberState::NeverUsed);
    assert_eq!(story.then(Event::Get(B)), [Effect::Grant(B, 0)]);
}

/// P8: a close refuses all requests at once and lets leases come back.
#[test]
fn a_closed_pool_refuses_requests_and_removes_members_as_they_come_back() {
    let mut story = Story::of(2);
    story.all(&[Event::Get(A), Event::GetExclusive(B), Event::Get(C)]);
    let refused = |client| Effect::Refuse(client, Refusal::Closed);
    assert_eq!(story.then(Event::Close), [refused(C), refused(B), Effect::Remove(1)]);
    assert_eq!(story.then(Event::Get(D)), [refused(D)]);
    assert_eq!(story.then(Event::Close), []);
    assert!(!story.ledger.is_empty());
    assert_eq!(story.then(Event::Release(A, 0)), [Effect::Remove(0)]);
    assert!(story.ledger.is_empty());
    assert_eq!(story.then(Event::Abandon), []);
}

/// P8: after the deadline of a close, leased members are removed.
#[test]
fn a_member_leased_after_the_close_is_abandoned_once() {
    let mut story = Story::of(2);
    story.all(&[Event::Get(A), Event::Close]);
    assert_eq!(story.then(Event::Abandon), [Effect::Abandon(0)]);
    story.label(A, 0, "late");
    assert_eq!(story.ledger.label(0), None);
    assert_eq!(story.then(Event::Release(A, 0)), []);
    assert_eq!(story.then(Event::Abandon), []);
}

/// P9: a label belongs to its lease.
#[test]
fn a_label_ends_with_its_lease_and_survives_an_upgrade() {
    let mut story = Story::of(1);
    story.then(Event::Get(A));
    story.label(A, 0, "one");
    story.then(Event::Upgrade(A, 0));
    assert_eq!(story.ledger.label(0).map(|label| &**label), Some("one"));
    story.then(Event::Release(A, 0));
    assert_eq!(story.ledger.label(0), None);
    let intervals: Vec<_> = story.ledger.accounting(story.now).members[0]
        .intervals
        .iter()
        .map(|interval| (interval.state, interval.label.clone()))
        .collect();
    let one = Some("one".to_owned());
    assert_eq!(
        intervals[..3],
        [(MemberState::NeverUsed, None), (MemberState::Reserved, one.clone()), (MemberState::Exclusive, one)]
    );
}

/// P10: utilization counts leased time only.
#[test]
fn utilization_begins_with_the_first_lease_and_stands_still_after_the_close() {
    let mut story = Story::of(2);
    assert_eq!(story.ledger.utilization(9_000_000_000), 0.0);
    story.now = 10_000_000_000;
    story.then(Event::Get(A));
    assert_eq!(story.ledger.utilization(story.now), 0.0, "no time has passed");
    story.then(Event::Get(B));
    story.then(Event::Release(A, 0));
    // 2 s of the first and 1 s of the second, of 2 × 2 s.
    assert_eq!(story.ledger.utilization(story.now), 0.75);
    story.then(Event::Close);
    let at_close = story.ledger.accounting(story.now);
    story.then(Event::Release(B, 1));
    let later = story.ledger.accounting(story.now + 1);
    assert_eq!(later.utilization, at_close.utilization);
    assert_eq!((later.elapsed, later.closed), (seconds(14), Some(seconds(14))));
    assert_eq!(later.times, at_close.times);
}

/// P10: all time is accounted for.
#[test]
fn times_and_waits_add_up() {
    let mut story = Story::of(2);
    story.all(&[Event::Get(A), Event::GetExclusive(B), Event::Release(A, 0), Event::Get(C)]);
    story.then(Event::Release(B, 1));
    let accounting = story.ledger.accounting(story.now + 1_000_000_000);
    assert_eq!(accounting.times.sum(), accounting.elapsed * 2);
    assert_eq!((accounting.times.reserved, accounting.times.exclusive), (seconds(2 + 1), seconds(2)));
    assert_eq!((accounting.times.held, accounting.times.idle), (seconds(1 + 2), seconds(1 + 2 + 1)));
    assert_eq!((accounting.exclusive.served, accounting.exclusive.total), (1, seconds(1)));
    assert_eq!((accounting.shared.served, accounting.shared.total), (2, seconds(1)));
    assert_eq!(accounting.longest_waits.len(), 2);
    assert_eq!(accounting.windows.len(), 1);
    assert_eq!((accounting.windows[0].from, accounting.windows[0].to), (seconds(3), Some(seconds(5))));
}

/// P10: the memory of a pool does not grow with its use.
#[test]
fn the_newest_intervals_are_kept() {
    let mut story = Story::of(1);
    for _ in 0..1000 {
        story.all(&[Event::Get(A), Event::Release(A, 0)]);
    }
    let member = &story.ledger.accounting(story.now).members[0];
    assert_eq!((member.intervals.len(), member.intervals_forgotten), (101, 1900));
    assert_eq!(member.times.sum(), seconds(2000));
}

/// P14: only a member that stays unfit is replaced.
#[test]
fn a_member_that_looked_unfit_under_a_lease_and_is_fit_again_is_kept() {
    let mut story = Story::of(1);
    story.all(&[Event::Get(A), Event::Suspect(0), Event::Fit(0)]);
    assert_eq!(story.then(Event::Release(A, 0)), []);
    story.all(&[Event::Get(A), Event::Suspect(0), Event::Poison(0), Event::Fit(0)]);
    assert_eq!(story.then(Event::Release(A, 0)), [Effect::Replace(0)]);
}

/// P13, P14: a failed replacement fails a request only if no usable member is left.
#[test]
fn waiting_requests_are_refused_when_the_last_member_is_lost_and_its_replacement_fails() {
    let mut story = Story::of(2);
    story.all(&[Event::Poison(0), Event::Get(A), Event::Get(B), Event::ReplacementBegan(0)]);
    assert_eq!(story.then(Event::ReplacementFailed(0)), [], "there is another one");
    story.then(Event::Discard(A, 1));
    story.then(Event::ReplacementBegan(0));
    assert_eq!(story.then(Event::ReplacementFailed(0)), [Effect::Refuse(B, Refusal::Failed)]);
    story.all(&[Event::Get(C), Event::ReplacementBegan(0)]);
    assert_eq!(story.then(Event::Replaced(0)), [Effect::Grant(C, 0)]);
}

/// P17: a detached member is not replaced.
#[test]
fn a_pool_whose_members_were_all_detached_refuses_requests() {
    let mut story = Story::of(1);
    story.all(&[Event::Get(A), Event::Get(B)]);
    assert_eq!(story.then(Event::Detach(A, 0)), [Effect::Refuse(B, Refusal::Empty)]);
    assert_eq!(story.then(Event::LockOut(E)), [Effect::Refuse(E, Refusal::Empty)]);
}

/// P4: a member is given back by the client that has it.
#[test]
#[should_panic(expected = "Release(Client(1), 0) can't be while member 0 is Reserved(Client(0))")]
fn a_release_of_another_client_s_member_panics() {
    let mut story = Story::of(1);
    story.all(&[Event::Get(A), Event::Release(B, 0)]);
}

/// A clock that goes back does no harm.
#[test]
fn an_earlier_time_counts_as_the_last_one() {
    let mut ledger = Ledger::new(Rules { size: 1, recycles: false, history: 1 });
    ledger.apply(Event::Get(A), 10, &mut Vec::new());
    ledger.apply(Event::Release(A, 0), 5, &mut Vec::new());
    assert_eq!(ledger.accounting(7).elapsed, Duration::from_nanos(10));
}

#[cfg(feature = "serde")]
#[test]
fn an_accounting_survives_a_round_trip_through_json() {
    let mut story = Story::of(2);
    story.ledger.set_name(0, "db-0".into(), 0);
    story.all(&[Event::Get(A), Event::GetExclusive(B), Event::Release(A, 0)]);
    let accounting = story.ledger.accounting(story.now);
    let text = serde_json::to_string(&accounting).expect("it can be written");
    assert!(text.contains(r#""state":"never_used","label":null"#), "{text}");
    assert_eq!(serde_json::from_str::<Accounting>(&text).expect("it can be read"), accounting);
}
