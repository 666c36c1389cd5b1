//! A million leases by 16 tasks that ask for everything, give up, poison and label, on the shell with a keeper that
//! is as quick as can be: nobody has what another has, time adds up, memory does not grow.

use std::fs;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use seatrial_core::pool::{Event, Refusal};

use super::held::{Got, Held};
use super::shell::{Keeper, Shell};
use super::sync::Arc;

const SIZE: usize = 8;
const TASKS: u64 = 16;
const LEASES: u64 = 1_000_000;

/// A member that notices a second holder.
struct Token {
    is_held: AtomicBool,
}

/// Replaces and recycles on a task of the test's runtime, a few times without success.
struct Quick {
    replaced: AtomicU64,
    runtime: tokio::runtime::Handle,
    /// How many members there are, those that nobody has and those that somebody has.
    alive: Arc<AtomicUsize>,
}

impl Quick {
    fn token(&self) -> Token {
        self.alive.fetch_add(1, Ordering::Relaxed);
        Token { is_held: AtomicBool::new(false) }
    }
}

impl Keeper for Quick {
    type Member = Token;

    fn recycle(shell: &Arc<Shell<Self>>, place: usize, member: Option<Token>) {
        let (shell, runtime) = (shell.clone(), shell.keeper().runtime.clone());
        runtime.spawn(async move { shell.recycled(place, member, !place.is_multiple_of(5)) });
    }

    fn replace(shell: &Arc<Shell<Self>>, place: usize, member: Option<Token>) {
        shell.keeper().alive.fetch_sub(usize::from(member.is_some()), Ordering::Relaxed);
        let (shell, runtime) = (shell.clone(), shell.keeper().runtime.clone());
        runtime.spawn(async move {
            shell.happen(Event::ReplacementBegan(place));
            let number = shell.keeper().replaced.fetch_add(1, Ordering::Relaxed);
            if number.is_multiple_of(7) {
                shell.happen(Event::ReplacementFailed(place));
                tokio::task::yield_now().await;
                shell.happen(Event::ReplacementBegan(place));
            }
            let token = shell.keeper().token();
            shell.replaced(place, "replaced", token);
        });
    }

    fn remove(shell: &Arc<Shell<Self>>, _place: usize, member: Option<Token>) {
        shell.keeper().alive.fetch_sub(usize::from(member.is_some()), Ordering::Relaxed);
    }

    fn abandon(_shell: &Arc<Shell<Self>>, _place: usize) {}
}

/// Who has what, as the tasks see it.
#[derive(Default)]
struct Seen {
    shared: AtomicUsize,
    alone: AtomicUsize,
    leases: AtomicU64,
    refused: AtomicU64,
}

impl Seen {
    fn check_alone(&self) {
        assert_eq!(self.alone.fetch_add(1, Ordering::SeqCst), 0, "two are alone");
        assert_eq!(
            self.shared.load(Ordering::SeqCst),
            0,
            "somebody has a member beside the one that is alone"
        );
    }

