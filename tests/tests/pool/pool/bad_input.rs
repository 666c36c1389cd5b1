//! Wrong uses of a pool, and failures from outside.

use std::time::Duration;

use seatrial::pool::Recycle;
use seatrial::{ContainerPool, WaitFor};
use seatrial_test_support::observe::until;
use seatrial_test_support::own_session::OwnSession;
use seatrial_tests::{EngineProxy, assert_nothing_left};

use super::{builder, says};

/// P1: a pool of size 0 is refused.
#[tokio::test]
async fn a_pool_of_nothing_is_refused() {
    let session = OwnSession::begin("pool-zero").await;
    let error = builder(&session, 0).build().await.expect_err("nobody can be served");
    assert!(error.is_invalid() && error.to_string().contains("`size`"), "{error}");
}

/// P1: the first error of a build ends the other starts, and removes the containers that were ready.
#[tokio::test]
async fn a_request_that_can_not_start_leaves_nothing() {
    let session = OwnSession::begin("pool-broken").await;
    let broken = session.shell("exit 3").wait_for(WaitFor::log("never printed"));
    let error = ContainerPool::builder(broken).size(3).build().await.expect_err("it ends at once");
    assert!(error.is_exited() && error.to_string().contains("code 3"), "{error}");
    assert_nothing_left(session.id().as_str());
    let error = ContainerPool::builder(session.idle().cmd(["no-such-step"])).size(3);
    error.build().await.map(drop).ok();
    assert_nothing_left(session.id().as_str());
}

/// While the engine is away, calls fail; the lease comes back, and the pool works again when the engine does.
#[tokio::test]
async fn an_engine_that_is_away_in_mid_lease_is_no_end_of_the_pool() {
    let proxy = EngineProxy::start_default();
    let session = OwnSession::behind(&proxy, "pool-away").await;
    let pool = builder(&session, 1).recycle(Recycle::reset(["true"])).build().await.expect("a pool");
    let lease = pool.get().await.expect("a container");
    let before = lease.name().to_owned();
    let away = seatrial_tests::Matcher::regex("", "exec|/containers/").any_method();
    proxy.on(away, seatrial_tests::Fault::cut());
    lease.exec(["true"]).await.expect_err("the engine is away");
    drop(lease);
    let failed = || pool.accounting().recycles.1 == 1;
    until("the recycle has failed", failed).await;
    proxy.clear_rules();
    let lease = pool.get_timeout(Duration::from_secs(60)).await;
    let lease = match lease {
        // A replacement was tried while the engine was away.
        Err(error) if !error.is_timeout() => pool.get().await.expect("the engine is back"),
        other => other.expect("the engine is back"),
    };
    assert_ne!(lease.name(), before);
    assert_eq!(says(&lease, "echo back").await, "back");
    drop(lease);
    pool.close().await.expect("it ends");
}
