//! A machine without an engine: all engines are hidden from one process.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use seatrial::Session;
use seatrial_tests::{Child, is_scenario, say};

const DONE: &str = "that is all";
const HIDDEN: [&str; 2] = ["/var/run/docker.sock", "/run/podman/podman.sock"];

/// E4: the error lists every engine that was tried, and the reason against each.
#[test]
fn every_candidate_is_listed_with_its_reason_if_no_engine_answers() {
    let home = tempfile::tempdir().expect("a folder");
    let run = home.path().join("run");
    fs::create_dir(&run).expect("a folder");
    drop(std::os::unix::net::UnixListener::bind(run.join("docker.sock")).expect("a socket"));
    let [home, run] = [home.path(), &run].map(|path| path.to_str().expect("unicode"));
    let own = [("DOCKER_HOST", ""), ("DOCKER_CONTEXT", ""), ("DOCKER_CONFIG", ""), ("HOME", home)];
    let variables = [&own[..], &[("XDG_RUNTIME_DIR", run)]].concat();
    let mut child = Child::spawn(scenario, &variables);
    child.line(DONE, Duration::from_secs(60));
    child.wait(Duration::from_secs(30));
    let lines = child.lines();
    if let Some(skipped) = lines.iter().find(|line| line.starts_with("skipped: ")) {
        eprintln!("{skipped}");
        return;
    }
    let said = |text: &str| assert!(lines.iter().any(|line| line == text), "`{text}` is not in {lines:#?}");
    said("no container engine answers");
    said(&format!(
        "  `unix://{run}/docker.sock` (rootless Docker): connection refused: the daemon is not running"
    ));
    said(&format!("  `unix://{home}/.docker/desktop/docker.sock` (Docker Desktop): no such file"));
    said(&format!("  `unix://{home}/.colima/default/docker.sock` (Colima): no such file"));
    said(&format!("  `unix://{run}/podman/podman.sock` (rootless Podman): no such file"));
    for [path, name] in [[HIDDEN[0], "Docker"], [HIDDEN[1], "Podman"]] {
        let start = format!("  `unix://{path}` ({name}): ");
        assert!(lines.iter().any(|line| line.starts_with(&start)), "`{start}` is not in {lines:#?}");
    }
    let hint = lines.iter().find(|line| line.starts_with("hint: ")).expect("a hint");
    // The first candidate whose socket is there is the one to start; where there is none, any engine is.
    let starts = ["start the engine that listens at `", "start Docker or Podman"];
    assert!(starts.iter().any(|start| hint.contains(start)) && hint.contains("`DOCKER_HOST`"), "{hint}");
}

#[tokio::test]
#[ignore = "the scenario of the test above"]
async fn scenario() {
    if is_scenario() {
        match hide_engines() {
            Err(reason) => say(&format!("skipped: {reason}")),
            Ok(()) => {
                let error = Session::current().await.expect_err("there is no engine");
                assert!(error.is_engine_unreachable());
                // On a line of its own, whatever came before it.
                say(&format!("\n{error}"));
            }
        }
        say(DONE);
    }
}

/// Hides the sockets of engines from this thread, and from those that it starts.
#[expect(unsafe_code, reason = "the standard library knows no mount namespaces")]
fn hide_engines() -> Result<(), String> {
    // SAFETY: `unshare` has no memory to go wrong with; only this thread sees other mounts from here on.
    if unsafe { libc::unshare(libc::CLONE_NEWNS) } != 0 {
        return Err(format!("hiding engines needs root: {}", std::io::Error::last_os_error()));
    }
    mount(&["--make-rprivate", "/"])?;
    for socket in HIDDEN.into_iter().filter(|socket| Path::new(socket).exists()) {
        mount(&["--bind", "/dev/null", socket])?;
    }
    Ok(())
}

fn mount(arguments: &[&str]) -> Result<(), String> {
    match Command::new("mount").args(arguments).status() {
        Ok(status) if status.success() => Ok(()),
        other => Err(format!("hiding engines needs `mount {}`: {other:?}", arguments.join(" "))),
    }
}
