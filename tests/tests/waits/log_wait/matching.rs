//! Matches of a log wait: texts, regular expressions, streams, counts, frames, long lines.

use seatrial::{
    TestContainer, WaitFor,
    logs::{LogMatch, LogStream},
};
use seatrial_test_support::observe::{SHORT, failed};
use seatrial_test_support::own_session::OwnSession;
use seatrial_tests::{EngineProxy, Request};

/// Returns the one match of a container that was waited for.
fn found(container: &TestContainer) -> LogMatch {
    let matches = container.log_matches();
    assert_eq!(matches.len(), 1, "{matches:?}");
    matches[0].clone()
}

/// C23: a text matches anywhere in a line, on stdout and on stderr.
#[tokio::test]
async fn a_text_is_found_anywhere_in_a_line_of_either_stream() {
    let session = OwnSession::begin("text").await;
    let container = session
        .misbehave(&["print", "no", "to", "stderr", "print", "it is ready (now)", "sleep", "forever"])
        .wait_for(WaitFor::log("ready (now"))
        .start()
        .await
        .expect("it prints it");
    let found = found(&container);
    assert_eq!((found.stream, found.text.as_str()), (LogStream::Stderr, "ready (now"));
    assert!(found.line.starts_with("it is ready (now"), "{}", found.line);
}

/// C23: a match of a regular expression has its captures by number and by name.
#[tokio::test]
async fn a_regex_returns_its_captures_by_number_and_name() {
    let session = OwnSession::begin("regex").await;
    let container = session
        .misbehave(&["print", "listening on 127.0.0.1:8080 as web", "sleep", "forever"])
        .wait_for(WaitFor::regex(r"^listening on (?<host>[\d.]+):(\d+)( \[\w+\])? as (?<who>\w+)$"))
        .start()
        .await
        .expect("it prints it");
    let found = found(&container);
    assert_eq!(
        (found.name("host"), found.name("who"), found.name("port")),
        (Some("127.0.0.1"), Some("web"), None)
    );
    let line = "listening on 127.0.0.1:8080 as web";
    let captures = [Some(line), Some("127.0.0.1"), Some("8080"), None, Some("web")];
    assert_eq!(found.captures.iter().map(Option::as_deref).collect::<Vec<_>>(), captures);
    assert_eq!((found.text.as_str(), found.line.as_str()), (line, line));
}

/// C23: a log wait for one stream ignores the other.
#[tokio::test]
async fn only_the_stream_that_is_asked_for_counts() {
    let session = OwnSession::begin("streams").await;
    let container = session.steps("print ready sleep forever").start().await.expect("it starts");
    container.wait(WaitFor::log("ready").on_stdout()).await.expect("it is on stdout");
    for wait in [WaitFor::log("ready").on_stderr(), WaitFor::regex("ready").on_stderr()] {
        let error = failed(container.wait_timeout(wait, SHORT).await);
        assert!(error.is_not_ready() && error.is_timeout(), "{error}");
    }
}

/// C23: occurrences are counted within a line, over lines and over both streams.
#[tokio::test]
async fn the_nth_occurrence_counts_on_one_line_on_many_and_over_both_streams() {
    let session = OwnSession::begin("nth").await;
    let container = session
        .misbehave(&["print", "up up", "to", "stderr", "print", "up", "sleep", "forever"])
        .wait_for(WaitFor::log("up").times(3))
        .start()
        .await
        .expect("it prints it three times");
    container.wait(WaitFor::regex("up").times(3)).await.expect("three by a regex too");
    container.wait(WaitFor::log("up").times(2).on_stdout()).await.expect("two are on stdout");
    for wait in [WaitFor::log("up").times(4), WaitFor::regex("up").times(2).on_stderr()] {
        failed(container.wait_timeout(wait, SHORT).await);
    }
}

/// C23: a log wait for the n-th occurrence returns that match.
#[tokio::test]
async fn the_nth_occurrence_is_the_one_that_is_returned() {
    let session = OwnSession::begin("which").await;
    let container = session
        .steps("print-lines 10 sleep forever")
        .wait_for(WaitFor::regex(r"line (\d+)").times(7))
        .start()
        .await
        .expect("it prints ten");
    assert_eq!(found(&container).captures[1].as_deref(), Some("7"));
}

