//! Reapers that can't be had: each error says what is wrong with which one, and nothing is created.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::time::Duration;

use seatrial::Volume;
use seatrial_test_support::observe::LONG;
use seatrial_test_support::own_session::remove_by_hand;
use seatrial_tests::{Child, EngineProxy, is_scenario, say};
use serde_json::json;

use super::run::{Run, create_by_hand, kill, post};
use super::stand_in::StandIn;

/// Runs a process that wants to create something, and sees that it is refused with all of these texts.
#[track_caller]
fn assert_refused(run: &Run, variables: &[(&str, &str)], texts: &[&str]) {
    let mut child = run.spawn_with(super::run::scenario_creates, variables);
    child.line("that is all", LONG);
    assert!(child.wait(Duration::from_secs(30)).success());
    let said = child.lines().join("\n");
    for text in [&["refused: is_reaper true", "the session's reaper can't be had"], texts].concat() {
        assert!(said.contains(text), "`{text}` is not in:\n{said}");
    }
    assert!(run.left().is_empty(), "{}", run.left());
}

/// Starts something that is no reaper on a port.
fn listener(serve: impl Fn(std::net::TcpStream) + Send + 'static) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let port = listener.local_addr().expect("an address").port();
    std::thread::spawn(move || listener.incoming().flatten().for_each(serve));
    port
}

/// X3: a reaper that never acknowledges is an error that names it and its image.
#[test]
fn a_reaper_that_never_acknowledges_is_named_with_its_image() {
    let run = Run::new("silent");
    let proxy = EngineProxy::start_default();
    StandIn::at(listener(std::mem::forget)).show(&proxy, &run);
    let name = run.reaper_name();
    assert_refused(
        &run,
        &[("DOCKER_HOST", &proxy.docker_host())],
        &[&name, "never acknowledged the filter", "`stand/in:1`", "docker rm -f"],
    );
}

/// X3: a server that answers anything but the acknowledgement is not taken for a reaper.
#[test]
fn a_server_that_answers_something_else_is_no_reaper() {
    let run = Run::new("stranger");
    let proxy = EngineProxy::start_default();
    let port = listener(|mut client| {
        let _ = client.read(&mut [0; 1]);
        let _ = client.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
    });
    StandIn::at(port).show(&proxy, &run);
    assert_refused(
        &run,
        &[("DOCKER_HOST", &proxy.docker_host())],
        &["answered the filter with `HTTP`, as no reaper does", "`stand/in:1`"],
    );
}

/// X3: a paused reaper is an error, since it would remove nothing.
#[test]
fn a_paused_reaper_is_not_used() {
    let run = Run::new("paused").with("SEATRIAL_STARTUP_TIMEOUT", "1s");
    let proxy = EngineProxy::start_default();
    let mut paused = StandIn::at(1);
    paused.state = json!({ "Status": "paused", "Running": true, "Paused": true });
    paused.show(&proxy, &run);
    assert_refused(&run, &[("DOCKER_HOST", &proxy.docker_host())], &["it is paused", "docker unpause"]);
}

/// X3: the wait for a reaper that never listens ends.
#[test]
fn a_reaper_that_never_listens_is_waited_for_in_bounds() {
    let run = Run::new("deaf").with("SEATRIAL_STARTUP_TIMEOUT", "1s");
    let proxy = EngineProxy::start_default();
    // The port was free a moment ago, and nobody else is given it so soon.
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port").local_addr().expect("one").port();
    StandIn::at(port).show(&proxy, &run);
    assert_refused(
        &run,
        &[("DOCKER_HOST", &proxy.docker_host())],
        &["does not serve this process", "refused", "docker logs"],
    );
}

/// X7: the error of a reaper that ended has its exit code and output.
#[test]
fn an_image_that_is_no_reaper_is_told_by_its_end() {
    let run = Run::new("no-reaper");
    let image = ("SEATRIAL_REAPER_IMAGE", "seatrial/basic:dev");
    assert_refused(
        &run,
        &[image],
        &["ends at once, with exit code 0", "check that image `seatrial/basic:dev`"],
    );
}

/// X7: a reaper that never listens is removed.
#[test]
fn an_image_that_never_listens_is_told_and_removed() {
    let run = Run::new("no-listener").with("SEATRIAL_STARTUP_TIMEOUT", "1s");
    let image = ("SEATRIAL_REAPER_IMAGE", "seatrial/misbehave:dev");
    assert_refused(
        &run,
        &[image],
        &["does not serve this process", "check that image `seatrial/misbehave:dev`"],
    );
    assert!(run.reaper().is_none());
}

