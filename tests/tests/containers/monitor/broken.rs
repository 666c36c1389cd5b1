//! Monitors of containers behind an engine that breaks off.

use seatrial::monitor::Phase;
use seatrial_test_support::observe::{by_somebody_else, until};
use seatrial_test_support::own_session::OwnSession;
use seatrial_tests::{EngineProxy, Fault, Gate, Matcher};

use super::snapshots::{first, first_in, rest};

/// M1, M4: samples go on after their stream is cut anywhere, and the end is reported once the engine is back.
#[tokio::test]
async fn a_monitor_outlasts_an_engine_that_breaks_off() {
    let proxy = EngineProxy::start_default();
    let session = OwnSession::behind(&proxy, "monitor-cut").await;
    let container = session.idle().start().await.expect("it starts");
    for cut in [0, 300, 3_000] {
        proxy.on(Matcher::regex("GET", "/stats$").nth(1), Fault::cut_after(cut));
    }
    proxy.on(Matcher::regex("GET", "/stats$").nth(1), Fault::error(500, "not now"));
    let mut monitor = container.monitor();
    let measured = |snapshot: &seatrial::monitor::Snapshot| {
        snapshot.stats.as_ref().is_some_and(|stats| stats.cpu_percent.is_some())
    };
    first(&mut monitor, "what it uses", measured).await;
    assert!(proxy.count(|request| request.is("GET", "/stats")) >= 4, "each was tried");

    let (cut, gate) = (Gate::new(), Gate::new());
    proxy.on(Matcher::regex("GET", "^/events$").nth(1), Fault::CutAt(cut.clone()));
    proxy.on(Matcher::regex("GET", "^/events$").nth(1), Fault::Hold(gate.clone()));
    // Another watch subscribes, and its stream breaks off.
    drop(monitor);
    until("no connection is left", || proxy.connections() == 0).await;
    let mut monitor = container.monitor();
    first(&mut monitor, "what it uses", measured).await;
    cut.release();
    gate.reached().await;
    by_somebody_else(&container, "POST", "/kill?signal=KILL");
    gate.release();
    assert_eq!(first_in(&mut monitor, Phase::Exited).await.exit_code, Some(137));
    assert!(rest(monitor).await.is_empty());
}
