//! The library's traces: a span per container, and nothing on the process's own streams unless it was asked for.

use std::time::Duration;

use seatrial::{ContainerRequest, CopyIn, Network, Session, WaitFor};
use seatrial_test_support::own_session::{MISBEHAVE, OwnSession};
use seatrial_test_support::trace::{Span, Trace};
use seatrial_tests::{Child, EngineProxy, Fault, Matcher, is_scenario, say};

/// C26: name, image, id and phase are fields of the container's span, so that a failure can be followed.
#[tokio::test]
async fn a_start_is_a_span_that_goes_through_its_phases() {
    let trace = Trace::of_process();
    let session = OwnSession::begin("trace").await;
    let name = session.id().to_string();
    let request = session.misbehave(&["print", "ready", "sleep", "forever"]).name(&name);
    let request = request.copy_in(CopyIn::bytes("x", "/tmp/x")).wait_for(WaitFor::log("ready"));
    let container = request.start().await.expect("a container");
    let span = only_span(trace, &name);
    assert_eq!(span.field("image"), Some(MISBEHAVE));
    assert_eq!(span.field("id"), Some(container.id().as_str()));
    assert_eq!(span.fields["phase"], ["create", "copy in", "start", "wait", "ready"]);
}

/// C26: the phase in the span is the one in which a start failed.
#[tokio::test]
async fn a_start_that_fails_stays_in_its_phase() {
    let trace = Trace::of_process();
    for (method, path, phase) in [
        ("POST", "/containers/create$", "create"),
        ("PUT", "/archive$", "copy in"),
        ("POST", "/start$", "start"),
    ] {
        let proxy = EngineProxy::start_default();
        let session = OwnSession::behind(&proxy, "trace-failed").await;
        let name = session.id().to_string();
        proxy.on(Matcher::regex(method, path), Fault::error(500, "no"));
        let request = session.idle().name(&name).copy_in(CopyIn::bytes("x", "/tmp/x"));
        request.start().await.expect_err("it is refused");
        let span = only_span(trace, &name);
        assert_eq!(span.field("phase"), Some(phase));
        assert_eq!(
            span.field("id").is_some(),
            phase != "create",
            "an id is there once the engine has made one"
        );
    }
}

#[track_caller]
fn only_span(trace: &Trace, container: &str) -> Span {
    let mut spans = trace.spans().into_iter().filter(|span| span.field("name") == Some(container));
    let span = spans.next().expect("the container has a span");
    assert_eq!((span.name, spans.count()), ("container", 0), "one span per container");
    span
}

/// A removal in the background that fails for good is reported as an error, since no caller hears of it.
#[tokio::test]
async fn a_removal_in_the_background_that_fails_is_told_as_an_error() {
    let trace = Trace::of_process();
    let proxy = EngineProxy::start_default();
    let session = OwnSession::behind(&proxy, "trace-removal").await;
    let name = session.id().to_string();
    proxy.on(Matcher::regex("DELETE", "").nth(1), Fault::error(500, "busy"));
    drop(session.idle().name(&name).start().await.expect("a container"));
    Session::clone(&session).close().await.expect("all is removed");
    let events = trace.events();
    let retried =
        events.iter().find(|told| told.message().contains(&name) && told.message().contains("busy"));
    assert_eq!(retried.expect("the retry is told").level, tracing::Level::DEBUG);
    assert!(!events.iter().any(|told| told.level == tracing::Level::ERROR && told.message().contains(&name)));
}

/// A process without a `tracing` subscriber prints nothing, whatever succeeds or fails.
#[test]
fn a_process_that_does_not_subscribe_prints_nothing() {
    let session = seatrial_test_support::own_session::own_id("quiet");
    // With the reaper that it has by default: that there is none would be told.
    let variables = [
        ("SEATRIAL_SESSION_ID", session.as_str()),
        ("SEATRIAL_REAPER", ""),
        ("RYUK_RECONNECTION_TIMEOUT", "1s"),
    ];
    let mut child = Child::spawn(scenario, &variables);
    assert!(child.wait(Duration::from_secs(120)).success(), "{:#?}", child.lines());
    let lines = child.lines();
    let from = lines.iter().position(|line| line == "begin").expect("it begins");
    let to = lines.iter().position(|line| line == "end").expect("it ends");
    // The streams are read side by side, so what is on stderr may stand anywhere; the test harness has its own lines.
    let harness = ["", "running 1 test", "test tracing::scenario ... ok", "begin", "end"];
    let others: Vec<_> = lines
        .iter()
        .filter(|line| !harness.contains(&line.as_str()) && !line.starts_with("test result: ok. 1 passed"))
        .collect();
    assert_eq!((to - from, others), (1, Vec::<&String>::new()));
}

#[tokio::test]
#[ignore = "the scenario of the test above"]
async fn scenario() {
    if is_scenario() {
        say("begin");
        let session = Session::current().await.expect("an engine");
        let network = Network::create_in(&session).await.expect("a network");
        let request = ContainerRequest::new(MISBEHAVE).cmd(["print", "ready", "sleep", "forever"]);
        let container = request.clone().network(&network).wait_for(WaitFor::log("ready")).start().await;
        container.expect("a container").remove().await.expect("it is removed");
        let short = request.clone().startup_timeout(Duration::from_millis(200));
        short.wait_for(WaitFor::log("never")).start().await.expect_err("it is not ready");
        request.clone().cmd(["exit", "3"]).run().await.expect("it ran");
        ContainerRequest::new("seatrial/none:dev")
            .pull(seatrial::pull::PullPolicy::Never)
            .start()
            .await
            .expect_err("none");
        request.network_named("no-such-network").start().await.expect_err("there is none");
        drop(network);
        session.close().await.expect("all is removed");
        say("end");
    }
}
