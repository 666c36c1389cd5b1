//! The output in the block: the last lines of each stream, cleaned and bounded.

use seatrial::{Error, WaitFor};
use seatrial_test_support::observe::{LONG, SHORT, failed};
use seatrial_test_support::own_session::OwnSession;

use super::block::assert_block;

/// The number of lines of each stream that are shown.
const LINES: usize = 50;
/// The number of characters of a line that are shown.
const WIDTH: usize = 400;

/// Returns the error of a container that printed something and ended.
async fn after(request: seatrial::ContainerRequest) -> Error {
    failed(request.wait_for(WaitFor::log("never")).startup_timeout(LONG).start().await)
}

/// C26: the block shows the last fifty lines of each stream, however much the other one printed.
#[tokio::test]
async fn fifty_lines_of_each_stream_are_shown_although_one_is_much_louder() {
    let session = OwnSession::begin("loud").await;
    let error =
        after(session.steps("to stderr print-lines 60 sleep 100ms to stdout print-lines 20000 exit 1")).await;
    let report = error.report().expect("a report");
    let numbered = |last: usize| (last + 1 - LINES..=last).map(|n| format!("line {n}")).collect::<Vec<_>>();
    assert_eq!(report.stderr, numbered(60));
    assert_eq!(report.stdout, numbered(20_000));
    let text = error.to_string();
    assert!(text.contains("last 50 lines of stdout:\n    line 19951\n"), "{text}");
    assert!(text.contains("last 50 lines of stderr:\n    line 11\n"), "{text}");
}

/// C26: the block cuts long lines, so that its size is bounded.
#[tokio::test]
async fn the_block_is_bounded_however_long_the_lines_are() {
    let session = OwnSession::begin("long").await;
    // On both streams, wide characters first, with no end for the last line.
    let wide = "é".repeat(500);
    let line = ["print-partial", &wide, "print-bytes", "100KiB", "print", "y"].repeat(60);
    let steps = [&["to", "both"][..], &line, &["print-partial", "no-end", "exit", "1"]].concat();
    // The default driver loses the ends of such lines.
    let error = after(session.misbehave(&steps).log_driver("json-file", [("", ""); 0])).await;
    let (text, report) = (error.to_string(), error.report().expect("a report"));
    assert_eq!((report.stdout.len(), report.stderr.len()), (LINES, LINES));
    assert!(report.stdout.last().is_some_and(|line| line == "no-end"), "{:?}", report.stdout.last());
    assert!(report.stderr[..LINES - 1].iter().all(|line| *line == format!("{}…", "é".repeat(WIDTH))));
    for line in text.lines() {
        assert!(line.chars().count() <= WIDTH + 5, "{} characters", line.chars().count());
    }
    assert!(text.len() < 2 * LINES * (3 * WIDTH) + 1000, "{} bytes", text.len());
}

/// C26: the last body or output that a strategy saw is cut and put on one line.
#[tokio::test]
async fn the_last_thing_seen_is_bounded_and_on_one_line() {
    let session = OwnSession::begin("long-body").await;
    let body = "a\n".repeat(1000);
    let request = session.misbehave(&["http-body", &body, "http", "80"]).port(80);
    let error =
        failed(request.wait_for(WaitFor::http("/").status(201)).startup_timeout(SHORT * 2).start().await);
    let text = error.to_string();
    let line = text.lines().find(|line| line.contains("waiting for")).expect("the wait");
    assert!(line.contains("body `a a a a") && line.chars().count() < 2 * WIDTH, "{line}");
}

/// C26: the block has no escape sequences or control characters of the container's output.
#[tokio::test]
async fn colours_and_control_characters_are_taken_out() {
    let session = OwnSession::begin("colours").await;
    let line = r"printf '\033[1;31mERROR\033[0m no\tconfig\r\n\a\033]0;title\007\n'; exit 1";
    let error = after(session.shell(line)).await;
    assert_block!(error, @r#"
    container `[name]` (`seatrial/basic:dev`) exited with code 1 before it was ready, after [time]
      waiting for: log `never`; 0 of 1 seen
      state: exited with code 1 after [time], 0 restarts, no health check
      ports: none
      last 2 lines of stdout:
        ERROR no config
          ]0;title
      stderr: nothing
    hint: keep the container to look into it: SEATRIAL_KEEP=on-failure
    "#);
}

/// C26: the block shows the output of a container with a terminal as one stream.
#[tokio::test]
async fn a_terminal_s_output_is_shown_as_one_stream() {
    let session = OwnSession::begin("terminal").await;
    let error = after(session.shell("echo out; echo err >&2; exit 1").tty()).await;
    let report = error.report().expect("a report");
    assert_eq!((report.stdout.clone(), report.stderr.len()), (vec!["out".to_owned(), "err".to_owned()], 0));
}

/// C26: if the log can't be read, the block shows the output that the wait has read.
#[tokio::test]
async fn a_log_that_cannot_be_read_is_made_up_for_by_what_the_wait_read() {
    let session = OwnSession::begin("no-log").await;
    let request = session.steps("print out to stderr print err exit 1").log_driver("none", [("", ""); 0]);
    let error = after(request.clone()).await;
    let report = error.report().expect("a report");
    assert_eq!((&report.stdout[..], &report.stderr[..]), (&["out".to_owned()][..], &["err".to_owned()][..]));
    let error = failed(request.wait_for(WaitFor::file("/never")).start().await);
    let text = error.to_string();
    assert!(text.contains("output: not read: ") && text.contains("does not support reading"), "{text}");
}
