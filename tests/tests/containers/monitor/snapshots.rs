//! A monitor's snapshots of its container.

use std::time::Duration;

use seatrial::{
    container::{Health, HealthCheck, RestartPolicy},
    monitor::{Monitor, Phase, Snapshot},
};
use seatrial_test_support::observe::{LONG, block_until_exited, by_somebody_else, until};
use seatrial_test_support::own_session::{OwnSession, remove_by_hand};
use seatrial_tests::EngineProxy;

/// Reads on to the first snapshot that is so.
pub(crate) async fn first(monitor: &mut Monitor, what: &str, is_so: impl Fn(&Snapshot) -> bool) -> Snapshot {
    let mut last = None;
    let found = async {
        while let Some(snapshot) = monitor.next().await {
            if is_so(&snapshot) {
                return Some(snapshot);
            }
            last = Some(snapshot);
        }
        None
    };
    match tokio::time::timeout(LONG, found).await {
        Ok(Some(snapshot)) => snapshot,
        Ok(None) => panic!("{what}: it ended after {last:?}"),
        Err(_) => panic!("{what}: not told, but {last:?}"),
    }
}

/// Reads on to a phase.
pub(crate) async fn first_in(monitor: &mut Monitor, phase: Phase) -> Snapshot {
    first(monitor, &phase.to_string(), |snapshot| snapshot.phase == phase).await
}

/// Reads to the end; all that was told meanwhile.
pub(crate) async fn rest(mut monitor: Monitor) -> Vec<Snapshot> {
    let mut rest = Vec::new();
    let reading = async {
        while let Some(snapshot) = monitor.next().await {
            rest.push(snapshot);
        }
    };
    tokio::time::timeout(LONG, reading).await.expect("it ends");
    rest
}

/// M1: snapshots report each state in order; the end is the last one, although the container still exists.
#[tokio::test]
async fn a_monitor_tells_what_a_container_does_and_uses() {
    let session = OwnSession::begin("monitor").await;
    let check = HealthCheck::shell("test -e /ready").interval(Duration::from_millis(200)).retries(1);
    let request = session.shell("while :; do :; done").health_check(check);
    let (starting, mut monitor) = request.start_monitored();
    let container = starting.await.expect("it starts");

    let running = first_in(&mut monitor, Phase::Running).await;
    assert_eq!(running.id.as_ref(), Some(container.id()));
    assert_eq!((running.name.as_str(), running.image.as_str()), (container.name(), container.image()));
    assert_eq!((running.exit_code, running.restarts, running.error), (None, 0, None));
    let measured = first(&mut monitor, "what it uses", |snapshot| {
        let cpu = snapshot.stats.as_ref().and_then(|stats| stats.cpu_percent);
        cpu.is_some_and(|percent| percent > 0.0) && snapshot.rates.network_received.is_some()
    });
    let measured = measured.await;
    assert!(measured.stats.and_then(|stats| stats.memory_bytes).is_some_and(|bytes| bytes > 0));
    let is = |health: Health| move |snapshot: &Snapshot| snapshot.health == health;
    first(&mut monitor, "unhealthy", is(Health::Unhealthy)).await;
    container.exec(["touch", "/ready"]).await.expect("it runs");
    first(&mut monitor, "healthy", is(Health::Healthy)).await;
    by_somebody_else(&container, "POST", "/pause");
    first_in(&mut monitor, Phase::Paused).await;
    by_somebody_else(&container, "POST", "/unpause");
    first_in(&mut monitor, Phase::Running).await;

    // A restart by the handle is not an end.
    container.restart().await.expect("it is restarted");
    let again = |snapshot: &Snapshot| {
        assert_ne!(snapshot.phase, Phase::Exited, "{snapshot:?}");
        let began = snapshot.state.as_ref().and_then(|state| state.started_at);
        began > running.state.as_ref().and_then(|state| state.started_at) && snapshot.stats.is_some()
    };
    first(&mut monitor, "the next run", again).await;

    by_somebody_else(&container, "POST", "/kill?signal=KILL");
    let rest = rest(monitor).await;
    let last = rest.last().expect("an end");
    assert_eq!((&last.phase, last.exit_code, &last.stats), (&Phase::Exited, Some(137), &None));
}

/// M1: a slow reader misses snapshots in between, delays nobody, and gets the last one.
#[tokio::test]
async fn a_slow_reader_gets_the_newest_snapshot_and_keeps_nobody_waiting() {
    let session = OwnSession::begin("monitor-slow").await;
    let container = session.misbehave(&["sleep", "500ms", "exit", "4"]).start().await.expect("it starts");
    let monitor = container.monitor();
    block_until_exited(container.id().as_str());
    let rest = rest(monitor).await;
    assert_eq!(rest.last().map(|last| (&last.phase, last.exit_code)), Some((&Phase::Exited, Some(4))));
    let unread = container.monitor();
    container.remove().await.expect("nobody waits for a reader");
    drop(unread);
}

/// M1: a restart by the engine is reported with its count, and a removal from outside as the end.
#[tokio::test]
async fn a_monitor_tells_of_the_engine_s_restarts_and_of_a_removal() {
    let session = OwnSession::begin("monitor-policy").await;
    let request = session.misbehave(&["sleep", "200ms", "exit", "3"]).restart_policy(RestartPolicy::Always);
    let container = request.start().await.expect("it starts");
    let mut monitor = container.monitor();
    let again = first(&mut monitor, "a third run", |snapshot| {
        assert_ne!(snapshot.phase, Phase::Exited, "{snapshot:?}");
        snapshot.restarts >= 2
    });
    again.await;
    remove_by_hand(container.id().as_str());
    rest(monitor).await;
}

/// M1: monitors share one connection for events, have one each for samples, and leave none.
#[tokio::test]
async fn monitors_leave_no_connection() {
    let proxy = EngineProxy::start_default();
    let session = OwnSession::behind(&proxy, "monitor-shared").await;
    let (one, other) =
        (session.idle().start().await.expect("it starts"), session.idle().start().await.expect("it starts"));
    until("nothing is asked", || proxy.connections() == 0).await;
    let mut monitors = [one.monitor(), other.monitor()];
    for monitor in &mut monitors {
        first(monitor, "what it uses", |snapshot| snapshot.stats.is_some()).await;
    }
    assert_eq!(proxy.count(|request| request.is("GET", "/events")), 1);
    until("events and samples of two", || proxy.connections() == 3).await;
    let [first, second] = monitors;
    drop(first);
    until("events and samples of one", || proxy.connections() == 2).await;
    drop(second);
    until("no connection is left", || proxy.connections() == 0).await;
}

/// M1: a failed start is reported as the end.
#[tokio::test]
async fn a_start_that_fails_is_the_last_that_is_told() {
    let session = OwnSession::begin("monitor-fails").await;
    let (starting, monitor) = session.misbehave(&["x"]).entrypoint(["/not-there"]).start_monitored();
    let error = starting.await.map(drop).expect_err("there is no such program");
    let rest = rest(monitor).await;
    let last = rest.last().expect("it was created");
    assert!(last.error.as_ref().is_some_and(|told| error.to_string().contains(told.as_str())), "{last:?}");
    let (never, monitor) = session.idle().start_monitored();
    drop(never);
    assert_eq!(super::snapshots::rest(monitor).await, []);
}
