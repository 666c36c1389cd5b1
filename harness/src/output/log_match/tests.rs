//! Tests of the whole matcher, against a naive model that searches all of the output at once.

use std::time::Instant;

use proptest::prelude::*;
use regex::bytes::Regex;

use super::matcher::*;
use super::pattern::Pattern;
use crate::words::LogStream;
use std::num::NonZeroUsize;

const OUT: LogStream = LogStream::Stdout;
const ERR: LogStream = LogStream::Stderr;

fn times(times: usize) -> NonZeroUsize {
    NonZeroUsize::new(times).unwrap()
}

fn text(needle: &str, streams: Streams, n: usize) -> LogMatcher {
    LogMatcher::new(Pattern::text(needle).unwrap(), streams, times(n))
}

fn regex(regex: &str, n: usize) -> LogMatcher {
    LogMatcher::new(Pattern::regex(regex).unwrap(), Streams::Either, times(n))
}

#[test]
fn a_text_is_found_without_the_end_of_its_line() {
    let found = text("ready", Streams::Either, 1).feed(ERR, b"db ready to").unwrap();
    assert_eq!((found.stream, &*found.text, &*found.line), (ERR, "ready", "db ready to"));
    assert_eq!(found.captures, [Some("ready".to_owned())]);
}

#[test]
fn the_nth_occurrence_is_returned_once_and_ends_the_search() {
    let mut matcher = text("a", Streams::Either, 3);
    assert!(matcher.feed(OUT, b"a").is_none());
    let found = matcher.feed(ERR, b"1a\n2a\n3a\n4a").unwrap();
    assert_eq!((&*found.line, matcher.seen()), ("2a", 3));
    assert!(matcher.feed(OUT, b"a").or_else(|| matcher.finish()).is_none());
    assert_eq!(matcher.seen(), 3);
}

#[test]
fn only_the_streams_that_were_asked_for_count() {
    let mut matcher = text("ab", Streams::Stderr, 1);
    assert!(matcher.feed(OUT, b"ab").is_none());
    assert!(matcher.feed(ERR, b"a").is_none());
    assert!(matcher.feed(OUT, b"b").is_none());
    assert!(matcher.feed(ERR, b"b").is_some());
}

#[test]
fn a_regex_gives_its_groups_by_number_and_name() {
    let mut matcher = regex(r"port (?<port>\d+)(?: on (?<host>\S+))?$", 1);
    assert!(matcher.feed(OUT, b"listening, port 54").is_none());
    let found = matcher.feed(OUT, b"32\r\nnext").unwrap();
    assert_eq!(found.captures, [Some("port 5432".to_owned()), Some("5432".to_owned()), None]);
    assert_eq!((found.name("port"), found.name("host"), found.name("no")), (Some("5432"), None, None));
    assert_eq!((&*found.text, &*found.line), ("port 5432", "listening, port 5432"));
}

#[test]
fn a_regex_sees_an_unfinished_line_when_the_output_pauses_or_ends() {
    let mut matcher = regex(r"> $", 1);
    assert!(matcher.feed(OUT, b"mysql> ").is_none());
    assert_eq!(matcher.idle().unwrap().line, "mysql> ");

    let mut matcher = regex("^bye$", 1);
    assert!(matcher.feed(ERR, b"bye").is_none());
    assert_eq!(matcher.finish().unwrap().stream, ERR);
}

#[test]
fn a_match_at_the_end_of_a_very_long_line_is_found() {
    for chunk in [1000, 4096, 10 << 20] {
        let mut bytes = vec![b'x'; 3 << 20];
        bytes.extend(b"needle 42\n");
        let mut matcher = regex(r"needle \d+$", 1);
        let found = bytes.chunks(chunk).find_map(|chunk| matcher.feed(OUT, chunk)).unwrap();
        assert_eq!(found.text, "needle 42");
        assert!(found.line.len() <= 4096 && found.line.ends_with("needle 42"));
    }
}

#[test]
fn what_is_not_utf8_is_searched_all_the_same() {
    let mut matcher = regex(r"id=(\w+)", 1);
    let found = matcher.feed(OUT, b"\xff\xfe id=7 \xff\n").unwrap();
    assert_eq!((&*found.text, &*found.line), ("id=7", "\u{fffd}\u{fffd} id=7 \u{fffd}"));
}

/// Generates chunks of both streams, in their order.
fn pieces() -> impl Strategy<Value = Vec<(LogStream, Vec<u8>)>> {
    let bytes = prop_oneof![
        4 => "[ab\n]{0,12}".prop_map(String::into_bytes),
        1 => "[ab é\r\n]{0,40}".prop_map(String::into_bytes),
        1 => proptest::collection::vec(any::<u8>(), 0..20),
    ];
    proptest::collection::vec((prop_oneof![Just(OUT), Just(ERR)], bytes), 0..24)
}

/// Returns the content of each stream after the first `count` chunks.
fn so_far(pieces: &[(LogStream, Vec<u8>)]) -> [Vec<u8>; 2] {
    [OUT, ERR].map(|stream| {
        pieces.iter().filter(|(of, _)| *of == stream).flat_map(|(_, bytes)| bytes.clone()).collect()
    })
}

