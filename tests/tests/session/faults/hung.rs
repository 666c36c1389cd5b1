//! Requests that the engine never answers: the error names the request, its subject and the time.

use std::time::Duration;

use futures_util::future::{BoxFuture, join_all};
use seatrial::{
    ContainerRequest, CopyIn, Error, Network, Session, TestContainer, Volume, WaitFor, container::Limits,
    pull::Pull,
};
use seatrial_test_support::own_session::{OwnSession, own_id};
use seatrial_tests::{EngineProxy, Fault, Matcher};

/// Short enough for a test, and long enough for a slow machine's engine.
pub(crate) const DEADLINE: Duration = Duration::from_secs(3);

/// E1: each request of a start that hangs ends with an error that names it.
#[tokio::test]
async fn a_request_of_a_start_that_hangs_is_named() {
    let networks = OwnSession::begin("hung-networks").await;
    let first = Network::create_in(&networks).await.expect("a network");
    let second = Network::create_in(&networks).await.expect("a network");
    let cases = [
        ("POST", "^/containers/create$", "create"),
        ("POST", "^/networks/[^/]+/connect$", "connect the container"),
        ("PUT", "/archive$", "copy files in"),
        ("POST", "/attach$", "attach"),
        ("POST", "/start$", "start"),
        ("GET", "^/containers/[^/]+/json$", "inspect"),
    ];
    let case = async |(method, path, phase)| {
        let (proxy, session) = impatient("hung-start").await;
        proxy.on(Matcher::regex(method, path).nth(1), Fault::hang());
        let request = session.idle().network(&first).network(&second);
        let request = request.copy_in(CopyIn::bytes("x", "/tmp/x")).wait_for(WaitFor::log("never"));
        let name = session.id().to_string();
        let error = request.name(&name).start().await.expect_err(phase);
        let subject = if phase.starts_with("connect") { second.name() } else { &name };
        assert_says(&error, phase, subject);
        Session::clone(&session).close().await.expect("everything can be removed");
    };
    join_all(cases.map(case)).await;
}

/// E1: each request to a running container that hangs ends with an error that names it.
#[tokio::test]
async fn a_request_to_a_running_container_that_hangs_is_named() {
    type Call = for<'a> fn(&'a TestContainer) -> BoxFuture<'a, Option<Error>>;
    let (proxy, session) = impatient("hung-running").await;
    let container =
        session.misbehave(&["print", "x", "sleep", "forever"]).start().await.expect("a container");
    proxy.on(Matcher::regex("", "^/containers/").any_method(), Fault::hang());
    let calls: [(&str, Call); 13] = [
        ("inspect", |c| Box::pin(async { c.inspect().await.err() })),
        ("stop", |c| Box::pin(async { c.stop_timeout(Duration::ZERO).await.err() })),
        ("kill", |c| Box::pin(async { c.kill("TERM").await.err() })),
        ("restart", |c| Box::pin(async { c.restart().await.err() })),
        ("start", |c| Box::pin(async { c.start().await.err() })),
        ("pause", |c| Box::pin(async { c.pause().await.err() })),
        ("unpause", |c| Box::pin(async { c.unpause().await.err() })),
        ("update the limits", |c| {
            Box::pin(async { c.update_limits(Limits::new().pids_limit(9)).await.err() })
        }),
        ("read the log", |c| Box::pin(async { c.logs().read().await.err() })),
        ("read the log", |c| Box::pin(async { c.logs().follow().lines().await.err() })),
        ("prepare a command", |c| Box::pin(async { c.exec(["true"]).await.err() })),
        ("copy files in", |c| Box::pin(async { c.copy_in(CopyIn::bytes("x", "/tmp/x")).await.err() })),
        ("copy files out", |c| Box::pin(async { c.read_file("/etc/passwd", 1 << 20).await.err() })),
    ];
    let all = calls.map(|(phase, call)| {
        let container = &container;
        async move { (phase, call(container).await) }
    });
    for (phase, error) in join_all(all).await {
        assert_says(&error.unwrap_or_else(|| panic!("{phase} did not fail")), phase, container.name());
    }
    proxy.clear_rules();
}

