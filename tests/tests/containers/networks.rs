//! Containers that reach each other: networks, aliases, links, shared networks (C16).

use std::time::Duration;

use seatrial::{ContainerRequest, Network, Session, TestContainer, WaitFor};
use seatrial_test_support::own_session::{MISBEHAVE, OwnSession, look_at, own_id};
use seatrial_tests::{Child, Engine, EngineProxy, Fault, Matcher, assert_nothing_left, is_scenario, say};
use serde_json::{Value, json};

const SOON: Duration = Duration::from_secs(60);

/// Starts a container that greets clients at port 7000.
async fn greeter(
    session: &OwnSession,
    place: impl Fn(ContainerRequest) -> ContainerRequest,
) -> TestContainer {
    let request = session.misbehave(&["listen", "7000", "hello", "print", "ready"]);
    place(request).wait_for(WaitFor::log("ready")).start().await.expect("it starts")
}

/// Starts a container with a shell that waits for commands.
async fn client(session: &OwnSession, place: impl Fn(ContainerRequest) -> ContainerRequest) -> TestContainer {
    place(session.shell("exec sleep 100000")).start().await.expect("it starts")
}

/// Returns what a container hears at port 7000 of a host; an empty text if it can't reach it.
async fn heard(container: &TestContainer, host: &str) -> String {
    let line = format!("nc -w 5 {host} 7000 </dev/null 2>/dev/null");
    container.exec(["sh", "-c", &line]).await.expect("it runs").stdout_text()
}

/// Returns the host name that a container has.
async fn hostname(container: &TestContainer) -> String {
    let output = container.exec(["cat", "/proc/sys/kernel/hostname"]).await.expect("it runs");
    output.stdout_text().trim_end().to_owned()
}

/// Inspects a network; `None` if the engine has none.
fn look_at_network(id: &str) -> Option<Value> {
    let answer = Engine::from_env().request("GET", &format!("/networks/{id}"), None).expect("an answer");
    (answer.status == 200).then(|| serde_json::from_slice(&answer.body).expect("JSON"))
}

/// C16: containers of one network reach each other by alias and by name.
#[tokio::test]
async fn containers_reach_each_other_by_alias_and_by_name() {
    let session = OwnSession::begin("networks-alias").await;
    let network = Network::create_in(&session).await.expect("a network");
    let server =
        greeter(&session, |request| request.network_with_aliases(&network, ["db", "db.example"])).await;
    let client = client(&session, |request| request.network(&network)).await;
    for host in ["db", "db.example", server.name()] {
        assert_eq!(heard(&client, host).await, "hello\n", "{host}");
    }
    let info = server.inspect().await.expect("it is there");
    let place = info.networks.iter().find(|place| place.network == network.name()).expect("it is in it");
    assert!(place.aliases.contains(&"db".to_owned()), "{place:?}");
}

/// C16: an alias does not resolve outside its network.
#[tokio::test]
async fn an_alias_is_known_in_its_network_alone() {
    let session = OwnSession::begin("networks-apart").await;
    let one = Network::create_in(&session).await.expect("a network");
    let other = Network::create_in(&session).await.expect("a network");
    let _server = greeter(&session, |request| request.network_with_aliases(&one, ["db"])).await;
    let outsider = client(&session, |request| request.network(&other)).await;
    assert_eq!(heard(&outsider, "db").await, "");
}

/// C16, C4: a container joins several networks, with aliases for each; engines before API 1.44 take one at the creation
/// only.
#[tokio::test]
async fn a_container_joins_several_networks_each_with_its_aliases() {
    let session = OwnSession::begin("networks-several").await;
    let one = Network::create_in(&session).await.expect("a network");
    let two = Network::create_in(&session).await.expect("a network");
    let server = greeter(&session, |request| {
        request.network_with_aliases(&one, ["first"]).network_with_aliases(&two, ["second"])
    })
    .await;
    let engine = look_at(&server)["NetworkSettings"]["Networks"].clone();
    let names: Vec<_> = engine.as_object().expect("networks").keys().collect();
    assert_eq!(names.len(), 2, "{names:?}");
    for (network, alias) in [(&one, "first"), (&two, "second")] {
        let client = client(&session, |request| request.network(network)).await;
        assert_eq!(heard(&client, alias).await, "hello\n");
    }
}

