//! Requests to servers on this machine that answer in unusual ways.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::HttpWait;
use super::exchange::{BodyEnd, Exchange, host};

/// Starts a server that reads a request, sends `answer`, and keeps the connection open. Returns its address.
async fn server(answer: Vec<u8>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let address = listener.local_addr().expect("it is bound").to_string();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.expect("a client connects");
        let mut request = [0; 4096];
        let _ = stream.read(&mut request).await;
        let _ = stream.write_all(&answer).await;
        std::future::pending::<()>().await;
    });
    address
}

fn wait() -> HttpWait {
    HttpWait::new("/".to_owned())
}

/// Returns the answer of a server, the end of its body, and whether it meets the wait.
async fn answered(wait: &HttpWait, address: String) -> (bool, BodyEnd) {
    match wait.ask(address).await.expect("the request is valid") {
        Exchange::Answered(answer, end) => (wait.is_met(&answer), end),
        other => panic!("{other:?}"),
    }
}

const STREAM: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\ndata: up\n\n";

/// C24: an HTTP wait for a status ends at the headers, also if the body never ends.
#[tokio::test]
async fn a_status_is_met_by_the_headers_of_an_endless_body() {
    let began = Instant::now();
    assert_eq!(answered(&wait(), server(STREAM.into()).await).await, (true, BodyEnd::Complete));
    assert!(began.elapsed() < Duration::from_secs(4));
}

/// C24: an HTTP wait finds its text in a body that never ends, and in one that is larger than the limit.
#[tokio::test]
async fn a_text_is_found_as_the_body_arrives() {
    let met = (true, BodyEnd::Complete);
    assert_eq!(answered(&wait().body("data: up"), server(STREAM.into()).await).await, met);
    let mut large = b"HTTP/1.1 200 OK\r\ncontent-length: 2097152\r\n\r\nready".to_vec();
    large.resize(large.len() + (2 << 20) - 5, b'x');
    assert_eq!(answered(&wait().body("ready"), server(large.clone()).await).await, met);
    let late = wait().body("never");
    assert_eq!(answered(&late, server(large.clone()).await).await, (false, BodyEnd::Limit));
    let end = answered(&late.body_limit(4 << 20), server(large).await).await;
    assert_eq!(end, (false, BodyEnd::Complete));
}

/// C24: an HTTP wait's own check sees the part of an endless body that arrived within the time of one try.
#[tokio::test]
async fn a_check_sees_the_part_of_an_endless_body_that_arrived() {
    let wait = wait().matching(|answer| &answer.body[..] == b"data: up\n\n");
    let wait = wait.attempt_timeout(Duration::from_millis(300));
    assert_eq!(answered(&wait, server(STREAM.into()).await).await, (true, BodyEnd::TimedOut));
}

/// C24: one try of an HTTP wait ends at its time limit.
#[tokio::test]
async fn a_try_without_an_answer_ends_at_its_time_limit() {
    let wait = wait().attempt_timeout(Duration::from_millis(50));
    let asked = wait.ask(server(Vec::new()).await).await;
    assert!(matches!(asked, Ok(Exchange::TimedOut)), "{asked:?}");
}

/// C24: the name to verify for an HTTPS wait is the host, for IPv6 without brackets.
#[test]
fn the_host_of_an_ipv6_address_has_no_brackets() {
    for (address, name) in
        [("[::1]:443", "::1"), ("127.0.0.1:443", "127.0.0.1"), ("localhost:443", "localhost")]
    {
        assert_eq!(host(address), name);
    }
}

/// C24: an HTTP wait sends a body, by POST unless another method is set.
#[tokio::test]
async fn a_request_body_is_sent() {
    for (wait, head, sent) in [
        (wait().json(&["up"]), "POST / HTTP/1.1\r\n", "[\"up\"]"),
        (wait().method("PUT").request_body("ping"), "PUT / HTTP/1.1\r\n", "ping"),
        (wait(), "GET / HTTP/1.1\r\n", ""),
    ] {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let address = listener.local_addr().expect("it is bound").to_string();
        let asked = tokio::spawn(async move { wait.ask(address).await });
        let (mut stream, _) = listener.accept().await.expect("the wait connects");
        let mut text = String::new();
        while !(text.contains("\r\n\r\n") && text.ends_with(sent)) {
            let mut part = [0; 4096];
            let count = stream.read(&mut part).await.expect("it sends its request");
            assert_ne!(count, 0, "{text}");
            text.push_str(&String::from_utf8_lossy(&part[..count]));
        }
        assert!(text.starts_with(head), "{text}");
        assert_eq!(text.contains("content-type: application/json"), sent.starts_with('['), "{text}");
        assert_eq!(text.contains(&format!("content-length: {}", sent.len())), !sent.is_empty(), "{text}");
        drop(stream);
        asked.await.expect("it does not panic").expect("the request is valid");
    }
}

/// C24: a value that can't be JSON is refused before anything starts.
#[test]
fn a_value_that_is_no_json_is_refused() {
    let nested = std::collections::HashMap::from([(vec![1], 1)]);
    let error = wait().json(&nested).check().expect_err("a list is no key");
    assert!(error.is_invalid() && error.to_string().contains("JSON"), "{error}");
}
