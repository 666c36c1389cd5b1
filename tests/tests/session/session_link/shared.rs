//! One reaper for all processes of a session.

use seatrial_core::labels;
use seatrial_test_support::observe::{LONG, block_until};
use seatrial_tests::{Child, Engine, EngineProxy, Fault, Gate, Matcher};
use serde_json::{Value, json};

use super::run::{Run, create_by_hand, kill, post};

/// Returns the session's reapers, whatever their names.
fn reapers(run: &Run) -> Vec<Value> {
    let label = |key: &str, value: &str| format!("{key}={value}");
    let labels = [label(labels::SESSION, &run.session), label(labels::RYUK, "true")];
    let filters: String =
        json!({ "label": labels }).to_string().bytes().map(|b| format!("%{b:02X}")).collect();
    let list = Engine::from_env().get(&format!("/containers/json?all=1&filters={filters}"));
    list.expect("the engine answers").as_array().cloned().unwrap_or_default()
}

/// X2, X6: the container with its anonymous volume, the network and the volume are removed.
#[test]
fn the_resources_of_a_killed_process_go() {
    let run = Run::new("killed");
    let child = run.holder();
    let left = run.left();
    assert_eq!((left.containers.len(), left.networks.len(), left.volumes.len()), (1, 1, 1), "{left}");
    kill(child);
    run.assert_goes();
}

/// X3: a time of zero for clients to come back, which ryuk takes, is taken: what a killed process had goes at once.
#[test]
fn a_reaper_may_give_its_clients_no_time_to_come_back() {
    for time in ["0s", "-1s"] {
        let run = Run::new("no-time").with("RYUK_RECONNECTION_TIMEOUT", time);
        kill(run.holder());
        run.assert_goes();
    }
}

/// X3: a second process uses the running reaper, at the cost of one request and one connection.
#[test]
fn a_second_process_asks_the_engine_once() {
    let run = Run::new("second");
    let first = run.holder();
    let reaper = run.reaper_id();
    let proxy = EngineProxy::start_default();
    let second = run.spawn_with(super::run::scenario_creates, &[("DOCKER_HOST", &proxy.docker_host())]);
    second.line("created ", LONG);
    let requests: Vec<_> = proxy.requests().into_iter().map(|r| format!("{} {}", r.method, r.path)).collect();
    let about_it = requests.iter().filter(|request| request.contains("reaper_")).count();
    assert_eq!(
        (about_it, requests.iter().filter(|r| r.contains("/containers/")).count()),
        (1, 1),
        "{requests:#?}"
    );
    assert_eq!(run.reaper_id(), reaper);
    assert_eq!(run.logged("client connected"), 2);
    kill(first);
    kill(second);
}

/// X3: nothing is created until the reaper has acknowledged the filter.
#[test]
fn nothing_is_created_before_the_filter_is_acknowledged() {
    let run = Run::new("before");
    let (proxy, gate) = (EngineProxy::start_default(), Gate::new());
    proxy.on(Matcher::regex("POST", "^/containers/[0-9a-f]{64}/start$"), Fault::Hold(gate.clone()));
    let child = run.spawn_with(super::run::scenario_holds, &[("DOCKER_HOST", &proxy.docker_host())]);
    block_until("the reaper's start is held", || gate.arrived() == 1);
    let created = || proxy.count(|request| request.method == "POST" && request.path.contains("/create"));
    assert_eq!(created(), 1, "the reaper alone: {:?}", proxy.requests());
    gate.release();
    child.line("holding ", LONG);
    assert_eq!(created(), 4);
    kill(child);
}

/// X3: a reaper whose creator was killed before the start is started by the next process.
#[test]
fn a_reaper_that_was_never_started_is_started_by_the_next_process() {
    let run = Run::new("created");
    let (proxy, gate) = (EngineProxy::start_default(), Gate::new());
    proxy.on(
        Matcher::regex("POST", "^/containers/[0-9a-f]{64}/start$"),
        Fault::Refuse(seatrial_tests::Then::Hang),
    );
    let first = run.spawn_with(super::run::scenario_creates, &[("DOCKER_HOST", &proxy.docker_host())]);
    block_until("the reaper is created", || proxy.count(|request| request.path.ends_with("/start")) == 1);
    drop(gate);
    kill(first);
    let reaper = run.reaper_id();
    let second = run.holder();
    assert_eq!(run.reaper_id(), reaper);
    kill(second);
}

/// X6: whoever makes a reaper next removes the reapers of dead sessions that were never started.
#[test]
fn reapers_that_were_never_started_go_with_the_next_reaper_of_any_session() {
    let proxy = EngineProxy::start_default();
    let start = Matcher::regex("POST", "^/containers/[0-9a-f]{64}/start$");
    proxy.on(start, Fault::Refuse(seatrial_tests::Then::Hang));
    let docker_host = proxy.docker_host();
    let created = |topic: &str| {
        let run = Run::new(topic);
        let child = run.spawn_with(super::run::scenario_creates, &[("DOCKER_HOST", &docker_host)]);
        block_until("its reaper is created", || run.reaper().is_some());
        (run, child)
    };
    let ((dead, first), (alive, second)) = (created("dead"), created("alive"));
    kill(first);
    let next = Run::new("next");
    kill(next.holder());
    block_until("that of the dead is gone", || dead.reaper().is_none());
    assert!(alive.reaper().is_some(), "its process may start it yet");
    kill(second);
    next.assert_goes();
    kill(next.holder());
    block_until("the other one is gone", || alive.reaper().is_none());
}

/// X3: a reaper that has ended is replaced.
#[test]
fn a_reaper_that_has_ended_is_replaced() {
    let run = Run::new("exited");
    let old = create_by_hand(&run.reaper_name(), &run.session, "seatrial/basic:dev", &["true"]);
    post(&old, "start");
    block_until("it has ended", || run.reaper().is_some_and(|reaper| reaper["State"]["Status"] == "exited"));
    let child = run.holder();
    assert_ne!(run.reaper_id(), old);
    kill(child);
}

/// X3, X5: a process that loses the race for the reaper's name uses the winner's.
#[test]
fn processes_that_start_at_once_share_one() {
    let run = Run::new("at-once");
    let children: Vec<Child> = (0..64).map(|_| run.spawn(super::run::scenario_creates)).collect();
    for child in &children {
        child.line("created ", LONG);
    }
    let reapers = reapers(&run);
    assert_eq!(reapers.len(), 1, "{reapers:#?}");
    assert_eq!(run.left().volumes.len(), 64);
    block_until("all of them are its clients", || run.logged("client connected") == 64);
    children.into_iter().for_each(kill);
}
