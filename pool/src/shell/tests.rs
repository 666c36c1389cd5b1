//! The shell with a manager that does no work: wake-ups, the location of members, dropped futures.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Poll, Wake, Waker};

use super::fake::{Call, FakeShell, Recorder, shell};
use super::{Granted, LockOutGuard, MemberGuard, Request, Upgrade};
use crate::event::{Client, Event, Refusal};
use crate::member_state::MemberState;
use futures_util::FutureExt;

fn states(shell: &FakeShell) -> Vec<MemberState> {
    shell.status().members.iter().map(|member| member.state).collect()
}

fn member(got: Option<Result<Granted<Recorder>, Refusal>>) -> MemberGuard<Recorder> {
    match got {
        Some(Ok(Granted::Member(held))) => held,
        Some(Ok(Granted::LockOut(_))) => panic!("a member was asked for"),
        Some(Err(refusal)) => panic!("refused: {refusal:?}"),
        None => panic!("it waits"),
    }
}

fn locked(got: Option<Result<Granted<Recorder>, Refusal>>) -> LockOutGuard<Recorder> {
    match got {
        Some(Ok(Granted::LockOut(locked))) => locked,
        _ => panic!("a lock-out was requested"),
    }
}

fn get(shell: &FakeShell) -> MemberGuard<Recorder> {
    member(shell.request(Event::Get).now_or_never())
}

/// A request that was polled once and waits.
fn pending(shell: &FakeShell, event: fn(Client) -> Event) -> Request<Recorder> {
    let mut request = shell.request(event);
    assert!((&mut request).now_or_never().is_none(), "it waits");
    request
}

/// P4: a guard gives its member back once.
#[test]
fn dropping_a_guard_gives_its_member_back_once() {
    let shell = shell(2, false);
    let (first, second) = (get(&shell), get(&shell));
    assert_eq!((*first.member(), *second.member()), (0, 1));
    assert_eq!(shell.try_get().err(), Some(Refusal::Busy));
    drop(first);
    assert_eq!(states(&shell), [MemberState::Idle, MemberState::Reserved]);
    assert_eq!(*get(&shell).member(), 0);
}

/// P7: a dropped request leaves nothing.
#[test]
fn a_request_that_was_never_polled_is_not_in_the_queue() {
    let shell = shell(1, false);
    let held = get(&shell);
    drop(shell.request(Event::GetExclusive));
    let status = shell.status();
    assert_eq!((status.waiting_shared, status.waiting_exclusive), (0, 0));
    drop(held);
    assert_eq!(states(&shell), [MemberState::Idle]);
}

/// P7: for each kind of request, dropped while it waits and after it was granted.
#[test]
fn a_dropped_request_gives_back_what_it_was_granted_and_the_next_one_is_served() {
    for event in [Event::Get, Event::GetExclusive, Event::LockOut] {
        for served in [false, true] {
            let shell = shell(1, true);
            let held = get(&shell);
            let first = pending(&shell, event);
            let mut next = pending(&shell, Event::Get);
            if served {
                drop(held);
                let calls = shell.manager().take();
                assert_eq!(calls, [(Call::Recycle(0), Some(0))]);
                shell.recycled(0, Some(0), true);
                assert!((&mut next).now_or_never().is_none(), "the first request was granted");
                drop(first);
            } else {
                drop(first);
                drop(held);
                shell.manager().take();
                shell.recycled(0, Some(0), true);
            }
            assert_eq!(*member((&mut next).now_or_never()).member(), 0);
            assert_eq!(shell.manager().take().len(), 1, "only the last lease is recycled");
        }
    }
}

/// P5, P7: dropped before its first poll, while it waits, and after it was granted.
#[test]
fn a_dropped_upgrade_gives_its_member_back() {
    for (polled, served) in [(false, false), (true, false), (true, true)] {
        let shell = shell(2, false);
        let (mine, other) = (get(&shell), get(&shell));
        let mut other = Some(other);
        let mut upgrade: Upgrade<Recorder> = mine.upgrade();
        if polled {
            assert!((&mut upgrade).now_or_never().is_none());
        }
        if served {
            drop(other.take());
            assert_eq!(states(&shell), [MemberState::Exclusive, MemberState::HeldBack]);
        }
        drop(upgrade);
        assert_eq!(states(&shell)[0], MemberState::Idle);
        drop(other);
        assert_eq!(states(&shell), [MemberState::Idle; 2]);
    }
}

/// P5: an upgrade has no gap in which another client could get the member.
#[test]
fn an_upgrade_keeps_its_member() {
    let shell = shell(2, false);
    let (mine, other) = (get(&shell), get(&shell));
    let mut upgrade = mine.upgrade();
    assert!((&mut upgrade).now_or_never().is_none());
    drop(other);
    let Some(Ok(exclusive)) = (&mut upgrade).now_or_never() else { panic!("nobody else has one") };
    assert_eq!(*exclusive.member(), 0);
    assert_eq!(states(&shell), [MemberState::Exclusive, MemberState::HeldBack]);
    drop(exclusive);
    assert_eq!(states(&shell), [MemberState::Idle; 2]);
}

/// P5: during a lock-out no member is leased.
#[test]
fn a_lock_out_holds_all_members_back_until_it_is_dropped() {
    let shell = shell(2, false);
    let guard = locked(shell.request(Event::LockOut).now_or_never());
    assert_eq!(states(&shell), [MemberState::HeldBack; 2]);
    assert_eq!(shell.try_get().err(), Some(Refusal::Busy));
    drop(guard);
    assert_eq!(states(&shell), [MemberState::NeverUsed; 2]);
}

