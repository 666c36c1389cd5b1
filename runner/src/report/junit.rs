//! The JUnit report, for the pages of CI services. The cases are written to a temporary file first: the counts, which
//! come before them in the report, are known at the end of the run.

use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::{Duration, SystemTime};

use super::file::Target;
use super::time::{in_words, timestamp};
use super::xml::{attribute, text};
use crate::attempt::Attempt;
use crate::done::Done;
use crate::error::{Error, Result};
use crate::list::LONGEST_NAME;
use crate::observer::{CaseReport, Observer};
use crate::tally::Tally;
use crate::verdict::{Outcome, Verdict};

/// The most bytes of a message, which is the value of an attribute.
const LONGEST_MESSAGE: usize = 4_000;
/// The most lines of each stream that are in the text of a failure.
const LINES: usize = 100;
/// The most bytes of each stream that are in the text of a failure.
const TAIL: usize = 64 << 10;

/// A JUnit report.
pub struct Junit {
    target: Target,
    suite: String,
    began: SystemTime,
    cases: BufWriter<File>,
    failure: Option<io::Error>,
}

impl Junit {
    /// Creates a report; `-` is standard output. `suite` is the name of its only suite, and the class of its cases.
    ///
    /// A file of that name is replaced when the report is complete.
    ///
    /// # Errors
    /// Invalid, if nothing can be written to the path.
    pub fn create(path: &Path, suite: &str) -> Result<Self> {
        let target = Target::whole(path, "JUnit")?;
        let cases = tempfile::tempfile().map_err(|error| {
            let folder = std::env::temp_dir();
            let message =
                format!("no temporary file can be created in `{}` for the JUnit report", folder.display());
            Error::invalid(message).with_source(error)
        })?;
        let (suite, cases) = (suite.to_owned(), BufWriter::new(cases));
        Ok(Self { target, suite, began: SystemTime::now(), cases, failure: None })
    }

