//! The shell: who is woken, where members are, and what a dropped future leaves.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Poll, Wake, Waker};

use futures_util::FutureExt;
use seatrial_core::pool::{Event, MemberState, Refusal};

use super::fake::{Asked, FakeShell, Notes, shell};
use super::held::{Got, Held, Locked, Request, Upgrade};

fn states(shell: &FakeShell) -> Vec<MemberState> {
    shell.snapshot().members.iter().map(|(_, state, _)| *state).collect()
}

fn member(got: Option<Result<Got<Notes>, Refusal>>) -> Held<Notes> {
    match got {
        Some(Ok(Got::Member(held))) => held,
        Some(Ok(Got::LockOut(_))) => panic!("a member was asked for"),
        Some(Err(refusal)) => panic!("refused: {refusal:?}"),
        None => panic!("it waits"),
    }
}

fn locked(got: Option<Result<Got<Notes>, Refusal>>) -> Locked<Notes> {
    match got {
        Some(Ok(Got::LockOut(locked))) => locked,
        _ => panic!("no lock-out"),
    }
}

fn get(shell: &FakeShell) -> Held<Notes> {
    member(shell.request(Event::Get).now_or_never())
}

/// A request that was polled once and waits.
fn waiting(shell: &FakeShell, event: fn(seatrial_core::pool::Client) -> Event) -> Request<Notes> {
    let mut request = shell.request(event);
    assert!((&mut request).now_or_never().is_none(), "it waits");
    request
}

/// P4.
#[test]
fn a_member_is_given_back_once_by_the_drop_of_its_lease() {
    let shell = shell(2, false);
    let (first, second) = (get(&shell), get(&shell));
    assert_eq!((*first.member(), *second.member()), (0, 1));
    assert_eq!(shell.try_get().err(), Some(Refusal::Busy));
    drop(first);
    assert_eq!(states(&shell), [MemberState::Idle, MemberState::Reserved]);
    assert_eq!(*get(&shell).member(), 0);
}

/// P7.
#[test]
fn a_request_that_was_never_polled_is_not_in_line() {
    let shell = shell(1, false);
    let held = get(&shell);
    drop(shell.request(Event::GetExclusive));
    assert_eq!(shell.snapshot().waiting, (0, 0));
    drop(held);
    assert_eq!(states(&shell), [MemberState::Idle]);
}

/// P7: for each thing that can be waited for, dropped while it waits and when it was served already.
#[test]
fn a_request_that_is_dropped_gives_back_what_it_held_and_lets_the_next_one_on() {
    for event in [Event::Get, Event::GetExclusive, Event::LockOut] {
        for served in [false, true] {
            let shell = shell(1, true);
            let held = get(&shell);
            let first = waiting(&shell, event);
            let mut next = waiting(&shell, Event::Get);
            if served {
                drop(held);
                let notes = shell.keeper().take();
                assert_eq!(notes, [(Asked::Recycle(0), Some(0))]);
                shell.recycled(0, Some(0), true);
                assert!((&mut next).now_or_never().is_none(), "the first one has it");
                drop(first);
            } else {
                drop(first);
                drop(held);
                shell.keeper().take();
                shell.recycled(0, Some(0), true);
            }
            assert_eq!(*member((&mut next).now_or_never()).member(), 0);
            assert_eq!(shell.keeper().take().len(), 1, "only the last lease is recycled");
        }
    }
}

