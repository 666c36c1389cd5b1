//! Closing a session, and the removals that it waits for.

use std::time::Duration;

use futures_util::poll;
use seatrial::{
    ContainerRequest, Network, Session, TestContainer, Volume, WaitFor, monitor::Phase, session::ReaperChoice,
};
use seatrial_test_support::own_session::{OwnSession, look, remove_by_hand};
use seatrial_tests::{EngineProxy, Fault, Gate, Leftovers, Matcher};

/// M5, C10: a close waits for removals that drops have begun, and all callers get the outcome of one removal.
#[tokio::test]
async fn a_close_waits_for_a_removal_that_a_drop_began() {
    let id = format!("close-{}", std::process::id());
    let (proxy, gate) = (EngineProxy::start_default(), Gate::new());
    proxy.on(Matcher::regex("DELETE", "^/containers/"), Fault::Hold(gate.clone()));
    let builder = Session::builder().id(&id).docker_host(proxy.docker_host()).reaper(ReaperChoice::Off);
    let session = builder.build().await.expect("an engine");
    let request = ContainerRequest::new("seatrial/basic:dev").cmd(["sleep", "600"]).session(&session);
    drop(request.start().await.expect("it starts"));
    gate.reached().await;

    let mut close = std::pin::pin!(session.close());
    assert!(poll!(&mut close).is_pending(), "the container is there still");
    gate.release();
    close.await.expect("all is removed");

    let left = Leftovers::of_session(&seatrial_tests::Engine::from_env(), &id).expect("the engine answers");
    assert_eq!(left, Leftovers::default(), "right after the close, without waiting");
}

/// Returns a future of a container's exit code, without the handle.
async fn end_of(container: &TestContainer) -> impl Future<Output = Option<i64>> + use<> {
    let mut monitor = container.monitor();
    monitor.next().await.expect("it runs");
    async move {
        let mut last = None;
        while let Some(snapshot) = monitor.next().await {
            last = Some(snapshot);
        }
        last.filter(|last| last.phase == Phase::Exited).and_then(|last| last.exit_code)
    }
}

/// M5: containers with a stop time are stopped while others are killed; networks go last.
#[tokio::test]
async fn a_close_stops_and_removes_side_by_side_and_networks_last() {
    let proxy = EngineProxy::start_default();
    let session = OwnSession::behind(&proxy, "close-all").await;
    let network = Network::create_in(&session).await.expect("a network");
    let volume = Volume::create_in(&session).await.expect("a volume");
    let deaf = session.idle().network(&network).volume(volume.name(), "/volume");
    let polite = session.steps("trap TERM 7 print ready sleep forever").stop_timeout(Duration::from_secs(30));
    let polite = polite.wait_for(WaitFor::log("ready"));
    let deaf = deaf.start().await.expect("it starts");
    let polite = polite.start().await.expect("it starts");
    let ends = (end_of(&deaf).await, end_of(&polite).await);

    // Neither waits for the other's removal.
    let gate = Gate::new();
    proxy.on(Matcher::regex("DELETE", deaf.id().as_str()).nth(1), Fault::Hold(gate.clone()));
    let close = tokio::spawn(Session::clone(&session).close());
    gate.reached().await;
    assert_eq!(futures_util::FutureExt::boxed(ends.1).await, Some(7), "it ended by itself");
    gate.release();
    close.await.expect("no panic").expect("all is removed");
    assert_ne!(ends.0.await, Some(7));

    let requests = proxy.requests();
    let removals: Vec<_> = requests.iter().filter(|request| request.method == "DELETE").collect();
    let of = |what: &str| removals.iter().position(|request| request.path.starts_with(what));
    let (network_at, containers) =
        (of("/networks/"), removals.iter().filter(|r| r.is("DELETE", "/containers/")));
    assert_eq!((removals.len(), containers.count()), (4, 2), "each was removed at once: {removals:?}");
    assert!(network_at >= Some(2) && of("/volumes/") >= Some(2), "{removals:?}");
    assert_eq!(requests.iter().filter(|request| request.is("POST", "/stop")).count(), 1);
}

/// M5: a removal that fails stops no other, and the close returns all errors.
#[tokio::test]
async fn a_close_returns_all_that_failed_and_removes_the_rest() {
    let proxy = EngineProxy::start_default();
    let session = OwnSession::behind(&proxy, "close-fails").await;
    let start = async || session.idle().start().await.expect("it starts");
    let (one, two, three) = (start().await, start().await, start().await);
    for stuck in [&one, &three] {
        let target = format!("^/containers/{}", stuck.id());
        proxy.on(Matcher::regex("DELETE", &target), Fault::error(400, "stuck for good"));
    }
    let error = Session::clone(&session).close().await.expect_err("two are stuck").to_string();
    assert!(error.contains("2 resources could not be removed"), "{error}");
    assert!(error.contains(one.name()) && error.contains(three.name()), "{error}");
    assert!(!error.contains(two.name()), "{error}");
    assert_eq!(look(two.id().as_str()), None);
    for stuck in [&one, &three] {
        remove_by_hand(stuck.id().as_str());
    }
}
