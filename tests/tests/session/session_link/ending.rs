//! The normal end of a process whose removals are not done in time, with a reaper.

use std::time::Duration;

use seatrial::{Network, Volume};
use seatrial_tests::{EngineProxy, Fault, Matcher, is_scenario, say};

use super::run::Run;
use seatrial_test_support::observe::LONG;

/// C9, X6: one line, which says that the reaper removes what is left.
#[test]
fn the_end_with_removals_that_hang_says_that_the_reaper_removes_what_is_left() {
    let run = Run::new("ending");
    let proxy = EngineProxy::start_default();
    proxy.on(Matcher::regex("DELETE", "^/(networks|volumes)/"), Fault::hang());
    let mut child = run.spawn_with(scenario_ends, &[("DOCKER_HOST", &proxy.docker_host())]);
    child.line("ending", LONG);
    assert!(child.wait(Duration::from_secs(30)).success());
    let said: Vec<_> = child.lines().into_iter().filter(|line| line.starts_with("seatrial: ")).collect();
    let [line] = said.as_slice() else { panic!("{said:#?}") };
    assert!(line.starts_with("seatrial: network `"), "{line}");
    let end = "and 2 more were not removed within 10 s of the end of the process; the session's reaper removes them";
    assert!(line.ends_with(end), "{line}");
    run.assert_goes();
}

#[tokio::test]
#[ignore = "a scenario"]
async fn scenario_ends() {
    if is_scenario() {
        drop(Network::create().await.expect("a network"));
        std::mem::forget(Volume::create().await.expect("a volume"));
        std::mem::forget(Volume::create().await.expect("a volume"));
        say("ending");
    }
}
