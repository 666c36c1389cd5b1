//! The shell under loom: every interleaving of a few threads, up to a number of switches between them.
//!
//! A step of `cargo xtask ci`, which builds the library with `--cfg seatrial_loom`.

use loom::future::block_on;
use loom::thread;
use seatrial_core::pool::{Event, MemberState, Refusal};

use super::fake::{Asked, FakeShell, shell};
use super::held::Got;

/// Looks at all interleavings with at most this many switches that no thread asked for.
fn explored(story: impl Fn() + Send + Sync + 'static) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(3);
    model.check(story);
}

fn lease(shell: &FakeShell, event: fn(seatrial_core::pool::Client) -> Event) -> Option<u32> {
    let got = block_on(shell.request(event));
    match got {
        Ok(Got::Member(held)) => Some(*held.member()),
        Ok(Got::LockOut(_)) => None,
        Err(refusal) => panic!("refused: {refusal:?}"),
    }
}

fn all_rest(shell: &FakeShell) {
    let snapshot = shell.snapshot();
    assert_eq!(snapshot.waiting, (0, 0));
    let rests = |state: &MemberState| matches!(state, MemberState::Idle | MemberState::NeverUsed);
    assert!(snapshot.members.iter().all(|(_, state, _)| rests(state)), "nothing is lost");
}

/// No wake-up is lost: who waits for what another has gets it.
#[test]
fn two_that_want_one_member_both_get_it() {
    explored(|| {
        let shell = shell(1, false);
        let other = shell.clone();
        let thread = thread::spawn(move || lease(&other, Event::Get));
        assert_eq!(lease(&shell, Event::Get), Some(0));
        assert_eq!(thread.join().expect("no panic"), Some(0));
        all_rest(&shell);
    });
}

#[test]
fn an_exclusive_lease_a_lock_out_and_a_shared_one_are_all_served() {
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
        all_rest(&shell);
    });
}

/// P5: two leases that both want to be alone.
#[test]
fn two_upgrades_are_both_served() {
    explored(|| {
        let shell = shell(2, false);
        let leases = [(); 2].map(|()| shell.try_get().expect("there is one for each"));
        let threads = leases.map(|lease| {
            thread::spawn(move || match block_on(lease.upgrade()) {
                Ok(alone) => *alone.member(),
                Err(refusal) => panic!("refused: {refusal:?}"),
            })
        });
        let members = threads.map(|thread| thread.join().expect("no panic"));
        assert_eq!(members, [0, 1], "each keeps its own");
        all_rest(&shell);
    });
}

/// P7: given up at the moment at which it is granted.
#[test]
fn a_request_that_is_dropped_while_it_is_granted_is_the_next_one_s() {
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
        all_rest(&shell);
    });
}

/// P8: closed while one has a member and one waits.
#[test]
fn a_close_tells_who_waits_and_ends_when_the_last_member_is_back() {
    explored(|| {
        let shell = shell(1, false);
        let held = shell.try_get().expect("it is free");
        let other = shell.clone();
        let waits = thread::spawn(move || match block_on(other.request(Event::Get)) {
            Ok(Got::Member(held)) => drop(held),
            Ok(Got::LockOut(_)) => panic!("a member was asked for"),
            Err(refusal) => assert_eq!(refusal, Refusal::Closed),
        });
        let returns = thread::spawn(move || drop(held));
        shell.happen(Event::Close);
        block_on(std::future::poll_fn(|cx| shell.poll_over(cx.waker())));
        let notes = shell.keeper().take();
        assert_eq!(notes, [(Asked::Remove(0), Some(0))], "known to the keeper before the end is told");
        returns.join().expect("no panic");
        waits.join().expect("no panic");
    });
}
