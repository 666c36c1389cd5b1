//! A million leases by 16 tasks that make requests of every kind, cancel, poison and label, with a manager that works
//! as fast as possible: no member has two holders, times add up, memory does not grow.

use std::fs;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};

use super::{Granted, Manager, MemberGuard, Shell};
use crate::event::{Client, Event, Refusal};

const SIZE: usize = 8;
const TASKS: u64 = 16;
const LEASES: u64 = 1_000_000;

/// A member that notices a second holder.
struct Token {
    is_held: AtomicBool,
}

/// Replaces and recycles on a task of the test's runtime; some of the work fails.
struct FastManager {
    replaced: AtomicU64,
    runtime: tokio::runtime::Handle,
    /// The number of members that were not removed.
    alive: Arc<AtomicUsize>,
}

impl FastManager {
    fn token(&self) -> Token {
        self.alive.fetch_add(1, Ordering::Relaxed);
        Token { is_held: AtomicBool::new(false) }
    }
}

impl Manager for FastManager {
    type Member = Token;

    fn recycle(shell: &Arc<Shell<Self>>, slot: usize, member: Option<Token>) {
        let (shell, runtime) = (shell.clone(), shell.manager().runtime.clone());
        runtime.spawn(async move { shell.recycled(slot, member, !slot.is_multiple_of(5)) });
    }

    fn replace(shell: &Arc<Shell<Self>>, slot: usize, member: Option<Token>) {
        shell.manager().alive.fetch_sub(usize::from(member.is_some()), Ordering::Relaxed);
        let (shell, runtime) = (shell.clone(), shell.manager().runtime.clone());
        runtime.spawn(async move {
            shell.apply(Event::ReplacementBegan(slot));
            let number = shell.manager().replaced.fetch_add(1, Ordering::Relaxed);
            if number.is_multiple_of(7) {
                shell.apply(Event::ReplacementFailed(slot));
                tokio::task::yield_now().await;
                shell.apply(Event::ReplacementBegan(slot));
            }
            let token = shell.manager().token();
            shell.replaced(slot, "replaced", token);
        });
    }

    fn remove(shell: &Arc<Shell<Self>>, _slot: usize, member: Option<Token>) {
        shell.manager().alive.fetch_sub(usize::from(member.is_some()), Ordering::Relaxed);
    }

    fn abandon(_shell: &Arc<Shell<Self>>, _slot: usize) {}
}

/// The leases as the tasks see them.
#[derive(Default)]
struct Seen {
    shared: AtomicUsize,
    exclusive: AtomicUsize,
    leases: AtomicU64,
    refused: AtomicU64,
}

impl Seen {
    fn begin_exclusive(&self) {
        assert_eq!(self.exclusive.fetch_add(1, Ordering::SeqCst), 0, "two clients have exclusive use");
        assert_eq!(self.shared.load(Ordering::SeqCst), 0, "a member is leased during exclusive use");
    }

