//! A container as a command: run to its end and collected (C13).

use std::time::Duration;

use seatrial::{ContainerRequest, WaitFor, container::RunEnd};
use seatrial_test_support::observe::until_told;
use seatrial_test_support::own_session::{OwnSession, look};
use seatrial_tests::{Answer, EngineProxy, Fault, Matcher};
use serde_json::json;

/// C13: `run` returns stdout, stderr and the exit code.
#[tokio::test]
async fn a_run_collects_both_streams_and_the_exit_code() {
    let session = OwnSession::begin("run").await;
    let steps = ["print", "out", "to", "stderr", "print", "err", "print-partial", "rest", "exit", "0"];
    let output = session.misbehave(&steps).run().await.expect("the engine runs it");
    assert_eq!((output.end, output.exit_code()), (RunEnd::Exited(0), Some(0)));
    assert_eq!((output.stdout_text().as_str(), output.stderr_text().as_str()), ("out\n", "err\nrest"));
    assert!(!output.truncated);
    assert!(output.elapsed > Duration::ZERO);
}

/// C13: an exit code other than 0 is a result, not an error.
#[tokio::test]
async fn a_run_that_fails_is_data() {
    let session = OwnSession::begin("run-fails").await;
    let output = session.shell("echo no >&2; exit 3").run().await.expect("the engine runs it");
    assert_eq!(output.end, RunEnd::Exited(3));
    assert_eq!((output.stdout.as_slice(), output.stderr.as_slice()), (&b""[..], &b"no\n"[..]));
    let output = session.misbehave(&["kill-self", "SEGV"]).run().await.expect("the engine runs it");
    assert_eq!(output.exit_code(), Some(139));
}

/// C13: a run that timed out returns its output until then.
#[tokio::test]
async fn a_run_whose_time_is_up_gives_back_what_was_printed() {
    let session = OwnSession::begin("run-time").await;
    let steps = ["print", "out", "to", "stderr", "print-partial", "err", "sleep", "forever"];
    let request = session.misbehave(&steps).startup_timeout(Duration::from_secs(3));
    let output = request.run().await.expect("the engine runs it");
    assert_eq!((output.end, output.exit_code()), (RunEnd::TimedOut, None));
    assert_eq!((output.stdout_text().as_str(), output.stderr_text().as_str()), ("out\n", "err"));
    assert_eq!(session.containers(), [""; 0], "it is removed by then");
}

/// C13: the result says that the container ran out of memory.
#[tokio::test]
async fn a_run_that_takes_too_much_memory_is_ended_by_the_kernel() {
    let session = OwnSession::begin("run-oom").await;
    let hungry = session.misbehave(&["eat-memory", "all"]).memory(32 << 20).memory_swap(32 << 20);
    let attempt = async || hungry.run().await.expect("the engine runs it").end;
    let end = until_told(attempt, |end| *end != RunEnd::Exited(137)).await;
    assert_eq!(end, RunEnd::OutOfMemory(137));
}

/// C13: if the engine's flag is missing, its events are asked for the reason, but only in case of doubt.
#[tokio::test]
async fn a_run_that_was_killed_is_out_of_memory_if_the_engine_has_told_so() {
    let proxy = EngineProxy::start_default();
    let session = OwnSession::behind(&proxy, "run-told").await;
    let asked = || proxy.count(|request| request.path.ends_with("/events"));
    let killed = session.misbehave(&["kill-self", "KILL"]);
    let end = async |request: ContainerRequest| request.run().await.expect("the engine runs it").end;
    assert_eq!(end(killed.clone()).await, RunEnd::Exited(137));
    assert_eq!(end(session.misbehave(&["exit", "3"]).memory(64 << 20)).await, RunEnd::Exited(3));
    assert_eq!(asked(), 0, "without a limit, or with another code, nobody asks");
    assert_eq!(end(killed.clone().memory(64 << 20)).await, RunEnd::Exited(137));
    assert_eq!(asked(), 1);
    let event = json!({ "Type": "container", "Action": "oom", "Actor": { "ID": "its" } });
    proxy.on(Matcher::regex("GET", "/events$"), Fault::Answer(Answer::json(200, &event)));
    assert_eq!(end(killed.memory(64 << 20)).await, RunEnd::OutOfMemory(137));
}

/// Runs a child that takes too much memory, and is killed for it.
const HUNGRY_CHILD: &str = "(x=xxxxxxxx; while :; do x=$x$x; done)";

/// C13: memory that a child lacked is told as the child's, and is not the reason of the end.
#[tokio::test]
async fn a_child_that_takes_too_much_memory_is_told_and_is_not_the_end() {
    let session = OwnSession::begin("run-oom-child").await;
    for (rest, code) in [("exit 0", 0), ("exit 3", 3)] {
        let request = session.shell(&format!("{HUNGRY_CHILD} 2>/dev/null; {rest}")).memory(24 << 20);
        let attempt = async || request.run().await.expect("the engine runs it");
        let output = until_told(attempt, |output| output.child_oom_killed).await;
        assert_eq!((output.end, output.child_oom_killed), (RunEnd::Exited(code), true), "{rest}");
    }
    let quiet = session.shell("exit 3").memory(24 << 20).run().await.expect("the engine runs it");
    assert!(!quiet.child_oom_killed);
}

