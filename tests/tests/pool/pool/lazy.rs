//! A `LazyPool` does all that a pool does.

use std::time::Duration;

use seatrial::pool::{Accounting, LazyPool, MemberState};
use seatrial::{ContainerPool, ContainerRequest};
use seatrial_test_support::observe::LONG;
use seatrial_test_support::own_session::{BASIC, own_id};
use seatrial_tests::{Child, assert_nothing_left, is_scenario};

static POOL: LazyPool = LazyPool::new(|| {
    let request = ContainerRequest::new(BASIC).cmd(["sh", "-c", "exec sleep 1000000"]).stop_signal("KILL");
    ContainerPool::builder(request).size(1)
});

/// P3, P5, P8, P11: every way to a lease, the queries before and after the pool is made, and the close.
#[test]
fn a_lazy_pool_does_all_that_a_pool_does() {
    let session = own_id("pool-lazy");
    let mut child = Child::spawn(scenario_lazy_pool, &[("SEATRIAL_SESSION_ID", session.as_str())]);
    assert!(child.wait(LONG).success(), "{:?}", child.lines());
    assert_nothing_left(&session);
}

#[tokio::test]
#[ignore = "the scenario of the test above"]
async fn scenario_lazy_pool() {
    if !is_scenario() {
        return;
    }
    POOL.close().await.expect("a pool that is not made has nothing to close");
    assert_eq!(POOL.to_string(), "ContainerPool[never used]");
    assert_eq!((POOL.utilization(), POOL.accounting()), (0.0, Accounting::default()));
    assert!(POOL.timeline().is_none() && POOL.status().members.is_empty());

    let lease = POOL.try_get().await.expect("open").expect("the only container is free");
    lease.label("inspects the hull");
    assert!(POOL.try_get().await.expect("open").is_none());
    let error = POOL.get_timeout(Duration::from_millis(50)).await.expect_err("the only container is leased");
    assert!(error.is_timeout() && error.to_string().contains("inspects the hull"), "{error}");
    assert_eq!(POOL.status().members[0].state, MemberState::Reserved);
    assert!(POOL.to_string().contains("inspects the hull"));
    drop(lease);

    drop(POOL.get().await.expect("a container"));
    drop(POOL.get_timeout(LONG).await.expect("a container"));
    drop(POOL.get_exclusive().await.expect("a container"));
    drop(POOL.lock_out().await.expect("no container is leased"));
    assert!(POOL.utilization() > 0.0);
    let accounting = POOL.accounting();
    assert_eq!((accounting.shared.served, accounting.exclusive.served), (3, 2));
    assert!(POOL.timeline().is_some());

    POOL.close().await.expect("all containers are removed");
    assert!(POOL.get().await.expect_err("closed").is_closed());
    assert!(POOL.status().is_closed);
}
