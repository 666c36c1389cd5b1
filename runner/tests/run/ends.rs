//! How a run ends before all is done: interrupted, or its time is up.

use std::time::Duration;

use seatrial_tests::{Child, EngineProxy, Fault, Gate, Matcher};

use crate::{BASIC, Scene, until, verdicts};

const SIGINT: i32 = 2;
const SOON: Duration = Duration::from_secs(60);

/// A run of a case that ends and of some that don't, which are under way when this returns.
fn hanging(scene: &Scene, env: &[(&str, &str)]) -> Child {
    hanging_with(scene, &[], env)
}

fn hanging_with(scene: &Scene, options: &[&str], env: &[(&str, &str)]) -> Child {
    scene.file("cases", "ends\nhangs\nhangs too\nlater\nlater too");
    let line = "test $0 = ends || sleep 1000";
    let options = [&["--pool", "2", "--verbose"], options].concat();
    let mut command = scene.run(&options, &["sh", "-c", line, "{case}"]);
    command.envs(env.iter().copied());
    let child = Child::of(command);
    child.line("passed: ends", SOON);
    child
}

/// R9, R22.
#[test]
fn an_interrupted_run_reports_what_there_is_and_cleans_up() {
    let scene = Scene::new("interrupted");
    let mut child = hanging(&scene, &[]);
    child.kill(SIGINT);
    assert_eq!(child.wait(SOON).code(), Some(130), "{:?}", child.lines());
    let expected = verdicts([
        ("ends", "passed"),
        ("hangs", "not-run"),
        ("hangs too", "not-run"),
        ("later", "not-run"),
        ("later too", "not-run"),
    ]);
    assert_eq!(scene.verdicts(), expected);
    let end = scene.lines().pop().expect("an end");
    assert_eq!((&end["stopped"], &end["exit_code"]), (&"interrupted".into(), &130.into()));
    child.line("interrupted: what is not run is not known", SOON);
}

/// R9: an engine that removes containers and never says so would be waited for otherwise.
#[test]
fn a_second_interrupt_does_not_wait_for_the_engine() {
    let scene = Scene::new("interrupted-at-once");
    let (proxy, gate) = (EngineProxy::start_default(), Gate::new());
    proxy.on(Matcher::regex("DELETE", "^/containers/"), Fault::HoldAnswer(gate.clone()));
    // With a command of their own, so that there is nothing but them to remove.
    scene.file("request.toml", format!("image = \"{BASIC}\"\ncmd = [\"sleep\", \"infinity\"]\n"));
    let host = proxy.docker_host();
    let mut child = hanging_with(&scene, &["--request", "request.toml"], &[("DOCKER_HOST", &host)]);
    child.kill(SIGINT);
    child.line("once more ends at once", SOON);
    until("both containers are being removed", || gate.arrived() == 2);
    child.kill(SIGINT);
    assert_eq!(child.wait(Duration::from_secs(5)).code(), Some(130), "{:?}", child.lines());
}

/// R9: what is left then is for the reaper.
#[test]
fn a_second_interrupt_ends_a_run_at_once() {
    let scene = Scene::new("interrupted-twice");
    let mut child = hanging(&scene, &[("SEATRIAL_REAPER", "sidecar"), ("RYUK_RECONNECTION_TIMEOUT", "1s")]);
    child.kill(SIGINT);
    child.line("once more ends at once", SOON);
    child.kill(SIGINT);
    assert_eq!(child.wait(SOON).code(), Some(130), "{:?}", child.lines());
}

/// R7, R22.
#[test]
fn a_run_whose_time_is_up_reports_what_there_is() {
    let scene = Scene::new("time-up");
    scene.file("cases", "ends\nhangs\nlater");
    let run = scene.run_shell(&["--timeout", "4s", "--run-timeout", "5s"], "test $0 = ends || sleep 1000");
    assert_eq!(run.code, Some(4), "{run:?}");
    assert_eq!(scene.verdicts()["later"], "not-run", "{run:?}");
    assert!(run.stdout.contains("the time of the run was up"), "{}", run.stdout);
}
