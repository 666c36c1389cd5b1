//! `remove`: waits, reports, and goes on without its caller.

use std::time::Duration;

use futures_util::FutureExt;
use seatrial_test_support::own_session::{OwnSession, look, remove_by_hand};
use seatrial_tests::{EngineProxy, Fault, Gate, Matcher};

/// The longest time for a removal in the background.
const SOON: Duration = Duration::from_secs(30);

/// C10: the engine no longer has a container when `remove` returns.
#[tokio::test]
async fn a_container_is_gone_when_its_removal_returns() {
    let session = OwnSession::begin("removal").await;
    let container = session.idle().start().await.expect("it starts");
    let id = container.id().to_string();
    assert!(look(&id).is_some());
    container.remove().await.expect("it goes");
    assert!(look(&id).is_none());
}

/// C10: removing a container that is gone already succeeds.
#[tokio::test]
async fn a_removal_of_a_container_that_is_gone_is_a_success() {
    let session = OwnSession::begin("removal-gone").await;
    let container = session.idle().start().await.expect("it starts");
    remove_by_hand(container.id().as_str());
    container.remove().await.expect("it is gone, which is what was asked for");
}

/// C10: a removal waits while the engine carries out somebody else's.
#[tokio::test]
async fn a_removal_that_is_in_progress_already_is_waited_for() {
    let proxy = EngineProxy::start_default();
    let session = OwnSession::behind(&proxy, "removal-twice").await;
    let container = session.idle().start().await.expect("it starts");
    let id = container.id().to_string();
    let busy = Fault::error(409, "removal of container x is already in progress");
    proxy.on(Matcher::new("DELETE", "/containers/").first(2), busy);
    container.remove().await.expect("it goes in the end");
    assert!(look(&id).is_none());
    assert_eq!(proxy.count(|request| request.is("DELETE", &id)), 3);
}

/// C10: a removal that the engine refuses is an error.
#[tokio::test]
async fn a_removal_that_the_engine_refuses_for_good_is_an_error() {
    let proxy = EngineProxy::start_default();
    let session = OwnSession::behind(&proxy, "removal-refused").await;
    let container = session.idle().start().await.expect("it starts");
    let (id, subject) = (container.id().to_string(), container.to_string());
    proxy.on(Matcher::new("DELETE", "/containers/").first(1), Fault::error(400, "not this one"));
    let error = container.remove().await.expect_err("the engine refused");
    let text = error.to_string();
    assert!(text.contains(&subject) && text.contains("failed to remove: not this one"), "{text}");
    assert!(look(&id).is_some(), "the proxy refused, so the container is there");
    remove_by_hand(&id);
}

/// C10: a removal goes on after its caller's deadline.
#[tokio::test]
async fn a_removal_goes_on_when_its_caller_has_given_up() {
    let proxy = EngineProxy::start_default();
    let session = OwnSession::behind(&proxy, "removal-cancelled").await;
    let container = session.idle().start().await.expect("it starts");
    let id = container.id().to_string();
    let gate = Gate::new();
    proxy.on(Matcher::new("DELETE", "/containers/"), Fault::Hold(gate.clone()));
    let mut removal = Box::pin(container.remove());
    assert!((&mut removal).now_or_never().is_none(), "the engine has not answered yet");
    gate.reached().await;
    drop(removal);
    assert!(look(&id).is_some(), "it is held at the gate");
    gate.release();
    tokio::time::timeout(SOON, async {
        while look(&id).is_some() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await
    .expect("the removal goes on");
}

/// C10: a removal that was never polled drops the handle, which removes the container all the same.
#[tokio::test]
async fn a_removal_that_is_dropped_at_once_removes_too() {
    let session = OwnSession::begin("removal-dropped").await;
    let container = session.idle().start().await.expect("it starts");
    drop(container.remove());
    // The end of the session checks that nothing is left.
}

/// C10: a container is removed whether it was created, runs, is paused or has ended.
#[tokio::test]
async fn a_container_is_removed_in_every_state() {
    let session = OwnSession::begin("removal-states").await;
    let stopped = session.idle().start().await.expect("it starts");
    stopped.kill("KILL").await.expect("it ends");
    let paused = session.idle().start().await.expect("it starts");
    paused.pause().await.expect("it freezes");
    let deaf = session.misbehave(&["ignore", "TERM", "sleep", "forever"]).start().await.expect("it starts");
    for container in [stopped, paused, deaf] {
        let id = container.id().to_string();
        container.remove().await.expect("it goes");
        assert!(look(&id).is_none());
    }
}
