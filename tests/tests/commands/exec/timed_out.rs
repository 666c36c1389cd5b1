//! Commands whose time is up.

use std::time::{Duration, Instant};

use seatrial::{ContainerRequest, TestContainer};
use seatrial_test_support::observe::failed;
use seatrial_test_support::own_session::{BASIC, OwnSession, look_at};
use seatrial_test_support::processes::{self, FAMILY, sleepers, until_none_sleeps};

use super::waiting;

/// The time limit of commands that are to be ended: enough for an engine under load to start them.
const TIME: Duration = Duration::from_secs(3);

/// Runs what leaves a whole family behind, and looks that nothing of it is left once the error is there.
#[track_caller]
fn check(left: &[String], error: &seatrial::Error, container: &TestContainer) {
    assert!(error.is_timeout() && error.is_exec() && !error.is_not_started(), "{error:?}");
    assert!(left.is_empty(), "{left:#?}\nafter {error:?}");
    assert_eq!(container.poison(), None);
}

/// C29: no process is left when the error comes, and the error has what was printed.
#[tokio::test]
async fn a_command_out_of_time_is_ended_with_all_its_children() {
    let session = OwnSession::begin("exec-timeout").await;
    let container = waiting(&session).await;
    let error = failed(container.exec(["sh", "-c", FAMILY]).timeout(TIME).await);
    check(&sleepers(&container).await, &error, &container);
    let output = error.output().expect("what it printed");
    assert_eq!((output.stdout_text().as_str(), output.stderr_text().as_str()), ("ready\n", "grumble\n"));
    assert!(output.elapsed >= TIME && !output.truncated, "{output:?}");
    let text = error.to_string();
    for part in [container.name(), "`sh -c ", "within 3.0 s", "was ended", "`ready`", "`grumble`"] {
        assert!(text.contains(part), "no {part} in {text}");
    }
    assert_eq!(container.exec(["true"]).await.expect("it goes on").exit_code, 0);
}

/// C29: a command is ended in an image without shell, libraries or a usable `/tmp`.
#[tokio::test]
async fn an_image_from_scratch_needs_nothing() {
    let session = OwnSession::begin("exec-timeout-scratch").await;
    let container = session.idle().start().await.expect("it starts");
    let before = processes::all(&container);
    let steps = ["/misbehave", "leave", "child", "leave", "grandchild", "leave", "daemon", "print", "ready"];
    let command = container.exec(steps.into_iter().chain(["sleep", "forever"]));
    let error = failed(command.timeout(TIME).await);
    assert_eq!(error.output().expect("what it printed").stdout_text(), "ready\n");
    let all = processes::all(&container);
    check(&all[before.len().min(all.len())..], &error, &container);
}

/// C29: a command is ended whatever rights the container and the command have.
#[tokio::test]
async fn a_timed_out_command_of_any_user_is_ended_in_any_container() {
    let session = OwnSession::begin("exec-timeout-any").await;
    let base = || session.shell("exec sleep 100000").init();
    let cases: [(&str, ContainerRequest); 5] = [
        ("a user", base().user("tester")),
        ("a read-only root", base().read_only_root()),
        ("no capabilities", base().cap_drop("ALL").user("65534:65534")),
        (
            "no privileges to be had",
            base().modify_host_config(|host| {
                host.security_opt = Some(vec!["no-new-privileges".to_owned()]);
            }),
        ),
        ("a directory that goes away", base().working_dir("/tmp/away")),
    ];
    for (what, request) in cases {
        let container = request.start().await.expect(what);
        let line = format!("rmdir /tmp/away; {FAMILY}");
        let command = container.exec(["sh", "-c", &line]).working_dir("/tmp").timeout(TIME);
        let error = failed(command.await);
        let listed =
            container.exec(["ps", "-o", "args"]).working_dir("/").await.expect("it runs").stdout_text();
        let left: Vec<_> =
            listed.lines().filter(|line| line.starts_with("sleep 100") && !line.contains("100000")).collect();
        assert!(left.is_empty() && error.is_timeout(), "{what}: {left:?} {error:?}");
        assert_eq!(container.poison(), None, "{what}");
    }
}

/// C29: a command is ended in a container that may have no more processes; the limit is raised for a moment.
#[tokio::test]
async fn a_container_that_is_full_of_processes_is_emptied() {
    let session = OwnSession::begin("exec-timeout-full").await;
    let request = session.shell("exec sleep 100000").init().pids_limit(40);
    let container = request.start().await.expect("it starts");
    // With the container's own two and the shell: 40.
    let line = "for i in $(seq 37); do sleep 1001 & done; echo full; wait";
    let error = failed(container.exec(["sh", "-c", line]).timeout(TIME).await);
    assert_eq!(error.output().expect("what it printed").stdout_text(), "full\n");
    check(&sleepers(&container).await, &error, &container);
    let limit = look_at(&container)["HostConfig"]["PidsLimit"].as_i64();
    assert_eq!(limit, Some(40), "the limit is what it was");
}

