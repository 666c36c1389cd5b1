//! Published ports: the engine is told to publish them, and they are reached.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::time::Duration;

use seatrial::{ContainerRequest, Port, TestContainer, WaitFor};
use seatrial_test_support::own_session::{OwnSession, look_at};
use serde_json::{Value, json};

const SOON: Duration = Duration::from_secs(20);

/// Returns the engine's bindings of a port.
fn bindings(container: &TestContainer, port: &str) -> Value {
    look_at(container)["NetworkSettings"]["Ports"][port].clone()
}

/// Starts a container that waits until it has printed `ready`.
async fn ready(request: ContainerRequest) -> TestContainer {
    request.wait_for(WaitFor::log("ready")).start().await.expect("it starts")
}

/// Returns all that a TCP server at this address says before it closes.
fn greeting(address: &str) -> String {
    let mut stream = TcpStream::connect(address).expect("it listens");
    stream.set_read_timeout(Some(SOON)).expect("a timeout");
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("it greets and closes");
    text
}

/// Returns the answer of a UDP server at this address. It asks again, since datagrams get lost.
fn echo(address: &str) -> String {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a socket");
    socket.set_read_timeout(Some(Duration::from_millis(500))).expect("a timeout");
    let mut buffer = [0; 64];
    for _ in 0..40 {
        socket.send_to(b"hello", address).expect("it is sent");
        if let Ok(length) = socket.recv(&mut buffer) {
            return String::from_utf8_lossy(&buffer[..length]).into_owned();
        }
    }
    panic!("{address} sends nothing back");
}

/// Returns a port that nothing listens on now.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port()
}

/// C17, C18: by default a port is published on loopback, at a port that the engine chooses.
#[tokio::test]
async fn a_port_is_published_on_loopback_only_on_a_port_that_the_engine_chooses() {
    let session = OwnSession::begin("publish-loopback").await;
    let steps = ["listen", "7000", "hello", "print", "ready"];
    let container = ready(session.misbehave(&steps).port(7000)).await;
    let engine = bindings(&container, "7000/tcp");
    let host_port = container.host_port(7000).expect("it is bound");
    assert_eq!(engine, json!([{ "HostIp": "127.0.0.1", "HostPort": host_port.to_string() }]));
    assert_eq!(container.host(), "127.0.0.1");
    let address = container.addr(7000).expect("it is bound");
    assert_eq!(address, format!("127.0.0.1:{host_port}"));
    assert_eq!(greeting(&address), "hello\n");
}

/// C17: a request can choose the host's address.
#[tokio::test]
async fn a_port_is_published_on_the_address_that_is_asked_for() {
    let session = OwnSession::begin("publish-on").await;
    let steps = ["listen", "7000", "hello", "listen", "7001", "again", "print", "ready"];
    let request = session.misbehave(&steps).publish_on("127.0.0.2", 7000).publish_on("0.0.0.0", 7001);
    let container = ready(request).await;
    assert_eq!(bindings(&container, "7000/tcp")[0]["HostIp"], "127.0.0.2");
    let address = container.addr(7000).expect("it is bound");
    assert!(address.starts_with("127.0.0.2:"), "{address}");
    assert_eq!(greeting(&address), "hello\n");
    let open = bindings(&container, "7001/tcp");
    let addresses: Vec<_> = open.as_array().expect("bindings").iter().map(|bound| &bound["HostIp"]).collect();
    assert!(addresses.contains(&&json!("0.0.0.0")), "{open}");
    let address = container.addr(7001).expect("it is bound");
    assert!(address.starts_with("127.0.0.1:"), "all addresses are reached on loopback from here: {address}");
    assert_eq!(greeting(&address), "again\n");
}

/// C17: a port that is published on `localhost` is published on loopback only.
#[tokio::test]
async fn a_port_published_on_localhost_is_on_loopback_only() {
    let session = OwnSession::begin("publish-localhost").await;
    let container = session.idle().publish_on("localhost", 80).start().await.expect("it starts");
    let host_port = container.host_port(80).expect("it is bound");
    assert_eq!(
        bindings(&container, "80/tcp"),
        json!([{ "HostIp": "127.0.0.1", "HostPort": host_port.to_string() }])
    );
    assert_eq!(container.addr(80).expect("it is bound"), format!("127.0.0.1:{host_port}"));
}

/// C17: one port can be published on two addresses.
#[tokio::test]
async fn a_port_is_published_on_two_addresses() {
    let session = OwnSession::begin("publish-two").await;
    let container = session.idle().port(80).publish_on("127.0.0.3", 80).start().await.expect("it starts");
    let engine = bindings(&container, "80/tcp");
    let mut addresses: Vec<_> =
        engine.as_array().expect("bindings").iter().filter_map(|bound| bound["HostIp"].as_str()).collect();
    addresses.sort_unstable();
    assert_eq!(addresses, ["127.0.0.1", "127.0.0.3"]);
}

