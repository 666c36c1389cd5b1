//! Dropped while a request of the start is under way: before the engine has it, and after it has answered.

use std::future::Future;

use seatrial::{Network, Result, TestContainer, Volume};
use seatrial_test_support::own_session::OwnSession;
use seatrial_tests::{EngineProxy, Fault, Gate, Matcher, is_scenario};

use super::stages::{Scene, Stage, end, in_own_folder, with_volume};

/// C8: the future is dropped while the request is on its way, and the engine carries it out afterwards.
#[test]
fn a_start_dropped_before_the_engine_has_the_request_leaves_nothing() {
    in_own_folder(scenario_every_stage, &[("WHERE", "before")]);
}

/// C8: the future is dropped after the engine has carried the request out and before its answer arrives.
#[test]
fn a_start_dropped_before_the_answer_is_delivered_leaves_nothing() {
    in_own_folder(scenario_every_stage, &[("WHERE", "after")]);
}

#[tokio::test]
#[ignore = "the scenario of the tests above"]
async fn scenario_every_stage() {
    if !is_scenario() {
        return;
    }
    let fault = match std::env::var("WHERE").expect("set by the test").as_str() {
        "before" => Fault::Hold,
        _ => Fault::HoldAnswer,
    };
    let scene = Scene::set("gates-scene").await;
    for stage in Stage::ALL {
        let proxy = EngineProxy::start_default();
        let session = OwnSession::behind(&proxy, "gates").await;
        let request = scene.request(&session);
        drop_at(&proxy, stage.matcher(), fault, async move { request.start().await }).await;
        scene.check(&session).await;
    }
    scene.clear().await;
}

/// C8, C13: dropping a `run` at any of its requests leaves nothing.
#[tokio::test]
async fn a_run_dropped_at_any_request_leaves_nothing() {
    for fault in [Fault::Hold, Fault::HoldAnswer] {
        for stage in [Stage::Create, Stage::Attach, Stage::Start, Stage::Inspect] {
            let proxy = EngineProxy::start_default();
            let session = OwnSession::behind(&proxy, "gate-run").await;
            let request = with_volume(&session, session.misbehave(&["print", "done"]));
            drop_at(&proxy, stage.matcher(), fault, async move { request.run().await }).await;
            end(&session).await;
        }
    }
}

/// C8: dropping the creation of a network while the engine works on it leaves no network.
#[tokio::test]
async fn the_creation_of_a_network_dropped_at_its_request_leaves_nothing() {
    for fault in [Fault::Hold, Fault::HoldAnswer] {
        let proxy = EngineProxy::start_default();
        let session = OwnSession::behind(&proxy, "gate-network").await;
        let inner = session.clone();
        let create = async move { Network::create_in(&inner).await };
        drop_at(&proxy, Matcher::new("POST", "/networks/create"), fault, create).await;
        end(&session).await;
    }
}

/// C8: dropping the creation of a volume while the engine works on it leaves no volume.
#[tokio::test]
async fn the_creation_of_a_volume_dropped_at_its_request_leaves_nothing() {
    for fault in [Fault::Hold, Fault::HoldAnswer] {
        let proxy = EngineProxy::start_default();
        let session = OwnSession::behind(&proxy, "gate-volume").await;
        let inner = session.clone();
        let create = async move { Volume::create_in(&inner).await };
        drop_at(&proxy, Matcher::new("POST", "/volumes/create"), fault, create).await;
        end(&session).await;
    }
}

/// Drops a future while the first request that fits is held, then lets the request go on.
async fn drop_at<T: Send + 'static>(
    proxy: &EngineProxy,
    matcher: Matcher,
    fault: fn(Gate) -> Fault,
    future: impl Future<Output = Result<T>> + Send + 'static,
) {
    let gate = Gate::new();
    proxy.on(matcher.nth(1), fault(gate.clone()));
    let task = tokio::spawn(future);
    gate.reached().await;
    task.abort();
    let aborted = task.await.map(drop).expect_err("it was held");
    assert!(aborted.is_cancelled());
    gate.release();
}

/// A start that is held at one of its requests is not over. Otherwise the tests above would drop a finished start.
#[tokio::test]
async fn a_start_waits_for_each_of_its_stages() {
    let proxy = EngineProxy::start_default();
    let session = OwnSession::behind(&proxy, "gate-stages").await;
    let scene = Scene::set("gate-stages-scene").await;
    let gates = Stage::ALL.map(|stage| {
        let gate = Gate::new();
        proxy.on(stage.matcher().nth(1), Fault::Hold(gate.clone()));
        gate
    });
    let request = scene.request(&session);
    let start = tokio::spawn(async move { request.start().await });
    for (reached, gate) in gates.iter().enumerate() {
        gate.reached().await;
        assert!(!start.is_finished());
        assert!(gates[reached + 1..].iter().all(|later| later.arrived() == 0), "after {reached} stages");
        gate.release();
    }
    let container: TestContainer = start.await.expect("no panic").expect("a container");
    container.remove().await.expect("it is removed");
    scene.clear().await;
}