/// C16: a link works on the default bridge, which has no aliases.
#[tokio::test]
async fn a_linked_container_is_reached_by_its_link_on_the_default_bridge() {
    let session = OwnSession::begin("networks-link").await;
    let server = greeter(&session, |request| request).await;
    let client = client(&session, |request| request.link(&server, "linked")).await;
    assert_eq!(heard(&client, "linked").await, "hello\n");
}

/// C16: a container can share the network of another one.
#[tokio::test]
async fn a_container_that_shares_another_s_network_has_its_loopback() {
    let session = OwnSession::begin("networks-shared").await;
    let server = greeter(&session, |request| request).await;
    let sharing = client(&session, |request| request.network_of(&server)).await;
    assert_eq!(look_at(&sharing)["HostConfig"]["NetworkMode"], format!("container:{}", server.id()));
    assert_eq!(heard(&sharing, "127.0.0.1").await, "hello\n");
    let by_name =
        client(&session, |request| request.network_mode(format!("container:{}", server.name()))).await;
    assert_eq!(heard(&by_name, "127.0.0.1").await, "hello\n");
}

/// C16, C17, C24: a port of a container in another one's network has the address at which that one publishes it.
#[tokio::test]
async fn the_ports_of_a_shared_network_are_those_of_its_owner() {
    let session = OwnSession::begin("networks-shared-ports").await;
    let owner = session.idle().port(7000).start().await.expect("it starts");
    let server = session.misbehave(&["listen", "7000", "hello"]).network_of(&owner);
    let server = server.wait_for(WaitFor::port(7000)).start().await.expect("it listens");
    assert_eq!(server.addr(7000).expect("published"), owner.addr(7000).expect("published"));
    assert_eq!(server.ip_addresses(), owner.ip_addresses());
    let error = server.addr(7001).expect_err("not published");
    assert!(error.to_string().contains("whose network it shares"), "{error}");
}

/// C16, C17, C24: in the host's network, a port is reached at the host by its own number.
#[tokio::test]
async fn a_port_in_the_host_s_network_is_its_own_address() {
    let session = OwnSession::begin("networks-host-port").await;
    let port = 21_000 + (std::process::id() % 9_000) as u16;
    let request = session.misbehave(&["listen", &port.to_string(), "hello"]).network_mode("host");
    let server = request.wait_for(WaitFor::port(port)).start().await.expect("it listens");
    assert_eq!(server.addr(port).expect("an address"), format!("{}:{port}", server.host()));
    assert_eq!(server.host_port(port).expect("a port"), port);
}

/// C16, C17: without a network, an address is an error that says so.
#[tokio::test]
async fn a_container_without_a_network_has_no_address_and_says_so() {
    let session = OwnSession::begin("networks-none").await;
    let container = session.idle().network_mode("none").start().await.expect("it starts");
    let error = container.addr(80).expect_err("no network");
    assert!(error.is_port() && error.to_string().contains("the container has no network"), "{error}");
}

/// C16: a network has the subnet, gateway and options of its builder, and a container the address that it asked for.
#[tokio::test]
async fn a_network_has_the_subnet_that_was_given_and_a_container_its_fixed_address() {
    let session = OwnSession::begin("networks-subnet").await;
    // Another process of these tests may have the same subnet.
    let mut tries = 0;
    let (prefix, network) = loop {
        let prefix = format!("10.213.{}", (std::process::id() + tries) % 250);
        let builder = Network::builder().session(&session).subnet(format!("{prefix}.0/24"));
        let builder =
            builder.gateway(format!("{prefix}.9")).internal().option("com.docker.network.driver.mtu", "1400");
        match builder.create().await {
            Ok(network) => break (prefix, network),
            Err(error) if tries < 5 => eprintln!("{error}"),
            Err(error) => panic!("{error:?}"),
        }
        tries += 1;
    };
    let engine = look_at_network(network.id()).expect("it is there");
    let config = &engine["IPAM"]["Config"][0];
    assert_eq!(
        (&config["Subnet"], &config["Gateway"]),
        (&json!(format!("{prefix}.0/24")), &json!(format!("{prefix}.9")))
    );
    assert_eq!(engine["Internal"], true);
    assert_eq!(engine["Options"]["com.docker.network.driver.mtu"], "1400");
    let fixed = format!("{prefix}.77");
    let server = greeter(&session, |request| request.network(&network).ip(&fixed)).await;
    assert_eq!(server.ipv4(network.name()).await.expect("an address").to_string(), fixed);
    let client = client(&session, |request| request.network(&network)).await;
    assert_eq!(heard(&client, &fixed).await, "hello\n");
}

