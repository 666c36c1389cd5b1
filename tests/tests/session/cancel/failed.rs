//! An error at every request of a start, of every kind that an engine or a broken connection can make.

use seatrial_test_support::own_session::OwnSession;
use seatrial_tests::{EngineProxy, Fault, is_scenario};

use super::stages::{Scene, Stage, end, in_own_folder, with_volume};

/// C8: whichever request of a start is refused, nothing is left.
#[test]
fn a_start_whose_nth_request_is_answered_500_leaves_nothing() {
    in_own_folder(scenario_every_stage, &[("FAULT", "500")]);
}

/// C8: whichever request of a start loses its connection, nothing is left.
#[test]
fn a_start_whose_nth_request_is_cut_leaves_nothing() {
    in_own_folder(scenario_every_stage, &[("FAULT", "cut")]);
}

/// C8: whichever request of a start gets half a head, nothing is left.
#[test]
fn a_start_whose_nth_request_is_answered_with_half_a_head_leaves_nothing() {
    in_own_folder(scenario_every_stage, &[("FAULT", "half a head")]);
}

/// C8: whichever request of a start gets garbage, nothing is left.
#[test]
fn a_start_whose_nth_request_is_answered_with_garbage_leaves_nothing() {
    in_own_folder(scenario_every_stage, &[("FAULT", "garbage")]);
}

/// C8: whichever answer to a start is lost after the engine carried out the request, nothing is left.
#[test]
fn a_start_whose_nth_answer_is_lost_leaves_nothing() {
    in_own_folder(scenario_every_stage, &[("FAULT", "lost")]);
}

#[tokio::test]
#[ignore = "the scenario of the tests above"]
async fn scenario_every_stage() {
    if !is_scenario() {
        return;
    }
    let fault = match std::env::var("FAULT").expect("set by the test").as_str() {
        "500" => Fault::error(500, "no luck"),
        "cut" => Fault::cut(),
        "half a head" => Fault::half_head(),
        "garbage" => Fault::garbage(),
        _ => Fault::swallow_and_cut(),
    };
    let scene = Scene::set("failed-scene").await;
    for stage in Stage::ALL {
        fail_at(stage, &scene, fault.clone()).await;
    }
    scene.clear().await;
}

async fn fail_at(stage: Stage, scene: &Scene, fault: Fault) {
    let proxy = EngineProxy::start_default();
    let session = OwnSession::behind(&proxy, "failed").await;
    let name = session.id().to_string();
    proxy.on(stage.matcher().nth(1), fault);
    let started = scene.request(&session).name(&name).start().await;
    if stage == Stage::Exec {
        // A command that a wait runs is tried again; all else is fatal.
        drop(started.expect("a container"));
    } else {
        let error = started.expect_err("one request failed").to_string();
        let network = format!("network `{}`", scene.second.name());
        let named = if stage == Stage::Connect { &network } else { &name };
        assert!(error.contains(named.as_str()), "{stage:?}: {error}");
    }
    scene.check(&session).await;
}

/// C8, C13: whichever request of a `run` fails, nothing is left.
#[tokio::test]
async fn a_run_with_an_error_at_any_request_leaves_nothing() {
    for fault in [Fault::error(500, "no luck"), Fault::swallow_and_cut()] {
        for stage in [Stage::Create, Stage::Attach, Stage::Start, Stage::Inspect] {
            let proxy = EngineProxy::start_default();
            let session = OwnSession::behind(&proxy, "failed-run").await;
            let request = with_volume(&session, session.misbehave(&["print", "done"]));
            proxy.on(stage.matcher().nth(1), fault.clone());
            match request.run().await {
                Err(error) => assert!(error.to_string().contains("container `"), "{stage:?}: {error}"),
                // The reader of the output inspects too, and tries again.
                Ok(output) => assert!(stage == Stage::Inspect, "{stage:?}: {output:?}"),
            }
            end(&session).await;
        }
    }
}
