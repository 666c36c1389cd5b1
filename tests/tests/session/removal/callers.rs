//! A removal and its caller: who goes does not take it with him, and who waits is told.

use std::time::Duration;

use seatrial::{Network, Session, Volume};
use seatrial_test_support::own_session::{OwnSession, look, remove_by_hand};
use seatrial_tests::{EngineProxy, Fault, Gate, Matcher, assert_nothing_left, cancel_at_every_poll};

/// C10: a container is gone when `remove` returns.
#[tokio::test]
async fn a_removal_has_removed_when_it_returns() {
    let session = OwnSession::begin("remove").await;
    let container = session.idle().start().await.expect("a container");
    let id = container.id().to_string();
    container.remove().await.expect("it is removed");
    assert_eq!(look(&id), None);
}

/// C10: removing a container that is gone already succeeds.
#[tokio::test]
async fn a_removal_of_what_is_gone_is_a_success() {
    let session = OwnSession::begin("remove-gone").await;
    let container = session.idle().start().await.expect("a container");
    remove_by_hand(container.id().as_str());
    container.remove().await.expect("it is gone");
}

/// C10: a removal whose future is dropped, after any poll, is carried out.
#[tokio::test]
async fn a_removal_dropped_after_any_poll_is_carried_out() {
    let session = OwnSession::begin("remove-polls").await;
    let mut containers = Vec::new();
    for _ in 0..4 {
        containers.push(session.idle().start().await.expect("a container"));
    }
    let mut dropped = Vec::new();
    let polls = cancel_at_every_poll(
        || {
            let container = containers.pop().expect("no more polls than containers");
            dropped.push(container.id().to_string());
            container.remove()
        },
        async |_| {},
    )
    .await;
    assert!(polls >= 2, "{polls} polls");
    drop(containers);
    assert_nothing_left(session.id().as_str());
}

/// C10: a removal is carried out after its caller's deadline.
#[tokio::test]
async fn a_removal_whose_caller_gives_up_is_carried_out() {
    let (proxy, gate) = (EngineProxy::start_default(), Gate::new());
    let session = OwnSession::behind(&proxy, "remove-deadline").await;
    let container = session.idle().start().await.expect("a container");
    let id = container.id().to_string();
    proxy.on(Matcher::regex("DELETE", "^/containers/").nth(1), Fault::Hold(gate.clone()));
    let removal = tokio::spawn(tokio::time::timeout(Duration::from_secs(1), container.remove()));
    gate.reached().await;
    removal.await.expect("no panic").expect_err("its time was up");
    assert!(look(&id).is_some());
    gate.release();
    assert_nothing_left(session.id().as_str());
}

/// C10: the same holds for networks and volumes.
#[tokio::test]
async fn the_removals_of_networks_and_volumes_dropped_after_any_poll_are_carried_out() {
    let session = OwnSession::begin("remove-others").await;
    let (mut networks, mut volumes) = (Vec::new(), Vec::new());
    for _ in 0..4 {
        networks.push(Network::create_in(&session).await.expect("a network"));
        volumes.push(Volume::create_in(&session).await.expect("a volume"));
    }
    cancel_at_every_poll(|| networks.pop().expect("enough of them").remove(), async |_| {}).await;
    cancel_at_every_poll(|| volumes.pop().expect("enough of them").remove(), async |_| {}).await;
    drop((networks, volumes));
    assert_nothing_left(session.id().as_str());
}

/// C10: two callers that remove the same container share one request and its outcome.
#[tokio::test]
async fn a_close_and_a_removal_share_one_request() {
    let (proxy, gate) = (EngineProxy::start_default(), Gate::new());
    let session = OwnSession::behind(&proxy, "remove-shared").await;
    let container = session.idle().start().await.expect("a container");
    proxy.on(Matcher::regex("DELETE", "^/containers/"), Fault::Hold(gate.clone()));
    let removal = tokio::spawn(container.remove());
    gate.reached().await;
    let close = tokio::spawn(Session::clone(&session).close());
    gate.release();
    removal.await.expect("no panic").expect("it is removed");
    close.await.expect("no panic").expect("all is removed");
    assert_eq!(proxy.count(|request| request.method == "DELETE"), 1);
}

/// C8, C10: a close waits for a container that is being created, and removes it.
#[tokio::test]
async fn a_close_waits_for_a_creation_whose_caller_is_gone() {
    let (proxy, gate) = (EngineProxy::start_default(), Gate::new());
    let session = OwnSession::behind(&proxy, "close-creation").await;
    proxy.on(Matcher::regex("POST", "^/containers/create$"), Fault::HoldAnswer(gate.clone()));
    let request = session.idle();
    let start = tokio::spawn(async move { request.start().await });
    gate.reached().await;
    start.abort();
    start.await.expect_err("it was aborted");
    let mut close = tokio::spawn(Session::clone(&session).close());
    // The answer is held, so the close can't be over. Only a wait can show that it is not.
    let over = tokio::time::timeout(Duration::from_millis(300), &mut close).await;
    assert!(over.is_err(), "{over:?}");
    gate.release();
    close.await.expect("no panic").expect("all is removed");
    assert_eq!(session.containers(), Vec::<String>::new());
}
