//! Tests of the JUnit report.

use std::path::Path;
use std::time::Duration;

use proptest::prelude::*;
use quick_xml::events::{BytesStart, Event};
use seatrial::driver::Status;

use super::Junit;
use crate::attempt::{Attempt, End};
use crate::done::Done;
use crate::name::Name;
use crate::observer::{CaseReport, Observer};
use crate::rules::Place;
use crate::tally::Tally;
use crate::verdict::Verdict;

/// An element of a report: its name, its attributes, its text, and the elements in it.
#[derive(Debug, Default)]
struct Element {
    name: String,
    attributes: Vec<(String, String)>,
    text: String,
    inner: Vec<Element>,
}

impl Element {
    fn parse(text: &str) -> Self {
        let mut reader = quick_xml::Reader::from_str(text);
        let mut open = vec![Self::default()];
        loop {
            match reader.read_event().expect("well-formed") {
                Event::Start(tag) => open.push(Self::of(&tag)),
                Event::Empty(tag) => open.last_mut().expect("a parent").inner.push(Self::of(&tag)),
                Event::End(_) => {
                    let element = open.pop().expect("an element");
                    open.last_mut().expect("a parent").inner.push(element);
                }
                Event::Text(text) => {
                    open.last_mut().expect("a parent").text.push_str(&text);
                }
                Event::GeneralRef(reference) => {
                    let reference = format!("&{};", &*reference);
                    let char = quick_xml::escape::unescape(&reference).expect("a character").into_owned();
                    open.last_mut().expect("a parent").text.push_str(&char);
                }
                Event::Eof => return open.remove(0).inner.remove(0),
                _ => {}
            }
        }
    }

    fn of(tag: &BytesStart<'_>) -> Self {
        let attributes = tag.attributes().map(|attribute| {
            let attribute = attribute.expect("an attribute");
            let value = attribute.value.to_string();
            let value = quick_xml::escape::unescape(&value).expect("escapes").into_owned();
            (attribute.key.as_ref().to_owned(), value)
        });
        let name = tag.name().as_ref().to_owned();
        Self { name, attributes: attributes.collect(), ..Self::default() }
    }

    fn attribute(&self, name: &str) -> &str {
        let found = self.attributes.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str()).unwrap_or_else(|| panic!("no `{name}` in {self:?}"))
    }

    fn names(&self) -> Vec<&str> {
        self.inner.iter().map(|element| element.name.as_str()).collect()
    }
}

fn attempt(status: Status) -> Attempt {
    let mut attempt = Attempt::new(Place::Shared, "member", End::ran(status, Some(1)));
    attempt.elapsed = Duration::from_millis(1500);
    attempt
}

/// Writes a report of one case.
fn report(case: &CaseReport<'_>) -> (String, Element) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("junit.xml");
    let mut junit = Junit::create(&path, "<suite>").expect("created");
    junit.case(case, &Tally::default());
    let mut done = Done::new(false);
    done.tally.add(case.name, case.verdict, None);
    junit.done(&done);
    assert!(junit.close().is_empty(), "it is written");
    let text = std::fs::read_to_string(&path).expect("text");
    let element = Element::parse(&text);
    (text, element)
}

fn case<'a>(name: &'a [u8], verdict: Verdict, attempts: &'a [Attempt], stdout: &[u8]) -> CaseReport<'a> {
    CaseReport {
        name: Name(name),
        verdict,
        reason: None,
        attempts,
        stdout: stdout.to_vec(),
        stderr: Vec::new(),
    }
}

/// R25. A failure says what happened in the element that CI services show: its end, and the end of its output.
#[test]
fn a_failure_is_told_with_its_output() {
    let attempts = [attempt(Status::Error)];
    let (text, all) =
        report(&case(b"case <1> & \"x\"", Verdict::Failed, &attempts, b"line\n\x1b[31m]]> \xff"));
    let suite = &all.inner[0];
    assert_eq!((suite.name.as_str(), suite.attribute("name")), ("testsuite", "<suite>"));
    assert_eq!((suite.attribute("tests"), suite.attribute("failures")), ("1", "1"));
    let case = &suite.inner[0];
    assert_eq!(case.attribute("name"), "case <1> & \"x\"");
    assert_eq!(case.names(), ["failure", "system-out"]);
    let failure = &case.inner[0];
    assert_eq!((failure.attribute("message"), failure.attribute("type")), ("exit code 1", "failed"));
    assert_eq!(failure.text, "exit code 1 after 1.50 s in member\nstdout:\nline\n]]> \u{fffd}\n");
    assert!(text.contains("line&#10;]]&gt; \u{fffd}</system-out>"), "{text}");
}

/// R25. The text of a failure has the last lines of a long output; the stream has all of it.
#[test]
fn the_text_of_a_failure_is_the_end_of_its_output() {
    let attempts = [attempt(Status::Error)];
    let stdout: String = (0..5_000).map(|at| format!("line {at}\n")).collect();
    let (_, all) = report(&case(b"x", Verdict::Failed, &attempts, stdout.as_bytes()));
    let [failure, stream] = &all.inner[0].inner[0].inner[..] else { panic!("two elements: {all:?}") };
    assert!(failure.text.starts_with("exit code 1 after 1.50 s in member\nstdout:\nline 4900\n"));
    assert!(failure.text.ends_with("line 4999\n"), "{}", failure.text);
    assert_eq!(stream.text, stdout);
    let endless = vec![b'x'; 1 << 20];
    let (_, all) = report(&case(b"x", Verdict::Failed, &attempts, &endless));
    assert!(all.inner[0].inner[0].inner[0].text.len() < 70_000, "a line without an end");
}

