//! What killed processes have left without a reaper, looked for later.

use std::time::Duration;

use seatrial_test_support::own_session::{OwnSession, own_id};

use super::run::{Run, kill};

/// X9.
#[tokio::test]
async fn what_a_killed_process_has_left_without_a_reaper_is_found_and_removed_on_request() {
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
