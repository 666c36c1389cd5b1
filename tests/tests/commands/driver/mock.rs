//! The driver without an engine, which keeps the same promises.

use std::io;
use std::time::Duration;

use seatrial::driver::{Driver, MockDriver, MockOutcome, RunResult, Status, Task};
use seatrial::{Error, monitor::Stats};
use seatrial_test_support::observe::failed;
use tokio::sync::broadcast;

use super::Kept;

/// Longer than any test.
const FOR_EVER: Duration = Duration::from_secs(100_000);

async fn run(driver: &MockDriver, task: Task) -> Result<RunResult, Error> {
    driver.prepare(task).await?.run().await?.await
}

/// D4: the mock driver gives tasks the outcomes that were set, by position and by name.
#[tokio::test]
async fn each_task_has_the_outcome_that_it_was_told_to() {
    let driver = MockDriver::new()
        .every(2, MockOutcome::exit(3))
        .nth(4, MockOutcome::out_of_memory())
        .named("victim", MockOutcome::killed())
        .every(0, MockOutcome::fails_to_prepare());
    let mut statuses = Vec::new();
    for id in ["1", "2", "3", "4", "victim", "6"] {
        statuses.push(run(&driver, Task::new(id, "")).await.expect("it runs").status);
    }
    use Status::*;
    assert_eq!(statuses, [Success, Error, Success, OutOfMemory, Killed, Error]);
    assert_eq!(driver.clone().seen(), ["1", "2", "3", "4", "victim", "6"]);
}

/// D4, D3: the mock driver can lose its engine at each stage.
#[tokio::test]
async fn an_engine_that_is_lost_is_an_error_at_each_stage() {
    let driver = MockDriver::new()
        .nth(1, MockOutcome::fails_to_prepare())
        .nth(2, MockOutcome::fails_to_start())
        .nth(3, MockOutcome::lost_engine().after(Duration::from_millis(10)));
    assert!(failed(driver.prepare(Task::new("a", "")).await).is_engine_unreachable());
    let prepared = driver.prepare(Task::new("b", "")).await.expect("it is prepared");
    let error = prepared.run().await.err().expect("it does not start");
    assert!(error.is_engine_unreachable() && error.to_string().starts_with("task `b`: "), "{error}");
    prepared.close().await.expect("nothing is left");
    let wait = driver.prepare(Task::new("c", "")).await.expect("it is prepared").run().await;
    assert!(failed(wait.expect("it starts").await).is_engine_unreachable());
}

/// D4, D2: time limit, cancellation and close of a mock task work as with any driver.
#[tokio::test]
async fn a_delay_can_be_timed_out_cancelled_and_closed() {
    let driver = MockDriver::new().every(1, MockOutcome::success().after(FOR_EVER));
    let timed = Task::new("timed", "").timeout(Duration::from_millis(20));
    assert_eq!(run(&driver, timed).await.expect("it runs").status, Status::Timeout);
    for closes in [false, true] {
        let prepared = driver.prepare(Task::new("given up", "")).await.expect("it is prepared");
        let wait = prepared.run().await.expect("it starts");
        if closes {
            prepared.close().await.expect("nothing is left");
        } else {
            prepared.cancel();
        }
        assert_eq!(wait.await.expect("it is known").status, Status::Cancelled);
    }
}

/// D4, D1: a mock task's output goes to its writers, or is reported as lost.
#[tokio::test]
async fn its_output_is_written_or_said_to_be_lost() {
    let outcome = MockOutcome::exit(1).stdout("out").stderr("err");
    let driver = MockDriver::new().every(1, outcome);
    let (out, err) = (Kept::default(), Kept::default());
    let task = Task::new("prints", "").stdout(out.writer()).stderr(err.writer());
    assert_eq!(run(&driver, task).await.expect("it runs").status, Status::Error);
    assert_eq!((out.text().as_str(), err.text().as_str()), ("out", "err"));
    let (reader, writer) = tokio::io::duplex(1);
    let task = Task::new("stuck", "").writer_timeout(Duration::from_millis(50)).stdout(Box::new(writer));
    let result = run(&driver, task).await.expect("it runs");
    assert_eq!(result.stdout_error.map(|error| error.kind()), Some(io::ErrorKind::TimedOut));
    drop(reader);
}

/// D4, D5: a mock task's samples, gaps included, go to the receiver if there is one.
#[tokio::test]
async fn its_samples_are_told() {
    let mut stats = Stats::default();
    stats.memory_bytes = Some(1 << 20);
    let scripted = [stats, Stats::default()];
    let driver = MockDriver::new().every(1, MockOutcome::success().stats(scripted.clone()));
    let (sink, mut samples) = broadcast::channel(2);
    let result = run(&driver, Task::new("measured", "").stats_to(sink)).await.expect("it runs");
    assert_eq!(result.status, Status::Success);
    for sample in scripted {
        assert_eq!(samples.recv().await, Ok(sample));
    }
    assert!(samples.recv().await.is_err(), "the task has ended");
    let (sink, _) = broadcast::channel(1);
    let result = run(&driver, Task::new("unseen", "").stats_to(sink)).await.expect("it runs");
    assert_eq!(result.status, Status::Success);
}
