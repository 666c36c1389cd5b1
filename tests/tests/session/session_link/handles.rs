//! The link's lifetime: it lasts until nothing of the session is needed any more.

use seatrial::{Network, Session};
use seatrial_test_support::observe::{LONG, block_until};
use seatrial_tests::{is_scenario, say};

use super::run::{Hold, Run, until_told};

#[tokio::test]
#[ignore = "a scenario"]
async fn scenario_drops_its_session() {
    if !is_scenario() {
        return;
    }
    let session = Session::builder().build().await.expect("an engine");
    let network = Network::create_in(&session).await.expect("a network");
    drop(session);
    say("the session is dropped");
    until_told().await;
    network.remove().await.expect("it goes");
    say("the network is removed");
    std::future::pending::<()>().await;
}

/// X4: the link stays open as long as a resource of the session exists, and no longer.
#[test]
fn the_link_lasts_as_long_as_something_of_the_session() {
    let run = Run::new("handles");
    let hold = Hold::new();
    let child = run.spawn_with(scenario_drops_its_session, &[hold.variable()]);
    child.line("the session is dropped", LONG);
    block_until("the reaper has its client", || run.logged("adding filter") == 1);
    assert_eq!(run.logged("client disconnected"), 0);
    hold.go_on();
    child.line("the network is removed", LONG);
    // The process lives on, and its reaper has nothing more to wait for.
    block_until("the reaper is gone", || run.reaper().is_none());
    drop(child);
}
