//! No reaper: by whose word, and who is told.

use seatrial_test_support::observe::LONG;
use seatrial_test_support::own_session::remove_by_hand;
use seatrial_tests::Leftovers;

use super::run::{Run, kill};

/// X8: a process that has switched the reaper off gets one notice.
#[test]
fn a_process_without_a_reaper_is_told_so_once() {
    for variable in [("SEATRIAL_REAPER", "off"), ("TESTCONTAINERS_RYUK_DISABLED", "true")] {
        let run = Run::new("off").with("SEATRIAL_REAPER", "");
        let child = run.spawn_with(super::run::scenario_holds, &[variable]);
        child.line("holding ", LONG);
        assert!(run.reaper().is_none());
        let lines = child.lines();
        let told: Vec<_> = lines.iter().filter(|line| line.contains("reaper")).collect();
        let [line] = told.as_slice() else { panic!("{lines:#?}") };
        assert_eq!(
            **line,
            format!(
                "seatrial: the reaper is off (`{}`): what this process creates stays on the engine if it is killed",
                variable.0
            )
        );
        // The warning says that a kill leaves everything.
        kill(child);
        let left = run.left();
        assert_eq!((left.containers.len(), left.networks.len(), left.volumes.len()), (1, 1, 1), "{left}");
        remove(&left);
    }
}

/// Removes what a killed process has left on purpose.
fn remove(left: &Leftovers) {
    let engine = seatrial_tests::Engine::from_env();
    let name = |line: &String| line.split(' ').next().expect("a name").to_owned();
    for container in &left.containers {
        remove_by_hand(&name(container));
    }
    let networks = left.networks.iter().map(|line| format!("/networks/{}", name(line)));
    for target in networks.chain(left.volumes.iter().map(|line| format!("/volumes/{}", name(line)))) {
        let answer = engine.request("DELETE", &target, None).expect("the engine answers");
        assert_eq!(answer.status, 204, "{}", answer.text());
    }
}