    fn end_exclusive(&self) {
        self.exclusive.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Uses a member, and checks that it has no other holder.
async fn work(guard: &MemberGuard<FastManager>, random: &mut SmallRng, label: &Arc<str>) {
    assert!(!guard.member().is_held.swap(true, Ordering::SeqCst), "a member has two holders");
    match random.random_range(0..100_u32) {
        0..10 => guard.set_label(Some(label.clone())),
        10..15 => tokio::task::yield_now().await,
        _ => {}
    }
    guard.member().is_held.store(false, Ordering::SeqCst);
}

/// Makes one request of a random kind, and ends its lease in a random way.
async fn lease_once(shell: &Arc<Shell<FastManager>>, seen: &Seen, random: &mut SmallRng, label: &Arc<str>) {
    let event = match random.random_range(0..1_000_u32) {
        0..4 => Event::GetExclusive,
        4..6 => Event::LockOut,
        _ => Event::Get,
    };
    if random.random_range(0..100_u32) < 3 {
        // Cancelled after a few polls.
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
        Ok(Granted::LockOut(guard)) => {
            seen.begin_exclusive();
            seen.end_exclusive();
            drop(guard);
        }
        Ok(Granted::Member(guard)) if matches!(event(Client(0)), Event::GetExclusive(_)) => {
            seen.begin_exclusive();
            work(&guard, random, label).await;
            seen.end_exclusive();
        }
        Ok(Granted::Member(guard)) => {
            seen.shared.fetch_add(1, Ordering::SeqCst);
            assert_eq!(seen.exclusive.load(Ordering::SeqCst), 0, "a member is leased during exclusive use");
            work(&guard, random, label).await;
            seen.shared.fetch_sub(1, Ordering::SeqCst);
            match random.random_range(0..2_000_u32) {
                0 => guard.discard(),
                1..4 => {
                    if let Ok(exclusive) = guard.upgrade().await {
                        seen.begin_exclusive();
                        work(&exclusive, random, label).await;
                        seen.end_exclusive();
                    }
                }
                4 => {
                    shell.manager().alive.fetch_sub(1, Ordering::Relaxed);
                    guard.take_and_replace();
                }
                _ => drop(guard),
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

/// P4, P5, P7, P10, P12, P14: leases stay sound under load. In a process of its own, so that its memory is its own.
#[test]
fn a_million_leases_of_every_kind_are_sound() {
    let mut process = Command::new(std::env::current_exe().expect("this program"));
    process.args(["shell::stress::scenario_a_million_leases", "--exact", "--ignored", "--nocapture"]);
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
        let manager = FastManager { replaced: AtomicU64::new(1), runtime, alive: alive.clone() };
        let members = (0..SIZE).map(|at| (format!("m{at}"), manager.token())).collect();
        let shell = Shell::new(manager, members, recycles, 100);
        let seen = Arc::new(Seen::default());
        let leases = if recycles { LEASES / 10 } else { LEASES };
        let mut resident = 0;
        // The first part fills the logs; the rest must not need more memory.
        for part in [leases / 5, leases - leases / 5] {
            let tasks: Vec<_> = (0..TASKS)
                .map(|task| tokio::spawn(client(shell.clone(), seen.clone(), task, part)))
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

/// One task's share of so many leases; the first task also poisons members.
async fn client(shell: Arc<Shell<FastManager>>, seen: Arc<Seen>, task: u64, leases: u64) {
    let mut random = SmallRng::seed_from_u64(task + leases);
    let label: Arc<str> = format!("task {task}").into();
    for at in 0..leases / TASKS {
        lease_once(&shell, &seen, &mut random, &label).await;
        if task == 0 && at.is_multiple_of(100) {
            let slot = random.random_range(0..SIZE);
            let event = if at.is_multiple_of(300) { Event::Poison } else { Event::Suspect };
            shell.apply(event(slot));
            shell.apply(Event::Fit(slot));
        }
    }
}

/// Checks the accounting, closes the pool, and checks that all members were removed.
async fn finish(shell: &Arc<Shell<FastManager>>, seen: &Seen, alive: &AtomicUsize) {
    let accounting = shell.accounting();
    let difference = accounting.times.sum().abs_diff(accounting.elapsed * SIZE as u32);
    assert_eq!(difference, Duration::ZERO, "time adds up: {accounting:?}");
    assert!((0.0..=1.0).contains(&accounting.utilization));
    assert!(
        accounting.replacements.0 > 10
            && accounting.exclusive.served > 100
            && accounting.shared.gave_up > 100,
        "{accounting:?}"
    );
    let status = shell.status();
    assert_eq!((status.waiting_shared, status.waiting_exclusive), (0, 0));
    println!(
        "{} leases, {} refused; shared {:?}; exclusive {:?}",
        seen.leases.load(Ordering::Relaxed),
        seen.refused.load(Ordering::Relaxed),
        accounting.shared,
        accounting.exclusive
    );
    shell.apply(Event::Close);
    shell.drained().await;
    assert_eq!(alive.load(Ordering::Relaxed), 0, "each member was removed once");
}
