//! Each status, by a real container.

use std::time::Duration;

use rstest::rstest;
use seatrial::driver::{Status, Task};
use seatrial_test_support::observe::until;
use seatrial_test_support::own_session::{MISBEHAVE, OwnSession};
use seatrial_tests::{Engine, EngineProxy, Fault, Gate, Matcher};

use super::{Fixture, Kept, Which, shell};

/// D2, D1: each end has its status, and the output until the end is complete.
#[rstest]
#[tokio::test]
async fn a_task_that_ended_has_one_of_these_statuses(#[values(Which::Docker, Which::Pool)] which: Which) {
    let fixture = Fixture::of(which, "driver-status").await;
    for (line, timeout, status, code) in [
        ("echo out; echo err >&2", 0, Status::Success, 0),
        ("echo out; echo err >&2; exit 3", 60, Status::Error, 3),
        // The exit code alone tells neither a lack of memory nor a time-out.
        ("echo out; echo err >&2; exit 137", 60, Status::Killed, 137),
        ("echo out; echo err >&2; sleep 1001 & sleep 1002", 2, Status::Timeout, 137),
    ] {
        let (out, err) = (Kept::default(), Kept::default());
        let task = shell(line).timeout(Duration::from_secs(timeout));
        let task = task.stdout(out.writer()).stderr(err.writer());
        let result = fixture.run(task).await.expect("the engine runs it");
        assert_eq!((result.status, result.exit_code), (status, Some(code)), "{line}: {result:?}");
        assert_eq!((out.text().as_str(), err.text().as_str()), ("out\n", "err\n"), "{line}");
        assert!(result.stdout_error.is_none() && result.elapsed > Duration::ZERO, "{result:?}");
    }
    if which == Which::Pool {
        assert_eq!(fixture.left().await, [""; 0], "its children are ended with it");
    }
}

/// D2: dropping a task's future cancels the task and ends its command.
#[rstest]
#[tokio::test]
async fn a_task_that_is_given_up_is_cancelled(#[values(Which::Docker, Which::Pool)] which: Which) {
    let fixture = Fixture::of(which, "driver-cancelled").await;
    let out = Kept::default();
    let prepared = fixture.driver.prepare(shell("echo out; sleep 1001").stdout(out.writer())).await;
    let prepared = prepared.expect("it is prepared");
    let wait = tokio::spawn(prepared.run().await.expect("it starts"));
    until("it prints", || !out.bytes().is_empty()).await;
    prepared.cancel();
    prepared.cancel();
    let result = wait.await.expect("no panic").expect("the engine runs it");
    assert_eq!((result.status, result.exit_code), (Status::Cancelled, Some(137)));
    prepared.close().await.expect("nothing is left");
    assert_eq!(fixture.left().await, [""; 0]);
}

/// D2: a task that the kernel killed for want of memory has that status. Some engines report it only now and then.
#[rstest]
#[tokio::test]
async fn a_task_that_takes_too_much_memory_is_out_of_memory(
    #[values(Which::Docker, Which::Pool)] which: Which,
) {
    const MEMORY: u64 = 32 << 20;
    let session = OwnSession::begin("driver-memory").await;
    let (fixture, command) = match which {
        Which::Docker => (Fixture::in_session(which, session).await, vec!["eat-memory", "all"]),
        Which::Pool => {
            let request = session.idle().memory(MEMORY).memory_swap(MEMORY);
            (Fixture::with_pool(request, session).await, vec!["/misbehave", "eat-memory", "all"])
        }
    };
    let mut statuses = Vec::new();
    while statuses.len() < 5 && !statuses.contains(&Status::OutOfMemory) {
        let task = Task::new("eats", MISBEHAVE).command(command.clone()).memory(MEMORY);
        let result = fixture.run(task).await.expect("the engine runs it");
        assert_eq!(result.exit_code, Some(137), "{result:?}");
        statuses.push(result.status);
    }
    assert_eq!(statuses.last(), Some(&Status::OutOfMemory), "{statuses:?}");
}

/// D2: a kill from outside is told from our own.
#[tokio::test]
async fn a_task_that_somebody_else_kills_is_killed() {
    let fixture = Fixture::of(Which::Docker, "driver-killed").await;
    let task = shell("sleep 1001").timeout(Duration::from_secs(60));
    let prepared = fixture.driver.prepare(task).await.expect("it is prepared");
    let wait = prepared.run().await.expect("it starts");
    let target = format!("/containers/{}/kill", fixture.session.containers()[0]);
    let answer = Engine::from_env().request("POST", &target, None).expect("an answer");
    assert_eq!(answer.status, 204, "{}", answer.text());
    assert_eq!(wait.await.expect("the engine tells").status, Status::Killed);
}

/// D2: a deadline or a cancellation after the task's end changes nothing.
#[rstest]
#[tokio::test]
async fn a_task_that_had_ended_by_itself_stays_as_it_ended(
    #[values(Which::Docker, Which::Pool)] which: Which,
) {
    let proxy = EngineProxy::start_default();
    let fixture = Fixture::behind(&proxy, which, "driver-late").await;
    // What is asked first when a task is to be ended.
    let (method, path) = match which {
        Which::Docker => ("POST", "/kill$"),
        Which::Pool => ("GET", "^/exec/[^/]+/json$"),
    };
    for (end, status) in [("exit 0", Status::Success), ("exit 4", Status::Error)] {
        let gate = Gate::new();
        proxy.clear_rules();
        proxy.on(Matcher::regex(method, path).nth(1), Fault::Hold(gate.clone()));
        let task = shell(&format!("sleep 1.5; {end}")).timeout(Duration::from_millis(200));
        let prepared = fixture.driver.prepare(task).await.expect("it is prepared");
        let wait = tokio::spawn(prepared.run().await.expect("it starts"));
        gate.reached().await;
        let container = &fixture.session.containers()[0];
        until("it has ended", || !runs(container, "sleep 1.5")).await;
        gate.release();
        prepared.cancel();
        let result = wait.await.expect("no panic").expect("the engine runs it");
        assert_eq!(result.status, status, "{result:?}");
        prepared.close().await.expect("nothing is left");
    }
}

/// Returns `true` if a command runs in a container, by the engine's word.
fn runs(container: &str, command: &str) -> bool {
    let answer = Engine::from_env().request("GET", &format!("/containers/{container}/top"), None);
    let answer = answer.expect("an answer");
    // A container that does not run has no processes.
    answer.status == 200 && answer.text().contains(command)
}
