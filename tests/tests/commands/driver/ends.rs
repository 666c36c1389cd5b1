//! Closing, dropping and giving up, at every stage.

use rstest::rstest;
use seatrial::driver::Status;
use seatrial::pool::MemberState;
use seatrial_test_support::observe::{failed, until};

use super::{Fixture, Kept, Which, shell};

/// Waits until nothing is left of what was dropped.
async fn until_nothing_is_left(fixture: &Fixture) {
    match &fixture.pool {
        None => until("no container is left", || fixture.session.containers().is_empty()).await,
        Some(pool) => {
            until("it is given back", || pool.status().members[0].state == MemberState::Idle).await;
            assert_eq!(fixture.left().await, [""; 0]);
        }
    }
}

/// D1: a task that is closed when prepared, running or over leaves nothing; so do two closes, one after the other or at
/// once.
#[rstest]
#[tokio::test]
async fn a_task_that_is_closed_at_any_stage_leaves_nothing(
    #[values(Which::Docker, Which::Pool)] which: Which,
) {
    let fixture = Fixture::of(which, "driver-close").await;

    let prepared = fixture.driver.prepare(shell("sleep 1001")).await.expect("it is prepared");
    let (one, other) = tokio::join!(prepared.close(), prepared.close());
    one.and(other).expect("nothing is left");
    assert_eq!(fixture.left().await, [""; 0], "closed when it was prepared");
    assert!(prepared.run().await.err().is_some_and(|error| error.is_conflict()));

    let out = Kept::default();
    let task = shell("echo out; sleep 1001").stdout(out.writer());
    let prepared = fixture.driver.prepare(task).await.expect("it is prepared");
    // Nobody awaits it while it is closed.
    let wait = prepared.run().await.expect("it starts");
    prepared.close().await.expect("nothing is left");
    assert_eq!(fixture.left().await, [""; 0], "closed while it ran");
    assert_eq!(wait.await.expect("it is known how it ended").status, Status::Cancelled);
    prepared.close().await.expect("nothing is left");

    let prepared = fixture.driver.prepare(shell("exit 3")).await.expect("it is prepared");
    let wait = prepared.run().await.expect("it starts");
    assert!(prepared.run().await.err().is_some_and(|error| error.is_conflict()), "it runs once");
    assert_eq!(wait.await.expect("it runs").status, Status::Error);
    prepared.cancel();
    for _ in 0..2 {
        prepared.close().await.expect("nothing is left");
    }
    assert_eq!(fixture.left().await, [""; 0], "closed when it had ended");
}

/// D1: a task that is dropped when prepared, starting or running leaves nothing.
#[rstest]
#[tokio::test]
async fn a_task_that_is_dropped_at_any_stage_leaves_nothing(
    #[values(Which::Docker, Which::Pool)] which: Which,
) {
    let fixture = Fixture::of(which, "driver-drop").await;

    drop(fixture.driver.prepare(shell("sleep 1001")).await.expect("it is prepared"));
    until_nothing_is_left(&fixture).await;

    let prepared = fixture.driver.prepare(shell("sleep 1001")).await.expect("it is prepared");
    assert!(futures_util::poll!(prepared.run()).is_pending());
    drop(prepared);
    until_nothing_is_left(&fixture).await;

    let prepared = fixture.driver.prepare(shell("sleep 1001")).await.expect("it is prepared");
    let wait = prepared.run().await.expect("it starts");
    drop(prepared);
    // It runs on, for whoever waits.
    let is_left = !fixture.session.containers().is_empty();
    assert!(is_left);
    drop(wait);
    until_nothing_is_left(&fixture).await;
}

/// D1: a task that is dropped before its run is not started; one that can't be started is an error. Neither leaves
/// anything.
#[rstest]
#[tokio::test]
async fn a_task_that_is_given_up_before_it_runs_or_can_t_be_started_leaves_nothing(
    #[values(Which::Docker, Which::Pool)] which: Which,
) {
    let fixture = Fixture::of(which, "driver-not-started").await;
    let out = Kept::default();
    let task = shell("echo out").stdout(out.writer());
    let prepared = fixture.driver.prepare(task).await.expect("it is prepared");
    prepared.cancel();
    let result = prepared.run().await.expect("it need not start").await.expect("it is known");
    assert_eq!((result.status, result.exit_code), (Status::Cancelled, None));
    assert_eq!(out.text(), "");
    prepared.close().await.expect("nothing is left");
    assert_eq!(fixture.left().await, [""; 0]);

    let error = failed(fixture.run(shell("").command(["no-such-program"])).await);
    assert!(error.to_string().contains("no-such-program"), "{error}");
    assert!(error.to_string().contains("task `shell`"), "{error}");
    until_nothing_is_left(&fixture).await;
}
