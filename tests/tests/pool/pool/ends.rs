//! The end of a pool: it leaves nothing.

use std::time::{Duration, Instant};

use seatrial::pool::{MemberState, Recycle};
use seatrial::{ContainerPool, Keep, Lease, TestContainer};
use seatrial_test_support::observe::{LONG, until};
use seatrial_test_support::own_session::{OwnSession, look, remove_by_hand};
use seatrial_tests::assert_nothing_left;

use super::{builder, pool, says, states};

/// P8: closing fails all that wait in the queue, and leases that are out stay valid.
#[tokio::test]
async fn closing_tells_who_waits_and_leaves_leases_valid() {
    let session = OwnSession::begin("pool-close").await;
    let pool = pool(&session, 2).await;
    let (first, second) = (pool.get().await.expect("one"), pool.get().await.expect("another"));
    let waits = tokio::spawn({
        let pool = pool.clone();
        async move { pool.get().await }
    });
    until("it waits", || pool.status().waiting_shared == 1).await;
    drop(second);
    let third = waits.await.expect("no panic").expect("a container");
    let waits = tokio::spawn({
        let pool = pool.clone();
        async move { pool.get_exclusive().await }
    });
    until("it waits", || pool.status().waiting_exclusive == 1).await;
    let closing = tokio::spawn({
        let pool = pool.clone();
        async move { pool.close().await }
    });
    assert!(waits.await.expect("no panic").expect_err("closed").is_closed());
    assert!(pool.get().await.expect_err("closed").is_closed());
    assert!(pool.try_get().expect_err("closed").is_closed());
    first.label("goes on");
    assert_eq!(says(&first, "echo valid").await, "valid");
    assert!(!closing.is_finished());
    drop(first);
    drop(third);
    closing.await.expect("no panic").expect("all are removed");
    assert!(session.containers().is_empty());
    assert_eq!(states(&pool), [MemberState::Shutdown; 2]);
    pool.close().await.expect("closing twice is fine");
}

/// P8: a closed pool fails at once, even with idle containers.
#[tokio::test]
async fn a_closed_pool_says_so_at_once() {
    let session = OwnSession::begin("pool-closed").await;
    let pool = pool(&session, 1).await;
    pool.close().await.expect("it ends");
    for _ in 0..100 {
        assert!(pool.get().await.expect_err("closed").is_closed());
    }
    assert!(pool.lock_out().await.expect_err("closed").is_closed());
    let told = pool.accounting();
    assert_eq!(told.closed, Some(told.elapsed), "time stands still");
}

/// P8: a close names the leases that are still out after its deadline and removes their containers.
#[tokio::test]
async fn a_lease_that_is_out_after_the_deadline_is_named_and_its_container_removed() {
    let session = OwnSession::begin("pool-deadline").await;
    let pool = builder(&session, 2).close_timeout(Duration::from_millis(200)).build().await.expect("a pool");
    let lease = pool.get().await.expect("a container");
    lease.label("never comes back");
    let error = pool.close().await.expect_err("one was out");
    let text = error.to_string();
    assert!(
        error.is_leftover() && text.contains(lease.name()) && text.contains("never comes back"),
        "{text}"
    );
    assert!(session.containers().is_empty(), "removed all the same");
    lease.label("late");
    lease.exec(["true"]).await.expect_err("it is gone");
    drop(lease);
    pool.close().await.expect("nothing is left to tell");
}

/// P8: a close ends recycling and replacements that are under way.
#[tokio::test]
async fn closing_ends_what_is_under_way() {
    let session = OwnSession::begin("pool-under-way").await;
    let hook = Recycle::hook(async |_: &TestContainer| {
        std::future::pending::<()>().await;
        Ok(())
    });
    let pool = builder(&session, 2).recycle(hook).build().await.expect("a pool");
    drop(pool.get().await.expect("a container"));
    Lease::discard(pool.get().await.expect("a container"));
    let began = Instant::now();
    pool.close().await.expect("it ends");
    assert!(began.elapsed() < Duration::from_secs(20), "the hook has 30 s");
    assert_nothing_left(session.id().as_str());
}

/// A dropped pool leaves nothing, and neither do leases that outlive it.
#[tokio::test]
async fn dropping_a_pool_without_closing_it_leaves_nothing() {
    let session = OwnSession::begin("pool-dropped").await;
    let pool = pool(&session, 2).await;
    let lease = pool.get().await.expect("a container");
    drop(pool);
    until("the idle one is removed", || session.containers().len() == 1).await;
    assert_eq!(says(&lease, "echo valid").await, "valid");
    drop(lease);
    assert_nothing_left(session.id().as_str());
}

/// P4, P7: a lease in a task of a runtime that ends comes back.
#[test]
fn a_lease_of_a_runtime_that_ends_comes_back() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let (session, pool) = runtime().block_on(async {
        let session = OwnSession::begin("pool-runtimes").await;
        let pool = pool(&session, 1).await;
        (session, pool)
    });
    let first = runtime();
    let inner = pool.clone();
    first.block_on(async {
        let lease = inner.get().await.expect("a container");
        tokio::spawn(async move {
            let _lease = lease;
            std::future::pending::<()>().await;
        });
        let waiting = inner.clone();
        tokio::spawn(async move { waiting.get_exclusive().await.map(drop) });
        tokio::task::yield_now().await;
    });
    drop(first);
    runtime().block_on(async {
        let lease = pool.get_timeout(LONG).await.expect("it came back");
        assert_eq!(says(&lease, "echo here").await, "here");
        drop(lease);
        pool.close().await.expect("it ends");
    });
    drop(session);
}

/// C12: with `on-failure`, the container of a lease that a panic drops is kept, and the pool gets another.
#[tokio::test]
async fn a_container_stays_for_a_look_when_its_lease_is_dropped_by_a_panic() {
    let session = OwnSession::begin("pool-keep").await;
    let request = super::quiet(&session).keep(Keep::OnFailure);
    let pool = ContainerPool::builder(request).size(1).build().await.expect("a pool");
    let inner = pool.clone();
    let failed = tokio::spawn(async move {
        let lease = inner.get().await.expect("a container");
        std::panic::panic_any(lease.id().to_string());
    });
    let id = *failed.await.expect_err("it panicked").into_panic().downcast::<String>().expect("the id");
    let lease = pool.get().await.expect("another container");
    assert_ne!(lease.id().to_string(), id);
    drop(lease);
    pool.close().await.expect("it ends");
    assert!(look(&id).is_some(), "it stays");
    remove_by_hand(&id);
}
