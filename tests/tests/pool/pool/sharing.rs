//! The order in which callers are served, and what the pool reports of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use seatrial::Lease;
use seatrial::pool::MemberState;
use seatrial_test_support::observe::{SHORT, until};
use seatrial_test_support::own_session::OwnSession;
use seatrial_tests::{EngineProxy, Fault, Gate, Matcher};

use super::{builder, pool, says, states};

/// P1: all starts of a build are under way before the first is over.
#[tokio::test]
async fn the_containers_are_started_in_parallel() {
    let (proxy, gate) = (EngineProxy::start_default(), Gate::new());
    let session = OwnSession::behind(&proxy, "pool-parallel").await;
    proxy.on(Matcher::new("POST", "/start"), Fault::Hold(gate.clone()));
    let build = tokio::spawn(builder(&session, 3).build());
    gate.reached_by(3).await;
    gate.release();
    let pool = build.await.expect("no panic").expect("a pool");
    assert_eq!(session.containers().len(), 3);
    pool.close().await.expect("it ends");
}

/// P1, P16: no more starts are under way than the limit allows, each until it is ready.
#[tokio::test]
async fn the_limit_of_containers_that_start_at_once_is_kept() {
    let (proxy, gate) = (EngineProxy::start_default(), Gate::new());
    let session = OwnSession::behind(&proxy, "pool-few").await;
    proxy.on(Matcher::new("POST", "/start"), Fault::Hold(gate.clone()));
    let two = 2.try_into().expect("not zero");
    let build = tokio::spawn(builder(&session, 4).starts_at_once(two).build());
    gate.reached_by(2).await;
    tokio::time::sleep(SHORT).await;
    assert_eq!(gate.arrived(), 2, "two are starting, and the others wait");
    gate.release();
    build.await.expect("no panic").expect("a pool").close().await.expect("it ends");
    assert_eq!(gate.arrived(), 4);
}

/// P3, P4, P9, P2, P11: a lease derefs to its container; dropping it gives the container to the next in the queue.
#[tokio::test]
async fn a_lease_is_a_container_until_it_is_dropped() {
    let session = OwnSession::begin("pool-lease").await;
    let named = super::quiet(&session).name(session.id().as_str());
    let pool = seatrial::ContainerPool::builder(named).size(2).build().await.expect("a pool");
    let name = session.id();
    assert_eq!(pool.to_string(), "ContainerPool[never used]");
    assert_eq!(pool.utilization(), 0.0);
    let first = pool.get().await.expect("a container");
    assert_eq!(says(&first, "echo hello").await, "hello");
    assert_eq!(first.name(), format!("{name}-0"));
    first.label("says hello");
    let text = pool.to_string();
    let (head, members) = text.split_once(": ").expect("members behind the head");
    assert!(head.starts_with("ContainerPool[1/2 containers in use, utilization="), "{head}");
    assert_eq!(members, format!("{name}-0[reserved]: says hello, {name}-1[never used]"));
    let second = pool.try_get().expect("open").expect("one is free");
    assert!(pool.try_get().expect("open").is_none());
    let error = pool.get_timeout(Duration::from_millis(50)).await.expect_err("none is free");
    assert!(error.is_timeout() && error.to_string().contains("says hello"), "{error}");
    drop(first);
    assert!(pool.to_string().contains(&format!("{name}-0[idle], {name}-1[reserved]")), "{pool}");
    assert_eq!(pool.get().await.expect("a container").name(), format!("{name}-0"));
    drop(second);
    let told = pool.accounting();
    assert_eq!(told.times.sum(), told.elapsed * 2);
    assert!(told.utilization > 0.0 && told.utilization <= 1.0);
    assert_eq!(told.members[0].names[0].1, format!("{name}-0"));
    let labelled = |interval: &seatrial::pool::Interval| interval.label.as_deref() == Some("says hello");
    assert!(told.members[0].intervals.iter().any(labelled));
    pool.close().await.expect("it ends");
}

