//! Runtimes below the engine: one and the same container with each that there is (C5), and checkpoints (C14).
//!
//! Where the engine has no gVisor, a daemon of the test's own has: that takes seconds, so few tests share one.

mod checkpoints;
mod each;
#[path = "../common/observe.rs"]
mod observe;
#[path = "../common/own_session.rs"]
mod own_session;
mod place;
#[path = "../common/processes.rs"]
mod processes;

use place::{OFFLINE, Place};
use seatrial_tests::Leftovers;

/// A17, C5, C14: all that needs gVisor.
#[tokio::test]
async fn gvisor_s_containers_do_what_others_do_and_can_be_checkpointed() {
    let Some(place) = Place::find() else { return };
    let session = place.session("gvisor").await;
    tokio::join!(
        each::does_what_containers_do(&session, "runc"),
        each::does_what_containers_do(&session, "runsc"),
        each::exists_for_its_cases(&session, "runsc"),
        each::variants(&session),
    );
    // One after the other: Docker has been seen to refuse one of several restores at once.
    checkpoints::one_that_ends_and_is_restored(&place, &session).await;
    checkpoints::one_that_goes_on(&session).await;
    checkpoints::what_can_not_be(&session).await;
    checkpoints::one_whose_caller_is_gone(&place).await;
    session.clone().close().await.expect("everything can be removed");
    Leftovers::assert_none(&place.engine(), session.id().as_str(), std::time::Duration::ZERO);
    println!("under `runsc`, ports were left out: it has the host's network; `{OFFLINE}` has none");
}
