//! Commands that can't be ended, and what is said of their container then.

use std::time::Duration;

use seatrial::{Error, TestContainer};
use seatrial_test_support::observe::{failed, until};
use seatrial_test_support::own_session::OwnSession;
use seatrial_test_support::processes::sleepers;
use seatrial_tests::{EngineProxy, Fault, Matcher};

use super::waiting;

const TIME: Duration = Duration::from_secs(1);

#[track_caller]
fn check(container: &TestContainer, error: &Error, reason: &str) {
    assert!(error.is_timeout() && error.to_string().contains("poisoned"), "{error:?}");
    assert!(error.to_string().contains(reason), "{error:?}");
    assert!(container.is_poisoned());
    let poison = container.poison().expect("a reason");
    assert!(poison.contains("sleep 1001") && poison.contains(reason), "{poison}");
}

/// C29, P14: a command that can't be ended poisons its container, with the reason; a restart cures it.
#[tokio::test]
async fn a_container_whose_command_can_t_be_ended_is_poisoned_until_it_restarts() {
    let proxy = EngineProxy::start_default();
    let session = OwnSession::behind(&proxy, "exec-poison").await;
    let container = waiting(&session).await;
    assert!(!container.is_poisoned() && container.poison().is_none());
    proxy.on(Matcher::regex("PUT", "/archive"), Fault::error(500, "no space left on device"));
    let error = failed(container.exec(["sh", "-c", "echo first; sleep 1001"]).timeout(TIME).await);
    check(&container, &error, "no space left on device");
    assert_eq!(error.output().expect("what it printed").stdout_text(), "first\n");
    assert_eq!(sleepers(&container).await.len(), 1, "it runs on");
    container.restart().await.expect("it restarts");
    assert!(!container.is_poisoned());
    // What failed once is tried again.
    proxy.clear_rules();
    let error = failed(container.exec(["sleep", "1001"]).timeout(TIME).await);
    assert!(error.is_timeout() && !container.is_poisoned(), "{error:?}");
}

/// C29: a command in a paused container can't be ended, so the container is poisoned.
#[tokio::test]
async fn a_container_that_is_paused_when_time_is_up_is_poisoned() {
    let session = OwnSession::begin("exec-poison-paused").await;
    let container = waiting(&session).await;
    let command = async { failed(container.exec(["sleep", "1001"]).timeout(TIME * 3).await) };
    let freezing = async {
        while sleepers(&container).await.is_empty() {}
        container.pause().await.expect("it freezes");
    };
    let (error, ()) = tokio::join!(command, freezing);
    check(&container, &error, "paused");
}

/// C29: a dropped command that can't be ended poisons its container, as a timed-out one does.
#[tokio::test]
async fn a_dropped_command_that_can_t_be_ended_poisons_too() {
    let proxy = EngineProxy::start_default();
    let session = OwnSession::behind(&proxy, "exec-poison-drop").await;
    let container = waiting(&session).await;
    proxy.on(Matcher::regex("PUT", "/archive"), Fault::error(500, "no space left on device"));
    let command = async { container.exec(["sleep", "1001"]).await };
    tokio::time::timeout(TIME, command).await.expect_err("it sleeps");
    until("it is poisoned", || container.is_poisoned()).await;
}

/// C29: the helper program is copied again if it was removed from the container.
#[tokio::test]
async fn a_program_that_was_removed_is_copied_again() {
    let session = OwnSession::begin("exec-again").await;
    let container = waiting(&session).await;
    for _ in 0..2 {
        let error = failed(container.exec(["sleep", "1001"]).timeout(TIME).await);
        assert!(error.is_timeout() && !container.is_poisoned(), "{error:?}");
        assert!(sleepers(&container).await.is_empty());
        container.exec(["rm", "-r", "/.seatrial"]).await.expect("it runs");
    }
}
