//! Runs that end before all cases were run: by a signal, or since their time is up.

use std::time::Duration;

use seatrial_tests::{Child, EngineProxy, Fault, Gate, Matcher};

use crate::{BASIC, Scene, until, verdicts};

const SIGHUP: i32 = 1;
const SIGINT: i32 = 2;
const SIGCONT: i32 = 18;
const SIGSTOP: i32 = 19;
const SOON: Duration = Duration::from_secs(60);

/// Starts a run of a case that ends and of some that don't; these are under way when this returns.
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

/// R9, R22. An interrupted run reports the results so far, and removes its containers.
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
    child.line("interrupted: nothing is known of the cases that were not run", SOON);
}

/// R9. A second interrupt does not wait for an engine that does not answer a removal.
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
    child.line("another signal ends this process at once", SOON);
    until("both containers are being removed", || gate.arrived() == 2);
    child.kill(SIGINT);
    assert_eq!(child.wait(Duration::from_secs(5)).code(), Some(130), "{:?}", child.lines());
}

/// R9. A second interrupt ends the process at once; the reaper removes its containers.
#[test]
fn a_second_interrupt_ends_a_run_at_once() {
    let scene = Scene::new("interrupted-twice");
    let mut child = hanging(&scene, &[("SEATRIAL_REAPER", "sidecar"), ("RYUK_RECONNECTION_TIMEOUT", "1s")]);
    child.kill(SIGINT);
    child.line("another signal ends this process at once", SOON);
    child.kill(SIGINT);
    assert_eq!(child.wait(SOON).code(), Some(130), "{:?}", child.lines());
}

/// R7, R22. A run whose time is up reports the results so far.
#[test]
fn a_run_whose_time_is_up_reports_what_there_is() {
    let scene = Scene::new("time-up");
    scene.file("cases", "ends\nhangs\nlater");
    let run = scene.run_shell(&["--timeout", "4s", "--run-timeout", "5s"], "test $0 = ends || sleep 1000");
    assert_eq!(run.code, Some(4), "{run:?}");
    assert_eq!(scene.verdicts()["later"], "not-run", "{run:?}");
    assert!(run.stdout.contains("the time of the run was up"), "{}", run.stdout);
}

/// R9, R22. Every signal that asks a process to end ends a run in order.
#[test]
fn every_signal_that_asks_for_an_end_ends_a_run_in_order() {
    for (name, signal) in [("SIGHUP", 1), ("SIGQUIT", 3), ("SIGTERM", 15)] {
        let scene = Scene::new("signals");
        let mut child = hanging_with(&scene, &["--junit", "junit.xml"], &[]);
        child.kill(signal);
        assert_eq!(child.wait(SOON).code(), Some(130), "{name}: {:?}", child.lines());
        assert_eq!(scene.verdicts()["ends"], "passed", "{name}");
        assert_eq!(scene.verdicts()["hangs"], "not-run", "{name}");
        assert!(scene.text("junit.xml").ends_with("</testsuites>\n"), "{name}");
    }
}

/// R9. A run that was started to ignore a signal, as `nohup` does, ignores it.
#[test]
fn a_signal_that_is_ignored_from_the_start_stays_ignored() {
    let scene = Scene::new("nohup");
    scene.share();
    scene.file("cases", "waits");
    let line = "echo begun; touch /shared/begun; until test -e /shared/go; do sleep 0.1; done";
    let run = scene.run(&["--request", "request.toml"], &["sh", "-c", line, "{case}"]);
    let mut command = std::process::Command::new("sh");
    command.args(["-c", "trap '' HUP; exec \"$0\" \"$@\""]).arg(run.get_program()).args(run.get_args());
    command.current_dir(scene.path("."));
    for (name, value) in run.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    let mut child = Child::of(command);
    until("the case has begun", || scene.path("shared/begun").exists());
    child.kill(SIGHUP);
    scene.file("shared/go", "");
    assert_eq!(child.wait(SOON).code(), Some(0), "{:?}", child.lines());
}

/// R7. The time for which the runner was stopped counts for no limit: neither for a case's nor for the run's.
#[test]
fn the_time_for_which_the_runner_was_stopped_does_not_count() {
    /// Longer than the limits of the case and of the run, and than the time that the agent's answer may take.
    const STOPPED: Duration = Duration::from_secs(25);
    let scene = Scene::new("stopped");
    scene.share();
    scene.file("cases", "first\nsecond");
    let line = "touch \"/shared/$0\"; sleep 2; yes | head -c 100000; echo done";
    for exec in ["agent", "engine"] {
        let limits = ["--timeout", "6s", "--run-timeout", "20s", "--exec", exec, "--retries", "0"];
        let options = [&["--request", "request.toml", "--verbose"][..], &limits].concat();
        let mut child = Child::of(scene.run(&options, &["sh", "-c", line, "{case}"]));
        until("the first case runs", || scene.path("shared/first").exists());
        child.kill(SIGSTOP);
        std::thread::sleep(STOPPED);
        child.kill(SIGCONT);
        assert_eq!(child.wait(SOON).code(), Some(0), "{exec}: {:?}", child.lines());
        assert_eq!(scene.verdicts(), verdicts([("first", "passed"), ("second", "passed")]), "{exec}");
        for case in scene.cases().values() {
            assert_eq!(case["attempts"].as_array().map(Vec::len), Some(1), "{exec}: {case}");
        }
        std::fs::remove_file(scene.path("shared/first")).expect("a file");
    }
}