/// C23: a match is found across the frames of the engine's stream.
#[tokio::test]
async fn a_match_may_straddle_frames() {
    let session = OwnSession::begin("frames").await;
    let parts = "print-partial rea sleep 200ms print-partial dy: sleep 200ms print-partial port=54 sleep 200ms \
                 print-partial 32. sleep forever";
    let container = session
        .steps(parts)
        .wait_for(WaitFor::all([WaitFor::log("ready:port").into(), WaitFor::regex(r"port=(\d+)\.").into()]))
        .start()
        .await
        .expect("it prints it in parts, without the end of the line");
    let captures: Vec<_> =
        container.log_matches().into_iter().filter_map(|found| found.captures.get(1).cloned()).collect();
    assert_eq!(captures, [Some("5432".to_owned())]);
}

/// C23: a match is found in a line of any length.
#[tokio::test]
async fn lines_of_any_length_are_searched() {
    let session = OwnSession::begin("long-lines").await;
    let container = session
        .steps(
            "print-bytes 5MiB print-partial ready:1; print-bytes 3MiB print-partial ready:2; sleep forever",
        )
        .wait_for(WaitFor::all([WaitFor::log("xready:2;x").into(), WaitFor::regex(r"xready:(\d);x").into()]))
        .startup_timeout(SHORT)
        .start()
        .await;
    // Behind the second there is no `x`, which the waits must see too.
    let error = failed(container);
    assert!(error.is_not_ready(), "{error}");
    let container = session
        .steps(
            "print-bytes 5MiB print-partial ready:1; print-bytes 3MiB print-partial ready:2; sleep forever",
        )
        .wait_for(WaitFor::all([
            WaitFor::log("xready:2;").into(),
            WaitFor::regex(r"xready:(\d);").times(2).into(),
        ]))
        .start()
        .await
        .expect("both are on one line of 8 MiB");
    for found in container.log_matches() {
        assert!(found.text.starts_with("xready:2") && found.line.len() <= 4096, "{} bytes", found.line.len());
    }
}

/// C23: output that is not UTF-8 is searched as bytes.
#[tokio::test]
async fn output_that_is_not_utf8_is_searched_as_it_is() {
    let session = OwnSession::begin("bytes").await;
    let container = session
        .shell(r"printf '\377\376 ready \303\n'; sleep 1000")
        .wait_for(WaitFor::all([
            WaitFor::log("ready").into(),
            WaitFor::regex(r"(?-u:\xff\xfe) (\w+)").into(),
        ]))
        .start()
        .await
        .expect("bytes are matched");
    assert!(container.log_matches().iter().any(|found| found.captures.get(1) == Some(&Some("ready".into()))));
}

/// C23: an invalid pattern is refused before a container is created.
#[tokio::test]
async fn an_invalid_pattern_is_refused_before_anything_starts() {
    let proxy = EngineProxy::start_default();
    let session = OwnSession::behind(&proxy, "bad").await;
    for (wait, reason) in [
        (WaitFor::regex("port=(\\d+"), "port=(\\d+"),
        (WaitFor::regex(""), "empty"),
        (WaitFor::log(""), "empty"),
        (WaitFor::log("x").times(0), "0 matches"),
    ] {
        // Behind another branch too.
        let wait = WaitFor::all([WaitFor::nothing(), WaitFor::any([wait.into()])]);
        let error = failed(session.idle().wait_for(wait.clone()).start().await);
        assert!(error.is_invalid() && error.to_string().contains(reason), "{error}");
    }
    let asked = proxy.count(|request: &Request| request.is("POST", "/containers/create"));
    assert_eq!(asked, 0, "{:?}", proxy.requests());
    let container = session.idle().start().await.expect("it starts");
    proxy.clear();
    let error = failed(container.wait(WaitFor::regex("*")).await);
    assert!(error.is_invalid() && error.to_string().contains(container.name()), "{error}");
    assert_eq!(proxy.requests().len(), 0);
}
