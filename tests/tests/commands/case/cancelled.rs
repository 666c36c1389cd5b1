//! Cases whose futures are dropped.

use std::time::Duration;

use seatrial_test_support::own_session::OwnSession;
use seatrial_test_support::processes::{FAMILY, until_ended_without_poison};
use seatrial_tests::cancel_at_every_poll;

use super::{agent, exited, shell, waiting};

/// A6: dropping a case's future, after any poll, ends its process and all that came of it.
#[tokio::test]
async fn a_case_that_is_dropped_at_any_moment_is_ended() {
    let session = OwnSession::begin("case-drop").await;
    let container = waiting(&session).await;
    let cases = agent(&container).await;
    for moment in [0, 1, 2, 3, 5, 8, 13, 21, 34, 55, 200].map(Duration::from_millis) {
        tokio::time::timeout(moment, cases.run(shell(FAMILY))).await.expect_err("it sleeps");
    }
    until_ended_without_poison(&container, "dropped").await;
    exited(&cases.run(shell("exit 3")).await.expect("it goes on"), 3);
}

/// A6: dropping a case at any poll ends it, including while the agent is being started.
#[tokio::test]
async fn a_case_that_is_dropped_at_any_poll_leaves_nothing() {
    let session = OwnSession::begin("case-polls").await;
    let container = waiting(&session).await;
    let run = || async {
        let cases = container.cases().await.expect("it starts");
        let case = shell("sleep 1001 & cat >/dev/null; echo x").stdin("x").stdout_to(tokio::io::sink());
        exited(&cases.run(case).await.expect("it runs"), 0);
    };
    cancel_at_every_poll(run, async |_| ()).await;
    until_ended_without_poison(&container, "dropped").await;
}