/// P5, P7: before its first poll, while it waits, and when it was served and does not know.
#[test]
fn an_upgrade_that_is_dropped_gives_its_member_back() {
    for (polled, served) in [(false, false), (true, false), (true, true)] {
        let shell = shell(2, false);
        let (mine, other) = (get(&shell), get(&shell));
        let mut other = Some(other);
        let mut upgrade: Upgrade<Notes> = mine.upgrade();
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

/// P5.
#[test]
fn an_upgrade_keeps_its_member() {
    let shell = shell(2, false);
    let (mine, other) = (get(&shell), get(&shell));
    let mut upgrade = mine.upgrade();
    assert!((&mut upgrade).now_or_never().is_none());
    drop(other);
    let Some(Ok(alone)) = (&mut upgrade).now_or_never() else { panic!("nobody else has one") };
    assert_eq!(*alone.member(), 0);
    assert_eq!(states(&shell), [MemberState::Exclusive, MemberState::HeldBack]);
    drop(alone);
    assert_eq!(states(&shell), [MemberState::Idle; 2]);
}

/// P5.
#[test]
fn a_lock_out_holds_all_until_it_is_dropped() {
    let shell = shell(2, false);
    let guard = locked(shell.request(Event::LockOut).now_or_never());
    assert_eq!(states(&shell), [MemberState::HeldBack; 2]);
    assert_eq!(shell.try_get().err(), Some(Refusal::Busy));
    drop(guard);
    assert_eq!(states(&shell), [MemberState::NeverUsed; 2]);
}

/// P8.
#[test]
fn who_waits_is_told_of_the_close_and_leases_stay_valid() {
    let shell = shell(2, true);
    let held = get(&shell);
    let mut waits = waiting(&shell, Event::GetExclusive);
    shell.happen(Event::Close);
    assert_eq!(shell.keeper().take(), [(Asked::Remove(1), Some(1))]);
    assert!(matches!((&mut waits).now_or_never(), Some(Err(Refusal::Closed))));
    assert!(matches!(shell.request(Event::Get).now_or_never(), Some(Err(Refusal::Closed))));
    held.label(Some("late".into()));
    assert!(shell.poll_over(Waker::noop()).is_pending());
    drop(held);
    assert_eq!(shell.keeper().take(), [(Asked::Remove(0), Some(0))], "removed, not recycled");
    assert_eq!(shell.poll_over(Waker::noop()), Poll::Ready(()));
}

/// P8.
#[test]
fn what_is_given_up_at_the_end_is_removed_once_and_its_lease_changes_nothing() {
    let shell = shell(1, false);
    let held = get(&shell);
    shell.happen(Event::Close);
    shell.happen(Event::Abandon);
    assert_eq!(shell.keeper().take(), [(Asked::Abandon(0), None)]);
    held.label(Some("late".into()));
    drop(held);
    assert_eq!(shell.keeper().take(), []);
    assert_eq!(shell.poll_over(Waker::noop()), Poll::Ready(()));
}

/// P8: an end that leaves the keeper nothing to do is told, too.
#[test]
fn who_waits_for_the_end_is_woken_by_whatever_ends_it() {
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
            shell.happen(Event::ReplacementBegan(0));
            None
        };
        shell.happen(Event::Close);
        let flag = Arc::new(Flag(AtomicBool::new(false)));
        assert!(shell.poll_over(&Waker::from(flag.clone())).is_pending());
        match held {
            Some(held) => drop(held.detach()),
            None => shell.happen(Event::ReplacementFailed(0)),
        }
        assert!(flag.0.load(Ordering::SeqCst));
        assert_eq!(shell.poll_over(Waker::noop()), Poll::Ready(()));
    }
}

/// P13.
#[test]
fn a_member_whose_recycle_fails_is_replaced_and_nobody_is_told() {
    let shell = shell(1, true);
    drop(get(&shell));
    assert_eq!(shell.keeper().take(), [(Asked::Recycle(0), Some(0))]);
    let mut waits = waiting(&shell, Event::Get);
    shell.recycled(0, Some(0), false);
    assert_eq!(shell.keeper().take(), [(Asked::Replace(0), Some(0))]);
    shell.happen(Event::ReplacementBegan(0));
    assert!((&mut waits).now_or_never().is_none());
    shell.replaced(0, "m0.1", 10);
    let held = member((&mut waits).now_or_never());
    assert_eq!(*held.member(), 10);
    assert_eq!(&*shell.snapshot().members[0].0, "m0.1");
}

/// P17.
#[test]
fn a_member_that_is_discarded_is_replaced_and_one_that_is_detached_is_not() {
    let shell = shell(2, false);
    get(&shell).discard();
    assert_eq!(shell.keeper().take(), [(Asked::Replace(0), Some(0))]);
    assert_eq!(get(&shell).detach(), 1);
    assert_eq!(shell.keeper().take(), []);
    assert_eq!(states(&shell), [MemberState::Poisoned, MemberState::Shutdown]);
    shell.happen(Event::ReplacementBegan(0));
    shell.replaced(0, "m0.1", 10);
    get(&shell).surrender();
    assert_eq!(shell.keeper().take(), [(Asked::Replace(0), None)], "it was taken out before");
}

/// P14: what looked unfit is looked at once more before it is judged.
#[test]
fn what_was_seen_to_be_unfit_is_not_taken_back_at_once() {
    let shell = shell(1, false);
    let held = get(&shell);
    shell.happen(Event::Ailing(0));
    let held = held.give_back().expect("it is the client's still");
    assert_eq!((states(&shell), held.place()), (vec![MemberState::Reserved], 0));
    shell.happen(Event::Well(0));
    drop(held);
    assert_eq!(states(&shell), [MemberState::Idle]);
    let held = get(&shell);
    shell.happen(Event::Ailing(0));
    drop(held.give_back());
    assert_eq!(shell.keeper().take(), [(Asked::Replace(0), Some(0))]);
    shell.happen(Event::ReplacementBegan(0));
    shell.replaced(0, "m0.1", 1);
    assert!(get(&shell).give_back().is_none());
}

/// P14: what was found out of a member counts only if it is that member still.
#[test]
fn what_was_seen_of_the_member_before_says_nothing_of_this_one() {
    let shell = shell(1, true);
    let seen_in = shell.epoch(0);
    drop(get(&shell));
    shell.recycled(0, Some(0), true);
    shell.happen_in(0, seen_in, Event::Ailing(0));
    assert_eq!(states(&shell), [MemberState::Idle]);
    shell.happen_in(0, shell.epoch(0), Event::Ailing(0));
    assert_eq!(states(&shell), [MemberState::Poisoned]);
}
