//! An event stream that breaks off.

use seatrial::container::ContainerStatus;
use seatrial_test_support::observe::by_somebody_else;
use seatrial_test_support::own_session::{OwnSession, remove_by_hand};
use seatrial_tests::{EngineProxy, Fault, Gate, Matcher};

use super::watch::first_that_is;

/// S5: a watch gets the last state although its stream is cut several times, anywhere, even within an event.
#[tokio::test]
async fn a_watch_whose_stream_is_cut_again_and_again_loses_no_last_state() {
    for cut in [0, 1, 200, 700] {
        let proxy = EngineProxy::start_default();
        let session = OwnSession::behind(&proxy, "watch-cut").await;
        let container = session.idle().start().await.expect("it starts");
        proxy.on(Matcher::regex("GET", "^/events$").first(4), Fault::cut_after(cut));
        let mut watch = container.watch();
        first_that_is(&mut watch, ContainerStatus::Running).await;
        for _ in 0..3 {
            by_somebody_else(&container, "POST", "/pause");
            first_that_is(&mut watch, ContainerStatus::Paused).await;
            by_somebody_else(&container, "POST", "/unpause");
            first_that_is(&mut watch, ContainerStatus::Running).await;
        }
    }
}

/// S5: a state that changed while the stream was lost is read afterwards, and the stream goes on from the last event.
#[tokio::test]
async fn changes_during_a_lost_stream_are_seen_when_it_is_back() {
    let proxy = EngineProxy::start_default();
    let session = OwnSession::behind(&proxy, "watch-away").await;
    let container = session.idle().start().await.expect("it starts");
    let (cut, gate) = (Gate::new(), Gate::new());
    // A rule counts the requests that no earlier one has settled. The cut is at a moment, and not after some bytes: the
    // stream has the events of all that happens on the engine.
    proxy.on(Matcher::regex("GET", "^/events$").nth(1), Fault::CutAt(cut.clone()));
    proxy.on(Matcher::regex("GET", "^/events$").nth(1), Fault::Hold(gate.clone()));
    let mut watch = container.watch();
    first_that_is(&mut watch, ContainerStatus::Running).await;
    by_somebody_else(&container, "POST", "/pause");
    first_that_is(&mut watch, ContainerStatus::Paused).await;
    by_somebody_else(&container, "POST", "/unpause");
    first_that_is(&mut watch, ContainerStatus::Running).await;
    cut.release();
    gate.reached().await;
    by_somebody_else(&container, "POST", "/kill?signal=KILL");
    gate.release();
    let exited = first_that_is(&mut watch, ContainerStatus::Exited).await;
    assert_eq!(exited.exit_code, Some(137));
    let requests = proxy.requests();
    let events: Vec<_> = requests.iter().filter(|request| request.is("GET", "/events")).collect();
    assert!(!events[0].query.contains("since="), "{}", events[0].query);
    assert!(events[1].query.contains("since="), "{}", events[1].query);
}

/// S5: a watch survives failing inspections and an engine that refuses its events.
#[tokio::test]
async fn a_watch_outlasts_an_engine_that_fails() {
    let proxy = EngineProxy::start_default();
    let session = OwnSession::behind(&proxy, "watch-fails").await;
    let container = session.idle().start().await.expect("it starts");
    proxy.on(Matcher::regex("GET", "^/events$").first(3), Fault::error(500, "not now"));
    proxy.on(Matcher::regex("GET", "/json$").first(3), Fault::cut());
    let mut watch = container.watch();
    first_that_is(&mut watch, ContainerStatus::Running).await;
    proxy.on(Matcher::regex("GET", "/json$"), Fault::error(500, "not now"));
    by_somebody_else(&container, "POST", "/kill?signal=KILL");
    first_that_is(&mut watch, ContainerStatus::Exited).await;
    by_somebody_else(&container, "POST", "/start");
    // The events report it, although the container can't be inspected.
    first_that_is(&mut watch, ContainerStatus::Running).await;
    proxy.clear_rules();
    remove_by_hand(container.id().as_str());
    while watch.next().await.is_some() {}
}
