//! Answers to a removal that may pass: it is tried again until it worked.

use std::time::Duration;

use seatrial::{Network, Session, Volume};
use seatrial_test_support::own_session::{OwnSession, look, own_id, remove_by_hand};
use seatrial_tests::{EngineProxy, Fault, Matcher};

/// C10: a removal is tried again after errors that may pass.
#[tokio::test]
async fn a_removal_is_tried_again_after_errors_that_may_pass() {
    let (proxy, session) = impatient("retry").await;
    let faults = [
        Fault::error(500, "driver \"overlay2\" failed to remove root filesystem: device or resource busy"),
        Fault::error(409, "removal of container is already in progress"),
        Fault::error(503, "no"),
        Fault::cut(),
        Fault::half_head(),
        Fault::garbage(),
        Fault::hang(),
    ];
    let count = faults.len();
    for fault in faults {
        // The first request that the earlier rules leave over.
        proxy.on(Matcher::regex("DELETE", "^/containers/").nth(1), fault);
    }
    let container = session.idle().start().await.expect("a container");
    let id = container.id().to_string();
    container.remove().await.expect("it is removed in the end");
    assert_eq!(look(&id), None);
    assert_eq!(proxy.count(|request| request.method == "DELETE"), count + 1);
}

/// C10: a removal waits for the end of somebody else's removal of the same container.
#[tokio::test]
async fn a_removal_in_progress_is_waited_for() {
    let (proxy, session) = impatient("in-progress").await;
    let answer = Fault::error(409, "removal of container abc is already in progress");
    proxy.on(Matcher::regex("DELETE", "^/containers/"), answer);
    let container = session.idle().start().await.expect("a container");
    let id = container.id().to_string();
    let mut removal = tokio::spawn(container.remove());
    while proxy.count(|request| request.method == "DELETE") < 3 {
        assert!(!removal.is_finished(), "{:?}", (&mut removal).await);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    remove_by_hand(&id);
    proxy.clear_rules();
    removal.await.expect("no panic").expect("it is gone");
}

/// C10: a removal that was carried out succeeds although its answer was lost.
#[tokio::test]
async fn a_removal_whose_answer_is_lost_is_a_success() {
    let (proxy, session) = impatient("lost-answer").await;
    for fault in [Fault::swallow_and_cut(), Fault::swallow_and_hang()] {
        proxy.clear_rules();
        proxy.clear();
        proxy.on(Matcher::regex("DELETE", "^/containers/").nth(1), fault);
        session.idle().start().await.expect("a container").remove().await.expect("it is gone");
        let statuses: Vec<_> =
            proxy.requests().into_iter().filter(|request| request.method == "DELETE").collect();
        assert_eq!(statuses.iter().map(|request| request.status).collect::<Vec<_>>(), [Some(204), Some(404)]);
    }
}

/// C10, M5: a network or volume goes after the containers that use it.
#[tokio::test]
async fn a_network_and_a_volume_in_use_are_removed_once_they_are_free() {
    let session = OwnSession::begin("in-use").await;
    let network = Network::create_in(&session).await.expect("a network");
    let volume = Volume::create_in(&session).await.expect("a volume");
    let request = session.idle().network(&network).volume(volume.name(), "/volume");
    let container = request.start().await.expect("a container");
    let removals = tokio::spawn(async { futures_util::join!(network.remove(), volume.remove()) });
    tokio::task::yield_now().await;
    drop(container);
    let (network, volume) = removals.await.expect("no panic");
    network.expect("it is removed");
    volume.expect("it is removed");
}

/// C10: the removal after a drop is tried again, too.
#[tokio::test]
async fn the_removal_of_a_drop_is_tried_again() {
    let (proxy, session) = impatient("retry-drop").await;
    proxy.on(Matcher::regex("DELETE", "").first(3), Fault::error(500, "busy"));
    drop(session.idle().start().await.expect("a container"));
    Session::clone(&session).close().await.expect("all is removed");
    assert_eq!(proxy.count(|request| request.method == "DELETE"), 4);
}

async fn impatient(topic: &str) -> (EngineProxy, OwnSession) {
    let proxy = EngineProxy::start_default();
    let builder = Session::builder().id(own_id(topic)).docker_host(proxy.docker_host());
    let session = OwnSession::of(builder.request_timeout(Duration::from_secs(2))).await;
    (proxy, session)
}
