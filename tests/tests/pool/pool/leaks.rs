//! Processes that a lease leaves behind in its container.

use seatrial::pool::{LeakCheck, MemberState};
use seatrial_test_support::observe::until;
use seatrial_test_support::own_session::OwnSession;

use super::{builder, says};

/// P18: a container in which a lease left a process running is replaced.
#[tokio::test]
async fn a_container_in_which_a_lease_left_something_is_replaced() {
    let session = OwnSession::begin("pool-leaks").await;
    let pool = builder(&session, 1).leak_check(LeakCheck::Replace).build().await.expect("a pool");
    for (line, leaks) in
        [("echo nothing", false), ("touch /left", true), ("sleep 1000 >/dev/null 2>&1 &", true)]
    {
        let lease = pool.get().await.expect("a container");
        let id = lease.id().to_string();
        says(&lease, line).await;
        drop(lease);
        let lease = pool.get().await.expect("a container");
        assert_eq!(lease.id().to_string() != id, leaks, "{line}");
    }
    pool.close().await.expect("it ends");
}

/// P18: with a warning only, the container is leased again, and a leak is reported once.
#[tokio::test]
async fn a_container_with_leaks_is_used_on_if_only_a_warning_was_asked_for() {
    let session = OwnSession::begin("pool-leaks-warn").await;
    let pool = builder(&session, 1).leak_check(LeakCheck::Warn).build().await.expect("a pool");
    let lease = pool.get().await.expect("a container");
    says(&lease, "touch /left").await;
    drop(lease);
    until("it is recycled", || super::states(&pool) == [MemberState::Idle]).await;
    assert_eq!(says(&pool.get().await.expect("a container"), "ls /left").await, "/left");
    assert_eq!(pool.accounting().replacements.0, 0);
    pool.close().await.expect("it ends");
}