    fn leave_alone(&self) {
        self.alone.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Works with a member that nobody else may have.
async fn work(held: &Held<Quick>, random: &mut SmallRng, label: &Arc<str>) {
    assert!(!held.member().is_held.swap(true, Ordering::SeqCst), "two have one member");
    match random.random_range(0..100_u32) {
        0..10 => held.label(Some(label.clone())),
        10..15 => tokio::task::yield_now().await,
        _ => {}
    }
    held.member().is_held.store(false, Ordering::SeqCst);
}

/// One lease of some kind, and its end of some kind.
async fn one(shell: &Arc<Shell<Quick>>, seen: &Seen, random: &mut SmallRng, label: &Arc<str>) {
    let event = match random.random_range(0..1_000_u32) {
        0..4 => Event::GetExclusive,
        4..6 => Event::LockOut,
        _ => Event::Get,
    };
    if random.random_range(0..100_u32) < 3 {
        // Given up after one poll, or after a few.
        let mut request = shell.request(event);
        for _ in 0..random.random_range(1..4) {
            let polled = futures_util::poll!(&mut request);
            if polled.is_ready() {
                return;
            }
            tokio::task::yield_now().await;
        }
        return;
    }
    match shell.request(event).await {
        Ok(Got::LockOut(locked)) => {
            seen.check_alone();
            seen.leave_alone();
            drop(locked);
        }
        Ok(Got::Member(held)) if matches!(event(seatrial_core::pool::Client(0)), Event::GetExclusive(_)) => {
            seen.check_alone();
            work(&held, random, label).await;
            seen.leave_alone();
        }
        Ok(Got::Member(held)) => {
            seen.shared.fetch_add(1, Ordering::SeqCst);
            assert_eq!(seen.alone.load(Ordering::SeqCst), 0, "somebody is alone");
            work(&held, random, label).await;
            seen.shared.fetch_sub(1, Ordering::SeqCst);
            match random.random_range(0..2_000_u32) {
                0 => held.discard(),
                1..4 => {
                    if let Ok(alone) = held.upgrade().await {
                        seen.check_alone();
                        work(&alone, random, label).await;
                        seen.leave_alone();
                    }
                }
                4 => {
                    shell.keeper().alive.fetch_sub(1, Ordering::Relaxed);
                    held.surrender();
                }
                _ => drop(held),
            }
        }
        Err(refusal) => {
            assert_eq!(refusal, Refusal::Failed, "the pool is open");
            seen.refused.fetch_add(1, Ordering::Relaxed);
            return;
        }
    }
    seen.leases.fetch_add(1, Ordering::Relaxed);
}

fn resident_kib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("it is there");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

/// P4, P5, P7, P10, P12, P14: in a process of its own, whose memory no other test's is part of.
#[test]
fn a_million_leases_with_everything_between_them_are_sound() {
    let mut process = Command::new(std::env::current_exe().expect("this program"));
    process.args(["pool::stress::scenario_a_million_leases", "--exact", "--ignored", "--nocapture"]);
    let output = process.output().expect("it runs");
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[ignore = "the scenario of the test above"]
async fn scenario_a_million_leases() {
    for recycles in [false, true] {
        let alive = Arc::new(AtomicUsize::new(0));
        let runtime = tokio::runtime::Handle::current();
        let keeper = Quick { replaced: AtomicU64::new(1), runtime, alive: alive.clone() };
        let members = (0..SIZE).map(|at| (format!("m{at}"), keeper.token())).collect();
        let shell = Shell::new(keeper, members, recycles, 100);
        let seen = Arc::new(Seen::default());
        let leases = if recycles { LEASES / 10 } else { LEASES };
        let mut resident = 0;
        // The first part fills what is kept of the past; the rest must not need more.
        for part in [leases / 5, leases - leases / 5] {
            let tasks: Vec<_> = (0..TASKS)
                .map(|task| {
                    let (shell, seen) = (shell.clone(), seen.clone());
                    tokio::spawn(async move {
                        let mut random = SmallRng::seed_from_u64(task + part);
                        let label: Arc<str> = format!("task {task}").into();
                        for at in 0..part / TASKS {
                            one(&shell, &seen, &mut random, &label).await;
                            if task == 0 && at.is_multiple_of(100) {
                                let place = random.random_range(0..SIZE);
                                let event =
                                    if at.is_multiple_of(300) { Event::Poison } else { Event::Ailing };
                                shell.happen(event(place));
                                shell.happen(Event::Well(place));
                            }
                        }
                    })
                })
                .collect();
            for task in tasks {
                task.await.expect("no panic");
            }
            if resident == 0 {
                resident = resident_kib();
            }
        }
        let grown = resident_kib().saturating_sub(resident);
        assert!(grown < 4 * 1024, "memory has grown by {grown} KiB");
        finish(&shell, &seen, &alive).await;
    }
}

async fn finish(shell: &Arc<Shell<Quick>>, seen: &Seen, alive: &AtomicUsize) {
    let told = shell.accounting();
    let difference = told.times.sum().abs_diff(told.elapsed * SIZE as u32);
    assert_eq!(difference, Duration::ZERO, "time adds up: {told:?}");
    assert!((0.0..=1.0).contains(&told.utilization));
    assert!(told.replacements.0 > 10 && told.exclusive.served > 100 && told.shared.gave_up > 100, "{told:?}");
    assert_eq!(shell.snapshot().waiting, (0, 0));
    println!(
        "{} leases, {} refused; shared {:?}; exclusive {:?}",
        seen.leases.load(Ordering::Relaxed),
        seen.refused.load(Ordering::Relaxed),
        told.shared,
        told.exclusive
    );
    shell.happen(Event::Close);
    std::future::poll_fn(|cx| shell.poll_over(cx.waker())).await;
    assert_eq!(alive.load(Ordering::Relaxed), 0, "each member was removed once");
}
