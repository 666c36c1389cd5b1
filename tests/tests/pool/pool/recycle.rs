//! Recycling of a container between two leases, and the replacement of one whose recycling fails.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use seatrial::pool::{MemberState, Recycle};
use seatrial::{ContainerPool, Lease, TestContainer};
use seatrial_test_support::observe::until;
use seatrial_test_support::own_session::OwnSession;

use super::{builder, says};

async fn recycled_by(session: &OwnSession, recycle: Recycle) -> ContainerPool {
    builder(session, 1).recycle(recycle).build().await.expect("a pool")
}

/// Leases the only container, leaves a file in it, gives it back, and returns the id.
async fn soil(pool: &ContainerPool) -> String {
    let lease = pool.get().await.expect("a container");
    says(&lease, "mkdir -p /dirt && touch /dirt/x").await;
    lease.id().to_string()
}

async fn is_soiled(container: &TestContainer) -> bool {
    says(container, "ls /dirt 2>/dev/null").await == "x"
}

/// P13: without a recycle policy a container is handed on as it is.
#[tokio::test]
async fn without_a_policy_the_next_lease_finds_what_the_last_one_left() {
    let session = OwnSession::begin("recycle-nothing").await;
    let pool = recycled_by(&session, Recycle::nothing()).await;
    soil(&pool).await;
    assert!(is_soiled(&pool.get().await.expect("a container")).await);
    assert_eq!(pool.accounting().recycles, (0, 0));
    pool.close().await.expect("it ends");
}

/// P13: a reset command runs between two leases.
#[tokio::test]
async fn a_reset_command_runs_between_leases() {
    let session = OwnSession::begin("recycle-reset").await;
    let pool = recycled_by(&session, Recycle::reset(["rm", "-rf", "/dirt"])).await;
    let id = soil(&pool).await;
    let lease = pool.get().await.expect("a container");
    assert!(!is_soiled(&lease).await);
    assert_eq!(lease.id().to_string(), id);
    drop(lease);
    until("it is recycled", || super::states(&pool) == [MemberState::Idle]).await;
    let told = pool.accounting();
    assert_eq!(told.recycles, (2, 0));
    assert!(told.times.recycling > Duration::ZERO);
    pool.close().await.expect("it ends");
}

/// P13: a failed reset replaces the container, and no caller sees an error.
#[tokio::test]
async fn a_container_whose_reset_fails_is_replaced_and_no_get_fails() {
    let session = OwnSession::begin("recycle-fails").await;
    let pool = recycled_by(&session, Recycle::reset(["sh", "-c", "! test -e /dirt"])).await;
    let id = soil(&pool).await;
    let lease = pool.get().await.expect("another container");
    assert_ne!(lease.id().to_string(), id);
    assert!(!is_soiled(&lease).await);
    assert_eq!(pool.accounting().recycles, (1, 1));
    drop(lease);
    pool.close().await.expect("it ends");
}

/// P13: with the policy `restart`, the container is restarted and waited for.
#[tokio::test]
async fn a_restart_runs_the_container_anew() {
    let session = OwnSession::begin("recycle-restart").await;
    let request = session.shell("echo run >> /runs; echo ready; exec sleep 1000000");
    let pool = ContainerPool::builder(request.wait_for(seatrial::WaitFor::log("ready")))
        .size(1)
        .recycle(Recycle::restart())
        .build()
        .await
        .expect("a pool");
    let id = soil(&pool).await;
    for runs in ["2", "3"] {
        let lease = pool.get().await.expect("a container");
        assert_eq!(lease.id().to_string(), id);
        assert_eq!(says(&lease, "wc -l < /runs").await, runs);
    }
    assert_eq!(pool.accounting().replacements.0, 0, "the events of a restart are no reason to replace it");
    pool.close().await.expect("it ends");
}

/// P13: the policy `recreate` gives each lease a new container.
#[tokio::test]
async fn a_recreated_container_is_another_one() {
    let session = OwnSession::begin("recycle-recreate").await;
    let pool = recycled_by(&session, Recycle::recreate()).await;
    let id = soil(&pool).await;
    let lease = pool.get().await.expect("a container");
    assert_ne!(lease.id().to_string(), id);
    assert!(!is_soiled(&lease).await);
    assert_eq!(pool.status().members[0].name, lease.name());
    drop(lease);
    pool.close().await.expect("it ends");
}

