//! The container's output is never held back, whatever becomes of the wait and of its reader.

use std::sync::Mutex;
use std::sync::mpsc::channel;
use std::time::Duration;

use futures_util::future::{Either, select};
use seatrial::WaitFor;
use seatrial_test_support::observe::{LONG, block_until_exited, state, until};
use seatrial_test_support::own_session::{OwnSession, own_id};

/// More than all buffers between a container and us hold, then the end.
const LOUD: &str = "print ready print-bytes 24MiB to stderr print-bytes 24MiB to stdout print done exit 7";

/// C23: a container is not held back after the wait, although nobody reads its output.
#[tokio::test]
async fn a_container_goes_on_printing_after_the_wait_while_the_runtime_is_blocked() {
    let session = OwnSession::begin("after").await;
    let container = session.steps(LOUD).wait_for(WaitFor::log("ready")).start().await.expect("it is ready");
    assert_eq!(block_until_exited(container.id().as_str()), 7);
}

/// C23: a container is not held back during the wait, although the runtime is blocked.
#[tokio::test]
async fn a_container_goes_on_printing_during_the_wait_while_the_runtime_is_blocked() {
    let session = OwnSession::begin("during").await;
    let name = own_id("during-loud");
    let request = session.steps(LOUD).name(&name).wait_for(WaitFor::log("done")).startup_timeout(2 * LONG);
    let start = std::pin::pin!(request.start());
    let started = std::pin::pin!(until("it is started", || has_started(&name)));
    let start = match select(start, started).await {
        Either::Left((result, _)) => {
            drop(result.expect("it was printed"));
            return;
        }
        Either::Right(((), start)) => start,
    };
    assert_eq!(block_until_exited(&name), 7);
    let container = start.await.expect("it was printed before the end");
    assert_eq!(container.log_matches().len(), 1);
}

/// Returns `true` if the engine has started a container. Before that it reports the year 1 as the start.
fn has_started(name: &str) -> bool {
    state(name)["StartedAt"].as_str().is_some_and(|at| !at.starts_with("0001"))
}

/// C23: a container is not held back by a wait that was dropped.
#[tokio::test]
async fn a_container_goes_on_printing_when_the_wait_was_dropped() {
    let session = OwnSession::begin("dropped").await;
    let container =
        session.steps("report USR1 sleep 500ms print-bytes 32MiB exit 7").start().await.expect("it starts");
    for wait in [WaitFor::log("never"), WaitFor::log("never").from_now()] {
        assert!(tokio::time::timeout(Duration::from_millis(100), container.wait(wait)).await.is_err());
    }
    assert_eq!(block_until_exited(container.id().as_str()), 7);
}

/// C23: a container is not held back by a slow consumer of its output.
#[tokio::test]
async fn a_slow_consumer_does_not_hold_the_container_back() {
    let session = OwnSession::begin("slow").await;
    let (let_go, gate) = channel::<()>();
    let gate = Mutex::new(gate);
    let container = session
        .steps("print-lines 400000 exit 7")
        // Stuck at its first line until the test is over.
        .on_log(move |_| {
            let _ = gate.lock().expect("no panic").recv();
        })
        .start()
        .await
        .expect("it starts");
    assert_eq!(block_until_exited(container.id().as_str()), 7);
    container.wait(WaitFor::log("line 400000")).await.expect("others read on");
    drop(let_go);
}

/// C23: a log wait gets through 200 000 lines on a current-thread runtime.
#[tokio::test]
async fn two_hundred_thousand_lines_are_searched_in_a_current_thread_runtime() {
    many_lines().await;
}

/// C23: a log wait gets through 200 000 lines on a multi-thread runtime.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_thousand_lines_are_searched_in_a_multi_thread_runtime() {
    many_lines().await;
}

async fn many_lines() {
    let session = OwnSession::begin("many").await;
    let last = WaitFor::all([
        WaitFor::log("line 200000\n").into(),
        WaitFor::regex(r"^line (\d+)$").times(200_000).into(),
        WaitFor::log("line 100000\n").on_stdout().into(),
    ]);
    let container = session
        .steps("print-lines 200000 sleep forever")
        .wait_for(last.clone())
        .start()
        .await
        .expect("every line is seen");
    let matches = container.log_matches();
    assert!(matches.iter().any(|found| found.captures.get(1) == Some(&Some("200000".into()))), "{matches:?}");
    container.wait(last).await.expect("in the log too");
}
