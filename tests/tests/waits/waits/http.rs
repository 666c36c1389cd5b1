//! The wait for an HTTP answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use seatrial::{TestContainer, WaitFor, wait::HttpWait};
use seatrial_test_support::observe::{SHORT, failed};
use seatrial_test_support::own_session::OwnSession;

async fn server(session: &OwnSession) -> TestContainer {
    let request = session.steps("http-body it-works http 8080").port(8080);
    request.wait_for(WaitFor::http("/")).start().await.expect("it answers")
}

async fn met(container: &TestContainer, wait: HttpWait) {
    container.wait_timeout(wait, Duration::from_secs(20)).await.expect("it is met");
}

/// Waits in vain, and returns what was said.
async fn not_met(container: &TestContainer, wait: HttpWait) -> String {
    let error = failed(container.wait_timeout(wait, SHORT).await);
    assert!(error.is_not_ready() && error.is_timeout(), "{error}");
    error.to_string()
}

/// C24: an HTTP wait asks again until the status is good.
#[tokio::test]
async fn a_server_that_fails_at_first_is_ready_when_it_no_longer_does() {
    let session = OwnSession::begin("fails").await;
    let container = session
        .steps("sleep 200ms http-fail 3 http 8080")
        .port(8080)
        .wait_for(WaitFor::http("/health"))
        .start()
        .await
        .expect("the fourth answer is good");
    met(&container, WaitFor::http("/health").status(200)).await;
}

/// C24: an HTTP wait accepts the given status, or by default any good one.
#[tokio::test]
async fn a_status_counts_if_it_is_the_one_asked_for_or_a_good_one() {
    let session = OwnSession::begin("status").await;
    let container = server(&session).await;
    met(&container, WaitFor::http("/status/204")).await;
    met(&container, WaitFor::http("/status/302")).await;
    met(&container, WaitFor::http("/status/401").status(401)).await;
    let text = not_met(&container, WaitFor::http("/status/404")).await;
    assert!(text.contains("status 404, body `status 404`"), "{text}");
    not_met(&container, WaitFor::http("/status/200").status(201)).await;
}

/// C24: an HTTP wait can require a text in the body.
#[tokio::test]
async fn a_body_counts_if_it_holds_the_text() {
    let session = OwnSession::begin("body").await;
    let container = server(&session).await;
    met(&container, WaitFor::http("/").body("it-wor")).await;
    let text = not_met(&container, WaitFor::http("/").body("it-fails")).await;
    assert!(text.contains("`it-fails` in its body") && text.contains("body `it-works`"), "{text}");
}

/// C24: an HTTP wait sends the given method and headers.
#[tokio::test]
async fn the_method_and_the_headers_are_sent() {
    let session = OwnSession::begin("sent").await;
    let container = server(&session).await;
    let wait =
        WaitFor::http("/echo?a=b").method("POST").header("X-Token", "s3cret").header("accept", "text/plain");
    met(&container, wait.clone().body("POST /echo?a=b\n")).await;
    met(&container, wait.clone().body("x-token: s3cret\n")).await;
    met(&container, wait.body("accept: text/plain\n")).await;
    let host = format!("host: {}\n", container.addr(8080).expect("published"));
    met(&container, WaitFor::http("/echo").body(host)).await;
    met(&container, WaitFor::http("/echo").header("Host", "web.test").body("host: web.test\n")).await;
    met(&container, WaitFor::http("/").method("HEAD")).await;
}

/// C24: an HTTP wait can require a header, by its name in any case and a part of its value.
#[tokio::test]
async fn a_header_of_the_answer_counts_by_name_in_any_case_and_a_part_of_its_value() {
    let session = OwnSession::begin("header").await;
    let container = server(&session).await;
    met(&container, WaitFor::http("/").expect_header("content-type", "text")).await;
    met(&container, WaitFor::http("/").expect_header("Content-Type", "text/plain")).await;
    not_met(&container, WaitFor::http("/").expect_header("content-type", "json")).await;
    not_met(&container, WaitFor::http("/").expect_header("x-ready", "")).await;
}

/// C24: an HTTP wait can require a function of the answer beside its other conditions.
#[tokio::test]
async fn a_check_of_one_s_own_sees_the_answer_and_counts_beside_the_others() {
    let session = OwnSession::begin("check").await;
    let container = server(&session).await;
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = calls.clone();
    let third = move |answer: &seatrial::wait::HttpResponse| {
        let has_type =
            answer.headers.iter().any(|(name, value)| name == "content-type" && value == "text/plain");
        assert!(answer.status == 200 && has_type && &answer.body[..] == b"it-works\n", "{answer:?}");
        counted.fetch_add(1, Ordering::Relaxed) == 2
    };
    met(&container, WaitFor::http("/").matching(third)).await;
    assert_eq!(calls.load(Ordering::Relaxed), 3);
    not_met(&container, WaitFor::http("/").body("it-fails").matching(|_| true)).await;
}

/// C24: an HTTP wait asks the port that was named.
#[tokio::test]
async fn one_of_several_ports_can_be_named() {
    let session = OwnSession::begin("ports").await;
    let request = session.steps("http 8080 http-body other http 8081").port(8080).port(8081);
    let both = WaitFor::all([
        WaitFor::http("/").port(8080).body("ok").into(),
        WaitFor::http("/").port(8081).body("other").into(),
    ]);
    let container = request.clone().wait_for(both).start().await.expect("each answers");
    for (wait, reason) in [
        (WaitFor::http("/"), "several ports are published"),
        (WaitFor::http("/").port(9090), "port 9090/tcp is not published"),
    ] {
        let began = Instant::now();
        let error = failed(container.wait(wait).await);
        assert!(error.is_not_ready() && !error.is_timeout(), "{error}");
        assert!(error.to_string().contains(reason) && began.elapsed() < Duration::from_secs(30), "{error}");
    }
}

/// C24: an HTTP wait does not take another protocol or silence for an answer.
#[tokio::test]
async fn a_server_without_http_or_without_an_answer_is_not_ready() {
    let session = OwnSession::begin("not-http").await;
    let steps = "listen 7000 SSH-2.0-x accept 7001 http-delay 10s http 7002";
    let container = session.steps(steps).port(7000).port(7001).port(7002).start().await.expect("it starts");
    for port in [7000, 7001, 7002, 7003] {
        let error = failed(container.wait_timeout(WaitFor::http("/").port(port), SHORT).await);
        assert!(error.is_not_ready(), "{error}");
    }
}

/// C24: an HTTP wait with an invalid path, method or header is refused before a container is created.
#[tokio::test]
async fn an_impossible_request_is_refused_before_anything_starts() {
    let session = OwnSession::begin("bad-http").await;
    for (wait, reason) in [
        (WaitFor::http("health"), "must begin with `/`"),
        (WaitFor::http("/").method("GET IT"), "method `GET IT`"),
        (WaitFor::http("/").header("a b", "c"), "header `a b`"),
        (WaitFor::http("/").header("a", "b\nc"), "value"),
        (WaitFor::http("/a b"), "path `/a b`"),
    ] {
        let error = failed(session.idle().wait_for(wait).start().await);
        assert!(error.is_invalid() && error.to_string().contains(reason), "{error}");
    }
}
