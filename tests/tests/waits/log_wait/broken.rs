//! Log waits over connections that break.

use seatrial::WaitFor;
use seatrial_test_support::own_session::OwnSession;
use seatrial_tests::{EngineProxy, Fault, Matcher};

/// C23, E4: a log wait whose stream breaks within a frame goes on by reading the log.
#[tokio::test]
async fn a_stream_that_is_cut_within_a_frame_is_followed_by_the_log() {
    let proxy = EngineProxy::start_default();
    let session = OwnSession::behind(&proxy, "cut").await;
    // Within the header of the first frame, within its payload, and within the second one's.
    for bytes in [3, 8 + 2, 8 + 7 + 8 + 1] {
        proxy.clear_rules();
        proxy.on(Matcher::regex("POST", "/attach$"), Fault::cut_after(bytes));
        let container = session
            .steps("print line:1 sleep 300ms print line:2 sleep 300ms print line:3 sleep forever")
            .wait_for(WaitFor::regex(r"line:(\d)").times(3))
            .start()
            .await
            .expect("the log has it");
        let found = &container.log_matches()[0];
        assert_eq!(found.captures[1].as_deref(), Some("3"), "nothing is counted twice");
    }
}

/// C23: a log wait survives a log stream that breaks several times.
#[tokio::test]
async fn a_log_that_breaks_off_again_and_again_is_read_again() {
    let proxy = EngineProxy::start_default();
    let session = OwnSession::behind(&proxy, "again").await;
    proxy.on(Matcher::regex("POST", "/attach$"), Fault::cut_after(10));
    let faults = [Fault::cut_after(12), Fault::cut(), Fault::garbage(), Fault::half_head()];
    for fault in faults {
        // The first that none of the faults before it settles.
        proxy.on(Matcher::regex("GET", "/logs$").nth(1), fault);
    }
    let container = session
        .steps("print-lines 2 print ready sleep forever")
        .wait_for(WaitFor::log("ready"))
        .start()
        .await
        .expect("the fifth reading holds");
    assert_eq!(container.log_matches().len(), 1);
    assert_eq!(proxy.count(|request| request.is("GET", "/logs")), 5);
}

/// C23: a log wait notices the container's end although its stream is broken.
#[tokio::test]
async fn an_end_behind_a_broken_connection_is_noticed() {
    let proxy = EngineProxy::start_default();
    let session = OwnSession::behind(&proxy, "end").await;
    proxy.on(Matcher::regex("POST", "/attach$"), Fault::cut_after(0));
    let request = session.steps("sleep 300ms print bye exit 5").wait_for(WaitFor::log("ready"));
    let error = request.start().await.expect_err("it ends");
    assert!(error.is_exited() && error.to_string().contains("code 5"), "{error}");
}
