//! Faults in front of the real engine: the requests that reach it, and the answers that come back.

use std::thread;
use std::time::{Duration, Instant};

use seatrial_tests::{Engine, EngineProxy, Fault, Gate, Leftovers, Matcher, assert_nothing_left};
use serde_json::json;

use crate::fixture::{BASIC, Fixture, labelled, session};
use crate::wire::{Wire, body};

#[test]
fn the_nth_request_fails_and_is_not_forwarded() {
    let session = session("nth");
    let proxy = EngineProxy::start_default();
    proxy.on(Matcher::regex("POST", "^/containers/create$").nth(1), Fault::error(500, "no room"));
    let create = labelled(&session, json!({ "Image": BASIC }));
    let through = Engine::at(proxy.socket());
    let answer = through.request("POST", "/containers/create", Some(&create)).expect("an answer");
    assert_eq!((answer.status, answer.text().as_str()), (500, "{\"message\":\"no room\"}"));
    assert_nothing_left(&session);
    let again = through.request("POST", "/containers/create", Some(&create)).expect("an answer");
    assert_eq!(again.status, 201);
    remove_all(&session);
}

#[test]
fn a_swallowed_answer_leaves_what_was_asked_for() {
    let session = session("swallow");
    let proxy = EngineProxy::start_default();
    proxy.on(Matcher::new("POST", "/containers/create"), Fault::swallow_and_cut());
    let create = labelled(&session, json!({ "Image": BASIC }));
    let error = Engine::at(proxy.socket()).request("POST", "/containers/create", Some(&create));
    assert!(error.is_err(), "{error:?}");
    assert_eq!(proxy.requests()[0].status, Some(201));
    assert_eq!(left_by(&session).containers.len(), 1);
    remove_all(&session);
}

#[test]
fn a_held_answer_comes_after_the_release() {
    let session = session("held");
    let (proxy, gate) = (EngineProxy::start_default(), Gate::new());
    proxy.on(Matcher::new("POST", "/containers/create"), Fault::HoldAnswer(gate.clone()));
    let through = Engine::at(proxy.socket());
    let create = labelled(&session, json!({ "Image": BASIC }));
    let request = thread::spawn(move || through.request("POST", "/containers/create", Some(&create)));
    gate.wait_reached();
    assert_eq!(left_by(&session).containers.len(), 1);
    assert!(!request.is_finished());
    gate.release();
    let answer = request.join().expect("no panic").expect("an answer");
    assert_eq!(answer.status, 201);
    remove_all(&session);
}

#[test]
fn a_client_that_gives_up_at_a_gate_does_not_stop_its_request() {
    let session = session("gives-up");
    let (proxy, gate) = (EngineProxy::start_default(), Gate::new());
    proxy.on(Matcher::new("POST", "/containers/create"), Fault::Hold(gate.clone()));
    let create = labelled(&session, json!({ "Image": BASIC })).to_string();
    let headers = format!("Content-Type: application/json\r\nContent-Length: {}\r\n", create.len());
    let mut wire = Wire::request(&proxy.socket(), "POST /containers/create", &headers);
    wire.send(create.as_bytes());
    gate.wait_reached();
    drop(wire);
    gate.release();
    let start = Instant::now();
    // The answer, not the list of containers: the engine lists one a little before it can be removed.
    while proxy.requests()[0].status != Some(201) {
        assert!(start.elapsed() < Duration::from_secs(10), "the request did not reach the engine");
        thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(left_by(&session).containers.len(), 1);
    remove_all(&session);
}

#[test]
fn an_answer_breaks_off_after_so_many_bytes() {
    let proxy = EngineProxy::start_default();
    proxy.on(Matcher::new("GET", "/version"), Fault::cut_after(10));
    proxy.on(Matcher::new("GET", "/info"), Fault::hang_after(20));
    let cut = Wire::request(&proxy.socket(), "GET /version", "").read_to_end();
    assert_eq!(body(&cut).len(), 10);
    let mut hanging = Wire::request(&proxy.socket(), "GET /info", "");
    let seen = hanging.read_until("{\"ID\":");
    assert!(body(seen.as_bytes()).len() <= 20);
    while !hanging.is_silent() {}
}

#[test]
fn an_answer_breaks_off_when_the_test_says_so() {
    let fixture = Fixture::shell(&session("cut-at"), "echo first; sleep 1000");
    let (proxy, gate) = (EngineProxy::start_default(), Gate::new());
    proxy.on(Matcher::regex("GET", "/logs$"), Fault::CutAt(gate.clone()));
    let target = format!("GET /containers/{}/logs?stdout=1&follow=1", fixture.id);
    let mut wire = Wire::request(&proxy.socket(), &target, "");
    wire.read_until("first\n\r\n");
    assert!(wire.is_silent(), "it stays open until then");
    gate.release();
    assert!(!wire.read_to_end().ends_with(b"0\r\n\r\n"), "it is cut, and not ended");
}

#[test]
fn a_hijacked_stream_breaks_off_after_so_many_bytes() {
    let fixture = Fixture::shell(&session("break"), "cat");
    let proxy = EngineProxy::start_default();
    proxy.on(Matcher::regex("POST", "/attach$"), Fault::cut_after(8 + 4));
    let mut wire = Wire::request(
        &proxy.socket(),
        &format!("POST /containers/{}/attach?stream=1&stdin=1&stdout=1", fixture.id),
        "Connection: Upgrade\r\nUpgrade: tcp\r\n",
    );
    wire.read_until("\r\n\r\n");
    wire.send(b"0123456789\n");
    // The engine's frame has a header of 8 bytes.
    assert!(wire.read_to_end().ends_with(b"\x0b0123"));
}

#[test]
fn a_delay_and_a_slow_line_take_their_time() {
    let proxy = EngineProxy::start_default();
    proxy.on(Matcher::new("GET", "/version").nth(1), Fault::Delay(Duration::from_millis(250)));
    proxy.on(Matcher::new("GET", "/version").nth(2), Fault::throttle(2_000));
    let through = Engine::at(proxy.socket());
    for _ in 0..2 {
        let start = Instant::now();
        let length = through.request("GET", "/version", None).expect("an answer").body.len();
        assert!(start.elapsed() >= Duration::from_millis(250), "{length} bytes in {:?}", start.elapsed());
    }
}

fn left_by(session: &str) -> Leftovers {
    Leftovers::of_session(&Engine::from_env(), session).expect("an answer")
}

/// Removes the containers of a session, and sees that they go.
fn remove_all(session: &str) {
    for container in left_by(session).containers {
        let name = container.split(' ').next().expect("a name");
        let target = format!("/containers/{name}?force=1");
        assert_eq!(Engine::from_env().request("DELETE", &target, None).expect("an answer").status, 204);
    }
    assert_nothing_left(session);
}
