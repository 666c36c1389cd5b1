//! A request is a value: no start sees what another changed.

use seatrial::{CopyIn, Network};
use seatrial_core::labels;
use seatrial_test_support::own_session::{OwnSession, look_at};
use seatrial_tests::{EngineProxy, Fault, Gate, Matcher};
use serde_json::{Value, json};

/// Returns the options that the engine was given, without those that differ from container to container.
fn asked_for(mut container: Value) -> Value {
    container["Config"]["Hostname"].take();
    for label in [labels::CREATION, labels::CREATED_AS] {
        container["Config"]["Labels"][label].take();
    }
    json!([container["Config"], container["HostConfig"], container["Args"]])
}

/// C1: starting a request does not change it: a second start sends the engine the same options.
#[tokio::test]
async fn a_request_started_twice_asks_for_the_same_twice() {
    let session = OwnSession::begin("value-twice").await;
    let request = session.idle().env("A", "1").label("x", "y").port(80).memory(64 << 20);
    let first = request.start().await.expect("the first start");
    let second = request.start().await.expect("the second start");
    assert_ne!(first.id(), second.id());
    assert_ne!(first.name(), second.name());
    assert_eq!(asked_for(look_at(&first)), asked_for(look_at(&second)));
    assert_ne!(first.host_port(80).expect("bound"), second.host_port(80).expect("bound"));
}

/// C1: changing a clone does not change its original.
#[tokio::test]
async fn a_clone_that_is_changed_leaves_its_original_as_it_was() {
    let session = OwnSession::begin("value-clone").await;
    let original = session.idle().env("A", "1").label("x", "original").modify_host_config(|host| {
        host.pids_limit = Some(100);
    });
    let before = original.start().await.expect("it starts");
    let changed = original
        .clone()
        .env("A", "2")
        .env("B", "3")
        .label("x", "clone")
        .port(80)
        .modify_host_config(|host| host.pids_limit = host.pids_limit.map(|limit| limit + 1))
        .start()
        .await
        .expect("the clone starts");
    let after = original.start().await.expect("it starts again");
    assert_eq!(asked_for(look_at(&before)), asked_for(look_at(&after)));
    let changed = look_at(&changed);
    assert_eq!(changed["Config"]["Labels"]["x"], "clone");
    assert_eq!(changed["HostConfig"]["PidsLimit"], 101);
}

/// C1: two tasks that start one request at the same time send the same options.
#[tokio::test]
async fn a_request_started_from_two_tasks_at_once_asks_for_the_same() {
    let proxy = EngineProxy::start_default();
    let session = OwnSession::behind(&proxy, "value-tasks").await;
    let network = Network::create_in(&session).await.expect("a network");
    let request = session
        .shell("exec sleep 1000")
        .env("A", "1")
        .port(80)
        .network_with_aliases(&network, ["alias"])
        .copy_in(CopyIn::bytes("hello", "/greeting"));
    let gate = Gate::new();
    proxy.on(Matcher::new("POST", "/containers/create"), Fault::Hold(gate.clone()));
    let start = || {
        let request = request.clone();
        tokio::spawn(async move { request.start().await })
    };
    let (first, second) = (start(), start());
    gate.reached_by(2).await;
    gate.release();
    let first = first.await.expect("no panic").expect("the first start");
    let second = second.await.expect("no panic").expect("the second start");
    assert_eq!(asked_for(look_at(&first)), asked_for(look_at(&second)));
    for container in [first, second] {
        let greeting = container.exec(["cat", "/greeting"]).await.expect("it runs");
        assert_eq!(greeting.stdout_text(), "hello");
    }
}