/// P8: a close refuses pending requests at once and lets leases come back.
#[test]
fn a_close_refuses_pending_requests_and_leases_stay_valid() {
    let shell = shell(2, true);
    let held = get(&shell);
    let mut waits = pending(&shell, Event::GetExclusive);
    shell.apply(Event::Close);
    assert_eq!(shell.manager().take(), [(Call::Remove(1), Some(1))]);
    assert!(matches!((&mut waits).now_or_never(), Some(Err(Refusal::Closed))));
    assert!(matches!(shell.request(Event::Get).now_or_never(), Some(Err(Refusal::Closed))));
    held.set_label(Some("late".into()));
    assert!(shell.poll_drained(Waker::noop()).is_pending());
    drop(held);
    assert_eq!(shell.manager().take(), [(Call::Remove(0), Some(0))], "removed, not recycled");
    assert_eq!(shell.poll_drained(Waker::noop()), Poll::Ready(()));
}

/// P8: a member that is leased past the deadline of the close is removed.
#[test]
fn an_abandoned_member_is_removed_once_and_its_lease_changes_nothing() {
    let shell = shell(1, false);
    let held = get(&shell);
    shell.apply(Event::Close);
    shell.apply(Event::Abandon);
    assert_eq!(shell.manager().take(), [(Call::Abandon(0), None)]);
    held.set_label(Some("late".into()));
    drop(held);
    assert_eq!(shell.manager().take(), []);
    assert_eq!(shell.poll_drained(Waker::noop()), Poll::Ready(()));
}

/// P8: also when the last member leaves without work for the manager.
#[test]
fn a_close_that_waits_is_woken_when_the_last_member_is_detached_or_lost() {
    struct Flag(AtomicBool);
    impl Wake for Flag {
        fn wake(self: Arc<Self>) {
            self.0.store(true, Ordering::SeqCst);
        }
    }
    for detaches in [true, false] {
        let shell = shell(1, false);
        let held = get(&shell);
        let held = if detaches {
            Some(held)
        } else {
            held.discard();
            shell.apply(Event::ReplacementBegan(0));
            None
        };
        shell.apply(Event::Close);
        let flag = Arc::new(Flag(AtomicBool::new(false)));
        assert!(shell.poll_drained(&Waker::from(flag.clone())).is_pending());
        match held {
            Some(held) => drop(held.detach()),
            None => shell.apply(Event::ReplacementFailed(0)),
        }
        assert!(flag.0.load(Ordering::SeqCst));
        assert_eq!(shell.poll_drained(Waker::noop()), Poll::Ready(()));
    }
}

/// P13: a failed recycle fails no request.
#[test]
fn a_member_whose_recycle_fails_is_replaced_while_requests_wait() {
    let shell = shell(1, true);
    drop(get(&shell));
    assert_eq!(shell.manager().take(), [(Call::Recycle(0), Some(0))]);
    let mut waits = pending(&shell, Event::Get);
    shell.recycled(0, Some(0), false);
    assert_eq!(shell.manager().take(), [(Call::Replace(0), Some(0))]);
    shell.apply(Event::ReplacementBegan(0));
    assert!((&mut waits).now_or_never().is_none());
    shell.replaced(0, "m0.1", 10);
    let held = member((&mut waits).now_or_never());
    assert_eq!(*held.member(), 10);
    assert_eq!(&*shell.status().members[0].name, "m0.1");
}

/// P17: `discard` has a member replaced, `detach` takes it out for good.
#[test]
fn a_discarded_member_is_replaced_and_a_detached_one_is_not() {
    let shell = shell(2, false);
    get(&shell).discard();
    assert_eq!(shell.manager().take(), [(Call::Replace(0), Some(0))]);
    assert_eq!(get(&shell).detach(), 1);
    assert_eq!(shell.manager().take(), []);
    assert_eq!(states(&shell), [MemberState::Poisoned, MemberState::Shutdown]);
    shell.apply(Event::ReplacementBegan(0));
    shell.replaced(0, "m0.1", 10);
    get(&shell).take_and_replace();
    assert_eq!(shell.manager().take(), [(Call::Replace(0), None)], "the member was taken out before");
}

/// P14: a member that looked unfit is looked at once more before it is replaced.
#[test]
fn a_member_that_looked_unfit_is_not_taken_back_at_once() {
    let shell = shell(1, false);
    let held = get(&shell);
    shell.apply(Event::Suspect(0));
    let held = held.give_back().expect("it is the client's still");
    assert_eq!((states(&shell), held.slot()), (vec![MemberState::Reserved], 0));
    shell.apply(Event::Fit(0));
    drop(held);
    assert_eq!(states(&shell), [MemberState::Idle]);
    let held = get(&shell);
    shell.apply(Event::Suspect(0));
    drop(held.give_back());
    assert_eq!(shell.manager().take(), [(Call::Replace(0), Some(0))]);
    shell.apply(Event::ReplacementBegan(0));
    shell.replaced(0, "m0.1", 1);
    assert!(get(&shell).give_back().is_none());
}

/// P14: an observation counts only for the member that was observed.
#[test]
fn an_observation_from_before_a_recycle_is_ignored() {
    let shell = shell(1, true);
    let seen_in = shell.epoch(0);
    drop(get(&shell));
    shell.recycled(0, Some(0), true);
    shell.apply_in_epoch(0, seen_in, Event::Suspect(0));
    assert_eq!(states(&shell), [MemberState::Idle]);
    shell.apply_in_epoch(0, shell.epoch(0), Event::Suspect(0));
    assert_eq!(states(&shell), [MemberState::Poisoned]);
}
