//! Many commands whose time is up.

use std::time::Duration;

use futures_util::{StreamExt, stream};
use seatrial_test_support::own_session::OwnSession;
use seatrial_test_support::processes::all;
use seatrial_tests::{Child, ProcessSnapshot, is_scenario, say};

const MANY: usize = 200;

/// C29: two hundred commands with children, grandchildren and daemons run in a process whose files can be counted.
#[test]
fn two_hundred_timed_out_commands_leave_no_process_and_no_connection() {
    let mut child = Child::spawn(scenario_two_hundred, &[]);
    child.line("clean", Duration::from_secs(280));
    assert!(child.wait(Duration::from_secs(30)).success(), "{:#?}", child.lines());
}

#[tokio::test]
#[ignore = "a scenario of the test above"]
async fn scenario_two_hundred() {
    if !is_scenario() {
        return;
    }
    let session = OwnSession::begin("exec-crowd").await;
    let container = session.idle().start().await.expect("it starts");
    let steps =
        ["/misbehave", "leave", "child", "leave", "grandchild", "leave", "daemon", "sleep", "forever"];
    let timed_out = async |number: usize| {
        let time = Duration::from_millis(300 + number as u64 % 7 * 40);
        let error = container.exec(steps).timeout(time).await.expect_err("it sleeps");
        assert!(error.is_timeout(), "{error:?}");
    };
    timed_out(0).await;
    let (before, ours) = (all(&container), ProcessSnapshot::own());
    stream::iter(0..MANY).for_each_concurrent(8, &timed_out).await;
    // A command whose time was up while it was being started is ended in the background.
    let start = std::time::Instant::now();
    while all(&container).len() > before.len() && start.elapsed() < Duration::from_secs(120) {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(all(&container), before);
    assert_eq!(container.poison(), None);
    ours.assert_not_grown();
    drop(container);
    drop(session);
    say("clean");
}
