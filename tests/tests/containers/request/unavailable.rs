//! Options that this engine or this machine may not have: they reach the engine, which is the one that refuses.

use seatrial::ContainerRequest;
use seatrial_test_support::own_session::{OwnSession, look, look_at};
use seatrial_tests::{Engine, EngineProxy, Fault, Gate, Matcher};
use serde_json::{Value, json};

/// Creates a container without starting it, and returns what the engine says of it. Not every machine could start it.
async fn created(topic: &str, describe: impl Fn(ContainerRequest) -> ContainerRequest) -> Value {
    let proxy = EngineProxy::start_default();
    let session = OwnSession::behind(&proxy, topic).await;
    let gate = Gate::new();
    proxy.on(Matcher::regex("POST", "/start$"), Fault::Hold(gate.clone()));
    let request = describe(session.idle());
    let start = tokio::spawn(async move { request.start().await });
    gate.reached().await;
    let created = look(&session.containers()[0]).expect("it is created");
    gate.release();
    drop(start.await.expect("no panic"));
    created
}

/// C4: a device request, as for GPUs, reaches the engine.
#[tokio::test]
async fn a_request_for_devices_reaches_the_engine() {
    let engine = created("devices", |request| request.device_request(-1, ["gpu", "compute"])).await;
    let requests = &engine["HostConfig"]["DeviceRequests"];
    assert_eq!(
        (&requests[0]["Count"], &requests[0]["Capabilities"]),
        (&json!(-1), &json!([["gpu", "compute"]])),
        "{requests}"
    );
}

/// C4: a privileged request makes a privileged container.
#[tokio::test]
async fn a_privileged_container_is_one() {
    let engine = created("privileged", ContainerRequest::privileged).await;
    assert_eq!(engine["HostConfig"]["Privileged"], true);
}

/// C4: an image mount is in the container, or the engine refuses it.
#[tokio::test]
async fn an_image_mount_is_made_or_refused_and_never_dropped() {
    let session = OwnSession::begin("image-mount").await;
    let started = session.idle().image_mount("seatrial/basic:dev", "/other").start().await;
    if session.engine().version().api >= (1, 48) {
        let mounts = look_at(&started.expect("it starts"))["Mounts"].clone();
        assert_eq!((&mounts[0]["Type"], &mounts[0]["Destination"]), (&json!("image"), &json!("/other")));
    } else {
        let error = started.expect_err("the engine has no image mounts").to_string();
        assert!(error.contains("image") && error.contains("mount"), "{error}");
    }
}

/// C4: the platform reaches the engine, and an image of another platform is refused.
#[tokio::test]
async fn the_platform_is_asked_for_and_another_one_is_refused() {
    let proxy = EngineProxy::start_default();
    let session = OwnSession::behind(&proxy, "platform").await;
    let arch = Engine::from_env().get("/version").expect("an answer")["Arch"].as_str().unwrap().to_owned();
    let container = session.idle().platform(format!("linux/{arch}")).start().await.expect("its own platform");
    let create = proxy.requests().into_iter().find(|request| request.is("POST", "/containers/create"));
    let query = create.expect("a creation").query;
    assert!(query.contains(&format!("platform=linux%2F{arch}")), "{query}");
    drop(container);
    let other = if arch == "amd64" { "arm64" } else { "amd64" };
    let error = session.idle().platform(format!("linux/{other}")).start().await.expect_err("not here");
    assert!(error.to_string().contains(&format!("linux/{other}")), "{error}");
}