/// X7: the error has the reaper's own log, since its container is gone.
#[test]
fn a_socket_that_a_reaper_can_not_use_is_told_in_its_words() {
    let run = Run::new("no-use");
    let socket = ("TESTCONTAINERS_DOCKER_SOCKET_OVERRIDE", "/dev/null");
    let texts = ["ends at once, with exit code 1", "socket", "TESTCONTAINERS_RYUK_CONTAINER_PRIVILEGED=true"];
    assert_refused(&run, &[socket], &texts);
}

/// X7: a missing reaper image is an error that says how to get one.
#[test]
fn an_image_that_is_not_there_is_told_with_the_ways_to_have_one() {
    let run = Run::new("no-image");
    assert_refused(
        &run,
        &[
            ("TESTCONTAINERS_RYUK_CONTAINER_IMAGE", "seatrial/none:1"),
            ("SEATRIAL_REAPER_IMAGE", ""),
            ("SEATRIAL_PULL", "never"),
        ],
        &["`seatrial/none:1`", "cargo xtask images reaper", "SEATRIAL_REAPER_IMAGE", "SEATRIAL_REAPER=off"],
    );
}

/// X3: a socket that does not exist is an error, and no directory is created in its place.
#[test]
fn a_socket_that_is_not_there_is_told_with_the_variable() {
    let run = Run::new("no-socket");
    let folder = tempfile::tempdir().expect("a folder");
    let socket = folder.path().join("engine.sock");
    let socket = socket.to_str().expect("unicode");
    assert_refused(
        &run,
        &[("TESTCONTAINERS_DOCKER_SOCKET_OVERRIDE", socket)],
        &[socket, "TESTCONTAINERS_DOCKER_SOCKET_OVERRIDE", "SEATRIAL_REAPER=process"],
    );
    assert!(!folder.path().join("engine.sock").exists());
}

/// E3: a container that has the reaper's name by accident is left alone.
#[test]
fn a_container_of_others_with_its_name_is_left_alone() {
    let run = Run::new("taken");
    for starts in [false, true] {
        let theirs = create_by_hand(&run.reaper_name(), "another", "seatrial/basic:dev", &["sleep", "600"]);
        if starts {
            post(&theirs, "start");
        }
        assert_refused(&run, &[], &["a container has its name and is not of this session", &theirs[..12]]);
        assert_eq!(run.reaper_id(), theirs);
        remove_by_hand(&theirs);
    }
}

/// X1: an invalid session id is refused without a request to the engine.
#[test]
fn a_session_id_that_can_not_be_one_is_refused_before_the_engine_is_asked() {
    let proxy = EngineProxy::start_default();
    let variables = [("SEATRIAL_SESSION_ID", "a b"), ("DOCKER_HOST", &proxy.docker_host())];
    let mut child = Child::spawn(super::run::scenario_creates, &variables);
    child.line("that is all", LONG);
    assert!(child.wait(Duration::from_secs(30)).success());
    let said = child.lines().join("\n");
    assert!(said.contains("`SEATRIAL_SESSION_ID` can't be used: session id `a b` holds ' '"), "{said}");
    assert!(proxy.requests().is_empty());
}

/// X3: a failure to start the reaper is not remembered.
#[test]
fn a_reaper_that_failed_once_is_tried_again() {
    let run = Run::new("again").with("SEATRIAL_STARTUP_TIMEOUT", "1s");
    let theirs = create_by_hand(&run.reaper_name(), "another", "seatrial/basic:dev", &["sleep", "600"]);
    let child = run.spawn(scenario_tries_until_it_works);
    child.line("refused", LONG);
    remove_by_hand(&theirs);
    child.line("created", LONG);
    kill(child);
}

#[tokio::test]
#[ignore = "a scenario"]
async fn scenario_tries_until_it_works() {
    if !is_scenario() {
        return;
    }
    let volume = loop {
        match Volume::create().await {
            Ok(volume) => break volume,
            Err(error) => {
                assert!(error.is_reaper(), "{error:?}");
                say("refused");
            }
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    say(&format!("created {volume}"));
    std::future::pending::<()>().await;
}
