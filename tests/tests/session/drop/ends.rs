//! Every way in which a process ends by itself: nothing of it is left at that very moment.

use std::cell::RefCell;
use std::sync::OnceLock;
use std::time::Duration;

use seatrial::{ContainerRequest, Network, Result, Session, TestContainer, Volume};
use seatrial_test_support::own_session::MISBEHAVE;
use seatrial_tests::{EngineProxy, Fault, Gate, Leftovers, Matcher, is_scenario, say};
use tokio::runtime::Builder;

use super::process::{ENDING, Scenario};

/// C9: a removal that is queued when `main` returns is carried out before the process ends.
#[test]
fn a_container_dropped_just_before_the_end_is_removed_by_it() {
    let ended = Scenario::begin(scenario_dropped).end();
    assert!(ended.status.success(), "{}", ended.status);
    ended.assert_clean();
}

#[tokio::test]
#[ignore = "the scenario of the test above"]
async fn scenario_dropped() {
    if is_scenario() {
        let session = Session::current().await.expect("an engine");
        let network = Network::create_in(&session).await.expect("a network");
        let volume = Volume::create_in(&session).await.expect("a volume");
        let request = idle().network(&network).volume(volume.name(), "/volume");
        let containers = [request.start().await, request.start().await, request.start().await];
        say(ENDING);
        drop((network, volume, containers));
    }
}

/// C9: a container in a static, which is never dropped, is removed at the end of the process.
#[test]
fn a_container_in_a_static_is_removed_at_the_end() {
    let ended = Scenario::begin(scenario_static).end();
    assert!(ended.status.success(), "{}", ended.status);
    ended.assert_clean();
}

#[tokio::test]
#[ignore = "the scenario of the test above"]
async fn scenario_static() {
    static HELD: OnceLock<TestContainer> = OnceLock::new();
    if is_scenario() {
        HELD.set(idle().start().await.expect("a container")).expect("set once");
        say(ENDING);
    }
}

/// C9: a container that `mem::forget` took is removed at the end of the process.
#[test]
fn a_forgotten_container_is_removed_at_the_end() {
    let ended = Scenario::begin(scenario_forgotten).end();
    assert!(ended.status.success(), "{}", ended.status);
    ended.assert_clean();
}

#[tokio::test]
#[ignore = "the scenario of the test above"]
async fn scenario_forgotten() {
    if is_scenario() {
        std::mem::forget(idle().start().await.expect("a container"));
        say(ENDING);
    }
}

/// C9: `process::exit` removes the containers that are still held.
#[test]
fn an_exit_in_the_middle_removes_what_is_held() {
    let ended = Scenario::begin(scenario_exit).end();
    assert_eq!(ended.status.code(), Some(3), "the exit code stays what it was");
    ended.assert_clean();
}

#[tokio::test]
#[ignore = "the scenario of the test above"]
async fn scenario_exit() {
    if is_scenario() {
        let _held = idle().start().await.expect("a container");
        say(ENDING);
        std::process::exit(3);
    }
}

/// C9: a container in a thread-local value is removed when its thread ends the process.
#[test]
fn an_exit_removes_what_a_thread_local_holds() {
    let ended = Scenario::begin(scenario_thread_local).end();
    assert_eq!(ended.status.code(), Some(4));
    ended.assert_clean();
}

#[test]
#[ignore = "the scenario of the test above"]
fn scenario_thread_local() {
    thread_local!(static HELD: RefCell<Option<TestContainer>> = const { RefCell::new(None) });
    if is_scenario() {
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        HELD.set(Some(runtime.block_on(idle().start()).expect("a container")));
        say(ENDING);
        std::process::exit(4);
    }
}

/// C9: a panic in a test removes its container.
#[test]
fn a_test_that_panics_leaves_nothing() {
    let ended = Scenario::begin(scenario_panic).end();
    assert_eq!(ended.status.code(), Some(101));
    ended.assert_clean();
}

#[tokio::test]
#[ignore = "the scenario of the test above"]
async fn scenario_panic() {
    if is_scenario() {
        let _held = idle().start().await.expect("a container");
        say(ENDING);
        panic!("on purpose");
    }
}

/// C9: a test that returns an error removes its container.
#[test]
fn a_test_that_returns_an_error_leaves_nothing() {
    let ended = Scenario::begin(scenario_error).end();
    assert_ne!(ended.status.code(), Some(0));
    ended.assert_clean();
}

#[tokio::test]
#[ignore = "the scenario of the test above"]
async fn scenario_error() -> Result<()> {
    if is_scenario() {
        let held = idle().start().await?;
        say(ENDING);
        held.addr(80)?;
    }
    Ok(())
}

/// C8, C9: a container that the engine is creating when the process ends is removed.
#[test]
fn a_start_under_way_at_the_end_leaves_nothing() {
    for fault in [Fault::Hold, Fault::HoldAnswer] {
        let (proxy, gate) = (EngineProxy::start_default(), Gate::new());
        proxy.on(Matcher::regex("POST", "^/containers/create$"), fault(gate.clone()));
        let scenario = Scenario::behind(&proxy, scenario_starting);
        scenario.until_ending();
        gate.wait_reached();
        gate.release();
        let ended = scenario.end();
        assert!(proxy.count(|request| request.is("POST", "/containers/create")) == 1);
        ended.assert_clean();
    }
}

#[tokio::test]
#[ignore = "the scenario of the test above"]
async fn scenario_starting() {
    if is_scenario() {
        let request = idle();
        let mut start = std::pin::pin!(request.start());
        // Long enough for the request to be sent; the answer is held until the process is about to end.
        assert!(tokio::time::timeout(Duration::from_secs(2), &mut start).await.is_err());
        say(ENDING);
        std::process::exit(0);
    }
}

/// C9: the end of the process waits for slow removals.
#[test]
fn the_end_waits_for_removals_that_are_slow() {
    let proxy = EngineProxy::start_default();
    proxy.on(Matcher::regex("DELETE", ""), Fault::Delay(Duration::from_secs(2)));
    let ended = Scenario::behind(&proxy, scenario_dropped).end();
    assert!(ended.took >= Duration::from_secs(2), "{:?}", ended.took);
    ended.assert_clean();
}

/// C9: a process without removals ends at once.
#[test]
fn the_end_does_not_wait_when_there_is_nothing_to_wait_for() {
    let ended = Scenario::begin(scenario_removed).end();
    assert!(ended.took < Duration::from_secs(5), "{:?}", ended.took);
    ended.assert_clean();
}

#[tokio::test]
#[ignore = "the scenario of the test above"]
async fn scenario_removed() {
    if is_scenario() {
        idle().start().await.expect("a container").remove().await.expect("it is removed");
        let session = Session::current().await.expect("an engine");
        let left = Leftovers::of_session(&seatrial_tests::Engine::from_env(), session.id().as_str());
        assert!(left.expect("the engine lists it").is_empty());
        say(ENDING);
    }
}

fn idle() -> ContainerRequest {
    ContainerRequest::new(MISBEHAVE).cmd(["sleep", "forever"])
}
