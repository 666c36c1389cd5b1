//! Cases that take as much as they can of a container.

use std::time::Duration;

use seatrial::command::CaseEnd;
use seatrial_test_support::observe::LONG;
use seatrial_test_support::own_session::OwnSession;
use seatrial_test_support::processes::sleepers;

use super::{agent, exited, is_sandboxed, shell};

/// A14: a case that forks until the container's limit is ended.
#[tokio::test]
async fn a_case_that_forks_without_end_is_ended() {
    let session = OwnSession::begin("case-forks").await;
    let request = session.shell("exec sleep 100000").init().pids_limit(60);
    let container = request.start().await.expect("it starts");
    let line = "f() { while :; do sleep 1001 & f & done; }; f 2>/dev/null";
    if is_sandboxed(&container) {
        // Its own processes and threads are all that the limit counts, so that it ends of it, and with it what runs.
        let run = async { container.cases().await?.run(shell(line).timeout(Duration::from_secs(1))).await };
        let outcome = tokio::time::timeout(LONG, run).await.expect("nothing hangs");
        assert!(outcome.is_err() || container.poison().is_none(), "{outcome:?}");
        return;
    }
    let cases = agent(&container).await;
    exited(&cases.run(shell("exit 1")).await.expect("it runs"), 1);
    // The shell may be the one that gets no process and gives up.
    let output = cases.run(shell(line).timeout(Duration::from_secs(1))).await.expect("it is data");
    assert!(output.left_behind >= Some(20) && container.poison().is_none(), "{output:?}");
    assert!(sleepers(&container).await.is_empty());
    exited(&cases.run(shell("exit 3")).await.expect("it goes on"), 3);
}

/// A9, A14: endless output, output without a newline, a full disk and a closed stream cost no more than the case's
/// time.
#[tokio::test]
async fn a_case_that_takes_all_there_is_costs_its_time() {
    let session = OwnSession::begin("case-takes").await;
    let request = session.shell("exec sleep 100000").init().tmpfs("/full", "size=1m");
    let container = request.start().await.expect("it starts");
    let cases = agent(&container).await;
    let time = Duration::from_secs(1);
    for line in ["yes", "yes >&2", "cat /dev/zero", "yes & yes & exec yes"] {
        let output = cases.run(shell(line).timeout(time).output_limit(5000)).await.expect("it is data");
        assert!(output.end == CaseEnd::TimedOut && output.truncated, "{line}: {:?}", output.end);
        assert_eq!(output.stdout.len() + output.stderr.len(), 5000, "{line}");
    }
    let output = cases.run(shell("cat /dev/zero > /full/file")).await.expect("it is data");
    exited(&output, 1);
    assert!(output.stderr_text().contains("No space left"), "{output:?}");
    let output = cases.run(shell("exec <&- >&- 2>&-; sleep 1000").timeout(time)).await.expect("it is data");
    assert_eq!((output.end, container.poison()), (CaseEnd::TimedOut, None));
}
