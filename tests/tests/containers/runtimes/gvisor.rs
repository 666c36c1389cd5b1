//! All that needs gVisor, in one test: a daemon that has it takes seconds to start.

use super::place::{OFFLINE, Place};
use seatrial_tests::Leftovers;

/// A17, C5, C14: containers under gVisor do what others do, run cases, and can be checkpointed.
#[tokio::test]
async fn gvisor_s_containers_do_what_others_do_and_can_be_checkpointed() {
    let Some(place) = Place::find() else { return };
    let session = place.session("gvisor").await;
    tokio::join!(
        super::each::does_what_containers_do(&session, "runc"),
        super::each::does_what_containers_do(&session, "runsc"),
        super::each::exists_for_its_cases(&session, "runsc"),
        super::each::variants(&session),
    );
    // One after the other: Docker has been seen to refuse one of several restores at once.
    super::checkpoints::one_that_ends_and_is_restored(&place, &session).await;
    super::checkpoints::one_that_goes_on(&session).await;
    super::checkpoints::what_can_not_be(&session).await;
    super::checkpoints::one_whose_caller_is_gone(&place).await;
    session.clone().close().await.expect("everything can be removed");
    Leftovers::assert_none(&place.engine(), session.id().as_str(), std::time::Duration::ZERO);
    println!("under `runsc`, ports were left out: it has the host's network; `{OFFLINE}` has none");
}
