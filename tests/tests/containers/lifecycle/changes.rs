//! Stop, kill, restart, pause, limits: one call of the engine each, and "already so" is a value.

use std::time::Duration;

use seatrial::{Change, ContainerStatus, Limits, TestContainer, WaitFor};
use seatrial_test_support::own_session::{OwnSession, look_at};
use seatrial_tests::EngineProxy;
use serde_json::json;

/// What the engine says of the container's state, by key.
fn state(container: &TestContainer, key: &str) -> serde_json::Value {
    look_at(container)["State"][key].clone()
}

/// C11.
#[tokio::test]
async fn a_stop_is_made_once_and_then_already_so() {
    let session = OwnSession::begin("stop").await;
    let container = session.misbehave(&["trap", "TERM", "7", "print", "ready"]);
    let container = container.wait_for(WaitFor::log("ready")).start().await.expect("it starts");
    assert_eq!(container.stop().await.expect("it stops"), Change::Made);
    assert_eq!((state(&container, "Running"), state(&container, "ExitCode")), (json!(false), json!(7)));
    assert_eq!(container.stop().await.expect("it has stopped"), Change::AlreadySo);
    assert_eq!(container.start().await.expect("it starts again"), Change::Made);
    assert_eq!(state(&container, "Running"), true);
    assert_eq!(container.start().await.expect("it runs"), Change::AlreadySo);
}

/// C11: the grace is the caller's, and what is left after it is killed.
#[tokio::test]
async fn a_container_that_does_not_stop_within_its_grace_is_killed() {
    let session = OwnSession::begin("stop-deaf").await;
    let request = session.misbehave(&["ignore", "TERM", "print", "deaf", "sleep", "forever"]);
    let container = request.wait_for(WaitFor::log("deaf")).start().await.expect("it starts");
    let stop = container.stop_timeout(Duration::from_millis(100));
    assert_eq!(stop.await.expect("it stops"), Change::Made);
    assert_eq!(state(&container, "ExitCode"), 137);
}

/// C11, C4: the signal and the grace of a stop are those of the request.
#[tokio::test]
async fn a_stop_sends_the_signal_that_the_request_names() {
    let session = OwnSession::begin("stop-signal").await;
    let steps = &["ignore", "TERM", "trap", "USR1", "5", "print", "ready"];
    let request = session.misbehave(steps).stop_signal("SIGUSR1").stop_timeout(Duration::from_secs(60));
    let container = request.wait_for(WaitFor::log("ready")).start().await.expect("it starts");
    container.stop().await.expect("it stops");
    assert_eq!(state(&container, "ExitCode"), 5);
}

/// C11.
#[tokio::test]
async fn a_signal_is_sent_by_name_or_number() {
    let session = OwnSession::begin("kill").await;
    let request = session.misbehave(&["report", "HUP", "trap", "USR1", "9", "print", "ready"]);
    let container = request.clone().wait_for(WaitFor::log("ready")).start().await.expect("it starts");
    assert_eq!(container.kill("HUP").await.expect("it is sent"), Change::Made);
    container.wait(WaitFor::log("got HUP")).await.expect("it arrives");
    assert_eq!(state(&container, "Running"), true);
    assert_eq!(container.kill("10").await.expect("it is sent"), Change::Made);
    container.wait(WaitFor::exit()).await.expect("it ends");
    assert_eq!(state(&container, "ExitCode"), 9);
    assert_eq!(container.kill("SIGKILL").await.expect("it has ended"), Change::AlreadySo);
}

/// C11.
#[tokio::test]
async fn a_signal_that_there_is_not_is_refused_by_name() {
    let session = OwnSession::begin("kill-unknown").await;
    let container = session.idle().start().await.expect("it starts");
    let error = container.kill("SIGNONE").await.expect_err("there is no such signal");
    assert!(error.is_invalid(), "{error:?}");
    assert!(error.to_string().contains("SIGNONE") && error.to_string().contains(container.name()), "{error}");
    assert_eq!(state(&container, "Running"), true);
}

/// C11.
#[tokio::test]
async fn a_pause_and_its_end_are_made_once_and_then_already_so() {
    let session = OwnSession::begin("pause").await;
    let container = session.idle().start().await.expect("it starts");
    assert_eq!(container.unpause().await.expect("it is not paused"), Change::AlreadySo);
    assert_eq!(container.pause().await.expect("it freezes"), Change::Made);
    assert_eq!(state(&container, "Paused"), true);
    assert_eq!(container.state().await.expect("a state").status, ContainerStatus::Paused);
    assert_eq!(container.pause().await.expect("it is frozen"), Change::AlreadySo);
    assert_eq!(container.unpause().await.expect("it goes on"), Change::Made);
    assert_eq!(state(&container, "Paused"), false);
    assert_eq!(container.unpause().await.expect("it goes on already"), Change::AlreadySo);
}

