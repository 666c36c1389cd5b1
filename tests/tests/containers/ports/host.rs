//! The address of published ports: from a variable, from the engine's address, or loopback.

use std::net::TcpStream;
use std::time::Duration;

use seatrial::{ContainerRequest, Session, WaitFor};
use seatrial_test_support::own_session::{MISBEHAVE, OwnSession, look_at, own_id};
use seatrial_tests::{Child, Engine, assert_nothing_left, is_scenario, say};

use super::forward::{engine_behind_tcp, engine_behind_tcp_at};

const SOON: Duration = Duration::from_secs(60);

/// C18: the host to connect to is the one of the engine's TCP address.
#[tokio::test]
async fn the_ports_of_an_engine_behind_tcp_are_reached_at_its_host() {
    let address = engine_behind_tcp();
    for (host, docker_host) in [
        ("127.0.0.1", format!("tcp://{address}")),
        ("localhost", format!("tcp://localhost:{}", address.port())),
        ("127.0.0.1", format!("http://{address}")),
    ] {
        let builder = Session::builder().id(own_id("host-tcp")).docker_host(&docker_host);
        let session = OwnSession::of(builder).await;
        assert_eq!(session.engine().host().host, host);
        assert!(session.engine().host().source.contains("the engine's address"));
        let steps = ["listen", "7000", "hello", "print", "ready"];
        let request = session.misbehave(&steps).port(7000).wait_for(WaitFor::log("ready"));
        let container = request.start().await.expect("it starts");
        assert_eq!(container.host(), host);
        // An engine on this machine publishes on loopback, however it is reached.
        let bound = look_at(&container)["NetworkSettings"]["Ports"]["7000/tcp"][0].clone();
        assert_eq!(bound["HostIp"], "127.0.0.1");
        TcpStream::connect(container.addr(7000).expect("it is bound")).expect("it listens");
        container.remove().await.expect("it goes");
    }
}

/// C24: a port wait connects to no container's own address if the engine is on another machine: here, it may be the
/// address of another container.
#[tokio::test]
async fn the_own_addresses_of_a_remote_engine_s_containers_are_not_ours() {
    let bridge = Engine::from_env().get("/networks/bridge").expect("the engine answers");
    let own = bridge["IPAM"]["Config"][0]["Gateway"].as_str().expect("a gateway").to_owned();
    let builder = Session::builder().id(own_id("host-remote"));
    let builder = builder.docker_host(format!("tcp://{}", engine_behind_tcp_at(&own)));
    let session = OwnSession::of(builder).await;
    assert!(!session.engine().is_local());
    let request = session.misbehave(&["accept", "7000"]).wait_for(WaitFor::port(7000));
    let error = request.start().await.expect_err("it is not published");
    assert!(error.is_not_ready() && !error.is_timeout() && error.to_string().contains("7000/tcp"), "{error}");
    let container = request.port(7000).start().await.expect("it is reached where it is published");
    assert_eq!(container.host(), own);
    container.remove().await.expect("it goes");
}

/// C18: upgraded and streamed connections work over TCP, too.
#[tokio::test]
async fn an_engine_behind_tcp_runs_and_executes() {
    let docker_host = format!("tcp://{}", engine_behind_tcp());
    let builder = Session::builder().id(own_id("host-tcp-exec")).docker_host(docker_host);
    let session = OwnSession::of(builder).await;
    let run = session.shell("echo out; echo err >&2; exit 4").run().await.expect("it runs");
    assert_eq!(
        (run.exit_code(), run.stdout_text(), run.stderr_text()),
        (Some(4), "out\n".into(), "err\n".into())
    );
    let container = session.shell("echo line; exec sleep 1000").start().await.expect("it starts");
    let exec = container.exec(["sh", "-c", "echo hello; exit 5"]).await.expect("it runs");
    assert_eq!((exec.exit_code, exec.stdout_text().as_str()), (5, "hello\n"));
    container.remove().await.expect("it goes");
}

/// Returns a port that neither kernel nor engine gives away by itself, and no other process of these tests takes.
fn fixed_port() -> u16 {
    20_000 + (std::process::id() % 10_000) as u16
}

/// Runs the scenario with a variable, and gives back what it says of the address.
fn address_with(variables: &[(&str, &str)]) -> String {
    let session = own_id("host-variable");
    let variables = [variables, &[("SEATRIAL_SESSION_ID", session.as_str())]].concat();
    let mut child = Child::spawn(scenario_prints_an_address, &variables);
    let line = child.line("address ", SOON);
    assert!(child.wait(SOON).success(), "{:?}", child.lines());
    assert_nothing_left(&session);
    line.trim_start_matches("address ").to_owned()
}

#[tokio::test]
#[ignore = "a scenario of the test below"]
async fn scenario_prints_an_address() {
    if !is_scenario() {
        return;
    }
    let session = Session::current().await.expect("the engine answers");
    let container = ContainerRequest::new(MISBEHAVE).port(80).fixed(fixed_port(), 81);
    let container = container.start().await.expect("it starts");
    let addr = container.addr(80).expect("it is bound");
    let (host, port) = addr.rsplit_once(':').expect("host and port");
    assert_eq!(port, container.host_port(80).expect("it is bound").to_string());
    let bound = |port: &str| look_at(&container)["NetworkSettings"]["Ports"][port][0]["HostIp"].clone();
    assert_eq!(bound("80/tcp"), bound("81/tcp"), "a fixed port is bound where others are");
    let bound = bound("80/tcp");
    let source = &session.engine().host().source;
    container.remove().await.expect("it goes");
    say(&format!("address {host} bound {} by {source}", bound.as_str().expect("an address")));
}

/// C18: Seatrial's variable comes before the ecosystem's. For a host other than loopback, ports are published on all of
/// the engine's addresses.
#[test]
fn a_variable_says_at_which_host_ports_are_reached() {
    let (ours, theirs) = ("SEATRIAL_HOST", "TESTCONTAINERS_HOST_OVERRIDE");
    assert_eq!(
        address_with(&[(ours, "docker.example"), (theirs, "other.example")]),
        "docker.example bound 0.0.0.0 by `SEATRIAL_HOST`"
    );
    assert_eq!(
        address_with(&[(theirs, "192.0.2.7")]),
        "192.0.2.7 bound 0.0.0.0 by `TESTCONTAINERS_HOST_OVERRIDE`"
    );
    // The name may resolve to other addresses, too.
    assert_eq!(address_with(&[(ours, "localhost")]), "127.0.0.1 bound 127.0.0.1 by `SEATRIAL_HOST`");
    assert_eq!(
        address_with(&[(ours, ""), (theirs, "")]),
        "127.0.0.1 bound 127.0.0.1 by the engine's socket is local"
    );
}

/// C18: `SEATRIAL_HOST` with anything but a host name or an address is an error that names the variable.
#[test]
fn a_variable_that_is_no_host_is_refused_by_name() {
    let mut child = Child::spawn(scenario_prints_an_address, &[("SEATRIAL_HOST", "http://x:80")]);
    child.line("`SEATRIAL_HOST` is `http://x:80`", SOON);
    assert!(!child.wait(SOON).success());
}
