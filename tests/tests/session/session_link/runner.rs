//! A test whose time is up: its runner kills it, and the reaper does the rest.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use seatrial::ContainerRequest;
use seatrial_test_support::observe::LONG;
use seatrial_test_support::own_session::BASIC;
use seatrial_tests::{is_scenario, say, test_name, with_default_signals};

use super::process::Host;
use super::run::Run;

/// A test that hangs, with a container that does not heed SIGTERM.
#[tokio::test]
#[ignore = "a scenario"]
async fn scenario_hangs() {
    if is_scenario() {
        let stubborn = ["sh", "-c", "trap '' TERM; while :; do sleep 1; done"];
        let container = ContainerRequest::new(BASIC).cmd(stubborn).start().await.expect("it starts");
        say(&format!("hanging with {container}"));
        std::future::pending::<()>().await;
        drop(container);
    }
}

/// X6: SIGINT, SIGTERM and `abort` leave the process no time to clean up; the reaper removes its resources.
#[test]
fn a_test_that_a_signal_ends_leaves_nothing() {
    for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGABRT] {
        let run = Run::new("signal");
        let mut child = run.spawn(scenario_hangs);
        child.line("hanging with ", LONG);
        child.kill(signal);
        assert!(!child.wait(Duration::from_secs(10)).success(), "signal {signal}");
        run.assert_goes();
    }
}

/// X6: a test that cargo-nextest kills at its time-out leaves nothing.
#[test]
fn a_test_that_nextest_ends_leaves_nothing() {
    let run = Run::new("nextest");
    if let Some(output) = nextest(&run) {
        assert!(output.contains("TIMEOUT") && !output.contains("LEAK"), "{output}");
        run.assert_goes();
    }
}

/// X8: nextest, which waits for all that hold a test's output, does not wait for a reaper on the host.
#[test]
fn a_reaper_on_the_host_is_no_leak_to_nextest() {
    let host = Host::new("nextest-host");
    if let Some(output) = nextest(&host.run) {
        assert!(output.contains("TIMEOUT") && !output.contains("LEAK"), "{output}");
        host.assert_goes();
    }
}

/// Runs the test that hangs with nextest, up to its time-out; `None`, with the reason on stderr, if it is not
/// installed.
fn nextest(run: &Run) -> Option<String> {
    let version = Command::new("cargo").args(["nextest", "--version"]).output();
    if !version.is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: cargo-nextest is not installed");
        return None;
    }
    let folder = tempfile::tempdir().expect("a folder");
    write_package(folder.path());
    let mut command = Command::new("cargo");
    command.args(["nextest", "run", "--offline", "--no-fail-fast"]).current_dir(folder.path());
    command.env("CARGO_TARGET_DIR", folder.path().join("target"));
    command.env("SEATRIAL_TESTS_SCENARIO", test_name(&scenario_hangs));
    // nextest may run this test itself, and its variables would make this a part of that run.
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("NEXTEST")) {
        command.env_remove(name);
    }
    command.envs(run.variables());
    let output = with_default_signals(&mut command).output().expect("it runs");
    assert!(!output.status.success(), "the test has failed by its time-out");
    Some(format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr)))
}

/// Writes a package without dependencies, whose one test becomes the one that hangs.
fn write_package(folder: &Path) {
    let write = |name: &str, text: &str| {
        let file = folder.join(name);
        fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
        fs::write(file, text).expect("written");
    };
    let manifest = "[package]\nname = \"hangs\"\nversion = \"0.1.0\"\nedition = \"2024\"\n[workspace]\n";
    write("Cargo.toml", manifest);
    write("src/lib.rs", "");
    let program = std::env::current_exe().expect("the test binary's path");
    let scenario = test_name(&scenario_hangs);
    let test = format!(
        "use std::os::unix::process::CommandExt;\n\
         #[test]\nfn hangs() {{\n    let mut command = std::process::Command::new({program:?});\n    \
         command.args([{scenario:?}, \"--exact\", \"--ignored\", \"--nocapture\"]);\n    \
         panic!(\"{{}}\", command.exec());\n}}\n"
    );
    write("tests/hangs.rs", &test);
    write(
        ".config/nextest.toml",
        "[profile.default]\n\
         slow-timeout = { period = \"3s\", terminate-after = 1, grace-period = \"500ms\" }\n\
         leak-timeout = \"300ms\"\n",
    );
}
