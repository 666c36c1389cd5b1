//! Made-up answers and engines: what a client sees of each.

use std::time::Duration;

use seatrial_tests::{Answer, Engine, Fault, Gate, Matcher, ScriptedEngine, Then};

use crate::wire::Wire;

#[test]
fn a_silent_engine_accepts_and_says_nothing() {
    let engine = ScriptedEngine::silent();
    assert!(Wire::request(&engine.socket(), "GET /version", "").is_silent());
    assert_eq!(engine.count(|request| request.is("GET", "/version")), 1);
}

#[test]
fn a_client_that_gives_up_is_noticed_by_a_silent_engine() {
    let engine = ScriptedEngine::silent();
    let mut wire = Wire::request(&engine.socket(), "GET /version", "");
    assert!(wire.is_silent());
    assert_eq!(engine.connections(), 1);
    drop(wire);
    wait_for_no_connections(&engine);
}

#[test]
fn half_a_head_and_garbage_are_what_they_say() {
    let engine = ScriptedEngine::start(Fault::half_head());
    engine.on(Matcher::new("GET", "/info"), Fault::garbage());
    let half = Wire::request(&engine.socket(), "GET /version", "").read_to_end();
    assert!(half.starts_with(b"HTTP/1.1 200 OK\r\n") && !half.ends_with(b"\r\n"));
    let garbage = Wire::request(&engine.socket(), "GET /info", "").read_to_end();
    assert!(!garbage.starts_with(b"HTTP"));
}

#[test]
fn a_body_that_falls_short_can_be_scripted() {
    let short = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc".to_vec();
    let engine = ScriptedEngine::start(Fault::Raw(short, Then::Hang));
    let mut wire = Wire::request(&engine.socket(), "GET /info", "");
    assert!(wire.read_until("abc").contains("200 OK"));
    assert!(wire.is_silent());
}

#[test]
fn a_greeting_engine_knows_its_version_and_nothing_else() {
    let scripted = ScriptedEngine::greeting();
    let engine = Engine::at(scripted.socket());
    assert_eq!(engine.get("/v1.41/version").expect("an answer")["ApiVersion"], "1.41");
    assert_eq!(engine.request("HEAD", "/_ping", None).expect("an answer").status, 200);
    let other = engine.request("GET", "/info", None).expect("an answer");
    assert_eq!((other.status, other.text().as_str()), (404, "{\"message\":\"page not found\"}"));
    assert_eq!(scripted.requests()[2].status, Some(404));
}

#[test]
fn one_connection_carries_several_answers_and_bodies_are_read_before_them() {
    let engine = ScriptedEngine::start(Fault::Answer(Answer::new(204)));
    let mut wire = Wire::open(&engine.socket());
    for n in 1..=3 {
        wire.send(format!("PUT /x?n={n} HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n").as_bytes());
        wire.send(b"3\r\nabc\r\n0\r\n\r\n");
        assert!(wire.read_until("\r\n\r\n").starts_with("HTTP/1.1 204"));
    }
    assert_eq!(engine.requests().last().map(|last| last.query.clone()), Some("n=3".to_owned()));
}

#[tokio::test]
async fn a_gate_holds_what_it_is_for_and_lets_the_rest_pass() {
    let engine = ScriptedEngine::start(Fault::Answer(Answer::new(204)));
    let gate = Gate::new();
    engine.on(Matcher::new("POST", "/start").nth(1), Fault::Hold(gate.clone()));
    let mut held = Wire::request(&engine.socket(), "POST /start", "");
    gate.reached().await;
    Wire::request(&engine.socket(), "POST /start", "").read_until("204");
    assert!(held.is_silent());
    gate.release();
    held.read_until("204");
}

#[test]
fn a_rule_for_the_first_n_is_over_after_them() {
    let engine = ScriptedEngine::start(Fault::Answer(Answer::new(204)));
    engine.on(Matcher::any().first(2), Fault::error(500, "not yet"));
    let client = Engine::at(engine.socket());
    let statuses = [1, 2, 3].map(|_| client.request("GET", "/", None).expect("an answer").status);
    assert_eq!(statuses, [500, 500, 204]);
}

#[test]
fn a_dropped_engine_is_gone_and_ends_its_connections() {
    let engine = ScriptedEngine::silent();
    let socket = engine.socket();
    let mut wire = Wire::request(&socket, "GET /", "");
    assert!(wire.is_silent());
    drop(engine);
    assert_eq!(wire.read_to_end(), b"");
    assert!(!socket.exists());
}

/// Waits until all connections have ended, which comes a little after their clients' ends.
fn wait_for_no_connections(engine: &ScriptedEngine) {
    let start = std::time::Instant::now();
    while engine.connections() > 0 {
        assert!(start.elapsed() < Duration::from_secs(10), "a connection stays open");
        std::thread::sleep(Duration::from_millis(5));
    }
}
