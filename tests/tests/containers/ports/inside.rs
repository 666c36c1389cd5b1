//! A test that runs in a container itself, beside the containers that it starts.

use std::net::TcpStream;
use std::time::Duration;

use seatrial::{ContainerRequest, Session, WaitFor};
use seatrial_test_support::own_session::{MISBEHAVE, OwnSession, look_at};
use seatrial_tests::{Engine, is_scenario, say, test_name};

/// An image with the C library that the tests are linked with, on the machine that they are built for.
const BASE: &str = "seatrial/base:dev";

/// C18: a test that runs in a container reaches ports at its gateway. This program runs again in a container that has
/// the engine's socket.
#[tokio::test]
async fn within_a_container_ports_are_reached_at_its_gateway() {
    let session = OwnSession::begin("inside").await;
    let binary = std::env::current_exe().expect("the test binary's path");
    let binary = binary.to_str().expect("unicode");
    let socket = Engine::from_env().socket().to_str().expect("unicode").to_owned();
    let scenario = test_name(&scenario_reaches_a_container);
    let output = ContainerRequest::new(BASE)
        .session(&session)
        .entrypoint(["/tests"])
        .cmd([scenario, "--exact", "--ignored", "--nocapture", "--test-threads=2"])
        .env("SEATRIAL_TESTS_SCENARIO", scenario)
        .env("SEATRIAL_SESSION_ID", session.id().as_str())
        .bind_read_only(binary, "/tests")
        .bind(socket, "/var/run/docker.sock")
        .run()
        .await
        .expect("it runs");
    let text = format!("{}{}", output.stdout_text(), output.stderr_text());
    assert_eq!(output.exit_code(), Some(0), "{text}");
    assert!(text.contains("reached at the gateway"), "{text}");
}

#[tokio::test]
#[ignore = "a scenario of the test above"]
async fn scenario_reaches_a_container() {
    if !is_scenario() {
        return;
    }
    let session = Session::current().await.expect("the engine answers");
    let request =
        ContainerRequest::new(MISBEHAVE).cmd(["listen", "7000", "hello", "print", "ready"]).port(7000);
    let request = request.wait_for(WaitFor::all([WaitFor::log("ready").into(), WaitFor::port(7000).into()]));
    let container = request.startup_timeout(Duration::from_secs(20)).start().await.expect("it starts");
    let gateway = look_at(&container)["NetworkSettings"]["Networks"]["bridge"]["Gateway"].clone();
    assert_eq!(container.host(), gateway.as_str().expect("a gateway"), "{:?}", session.engine().host());
    TcpStream::connect(container.addr(7000).expect("it is bound")).expect("it listens");
    container.remove().await.expect("it goes");
    say("reached at the gateway");
}
