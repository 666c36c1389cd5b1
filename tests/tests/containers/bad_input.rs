//! Mistakes of users: each error names the thing and what would be right, and nothing is left behind.
//!
//! That nothing is left is checked by the end of each test's session.

use seatrial::{ContainerRequest, CopyIn, Error, Network, Port, WaitFor, pull::PullPolicy};
use seatrial_test_support::own_session::{BASIC, OwnSession, look, own_id};
use seatrial_tests::{Engine, EngineProxy};

/// Checks that an error holds all of these texts.
#[track_caller]
fn assert_says(error: &Error, texts: &[&str]) {
    let text = format!("{error:?}");
    for expected in texts {
        assert!(text.contains(expected), "no `{expected}` in: {text}");
    }
}

/// Starts what must not start.
async fn refused(request: &ContainerRequest) -> Error {
    match request.start().await {
        Ok(container) => panic!("{container} has started"),
        Err(error) => error,
    }
}

/// A request that is visibly wrong is refused before the engine is asked for anything.
#[tokio::test]
async fn a_request_that_can_not_be_is_refused_before_anything_is_created() {
    let proxy = EngineProxy::start_default();
    let session = OwnSession::behind(&proxy, "bad-request").await;
    let network = Network::create_in(&session).await.expect("a network");
    proxy.clear();
    let image = |image: &str| ContainerRequest::new(image).session(&session);
    let idle = || session.idle();
    let long = "n".repeat(129);
    let cases: &[(ContainerRequest, &[&str])] = &[
        (image(""), &["image reference `` is empty"]),
        (image("Redis"), &["`Redis`", "lower case", "`redis`"]),
        (image("redis:"), &["`redis:`", "tag"]),
        (image("redis:7:8"), &["`redis:7:8`"]),
        (image("redis 7"), &["the part `redis 7`", "lower-case letters"]),
        (image("https://registry.example/redis"), &["leave `https://` out"]),
        (idle().name("a name"), &["`a name`", "' '", "letters, digits, `_`, `.` and `-`"]),
        (idle().name("-x"), &["`-x`", "begin with a letter or a digit"]),
        (idle().name(""), &["name is empty"]),
        (idle().name(&long), &["129", "at most 128"]),
        (idle().port(80).port(80), &["port 80/tcp is published twice", "publish_on"]),
        (idle().port("80/http").port(81), &["`80/http`", "`53/udp`"]),
        (idle().expose("http"), &["`http`", "is not a port"]),
        (idle().publish_on("127.0.0.1 ", 80), &["80/tcp", "`127.0.0.1 `", "not an IP address"]),
        (idle().publish_on("docker.example", 80), &["`docker.example`", "not an IP address"]),
        (idle().fixed(8080, 80).fixed(8080, 81), &["80/tcp", "81/tcp", "8080"]),
        (idle().cmd([""; 0]), &["command is an empty list", "leave it out"]),
        (
            idle().label("seatrial.session", "x"),
            &["`seatrial.session`", "`org.testcontainers` or `seatrial.`"],
        ),
        (idle().label("org.testcontainers", "x"), &["`org.testcontainers`", "choose a key"]),
        (idle().wait_for(WaitFor::regex("a(b")), &["`a(b`", "unclosed group"]),
        (idle().wait_for(WaitFor::all([WaitFor::any([WaitFor::regex("[z-a]").into()])])), &["`[z-a]`"]),
        (idle().network(&network).network_mode("host"), &["network mode and networks"]),
        (idle().copy_in(CopyIn::file("/not/there", "/x")), &["/not/there"]),
        (idle().mount_files(["/not/there"], "/x"), &["/not/there"]),
    ];
    for (request, texts) in cases {
        let error = refused(request).await;
        assert_says(&error, texts);
        assert!(error.is_invalid() || error.is_files(), "{error}");
        let error = request.run().await.expect_err("run checks the same");
        assert_says(&error, texts);
    }
    assert!(proxy.requests().is_empty(), "the engine was asked for something: {:?}", proxy.requests());
}

#[tokio::test]
async fn an_image_that_is_not_here_and_must_not_be_pulled_is_named() {
    let session = OwnSession::begin("bad-image-never").await;
    let request = ContainerRequest::new("seatrial/none:dev").pull(PullPolicy::Never).session(&session);
    let error = refused(&request).await;
    assert!(error.is_image(), "{error:?}");
    assert_says(&error, &["`seatrial/none:dev`", "never", "missing"]);
}

#[tokio::test]
async fn an_image_that_no_registry_has_is_named_with_the_registry() {
    let session = OwnSession::begin("bad-image-missing").await;
    // Nothing listens there.
    let image = "127.0.0.1:1/none:1";
    let request = ContainerRequest::new(image).pull(PullPolicy::Missing).session(&session);
    let error = refused(&request).await;
    assert_says(&error, &[&format!("`{image}`"), "connection refused", "registry `127.0.0.1:1`"]);
    // No such host: final at once.
    let request = ContainerRequest::new("registry.invalid/none:1").session(&session);
    let error = refused(&request).await;
    assert!(error.is_image(), "{error:?}");
    assert_says(&error, &["`registry.invalid/none:1`", "registry `registry.invalid`"]);
}

