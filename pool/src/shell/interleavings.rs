//! The shell under loom: every interleaving of a few threads, up to a number of preemptions.
//!
//! A step of `cargo xtask ci`, which builds this crate with `RUSTFLAGS="--cfg seatrial_loom"`.

use loom::future::block_on;
use loom::thread;

use super::Granted;
use super::fake::{Call, FakeShell, shell};
use crate::event::{Client, Event, Refusal};
use crate::member_state::MemberState;

/// Runs a scenario in all interleavings with at most three preemptions.
fn explored(scenario: impl Fn() + Send + Sync + 'static) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(3);
    model.check(scenario);
}

/// Requests something, gives it back at once, and returns the member.
fn lease(shell: &FakeShell, event: fn(Client) -> Event) -> Option<u32> {
    let got = block_on(shell.request(event));
    match got {
        Ok(Granted::Member(held)) => Some(*held.member()),
        Ok(Granted::LockOut(_)) => None,
        Err(refusal) => panic!("refused: {refusal:?}"),
    }
}

/// Checks that all members are free and nothing waits.
fn check_all_free(shell: &FakeShell) {
    let status = shell.status();
    assert_eq!((status.waiting_shared, status.waiting_exclusive), (0, 0));
    let is_free = |state| matches!(state, MemberState::Idle | MemberState::NeverUsed);
    assert!(status.members.iter().all(|member| is_free(member.state)), "nothing is lost");
}

/// No wake-up is lost: a request gets the member that another returns.
#[test]
fn two_requests_for_one_member_are_both_granted() {
    explored(|| {
        let shell = shell(1, false);
        let other = shell.clone();
        let thread = thread::spawn(move || lease(&other, Event::Get));
        assert_eq!(lease(&shell, Event::Get), Some(0));
        assert_eq!(thread.join().expect("no panic"), Some(0));
        check_all_free(&shell);
    });
}

/// Requests of all kinds at once: none is lost.
#[test]
fn an_exclusive_request_a_lock_out_and_a_shared_request_are_all_granted() {
    explored(|| {
        let shell = shell(2, false);
        let threads = [Event::GetExclusive as fn(_) -> _, Event::LockOut].map(|event| {
            let shell = shell.clone();
            thread::spawn(move || {
                lease(&shell, event);
            })
        });
        lease(&shell, Event::Get);
        threads.into_iter().for_each(|thread| thread.join().expect("no panic"));
        check_all_free(&shell);
    });
}

/// P5: two upgrades at once are no deadlock.
#[test]
fn two_upgrades_are_both_granted() {
    explored(|| {
        let shell = shell(2, false);
        let leases = [(); 2].map(|()| shell.try_get().expect("there is one for each"));
        let threads = leases.map(|lease| {
            thread::spawn(move || match block_on(lease.upgrade()) {
                Ok(exclusive) => *exclusive.member(),
                Err(refusal) => panic!("refused: {refusal:?}"),
            })
        });
        let members = threads.map(|thread| thread.join().expect("no panic"));
        assert_eq!(members, [0, 1], "each keeps its own");
        check_all_free(&shell);
    });
}

/// P7: a request that is dropped at the moment of its grant gives back.
#[test]
fn a_member_granted_to_a_dropped_request_goes_to_the_next_one() {
    explored(|| {
        let shell = shell(1, false);
        let held = shell.try_get().expect("it is free");
        let mut request = shell.request(Event::GetExclusive);
        let polled = block_on(std::future::poll_fn(|cx| {
            std::task::Poll::Ready(std::pin::Pin::new(&mut request).poll(cx).is_ready())
        }));
        assert!(!polled, "it waits");
        let thread = thread::spawn(move || drop(held));
        drop(request);
        assert_eq!(lease(&shell, Event::Get), Some(0));
        thread.join().expect("no panic");
        check_all_free(&shell);
    });
}

/// P8: a close while a member is leased and a request waits.
#[test]
fn a_close_answers_pending_requests_and_ends_when_the_last_member_is_back() {
    explored(|| {
        let shell = shell(1, false);
        let held = shell.try_get().expect("it is free");
        let other = shell.clone();
        let waits = thread::spawn(move || match block_on(other.request(Event::Get)) {
            Ok(Granted::Member(held)) => drop(held),
            Ok(Granted::LockOut(_)) => panic!("a member was asked for"),
            Err(refusal) => assert_eq!(refusal, Refusal::Closed),
        });
        let returns = thread::spawn(move || drop(held));
        shell.apply(Event::Close);
        block_on(std::future::poll_fn(|cx| shell.poll_drained(cx.waker())));
        let calls = shell.manager().take();
        assert_eq!(
            calls,
            [(Call::Remove(0), Some(0))],
            "the manager knows of the removal before the pool counts as drained"
        );
        returns.join().expect("no panic");
        waits.join().expect("no panic");
    });
}
