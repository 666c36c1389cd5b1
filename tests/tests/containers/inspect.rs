//! Inspecting a container (C15).

use std::fs;

use seatrial::{Network, container::ContainerStatus};
use seatrial_test_support::own_session::{MISBEHAVE, OwnSession, look_at, own_id};

/// C15: name, image, process, addresses and root directory are those that the engine reports.
#[tokio::test]
async fn a_container_s_description_is_the_engine_s() {
    let session = OwnSession::begin("inspect").await;
    let name = own_id("inspected");
    let container = session.idle().name(&name).port(80).start().await.expect("it starts");
    let engine = look_at(&container);
    assert_eq!(container.id().as_str(), engine["Id"]);
    assert_eq!(container.id().short(), &engine["Id"].as_str().expect("an id")[..12]);
    assert_eq!((container.name(), container.image()), (name.as_str(), MISBEHAVE));
    let info = container.inspect().await.expect("it is there");
    assert_eq!((info.name.as_str(), info.image.as_str()), (name.as_str(), MISBEHAVE));
    assert_eq!(info.runtime, engine["HostConfig"]["Runtime"]);
    assert_eq!((info.tty, info.has_health_check, info.restart_policy.as_str()), (false, false, ""));
    assert_eq!(info.state.status, ContainerStatus::Running);
    let binding = &engine["NetworkSettings"]["Ports"]["80/tcp"][0];
    let (port, bindings) = &info.ports[0];
    assert_eq!((port.to_string().as_str(), bindings.len()), ("80/tcp", 1));
    assert_eq!((bindings[0].ip.as_str(), bindings[0].port.to_string().as_str()), {
        (binding["HostIp"].as_str().expect("an address"), binding["HostPort"].as_str().expect("a port"))
    });
}

/// C15: the process id of a stopped container is an error, not 0.
#[tokio::test]
async fn the_process_id_is_that_of_the_first_process_and_an_error_when_there_is_none() {
    let session = OwnSession::begin("inspect-pid").await;
    let container = session.idle().start().await.expect("it starts");
    let pid = container.pid().await.expect("it runs");
    assert_eq!(pid, look_at(&container)["State"]["Pid"]);
    container.kill("KILL").await.expect("it ends");
    let error = container.pid().await.expect_err("it has none");
    assert!(error.is_conflict(), "{error:?}");
    let text = error.to_string();
    assert!(text.contains(container.name()) && text.contains("Exited (137)"), "{text}");
}

/// C15: a container has an address on the default bridge and on each named network.
#[tokio::test]
async fn addresses_are_found_by_the_network_s_name() {
    let session = OwnSession::begin("inspect-address").await;
    let network = Network::create_in(&session).await.expect("a network");
    let more = Network::create_in(&session).await.expect("a network");
    let bridged = session.idle().start().await.expect("it starts");
    let placed = session.idle().network(&network).network(&more).start().await.expect("it starts");
    for (container, name) in [(&bridged, "bridge"), (&placed, network.name()), (&placed, more.name())] {
        let address = container.ipv4(name).await.expect("it is there").to_string();
        assert_eq!(address, look_at(container)["NetworkSettings"]["Networks"][name]["IPAddress"]);
        assert!(container.ip_addresses().iter().any(|known| known.to_string() == address));
    }
    let error = placed.ipv4("bridge").await.expect_err("it is not there");
    assert!(error.is_not_found(), "{error:?}");
    let text = error.to_string();
    for part in ["`bridge`", network.name(), more.name(), placed.name()] {
        assert!(text.contains(part), "no {part} in {text}");
    }
    let error = placed.ipv6(network.name()).await.expect_err("the network has no IPv6");
    assert!(error.is_not_found() && error.to_string().contains("no IPv6 address"), "{error}");
}

/// C15: the root directory on the host shows the container's files, if the engine reports one.
#[tokio::test]
async fn the_root_directory_is_the_container_s_where_the_engine_tells() {
    let session = OwnSession::begin("inspect-root").await;
    let container = session.misbehave(&["write-file", "/here", "x", "print", "written", "sleep", "forever"]);
    let container = container.wait_for(seatrial::WaitFor::log("written")).start().await.expect("it starts");
    let info = container.inspect().await.expect("it is there");
    let engine = look_at(&container);
    assert_eq!(info.root_dir.as_deref(), engine["GraphDriver"]["Data"]["MergedDir"].as_str());
    // An engine on another machine reports a directory that does not exist here.
    if let Some(root) = info.root_dir.filter(|root| fs::exists(root).unwrap_or(false)) {
        assert_eq!(fs::read_to_string(format!("{root}/here")).expect("the file is there"), "x");
    }
}
