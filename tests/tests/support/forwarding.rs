//! Forwarding through the proxy without a change: plain answers, streams in both directions, hijacked connections.

use seatrial_tests::{Engine, EngineProxy};

use crate::fixture::{Fixture, session};
use crate::wire::{Wire, body};

#[test]
fn requests_pass_and_are_recorded() {
    let proxy = EngineProxy::start_default();
    let through = Engine::at(proxy.socket());
    let version = through.get("/version").expect("an answer");
    assert_eq!(version, Engine::from_env().get("/version").expect("an answer"));
    assert!(through.get("/v1.40/containers/json?all=1").expect("an answer").is_array());
    let seen: Vec<_> = proxy
        .requests()
        .into_iter()
        .map(|request| (request.method, request.path, request.query, request.status))
        .collect();
    let expected = [("/version", ""), ("/containers/json", "all=1")]
        .map(|(path, query)| ("GET".to_owned(), path.to_owned(), query.to_owned(), Some(200)));
    assert_eq!(seen, expected);
    proxy.clear();
    assert_eq!(proxy.count(|_| true), 0);
}

#[test]
fn one_connection_carries_several_requests() {
    let proxy = EngineProxy::start_default();
    let mut wire = Wire::open(&proxy.socket());
    for _ in 0..3 {
        wire.send(b"GET /_ping HTTP/1.1\r\nHost: engine\r\n\r\n");
        assert!(wire.read_until("\r\n\r\nOK").starts_with("HTTP/1.1 200"));
    }
    assert_eq!((proxy.count(|_| true), proxy.connections()), (3, 1));
}

#[test]
fn a_hijacked_connection_carries_both_directions_and_a_half_close() {
    let fixture = Fixture::shell(&session("hijack"), "cat");
    let proxy = EngineProxy::start_default();
    let mut wire = Wire::request(
        &proxy.socket(),
        &format!("POST /containers/{}/attach?stream=1&stdin=1&stdout=1", fixture.id),
        "Connection: Upgrade\r\nUpgrade: tcp\r\n",
    );
    assert!(wire.read_until("\r\n\r\n").starts_with("HTTP/1.1 101"));
    wire.send(b"there and back\n");
    wire.read_until("there and back\n");
    wire.send(b"the last\n");
    wire.finish();
    assert!(wire.read_to_end().ends_with(b"the last\n"));
    assert_eq!(proxy.requests()[0].status, Some(101));
}

#[test]
fn a_followed_log_comes_while_it_is_written() {
    let fixture = Fixture::shell(&session("follow"), "echo early; cat");
    let proxy = EngineProxy::start_default();
    let line = format!("GET /containers/{}/logs?follow=1&stdout=1", fixture.id);
    let mut wire = Wire::request(&proxy.socket(), &line, "");
    wire.read_until("early\n");
    assert!(wire.is_silent());
}

#[test]
fn large_bodies_pass_in_both_directions_chunk_by_chunk() {
    let fixture = Fixture::shell(&session("archive"), "cat");
    let proxy = EngineProxy::start_default();
    let archive_of = |path: &str| {
        let line = format!("GET /containers/{}/archive?path={path}", fixture.id);
        let answer = Wire::request(&proxy.socket(), &line, "Connection: close\r\n").read_to_end();
        unchunked(body(&answer))
    };
    let original = archive_of("/bin/busybox");
    assert!(original.len() > 500_000, "{} bytes are not a busybox", original.len());
    let line = format!("PUT /containers/{}/archive?path=/tmp", fixture.id);
    let headers = "Transfer-Encoding: chunked\r\nContent-Type: application/x-tar\r\nConnection: close\r\n";
    let mut wire = Wire::request(&proxy.socket(), &line, headers);
    for piece in original.chunks(100_001) {
        wire.send(format!("{:x}\r\n", piece.len()).as_bytes());
        wire.send(piece);
        wire.send(b"\r\n");
    }
    wire.send(b"0\r\n\r\n");
    assert!(wire.read_until("\r\n\r\n").starts_with("HTTP/1.1 200"));
    assert!(archive_of("/tmp/busybox") == original, "what came back differs");
}

/// Returns the data of a chunked body.
fn unchunked(mut body: &[u8]) -> Vec<u8> {
    let mut data = Vec::new();
    loop {
        let end = body.windows(2).position(|two| two == b"\r\n").expect("a chunk's size line");
        let digits = std::str::from_utf8(&body[..end]).expect("text");
        let size = usize::from_str_radix(digits, 16).expect("a size");
        if size == 0 {
            return data;
        }
        data.extend_from_slice(&body[end + 2..end + 2 + size]);
        body = &body[end + 2 + size + 2..];
    }
}
