//! A drop while the engine is busy: it hands over, and returns.

use std::time::{Duration, Instant};

use futures_util::future::try_join_all;
use seatrial::{Network, Volume};
use seatrial_test_support::own_session::OwnSession;
use seatrial_tests::{EngineProxy, Fault, Gate, Matcher};

/// What a drop may take on a slow machine; a removal that is held takes for ever.
const AT_ONCE: Duration = Duration::from_secs(2);

/// C9.
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

/// C9, E2: no drop waits for its turn either.
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
