//! A watch reports the changes of a container's state.

use std::time::Duration;

use futures_util::{FutureExt, StreamExt};
use seatrial::container::{ContainerState, ContainerStatus, Health, HealthCheck, RestartPolicy, StateWatch};
use seatrial_test_support::observe::{LONG, block_until_exited, by_somebody_else, until, until_told};
use seatrial_test_support::own_session::{OwnSession, remove_by_hand};
use seatrial_tests::EngineProxy;

/// Reads on to the first state that is so.
pub(crate) async fn first(
    watch: &mut StateWatch,
    what: &str,
    is_so: impl Fn(&ContainerState) -> bool,
) -> ContainerState {
    let found = async {
        while let Some(state) = watch.next().await {
            if is_so(&state) {
                return state;
            }
        }
        panic!("{what}: the container is gone before");
    };
    tokio::time::timeout(LONG, found).await.unwrap_or_else(|_| panic!("{what}: not told"))
}

/// Reads on to a status.
pub(crate) async fn first_that_is(watch: &mut StateWatch, status: ContainerStatus) -> ContainerState {
    first(watch, status.to_string().as_str(), |state| state.status == status).await
}

/// Reads to the end; returns the last state that was told meanwhile.
async fn rest(watch: StateWatch) -> Option<ContainerState> {
    let states = tokio::time::timeout(LONG, watch.collect::<Vec<_>>()).await.expect("it ends");
    states.last().cloned()
}

/// S5: a watch reports start, death, pause, unpause, restart and removal in order.
#[tokio::test]
async fn a_watch_tells_of_all_that_happens_in_turn() {
    let session = OwnSession::begin("watch").await;
    let container =
        session.misbehave(&["trap", "TERM", "7", "sleep", "forever"]).start().await.expect("it starts");
    let mut watch = container.watch();
    let running = watch.next().await.expect("a state");
    assert_eq!(running, container.state().await.expect("a state"), "it begins with the state that there is");

    by_somebody_else(&container, "POST", "/pause");
    first_that_is(&mut watch, ContainerStatus::Paused).await;
    by_somebody_else(&container, "POST", "/unpause");
    first_that_is(&mut watch, ContainerStatus::Running).await;
    by_somebody_else(&container, "POST", "/kill?signal=KILL");
    let exited = first_that_is(&mut watch, ContainerStatus::Exited).await;
    assert_eq!((exited.exit_code, exited.pid), (Some(137), None));
    by_somebody_else(&container, "POST", "/start");
    let again = first_that_is(&mut watch, ContainerStatus::Running).await;
    assert_eq!(again, container.state().await.expect("a state"), "with its process and its start");
    assert_ne!(again.started_at, running.started_at);
    by_somebody_else(&container, "POST", "/restart?t=0");
    first(&mut watch, "another run", |state| state.is_running() && state.started_at > again.started_at).await;
    remove_by_hand(container.id().as_str());
    let last = rest(watch).await.expect("the end of the last run");
    assert_eq!(last.exit_code, Some(137), "{last}");
}

/// S5: a watch reports the health.
#[tokio::test]
async fn a_watch_tells_of_a_health_check() {
    let session = OwnSession::begin("watch-health").await;
    let check = HealthCheck::shell("test -e /ready").interval(Duration::from_millis(100)).retries(1);
    let container = session.shell("sleep 1000").health_check(check).start().await.expect("it starts");
    let mut watch = container.watch();
    first(&mut watch, "unhealthy", |state| state.health == Health::Unhealthy).await;
    container.exec(["touch", "/ready"]).await.expect("it runs");
    let state = first(&mut watch, "healthy", |state| state.health == Health::Healthy).await;
    assert!(state.is_running() && state.to_string().ends_with("(healthy)"), "{state}");
}