/// P13: a hook runs on a thread with a runtime, and not on the background thread.
#[tokio::test]
async fn a_hook_runs_between_leases_on_a_thread_of_its_own() {
    let session = OwnSession::begin("recycle-hook").await;
    let threads = Arc::new(Mutex::new(Vec::new()));
    let seen = threads.clone();
    let hook = Recycle::hook(async move |container: &TestContainer| {
        tokio::time::sleep(Duration::from_millis(1)).await;
        let name = std::thread::current().name().unwrap_or_default().to_owned();
        seen.lock().expect("no panic").push(name);
        container.exec(["rm", "-rf", "/dirt"]).await?;
        Ok(())
    });
    let pool = recycled_by(&session, hook).await;
    soil(&pool).await;
    assert!(!is_soiled(&pool.get().await.expect("a container")).await);
    pool.close().await.expect("it ends");
    let threads = threads.lock().expect("no panic");
    assert!(!threads.is_empty() && threads.iter().all(|name| name != "seatrial"), "{threads:?}");
}

/// Returns a hook that does something the first time, and nothing after it.
fn at_first(misbehave: fn() -> Option<futures_util::future::Pending<()>>) -> Recycle {
    let calls = AtomicUsize::new(0);
    Recycle::hook(async move |_: &TestContainer| {
        if calls.fetch_add(1, Ordering::SeqCst) == 0
            && let Some(pending) = misbehave()
        {
            pending.await;
        }
        Ok(())
    })
}

/// P13: a hook that panics, never ends or blocks its thread costs a replacement.
#[tokio::test]
async fn a_hook_that_misbehaves_costs_a_replacement_and_nothing_else() {
    let session = OwnSession::begin("recycle-bad").await;
    let block = || {
        std::thread::sleep(Duration::from_secs(20));
        None
    };
    for misbehave in [|| panic!("the hook panics"), || Some(futures_util::future::pending()), block] {
        let pool = builder(&session, 1)
            .recycle(at_first(misbehave))
            .recycle_timeout(Duration::from_millis(300))
            .build()
            .await
            .expect("a pool");
        let id = soil(&pool).await;
        let lease = pool.get().await.expect("another container");
        assert_ne!(lease.id().to_string(), id);
        drop(lease);
        assert_eq!(pool.accounting().recycles.1, 1);
        pool.close().await.expect("it ends");
        assert!(!session.containers().contains(&id), "what the hook had is removed");
    }
}

/// A `get` inside of a hook is served if a container is free, and is an error if it would wait for its own.
#[tokio::test]
async fn a_get_inside_of_a_hook_is_no_deadlock() {
    static POOL: Mutex<Option<ContainerPool>> = Mutex::new(None);
    static SEEN: Mutex<Vec<String>> = Mutex::new(Vec::new());
    let session = OwnSession::begin("recycle-inside").await;
    let hook = Recycle::hook(async |_: &TestContainer| {
        let pool = POOL.lock().expect("no panic").clone().expect("it is there");
        let got = match pool.get().await {
            Ok(lease) => {
                // The end of the inner lease would call the hook again, and so on.
                Lease::discard(lease);
                "a container".to_owned()
            }
            Err(error) => error.to_string(),
        };
        let alone = pool.get_exclusive().await.map(drop).map_err(|error| error.is_conflict());
        assert_eq!(alone, Err(true));
        SEEN.lock().expect("no panic").push(got);
        Ok(())
    });
    let pool = builder(&session, 2).recycle(hook).build().await.expect("a pool");
    *POOL.lock().expect("no panic") = Some(pool.clone());
    drop(pool.get().await.expect("a container"));
    until("the hook has run", || SEEN.lock().expect("no panic").len() == 1).await;
    let all_rest = || {
        let rests = |state: &MemberState| matches!(state, MemberState::Idle | MemberState::NeverUsed);
        super::states(&pool).iter().all(rests)
    };
    until("all are idle again", all_rest).await;
    let kept = pool.get().await.expect("a container");
    drop(pool.get().await.expect("the other one"));
    until("the hook has run again", || SEEN.lock().expect("no panic").len() == 2).await;
    let seen = SEEN.lock().expect("no panic").clone();
    assert_eq!(seen[0], "a container");
    assert!(seen[1].contains("a recycle hook of this pool"), "{}", seen[1]);
    drop(kept);
    POOL.lock().expect("no panic").take();
    pool.close().await.expect("it ends");
}
