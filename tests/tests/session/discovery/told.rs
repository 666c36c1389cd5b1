//! The three questions (which engine, which socket for a sidecar, which address for ports) and their answers.

use seatrial::Session;
use seatrial_test_support::own_session::own_id;
use seatrial_test_support::trace::{Told, Trace};
use seatrial_tests::{Child, EngineProxy, ScriptedEngine, is_scenario, say};

/// E4: engine, socket and host are each decided once, and an event says by which setting.
#[tokio::test]
async fn each_choice_is_made_once_and_reported_with_its_source() {
    let trace = Trace::of_process();
    let engine = ScriptedEngine::greeting();
    let builder = Session::builder().id(own_id("told")).docker_host(engine.docker_host());
    let session = builder.build().await.expect("it greets");
    let socket = engine.socket().display().to_string();

    let found = only(trace, "engine found", "endpoint", &engine.docker_host());
    assert_eq!(found.fields["source"], "the session's builder");
    assert!(found.fields["version"].contains("20.10.24"), "{found:?}");
    let sidecar = only(trace, "sidecars reach the engine by this socket", "socket", &socket);
    assert_eq!(sidecar.fields["source"], "the engine's address");
    let ports = trace.events();
    let ports = ports.iter().find(|told| told.message() == "published ports are reachable at this host");
    let ports = ports.expect("the address of published ports is told");
    assert_eq!(ports.fields["host"], session.engine().host().host);
    assert!(!ports.fields["source"].is_empty());

    assert_eq!(session.engine().located().source, "the session's builder");
    assert_eq!(session.engine().sidecar_socket(), engine.socket());
    assert_eq!(engine.count(|request| request.is("GET", "/version")), 1);
}

#[track_caller]
fn only(trace: &Trace, message: &str, field: &str, value: &str) -> Told {
    let events = trace.events();
    let meant =
        |told: &&Told| told.message() == message && told.fields.get(field).is_some_and(|text| text == value);
    let mut found = events.iter().filter(meant);
    let told =
        found.next().unwrap_or_else(|| panic!("`{message}` with {field} {value} is not in {events:#?}"));
    assert!(found.next().is_none(), "`{message}` was told twice");
    told.clone()
}

/// E4: each choice can be made by a variable of its own.
#[test]
fn each_choice_has_a_variable_of_its_own() {
    let proxy = EngineProxy::start_default();
    let host = proxy.docker_host();
    let variables = [
        ("DOCKER_HOST", host.as_str()),
        ("SEATRIAL_HOST", "ports.example"),
        ("TESTCONTAINERS_DOCKER_SOCKET_OVERRIDE", "/side/car.sock"),
    ];
    let mut child = Child::spawn(scenario, &variables);
    assert!(child.wait(std::time::Duration::from_secs(60)).success(), "{:#?}", child.lines());
    let lines = child.lines();
    for line in [
        format!("engine found {host} `DOCKER_HOST`"),
        "published ports are reachable at this host ports.example `SEATRIAL_HOST`".to_owned(),
        "sidecars reach the engine by this socket /side/car.sock `TESTCONTAINERS_DOCKER_SOCKET_OVERRIDE`"
            .to_owned(),
    ] {
        assert_eq!(lines.iter().filter(|said| **said == line).count(), 1, "`{line}` in {lines:#?}");
    }
    assert_eq!(
        proxy.count(|request| request.is("GET", "/version")),
        1,
        "asked once, for both users of the session"
    );
}

#[tokio::test]
#[ignore = "the scenario of the test above"]
async fn scenario() {
    if is_scenario() {
        let trace = Trace::of_process();
        let (first, second) = futures_util::join!(Session::current(), Session::current());
        assert_eq!(first.expect("an engine").id(), second.expect("an engine").id());
        for told in trace.events() {
            let answer = ["endpoint", "host", "socket"].iter().find_map(|field| told.fields.get(field));
            if let (Some(answer), Some(source)) = (answer, told.fields.get("source")) {
                say(&format!("{} {answer} {source}", told.message()));
            }
        }
    }
}
