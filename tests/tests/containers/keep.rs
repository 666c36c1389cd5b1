//! Containers that are kept: a single one, and those of a whole run (C12).
//!
//! The containers that a process keeps can only be seen after it has ended, so each test looks at a child.

use std::time::Duration;

use seatrial::{ContainerRequest, Keep, Network, Session, Volume, WaitFor};
use seatrial_test_support::own_session::{MISBEHAVE, ids_of_session, look, own_id, remove_by_hand};
use seatrial_tests::{Child, Engine, assert_nothing_left, is_scenario, say, test_name};

const SOON: Duration = Duration::from_secs(60);

/// A scenario that has ended, and the containers that it has left.
pub(crate) struct Ended {
    pub(crate) session: String,
    pub(crate) lines: Vec<String>,
    pub(crate) left: Vec<String>,
    pub(crate) succeeded: bool,
}

impl Ended {
    /// Runs a scenario in a process and session of its own.
    #[track_caller]
    pub(crate) fn run<T>(scenario: impl Fn() -> T, variables: &[(&str, &str)]) -> Self {
        let session = own_id("keep");
        let variables = [variables, &[("SEATRIAL_SESSION_ID", session.as_str())]].concat();
        let mut child = Child::spawn(scenario, &variables);
        let status = child.wait(SOON);
        let left = ids_of_session(&session);
        Self { session, lines: child.lines(), left, succeeded: status.success() }
    }

    pub(crate) fn says(&self, text: &str) -> bool {
        self.lines.iter().any(|line| line.contains(text))
    }

    /// Checks that one container stays, and that its name and the commands to look into it were told.
    #[track_caller]
    pub(crate) fn assert_kept(&self) {
        let [id] = self.left.as_slice() else {
            panic!("{} containers are left: {:#?}", self.left.len(), self.lines);
        };
        let name = look(id).expect("it is there")["Name"].as_str().expect("a name")[1..].to_owned();
        for line in [
            format!("seatrial: kept container `{name}` ({})", &id[..12]),
            format!("  docker logs {name}"),
            format!("  docker exec -it {name} sh"),
            format!("  docker inspect {name}"),
            format!("  docker rm -fv {name}"),
        ] {
            assert!(self.lines.contains(&line), "no `{line}` in {:#?}", self.lines);
        }
    }

    /// Checks that no container stays, and that none is said to.
    #[track_caller]
    pub(crate) fn assert_removed(&self) {
        assert!(self.left.is_empty() && !self.says("seatrial: kept"), "{:#?}", self.lines);
        assert_nothing_left(&self.session);
    }
}

impl Drop for Ended {
    /// Removes the containers that the scenario kept.
    fn drop(&mut self) {
        for id in self.left.iter().filter(|id| look(id).is_some()) {
            remove_by_hand(id);
        }
    }
}

fn idle() -> ContainerRequest {
    ContainerRequest::new(MISBEHAVE)
}

#[tokio::test]
#[ignore = "a scenario"]
async fn scenario_keeps_one() {
    if is_scenario() {
        idle().start().await.expect("it starts").keep();
        drop(idle().start().await.expect("it starts"));
    }
}

#[tokio::test]
#[ignore = "a scenario"]
async fn scenario_drops() {
    if is_scenario() {
        drop(idle().start().await.expect("it starts"));
    }
}

#[tokio::test]
#[ignore = "a scenario"]
async fn scenario_removes() {
    if is_scenario() {
        idle().start().await.expect("it starts").remove().await.expect("it goes");
    }
}

#[tokio::test]
#[ignore = "a scenario"]
async fn scenario_panics() {
    if is_scenario() {
        let _container = idle().start().await.expect("it starts");
        panic!("as a test that fails does");
    }
}

#[tokio::test]
#[ignore = "a scenario"]
async fn scenario_is_never_ready() {
    if is_scenario() {
        let request = idle().wait_for(WaitFor::log("ready")).startup_timeout(Duration::from_millis(300));
        let error = request.start().await.expect_err("it never is");
        say(&format!("not ready: {}", error.is_not_ready()));
    }
}

#[tokio::test]
#[ignore = "a scenario"]
async fn scenario_can_not_be_started() {
    if is_scenario() {
        let request = idle().entrypoint(["/no-such-program"]);
        request.start().await.expect_err("there is no such program");
    }
}

#[tokio::test]
#[ignore = "a scenario"]
async fn scenario_runs_to_the_end() {
    if is_scenario() {
        let output = idle().cmd(["print", "x", "exit", "3"]).run().await.expect("it runs");
        assert_eq!(output.exit_code(), Some(3));
    }
}

#[tokio::test]
#[ignore = "a scenario"]
async fn scenario_never_drops() {
    if is_scenario() {
        std::mem::forget(idle().start().await.expect("it starts"));
    }
}

#[tokio::test]
#[ignore = "a scenario"]
async fn scenario_asks_for_a_mode_of_its_own() {
    if is_scenario() {
        drop(idle().keep(Keep::Always).start().await.expect("it starts"));
        drop(idle().keep(Keep::Never).start().await.expect("it starts"));
    }
}

#[tokio::test]
#[ignore = "a scenario"]
async fn scenario_keeps_one_with_all_that_it_uses() {
    if is_scenario() {
        let session = Session::current().await.expect("the engine answers");
        let network = Network::create_in(&session).await.expect("a network");
        let volume = Volume::create_in(&session).await.expect("a volume");
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("file"), "content").expect("a file");
        let request = idle().network(&network).volume(volume.name(), "/data").anonymous_volume("/more");
        let request = request.mount_files([folder.path().join("file")], "/files");
        request.start().await.expect("it starts").keep();
        say(&format!("network {}", network.id()));
        say(&format!("volume {}", volume.name()));
    }
}

