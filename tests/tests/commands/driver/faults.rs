//! An engine that fails while a task runs: an error, never a result that looks well.

use std::time::Duration;

use rstest::rstest;
use seatrial::driver::Status;
use seatrial_test_support::observe::{failed, until};
use seatrial_test_support::own_session::remove_by_hand;
use seatrial_tests::{EngineProxy, Fault, Gate, Matcher};

use super::{Fixture, Kept, Which, shell};

/// D3: a task whose container disappears fails with an error, never with a result.
#[rstest]
#[tokio::test]
async fn a_task_whose_container_is_removed_by_somebody_else_is_an_error(
    #[values(Which::Docker, Which::Pool)] which: Which,
) {
    let fixture = Fixture::of(which, "driver-vanished").await;
    let out = Kept::default();
    // It ignores signals, and would succeed at its end.
    let task = shell("echo begun; sleep 1001; exit 0").stdout(out.writer());
    let prepared = fixture.driver.prepare(task).await.expect("it is prepared");
    let wait = tokio::spawn(prepared.run().await.expect("it starts"));
    until("it runs", || !out.bytes().is_empty()).await;
    remove_by_hand(&fixture.session.containers()[0]);
    let error = failed(wait.await.expect("no panic"));
    assert!(error.is_not_found() && error.to_string().contains("removed by somebody else"), "{error:?}");
    prepared.close().await.expect("nothing is left");
}

/// D3: a task fails with an error when the engine no longer answers and its streams break.
#[rstest]
#[tokio::test]
async fn a_task_whose_engine_is_lost_is_an_error(#[values(Which::Docker, Which::Pool)] which: Which) {
    let proxy = EngineProxy::start_default();
    let fixture = Fixture::behind(&proxy, which, "driver-lost").await;
    let streams = match which {
        Which::Docker => "/attach$",
        Which::Pool => "^/exec/[^/]+/start$",
    };
    let out = Kept::default();
    let task = shell("echo begun; sleep 1; echo lost; exit 0").stdout(out.writer());
    let prepared = fixture.driver.prepare(task).await.expect("it is prepared");
    // The first line and its frame, and a part of what comes next.
    proxy.on(Matcher::regex("POST", streams), Fault::cut_after(17));
    proxy.on(Matcher::regex("GET", "^/events$"), Fault::cut());
    let wait = tokio::spawn(prepared.run().await.expect("it starts"));
    until("it runs", || !out.bytes().is_empty()).await;
    proxy.on(Matcher::regex("GET", "/(json|logs)$"), Fault::cut());
    let error = failed(wait.await.expect("no panic"));
    assert!(error.to_string().contains("task `shell`"), "{error:?}");
    proxy.clear_rules();
    prepared.close().await.expect("nothing is left");
}

/// D3: if a task's stream breaks, the rest of its output is read from the log.
#[tokio::test]
async fn output_whose_connection_breaks_is_complete_all_the_same() {
    let proxy = EngineProxy::start_default();
    let fixture = Fixture::behind(&proxy, Which::Docker, "driver-broken").await;
    // Between two frames, within one's head, and within one.
    for cut in [14, 17, 20_000] {
        proxy.clear_rules();
        proxy.on(Matcher::regex("POST", "/attach$").nth(1), Fault::cut_after(cut));
        proxy.on(Matcher::regex("GET", "/logs$").nth(1), Fault::cut_after(9_000));
        let (out, err) = (Kept::default(), Kept::default());
        let line = "echo begun; sleep 0.2; seq 1 9999; echo err >&2; sleep 0.2; echo done";
        let task = shell(line).stdout(out.writer()).stderr(err.writer());
        let result = fixture.run(task).await.expect("the engine runs it");
        assert_eq!(result.status, Status::Success);
        let lines = (1..=9999).map(|n| format!("{n}\n")).collect::<String>();
        assert!(
            out.text() == format!("begun\n{lines}done\n"),
            "cut after {cut}: {} bytes",
            out.bytes().len()
        );
        assert_eq!(err.text(), "err\n");
    }
}

/// D1: a creation that fails can be tried again.
#[tokio::test]
async fn a_preparation_that_failed_can_be_tried_again() {
    let proxy = EngineProxy::start_default();
    let fixture = Fixture::behind(&proxy, Which::Docker, "driver-again").await;
    proxy.on(Matcher::regex("POST", "/containers/create$").nth(1), Fault::error(500, "not now"));
    let error = failed(fixture.driver.prepare(shell("exit 0")).await);
    assert!(error.to_string().contains("task `shell`"), "{error:?}");
    assert_eq!(fixture.run(shell("exit 0")).await.expect("it runs").status, Status::Success);
}

/// D1: a task that is closed while the engine starts it is ended.
#[tokio::test]
async fn a_task_that_is_closed_while_it_starts_is_ended() {
    let proxy = EngineProxy::start_default();
    let fixture = Fixture::behind(&proxy, Which::Docker, "driver-starting").await;
    let gate = Gate::new();
    proxy.on(Matcher::regex("POST", "/start$").nth(1), Fault::HoldAnswer(gate.clone()));
    let prepared = fixture.driver.prepare(shell("sleep 1001")).await.expect("it is prepared");
    let run = async { prepared.run().await.expect("it starts").await.expect("it is known how it ended") };
    let close = async {
        gate.reached().await;
        let release = async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            gate.release();
        };
        tokio::join!(prepared.close(), release).0
    };
    let (result, closed) = tokio::join!(run, close);
    closed.expect("nothing is left");
    assert_eq!(result.status, Status::Cancelled);
    assert_eq!(fixture.left().await, [""; 0]);
}