#[tokio::test]
async fn a_name_that_is_taken_is_a_conflict_and_its_owner_stays() {
    let session = OwnSession::begin("bad-name-taken").await;
    let name = own_id("bad-name");
    let owner = session.idle().name(&name).start().await.expect("the name is free");
    let error = refused(&session.idle().name(&name)).await;
    assert!(error.is_conflict(), "{error:?}");
    assert_says(&error, &[&format!("container `{name}`"), "already in use", "remove the container"]);
    let there = look(&name).expect("the first one is there");
    assert_eq!((&there["Id"], &there["State"]["Running"]), (&owner.id().as_str().into(), &true.into()));
}

#[tokio::test]
async fn a_host_port_that_is_taken_is_a_conflict() {
    let session = OwnSession::begin("bad-port-taken").await;
    let owner = session.idle().port(80).start().await.expect("it starts");
    let port = owner.host_port(80).expect("bound");
    let error = refused(&session.idle().fixed(port, 81)).await;
    assert!(error.is_conflict(), "{error:?}");
    assert_says(&error, &[&port.to_string(), "let the engine choose", "`port` in place of `fixed`"]);
}

#[tokio::test]
async fn memory_below_the_engine_s_minimum_is_named_with_the_minimum() {
    let session = OwnSession::begin("bad-memory").await;
    let error = refused(&session.idle().name(own_id("tiny")).memory(1 << 20)).await;
    assert!(error.is_invalid(), "{error:?}");
    assert_says(&error, &["container `tiny", "raise `memory`", "in bytes", "6 MiB"]);
}

/// C5: an unknown runtime is an error that lists the engine's runtimes.
#[tokio::test]
async fn an_unknown_runtime_is_named_with_the_runtimes_that_there_are() {
    let session = OwnSession::begin("bad-runtime").await;
    let error = refused(&session.idle().runtime("no-such-runtime")).await;
    assert!(error.is_invalid(), "{error:?}");
    assert_says(&error, &["no-such-runtime", "runtimes are `"]);
    let info = Engine::from_env().get("/info").expect("an answer");
    for runtime in info["Runtimes"].as_object().expect("runtimes").keys() {
        assert_says(&error, &[&format!("`{runtime}`")]);
    }
}

#[tokio::test]
async fn an_unknown_network_is_named_with_the_networks_that_there_are() {
    let session = OwnSession::begin("bad-network").await;
    let known = Network::create_in(&session).await.expect("a network");
    let unknown = own_id("no-such-network");
    for request in [
        session.idle().network_named(&unknown),
        session.idle().network(&known).network_named(&unknown),
        session.idle().network_mode(&unknown),
    ] {
        let error = refused(&request).await;
        assert!(error.is_not_found(), "{error:?}");
        assert_says(&error, &[&unknown, "`Network::create`", &format!("`{}`", known.name()), "`bridge`"]);
    }
}

#[tokio::test]
async fn another_container_s_network_that_is_not_there_is_named() {
    let session = OwnSession::begin("bad-network-of").await;
    let error = refused(&session.idle().network_mode("container:no-such-one")).await;
    assert_says(&error, &["no-such-one"]);
}

/// A main process that can't be started is named with the reason, beside the program that the image has.
#[tokio::test]
async fn a_program_that_is_not_in_the_image_is_named() {
    let session = OwnSession::begin("bad-program").await;
    let basic = || ContainerRequest::new(BASIC).session(&session);
    for (request, program, reason) in [
        (basic().cmd(["no-such-program"]), "`no-such-program`", "`PATH`"),
        (basic().cmd(["/no/such/program", "x"]), "`/no/such/program`", "there is no such file"),
        (basic().entrypoint(["/no-entry"]), "`/no-entry`", "there is no such file"),
        (basic().cmd(["/etc"]), "`/etc`", "it is a directory"),
        (basic().cmd(["/etc/passwd"]), "`/etc/passwd`", "not executable"),
    ] {
        let error = refused(&request).await;
        let text = error.to_string();
        assert!(!text.contains("OCI runtime") && !text.contains("runtimes are"), "{text}");
        assert_says(&error, &[program, reason, BASIC, "the image has: entry point none, command `[\"sh\"]`"]);
        let error = request.run().await.expect_err("it does not run either");
        assert_says(&error, &[program, reason]);
    }
}

#[tokio::test]
async fn a_user_that_is_not_in_the_image_is_named() {
    let session = OwnSession::begin("bad-user").await;
    let error = refused(&session.idle().user("no-such-user")).await;
    assert_says(&error, &["no-such-user"]);
}

#[test]
fn a_text_that_is_no_port_is_refused_with_what_would_be_one() {
    let error = "80/http".parse::<Port>().expect_err("there is no such protocol");
    assert!(error.is_invalid());
    assert_says(&error, &["`80/http`", "`6379`, `53/udp` or `9000/sctp`"]);
}