/// C29: a command whose first process cleared its environment is ended if the engine's processes can be seen from here.
/// In a sandbox they can't, and the error says what was not ended.
#[tokio::test]
async fn a_command_that_clears_its_environment_is_ended() {
    let session = OwnSession::begin("exec-timeout-clear").await;
    let container = waiting(&session).await;
    let is_sandboxed = look_at(&container)["HostConfig"]["Runtime"] != "runc";
    for cmd in [vec!["env", "-i", "sleep", "1001"], vec!["env", "-i", "sh", "-c", "sleep 1001 & sleep 1002"]]
    {
        let error = failed(container.exec(cmd).timeout(TIME).await);
        let left = sleepers(&container).await;
        if is_sandboxed {
            assert!(error.is_timeout() && container.is_poisoned() != left.is_empty(), "{left:?} {error:?}");
        } else {
            check(&left, &error, &container);
        }
    }
}

/// C29: a command is ended although it ignores signals, floods its output or has a terminal.
#[tokio::test]
async fn the_deaf_the_loud_and_those_with_a_terminal_are_ended() {
    let session = OwnSession::begin("exec-timeout-deaf").await;
    let container = waiting(&session).await;
    let deaf = "trap '' TERM INT HUP; echo deaf; sleep 1001 & sleep 1002";
    let error = failed(container.exec(["sh", "-c", deaf]).timeout(TIME).await);
    check(&sleepers(&container).await, &error, &container);
    let error = failed(container.exec(["sh", "-c", deaf]).tty().stdin("x").timeout(TIME).await);
    check(&sleepers(&container).await, &error, &container);
    let loud = container.exec(["sh", "-c", "sleep 1001 & yes flood"]).output_limit(1000).timeout(TIME);
    let error = failed(loud.await);
    check(&sleepers(&container).await, &error, &container);
    let output = error.output().expect("what it printed");
    assert_eq!((output.stdout.len(), output.truncated), (1000, true));
    // Output without the end of a line comes, too.
    let error = failed(container.exec(["sh", "-c", "printf prompt; sleep 1001"]).timeout(TIME).await);
    assert_eq!(error.output().expect("what it printed").stdout_text(), "prompt");
    // A command that closed its output and runs on is waited for, and ended.
    let closed = container.exec(["sh", "-c", "printf last; exec >&- 2>&-; sleep 1001"]).timeout(TIME);
    let error = failed(closed.await);
    assert_eq!(error.output().expect("what it printed").stdout_text(), "last");
    check(&sleepers(&container).await, &error, &container);
}

/// C29: ending a command touches no process of another one.
#[tokio::test]
async fn other_commands_and_what_earlier_ones_left_run_on() {
    let session = OwnSession::begin("exec-timeout-others").await;
    let container = waiting(&session).await;
    let service = container.exec(["sh", "-c", "setsid sleep 1001 >/dev/null 2>&1 &"]).timeout(TIME);
    assert_eq!(service.await.expect("it leaves a service").exit_code, 0);
    let other = async { container.exec(["sh", "-c", "sleep 1002 & sleep 6; kill $!; echo done"]).await };
    let timed = async { failed(container.exec(["sleep", "1003"]).timeout(TIME).await) };
    let (other, error) = tokio::join!(other, timed);
    assert!(error.is_timeout(), "{error:?}");
    assert_eq!(other.expect("it is left alone").stdout_text(), "done\n");
    let left = sleepers(&container).await;
    assert!(left.len() == 1 && left[0].contains("sleep 1001"), "{left:?}");
}

/// C27, C29: a limit that is not reached changes nothing, and a limit of zero ends the command at once.
#[tokio::test]
async fn a_time_that_suffices_is_not_noticed() {
    let session = OwnSession::begin("exec-in-time").await;
    let container = waiting(&session).await;
    let output = container.exec(["sh", "-c", "echo done; exit 6"]).timeout(Duration::from_secs(60)).await;
    let output = output.expect("it is in time");
    assert_eq!((output.exit_code, output.stdout_text().as_str()), (6, "done\n"));
    let longest = container.exec(["true"]).timeout(Duration::MAX).await.expect("it is in time");
    assert_eq!(longest.exit_code, 0);
    let began = Instant::now();
    let error = failed(container.exec(["sleep", "1001"]).timeout(Duration::ZERO).await);
    assert!(error.is_timeout() && began.elapsed() < Duration::from_secs(60), "{error:?}");
    until_none_sleeps(&container, "under way at its deadline").await;
}

/// C29: a command is ended in a container whose first process does not reap.
#[tokio::test]
async fn a_first_process_that_reaps_nobody_is_no_hindrance() {
    let session = OwnSession::begin("exec-timeout-unreaped").await;
    let request = ContainerRequest::new(BASIC).cmd(["sleep", "100000"]).stop_signal("KILL").session(&session);
    let container = request.start().await.expect("it starts");
    let error = failed(container.exec(["sh", "-c", FAMILY]).timeout(TIME).await);
    check(&sleepers(&container).await, &error, &container);
}
