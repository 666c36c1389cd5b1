//! Samples of the resources that a task uses.

use rstest::rstest;
use seatrial::driver::Status;
use seatrial::monitor::Stats;
use seatrial_test_support::observe::LONG;
use seatrial_tests::{EngineProxy, Fault, Matcher};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::broadcast::{self, Receiver};

use super::{Fixture, Which, shell};

/// Returns the next sample that was not missed; none when there are no more.
async fn next(samples: &mut Receiver<Stats>) -> Option<Stats> {
    let next = async {
        loop {
            match samples.recv().await {
                Ok(stats) => return Some(stats),
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return None,
            }
        }
    };
    tokio::time::timeout(LONG, next).await.expect("the engine looks each second")
}

/// D1, D5: samples come while the task runs, although the first connection breaks; a slow receiver misses the oldest.
#[rstest]
#[tokio::test]
async fn the_resources_that_a_task_uses_are_reported_while_it_runs(
    #[values(Which::Docker, Which::Pool)] which: Which,
) {
    let proxy = EngineProxy::start_default();
    let fixture = Fixture::behind(&proxy, which, "driver-stats").await;
    proxy.on(Matcher::regex("GET", "/stats$").nth(1), Fault::cut());
    let (sink, mut samples) = broadcast::channel(1);
    let mut unread = sink.subscribe();
    let prepared = fixture.driver.prepare(shell("sleep 1001").stats_to(sink)).await;
    let prepared = prepared.expect("it is prepared");
    let wait = tokio::spawn(prepared.run().await.expect("it starts"));
    let first = next(&mut samples).await.expect("it runs");
    let second = next(&mut samples).await.expect("it runs");
    assert!(second.time > first.time, "{first:?}, {second:?}");
    assert!(second.memory_bytes > Some(0) && second.pids > Some(0), "{second:?}");
    assert!(second.cpu_percent.is_some(), "{second:?}");
    prepared.cancel();
    assert_eq!(wait.await.expect("no panic").expect("the engine runs it").status, Status::Cancelled);

    assert!(matches!(unread.try_recv(), Err(broadcast::error::TryRecvError::Lagged(1..))));
    assert!(next(&mut unread).await.expect("the newest").time >= second.time);
    assert_eq!(next(&mut unread).await, None, "the task has ended");
    prepared.close().await.expect("nothing is left");
}
