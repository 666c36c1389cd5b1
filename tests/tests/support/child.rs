//! Scenarios in processes of their own: output, exit, signals.

use std::os::unix::process::ExitStatusExt;
use std::process::Command;
use std::time::Duration;

use seatrial_tests::{Child, ProcessSnapshot, is_scenario, say};

const SOON: Duration = Duration::from_secs(30);

#[test]
fn a_child_says_lines_and_its_exit_code_is_seen() {
    let mut child = Child::spawn(scenario_exits, &[("CODE", "7")]);
    assert_eq!(child.line("code is", SOON), "code is 7");
    assert_eq!(child.wait(SOON).code(), Some(7));
    assert!(child.lines().contains(&"on stderr".to_owned()));
}

#[test]
#[ignore = "a scenario of the test above"]
fn scenario_exits() {
    if is_scenario() {
        let code = std::env::var("CODE").expect("a code").parse().expect("a number");
        eprintln!("on stderr");
        say(&format!("code is {code}"));
        std::process::exit(code);
    }
}

#[test]
fn a_child_is_ended_by_a_signal_and_its_threads_can_be_seen_before() {
    let mut child = Child::spawn(scenario_waits, &[]);
    child.line("waiting", SOON);
    assert!(ProcessSnapshot::of(child.id()).threads.len() >= 2);
    child.kill(libc::SIGTERM);
    assert_eq!(child.wait(SOON).signal(), Some(libc::SIGTERM));
}

/// A suite that was started under `nohup`, or in a script's background, ignores these signals itself.
#[test]
fn a_child_heeds_signals_that_its_starter_ignores() {
    let mut launcher = Command::new("sh");
    launcher.args(["-c", "trap '' HUP INT QUIT; exec \"$@\"", "sh"]);
    let mut child = Child::spawn_by(launcher, scenario_ends_a_child_by_signals, &[]);
    child.line("each has ended", SOON);
    assert!(child.wait(SOON).success());
}

#[test]
#[ignore = "a scenario of the test above"]
fn scenario_ends_a_child_by_signals() {
    if is_scenario() {
        for signal in [libc::SIGHUP, libc::SIGINT, libc::SIGQUIT] {
            let mut child = Child::spawn(scenario_waits, &[]);
            child.line("waiting", SOON);
            child.kill(signal);
            assert_eq!(child.wait(SOON).signal(), Some(signal));
        }
        say("each has ended");
    }
}

#[test]
fn a_dropped_child_is_killed() {
    let child = Child::spawn(scenario_waits, &[]);
    let id = child.id();
    child.line("waiting", SOON);
    drop(child);
    assert!(ProcessSnapshot::of(id).threads.is_empty());
}

#[test]
#[should_panic(expected = "did not print `never`")]
fn a_line_that_does_not_come_is_a_panic() {
    Child::spawn(scenario_waits, &[]).line("never", Duration::from_millis(300));
}

#[test]
#[ignore = "a scenario of the tests above"]
fn scenario_waits() {
    if is_scenario() {
        say("waiting");
        loop {
            std::thread::park();
        }
    }
}