/// R25. The report is as the schemas of Maven's Surefire and of Jenkins want the elements of a case.
#[test]
fn every_verdict_is_told_as_the_schemas_want_it() {
    let none = CaseReport { stderr: b"e".to_vec(), ..case(b"x", Verdict::Passed, &[], b"o") };
    let failed = [attempt(Status::Error), attempt(Status::Timeout), attempt(Status::Success)];
    let engine = [Attempt::new(Place::Shared, "member", End::Infrastructure("it is away".to_owned()))];
    for (verdict, attempts, first) in [
        (Verdict::Passed, &failed[2..], None),
        (Verdict::Failed, &failed[..2], Some("failure")),
        (Verdict::UnexpectedPass, &failed[2..], Some("failure")),
        (Verdict::Flaky, &failed[..], Some("flakyFailure")),
        (Verdict::Infrastructure, &engine[..], Some("error")),
        (Verdict::ExpectedFailure, &failed[..1], Some("skipped")),
        (Verdict::Skipped, &[], Some("skipped")),
        (Verdict::Excluded, &[], Some("skipped")),
        (Verdict::NotRun, &[], Some("skipped")),
    ] {
        let (_, all) = report(&CaseReport { verdict, attempts, ..none.clone() });
        let case = &all.inner[0].inner[0];
        let order =
            ["failure", "rerunFailure", "flakyFailure", "skipped", "error", "system-out", "system-err"];
        let places: Vec<_> = case
            .names()
            .iter()
            .map(|name| order.iter().position(|one| one == name).expect("known"))
            .collect();
        assert!(places.is_sorted(), "{verdict}: {case:?}");
        assert_eq!(
            case.names().first().copied().filter(|name| !name.starts_with("system")),
            first,
            "{verdict}"
        );
        assert!(!case.attribute("time").is_empty());
        for element in case.inner.iter().filter(|element| !element.name.starts_with("system")) {
            assert!(!element.attribute("message").is_empty(), "{verdict}: {element:?}");
            match element.name.as_str() {
                "flakyFailure" => {
                    assert_eq!(element.names(), ["stackTrace"]);
                    assert!(element.text.is_empty() && element.inner[0].text.contains(" in member"));
                }
                "skipped" => continue,
                _ => assert!(!element.text.is_empty() && element.inner.is_empty(), "{element:?}"),
            }
            assert!(!element.attribute("type").is_empty(), "{verdict}: {element:?}");
        }
    }
}

/// R25. A suite says when and where it ran.
#[test]
fn a_suite_has_its_time_and_its_machine() {
    let (_, all) = report(&case(b"x", Verdict::Passed, &[], b""));
    let suite = &all.inner[0];
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").expect("a name");
    assert_eq!(suite.attribute("hostname"), host.trim());
    let time = suite.attribute("timestamp");
    let pattern = regex::Regex::new(r"^20[0-9]{2}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9]$");
    assert!(pattern.expect("an expression").is_match(time), "{time}");
}

/// R25. An output over 10 MB, which readers refuse, loses its middle.
#[test]
fn a_very_long_output_can_be_read() {
    let attempts = [attempt(Status::Error)];
    let (_, all) = report(&case(b"x", Verdict::Failed, &attempts, &vec![b'x'; 12_000_000]));
    let stream = &all.inner[0].inner[0].inner[1];
    assert!(stream.text.len() < 10_000_000 && stream.text.contains("bytes are left out here]"));
}

/// R25. A report that could not be written completely is an error, and no file takes its place.
#[test]
fn a_report_on_a_full_disk_is_an_error() {
    let mut junit = Junit::create(Path::new("/dev/full"), "x").expect("opened");
    junit.done(&Done::new(false));
    let [error] = &junit.close()[..] else { panic!("it is full") };
    assert!(error.is_report(), "{error:?}");
    assert_eq!(error.to_string(), "the JUnit report in `/dev/full` is not complete");
}

/// R1. A path that can't be written to is refused before the run.
#[test]
fn a_path_that_cannot_be_written_to_is_refused_at_once() {
    let error = Junit::create(Path::new("/nowhere/at/all.xml"), "x").expect_err("refused").to_string();
    assert!(error.contains("`/nowhere/at/all.xml`"), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    /// R25. Whatever a case prints, and whatever its name is, the report is well-formed.
    #[test]
    fn any_bytes_make_a_well_formed_report(
        name in proptest::collection::vec(any::<u8>(), 1..40),
        text in "\\PC{0,40}|[\\x00-\\x1f]{0,20}|(\\x1b[\\[\\](A-z0-9;]{0,6}){0,5}",
        bytes in proptest::collection::vec(any::<u8>(), 0..60),
    ) {
        let attempts = [attempt(Status::Error)];
        report(&case(&name, Verdict::Failed, &attempts, &[text.as_bytes(), &bytes].concat()));
    }
}
