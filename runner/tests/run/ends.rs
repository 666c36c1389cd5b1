//! How a run ends before all is done: interrupted, or its time is up.

use std::time::Duration;

use seatrial_tests::Child;

use crate::{BASIC, Scene, verdicts};

const SIGINT: i32 = 2;
const SOON: Duration = Duration::from_secs(60);

/// A run of a case that ends and of some that don't, which are under way when this returns.
fn hanging(scene: &Scene, env: &[(&str, &str)]) -> Child {
    scene.file("cases", "ends\nhangs\nhangs too\nlater\nlater too");
    let mut command = scene.command();
    command.envs(env.iter().copied());
    command.args([
        "run",
        "--image",
        BASIC,
        "--pool",
        "2",
        "--cases",
        "cases",
        "--json",
        "out.jsonl",
        "--verbose",
    ]);
    command.args(["--", "sh", "-c", "test $0 = ends || sleep 1000", "{case}"]);
    let child = Child::of(command);
    child.line("passed: ends", SOON);
    child
}

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

#[test]
fn a_second_interrupt_ends_a_run_at_once() {
    let scene = Scene::new("interrupted-twice");
    let mut child = hanging(&scene, &[("SEATRIAL_REAPER", "sidecar"), ("RYUK_RECONNECTION_TIMEOUT", "1s")]);
    child.kill(SIGINT);
    child.line("once more ends at once", SOON);
    child.kill(SIGINT);
    assert_eq!(child.wait(SOON).code(), Some(130), "{:?}", child.lines());
}

#[test]
fn a_run_whose_time_is_up_reports_what_there_is() {
    let scene = Scene::new("time-up");
    scene.file("cases", "ends\nhangs\nlater");
    let args = [
        "--image",
        BASIC,
        "--pool",
        "1",
        "--cases",
        "cases",
        "--timeout",
        "4s",
        "--run-timeout",
        "5s",
        "--json",
        "out.jsonl",
        "--",
        "sh",
        "-c",
        "test $0 = ends || sleep 1000",
        "{case}",
    ];
    let run = scene.run(args);
    assert_eq!(run.code, Some(4), "{run:?}");
    assert_eq!(scene.verdicts()["later"], "not-run", "{run:?}");
    assert!(run.stdout.contains("the time of the run was up"), "{}", run.stdout);
}
