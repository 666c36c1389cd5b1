//! Dropped after every poll, with nothing in the way.

use seatrial::{Network, Volume, WaitFor};
use seatrial_test_support::own_session::OwnSession;
use seatrial_tests::{Engine, Leftovers, assert_nothing_left, cancel_at_every_poll, is_scenario};

use super::stages::{Scene, in_own_folder, with_volume};

/// A start has at least this many points at which it can be dropped: if there were fewer, the test would show little.
const FEW: usize = 4;

/// C8: dropping a start after any poll leaves nothing.
#[tokio::test]
async fn a_plain_start_dropped_after_any_poll_leaves_nothing() {
    let session = OwnSession::begin("cancel-plain").await;
    let request = with_volume(&session, session.idle());
    let polls =
        cancel_at_every_poll(|| request.start(), async |_| assert_nothing_left(session.id().as_str())).await;
    assert!(polls >= FEW, "{polls} polls");
}

/// C8, C21: dropping a start after any poll leaves neither container nor mounted files.
#[test]
fn a_start_with_files_networks_and_waits_dropped_after_any_poll_leaves_nothing() {
    in_own_folder(scenario_every_poll, &[]);
}

#[tokio::test]
#[ignore = "the scenario of the test above"]
async fn scenario_every_poll() {
    if !is_scenario() {
        return;
    }
    let scene = Scene::set("cancel-all-scene").await;
    let session = OwnSession::begin("cancel-all").await;
    let request = scene.request(&session);
    let polls = cancel_at_every_poll(|| request.start(), async |_| scene.check(&session).await).await;
    assert!(polls > FEW, "{polls} polls");
    scene.clear().await;
}

/// C8: the same holds on a multi-thread runtime.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_in_a_multi_thread_runtime_dropped_after_any_poll_leaves_nothing() {
    let session = OwnSession::begin("cancel-threads").await;
    let request = with_volume(&session, session.misbehave(&["print", "ready", "sleep", "forever"]));
    let request = request.wait_for(WaitFor::log("ready"));
    let polls =
        cancel_at_every_poll(|| request.start(), async |_| assert_nothing_left(session.id().as_str())).await;
    assert!(polls >= FEW, "{polls} polls");
}

/// C8: dropping a start while it waits leaves nothing.
#[tokio::test]
async fn a_wait_that_is_never_met_dropped_leaves_nothing() {
    let session = OwnSession::begin("cancel-wait").await;
    let request = with_volume(&session, session.misbehave(&["print", "begun", "sleep", "forever"]));
    let start = tokio::spawn(async move { request.wait_for(WaitFor::log("never")).start().await });
    while !Leftovers::of_session(&Engine::from_env(), session.id().as_str())
        .expect("an answer")
        .to_string()
        .contains("Up")
    {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    start.abort();
    assert!(start.await.expect_err("it was aborted").is_cancelled());
    assert_nothing_left(session.id().as_str());
}

/// C8, C13: dropping a `run` after any poll leaves nothing.
#[tokio::test]
async fn a_run_dropped_after_any_poll_leaves_nothing() {
    let session = OwnSession::begin("cancel-run").await;
    let request = with_volume(&session, session.misbehave(&["print", "done"]));
    let polls =
        cancel_at_every_poll(|| request.run(), async |_| assert_nothing_left(session.id().as_str())).await;
    assert!(polls >= FEW, "{polls} polls");
}

/// C8: dropping the creation of a network after any poll leaves no network.
#[tokio::test]
async fn the_creation_of_a_network_dropped_after_any_poll_leaves_nothing() {
    let session = OwnSession::begin("cancel-network").await;
    let make = || Network::create_in(&session);
    cancel_at_every_poll(make, async |_| assert_nothing_left(session.id().as_str())).await;
    let make = || Network::create_internal(&session);
    cancel_at_every_poll(make, async |_| assert_nothing_left(session.id().as_str())).await;
}

/// C8: dropping the creation of a volume after any poll leaves no volume.
#[tokio::test]
async fn the_creation_of_a_volume_dropped_after_any_poll_leaves_nothing() {
    let session = OwnSession::begin("cancel-volume").await;
    let make = || Volume::create_in(&session);
    cancel_at_every_poll(make, async |_| assert_nothing_left(session.id().as_str())).await;
}