/// C17: a request can choose the host's port.
#[tokio::test]
async fn a_fixed_port_is_the_one_that_was_given() {
    let session = OwnSession::begin("publish-fixed").await;
    let steps = ["listen", "7000", "hello", "print", "ready"];
    // Somebody else may take a port that was free a moment ago.
    let mut tries = 0;
    let (port, container) = loop {
        let port = free_port();
        match session.misbehave(&steps).fixed(port, 7000).wait_for(WaitFor::log("ready")).start().await {
            Ok(container) => break (port, container),
            Err(error) if error.is_conflict() && tries < 5 => tries += 1,
            Err(error) => panic!("{error:?}"),
        }
    };
    let engine = bindings(&container, "7000/tcp");
    assert_eq!(engine, json!([{ "HostIp": "127.0.0.1", "HostPort": port.to_string() }]));
    assert_eq!(container.addr(7000).expect("it is bound"), format!("127.0.0.1:{port}"));
    assert_eq!(greeting(&format!("127.0.0.1:{port}")), "hello\n");
}

/// C17: TCP and UDP of one number are two ports.
#[tokio::test]
async fn udp_is_published_and_reached() {
    let session = OwnSession::begin("publish-udp").await;
    let steps = ["udp-echo", "7000", "listen", "7000", "tcp", "print", "ready"];
    let container = ready(session.misbehave(&steps).port(Port::udp(7000)).port(7000)).await;
    let udp = container.addr(Port::udp(7000)).expect("it is bound");
    assert_eq!(bindings(&container, "7000/udp")[0]["HostIp"], "127.0.0.1");
    assert_eq!(echo(&udp), "hello");
    let tcp = container.addr(7000).expect("it is bound");
    assert_eq!(greeting(&tcp), "tcp\n");
    let text = "7000/udp".parse::<Port>().expect("a port");
    assert_eq!(container.addr(text).expect("it is bound"), udp);
}

/// C17: a request for SCTP reaches the engine. Not every kernel can carry it out.
#[tokio::test]
async fn sctp_is_asked_for() {
    let session = OwnSession::begin("publish-sctp").await;
    match session.idle().port(Port::sctp(7000)).start().await {
        Ok(container) => {
            let bound = bindings(&container, "7000/sctp")[0]["HostPort"].clone();
            assert_eq!(bound, container.host_port(Port::sctp(7000)).expect("it is bound").to_string());
        }
        Err(error) => assert!(error.to_string().to_lowercase().contains("protocol not supported"), "{error}"),
    }
}

/// C17: a request can publish all exposed ports, or none.
#[tokio::test]
async fn all_exposed_ports_or_none_can_be_published() {
    let session = OwnSession::begin("publish-all").await;
    let steps = ["listen", "7000", "hello", "print", "ready"];
    let request = session.misbehave(&steps).expose(7000).expose(7001).publish_all();
    let container = ready(request.clone()).await;
    assert_eq!(greeting(&container.addr(7000).expect("it is bound")), "hello\n");
    assert!(container.host_port(7001).is_ok());
    let container = ready(request.port(7002).publish_none()).await;
    for port in ["7000/tcp", "7001/tcp", "7002/tcp"] {
        assert!(bindings(&container, port).is_null(), "{port} is published");
    }
}

/// C18: the IPv4 and the IPv6 binding of a port have host ports of their own, and are reported apart.
#[tokio::test]
async fn ipv4_and_ipv6_bindings_are_not_mixed_up() {
    let session = OwnSession::begin("publish-ipv6").await;
    if TcpListener::bind("[::1]:0").is_err() {
        eprintln!("this machine has no IPv6");
        return;
    }
    let steps = ["tcp-echo", "7000", "print", "ready"];
    let both = ready(session.misbehave(&steps).publish_on("::1", 7000).publish_on("127.0.0.1", 7000)).await;
    let engine = bindings(&both, "7000/tcp");
    let is_v4 = |bound: &&Value| bound["HostIp"] == "127.0.0.1";
    let v4 = engine.as_array().expect("bindings").iter().find(is_v4).expect("an IPv4 binding").clone();
    let address = both.addr(7000).expect("it is bound");
    assert_eq!(address, format!("127.0.0.1:{}", v4["HostPort"].as_str().expect("a port")));
    let six = ready(session.misbehave(&steps).publish_on("::1", 7000)).await;
    let port = six.host_port(7000).expect("it is bound");
    assert_eq!(bindings(&six, "7000/tcp"), json!([{ "HostIp": "::1", "HostPort": port.to_string() }]));
    let address = six.addr(7000).expect("it is bound");
    assert_eq!(address, format!("[::1]:{port}"));
    let mut stream = TcpStream::connect(&address).expect("it listens");
    stream.set_read_timeout(Some(SOON)).expect("a timeout");
    stream.write_all(b"six").expect("it is sent");
    let mut back = [0; 3];
    stream.read_exact(&mut back).expect("it comes back");
    assert_eq!(&back, b"six");
}