/// C12: a kept container runs on, and stderr has its name and the commands to look into it; others are removed.
#[test]
fn a_container_that_is_kept_stays_and_is_named_on_stderr() {
    let ended = Ended::run(scenario_keeps_one, &[]);
    assert!(ended.succeeded, "{:#?}", ended.lines);
    ended.assert_kept();
    assert_eq!(look(&ended.left[0]).expect("it is there")["State"]["Running"], true);
}

/// C12: the notice of a kept container is visible although the test runner captures the output.
#[test]
fn the_notice_of_a_test_that_passes_is_seen() {
    let session = own_id("keep-captured");
    let mut child = Child::spawn_captured(scenario_keeps_one, &[("SEATRIAL_SESSION_ID", &session)]);
    let succeeded = child.wait(SOON).success();
    let (left, lines) = (ids_of_session(&session), child.lines());
    Ended { session, lines, left, succeeded }.assert_kept();
}

/// Runs a scenario in each mode, and checks in which ones its container stays.
#[track_caller]
fn assert_kept_in(modes: &[&str], scenario: impl Fn() + Copy) {
    let name = test_name(&scenario);
    for mode in ["always", "on-failure", "never"] {
        let ended = Ended::run(scenario, &[("SEATRIAL_KEEP", mode)]);
        eprintln!("{name} with SEATRIAL_KEEP={mode}");
        assert_eq!(ended.succeeded, name != test_name(&scenario_panics), "{:#?}", ended.lines);
        if modes.contains(&mode) {
            ended.assert_kept();
        } else {
            ended.assert_removed();
        }
    }
}

/// C12: a container that a passing test drops is kept by `always` alone.
#[test]
fn a_dropped_container_is_kept_by_always_only() {
    assert_kept_in(&["always"], scenario_drops);
}

/// C12: the end of the process counts as a drop.
#[test]
fn a_container_that_is_never_dropped_is_kept_by_always_only() {
    assert_kept_in(&["always"], scenario_never_drops);
}

/// C12: a container that was run to its end is kept by `always` alone.
#[test]
fn a_container_that_was_run_to_its_end_is_kept_by_always_only() {
    assert_kept_in(&["always"], scenario_runs_to_the_end);
}

/// C12: a container that a panicking thread drops is kept by `always` and `on-failure`.
#[test]
fn a_container_that_a_failing_test_drops_is_kept_on_failure() {
    assert_kept_in(&["always", "on-failure"], scenario_panics);
}

/// C12: a container whose start timed out is kept by `always` and `on-failure`.
#[test]
fn a_container_that_is_not_ready_in_time_is_kept_on_failure() {
    assert_kept_in(&["always", "on-failure"], scenario_is_never_ready);
}

/// C12: a container that the engine can't start is kept by `always` and `on-failure`.
#[test]
fn a_container_that_can_not_be_started_is_kept_on_failure() {
    assert_kept_in(&["always", "on-failure"], scenario_can_not_be_started);
}

/// C12: an explicit removal is carried out in every mode.
#[test]
fn a_removed_container_is_kept_by_no_mode() {
    assert_kept_in(&[], scenario_removes);
}

/// C12: nothing is kept by default.
#[test]
fn a_test_that_fails_leaves_nothing_by_default() {
    Ended::run(scenario_panics, &[]).assert_removed();
}

/// C12: a request's own mode wins.
#[test]
fn a_request_has_a_mode_of_its_own() {
    for mode in ["always", "never"] {
        let ended = Ended::run(scenario_asks_for_a_mode_of_its_own, &[("SEATRIAL_KEEP", mode)]);
        assert!(ended.succeeded, "{:#?}", ended.lines);
        ended.assert_kept();
    }
}

/// C12: a kept container keeps its volumes, files and network.
#[test]
fn the_resources_of_a_kept_container_stay_with_it() {
    let ended = Ended::run(scenario_keeps_one_with_all_that_it_uses, &[]);
    ended.assert_kept();
    assert!(!ended.says("was not removed"), "{:#?}", ended.lines);
    let (engine, id) = (Engine::from_env(), &ended.left[0]);
    let status = |method: &str, target: &str| engine.request(method, target, None).expect("an answer").status;
    // It starts again with all that it had.
    assert_eq!(status("POST", &format!("/containers/{id}/restart?t=0")), 204);
    let container = look(id).expect("it is there");
    let mounts = container["Mounts"].as_array().expect("mounts");
    assert_eq!(mounts.len(), 3);
    let files = mounts.iter().find(|mount| mount["Destination"] == "/files").expect("the files");
    let folder = files["Source"].as_str().expect("a folder");
    assert_eq!(std::fs::read_to_string(format!("{folder}/file")).expect("the file"), "content");
    remove_by_hand(id);
    std::fs::remove_dir_all(folder).expect("the folder goes");
    for kind in ["network", "volume"] {
        let line = ended.lines.iter().find(|line| line.starts_with(&format!("{kind} "))).expect("its id");
        assert!(ended.says(&format!("seatrial: kept {kind} `")), "{:#?}", ended.lines);
        let target = format!("/{kind}s/{}", line.split_once(' ').expect("its id").1);
        assert_eq!((status("GET", &target), status("DELETE", &target)), (200, 204), "{kind}");
    }
}

/// C12: an unknown mode is refused before anything is started.
#[test]
fn a_mode_that_there_is_not_is_refused_with_those_that_there_are() {
    let ended = Ended::run(scenario_drops, &[("SEATRIAL_KEEP", "sometimes")]);
    assert!(!ended.succeeded);
    assert!(ended.says("`SEATRIAL_KEEP` is `sometimes`, but should be `always`, `on-failure` or `never`"));
    ended.assert_removed();
}
