//! Stop, kill, restart, pause, limits: one call of the engine each, and "already so" is a value.

use std::time::Duration;

use seatrial::{
    TestContainer, WaitFor,
    container::{ContainerStatus, Limits},
    engine::Change,
};
use seatrial_test_support::own_session::{OwnSession, look_at};
use seatrial_tests::EngineProxy;
use serde_json::json;

/// Returns a value of the container's state by the engine's word.
fn state(container: &TestContainer, key: &str) -> serde_json::Value {
    look_at(container)["State"][key].clone()
}

/// C11: a stop reports that it was made, and a second one that the container had stopped already.
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

/// C11: a container that has not stopped after the caller's grace period is killed.
#[tokio::test]
async fn a_container_that_does_not_stop_within_its_grace_is_killed() {
    let session = OwnSession::begin("stop-deaf").await;
    let request = session.misbehave(&["ignore", "TERM", "print", "deaf", "sleep", "forever"]);
    let container = request.wait_for(WaitFor::log("deaf")).start().await.expect("it starts");
    let stop = container.stop_timeout(Duration::from_millis(100));
    assert_eq!(stop.await.expect("it stops"), Change::Made);
    assert_eq!(state(&container, "ExitCode"), 137);
}

/// C11, C4: a stop uses the signal and the grace period of the request.
#[tokio::test]
async fn a_stop_sends_the_signal_that_the_request_names() {
    let session = OwnSession::begin("stop-signal").await;
    let steps = &["ignore", "TERM", "trap", "USR1", "5", "print", "ready"];
    let request = session.misbehave(steps).stop_signal("SIGUSR1").stop_timeout(Duration::from_secs(60));
    let container = request.wait_for(WaitFor::log("ready")).start().await.expect("it starts");
    container.stop().await.expect("it stops");
    assert_eq!(state(&container, "ExitCode"), 5);
}

/// C11: a signal is sent by its name, with or without `SIG`, or by its number.
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

/// C11: an unknown signal is refused, and the error names it.
#[tokio::test]
async fn a_signal_that_there_is_not_is_refused_by_name() {
    let session = OwnSession::begin("kill-unknown").await;
    let container = session.idle().start().await.expect("it starts");
    let error = container.kill("SIGNONE").await.expect_err("there is no such signal");
    assert!(error.is_invalid(), "{error:?}");
    assert!(error.to_string().contains("SIGNONE") && error.to_string().contains(container.name()), "{error}");
    assert_eq!(state(&container, "Running"), true);
}

/// C11: pause and unpause report that they were made, and a second call that it was so already.
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

/// C11: pausing a stopped container is a conflict, and it is not paused afterwards.
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

/// C11, C17: after a restart the ports are those that the engine chose for the new run.
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

/// C11: new limits apply to a running container; limits that were not named stay.
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

/// C11: a limit that the engine refuses fails and leaves all limits as they were.
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

/// C11: each change is one request; a start of a container also looks at its ports.
#[tokio::test]
async fn each_change_of_a_container_is_one_request() {
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
