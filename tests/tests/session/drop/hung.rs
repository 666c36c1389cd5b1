//! The end of a process whose engine hangs: it waits 10 s, says what is left, and ends.

use std::time::Duration;

use seatrial::{ContainerRequest, Network, Session};
use seatrial_test_support::own_session::MISBEHAVE;
use seatrial_tests::{EngineProxy, Fault, Gate, Matcher, is_scenario, say};

use super::process::{ENDING, Ended, Scenario};

/// C9, E1: removals of held and of dropped containers hang; the process ends after ten seconds and names them.
#[test]
fn the_end_with_removals_that_hang_takes_ten_seconds_and_names_what_is_left() {
    let proxy = EngineProxy::start_default();
    proxy.on(Matcher::regex("DELETE", ""), Fault::hang());
    let ended = Scenario::behind(&proxy, scenario_holding).end();
    assert_took_ten_seconds(&ended);
    for name in ["container `held-", "container `dropped-", "network `"] {
        ended.assert_said(&["seatrial: ", name, "was not removed within 10 s of the end"]);
    }
    assert_eq!((ended.left.containers.len(), ended.left.networks.len()), (2, 1), "{}", ended.left);
    ended.tidy();
}

/// E1: the engine hangs from the moment that the container runs; the process ends after ten seconds.
#[test]
fn the_end_with_an_engine_that_hangs_altogether_takes_ten_seconds() {
    let (proxy, gate) = (EngineProxy::start_default(), Gate::new());
    // The first inspect is the start's; the second one the scenario makes, to wait for us.
    proxy.on(Matcher::regex("GET", "^/containers/[^/]+/json$").nth(2), Fault::HoldAnswer(gate.clone()));
    let scenario = Scenario::behind(&proxy, scenario_inspecting);
    gate.wait_reached();
    proxy.on(Matcher::any(), Fault::hang());
    gate.release();
    let ended = scenario.end();
    assert_took_ten_seconds(&ended);
    ended.assert_said(&["seatrial: container `", "was not removed within 10 s of the end"]);
    assert_eq!(ended.left.containers.len(), 1, "{}", ended.left);
    ended.tidy();
}

/// E1, C8: a creation hangs at the end; the process names the container, which may or may not exist.
#[test]
fn the_end_with_a_creation_that_hangs_takes_ten_seconds_and_names_it() {
    let proxy = EngineProxy::start_default();
    proxy.on(Matcher::regex("POST", "^/containers/create$"), Fault::hang());
    let ended = Scenario::behind(&proxy, scenario_creating).end();
    assert_took_ten_seconds(&ended);
    ended.assert_said(&["seatrial: container `", "may be there"]);
    assert!(ended.left.is_empty(), "{}", ended.left);
}

/// C9: the end of the process names what the engine refuses to remove.
#[test]
fn a_removal_that_is_refused_for_good_is_named_at_the_end() {
    let proxy = EngineProxy::start_default();
    proxy.on(Matcher::regex("DELETE", "^/containers/"), Fault::error(400, "not this one"));
    let ended = Scenario::behind(&proxy, scenario_holding).end();
    for name in ["container `held-", "container `dropped-"] {
        ended.assert_said(&["seatrial: ", name, "failed to remove", "not this one"]);
    }
    assert_eq!(ended.left.containers.len(), 2, "{}", ended.left);
    ended.tidy();
}

#[track_caller]
fn assert_took_ten_seconds(ended: &Ended) {
    assert!(ended.status.success(), "{}", ended.status);
    let took = ended.took.as_secs_f64();
    assert!((9.0..20.0).contains(&took), "{took} s");
}

#[tokio::test]
#[ignore = "the scenario of two tests above"]
async fn scenario_holding() {
    if is_scenario() {
        let session = Session::current().await.expect("an engine");
        std::mem::forget(Network::create_in(&session).await.expect("a network"));
        let named = |kind: &str| idle().name(format!("{kind}-{}", session.id()));
        std::mem::forget(named("held").start().await.expect("a container"));
        drop(named("dropped").start().await.expect("a container"));
        say(ENDING);
    }
}

#[tokio::test]
#[ignore = "the scenario of a test above"]
async fn scenario_inspecting() {
    if is_scenario() {
        let held = idle().start().await.expect("a container");
        held.inspect().await.expect("it is there");
        say(ENDING);
    }
}

#[tokio::test]
#[ignore = "the scenario of a test above"]
async fn scenario_creating() {
    if is_scenario() {
        let request = idle();
        tokio::time::timeout(Duration::from_secs(2), request.start()).await.expect_err("it hangs");
        say(ENDING);
    }
}

fn idle() -> ContainerRequest {
    ContainerRequest::new(MISBEHAVE).cmd(["sleep", "forever"])
}