/// C25: a kill of a container that a child's lack of memory did not end is a kill.
#[tokio::test]
async fn a_kill_after_a_child_s_lack_of_memory_is_a_kill() {
    let session = OwnSession::begin("kill-after-oom").await;
    let request = session.shell(&format!("{HUNGRY_CHILD}; echo survived; exec sleep 600")).memory(24 << 20);
    let attempt = async || {
        let container = request.clone().wait_for(WaitFor::log("survived")).start().await.expect("it starts");
        let mut wait = std::pin::pin!(container.wait(WaitFor::log("never")));
        assert!(tokio::time::timeout(Duration::from_millis(200), &mut wait).await.is_err());
        container.kill("KILL").await.expect("it runs");
        wait.await.expect_err("it has ended").to_string()
    };
    let error = until_told(attempt, |error| error.contains("a child was OOM-killed")).await;
    assert!(error.contains("exited with code 137") && !error.contains("was OOM-killed before"), "{error}");
    assert!(error.contains("a child was OOM-killed"), "{error}");
    assert!(error.contains("raise `memory`"), "{error}");
}

/// C13: the limit holds for each stream, and the container is not held back by output that is dropped.
#[tokio::test]
async fn a_run_keeps_so_many_bytes_of_each_stream_and_says_so() {
    let session = OwnSession::begin("run-limit").await;
    let steps = ["print-bytes", "8MiB", "to", "stderr", "print", "short", "exit", "4"];
    let output = session.misbehave(&steps).output_limit(1000).run().await.expect("the engine runs it");
    assert_eq!(output.end, RunEnd::Exited(4));
    assert_eq!((output.stdout.len(), output.stderr_text().as_str()), (1000, "short\n"));
    assert!(output.truncated);
    let exact = session.misbehave(&["print-bytes", "1000"]).output_limit(1000).run().await;
    let exact = exact.expect("the engine runs it");
    assert_eq!((exact.stdout.len(), exact.truncated), (1000, false));
}

/// C13: a container that closes its output early is waited for until its end.
#[tokio::test]
async fn a_run_that_closes_its_output_first_has_the_code_of_its_end() {
    let session = OwnSession::begin("run-closes").await;
    let steps = ["print", "last words", "close-output", "sleep", "1500ms", "exit", "6"];
    let output = session.misbehave(&steps).run().await.expect("the engine runs it");
    assert_eq!((output.end, output.stdout_text().as_str()), (RunEnd::Exited(6), "last words\n"));
}

/// C13: a run with a terminal has one stream.
#[tokio::test]
async fn a_run_with_a_terminal_has_one_raw_stream() {
    let session = OwnSession::begin("run-tty").await;
    let output = session.misbehave(&["to", "both", "print", "x"]).tty().run().await.expect("it runs");
    assert_eq!((output.stdout_text().as_str(), output.stderr.len()), ("x\r\nx\r\n", 0));
}

/// C13: a run of a container that the engine removes by itself has its exit code.
#[tokio::test]
async fn a_run_of_a_container_that_removes_itself_has_its_end_too() {
    let session = OwnSession::begin("run-auto").await;
    let output = session.misbehave(&["print", "x", "exit", "5"]).auto_remove().run().await.expect("it runs");
    assert_eq!((output.end, output.stdout_text().as_str()), (RunEnd::Exited(5), "x\n"));
}

/// C13: a run is an error only if the engine fails.
#[tokio::test]
async fn a_run_that_the_engine_can_not_start_is_an_error() {
    let session = OwnSession::begin("run-error").await;
    let error = session.shell("").cmd(["no-such-program"]).run().await.expect_err("there is none");
    assert!(error.to_string().contains("no-such-program"), "{error}");
    assert!(error.subject().is_some_and(|subject| subject.starts_with("container `")), "{error:?}");
}

/// C13: a run ignores the request's wait strategy, and waits for the end.
#[tokio::test]
async fn a_run_does_not_wait_for_what_a_start_waits_for() {
    let session = OwnSession::begin("run-wait").await;
    let request = session.misbehave(&["print", "x"]).wait_for(WaitFor::log("never said"));
    assert_eq!(request.run().await.expect("it runs").exit_code(), Some(0));
}

/// C13, C10: the container is gone when the run returns.
#[tokio::test]
async fn a_run_leaves_nothing_when_it_returns() {
    let proxy = EngineProxy::start_default();
    let session = OwnSession::behind(&proxy, "run-gone").await;
    session.misbehave(&["exit", "0"]).anonymous_volume("/data").run().await.expect("it runs");
    let removal = proxy.requests().into_iter().find(|request| request.method == "DELETE").expect("a removal");
    assert_eq!(removal.status, Some(204));
    let id = removal.path.trim_start_matches("/containers/").to_owned();
    assert_eq!(id.len(), 64);
    assert!(look(&id).is_none());
}
