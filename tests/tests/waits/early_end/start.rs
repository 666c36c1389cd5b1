//! Waits of a start.

use std::time::Instant;

use futures_util::StreamExt;
use seatrial_test_support::observe::{failed, until_told};
use seatrial_test_support::own_session::OwnSession;

use super::strategies::{is_early, never_met, unready};

/// The number of containers that run at once.
const AT_ONCE: usize = 4;

/// C25: a start fails as soon as its container ends, with every strategy.
#[tokio::test]
async fn a_start_ends_with_its_container_whatever_it_waits_for() {
    let session = OwnSession::begin("start").await;
    let began = Instant::now();
    let starts = never_met().into_iter().map(|(what, wait)| {
        let request = unready(session.steps("print starting sleep 500ms exit 3")).wait_for(wait);
        async move { (what, failed(request.start().await)) }
    });
    let ends: Vec<_> = futures_util::stream::iter(starts).buffer_unordered(AT_ONCE).collect().await;
    for (what, error) in &ends {
        assert!(error.is_exited() && !error.is_timeout(), "{what}: {error}");
        assert!(error.to_string().contains("exited with code 3 before it was ready"), "{what}: {error}");
    }
    assert!(is_early(began.elapsed()) && ends.len() == never_met().len());
}

/// C25: the error of a start says that the container ran out of memory.
#[tokio::test]
async fn a_start_says_that_memory_was_what_its_container_ended_for() {
    let session = OwnSession::begin("start-memory").await;
    for (what, wait) in never_met().into_iter().filter(|(what, _)| ["text", "port", "delay"].contains(what)) {
        let request = unready(session.steps("sleep 200ms eat-memory all")).memory(24 << 20).wait_for(wait);
        let attempt = async || failed(request.start().await);
        let error = until_told(attempt, |error| error.to_string().contains("was OOM-killed")).await;
        assert!(error.is_exited() && error.to_string().contains("was OOM-killed"), "{what}: {error}");
    }
}

/// C25: a start fails early although the container is removed together with its logs.
#[tokio::test]
async fn a_start_ends_although_the_container_goes_with_its_logs() {
    let session = OwnSession::begin("start-removed").await;
    for (what, wait) in never_met().into_iter().filter(|(what, _)| ["regex", "http", "custom"].contains(what))
    {
        let request = unready(session.steps("print last-words exit 3")).auto_remove().wait_for(wait);
        let error = failed(request.start().await);
        assert!(error.is_exited(), "{what}: {error}");
        assert!(error.to_string().contains("last-words"), "{what}: the report has its output: {error}");
    }
}