/// C16: the network mode `host` gives a container the host's name.
#[tokio::test]
async fn a_container_in_the_host_s_network_has_the_host_s_name() {
    let session = OwnSession::begin("networks-host").await;
    let container = client(&session, |request| request.network_mode("host")).await;
    assert_eq!(look_at(&container)["HostConfig"]["NetworkMode"], "host");
    let own = client(&session, |request| request).await;
    let engine = Engine::from_env().get("/info").expect("an answer")["Name"].clone();
    assert_eq!(hostname(&container).await, engine);
    assert_ne!(hostname(&own).await, engine);
}

/// C16, X2: a network has the session's labels and the given name, and is removed with its handle.
#[tokio::test]
async fn a_network_is_labelled_and_goes_with_its_handle() {
    let session = OwnSession::begin("networks-labels").await;
    let name = own_id("a-network");
    let network = Network::create_named(&session, &name).await.expect("a network");
    let engine = look_at_network(network.id()).expect("it is there");
    assert_eq!((&engine["Name"], &engine["Internal"]), (&json!(name), &json!(false)));
    assert_eq!(engine["Labels"]["seatrial.session"], session.id().as_str());
    let id = network.id().to_owned();
    network.remove().await.expect("it goes");
    assert!(look_at_network(&id).is_none());
    let internal = Network::create_internal(&session).await.expect("a network");
    assert_eq!(look_at_network(internal.id()).expect("it is there")["Internal"], true);
}

/// C16: a network whose handle is dropped first is removed after its containers.
#[tokio::test]
async fn a_network_that_is_dropped_before_its_containers_goes_after_them() {
    let session = OwnSession::begin("networks-order").await;
    let network = Network::create_in(&session).await.expect("a network");
    let id = network.id().to_owned();
    let container = client(&session, |request| request.network(&network)).await;
    drop(network);
    assert!(look_at_network(&id).is_some(), "a container is in it");
    container.remove().await.expect("it goes");
    // The end of the session waits until the network is gone.
}

/// C16: the removal of a network is tried again if it is refused, and succeeds if the network is gone.
#[tokio::test]
async fn a_network_s_removal_is_tried_again_and_content_with_none() {
    let proxy = EngineProxy::start_default();
    let session = OwnSession::behind(&proxy, "networks-again").await;
    let network = Network::create_in(&session).await.expect("a network");
    proxy.on(Matcher::new("DELETE", "/networks/").first(1), Fault::error(403, "it has active endpoints"));
    network.remove().await.expect("it goes at the second try");
    assert_eq!(proxy.count(|request| request.is("DELETE", "/networks/")), 2);
    let network = Network::create_in(&session).await.expect("a network");
    let answer = Engine::from_env().request("DELETE", &format!("/networks/{}", network.id()), None);
    assert_eq!(answer.expect("an answer").status, 204);
    network.remove().await.expect("it is gone, which is what was asked for");
}

/// C16: a network name with characters that the engine forbids is refused.
#[tokio::test]
async fn a_name_that_no_network_can_have_is_refused() {
    let session = OwnSession::begin("networks-name").await;
    let error = Network::create_named(&session, "a network").await.expect_err("it has a space");
    assert!(error.is_invalid() && error.to_string().contains("`a network`"), "{error:?}");
}

#[tokio::test]
#[ignore = "a scenario of the test below"]
async fn scenario_leaves_a_network_to_the_end_of_the_process() {
    if !is_scenario() {
        return;
    }
    let session = Session::current().await.expect("the engine answers");
    let network = Network::create_in(&session).await.expect("a network");
    let request = ContainerRequest::new(MISBEHAVE).network(&network);
    let container = request.start().await.expect("it starts");
    say(&format!("made {}", network.id()));
    // Neither is ever dropped.
    std::mem::forget((network, container));
}

/// C16, C9: the end of the process removes its networks after the containers in them.
#[test]
fn a_network_that_nobody_dropped_goes_with_its_process() {
    let session = own_id("networks-exit");
    let mut child = Child::spawn(
        scenario_leaves_a_network_to_the_end_of_the_process,
        &[("SEATRIAL_SESSION_ID", &session)],
    );
    let line = child.line("made ", SOON);
    assert!(child.wait(SOON).success(), "{:?}", child.lines());
    assert!(look_at_network(line.trim_start_matches("made ")).is_none(), "{:?}", child.lines());
    assert_nothing_left(&session);
}
