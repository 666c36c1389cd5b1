//! An engine that goes away in mid-start and comes back, as its clients see it.

use std::time::Duration;

use seatrial::{ContainerRequest, Session, WaitFor, session::ReaperChoice};
use seatrial_test_support::own_session::{MISBEHAVE, OwnSession, own_id};
use seatrial_tests::{Daemon, EngineProxy, Fault, Gate, Leftovers, Matcher};

/// C8, E1: from the n-th request of a start on, every connection is cut until the engine is back.
#[tokio::test]
async fn a_start_in_which_the_engine_goes_away_is_an_error_and_leaves_nothing_once_it_is_back() {
    // Creation, attachment, start; what comes after them is not needed to become ready.
    for n in 1..=3 {
        let (proxy, gate) = (EngineProxy::start_default(), Gate::new());
        let session = OwnSession::behind(&proxy, "away").await;
        proxy.on(Matcher::any().nth(n), Fault::HoldAnswer(gate.clone()));
        let request = session.misbehave(&["print", "ready", "sleep", "forever"]);
        let start = tokio::spawn(async move { request.wait_for(WaitFor::log("ready")).start().await });
        gate.reached().await;
        // What is held is passed on; all that comes after it is cut.
        proxy.on(Matcher::any(), Fault::cut());
        gate.release();
        let error = start.await.expect("no panic").expect_err("the engine is gone");
        assert!(error.is_protocol() || error.is_engine_unreachable(), "at request {n}: {error}");
        assert!(error.to_string().contains("container `"), "at request {n}: {error}");
        proxy.clear_rules();
        Session::clone(&session).close().await.expect("everything can be removed");
        assert_eq!(session.containers(), Vec::<String>::new());
    }
}

/// E1: a wait survives a short absence of the engine.
#[tokio::test]
async fn a_wait_goes_on_when_the_engine_is_back() {
    let proxy = EngineProxy::start_default();
    let session = OwnSession::behind(&proxy, "back").await;
    proxy.on(Matcher::regex("POST", "/attach$"), Fault::cut_after(4));
    proxy.on(Matcher::regex("", "/(wait|logs)$").any_method().first(6), Fault::cut());
    let steps = ["print", "begun", "sleep", "3s", "print", "ready", "sleep", "forever"];
    let request = session.misbehave(&steps).wait_for(WaitFor::log("ready"));
    let started = tokio::time::timeout(Duration::from_secs(60), request.start()).await.expect("in time");
    started.expect("it is ready").remove().await.expect("it is removed");
}

/// C8, E1: a real daemon is stopped between two requests of a start, and started again.
#[tokio::test]
async fn a_daemon_that_is_stopped_in_mid_start_has_nothing_left_when_it_is_back() {
    let Some(mut daemon) = Daemon::start() else { return };
    daemon.load(MISBEHAVE);
    let proxy = EngineProxy::start(daemon.socket());
    let builder = Session::builder().id(own_id("stopped")).docker_host(proxy.docker_host());
    let session = builder.reaper(ReaperChoice::Off).build().await.expect("the daemon answers");
    let idle = ContainerRequest::new(MISBEHAVE).cmd(["print", "begun", "sleep", "forever"]);
    let idle = idle.network_mode("none").session(&session);

    let gate = Gate::new();
    proxy.on(Matcher::regex("POST", "^/containers/create$").nth(1), Fault::HoldAnswer(gate.clone()));
    let request = idle.clone();
    let start = tokio::spawn(async move { request.start().await });
    gate.reached().await;
    daemon.stop();
    gate.release();
    let error = start.await.expect("no panic").expect_err("the daemon is gone");
    assert!(error.is_protocol() || error.is_engine_unreachable(), "{error}");
    daemon.begin();
    Session::clone(&session).close().await.expect("everything can be removed");
    Leftovers::assert_none(&daemon.engine(), session.id().as_str(), Duration::ZERO);

    // The daemon ends the container during the wait, and the wait fails with that end once it can be known.
    let wait = idle.wait_for(WaitFor::log("never"));
    let start = tokio::spawn(async move { wait.start().await });
    while proxy.count(|request| request.is("GET", "/json") && request.status == Some(200)) == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    daemon.stop();
    daemon.begin();
    let error = start.await.expect("no panic").expect_err("the container has ended");
    assert!(error.is_exited(), "{error}");
    session.clone().close().await.expect("everything can be removed");
    Leftovers::assert_none(&daemon.engine(), session.id().as_str(), Duration::ZERO);
}
