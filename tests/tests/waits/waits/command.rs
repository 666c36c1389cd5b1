//! The wait for a command.

use std::time::Duration;

use seatrial::WaitFor;
use seatrial_test_support::observe::{SHORT, failed};
use seatrial_test_support::own_session::OwnSession;

/// C24: a command wait runs its command until it exits with 0.
#[tokio::test]
async fn a_command_is_run_until_it_succeeds() {
    let session = OwnSession::begin("succeeds").await;
    let container = session
        .shell("sleep 0.5; touch /ready; exec sleep 1000")
        .wait_for(WaitFor::exec(["test", "-e", "/ready"]))
        .start()
        .await
        .expect("the file comes");
    let there = container.exec(["ls", "/ready"]).await.expect("it runs");
    assert_eq!(there.exit_code, 0);
}

/// C24: a command wait can require an exit code and a text at once.
#[tokio::test]
async fn the_exit_code_and_the_output_count_together() {
    let session = OwnSession::begin("output").await;
    let container = session.shell("exec sleep 1000").start().await.expect("it starts");
    let says =
        |code: i64, redirect: &str| WaitFor::exec(["sh", "-c", &format!("echo up{redirect}; exit {code}")]);
    container.wait(says(3, "").exit_code(3)).await.expect("the code is the one");
    container.wait(says(0, "").output("up")).await.expect("it prints it");
    container.wait(says(3, " >&2").exit_code(3).output("up")).await.expect("on standard error too");
    for wait in [says(3, ""), says(0, "").exit_code(3), says(0, "").output("down"), says(3, "").output("up")]
    {
        let error = failed(container.wait_timeout(wait, SHORT).await);
        assert!(error.is_timeout() && error.to_string().contains("stdout `up`"), "{error}");
    }
}

/// C24: a command wait whose command can't be started says so.
#[tokio::test]
async fn a_command_that_cannot_be_run_is_said() {
    let session = OwnSession::begin("no-command").await;
    let container = session.idle().start().await.expect("it starts");
    let error = failed(container.wait_timeout(WaitFor::exec(["no-such-program"]), SHORT).await);
    assert!(error.is_timeout() && error.to_string().contains("executable file not found"), "{error}");
    let error = failed(container.wait(WaitFor::exec(Vec::<String>::new())).await);
    assert!(error.is_invalid(), "{error}");
}

/// C24: a command wait ends at its deadline although its command hangs.
#[tokio::test]
async fn a_command_that_hangs_is_left_at_the_deadline() {
    let session = OwnSession::begin("hangs").await;
    let container = session.idle().start().await.expect("it starts");
    let error = failed(container.wait_timeout(WaitFor::exec(["misbehave", "sleep", "forever"]), SHORT).await);
    assert!(error.is_timeout(), "{error}");
}

/// C24: a command wait ends a run that takes too long, and runs the command again.
#[tokio::test]
async fn a_run_that_hangs_is_ended_at_its_time_limit_and_the_command_runs_again() {
    let session = OwnSession::begin("attempt").await;
    let container = session.shell("exec sleep 1000").start().await.expect("it starts");
    let first_hangs = ["sh", "-c", "test -e /second && exit 0; touch /second; exec sleep 1000"];
    let wait = WaitFor::exec(first_hangs).attempt_timeout(Duration::from_millis(500));
    container.wait(wait).await.expect("the second run succeeds");
}

/// C26: the block of a command wait has the run under way, or the setter for the time of one run.
#[tokio::test]
async fn a_run_under_way_and_the_time_of_one_run_are_in_the_block() {
    let session = OwnSession::begin("under-way").await;
    let container = session.idle().start().await.expect("it starts");
    let hangs = || WaitFor::exec(["misbehave", "sleep", "forever"]);
    let text = failed(container.wait_timeout(hangs(), Duration::from_millis(1500)).await).to_string();
    assert!(text.contains("first try: no result yet after 1."), "{text}");
    let short = hangs().attempt_timeout(Duration::from_millis(100));
    let text = failed(container.wait_timeout(short, 3 * SHORT).await).to_string();
    assert!(text.contains("did not end within 100 ms"), "{text}");
    assert!(text.contains("hint: raise the `attempt_timeout` of the command wait"), "{text}");
}
