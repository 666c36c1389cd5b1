//! The span of a log wait: from the start of this run, or from now on.

use std::time::Duration;

use futures_util::poll;
use seatrial::WaitFor;
use seatrial_test_support::observe::{LONG, SHORT, failed, until};
use seatrial_test_support::own_session::OwnSession;
use seatrial_tests::{EngineProxy, Fault, Matcher, Request};

/// Prints something at once, and something else whenever it is told to.
const ON_SIGNAL: &str = "print first report USR1 sleep forever";

/// C23: a log wait after the start sees the first output, although the engine stamps it earlier than the start.
#[tokio::test]
async fn a_wait_after_the_start_sees_what_was_printed_first() {
    let session = OwnSession::begin("first").await;
    for _ in 0..10 {
        let container = session.steps("print first sleep forever").start().await.expect("it starts");
        container.wait_timeout(WaitFor::log("first"), Duration::from_secs(10)).await.expect("it was printed");
    }
}

/// C23: a log wait on a container that has ended reads its log.
#[tokio::test]
async fn a_wait_after_the_end_sees_what_was_printed() {
    let session = OwnSession::begin("ended").await;
    let container = session
        .steps("print first print-partial last exit 3")
        .wait_for(WaitFor::exit())
        .start()
        .await
        .expect("it ends");
    for wait in [WaitFor::log("first"), WaitFor::log("last"), WaitFor::regex("^last$")] {
        container.wait(wait).await.expect("it was printed");
    }
    let error = failed(container.wait(WaitFor::log("never")).await);
    assert!(error.is_exited() && !error.is_timeout(), "{error}");
}

/// C23: output from before a restart does not match.
#[tokio::test]
async fn only_the_new_run_counts_after_a_restart() {
    let session = OwnSession::begin("restart").await;
    // The second run finds the file that the first one left.
    let line = "if [ -e /ran ]; then echo second; else touch /ran; echo first; fi; exec sleep 1000";
    let container = session.shell(line).wait_for(WaitFor::log("first")).start().await.expect("it starts");
    container.restart().await.expect("it restarts");
    container.wait(WaitFor::log("second")).await.expect("the second run prints it");
    let error = failed(container.wait_timeout(WaitFor::log("first"), SHORT).await);
    assert!(error.is_not_ready(), "{error}");
    container.kill("KILL").await.expect("it runs");
    container.wait(WaitFor::exit()).await.expect("it ends");
    container.wait(WaitFor::log("second")).await.expect("the run that is over printed it");
    let error = failed(container.wait(WaitFor::log("first")).await);
    assert!(error.is_exited(), "{error}");
}

/// C23: a log wait goes on in the next run when the engine restarts the container.
#[tokio::test]
async fn a_run_that_the_engine_itself_restarts_is_waited_for() {
    let session = OwnSession::begin("policy").await;
    let line = "echo x >> /ran; n=$(wc -l < /ran); echo run $n; [ $n -ge 3 ] && exec sleep 1000; exit 1";
    let container = session
        .shell(line)
        .restart_policy(seatrial::container::RestartPolicy::OnFailure(5))
        .wait_for(WaitFor::log("run 3"))
        .start()
        .await
        .expect("the third run stays");
    let error = failed(container.wait_timeout(WaitFor::log("run 1"), SHORT).await);
    assert!(error.to_string().contains("2 restarts"), "{error}");
}

/// C23: a wait "from now on" ignores earlier output.
#[tokio::test]
async fn a_wait_from_now_on_leaves_out_earlier_output() {
    let proxy = EngineProxy::start_default();
    let session = OwnSession::behind(&proxy, "now").await;
    let container =
        session.steps(ON_SIGNAL).wait_for(WaitFor::log("first")).start().await.expect("it starts");
    container.kill("USR1").await.expect("it runs");
    container.wait(WaitFor::log("got USR1")).await.expect("it prints it");
    let error = failed(container.wait_timeout(WaitFor::log("got USR1").from_now(), SHORT).await);
    assert!(error.is_not_ready(), "{error}");

    proxy.clear();
    let mut wait = std::pin::pin!(container.wait(WaitFor::log("got USR1").from_now()));
    assert!(poll!(&mut wait).is_pending());
    until_attached(&proxy, 1).await;
    container.kill("USR1").await.expect("it runs");
    tokio::time::timeout(LONG, wait).await.expect("not too long").expect("it prints it again");
    assert_eq!(container.log_matches().len(), 3);
}

/// C23: a wait "from now on" still ignores earlier output after its stream broke.
#[tokio::test]
async fn a_wait_from_now_on_leaves_out_earlier_output_when_the_connection_breaks() {
    let proxy = EngineProxy::start_default();
    let session = OwnSession::behind(&proxy, "now-broken").await;
    let container =
        session.steps(ON_SIGNAL).wait_for(WaitFor::log("first")).start().await.expect("it starts");
    container.kill("USR1").await.expect("it runs");
    container.wait(WaitFor::log("got USR1")).await.expect("it prints it");
    proxy.clear();
    proxy.on(Matcher::regex("POST", "/attach$"), Fault::cut_after(0));
    let error = failed(container.wait_timeout(WaitFor::log("got USR1").from_now(), 2 * SHORT).await);
    assert!(error.is_not_ready(), "{error}");
    let mut wait = std::pin::pin!(container.wait(WaitFor::log("got USR1").from_now()));
    assert!(poll!(&mut wait).is_pending());
    until_attached(&proxy, 2).await;
    container.kill("USR1").await.expect("it runs");
    tokio::time::timeout(LONG, wait).await.expect("not too long").expect("it prints it again");
}

/// C23: waits with different starts on one container each see their own span.
#[tokio::test]
async fn waits_from_now_and_from_the_start_are_not_mixed_up() {
    let session = OwnSession::begin("mixed").await;
    let container = session.steps(ON_SIGNAL).start().await.expect("it starts");
    let mixed = WaitFor::all([WaitFor::log("first").into(), WaitFor::log("first").from_now().into()]);
    let error = failed(container.wait(mixed).await);
    assert!(error.is_invalid(), "{error}");
}

/// Waits until the engine has answered so many requests to attach.
async fn until_attached(proxy: &EngineProxy, count: usize) {
    let attached = |request: &Request| request.is("POST", "/attach") && request.status == Some(101);
    until("the wait reads", || proxy.count(attached) >= count).await;
}
