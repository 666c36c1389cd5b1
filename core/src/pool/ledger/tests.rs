//! Single rules, each shown by the shortest story that needs it.

use super::*;

/// A ledger that tells effects as text, and clients by a letter.
struct Story {
    ledger: Ledger,
    now: Nanos,
}

impl Story {
    fn of(size: usize) -> Self {
        Self { ledger: Ledger::new(Rules { size, recycles: false, history: 100 }), now: 0 }
    }

    /// One second later, something happens.
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
        self.ledger.label(client, member, Some(label.into()), self.now);
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

/// P3.
#[test]
fn idle_members_rotate() {
    let mut story = Story::of(3);
    for member in [0, 1, 2, 0, 1] {
        assert_eq!(story.then(Event::Get(A)), [Effect::Grant(A, member)]);
        story.then(Event::Release(A, member));
    }
}

/// P6.
#[test]
fn after_an_exclusive_lease_those_who_wait_are_served_up_to_the_size_before_the_next() {
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

/// P5.
#[test]
fn two_leases_that_are_both_upgraded_have_the_pool_one_after_the_other() {
    let mut story = Story::of(2);
    story.all(&[Event::Get(A), Event::Get(B)]);
    assert_eq!(story.then(Event::Upgrade(A, 0)), []);
    assert_eq!(story.then(Event::Upgrade(B, 1)), [Effect::Grant(A, 0)]);
    assert_eq!(story.then(Event::Release(A, 0)), [Effect::Grant(B, 1)]);
}

/// P5: the only member is kept by the one behind.
#[test]
fn an_upgrade_goes_before_an_exclusive_request_that_needs_its_member() {
    let mut story = Story::of(1);
    story.all(&[Event::Get(A), Event::GetExclusive(B)]);
    assert_eq!(story.then(Event::Upgrade(A, 0)), [Effect::Grant(A, 0)]);
    assert_eq!(story.then(Event::Release(A, 0)), [Effect::Grant(B, 0)]);
}

/// P7.
#[test]
fn what_was_held_back_for_one_who_gave_up_is_as_it_was() {
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

/// P7.
#[test]
fn what_was_granted_and_never_seen_is_the_next_one_s() {
    let mut story = Story::of(2);
    story.then(Event::Get(A));
    story.then(Event::GiveBack(A, 0));
    assert_eq!(story.ledger.state(0), MemberState::NeverUsed);
    assert_eq!(story.then(Event::Get(B)), [Effect::Grant(B, 0)]);
}

/// P8.
#[test]
fn a_closed_pool_refuses_at_once_and_takes_back_what_is_out() {
    let mut story = Story::of(2);
    story.all(&[Event::Get(A), Event::GetExclusive(B), Event::Get(C)]);
    let refused = |client| Effect::Refuse(client, Refusal::Closed);
    assert_eq!(story.then(Event::Close), [refused(C), refused(B), Effect::Remove(1)]);
    assert_eq!(story.then(Event::Get(D)), [refused(D)]);
    assert_eq!(story.then(Event::Close), []);
    assert!(!story.ledger.is_over());
    assert_eq!(story.then(Event::Release(A, 0)), [Effect::Remove(0)]);
    assert!(story.ledger.is_over());
    assert_eq!(story.then(Event::Abandon), []);
}

/// P8.
#[test]
fn what_is_out_after_the_close_can_be_given_up_once() {
    let mut story = Story::of(2);
    story.all(&[Event::Get(A), Event::Close]);
    assert_eq!(story.then(Event::Abandon), [Effect::Abandon(0)]);
    story.label(A, 0, "late");
    assert_eq!(story.ledger.label_of(0), None);
    assert_eq!(story.then(Event::Release(A, 0)), []);
    assert_eq!(story.then(Event::Abandon), []);
}

/// P9.
#[test]
fn a_label_ends_with_its_lease_and_survives_an_upgrade() {
    let mut story = Story::of(1);
    story.then(Event::Get(A));
    story.label(A, 0, "one");
    story.then(Event::Upgrade(A, 0));
    assert_eq!(story.ledger.label_of(0).map(|label| &**label), Some("one"));
    story.then(Event::Release(A, 0));
    assert_eq!(story.ledger.label_of(0), None);
    let told: Vec<_> = story.ledger.accounting(story.now).members[0]
        .intervals
        .iter()
        .map(|interval| (interval.state, interval.label.clone()))
        .collect();
    let one = Some("one".to_owned());
    assert_eq!(
        told[..3],
        [(MemberState::NeverUsed, None), (MemberState::Reserved, one.clone()), (MemberState::Exclusive, one)]
    );
}

/// P10.
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

/// P10.
#[test]
fn time_is_told_by_what_it_went_to() {
    let mut story = Story::of(2);
    story.all(&[Event::Get(A), Event::GetExclusive(B), Event::Release(A, 0), Event::Get(C)]);
    story.then(Event::Release(B, 1));
    let told = story.ledger.accounting(story.now + 1_000_000_000);
    assert_eq!(told.times.sum(), told.elapsed * 2);
    assert_eq!((told.times.reserved, told.times.exclusive), (seconds(2 + 1), seconds(2)));
    assert_eq!((told.times.held, told.times.idle), (seconds(1 + 2), seconds(1 + 2 + 1)));
    assert_eq!((told.exclusive.served, told.exclusive.total), (1, seconds(1)));
    assert_eq!((told.shared.served, told.shared.total), (2, seconds(1)));
    assert_eq!(told.longest_waits.len(), 2);
    assert_eq!(told.windows.len(), 1);
    assert_eq!((told.windows[0].from, told.windows[0].to), (seconds(3), Some(seconds(5))));
}

/// P10: what a pool that is used for long keeps does not grow.
#[test]
fn the_newest_intervals_are_kept() {
    let mut story = Story::of(1);
    for _ in 0..1000 {
        story.all(&[Event::Get(A), Event::Release(A, 0)]);
    }
    let told = &story.ledger.accounting(story.now).members[0];
    assert_eq!((told.intervals.len(), told.intervals_forgotten), (101, 1900));
    assert_eq!(told.times.sum(), seconds(2000));
}

/// P14.
#[test]
fn a_member_that_ails_under_a_lease_and_is_well_again_is_kept() {
    let mut story = Story::of(1);
    story.all(&[Event::Get(A), Event::Ailing(0), Event::Well(0)]);
    assert_eq!(story.then(Event::Release(A, 0)), []);
    story.all(&[Event::Get(A), Event::Ailing(0), Event::Poison(0), Event::Well(0)]);
    assert_eq!(story.then(Event::Release(A, 0)), [Effect::Replace(0)]);
}

/// P13, P14.
#[test]
fn who_waits_is_told_when_no_member_is_left_and_none_can_be_had() {
    let mut story = Story::of(2);
    story.all(&[Event::Poison(0), Event::Get(A), Event::Get(B), Event::ReplacementBegan(0)]);
    assert_eq!(story.then(Event::ReplacementFailed(0)), [], "there is another one");
    story.then(Event::Discard(A, 1));
    story.then(Event::ReplacementBegan(0));
    assert_eq!(story.then(Event::ReplacementFailed(0)), [Effect::Refuse(B, Refusal::Failed)]);
    story.all(&[Event::Get(C), Event::ReplacementBegan(0)]);
    assert_eq!(story.then(Event::Replaced(0)), [Effect::Grant(C, 0)]);
}

/// P17.
#[test]
fn a_pool_without_members_refuses() {
    let mut story = Story::of(1);
    story.all(&[Event::Get(A), Event::Get(B)]);
    assert_eq!(story.then(Event::Detach(A, 0)), [Effect::Refuse(B, Refusal::Empty)]);
    assert_eq!(story.then(Event::LockOut(E)), [Effect::Refuse(E, Refusal::Empty)]);
}

/// P4.
#[test]
#[should_panic(expected = "Release(Client(1), 0) can't be while member 0 is Reserved(Client(0))")]
fn a_release_of_what_another_has_is_told() {
    let mut story = Story::of(1);
    story.all(&[Event::Get(A), Event::Release(B, 0)]);
}

/// A clock that goes back is no reason to fail.
#[test]
fn time_does_not_go_back() {
    let mut ledger = Ledger::new(Rules { size: 1, recycles: false, history: 1 });
    ledger.apply(Event::Get(A), 10, &mut Vec::new());
    ledger.apply(Event::Release(A, 0), 5, &mut Vec::new());
    assert_eq!(ledger.accounting(7).elapsed, Duration::from_nanos(10));
}

#[cfg(feature = "serde")]
#[test]
fn an_accounting_is_the_same_after_it_was_written_and_read() {
    let mut story = Story::of(2);
    story.ledger.name(0, "db-0".into(), 0);
    story.all(&[Event::Get(A), Event::GetExclusive(B), Event::Release(A, 0)]);
    let told = story.ledger.accounting(story.now);
    let text = serde_json::to_string(&told).expect("it can be written");
    assert!(text.contains(r#""state":"never_used","label":null"#), "{text}");
    assert_eq!(serde_json::from_str::<Accounting>(&text).expect("it can be read"), told);
}