fn occurrences(needle: &[u8], text: &[u8]) -> usize {
    let (mut at, mut count) = (0, 0);
    while at + needle.len() <= text.len() {
        let here = text[at..].starts_with(needle);
        count += usize::from(here);
        at += if here { needle.len() } else { 1 };
    }
    count
}

/// Counts the matches on each finished line, and optionally on the last one.
fn on_lines(regex: &Regex, text: &[u8], with_last: bool) -> usize {
    let mut lines: Vec<_> = text.split(|byte| *byte == b'\n').collect();
    let last = lines.pop().unwrap_or_default();
    let whole = lines.into_iter().map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let last = Some(last).filter(|last| with_last && !last.is_empty());
    whole.chain(last).map(|line| regex.find_iter(line).count()).sum()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_text_is_counted_as_the_model_does_after_each_piece(
        needle in "[ab\n]{1,6}",
        n in 1usize..12,
        pieces in pieces(),
        streams in prop_oneof![Just(Streams::Stdout), Just(Streams::Stderr), Just(Streams::Either)],
    ) {
        let mut matcher = text(&needle, streams, n);
        for (count, (stream, bytes)) in pieces.iter().enumerate() {
            let before = matcher.seen();
            let found = matcher.feed(*stream, bytes);
            let [out, err] = so_far(&pieces[..=count]).map(|text| occurrences(needle.as_bytes(), &text));
            let all = match streams {
                Streams::Stdout => out,
                Streams::Stderr => err,
                Streams::Either => out + err,
            };
            prop_assert_eq!(matcher.seen(), all.min(n));
            prop_assert_eq!(found.is_some(), before < n && all >= n);
            if let Some(found) = found {
                prop_assert_eq!(found.stream, *stream);
                prop_assert!(found.line.contains(&needle) && found.text == needle);
            }
        }
    }

    #[test]
    fn a_regex_is_counted_as_the_model_does_after_each_piece(
        pattern in super::block::tests::regexes(),
        n in 1usize..12,
        pieces in pieces(),
    ) {
        let model = Regex::new(&pattern).unwrap();
        let mut matcher = regex(&pattern, n);
        for (count, (stream, bytes)) in pieces.iter().enumerate() {
            let before = matcher.seen();
            let found = matcher.feed(*stream, bytes);
            let all: usize = so_far(&pieces[..=count]).iter().map(|text| on_lines(&model, text, false)).sum();
            prop_assert_eq!(matcher.seen(), all.min(n));
            prop_assert_eq!(found.is_some(), before < n && all >= n);
        }
        let before = matcher.seen();
        let found = matcher.finish();
        let all: usize = so_far(&pieces).iter().map(|text| on_lines(&model, text, true)).sum();
        prop_assert_eq!(matcher.seen(), all.min(n));
        prop_assert_eq!(found.is_some(), before < n && all >= n);
    }

    #[test]
    fn any_chunking_finds_the_same_match(
        bytes in "([ab ]{0,6}\r?\n?){0,12}",
        pattern in super::block::tests::regexes(),
        n in 1usize..6,
        cuts in proptest::collection::vec(0usize..9, 0..40),
    ) {
        let mut whole = regex(&pattern, n);
        let expected = whole.feed(OUT, bytes.as_bytes()).or_else(|| whole.finish());
        let mut matcher = regex(&pattern, n);
        let mut rest = bytes.as_bytes();
        let mut found = None;
        for cut in cuts {
            let (now, later) = rest.split_at(cut.min(rest.len()));
            found = found.or(matcher.feed(OUT, now));
            rest = later;
        }
        found = found.or(matcher.feed(OUT, rest)).or_else(|| matcher.finish());
        prop_assert_eq!(found, expected);
    }
}

/// Prints the cost of 200 000 lines: `cargo test --release -p seatrial --lib -- --ignored --nocapture cost_of`.
#[test]
#[ignore = "a measurement, not a check"]
fn cost_of_200_000_lines() {
    let mut log = Vec::new();
    for line in 0..200_000 {
        let text = format!(
            "2024-02-29 12:34:56.789 INFO [worker-{}] request {line} took {} ms, ",
            line % 7,
            line % 97
        );
        log.extend(format!("{text:-<99}\n").bytes());
    }
    log.extend(b"database system is ready to accept connections on port 5432\n");
    let regexes = [
        "ready to accept",
        r"port (\d+)$",
        r"^database .*port (\d+)",
        r"(?i)READY\s+to",
        r"\w+ on \w+ (\d+)",
    ];
    let patterns = regexes.map(|text| Pattern::regex(text).unwrap());
    for pattern in [Pattern::text("ready to accept").unwrap()].into_iter().chain(patterns) {
        for (name, chunk) in [("16 KiB", 16 * 1024), ("a line", 100), ("a line, off by 37", 137)] {
            let mut matcher = LogMatcher::new(pattern.clone(), Streams::Either, times(1));
            let start = Instant::now();
            let found = log.chunks(chunk).find_map(|chunk| matcher.feed(OUT, chunk));
            println!("{pattern} in chunks of {name}: {:?}", start.elapsed());
            assert!(found.is_some());
        }
    }
}
