//! Ends of a log wait without a match.

use std::time::{Duration, Instant};

use seatrial::{WaitFor, logs::LogStream};
use seatrial_test_support::observe::{LONG, SHORT, failed};
use seatrial_test_support::own_session::OwnSession;

/// C23, C25: a log wait fails with the exit code when the container ends without a match.
#[tokio::test]
async fn a_log_wait_ends_at_once_with_the_reason_when_the_container_ends_first() {
    let session = OwnSession::begin("ends").await;
    let request = session
        .misbehave(&["print", "reading /etc/app.conf", "to", "stderr", "print", "no such file", "exit", "3"])
        .wait_for(WaitFor::log("ready"))
        .startup_timeout(2 * LONG);
    let began = Instant::now();
    let error = failed(request.start().await);
    assert!(began.elapsed() < LONG, "{:?}", began.elapsed());
    assert!(error.is_exited() && !error.is_timeout(), "{error}");
    let text = error.to_string();
    for part in ["exited with code 3 before it was ready", "log `ready`", "0 of 1 seen", "no such file"] {
        assert!(text.contains(part), "{text}");
    }
}

/// C23: a log wait sees the last line of a container that ends right after it.
#[tokio::test]
async fn the_last_line_counts_however_fast_the_end_comes() {
    let session = OwnSession::begin("last-words").await;
    for wait in [WaitFor::log("bye"), WaitFor::regex("^(bye)$")] {
        for _ in 0..3 {
            let request = session.steps("print-lines 5000 to stderr print-partial bye exit 1");
            let container =
                request.wait_for(wait.clone()).start().await.expect("it was printed before the end");
            assert_eq!(container.log_matches()[0].stream, LogStream::Stderr);
        }
    }
}

/// C23: a log wait does not take closed streams for the container's end.
#[tokio::test]
async fn a_container_that_closes_its_output_is_waited_for_until_it_ends() {
    let session = OwnSession::begin("closes").await;
    let steps = "print ready close-output trap USR1 4 sleep forever";
    let container = session.steps(steps).wait_for(WaitFor::log("ready")).start().await.expect("it is ready");
    container.wait(WaitFor::log("ready")).await.expect("it is in the log still");
    let error = failed(container.wait_timeout(WaitFor::log("more"), Duration::from_secs(2)).await);
    assert!(error.is_timeout() && !error.is_exited(), "it runs on: {error}");

    let request = session.steps("print ready close-output sleep 2s exit 4").wait_for(WaitFor::log("more"));
    let began = Instant::now();
    let error = failed(request.startup_timeout(2 * LONG).start().await);
    assert!(error.is_exited() && error.to_string().contains("code 4"), "{error}");
    assert!(began.elapsed() > Duration::from_secs(2) && began.elapsed() < LONG, "{:?}", began.elapsed());
}

/// C23: a log wait fails at once if the container's log can't be read.
#[tokio::test]
async fn a_log_that_cannot_be_read_is_said_at_once() {
    let session = OwnSession::begin("no-log").await;
    let request = session.steps("print ready sleep forever").log_driver("none", [("", ""); 0]);
    let container = request
        .wait_for(WaitFor::log("ready"))
        .start()
        .await
        .expect("a wait at the start reads the output itself");
    let began = Instant::now();
    let error = failed(container.wait_timeout(WaitFor::log("ready"), 2 * LONG).await);
    assert!(began.elapsed() < LONG && !error.is_timeout(), "{error}");
    assert!(error.to_string().contains("could not be read"), "{error}");
}

/// C23: a dropped log wait matches nothing any more.
#[tokio::test]
async fn a_wait_that_is_dropped_stops_looking() {
    let session = OwnSession::begin("dropped").await;
    let container = session.steps("print first report USR1 sleep forever").start().await.expect("it starts");
    let wait = container.wait(WaitFor::log("got USR1"));
    assert!(tokio::time::timeout(SHORT, wait).await.is_err());
    container.kill("USR1").await.expect("it runs");
    container.wait(WaitFor::log("got USR1")).await.expect("it prints it");
    assert_eq!(container.log_matches().len(), 1, "the match of the dropped wait is not there");
}