/// P5: an exclusive lease waits until all others are back, and holds new ones off.
#[tokio::test]
async fn an_exclusive_lease_is_the_only_one() {
    let session = OwnSession::begin("pool-exclusive").await;
    let pool = pool(&session, 2).await;
    let shared = pool.get().await.expect("a container");
    let asked = tokio::spawn({
        let pool = pool.clone();
        async move { pool.get_exclusive().await }
    });
    until("the exclusive request is in line", || pool.status().waiting_exclusive == 1).await;
    assert_eq!(states(&pool), [MemberState::Reserved, MemberState::HeldBack]);
    assert!(pool.try_get().expect("open").is_none(), "held back");
    drop(shared);
    let alone = asked.await.expect("no panic").expect("a container");
    assert_eq!(says(&alone, "echo alone").await, "alone");
    let mut seen = states(&pool);
    seen.sort();
    assert_eq!(seen, [MemberState::Exclusive, MemberState::HeldBack]);
    drop(alone);
    let guard = pool.lock_out().await.expect("nobody has one");
    assert_eq!(states(&pool), [MemberState::HeldBack; 2]);
    drop(guard);
    pool.close().await.expect("it ends");
}

/// P5: a lease becomes exclusive without being handed back; of two that try at once, none hangs.
#[tokio::test]
async fn a_lease_becomes_exclusive_without_a_gap_and_two_at_once_without_deadlock() {
    let session = OwnSession::begin("pool-upgrade").await;
    let pool = pool(&session, 2).await;
    let (first, second) = (pool.get().await.expect("one"), pool.get().await.expect("another"));
    let names = [first.name().to_owned(), second.name().to_owned()];
    let upgrade = |lease: Lease| async move {
        let alone = Lease::into_exclusive(lease).await.expect("it is served");
        says(&alone, "echo alone").await;
        alone.name().to_owned()
    };
    let both = futures_util::future::join(upgrade(first), upgrade(second));
    assert_eq!(<[String; 2]>::from(both.await), names);
    pool.close().await.expect("it ends");
}

/// P6: an exclusive caller waits for the leases that are out and for no others, although eight tasks lease four
/// containers without end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn before_an_exclusive_lease_no_more_come_back_than_were_out() {
    let session = OwnSession::begin("pool-bar").await;
    let pool = pool(&session, 4).await;
    let (stop, released) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let getters: Vec<_> = (0..8)
        .map(|_| {
            let (pool, stop, released) = (pool.clone(), stop.clone(), released.clone());
            tokio::spawn(async move {
                let mut served = 0;
                while !stop.load(Ordering::SeqCst) {
                    let lease = pool.get().await.expect("the pool is open");
                    tokio::task::yield_now().await;
                    // It is counted before the drop, so that the next holder sees it.
                    released.fetch_add(1, Ordering::SeqCst);
                    drop(lease);
                    served += 1;
                }
                served
            })
        })
        .collect();
    for _ in 0..200 {
        // They are all under way again.
        let seen = released.load(Ordering::SeqCst);
        while released.load(Ordering::SeqCst) < seen + 16 {
            tokio::task::yield_now().await;
        }
        let mut request = std::pin::pin!(pool.get_exclusive());
        // It is in the queue from its first poll on; some leases may come back between the two reads of the counter.
        let first = futures_util::poll!(&mut request);
        let before = released.load(Ordering::SeqCst);
        let alone = match first {
            std::task::Poll::Ready(alone) => alone,
            std::task::Poll::Pending => request.await,
        };
        let after = released.load(Ordering::SeqCst);
        assert!(after - before <= 4, "{} came back", after - before);
        drop(alone.expect("the pool is open"));
    }
    stop.store(true, Ordering::SeqCst);
    for getter in getters {
        assert!(getter.await.expect("no panic") > 0, "none starves");
    }
    pool.close().await.expect("it ends");
}
