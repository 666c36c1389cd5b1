//! Many cases at once, of which some hang.

use std::time::Duration;

use futures_util::{StreamExt, stream};
use seatrial::command::CaseEnd;
use seatrial_test_support::own_session::OwnSession;
use seatrial_test_support::processes::{FAMILY, sleepers};

use super::{agent, agents, exited, is_sandboxed, shell, waiting};

/// A4, A13: a thousand cases run, and every tenth hangs with children; nothing is left of them.
#[tokio::test]
async fn a_thousand_cases_of_which_some_hang_leave_nothing() {
    let session = OwnSession::begin("case-crowd").await;
    let container = waiting(&session).await;
    let cases = agent(&container).await;
    // In a sandbox each case costs a look at all processes, so that more at once are no faster.
    let at_once = if is_sandboxed(&container) { 12 } else { 1000 };
    let runs = (0..1000_i64).map(async |number| {
        let case = match number % 10 {
            0 => shell(FAMILY).timeout(Duration::from_millis(500)),
            code => shell(&format!("echo {number}; exit {code}")).timeout(Duration::from_secs(120)),
        };
        (number, cases.run(case).await.unwrap_or_else(|error| panic!("{number}: {error:?}")))
    });
    let outputs: Vec<_> = stream::iter(runs).buffer_unordered(at_once).collect().await;
    for (number, output) in outputs {
        if number % 10 == 0 {
            assert_eq!(output.end, CaseEnd::TimedOut, "{number}");
        } else {
            exited(&output, number % 10);
            assert_eq!(output.stdout_text(), format!("{number}\n"));
        }
    }
    let left = sleepers(&container).await;
    assert!(left.is_empty() && container.poison().is_none(), "{left:?} {:?}", container.poison());
    let agents = agents(&container).await;
    assert!((2..=65).contains(&agents), "one and its workers: {agents}");
}
