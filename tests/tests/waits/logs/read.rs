//! Logs that are read afterwards, and as they come.

use std::time::{Duration, SystemTime};

use futures_util::{StreamExt, TryStreamExt};
use seatrial::{
    ContainerRequest, TestContainer, WaitFor,
    logs::{LogLine, LogStream, Logs},
};
use seatrial_test_support::observe::{LONG, failed, state, until};
use seatrial_test_support::own_session::{OwnSession, remove_by_hand};
use seatrial_tests::{EngineProxy, Fault, Matcher};

/// Runs a container to its end and keeps it.
async fn ended(request: ContainerRequest) -> TestContainer {
    request.wait_for(WaitFor::exit()).start().await.expect("it runs and ends")
}

async fn lines(logs: Logs) -> Vec<LogLine> {
    logs.lines().await.expect("a log").try_collect().await.expect("whole lines")
}

fn texts(lines: &[LogLine]) -> Vec<String> {
    lines.iter().map(|line| format!("{}: {line}", line.stream)).collect()
}

/// C22: stdout and stderr are read apart, or together in order.
#[tokio::test]
async fn the_streams_are_read_each_for_itself_or_as_one_in_their_order() {
    let session = OwnSession::begin("streams").await;
    let steps = "print a to stderr sleep 100ms print b sleep 100ms to stdout print c print-partial d";
    let container = ended(session.steps(steps)).await;
    let both = container.logs().read().await.expect("a log");
    assert_eq!((both.stdout_text().as_str(), both.stderr_text().as_str()), ("a\nc\nd", "b\n"));
    let one = container.logs().read_interleaved().await.expect("a log");
    assert_eq!(String::from_utf8_lossy(&one), "a\nb\nc\nd");
    let stderr = container.logs().only_stderr().read().await.expect("a log");
    assert_eq!((stderr.stdout_text().as_str(), stderr.stderr_text().as_str()), ("", "b\n"));
    let stdout = container.logs().only_stdout().read_interleaved().await.expect("a log");
    assert_eq!(String::from_utf8_lossy(&stdout), "a\nc\nd");
}

/// C22: a tail has the last lines of both streams together.
#[tokio::test]
async fn a_tail_is_the_last_lines_over_both_streams() {
    let session = OwnSession::begin("tail").await;
    let container =
        ended(session.steps("print-lines 50 sleep 100ms to stderr print x sleep 100ms to stdout print y"))
            .await;
    assert_eq!(texts(&lines(container.logs().tail(3)).await), ["stdout: line 50", "stderr: x", "stdout: y"]);
    assert_eq!(lines(container.logs().tail(0)).await, []);
    assert_eq!(lines(container.logs().tail(1000)).await.len(), 52);
}

/// C22: `since` leaves out lines that are older.
#[tokio::test]
async fn a_log_since_a_time_leaves_out_older_lines() {
    let session = OwnSession::begin("since").await;
    let container = ended(session.steps("print old sleep 50ms print new sleep 50ms print newest")).await;
    let all = lines(container.logs()).await;
    let since = all[1].time.expect("the engine's time");
    assert_eq!(texts(&lines(container.logs().since(since)).await), ["stdout: new", "stdout: newest"]);
    let later = since + Duration::from_nanos(1);
    assert_eq!(container.logs().since(later).read().await.expect("a log").stdout_text(), "newest\n");
}

/// C22: a followed log ends with its container.
#[tokio::test]
async fn following_goes_on_until_the_container_ends() {
    let session = OwnSession::begin("follow").await;
    let container = session.steps("trap USR1 3 print first sleep forever").start().await.expect("it starts");
    let mut follow = container.logs().follow().lines().await.expect("a log");
    let first = follow.next().await.expect("a line").expect("whole");
    assert_eq!(first.to_string(), "first");
    let id = container.id().to_string();
    let rest = tokio::spawn(async move { follow.try_collect::<Vec<_>>().await });
    assert_eq!(state(&id)["Running"], true);
    assert!(!rest.is_finished());
    container.kill("USR1").await.expect("it runs");
    let rest = tokio::time::timeout(LONG, rest).await.expect("it ends").expect("no panic");
    assert_eq!(rest.expect("whole lines"), []);
    until("the container has ended", || state(&id)["ExitCode"] == 3).await;
}

