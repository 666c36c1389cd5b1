//! Commands whose futures are dropped.

use std::time::Duration;

use seatrial_test_support::own_session::OwnSession;
use seatrial_test_support::processes::{FAMILY, until_ended_without_poison};
use seatrial_tests::{EngineProxy, Fault, Gate, Matcher};

use super::waiting;

/// C29: dropping a command's future after any poll ends the command.
#[tokio::test]
async fn a_command_that_is_dropped_at_any_moment_is_ended() {
    let session = OwnSession::begin("exec-cancel").await;
    let container = waiting(&session).await;
    // A start takes some 30 ms, much more under load.
    for moment in [0, 1, 2, 5, 10, 15, 20, 25, 30, 40, 50, 70, 100, 200, 400, 800].map(Duration::from_millis)
    {
        let command = container.exec(["sh", "-c", FAMILY]);
        tokio::time::timeout(moment, command).await.expect_err("it sleeps");
    }
    until_ended_without_poison(&container, "dropped at some moment").await;
}

/// C29: a command is ended although the engine starts it after its future was dropped.
#[tokio::test]
async fn a_command_that_is_dropped_in_each_request_is_ended() {
    let proxy = EngineProxy::start_default();
    let session = OwnSession::behind(&proxy, "exec-cancel-gates").await;
    let container = waiting(&session).await;
    for path in ["^/containers/[^/]+/exec$", "^/exec/[^/]+/start$"] {
        for answered in [false, true] {
            proxy.clear_rules();
            let gate = Gate::new();
            let fault = if answered { Fault::HoldAnswer(gate.clone()) } else { Fault::Hold(gate.clone()) };
            proxy.on(Matcher::regex("POST", path).nth(1), fault);
            let command = async { container.exec(["sh", "-c", FAMILY]).await };
            let at_gate = async { gate.reached().await };
            tokio::select! {
                _ = command => panic!("it sleeps"),
                () = at_gate => {}
            }
            gate.release();
            // Through the same engine, and so later.
            container.exec(["true"]).await.expect("it runs");
            until_ended_without_poison(&container, &format!("dropped at {path}, answered: {answered}")).await;
        }
    }
}

/// C29: a command is ended although the runtime ends with the test.
#[tokio::test]
async fn a_command_that_is_dropped_with_its_runtime_is_ended() {
    let session = OwnSession::begin("exec-cancel-runtime").await;
    let container = std::sync::Arc::new(waiting(&session).await);
    let theirs = container.clone();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let command = async move { theirs.exec(["sh", "-c", FAMILY]).await };
            tokio::time::timeout(Duration::from_secs(1), command).await.expect_err("it sleeps");
        });
    })
    .join()
    .expect("the thread ends well");
    until_ended_without_poison(&container, "dropped with its runtime").await;
}