/// E1: each request of a command that hangs ends with an error that names it.
#[tokio::test]
async fn a_request_of_an_exec_that_hangs_is_named() {
    for (path, phase) in
        [("^/exec/[^/]+/start$", "start a command"), ("^/exec/[^/]+/json$", "inspect a command")]
    {
        let (proxy, session) = impatient("hung-exec").await;
        let container = session.shell("sleep 1000").start().await.expect("a container");
        proxy.on(Matcher::regex("", path).any_method(), Fault::hang());
        let error = container.exec(["true"]).await.expect_err("it hangs");
        assert_says(&error, phase, container.name());
    }
}

/// E1: a request that hangs ends with an error that names the network, volume or image.
#[tokio::test]
async fn a_request_about_a_network_a_volume_or_an_image_that_hangs_is_named() {
    let (proxy, session) = impatient("hung-others").await;
    proxy.on(Matcher::regex("POST", "^/(networks|volumes|images)/create$"), Fault::hang());
    let name = session.id().to_string();
    let (network, volume, image) = futures_util::join!(
        Network::create_named(&session, &name),
        Volume::create_in(&session),
        Pull::new("localhost:1/none").session(&session).run(),
    );
    assert_says(&network.expect_err("it hangs"), "create", &name);
    assert_says(&volume.expect_err("it hangs"), "create", "volume `");
    let image = image.expect_err("it hangs");
    assert!(image.to_string().contains("localhost:1/none"), "{image}");
    proxy.clear_rules();
    Session::clone(&session).close().await.expect("everything can be removed");
}

/// E1: an engine that answers its ping and nothing else is reported as one that hangs.
#[tokio::test]
async fn an_engine_that_only_answers_its_ping_is_reported_to_hang() {
    let (proxy, session) = impatient("wedged").await;
    proxy.on(Matcher::new("GET", "/_ping"), Fault::Pass).on(Matcher::new("GET", "/version"), Fault::Pass);
    proxy.on(Matcher::any(), Fault::hang());
    let error = session.idle().start().await.expect_err("the engine hangs");
    assert_says(&error, "create", "container `");
    assert!(error.to_string().contains("does not list its networks either"), "{error}");
    proxy.clear_rules();
    Session::clone(&session).close().await.expect("everything can be removed");
}

/// E1: an engine that answers other requests while a creation or start takes too long is reported as slow.
#[tokio::test]
async fn an_engine_that_answers_others_is_reported_as_slow() {
    for path in ["^/containers/create$", "/start$"] {
        let (proxy, session) = impatient("slow").await;
        proxy.on(Matcher::regex("POST", path).nth(1), Fault::hang());
        let error = session.idle().start().await.expect_err("it hangs");
        assert!(error.to_string().contains("it is slow, or this one request is stuck"), "{error}");
        Session::clone(&session).close().await.expect("everything can be removed");
    }
}

/// E1: a variable sets the deadline of all requests.
#[test]
fn the_variable_sets_the_deadline() {
    let proxy = EngineProxy::start_default();
    proxy.on(Matcher::new("POST", "/containers/create"), Fault::hang());
    let host = proxy.docker_host();
    let variables = [("DOCKER_HOST", host.as_str()), ("SEATRIAL_REQUEST_TIMEOUT", "1500ms")];
    let mut child = seatrial_tests::Child::spawn(scenario, &variables);
    child.line("the engine did not answer within 1.5 s", Duration::from_secs(60));
    child.wait(Duration::from_secs(60));
}

#[tokio::test]
#[ignore = "the scenario of the test above"]
async fn scenario() {
    if seatrial_tests::is_scenario() {
        let error = ContainerRequest::new(seatrial_test_support::own_session::MISBEHAVE)
            .start()
            .await
            .expect_err("it hangs");
        seatrial_tests::say(&error.to_string());
    }
}

#[track_caller]
pub(crate) fn assert_says(error: &Error, phase: &str, subject: &str) {
    let text = error.to_string();
    assert!(error.is_timeout(), "{text}");
    assert!(error.subject().is_some_and(|named| named.contains(subject)), "`{subject}` is not in: {text}");
    assert!(text.contains(phase), "`{phase}` is not in: {text}");
    assert!(text.contains("did not answer within"), "{text}");
    assert!(text.contains("the engine itself hangs") && text.contains("SEATRIAL_REQUEST_TIMEOUT"), "{text}");
}

pub(crate) async fn impatient(topic: &str) -> (EngineProxy, OwnSession) {
    let proxy = EngineProxy::start_default();
    let builder = Session::builder().id(own_id(topic)).docker_host(proxy.docker_host());
    let session = OwnSession::of(builder.request_timeout(DEADLINE)).await;
    (proxy, session)
}
