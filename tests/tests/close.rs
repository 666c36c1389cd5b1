//! Closing a session: what it waits for.

use futures_util::poll;
use seatrial::{ContainerRequest, ReaperChoice, Session};
use seatrial_tests::{EngineProxy, Fault, Gate, Leftovers, Matcher};

/// M5, and C10 in that the outcome of a removal goes to all who wait for it.
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
