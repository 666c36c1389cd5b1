//! The number of requests that are under way to an engine at once.

use std::time::{Duration, Instant};

use futures_util::future::{join_all, try_join_all};
use seatrial::{Session, Volume};
use seatrial_test_support::own_session::{MISBEHAVE, OwnSession, own_id};
use seatrial_tests::{Child, EngineProxy, Fault, Gate, Matcher, is_scenario};

/// Starts and removals.
fn taking_turns() -> Matcher {
    Matcher::regex("", "/start$|^/containers/[0-9a-f]{64}$").any_method()
}

/// E2: at most eight starts and removals are under way at once.
#[tokio::test]
async fn starts_and_removals_under_way_are_eight_at_most() {
    let (proxy, gate) = (EngineProxy::start_default(), Gate::new());
    let session = OwnSession::behind(&proxy, "width").await;
    let request = session.idle();
    let there = try_join_all((0..6).map(|_| request.start())).await.expect("containers");
    proxy.on(taking_turns(), Fault::Hold(gate.clone()));
    let removals = tokio::spawn(join_all(there.into_iter().map(|container| container.remove())));
    gate.reached_by(6).await;
    let starts = tokio::spawn(async move { try_join_all((0..6).map(|_| request.start())).await });
    assert_held(&gate, 8).await;
    gate.release();
    assert!(removals.await.expect("no panic").iter().all(Result::is_ok));
    drop(starts.await.expect("no panic").expect("containers"));
    Session::clone(&session).close().await.expect("all are removed");
    assert_eq!(gate.arrived(), 6 + 6 + 6, "each came to its turn");
}

/// E2: the deadline of a request begins with its turn.
#[tokio::test]
async fn waiting_for_a_turn_is_not_what_a_request_times_out_for() {
    let proxy = EngineProxy::start_default();
    let builder = Session::builder().id(own_id("turns")).docker_host(proxy.docker_host());
    let session = OwnSession::of(builder.request_timeout(Duration::from_secs(8))).await;
    // Three rounds of 3 s each take longer than the deadline. A volume costs the engine next to nothing.
    proxy.on(Matcher::new("POST", "/volumes/create"), Fault::Delay(Duration::from_secs(3)));
    let began = Instant::now();
    let volumes = try_join_all((0..24).map(|_| Volume::create_in(&session))).await.expect("volumes");
    assert!(began.elapsed() > Duration::from_secs(8), "{:?}", began.elapsed());
    drop(volumes);
    Session::clone(&session).close().await.expect("all are removed");
}

/// E2: `SEATRIAL_PARALLELISM` sets the limit of starts and removals that are under way at once.
#[test]
fn the_variable_says_how_many_are_under_way() {
    let (proxy, gate) = (EngineProxy::start_default(), Gate::new());
    proxy.on(taking_turns(), Fault::Hold(gate.clone()));
    let session = own_id("width-two");
    let variables = [
        ("DOCKER_HOST", proxy.docker_host()),
        ("SEATRIAL_SESSION_ID", session.clone()),
        ("SEATRIAL_PARALLELISM", "2".to_owned()),
    ];
    let variables = variables.each_ref().map(|(name, value)| (*name, value.as_str()));
    let mut child = Child::spawn(scenario, &variables);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(assert_held(&gate, 2));
    gate.release();
    let status = child.wait(Duration::from_secs(60));
    assert!(status.success(), "{}", child.lines().join("\n"));
    assert_eq!(gate.arrived(), 5 + 5);
    seatrial_tests::assert_nothing_left(&session);
}

#[tokio::test]
#[ignore = "the scenario of the test above"]
async fn scenario() {
    if is_scenario() {
        let request = seatrial::ContainerRequest::new(MISBEHAVE).cmd(["sleep", "forever"]);
        drop(try_join_all((0..5).map(|_| request.start())).await.expect("containers"));
    }
}

/// Waits until so many requests are held, and sees that no more come; that can only be waited for.
async fn assert_held(gate: &Gate, count: usize) {
    gate.reached_by(count).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(gate.arrived(), count);
}