    fn write_case(&mut self, case: &CaseReport<'_>) -> io::Result<()> {
        let to = &mut self.cases;
        let took = case.last().map(|attempt| attempt.elapsed).unwrap_or_default();
        let name = attribute(case.name.to_line().as_bytes(), 4 * LONGEST_NAME);
        let suite = attribute(self.suite.as_bytes(), LONGEST_MESSAGE);
        write!(to, r#"  <testcase name="{name}" classname="{suite}" time="{}">"#, seconds(took))?;
        let end = |attempt: Option<&Attempt>| attempt.map(|one| one.end.to_string()).unwrap_or_default();
        let reason = |word: &str| match case.reason {
            Some(reason) => format!("{word}: {reason}"),
            None => word.to_owned(),
        };
        match case.verdict {
            Verdict::Passed => {}
            Verdict::Failed => {
                element(to, "failure", "failed", &end(case.last()), &details(case, case.last()))?
            }
            Verdict::UnexpectedPass => {
                let advice = "The case passes: take it off the list of expected failures.";
                element(to, "failure", "unexpected pass", &reason("it passes"), advice.as_bytes())?;
            }
            Verdict::Infrastructure => {
                let end = end(case.attempts.last());
                element(to, "error", "infrastructure", &end, &details(case, case.attempts.last()))?;
            }
            Verdict::Flaky => {
                for failed in case.attempts.iter().filter(|attempt| attempt.outcome() == Outcome::Fail) {
                    flaky_failure(to, &failed.end.to_string(), &details(case, Some(failed)))?;
                }
            }
            Verdict::ExpectedFailure => skipped(to, &reason("expected failure"))?,
            Verdict::Skipped => skipped(to, &reason("skipped"))?,
            Verdict::Excluded => skipped(to, &reason("excluded"))?,
            Verdict::NotRun => skipped(to, "not run")?,
        }
        stream(to, "system-out", &case.stdout)?;
        stream(to, "system-err", &case.stderr)?;
        writeln!(to, "</testcase>")
    }

    fn write_all(&mut self, done: &Done) -> io::Result<()> {
        let count = |verdicts: &[Verdict]| verdicts.iter().map(|one| done.tally.count(*one)).sum::<usize>();
        let failures = count(&[Verdict::Failed, Verdict::UnexpectedPass]);
        let errors = count(&[Verdict::Infrastructure]);
        let skipped =
            count(&[Verdict::ExpectedFailure, Verdict::Skipped, Verdict::Excluded, Verdict::NotRun]);
        let (tests, time) = (done.tally.total(), seconds(done.elapsed));
        let counts = format!(r#"tests="{tests}" failures="{failures}" errors="{errors}""#);
        let suite = attribute(self.suite.as_bytes(), LONGEST_MESSAGE);
        let host = attribute(rustix::system::uname().nodename().to_bytes(), LONGEST_MESSAGE);
        let machine = format!(r#"timestamp="{}" hostname="{host}""#, timestamp(self.began));
        self.cases.flush()?;
        let cases = self.cases.get_mut();
        cases.seek(SeekFrom::Start(0))?;
        self.target.write(|to| {
            writeln!(to, r#"<?xml version="1.0" encoding="UTF-8"?>"#)?;
            writeln!(to, r#"<testsuites name="seatrial" {counts} time="{time}">"#)?;
            writeln!(
                to,
                r#" <testsuite name="{suite}" {counts} skipped="{skipped}" time="{time}" {machine}>"#
            )?;
            let mut piece = [0; 64 * 1024];
            loop {
                match cases.read(&mut piece)? {
                    0 => break,
                    read => to.write_all(&piece[..read])?,
                }
            }
            writeln!(to, " </testsuite>\n</testsuites>")
        });
        Ok(())
    }
}

impl Observer for Junit {
    fn case(&mut self, case: &CaseReport<'_>, _: &Tally) {
        if self.failure.is_none()
            && let Err(error) = self.write_case(case)
        {
            self.failure = Some(error);
        }
    }

    fn done(&mut self, done: &Done) {
        let written = match self.failure.take() {
            None => self.write_all(done),
            Some(error) => Err(error),
        };
        self.target.write(|_| written);
    }

    fn close(&mut self) -> Vec<Error> {
        self.target.close().err().into_iter().collect()
    }
}

impl std::fmt::Debug for Junit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "JUnit report of {}", self.suite)
    }
}

/// Returns the text of an attempt that failed: its end, and the last lines of the output that is kept.
fn details(case: &CaseReport<'_>, attempt: Option<&Attempt>) -> Vec<u8> {
    let Some(attempt) = attempt else { return Vec::new() };
    let member = if attempt.member.is_empty() { String::new() } else { format!(" in {}", attempt.member) };
    let mut text = format!("{} after {}{member}\n", attempt.end, in_words(attempt.elapsed)).into_bytes();
    // Of several attempts, the output of the last failure is kept.
    if case.last() == Some(attempt) {
        for (name, bytes) in [("stdout", &case.stdout), ("stderr", &case.stderr)] {
            let tail = tail(bytes.trim_ascii_end());
            if !tail.is_empty() {
                text.extend_from_slice(format!("{name}:\n").as_bytes());
                text.extend_from_slice(tail);
                text.push(b'\n');
            }
        }
    }
    text
}

/// Returns the last lines of a text.
fn tail(text: &[u8]) -> &[u8] {
    let text = &text[text.len().saturating_sub(TAIL)..];
    let mut ends = text.iter().enumerate().rev().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1);
    &text[ends.nth(LINES - 1).unwrap_or_default()..]
}

fn element(to: &mut impl Write, name: &str, kind: &str, message: &str, body: &[u8]) -> io::Result<()> {
    let message = attribute(message.as_bytes(), LONGEST_MESSAGE);
    write!(to, r#"<{name} message="{message}" type="{kind}">{}</{name}>"#, text(body))
}

fn flaky_failure(to: &mut impl Write, message: &str, body: &[u8]) -> io::Result<()> {
    let message = attribute(message.as_bytes(), LONGEST_MESSAGE);
    write!(to, r#"<flakyFailure message="{message}" type="flaky"><stackTrace>{}</stackTrace>"#, text(body))?;
    write!(to, "</flakyFailure>")
}

fn skipped(to: &mut impl Write, message: &str) -> io::Result<()> {
    write!(to, r#"<skipped message="{}"/>"#, attribute(message.as_bytes(), LONGEST_MESSAGE))
}

fn stream(to: &mut impl Write, name: &str, bytes: &[u8]) -> io::Result<()> {
    if bytes.is_empty() {
        return Ok(());
    }
    write!(to, "<{name}>{}</{name}>", text(bytes))
}

fn seconds(time: Duration) -> String {
    format!("{:.3}", time.as_secs_f64())
}