/// C22: a line of a log has its stream and its time.
#[tokio::test]
async fn a_line_has_its_stream_and_the_time_at_which_it_was_printed() {
    let session = OwnSession::begin("time").await;
    let before = SystemTime::now();
    let container = ended(session.steps("stamp one sleep 50ms to stderr stamp two")).await;
    let lines = lines(container.logs()).await;
    assert_eq!(
        lines.iter().map(|line| line.stream).collect::<Vec<_>>(),
        [LogStream::Stdout, LogStream::Stderr]
    );
    for (line, word) in lines.iter().zip(["one", "two"]) {
        let text = line.to_string();
        let (said, nanos) = text.split_once(' ').expect("a word and a number");
        assert_eq!(said, word);
        let printed = SystemTime::UNIX_EPOCH + Duration::from_nanos(nanos.parse().expect("nanoseconds"));
        let seen = line.time.expect("the engine's time");
        assert!(before < printed && printed <= seen, "{printed:?} {seen:?}");
        assert!(seen < printed + LONG, "{printed:?} {seen:?}");
    }
}

/// C22: the log of a container with a terminal is one raw stream.
#[tokio::test]
async fn a_terminal_s_output_is_one_raw_stream() {
    let session = OwnSession::begin("tty").await;
    let line = "echo out; echo err >&2; printf '\\033[31mred\\033[0m\\n'; sleep 1000";
    let container = session
        .shell(line)
        .tty()
        .wait_for(WaitFor::all([WaitFor::log("err").into(), WaitFor::regex("\\[31mred").on_stdout().into()]))
        .start()
        .await
        .expect("log waits read a terminal too");
    let output = container.logs().read().await.expect("a log");
    let raw = "out\r\nerr\r\n\u{1b}[31mred\u{1b}[0m\r\n";
    assert_eq!((output.stdout_text().as_str(), output.stderr.len()), (raw, 0));
    assert_eq!(container.logs().read_interleaved().await.expect("a log"), raw.as_bytes());
    let lines = lines(container.logs()).await;
    assert_eq!(texts(&lines)[..2], ["stdout: out", "stdout: err"]);
    assert!(lines.iter().all(|line| line.time.is_some()));
}

/// C22: a large log arrives complete and in order.
#[tokio::test]
async fn a_large_log_comes_whole_and_in_order() {
    const LINES: usize = 200_000;
    let session = OwnSession::begin("large").await;
    let container = ended(session.steps(&format!("print-lines {LINES} to stderr print-bytes 3MiB"))).await;
    let output = container.logs().read().await.expect("a log");
    let expected: String = (1..=LINES).map(|number| format!("line {number}\n")).collect();
    assert!(output.stdout_text() == expected, "{} bytes of {}", output.stdout.len(), expected.len());
    assert!(output.stderr.len() == 3 << 20 && output.stderr.iter().all(|byte| *byte == b'x'));
    let long = lines(container.logs().only_stderr()).await;
    let kept = 1_000_000..=1 << 20;
    assert!(
        long.len() == 1 && long[0].truncated && kept.contains(&long[0].bytes.len()),
        "{}",
        long[0].bytes.len()
    );
}

/// C22: a log that breaks off is an error, not a short log.
#[tokio::test]
async fn a_log_that_breaks_off_is_an_error() {
    let proxy = EngineProxy::start_default();
    let session = OwnSession::behind(&proxy, "breaks").await;
    let container = ended(session.steps("print hello print world")).await;
    proxy.on(Matcher::regex("GET", "/logs$"), Fault::cut_after(20));
    let error = failed(container.logs().read().await);
    assert!(error.is_protocol() && error.to_string().contains(container.name()), "{error}");
    let broken: Result<Vec<_>, _> = container.logs().lines().await.expect("a head").try_collect().await;
    assert!(failed(broken).is_protocol());
}

/// C22: reading the log of a removed container fails with "not found".
#[tokio::test]
async fn the_log_of_a_container_that_is_gone_is_not_found() {
    let session = OwnSession::begin("gone").await;
    let container = session.steps("sleep forever").start().await.expect("it starts");
    remove_by_hand(container.id().as_str());
    let error = failed(container.logs().read().await);
    assert!(error.is_not_found() && error.to_string().contains(container.name()), "{error}");
}
