//! Resources that are to stay are left alone by the reaper; those that were kept by accident are not.

use seatrial::{ContainerRequest, Keep, Volume};
use seatrial_test_support::observe::{LONG, block_until};
use seatrial_test_support::own_session::{BASIC, ids_of_session, remove_by_hand};
use seatrial_tests::{is_scenario, say};

use super::run::{Run, kill};

fn idle() -> ContainerRequest {
    ContainerRequest::new(BASIC).cmd(["sleep", "1000"])
}

#[tokio::test]
#[ignore = "a scenario"]
async fn scenario_keeps() {
    if is_scenario() {
        let stays = idle().keep(Keep::Always).start().await.expect("a container");
        say(&format!("stays {}", stays.id()));
        let goes = idle().start().await.expect("a container").keep();
        say(&format!("goes {goes}"));
        let volume = Volume::create().await.expect("a volume");
        say("ready");
        std::future::pending::<()>().await;
        drop((stays, volume));
    }
}

/// C12: a container that a mode keeps stays after a kill; without a mode, the notice says that it will not.
#[test]
fn a_container_that_is_to_stay_stays_when_its_process_is_killed() {
    let run = Run::new("kept");
    let child = run.spawn(scenario_keeps);
    child.line("ready", LONG);
    let stays = child.line("stays ", LONG).trim_start_matches("stays ").to_owned();
    child.line("the session's reaper removes it after the run; set SEATRIAL_KEEP=always to keep it", LONG);
    assert_eq!(ids_of_session(&run.session).len(), 3, "and the reaper");
    kill(child);
    block_until("the reaper is gone", || run.reaper().is_none());
    assert_eq!(ids_of_session(&run.session), std::slice::from_ref(&stays));
    assert!(run.left().volumes.is_empty());
    remove_by_hand(&stays);
}
