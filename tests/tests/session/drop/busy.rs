//! A drop while the engine is busy: it hands over, and returns.

use std::time::{Duration, Instant};

use futures_util::future::try_join_all;
use seatrial::{Network, Volume};
use seatrial_test_support::own_session::OwnSession;
use seatrial_tests::{EngineProxy, Fault, Gate, Matcher};

/// The longest time for a drop on a slow machine. A removal that is held takes for ever.
const AT_ONCE: Duration = Duration::from_secs(2);

/// C9: a drop does not block, however long the engine takes for the removal.
#[tokio::test]
async fn a_drop_returns_while_the_engine_holds_the_removal() {
    let (proxy, gate) = (EngineProxy::start_default(), Gate::new());
    let session = OwnSession::behind(&proxy, "busy").await;
    proxy.on(Matcher::regex("DELETE", ""), Fault::Hold(gate.clone()));
    let container = session.idle().start().await.expect("a container");
    let id = container.id().to_string();
    let began = Instant::now();
    drop(container);
    assert!(began.elapsed() < AT_ONCE, "{:?}", began.elapsed());
    gate.reached().await;
    assert_eq!(session.containers(), [id]);
    gate.release();
}

/// C9, E2: a drop does not wait for its removal's turn.
#[tokio::test]
async fn drops_return_while_all_turns_are_taken() {
    let (proxy, gate) = (EngineProxy::start_default(), Gate::new());
    let session = OwnSession::behind(&proxy, "busy-all").await;
    let request = session.idle();
    let containers = try_join_all((0..10).map(|_| request.start())).await.expect("containers");
    let network = Network::create_in(&session).await.expect("a network");
    let volume = Volume::create_in(&session).await.expect("a volume");
    proxy.on(Matcher::regex("DELETE", ""), Fault::Hold(gate.clone()));
    let began = Instant::now();
    drop((containers, network, volume));
    assert!(began.elapsed() < AT_ONCE, "{:?}", began.elapsed());
    gate.reached().await;
    gate.release();
}
