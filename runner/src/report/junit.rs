//! The report as JUnit has it, for the pages of CI services. Cases are written to the disk as they come, since the
//! counts at the beginning are known at the end only.

use std::fs::File;
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::Duration;

use super::output::Output;
use crate::attempt::Attempt;
use crate::done::Done;
use crate::error::{Error, Result};
use crate::observer::{CaseReport, Observer};
use crate::tally::Tally;
use crate::verdict::{Outcome, Verdict};

/// Writes a JUnit report.
pub struct Junit {
    output: Output,
    suite: String,
    cases: BufWriter<File>,
    failure: Option<io::Error>,
}

impl Junit {
    /// Opens the file; `suite` is the name of the only suite in it, and the class of its cases.
    ///
    /// # Errors
    /// Invalid, if it can't be written to.
    pub fn create(path: &Path, suite: &str) -> Result<Self> {
        let output = Output::create(path, "JUnit")?;
        let cases = tempfile::tempfile().map_err(|error| {
            Error::invalid("no temporary file can be made for the report").with_source(error)
        })?;
        Ok(Self { output, suite: suite.to_owned(), cases: BufWriter::new(cases), failure: None })
    }

    fn write_case(&mut self, case: &CaseReport<'_>) -> io::Result<()> {
        let to = &mut self.cases;
        let took = case.last().map(|attempt| attempt.elapsed).unwrap_or_default();
        let name = escape(case.name.to_line().as_bytes());
        let suite = escape(self.suite.as_bytes());
        write!(to, r#"  <testcase name="{name}" classname="{suite}" time="{}">"#, seconds(took))?;
        let why =
            |attempt: Option<&Attempt>| attempt.map(|attempt| attempt.end.to_string()).unwrap_or_default();
        let reason = |word: &str| match case.reason {
            Some(reason) => format!("{word}: {reason}"),
            None => word.to_owned(),
        };
        match case.verdict {
            Verdict::Passed => {}
            Verdict::Failed => element(to, "failure", &why(case.last()), "failed")?,
            Verdict::UnexpectedPass => element(to, "failure", &reason("it passes"), "unexpected pass")?,
            Verdict::Infrastructure => element(to, "error", &why(case.attempts.last()), "infrastructure")?,
            Verdict::Flaky => {
                for failed in case.attempts.iter().filter(|attempt| attempt.outcome() == Outcome::Fail) {
                    element(to, "flakyFailure", &why(Some(failed)), "flaky")?;
                }
            }
            Verdict::ExpectedFailure => skipped(to, &reason("expected failure"))?,
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
        let skipped = count(&[Verdict::ExpectedFailure, Verdict::Excluded, Verdict::NotRun]);
        let (tests, time) = (done.tally.total(), seconds(done.elapsed));
        let counts = format!(r#"tests="{tests}" failures="{failures}" errors="{errors}""#);
        let suite = escape(self.suite.as_bytes());
        self.cases.flush()?;
        let cases = self.cases.get_mut();
        cases.seek(SeekFrom::Start(0))?;
        self.output.write(|to| {
            writeln!(to, r#"<?xml version="1.0" encoding="UTF-8"?>"#)?;
            writeln!(to, r#"<testsuites name="seatrial" {counts} time="{time}">"#)?;
            writeln!(to, r#" <testsuite name="{suite}" {counts} skipped="{skipped}" time="{time}">"#)?;
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
        self.output.write(|_| written);
        self.output.finish();
    }
}

fn element(to: &mut impl Write, name: &str, message: &str, kind: &str) -> io::Result<()> {
    write!(to, r#"<{name} message="{}" type="{kind}"/>"#, escape(message.as_bytes()))
}

fn skipped(to: &mut impl Write, message: &str) -> io::Result<()> {
    write!(to, r#"<skipped message="{}"/>"#, escape(message.as_bytes()))
}

fn stream(to: &mut impl Write, name: &str, bytes: &[u8]) -> io::Result<()> {
    if bytes.is_empty() {
        return Ok(());
    }
    write!(to, "<{name}>{}</{name}>", escape(bytes))
}

fn seconds(time: Duration) -> String {
    format!("{:.3}", time.as_secs_f64())
}

/// Bytes as XML's text or the value of an attribute: what is no text becomes a replacement character, and so do
/// characters that XML 1.0 has no way to write.
fn escape(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let mut escaped = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\n' => escaped.push_str("&#10;"),
            '\t' => escaped.push_str("&#9;"),
            '\r' => escaped.push_str("&#13;"),
            '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            char => escaped.push(char),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use quick_xml::events::Event;
    use seatrial::driver::Status;

    use super::*;
    use crate::attempt::End;
    use crate::name::Name;
    use crate::schedule::Place;
    use crate::spool::Spool;

    fn attempt(status: Status) -> Attempt {
        let end = End::Ran { status, exit_code: Some(1), signal: None, note: None };
        Attempt::new(Place::Shared, "member".to_owned(), end)
    }

    /// The report of one case with this name and output, and the names and texts in it.
    fn report(name: &[u8], stdout: &[u8]) -> (String, Vec<String>) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("junit.xml");
        let mut junit = Junit::create(&path, "<suite>").expect("created");
        let mut failed = attempt(Status::Error);
        failed.output = Some(Spool::new().expect("a spool").put(b"", b"").expect("put"));
        let report = CaseReport {
            name: Name(name),
            verdict: Verdict::Failed,
            reason: None,
            attempts: &[failed],
            stdout: stdout.to_vec(),
            stderr: Vec::new(),
        };
        junit.case(&report, &Tally::default());
        let mut done = Done::new(false);
        done.tally.add(Name(name), Verdict::Failed, None);
        junit.done(&done);
        let text = std::fs::read_to_string(&path).expect("text");
        let mut reader = quick_xml::Reader::from_str(&text);
        let mut names = Vec::new();
        loop {
            match reader.read_event().expect("well-formed") {
                Event::Start(tag) | Event::Empty(tag) => {
                    for attribute in tag.attributes() {
                        attribute.expect("an attribute");
                    }
                    names.push(tag.name().as_ref().to_owned());
                }
                Event::Eof => break,
                _ => {}
            }
        }
        (text, names)
    }

    /// R25.
    #[test]
    fn a_failure_is_told_with_its_output() {
        let (text, names) = report(b"case <1> & \"x\"", b"line\n\x1b[31m]]> \xff");
        assert_eq!(names, ["testsuites", "testsuite", "testcase", "failure", "system-out"]);
        assert!(
            text.contains(r#"<testsuite name="&lt;suite&gt;" tests="1" failures="1" errors="0" skipped="0""#)
        );
        assert!(text.contains(r#"name="case &lt;1&gt; &amp; &quot;x&quot;""#), "{text}");
        assert!(text.contains("line&#10;\u{fffd}[31m]]&gt; \u{fffd}</system-out>"), "{text}");
        assert!(text.contains(r#"<failure message="exit code 1" type="failed"/>"#), "{text}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        /// R25.
        #[test]
        fn any_bytes_make_a_well_formed_report(
            name in proptest::collection::vec(any::<u8>(), 1..40),
            text in "\\PC{0,40}|[\\x00-\\x1f]{0,20}",
            bytes in proptest::collection::vec(any::<u8>(), 0..60),
        ) {
            report(&name, &[text.as_bytes(), &bytes].concat());
        }
    }

    /// R1.
    #[test]
    fn a_path_that_cannot_be_written_to_is_refused_at_once() {
        let error = Junit::create(Path::new("/nowhere/at/all.xml"), "x").err().expect("refused").to_string();
        assert!(error.contains("`/nowhere/at/all.xml`"), "{error}");
    }
}