/// S5: a watch reports a kill for want of memory.
#[tokio::test]
async fn a_watch_tells_of_a_kill_for_want_of_memory() {
    let session = OwnSession::begin("watch-oom").await;
    let hungry = session.steps("sleep 500ms eat-memory all").memory(24 << 20).memory_swap(24 << 20);
    let attempt = async || {
        let container = hungry.start().await.expect("it starts");
        let mut watch = container.watch();
        let exited = first_that_is(&mut watch, ContainerStatus::Exited).await;
        if exited.oom_killed {
            return exited;
        }
        // Only the reason may come after the end.
        let later = tokio::time::timeout(Duration::from_secs(3), watch.next()).await;
        later.ok().flatten().unwrap_or(exited)
    };
    let exited = until_told(attempt, |exited| exited.oom_killed).await;
    assert_eq!((exited.oom_killed, exited.exit_code), (true, Some(137)), "{exited}");
}

/// S5, S2: a container that the engine restarts is reported as restarting, never as exited.
#[tokio::test]
async fn a_watch_tells_a_restart_of_the_engine_s_from_an_end() {
    let session = OwnSession::begin("watch-policy").await;
    let request = session.misbehave(&["sleep", "200ms", "exit", "3"]).restart_policy(RestartPolicy::Always);
    let container = request.start().await.expect("it starts");
    let mut watch = container.watch();
    let again = first(&mut watch, "a third run", |state| {
        assert_ne!(state.status, ContainerStatus::Exited, "{state}");
        state.restart_count >= 2
    });
    again.await;
}

/// S5: a slow reader misses states in between, but not the last one.
#[tokio::test]
async fn a_slow_reader_gets_the_newest_state_and_the_end() {
    let session = OwnSession::begin("watch-slow").await;
    let container = session.misbehave(&["exit", "4"]).start().await.expect("it starts");
    let mut watch = container.watch();
    watch.next().await.expect("a state");
    block_until_exited(container.id().as_str());
    for _ in 0..5 {
        by_somebody_else(&container, "POST", "/start");
        block_until_exited(container.id().as_str());
    }
    let last = container.state().await.expect("a state");
    remove_by_hand(container.id().as_str());
    assert_eq!(rest(watch).await.map(|state| state.exit_code), Some(last.exit_code));
}

/// S5: all watches share one connection, which is closed with the last of them.
#[tokio::test]
async fn watches_share_one_connection_which_goes_with_the_last_of_them() {
    let proxy = EngineProxy::start_default();
    let session = OwnSession::behind(&proxy, "watch-shared").await;
    let (one, other) =
        (session.idle().start().await.expect("it starts"), session.idle().start().await.expect("it starts"));
    until("nothing is asked", || proxy.connections() == 0).await;
    let mut watches = [one.watch(), one.watch(), other.watch()];
    for watch in &mut watches {
        watch.next().await.expect("a state");
    }
    assert_eq!(proxy.count(|request| request.is("GET", "/events")), 1);
    until("one connection is left", || proxy.connections() == 1).await;

    by_somebody_else(&other, "POST", "/pause");
    first_that_is(&mut watches[2], ContainerStatus::Paused).await;
    let [first, second, third] = watches;
    drop((first, third));
    let mut second = second;
    assert!(second.next().now_or_never().is_none(), "nothing has happened to it");
    by_somebody_else(&one, "POST", "/pause");
    first_that_is(&mut second, ContainerStatus::Paused).await;
    assert_eq!(proxy.connections(), 1);
    drop(second);
    until("no connection is left", || proxy.connections() == 0).await;

    let mut again = one.watch();
    assert_eq!(again.next().await.expect("a state").status, ContainerStatus::Paused);
    assert_eq!(proxy.count(|request| request.is("GET", "/events")), 2);
}

/// S5: a watch of a removed container ends without a state.
#[tokio::test]
async fn a_watch_of_a_container_that_is_gone_ends_at_once() {
    let session = OwnSession::begin("watch-gone").await;
    let container = session.idle().start().await.expect("it starts");
    remove_by_hand(container.id().as_str());
    assert_eq!(rest(container.watch()).await, None);
}
