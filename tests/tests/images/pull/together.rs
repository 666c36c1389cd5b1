//! Pulls of one image at the same time.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use seatrial::{
    ContainerRequest,
    pull::{Credentials, Pull},
};
use seatrial_test_support::own_session::OwnSession;
use seatrial_test_support::registry::{PASSWORD, Registry, USER};
use seatrial_tests::{EngineProxy, Fault, Gate, Matcher};

/// Returns a matcher for the engine's calls of a pull.
fn pull_calls() -> Matcher {
    Matcher::new("POST", "/images/create")
}

fn pulls(proxy: &EngineProxy) -> usize {
    proxy.count(|request| request.is("POST", "/images/create"))
}

/// C31: callers that pull one image share the pull, however they write its name.
#[tokio::test]
async fn concurrent_pulls_of_one_image_are_one_pull() {
    let proxy = EngineProxy::start_default();
    let session = OwnSession::behind(&proxy, "together").await;
    let registry = Registry::start(&session).await;
    let image = registry.publish_basic("together");
    let gate = Gate::new();
    proxy.on(pull_calls(), Fault::Hold(gate.clone()));
    let pulls_of = (0..4).map(|_| tokio::spawn(Pull::new(image.tagged()).session(&session).run()));
    let pulls_of: Vec<_> = pulls_of.collect();
    let starts = (0..2).map(|_| {
        let request = ContainerRequest::new(image.tagged()).cmd(["true"]).session(&session);
        tokio::spawn(async move { request.run().await })
    });
    let starts: Vec<_> = starts.collect();
    gate.reached().await;
    // The starts look for the image first, and join the pull with the answer.
    wait_until(|| {
        proxy.count(|request| request.is("POST", "/containers/create") && request.status == Some(404)) == 2
    })
    .await;
    tokio::task::yield_now().await;
    gate.release();
    for pull in join_all(pulls_of).await {
        pull.expect("no panic").expect("it can be had");
    }
    for start in join_all(starts).await {
        assert_eq!(start.expect("no panic").expect("it can be had").exit_code(), Some(0));
    }
    assert_eq!(registry.faulty.count(|request| request.is("HEAD", "/manifests/")), pulls(&proxy));
    assert_eq!(pulls(&proxy), 1);
}

/// C31: callers share one pull, and it goes on if one of them is dropped.
#[tokio::test]
async fn one_caller_s_cancellation_does_not_fail_the_others() {
    let proxy = EngineProxy::start_default();
    let session = OwnSession::behind(&proxy, "one-cancelled").await;
    let registry = Registry::start(&session).await;
    let image = registry.publish_noise("one-cancelled", 1, 10_000);
    let gate = Gate::new();
    registry.faulty.on(Matcher::blobs(), Fault::Hold(gate.clone()));
    let mut callers: Vec<_> =
        (0..3).map(|_| tokio::spawn(Pull::new(image.tagged()).session(&session).run())).collect();
    gate.reached().await;
    // The first one began the pull.
    let first = callers.remove(0);
    first.abort();
    assert!(first.await.is_err_and(|error| error.is_cancelled()));
    gate.release();
    for caller in join_all(callers).await {
        caller.expect("no panic").expect("it can be had");
    }
    assert_eq!((pulls(&proxy), image.is_here()), (1, true));
}

/// C31: a pull without callers is ended, and a later call starts another.
#[tokio::test]
async fn a_pull_that_all_callers_have_cancelled_ends() {
    let proxy = EngineProxy::start_default();
    let session = OwnSession::behind(&proxy, "all-cancelled").await;
    let registry = Registry::start(&session).await;
    let image = registry.publish_noise("all-cancelled", 1, 1_000_000);
    registry.faulty.on(image.config(), Fault::Pass);
    registry.faulty.on(Matcher::blobs(), Fault::throttle(50_000));
    let callers: Vec<_> =
        (0..3).map(|_| tokio::spawn(Pull::new(image.tagged()).session(&session).run())).collect();
    wait_until(|| {
        registry.faulty.count(|request| request.is("GET", "/blobs/") && request.status.is_some()) == 2
    })
    .await;
    let before = Instant::now();
    for caller in &callers {
        caller.abort();
    }
    // Whole, the download would take 20 s.
    wait_until(|| downloads(&registry) == 0).await;
    assert!(before.elapsed() < Duration::from_secs(10) && !image.is_here());
    registry.faulty.clear_rules();
    Pull::new(image.tagged()).session(&session).run().await.expect("it can be had");
    assert_eq!((pulls(&proxy), image.is_here()), (2, true));
}

/// C31, C32: a pull is shared only among callers with the same credentials.
#[tokio::test]
async fn callers_with_different_credentials_do_not_share_a_pull() {
    let proxy = EngineProxy::start_default();
    let session = OwnSession::behind(&proxy, "two-users").await;
    let registry = Registry::with_login(&session).await;
    let image = registry.publish_basic("two-users");
    let gate = Gate::new();
    proxy.on(pull_calls(), Fault::Hold(gate.clone()));
    let pull = |password: &str| {
        let credentials = Credentials::password(USER, password);
        tokio::spawn(Pull::new(image.tagged()).credentials(credentials).session(&session).run())
    };
    let (wrong, right, also_right) = (pull("wrong"), pull(PASSWORD), pull(PASSWORD));
    gate.reached_by(2).await;
    gate.release();
    assert!(wrong.await.expect("no panic").is_err_and(|error| error.is_denied()));
    right.await.expect("no panic").expect("it can be had");
    also_right.await.expect("no panic").expect("it can be had");
    assert_eq!(pulls(&proxy), 2);
}

/// Counts the blobs that are being downloaded: connections, since idle ones are closed with a cancelled pull too.
fn downloads(registry: &Registry) -> usize {
    registry.faulty.connections()
}

async fn wait_until(done: impl Fn() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < Duration::from_secs(30), "in vain");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
