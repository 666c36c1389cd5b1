//! Sessions without a reaper: the settings for it, and the notice.

use seatrial_test_support::observe::LONG;
use seatrial_test_support::own_session::remove_by_hand;
use seatrial_tests::Leftovers;

use super::run::{Run, kill};

/// X8: a session without a reaper says so in one line for all of its processes.
#[test]
fn a_session_without_a_reaper_is_told_so_once() {
    for variable in [("SEATRIAL_REAPER", "off"), ("TESTCONTAINERS_RYUK_DISABLED", "true")] {
        let run = Run::new("off").with("SEATRIAL_REAPER", "");
        let child = run.spawn_with(super::run::scenario_holds, &[variable]);
        child.line("holding ", LONG);
        assert!(run.reaper().is_none());
        let second = run.spawn_with(super::run::scenario_creates, &[variable]);
        let volume = second.line("created ", LONG).trim_start_matches("created ").to_owned();
        assert!(second.lines().iter().all(|line| !line.contains("reaper is off")), "{:#?}", second.lines());
        kill(second);
        remove_volume(&volume);
        let lines = child.lines();
        let told: Vec<_> = lines.iter().filter(|line| line.contains("reaper")).collect();
        let [line] = told.as_slice() else { panic!("{lines:#?}") };
        assert_eq!(
            **line,
            format!(
                "seatrial: the reaper is off (`{}`): what this session creates stays on the engine if it is killed",
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

/// X8: a user that knows what it means to have no reaper is not told.
#[test]
fn a_session_that_is_knowingly_without_a_reaper_is_not_told_so() {
    let run = Run::new("off-known").with("SEATRIAL_REAPER", "off-knowingly");
    let child = run.spawn(super::run::scenario_creates);
    let volume = child.line("created ", LONG).trim_start_matches("created ").to_owned();
    assert!(run.reaper().is_none());
    assert!(child.lines().iter().all(|line| !line.contains("reaper")), "{:#?}", child.lines());
    kill(child);
    remove_volume(&volume);
}

/// X8: a misspelt variable would do nothing, silently.
#[test]
fn a_session_is_told_once_of_a_variable_that_means_nothing() {
    let run = Run::new("misspelt");
    let misspelt = [("SEATRIAL_REEPER", "off"), ("SEATRIAL_STARTUP_TIME_OUT", "1s")];
    let first = run.spawn_with(super::run::scenario_creates, &misspelt);
    first.line("created ", LONG);
    let warnings = |child: &seatrial_tests::Child| {
        child.lines().into_iter().filter(|line| line.contains("means nothing")).collect::<Vec<_>>()
    };
    let warning = |name: &str, meant: &str| {
        format!(
            "seatrial: the environment variable `{name}` means nothing to Seatrial; did you mean `{meant}`?"
        )
    };
    assert_eq!(
        warnings(&first),
        [
            warning("SEATRIAL_REEPER", "SEATRIAL_REAPER"),
            warning("SEATRIAL_STARTUP_TIME_OUT", "SEATRIAL_STARTUP_TIMEOUT"),
        ]
    );
    let second = run.spawn_with(super::run::scenario_creates, &misspelt);
    second.line("created ", LONG);
    assert_eq!(warnings(&second), [""; 0]);
    [first, second].into_iter().for_each(kill);
}

/// Removes a volume that a killed process has left.
fn remove_volume(name: &str) {
    let answer = seatrial_tests::Engine::from_env().request("DELETE", &format!("/volumes/{name}"), None);
    let answer = answer.expect("the engine answers");
    assert_eq!(answer.status, 204, "{}", answer.text());
}

/// Removes what a killed process has left on purpose.
pub(crate) fn remove(left: &Leftovers) {
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
