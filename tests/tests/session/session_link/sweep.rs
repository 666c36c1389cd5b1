//! The sweep: resources that killed processes have left without a reaper are found later.

use std::time::Duration;

use seatrial_test_support::own_session::{OwnSession, own_id};

use super::run::{Run, kill};

/// X9: a sweep finds and removes the resources of a killed process that had no reaper.
#[tokio::test]
async fn the_resources_of_a_killed_process_without_a_reaper_are_found_and_removed_on_request() {
    let run = Run::new("sweep").with("SEATRIAL_REAPER", "off");
    let child = run.holder();
    let session = OwnSession::begin(&own_id("sweeper")).await;
    let found = async |older_than: Duration| {
        let sweep = session.sweep(older_than).await.expect("the engine lists it");
        let mine = sweep.leftovers().iter().filter(|left| left.session == run.session);
        (mine.map(|left| left.kind()).collect::<Vec<_>>(), sweep)
    };
    assert_eq!(found(Duration::ZERO).await.0, [""; 0], "its process lives");
    kill(child);
    assert_eq!(found(Duration::from_secs(3600)).await.0, [""; 0], "it is young");
    let (kinds, sweep) = found(Duration::ZERO).await;
    assert_eq!(kinds, ["container", "network", "volume"]);
    assert!(!run.left().is_empty(), "looking removes nothing");
    sweep.only_of(&run.session).remove().await.expect("all of it goes");
    assert!(run.left().is_empty(), "{}", run.left());
}
