//! Containers that are not what they were: replaced, and never handed out.

use std::time::Duration;

use seatrial::pool::MemberState;
use seatrial::{ContainerPool, Lease};
use seatrial_test_support::observe::{by_somebody_else, until, until_told};
use seatrial_test_support::own_session::{OwnSession, remove_by_hand};

use super::{builder, pool, says};

/// Waits until the only container of a pool is another one, and is idle.
async fn replaced(pool: &ContainerPool, before: &str) {
    let is_new = |pool: &ContainerPool| {
        let members = pool.status().members;
        members[0].name != before && members[0].state == MemberState::NeverUsed
    };
    until("another container is in its place", || is_new(pool)).await;
}

/// Returns the name of the only container, which runs.
async fn only(pool: &ContainerPool) -> String {
    let lease = pool.get().await.expect("a container");
    assert!(lease.state().await.expect("it is there").is_running(), "{}", lease.name());
    lease.name().to_owned()
}

/// P14: an idle container that was killed, paused, stopped or removed is replaced.
#[tokio::test]
async fn an_idle_container_that_is_not_what_it_was_is_replaced() {
    let session = OwnSession::begin("pool-sick").await;
    let pool = pool(&session, 1).await;
    for what in ["/kill", "/pause", "/stop?t=0", "removed"] {
        let before = only(&pool).await;
        let lease = pool.get().await.expect("a container");
        let id = lease.id().clone();
        drop(lease);
        match what {
            "removed" => remove_by_hand(id.as_str()),
            _ => {
                let target = format!("/containers/{id}{what}");
                let answer = seatrial_tests::Engine::from_env().request("POST", &target, None);
                assert_eq!(answer.expect("an answer").status, 204, "{what}");
            }
        }
        replaced(&pool, &before).await;
        assert_ne!(only(&pool).await, before, "{what}");
    }
    assert_eq!(pool.accounting().replacements, (4, 0));
    pool.close().await.expect("it ends");
}

/// P14: a container in which a process was killed for want of memory is replaced after its lease.
#[tokio::test]
async fn a_container_that_ran_out_of_memory_under_a_lease_is_replaced_after_it() {
    let session = OwnSession::begin("pool-oom").await;
    let request = super::quiet(&session).memory(16 << 20);
    let pool = ContainerPool::builder(request).size(1).build().await.expect("a pool");
    // The process that takes the memory is killed, and the container runs on.
    let eater = "dd if=/dev/zero of=/dev/shm/x bs=1M count=64; x=$(head -c 64000000 /dev/zero | tr '\\0' x); echo done";
    let attempt = async || {
        let lease = pool.get().await.expect("a container");
        let before = lease.name().to_owned();
        lease.exec(["sh", "-c", eater]).await.ok();
        drop(lease);
        tokio::time::timeout(Duration::from_secs(10), replaced(&pool, &before)).await.is_ok()
    };
    assert!(until_told(attempt, |is_replaced| *is_replaced).await, "it was never replaced");
    pool.close().await.expect("it ends");
}

/// P14: a container that dies stays its holder's until the lease comes back, and is then replaced.
#[tokio::test]
async fn a_container_that_dies_under_a_lease_is_replaced_when_it_comes_back() {
    let session = OwnSession::begin("pool-died").await;
    let pool = pool(&session, 1).await;
    let lease = pool.get().await.expect("a container");
    let before = lease.name().to_owned();
    by_somebody_else(&lease, "POST", "/kill");
    until("it has ended", || seatrial_test_support::observe::state(&before)["Status"] == "exited").await;
    lease.exec(["true"]).await.expect_err("it does not run");
    drop(lease);
    replaced(&pool, &before).await;
    pool.close().await.expect("it ends");
}

/// P14: a container that its holder restarted is used again.
#[tokio::test]
async fn a_container_that_was_restarted_under_a_lease_is_kept() {
    let session = OwnSession::begin("pool-restarted").await;
    let pool = pool(&session, 1).await;
    for _ in 0..2 {
        let lease = pool.get().await.expect("a container");
        lease.restart().await.expect("it restarts");
        assert_eq!(says(&lease, "echo again").await, "again");
        // The events of the restart come after those of the labelled pause, one behind the other.
        lease.pause().await.expect("it can be paused");
        lease.unpause().await.expect("and go on");
        assert_eq!(says(&lease, "echo again").await, "again");
    }
    assert_eq!(pool.accounting().replacements.0, 0);
    pool.close().await.expect("it ends");
}

/// P17: `discard` replaces the container, and `detach` hands it to the caller.
#[tokio::test]
async fn a_discarded_container_is_replaced_and_a_detached_one_is_the_callers() {
    let session = OwnSession::begin("pool-out").await;
    let pool = builder(&session, 2).build().await.expect("a pool");
    let lease = pool.get().await.expect("a container");
    let discarded = lease.id().clone();
    Lease::discard(lease);
    let gone = || seatrial_test_support::own_session::look(discarded.as_str()).is_none();
    until("the discarded container is removed", gone).await;
    until("another one is there", || super::states(&pool) == [MemberState::NeverUsed; 2]).await;
    let detached = Lease::detach(pool.get().await.expect("a container"));
    assert_eq!(pool.status().members.len(), 1);
    let last = Lease::detach(pool.get().await.expect("a container"));
    let error = pool.get().await.expect_err("none is left");
    assert!(error.is_conflict() && error.to_string().contains("detached"), "{error}");
    pool.close().await.expect("it ends");
    assert_eq!(says(&detached, "echo mine").await, "mine");
    detached.remove().await.expect("it is mine to remove");
    last.remove().await.expect("and so is this");
}

/// P13, P14: a replacement that fails is tried again; callers get an error only if no container works any more.
#[tokio::test]
async fn a_replacement_that_fails_is_tried_again() {
    use seatrial_tests::{EngineProxy, Fault, Matcher};
    let proxy = EngineProxy::start_default();
    let session = OwnSession::behind(&proxy, "pool-retry").await;
    let pool = pool(&session, 1).await;
    let lease = pool.get().await.expect("a container");
    proxy.on(Matcher::new("POST", "/containers/create").nth(1), Fault::error(500, "no luck"));
    Lease::discard(lease);
    let error = pool.get().await.expect_err("none could be had").to_string();
    assert!(error.contains("no luck") && error.contains("pool `"), "{error}");
    let lease = pool.get().await.expect("the next try works");
    assert_eq!(says(&lease, "echo again").await, "again");
    drop(lease);
    assert_eq!(pool.accounting().replacements, (2, 1));
    pool.close().await.expect("it ends");
}
