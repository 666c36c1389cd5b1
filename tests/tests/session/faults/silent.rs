//! Answers that begin and then stay away.

use std::time::{Duration, Instant};

use futures_util::StreamExt;
use seatrial::WaitFor;
use seatrial_tests::{Fault, Matcher};

use super::hung::{assert_says, impatient};

/// E1: a log that should be read to its end and falls silent ends with a time-out.
#[tokio::test]
async fn a_log_that_falls_silent_in_the_middle_is_a_timeout() {
    let (proxy, session) = impatient("silent-log").await;
    let request = session.misbehave(&["print-lines", "1000", "exit", "0"]).wait_for(WaitFor::exit());
    let container = request.start().await.expect("a container");
    proxy.on(Matcher::regex("GET", "/logs$"), Fault::hang_after(100));
    assert_says(&container.logs().read().await.expect_err("it stops"), "read the log", container.name());
}

/// E1: a copy in which no byte moves for too long ends with a time-out.
#[tokio::test]
async fn a_copy_that_falls_silent_in_the_middle_is_a_timeout() {
    let (proxy, session) = impatient("silent-copy").await;
    let container = session.idle().start().await.expect("a container");
    proxy.on(Matcher::regex("GET", "/archive$"), Fault::hang_after(100));
    let error = container.read_file("/misbehave", 1 << 24).await.expect_err("it stops");
    assert_says(&error, "copy files out", container.name());
}

/// E1: a followed log may be silent for longer than a request's deadline.
#[tokio::test]
async fn a_followed_log_that_is_silent_for_longer_than_the_deadline_goes_on() {
    let (_proxy, session) = impatient("silent-follow").await;
    let steps = ["print", "first", "sleep", "5s", "print", "second", "sleep", "forever"];
    let container = session.misbehave(&steps).start().await.expect("a container");
    let mut lines = container.logs().follow().lines().await.expect("the log");
    for expected in ["first", "second"] {
        let line = tokio::time::timeout(Duration::from_secs(30), lines.next()).await.expect("a line in time");
        assert_eq!(line.expect("one more").expect("no error").text(), expected);
    }
}

/// E1: an answer that comes byte by byte, each in time, does not time out.
#[tokio::test]
async fn a_slow_log_that_keeps_coming_is_no_timeout() {
    let (proxy, session) = impatient("slow-log").await;
    let request = session.misbehave(&["print-lines", "1000", "exit", "0"]).wait_for(WaitFor::exit());
    let container = request.start().await.expect("a container");
    proxy.on(Matcher::regex("GET", "/logs$"), Fault::throttle(3_500));
    let began = Instant::now();
    let output = container.logs().read().await.expect("the whole log");
    assert!(began.elapsed() > super::hung::DEADLINE, "{:?}", began.elapsed());
    assert_eq!(output.stdout_text().lines().count(), 1000);
}
