//! Commands that live on when their lease is over: ended before the next one, or the container is replaced.

use std::time::Duration;

use seatrial::ContainerPool;
use seatrial::pool::MemberState;
use seatrial_test_support::observe::until;
use seatrial_test_support::own_session::OwnSession;
use seatrial_tests::{EngineProxy, Fault, Matcher};

use super::{pool, says, states};

/// The time after which a command is dropped.
const TIME: Duration = Duration::from_millis(300);

/// Runs a command that does not end, gives it up, and gives the container back at once; returns the container's name.
async fn give_up(pool: &ContainerPool) -> String {
    let lease = pool.get().await.expect("a container");
    let command = async { lease.exec(["sleep", "1001"]).await };
    tokio::time::timeout(TIME, command).await.expect_err("it sleeps");
    lease.name().to_owned()
}

/// C29, P14: a dropped command is ended before its container is leased again.
#[tokio::test]
async fn a_command_that_was_given_up_is_over_before_the_next_lease() {
    let session = OwnSession::begin("pool-given-up").await;
    let pool = pool(&session, 1).await;
    for _ in 0..3 {
        let name = give_up(&pool).await;
        let lease = pool.get().await.expect("a container");
        assert_eq!(lease.name(), name, "what is clean again is used again");
        assert_eq!(says(&lease, "ps | grep -c '[s]leep 1001'").await, "0");
    }
    pool.close().await.expect("it ends");
}

/// P14: a container with a command that can't be ended is replaced, whenever that turns out.
#[tokio::test]
async fn a_container_whose_command_can_t_be_ended_is_replaced() {
    let proxy = EngineProxy::start_default();
    let session = OwnSession::behind(&proxy, "pool-unendable").await;
    let pool = pool(&session, 1).await;
    proxy.on(Matcher::regex("PUT", "/archive"), Fault::error(500, "no space left on device"));
    let before = give_up(&pool).await;
    let lease = pool.get().await.expect("another container");
    assert_ne!(lease.name(), before);
    // With a deadline, it is known before the lease ends.
    let error = lease.exec(["sleep", "1001"]).timeout(TIME).await.expect_err("it sleeps");
    assert!(error.is_timeout() && lease.is_poisoned(), "{error:?}");
    let before = lease.name().to_owned();
    drop(lease);
    assert_ne!(pool.get().await.expect("another container").name(), before);
    assert_eq!(pool.accounting().replacements, (2, 0));
    pool.close().await.expect("it ends");
}

/// C30, P4: a container with a process whose handle is still held is not leased again.
#[tokio::test]
async fn a_container_is_given_back_when_its_last_process_is() {
    let session = OwnSession::begin("pool-process").await;
    let pool = pool(&session, 1).await;
    let lease = pool.get().await.expect("a container");
    let process = lease.spawn(["cat"]).await.expect("it runs");
    drop(lease);
    assert_eq!(states(&pool), [MemberState::Reserved]);
    drop(process);
    until("it is free", || states(&pool) == [MemberState::Idle]).await;
    pool.close().await.expect("it ends");
}
