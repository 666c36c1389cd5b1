//! Restarts that a function decides on.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use seatrial::WaitFor;
use seatrial::monitor::{AfterExit, LastRun, Phase};
use seatrial_test_support::observe::{LONG, by_somebody_else, until};
use seatrial_test_support::own_session::OwnSession;

use super::snapshots::{first, first_in, rest};

/// Returns a function that counts its calls and always wants a restart, and its count.
fn counting() -> (Arc<AtomicUsize>, impl Fn(LastRun) -> AfterExit + Send + Sync + 'static) {
    let calls = Arc::new(AtomicUsize::new(0));
    let counted = calls.clone();
    let decide = move |_| {
        counted.fetch_add(1, Ordering::SeqCst);
        AfterExit::Restart
    };
    (calls, decide)
}

/// M2: the function gets each run's end and decides on a restart; each snapshot has the count.
#[tokio::test]
async fn a_function_decides_on_each_end() {
    let session = OwnSession::begin("restarts").await;
    let told = Arc::new(Mutex::new(Vec::new()));
    let tell = told.clone();
    let request = session.misbehave(&["sleep", "100ms", "exit", "3"]).restart_when(move |run| {
        assert_ne!(std::thread::current().name(), Some("seatrial"));
        tell.lock().expect("no panic").push(run);
        if run.restarts < 2 { AfterExit::Restart } else { AfterExit::Stop }
    });
    let (starting, monitor) = request.start_monitored();
    let container = starting.await.expect("it starts");
    let snapshots = rest(monitor).await;
    let last = snapshots.last().expect("an end");
    assert_eq!((&last.phase, last.exit_code, last.restarts), (&Phase::Exited, Some(3), 2), "{last:?}");
    assert!(snapshots.is_sorted_by_key(|snapshot| snapshot.restarts), "{snapshots:?}");
    let ends = snapshots.iter().filter(|snapshot| snapshot.phase == Phase::Exited).count();
    assert_eq!(ends, 1, "what comes before a restart is no end: {snapshots:?}");
    let told = told.lock().expect("no panic").clone();
    assert_eq!(told.iter().map(|run| run.restarts).collect::<Vec<_>>(), [0, 1, 2]);
    for run in told {
        assert_eq!((run.exit_code, run.oom_killed), (Some(3), false));
        assert!(run.ran_for >= Duration::from_millis(50) && run.ran_for < LONG, "{run:?}");
    }
    let state = container.state().await.expect("it is there");
    assert_eq!((state.exit_code, state.restart_count), (Some(3), 0), "the engine had no part in it");
}

/// M2: restarts end at their limit, or when the function panics.
#[tokio::test]
async fn restarts_end_with_their_number_and_with_a_panic() {
    let session = OwnSession::begin("restarts-end").await;
    let (calls, decide) = counting();
    let request = session.misbehave(&["exit", "1"]).restart_when(decide).max_restarts(1);
    let container = request.start().await.expect("it starts");
    let mut monitor = container.monitor();
    assert_eq!(first_in(&mut monitor, Phase::Exited).await.restarts, 1);
    assert_eq!(calls.load(Ordering::SeqCst), 2);

    let request = session.misbehave(&["exit", "1"]).restart_when(|_| panic!("boom"));
    let container = request.start().await.expect("it starts");
    let last = rest(container.monitor()).await.pop().expect("an end");
    assert_eq!((&last.phase, last.restarts), (&Phase::Exited, 0));
    let error = last.error.expect("what went wrong");
    assert!(error.contains("it panicked: boom"), "{error}");
    // The background thread goes on.
    assert_eq!(container.state().await.expect("it is there").exit_code, Some(1));
}

/// M2: an end that the handle caused does not call the function; the next end by itself does.
#[tokio::test]
async fn an_end_by_the_handle_does_not_ask_the_restart_function() {
    let session = OwnSession::begin("restarts-stop").await;
    let (calls, decide) = counting();
    let request = session.steps("trap TERM 7 print ready sleep forever").port(80).restart_when(decide);
    let container = request.wait_for(WaitFor::log("ready")).start().await.expect("it starts");
    let mut monitor = container.monitor();
    first_in(&mut monitor, Phase::Running).await;
    container.restart().await.expect("it is restarted");
    // The first process ignores a signal until it has its trap.
    container.wait(WaitFor::log("ready")).await.expect("it is ready again");
    container.stop().await.expect("it stops");
    let last = rest(monitor).await.pop().expect("an end");
    assert_eq!((last.phase, last.exit_code, last.restarts), (Phase::Exited, Some(7), 0));
    container.start().await.expect("it starts again");
    assert_eq!(calls.load(Ordering::SeqCst), 0);

    let mut monitor = container.monitor();
    first_in(&mut monitor, Phase::Running).await;
    by_somebody_else(&container, "POST", "/kill?signal=KILL");
    let again = |snapshot: &seatrial::monitor::Snapshot| {
        assert_ne!(snapshot.phase, Phase::Exited, "{snapshot:?}");
        snapshot.restarts == 1 && snapshot.phase == Phase::Running
    };
    first(&mut monitor, "the next run", again).await;
    let published = || {
        let ports =
            seatrial_test_support::own_session::look_at(&container)["NetworkSettings"]["Ports"].clone();
        ports["80/tcp"][0]["HostPort"].as_str().and_then(|port| port.parse().ok())
    };
    until("the port of this run is known", || container.host_port(80).ok() == published()).await;

    container.remove().await.expect("it is removed");
    rest(monitor).await;
    assert_eq!(calls.load(Ordering::SeqCst), 1, "the removal was no end that asks");
}
