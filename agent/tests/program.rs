//! `agent end`, run on processes of this machine instead of a container's.

#![cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]

use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command, Output, Stdio};

use seatrial_agent::{MOST_MARKS, PROGRAM, VARIABLE};
use tempfile::TempDir;

/// The agent as an executable file.
struct Agent(TempDir);

impl Agent {
    fn unpack() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("agent");
        std::fs::write(&path, PROGRAM).expect("it is written");
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).expect("it may be run");
        Self(dir)
    }

    fn run(&self, arguments: &[String]) -> Output {
        Command::new(self.0.path().join("agent")).args(arguments).output().expect("it runs")
    }

    fn end(&self, mark: &str) -> String {
        let output = self.run(&["end".to_owned(), mark.to_owned()]);
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).expect("text")
    }
}

/// Returns a mark that no other process on this machine has.
fn mark() -> String {
    format!("{:032x}", rand::random::<u128>())
}

/// Starts a shell with this mark, and waits until its line prints `ready`.
fn shell(mark: &str, line: &str) -> Child {
    let mut shell = Command::new("sh");
    let mut child = shell
        .args(["-c", line])
        .env(VARIABLE, mark)
        .stdout(Stdio::piped())
        .spawn()
        .expect("the shell starts");
    let mut said = String::new();
    BufReader::new(child.stdout.take().expect("it is piped"))
        .read_line(&mut said)
        .expect("it says something");
    assert_eq!(said, "ready\n");
    child
}

#[test]
fn a_process_and_its_descendants_are_killed_and_counted() {
    let (agent, mark) = (Agent::unpack(), mark());
    let line = "sleep 1000 >&2 & (sleep 1001 >&2 &) ; env -i sleep 1002 >&2 & echo ready; wait";
    let mut child = shell(&mark, line);
    assert_eq!(agent.end(&mark).split(' ').next(), Some("ended=4"));
    assert!(!child.wait().expect("it has ended").success());
    assert!(agent.end(&mark).starts_with("ended=0 left=0"), "nothing is left to end");
}

#[test]
fn processes_with_another_mark_are_left_alone() {
    let (agent, mine, other) = (Agent::unpack(), mark(), mark());
    let mut child = shell(&other, "echo ready; exec sleep 1000");
    assert_eq!(agent.end(&mine).split(" unseen").next(), Some("ended=0 left=0 unreaped=0"));
    // A prefix of a mark is another mark.
    assert_eq!(agent.end(&other[..31]).split(" unseen").next(), Some("ended=0 left=0 unreaped=0"));
    assert!(child.try_wait().expect("it can be asked for").is_none(), "it runs on");
    assert!(agent.end(&other).starts_with("ended=1 "));
    child.wait().expect("it has ended");
}

#[test]
fn many_processes_that_fork_are_killed() {
    let (agent, mark) = (Agent::unpack(), mark());
    let line = "for i in $(seq 40); do (while :; do sleep 0.01; done) >&2 & done; echo ready; wait";
    let mut child = shell(&mark, line);
    assert!(agent.end(&mark).contains(" left=0 "));
    child.wait().expect("it has ended");
    assert!(agent.end(&mark).starts_with("ended=0 left=0"));
}

#[test]
fn wrong_arguments_have_their_own_exit_code_and_kill_nothing() {
    let agent = Agent::unpack();
    let marks = |count: usize| (0..count).map(|_| mark());
    let with = |more: Vec<String>| [vec!["end".to_owned()], more].concat();
    for arguments in [
        Vec::new(),
        vec!["begin".to_owned()],
        with(vec![String::new()]),
        with(vec!["@5".to_owned()]),
        with(vec![format!("{}@x", mark())]),
        with(marks(MOST_MARKS + 1).collect()),
    ] {
        let output = agent.run(&arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {output:?}");
        assert!(output.stdout.is_empty() && output.stderr.starts_with(b"agent: "));
    }
    assert!(agent.run(&with(marks(MOST_MARKS).collect())).status.success());
}
