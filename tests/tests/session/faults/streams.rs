//! Streams of output that are cut in the middle of a frame.

use std::time::Duration;

use futures_util::StreamExt;
use seatrial::{WaitFor, container::RunEnd};
use seatrial_test_support::own_session::OwnSession;
use seatrial_tests::{EngineProxy, Fault, Matcher};

/// C23, E1: a frame's header has 8 bytes; the cuts are in a header, behind one, in a text, and between frames.
const CUTS: [u64; 5] = [3, 8, 11, 19, 1_000];

/// C23: a log wait whose stream is cut goes on with the log.
#[tokio::test]
async fn a_log_wait_whose_stream_is_cut_is_met_all_the_same() {
    for cut in CUTS {
        let proxy = EngineProxy::start_default();
        let session = OwnSession::behind(&proxy, "cut-wait").await;
        proxy.on(Matcher::regex("POST", "/attach$"), Fault::cut_after(cut));
        let steps = ["print-lines", "100", "sleep", "500ms", "print", "ready 7", "sleep", "forever"];
        let request = session.misbehave(&steps).wait_for(WaitFor::regex(r"^ready (\d)$"));
        let container = request.start().await.expect("it is ready");
        assert_eq!(container.log_matches().len(), 1, "cut after {cut} bytes");
    }
}

/// C13: a run whose stream is cut returns the whole output, each byte once.
#[tokio::test]
async fn a_run_whose_stream_is_cut_gives_back_the_whole_output() {
    let expected: String = (1..=1000).map(|line| format!("line {line}\n")).collect();
    for cut in CUTS {
        let proxy = EngineProxy::start_default();
        let session = OwnSession::behind(&proxy, "cut-run").await;
        proxy.on(Matcher::regex("POST", "/attach$"), Fault::cut_after(cut));
        let output = session.misbehave(&["print-lines", "1000", "exit", "5"]).run().await.expect("it ran");
        assert_eq!(output.end, RunEnd::Exited(5));
        let stdout = output.stdout_text();
        let lines = stdout.lines().count();
        assert!(stdout == expected, "cut after {cut} bytes: {lines} lines, {:?} …", stdout.get(..40));
    }
}

/// C22: a log that is cut is an error, not a shorter log.
#[tokio::test]
async fn a_log_that_is_cut_is_an_error() {
    let proxy = EngineProxy::start_default();
    let session = OwnSession::behind(&proxy, "cut-log").await;
    let request = session.misbehave(&["print-lines", "1000", "exit", "0"]).wait_for(WaitFor::exit());
    let container = request.start().await.expect("a container");
    for cut in CUTS {
        proxy.clear_rules();
        proxy.on(Matcher::regex("GET", "/logs$"), Fault::cut_after(cut));
        let error = container.logs().read().await.expect_err("it is cut");
        assert!(error.is_protocol(), "cut after {cut} bytes: {error}");
        let lines: Vec<_> = container.logs().lines().await.expect("it begins").collect().await;
        assert!(lines.last().is_some_and(Result::is_err), "cut after {cut} bytes: {lines:?}");
    }
}

/// C22: a followed log that is cut gives the lines before the cut, and then an error.
#[tokio::test]
async fn a_followed_log_that_is_cut_ends_with_an_error() {
    let proxy = EngineProxy::start_default();
    let session = OwnSession::behind(&proxy, "cut-follow").await;
    let request = session.misbehave(&["print-lines", "100", "sleep", "forever"]);
    let container = request.start().await.expect("a container");
    proxy.on(Matcher::regex("GET", "/logs$"), Fault::cut_after(1_000));
    let lines = container.logs().follow().lines().await.expect("it begins");
    let lines = tokio::time::timeout(Duration::from_secs(30), lines.collect::<Vec<_>>());
    let lines = lines.await.expect("it ends");
    let (last, before) = lines.split_last().expect("something came");
    assert!(last.is_err() && !before.is_empty(), "{lines:?}");
    for (index, line) in before.iter().enumerate() {
        assert_eq!(line.as_ref().expect("a line").text(), format!("line {}", index + 1));
    }
}
