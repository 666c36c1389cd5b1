//! One strategy that is not met in time.

use std::time::Duration;

use seatrial::{ContainerRequest, Error, WaitFor, container::HealthCheck};
use seatrial_test_support::observe::{SHORT, failed};
use seatrial_test_support::own_session::OwnSession;

use super::block::assert_block;

/// Returns the error of a start that waits in vain.
async fn in_vain(request: ContainerRequest, wait: impl Into<WaitFor>) -> Error {
    failed(request.wait_for(wait).startup_timeout(3 * SHORT).start().await)
}

/// C26: the block says how many matches of a log wait were seen.
#[tokio::test]
async fn a_log_line_says_how_often_it_was_seen() {
    let session = OwnSession::begin("log").await;
    let steps = "print starting to stderr print-lines 3 print ready sleep forever";
    let error = in_vain(session.steps(steps), WaitFor::log("ready").on_stderr().times(2)).await;
    assert_block!(error, @r#"
    container `[name]` (`seatrial/misbehave:dev`) was not ready after [time]
      waiting for: log `ready` on stderr, 2 times; 1 of 2 seen
      state: running for [time], 0 restarts, no health check
      ports: none
      last line of stdout:
        starting
      last 4 lines of stderr:
        line 1
        line 2
        line 3
        ready
    hint: raise `startup_timeout`, or keep the container to look into it: SEATRIAL_KEEP=on-failure
    "#);
}

/// C26: the block and the hint tell output that nearly meets a log wait.
#[tokio::test]
async fn output_that_nearly_meets_a_log_wait_is_told() {
    let session = OwnSession::begin("near").await;
    let request = session.misbehave(&["print", "Ready to accept", "sleep", "forever"]);
    let text = in_vain(request.clone(), WaitFor::log("ready to  accept")).await.to_string();
    assert!(text.contains("0 of 1 seen; `Ready to accept` differs in case or spaces"), "{text}");
    assert!(text.contains("hint: correct the log wait: `Ready to accept` differs"), "{text}");
    let text = in_vain(request, WaitFor::log("Ready to").on_stderr()).await.to_string();
    assert!(text.contains("0 of 1 seen; `Ready to accept` is on stdout"), "{text}");
}

/// C26: the hint for a status that more time does not change is to check the request.
#[tokio::test]
async fn the_hint_for_a_404_is_not_more_time() {
    let session = OwnSession::begin("http-404").await;
    let error = in_vain(session.steps("http 80").port(80), WaitFor::http("/status/404")).await;
    let text = error.to_string();
    assert!(text.contains("hint: check the path and the expected status of the HTTP wait"), "{text}");
    assert!(!text.contains("startup_timeout"), "{text}");
}

/// C26: the block has the last status and body of an HTTP wait.
#[tokio::test]
async fn http_says_the_last_status_and_body() {
    let session = OwnSession::begin("http").await;
    let steps = "http-fail 100000 http 80";
    let error = in_vain(session.steps(steps).port(80), WaitFor::http("/health").status(200)).await;
    assert_block!(error, @r#"
    container `[name]` (`seatrial/misbehave:dev`) was not ready after [time]
      waiting for: HTTP GET /health to answer 200; last answer: status 503, body `not yet`
      state: running for [time], 0 restarts, no health check
      ports: 80/tcp -> [address]
      output: none
    hint: raise `startup_timeout`, or keep the container to look into it: SEATRIAL_KEEP=on-failure
    "#);
}

/// C26: the block has the reason why an HTTP wait got no answer.
#[tokio::test]
async fn http_says_why_nobody_answers() {
    let session = OwnSession::begin("http-none").await;
    let wait = WaitFor::http("/").port(80).body("up").expect_header("server", "web");
    let error = in_vain(session.steps("print hello sleep forever").port(80).port(81), wait).await;
    let text = error.to_string();
    assert!(text.contains("; last try: 127.0.0.1:"), "{text}");
    assert!(text.contains("HTTP GET / at port 80/tcp to answer 200 to 399 with `up` in its body"), "{text}");
}

/// C26: the block says that the connection was refused inside the container if no process listens there.
#[tokio::test]
async fn http_says_that_the_connection_is_refused_if_no_process_listens() {
    let session = OwnSession::begin("http-refused").await;
    let error = in_vain(session.idle().port(80), WaitFor::http("/")).await;
    assert!(error.to_string().to_lowercase().contains("connection refused"), "{error}");
}

/// C26: the hint for HTTP answers that come too late names the setter for the time of one try.
#[tokio::test]
async fn http_names_the_setter_for_the_time_of_one_try() {
    let session = OwnSession::begin("http-slow").await;
    let wait = || WaitFor::http("/").attempt_timeout(Duration::from_millis(200));
    let request = session.steps("http-delay 1s http 80").port(80);
    let text = in_vain(request.clone(), wait()).await.to_string();
    assert!(text.contains("no answer within 200 ms"), "{text}");
    assert!(text.contains("hint: raise the `attempt_timeout` of the HTTP wait"), "{text}");
    let patient = wait().attempt_timeout(Duration::from_secs(20));
    drop(request.wait_for(patient).start().await.expect("it answers after a second"));
}

/// C26: the block has the last exit code and output of a command wait.
#[tokio::test]
async fn a_command_says_its_last_exit_code_and_output() {
    let session = OwnSession::begin("exec").await;
    let wait = WaitFor::exec(["misbehave", "to", "stderr", "print", "no", "exit", "3"]).output("up");
    let error = in_vain(session.idle(), wait).await;
    assert_block!(error, @r#"
    container `[name]` (`seatrial/misbehave:dev`) was not ready after [time]
      waiting for: command `misbehave to stderr print no exit 3` to end with exit code 0 and print `up`; last run: exit code 3, stdout nothing, stderr `no`
      state: running for [time], 0 restarts, no health check
      ports: none
      output: none
    hint: raise `startup_timeout`, or keep the container to look into it: SEATRIAL_KEEP=on-failure
    "#);
}

/// C26: the block has the result of the last connection that a port wait tried.
#[tokio::test]
async fn a_port_says_who_accepts_and_who_does_not() {
    let session = OwnSession::begin("port").await;
    let error = in_vain(session.idle().port(5432), WaitFor::port(5432)).await;
    assert_block!(error, @r#"
    container `[name]` (`seatrial/misbehave:dev`) was not ready after [time]
      waiting for: port 5432/tcp to accept connections; last try: [address]: accepted and closed at once
      state: running for [time], 0 restarts, no health check
      ports: 5432/tcp -> [address]
      output: none
    hint: raise `startup_timeout`, or keep the container to look into it: SEATRIAL_KEEP=on-failure
    "#);
}

/// C26: the block has the last output of the health check.
#[tokio::test]
async fn a_health_check_says_what_it_printed() {
    let session = OwnSession::begin("health").await;
    let check = HealthCheck::cmd(["misbehave", "health-file", "/ready"]);
    let request = session.idle().health_check(check.interval(Duration::from_millis(100)).retries(2));
    let error = in_vain(request.clone(), WaitFor::healthy()).await;
    assert_block!(error, @r#"
    container `[name]` (`seatrial/misbehave:dev`) was not ready after [time]
      waiting for: its health check to pass
      state: running for [time], 0 restarts, health: unhealthy
      last health check printed: `unhealthy: `/ready` is not there`
      ports: none
      output: none
    hint: raise `startup_timeout`, or keep the container to look into it: SEATRIAL_KEEP=on-failure
    "#);
    let error = in_vain(request, WaitFor::healthy().fail_on_unhealthy()).await;
    assert_block!(error, @r#"
    container `[name]` (`seatrial/misbehave:dev`) can't become ready, after [time]: it is unhealthy
      waiting for: its health check to pass
      state: running for [time], 0 restarts, health: unhealthy
      last health check printed: `unhealthy: `/ready` is not there`
      ports: none
      output: none
    hint: keep the container to look into it: SEATRIAL_KEEP=on-failure
    "#);
}

/// C26: the block of a wait after the start has a hint that fits there.
#[tokio::test]
async fn a_wait_after_the_start_says_what_to_do_there() {
    let session = OwnSession::begin("later").await;
    let container = session.idle().start().await.expect("it starts");
    let error = failed(container.wait_timeout(WaitFor::file("/ready"), SHORT).await);
    assert_block!(error, @r#"
    container `[name]` (`seatrial/misbehave:dev`) was not ready after [time]
      waiting for: file `/ready`; it does not exist
      state: running for [time], 0 restarts, no health check
      ports: none
      output: none
    hint: give it more time, or keep the container to look into it: SEATRIAL_KEEP=always
    "#);
}
