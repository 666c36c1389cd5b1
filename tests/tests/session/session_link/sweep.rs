//! The sweep: resources that killed processes have left without a reaper are found later.

use std::process::Command;
use std::time::Duration;

use seatrial::{Session, session::ReaperChoice};
use seatrial_test_support::observe::LONG;
use seatrial_test_support::own_session::{OwnSession, own_id};
use seatrial_tests::{Child, is_scenario, say};

use super::off::remove;
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

/// The variable that names the session which a scenario sweeps.
const SWEPT: &str = "SESSION_LINK_SWEPT";

#[tokio::test]
#[ignore = "a scenario"]
async fn scenario_sweeps() {
    if is_scenario() {
        let session = Session::builder().reaper(ReaperChoice::Off).build().await.expect("an engine");
        let swept = std::env::var(SWEPT).expect("the test names it");
        let found = session.sweep(Duration::ZERO).await.expect("the engine lists it").only_of(&swept);
        say(&format!("found {}", found.leftovers().len()));
    }
}

/// X9, E3: a process of another PID namespace is not taken for dead because its id means nothing here, although the host
/// name is the same.
#[test]
fn a_session_whose_process_runs_in_another_pid_namespace_is_not_swept() {
    let run = Run::new("namespace").with("SEATRIAL_REAPER", "off");
    let child = run.holder();
    let swept_by = |launcher: Command| {
        let variables = run.variables().into_iter().filter(|(name, _)| *name != "SEATRIAL_SESSION_ID");
        let variables: Vec<_> = variables.chain([(SWEPT, run.session.as_str())]).collect();
        Child::spawn_by(launcher, scenario_sweeps, &variables).line("found ", LONG)
    };
    let elsewhere = || {
        let mut unshare = Command::new("unshare");
        unshare.args(["--user", "--map-root-user", "--pid", "--fork", "--kill-child", "--mount-proc"]);
        unshare
    };
    assert_eq!(swept_by(elsewhere()), "found 0");
    kill(child);
    assert_eq!(swept_by(elsewhere()), "found 0", "nothing is certain there after its end, either");
    assert_eq!(swept_by(Command::new("env")), "found 3", "it is certain here");
    remove(&run.left());
}
