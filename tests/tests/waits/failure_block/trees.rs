//! Strategies in `all` and `any`: one line per branch.

use std::time::Duration;

use seatrial::WaitFor;
use seatrial_test_support::observe::{SHORT, failed};
use seatrial_test_support::own_session::OwnSession;

use super::block::assert_block;

/// C26: the block has a line with the outcome of each branch of a combined wait.
#[tokio::test]
async fn each_branch_has_a_line_with_what_became_of_it() {
    let session = OwnSession::begin("tree").await;
    let wait = WaitFor::all([
        WaitFor::log("ready").into(),
        WaitFor::any([
            WaitFor::file("/run/app.pid").into(),
            WaitFor::healthy().into(),
            WaitFor::delay(Duration::from_secs(100)),
        ]),
        WaitFor::regex("accepting (\\w+)").times(2).into(),
    ]);
    let request =
        session.misbehave(&["print", "ready", "print", "accepting connections", "sleep", "forever"]);
    let error = failed(request.wait_for(wait).startup_timeout(SHORT).start().await);
    assert_block!(error, @r#"
    container `[name]` (`seatrial/misbehave:dev`) was not ready after [time]
      waiting for: all of (not met after [time])
        - log `ready` (met after [time])
        - any of (not met after [time])
          - file `/run/app.pid` (not met after [time]); it does not exist
          - its health check to pass (failed after [time]: it has no health check; give it one with `health_check`, or wait for something else)
          - a delay of [time] (not met after [time])
        - log regex `accepting (\w+)`, 2 times (not met after [time]); 1 of 2 seen
      state: running for [time], 0 restarts, no health check
      ports: none
      last 2 lines of stdout:
        ready
        accepting connections
      stderr: nothing
    hint: raise `startup_timeout`, or keep the container to look into it: SEATRIAL_KEEP=on-failure
    "#);
}

/// C26: the block of a failed `any` has each branch's reason.
#[tokio::test]
async fn an_any_of_which_every_branch_failed_gives_each_reason() {
    let session = OwnSession::begin("any").await;
    let wait = WaitFor::any([WaitFor::healthy().into(), WaitFor::http("/").port(80).into()]);
    let error = failed(session.idle().wait_for(wait).start().await);
    assert_block!(error, @r#"
    container `[name]` (`seatrial/misbehave:dev`) can't become ready, after [time]: none of its branches can be met
      waiting for: any of (failed after [time])
        - its health check to pass (failed after [time]: it has no health check; give it one with `health_check`, or wait for something else)
        - HTTP GET / at port 80/tcp to answer 200 to 399 (failed after [time]: port 80/tcp is not published; add `.port(80)` to the request (there are no ports))
      state: running for [time], 0 restarts, no health check
      ports: none
      output: none
    hint: keep the container to look into it: SEATRIAL_KEEP=on-failure
    "#);
}
