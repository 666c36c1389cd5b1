//! Containers that end first, and containers that stay.

use seatrial::{Keep, WaitFor};
use seatrial_test_support::observe::{SHORT, failed, until_told};
use seatrial_test_support::own_session::{OwnSession, own_id, remove_by_hand};
use seatrial_tests::{EngineProxy, Fault, Matcher};

use super::block::assert_block;

/// C26, C25: the block has the exit code and the last output of a container that exited early.
#[tokio::test]
async fn an_early_exit_says_its_code_and_what_was_printed() {
    let session = OwnSession::begin("exit").await;
    let steps = [
        "print",
        "reading /etc/app.conf",
        "to",
        "stderr",
        "print",
        "no such file",
        "sleep",
        "1s",
        "exit",
        "3",
    ];
    let wait = WaitFor::all([WaitFor::log("ready").into(), WaitFor::file("/ready").into()]);
    let error = failed(session.misbehave(&steps).wait_for(wait).start().await);
    assert_block!(error, @r#"
    container `[name]` (`seatrial/misbehave:dev`) exited with code 3 before it was ready, after [time]
      waiting for: all of (not met after [time])
        - log `ready` (not met after [time]); 0 of 1 seen
        - file `/ready` (not met after [time]); it does not exist
      state: exited with code 3 after [time], 0 restarts, no health check
      ports: none
      last line of stdout:
        reading /etc/app.conf
      last line of stderr:
        no such file
    hint: keep the container to look into it: SEATRIAL_KEEP=on-failure
    "#);
}

/// C26, C25: the block tells an end for want of memory from a kill.
#[tokio::test]
async fn an_end_by_memory_is_told_from_a_kill() {
    let session = OwnSession::begin("memory").await;
    let request = session.steps("print loading eat-memory all").memory(24 << 20);
    let request = request.wait_for(WaitFor::log("ready"));
    let attempt = async || failed(request.start().await);
    let error = until_told(attempt, |error| error.to_string().contains("OOM")).await;
    assert_block!(error, @r#"
    container `[name]` (`seatrial/misbehave:dev`) was OOM-killed before it was ready, after [time]
      waiting for: log `ready`; 0 of 1 seen
      state: exited with code 137 after [time], OOM-killed, 0 restarts, no health check
      ports: none
      last line of stdout:
        loading
      stderr: nothing
    hint: raise `memory`, or keep the container to look into it: SEATRIAL_KEEP=on-failure
    "#);
    let error = failed(session.steps("kill-self KILL").wait_for(WaitFor::log("ready")).start().await);
    assert!(
        error.to_string().contains("exited with code 137") && !error.to_string().contains("OOM"),
        "{error}"
    );
}

/// C26, C25: the block of a removed container shows the output that was read before.
#[tokio::test]
async fn a_container_that_is_gone_leaves_what_was_read_of_it() {
    let session = OwnSession::begin("gone").await;
    let container = session.steps("print last-words sleep forever").start().await.expect("it starts");
    let wait = container.wait(WaitFor::all([WaitFor::log("ready").into(), WaitFor::log("more").into()]));
    let mut wait = std::pin::pin!(wait);
    assert!(tokio::time::timeout(SHORT, &mut wait).await.is_err());
    remove_by_hand(container.id().as_str());
    let error = failed(wait.await);
    let report = error.report().expect("a report");
    assert!(error.is_exited() && report.stdout == ["last-words"], "{error}");
}

/// C26, C12: the block says that the container was kept.
#[tokio::test]
async fn a_container_that_is_kept_is_said_to_be() {
    let session = OwnSession::begin("kept").await;
    let name = own_id("failure-block-kept");
    let request = session.steps("exit 1").name(&name).keep(Keep::OnFailure).wait_for(WaitFor::log("ready"));
    let error = failed(request.start().await);
    remove_by_hand(&name);
    assert_block!(error, @r#"
    container `[name]` (`seatrial/misbehave:dev`) exited with code 1 before it was ready, after [time]
      waiting for: log `ready`; 0 of 1 seen
      state: exited with code 1 after [time], 0 restarts, no health check
      ports: none
      output: none
    hint: the container is kept: `docker logs [name]`, `docker exec -it [name] sh`
    "#);
}

/// C26, E1: the block is printed in bounded time although the engine does not answer.
#[tokio::test]
async fn an_engine_that_hangs_holds_the_report_up_for_a_bounded_time() {
    let proxy = EngineProxy::start_default();
    let session = OwnSession::behind(&proxy, "hangs").await;
    // The start itself looks once.
    proxy.on(Matcher::regex("GET", "/json$").from_nth(2), Fault::hang());
    proxy.on(Matcher::regex("GET", "/logs$"), Fault::hang());
    let request = session.steps("print hello sleep forever").wait_for(WaitFor::log("ready"));
    let error = failed(request.startup_timeout(SHORT).start().await);
    assert_block!(error, @r#"
    container `[name]` (`seatrial/misbehave:dev`) was not ready after [time]
      waiting for: log `ready`; 0 of 1 seen
      state: unknown: the engine did not answer within [time]
      ports: none
      last line of stdout:
        hello
      stderr: nothing
    hint: raise `startup_timeout`, or keep the container to look into it: SEATRIAL_KEEP=on-failure
    "#);
}