/// C11: what does not run can't be frozen, and says so; frozen it is not.
#[tokio::test]
async fn a_pause_of_what_does_not_run_is_a_conflict() {
    let session = OwnSession::begin("pause-stopped").await;
    let container = session.idle().start().await.expect("it starts");
    container.kill("KILL").await.expect("it ends");
    let error = container.pause().await.expect_err("it does not run");
    assert!(error.is_conflict(), "{error:?}");
    assert!(error.to_string().contains("is not running"), "{error}");
    assert_eq!(container.unpause().await.expect("it is not frozen"), Change::AlreadySo);
}

/// C11, C17: after a restart the ports are those that the engine has chosen anew.
#[tokio::test]
async fn a_restart_is_another_run_whose_ports_are_looked_up() {
    let session = OwnSession::begin("restart").await;
    let request = session.misbehave(&["listen", "7000", "hello", "print", "ready"]).port(7000);
    let container = request.wait_for(WaitFor::log("ready")).start().await.expect("it starts");
    let started = state(&container, "StartedAt");
    container.restart().await.expect("it restarts");
    assert_ne!(state(&container, "StartedAt"), started);
    assert_eq!(state(&container, "Running"), true);
    let bound = look_at(&container)["NetworkSettings"]["Ports"]["7000/tcp"][0]["HostPort"].clone();
    assert_eq!(bound, container.host_port(7000).expect("bound").to_string());
    container.wait(WaitFor::port(7000)).await.expect("it listens again");
}

/// C11.
#[tokio::test]
async fn limits_of_a_container_that_runs_are_changed_and_the_others_stay() {
    let session = OwnSession::begin("limits").await;
    let request = session.idle().memory(64 << 20).memory_swap(64 << 20).milli_cpus(500).pids_limit(50);
    let container = request.start().await.expect("it starts");
    let limits = Limits::new().memory(96 << 20, 128 << 20).milli_cpus(1500);
    container.update_limits(limits).await.expect("they change");
    let host = &look_at(&container)["HostConfig"];
    let seen = ["Memory", "MemorySwap", "CpuPeriod", "CpuQuota", "PidsLimit"].map(|key| host[key].clone());
    assert_eq!(seen, [json!(96 << 20), json!(128 << 20), json!(100_000), json!(150_000), json!(50)]);
    container.update_limits(Limits::new().pids_limit(60)).await.expect("it changes");
    let host = &look_at(&container)["HostConfig"];
    assert_eq!((&host["Memory"], &host["PidsLimit"]), (&json!(96 << 20), &json!(60)));
}

/// C11.
#[tokio::test]
async fn a_limit_that_the_engine_refuses_is_an_error_and_changes_nothing() {
    let session = OwnSession::begin("limits-bad").await;
    let container = session.idle().memory(64 << 20).memory_swap(64 << 20).start().await.expect("it starts");
    let error =
        container.update_limits(Limits::new().memory(1 << 20, 1 << 20)).await.expect_err("too little");
    assert!(error.is_invalid(), "{error:?}");
    assert!(error.to_string().contains(container.name()) && error.to_string().contains("6MB"), "{error}");
    assert_eq!(look_at(&container)["HostConfig"]["Memory"], 64 << 20);
}

/// C11: one call each that changes something; what starts it again looks at its ports once, too.
#[tokio::test]
async fn each_change_is_one_call() {
    let proxy = EngineProxy::start_default();
    let session = OwnSession::behind(&proxy, "one-call").await;
    let container = session.idle().start().await.expect("it starts");
    let path = format!("/containers/{}", container.id());
    let calls = || -> Vec<String> {
        let requests = proxy.requests();
        proxy.clear();
        let rest = |request: &seatrial_tests::Request| request.path.replacen(&path, "", 1);
        requests.iter().map(|request| format!("{} {}", request.method, rest(request))).collect()
    };
    calls();
    container.pause().await.expect("it freezes");
    assert_eq!(calls(), ["POST /pause"]);
    container.unpause().await.expect("it goes on");
    assert_eq!(calls(), ["POST /unpause"]);
    container.update_limits(Limits::new().pids_limit(60)).await.expect("it changes");
    assert_eq!(calls(), ["POST /update"]);
    container.restart().await.expect("it restarts");
    assert_eq!(calls(), ["POST /restart", "GET /json"]);
    container.kill("KILL").await.expect("it ends");
    assert_eq!(calls(), ["POST /kill"]);
    container.stop().await.expect("it has ended");
    assert_eq!(calls(), ["POST /stop"]);
    container.start().await.expect("it starts");
    assert_eq!(calls(), ["POST /start", "GET /json"]);
    container.remove().await.expect("it goes");
    assert_eq!(calls(), ["DELETE "]);
}
