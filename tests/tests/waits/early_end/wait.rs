//! Waits for a container that runs already, all at once.

use std::time::Instant;

use futures_util::future::join_all;
use seatrial::{ContainerRequest, Error, WaitFor};
use seatrial_test_support::observe::{SHORT, by_somebody_else, failed, until_told};
use seatrial_test_support::own_session::OwnSession;

use super::strategies::{FOREVER, is_early, never_met, unready};

/// Starts a container, waits for it in every way, ends it once all wait, and returns how each wait ended.
async fn all_end(
    request: ContainerRequest,
    end: impl AsyncFnOnce(&seatrial::TestContainer),
) -> Vec<(&'static str, Error)> {
    let container = unready(request).start().await.expect("it starts");
    let waits = never_met().into_iter().map(|(what, wait)| {
        let container = &container;
        async move { (what, failed(container.wait_timeout(wait, FOREVER).await)) }
    });
    let mut ends = std::pin::pin!(join_all(waits));
    let early = tokio::time::timeout(SHORT, &mut ends).await;
    assert!(early.is_err(), "none ends by itself: {early:?}");
    let began = Instant::now();
    end(&container).await;
    let ends = ends.await;
    assert!(is_early(began.elapsed()), "{:?}", began.elapsed());
    for (what, error) in &ends {
        assert!(error.is_exited() && !error.is_timeout(), "{what}: {error}");
    }
    ends
}

/// C25: each strategy ends early when the container exits.
#[tokio::test]
async fn every_wait_ends_when_the_container_exits() {
    let session = OwnSession::begin("exits").await;
    let exits = async |container: &seatrial::TestContainer| {
        // The first process ignores a signal until it has its trap.
        container.wait(WaitFor::log("armed")).await.expect("it runs");
        container.kill("USR1").await.expect("it runs");
    };
    for (what, error) in all_end(session.steps("trap USR1 3 print armed sleep forever"), exits).await {
        assert!(error.to_string().contains("exited with code 3"), "{what}: {error}");
    }
}

/// C25: each strategy ends early when the container is killed from outside.
#[tokio::test]
async fn every_wait_ends_when_somebody_else_kills_the_container() {
    let session = OwnSession::begin("killed").await;
    let killed = async |container: &seatrial::TestContainer| by_somebody_else(container, "POST", "/kill");
    for (what, error) in all_end(session.idle(), killed).await {
        assert!(error.to_string().contains("exited with code 137"), "{what}: {error}");
        assert!(!error.to_string().contains("OOM"), "{what}: {error}");
    }
}

/// C25: each strategy ends early when the container is stopped.
#[tokio::test]
async fn every_wait_ends_when_the_container_is_stopped() {
    let session = OwnSession::begin("stopped").await;
    let stopped = async |container: &seatrial::TestContainer| {
        container.stop().await.expect("it runs");
    };
    all_end(session.idle(), stopped).await;
}

/// C25: each strategy ends early when the container is removed from outside.
#[tokio::test]
async fn every_wait_ends_when_somebody_else_removes_the_container() {
    let session = OwnSession::begin("removed").await;
    let removed =
        async |container: &seatrial::TestContainer| by_somebody_else(container, "DELETE", "?force=1");
    for (what, error) in all_end(session.idle(), removed).await {
        let text = error.to_string();
        // An early inspection sees that it ended, a late one that it is gone.
        let is_said =
            text.contains("was removed") || text.contains("code 137") || text.contains("ended before");
        assert!(is_said, "{what}: {error}");
    }
}

/// C25: each strategy ends early when the container runs out of memory.
#[tokio::test]
async fn every_wait_ends_when_the_container_runs_out_of_memory() {
    let session = OwnSession::begin("memory").await;
    // The shell's own variable grows, so that only the first process can be killed.
    let line = "trap 'x=xxxxxxxx; while :; do x=$x$x; done' USR1; echo armed; while :; do sleep 0.1; done";
    let out_of_memory = async |container: &seatrial::TestContainer| {
        container.wait(WaitFor::log("armed")).await.expect("it runs");
        container.kill("USR1").await.expect("it runs");
    };
    let request = session.shell(line).memory(32 << 20);
    let is_told = |error: &Error| error.to_string().contains("was OOM-killed");
    let attempt = async || all_end(request.clone(), out_of_memory).await;
    let ends = until_told(attempt, |ends| ends.iter().all(|(_, error)| is_told(error))).await;
    for (what, error) in ends {
        assert!(is_told(&error), "{what}: {error}");
    }
}

/// C25: a wait on a container that has ended fails at once.
#[tokio::test]
async fn a_wait_that_begins_after_the_end_ends_at_once() {
    let session = OwnSession::begin("late").await;
    let container = unready(session.steps("exit 3")).start().await.expect("it starts");
    container.wait(seatrial::WaitFor::exit()).await.expect("it ends");
    let began = Instant::now();
    for (what, wait) in never_met() {
        let error = failed(container.wait_timeout(wait, FOREVER).await);
        assert!(error.is_exited(), "{what}: {error}");
    }
    assert!(is_early(began.elapsed()), "{:?}", began.elapsed());
}
