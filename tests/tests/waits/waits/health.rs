//! The wait for a health check.

use std::time::{Duration, Instant};

use seatrial::{
    ContainerRequest, WaitFor,
    container::{Health, HealthCheck},
};
use seatrial_test_support::observe::{LONG, SHORT, failed};
use seatrial_test_support::own_session::OwnSession;
use seatrial_tests::{EngineProxy, Fault, Matcher};

/// Returns a check by a step of `misbehave`, often.
fn checked(request: ContainerRequest, step: &[&str]) -> ContainerRequest {
    let check = HealthCheck::cmd([&["/misbehave"], step].concat());
    request.health_check(check.interval(Duration::from_millis(100)).retries(2))
}

/// C24: a health wait is over when the health check passes.
#[tokio::test]
async fn a_container_is_ready_when_its_check_passes() {
    let session = OwnSession::begin("healthy").await;
    let container = checked(session.idle(), &["health-after", "500ms"])
        .wait_for(WaitFor::healthy())
        .start()
        .await
        .expect("the check passes after a while");
    assert_eq!(container.state().await.expect("it is there").health, Health::Healthy);
}

/// C24: a health wait goes on after "unhealthy", unless that is to fail.
#[tokio::test]
async fn a_check_that_recovers_is_waited_for_unless_unhealthy_fails() {
    let session = OwnSession::begin("recovers").await;
    let sick =
        checked(session.steps("sleep 1500ms write-file /well x sleep forever"), &["health-file", "/well"]);
    let container = sick.clone().wait_for(WaitFor::healthy()).start().await.expect("it recovers");
    drop(container);
    let began = Instant::now();
    let never = checked(session.idle(), &["health-file", "/well"]).startup_timeout(2 * LONG);
    let error = failed(never.wait_for(WaitFor::healthy().fail_on_unhealthy()).start().await);
    assert!(error.is_not_ready() && !error.is_timeout() && began.elapsed() < LONG, "{error}");
    assert!(error.to_string().contains("it is unhealthy"), "{error}");
}

/// C24: a health wait on a container without a health check fails at once.
#[tokio::test]
async fn a_container_without_a_check_is_an_error_at_once() {
    let session = OwnSession::begin("no-check").await;
    let off = session.idle().health_check(HealthCheck::none());
    for request in [session.idle(), off] {
        let began = Instant::now();
        let error = failed(request.wait_for(WaitFor::healthy()).startup_timeout(2 * LONG).start().await);
        assert!(!error.is_timeout() && began.elapsed() < LONG, "{error}");
        assert!(error.to_string().contains("no health check"), "{error}");
    }
}

/// C24, E4: a health wait sees the health although the stream of events broke.
#[tokio::test]
async fn health_is_noticed_although_the_events_break_off() {
    let proxy = EngineProxy::start_default();
    let session = OwnSession::behind(&proxy, "events").await;
    // Docker answers at once, so that the stream is there before it is cut; the third never tells anything.
    proxy.on(Matcher::regex("GET", "/events$").nth(1), Fault::cut());
    proxy.on(Matcher::regex("GET", "/events$").nth(1), Fault::cut_after(0));
    proxy.on(Matcher::regex("GET", "/events$"), Fault::hang_after(0));
    let request = checked(session.idle(), &["health-after", "1s"]).wait_for(WaitFor::healthy());
    let _container = request.start().await.expect("the state is looked at");
}

/// C24, C26: the block says that the engine's events could not be read.
#[tokio::test]
async fn events_that_can_not_be_had_are_told_in_the_report() {
    let proxy = EngineProxy::start_default();
    let session = OwnSession::behind(&proxy, "no-events").await;
    proxy.on(Matcher::regex("GET", "/events$"), Fault::error(500, "no events today"));
    let request = checked(session.idle(), &["health-file", "/well"]).wait_for(WaitFor::healthy());
    let error = failed(request.startup_timeout(SHORT * 2).start().await);
    assert!(error.is_timeout() && error.to_string().contains("no events today"), "{error}");
}

/// C24: a health wait fails at its deadline if the check never passes.
#[tokio::test]
async fn a_check_that_never_passes_is_not_ready_at_the_deadline() {
    let session = OwnSession::begin("never").await;
    let request = checked(session.idle(), &["health-file", "/well"]).wait_for(WaitFor::healthy());
    let error = failed(request.startup_timeout(SHORT * 2).start().await);
    let text = error.to_string();
    assert!(error.is_timeout() && text.contains("`/well` is not there"), "{error}");
}
