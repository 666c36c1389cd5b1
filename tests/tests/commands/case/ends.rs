//! Cases whose time is up, and processes that cases leave.

use std::time::{Duration, Instant};

use seatrial::command::CaseEnd;
use seatrial_test_support::own_session::OwnSession;
use seatrial_test_support::processes::{FAMILY, sleepers};

use super::{agent, exited, shell, waiting};

/// A4: a case that hangs costs its time and no more, and nothing of it is left.
#[tokio::test]
async fn a_case_out_of_time_is_ended_with_all_that_came_of_it() {
    let session = OwnSession::begin("case-time").await;
    let container = waiting(&session).await;
    let cases = agent(&container).await;
    let time = Duration::from_secs(1);
    let output =
        cases.run(shell(&format!("trap '' TERM; {FAMILY}")).timeout(time)).await.expect("it is data");
    assert_eq!(output.end, CaseEnd::TimedOut);
    assert!(output.elapsed >= time && output.left_behind >= Some(5), "{output:?}");
    assert_eq!((output.stdout_text().as_str(), output.stderr_text().as_str()), ("ready\n", "grumble\n"));
    assert!(sleepers(&container).await.is_empty() && container.poison().is_none());
    exited(&cases.run(shell("exit 4")).await.expect("it goes on"), 4);
}

/// A5: the processes that a case leaves are ended and counted, and the result waits for that only.
#[tokio::test]
async fn processes_that_a_case_leaves_are_ended_and_counted() {
    let session = OwnSession::begin("case-left").await;
    let container = waiting(&session).await;
    let cases = agent(&container).await;
    let began = Instant::now();
    let line = FAMILY.strip_suffix("wait").expect("it waits at last");
    let output = cases.run(shell(&format!("{line} exit 9"))).await.expect("it is data");
    exited(&output, 9);
    assert_eq!(output.left_behind, Some(5));
    assert!(began.elapsed() < Duration::from_secs(60), "it waits for nobody who sleeps");
    assert!(sleepers(&container).await.is_empty() && container.poison().is_none());
}
